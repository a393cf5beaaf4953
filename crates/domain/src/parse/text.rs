//! Plain text and names of people and cities: taken as they are.

use super::{Parsed, RawText, as_text, raw_text};
use crate::{Scalar, Value};

pub(crate) fn string(raw: &Value) -> Option<Parsed> {
    match raw_text(raw) {
        RawText::Absent => None,
        RawText::List(list) => Some(Parsed::invalid(list.clone()).of(list)),
        RawText::Text(text) => {
            Some(Parsed { normal: as_text(raw, text), raw: None, components: Vec::new(), valid: None })
        }
    }
}

/// A number or a boolean is no name of a person or a city. Any text may be one, so good names have
/// no flag.
pub(crate) fn name(raw: &Value) -> Option<Parsed> {
    let parsed = string(raw)?;
    match raw {
        Value::Scalar(Scalar::Text(_)) => Some(parsed),
        Value::Scalar(Scalar::Null | Scalar::Bool(_) | Scalar::Number(_)) | Value::List(_) => {
            Some(Parsed { valid: Some(false), ..parsed }.of(raw))
        }
    }
}
