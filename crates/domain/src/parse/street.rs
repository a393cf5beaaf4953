//! The line of an address with the street in it.

use smallvec::SmallVec;

use super::{Parsed, parse_text};
use crate::Value;

/// At least two words; the first is the number when it holds a digit. Several lines are one street.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let lines = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
        let street = lines.collect::<SmallVec<[&str; 4]>>().join(" ");
        let (first, rest) = street.split_once(char::is_whitespace)?;
        let normal = Value::text(&*street);
        let has_number = first.chars().any(char::is_numeric);
        let components = if has_number {
            vec![("number", Value::text(first)), ("name", Value::text(rest.trim_start()))]
        } else {
            vec![("name", normal.clone())]
        };
        Some(Parsed::valid(normal, components))
    })
}
