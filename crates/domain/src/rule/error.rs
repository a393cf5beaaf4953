//! Why a rule cannot be.

use std::sync::Arc;

use crate::vocabulary::PlaceError;
use crate::{FieldType, Operator, TemplateError, type_words as words_of_type};

/// Why a rule cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rule `{rule}` {fault}")]
pub struct RuleError {
    /// The rule as it was written.
    pub rule: String,
    /// What is wrong with it.
    pub fault: RuleFault,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// The place cannot be named here.
    #[error("looks at {0}")]
    Place(#[from] PlaceError),
    /// The place or the value is a template that cannot be.
    #[error("has a template that cannot be read: {0}")]
    Template(#[from] TemplateError),
    /// The operator means nothing for such a value.
    #[error(
        "asks \"{operator}\" of a value of {}; it takes {}",
        type_words(*.field_type),
        .fitting.iter().map(|operator| operator.as_str()).collect::<Vec<_>>().join(", ")
    )]
    Operator {
        /// The operator.
        operator: Operator,
        /// The type it does not fit; none where anything may stand.
        field_type: Option<FieldType>,
        /// The operators that would fit.
        fitting: Vec<Operator>,
    },
    /// Nothing to compare with.
    #[error("needs a value to compare with")]
    NoValue,
    /// Something to compare with that is never looked at.
    #[error("takes no value")]
    NeedlessValue,
    /// A list where one value is meant.
    #[error("takes one value, not a list")]
    List,
    /// A value that the type of the field cannot be.
    #[error("compares with {value:?}, which is no {}", wanted(*.field_type))]
    Value {
        /// What stands there, cut to 80 characters.
        value: String,
        /// What was expected; none where anything may stand.
        field_type: Option<FieldType>,
    },
    /// A value that the field does not declare.
    #[error("compares with {value:?}, which is none of the values of the field: {}", listed(.declared))]
    Undeclared {
        /// What stands there, cut to 80 characters.
        value: String,
        /// What the field declares.
        declared: Vec<Arc<str>>,
    },
    /// What is not two bounds for values of the type.
    #[error("compares with {value:?}; write two {} with - between, or a list of both", bound_words(*.field_type))]
    Bounds {
        /// What stands there, cut to 80 characters.
        value: String,
        /// What was expected; none where anything may stand.
        field_type: Option<FieldType>,
    },
    /// What is no length of time.
    #[error(
        "compares with {value:?}; write a whole number and minutes, hours, days, weeks, months or years, such as 30 days"
    )]
    Window {
        /// What stands there, cut to 80 characters.
        value: String,
    },
    /// More values, or longer ones, than a rule may hold.
    #[error("compares with {count} values; at most {max} fit", max = super::operands::VALUES_MAX)]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A text longer than a rule may hold.
    #[error("compares with a text of {bytes} bytes; at most {max} fit", max = super::operands::VALUE_BYTES_MAX)]
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// A regular expression that cannot be read.
    #[error("has a pattern that is not a regular expression: {0}")]
    Pattern(String),
    /// One that becomes too large, or for which the flow has no room.
    #[error("has a pattern that is too large: {0}")]
    PatternSize(String),
}

/// Most declared values that are told.
const LISTED_MAX: usize = 20;

fn listed(values: &[Arc<str>]) -> String {
    let more = if values.len() > LISTED_MAX { ", …" } else { "" };
    format!("{}{more}", values.iter().take(LISTED_MAX).map(|value| &**value).collect::<Vec<_>>().join(", "))
}

/// What would fit, with a value of the type.
fn wanted(field_type: Option<FieldType>) -> String {
    let Some(field_type) = field_type else { return "number, date or time".to_owned() };
    let name = field_type.as_str();
    let example = words_of_type(name).map(|words| words.example).filter(|example| !example.is_empty());
    example.map_or(name.to_owned(), |example| format!("{name}; write one such as {example:?}"))
}

/// The type of a place in words.
fn type_words(field_type: Option<FieldType>) -> String {
    field_type.map_or("no known type".to_owned(), |field_type| format!("the type {field_type}"))
}

/// What stands on both sides of a dash.
fn bound_words(field_type: Option<FieldType>) -> &'static str {
    match field_type {
        Some(FieldType::Date | FieldType::Dob) => "dates",
        Some(FieldType::Time) => "times, dates or times of day (0830-1645)",
        Some(_) => "numbers",
        None => "numbers, dates, times or times of day (0830-1645)",
    }
}
