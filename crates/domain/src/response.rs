//! How a reply of another party is read: settings of a step.

use std::fmt;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::{Ending, Money};

/// How a reply is read. The default takes any complete reply below 500 as a success.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ResponseSettings {
    /// What tells yes from no; none means that any reply below 500 is a yes.
    pub outcome: Option<OutcomeSearch>,
    /// Where a no says why.
    pub reason: ReasonSearch,
    /// Where the price stands.
    pub price: Option<PriceSearch>,
    /// Where the other party's own id for the lead stands.
    pub reference: Option<ReplyPath>,
    /// What some values of the reply may be, by path: these may be named in reasons and dims.
    pub values: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// Tells yes from no: the term is looked for in what stands under the path, without regard to case.
#[derive(Debug, Clone, PartialEq)]
pub struct OutcomeSearch {
    /// Where to look; none means the whole body.
    pub path: Option<ReplyPath>,
    /// What to look for; none means anything that is not blank.
    pub term: Option<SearchTerm>,
    /// What it means when the term is found; [`meaning`](OutcomeSearch::meaning) says what it means
    /// when it is not.
    pub on_match: Ending,
}

impl OutcomeSearch {
    /// What a reply means. The opposite of success is failure, that of failure and of error is
    /// success.
    pub fn meaning(&self, found: bool) -> Ending {
        match (found, self.on_match) {
            (true, on_match) => on_match,
            (false, Ending::Success) => Ending::Failure,
            (false, Ending::Failure | Ending::Error) => Ending::Success,
        }
    }
}

/// Where a no says why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReasonSearch {
    /// Where to look.
    pub path: Option<ReplyPath>,
    /// What is said when nothing stands there.
    pub default: Option<Arc<str>>,
}

/// Where the price stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceSearch {
    /// Where to look.
    pub path: ReplyPath,
    /// The price when no amount stands there.
    pub fallback: Money,
}

/// A place in a JSON reply: keys and numbers of items with dots between, `*` for all items or
/// members, as in `result.errors.*.message`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplyPath(Arc<str>); // Invariant: no part is empty.

/// The text is not a place in a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a path of a reply; write keys with dots between, such as result.errors.*.message")]
pub struct ReplyPathError(String);

/// Longest path of a reply, in bytes.
const REPLY_PATH_BYTES_MAX: usize = 500;

impl ReplyPath {
    /// The keys, from the top down.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.split('.')
    }
}

impl std::str::FromStr for ReplyPath {
    type Err = ReplyPathError;

    fn from_str(text: &str) -> Result<ReplyPath, ReplyPathError> {
        let good = text.len() <= REPLY_PATH_BYTES_MAX && text.split('.').all(|key| !key.trim().is_empty());
        if good { Ok(ReplyPath(text.into())) } else { Err(ReplyPathError(text.chars().take(80).collect())) }
    }
}

impl fmt::Display for ReplyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is looked for in a reply, without regard to case: text, or an expression between slashes.
#[derive(Debug, Clone)]
pub struct SearchTerm {
    written: Arc<str>,
    wanted: Wanted,
}

#[derive(Debug, Clone)]
enum Wanted {
    /// In lower case.
    Text(String),
    Expression(Regex),
}

impl PartialEq for SearchTerm {
    fn eq(&self, other: &SearchTerm) -> bool {
        self.written == other.written
    }
}

/// Why a text cannot be looked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SearchTermError {
    /// Nothing to look for.
    #[error("a term is not blank")]
    Blank,
    /// Longer than a term may be.
    #[error("a term has at most {TERM_BYTES_MAX} bytes")]
    TooLong,
    /// An expression that cannot be read, or becomes too big.
    #[error("the term is not a regular expression: {0}")]
    Expression(String),
}

/// Longest term, in bytes.
const TERM_BYTES_MAX: usize = 1_000;
/// Most memory a compiled expression may take, in bytes.
const EXPRESSION_BYTES_MAX: usize = 1 << 20;

impl SearchTerm {
    /// Whether it is found in a text, which is trimmed before.
    pub fn is_found_in(&self, text: &str) -> bool {
        let text = text.trim();
        match &self.wanted {
            Wanted::Text(wanted) => text.to_lowercase().contains(wanted),
            Wanted::Expression(expression) => expression.is_match(text),
        }
    }
}

impl std::str::FromStr for SearchTerm {
    type Err = SearchTermError;

    fn from_str(text: &str) -> Result<SearchTerm, SearchTermError> {
        if text.len() > TERM_BYTES_MAX {
            return Err(SearchTermError::TooLong);
        }
        let inner = text
            .strip_prefix('/')
            .and_then(|rest| rest.strip_suffix("/i").or_else(|| rest.strip_suffix('/')))
            .filter(|inner| !inner.is_empty());
        let wanted = match inner {
            Some(source) => {
                let built = RegexBuilder::new(source)
                    .case_insensitive(true)
                    .size_limit(EXPRESSION_BYTES_MAX)
                    .dfa_size_limit(EXPRESSION_BYTES_MAX)
                    .build();
                Wanted::Expression(built.map_err(|error| {
                    let text = error.to_string();
                    let last = text.lines().last().unwrap_or_default();
                    SearchTermError::Expression(last.trim_start_matches("error: ").to_owned())
                })?)
            }
            None if text.trim().is_empty() => return Err(SearchTermError::Blank),
            None => Wanted::Text(text.trim().to_lowercase()),
        };
        Ok(SearchTerm { written: text.into(), wanted })
    }
}

impl fmt::Display for SearchTerm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_term_is_text_or_an_expression_and_case_does_not_matter() {
        let found = |term: &str, text: &str| term.parse::<SearchTerm>().unwrap().is_found_in(text);
        assert!(found("accepted", "Lead ACCEPTED"));
        assert!(found("/^(ok|accepted)$/", " OK\n"));
        assert!(!found("/^(ok|accepted)$/", "not ok"));
        assert!(found("a/b", "A/B"));
        assert!(found("/", "a/b"));
    }

    #[test]
    fn a_term_that_cannot_be_looked_for_is_refused() {
        assert_eq!(" ".parse::<SearchTerm>(), Err(SearchTermError::Blank));
        assert!(matches!("/(/".parse::<SearchTerm>(), Err(SearchTermError::Expression(_))));
        assert!(matches!("/(a{1000}){1000}/".parse::<SearchTerm>(), Err(SearchTermError::Expression(_))));
        assert_eq!("x".repeat(1_001).parse::<SearchTerm>(), Err(SearchTermError::TooLong));
    }

    #[test]
    fn not_found_means_the_opposite() {
        let meaning = |on_match, found| OutcomeSearch { path: None, term: None, on_match }.meaning(found);
        assert_eq!(meaning(Ending::Success, true), Ending::Success);
        assert_eq!(meaning(Ending::Success, false), Ending::Failure);
        assert_eq!(meaning(Ending::Failure, false), Ending::Success);
        assert_eq!(meaning(Ending::Error, true), Ending::Error);
        assert_eq!(meaning(Ending::Error, false), Ending::Success);
    }

    #[test]
    fn a_path_has_no_empty_part() {
        assert!("result.errors.*.message".parse::<ReplyPath>().is_ok());
        for text in ["", "a..b", ".a", "a."] {
            assert!(text.parse::<ReplyPath>().is_err(), "{text}");
        }
    }
}
