//! A reply, and what was read from it.

use std::sync::Arc;

use domain::{Ending, FieldPath, Money, Value};

/// A reply of another party, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Most values that one reply adds to a lead; the first ones in the order of the reply are kept.
pub const APPENDED_MAX: usize = 1_000;

/// What a reply says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Yes, no, or a fault.
    pub outcome: Ending,
    /// Why not, in the other party's own words, or the step's default.
    pub reason: Option<Arc<str>>,
    /// The price it names.
    pub price: Option<Money>,
    /// Its own id for the lead.
    pub reference: Option<Arc<str>>,
    /// Every value of the reply, by path below `appended.<step>`.
    pub appended: Vec<(FieldPath, Value)>,
    /// How many more values the reply had than are kept.
    pub truncated: u32,
}

impl Reply {
    /// The first header of this name, which is in lower case, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(own, _)| own == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The reply as HTTP/1.1 text, as events keep it: status line, headers, empty line, body.
    pub fn evidence(&self) -> Arc<[u8]> {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&self.body);
        text.into()
    }
}
