//! Patterns: regular expressions that stay small and take time linear in what they look at, and
//! globs.

use regex::Regex;

use super::RuleFault;
use crate::pattern::{CompileError, Flags, compile, looked_at};
use crate::slashes::within_slashes;

/// Most memory that a compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// The same for a pattern that is made of values of the lead, and so compiled for each lead.
const COMPUTED_PATTERN_BYTES_MAX: usize = 1 << 16;
/// A regular expression that compiles and stays small.
#[derive(Debug, Clone)]
pub(super) struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// When a pattern is compiled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Made {
    /// Once, when the flow is published.
    AtPublish,
    /// For each lead.
    PerLead,
}

impl Pattern {
    /// Reads a regular expression, with or without slashes around it and flags behind them, or a glob: text whose only
    /// special characters are `*` and `?`, which then has to match the whole value.
    pub(super) fn read(text: &str, made: Made) -> Result<Pattern, RuleFault> {
        let inner = within_slashes(text).map_err(|error| RuleFault::Pattern(error.to_string()))?;
        let is_glob = inner.is_none()
            && text.contains(['*', '?'])
            && !text.contains(['^', '$', '.', '[', ']', '(', ')', '{', '}', '|', '+', '\\']);
        let (source, flags) = match inner {
            Some((expression, flags)) => (expression.to_owned(), flags),
            None => (if is_glob { glob(text) } else { text.to_owned() }, ""),
        };
        let bytes_max = match made {
            Made::AtPublish => PATTERN_BYTES_MAX,
            Made::PerLead => COMPUTED_PATTERN_BYTES_MAX,
        };
        let flags = Flags { any_case: true, ..Flags::read(flags) };
        compile(&source, flags, bytes_max).map(Pattern).map_err(|error| match error {
            CompileError::Unreadable(why) => RuleFault::Pattern(why),
            CompileError::TooLarge | CompileError::FlowFull => RuleFault::PatternSize(error.to_string()),
        })
    }

    /// Whether it matches anywhere in the beginning of a text.
    pub(super) fn matches(&self, text: &str) -> bool {
        self.0.is_match(looked_at(text))
    }
}

fn glob(text: &str) -> String {
    let mut source = String::from("^");
    for c in text.chars() {
        match c {
            '*' => source.push_str("(?s:.*)"),
            '?' => source.push_str("(?s:.)"),
            other => source.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
        }
    }
    source + "$"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pattern::TEXT_BYTES_MAX;

    #[test]
    fn a_pattern_that_would_grow_without_end_is_refused() {
        for text in [
            "(".to_owned(),
            "a{1000}{1000}{1000}".to_owned(),
            "(((a{100}){100}){100}){100}".to_owned(),
            r"\w{2000}".to_owned(),
            "a{99999999999}".to_owned(),
            "(".repeat(200) + &")".repeat(200),
            r"(a)\1".to_owned(),
            "(?=a)".to_owned(),
        ] {
            for made in [Made::AtPublish, Made::PerLead] {
                assert!(Pattern::read(&text, made).is_err(), "{text}");
            }
        }
    }

    #[test]
    fn flags_stand_behind_slashes() {
        let matches =
            |pattern: &str, text: &str| Pattern::read(pattern, Made::AtPublish).unwrap().matches(text);
        for (pattern, text) in [
            ("/a/", "xA"),
            ("/a/g", "xA"),
            ("/^b$/im", "a\nB"),
            ("/a.b/s", "a\nb"),
            ("/a\\/b/", "a/b"),
            ("/a/b/gi", "a/b"),
            // Without letters behind the last slash it is a path.
            ("/quote/tx-1", "/quote/tx-1"),
            ("/quote", "/quote"),
        ] {
            assert!(matches(pattern, text), "{pattern}");
        }
        assert!(!matches("/^b$/", "a\nb") && !matches("/a.b/", "a\nb"));
        for pattern in ["/a/q", "/quote/tx", "/a/gix"] {
            let told = Pattern::read(pattern, Made::AtPublish).unwrap_err().to_string();
            assert!(told.contains("and flags are i, m and s"), "{told}");
        }
    }

    #[test]
    fn only_the_first_part_of_a_long_text_is_looked_at() {
        let pattern = Pattern::read("é!", Made::AtPublish).unwrap();
        let text = |before: usize| "é".repeat(before / 2) + "!";
        assert!(pattern.matches(&text(TEXT_BYTES_MAX - 2)) && !pattern.matches(&text(TEXT_BYTES_MAX)));
        // The bound lies within a letter.
        assert!(!pattern.matches(&format!("{}é!", "a".repeat(TEXT_BYTES_MAX - 1))));
    }

    /// One of the largest that are taken: it keeps hundreds of places in mind for each letter, no two
    /// times the same. On all of this text it would take seconds.
    #[test]
    fn a_large_pattern_is_quick_on_a_long_value() {
        let mut seed = 7_u32;
        let letters = std::iter::repeat_with(|| {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'a' + u8::try_from(seed >> 24).unwrap() % 20)
        });
        let long: String = letters.take(200_000).collect();
        assert!(!Pattern::read("[a-q][^u-z]{1000}x", Made::AtPublish).unwrap().matches(&long));
    }

    /// These take other machines minutes or years on thirty letters.
    #[test]
    fn patterns_that_explode_elsewhere_are_harmless_on_long_values() {
        let long = "a".repeat(TEXT_BYTES_MAX - 1) + "!";
        for text in ["(a+)+$", "(a|aa)+$", "(a*)*b", "(.*a){20}$", "^(([a-z])+.)+[A-Z]([a-z])+$"] {
            assert!(!Pattern::read(text, Made::AtPublish).unwrap().matches(&long), "{text}");
        }
    }
}
