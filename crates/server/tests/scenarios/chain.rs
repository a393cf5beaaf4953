//! A chain of events as text, an event a line, for comparing with a literal.

use std::fmt::Write as _;

use serde_json::{Map, Value};

use crate::support::Installation;

/// What tells nothing of a story: ids that are drawn, times, and what a line begins with anyway.
const LEFT_OUT: [&str; 21] = [
    "id",
    "seq",
    "type",
    "timestamp",
    "lead_id",
    "lead_seq",
    "flow_id",
    "flow_version",
    "source_id",
    "step_id",
    "entity_id",
    "outcome",
    "reason",
    "reason_code",
    "request_id",
    "integration",
    "rule_set",
    "rules_evaluated",
    "duration_ms",
    "total_ms",
    "final_outcome",
];
/// How long a reply of a script takes unless it says otherwise.
const USUAL_WAIT_MS: u64 = 1;

/// Every event of a lead or ping, oldest first: its place in the chain, type, step, party, outcome, reason with its code,
/// and then whatever else its type has.
///
/// ```text
/// 3 recipient.failed premier buyer_premier failure "Daily cap reached (100/100)" cap_reached asked=false
/// ```
///
/// Deliveries are numbered in the order in which they begin. Times of retries are whole minutes, since chance lengthens a wait.
pub(crate) async fn chain(house: &Installation, lead_id: &str) -> String {
    let page = house.get(&format!("/events?lead_id={lead_id}&sort=seq&limit=1000&shape=none")).await;
    assert!(page["next"].is_null(), "one page has it all");
    told(page["data"].as_array().unwrap())
}

/// The same of events that were read already. What is true of every chain is asserted on the way.
pub(crate) fn told(events: &[Value]) -> String {
    let mut deliveries = Vec::new();
    let mut lines = String::new();
    for (at, event) in events.iter().enumerate() {
        let event = event.as_object().unwrap();
        assert_eq!(event["lead_seq"], at + 1, "the places in a chain have no gap");
        assert_eq!(event["lead_id"], events[0]["lead_id"]);
        if let Some(before) = at.checked_sub(1).map(|before| &events[before]) {
            assert!(before["seq"].as_u64() < event["seq"].as_u64());
            assert!(before["timestamp"].as_str() <= event["timestamp"].as_str(), "time does not go back");
        }
        if event["type"] == "recipient.attempted" && event["attempt"] == 1 {
            assert_eq!(event["delivery_id"], event["id"], "a delivery is called by its first attempt");
            deliveries.push(event["id"].clone());
        }
        writeln!(lines, "{}", line(event, events, &deliveries)).unwrap();
    }
    lines
}

fn line(event: &Map<String, Value>, chain: &[Value], deliveries: &[Value]) -> String {
    let text = |key: &str| event.get(key).and_then(Value::as_str).map(str::to_owned);
    let reason = text("reason").map(|reason| format!("\"{reason}\""));
    let mut words =
        vec![Some(event["lead_seq"].to_string()), text("type"), text("step_id"), text("entity_id")];
    words.extend([text("outcome"), reason, text("reason_code")]);
    let others = event.iter().filter(|(key, _)| !LEFT_OUT.contains(&key.as_str()));
    words.extend(others.map(|(key, value)| detail(event, key, value, chain, deliveries)));
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// `key=value`; nothing where it is as usual.
fn detail(
    event: &Map<String, Value>,
    key: &str,
    value: &Value,
    chain: &[Value],
    deliveries: &[Value],
) -> Option<String> {
    let told = match key {
        "wait_ms" if value.as_u64() <= Some(USUAL_WAIT_MS) => return None,
        "delivery_id" => {
            let at = deliveries.iter().position(|own| own == value).expect("the delivery has begun");
            return Some(format!("delivery={}", at + 1));
        }
        "recipient_event_id" => return Some(format!("of={}", place(chain, value))),
        "feedback_id" => return Some(format!("follows={}", place(chain, value))),
        "due" => format!("in {}m", minutes_until(value, &event["timestamp"])),
        _ => plain(value),
    };
    Some(format!("{key}={told}"))
}

/// Where in the chain the event with an id stands.
fn place<'a>(chain: &'a [Value], id: &Value) -> &'a Value {
    let event = chain.iter().find(|event| event["id"] == *id);
    &event.expect("an event names those of its own chain")["lead_seq"]
}

/// A value without quotes; lists with commas and objects in parentheses.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(plain).collect::<Vec<_>>().join(","),
        Value::Object(members) => {
            let members = members.iter().map(|(key, value)| format!("{key}={}", plain(value)));
            format!("({})", members.collect::<Vec<_>>().join(" "))
        }
        other @ (Value::Null | Value::Bool(_) | Value::Number(_)) => other.to_string(),
    }
}

/// Whole minutes from one moment to another.
fn minutes_until(due: &Value, now: &Value) -> i64 {
    let [due, now] =
        [due, now].map(|moment| moment.as_str().unwrap().parse::<domain::Timestamp>().unwrap().as_millis());
    (due - now) / 60_000
}
