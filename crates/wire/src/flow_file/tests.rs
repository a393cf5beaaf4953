use domain::{Outcome, Progress, StepEnd};
use expect_test::{Expect, expect};
use proptest::prelude::*;

use super::*;

mod conditions;
mod examples;
mod feedback;
mod flow_test;
mod gates;
mod mail;
mod names;
mod prices;
mod requests;
mod responses;
mod schema;
mod secrets;
mod sources;
mod steps;
mod time_zone;
mod wsdl;

const SOLAR: &str = r#"# A flow with everything this release reads.
entities:
  src_web_a: { kind: source, name: Web Form A }
  buyer_premier: { kind: buyer, name: Premier Leads LLC }

flow:
  id: flow_solar
  name: Residential roofs
  fields:
    first_name: first_name
    email: { type: email, required: true }
    phone_1: phone
    state: state
    postal_code: postal_code
    product: { type: string, values: [ roof, solar, gutter ] }
    age: number
  dims: [ lead.state, lead.product ]
  accept:
    require:
      all:
        - { field: lead.email, op: format is valid }
        - any:
            - { field: lead.state, op: is included in, value: [ TX, OK, ON, NY ] }
            - { field: lead.postal_code.zip, op: matches pattern, value: "^7" }
    reason: Incomplete contact data
  sources:
    - entity: src_web_a
      key_required: false
      accept: { require: { none: [ { field: lead.age, op: lt, value: 18 } ] } }
  steps:
    - id: geographic_filter
      kind: filter
      require: { field: lead.state, op: in, value: [ TX, OK ] }
      on_fail: stop
      outcome: failure
      reason: State not in approved list
    - id: grown_up
      kind: filter
      exclude: { field: lead.age, op: is less than, value: 18.5 }
      on_fail: continue
    - id: has_phone
      kind: filter
      require: { field: lead.phone_1.is_tollfree, op: false }
"#;

fn check(text: &str, wanted: Expect) {
    let told = match FlowFile::read(text) {
        Ok(file) => format!("read: {}", file.document),
        Err(error) => error.to_string(),
    };
    wanted.assert_eq(&told);
}

/// A flow file of these lines below `flow:`, which begin on line 4.
fn flow(lines: &str) -> String {
    format!("flow:\n  id: flow_x\n  name: X\n{lines}")
}

/// The file, after its stored document was read as the same and found valid under the schema.
fn read_twice(text: &str) -> FlowFile {
    let file = FlowFile::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    assert_eq!(FlowFile::read(&file.document).unwrap(), file);
    schema::assert_valid(&file.document);
    file
}

#[test]
fn a_whole_file_is_read() {
    let file = FlowFile::read(SOLAR).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(file.entities.len(), 2);
    assert_eq!(file.entities[0].name.as_ref(), "Web Form A");
    let flow = &file.flow;
    assert_eq!((flow.id().as_str(), flow.name(), flow.enabled()), ("flow_solar", "Residential roofs", true));
    assert_eq!(flow.fields().iter().len(), 7);
    assert!(!flow.sources()[0].key_required);
    let steps: Vec<&str> = flow.steps().iter().map(|step| step.id.as_str()).collect();
    assert_eq!(steps, ["geographic_filter", "grown_up", "has_phone"]);
    let mut progress = Progress::new();
    for step in flow.steps() {
        progress.after(step.id.clone(), StepEnd::Passed);
    }
    assert_eq!(
        flow.next(&progress, &domain::Variables::of(&domain::Lead::new())),
        domain::Next::Finish { outcome: Outcome::Success, reason: None }
    );
}

#[test]
fn the_stored_document_is_json_and_gives_the_same_flow() {
    let file = FlowFile::read(SOLAR).unwrap();
    let json: serde_json::Value = serde_json::from_str(&file.document).unwrap();
    assert_eq!(json["flow"]["steps"][1]["exclude"]["value"].to_string(), "18.5");
    assert_eq!(FlowFile::read(&file.document).unwrap(), file);
    let indented = serde_json::to_string_pretty(&json).unwrap();
    assert_eq!(FlowFile::read(&indented).unwrap().flow.steps(), file.flow.steps());
    let with_tabs = indented.replace("  ", "\t").replace('\n', "\r\n");
    assert_eq!(
        FlowFile::read(&with_tabs).unwrap_or_else(|error| panic!("{error}")).flow.steps(),
        file.flow.steps()
    );
}

#[test]
fn yaml_words_that_older_versions_took_for_booleans_and_numbers_are_text() {
    let text =
        flow("  fields: { s: { type: string, values: [ on, no, yes, 1_000, 007, 2024-01-15, 12:30 ] } }\n");
    let file = FlowFile::read(&text).unwrap_or_else(|error| panic!("{error}"));
    let values: Vec<&str> = file.flow.fields().get("s").unwrap().values.iter().map(AsRef::as_ref).collect();
    assert_eq!(values, ["on", "no", "yes", "1_000", "007", "2024-01-15", "12:30"]);
}

#[test]
fn an_unknown_key_is_named_with_its_line_and_the_nearest_known_one() {
    check(
        "entitys: {}\nflow:\n  id: flow_x\n  name: X\n  feilds:\n    email: email\n  stepps: []\n  zzz: 1\n",
        expect![[r#"
            line 1: the file has no key "entitys"; did you mean "entities"?
            line 5: the flow has no key "feilds"; did you mean "fields"?
            line 7: the flow has no key "stepps"; did you mean "steps"?
            line 8: the flow has no key "zzz""#]],
    );
    check(
        &flow(
            "  fields: { state: state }\n  sources:\n    - entity: src_a\n      key_requird: true\n  steps:\n    - id: a\n      \
             kind: filter\n      requires: { field: lead.state, op: blank }\n",
        ),
        expect![[r#"
            line 7: a source has no key "key_requird"; did you mean "key_required"?
            line 9: a filter has one of the keys "require" and "exclude"
            line 11: a filter has no key "requires"; did you mean "require"?"#]],
    );
}

#[test]
fn what_a_later_release_builds_is_refused_and_never_ignored() {
    check(
        "secrets: []\nlists: []\ntests:\n  - name: x\nentities:\n  buyer_x:\n    kind: buyer\n    name: X\n    caps: []\n\
         flow:\n  id: flow_x\n  name: X\n  deadline: 20s\n  fields: { email: email }\n",
        expect![[r#"
            line 4: a test needs the key "at"
            line 4: a test needs the key "source"
            line 4: a test needs the key "submit", "ping" or both
            line 4: a test needs the key "expect""#]],
    );
    check(
        &flow(
            "  fields: { age: number }\n  sources:\n    - { entity: src_a, feedback: {}, ping: true }\n  steps:\n    - { id: a, kind: distribute }\n    \
             - { id: b, kind: filter, require: { field: feedback.value, op: eq, value: 1 } }\n    \
             - { id: c, kind: filter, require: { field: secret.x, op: eq, value: 1 } }\n    \
             - { id: d, kind: filter, require: { field: lead.age, op: eq, value: 1 }, reason: \"{{lead.age}}\" }\n    \
             - { id: e, kind: recipient, entity: buyer_x, integration: custom_soap, request: { wsdl: https://x.example.com/ }, hours: {}, on_unknown: hold }\n",
        ),
        expect![[r#"
            line 8: a group needs the key "strategy"
            line 8: a group needs the key "recipients"
            line 9: the rule `feedback.value is equal to 1` looks at feedback.value; write feedback.<source, src_… or buyer_…>.<return_rate, conversion_rate, sold, returned or converted>, and .7d for another number of days than 30, at most 365
            line 10: the rule `secret.x is equal to 1` looks at secret.x, but secrets stand only in what enhancements and recipients send
            line 11: a template in a reason is not supported yet
            line 12: the WSDL https://x.example.com/ is not fetched here; put the document itself under "wsdl_text"
            line 12: a request needs the key "function""#]],
    );
}

#[test]
fn wrong_values_are_told_all_at_once() {
    check(
        "entities:\n  src_a: { kind: buyer, name: A }\n  x: { kind: sorce, name: 1 }\nflow:\n  id: solar\n  name: ' '\n  enabled: no\n  \
         fields:\n    Email: email\n    age: nummber\n    a: [ 1 ]\n    b: { required: yes, values: [ 1, true ] }\n",
        expect![[r#"
            line 2: the id of a buyer begins with buyer_, but this is src_a
            line 3: "x" is not an entity id: src_, buyer_ or svc_ and 1 to 64 of a-z, 0-9 and _
            line 3: "kind" is one of source, buyer, service, not "sorce"
            line 3: "name" must be text, not a number; put it in quotes
            line 5: "solar" is not a flow id: flow_ and 1 to 64 of a-z, 0-9 and _
            line 6: the name has 1 characters; 1 to 200 on one line fit
            line 7: "enabled" must be true or false, not text
            line 9: "Email" is not a field name: 1 to 64 of a-z, 0-9 and _, parts joined by dots
            line 10: "nummber" is not a field type; did you mean "number"?
            line 11: "type" must be text, not a list
            line 12: a field needs the key "type"
            line 12: "required" must be true or false, not text
            line 12: "a value" must be text, not a number; put it in quotes
            line 12: "a value" must be text, not true or false; put it in quotes"#]],
    );
}

#[test]
fn a_rule_that_cannot_be_is_named() {
    check(
        &flow(
            "  fields: { state: state, age: number, city: city }\n  accept:\n    require:\n      all:\n        \
             - { field: lead.stat, op: eq, value: TX }\n        \
             - { field: lead.age, op: is les than, value: 5 }\n        \
             - { field: lead.age, op: matches, value: \"5\" }\n        \
             - { field: lead.city, op: matches, value: \"(\" }\n        \
             - { field: lead.state, op: eq, value: { a: 1 } }\n        \
             - { any: [], all: [] }\n        \
             - { any: { field: lead.state, op: blank } }\n        \
             - { op: blank }\n        \
             - 5\n",
        ),
        expect![[r#"
            line 8: the rule `lead.stat is equal to TX` looks at lead.stat, which is not a field of the flow; did you mean lead.state?
            line 9: "is les than" is not an operator; did you mean "is less than"?
            line 10: the rule `lead.age matches pattern 5` asks "matches pattern" of a value of the type number; it takes is equal to, is not equal to, is less than, is less than or equal to, is greater than, is greater than or equal to, is between, is not between, is included in, is not included in, includes, does not include, is blank, is not blank, format is valid, format is invalid
            line 11: the rule `lead.city matches pattern (` has a pattern that is not a regular expression: unclosed group
            line 12: a rule compares with text, numbers or true and false, not with a group of keys
            line 13: a group has one key: all, any or none; put groups within each other to combine them
            line 14: "any" must be a list of conditions, not a group of keys
            line 15: a rule needs the key "field"
            line 16: a condition must be a group of keys, not a number"#]],
    );
}

#[test]
fn a_flow_that_does_not_fit_together_is_told_by_line() {
    check(
        &flow(
            "  fields:\n    note: string\n    vehicle: string\n    vehicle.make: string\n    age: { type: number, values: [ a ] }\n",
        ),
        expect![[r#"
            line 7: the field vehicle.make lies within the field vehicle; a field is a value or a group, not both
            line 8: the field age has the type number; only string and list fields take values"#]],
    );
    check(
        &flow(
            "  fields: { note: string }\n  dims:\n    - lead.note\n    - lead.zip\n  sources:\n    - entity: src_a\n    - entity: src_a\n  \
             steps:\n    - { id: a, kind: filter, require: { field: lead.note, op: blank } }\n    \
             - { id: a, kind: filter, require: { field: lead.note, op: blank } }\n    \
             - { id: lead, kind: filter, require: { field: lead.note, op: blank } }\n",
        ),
        expect![[r#"
            line 6: the dim lead.note has the type string, which can be anything, and dims are kept in the clear; a dim is a state, country or boolean, a string with declared values, a number with buckets, or a component of few values such as lead.email.domain, lead.email.is_free, lead.phone_1.type
            line 7: the dim lead.zip is not a field of the flow, nor a value of a step; write lead.<field>, lead.<field>.<component> or appended.<step>.<value>
            line 10: the source src_a is named twice
            line 13: the step id a is used twice
            line 14: the step id lead is reserved"#]],
    );
    check(
        &flow(
            "  fields: { note: string }\n  steps:\n    - { id: a, kind: filter, on_fail: continue, outcome: error, require: { field: lead.note, op: blank } }\n",
        ),
        expect![[r#"line 6: "outcome" says how a flow ends, but "on_fail: continue" goes on"#]],
    );
}

#[test]
fn what_is_no_document_is_refused_with_a_line() {
    for (text, line) in [
        ("", 1),
        ("# nothing", 1),
        ("flow: [", 1),
        ("flow:\n\t- x", 2),
        ("{\"flow\": {\"id\": }", 1),
        ("a: b: c", 1),
        ("flow: {}\n---\nflow: {}\n", 3),
        ("flow: *nothing", 1),
        ("flow: !!binary aGk=", 1),
        ("? [a, b]\n: c", 1),
        ("5", 1),
        ("flow: .inf", 1),
    ] {
        let error = FlowFile::read(text).unwrap_err();
        assert_eq!(error.problems().len(), 1, "{text:?}: {error}");
        assert!(error.problems()[0].line <= line, "{text:?}: {error}");
        assert!(!error.problems()[0].message.is_empty() && !error.to_string().contains('\n'), "{error}");
    }
}

#[test]
fn a_key_stands_once() {
    check(
        "flow:\n  id: flow_x\n  name: X\n  id: flow_y\n",
        expect![[r#"line 4: the key "id" stands twice"#]],
    );
}

#[test]
fn deep_nesting_and_alias_bombs_are_refused_at_once() {
    let deep = format!("flow: {}{}", "[".repeat(100_000), "]".repeat(100_000));
    let deep_map = format!("flow: {}1{}", "{a: ".repeat(100_000), "}".repeat(100_000));
    let deep_block: String = (0..1_000).map(|depth| format!("{}a:\n", " ".repeat(depth))).collect();
    let mut bomb = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..40 {
        let before = level - 1;
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", vec![format!("*a{before}"); 10].join(", ")));
    }
    let wide = format!("a: &a [{}]\nb: [{}]\n", "x, ".repeat(1_000), "*a, ".repeat(900));
    let long = "x".repeat(FLOW_FILE_BYTES_MAX + 1);
    for text in [deep, deep_map, deep_block, bomb, wide, long] {
        let started = std::time::Instant::now();
        let error = FlowFile::read(&text).unwrap_err();
        assert_eq!(error.problems().len(), 1, "{error}");
        assert!(started.elapsed().as_secs() < 5);
    }
}

#[test]
fn a_file_that_is_long_but_shallow_is_judged_at_once() {
    let steps: String = (0..8_000)
        .map(|_| "    - { id: a, kind: filter, require: { field: lead.s, op: blank } }\n")
        .collect();
    let values = (0..90_000).map(|number| format!("v{number}")).collect::<Vec<_>>().join(", ");
    for text in [
        flow(&format!("  fields: {{ s: string }}\n  steps:\n{steps}")),
        flow(&format!("  fields: {{ s: {{ type: string, values: [ {values} ] }} }}\n")),
        flow(&format!(
            "  fields: {{ {} }}\n",
            (0..20_000).map(|number| format!("f{number}: phone, ")).collect::<String>()
        )),
    ] {
        let started = std::time::Instant::now();
        let error = FlowFile::read(&text).unwrap_err();
        assert!(error.to_string().contains("at most"), "{error}");
        assert!(started.elapsed().as_secs() < 5);
    }
}

#[test]
fn a_simple_alias_is_fine() {
    let text = flow(
        "  fields: { state: state }\n  accept: { require: &texas { field: lead.state, op: eq, value: TX } }\n  \
         sources: [ { entity: src_a, accept: { require: *texas } } ]\n",
    );
    let file = FlowFile::read(&text).unwrap_or_else(|error| panic!("{error}"));
    let check = file.flow.sources()[0].accept.as_ref().unwrap();
    assert!(!check.condition().holds(&domain::Variables::of(&domain::Lead::new())));
    assert_eq!(FlowFile::read(&file.document).unwrap(), file);
}

#[test]
fn a_key_that_is_refused_does_not_hide_the_next() {
    let text = "flow:\n  id: flow_x\n  name: X\n  fields: {}\n  steps:\n    - id: a\n      kind: enhancement\n      \
                test: simulate\n      entity: buyer_a\n";
    check(
        text,
        expect![[r#"
        line 6: an enhancement needs the key "integration"
        line 8: the key "test" of an enhancement is not supported yet
        line 9: an enhancement asks a service (svc_…), but this is buyer_a"#]],
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn nothing_panics(text in ".{0,200}") {
        let _ = FlowFile::read(&text);
    }

    /// Files with a piece cut out, doubled or replaced.
    #[test]
    fn a_damaged_file_is_read_or_refused(from in 0..SOLAR.len(), len in 0..60_usize, put in "[ \\n:{}\\[\\],&*!#'\"a-z0-9-]{0,8}") {
        let mut text = SOLAR.to_owned();
        text.replace_range(from..(from + len).min(SOLAR.len()), &put);
        match FlowFile::read(&text) {
            Ok(file) => {
                let again = FlowFile::read(&file.document).unwrap();
                prop_assert_eq!(again, file);
            }
            Err(error) => {
                let lines = text.lines().count() as u64 + 1;
                prop_assert!(error.problems().iter().all(|problem| (1..=lines).contains(&problem.line)), "{}", error);
            }
        }
    }

    #[test]
    fn any_text_and_number_survives_in_the_document(name in "[^\\p{Cc}]{1,40}", number in -1_000_000_000_000_i64..1_000_000_000_000, part in 0..1000_u32) {
        prop_assume!(!name.trim().is_empty());
        let name = serde_json::to_string(&name).unwrap();
        let text = format!(
            r#"{{"flow":{{"id":"flow_x","name":{name},"fields":{{"age":"number"}},"steps":[{{"id":"a","kind":"filter","require":{{"field":"lead.age","op":"eq","value":{number}.{part:03}}}}}]}}}}"#
        );
        let file = FlowFile::read(&text).unwrap();
        prop_assert_eq!(&FlowFile::read(&file.document).unwrap(), &file);
        let json: serde_json::Value = serde_json::from_str(&file.document).unwrap();
        let value: domain::Number = json["flow"]["steps"][0]["require"]["value"].to_string().parse().unwrap();
        prop_assert_eq!(value, format!("{number}.{part:03}").parse::<domain::Number>().unwrap());
    }
}
