use std::sync::Arc;
use std::time::Duration;

use domain::{EventType, Money};
use serde_json::Value;

use super::schema::{assert_refused, assert_valid};
use super::*;

/// A flow with a step of each kind; its tests begin on line 19.
const FLOW: &str = r#"flow:
  id: flow_x
  name: X
  fields: { email: email }
  sources: [ { entity: src_web } ]
  steps:
    - { id: known, kind: filter, require: { field: lead.email, op: is not blank } }
    - { id: check, kind: enhancement, entity: svc_c, integration: custom_query, request: { url: "https://c.example.com/" } }
    - { id: premier, kind: recipient, entity: buyer_p, integration: custom_json, request: { url: "https://p.example.com/" } }
    - id: office
      kind: recipient
      entity: svc_o
      integration: email
      request: { to: desk@example.com, subject: Lead, text: A lead }
    - id: margin
      kind: recipient
      entity: buyer_q
      integration: custom_json
      request: { url: "https://q.example.com/" }
"#;

fn file(tests: &str) -> String {
    format!("{FLOW}tests:\n{tests}")
}

/// One test with these lines below its name, which stands on line 21.
fn with(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("    {line}\n")).collect();
    file(&format!("  - name: a test\n{lines}"))
}

/// One test that says all that it needs, and these lines, the first of them on line 26.
fn filled(lines: &str) -> String {
    with(&format!(
        "at: 2026-01-15T16:00:00Z\nsource: src_web\nsubmit: {{ email: ana@example.com }}\nexpect: [ source.accepted ]\n{lines}"
    ))
}

/// A document as JSON, its tests included.
fn as_json(text: &str) -> String {
    let mut document = Vec::new();
    node::Node::read(text).unwrap().write(&mut document);
    String::from_utf8(document).unwrap()
}

fn read(text: &str) -> FlowFile {
    assert_valid(&as_json(text));
    FlowFile::read(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

#[test]
fn a_test_is_read_whole() {
    let text = with(
        "at: 2026-01-15T10:00:00-06:00\nsource: src_web\n\
         submit: { email: ana@example.com, is_test: 1, owner: { age: 30 }, tags: [ a, b ] }\n\
         replies:\n  check: { body: { status: ok } }\n  premier:\n    - { fault: reset, delay: 2s }\n    - { status: 503, body: Busy, headers: { Retry-After: 30, set-cookie: [ a=1, b=2 ] } }\n  \
         office: {}\n  margin: { post: [ { fault: timeout }, { fault: tls } ] }\n\
         expect: [ source.accepted price 10.00, recipient.error premier ]\nexact: true",
    );
    let file = read(&text);
    let [test] = &*file.tests else { panic!("one test") };
    assert_eq!((test.line, &*test.name, test.is_exact), (21, "a test", true));
    assert_eq!(test.at, "2026-01-15T16:00:00Z".parse().unwrap());
    assert_eq!((test.source_id.as_str(), &test.ping), ("src_web", &None));
    let submit = test.submit.as_ref().unwrap();
    let paths: Vec<&str> = submit.raw.iter().map(|(path, _)| path.as_str()).collect();
    assert_eq!((paths, submit.test), (vec!["email", "is_test", "owner.age", "tags"], true));

    let of = |id: &str| test.replies.iter().find(|replies| replies.step_id.as_str() == id).unwrap();
    let reply = |id: &str, at: usize| match &of(id).post.get(at).unwrap().answer {
        GivenAnswer::Reply(reply) => reply.clone(),
        other => panic!("{other:?}"),
    };
    let json = vec![("content-type".to_owned(), b"application/json".to_vec())];
    let check = reply("check", 0);
    assert_eq!((check.status, &*check.body, check.headers), (200, br#"{"status":"ok"}"#.as_slice(), json));
    let premier = &of("premier").post;
    let reset = GivenReply { delay: Duration::from_secs(2), answer: GivenAnswer::Reset };
    assert_eq!(premier.get(0), Some(&reset));
    let busy = reply("premier", 1);
    assert_eq!((busy.status, &*busy.body), (503, b"Busy".as_slice()));
    assert_eq!(busy.header("retry-after"), Some("30"));
    assert_eq!(busy.headers.len(), 3);
    assert_eq!(premier.get(7), premier.get(1), "the last reply is given again");
    assert_eq!(reply("office", 0).status, 250);
    let answers: Vec<_> = (0..2).map(|at| of("margin").post.get(at).unwrap().answer.clone()).collect();
    assert_eq!(answers, [GivenAnswer::Timeout, GivenAnswer::Tls]);
    assert_eq!(of("margin").ping.get(0), None);

    let lines: Vec<(u64, String)> =
        test.expect.iter().map(|expected| (expected.line, expected.event.to_string())).collect();
    assert_eq!(
        lines,
        [(32, "source.accepted price 10".to_owned()), (32, "recipient.error premier".to_owned())]
    );
}

#[test]
fn tests_are_no_part_of_what_is_published() {
    let without = FlowFile::read(FLOW).unwrap();
    let tested = FlowFile::read(&filled("")).unwrap();
    assert_eq!(tested.document, without.document);
    assert_eq!(FlowFile { tests: Vec::new(), ..tested }, without);
}

#[test]
fn a_test_that_cannot_be_is_told_by_line() {
    check(
        &file("  - nam: x\n  - { name: a, at: noon, source: src_wbe, expect: [] }\n  - 5\n"),
        expect![[r#"
            line 21: a test has no key "nam"; did you mean "name"?
            line 21: a test needs the key "name"
            line 21: a test needs the key "at"
            line 21: a test needs the key "source"
            line 21: a test needs the key "submit", "ping" or both
            line 21: a test needs the key "expect"
            line 22: "noon" is not a moment; write it like 2024-01-15T14:30:45.123Z
            line 22: src_wbe is not a source of the flow; did you mean src_web?
            line 22: a test needs the key "submit", "ping" or both
            line 22: "expect" is empty, so that the test could not fail
            line 23: a test must be a group of keys, not a number"#]],
    );
    check(
        &filled("replys: {}\nexact: yes"),
        expect![[r#"
            line 26: a test has no key "replys"; did you mean "replies"?
            line 27: "exact" must be true or false, not text"#]],
    );
    check(
        &with("at: 2026-01-15T16:00:00Z\nsource: src_web\nsubmit: [ 1 ]\nexpect: [ 1 ]"),
        expect![[r#"
            line 24: submit must be a group of keys, not a list
            line 25: "expect" must be text, not a number; put it in quotes"#]],
    );
    check(
        &with(
            "at: 2026-01-15T16:00:00Z\nsource: src_web\nsubmit: { is_test: perhaps }\nexpect: source.accepted",
        ),
        expect![[r#"
            line 24: "submit": is_test says neither yes nor no; write 1 or 0
            line 25: "expect" must be a list, not text"#]],
    );
    let one = "  - { name: a, at: 2026-01-15T16:00:00Z, source: src_web, submit: {}, expect: [ source.accepted ] }\n";
    check(&file(&format!("{one}{one}")), expect![[r#"line 22: two tests are called "a""#]]);
    check(
        &filled("ping: { email: a@example.com }"),
        expect![[r#"line 26: src_web takes no pings; its key "ping" is to be true"#]],
    );
}

#[test]
fn a_reply_that_cannot_be_is_told_by_line() {
    check(
        &filled(
            "replies:\n  premir: {}\n  known: {}\n  Premier: {}\n  check: { statsu: 200 }\n  premier: []\n  office: 200",
        ),
        expect![[r#"
            line 27: premir is not a step of the flow; did you mean premier?
            line 28: the step known asks nobody, so there is no reply to it
            line 29: "Premier" is not a step id: 1 to 64 of a-z, 0-9 and _
            line 30: a reply has no key "statsu"; did you mean "status"?
            line 31: a list of replies needs a reply
            line 32: a reply must be a group of keys, not a number"#]],
    );
    check(
        &filled(
            "replies:\n  check: { fault: reset, status: 200 }\n  premier: { fault: broken, delay: 25h }\n  \
             margin: [ { fault: timeout, delay: 1s }, { status: 99, headers: { a: { b: c } } } ]\n  \
             office: { post: {}, body: Hello }",
        ),
        expect![[r#"
            line 27: a fault comes in place of a reply, so it has no "status"
            line 28: "delay" is 25h, but must be from 0ms to 1d
            line 28: "fault" is one of reset, timeout, tls, not "broken"
            line 29: a timeout lasts as long as the step waits, so it has no "delay"
            line 29: "status" must be a whole number from 100 to 599
            line 29: "a" must be text, not a group of keys
            line 30: what is said to a ping stands below "ping" and all else below "post", when one of these keys is there"#]],
    );
    check(
        &filled("replies: { premier: { ping: {}, post: {} } }"),
        expect!["line 26: the step premier has no ping, so there is no reply to one"],
    );
    check(
        &filled("replies: { premier: { post: { ping: {} } } }"),
        expect![[r#"line 26: a reply has no key "ping""#]],
    );
}

#[test]
fn an_expected_event_that_cannot_be_is_told() {
    let told = |line: &str| {
        let error = EventLine::read(line, Some(&FlowFile::read(FLOW).unwrap().flow)).unwrap_err();
        format!("{line}: {error}")
    };
    let lines = [
        " ",
        "recipient.delivrd premier",
        "colour",
        "feedback.received",
        "recipient.delivered premir",
        "recipient.delivered known",
        "filter.passed check",
        "retry.scheduled check",
        "source.accepted premier",
        "source.accepted gold",
        "source.accepted margin 2",
        "recipient.delivered premier margin 2",
        "filter.passed known reason Fine",
        "source.submitted outcome success",
        "recipient.delivered premier price",
        "recipient.delivered premier price ten",
        "recipient.delivered premier price 1 price 2",
        "recipient.delivered price 5 6",
        "flow.completed outcome sold",
        "recipient.failed premier outcome success",
        "recipient.failed premier reason",
        "recipient.failed premier because",
    ];
    let all: Vec<String> = lines.into_iter().map(told).collect();
    expect![[r#"
         : an expected event begins with its type, such as recipient.delivered
        recipient.delivrd premier: "recipient.delivrd" is not a type of event; did you mean recipient.delivered?
        colour: "colour" is not a type of event
        feedback.received: nothing that a test does leads to feedback.received
        recipient.delivered premir: "premir" is not a step of the flow; did you mean premier?
        recipient.delivered known: the step known is a filter, of which there is no recipient.delivered
        filter.passed check: the step check is an enhancement, of which there is no filter.passed
        retry.scheduled check: the step check is an enhancement, of which there is no retry.scheduled
        source.accepted premier: source.accepted has no step
        source.accepted gold: "gold" says nothing here; an event is: type [step] [price N] [outcome X] [margin N] [reason …]
        source.accepted margin 2: source.accepted has no margin
        recipient.delivered premier margin 2: recipient.delivered has no margin
        filter.passed known reason Fine: filter.passed has no reason
        source.submitted outcome success: source.submitted has no outcome
        recipient.delivered premier price: after price comes what it is to be
        recipient.delivered premier price ten: "ten" is not an amount; write digits with at most one point, such as 14.00
        recipient.delivered premier price 1 price 2: price stands twice
        recipient.delivered price 5 6: "6" says nothing here; an event is: type [step] [price N] [outcome X] [margin N] [reason …]
        flow.completed outcome sold: "sold" is not an outcome; use success, failure, error or skip
        recipient.failed premier outcome success: the outcome of recipient.failed is always failure
        recipient.failed premier reason: after reason comes what it is to be
        recipient.failed premier because: "because" says nothing here; an event is: type [step] [price N] [outcome X] [margin N] [reason …]"#]]
    .assert_eq(&all.join("\n"));
}

#[test]
fn what_is_expected_reads_as_it_is_written() {
    let flow = FlowFile::read(FLOW).unwrap().flow;
    for (line, written) in [
        ("source.submitted", "source.submitted"),
        ("  source.accepted   price  10.00 ", "source.accepted price 10"),
        ("recipient.delivered margin price 25.00", "recipient.delivered margin price 25"),
        ("flow.completed margin -1.5 outcome success", "flow.completed outcome success margin -1.5"),
        ("recipient.failed premier outcome failure", "recipient.failed premier outcome failure"),
        (
            "recipient.failed premier reason  Too   old: price 5",
            "recipient.failed premier reason Too old: price 5",
        ),
        ("retry.scheduled premier", "retry.scheduled premier"),
    ] {
        assert_eq!(EventLine::read(line, Some(&flow)).unwrap().to_string(), written);
    }
    let line = EventLine::read("recipient.delivered premier price 25.00", Some(&flow)).unwrap();
    assert_eq!(line.price, Some(Money::from_millionths(25_000_000)));
}

#[test]
fn a_line_is_put_in_quotes_where_yaml_would_read_something_else() {
    let line = |reason: &str| EventLine {
        reason: Some(Arc::from(reason)),
        ..EventLine::read("recipient.error premier", None).unwrap()
    };
    for (reason, quoted) in [
        ("Buyer timeout after 10000ms", false),
        ("Too old, \"really\" - {x} [y] 'z' *a &b !c %d @e `f` | > ?", false),
        ("Buyer not reachable: refused", true),
        ("no \"bid\" #1", true),
        ("why:", true),
        ("tab\u{7}", true),
    ] {
        let yaml = line(reason).to_yaml();
        assert_eq!(yaml.starts_with('"'), quoted, "{yaml}");
        let file = FlowFile::read(&with(&format!(
            "at: 2026-01-15T16:00:00Z\nsource: src_web\nsubmit: {{}}\nexpect:\n  - {yaml}"
        )));
        let file = file.unwrap_or_else(|error| panic!("{error}\n{yaml}"));
        assert_eq!(file.tests[0].expect[0].event, line(reason));
    }
}

#[test]
fn a_line_is_true_of_an_event_when_all_it_says_is() {
    let read = |line: &str| EventLine::read(line, None).unwrap();
    let event = read("recipient.bid north price 12.50 outcome success");
    for (line, holds) in [
        ("recipient.bid", true),
        ("recipient.bid north", true),
        ("recipient.bid price 12.5", true),
        ("recipient.bid outcome success", true),
        ("recipient.bid south", false),
        ("recipient.bid north price 12.51", false),
        ("recipient.bid north outcome failure", false),
        ("recipient.bid north reason No bid", false),
        ("recipient.delivered north", false),
    ] {
        assert_eq!(read(line).is_true_of(&event), holds, "{line}");
    }
}

#[test]
fn every_type_that_can_come_is_read_and_every_other_is_told() {
    let told: Vec<&str> = EventType::ALL
        .iter()
        .filter(|known| EventLine::read(known.as_str(), None).is_err())
        .map(|known| known.family())
        .collect();
    assert_eq!(
        told,
        ["feedback", "feedback", "feedback", "feedback", "consent", "consent", "privacy", "ledger", "ledger"]
    );
}

#[test]
fn what_the_reader_refuses_of_tests_the_schema_refuses_too() {
    let good = as_json(&filled(
        "replies: { check: { status: 200 }, premier: [ { fault: reset } ], margin: { post: {} } }",
    ));
    assert_valid(&good);
    for (from, to) in [
        ("\"at\":", "\"on\":"),
        ("\"name\":\"a test\",", ""),
        ("\"submit\":{\"email\":\"ana@example.com\"},", ""),
        ("[\"source.accepted\"]", "[]"),
        ("[\"source.accepted\"]", "\"source.accepted\""),
        ("src_web\",\"submit", "web\",\"submit"),
        ("{\"fault\":\"reset\"}", "{\"fault\":\"broken\"}"),
        ("{\"fault\":\"reset\"}", "{\"fault\":\"reset\",\"body\":\"a\"}"),
        ("[{\"fault\":\"reset\"}]", "[]"),
        ("{\"status\":200}", "{\"status\":99}"),
        ("{\"status\":200}", "{\"delay\":\"soon\"}"),
        ("{\"post\":{}}", "{\"post\":{},\"status\":200}"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        assert!(FlowFile::read(&bad).is_err(), "the reader takes {to} for {from}");
        assert_refused(&bad);
    }
    let value: Value = serde_json::from_str(&good).unwrap();
    assert!(value["tests"][0]["replies"].is_object());
}

proptest! {
    #[test]
    fn any_reason_can_be_pasted(reason in ".{0,40}") {
        let words = reason.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assume!(!words.is_empty());
        let line = EventLine { reason: Some(words.into()), ..EventLine::read("filter.failed known", None).unwrap() };
        let file = FlowFile::read(&filled("").replace("[ source.accepted ]", &format!("\n      - {}", line.to_yaml())));
        let file = file.unwrap_or_else(|error| panic!("{error}\n{}", line.to_yaml()));
        prop_assert_eq!(&file.tests[0].expect[0].event, &line);
    }
}
