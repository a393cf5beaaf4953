//! Sensitive values through the real binary: a buyer gets them, and nothing that is stored, logged or
//! answered has them in clear, not even opened with the installation's own keys.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use domain::Timestamp;
use ledger::{DataDirectory, Ledger, LedgerKind, LedgerOptions, OsEntropy, SensitiveSlot};
use support::{ADMIN, Server, client, run, text};
use tempfile::TempDir;

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web }
  src_old: { kind: source, name: Old }
  buyer_b: { kind: buyer, name: B }
flow:
  id: flow_loans
  name: Loans
  fields: { first_name: first_name, comments: string, ssn: ssn, dob: dob, password: credential, card: credit_card }
  sources:
    - { entity: src_web, answer: [ outcome, reason, lead.id, lead.ssn.first_three, lead.ssn.middle_two, lead.ssn.last_four, buyer.digest ] }
    - { entity: src_old, map: [ { to: ssn, value: "{{social}}" }, { to: dob, value: "{{born}}" } ] }
  steps:
    - id: buyer
      kind: recipient
      entity: buyer_b
      integration: custom_json
      request:
        url: "http://BUYER/leads"
        fields: { name: "{{lead.first_name}}", ssn: "{{lead.ssn}}", dob: "{{lead.dob}}", card: "{{lead.card}}", pass: "{{lead.password}}", last_four: "{{lead.ssn.last_four}}", middle_two: "{{lead.ssn.middle_two}}", digest: "{{md5 lead.ssn}}", pan: "{{substring lead.card start=1 end=8}}" }
      response: { outcome: { path: status, term: accepted }, reason: { path: ssn } }
"#;

/// Digits that must never be seen, with whatever stands between them.
const DIGITS: [&str; 2] = ["219099999", "4111111111111111"];
/// Texts that must never be seen, in lower case.
const TEXTS: [&str; 13] = [
    "\"first_three\":\"219",
    "\"last_four\":\"9999",
    "\"middle_two\":\"09",
    "db1f08a02ae61b3fa13a1999d26c5d3f",
    "41111111",
    "blue-whale-7",
    "blue%2dwhale",
    "1976-01-05",
    "1/5/1976",
    "01/05/1976",
    "1%2f5%2f1976",
    "january 5, 1976",
    "19760105",
];
/// An ordinary value, which the same search finds.
const ORDINARY: &str = "Zebulon";

/// Takes leads for ever and repeats in its answer what it was sent.
fn buyer() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, seen) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut reader = BufReader::new(&stream);
            let mut length = 0;
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let body = text(&body);
            let answer = body.replacen('{', "{\"status\":\"no, it is 219-09-9999 born January 5, 1976\",", 1);
            let head = format!(
                "content-type: application/json\r\nx-echo: 219 09 9999\r\nconnection: close\r\ncontent-length: {}",
                answer.len()
            );
            (&stream).write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{answer}").as_bytes()).unwrap();
            if sender.send(body).is_err() {
                break;
            }
        }
    });
    (address, seen)
}

/// Where something sensitive is found.
fn search(texts: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, text) in texts {
        let plain = text.replace("%2D", "-").replace("%20", " ").replace("\\u00", "").replace("\\", "");
        let squeezed: String = plain.chars().filter(|letter| !" -./+_".contains(*letter)).collect();
        let lower = text.replace('\\', "").to_lowercase();
        found.extend(
            DIGITS
                .iter()
                .filter(|digits| squeezed.contains(**digits))
                .map(|digits| format!("{digits} in {place}")),
        );
        found.extend(
            TEXTS.iter().filter(|part| lower.contains(**part)).map(|part| format!("{part} in {place}")),
        );
        for word in ["219-09-9999", "219099999", "blue-whale-7"] {
            let inner = [BASE64_STANDARD.encode(word), BASE64_URL_SAFE_NO_PAD.encode(word)];
            found.extend(
                inner
                    .iter()
                    .filter(|inner| text.contains(inner.as_str()))
                    .map(|_| format!("{word} in {place} as base64")),
            );
        }
    }
    found
}

fn files(directory: &Path, texts: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, texts);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let letters = bytes.into_iter().map(char::from).filter(|letter| *letter != '\0');
            texts.push((path.display().to_string(), letters.collect()));
        }
    }
}

/// Opens every record of both ledgers with the keys of the installation.
fn opened(data: &Path, texts: &mut Vec<(String, String)>) -> Vec<SensitiveSlot> {
    let directory = DataDirectory::open(data).unwrap();
    let mut slots = Vec::new();
    for kind in [LedgerKind::Leads, LedgerKind::Control] {
        let keys = directory.keys(kind, &OsEntropy).unwrap();
        let disk = Arc::new(directory.disk(kind).unwrap());
        let options = LedgerOptions::new("test", kind);
        let now = Timestamp::from_millis(1_800_000_000_000);
        let (ledger, _writer) = Ledger::open(disk, &keys, options, Arc::new(OsEntropy), now).unwrap();
        let reader = ledger.reader();
        for seq in 0..reader.next_seq() {
            let record = reader.record(seq).unwrap().unwrap();
            texts.push((format!("header {seq} of {}", kind.as_str()), text(&record.header)));
            texts.push((
                format!("body {seq} of {}", kind.as_str()),
                text(record.body.bytes().unwrap_or_default()),
            ));
        }
        slots.extend(ledger.sensitive_slots());
    }
    slots
}

/// Sends the person in every way there is, taken and refused.
async fn submit(address: &str) -> Vec<(String, String)> {
    let client = client();
    let to = |source: &str| format!("{address}/flows/flow_loans/sources/{source}/submit");
    let json = r#"{"first_name":"Zebulon","ssn":"219-09-9999","dob":"1/5/1976","password":"blue-whale-7","card":4111111111111111,"comments":"ssn 219 09 9999, \u0032\u0031\u0039099999, born January 5, 1976, pass blue-whale-7"}"#;
    let form = "first_name=Zebulon&ssn=219%2D09%2D9999&dob=1%2F5%2F1976&password=blue%2Dwhale%2D7&card=4111+1111+1111+1111&comments=219099999+and+1976-01-05";
    let mapped = "first_name=Zebulon&social=219-09-9999&born=01%2F05%2F1976&password=blue-whale-7&card=4111-1111-1111-1111&note=219.09.9999";
    let mut answers = Vec::new();
    for (url, kind, body, status) in [
        (to("src_web"), "application/json", json.to_owned(), 201),
        (to("src_web"), "application/x-www-form-urlencoded", form.to_owned(), 201),
        (format!("{}?{form}", to("src_web")), "application/x-www-form-urlencoded", String::new(), 201),
        (to("src_old"), "application/x-www-form-urlencoded", mapped.to_owned(), 201),
        (to("src_web"), "application/json", format!("{json},"), 400),
        (format!("{}?is_test=219-09-9999", to("src_web")), "application/json", json.to_owned(), 400),
        (format!("{}?redir_url=219-09-9999", to("src_web")), "application/json", json.to_owned(), 400),
    ] {
        let request = client
            .post(&url)
            .bearer_auth(ADMIN)
            .header("content-type", kind)
            .header("idempotency-key", format!("key-{url}-{}", body.len()))
            .header("x-note", "219-09-9999 blue-whale-7")
            .header("cookie", "s=219099999");
        let reply = request.body(body).send().await.unwrap();
        assert_eq!(reply.status().as_u16(), status, "{url}");
        let place = format!("the answer to {url}").split('?').next().unwrap().to_owned();
        let answer = reply.text().await.unwrap();
        if status == 201 && place.contains("src_web") {
            // What the flow says is told, to the source alone.
            assert!(answer.contains(r#""last_four":"9999""#) && answer.contains("db1f08a0"), "{answer}");
            continue;
        }
        answers.push((place, answer));
    }
    answers
}

/// Everything the API tells of leads to somebody who may see everything.
async fn revealed(address: &str, texts: &mut Vec<(String, String)>) {
    let client = client();
    let mut lists = Vec::new();
    for target in ["/events", "/flows/flow_loans/events", "/leads", "/refusals", "/metrics"] {
        for query in [
            "?limit=100",
            "?limit=100&reveal=1&why=test&expand=exchange,rules",
            "?reveal=1&why=test&shape=nested",
        ] {
            let reply =
                client.get(format!("{address}{target}{query}")).bearer_auth(ADMIN).send().await.unwrap();
            let answer = reply.text().await.unwrap();
            lists.push((format!("{target}{query}"), answer));
        }
    }
    assert!(
        lists.iter().any(|(_, answer)| answer.contains(ORDINARY)),
        "what is revealed shows ordinary values"
    );
    texts.extend(lists);
}

#[tokio::test]
async fn a_buyer_gets_them_and_nothing_else_has_them() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    let (buyer, seen) = buyer();
    std::fs::create_dir_all(&data).unwrap();
    let file = temp.path().join("flow.yaml");
    std::fs::write(&file, FLOW.replace("BUYER", &buyer)).unwrap();
    let published = run(&["flow", "publish", file.to_str().unwrap(), "--data", data.to_str().unwrap()]);
    assert!(published.status.success(), "{}", text(&published.stderr));

    let server = Server::start_with(&data, &["--allow-host", &buyer]);
    let mut texts = submit(&server.address).await;
    for _ in 0..4 {
        let sent = seen.recv().unwrap();
        for clear in ["219099999", "1976-01-05", "4111111111111111", "blue-whale-7"] {
            assert!(sent.contains(clear), "the buyer needs {clear}: {sent}");
        }
    }
    revealed(&server.address, &mut texts).await;
    let (status, stdout, stderr) = server.stop();
    assert!(status.success(), "{stderr}");
    assert!(stderr.contains("INFO"), "the log was captured");
    texts.extend([("stdout".to_owned(), stdout), ("stderr".to_owned(), stderr)]);

    // The next start destroys what this life left, and the values sealed in the bodies go with it.
    let server = Server::start_with(&data, &["--allow-host", &buyer]);
    assert!(server.stop().0.success());
    files(&data, &mut texts);
    assert_eq!(opened(&data, &mut texts), [], "no short-lived key is left");
    assert!(texts.iter().any(|(place, text)| place.starts_with("body") && text.contains(ORDINARY)));
    assert!(texts.iter().any(|(place, text)| place.starts_with("body") && text.contains("\"sensitive\"")));
    assert_eq!(search(&texts), Vec::<String>::new());
}

#[test]
fn the_search_finds_every_spelling() {
    for spelled in [
        "ssn=219%2D09%2D9999",
        "219 09 9999",
        "x219099999",
        "4111-1111-1111-1111",
        "4111+1111+1111+1111",
        "Blue-Whale-7",
        "password=blue%2Dwhale%2D7",
        "born 1976-01-05",
        "January 5, 1976",
        "MjE5LTA5LTk5OTk=",
        "1%2F5%2F1976",
    ] {
        assert!(!search(&[("here".to_owned(), spelled.to_owned())]).is_empty(), "{spelled}");
    }
}
