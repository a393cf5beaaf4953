//! The line of an address with the street in it.

use super::{Parsed, parse_text};
use crate::Value;

/// At least two words; the first is the number when it holds a digit. Several lines are one street.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let lines: Vec<&str> = text.lines().flat_map(|line| line.split('\r')).map(str::trim).collect();
        let street = lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join(" ");
        let (first, rest) = street.split_once(char::is_whitespace)?;
        let has_number = first.chars().any(char::is_numeric);
        let components = if has_number {
            vec![("number", Value::text(first)), ("name", Value::text(rest.trim_start()))]
        } else {
            vec![("name", Value::text(street.as_str()))]
        };
        Some(Parsed::valid(Value::text(street.as_str()), components))
    })
}
