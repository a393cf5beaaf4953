use domain::{Lead, Value, Variables};

use super::*;

#[test]
fn a_source_is_paid_its_own_price_or_the_flows() {
    let file = read_twice(&flow(
        "  fields: { state: state }\n  price:\n    table:\n      - { amount: 8.00 }\n      \
         - { amount: \"14.000001\", when: { field: lead.state, op: is equal to, value: TX } }\n  sources:\n    \
         - { entity: src_a }\n    - { entity: src_b, price: { fixed: 10.5 } }\n    \
         - { entity: src_c, price: { from: submission } }\n    - { entity: src_d, price: { share: 0.80, of: bid } }\n",
    ));
    let price = |at: usize, state: &str| {
        let raw: Lead = [("price", "3.25"), ("state", state)]
            .map(|(path, raw)| (path.parse().unwrap(), Value::text(raw)))
            .into_iter()
            .collect();
        let source = &file.flow.sources()[at];
        let lead = file.flow.parse_lead(source, &Variables::of(&raw));
        let price = file.flow.purchase_price(source, &raw, &Variables::of(&lead));
        price.map_or("later".to_owned(), |price| price.to_string())
    };
    assert_eq!(price(0, "TX"), "14.000001");
    assert_eq!(price(0, "OK"), "8");
    assert_eq!(price(1, "TX"), "10.5");
    assert_eq!(price(2, "TX"), "3.25");
    assert_eq!(price(3, "TX"), "later");
    let share = file.flow.purchase_share(&file.flow.sources()[3]).unwrap();
    assert_eq!(share.of("21.50".parse().unwrap()), "17.2".parse().unwrap());
}

#[test]
fn a_price_that_cannot_be_is_told() {
    let prices = [
        "5",
        "{}",
        "{ fixed: 5, from: submission }",
        "{ fixed: 5, table: [ { amount: 1 } ] }",
        "{ fixed: -1 }",
        "{ fixed: 1000001 }",
        "{ fixed: 1.0000001 }",
        "{ fixed: five }",
        "{ fixed: true }",
        "{ from: reply }",
        "{ from: nowhere }",
        "{ table: [] }",
        "{ table: { amount: 1 } }",
        "{ table: [ { when: { field: lead.state, op: blank } }, { amount: 1, wen: 1 } ] }",
        "{ table: [ { amount: 1, when: { field: lead.stat, op: blank } } ] }",
        "{ floor: 1 }",
        "{ share: 0.8 }",
        "{ share: 1.1, of: bid }",
        "{ share: 0, of: lead }",
        "{ share: 0.8, of: bid, fixed: 1 }",
    ];
    let sources: String =
        prices.iter().map(|price| format!("    - {{ entity: src_a, price: {price} }}\n")).collect();
    check(
        &flow(&format!("  fields: {{ state: state }}\n  sources:\n{sources}")),
        expect![[r#"
        line 6: the price of a source must be a group of keys, not a number
        line 7: the price of a source has one of the keys "fixed", "table" and "from"
        line 8: the price of a source has "fixed" or "from", not both
        line 9: the price of a source has "fixed" or "table", not both
        line 10: "fixed" is -1, but a price is from 0 to 1000000
        line 11: "fixed" is 1000001, but a price is from 0 to 1000000
        line 12: "1.0000001" has more than six decimals
        line 13: "five" is not an amount; write digits with at most one point, such as 14.00
        line 14: "fixed" must be an amount, not true or false
        line 15: the price of a source is from the submission; write from: submission
        line 16: "from" is one of submission, reply, bid, not "nowhere"
        line 17: a table of prices needs a row, such as { amount: 8.00 }
        line 18: "table" must be a list, not a group of keys
        line 19: a row of prices needs the key "amount"
        line 19: a row of prices has no key "wen"; did you mean "when"?
        line 20: the rule `lead.stat is blank` looks at lead.stat, which is not a field of the flow; did you mean lead.state?
        line 21: the price of a source has no key "floor"
        line 22: the price of a source needs the key "of"
        line 23: "share" is 1.1, but must be more than 0 and at most 1
        line 24: "of" is one of bid, not "lead"
        line 24: "share" is 0, but must be more than 0 and at most 1
        line 25: the price of a source has "fixed" or "share", not both"#]],
    );
    let rows = "{ amount: 1 }, ".repeat(201);
    check(
        &flow(&format!("  price: {{ table: [ {rows} ] }}\n")),
        expect!["line 4: there are 201 rows of prices; at most 200 fit"],
    );
}

#[test]
fn the_price_of_a_recipient_that_cannot_be_is_told() {
    let prices = [
        "{ fixed: 5, floor: 1 }",
        "{ from: bid }",
        "{ from: submission }",
        "{ from: reply }",
        "{ from: reply, floor: -1 }",
        "{ from: reply, max_price: 50 }",
        "{}",
    ];
    let steps: String = prices
        .iter()
        .enumerate()
        .map(|(at, price)| {
            format!(
                "    - {{ id: s{at}, kind: recipient, entity: buyer_x, integration: custom_form, request: {{ url: \
                 \"https://x.example.com\" }}, price: {price} }}\n"
            )
        })
        .collect();
    check(
        &flow(&format!("  steps:\n{steps}")),
        expect![[r#"
            line 5: "floor" is the least that a reply should name; with "fixed" there is no need
            line 7: the price of a recipient is from its reply; write from: reply
            line 8: "from: reply" needs "price" in the response, which says where it stands
            line 9: "floor" is -1, but a price is from 0 to 1000000
            line 10: "from: reply" needs "price" in the response, which says where it stands
            line 11: the price of a recipient has one of the keys "fixed", "table" and "from""#]],
    );
}

/// The price of the reply was read, and the lead sold for nothing.
#[test]
fn a_price_that_the_reply_names_and_nobody_asks_for_is_told() {
    let step = |price: &str| {
        flow(&format!(
            "  steps:\n    - id: a\n      kind: recipient\n      entity: buyer_x\n      integration: custom_json\n      \
             request: {{ url: \"https://x.example.com/\" }}\n      response: {{ price: {{ path: bid }} }}\n{price}"
        ))
    };
    check(
        &step(""),
        expect![[
            r#"line 10: the response has a "price", but the step has none, so that the lead would be sold for nothing; write price: { from: reply }, or price: { fixed: 0 } if that is meant"#
        ]],
    );
    read_twice(&step("      price: { fixed: 0 }\n"));
    read_twice(&step("      price: { from: reply }\n"));
    assert!(FlowFile::read_published(&step("")).is_ok());
}
