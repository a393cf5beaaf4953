//! What people who move to Glassline are used to: recorded submissions and answers, and those where a
//! ruling of ours says better. Each is tried as `glassline try intake` does.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::BTreeMap;

use serde_json::{Value, json};
use wire::inbound::try_intake;

/// One case a line: `{id, op, request, expected}`, and `vars`, `fields` for answers.
const CASES: &str = include_str!("data/inbound.jsonl");

/// What a line gives, as one of JSON.
fn try_line(line: &Value) -> Value {
    try_intake(line).unwrap_or_else(|error| json!({ "error": error }))
}

/// Cases that a ruling overrides: the answer we give, and why. There are none.
const OVERRIDDEN: &[(&str, &str, &str)] = &[];

/// A case as a line to be tried.
fn line(case: &Value) -> Value {
    let mut line = case["request"].clone();
    if case["op"] == "response" {
        line["answer_for"] = case["vars"].clone();
        line["accept"] = case["request"]["headers"]["Accept"].clone();
        line["fields"] = case["fields"].clone();
    }
    line
}

/// What was recorded, in the words of `try`.
fn wanted(expected: &Value) -> Value {
    match (expected.get("lead"), expected.get("refused"), expected.get("response")) {
        (Some(lead), None, None) => json!({ "lead": lead }),
        (None, Some(refused), None) => json!({ "refusal": refused }),
        (None, None, Some(response)) => response.clone(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn what_no_ruling_overrides_is_as_recorded() {
    let mut counts: BTreeMap<String, (usize, usize)> = BTreeMap::new();
    let mut wrong = Vec::new();
    let mut overridden = 0;
    for case in CASES.lines() {
        let case: Value = serde_json::from_str(case).unwrap();
        let id = case["id"].as_str().unwrap();
        let count = counts.entry(case["op"].as_str().unwrap().to_owned()).or_default();
        let got: Value = try_line(&line(&case));
        let recorded = wanted(&case["expected"]);
        match OVERRIDDEN.iter().find(|(own, _, _)| *own == id) {
            None => {
                count.0 += 1;
                if got != recorded {
                    wrong.push(format!("{id}: {got}\n  not {recorded}"));
                }
            }
            Some((_, answer, ruling)) => {
                count.1 += 1;
                overridden += 1;
                if got != serde_json::from_str::<Value>(answer).unwrap() || got == recorded {
                    wrong.push(format!("{id}: {got}\n  not {answer}: {ruling}"));
                }
            }
        }
    }
    for (name, (matching, by_ruling)) in &counts {
        println!("{name:<10} {matching:>3} as recorded {by_ruling:>3} by a ruling");
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
    assert_eq!(overridden, OVERRIDDEN.len(), "every override has its case");
    let all: usize = counts.values().map(|(matching, by_ruling)| matching + by_ruling).sum();
    assert_eq!((all, CASES.lines().count()), (39, 39));
}

/// Tries a line, and again in the other words.
fn tried(line: &str) -> Value {
    let line: Value = serde_json::from_str(line).unwrap();
    let told = try_line(&line);
    if let (Some(variables), Some(fields)) = (line.get("answer_for"), line.get("fields")) {
        let other = json!({ "vars": variables, "fields": fields, "accept": line["accept"], "request": line });
        assert_eq!(try_line(&other), told);
    }
    told
}

#[test]
fn an_answer_takes_its_form_its_fields_and_its_address() {
    let vars = r#""answer_for":{"outcome":"failure","reason":"a<b\nc","lead":{"id":"1","email":"é@example.com","tags":["x","y"],"age":{"$type":"number","$value":"1.50"},"none":null}}"#;
    let fields =
        r#""fields":["outcome","lead.email","lead.tags","lead.age","lead.none","appended.x.y","price"]"#;
    let told = tried(&format!(
        r#"{{{vars},{fields},"accept":"text/xml","uri":"/flows/f/sources/s/submit?strict=1"}}"#
    ));
    assert_eq!(told["status"], 422);
    assert_eq!(told["headers"]["Content-Type"], "text/xml");
    let body = told["body"].as_str().unwrap();
    assert_eq!(told["headers"]["Content-Length"], body.len(), "bytes, not characters");
    let wanted = "<?xml version=\"1.0\"?>\n<result>\n  <outcome>failure</outcome>\n  <lead>\n    <email>é@example.com</email>\n    \
                  <tags>x</tags>\n    <tags>y</tags>\n    <age>1.5</age>\n  </lead>\n  <price>0</price>\n</result>";
    assert_eq!(body, wanted);
    let told = tried(&format!(r#"{{{vars},"as":"text"}}"#));
    assert_eq!(told["body"], "outcome: failure\nreason: a<b c\nlead_id: 1\nprice: 0\n");
    let told = tried(&format!(r#"{{{vars},"uri":"/submit?redir_url=https://example.com"}}"#));
    assert_eq!((&told["status"], &told["headers"]["Location"]), (&json!(303), &json!("https://example.com")));
    let told = tried(&format!(r#"{{{vars},"accept":"text/html"}}"#));
    assert_eq!(told["status"], 406);
    let told = tried(r#"{"answer_for":{"outcome":"success","price":2.5,"lead":{"id":"1"}},"uri":"/ping"}"#);
    assert_eq!(
        (&told["status"], &told["body"]),
        (&json!(200), &json!(r#"{"outcome":"success","price":2.5}"#))
    );
}

#[test]
fn a_body_counts_when_it_is_announced() {
    let submit = |headers: &str| {
        let line = format!(r#"{{"method":"POST","uri":"/submit?b=2","headers":{headers},"body":"a=1"}}"#);
        try_line(&serde_json::from_str(&line).unwrap())
    };
    let form = r#""content-type":"application/x-www-form-urlencoded""#;
    assert_eq!(submit(&format!("{{{form}}}")), json!({"lead": {"b": "2"}}));
    assert_eq!(submit(&format!(r#"{{{form},"CONTENT-LENGTH":3}}"#)), json!({"lead": {"a": "1", "b": "2"}}));
    assert_eq!(
        submit(&format!(r#"{{{form},"Transfer-Encoding":"chunked"}}"#)),
        json!({"lead": {"a": "1", "b": "2"}})
    );
    assert_eq!(submit(r#"{"Content-Length":"3"}"#)["refusal"]["status"], 415);
}

#[test]
fn what_cannot_be_tried_is_told() {
    for (line, wanted) in [
        ("[]", "a line is a JSON object"),
        ("{}", "a line needs method and uri, for a submission, or answer_for, for an answer"),
        (
            r#"{"uri":"/leads"}"#,
            "\"uri\" must be an address that ends with /submit or /ping before its query",
        ),
        (r#"{"uri":"/submit","body":5}"#, "\"body\" must be text"),
        (r#"{"uri":"/submit","body_base64":"!"}"#, "\"body_base64\" must be base64"),
        (r#"{"answer_for":{},"as":"yaml"}"#, "\"as\" must be json, xml or text"),
    ] {
        assert_eq!(try_line(&serde_json::from_str(line).unwrap()), json!({ "error": wanted }));
    }
}
