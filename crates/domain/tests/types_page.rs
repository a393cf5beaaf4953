//! `docs/types.md` is true: its examples are read, and it lists every type and component.
//! `UPDATE_EXPECT=1` writes the answers behind the examples anew.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use domain::{FieldType, Parsed, Scalar, Timestamp, Value};
use expect_test::expect_file;
use serde_json::Value as Json;

const PAGE: &str = include_str!("../../../docs/types.md");

fn scalar(json: &Json) -> Scalar {
    match json {
        Json::Bool(value) => Scalar::Bool(*value),
        Json::Number(number) => Scalar::Number(number.to_string().parse().unwrap()),
        Json::String(text) => Scalar::Text(text.as_str().into()),
        Json::Null | Json::Array(_) | Json::Object(_) => Scalar::Null,
    }
}

fn shown(value: &Value) -> String {
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Null => "null".to_owned(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => Json::from(&**text).to_string(),
    };
    match value {
        Value::Scalar(one) => scalar(one),
        Value::List(items) => format!("[{}]", items.iter().map(scalar).collect::<Vec<_>>().join(", ")),
    }
}

fn answer(parsed: Option<Parsed>) -> String {
    let Some(parsed) = parsed else { return "absent".to_owned() };
    let mut parts = vec![shown(&parsed.normal)];
    parts.extend(parsed.valid.map(|valid| if valid { "valid" } else { "invalid" }.to_owned()));
    let mut components: Vec<_> = parsed.components.iter().collect();
    components.sort_by_key(|(name, _)| *name);
    parts.extend(components.into_iter().map(|(name, value)| format!("{name}={}", shown(value))));
    parts.join(" ")
}

/// The line of an example with the answer of today.
fn answered(line: &str) -> String {
    let example = line.split(" → ").next().unwrap();
    let (field_type, raw) = example.split_once(' ').unwrap();
    let raw: Json = serde_json::from_str(raw).unwrap_or_else(|error| panic!("{line}: {error}"));
    let raw = match &raw {
        Json::Array(items) => Value::List(items.iter().map(scalar).collect()),
        one => Value::Scalar(scalar(one)),
    };
    let field_type: FieldType = field_type.parse().unwrap();
    let now: Timestamp = "2026-01-15T12:00:00Z".parse().unwrap();
    format!("{example} → {}", answer(field_type.parse_at(&raw, now)))
}

#[test]
fn every_example_is_answered_as_the_page_says() {
    let mut in_examples = false;
    let mut page = String::new();
    for line in PAGE.lines() {
        if line.starts_with("```") {
            in_examples = line == "```types";
        }
        let is_example = in_examples && !line.starts_with("```");
        page.push_str(&if is_example { answered(line) } else { line.to_owned() });
        page.push('\n');
    }
    expect_file!["../../../docs/types.md"].assert_eq(&page);
}

#[test]
fn every_type_has_its_row_and_its_examples() {
    for field_type in FieldType::ALL {
        let row =
            PAGE.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{field_type}`")));
        let row = row.unwrap_or_else(|| panic!("{field_type} has no row"));
        for (component, _) in field_type.components() {
            assert!(row.contains(&format!("`{component}`")), "{field_type}.{component}");
        }
        let example = format!("{field_type} ");
        let has_example = PAGE.lines().any(|line| line.starts_with(&example) && line.contains(" → "));
        assert!(has_example || field_type == FieldType::String, "{field_type} has no example");
    }
}
