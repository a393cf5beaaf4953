//! What can be wrong with a template, and what would mend it.

use std::num::NonZeroUsize;

use crate::vocabulary::PlaceError;
use crate::{FieldType, UnknownTimeZone};

use super::{NESTING_MAX, NODES_MAX, TEMPLATE_BYTES_MAX};

/// Why a text is not a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}column {column} of the template: {fault}", line_before(*line))]
pub struct TemplateError {
    /// In which line of the text, 1 for the first; none where it has no other.
    pub line: Option<NonZeroUsize>,
    /// Where in that line, in characters, 1 for the first.
    pub column: usize,
    /// What is wrong there.
    pub fault: TemplateFault,
}

fn line_before(line: Option<NonZeroUsize>) -> String {
    line.map(|line| format!("line {line}, ")).unwrap_or_default()
}

impl TemplateError {
    /// The fault at a byte of the text.
    pub(super) fn at(text: &str, at: usize, fault: TemplateFault) -> TemplateError {
        let before = text.get(..at).unwrap_or(text);
        let start = before.rfind('\n').map_or(0, |end| end + 1);
        let has_several = text.strip_suffix('\n').unwrap_or(text).contains('\n');
        let lines = |text: &str| text.bytes().filter(|byte| *byte == b'\n').count() + 1;
        TemplateError {
            line: NonZeroUsize::new(lines(before)).filter(|_| has_several),
            column: before[start..].chars().count() + 1,
            fault,
        }
    }
}

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateFault {
    /// `{{` without `}}`.
    #[error("{{{{ without the }}}} that ends it")]
    Unclosed,
    /// A text in quotes without its end.
    #[error("a text in quotes without the {0} that ends it")]
    UnclosedText(char),
    /// Nothing between the braces or brackets.
    #[error("nothing stands between {0}")]
    Empty(&'static str),
    /// Something that does not belong there.
    #[error("{found:?} stands where {wanted} is expected")]
    Unexpected {
        /// What stands there, cut.
        found: String,
        /// What could stand there.
        wanted: &'static str,
    },
    /// A block without its end.
    #[error("{{{{#{0}}}}} without the {{{{/{0}}}}} that ends it")]
    OpenBlock(&'static str),
    /// The end of a block that is not open, or not the innermost.
    #[error("{{{{/{found}}}}} ends no block{}", hint_of_open(*open))]
    WrongEnd {
        /// What it would end.
        found: String,
        /// The innermost open block.
        open: Option<&'static str>,
    },
    /// An `else` that belongs to nothing.
    #[error("{{{{else}}}} {0}")]
    WrongElse(&'static str),
    /// Words of the language that this dialect does not have.
    #[error("{what} cannot be used here; {instead}")]
    Refused {
        /// What.
        what: String,
        /// What does its work.
        instead: &'static str,
    },
    /// A helper that does not exist.
    #[error("there is no helper {name:?}{}", did_you_mean(near.as_deref()))]
    UnknownHelper {
        /// The word that stands there.
        name: String,
        /// A helper of a similar name.
        near: Option<String>,
    },
    /// An option that a helper does not have.
    #[error("{helper} has no option {option:?}{}", did_you_mean(near.as_deref()))]
    UnknownOption {
        /// The helper.
        helper: &'static str,
        /// The option.
        option: String,
        /// An option of a similar name.
        near: Option<String>,
    },
    /// An option that stands twice.
    #[error("{helper} has the option {option} twice")]
    OptionTwice {
        /// The helper.
        helper: &'static str,
        /// The option.
        option: String,
    },
    /// Too little behind the name of a helper.
    #[error("{helper} needs {missing}, as in {example}")]
    Missing {
        /// The helper.
        helper: &'static str,
        /// What is missing.
        missing: &'static str,
        /// How it is written.
        example: &'static str,
    },
    /// Too much behind the name of a helper.
    #[error("{helper} takes no more values here; write it like {example}")]
    TooMany {
        /// The helper.
        helper: &'static str,
        /// How it is written.
        example: &'static str,
    },
    /// A value of the lead where a text must stand that is the same for every lead.
    #[error("{option} of {helper} must be a text in quotes, the same for every lead")]
    NotLiteral {
        /// The helper.
        helper: &'static str,
        /// The option.
        option: &'static str,
    },
    /// An option with a value that it cannot have.
    #[error("{option} of {helper} cannot be {value:?}; {wanted}")]
    OptionValue {
        /// The helper.
        helper: &'static str,
        /// The option.
        option: &'static str,
        /// The value, cut.
        value: String,
        /// What it can be.
        wanted: String,
    },
    /// A pattern that is no regular expression, or too large.
    #[error("the pattern {pattern:?} cannot be used: {why}")]
    Pattern {
        /// The pattern, cut.
        pattern: String,
        /// What is wrong with it.
        why: String,
    },
    /// A place that is not on the map.
    #[error("{zone}{}", did_you_mean(near.as_deref()))]
    TimeZone {
        /// What was written.
        zone: UnknownTimeZone,
        /// One of a similar name.
        near: Option<String>,
    },
    /// A value whose type does not go with the helper.
    #[error("{helper} {does}, and {name} has the type {field_type}")]
    Type {
        /// The helper.
        helper: &'static str,
        /// What the helper does.
        does: &'static str,
        /// The value, as written.
        name: String,
        /// Its type.
        field_type: FieldType,
    },
    /// An expression of `math` that cannot be read.
    #[error("in the expression of math, {0}")]
    Math(String),
    /// A name that cannot be named here.
    #[error("it names {0}")]
    Place(#[from] PlaceError),
    /// More text than a template may have.
    #[error("it has {bytes} bytes; at most {max} fit", max = TEMPLATE_BYTES_MAX)]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// More parts than a template may have.
    #[error("it has more than {NODES_MAX} texts, values, helpers and blocks")]
    TooManyParts,
    /// Blocks and brackets within each other beyond what anybody reads.
    #[error("blocks and brackets stand more than {NESTING_MAX} deep within each other")]
    TooDeep,
}

fn did_you_mean(near: Option<&str>) -> String {
    near.map(|near| format!("; did you mean {near}?")).unwrap_or_default()
}

fn hint_of_open(open: Option<&'static str>) -> String {
    open.map(|block| format!("; {{{{#{block}}}}} is to be ended first")).unwrap_or_default()
}

/// The nearest of some words, when it is near enough to be what was meant.
pub(crate) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<String> {
    let word: String = word.chars().take(60).collect::<String>().to_lowercase();
    let (distance, near) = words
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word, &candidate.to_lowercase()), candidate))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + near.chars().count() / 4).then(|| near.to_owned())
}

/// The start of a text, for messages.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
