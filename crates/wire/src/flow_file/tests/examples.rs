//! Two files that say all that a flow file will ever say: today they are refused for what is not
//! supported yet, and for nothing else.

use super::*;

const SOLAR_WHOLE: &str = include_str!("flow_solar.yaml");
const AUTO_WHOLE: &str = include_str!("flow_auto_pingpost.yaml");

#[test]
fn the_whole_solar_file_is_refused_only_for_what_is_not_supported_yet() {
    check(
        SOLAR_WHOLE,
        expect![[r#"
        line 141: the key "tests" of the file is not supported yet"#]],
    );
    assert_not_supported(SOLAR_WHOLE);
}

#[test]
fn the_whole_auto_file_is_refused_only_for_what_is_not_supported_yet() {
    let wsdl = wsdl::wsdl("AddLead").replace("wsdl/soap/", "wsdl/soap12/");
    let text =
        with_wsdl(AUTO_WHOLE, &WsdlTexts::from([(wsdl_places(AUTO_WHOLE)[0].clone(), Ok(wsdl))])).unwrap();
    check(
        &text,
        expect![[r#"
            line 1: the key "tests" of the file is not supported yet
            line 1: the key "retention" of the flow is not supported yet"#]],
    );
    assert_not_supported(&text);
}

fn assert_not_supported(text: &str) {
    for problem in FlowFile::read(text).unwrap_err().problems() {
        assert!(problem.message.contains("not supported yet"), "{problem}");
    }
}
