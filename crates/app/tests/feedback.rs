//! `glassline feedback` and `glassline consent` against a real server with a buyer on loopback.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::{ADMIN, Server, client, get, glassline, run, stand_in, text};
use tempfile::TempDir;

/// A buyer that takes every lead and hears everything else.
fn buyer() -> u16 {
    stand_in(|_| ("200 OK", "{}"))
}

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: { type: email, required: true } }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "http://127.0.0.1:PORT/leads", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 25.00 }
      feedback: { returns: 7d, conversions: true, approve: manual }
      on_revoked: { integration: custom_json, request: { url: "http://127.0.0.1:PORT/revoked", fields: { id: "{{delivery_id}}" } } }
"#;

struct House {
    temp: TempDir,
    server: Server,
}

impl House {
    fn new() -> House {
        let temp = TempDir::new().unwrap();
        let flow = temp.path().join("flow.yaml");
        std::fs::write(&flow, FLOW.replace("PORT", &buyer().to_string())).unwrap();
        let data = temp.path().join("data");
        let (flow, data) = (flow.to_str().unwrap(), data.to_str().unwrap());
        let output = run(&["flow", "publish", flow, "--data", data]);
        assert!(output.status.success(), "{}", text(&output.stderr));
        let server = Server::start_with(Path::new(data), &["--allow-host", "127.0.0.1"]);
        House { temp, server }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = glassline(arguments);
        command.args(["--url", &self.server.address]).env("GLASSLINE_KEY", ADMIN).output().unwrap()
    }

    /// What a command prints that works.
    fn say(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    fn submit(&self, name: &str) -> String {
        let email = format!("email={name}@example.com");
        let answer = self.say(&["submit", "--flow", "flow_roofs", "--source", "src_web", &email]);
        let answer: Value = serde_json::from_str(&answer).unwrap();
        answer["lead"]["id"].as_str().unwrap().to_owned()
    }
}

#[test]
fn reports_come_from_a_file_and_are_decided_on_one_by_one() {
    let house = House::new();
    let (ann, bo) = (house.submit("ann"), house.submit("bo"));
    let path = house.temp.path().join("returns.csv");
    let file =
        format!("lead_id,type,reason\n{ann},return,\"Wrong\nnumber\"\n{bo},conversion,\nlead_x,return,\n");
    std::fs::write(&path, file).unwrap();
    let import = ["feedback", "import", path.to_str().unwrap(), "--buyer", "buyer_premier"];
    let output = house.run(&import);
    assert_eq!(output.status.code(), Some(1), "a line cannot be taken in");
    let told = text(&output.stdout);
    let [first, second, third, sums] = told.lines().collect::<Vec<_>>()[..] else { panic!("{told}") };
    assert_eq!(
        (first, second),
        ("line 2: pending: waits for a decision", "line 4: pending: waits for a decision")
    );
    assert!(third.starts_with("line 5: refused: \"lead_x\" is not an id"), "{third}");
    assert_eq!(sums, "3 lines: 0 accepted, 2 pending, 0 declined, 1 refused; 0 came before");
    let again = text(&house.run(&import).stdout);
    assert!(
        again.ends_with("3 lines: 0 accepted, 2 pending, 0 declined, 1 refused; 2 came before\n"),
        "{again}"
    );
    let lines = text(&house.run(&[&import[..], &["--json"]].concat()).stdout);
    let lines: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["line"].as_u64().unwrap()).collect::<Vec<_>>(), [2, 4, 5]);

    let table = house.say(&["feedback", "list"]);
    assert!(table.starts_with("FEEDBACK") && table.lines().count() == 3, "{table}");
    let waiting = house.say(&["feedback", "list", "--json", "--buyer", "buyer_premier", "--type", "return"]);
    let waiting: Value = serde_json::from_str(&waiting).unwrap();
    assert_eq!(waiting["lead_id"], ann.as_str());
    let id = waiting["feedback_id"].as_str().unwrap();
    assert_eq!(house.say(&["feedback", "approve", id]), format!("{id} is accepted\n"));
    let other = house.say(&["feedback", "list", "--json"]);
    let other: Value = serde_json::from_str(&other).unwrap();
    let other = other["feedback_id"].as_str().unwrap();
    let declined = house.say(&["feedback", "decline", other, "--reason", "Not sold"]);
    assert_eq!(declined, format!("{other} is declined\n"));
    let output = house.run(&["feedback", "approve", other]);
    assert_eq!(output.status.code(), Some(1));
    let complaint = text(&output.stderr);
    assert!(complaint.contains("stays as it is") && complaint.contains("was declined before"), "{complaint}");
}

#[tokio::test]
async fn a_buyer_is_told_that_consent_was_withdrawn() {
    let house = House::new();
    let lead_id = house.submit("ann");
    let told = house.say(&["consent", "revoke", &lead_id, "--reason", "Wrote to us"]);
    assert_eq!(told, format!("{lead_id} is sent nowhere any more\nbuyer_premier is told\n"));
    let told = house.say(&["consent", "revoke", &lead_id]);
    assert!(told.starts_with(&format!("{lead_id} is sent nowhere any more (it was before)")), "{told}");
    // The notice goes out by itself.
    let client = client();
    let list = format!("{}/leads/{lead_id}/events?type=consent.sent", house.server.address);
    let events = loop {
        let events = get(&client, &list).await;
        if events["data"][0].is_object() {
            break events;
        }
        tokio::task::yield_now().await;
    };
    assert_eq!(
        (&events["data"][0]["entity_id"], &events["data"][0]["outcome"]),
        (&"buyer_premier".into(), &"success".into())
    );
    let output = house.run(&["consent", "revoke", "lead_018d0d882e839a41d06f0001"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no such lead"), "{}", text(&output.stderr));
}
