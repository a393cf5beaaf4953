//! What a rule asks of a value, its operand in normal form: all that can be prepared is prepared.

use super::RuleFault;
use super::bounds::{Bound, Bounds, when};
use super::left::Left;
use super::obscene::is_obscene;
use super::pattern::{Made, Pattern};
use super::text::{KeySet, Keys, key, text_of};
use super::window::{Toward, Window};
use crate::parse::words::with_lower_case;
use crate::{FieldType, Operator, Scalar, Value, Variables};

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Question {
    Equals(Keys),
    IsOneOf(KeySet),
    Includes(String),
    Compares(Side, Bound),
    IsBetween(Bounds),
    IsWithin(Window),
    Matches(Pattern),
    IsBlank,
    Is(bool),
    IsValid,
    IsInvalid,
    IsObscene,
}

/// On which side of a bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Question {
    /// What the operator, taken without its "not", asks for.
    ///
    /// # Errors
    /// When the operands do not fit the operator and the type.
    pub(super) fn new(
        operator: Operator,
        operands: &[Scalar],
        field_type: Option<FieldType>,
        made: Made,
    ) -> Result<Question, RuleFault> {
        let shown = |scalar: &Scalar| text_of(scalar).chars().take(80).collect::<String>();
        let compares = |side| match operands.first().and_then(|scalar| Bound::read(scalar, field_type)) {
            Some(bound) => Ok(Question::Compares(side, bound)),
            None => {
                let value = operands.first().map(shown).unwrap_or_default();
                Err(RuleFault::Value { value, field_type })
            }
        };
        let within = |toward| {
            let text = operands.first().map_or("", text_of);
            let window = Window::read(text, toward).map(Question::IsWithin);
            window.ok_or_else(|| RuleFault::Window { value: text.chars().take(80).collect() })
        };
        Ok(match operator {
            Operator::Equal | Operator::NotEqual => Question::Equals(Keys::of(operands)),
            Operator::Less => compares(Side::Less)?,
            Operator::LessOrEqual => compares(Side::LessOrEqual)?,
            Operator::Greater => compares(Side::Greater)?,
            Operator::GreaterOrEqual => compares(Side::GreaterOrEqual)?,
            Operator::Between | Operator::NotBetween => {
                Question::IsBetween(Bounds::read(operands, field_type)?)
            }
            Operator::IncludedIn | Operator::NotIncludedIn => Question::IsOneOf(KeySet::of(operands)),
            Operator::Includes | Operator::NotIncludes => {
                Question::Includes(operands.first().map(key).unwrap_or_default())
            }
            Operator::Matches | Operator::NotMatches => {
                Question::Matches(Pattern::read(operands.first().map_or("", text_of), made)?)
            }
            Operator::WithinLast | Operator::NotWithinLast => within(Toward::Past)?,
            Operator::WithinNext | Operator::NotWithinNext => within(Toward::Future)?,
            Operator::Blank | Operator::NotBlank => Question::IsBlank,
            Operator::True | Operator::NotTrue => Question::Is(true),
            Operator::False | Operator::NotFalse => Question::Is(false),
            Operator::Valid => Question::IsValid,
            Operator::Invalid => Question::IsInvalid,
            Operator::Obscene | Operator::NotObscene => Question::IsObscene,
        })
    }

    /// The operand in the words of sentences, where these are not the values themselves.
    pub(super) fn words(&self) -> Option<String> {
        match self {
            Question::IsBetween(bounds) => Some(bounds.words()),
            Question::IsWithin(window) => Some(window.words()),
            Question::Equals(_)
            | Question::IsOneOf(_)
            | Question::Includes(_)
            | Question::Compares(_, _)
            | Question::Matches(_)
            | Question::IsBlank
            | Question::Is(_)
            | Question::IsValid
            | Question::IsInvalid
            | Question::IsObscene => None,
        }
    }

    /// Whether the value on the left is what is asked for.
    pub(super) fn finds(
        &self,
        value: Option<&Value>,
        left: &Left,
        field_type: Option<FieldType>,
        variables: &Variables<'_>,
    ) -> bool {
        if *self == Question::IsInvalid {
            return left.is_invalid(variables.lead);
        }
        let Some(value) = value.filter(|value| **value != Value::Scalar(Scalar::Null)) else {
            return *self == Question::IsBlank;
        };
        match self {
            Question::Equals(keys) => keys.is(value),
            Question::IsOneOf(keys) => keys.has(value),
            Question::Includes(text) => match value {
                Value::Scalar(scalar) => with_lower_case(text_of(scalar), |key| key.contains(text.as_str())),
                Value::List(list) => {
                    list.iter().any(|item| with_lower_case(text_of(item), |key| key == text))
                }
            },
            Question::Compares(side, bound) => {
                // Ranges are ordered by their middle, which an open one does not have.
                let ordered = match field_type {
                    Some(FieldType::Range) => left.middle(variables.lead),
                    Some(_) | None => Some(value),
                };
                let ordering = ordered.and_then(|value| bound.order(value, field_type));
                ordering.is_some_and(|ordering| match side {
                    Side::Less => ordering.is_lt(),
                    Side::LessOrEqual => ordering.is_le(),
                    Side::Greater => ordering.is_gt(),
                    Side::GreaterOrEqual => ordering.is_ge(),
                })
            }
            Question::IsBetween(bounds) => bounds.have(value, field_type, variables),
            Question::IsWithin(window) => when(value).is_some_and(|when| window.has(when, variables)),
            Question::Matches(pattern) => match value {
                Value::Scalar(scalar) => pattern.matches(text_of(scalar)),
                Value::List(list) => list.iter().any(|item| pattern.matches(text_of(item))),
            },
            Question::IsBlank => value.is_blank(),
            Question::Is(wanted) => match (field_type, value) {
                // What other parties append may be text.
                (None, Value::Scalar(Scalar::Text(text))) => {
                    text.trim().eq_ignore_ascii_case(if *wanted { "true" } else { "false" })
                }
                (Some(_) | None, value) => *value == Value::from(*wanted),
            },
            // Present without a flag: a type that takes any text, such as a name.
            Question::IsValid => !left.is_invalid(variables.lead),
            Question::IsInvalid => false,
            Question::IsObscene => is_obscene(value),
        }
    }
}
