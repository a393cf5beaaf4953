//! Suppression: leads that are on a list are refused. Here is what a list is called and how the values on
//! it are compared; the lists themselves are the installation's.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::Template;

/// Refuses leads that are on a list.
#[derive(Debug, Clone, PartialEq)]
pub struct SuppressRule {
    /// Which list.
    pub list: ListName,
    /// What is looked for on it. A lead for which it comes out blank is on no list.
    pub value: Template,
    /// What is said; left out, the name of the list.
    pub reason: Option<Arc<str>>,
}

/// Most lists that one flow looks at.
pub const SUPPRESS_MAX: usize = 20;

/// What a list is called: 1 to 64 of `a-z`, `0-9` and `_`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ListName(Arc<str>);

/// The text is not the name of a list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not the name of a list: 1 to 64 of a-z, 0-9 and _")]
pub struct ListNameError(String);

impl ListName {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ListName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ListName {
    type Err = ListNameError;

    fn from_str(text: &str) -> Result<ListName, ListNameError> {
        let good = (1..=64).contains(&text.len())
            && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'));
        if good { Ok(ListName(text.into())) } else { Err(ListNameError(text.chars().take(80).collect())) }
    }
}

/// A value on a list: itself, or its hash when nobody is to know it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum ListItem {
    /// The value as [`listed`] writes it.
    Value(String),
    /// MD5 of that.
    Md5([u8; 16]),
    /// SHA-1 of that.
    Sha1([u8; 20]),
    /// SHA-256 of that.
    Sha256([u8; 32]),
}

/// Why a text cannot stand on a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ListItemError {
    /// Nothing is left of it.
    #[error("the value is blank")]
    Blank,
    /// It is longer than anything that a lead is known by.
    #[error("the value is longer than {LIST_VALUE_BYTES_MAX} bytes")]
    TooLong,
    /// It holds characters that no line of text has.
    #[error("the value holds control characters")]
    Control,
}

/// Longest value on a list, in bytes.
pub const LIST_VALUE_BYTES_MAX: usize = 320;
/// Fewest digits of what is taken for a telephone number.
const PHONE_DIGITS_MIN: usize = 7;

impl ListItem {
    /// Reads a value, or the hex digits of the MD5, SHA-1 or SHA-256 of one.
    ///
    /// # Errors
    /// When it is blank, too long, or no line of text.
    pub fn read(text: &str) -> Result<ListItem, ListItemError> {
        let text = text.trim();
        if text.len() > LIST_VALUE_BYTES_MAX {
            return Err(ListItemError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(ListItemError::Control);
        }
        if let Some(hash) = digits::<16>(text) {
            return Ok(ListItem::Md5(hash));
        }
        if let Some(hash) = digits::<20>(text) {
            return Ok(ListItem::Sha1(hash));
        }
        if let Some(hash) = digits::<32>(text) {
            return Ok(ListItem::Sha256(hash));
        }
        listed(text).map(ListItem::Value).ok_or(ListItemError::Blank)
    }
}

/// A value as lists compare it, the same for what stands on a list and what a lead has: without outer
/// blanks, in lower case; of what looks like a telephone number the digits alone, without an extension and
/// without the 1 before ten digits. None when nothing is left.
pub fn listed(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(digits) = phone(text) {
        return Some(digits);
    }
    let text = text.to_lowercase();
    (!text.is_empty()).then_some(text)
}

/// The digits of what consists of digits and what people put between them.
fn phone(text: &str) -> Option<String> {
    let lower = text.to_ascii_lowercase();
    let number = lower.find(['x', 'e']).map_or(&*lower, |extension| {
        let rest =
            lower[extension..].trim_start_matches(|c: char| c.is_ascii_alphabetic() || c == '.').trim();
        let is_extension = ["x", "ext"].iter().any(|word| lower[extension..].starts_with(word))
            && !rest.is_empty()
            && rest.bytes().all(|byte| byte.is_ascii_digit());
        if is_extension { lower[..extension].trim_end() } else { &lower }
    });
    let number = number.strip_prefix("tel:").unwrap_or(number);
    let good = number.chars().all(|c| c.is_ascii_digit() || matches!(c, ' ' | '+' | '-' | '.' | '(' | ')'));
    let digits: String = number.chars().filter(char::is_ascii_digit).collect();
    if !good || digits.len() < PHONE_DIGITS_MIN {
        return None;
    }
    match digits.strip_prefix('1') {
        Some(rest) if rest.len() == 10 => Some(rest.to_owned()),
        Some(_) | None => Some(digits),
    }
}

/// Exactly so many bytes as hex digits.
fn digits<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{FieldType, Value};

    #[test]
    fn values_are_compared_as_what_they_mean() {
        for (text, wanted) in [
            (" Ann@Example.COM ", "ann@example.com"),
            ("(512) 555-0143", "5125550143"),
            ("+1 512.555.0143", "5125550143"),
            ("15125550143", "5125550143"),
            ("512-555-0143 x44", "5125550143"),
            ("512-555-0143 ext. 44", "5125550143"),
            ("tel:+1-512-555-0143", "5125550143"),
            ("+44 20 7946 0958", "442079460958"),
            ("12345", "12345"),
            ("AB-1234567", "ab-1234567"),
            ("x44", "x44"),
            ("élan", "élan"),
        ] {
            assert_eq!(listed(text).as_deref(), Some(wanted), "{text}");
        }
        assert_eq!(listed("  "), None);
    }

    #[test]
    fn a_phone_is_found_as_a_lead_has_it_and_as_people_write_it() {
        for raw in ["(512) 555-0143", "+1 512 555 0143", "512.555.0143 x 44"] {
            let normal = FieldType::Phone.parse(&Value::text(raw)).unwrap().normal;
            assert_eq!(listed(normal.as_text().unwrap()), listed(raw), "{raw}");
        }
    }

    #[test]
    fn hashes_are_known_by_their_length() {
        let kind = |text: &str| match ListItem::read(text).unwrap() {
            ListItem::Value(value) => value,
            ListItem::Md5(_) => "md5".to_owned(),
            ListItem::Sha1(_) => "sha1".to_owned(),
            ListItem::Sha256(_) => "sha256".to_owned(),
        };
        assert_eq!(kind(&"aB".repeat(16)), "md5");
        assert_eq!(kind(&"0".repeat(40)), "sha1");
        assert_eq!(kind(&"f".repeat(64)), "sha256");
        assert_eq!(kind(&"g".repeat(64)), "g".repeat(64));
        assert_eq!(ListItem::read(" \t"), Err(ListItemError::Blank));
        assert_eq!(ListItem::read("a\nb"), Err(ListItemError::Control));
        assert_eq!(ListItem::read(&"x".repeat(321)), Err(ListItemError::TooLong));
    }

    #[test]
    fn a_list_has_a_plain_name() {
        assert_eq!("dnc_2".parse::<ListName>().unwrap().to_string(), "dnc_2");
        for text in ["", "DNC", "a-b", "é"] {
            assert!(text.parse::<ListName>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_listed_is_listed_as_itself(text in "\\PC{0,40}") {
            if let Some(listed_text) = listed(&text) {
                prop_assert_eq!(listed(&listed_text), Some(listed_text));
            }
        }

        #[test]
        fn nothing_panics(text in ".{0,60}") {
            let _ = ListItem::read(&text);
        }
    }
}
