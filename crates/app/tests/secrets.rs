//! Secrets through the real binary: a buyer gets them, and nothing that is stored, logged, printed or
//! answered has them, not even opened with the installation's own keys, but for the one record that set
//! them.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};

use domain::Timestamp;
use ledger::{DataDirectory, Ledger, LedgerKind, LedgerOptions, OsEntropy};
use support::{ADMIN, Server, client, glassline, run, text};
use tempfile::TempDir;

const FLOW: &str = r#"
secrets: [ south ]
entities:
  src_web: { kind: source, name: Web }
  buyer_b: { kind: buyer, name: B }
flow:
  id: flow_loans
  name: Loans
  fields: { first_name: first_name }
  sources: [ { entity: src_web } ]
  steps:
    - id: buyer
      kind: recipient
      entity: buyer_b
      integration: custom_json
      request:
        url: "http://BUYER/{{secret.south}}"
        headers: { x-key: "{{secret.south}}" }
        basic_auth: { user: glass, password: "{{secret.south}}" }
        fields: { name: "{{lead.first_name}}", key: "{{secret.south}}" }
      response: { outcome: { path: status, term: accepted }, reason: { path: said } }
"#;

const VALUE: &str = "Blue Whale=7";
const NEXT: &str = "Green Otter=8";
/// Spellings of both, in lower case, and their base64 behind `glass:`.
const NEVER: [&str; 10] = [
    "blue whale=7",
    "blue%20whale",
    "blue+whale",
    "blue\\u0020whale",
    "z2xhc3m6qmx1zsbxagfszt03",
    "green otter=8",
    "green%20otter",
    "green+otter",
    "green\\u0020otter",
    "z2xhc3m6r3jlzw4gt3r0zxi9oa",
];
/// An ordinary value, which the same search finds.
const ORDINARY: &str = "Zebulon";

/// Refuses leads for ever and repeats everything it was sent: address, headers and body.
fn buyer() -> (String, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let (sender, seen) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            let mut reader = BufReader::new(&stream);
            let (mut head, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                if line.trim().is_empty() {
                    break;
                }
                head.push_str(&line);
            }
            let mut body = vec![0; length];
            reader.read_exact(&mut body).unwrap();
            let request = format!("{head}\r\n{}", text(&body));
            let said = serde_json::to_string(&request).unwrap();
            let answer = format!("{{\"status\":\"no\",\"said\":{said},\"again\":{said}}}");
            let start = head.lines().next().unwrap().to_owned();
            let head = format!(
                "content-type: application/json\r\nx-echo: {start}\r\nconnection: close\r\ncontent-length: {}",
                answer.len()
            );
            (&stream).write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n{answer}").as_bytes()).unwrap();
            if sender.send(request).is_err() {
                break;
            }
        }
    });
    (address, seen)
}

fn search(texts: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (place, text) in texts {
        let lower = text.to_lowercase();
        found.extend(
            NEVER.iter().filter(|never| lower.contains(**never)).map(|never| format!("{never} in {place}")),
        );
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

/// Opens every record of both ledgers with the keys of the installation; the bodies of those that set
/// secrets apart.
fn opened(data: &Path, texts: &mut Vec<(String, String)>) -> Vec<String> {
    let directory = DataDirectory::open(data).unwrap();
    let mut set = Vec::new();
    for kind in [LedgerKind::Leads, LedgerKind::Control] {
        let keys = directory.keys(kind, &OsEntropy).unwrap();
        let disk = Arc::new(directory.disk(kind).unwrap());
        let options = LedgerOptions::new("test", kind);
        let now = Timestamp::from_millis(1_800_000_000_000);
        let (ledger, _writer) = Ledger::open(disk, &keys, options, Arc::new(OsEntropy), now).unwrap();
        let reader = ledger.reader();
        for seq in 0..reader.next_seq() {
            let record = reader.record(seq).unwrap().unwrap();
            let (header, body) = (text(&record.header), text(record.body.bytes().unwrap_or_default()));
            if header.contains("\"type\":\"secret.set\"") {
                set.push(body);
            } else {
                texts.push((format!("body {seq} of {}", kind.as_str()), body));
            }
            texts.push((format!("header {seq} of {}", kind.as_str()), header));
        }
    }
    set
}

/// Runs a command with this on its standard input.
fn run_with(arguments: &[&str], input: &str) -> Output {
    let mut command = glassline(arguments);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

#[tokio::test]
async fn a_buyer_gets_them_and_nothing_else_has_them() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    let (buyer, seen) = buyer();
    std::fs::create_dir_all(&data).unwrap();
    let (data_flag, mut texts) = (data.to_str().unwrap(), Vec::new());
    let mut keep = |name: &str, output: Output| {
        texts.push((format!("{name} printed"), text(&output.stdout)));
        texts.push((format!("{name} logged"), text(&output.stderr)));
        (output.status.success(), text(&output.stdout), text(&output.stderr))
    };
    let flow = temp.path().join("flow.yaml");
    std::fs::write(&flow, FLOW.replace("BUYER", &buyer)).unwrap();
    let publish = ["flow", "publish", flow.to_str().unwrap(), "--data", data_flag];
    let (good, _, said) = keep("publish", run(&publish));
    assert!(!good);
    assert!(
        said.contains("line 2: the secret south is not set; set it with: glassline secret set south"),
        "{said}"
    );

    let (good, said, _) =
        keep("set", run_with(&["secret", "set", "south", "--data", data_flag], &format!("{VALUE}\r\n")));
    assert_eq!((good, said.trim()), (true, "The secret south is set"));
    let (good, _, said) =
        keep("set", run_with(&["secret", "set", "south", "--data", data_flag], &format!("{VALUE}\n{VALUE}")));
    assert!(!good && said.contains("one line"), "{said}");
    assert!(keep("publish", run(&publish)).0);

    let server = Server::start_with(Path::new(data_flag), &["--allow-host", &buyer]);
    let url = format!("{}/flows/flow_loans/sources/src_web/submit?first_name={ORDINARY}", server.address);
    let submit = async || {
        let reply = client().post(&url).bearer_auth(ADMIN).send().await.unwrap();
        (format!("the answer to {url}"), reply.text().await.unwrap())
    };
    let answer = submit().await;
    let sent = seen.recv().unwrap();
    assert!(sent.contains(VALUE) && sent.contains("Blue%20Whale%3D7"), "the buyer needs it: {sent}");
    // Rotated over the API: the next lead has the new value.
    let next = temp.path().join("next.txt");
    std::fs::write(&next, format!("{NEXT}\n")).unwrap();
    let mut command =
        glassline(&["secret", "set", "south", "--file", next.to_str().unwrap(), "--url", &server.address]);
    let (good, said, _) = keep("set", command.env("GLASSLINE_KEY", ADMIN).output().unwrap());
    assert_eq!((good, said.trim()), (true, "The secret south has a new value, version 2"));
    std::fs::remove_file(&next).unwrap();
    let again = submit().await;
    assert!(seen.recv().unwrap().contains(NEXT));
    let mut command = glassline(&["secret", "list", "--json", "--url", &server.address]);
    let (good, said, _) = keep("list", command.env("GLASSLINE_KEY", ADMIN).output().unwrap());
    assert!(good && said.contains(r#""flows":["flow_loans"]"#) && said.contains(r#""version":2"#), "{said}");

    texts.extend([answer, again]);
    for target in
        ["/events", "/leads", "/secrets", "/flows", "/flows/flow_loans", "/refusals", "/metrics", "/entities"]
    {
        for query in ["", "?limit=100&reveal=1&why=test&expand=exchange,rules"] {
            let reply =
                client().get(format!("{}{target}{query}", server.address)).bearer_auth(ADMIN).send().await;
            texts.push((format!("{target}{query}"), reply.unwrap().text().await.unwrap()));
        }
    }
    let has = |wanted: &str| {
        texts.iter().any(|(place, text)| place.starts_with("/events") && text.contains(wanted))
    };
    assert!(
        has(ORDINARY) && has("[secret south]") && has("************"),
        "what is revealed shows ordinary values"
    );
    let mut command = glassline(&["secret", "remove", "south", "--url", &server.address]);
    let removed = command.env("GLASSLINE_KEY", ADMIN).output().unwrap();
    assert!(removed.status.success(), "{}", text(&removed.stderr));
    let skipped = submit().await;
    let events = client()
        .get(format!("{}/events?type=recipient.skipped", server.address))
        .bearer_auth(ADMIN)
        .send()
        .await;
    let events = events.unwrap().text().await.unwrap();
    assert!(events.contains("the secret south is not set"), "{events}");
    texts.extend([skipped, ("the skipped step".to_owned(), events)]);
    let (status, stdout, stderr) = server.stop();
    assert!(status.success(), "{stderr}");
    assert!(stderr.contains("INFO"), "the log was captured");
    texts.extend([("stdout".to_owned(), stdout), ("stderr".to_owned(), stderr)]);

    std::fs::remove_file(&flow).unwrap();
    files(&data, &mut texts);
    let set = opened(&data, &mut texts);
    assert_eq!(set.len(), 2);
    assert!(set[0].contains(VALUE) && set[1].contains(NEXT), "the search looks where they are");
    assert!(texts.iter().any(|(place, text)| place.starts_with("body") && text.contains(ORDINARY)));
    assert_eq!(search(&texts), Vec::<String>::new());
}

#[test]
fn the_search_finds_every_spelling() {
    for spelled in [
        "Blue Whale=7",
        "GET /Blue%20Whale%3D7 HTTP/1.1",
        "key=blue+whale%3D7",
        r#"{"key":"Blue\u0020Whale=7"}"#,
        "Authorization: Basic Z2xhc3M6Qmx1ZSBXaGFsZT03",
        "Authorization: Basic Z2xhc3M6R3JlZW4gT3R0ZXI9OA==",
        "x-key: Green Otter=8",
    ] {
        assert!(!search(&[("here".to_owned(), spelled.to_owned())]).is_empty(), "{spelled}");
    }
}

#[test]
fn a_secret_is_no_argument() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    let refused = run(&["secret", "set", "south", VALUE, "--data", data.to_str().unwrap()]);
    assert_eq!(refused.status.code(), Some(2), "clap refuses what it does not know");
    let nothing = run_with(&["secret", "set", "south", "--data", data.to_str().unwrap()], "");
    assert!(!nothing.status.success());
    assert!(text(&nothing.stderr).contains("a secret has 4 to 4096 characters, and this has 0"));
}
