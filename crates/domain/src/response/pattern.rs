//! Regular expressions as flows write them: `/price=(.+)/i`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use regex::Regex;

use crate::pattern::{CompileError, Flags, compile, looked_at};

/// A regular expression that was read. Its time is linear in the text, whatever it is.
#[derive(Debug, Clone)]
pub struct Pattern {
    written: Arc<str>,
    expression: Regex,
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.written == other.written
    }
}

impl Eq for Pattern {}

/// Why a text is not a regular expression, or too big a one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{why}")]
pub struct PatternError {
    why: String,
    flow_is_full: bool,
}

/// Longest expression, in bytes.
const WRITTEN_BYTES_MAX: usize = 1_000;
/// Most memory a compiled expression may take, in bytes.
const EXPRESSION_BYTES_MAX: usize = 1 << 20;

impl Pattern {
    /// Whether it matches anywhere in the first 16 KiB of a text.
    pub fn is_found_in(&self, text: &str) -> bool {
        self.expression.is_match(looked_at(text))
    }

    /// The first group of the first match there; nothing when there is no match or no group.
    pub fn first_group<'a>(&self, text: &'a str) -> Option<&'a str> {
        self.expression.captures(looked_at(text))?.get(1).map(|group| group.as_str())
    }

    /// Whether it has a group at all.
    pub fn has_group(&self) -> bool {
        self.expression.captures_len() > 1
    }

    /// What a path means in text: an expression between slashes, or one that has a group.
    ///
    /// # Errors
    /// When the flow has no room for it.
    pub(super) fn in_path(text: &str) -> Result<Option<Pattern>, PatternError> {
        let read = match between_slashes(text) {
            Some((source, flags)) => Pattern::read(text, source, flags),
            None if text.contains('(') => Pattern::read(text, text, ""),
            None => return Ok(None),
        };
        match read {
            Ok(pattern) => Ok(Some(pattern).filter(|own| between_slashes(text).is_some() || own.has_group())),
            Err(error) if error.flow_is_full => Err(error),
            // It means something in other replies.
            Err(_) => Ok(None),
        }
    }

    pub(super) fn read(written: &str, source: &str, flags: &str) -> Result<Pattern, PatternError> {
        if written.len() > WRITTEN_BYTES_MAX {
            let why = format!("it has more than {WRITTEN_BYTES_MAX} bytes");
            return Err(PatternError { why, flow_is_full: false });
        }
        let expression = compile(source, Flags::read(flags), EXPRESSION_BYTES_MAX).map_err(|error| {
            PatternError { why: error.to_string(), flow_is_full: error == CompileError::FlowFull }
        })?;
        Ok(Pattern { written: written.into(), expression })
    }
}

/// Reads `/…/flags`, or the expression alone. Of the flags `i`, `m` and `s` mean what they do
/// elsewhere, `d g u v y` are passed over.
impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Pattern, PatternError> {
        match between_slashes(text) {
            Some((source, flags)) => Pattern::read(text, source, flags),
            None => Pattern::read(text, text, ""),
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// The expression between slashes and the flags after them, when it is written so.
pub(super) fn between_slashes(text: &str) -> Option<(&str, &str)> {
    let (source, flags) = text.strip_prefix('/')?.rsplit_once('/')?;
    let good = !source.is_empty() && flags.chars().all(|flag| "dgimsuvy".contains(flag));
    good.then_some((source, flags))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_group_is_what_counts() {
        let group = |pattern: &str, text| pattern.parse::<Pattern>().unwrap().first_group(text);
        assert_eq!(group("/price=([0-9.]+)/i", "PRICE=4.00"), Some("4.00"));
        assert_eq!(group("/price=([0-9.]+)/", "PRICE=4.00"), None);
        assert_eq!(group(r"ref=(\w+)", "ok ref=ab12"), Some("ab12"));
        assert_eq!(group("/price=/", "price=4"), None);
        assert_eq!(group("/a(.)c/s", "a\nc"), Some("\n"));
    }

    #[test]
    fn only_the_beginning_of_a_long_reply_is_looked_at() {
        let text = |before: usize| "a".repeat(before) + "id=7";
        let pattern: Pattern = "/id=(.)/".parse().unwrap();
        let near = text(16 * 1024 - 4);
        assert_eq!((pattern.first_group(&near), pattern.is_found_in(&near)), (Some("7"), true));
        let far = text(16 * 1024 - 3);
        assert_eq!((pattern.first_group(&far), pattern.is_found_in(&far)), (None, false));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["/(/", "/(a{1000}){1000}/", &"x".repeat(1_001)] {
            assert!(text.parse::<Pattern>().is_err(), "{text}");
        }
        assert_eq!(Pattern::in_path("//res/price"), Ok(None));
        assert_eq!(Pattern::in_path("result.id"), Ok(None));
        assert_eq!(Pattern::in_path("/(/"), Ok(None));
    }
}
