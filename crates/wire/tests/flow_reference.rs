//! `docs/flow-reference.md` is true: its files are read, and what it lists is all there is.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use domain::{FieldType, Operator};
use wire::flow_file::FlowFile;

const PAGE: &str = include_str!("../../../docs/flow-reference.md");

fn yaml_blocks() -> Vec<&'static str> {
    PAGE.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect()
}

#[test]
fn every_file_on_the_page_is_a_flow() {
    let flows: Vec<String> =
        yaml_blocks().iter().map(|block| FlowFile::read(block).unwrap().flow.id().to_string()).collect();
    assert_eq!(flows, ["flow_roofs", "flow_conditions"]);
}

#[test]
fn every_field_type_and_operator_is_on_the_page() {
    for field_type in FieldType::ALL {
        let row =
            PAGE.lines().find(|line| line.starts_with('|') && line.contains(&format!("`{field_type}`")));
        let row = row.unwrap_or_else(|| panic!("{field_type} has no row"));
        for (component, _) in field_type.components() {
            assert!(row.contains(&format!("`{component}`")), "{field_type}.{component}");
        }
    }
    for operator in Operator::ALL {
        assert!(PAGE.contains(&format!("`{}`", operator.as_str())), "{}", operator.as_str());
        assert!(PAGE.contains(&format!("`{}`", operator.short())), "{}", operator.short());
    }
}
