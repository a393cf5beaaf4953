//! Social security numbers of the United States.

use super::{Parsed, parse_text};
use crate::Value;

/// Nine digits, whatever stands between them, that can have been issued: not the areas 000, 666 and
/// 9xx, the group 00 or the serial number 0000.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if digits.len() != 9 {
            return None;
        }
        let (area, group, serial) = (&digits[..3], &digits[3..5], &digits[5..]);
        let issued =
            area != "000" && area != "666" && !area.starts_with('9') && group != "00" && serial != "0000";
        issued.then(|| {
            Parsed::valid(
                Value::text(digits.as_str()),
                vec![
                    ("first_three", Value::text(area)),
                    ("middle_two", Value::text(group)),
                    ("last_four", Value::text(serial)),
                ],
            )
        })
    })
}
