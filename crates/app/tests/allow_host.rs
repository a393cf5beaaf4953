//! A buyer inside one's own network is asked only when the installation says so.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::path::Path;

use serde_json::Value;
use support::{ADMIN, Server, client, get, run, text};
use tempfile::TempDir;

/// A buyer on the loopback address that takes one lead.
fn buyer() -> (String, std::thread::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let taking = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        // A query has no body: the request ends with an empty line.
        let lines = BufReader::new(&stream).lines().map(Result::unwrap);
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        (&stream).write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").unwrap();
    });
    (address, taking)
}

fn write_flow(file: &Path, buyer: &str) {
    let flow = format!(
        "entities: {{ src_a: {{ kind: source, name: A }}, buyer_b: {{ kind: buyer, name: B }} }}\n\
         flow:\n  id: flow_own\n  name: Own\n  fields: {{ email: email }}\n  sources: [ {{ entity: src_a }} ]\n  \
         steps:\n    - id: own\n      kind: recipient\n      entity: buyer_b\n      integration: custom_query\n      \
         request: {{ url: \"http://{buyer}/\", parameters: {{ mail: \"{{{{lead.email}}}}\" }} }}\n"
    );
    std::fs::write(file, flow).unwrap();
}

fn publish(data: &Path, buyer: &str) {
    let file = data.join("../flow.yaml");
    std::fs::create_dir_all(data).unwrap();
    write_flow(&file, buyer);
    let output = run(&["flow", "publish", file.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    // Who may be asked is known where it is served.
    assert!(text(&output.stderr).contains("warning: "), "{}", text(&output.stderr));
}

/// Sends a lead, and gives what came of asking the buyer.
async fn outcome(server: &Server) -> (String, String) {
    let to = ["--url", &server.address, "--key", ADMIN, "--flow", "flow_own", "--source", "src_a"];
    let output = run(&[&["submit"], &to[..], &["email=ann@example.com"]].concat());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    let lead_id = answer["lead"]["id"].as_str().unwrap();
    let events = get(&client(), &format!("{}/leads/{lead_id}/events", server.address)).await;
    let events = events["data"].as_array().unwrap();
    let kind = |event: &Value| event["type"].as_str().unwrap().to_owned();
    let event =
        events.iter().find(|event| event["step_id"] == "own" && event["outcome"].is_string()).unwrap();
    (kind(event), event["reason"].as_str().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_buyer_that_is_not_public_is_asked_only_when_the_installation_allows_it() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    let (address, taking) = buyer();
    publish(&data, &address);
    let server = Server::start(&data);
    let (kind, reason) = outcome(&server).await;
    assert_eq!(kind, "recipient.error", "{reason}");
    assert!(server.stop().0.success());

    let server = Server::start_with(&data, &["--allow-host", &address]);
    assert_eq!(outcome(&server).await, ("recipient.delivered".to_owned(), String::new()));
    assert!(server.stop().0.success());
    taking.join().unwrap();
}

#[tokio::test]
async fn an_address_that_may_not_be_asked_is_refused_before_a_lead_comes() {
    let temp = TempDir::new().unwrap();
    let file = temp.path().join("flow.yaml");
    let path = file.to_str().unwrap();
    let line = |url: &str| format!(r#"{{"integration": "custom_json", "request": {{"url": "{url}"}}}}"#);
    let data = temp.path().join("data");
    let data = data.to_str().unwrap();
    assert!(run(&["key", "list", "--data", data]).status.success());
    let server = Server::start_with(Path::new(data), &["--allow-host", "10.0.0.7:8080"]);
    let to = ["--url", &server.address, "--key", ADMIN];
    for (host, wanted) in [
        ("127.0.0.1:9", "the address 127.0.0.1 is not public"),
        ("2130706433", "the address 127.0.0.1 is not public"),
        ("0x7f000001", "the address 127.0.0.1 is not public"),
        ("[2001:db8::1]", "the address 2001:db8::1 is not public"),
        ("localhost", "\"localhost\" is no host of the public web"),
        ("exa_mple.com", "\"exa_mple.com\" is no host of the public web"),
    ] {
        write_flow(&file, host);
        let advice = format!("--allow-host {}", host.split(':').next().unwrap_or_default());
        for output in [run(&["flow", "check", path]), run(&[&["flow", "publish", path], &to[..]].concat())] {
            let told = text(&output.stderr);
            assert_eq!(output.status.code(), Some(1), "{host}: {told}");
            assert!(told.contains(wanted) && told.contains("is allowed by --allow-host"), "{host}: {told}");
        }
        let tried = tried(&[], &line(&format!("http://{host}/")));
        assert!(tried["error"].as_str().is_some_and(|error| error.contains(wanted)), "{tried}");
        let allowed = if host.starts_with(['2', '0']) { "--allow-host 127.0.0.1" } else { &advice };
        if !host.starts_with('[') {
            let allowed: Vec<&str> = allowed.split(' ').collect();
            assert!(run(&[&["flow", "check", path], &allowed[..]].concat()).status.success(), "{host}");
        }
    }
    assert_eq!(tried(&["--allow-host", "127.0.0.1:9"], &line("http://127.0.0.1:9/"))["method"], "POST");
    write_flow(&file, "10.0.0.7:8080");
    let published = run(&[&["flow", "publish", path], &to[..]].concat());
    assert!(published.status.success(), "{}", text(&published.stderr));
    assert!(server.stop().0.success());
}

/// What `try request` answers to a line.
fn tried(arguments: &[&str], line: &str) -> Value {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), line).unwrap();
    let output = run(&[&["try", "request", file.path().to_str().unwrap()], arguments].concat());
    serde_json::from_slice(&output.stdout).unwrap()
}
