//! Secrets: words that other parties know an installation by. Requests are filled with them, and nothing
//! that is recorded, logged or answered holds them.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{SecretName, Value};

/// Fewest characters of a secret: shorter ones could not be told from other words where a partner
/// repeats them.
pub const SECRET_CHARS_MIN: usize = 4;
/// Most characters of a secret.
pub const SECRET_CHARS_MAX: usize = 4096;

/// What a secret says: one line of 4 to 4096 characters. Never shown, not even in traces.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretValue(Arc<str>);

/// The text cannot be a secret. Says nothing of the text itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// Too short or too long.
    #[error("a secret has {SECRET_CHARS_MIN} to {SECRET_CHARS_MAX} characters, and this has {0}")]
    Length(usize),
    /// A line end or another control character, which no header could carry.
    #[error("a secret is one line, and this holds a control character")]
    Control,
    /// Blanks at an end, which would be lost on the way.
    #[error("a secret has no blank at its ends")]
    Blank,
}

impl SecretValue {
    /// The text, for the one request or record that needs it.
    pub fn expose(&self) -> &Arc<str> {
        &self.0
    }
}

impl FromStr for SecretValue {
    type Err = SecretFault;

    fn from_str(text: &str) -> Result<SecretValue, SecretFault> {
        let chars = text.chars().count();
        if !(SECRET_CHARS_MIN..=SECRET_CHARS_MAX).contains(&chars) {
            return Err(SecretFault::Length(chars));
        }
        if text.chars().any(char::is_control) {
            return Err(SecretFault::Control);
        }
        if text.trim() != text {
            return Err(SecretFault::Blank);
        }
        Ok(SecretValue(text.into()))
    }
}

impl fmt::Debug for SecretValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretValue(…)")
    }
}

/// The secrets that requests may be filled with, by name. Its values are never shown.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Secrets {
    values: BTreeMap<SecretName, Value>,
}

static NONE: Secrets = Secrets { values: BTreeMap::new() };

impl Secrets {
    /// No secrets at all.
    pub fn none() -> &'static Secrets {
        &NONE
    }

    /// What stands for each of some secrets where it must not be shown: `[secret name]`.
    pub fn masked<'a>(names: impl IntoIterator<Item = &'a SecretName>) -> Secrets {
        let values = names.into_iter().map(|name| (name.clone(), Value::text(format!("[secret {name}]"))));
        Secrets { values: values.collect() }
    }

    /// The value of one; nothing when it is not set.
    pub fn get(&self, name: &SecretName) -> Option<&Value> {
        self.values.get(name)
    }
}

impl FromIterator<(SecretName, SecretValue)> for Secrets {
    fn from_iter<I: IntoIterator<Item = (SecretName, SecretValue)>>(all: I) -> Secrets {
        let values = all.into_iter().map(|(name, value)| (name, Value::text(value.0)));
        Secrets { values: values.collect() }
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_one_line_of_some_length() {
        for good in ["key1", "a  b", "päss wörd", &"x".repeat(4096)] {
            assert_eq!(&**good.parse::<SecretValue>().unwrap().expose(), good);
        }
        let fault = |text: &str| text.parse::<SecretValue>().unwrap_err();
        assert_eq!(fault("abc"), SecretFault::Length(3));
        assert_eq!(fault(&"x".repeat(4097)), SecretFault::Length(4097));
        assert_eq!(fault("key\r\nx: y"), SecretFault::Control);
        assert_eq!(fault(" key1"), SecretFault::Blank);
    }

    #[test]
    fn traces_show_names_alone() {
        let name: SecretName = "south".parse().unwrap();
        let value: SecretValue = "hush-hush".parse().unwrap();
        assert_eq!(format!("{value:?}"), "SecretValue(…)");
        let secrets: Secrets = [(name.clone(), value)].into_iter().collect();
        assert_eq!(format!("{secrets:?}"), "{south}");
        assert_eq!(secrets.get(&name), Some(&Value::text("hush-hush")));
        assert_eq!(Secrets::masked([&name]).get(&name), Some(&Value::text("[secret south]")));
    }
}
