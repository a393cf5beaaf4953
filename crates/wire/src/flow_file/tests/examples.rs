//! Two files that say all that a flow file can say.

use super::*;

const SOLAR_WHOLE: &str = include_str!("../../../../../examples/flow_solar.yaml");
const AUTO_WHOLE: &str = include_str!("../../../../../examples/flow_auto_pingpost.yaml");

#[test]
fn the_whole_solar_file_is_read() {
    let file = FlowFile::read(SOLAR_WHOLE).unwrap();
    assert_eq!((file.flow.all_steps().count(), file.tests.len()), (5, 1));
    assert_eq!(file.tests[0].expect.len(), 6);
}

#[test]
fn the_whole_auto_file_is_read() {
    let wsdl = wsdl::wsdl("AddLead").replace("wsdl/soap/", "wsdl/soap12/");
    let found = WsdlTexts::from([(wsdl_places(AUTO_WHOLE)[0].clone(), Ok(wsdl))]);
    let file = FlowFile::read_with(AUTO_WHOLE, &found).unwrap();
    assert_eq!((file.flow.all_steps().count(), file.tests.len()), (5, 1));
    assert!(file.tests[0].ping.is_some());
    let years = |count: u64| Some(std::time::Duration::from_secs(count * 365 * 24 * 3600));
    assert_eq!(file.flow.retention(), domain::Retention { bodies: years(2), headers: years(5) });
    assert!(file.document.contains(r#""retention":{"bodies":"2y","headers":"5y"}"#), "{}", file.document);
}

#[test]
fn a_retention_that_cannot_be_is_told() {
    let flow = |retention: &str| {
        format!("flow:\n  id: flow_x\n  name: X\n  fields: {{}}\n  retention: {retention}\n")
    };
    check(
        &flow("{ bodies: 2y, headers: 1y }"),
        expect![[r#"line 5: "headers" is 1y, but must be at least as long as "bodies", 2y"#]],
    );
    check(
        &flow("{ bodies: 2h, header: 1y }"),
        expect![[r#"
        line 5: the retention of a flow has no key "header"; did you mean "headers"?
        line 5: "bodies" is 2h, but must be from 1d to 100y"#]],
    );
    check(&flow("{ headers: 101y }"), expect![[r#"line 5: "headers" is 101y, but must be from 1d to 100y"#]]);
    check(&flow("2y"), expect!["line 5: the retention of a flow must be a group of keys, not text"]);
    for retention in ["{}", "{ bodies: 30d }", "{ bodies: 1y, headers: 365d }"] {
        FlowFile::read(&flow(retention)).unwrap();
    }
}
