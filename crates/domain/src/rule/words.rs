//! A rule in words and in sentences, which stand in headers of records, in the clear.

use super::text::text_of;
use crate::{Operator, Value};

/// Most bytes of the words and sentences made from one rule.
pub(super) const SENTENCE_BYTES_MAX: usize = 400;
/// Most characters of a rule in the message of an error.
const WRITTEN_CHARS_MAX: usize = 120;

/// What sentences say instead of the operand, where that may be the lead's own value: a lead that
/// fails `email is not equal to ann@example.com` has just that address. Operands of closed sets
/// and declared values tell nothing about a person, and limits (less, between, within) only a side.
pub(super) fn hidden_operand(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Equal | Operator::NotEqual => Some("the given value"),
        Operator::IncludedIn | Operator::NotIncludedIn => Some("the given list"),
        Operator::Includes | Operator::NotIncludes => Some("the given text"),
        Operator::Matches | Operator::NotMatches => Some("as given"),
        Operator::Less
        | Operator::LessOrEqual
        | Operator::Greater
        | Operator::GreaterOrEqual
        | Operator::Between
        | Operator::NotBetween
        | Operator::WithinLast
        | Operator::NotWithinLast
        | Operator::WithinNext
        | Operator::NotWithinNext
        | Operator::Blank
        | Operator::NotBlank
        | Operator::True
        | Operator::NotTrue
        | Operator::False
        | Operator::NotFalse
        | Operator::Valid
        | Operator::Invalid
        | Operator::Obscene
        | Operator::NotObscene => None,
    }
}

/// `TX`, `TX or OK`, `TX, OK or CA`.
pub(super) fn alternatives(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// `phone_1.area` as people say it: `Phone 1 area`. Templates stay as they are.
pub(super) fn label(name: &str) -> String {
    if super::operands::has_holes(name) {
        return cut(name.to_owned());
    }
    let words = name.replace(['_', '.'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// At most [`SENTENCE_BYTES_MAX`] bytes.
pub(super) fn cut(text: String) -> String {
    if text.len() <= SENTENCE_BYTES_MAX {
        return text;
    }
    let end =
        (0..=SENTENCE_BYTES_MAX - '…'.len_utf8()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

/// The rule as it stands in a file, for messages.
pub(super) fn as_written(place: &str, operator: Operator, operand: Option<&Value>) -> String {
    let operand = match operand {
        None => String::new(),
        Some(Value::Scalar(scalar)) => format!(" {}", text_of(scalar)),
        Some(Value::List(list)) => {
            let shown = list.iter().take(WRITTEN_CHARS_MAX).map(text_of);
            format!(" {}", shown.collect::<Vec<_>>().join(", "))
        }
    };
    format!("{place} {operator}{operand}").chars().take(WRITTEN_CHARS_MAX).collect()
}
