//! Where a value stands in a lead.

use std::borrow::{Borrow, Cow};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Longest path of a record's body, its `lead.` included, in bytes.
pub const PATH_BYTES_MAX: usize = 256;
/// What the ledger writes before the path of a lead's field.
const LEAD_PREFIX_BYTES: usize = "lead.".len();

/// The path of one value of a lead: keys joined by `.`, as in `email.domain` or
/// `appended.phone_check.carrier`. Inside a key `.` is written `~1` and `~` is written `~0`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldPath(Arc<str>); // Invariant: what `FromStr` accepts.

/// Why a text is not a path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// Longer than fits in a record.
    #[error("the name {start:?}… has {bytes} bytes; at most {max} fit", max = PATH_BYTES_MAX - LEAD_PREFIX_BYTES)]
    TooLong {
        /// Its first characters.
        start: String,
        /// Its length.
        bytes: usize,
    },
    /// A control character inside.
    #[error("the name {0:?} holds a control character")]
    Control(String),
    /// An empty key, as in `a..b`.
    #[error("the name {0:?} has an empty part")]
    EmptyKey(String),
    /// A `~` that is not part of `~0` or `~1`.
    #[error("the name {0:?} holds a ~ that is neither ~0 nor ~1")]
    Escape(String),
}

impl FieldPath {
    /// The path of one top-level key, escaped as needed.
    ///
    /// # Errors
    /// When the key is empty, too long or holds a control character.
    pub fn key(key: &str) -> Result<FieldPath, PathError> {
        escape(key).parse()
    }

    /// The path of `key` below this one, escaped as needed.
    ///
    /// # Errors
    /// When the key is empty or holds a control character, or the whole is too long.
    pub fn child(&self, key: &str) -> Result<FieldPath, PathError> {
        [&*self.0, &*escape(key)].join(".").parse()
    }

    /// The escaped text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The keys from the top down, unescaped.
    pub fn keys(&self) -> impl Iterator<Item = String> + '_ {
        self.0.split('.').map(|key| key.replace("~1", ".").replace("~0", "~"))
    }
}

fn escape(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '.']) { key.replace('~', "~0").replace('.', "~1").into() } else { key.into() }
}

impl FromStr for FieldPath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<FieldPath, PathError> {
        let start = || text.chars().take(40).collect::<String>();
        if text.len() > PATH_BYTES_MAX - LEAD_PREFIX_BYTES {
            return Err(PathError::TooLong { start: start(), bytes: text.len() });
        }
        // The usual path, by one look at each byte.
        if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Ok(FieldPath(Arc::from(text)));
        }
        if text.chars().any(char::is_control) {
            return Err(PathError::Control(start()));
        }
        if text.split('.').any(str::is_empty) {
            return Err(PathError::EmptyKey(start()));
        }
        if text.split('~').skip(1).any(|rest| !rest.starts_with(['0', '1'])) {
            return Err(PathError::Escape(start()));
        }
        Ok(FieldPath(Arc::from(text)))
    }
}

impl Borrow<str> for FieldPath {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", &*self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dots_and_tildes_inside_a_key_are_escaped() {
        let path = FieldPath::key("a.b~c").unwrap().child("d").unwrap();
        assert_eq!(path.as_str(), "a~1b~0c.d");
        assert_eq!(path.keys().collect::<Vec<_>>(), ["a.b~c", "d"]);
    }

    #[test]
    fn bad_paths_are_refused() {
        for text in ["", ".", "a..b", "a.", "a\nb", "a~b", "~", "a~2", &"x".repeat(252)] {
            assert!(text.parse::<FieldPath>().is_err(), "{text:?}");
        }
        assert!("x".repeat(251).parse::<FieldPath>().is_ok());
        assert!(FieldPath::key("").is_err());
    }

    proptest! {
        #[test]
        fn keys_round_trip(keys in prop::collection::vec("[^\\p{Cc}]{1,12}", 1..4)) {
            let mut path = FieldPath::key(&keys[0]).unwrap();
            for key in &keys[1..] {
                path = path.child(key).unwrap();
            }
            prop_assert_eq!(path.keys().collect::<Vec<_>>(), keys);
            prop_assert_eq!(path.as_str().parse::<FieldPath>().unwrap(), path);
        }
    }
}
