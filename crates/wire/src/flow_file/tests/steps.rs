use std::time::Duration;

use domain::{Ending, Integration, Method, ReportWindow, SalePrice, SlotRule, StepKind, Strategy, TestRule};

use super::*;

const STEPS: &str = r#"  fields: { phone_1: phone, state: state, email: email }
  steps:
    - id: phone_check
      kind: enhancement
      entity: svc_phone
      when: { field: lead.phone_1, op: is not blank }
      integration: custom_query
      request:
        url: https://lookup.example.com/v1
        parameters: { number: "{{lead.phone_1}}", version: 2 }
        headers: { x-delivery: "{{delivery_id}}" }
      response:
        outcome: { path: status, term: ok }
        reason: { path: error.message, default: Not found }
        reference: { path: id }
        values: { line_type: [ mobile, landline, voip ] }
      timeout: 5s
    - id: not_landline
      kind: filter
      enabled: false
      when: { field: phone_check.outcome, op: is equal to, value: success }
      exclude: { field: phone_check.line_type, op: is equal to, value: landline }
    - id: premier
      kind: recipient
      entity: buyer_premier
      enabled: true
      when: { field: appended.phone_check.line_type, op: is not equal to, value: landline }
      integration: custom_json
      request:
        method: PUT
        url: "https://crm.example.com/leads/{{lead.id}}"
        fields:
          contact.mail: "{{lead.email}}"
          contact.phones.0: "{{lead.phone_1}}"
          type: "{{phone_check.line_type}}"
          priority: 3
          test: false
      response:
        outcome: { path: result.status, term: /^(ok|accepted)$/, on_match: success }
        price: { path: result.bid, fallback: 1.5 }
      price: { from: reply, floor: 5.00 }
      timeout: 1m
      retry: { attempts: 4, backoff: [ 10s, 1m, 5m ] }
      feedback: { returns: 7d, conversions: true }
    - id: crm
      kind: recipient
      entity: svc_office
      counts_as: copy
      integration: custom_form
      request: { url: "https://office.example.com" }
      when: { field: source.name, op: is not equal to, value: Partner }
    - id: sold
      kind: filter
      require: { field: premier.outcome, op: is equal to, value: success }
      reason: No buyer
"#;

#[test]
fn parties_are_asked_as_the_file_says() {
    let file = read_twice(&flow(STEPS));
    let [check, filter, premier, crm, _] = file.flow.steps() else { panic!("five steps") };
    let StepKind::Enhancement(check_kind) = &check.kind else { panic!("an enhancement") };
    assert_eq!(check_kind.entity_id.as_str(), "svc_phone");
    assert_eq!(check_kind.timeout.as_secs(), 5);
    assert_eq!(
        (check_kind.request.integration, check_kind.request.method),
        (Integration::CustomQuery, Method::Get)
    );
    assert_eq!(check_kind.response.reason.default.as_deref(), Some("Not found"));
    assert_eq!(check_kind.response.values.len(), 1);
    assert!(check.when.is_some() && !filter.enabled && filter.when.is_some());

    let StepKind::Recipient(premier) = &premier.kind else { panic!("a recipient") };
    let names: Vec<&str> = premier.request.fields.iter().map(|(name, _)| name.as_ref()).collect();
    assert_eq!(names, ["contact.mail", "contact.phones.0", "type", "priority", "test"]);
    assert_eq!(premier.request.fields[4].1, domain::Template::constant(domain::Scalar::Bool(false)));
    assert_eq!(premier.request.method, Method::Put);
    let outcome = premier.response.outcome.as_ref().unwrap();
    assert_eq!(outcome.on_match, Ending::Success);
    assert!(outcome.term.as_ref().unwrap().is_found_in("OK"));
    assert_eq!(premier.response.price.as_ref().unwrap().fallback.to_string(), "1.5");
    assert_eq!(premier.price, SalePrice::FromReply { floor: Some("5".parse().unwrap()) });
    assert_eq!((premier.retry.attempts, premier.retry.backoff.len()), (4, 3));
    let week = ReportWindow::Within(Duration::from_secs(7 * 24 * 3600));
    assert_eq!(premier.feedback.returns, Some(week));
    assert_eq!(premier.feedback.conversions, Some(ReportWindow::Open));
    assert!(!premier.is_copy);

    let StepKind::Recipient(crm) = &crm.kind else { panic!("a recipient") };
    assert!(crm.is_copy);
    assert_eq!((crm.timeout, &crm.retry), (domain::DEFAULT_TIMEOUT, &domain::RetryPolicy::default()));
    assert_eq!((crm.request.method, crm.request.fields.len()), (Method::Post, 0));
    assert_eq!(crm.price, SalePrice::default());
}

#[test]
fn a_step_without_what_it_needs_is_told() {
    check(
        &flow(
            "  steps:\n    - { kind: enhancement }\n    - { kind: recipient, id: B }\n    - { kind: recipint, id: a }\n    \
             - { kind: 5 }\n    - { id: c }\n    - step\n",
        ),
        expect![[r#"
            line 5: an enhancement needs the key "id"
            line 5: an enhancement needs the key "entity"
            line 5: an enhancement needs the key "integration"
            line 6: "B" is not a step id: 1 to 64 of a-z, 0-9 and _
            line 6: a recipient needs the key "entity"
            line 6: a recipient needs the key "integration"
            line 7: "recipint" is not a kind of step; did you mean "recipient"?
            line 8: a step needs the key "kind"; it is one of filter, enhancement, recipient, distribute
            line 9: a step needs the key "kind"; it is one of filter, enhancement, recipient, distribute
            line 10: a step must be a group of keys, not text"#]],
    );
}

#[test]
fn each_fault_of_a_step_is_told_with_its_line() {
    check(
        &flow(
            "  steps:\n    - id: a\n      kind: enhancement\n      entity: buyer_x\n      integration: custom_jsn\n      \
             retry: { attempts: 2 }\n      price: { fixed: 1 }\n      timeout: 10\n      enabled: yes\n    \
             - id: b\n      kind: recipient\n      entity: src_x\n      integration: carrier_pigeon\n      timeout: 3m\n      \
             retry: { attempts: 21, backoff: [ 8d, 1 x, 0s ] }\n      feedback: { returns: 3y, conversions: 1, refunds: 1 }\n      \
             counts_as: sale\n      response: { outcome: {}, reason: {}, price: {}, reference: {}, values: [] }\n    \
             - id: c\n      kind: recipient\n      entity: x\n      integration: carrier_pigeon\n      retry: { backoff: [] }\n      \
             on_error: next\n      on_unknown: hold\n      hours: {}\n      caps: []\n      limits: { per_second: 0, per_dya: 5 }\n      ping: {}\n      test: perhaps\n",
        ),
        expect![[r#"
            line 7: an enhancement asks a service (svc_…), but this is buyer_x
            line 8: "custom_jsn" is not an integration; did you mean "custom_json"?
            line 9: an enhancement has no key "retry"
            line 10: an enhancement has no key "price"
            line 11: "timeout" must be a length of time such as 10s or 5m, not a number
            line 12: "enabled" must be true or false, not text
            line 15: a recipient is a buyer (buyer_…) or a service (svc_…), but this is src_x
            line 16: "carrier_pigeon" is not an integration
            line 17: "timeout" is 3m, but must be from 1ms to 2m
            line 18: "attempts" must be a whole number from 1 to 20
            line 18: "backoff" is 8d, but must be from 1ms to 1w
            line 18: "1 x" is not a length of time; write a whole number and ms, s, m, h, d, w or y, such as 10s or 30d
            line 18: "backoff" is 0s, but must be from 1ms to 1w
            line 19: the feedback policy has no key "refunds"
            line 19: "returns" is 3y, but must be from 1ms to 2y
            line 19: "conversions" must be a length of time such as 7d, true or false, not a number
            line 20: "counts_as" is one of copy, not "sale"
            line 21: the outcome of a response needs one of the keys "term" and "on_match"
            line 21: the price of a response needs the key "path"
            line 21: the reference of a response needs the key "path"
            line 21: values must be a group of keys, not a list
            line 24: "x" is not an entity id: src_, buyer_ or svc_ and 1 to 64 of a-z, 0-9 and _
            line 25: "carrier_pigeon" is not an integration
            line 26: the retry policy needs the key "attempts"
            line 31: the limits of a step have no key "per_dya"; did you mean "per_day"?
            line 31: "per_second" must be a whole number from 1 to 1000000000
            line 32: a recipient has no key "ping"; recipients of a group have it (kind: distribute)
            line 33: "test" is one of deliver, simulate, not "perhaps""#]],
    );
}

#[test]
fn a_price_from_the_reply_needs_its_place() {
    check(
        &flow(
            "  steps:\n    - id: a\n      kind: recipient\n      entity: buyer_x\n      integration: custom_json\n      \
             request: { url: \"https://x.example.com/\" }\n      price: { from: reply }\n",
        ),
        expect![[r#"line 10: "from: reply" needs "price" in the response, which says where it stands"#]],
    );
}

#[test]
fn retries_have_bounds() {
    let waits = "1s, ".repeat(21);
    check(
        &flow(&format!(
            "  steps:\n    - id: a\n      kind: recipient\n      entity: buyer_x\n      integration: custom_json\n      \
             request: {{ url: \"https://x.example.com/\" }}\n      retry: {{ attempts: 0, backoff: [ {waits} ] }}\n"
        )),
        expect![[r#"
            line 10: "attempts" must be a whole number from 1 to 20
            line 10: there are 21 waits; at most 20 fit"#]],
    );
}

/// Two recipients of a group of these lines, which begin on line 8.
fn group(lines: &str, recipients: [&str; 2]) -> String {
    let recipients: String = recipients
        .iter()
        .zip(["north", "south"])
        .map(|(own, id)| {
            format!(
                "        - {{ id: {id}, entity: buyer_{id}, integration: custom_json, request: {{ url: \
                 \"https://{id}.example.com/\" }}, {own} }}\n"
            )
        })
        .collect();
    flow(&format!(
        "  fields: {{ state: state }}\n  steps:\n    - id: sell\n      kind: distribute\n{lines}      \
         recipients:\n{recipients}"
    ))
}

const PING: &str =
    "ping: { request: { url: \"https://x.example.com/\" }, response: { price: { path: bid } } }";

#[test]
fn a_group_is_read_with_its_recipients() {
    let bidder = format!("{PING}, price: {{ from: bid, floor: 2 }}, on_error: hold, on_unknown: next");
    let file = read_twice(&group(
        "      strategy: highest_bid\n      max_sales: 2\n      min_margin: 1.50\n      ping_timeout: 800ms\n      \
         on_unsold: { reason: Nobody }\n",
        [&bidder, "price: { fixed: 3 }, test: simulate, weight: 5"],
    ));
    let [sell] = file.flow.steps() else { panic!("one step") };
    let StepKind::Distribute(group) = &sell.kind else { panic!("a group") };
    assert_eq!(group.strategy, Strategy::HighestBid);
    assert_eq!((group.max_sales, group.min_margin), (2, Some("1.5".parse().unwrap())));
    assert_eq!(group.ping_timeout, Duration::from_millis(800));
    let unsold = group.on_unsold.as_ref().unwrap();
    assert_eq!((unsold.outcome, &*unsold.reason), (Ending::Failure, "Nobody"));
    let [(north_step, north), (_, south)] = group.enabled().collect::<Vec<_>>()[..] else { panic!("two") };
    assert_eq!(north.price, SalePrice::FromBid { floor: Some("2".parse().unwrap()) });
    assert_eq!((north.on_error, north.on_unknown), (SlotRule::Hold, SlotRule::Next));
    assert_eq!(north.ping.as_ref().unwrap().request.integration, Integration::CustomJson);
    assert_eq!((south.on_error, south.on_unknown), (SlotRule::Next, SlotRule::Hold));
    assert_eq!((south.test, south.weight), (TestRule::Simulate, 5));
    assert_eq!(file.flow.group_of(&north_step.id).unwrap().0.id.as_str(), "sell");
    let ids: Vec<&str> = file.flow.all_steps().map(|step| step.id.as_str()).collect();
    assert_eq!(ids, ["sell", "north", "south"]);
}

#[test]
fn a_group_that_cannot_be_is_told() {
    check(
        &group("      strategy: best\n      max_sales: 0\n      on_unsold: { outcome: skip }\n", ["", ""]),
        expect![[r#"
            line 8: "strategy" is one of waterfall, weighted, round_robin, highest_bid, all, not "best"
            line 9: "max_sales" must be a whole number from 1 to 100
            line 10: "outcome" is one of success, failure, error, not "skip""#]],
    );
    check(
        &group("      strategy: waterfall\n", [PING, "price: { from: bid }"]),
        expect![[r#"
            line 6: the group sell has the recipient north, which has a ping; only the strategy highest_bid pings
            line 6: the group sell has the recipient south, which pays its bid; only the strategy highest_bid asks for bids"#]],
    );
    check(
        &group(
            "      strategy: highest_bid\n",
            ["price: { from: bid }", "price: { from: reply }, response: { price: { path: bid } }"],
        ),
        expect![[r#"
            line 6: the group sell has the recipient north, which pays its bid, but has no "ping" that asks for it
            line 6: the group sell has the recipient south, whose price is known only after it has the lead; give it a "ping" to bid by"#]],
    );
    check(
        &group("      strategy: weighted\n", ["weight: 0", "weight: 0, kind: recipient"]),
        expect![[
            r#"line 11: a recipient of a group has no key "kind"; leave it out; all in a group are recipients"#
        ]],
    );
    check(
        &group("      strategy: weighted\n", ["weight: 0", "weight: 0"]),
        expect!["line 6: the group sell is weighted, but no recipient has a weight"],
    );
    check(
        &flow("  steps:\n    - { id: sell, kind: distribute, strategy: all, recipients: [] }\n"),
        expect!["line 5: the group sell has 0 recipients; 1 to 100 fit"],
    );
}

#[test]
fn what_a_ping_brings_only_its_recipient_can_name() {
    let names = |text: &str| {
        format!("{PING}, price: {{ from: bid }}, response: {{}}, retry: {{ attempts: 2 }}, {text}")
    };
    let with = |text: &str| {
        group("      strategy: highest_bid\n", [&names("weight: 1"), "price: { fixed: 1 }"]).replace(
            "url: \"https://north.example.com/\"",
            &format!("url: \"https://north.example.com/{{{{{text}}}}}\""),
        )
    };
    read_twice(&with("ping.reference"));
    read_twice(&with("ping.any.value"));
    check(
        &with("south.outcome"),
        expect![[
            r#"line 10: "url", column 27 of the template: it names south.outcome, but no step south runs before it"#
        ]],
    );
    let lone = "  steps:\n    - { id: a, kind: recipient, entity: buyer_x, integration: custom_json, request: { url: \
                \"https://x.example.com/{{ping.reference}}\" } }\n";
    check(
        &flow(lone),
        expect![[
            r#"line 5: "url", column 23 of the template: ping.reference cannot be used here; what a ping brought stands only in the request of its own recipient"#
        ]],
    );
    // What a group and its recipients came to, later steps can name.
    read_twice(&format!(
        "{}    - {{ id: sold, kind: filter, require: {{ all: [ {{ field: sell.winner, op: is equal to, value: north }}, \
         {{ field: south.outcome, op: is not blank }} ] }} }}\n",
        with("ping.reference")
    ));
}

#[test]
fn a_deadline_comes_with_its_answer() {
    let file = read_twice(&flow("  deadline: 20s\n  on_deadline: failure\n"));
    let deadline = domain::Deadline { after: Duration::from_secs(20), ending: Ending::Failure };
    assert_eq!(file.flow.deadline(), Some(deadline));
    assert_eq!(read_twice(&flow("  deadline: 5s\n")).flow.deadline().unwrap().ending, Ending::Error);
    check(&flow("  deadline: 11m\n"), expect![[r#"line 4: "deadline" is 11m, but must be from 1ms to 10m"#]]);
    check(
        &flow("  on_deadline: success\n"),
        expect![[r#"line 4: "on_deadline" is the answer at a deadline; say when by "deadline""#]],
    );
}
