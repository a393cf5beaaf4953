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
