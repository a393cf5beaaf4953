//! How a reply of another party is read: settings of a step.

mod pattern;

use std::fmt;
use std::sync::Arc;

use crate::{Ending, Money};

pub use pattern::{Pattern, PatternError};

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
    /// What is taken out of a reply in text or HTML, by name: the first group of a pattern.
    pub captures: Vec<(Arc<str>, Pattern)>,
    /// Picks one `Set-Cookie` line, which is appended as `cookie`.
    pub cookie: Option<SearchTerm>,
    /// The form of the reply, whatever its content type says.
    pub content_type: Option<ReplyForm>,
    /// Whether the reply is one of SOAP: a fault in it is an error, and only a yes names a price.
    pub is_soap: bool,
}

/// The forms in which a reply is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReplyForm {
    /// Paths are keys with dots between.
    Json,
    /// Paths are XPath 1.0.
    Xml,
    /// Paths are CSS selectors, with `@attribute` at the end where an attribute is meant.
    Html,
    /// Paths are regular expressions; their first group counts.
    Text,
}

impl ReplyForm {
    /// The form that a content type names, such as `application/json; charset=utf-8`; none for
    /// those that say nothing about it.
    pub fn of_content_type(content_type: &str) -> Option<ReplyForm> {
        let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let (_, kind) = media.split_once('/')?;
        if kind == "json" || kind.ends_with("+json") || matches!(kind, "javascript" | "x-javascript") {
            return Some(ReplyForm::Json);
        }
        if matches!(kind, "html" | "xhtml+xml") {
            return Some(ReplyForm::Html);
        }
        if kind == "xml" || kind.ends_with("+xml") {
            return Some(ReplyForm::Xml);
        }
        media.starts_with("text/").then_some(ReplyForm::Text)
    }
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

/// A place in a reply. What it means depends on the reply: in JSON keys and numbers of items with dots
/// between, `*` for all items or members, as in `result.errors.*.message`; in XML an XPath; in HTML a
/// selector; in text an expression between slashes.
#[derive(Debug, Clone)]
pub struct ReplyPath {
    // Invariant: not blank, at most `REPLY_PATH_BYTES_MAX` bytes, no control character.
    written: Arc<str>,
    /// What it means in text, read once.
    pattern: Option<Pattern>,
}

impl PartialEq for ReplyPath {
    fn eq(&self, other: &ReplyPath) -> bool {
        self.written == other.written
    }
}

impl Eq for ReplyPath {}

/// The text is not a place in a reply.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReplyPathError {
    /// Blank, too long or of several lines.
    #[error(
        "{0:?} is not a path of a reply; write 1 to {REPLY_PATH_BYTES_MAX} bytes, such as result.errors.*.message"
    )]
    NoPath(String),
    /// One pattern too many.
    #[error("the path {path:?} cannot be used: {why}")]
    Pattern {
        /// As it was written, cut to 80 characters.
        path: String,
        /// Why not.
        why: PatternError,
    },
}

/// Longest path of a reply, in bytes.
const REPLY_PATH_BYTES_MAX: usize = 500;

impl ReplyPath {
    /// As it was written.
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// The keys of a place in JSON, from the top down.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.written.split('.')
    }

    /// What it means in text; none when it is no expression.
    pub fn pattern(&self) -> Option<&Pattern> {
        self.pattern.as_ref()
    }
}

impl std::str::FromStr for ReplyPath {
    type Err = ReplyPathError;

    fn from_str(text: &str) -> Result<ReplyPath, ReplyPathError> {
        let good = text.len() <= REPLY_PATH_BYTES_MAX
            && !text.trim().is_empty()
            && !text.chars().any(char::is_control);
        if !good {
            return Err(ReplyPathError::NoPath(text.chars().take(80).collect()));
        }
        let pattern = Pattern::in_path(text)
            .map_err(|why| ReplyPathError::Pattern { path: text.chars().take(80).collect(), why })?;
        Ok(ReplyPath { written: text.into(), pattern })
    }
}

impl fmt::Display for ReplyPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
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
    Expression(Pattern),
    Nothing,
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
    Expression(PatternError),
}

/// Longest term, in bytes.
const TERM_BYTES_MAX: usize = 1_000;

impl SearchTerm {
    /// Whether it is found in a text, which is trimmed before.
    pub fn is_found_in(&self, text: &str) -> bool {
        let text = text.trim();
        match &self.wanted {
            Wanted::Text(wanted) => text.to_lowercase().contains(wanted),
            Wanted::Expression(expression) => expression.is_found_in(text),
            Wanted::Nothing => false,
        }
    }

    /// A term that is found nowhere: what an expression that cannot be read comes to.
    pub fn of_nothing(written: &str) -> SearchTerm {
        SearchTerm { written: written.into(), wanted: Wanted::Nothing }
    }
}

impl std::str::FromStr for SearchTerm {
    type Err = SearchTermError;

    fn from_str(text: &str) -> Result<SearchTerm, SearchTermError> {
        if text.len() > TERM_BYTES_MAX {
            return Err(SearchTermError::TooLong);
        }
        let wanted = match pattern::between_slashes(text) {
            Some((source, flags)) => {
                // Flags count, but for case, which never matters here.
                let read = Pattern::read(text, source, &format!("{flags}i"));
                Wanted::Expression(read.map_err(SearchTermError::Expression)?)
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
        assert!(found(r"/\bOK\b/gm", "no\nok"));
        assert!(found(r"/^OK$/m", "no\nok"));
        assert!(!found(r"/^\D+$/", "4"));
        assert!(!SearchTerm::of_nothing("/(/").is_found_in("/(/"));
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
    fn a_path_is_one_line_of_text() {
        for text in ["result.errors.*.message", "//res/e[1]", ".error b@title", "/price=(.+)/i"] {
            assert!(text.parse::<ReplyPath>().is_ok(), "{text}");
        }
        for text in ["", " ", "a\nb", &"x".repeat(501)] {
            assert!(text.parse::<ReplyPath>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_content_type_names_a_form() {
        use ReplyForm::{Html, Json, Text, Xml};
        for (content_type, wanted) in [
            ("application/json; charset=utf-8", Some(Json)),
            ("application/problem+json", Some(Json)),
            ("TEXT/XML", Some(Xml)),
            ("application/soap+xml", Some(Xml)),
            ("text/html", Some(Html)),
            ("application/xhtml+xml", Some(Html)),
            ("text/csv", Some(Text)),
            ("application/octet-stream", None),
            ("", None),
        ] {
            assert_eq!(ReplyForm::of_content_type(content_type), wanted, "{content_type}");
        }
    }
}
