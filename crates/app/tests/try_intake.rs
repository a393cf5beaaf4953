//! `glassline try`: lines in, lines out.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::io::Write as _;
use std::process::Stdio;

use support::{glassline, run, text};

#[test]
fn submissions_are_tried_line_by_line() {
    let mut child = glassline(&["try", "intake"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = "{\"method\":\"GET\",\"uri\":\"/flows/f/sources/s/submit?a.b=1\"}\n\n\
                 {\"method\":\"PUT\",\"uri\":\"/submit\"}\n{\"answer_for\":{\"outcome\":\"success\"}}\n";
    child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let stdout = text(&output.stdout);
    let told: Vec<&str> = stdout.lines().collect();
    assert_eq!(told.len(), 4, "{stdout}");
    assert_eq!(told[0], r#"{"lead":{"a":{"b":"1"}}}"#);
    assert!(told[1].starts_with("{\"error\":") && told[2].contains(r#""status":405"#), "{stdout}");
    assert!(told[3].contains(r#""status":201"#), "{stdout}");
}

#[test]
fn a_line_that_cannot_be_understood_is_told_and_the_next_is_answered() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("lines.jsonl");
    std::fs::write(&path, "{}\n{\"uri\":\"/submit?a=1\"}").unwrap();
    let output = run(&["try", "intake", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(0));
    let stdout = text(&output.stdout);
    assert!(stdout.starts_with("{\"error\":") && stdout.ends_with("{\"lead\":{\"a\":\"1\"}}\n"), "{stdout}");
    assert_eq!(run(&["try", "intake", "/nowhere/at/all"]).status.code(), Some(1));
}
