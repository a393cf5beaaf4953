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
            line 26: the key "deadline" of the flow is not supported yet
            line 27: the key "on_deadline" of the flow is not supported yet
            line 74: the key "ping" of a source is not supported yet
            line 103: a step of the kind distribute is not supported yet"#]],
    );
    assert_not_supported(SOLAR_WHOLE);
}

#[test]
fn the_whole_auto_file_is_refused_only_for_what_is_not_supported_yet() {
    check(
        AUTO_WHOLE,
        expect![[r#"
            line 12: the key "retention" of the flow is not supported yet
            line 16: the key "ping" of a source is not supported yet
            line 18: the key "ping_expires" of a source is not supported yet
            line 20: the key "share" of the price of a source is not supported yet
            line 20: the key "of" of the price of a source is not supported yet
            line 22: a step of the kind distribute is not supported yet
            line 58: the key "test" of a recipient is not supported yet
            line 65: the key "ping" of a test is not supported yet
            line 68: a reply to a ping is not supported yet
            line 69: a reply to a ping is not supported yet"#]],
    );
    assert_not_supported(AUTO_WHOLE);
}

fn assert_not_supported(text: &str) {
    for problem in FlowFile::read(text).unwrap_err().problems() {
        assert!(problem.message.contains("not supported yet"), "{problem}");
    }
}
