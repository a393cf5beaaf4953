//! What is made to hurt: what sources send and what partners answer, each read to its end or refused in words, soon,
//! and with no more memory than a large honest body takes.
//!
//! One test, since memory is counted for the whole process.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::io::Write as _;
use std::time::{Duration, Instant};

use domain::{OutcomeSearch, ReasonSearch, ResponseSettings};
use expect_test::expect;
use flate2::Compression;
use flate2::write::GzEncoder;
use peak_alloc::PeakAlloc;
use wire::flow_file::FlowFile;
use wire::inbound::{Door, INTAKE_BODY_BYTES_MAX, InboundHead, read};
use wire::outbound::{REPLY_BODY_BYTES_MAX, Reply, Wsdl, read_reply};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

/// Most memory that reading one of them takes beside the body, in bytes.
const MEMORY_BYTES_MAX: usize = 64 << 20;
/// Longest time that reading one of them takes, in a debug build on a busy machine.
const TIME_MAX: Duration = Duration::from_secs(10);
/// The largest body that anything is read of.
const LARGEST: usize = INTAKE_BODY_BYTES_MAX;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const XML: &str = "text/xml";
const HTML: &str = "text/html";

/// A flow of many filters with many rules, each with one pattern; what is wrong with it, cut.
fn with_patterns(name: &str, filters: usize, pattern: impl Fn(usize) -> String) -> String {
    let mut text = "entities: { src_web: { kind: source, name: Web } }\nflow:\n  id: flow_x\n  name: X\n  fields: { other: string }\n  sources: [ { entity: src_web } ]\n  steps:\n".to_owned();
    for filter in 0..filters {
        text.push_str(&format!("    - id: f{filter}\n      kind: filter\n      require:\n        all:\n"));
        for rule in 0..50 {
            let pattern = pattern(filter * 50 + rule);
            text.push_str(&format!(
                "          - {{ field: lead.other, op: matches pattern, value: '{pattern}' }}\n"
            ));
        }
    }
    bounded(name, || match FlowFile::read(&text) {
        Ok(file) => format!("{} steps", file.flow.steps().len()),
        Err(error) => error.to_string().lines().next().unwrap_or_default().to_owned(),
    })
}

fn flows() -> String {
    let large = |number: usize| format!("{number}\\w{{8}}");
    [
        ("1,000 large patterns", with_patterns("1,000 large patterns", 20, large)),
        ("200 that are too large", with_patterns("200 that are too large", 4, |n| format!("{n}\\w{{2000}}"))),
        ("900 of classes", with_patterns("900 of classes", 18, |n| n.to_string() + &r"[\w&&\W]".repeat(110))),
        ("9,800 small ones", with_patterns("9,800 small ones", 196, |n| format!("^787{n}"))),
        ("3,000 small ones", with_patterns("3,000 small ones", 60, |n| format!("^787{n}"))),
    ]
    .map(|(name, told)| format!("{name}: {told}"))
    .join("\n")
}

/// Reads something, and says what came of it.
fn bounded(name: &str, read: impl FnOnce() -> String) -> String {
    let before = MEMORY.current_usage();
    MEMORY.reset_peak_usage();
    let began = Instant::now();
    let told = read();
    let (took, peak) = (began.elapsed(), MEMORY.peak_usage().saturating_sub(before));
    assert!(took < TIME_MAX, "{name} took {took:?}");
    assert!(peak < MEMORY_BYTES_MAX, "{name} took {} MiB", peak >> 20);
    told
}

fn submitted(name: &str, content_type: &str, content_encoding: Option<&str>, body: &[u8]) -> String {
    let head = InboundHead {
        method: "POST",
        query: "",
        accept: None,
        content_type: Some(content_type.as_bytes()),
        content_encoding: content_encoding.map(str::as_bytes),
    };
    bounded(name, || match read(Door::Submit, &head, body) {
        Ok(parameters) => match parameters.lead() {
            Ok(lead) => format!("{} values", lead.len()),
            Err(refusal) => format!("{} {}", refusal.status(), refusal.text()),
        },
        Err(refusal) => format!("{} {}", refusal.status(), refusal.text()),
    })
}

/// A reply is always read: what cannot be is text, what does not fit is counted.
fn answered(name: &str, content_type: &str, path: &str, body: &str) -> String {
    let settings = ResponseSettings {
        outcome: Some(OutcomeSearch {
            path: Some(path.parse().unwrap()),
            term: Some("accepted".parse().unwrap()),
            on_match: domain::Ending::Success,
        }),
        reason: ReasonSearch { path: Some(path.parse().unwrap()), default: Some("no".into()) },
        ..ResponseSettings::default()
    };
    let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
    let reply = Reply { status: 200, headers, body: body.as_bytes().to_vec() };
    bounded(name, || {
        let reading = read_reply(&settings, &reply);
        format!("{:?}, {} values, {} left out", reading.outcome, reading.appended.len(), reading.truncated)
    })
}

/// Each entity twice the one before: a billion letters if anything expanded.
fn entities() -> String {
    let mut text = "<!DOCTYPE l [<!ENTITY e0 \"ha\">".to_owned();
    for level in 1..30 {
        let before = level - 1;
        text += &format!("<!ENTITY e{level} \"&e{before};&e{before};\">");
    }
    text + "]><l><a>&e29;</a></l>"
}

fn nested(open: &str, close: &str, levels: usize) -> String {
    open.repeat(levels) + "1" + &close.repeat(levels)
}

fn filled(unit: &str) -> String {
    unit.repeat(LARGEST / unit.len())
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[test]
fn what_is_made_to_hurt_costs_no_more_than_a_large_body() {
    expect![[r#"
        1,000 large patterns: line 47: the rule `lead.other matches pattern 35\w{8}` has a pattern that is too large: with it the patterns of the flow take more than 24 MiB; write fewer, or with fewer repetitions and [0-9] and [a-z] for \d and \w
        200 that are too large: line 12: the rule `lead.other matches pattern 0\w{2000}` has a pattern that is too large: it grows too large; ask for fewer repetitions
        900 of classes: line 18: the rule `lead.other matches pattern 6[\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&&\W][\w&` has a pattern that is too large: with it the patterns of the flow take more than 24 MiB; write fewer, or with fewer repetitions and [0-9] and [a-z] for \d and \w
        9,800 small ones: line 6644: the rule `lead.other matches pattern ^7876144` has a pattern that is too large: with it the patterns of the flow take more than 24 MiB; write fewer, or with fewer repetitions and [0-9] and [a-z] for \d and \w
        3,000 small ones: 60 steps"#]].assert_eq(&flows());
    expect![[r#"
        10,000 lists: 400 The parameters nest deeper than 64 levels
        10,000 objects: 400 The parameters nest deeper than 64 levels
        nothing but brackets: 400 The parameters nest deeper than 64 levels
        a list of lists: 400 There are more than 500 parameters, or 10000 values in them
        10,000 elements: 400 The parameters nest deeper than 64 levels
        open elements: 400 The parameters nest deeper than 64 levels
        empty elements: 400 There are more than 500 parameters, or 10000 values in them
        entities: 400 Body does not contain XML or XML is unparseable -- Error: Invalid character entity Line: 0 Column: 768 Char: ;.
        a million fields: 400 There are more than 500 parameters, or 10000 values in them
        one field half a million times: 400 There are more than 500 parameters, or 10000 values in them
        one name of escapes: 400 A parameter cannot be recorded: the name "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"… is too long"#]].assert_eq(&submissions());
    expect![[r#"
        a bomb as a form: 413 The lead is too large; the body may have 1048576 bytes
        a bomb as JSON: 413 The lead is too large; the body may have 1048576 bytes
        empty members as JSON: 0 values"#]]
    .assert_eq(&compressed_submissions());
    expect![[r#"
        10,000 lists: Failure, 3 values, 1 left out
        10,000 objects: Failure, 2 values, 1 left out
        nothing but brackets: Failure, 2 values, 0 left out
        a list of lists: Failure, 1000 values, 299003 left out
        10,000 elements: Failure, 3 values, 9968 left out
        open elements: Failure, 2 values, 0 left out
        empty elements: Failure, 3 values, 150002 left out
        entities: Failure, 2 values, 0 left out
        10,000 levels of HTML: Failure, 2 values, 0 left out
        open levels of HTML: Failure, 2 values, 0 left out
        four times too long: Failure, 2 values, 0 left out"#]]
    .assert_eq(&replies());
    expect![[r#"
        entities: the WSDL is not plain XML in UTF-8 without a document type
        10,000 elements: the WSDL has more elements, or deeper ones, than are read
        too long: the WSDL has 1048576 bytes; at most 262144 are read"#]]
    .assert_eq(&descriptions());
}

fn submissions() -> String {
    let million: String = (0..1_000_000).map(|at| format!("{at:x}=&")).collect();
    let bodies = [
        ("10,000 lists", JSON, nested("[", "]", 10_000)),
        ("10,000 objects", JSON, nested("{\"a\":", "}", 10_000)),
        ("nothing but brackets", JSON, filled("[")),
        ("a list of lists", JSON, format!("[{}[]]", "[],".repeat(300_000))),
        ("10,000 elements", XML, nested("<a>", "</a>", 10_000)),
        ("open elements", XML, filled("<a>")),
        ("empty elements", XML, format!("<l>{}</l>", "<a/>".repeat(250_000))),
        ("entities", XML, entities()),
        ("a million fields", FORM, million[..LARGEST].to_owned()),
        ("one field half a million times", FORM, filled("a&")),
        ("one name of escapes", FORM, filled("%61")),
    ];
    told(
        bodies.map(|(name, content_type, body)| (name, submitted(name, content_type, None, body.as_bytes()))),
    )
}

fn compressed_submissions() -> String {
    let bomb = gzip(&vec![b'a'; 64 * LARGEST]);
    let members = gzip(b"").repeat(LARGEST / gzip(b"").len());
    let bodies = [
        ("a bomb as a form", FORM, bomb.clone()),
        ("a bomb as JSON", JSON, bomb),
        ("empty members as JSON", JSON, members),
    ];
    told(bodies.map(|(name, content_type, body)| (name, submitted(name, content_type, Some("gzip"), &body))))
}

fn replies() -> String {
    let bodies = [
        ("10,000 lists", JSON, "*", nested("[", "]", 10_000)),
        ("10,000 objects", JSON, "a.a", nested("{\"a\":", "}", 10_000)),
        ("nothing but brackets", JSON, "*", filled("[")),
        ("a list of lists", JSON, "*.*", format!("[{}[]]", "[],".repeat(300_000))),
        ("10,000 elements", XML, "//a", nested("<a>", "</a>", 10_000)),
        ("open elements", XML, "//a//a//a", filled("<a>")),
        ("empty elements", XML, "//a//a", format!("<l>{}</l>", "<a/>".repeat(250_000))),
        ("entities", XML, "//a", entities()),
        ("10,000 levels of HTML", HTML, "a a a", nested("<a>", "</a>", 10_000)),
        ("open levels of HTML", HTML, "div div", filled("<div>")),
        (
            "four times too long",
            "text/plain",
            "/accepted/",
            "x".repeat(4 * REPLY_BODY_BYTES_MAX) + "accepted",
        ),
    ];
    told(bodies.map(|(name, content_type, path, body)| (name, answered(name, content_type, path, &body))))
}

fn descriptions() -> String {
    let bodies = [
        ("entities", entities()),
        ("10,000 elements", format!("<definitions>{}</definitions>", nested("<a>", "</a>", 10_000))),
        ("too long", filled("<a/>")),
    ];
    let read = |name, body: &str| bounded(name, || Wsdl::read(body.as_bytes()).unwrap_err().to_string());
    told(bodies.map(|(name, body)| (name, read(name, &body))))
}

fn told<const N: usize>(lines: [(&str, String); N]) -> String {
    lines.map(|(name, told)| format!("{name}: {told}")).join("\n")
}
