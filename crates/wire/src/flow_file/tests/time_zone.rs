//! Where a flow is at home.

use super::*;

#[test]
fn a_flow_is_at_home_in_utc_unless_it_says_where() {
    let zone = |line: &str| read_twice(&flow(line)).flow.time_zone().to_string();
    assert_eq!(zone(""), "UTC");
    assert_eq!(zone("  time_zone: America/Chicago\n"), "America/Chicago");
    assert_eq!(zone("  time_zone: europe/berlin\n"), "Europe/Berlin");
}

#[test]
fn a_time_zone_that_does_not_exist_is_told_with_the_nearest() {
    check(
        &flow("  time_zone: America/chicgo\n"),
        expect![[
            r#"line 4: there is no time zone "America/chicgo"; write it like America/Chicago or UTC; did you mean America/Chicago?"#
        ]],
    );
    check(
        &flow("  time_zone: \"-06:00\"\n"),
        expect![[r#"line 4: there is no time zone "-06:00"; write it like America/Chicago or UTC"#]],
    );
    check(
        &flow("  time_zone: 6\n"),
        expect![[r#"line 4: "time_zone" must be text, not a number; put it in quotes"#]],
    );
}
