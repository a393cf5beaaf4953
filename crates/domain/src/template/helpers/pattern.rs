//! Patterns of `replace` and `extract`, compiled when a flow is published.

use regex::Regex;

use crate::pattern::{Flags, compile};
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

/// What stands within `regexp(…)`.
pub(super) fn expression_within(text: &str) -> Option<&str> {
    text.strip_prefix("regexp(")?.strip_suffix(')')
}

impl Pattern {
    /// Compiles an expression; `/…/i` has flags behind it: `i`, `m`, `s`, and `g`, which goes without
    /// saying.
    pub(super) fn compile(text: &str) -> Result<Pattern, TemplateFault> {
        let wrong = |why: String| TemplateFault::Pattern { pattern: shown(text), why };
        if text.is_empty() {
            return Err(wrong("it is empty, and would be found everywhere".to_owned()));
        }
        if text.len() > PATTERN_BYTES_MAX {
            return Err(wrong(format!("it has {} bytes; at most {PATTERN_BYTES_MAX} fit", text.len())));
        }
        let (body, flags) = match text.strip_prefix('/').and_then(|rest| rest.rsplit_once('/')) {
            Some((body, flags)) if flags.bytes().all(|flag| b"gimsu".contains(&flag)) => (body, flags),
            Some(_) | None => (text, ""),
        };
        let regex = compile(body, Flags::read(flags), COMPILED_BYTES_MAX);
        let regex = regex.map_err(|error| wrong(error.to_string()))?;
        Ok(Pattern { source: text.to_owned(), regex })
    }

    pub(super) fn regex(&self) -> &Regex {
        &self.regex
    }
}
