//! What each field type makes of a raw value: the normal form people compare and buyers get, its
//! components, and whether it is valid. Nothing here fails or panics; nothing looks at other
//! fields. One file per type; [`FieldType::parse`](crate::FieldType::parse) is the way in.

pub(crate) mod boolean;
pub(crate) mod country;
pub(crate) mod credential;
pub(crate) mod credit_card;
pub(crate) mod date;
pub(crate) mod dob;
pub(crate) mod email;
pub(crate) mod full_name;
pub(crate) mod gender;
pub(crate) mod ip;
pub(crate) mod list;
pub(crate) mod mail_domains;
pub(crate) mod number;
pub(crate) mod phone;
pub(crate) mod postal_code;
pub(crate) mod range;
pub(crate) mod ssn;
pub(crate) mod state;
pub(crate) mod street;
pub(crate) mod text;
pub(crate) mod time;
pub(crate) mod trustedform_url;
pub(crate) mod url;
pub(crate) mod words;
mod zone;

#[cfg(test)]
mod tests;

use crate::{Scalar, Value};

/// A value as its type reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parsed {
    /// The normal form; what was sent when it is not valid. Null for a number or boolean that
    /// cannot be read.
    pub normal: Value,
    /// What was sent, where reading changes something: the text for types that read text, less the
    /// hint at the end of a telephone number.
    pub raw: Option<Value>,
    /// Parts of a valid value by name, in no particular order. A part it lacks is left out.
    pub components: Vec<(&'static str, Value)>,
    /// Whether it is what the type asks for; nothing when the type asks for nothing.
    pub valid: Option<bool>,
}

impl Parsed {
    fn valid(normal: impl Into<Value>, components: Vec<(&'static str, Value)>) -> Parsed {
        Parsed { normal: normal.into(), raw: None, components, valid: Some(true) }
    }

    fn invalid(sent: impl Into<Value>) -> Parsed {
        Parsed { normal: sent.into(), raw: None, components: Vec::new(), valid: Some(false) }
    }

    /// The same, made of this.
    fn of(self, raw: &Value) -> Parsed {
        Parsed { raw: Some(self.raw.unwrap_or_else(|| raw.clone())), ..self }
    }

    /// The component of this name.
    pub fn component(&self, name: &str) -> Option<&Value> {
        self.components.iter().find(|(own, _)| *own == name).map(|(_, value)| value)
    }
}

/// A raw value where one text is meant.
enum RawText<'a> {
    Absent,
    Text(&'a str),
    List(&'a Value),
}

fn raw_text(raw: &Value) -> RawText<'_> {
    match raw {
        Value::Scalar(Scalar::Null) => RawText::Absent,
        Value::Scalar(Scalar::Text(text)) => RawText::Text(text),
        Value::Scalar(Scalar::Number(number)) => RawText::Text(number.as_str()),
        Value::Scalar(Scalar::Bool(true)) => RawText::Text("true"),
        Value::Scalar(Scalar::Bool(false)) => RawText::Text("false"),
        Value::List(_) => RawText::List(raw),
    }
}

/// The text of a raw value as a value: shared with it where that is text already.
fn as_text(raw: &Value, text: &str) -> Value {
    if raw.as_text().is_some() { raw.clone() } else { Value::text(text) }
}

/// Reads one text: `read` gives nothing for what is not valid, which then stays as it was sent. The
/// raw value is the text.
fn parse_text(raw: &Value, read: impl FnOnce(&str) -> Option<Parsed>) -> Option<Parsed> {
    match raw_text(raw) {
        RawText::Absent => None,
        RawText::List(list) => Some(Parsed::invalid(list.clone()).of(list)),
        RawText::Text(text) => {
            let sent = as_text(raw, text);
            Some(read(text).unwrap_or_else(|| Parsed::invalid(sent.clone())).of(&sent))
        }
    }
}

/// The same, but the raw value is what was sent, be it a number or a boolean.
fn parse_sent(raw: &Value, read: impl FnOnce(&str) -> Option<Parsed>) -> Option<Parsed> {
    parse_text(raw, read).map(|parsed| Parsed { raw: Some(raw.clone()), ..parsed })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
