//! `glassline try`: a question a line, an answer a line.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

fn start(arguments: &[&str]) -> Child {
    Command::new(env!("CARGO_BIN_EXE_glassline"))
        .args(["try"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The answers to some lines.
fn answers(arguments: &[&str], lines: &[u8]) -> Vec<Value> {
    let mut child = start(arguments);
    let mut stdin = child.stdin.take().unwrap();
    let lines = lines.to_vec();
    let writing = std::thread::spawn(move || {
        stdin.write_all(&lines).unwrap();
    });
    let output = child.wait_with_output().unwrap();
    writing.join().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let stdout = String::from_utf8(output.stdout).unwrap();
    stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn answer(arguments: &[&str], question: &Value) -> Value {
    let answers = answers(arguments, format!("{question}\n").as_bytes());
    assert_eq!(answers.len(), 1, "{answers:?}");
    answers.into_iter().next().unwrap()
}

#[test]
fn a_template_is_filled_with_a_tree_or_dotted_names() {
    let at = ["template", "--now", "2026-01-15T12:00:00Z", "--time-zone", "America/Chicago"];
    for (template, vars, wanted) in [
        ("plain", json!({}), json!("plain")),
        ("{{lead.age}}", json!({ "lead": { "age": 40 } }), json!(40)),
        ("{{lead.age}}!", json!({ "lead.age": 40 }), json!("40!")),
        ("{{lead.price}}", json!({ "lead": { "price": 0.1 } }), json!(0.1)),
        ("{{lead.tags}}", json!({ "lead": { "tags": ["a", "b"] } }), json!(["a", "b"])),
        (
            "{{lead.tags.1}}{{lead.people.0.name}}",
            json!({ "lead": { "tags": ["a", "b"], "people": [{ "name": "Bo" }] } }),
            json!("bBo"),
        ),
        (
            "{{lead.phone.area}} {{lead.phone}} {{lead.phone.valid}}",
            json!({ "lead": { "phone": { "$type": "phone", "$value": "(512) 555-0143" } } }),
            json!("512 5125550143 true"),
        ),
        ("{{format now \"YYYY-MM-DD HH:mm z\"}}", json!({}), json!("2026-01-15 06:00 CST")),
        ("{{random}}/{{lead.unknown}}/{{check.unknown}}", json!({ "random": 41 }), json!("41//")),
        ("{{lead.unknown}}", json!({}), json!(null)),
        (
            "{{lead.phone_1.raw}}/{{lead.amount}}/{{lead.amount.raw}}",
            json!({ "lead": {
                "phone_1": { "$type": "phone", "$value": "(512) 555-0143" },
                "amount": { "$type": "number", "$value": "lots" },
            } }),
            json!("(512) 555-0143/lots/lots"),
        ),
        ("{{math \"lead.a * 1.2\"}}", json!({ "lead": { "a": "12.5" } }), json!(15)),
    ] {
        let said = answer(&at, &json!({ "template": template, "vars": vars }));
        assert_eq!(said, json!({ "value": wanted }), "{template}");
    }
}

#[test]
fn a_type_answers_the_normal_form_and_the_components() {
    let phone = answer(&["types"], &json!({ "type": "phone", "value": "(512) 555-0143" }));
    assert_eq!((&phone["normal"], &phone["valid"]), (&json!("5125550143"), &json!(true)));
    assert_eq!(
        (&phone["components"]["area"], &phone["components"]["raw"]),
        (&json!("512"), &json!("(512) 555-0143"))
    );
    let range = answer(&["types"], &json!({ "type": "range", "value": "10+" }));
    let wanted = json!({ "min": 10, "max": null, "avg": null, "mid": null, "raw": "10+" });
    assert_eq!(range["components"], wanted);
    assert_eq!(phone["components"]["extension"], Value::Null);
    assert_eq!(phone["components"].as_object().unwrap().len(), 10, "{phone}");
    // A double keeps all digits of the first number and not of the second.
    for (value, normal) in [
        (json!("30.26715312345678"), json!(30.267_153_123_456_78)),
        (json!("12345678901234567891"), json!("12345678901234567891")),
    ] {
        let number = answer(&["types"], &json!({ "type": "number", "value": value }));
        assert_eq!((&number["normal"], &number["valid"]), (&normal, &json!(true)));
    }
    let list = json!({ "type": "list", "value": "a,z", "values": ["A", "b"] });
    assert_eq!(answer(&["types"], &list)["valid"], false);
    let one = json!({ "type": "string", "value": "a", "values": ["A", "b"] });
    assert_eq!(answer(&["types"], &one)["normal"], "A");
    let absent = answer(&["types"], &json!({ "type": "email", "value": null }));
    assert_eq!(absent, json!({ "normal": null, "valid": null, "components": {} }));
    let tree = answer(&["types"], &json!({ "type": "email", "value": { "a": 1 } }));
    assert_eq!(tree, json!({ "normal": null, "valid": false, "components": {} }));
}

#[test]
fn sensitive_values_are_told_as_steps_see_them_and_as_they_are_recorded() {
    let question = json!({ "type": "dob", "value": "01/16/1980" });
    let at = ["types", "--now", "2026-01-15T12:00:00Z"];
    let said = answer(&at, &question);
    assert_eq!((&said["normal"], &said["components"]["age"]), (&json!("1980-01-16"), &json!(45.9)));
    assert_eq!(said["masked"]["normal"], "**/**/1980");
    assert!(!said["masked"].to_string().contains("16"), "{said}");
}

#[test]
fn a_bad_line_gets_its_error_and_the_next_is_answered() {
    let mut lines =
        b"{\"template\": \"a\"}\nnot json\n\n[]\n{\"template\": 7}\n{\"template\": \"{{x\"}\n".to_vec();
    lines.extend(b"{\"template\": \"a\", \"vars\": 1}\n");
    lines.extend(b"{\"template\": \"{{x}}\", \"vars\": {\"x\": {\"$type\": \"fone\", \"$value\": 1}}}\n");
    lines.extend(b"\xff\xfe\n");
    lines.extend(std::iter::repeat_n(b'x', 16 * 1024 * 1024 + 5));
    lines.extend(b"\n{\"template\": \"z\"}");
    let said = answers(&["template"], &lines);
    assert_eq!(said.len(), 11, "{said:?}");
    assert_eq!(said[0], json!({ "value": "a" }));
    for (at, wanted) in [
        (1, "not JSON"),
        (2, "not JSON"),
        (3, "the line must be a JSON object"),
        (4, "\"template\" must be text"),
        (5, "column 1 of the template: {{ without the }} that ends it"),
        (6, "\"vars\" must be an object"),
        (7, "\"fone\" is not a field type; did you mean phone?"),
        (8, "not JSON"),
        (9, "more than 16777216 bytes"),
    ] {
        assert_eq!(said[at]["line"], json!(at + 1));
        assert!(said[at]["error"].as_str().unwrap().contains(wanted), "{}", said[at]);
    }
    assert_eq!(said[10], json!({ "value": "z" }));
}

#[test]
fn what_a_question_cannot_have_is_told() {
    for (subject, question, wanted) in [
        (
            "types",
            json!({ "type": "list", "value": "a", "vlaues": [] }),
            "no key \"vlaues\"; there are type, value, values",
        ),
        (
            "types",
            json!({ "type": "phone", "value": "a", "values": ["a"] }),
            "only string and list fields take values",
        ),
        (
            "types",
            json!({ "type": "list", "value": "a", "values": "a" }),
            "\"values\" must be a list of texts",
        ),
        (
            "types",
            json!({ "type": "phon", "value": "a" }),
            "\"phon\" is not a field type; did you mean phone?",
        ),
        ("types", json!({ "type": "colour", "value": "a" }), "the types are string, first_name"),
        ("template", json!({ "template": "x", "var": {} }), "no key \"var\"; there are template, vars"),
        (
            "template",
            json!({ "template": "x", "vars": { "a": { "$type": "phone" } } }),
            "\"a\" has a $type and no $value",
        ),
        ("template", json!({ "template": "x", "vars": { "a": { "$value": 1 } } }), "\"$type\""),
        (
            "template",
            json!({ "template": "x", "vars": { "a": { "$type": "phone", "$value": 1, "b": 1 } } }),
            "no key \"b\"",
        ),
    ] {
        let said = answer(&[subject], &question);
        assert!(said["error"].as_str().is_some_and(|error| error.contains(wanted)), "{question}: {said}");
    }
    let said = answers(&["types"], b"{\"type\": 1\n");
    assert_eq!(said[0]["error"], "the line is not JSON: EOF while parsing an object, at column 10");
}

#[test]
fn an_error_names_its_line_whatever_is_tried() {
    for subject in ["types", "rules", "template", "request", "response", "intake"] {
        let said = answers(&[subject], b"\n{}\n");
        for (line, said) in (1..).zip(said) {
            assert!(said["error"].is_string(), "{subject}: {said}");
            assert_eq!(said["line"], json!(line), "{subject}: {said}");
        }
    }
}

#[test]
fn each_answer_comes_before_the_next_question() {
    let mut child = start(&["template"]);
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for word in ["a", "b"] {
        writeln!(stdin, "{}", json!({ "template": word })).unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), json!({ "value": word }));
    }
    drop(stdin);
    assert!(child.wait().unwrap().success());
}

#[test]
fn a_file_is_read_and_a_missing_one_is_told() {
    let directory = tempfile::TempDir::new().unwrap();
    let file = directory.path().join("questions.jsonl");
    std::fs::write(&file, "{\"type\": \"state\", \"value\": \"texas\"}\n").unwrap();
    let said = answers(&["types", file.to_str().unwrap()], b"");
    assert_eq!(said[0]["normal"], "TX");
    let output = Command::new(env!("CARGO_BIN_EXE_glassline"))
        .args(["try", "types", "/no/such/file"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("cannot read /no/such/file"));
}

#[test]
fn a_request_and_a_reply_are_tried_with_the_keys_of_flow_files() {
    let lines = concat!(
        r#"{"integration": "custom_form", "request": {"url": "https://buyer.example.com/", "#,
        r#""fields": {"zip": "{{lead.zip}}", "at": "{{format now \"YYYY\"}}", "a": "1"}}, "#,
        r#""lead": {"zip": "k1a0b1"}, "fields": {"zip": "postal_code"}}"#,
        "\n[]\n"
    );
    let said = answers(&["request", "--now", "2026-01-15T12:00:00Z"], lines.as_bytes());
    assert_eq!(said[0]["body"], "zip=K1A%200B1&at=2026&a=1");
    assert_eq!((&said[0]["method"], &said[0]["follow_redirects"]), (&json!("POST"), &json!(false)));
    assert_eq!(said[1], json!({ "error": "the line is not an object", "line": 2 }));
    let reply = json!({ "integration": "custom_json", "response": { "outcome": { "path": "ok", "term": "true" } },
        "reply": { "status": 200, "body": { "ok": false, "n": [1, 2] } } });
    let said = answer(&["response"], &reply);
    assert_eq!(
        said,
        json!({ "outcome": "failure", "reason": null, "price": 0, "reference": null, "appended": { "ok": false, "n": [1, 2] } })
    );
}
