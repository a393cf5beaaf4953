//! The demo: what it prints works when pasted.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use serde_json::Value;
use support::{Server, client, glassline};
use tempfile::TempDir;

/// Sends exactly what a printed curl line says; gives status and JSON.
async fn paste(line: &str) -> (u16, Value) {
    let mut words = words(line).into_iter();
    assert_eq!(words.next().as_deref(), Some("curl"));
    let (mut headers, mut body, mut url) = (Vec::new(), None, None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "-sS" => {}
            "-H" => headers.push(words.next().unwrap()),
            "-d" => body = words.next(),
            _ => assert_eq!(url.replace(word), None),
        }
    }
    let (client, url) = (client(), url.unwrap());
    let mut request = match body {
        Some(body) => client.post(url).body(body),
        None => client.get(url),
    };
    for header in headers {
        let (name, value) = header.split_once(": ").unwrap();
        request = request.header(name, value);
    }
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    (status, serde_json::from_str(&reply.text().await.unwrap()).unwrap())
}

/// Splits a line as a shell does, of which it needs single quotes and blanks.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![];
    for (at, part) in line.split('\'').enumerate() {
        if at % 2 == 1 {
            words.push(part.to_owned());
        } else {
            words.extend(part.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn demo(data: &TempDir) -> Server {
    Server::spawn(glassline(&["demo", "--data", data.path().to_str().unwrap(), "--listen", "127.0.0.1:0"]))
}

#[tokio::test]
async fn the_printed_lines_work_when_pasted_also_after_kill_9() {
    let data = TempDir::new().unwrap();
    let mut server = demo(&data);
    let key = server.line("Admin key: ");
    let (submit, list) = (server.line("curl "), server.line("curl "));
    let (status, answer) = paste(&submit).await;
    assert_eq!((status, &answer["outcome"]), (201, &"success".into()));
    let (status, events) = paste(&list).await;
    assert_eq!(status, 200);
    let told = |events: &Value| -> Vec<String> {
        let events = events["data"].as_array().unwrap().iter().rev();
        events.map(|event| format!("{} {}", event["lead_seq"], event["type"].as_str().unwrap())).collect()
    };
    let chain =
        ["1 source.submitted", "2 source.accepted", "3 filter.passed", "4 filter.passed", "5 flow.completed"];
    assert_eq!(told(&events), chain);
    assert_eq!(events["data"][4]["lead"]["email"], "j•••@example.com");

    server.kill();
    let mut server = demo(&data);
    assert_eq!(server.line("Admin key: "), key, "the demo keeps its key");
    server.line("curl ");
    let (status, events) = paste(&server.line("curl ")).await;
    assert_eq!((status, told(&events)), (200, chain.map(str::to_owned).to_vec()));
    let (status, ..) = server.stop();
    assert!(status.success());
}
