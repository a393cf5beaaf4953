//! What each field type makes of a raw value: the normal form people compare and buyers get, its
//! components, and whether it is valid. Nothing here fails or panics; nothing looks at other
//! fields. One file per type; [`FieldType::parse`](crate::FieldType::parse) is the way in.

pub(crate) mod boolean;
pub(crate) mod date;
pub(crate) mod email;
pub(crate) mod number;
pub(crate) mod phone;
pub(crate) mod postal_code;
pub(crate) mod state;
pub(crate) mod text;
pub(crate) mod url;

#[cfg(test)]
mod tests;

use crate::{Scalar, Value};

/// A value as its type reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The normal form; what was sent when it is not valid. Null for a number or boolean that
    /// cannot be read.
    pub normal: Value,
    /// Parts of a valid value by name, in no particular order. A part it lacks is left out.
    pub components: Vec<(&'static str, Value)>,
    /// Whether it is what the type asks for; nothing when the type asks for nothing.
    pub valid: Option<bool>,
}

impl Parsed {
    fn valid(normal: impl Into<Value>, components: Vec<(&'static str, Value)>) -> Parsed {
        Parsed { normal: normal.into(), components, valid: Some(true) }
    }

    fn invalid(sent: impl Into<Value>) -> Parsed {
        Parsed { normal: sent.into(), components: Vec::new(), valid: Some(false) }
    }
}

/// A raw value where one text is meant.
enum RawText<'a> {
    Absent,
    Text(std::borrow::Cow<'a, str>),
    List(&'a Value),
}

fn raw_text(raw: &Value) -> RawText<'_> {
    match raw {
        Value::Scalar(Scalar::Null) => RawText::Absent,
        Value::Scalar(Scalar::Text(text)) => RawText::Text((&**text).into()),
        Value::Scalar(Scalar::Number(number)) => RawText::Text(number.as_str().into()),
        Value::Scalar(Scalar::Bool(true)) => RawText::Text("true".into()),
        Value::Scalar(Scalar::Bool(false)) => RawText::Text("false".into()),
        Value::List(_) => RawText::List(raw),
    }
}

/// Reads one text: `read` gives nothing for what is not valid, which then stays as it was sent.
fn parse_text(raw: &Value, read: impl FnOnce(&str) -> Option<Parsed>) -> Option<Parsed> {
    match raw_text(raw) {
        RawText::Absent => None,
        RawText::List(list) => Some(Parsed::invalid(list.clone())),
        RawText::Text(text) => Some(read(&text).unwrap_or_else(|| Parsed::invalid(Value::text(&*text)))),
    }
}
