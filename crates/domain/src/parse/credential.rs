//! A secret that a source hands on, such as a password.

use super::{Parsed, RawText, as_text, raw_text};
use crate::Value;

/// Any text.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    Some(match raw_text(raw) {
        RawText::Absent => return None,
        RawText::List(list) => Parsed::invalid(list.clone()),
        RawText::Text(text) => Parsed::valid(as_text(raw, text), Vec::new()),
    })
}
