//! What rules and templates may name where they stand.

use super::*;

const STEPS: &str = "  fields: { state: state, phone_1: phone }\n  steps:\n    \
    - { id: phone_check, kind: enhancement, entity: svc_x, integration: custom_query, request: { url: \"https://x.example.com/\" } }\n    ";

#[test]
fn only_what_ran_before_can_be_named() {
    check(
        &flow(&format!(
            "{STEPS}- {{ id: a, kind: filter, require: {{ field: a.outcome, op: eq, value: success }} }}\n    \
             - {{ id: b, kind: filter, require: {{ field: phone_chek.outcome, op: eq, value: success }} }}\n    \
             - {{ id: c, kind: filter, require: {{ field: appended.late.x, op: eq, value: 1 }} }}\n    \
             - {{ id: d, kind: filter, require: {{ field: state, op: blank }} }}\n    \
             - {{ id: e, kind: filter, require: {{ field: lead.stat, op: blank }} }}\n    \
             - {{ id: f, kind: filter, require: {{ field: lead.phone_1.aera, op: blank }} }}\n    \
             - {{ id: g, kind: filter, require: {{ field: source.id, op: blank }} }}\n    \
             - {{ id: h, kind: filter, require: {{ field: feedback.type, op: blank }} }}\n    \
             - {{ id: late, kind: enhancement, entity: svc_x, integration: custom_query, request: {{ url: \"https://x.example.com/\" }} }}\n"
        )),
        expect![[r#"
            line 7: the rule `a.outcome is equal to success` looks at a.outcome, but no step a runs before it
            line 8: the rule `phone_chek.outcome is equal to success` looks at phone_chek.outcome, but no step phone_chek runs before it; did you mean phone_check.outcome?
            line 9: the rule `appended.late.x is equal to 1` looks at appended.late.x, but no step late runs before it
            line 10: the rule `state is blank` looks at state, but only lead.<field>, source.name and <earlier step>.<value> can be named; did you mean lead.state?
            line 11: the rule `lead.stat is blank` looks at lead.stat, which is not a field of the flow; did you mean lead.state?
            line 12: the rule `lead.phone_1.aera is blank` looks at aera, which a field of the type phone does not have; did you mean area?
            line 13: the rule `source.id is blank` looks at source.id, but only lead.<field>, source.name and <earlier step>.<value> can be named
            line 14: the rule `feedback.type is blank` looks at feedback.type; write feedback.<source, src_… or buyer_…>.<return_rate, conversion_rate, sold, returned or converted>, and .7d for another number of days than 30, at most 365"#]],
    );
}

#[test]
fn gates_stand_before_all_steps() {
    check(
        &flow(&format!(
            "{STEPS}- {{ id: a, kind: filter, require: {{ field: lead.state, op: blank }} }}\n  \
             accept: {{ require: {{ field: phone_check.outcome, op: eq, value: success }} }}\n  \
             price: {{ table: [ {{ amount: 1, when: {{ field: phone_check.outcome, op: eq, value: success }} }} ] }}\n"
        )),
        expect![[r#"
            line 8: the rule `phone_check.outcome is equal to success` looks at phone_check.outcome, but no step phone_check runs before it
            line 9: the rule `phone_check.outcome is equal to success` looks at phone_check.outcome, but no step phone_check runs before it"#]],
    );
}

#[test]
fn templates_name_the_same_and_some_more() {
    let step = |url: &str| {
        format!(
            "    - {{ id: x, kind: enhancement, entity: svc_x, integration: custom_query, request: {{ url: \"https://x.example.com/\", parameters: {{ a: \"{url}\" }} }} }}\n"
        )
    };
    for good in [
        "{{lead.id}}{{delivery_id}}{{event_id}}{{price}}",
        "{{ lead.phone_1.area }}",
        "{{source.name}}",
        "{{phone_check.any.thing}}",
    ] {
        read_twice(&flow(&format!("{STEPS}\n{}", step(good))));
    }
    let bad = [
        "{{lead.zip}}",
        "{{lead.stat}}",
        "{{state}}",
        "{{phone_chck.x}}",
        "{{secret.key}}",
        "{{feedback.type}}",
        "{{lowercas lead.state}}",
        "{{format lead.state}}",
        "{{lowercase lead.stat}}",
        "{{#if lead.state}}",
        "{{}}",
        "{{lead.state",
        "é{{x.outcome}}",
    ];
    let steps: String = bad.iter().map(|url| step(url)).collect();
    check(
        &flow(&format!("{STEPS}\n{steps}")),
        expect![[r#"
        line 8: "a", column 1 of the template: it names lead.zip, which is not a field of the flow
        line 9: "a", column 1 of the template: it names lead.stat, which is not a field of the flow; did you mean lead.state?
        line 10: "a", column 1 of the template: it names state, but only lead.<field>, source.name and <earlier step>.<value> can be named; did you mean lead.state?
        line 11: "a", column 1 of the template: it names phone_chck.x, but no step phone_chck runs before it; did you mean phone_check.x?
        line 12: "a", column 1 of the template: it names secret.key, but the file does not list key under "secrets"
        line 13: "a", column 1 of the template: feedback.type cannot be used here; figures of feedback stand on the left side of rules, and what it says in what a source or buyer is told
        line 14: "a", column 3 of the template: there is no helper "lowercas"; did you mean lowercase?
        line 15: "a", column 3 of the template: format needs format=, how it is shown, as in {{format lead.dob format="MM/DD/YYYY"}}
        line 16: "a", column 13 of the template: it names lead.stat, which is not a field of the flow; did you mean lead.state?
        line 17: "a", column 1 of the template: {{#if}} without the {{/if}} that ends it
        line 18: "a", column 1 of the template: nothing stands between {{ and }}
        line 19: "a", column 1 of the template: {{ without the }} that ends it"#]],
    );
}

#[test]
fn what_could_not_be_read_is_told_once() {
    check(
        &flow(
            "  fields: { birth: soon, state: state }\n  accept: { require: { field: lead.birth, op: blank } }\n  steps:\n    \
             - { id: a, kind: enhancement, entity: svc_x, integration: carrier_pigeon }\n    \
             - { id: b, kind: distribute, recipients: [ { id: north, price: { from: bid } } ] }\n    \
             - { id: c, kind: filter, require: { all: [ { field: a.x, op: blank }, { field: b.outcome, op: blank }, { field: north.outcome, op: blank } ] } }\n    \
             - { id: d, kind: recipient, entity: buyer_x, integration: custom_form, request: { url: \"https://x.example.com/\", fields: { a: \"{{lead.birth}}\", b: \"{{north.x}}\" } } }\n",
        ),
        expect![[r#"
            line 4: "soon" is not a field type
            line 7: "carrier_pigeon" is not an integration
            line 8: a group needs the key "strategy"
            line 8: a recipient of a group needs the key "entity"
            line 8: a recipient of a group needs the key "integration""#]],
    );
    check(
        &flow("  fields: { a: string, a.b: string }\n  accept: { require: { field: lead.c, op: blank } }\n"),
        expect!["line 4: the field a.b lies within the field a; a field is a value or a group, not both"],
    );
}
