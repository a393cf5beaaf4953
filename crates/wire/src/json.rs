//! The few forms of JSON that stored bytes use: no white space, RFC 8785 string escapes, plain
//! decimal numbers.

use std::fmt::{Display, Write};

use domain::{Scalar, Value};

/// Appends a JSON string with the escapes of RFC 8785 section 3.2.2.2: the short forms, lower-case
/// `\u00xx` for other control characters, all else as it is.
pub fn write_string(text: &str, out: &mut Vec<u8>) {
    out.reserve(text.len() + 2);
    out.push(b'"');
    let mut bytes = text.as_bytes();
    // Most text has nothing to escape; sixteen bytes at a time are looked at in one step.
    while let Some((chunk, rest)) = bytes.split_first_chunk::<16>() {
        if chunk.iter().fold(false, |found, byte| found | is_escaped(*byte)) {
            break;
        }
        out.extend_from_slice(chunk);
        bytes = rest;
    }
    let mut clean_from = 0;
    for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| is_escaped(**byte)) {
        out.extend_from_slice(&bytes[clean_from..at]);
        clean_from = at + 1;
        match byte {
            b'"' => out.extend_from_slice(b"\\\""),
            b'\\' => out.extend_from_slice(b"\\\\"),
            0x08 => out.extend_from_slice(b"\\b"),
            0x09 => out.extend_from_slice(b"\\t"),
            0x0a => out.extend_from_slice(b"\\n"),
            0x0c => out.extend_from_slice(b"\\f"),
            0x0d => out.extend_from_slice(b"\\r"),
            control => out.extend_from_slice(format!("\\u{control:04x}").as_bytes()),
        }
    }
    out.extend_from_slice(&bytes[clean_from..]);
    out.push(b'"');
}

fn is_escaped(byte: u8) -> bool {
    (byte < 0x20) | (byte == b'"') | (byte == b'\\')
}

/// Appends `null`, `true`, `false`, a plain decimal or a string.
pub fn write_scalar(scalar: &Scalar, out: &mut Vec<u8>) {
    match scalar {
        Scalar::Null => out.extend_from_slice(b"null"),
        Scalar::Bool(true) => out.extend_from_slice(b"true"),
        Scalar::Bool(false) => out.extend_from_slice(b"false"),
        Scalar::Number(number) => out.extend_from_slice(number.as_str().as_bytes()),
        Scalar::Text(text) => write_string(text, out),
    }
}

/// Appends a scalar, or an array of scalars.
pub fn write_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Scalar(scalar) => write_scalar(scalar, out),
        Value::List(list) => write_array(list.iter(), out, write_scalar),
    }
}

/// Appends an array, each item by `write`.
pub fn write_array<T>(items: impl Iterator<Item = T>, out: &mut Vec<u8>, write: impl Fn(T, &mut Vec<u8>)) {
    out.push(b'[');
    for (index, item) in items.enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

/// What is wrong with a line that should be JSON. It is one line, so that only the column is told.
pub fn fault_in_line(error: &serde_json::Error) -> String {
    let told = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    let Some(fault) = told.strip_suffix(&place) else { return format!("the line is not JSON: {told}") };
    if fault == "recursion limit exceeded" {
        let told = "it nests more than 127 deep; groups of rules nest at most 24 deep";
        return format!("the line cannot be read: {told}, at column {}", error.column());
    }
    format!("the line is not JSON: {fault}, at column {}", error.column())
}

/// Reads a scalar or an array of scalars; none for anything deeper. A number that does not fit
/// [`domain::Number`] becomes text.
pub fn read_value(value: &serde_json::Value) -> Option<Value> {
    match value {
        serde_json::Value::Array(items) => {
            items.iter().map(read_scalar).collect::<Option<Vec<_>>>().map(|list| Value::List(list.into()))
        }
        serde_json::Value::Null
        | serde_json::Value::Bool(_)
        | serde_json::Value::Number(_)
        | serde_json::Value::String(_)
        | serde_json::Value::Object(_) => read_scalar(value).map(Value::Scalar),
    }
}

/// Reads a scalar; none for an array or an object. A number that does not fit
/// [`domain::Number`] becomes text.
pub fn read_scalar(value: &serde_json::Value) -> Option<Scalar> {
    match value {
        serde_json::Value::Null => Some(Scalar::Null),
        serde_json::Value::Bool(value) => Some(Scalar::Bool(*value)),
        serde_json::Value::Number(number) => {
            let text = number.as_str();
            Some(match text.parse() {
                Ok(number) => Scalar::Number(number),
                Err(_) => Scalar::Text(text.into()),
            })
        }
        serde_json::Value::String(text) => Some(Scalar::Text(text.as_str().into())),
        serde_json::Value::Array(_) | serde_json::Value::Object(_) => None,
    }
}

/// Writes one object, member by member, in the order of the calls.
#[derive(Debug)]
pub struct ObjectWriter<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> ObjectWriter<'a> {
    /// Opens the object.
    pub fn open(out: &'a mut Vec<u8>) -> ObjectWriter<'a> {
        out.push(b'{');
        ObjectWriter { out, first: true }
    }

    /// Closes the object.
    pub fn close(self) {
        self.out.push(b'}');
    }

    /// Writes the key and hands out the buffer for the value.
    pub fn value(&mut self, key: &str) -> &mut Vec<u8> {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        write_string(key, self.out);
        self.out.push(b':');
        self.out
    }

    /// A string member.
    pub fn text(&mut self, key: &str, text: &str) {
        write_string(text, self.value(key));
    }

    /// A string member from something whose text needs no escapes: an id, a time, an amount.
    pub fn plain(&mut self, key: &str, value: impl Display) {
        let out = self.value(key);
        out.push(b'"');
        write!(Ascii(out), "{value}").expect("writing to memory cannot fail");
        out.push(b'"');
    }

    /// A number member.
    pub fn number(&mut self, key: &str, number: u64) {
        let out = self.value(key);
        write!(Ascii(out), "{number}").expect("writing to memory cannot fail");
    }

    /// A `true` or `false` member.
    pub fn boolean(&mut self, key: &str, value: bool) {
        self.value(key).extend_from_slice(if value { b"true" } else { b"false" });
    }

    /// A `null` member.
    pub fn null(&mut self, key: &str) {
        self.value(key).extend_from_slice(b"null");
    }
}

struct Ascii<'a>(&'a mut Vec<u8>);

impl Write for Ascii<'_> {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn string(text: &str) -> String {
        let mut out = Vec::new();
        write_string(text, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn strings_are_escaped_as_rfc_8785_says() {
        assert_eq!(
            string("a\"\\/\u{8}\t\n\u{c}\r\u{1f}\u{7f}é€"),
            "\"a\\\"\\\\/\\b\\t\\n\\f\\r\\u001f\u{7f}é€\""
        );
    }

    proptest! {
        #[test]
        fn any_string_reads_back(text: String) {
            prop_assert_eq!(serde_json::from_str::<String>(&string(&text)).unwrap(), text);
        }
    }
}
