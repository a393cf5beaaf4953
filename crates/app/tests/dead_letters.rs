//! `glassline dead-letters` against a real server whose buyer is down for a while.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::process::Output;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use support::{ADMIN, Server, glassline, run, stand_in, text};
use tempfile::TempDir;

/// A buyer that answers 503 until it is up.
fn buyer(up: Arc<AtomicBool>) -> u16 {
    stand_in(move |_| (if up.load(Ordering::SeqCst) { "200 OK" } else { "503 Down" }, "{}"))
}

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: email }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "http://127.0.0.1:PORT/leads", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 25.00 }
"#;

fn ask(server: &Server, arguments: &[&str]) -> Output {
    glassline(arguments).args(["--url", &server.address]).env("GLASSLINE_KEY", ADMIN).output().unwrap()
}

/// What a command prints that works.
fn say(server: &Server, arguments: &[&str]) -> String {
    let output = ask(server, arguments);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

#[test]
fn dead_letters_are_listed_counted_and_sent_again() {
    let temp = TempDir::new().unwrap();
    let up = Arc::new(AtomicBool::new(false));
    let flow = temp.path().join("flow.yaml");
    std::fs::write(&flow, FLOW.replace("PORT", &buyer(Arc::clone(&up)).to_string())).unwrap();
    let data = temp.path().join("data");
    let (flow, data) = (flow.to_str().unwrap(), data.to_str().unwrap());
    let output = run(&["flow", "publish", flow, "--data", data]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let server = Server::spawn(glassline(&[
        "serve",
        "--data",
        data,
        "--listen",
        "127.0.0.1:0",
        "--allow-host",
        "127.0.0.1",
    ]));
    for name in ["ann", "bo", "cy"] {
        say(
            &server,
            &["submit", "--flow", "flow_roofs", "--source", "src_web", &format!("email={name}@example.com")],
        );
    }

    let table = say(&server, &["dead-letters", "list", "--buyer", "buyer_premier"]);
    assert!(table.starts_with("EVENT") && table.lines().count() == 4, "{table}");
    assert!(table.contains("Buyer error: HTTP 503"), "{table}");
    assert_eq!(say(&server, &["dead-letters", "list", "--json", "--reason-code", "-status"]), "");
    let lines = say(&server, &["dead-letters", "list", "--json"]);
    let newest: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let (id, seq) = (newest["event_id"].as_str().unwrap(), newest["seq"].to_string());

    up.store(true, Ordering::SeqCst);
    assert_eq!(say(&server, &["dead-letters", "resend", id]), "1 of 1 dead letter is sent again\n");
    let tail = ["events", "tail", "--type", "recipient.delivered", "--after", &seq, "--json", "--count"];
    let delivered = say(&server, &[&tail[..], &["1"]].concat());
    let delivered: Value = serde_json::from_str(delivered.trim()).unwrap();
    assert_eq!(
        (&delivered["lead_id"], &delivered["delivery_id"]),
        (&newest["lead_id"], &newest["delivery_id"])
    );
    let output = ask(&server, &["dead-letters", "resend", id]);
    assert_eq!(output.status.code(), Some(1));
    let told = text(&output.stdout);
    assert!(
        told.starts_with("0 of 0 dead letters are sent again\n") && told.contains("is not: It has an end"),
        "{told}"
    );

    let filter = ["dead-letters", "resend", "--step", "premier", "--start", "-24h"];
    assert_eq!(
        say(&server, &filter),
        "2 dead letters fit; nothing is sent. To send again what fits add --count 2\n"
    );
    let output = ask(&server, &[&filter[..], &["--count", "3"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("takes 2 dead letters by now"), "{}", text(&output.stderr));
    assert_eq!(
        say(&server, &[&filter[..], &["--count", "2"]].concat()),
        "2 of 2 dead letters are sent again\n"
    );
    assert_eq!(say(&server, &[&tail[..], &["3"]].concat()).lines().count(), 3);
    assert_eq!(say(&server, &["dead-letters", "list", "--json"]), "");
    let output = ask(&server, &["dead-letters", "resend"]);
    assert!(text(&output.stderr).contains("say which"), "{}", text(&output.stderr));
}
