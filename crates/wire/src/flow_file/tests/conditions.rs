//! Conditions as files have them.

use domain::{Condition, Lead, StepKind, TimeZone, Value, Variables};

use super::*;

/// A file whose filter lets through what `condition` (one line of YAML) holds for.
fn filtering(condition: &str) -> String {
    flow(&format!(
        "  fields: {{ state: state, age: number, born: date, called: time, other: string }}\n  steps:\n    - id: a\n      kind: filter\n      require: {condition}\n"
    ))
}

fn condition(text: &str) -> Condition {
    let file = FlowFile::read(&filtering(text)).unwrap_or_else(|error| panic!("{text}: {error}"));
    // The document that is kept says the same.
    assert_eq!(FlowFile::read(&file.document).unwrap(), file);
    let StepKind::Filter(filter) = &file.flow.steps()[0].kind else { panic!("the step is a filter") };
    filter.check.condition().clone()
}

#[test]
fn a_rule_may_use_each_operator_by_each_of_its_names() {
    let zone: TimeZone = "America/Chicago".parse().unwrap();
    let lead: Lead = [
        ("state", Value::text("TX")),
        ("age", Value::from(domain::Number::from(40))),
        ("born", Value::text("2025-12-20")),
        ("called", Value::text("2026-01-15T04:30:00.000Z")),
        ("other", Value::text("tx")),
    ]
    .map(|(path, value)| (path.parse().unwrap(), value))
    .into_iter()
    .collect();
    let now = "2026-01-15T05:00:00Z".parse().unwrap();
    let variables = Variables { now, time_zone: &zone, ..Variables::of(&lead) };
    for (text, wanted) in [
        ("{ field: lead.age, op: is between, value: 18-65 }", true),
        ("{ field: lead.age, op: between, value: [ 41, 65 ] }", false),
        ("{ field: lead.age, op: not_between, value: [ 65, 41 ] }", true),
        ("{ field: lead.age, op: is less than or equal, value: 40 }", true),
        ("{ field: lead.age, op: is greater than or equal, value: 40.5 }", false),
        ("{ field: lead.born, op: is within the last, value: 30 days }", true),
        ("{ field: lead.born, op: within_last, value: { amount: 3, unit: weeks } }", false),
        ("{ field: lead.called, op: is within the last, value: { amount: 30, unit: minutes } }", true),
        ("{ field: lead.called, op: is between, value: 2200-0600 }", true),
        ("{ field: lead.called, op: is between, value: 0830-1645 }", false),
        ("{ field: lead.other, op: is not obscene }", true),
        ("{ field: lead.other, op: is equal to, value: \"{{lead.state}}\" }", true),
        ("{ field: \"{{lead.state}}-{{lead.age}}\", op: is equal to, value: tx-40 }", true),
        ("{ field: \"{{lead.age}}\", op: is greater than, value: 39 }", true),
        ("{ none: [ { field: lead.state, op: in, value: [ \"{{lead.other}}\", OK ] } ] }", false),
    ] {
        assert_eq!(condition(text).holds(&variables), wanted, "{text}");
    }
}

#[test]
fn a_rule_that_cannot_be_is_told_with_its_line_and_what_would_fit() {
    for (condition, problem) in [
        (
            "{ field: lead.state, op: is less than, value: TX }",
            "line 8: the rule `lead.state is less than TX` asks \"is less than\" of a value of the type state; it takes is equal to, is not equal to, is included in, is not included in, includes, does not include, is blank, is not blank, format is valid, format is invalid, is obscene, is not obscene",
        ),
        (
            "{ field: lead.age, op: is between, value: 18 }",
            "line 8: the rule `lead.age is between 18` compares with \"18\"; write two numbers with - between, or a list of both",
        ),
        (
            "{ field: lead.born, op: is within the last, value: { amount: 3, unit: moons } }",
            "line 8: the rule `lead.born is within the last 3 moons` compares with \"3 moons\"; write a whole number and minutes, hours, days, weeks, months or years, such as 30 days",
        ),
        (
            "{ field: lead.born, op: is within the last, value: { amount: 3, units: days } }",
            "line 8: a length of time has no key \"units\"; did you mean \"unit\"?",
        ),
        (
            "{ field: \"{{lead.stat}}x\", op: is blank }",
            "line 8: the rule `{{lead.stat}}x is blank` has a template that cannot be read: column 1 of the template: it names lead.stat, which is not a field of the flow; did you mean lead.state?",
        ),
        (
            "{ field: lead.state, op: eq, value: [ TX, \"{{lead.stat}}\" ] }",
            "line 8: the rule `lead.state is equal to TX, {{lead.stat}}` has a template that cannot be read: column 1 of the template: it names lead.stat, which is not a field of the flow; did you mean lead.state?",
        ),
        (
            "[ { field: lead.state, op: is blank } ]",
            "line 8: a condition must be a group of keys, not a list",
        ),
    ] {
        let told = FlowFile::read(&filtering(condition)).unwrap_err().to_string();
        assert!(told.starts_with(problem), "{told}");
    }
}

/// `all` in `all` in `all`, this deep, as JSON.
fn nested(depth: usize) -> String {
    let rule = r#"{"field":"lead.state","op":"is blank"}"#;
    format!("{}{rule}{}", r#"{"all":["#.repeat(depth), "]}".repeat(depth))
}

/// The same as YAML in lines.
fn nested_in_lines(depth: usize) -> String {
    let groups: String = (0..depth).map(|at| format!("\n{}- all:", " ".repeat(2 * at + 8))).collect();
    format!("\n        all:{groups}\n{}- {{ field: lead.state, op: is blank }}", " ".repeat(2 * depth + 8))
}

#[test]
fn groups_within_groups_have_an_end() {
    let deepest = domain::CONDITION_DEPTH_MAX;
    condition(&nested(deepest));
    condition(&nested_in_lines(deepest - 1));
    for text in [nested(deepest + 1), nested_in_lines(deepest)] {
        let told = FlowFile::read(&filtering(&text)).unwrap_err().to_string();
        assert!(told.contains("groups are nested more than 24 deep"), "{told}");
    }
    let started = std::time::Instant::now();
    for depth in [40, 100, 10_000, 100_000] {
        let file = format!(
            r#"{{"flow":{{"id":"flow_x","name":"X","fields":{{"state":"state"}},"accept":{{"require":{}}}}}}}"#,
            nested(depth)
        );
        for text in [file, filtering(&nested(depth))] {
            let told = FlowFile::read(&text).unwrap_err().to_string();
            assert!(told.contains("nested too deep") || told.contains("bytes; at most"), "{depth}: {told}");
        }
    }
    // Lines grow with their depth, so that a file of the longest size is some hundred deep.
    let told = FlowFile::read(&filtering(&nested_in_lines(900))).unwrap_err().to_string();
    assert!(told.contains("nested too deep"), "{told}");
    assert!(started.elapsed().as_secs() < 5, "{:?}", started.elapsed());
}

#[test]
fn a_condition_has_at_most_200_rules() {
    let rules = |count: usize| {
        let rule = "{ field: lead.state, op: is blank }, ";
        format!("{{ any: [ {} ] }}", rule.repeat(count))
    };
    condition(&rules(RULES_MAX));
    let told = FlowFile::read(&filtering(&rules(RULES_MAX + 1))).unwrap_err().to_string();
    assert!(told.contains("201 rules; at most 200"), "{told}");
}

#[test]
fn a_pattern_of_a_megabyte_or_of_terrible_shape_is_refused_or_harmless() {
    let rule = |pattern: &str| {
        format!(
            "{{ field: lead.other, op: matches pattern, value: {} }}",
            serde_json::to_string(pattern).unwrap()
        )
    };
    let started = std::time::Instant::now();
    for (pattern, problem) in [
        ("a".repeat(1_000_000), "compares with a text of 1000000 bytes; at most 1000 fit"),
        ("a".repeat(1 << 20), "bytes; at most 1048576 are read"),
        ("(a{500}){500}{500}".to_owned(), "has a pattern that is too large: it grows too large"),
        ("(((\\w{90}){90}){90}){90}".to_owned(), "has a pattern that is too large"),
        ("(".repeat(900), "has a pattern that is not a regular expression"),
    ] {
        let told = FlowFile::read(&filtering(&rule(&pattern))).unwrap_err().to_string();
        assert!(told.contains(problem), "{told}");
    }
    let terrible = condition(&rule("(a+)+$"));
    let lead: Lead =
        [("other".parse().unwrap(), Value::text("a".repeat(16_000) + "!"))].into_iter().collect();
    assert!(!terrible.holds(&Variables::of(&lead)));
    assert!(started.elapsed().as_secs() < 10, "{:?}", started.elapsed());
}

/// Releases before this one published both.
#[test]
fn what_is_published_already_is_read_though_it_could_not_be_published_again() {
    let patterns: Vec<String> = (0..60)
        .map(|at| format!("{{ field: lead.other, op: matches pattern, value: '{at}\\w{{8}}' }}"))
        .collect();
    for (condition, told) in [
        ("{ field: lead.state, op: in, value: [ TX, Texsa ] }", "compares with \"Texsa\", which is no state"),
        (&*format!("{{ any: [ {} ] }}", patterns.join(", ")), "take more than 24 MiB"),
    ] {
        let text = filtering(condition);
        let error = FlowFile::read(&text).unwrap_err().to_string();
        assert!(error.contains(told), "{error}");
        let file = FlowFile::read_published(&text).unwrap();
        let StepKind::Filter(filter) = &file.flow.steps()[0].kind else { panic!("the step is a filter") };
        let lead = |pairs: &[(&str, &str)]| -> Lead {
            pairs.iter().map(|(path, value)| (path.parse().unwrap(), Value::text(*value))).collect()
        };
        let holds = |lead: &Lead| filter.check.condition().holds(&Variables::of(lead));
        assert!(holds(&lead(&[("state", "TX"), ("other", "59abcdefgh")])), "{condition}");
        assert!(!holds(&lead(&[("state", "OK"), ("other", "none")])), "{condition}");
    }
    let error = FlowFile::read_published(&filtering("{ field: lead.sate, op: blank }")).unwrap_err();
    assert!(error.to_string().contains("did you mean lead.state?"), "{error}");
}
