use domain::{Lead, Value, Variables};

use super::*;

const FIELDS: &str = "  fields: { first_name: first_name, state: state, price: number }\n";

fn raw(pairs: &[(&str, &str)]) -> Lead {
    pairs.iter().map(|(path, raw)| (path.parse().unwrap(), Value::text(*raw))).collect()
}

#[test]
fn raw_parameters_are_mapped_in_order() {
    let text = flow(&format!(
        "{FIELDS}  sources:\n    - entity: src_a\n      map:\n        - {{ to: first_name, value: \"{{{{fname}}}}\" }}\n        \
         - {{ to: state, value: TX, when: {{ field: region, op: is equal to, value: texas }} }}\n        \
         - {{ to: price, value: 7 }}\n"
    ));
    let file = read_twice(&text);
    let source = &file.flow.sources()[0];
    let lead = file.flow.parse_lead(source, &Variables::of(&raw(&[("fname", "Ann"), ("region", "Texas")])));
    assert_eq!(lead.get("first_name"), Some(&Value::text("Ann")));
    assert_eq!(lead.get("state"), Some(&Value::text("TX")));
    assert_eq!(lead.get("price"), Some(&Value::from(domain::Number::from(7))));
}

#[test]
fn a_mapping_that_cannot_be_is_told() {
    check(
        &flow(&format!(
            "{FIELDS}  sources:\n    - entity: src_a\n      map:\n        - {{ to: lead.state, value: x }}\n        \
             - {{ to: stat, value: x }}\n        - {{ to: zzz, value: \"{{{{a b}}}}\" }}\n        \
             - {{ value: x }}\n        - {{ to: state }}\n        - {{ to: state, value: [ x ] }}\n        \
             - {{ to: state, value: {{ a: 1 }} }}\n        \
             - {{ to: state, value: x, when: {{ field: region, op: format is valid }} }}\n        \
             - {{ to: state, valu: x }}\n        - {{ to: state, value: \"{{{{x\" }}\n"
        )),
        expect![[r#"
            line 8: "lead.state" is not a field of the flow; did you mean state?
            line 9: "stat" is not a field of the flow; did you mean state?
            line 10: "zzz" is not a field of the flow
            line 10: "value", column 3 of the template: there is no helper "a"
            line 11: a mapping needs the key "to"
            line 12: a mapping needs the key "value"
            line 13: "value" must be text, not a list
            line 14: "value" must be text, not a group of keys; for a value within another write "value.a"
            line 15: the rule `region format is valid` asks "format is valid" of a value of no known type; it takes is equal to, is not equal to, is less than, is less than or equal to, is greater than, is greater than or equal to, is between, is not between, is included in, is not included in, includes, does not include, matches pattern, does not match pattern, is within the last, is not within the last, is within the next, is not within the next, is blank, is not blank, is true, is not true, is false, is not false, is obscene, is not obscene
            line 16: a mapping has no key "valu"; did you mean "value"?
            line 16: a mapping needs the key "value"
            line 17: "value", column 1 of the template: {{ without the }} that ends it"#]],
    );
}

#[test]
fn what_is_told_of_a_field_is_not_told_again_of_its_mapping() {
    check(
        &flow(
            "  fields: { birth: soon }\n  sources: [ { entity: src_a, map: [ { to: birth, value: x } ] } ]\n",
        ),
        expect![[r#"line 4: "soon" is not a field type"#]],
    );
}

#[test]
fn partners_words_are_known_without_regard_to_case() {
    let file = read_twice(&flow("  reasons: { \"Acct Closed \": Account closed, 404: Not found }\n"));
    assert_eq!(file.flow.reason_for("ACCT CLOSED").map(AsRef::as_ref), Some("Account closed"));
    assert_eq!(file.flow.reason_for(" 404").map(AsRef::as_ref), Some("Not found"));
    check(
        &flow("  reasons:\n    a: x\n    A: y\n    \" \": z\n    b: \"{{lead.x}}\"\n    c: 5\n    d: ''\n"),
        expect![[r#"
            line 6: the words "A" stand twice; case does not matter
            line 7: a partner's words have 0 characters; 1 to 300 fit
            line 8: a template in a reason is not supported yet
            line 9: "reason" must be text, not a number; put it in quotes
            line 10: the reason has 0 characters; 1 to 300 on one line fit"#]],
    );
    check(&flow("  reasons: [ a ]\n"), expect!["line 4: reasons must be a group of keys, not a list"]);
    let many: String = (0..501).map(|number| format!("    w{number}: x\n")).collect();
    check(&flow(&format!("  reasons:\n{many}")), expect!["line 5: there are 501 reasons; at most 500 fit"]);
}

#[test]
fn mappings_have_a_bound() {
    let many = "        - { to: state, value: x }\n".repeat(501);
    check(
        &flow(&format!("{FIELDS}  sources:\n    - entity: src_a\n      map:\n{many}")),
        expect!["line 8: there are 501 mappings; at most 500 fit"],
    );
}

#[test]
fn parameters_that_steer_a_submission_are_no_fields() {
    check(
        &flow(
            "  fields:\n    redir_url: url\n    strict: boolean\n    is_test: boolean\n    ping_token: string\n    price: number\n",
        ),
        expect![[r#"
            line 5: "redir_url" is not a free field name: redir_url, strict, is_test and ping_token steer the submission
            line 6: "strict" is not a free field name: redir_url, strict, is_test and ping_token steer the submission
            line 7: "is_test" is not a free field name: redir_url, strict, is_test and ping_token steer the submission
            line 8: "ping_token" is not a free field name: redir_url, strict, is_test and ping_token steer the submission"#]],
    );
}

const INTAKE: &str =
    "  fields: { email: email, state: state, zip: postal_code }\n  sources:\n    - entity: src_a\n";

#[test]
fn a_source_says_whence_how_often_and_what_is_answered() {
    let file = read_twice(&flow(&format!(
        "{INTAKE}      allow_from: [ 203.0.113.0/24, \"2001:db8::/32\", 198.51.100.7 ]\n      \
         limits: {{ concurrent: 20, per_second: 50, per_day: 10000 }}\n      same_payload: 60s\n      \
         answer: [ outcome, price, lead.id, lead.email, lead.zip.zip, source.name, check.line_type ]\n      \
         answer_as: xml\n  steps: [ {{ id: check, kind: enhancement, entity: svc_a, integration: custom_query, request: {{ url: \"https://a.example.com\" }} }} ]\n"
    )));
    let intake = &file.flow.sources()[0].intake;
    let ranges: Vec<String> = intake.allow_from.iter().map(ToString::to_string).collect();
    assert_eq!(ranges, ["203.0.113.0/24", "2001:db8::/32", "198.51.100.7/32"]);
    let limits: Vec<(&str, u32)> =
        intake.limits.rates().map(|(period, max)| (period.as_str(), max)).collect();
    assert_eq!((limits, intake.limits.concurrent), (vec![("second", 50), ("day", 10_000)], Some(20)));
    assert_eq!(intake.same_payload, Some(std::time::Duration::from_secs(60)));
    let told: Vec<&str> = intake.answer.iter().flatten().map(domain::AnswerField::name).collect();
    let wanted =
        ["outcome", "price", "lead.id", "lead.email", "lead.zip.zip", "source.name", "check.line_type"];
    assert_eq!(told, wanted);
    assert_eq!(intake.answer_as, domain::AnswerForm::Xml);
    let usual = read_twice(&flow("  sources: [ { entity: src_a } ]\n"));
    assert_eq!(usual.flow.sources()[0].intake, domain::Intake::default());
}

#[test]
fn what_a_source_cannot_say_is_told() {
    check(
        &flow(&format!(
            "{INTAKE}      allow_from: [ 203.0.113.7/24, example.com ]\n      limits: {{ per_second: 0, per_minut: 5, concurrent: 0 }}\n      \
             same_payload: 2d\n      answer_as: yaml\n      answer:\n        - lead.emial\n        - outcome\n        \
             - outcome\n        - lead.zip\n        - lead.zip.zip\n        - state\n        - later.outcome\n    \
             - {{ entity: src_b, allow_from: [] }}\n"
        )),
        expect![[r#"
            line 7: the range "203.0.113.7/24" begins at 203.0.113.0/24; write that, or a longer prefix
            line 7: "example.com" is not a range of addresses; write 203.0.113.0/24, 2001:db8::/32 or one address
            line 8: the limits of a source have no key "per_minut"; did you mean "per_minute"?
            line 8: "concurrent" must be a whole number from 1 to 1000000000
            line 8: "per_second" must be a whole number from 1 to 1000000000
            line 9: "same_payload" is 2d, but must be from 1s to 1d
            line 10: "answer_as" is one of json, xml, text, not "yaml"
            line 12: the answer names lead.emial, which is not a field of the flow; did you mean lead.email?
            line 14: the answer tells outcome twice
            line 16: the answer cannot tell both lead.zip and lead.zip.zip: one has no place beside the other
            line 17: the answer names state, but only lead.<field>, source.name and <earlier step>.<value> can be named; did you mean lead.state?
            line 18: the answer names later.outcome, but no step later runs before it
            line 19: "allow_from" is empty; name ranges, or leave it out to take from anywhere"#]],
    );
}
