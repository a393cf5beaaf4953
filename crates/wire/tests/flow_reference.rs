//! `docs/flow-reference.md` is true: its files are read, and what it lists is all there is.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use domain::{FieldType, Operator};
use wire::flow_file::{FlowFile, schema};

const PAGE: &str = include_str!("../../../docs/flow-reference.md");

fn yaml_blocks() -> Vec<&'static str> {
    PAGE.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect()
}

#[test]
fn every_file_on_the_page_is_a_flow() {
    let flows: Vec<String> =
        yaml_blocks().iter().map(|block| FlowFile::read(block).unwrap().flow.id().to_string()).collect();
    assert_eq!(
        flows,
        [
            "flow_roofs",
            "flow_dims",
            "flow_conditions",
            "flow_sales",
            "flow_auction",
            "flow_secrets",
            "flow_feedback",
            "flow_no_buyer",
            "flow_gates",
            "flow_tested"
        ]
    );
}

#[test]
fn every_file_on_the_page_is_valid_under_the_schema() {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.add_resource("https://example.com/flow", schema()).unwrap();
    let index = compiler.compile("https://example.com/flow", &mut schemas).unwrap();
    for block in yaml_blocks() {
        let document = FlowFile::read(block).unwrap().document;
        let valid = schemas
            .validate(&serde_json::from_str(&document).unwrap(), index)
            .map_err(|error| error.to_string());
        assert_eq!(valid, Ok(()), "{document}");
    }
}

/// The page lists keys by hand; the schema has those the reader knows.
#[test]
fn every_key_is_on_the_page() {
    let schema = schema();
    let parts = std::iter::once(&schema).chain(schema["$defs"].as_object().unwrap().values());
    for part in parts.filter(|part| part.get("additionalProperties").is_some()) {
        // Days of hours are keys by a pattern.
        let properties = part.get("properties").and_then(serde_json::Value::as_object);
        for key in properties.into_iter().flat_map(|properties| properties.keys()) {
            let stands =
                [format!("`{key}`"), format!("`{key}:"), format!("{{ {key}"), format!(", {key} }}`")];
            assert!(
                stands.iter().any(|text| PAGE.contains(text.as_str())),
                "the key {key} is not on the page"
            );
        }
    }
}

#[test]
fn a_flow_can_have_every_type() {
    let flow = |field_type: &str| {
        let typed = format!("    first_name: {field_type}\n");
        let file = yaml_blocks()[0].replacen("    first_name: first_name\n", &typed, 1);
        assert!(file.contains(&typed));
        FlowFile::read(&file).map_err(|problems| format!("{problems:?}"))
    };
    for field_type in FieldType::ALL {
        assert!(flow(field_type.as_str()).is_ok(), "{field_type}");
    }
}

#[test]
fn every_field_type_and_operator_is_on_the_page() {
    for field_type in FieldType::ALL {
        let row =
            PAGE.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{field_type}`")));
        // Their components are on the page of types, which tests of `domain` hold.
        assert!(row.is_some(), "{field_type} has no row");
    }
    for operator in Operator::ALL {
        assert!(PAGE.contains(&format!("`{}`", operator.as_str())), "{}", operator.as_str());
        assert!(PAGE.contains(&format!("`{}`", operator.short())), "{}", operator.short());
    }
}
