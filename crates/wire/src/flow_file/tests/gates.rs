//! Hours, duplicates, lists, caps and limits of pings.

use std::time::Duration;

use domain::{Against, CapLimit, CapUnit, Circuit, DuplicateScope};

use super::*;

const GATES: &str = r#"entities:
  src_web: { kind: source, name: Web }
  buyer_x:
    kind: buyer
    name: X
    circuit: { cool_down: 2m }
    time_zone: America/Chicago
    hours: { mon-fri: [ "08:00-20:00" ], sat: [ "09:00-12:00", "13:00-14:00" ] }
    caps: [ { name: Daily cap, max_leads: 100, per: day }, { name: Budget, max_spend: 2500.00, per: week, every: 2 } ]
lists: [ dnc, old_buyers ]
flow:
  id: flow_x
  name: X
  time_zone: America/Denver
  fields: { phone_1: phone, state: state }
  duplicates:
    - { name: Same phone, key: "{{lead.phone_1}}", window: 30d, scope: installation, against: sold }
    - { name: Same state, key: "{{lead.state}}", window: 1h }
  suppress:
    - { list: dnc, value: "{{lead.phone_1}}", reason: On do-not-call list }
    - { list: own_list, value: "{{lead.phone_1}}" }
  hours: { mon-sun: [ "22:00-02:00" ], }
  caps: [ { name: Monthly cap, max_leads: 5000, per: month, when: { field: lead.state, op: eq, value: TX }, reason: Enough } ]
  ping_limits: [ { name: Pings, max: 600, per: minute } ]
  sources:
    - entity: src_web
      hours: { mon: [ 24h ] }
      caps: [ { name: Hourly cap, max_leads: 500, per: hour, time_zone: UTC } ]
      ping_limits: [ { name: Pings, max: 10, per: minute, every: 5 } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_x
      integration: custom_json
      request: { url: "https://x.example.com/" }
      response: { price: { path: bid } }
      price: { from: reply, floor: 5.00, max_price: 30.00 }
      hours: { mon-fri: [ "09:00-17:00" ] }
      caps: [ { name: TX per day, max_leads: 5, per: day, when: { field: lead.state, op: eq, value: TX } } ]
"#;

#[test]
fn gates_are_read_whole() {
    let file = read_twice(GATES);
    let names: Vec<&str> = file.lists.iter().map(ListName::as_str).collect();
    assert_eq!(names, ["dnc", "old_buyers", "own_list"]);
    let entity = &file.entities[1].settings;
    assert_eq!(entity.circuit, Some(Circuit { errors: 5, cool_down: Duration::from_secs(120) }));
    assert_eq!(file.entities[0].settings.circuit, None);
    assert_eq!(entity.time_zone.as_ref().unwrap().to_string(), "America/Chicago");
    assert_eq!(entity.hours.as_ref().unwrap().to_string().matches("08:00-20:00").count(), 5);
    let caps: Vec<String> = entity.caps.iter().map(|cap| format!("{} {}", cap.id, cap.limit)).collect();
    assert_eq!(caps, ["buyer_x/daily_cap 100", "buyer_x/budget 2500"]);
    assert_eq!(entity.caps[1].period.every, 2);
    assert_eq!(entity.caps[1].period.zone.to_string(), "America/Chicago");
    let settings = EntityFile::read(&file.entities[1].id, &file.entities[1].settings_document).unwrap();
    assert_eq!(settings.settings, *entity);
    assert_eq!(settings.document, file.entities[1].settings_document);

    let flow = &file.flow;
    let gates = flow.gates();
    assert_eq!(flow.time_zone().to_string(), "America/Denver");
    assert_eq!(gates.hours.as_ref().unwrap().to_string().matches("22:00-24:00").count(), 7);
    let rule = &gates.duplicates[0];
    assert_eq!(
        (&*rule.slug, rule.scope, rule.against),
        ("same_phone", DuplicateScope::Installation, Against::Sold)
    );
    let rule = &gates.duplicates[1];
    assert_eq!(
        (rule.scope, rule.against, rule.window.as_secs()),
        (DuplicateScope::Flow, Against::Accepted, 3600)
    );
    assert_eq!(gates.suppress[0].reason.as_deref(), Some("On do-not-call list"));
    let cap = &gates.caps[0];
    assert_eq!(
        (&*cap.id, cap.limit, cap.period.unit),
        ("flow_x/monthly_cap", CapLimit::Leads(5000), CapUnit::Month)
    );
    assert_eq!(
        (cap.period.zone.to_string().as_str(), cap.reason.as_deref()),
        ("America/Denver", Some("Enough"))
    );
    assert!(cap.when.is_some());
    assert_eq!((&*gates.ping_limits[0].id, gates.ping_limits[0].max), ("flow_x/pings", 600));

    let source = &flow.sources()[0].gates;
    assert_eq!(&*source.caps[0].id, "flow_x.src_web/hourly_cap");
    assert_eq!(source.caps[0].period.zone.to_string(), "UTC");
    assert_eq!(&*source.ping_limits[0].id, "flow_x.src_web/pings");
    let (_, recipient) = flow.recipients().next().unwrap();
    assert_eq!(&*recipient.gates.caps[0].id, "flow_x.premier/tx_per_day");
    assert_eq!(recipient.gates.max_price, Some("30".parse().unwrap()));
}

#[test]
fn what_is_wrong_with_a_gate_is_told_by_line() {
    check(
        &flow(
            "  fields: { phone_1: phone }\n  time_zone: Mars/Base\n  hours: { mon-fry: [ \"08:00-20:00\" ] }\n  \
             duplicates:\n    - { name: \"—\", key: \"{{lead.phone}}\", window: 0s, scope: planet }\n    - { name: X }\n  \
             suppress: [ { list: DNC, value: \"{{lead.phone_1}}\" } ]\n  \
             caps:\n    - { name: A, per: fortnight }\n    - { name: B, max_leads: 1, max_spend: 2, per: day, every: 0 }\n    \
             - { name: C, max_spend: -1, per: day }\n    - { name: D, max_leads: 1.5, per: day, nested: [] }\n  \
             ping_limits: [ { name: A, max_leads: 5, per: day } ]\n",
        ),
        expect![[r#"
            line 5: there is no time zone "Mars/Base"; write it like America/Chicago or UTC
            line 6: "mon-fry" is not a day; write mon, tue, wed, thu, fri, sat or sun, or a range such as mon-fri
            line 8: the name becomes part of an id and needs a letter or digit of a-z and 0-9
            line 8: "key", column 1 of the template: it names lead.phone, which is not a field of the flow; did you mean lead.phone_1?
            line 8: "window" is 0s, but must be from 1s to 2y
            line 8: "scope" is one of source, flow, installation, not "planet"
            line 9: a rule for duplicates needs the key "key"
            line 9: a rule for duplicates needs the key "window"
            line 10: "DNC" is not the name of a list: 1 to 64 of a-z, 0-9 and _
            line 12: a cap has one of the keys "max_leads" and "max_spend"
            line 12: "per" is one of minute, hour, day, week, month, not "fortnight"
            line 13: a cap has one of the keys "max_leads" and "max_spend"
            line 13: "every" must be a whole number from 1 to 1000
            line 14: "max_spend" is -1, but a budget is from 0 to 1000000000
            line 15: a cap has no key "nested"
            line 15: "max_leads" must be a whole number from 0 to 1000000000
            line 16: a limit of pings has no key "max_leads"
            line 16: a limit of pings needs the key "max""#]],
    );
}

#[test]
fn what_is_wrong_with_a_circuit_is_told_by_line() {
    check(
        "entities:\n  src_x: { kind: source, name: X, circuit: { errors: 3 } }\n  \
         buyer_x: { kind: buyer, name: X, circuit: { errors: 0, cool_down: 500ms } }\n  \
         buyer_y: { kind: buyer, name: Y, circuit: { error: 3 } }\n  \
         svc_x: { kind: service, name: X, circuit: { errors: 1000, cool_down: 25h } }\n\
         flow:\n  id: flow_x\n  name: X\n",
        expect![[r#"
            line 2: a circuit is of a buyer or a service: leads come from a source by themselves
            line 3: "errors" must be a whole number from 1 to 1000
            line 3: "cool_down" is 500ms, but must be from 1s to 1d
            line 4: the circuit of an entity has no key "error"; did you mean "errors"?
            line 5: "cool_down" is 25h, but must be from 1s to 1d"#]],
    );
}

#[test]
fn caps_have_one_name_and_budgets_a_price() {
    check(
        "entities:\n  buyer_x: { kind: buyer, name: X, caps: [ { name: Budget, max_spend: 5, per: day } ] }\n  \
         buyer_y: { kind: buyer, name: Y, caps: [ { name: a, max_leads: 5, per: day }, { name: A, max_leads: 6, per: week } ] }\n  \
         buyer_z: { kind: buyer, name: Z, caps: [ { name: a, max_leads: 5, per: day, when: {} } ] }\n\
         flow:\n  id: flow_x\n  name: X\n  steps:\n    - { id: a, kind: recipient, entity: buyer_x, integration: custom_json, request: { url: \"https://x.example.com/\" }, response: { price: { path: bid } }, price: { from: reply } }\n",
        expect![[r#"
            line 3: two caps or limits have the id buyer_y/a; give one another name
            line 4: a cap of an entity has no key "when""#]],
    );
    check(
        &flow(
            "  caps: [ { name: Day, max_leads: 5, per: day }, { name: day, max_leads: 6, per: week } ]\n  \
             duplicates: [ { name: a b, key: x, window: 1d }, { name: A-B, key: y, window: 1d } ]\n  \
             steps:\n    - { id: a, kind: recipient, entity: buyer_x, integration: custom_json, request: { url: \"https://x.example.com/\" }, response: { price: { path: bid } }, price: { from: reply }, caps: [ { name: B, max_spend: 5, per: day } ] }\n    \
             - { id: b, kind: recipient, entity: buyer_x, integration: custom_json, request: { url: \"https://x.example.com/\" }, price: { fixed: 5, max_price: 7 } }\n",
        ),
        expect![[
            r#"line 8: "max_price" is the most that a reply can make it pay; with "fixed" there is no need"#
        ]],
    );
    check(
        &flow(
            "  caps: [ { name: Day, max_leads: 5, per: day }, { name: day, max_leads: 6, per: week } ]\n  \
             duplicates: [ { name: a b, key: x, window: 1d }, { name: A-B, key: y, window: 1d } ]\n  \
             steps:\n    - { id: a, kind: recipient, entity: buyer_x, integration: custom_json, request: { url: \"https://x.example.com/\" }, response: { price: { path: bid } }, price: { from: reply }, caps: [ { name: B, max_spend: 5, per: day } ] }\n",
        ),
        expect![[r#"
            line 2: two caps or limits have the id flow_x/day; give one another name
            line 2: two rules for duplicates are called A-B; give one another name
            line 7: the budget flow_x.a/b needs "max_price" in the price of the step a, since the reply tells what it pays"#]],
    );
}

#[test]
fn the_settings_of_a_party_are_read_by_themselves() {
    let id: EntityId = "buyer_x".parse().unwrap();
    let told = |text: &str| match EntityFile::read(&id, text) {
        Ok(file) => file.document.to_string(),
        Err(error) => error.to_string(),
    };
    assert_eq!(told("{}"), "{}");
    assert_eq!(
        told("caps: [ { name: A, max_leads: 5, per: day } ]\ntime_zone: UTC"),
        r#"{"caps":[{"name":"A","max_leads":5,"per":"day"}],"time_zone":"UTC"}"#
    );
    assert_eq!(
        told("{\"cap\":[]}"),
        "line 1: the settings of an entity have no key \"cap\"; did you mean \"caps\"?"
    );
    assert_eq!(told("[]"), "line 1: the settings of an entity must be a group of keys, not a list");
}
