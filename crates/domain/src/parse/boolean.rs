//! True or false, in the words forms use.

use super::{Parsed, RawText, raw_text};
use crate::{Scalar, Value};

/// Letters and digits count, in any case: `yes!` is true. What is neither has no boolean value.
/// `-1` is not `1`.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    read(raw).map(|parsed| parsed.of(raw))
}

fn read(raw: &Value) -> Option<Parsed> {
    let text = match raw_text(raw) {
        RawText::Absent => return None,
        RawText::List(_) => return Some(Parsed::invalid(Scalar::Null)),
        RawText::Text(text) => text,
    };
    let negative = text.trim().starts_with('-');
    let word: String = text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    Some(match word.as_str() {
        "1" | "0" if negative => Parsed::invalid(Scalar::Null),
        "y" | "yes" | "true" | "t" | "1" | "on" => Parsed::valid(true, Vec::new()),
        "n" | "no" | "false" | "f" | "0" | "off" => Parsed::valid(false, Vec::new()),
        _ => Parsed::invalid(Scalar::Null),
    })
}
