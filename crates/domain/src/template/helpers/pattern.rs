//! Patterns of `replace` and `extract`, compiled when a flow is published.

use regex::Regex;

use crate::pattern::{Flags, compile};
use crate::slashes::within_slashes;
use crate::template::fault::{TemplateFault, shown};

/// A compiled expression.
#[derive(Debug, Clone)]
pub(super) struct Pattern {
    source: String,
    regex: Regex,
}

/// Longest pattern, in bytes.
const PATTERN_BYTES_MAX: usize = 1_000;
/// Most memory of one compiled pattern, in bytes.
const COMPILED_BYTES_MAX: usize = 256 * 1024;

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.source == other.source
    }
}

impl Eq for Pattern {}

/// What stands within `regexp(…)`; nothing when the text is to be found as it stands.
pub(super) fn expression_within(text: &str) -> Result<Option<&str>, TemplateFault> {
    match text.strip_prefix("regexp(").map(|rest| rest.strip_suffix(')')) {
        None => Ok(None),
        Some(Some(expression)) => Ok(Some(expression)),
        Some(None) => {
            let why = "regexp( has no ) at the end".to_owned();
            Err(TemplateFault::Pattern { pattern: shown(text), why })
        }
    }
}

impl Pattern {
    /// Compiles an expression; `/…/i` has flags behind it: `i`, `m`, `s`, and others, which go without saying.
    pub(super) fn compile(text: &str) -> Result<Pattern, TemplateFault> {
        let wrong = |why: String| TemplateFault::Pattern { pattern: shown(text), why };
        if text.is_empty() {
            return Err(wrong("it is empty, and would be found everywhere".to_owned()));
        }
        if text.len() > PATTERN_BYTES_MAX {
            return Err(wrong(format!("it has {} bytes; at most {PATTERN_BYTES_MAX} fit", text.len())));
        }
        let (body, flags) =
            within_slashes(text).map_err(|error| wrong(error.to_string()))?.unwrap_or((text, ""));
        if body.is_empty() {
            return Err(wrong("it is empty, and would be found everywhere".to_owned()));
        }
        let regex = compile(body, Flags::read(flags), COMPILED_BYTES_MAX);
        let regex = regex.map_err(|error| wrong(error.to_string()))?;
        Ok(Pattern { source: text.to_owned(), regex })
    }

    pub(super) fn regex(&self) -> &Regex {
        &self.regex
    }
}
