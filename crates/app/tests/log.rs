//! What the process logs of what others say: nothing, however much is asked for.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;

use support::{ADMIN, Server, glassline, run, text};
use tempfile::TempDir;

/// The reader of HTML logged each word of a page at `debug`, and partners repeat what they are sent.
#[test]
fn a_page_that_repeats_the_lead_is_not_logged() {
    let temp = TempDir::new().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let buyer = listener.local_addr().unwrap().to_string();
    let answering = std::thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(&stream).lines().map(Result::unwrap);
        lines.take_while(|line| !line.is_empty()).for_each(drop);
        let page = "<!DOCTYPE html><title>zebulon</title><p class=zebulon>No zebulon@example.com</p>";
        let head =
            format!("HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: {}\r\n\r\n", page.len());
        (&stream).write_all(format!("{head}{page}").as_bytes()).unwrap();
    });
    let flow = format!(
        "entities: {{ src_a: {{ kind: source, name: A }}, buyer_b: {{ kind: buyer, name: B }} }}\n\
         flow:\n  id: flow_own\n  name: Own\n  fields: {{ email: email }}\n  sources: [ {{ entity: src_a }} ]\n  \
         steps:\n    - id: own\n      kind: recipient\n      entity: buyer_b\n      integration: custom_query\n      \
         request: {{ url: \"http://{buyer}/\", parameters: {{ mail: \"{{{{lead.email}}}}\" }} }}\n      \
         response: {{ outcome: {{ path: p, term: \"no\", on_match: failure }} }}\n"
    );
    let file = temp.path().join("flow.yaml");
    std::fs::write(&file, flow).unwrap();
    let data = temp.path().join("data");
    let data = data.to_str().unwrap();
    let published = run(&["flow", "publish", file.to_str().unwrap(), "--data", data]);
    assert!(published.status.success(), "{}", text(&published.stderr));
    let serve = ["serve", "--data", data, "--listen", "127.0.0.1:0", "--allow-host", &buyer];
    let server = Server::spawn(glassline(&[&["--log", "trace,html5ever=trace"], &serve[..]].concat()));
    let to = ["--url", &server.address, "--key", ADMIN, "--flow", "flow_own", "--source", "src_a"];
    let output = run(&[&["submit"], &to[..], &["email=zebulon@example.com"]].concat());
    assert!(text(&output.stdout).contains("lead_"), "{}", text(&output.stderr));
    let (status, _, log) = server.stop();
    answering.join().unwrap();
    assert!(status.success());
    assert!(log.contains("DEBUG") || log.contains("INFO"), "{log}");
    assert!(!log.contains("zebulon"), "{log}");
}
