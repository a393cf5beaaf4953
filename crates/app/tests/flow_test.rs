//! `glassline flow test`: good files and failing ones, what is printed, and the files and lines of the docs.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::process::Output;

use expect_test::{Expect, expect};
use tempfile::TempDir;

use support::{run, text};

const REFERENCE: &str = include_str!("../../../docs/flow-reference.md");
const GUIDE: &str = include_str!("../../../docs/user-guide.md");

/// The flow that the user guide speaks of; its tests begin on line 48.
const SOLAR: &str = r#"entities:
  src_web_a: { kind: source, name: Web Form A }
  svc_phone: { kind: service, name: Phone validation }
  buyer_premier: { kind: buyer, name: Premier }
  buyer_shingle: { kind: buyer, name: Shingle, time_zone: America/Chicago, hours: { mon-fri: [ "08:00-20:00" ] } }
secrets: [ phone_check_key ]
flow:
  id: flow_solar
  name: Residential roofs
  enabled: false
  fields: { first_name: first_name, email: { type: email, required: true }, phone_1: phone, state: state, ssn: ssn }
  sources:
    - entity: src_web_a
      allow_from: [ 203.0.113.0/24 ]
      price: { fixed: 10.00 }
      map: [ { to: first_name, value: "{{fname}}" } ]
  steps:
    - id: phone_check
      kind: enhancement
      entity: svc_phone
      integration: custom_query
      request: { url: "https://lookup.example.com/v1", parameters: { number: "{{lead.phone_1}}", key: "{{secret.phone_check_key}}" } }
      response: { outcome: { path: status, term: ok }, values: { line_type: [ mobile, landline ] } }
      timeout: 5s
    - id: premier
      kind: recipient
      entity: buyer_premier
      when: { field: phone_check.line_type, op: is not equal to, value: landline }
      integration: custom_soap
      request: { wsdl: "https://premier.example.com/lead.wsdl", function: AddLead, fields: { Email: "{{lead.email}}" } }
      response: { outcome: { path: "//status", term: accepted } }
      price: { fixed: 30.00 }
      retry: { attempts: 4, backoff: [ 10s, 1d ] }
    - id: shingle
      kind: recipient
      entity: buyer_shingle
      integration: custom_form
      request: { url: "https://buyer.example.com/post", fields: { email: "{{lowercase lead.email}}", ssn: "{{lead.ssn}}" } }
      price: { fixed: 25.00 }
    - id: desk
      kind: recipient
      entity: svc_phone
      counts_as: copy
      when: { field: lead.state, op: is equal to, value: NY }
      integration: email
      request: { to: desk@example.com, subject: Lead, text: "{{lead.first_name}}" }
"#;

/// A test of this name that submits a lead from Texas, or what `lines` say instead.
fn test(name: &str, lines: &str) -> String {
    let mut text = format!("  - name: {name}\n");
    let usual = [
        ("at:", "at: 2026-01-15T16:00:00Z"),
        ("source:", "source: src_web_a"),
        ("submit:", "submit: { fname: Ana, email: ana@example.com, phone_1: \"(512) 555-0143\", state: TX }"),
    ];
    let usual = usual.into_iter().filter(|(key, _)| !lines.starts_with(key)).map(|(_, line)| line);
    for line in usual.chain(lines.lines()) {
        text.push_str(&format!("    {line}\n"));
    }
    text
}

/// Runs the tests of a file of this text; in what is printed it is called `flow.yaml`.
fn tried(file: &str, more: &[&str]) -> (Option<i32>, String, String) {
    let temp = TempDir::new().unwrap();
    let path = temp.path().join("flow.yaml").to_str().unwrap().to_owned();
    std::fs::write(&path, file).unwrap();
    let mut arguments = vec!["flow", "test", path.as_str()];
    arguments.extend(more);
    let Output { status, stdout, stderr } = run(&arguments);
    let plain = |bytes: &[u8]| text(bytes).replace(&path, "flow.yaml");
    (status.code(), plain(&stdout), plain(&stderr))
}

fn check(tests: &str, code: i32, wanted: &Expect) {
    let (status, stdout, stderr) = tried(&format!("{SOLAR}tests:\n{tests}"), &[]);
    wanted.assert_eq(&stdout);
    assert_eq!(status, Some(code), "{stderr}");
}

#[test]
fn what_is_expected_comes() {
    let tests = [
        test(
            "the first buyer takes it at the third attempt, a day later",
            "replies:
  phone_check: { body: { status: ok, line_type: mobile } }
  premier: [ { fault: timeout }, { fault: tls }, { body: \"<r><status>accepted</status></r>\" } ]
  shingle: { status: 200, delay: 9999ms }
expect:
  - source.accepted price 10.00
  - recipient.error premier reason Buyer timeout after 10000ms
  - retry.scheduled premier
  - recipient.delivered shingle price 25
  - flow.completed outcome success margin 15
  - retry.attempted premier
  - \"recipient.error premier reason Buyer connection not secure: the certificate of the host is not valid for it\"
  - recipient.delivered premier price 30.00",
        ),
        test(
            "the last reply is given again",
            "replies:
  phone_check: {}
  premier: [ { status: 500 }, { fault: reset } ]
  shingle: {}
expect:
  - recipient.error premier
  - recipient.error premier
  - recipient.error premier
  - \"recipient.error premier reason Buyer reply not complete: the connection was reset before the reply was whole\"",
        ),
        test(
            "a slow service is not waited for",
            "replies: { phone_check: { delay: 5s }, premier: {}, shingle: {} }
expect: [ enhancement.error phone_check reason Service timeout after 5000ms, flow.completed outcome success ]",
        ),
        test(
            "at night nobody takes it",
            "at: 2026-01-15T06:00:00Z
replies: { phone_check: { body: { status: ok, line_type: landline } } }
expect: [ recipient.skipped premier, recipient.skipped shingle, flow.completed margin -10 ]",
        ),
        test(
            "somebody else is refused",
            "submit: { fname: Ana }
exact: true
expect:
  - source.submitted
  - \"source.rejected reason Missing required field: email\"
  - flow.completed outcome failure margin 0",
        ),
        test(
            "a mail server has its say",
            "submit: { email: ana@example.com, state: NY, is_test: 1 }
replies: { phone_check: {}, premier: {}, shingle: {}, desk: [ { status: 550, body: No such mailbox } ] }
expect: [ recipient.failed desk, flow.completed margin 0 ]",
        ),
        test(
            "a mail server takes it",
            "submit: { email: ana@example.com, state: NY }
replies: { phone_check: {}, premier: {}, shingle: {}, desk: {} }
expect: [ recipient.delivered desk price 0 ]",
        ),
    ];
    check(
        &tests.concat(),
        0,
        &expect![[r#"
            ok      flow.yaml:48: the first buyer takes it at the third attempt, a day later
            ok      flow.yaml:65: the last reply is given again
            ok      flow.yaml:78: a slow service is not waited for
            ok      flow.yaml:84: at night nobody takes it
            ok      flow.yaml:90: somebody else is refused
            ok      flow.yaml:99: a mail server has its say
            ok      flow.yaml:105: a mail server takes it
            7 tests: 7 ok, 0 failed
        "#]],
    );
}

#[test]
fn what_does_not_come_is_told_with_what_came() {
    let replies = "replies: { phone_check: { body: { status: ok, line_type: landline } }, shingle: {} }";
    let tests = [
        test(
            "another price",
            &format!("{replies}\nexpect: [ source.accepted, recipient.delivered shingle price 24.00 ]"),
        ),
        test(
            "never",
            &format!("{replies}\nexpect:\n  - recipient.skipped premier\n  - recipient.delivered premier"),
        ),
        test("out of order", &format!("{replies}\nexpect:\n  - flow.completed\n  - source.accepted")),
        test(
            "one too many",
            &format!("{replies}\nexact: true\nexpect: [ source.submitted, source.accepted ]"),
        ),
        test("good", &format!("{replies}\nexpect: [ flow.completed ]")),
        test(
            "nobody is asked who is not given a reply",
            "replies: { premier: { status: 503 } }\nexpect: [ flow.completed ]",
        ),
    ];
    check(
        &tests.concat(),
        1,
        &expect![[r#"
            FAILED  flow.yaml:48: another price
                    line 53 expects: recipient.delivered shingle price 24
                    instead came:  recipient.delivered shingle price 25
                    all that came, as it can stand below "expect" where it is right:
                  - source.submitted
                  - source.accepted price 10
                  - enhancement.success phone_check
                  - recipient.skipped premier reason Phone check line type must not be equal to landline
                  - recipient.attempted shingle
                  - recipient.delivered shingle price 25
                  - recipient.skipped desk reason State must be equal to NY
                  - flow.completed outcome success margin 15
            FAILED  flow.yaml:54: never
                    line 61 expects: recipient.delivered premier
                    no such event came after what line 60 expects: recipient.skipped premier
                    all that came, as it can stand below "expect" where it is right:
                  - source.submitted
                  - source.accepted price 10
                  - enhancement.success phone_check
                  - recipient.skipped premier reason Phone check line type must not be equal to landline
                  - recipient.attempted shingle
                  - recipient.delivered shingle price 25
                  - recipient.skipped desk reason State must be equal to NY
                  - flow.completed outcome success margin 15
            FAILED  flow.yaml:62: out of order
                    line 69 expects: source.accepted
                    it came, but before what line 68 expects: flow.completed
                    all that came, as it can stand below "expect" where it is right:
                  - source.submitted
                  - source.accepted price 10
                  - enhancement.success phone_check
                  - recipient.skipped premier reason Phone check line type must not be equal to landline
                  - recipient.attempted shingle
                  - recipient.delivered shingle price 25
                  - recipient.skipped desk reason State must be equal to NY
                  - flow.completed outcome success margin 15
            FAILED  flow.yaml:70: one too many
                    more came than is expected, and with "exact: true" nothing more may
                    the first of it:  enhancement.success phone_check
                    all that came, as it can stand below "expect" where it is right:
                  - source.submitted
                  - source.accepted price 10
                  - enhancement.success phone_check
                  - recipient.skipped premier reason Phone check line type must not be equal to landline
                  - recipient.attempted shingle
                  - recipient.delivered shingle price 25
                  - recipient.skipped desk reason State must be equal to NY
                  - flow.completed outcome success margin 15
            ok      flow.yaml:77: good
            FAILED  flow.yaml:83: nobody is asked who is not given a reply
                    the step phone_check is given no reply; give one below "replies": phone_check: { status: 200 }
                    the step shingle is given no reply; give one below "replies": shingle: { status: 200 }
                    all that came, as it can stand below "expect" where it is right:
                  - source.submitted
                  - source.accepted price 10
                  - "enhancement.error phone_check reason Service not reachable: no reply is given"
                  - recipient.attempted premier
                  - "recipient.error premier reason Buyer error: HTTP 503"
                  - retry.scheduled premier
                  - recipient.attempted shingle
                  - "recipient.error shingle reason Buyer not reachable: no reply is given"
                  - recipient.skipped desk reason State must be equal to NY
                  - flow.completed outcome success margin -10
                  - retry.attempted premier
                  - recipient.attempted premier
                  - "recipient.error premier reason Buyer error: HTTP 503"
                  - retry.scheduled premier
                  - retry.attempted premier
                  - recipient.attempted premier
                  - "recipient.error premier reason Buyer error: HTTP 503"
                  - retry.scheduled premier
                  - retry.attempted premier
                  - recipient.attempted premier
                  - "recipient.error premier reason Buyer error: HTTP 503"
            6 tests: 1 ok, 5 failed
        "#]],
    );
}

/// The files that say all that a flow file can say.
const EXAMPLES: [&str; 2] = ["flow_solar.yaml", "flow_auto_pingpost.yaml"];

fn example(name: &str) -> String {
    format!("{}/../../examples/{name}", env!("CARGO_MANIFEST_DIR"))
}

/// Every test of every file there is, each named in what is printed.
#[test]
fn the_tests_of_the_examples_are_met() {
    let there = std::fs::read_dir(example("")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut there: Vec<String> = there.map(|name| name.into_string().unwrap()).collect();
    there.retain(|name| name.ends_with(".yaml"));
    there.sort();
    let mut known = EXAMPLES.to_vec();
    known.sort_unstable();
    assert_eq!(there, known);

    let [solar, auto] = EXAMPLES.map(example);
    let Output { status, stdout, stderr } = run(&["flow", "test", &solar, &auto]);
    let (stdout, stderr) = (text(&stdout), text(&stderr));
    assert_eq!(status.code(), Some(0), "{stdout}{stderr}");
    let mut told = String::new();
    for path in [&solar, &auto] {
        let file = std::fs::read_to_string(path).unwrap();
        let names: Vec<(usize, &str)> = file
            .lines()
            .enumerate()
            .skip_while(|(_, line)| !line.starts_with("tests:"))
            .filter_map(|(at, line)| Some((at + 1, line.strip_prefix("  - name: ")?)))
            .collect();
        assert!(!names.is_empty(), "{path} has tests");
        told.extend(names.iter().map(|(line, name)| format!("ok      {path}:{line}: {name}\n")));
    }
    let count = told.lines().count();
    assert_eq!(stdout, format!("{told}{count} tests: {count} ok, 0 failed\n"));
}

/// The events of the ping come first, then those of the lead that takes its offer up.
#[test]
fn a_lead_takes_up_what_its_ping_was_offered() {
    let auto = std::fs::read_to_string(example(EXAMPLES[1])).unwrap();
    let check = |changes: &[(&str, &str)], code: i32, wanted: &Expect| {
        let file = changes.iter().fold(auto.clone(), |file, (from, to)| {
            assert!(file.contains(from), "{from}");
            file.replace(from, to)
        });
        let (status, stdout, stderr) = tried(&file, &[]);
        wanted.assert_eq(&stdout);
        assert_eq!(status, Some(code), "{stderr}");
    };
    check(
        &[("source.pinged price 17.20", "source.pinged price 17.21")],
        1,
        &expect![[r#"
        FAILED  flow.yaml:62: both bid, both buy, the source gets its share
                line 72 expects: source.pinged price 17.21
                instead came:  source.pinged price 17.2 outcome success
                all that came, as it can stand below "expect" where it is right:
              - recipient.bid north price 12.5 outcome success
              - recipient.bid south price 9 outcome success
              - source.pinged price 17.2 outcome success
              - source.submitted
              - source.accepted price 17.2
              - recipient.bid north price 12.5 outcome success
              - recipient.bid south price 9 outcome success
              - recipient.attempted north
              - recipient.delivered north price 12.5
              - recipient.attempted south
              - "recipient.error south reason Buyer reply not complete: the connection was reset before the reply was whole"
              - filter.passed sold
              - recipient.attempted office
              - recipient.delivered office price 0
              - flow.completed outcome success margin 2.5
        1 test: 0 ok, 1 failed
    "#]],
    );
    check(
        &[("ping: { body: { bid: 9.00 } }, ", "")],
        1,
        &expect![[r#"
        FAILED  flow.yaml:62: both bid, both buy, the source gets its share
                the step south is given no reply to its ping; give one below "replies": south: { ping: { status: 200 } }
                line 72 expects: source.pinged price 17.2
                instead came:  source.pinged price 10 outcome success
                all that came, as it can stand below "expect" where it is right:
              - recipient.bid north price 12.5 outcome success
              - "recipient.bid south outcome error reason Buyer not reachable: no reply is given"
              - source.pinged price 10 outcome success
              - source.submitted
              - source.accepted price 10
              - recipient.bid north price 12.5 outcome success
              - "recipient.bid south outcome error reason Buyer not reachable: no reply is given"
              - recipient.attempted north
              - recipient.delivered north price 12.5
              - filter.passed sold
              - recipient.attempted office
              - recipient.delivered office price 0
              - flow.completed outcome success margin 2.5
        1 test: 0 ok, 1 failed
    "#]],
    );
    check(
        &[(", post: { body: \"<r><status>ok</status></r>\" } }", " }")],
        1,
        &expect![[r#"
        FAILED  flow.yaml:62: both bid, both buy, the source gets its share
                the step north is given no reply; give one below "replies": north: { post: { status: 200 } }
                line 73 expects: recipient.delivered north price 12.5
                instead came:  recipient.error north reason Buyer not reachable: no reply is given
                all that came, as it can stand below "expect" where it is right:
              - recipient.bid north price 12.5 outcome success
              - recipient.bid south price 9 outcome success
              - source.pinged price 17.2 outcome success
              - source.submitted
              - source.accepted price 17.2
              - recipient.bid north price 12.5 outcome success
              - recipient.bid south price 9 outcome success
              - recipient.attempted north
              - "recipient.error north reason Buyer not reachable: no reply is given"
              - recipient.attempted south
              - "recipient.error south reason Buyer reply not complete: the connection was reset before the reply was whole"
              - filter.failed sold reason No buyer
              - flow.completed outcome failure margin 0 reason No buyer
        1 test: 0 ok, 1 failed
    "#]],
    );
    // Nobody bids, so that there is no offer; the lead is submitted all the same.
    check(
        &[("<price>12.50</price>", ""), ("bid: 9.00", "bid: 0")],
        1,
        &expect![[r#"
        FAILED  flow.yaml:62: both bid, both buy, the source gets its share
                line 72 expects: source.pinged price 17.2
                instead came:  source.pinged price 0 outcome failure reason no bid
                all that came, as it can stand below "expect" where it is right:
              - recipient.bid north outcome failure reason No bid
              - recipient.bid south outcome failure reason No bid
              - source.pinged price 0 outcome failure reason no bid
              - source.submitted
              - source.accepted
              - recipient.bid north outcome failure reason No bid
              - recipient.bid south outcome failure reason No bid
              - filter.failed sold reason No buyer
              - flow.completed outcome failure margin 0 reason No buyer
        1 test: 0 ok, 1 failed
    "#]],
    );
    // North would bid less the second time: a lead has the offer of its ping, unless it names another.
    let bid = "{ body: \"<r><price>12.50</price><token>t1</token></r>\" }";
    let twice = format!("[ {bid}, {} ]", bid.replace("12.50", "3.00"));
    check(
        &[(bid, &twice)],
        0,
        &expect![[r#"
        ok      flow.yaml:62: both bid, both buy, the source gets its share
        1 test: 1 ok, 0 failed
    "#]],
    );
    let own = ("phone_1: \"(512) 555-0143\", state", "ping_token: ping_0123456789abcdef01234567, state");
    check(
        &[(bid, &twice), own],
        1,
        &expect![[r#"
        FAILED  flow.yaml:62: both bid, both buy, the source gets its share
                line 73 expects: recipient.delivered north price 12.5
                instead came:  recipient.delivered north price 3
                all that came, as it can stand below "expect" where it is right:
              - recipient.bid north price 12.5 outcome success
              - recipient.bid south price 9 outcome success
              - source.pinged price 17.2 outcome success
              - source.submitted
              - source.accepted
              - recipient.bid north price 3 outcome success
              - recipient.bid south price 9 outcome success
              - recipient.attempted south
              - "recipient.error south reason Buyer reply not complete: the connection was reset before the reply was whole"
              - recipient.attempted north
              - recipient.delivered north price 3
              - filter.passed sold
              - recipient.attempted office
              - recipient.delivered office price 0
              - flow.completed outcome success margin 0.6
        1 test: 0 ok, 1 failed
    "#]],
    );
}

/// What a failed test prints can be pasted below `expect`.
#[test]
fn what_came_can_be_pasted() {
    let replies = "replies: { phone_check: {}, premier: [ { fault: tls }, { status: 503 }, { fault: timeout }, { fault: reset } ], \
                   shingle: { body: \"not for \\\"me\\\": too far # away\" } }\nexact: true";
    let file =
        |expect: &str| format!("{SOLAR}tests:\n{}", test("all", &format!("{replies}\nexpect:\n{expect}")));
    let (status, stdout, _) = tried(&file("  - source.submitted"), &[]);
    assert_eq!(status, Some(1));
    let came: String =
        stdout.lines().filter(|line| line.starts_with("      - ")).map(|line| format!("{line}\n")).collect();
    assert!(came.lines().count() > 15 && came.contains(": "), "{came}");
    // The lines stand as far to the right as they do in the file.
    let (status, stdout, stderr) = tried(&(file("").trim_end().to_owned() + "\n" + &came), &[]);
    assert_eq!(
        (status, stdout.as_str()),
        (Some(0), "ok      flow.yaml:48: all\n1 test: 1 ok, 0 failed\n"),
        "{stderr}"
    );
}

#[test]
fn a_program_reads_how_each_test_went() {
    let replies = "replies: { phone_check: {}, premier: {}, shingle: {} }";
    let file = format!(
        "{SOLAR}tests:\n{}{}",
        test("one", &format!("{replies}\nexpect: [ source.accepted ]")),
        test("two", "submit: {}\nexpect: [ source.accepted ]")
    );
    let (status, stdout, stderr) = tried(&file, &["--json"]);
    assert_eq!(status, Some(1), "{stderr}");
    let lines: Vec<serde_json::Value> =
        stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [one, two] = lines.as_slice() else { panic!("{stdout}") };
    assert_eq!((&one["ok"], &one["problems"]), (&true.into(), &serde_json::json!([])));
    expect![[r#"
        {
          "came": [
            "source.submitted",
            "source.rejected reason Missing required field: email",
            "flow.completed outcome failure margin 0 reason Missing required field: email"
          ],
          "file": "flow.yaml",
          "line": 54,
          "name": "two",
          "ok": false,
          "problems": [
            "line 58 expects: source.accepted",
            "instead came:  source.rejected reason Missing required field: email"
          ]
        }"#]]
    .assert_eq(&serde_json::to_string_pretty(two).unwrap());
}

#[test]
fn tests_are_chosen_by_name() {
    let replies = "replies: { phone_check: {}, premier: {}, shingle: {} }\nexpect: [ source.accepted ]";
    let file = format!("{SOLAR}tests:\n{}{}", test("one", replies), test("two", replies));
    let (status, stdout, _) = tried(&file, &["--test", "tw"]);
    assert_eq!((status, stdout.lines().count()), (Some(0), 2), "{stdout}");
    assert!(
        stdout.starts_with("ok      flow.yaml:") && stdout.contains(": two\n1 test: 1 ok, 0 failed"),
        "{stdout}"
    );
    let (status, _, stderr) = tried(&file, &["--test", "three"]);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("error: no test has \"three\" in its name"), "{stderr}");
    let (status, _, stderr) = tried(SOLAR, &[]);
    assert_eq!(status, Some(1));
    assert!(stderr.contains("there are no tests"), "{stderr}");
}

#[test]
fn a_file_that_cannot_be_used_fails_and_the_others_are_tried() {
    let good = format!("{SOLAR}tests:\n{}", test("one", "submit: {}\nexpect: [ source.rejected ]"));
    let temp = TempDir::new().unwrap();
    let bad = temp.path().join("bad.yaml").to_str().unwrap().to_owned();
    std::fs::write(&bad, good.replace("source.rejected", "source.rejcted")).unwrap();
    let missing = temp.path().join("missing.yaml").to_str().unwrap().to_owned();
    let (status, stdout, stderr) = tried(&good, &[&bad, &missing]);
    assert_eq!(status, Some(1));
    assert!(stdout.ends_with(": one\n1 test: 1 ok, 0 failed, 2 files cannot be used\n"), "{stdout}");
    let wanted = "bad.yaml cannot be used\nline 52: \"source.rejcted\" is not a type of event; did you mean source.rejected?";
    assert!(stderr.contains(wanted) && stderr.contains("missing.yaml"), "{stderr}");

    // Checking and publishing read tests as strictly; what they are told is the same.
    let output = run(&["flow", "check", &bad]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("source.rejcted"));
}

#[test]
fn a_change_of_tests_alone_is_no_new_version() {
    let flow =
        "flow:\n  id: flow_x\n  name: X\n  fields: { email: email }\n  sources: [ { entity: src_web } ]\n";
    let tests = "tests:\n  - { name: a, at: 2026-01-15T16:00:00Z, source: src_web, submit: {}, expect: [ source.accepted ] }\n";
    let temp = TempDir::new().unwrap();
    let (data, path) = (temp.path().join("data"), temp.path().join("flow.yaml"));
    let (data, path) = (data.to_str().unwrap(), path.to_str().unwrap());
    let published = |file: &str| {
        std::fs::write(path, file).unwrap();
        let output = run(&["flow", "publish", path, "--data", data]);
        text(&output.stdout)
    };
    assert_eq!(published(flow), "Published version 1 of flow_x\n");
    let same = "Version 1 of flow_x is this very file; nothing changed\n";
    assert_eq!(published(&format!("{flow}{tests}")), same);
    assert_eq!(published(&format!("{flow}{}", tests.replace("name: a", "name: b"))), same);
    let check = run(&["flow", "check", path]);
    assert!(text(&check.stdout).ends_with(&format!("It has 1 test; try with: glassline flow test {path}\n")));
}

/// What is not done yet is not promised in silence.
#[test]
fn retention_is_said_to_have_no_effect_yet() {
    let flow =
        "flow:\n  id: flow_x\n  name: X\n  fields: { email: email }\n  sources: [ { entity: src_web } ]\n";
    let temp = TempDir::new().unwrap();
    let (data, path) = (temp.path().join("data"), temp.path().join("flow.yaml"));
    let (data, path) = (data.to_str().unwrap(), path.to_str().unwrap());
    let warning = "warning: the retention of flow_x is on record with it; nothing is deleted by it yet";
    for (file, is_warned) in
        [(flow.to_owned(), false), (format!("{flow}  retention: {{ bodies: 30d }}\n"), true)]
    {
        std::fs::write(path, file).unwrap();
        for arguments in [vec!["flow", "check", path], vec!["flow", "publish", path, "--data", data]] {
            let output = run(&arguments);
            assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
            assert_eq!(text(&output.stderr).contains(warning), is_warned, "{arguments:?}");
        }
    }
}

/// The text of the first block of this kind that holds something.
fn block<'a>(page: &'a str, kind: &str, holds: &str) -> &'a str {
    let fence = format!("```{kind}\n");
    let mut blocks = page.split(fence.as_str()).skip(1).map(|rest| rest.split_once("```").unwrap().0);
    blocks.find(|block| block.contains(holds)).unwrap()
}

#[test]
fn the_tests_of_the_reference_are_met() {
    for (flow, last) in
        [("flow_tested", "3 tests: 3 ok, 0 failed\n"), ("flow_auction", "1 test: 1 ok, 0 failed\n")]
    {
        let (status, stdout, stderr) = tried(block(REFERENCE, "yaml", flow), &[]);
        assert_eq!(status, Some(0), "{stdout}{stderr}");
        assert!(stdout.ends_with(last), "{stdout}");
    }
}

#[test]
fn the_test_of_the_user_guide_is_met_and_fails_as_it_says() {
    let file = format!("{SOLAR}{}", block(GUIDE, "yaml", "a landline skips Premier"));
    let (status, stdout, stderr) = tried(&file, &[]);
    assert_eq!(status, Some(0), "{stdout}{stderr}");
    let (status, stdout, _) = tried(&file.replace("price: { fixed: 25.00 }", "price: { fixed: 24.00 }"), &[]);
    assert_eq!(status, Some(1));
    assert_eq!(stdout.replace("flow.yaml", "flow_solar.yaml"), block(GUIDE, "text", "FAILED"));
}
