//! One rule: a place in the lead, an operator, and what to compare with.
//!
//! [`Rule::new`] checks and prepares a rule when a flow is published. `left` says what stands on the
//! left for one lead, `question` what is asked of it, `operands` what it is compared with; `bounds`,
//! `window`, `pattern` and `obscene` are kinds of questions, `words` the rule as people read it.

mod bounds;
mod error;
mod left;
mod obscene;
mod operands;
mod pattern;
mod question;
mod text;
mod window;
mod words;

#[cfg(test)]
mod tests;

use std::sync::Arc;

pub use error::{RuleError, RuleFault};
pub use window::WINDOW_AMOUNT_MAX;

use crate::operator::{Takes, fitting};
use crate::{FieldPath, FieldType, Operator, RateName, Scalar, TracedRule, Value, Variables, Vocabulary};
use left::{Known, Left};
use operands::{Computed, check_operands, operands};
use pattern::Made;
use question::Question;
use text::text_of;
use words::{alternatives, as_written, cut, hidden_operand, label};

/// One checked rule of a condition, such as `lead.state is included in TX, OK`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    // Invariant: what stands on the left can be named in the vocabulary it was checked with, and is
    // compared as `compared_as`; the operator and what is asked fit that.
    left: Left,
    compared_as: Option<FieldType>,
    operator: Operator,
    asked: Asked,
    /// `state is included in TX, OK`.
    text: Arc<str>,
    /// `State` and `TX or OK`, for sentences.
    label: Arc<str>,
    operand: Arc<str>,
}

#[derive(Debug, Clone, PartialEq)]
enum Asked {
    /// The same of every lead.
    Fixed(Question),
    /// What depends on the lead.
    Computed(Computed),
}

/// What becomes of a rule that looks at something the lead does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// It is asked all the same: an absent value is blank, equal to nothing, neither valid nor
    /// invalid, and so on.
    Whole,
    /// It is passed over as if it did not stand there: more of the lead is still to come, as after a
    /// ping. A value that is there and blank, or a component of a value that is there, is known.
    Partial,
}

/// What is asked of operands beside that they can be read.
type CheckOperands = fn(Operator, &[Scalar], Option<FieldType>, &[Arc<str>]) -> Result<(), RuleFault>;

/// Most of a long value that a trace repeats, in characters; the lead beside it has the whole.
const ACTUAL_CHARS_MAX: usize = 256;

impl Rule {
    /// Checks a rule against what may be named where it stands: `lead.<field>` and its components,
    /// `<earlier step>.<value>`, or raw parameters; or a template of these. Operands are brought into
    /// the normal form of the type of the left side; those with templates in them are for each lead.
    ///
    /// # Errors
    /// When the place is unknown, the operator does not fit the type there, or the value does not
    /// fit the operator.
    pub fn new<'a>(
        vocabulary: impl Into<Vocabulary<'a>>,
        place: &str,
        operator: Operator,
        operand: Option<&Value>,
    ) -> Result<Rule, RuleError> {
        Rule::made(vocabulary.into(), place, operator, operand, check_operands)
    }

    /// The same for a rule of a flow that is published already: what it may be asked beyond that it makes sense,
    /// whether a valid value can be what it compares with, is for whoever publishes to hear, and not for those
    /// whose leads wait for the flow.
    ///
    /// # Errors
    /// As [`new`](Rule::new).
    pub fn of_published<'a>(
        vocabulary: impl Into<Vocabulary<'a>>,
        place: &str,
        operator: Operator,
        operand: Option<&Value>,
    ) -> Result<Rule, RuleError> {
        Rule::made(vocabulary.into(), place, operator, operand, |_, _, _, _| Ok(()))
    }

    fn made(
        vocabulary: Vocabulary<'_>,
        place: &str,
        operator: Operator,
        operand: Option<&Value>,
        check: CheckOperands,
    ) -> Result<Rule, RuleError> {
        let error = |fault| RuleError { rule: as_written(place, operator, operand), fault };
        Rule::checked(vocabulary, place, operator, operand, check).map_err(error)
    }

    fn checked(
        vocabulary: Vocabulary<'_>,
        place: &str,
        operator: Operator,
        operand: Option<&Value>,
        check: CheckOperands,
    ) -> Result<Rule, RuleFault> {
        let Known { left, compared_as, has_format, declared, closed, name } = Left::read(place, vocabulary)?;
        if !operator.fits(compared_as, has_format) {
            let fitting = fitting(compared_as, has_format).collect();
            return Err(RuleFault::Operator { operator, field_type: compared_as, fitting });
        }
        let operand = operand.filter(|operand| **operand != Value::Scalar(Scalar::Null));
        let computed = match operand {
            Some(operand) if operator.takes() != Takes::Nothing => Computed::read(operand, vocabulary)?,
            Some(_) | None => None,
        };
        let (asked, mut shown) = match computed {
            Some(computed) => {
                let words = computed.words();
                (Asked::Computed(computed), words)
            }
            None => {
                let operands = operands(operator, operand, compared_as)?;
                check(operator, &operands, compared_as, &declared)?;
                let question = Question::new(operator, &operands, compared_as, Made::AtPublish)?;
                let words = match question.words() {
                    Some(words) => vec![words],
                    None => operands.iter().map(|scalar| text_of(scalar).to_owned()).collect(),
                };
                (Asked::Fixed(question), words)
            }
        };
        if let Some(words) = hidden_operand(operator)
            && !closed
        {
            shown = vec![words.to_owned()];
        }
        let space = if shown.is_empty() { "" } else { " " };
        Ok(Rule {
            text: cut(format!("{name} {operator}{space}{}", shown.join(", "))).into(),
            label: label(&name).into(),
            operand: cut(alternatives(&shown)).into(),
            left,
            compared_as,
            operator,
            asked,
        })
    }

    /// The rule in words, without values of the lead: `state is included in TX, OK`.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The figure of feedback that it looks at.
    pub(crate) fn rate(&self) -> Option<RateName> {
        self.left.rate()
    }

    /// The places of the lead that it names and that may be what was sent, as `email.raw`.
    pub(crate) fn raw(&self) -> impl Iterator<Item = &FieldPath> {
        let operand = match &self.asked {
            Asked::Fixed(_) => None,
            Asked::Computed(computed) => Some(computed),
        };
        self.left.raw().iter().chain(operand.into_iter().flat_map(Computed::raw))
    }

    /// Whether it can be named in this vocabulary, with the same type in the same place.
    pub(crate) fn belongs_to(&self, vocabulary: Vocabulary<'_>) -> bool {
        let operand_belongs = match &self.asked {
            Asked::Fixed(_) => true,
            Asked::Computed(computed) => computed.belongs_to(vocabulary),
        };
        operand_belongs && self.left.belongs_to(self.compared_as, vocabulary)
    }

    /// Whether the rule holds for a parsed lead at a moment.
    pub fn holds(&self, variables: &Variables<'_>) -> bool {
        self.holds_for(self.left.value(variables).as_deref(), variables)
    }

    /// The same with what it met; nothing when it is to be passed over.
    pub(crate) fn traced(&self, strictness: Strictness, variables: &Variables<'_>) -> Option<TracedRule> {
        if strictness == Strictness::Partial && !self.is_known(variables) {
            return None;
        }
        let value = self.left.value(variables);
        let passed = self.holds_for(value.as_deref(), variables);
        Some(TracedRule {
            rule: Arc::clone(&self.text),
            actual: self.actual(value.as_deref()),
            passed,
            decided: false,
        })
    }

    fn holds_for(&self, value: Option<&Value>, variables: &Variables<'_>) -> bool {
        let finds = |question: &Question| question.finds(value, &self.left, self.compared_as, variables);
        let found = match &self.asked {
            Asked::Fixed(question) => finds(question),
            Asked::Computed(computed) => computed
                .question(self.operator, self.compared_as, variables)
                .is_some_and(|asked| finds(&asked)),
        };
        found != self.operator.is_negated()
    }

    fn is_known(&self, variables: &Variables<'_>) -> bool {
        let operand_is_known = match &self.asked {
            Asked::Fixed(_) => true,
            Asked::Computed(computed) => computed.is_known(variables),
        };
        operand_is_known && self.left.is_known(variables)
    }

    /// What stands in the lead, as a trace tells it: a scalar; a list is its values with commas
    /// between, and long text is cut.
    fn actual(&self, value: Option<&Value>) -> Scalar {
        let actual = match value {
            None => Scalar::Null,
            Some(Value::Scalar(scalar)) => scalar.clone(),
            Some(Value::List(list)) => {
                Scalar::Text(list.iter().map(text_of).collect::<Vec<_>>().join(", ").into())
            }
        };
        match &actual {
            Scalar::Text(text) if text.len() > ACTUAL_CHARS_MAX => {
                match text.char_indices().nth(ACTUAL_CHARS_MAX) {
                    Some((end, _)) => Scalar::Text(format!("{}…", &text[..end]).into()),
                    None => actual,
                }
            }
            Scalar::Text(_) | Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => actual,
        }
    }

    /// What a lead would have to do for the rule to hold, or not to hold.
    pub(crate) fn sentence(&self, wanted: bool) -> String {
        let demand = if wanted { self.operator.demand() } else { self.operator.counter_demand() };
        let space = if self.operand.is_empty() { "" } else { " " };
        format!("{} {demand}{space}{}", self.label, self.operand)
    }
}
