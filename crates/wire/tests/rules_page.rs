//! The conditions that `docs/rules.md` shows are read.

use wire::flow_file::FlowFile;

const PAGE: &str = include_str!("../../../docs/rules.md");

#[test]
fn every_condition_on_the_page_is_read() {
    let blocks: Vec<&str> =
        PAGE.split("```yaml\n").skip(1).map(|rest| rest.split_once("```").unwrap().0).collect();
    assert_eq!(blocks.len(), 4);
    for block in blocks {
        let lines: String = block.lines().map(|line| format!("            {line}\n")).collect();
        let list = if block.starts_with('-') { "          all:\n" } else { "" };
        let file = format!(
            "entities:\n  svc_check: {{ kind: service, name: Check }}\n  src_web: {{ kind: source, name: Web }}\nflow:\n  id: flow_x\n  name: X\n  \
             fields: {{ first_name: first_name, last_name: last_name, state: state, age: number, amount: number, income: number, birth: date, called_at: time, comments: string }}\n  \
             sources: [ {{ entity: src_web }} ]\n  steps:\n    \
             - {{ id: phone_check, kind: enhancement, entity: svc_check, integration: custom_json, request: {{ url: \"https://check.example.com/\" }} }}\n    \
             - id: area\n      kind: filter\n      require:\n{list}{lines}"
        );
        FlowFile::read(&file).unwrap_or_else(|error| panic!("{error}\n{file}"));
    }
}
