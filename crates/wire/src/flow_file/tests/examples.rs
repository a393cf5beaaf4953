//! Two files that say all that a flow file can say.

use super::*;

const SOLAR_WHOLE: &str = include_str!("flow_solar.yaml");
const AUTO_WHOLE: &str = include_str!("flow_auto_pingpost.yaml");

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
    check_examples_retention(AUTO_WHOLE, &found);
}

fn check_examples_retention(text: &str, found: &WsdlTexts) {
    let problems = FlowFile::read_with(text, found).unwrap_err().to_string();
    assert_eq!(problems, "line 12: the key \"retention\" of the flow is not supported yet");
}
