//! `glassline events tail`: what happens is shown as it happens, once, also when the server goes away
//! for a while.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::{BufRead as _, BufReader, Lines};
use std::process::{Child, ChildStderr, ChildStdout, Stdio};

use serde_json::Value;
use support::{ADMIN, Server, glassline, prepare, run, text};
use tempfile::TempDir;

/// A tail in a process of its own. Dropped, it is killed.
struct Tailing {
    child: Child,
    shown: Lines<BufReader<ChildStdout>>,
    complaints: Lines<BufReader<ChildStderr>>,
}

impl Tailing {
    /// Starts it; `--after 0` has it begin at the first event, so that no test waits for it to be there.
    fn start(url: &str, more: &[&str]) -> Tailing {
        let arguments =
            [&["events", "tail", "--json", "--after", "0", "--url", url, "--key", ADMIN], more].concat();
        let mut command = glassline(&arguments);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let shown = BufReader::new(child.stdout.take().unwrap()).lines();
        let complaints = BufReader::new(child.stderr.take().unwrap()).lines();
        Tailing { child, shown, complaints }
    }

    fn next(&mut self) -> Value {
        serde_json::from_str(&self.shown.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Tailing {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn submit(url: &str, state: &str) {
    let state = format!("state={state}");
    let to = ["submit", "--url", url, "--key", ADMIN, "--flow", "flow_roofs", "--source", "src_web_form"];
    let output = run(&[&to[..], &["email=ann@example.com", &state]].concat());
    assert!(!output.stdout.is_empty(), "{}", text(&output.stderr));
}

#[test]
fn events_are_shown_as_they_happen_and_none_twice_when_the_server_was_away() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    prepare(&data);
    let mut server = Server::start(&data);
    let url = server.address.clone();
    let mut tailing = Tailing::start(&url, &[]);
    submit(&url, "TX");
    let first: Vec<u64> = (0..5).map(|_| tailing.next()["seq"].as_u64().unwrap()).collect();
    assert!(first.is_sorted_by(|left, right| left + 1 == *right), "{first:?}");

    server.kill();
    // Logs stand on the same stream.
    let complained = tailing.complaints.by_ref().any(|line| line.unwrap().contains("trying again in"));
    assert!(complained, "the tail says that it waits");
    let listen = url.strip_prefix("http://").unwrap();
    let _server = Server::spawn(glassline(&["serve", "--data", data.to_str().unwrap(), "--listen", listen]));
    submit(&url, "OK");
    let types: Vec<(u64, String)> = (0..5)
        .map(|_| tailing.next())
        .map(|event| (event["seq"].as_u64().unwrap(), event["type"].as_str().unwrap().to_owned()))
        .collect();
    assert_eq!(types[0], (first[4] + 1, "source.submitted".to_owned()));
    assert_eq!(types[4], (first[4] + 5, "flow.completed".to_owned()));
}

#[test]
fn filters_apply_and_a_count_ends_it() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    prepare(&data);
    let server = Server::start(&data);
    let mut tailing = Tailing::start(&server.address, &["--type", "filter.failed", "--count", "2"]);
    for state in ["CA", "TX", "NY", "FL"] {
        submit(&server.address, state);
    }
    let reasons: Vec<Value> = (0..2).map(|_| tailing.next()["reason"].clone()).collect();
    assert_eq!(reasons, ["Outside the service area", "Outside the service area"]);
    assert!(tailing.child.wait().unwrap().success());
    assert!(tailing.shown.next().is_none());
}

#[test]
fn a_tail_that_cannot_work_says_so_at_once() {
    let temp = TempDir::new().unwrap();
    let data = temp.path().join("data");
    prepare(&data);
    let server = Server::start(&data);
    let tail = |url: &str, key: &str, more: &[&str]| {
        let output = run(&[&["events", "tail", "--url", url, "--key", key], more].concat());
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr)
    };
    assert!(tail(&server.address, "gl_wrong", &[]).contains("the server says 401"));
    assert!(tail(&server.address, ADMIN, &["--outcome", "bad"]).contains("is not an outcome"));
    assert!(tail("http://127.0.0.1:1", ADMIN, &[]).contains("cannot reach the server"));
}
