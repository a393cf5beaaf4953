//! Male, female, other.

use super::{Parsed, parse_sent};
use crate::Value;

/// The word or its first letter, in any case.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_sent(raw, |text| {
        let (normal, abbr) = match text.trim().to_ascii_lowercase().as_str() {
            "male" | "m" => ("male", "M"),
            "female" | "f" => ("female", "F"),
            "other" | "o" => ("other", "O"),
            _ => return None,
        };
        Some(Parsed::valid(Value::text(normal), vec![("abbr", Value::text(abbr))]))
    })
}
