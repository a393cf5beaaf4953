//! Text with holes: `{{lead.first_name}} {{lead.last_name}}`. Read once when a flow is published,
//! then filled in for each lead without looking at the text again: patterns and formats are compiled
//! as well.
//!
//! The language is a dialect of Handlebars with a list of helpers of its own; `docs/templates.md` tells all of
//! it. It has a reader of its own, because the common one wants a grammar's worth of
//! dependencies, escapes what it fills in and knows no columns of faults.
//!
//! `scan` cuts a text into words, `place` finds what names stand for, `read` puts the parts together, and
//! `helpers` has one file for each kind of helper.

mod dates;
mod decimal;
mod expression;
mod fault;
mod helpers;
mod mask;
mod math;
mod numbers;
mod place;
mod read;
mod scan;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::sync::Arc;

use crate::{FieldPath, Scalar, SecretName, Secrets, SentText, Value, Variables, Vocabulary};

use self::expression::{Expression, Room, cut_at, cut_value};
use self::place::{Names, text_of, write_scalar};
use self::scan::Piece;

pub use self::dates::DATE_TOKENS;
pub(crate) use self::fault::nearest;
pub use self::fault::{TemplateError, TemplateFault};
pub use self::helpers::{HelperWords, helper_words};
pub use self::math::{MATH_FUNCTIONS, MATH_OPERATORS};

/// A text with holes that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    parts: Vec<Part>,
    /// The secrets it names, each once; helpers of numbers take none.
    secrets: Vec<SecretName>,
    /// What it names of what was sent, as `email.raw`; one may come more than once.
    raw: Vec<FieldPath>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(Arc<str>),
    /// A number, or true or false; always alone.
    Constant(Scalar),
    Hole(Expression),
    /// The first branch that holds is filled in.
    If(Vec<Branch>),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Branch {
    /// What must hold, or must not when `false` stands with it; none: always.
    condition: Option<(Expression, bool)>,
    parts: Vec<Part>,
}

/// Longest text of a template, in bytes.
pub const TEMPLATE_BYTES_MAX: usize = 16 * 1024;
/// Longest text a template can become, in bytes; what goes beyond is cut.
pub const RENDERED_BYTES_MAX: usize = 256 * 1024;
/// Most texts, values, helpers and blocks of one template.
const NODES_MAX: usize = 2_000;
/// How deep blocks and brackets may stand within each other.
const NESTING_MAX: usize = 32;
/// Most bytes that the helpers of one rendering go through; beyond it helpers give nothing.
const WORK_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most items of a list that a helper makes; the last has the rest.
const ITEMS_MAX: usize = 1_000;

impl Template {
    /// Reads a text. Names are checked against what may be named at its place.
    ///
    /// # Errors
    /// With the first fault, its line and its column.
    pub fn read(text: &str, vocabulary: Vocabulary<'_>) -> Result<Template, TemplateError> {
        read::read(text, Names::Flow(vocabulary))
    }

    /// Reads a text that belongs to no flow: any name may stand in it, and a value given under a name
    /// stands for it, be it `now`.
    ///
    /// # Errors
    /// With the first fault, its line and its column.
    pub fn read_on_trial(text: &str) -> Result<Template, TemplateError> {
        read::read(text, Names::Trial)
    }

    /// A text without holes, whatever stands in it.
    pub fn literal(text: &str) -> Template {
        Template { parts: vec![Part::Text(text.into())], secrets: Vec::new(), raw: Vec::new() }
    }

    /// The same value for every lead, with its type: a file may say `2` or `true` where text could
    /// stand.
    pub fn constant(scalar: Scalar) -> Template {
        let part = match scalar {
            Scalar::Text(text) => Part::Text(text),
            Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => Part::Constant(scalar),
        };
        Template { parts: vec![part], secrets: Vec::new(), raw: Vec::new() }
    }

    /// The text, when it has no holes.
    pub fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [] => Some(""),
            [Part::Text(text)] => Some(text),
            [..] => None,
        }
    }

    /// The secrets it names.
    pub fn secrets(&self) -> &[SecretName] {
        &self.secrets
    }

    /// What it names of what was sent, before a type read it: `email.raw`.
    pub(crate) fn raw(&self) -> &[FieldPath] {
        &self.raw
    }

    /// What of its text is made of secrets: the texts of the holes that would be others without them. A
    /// digest of a secret is one, and nobody else can tell it from other words.
    pub fn secret_texts(&self, variables: &Variables<'_>) -> Vec<String> {
        if self.secrets.is_empty() {
            return Vec::new();
        }
        let holes = |secrets: &Secrets| {
            let mut holes = Vec::new();
            self.render_with(&Variables { secrets, ..*variables }, |out, hole| {
                out.push_str(hole);
                holes.push(hole.to_owned());
            });
            holes
        };
        let without = holes(&Secrets::masked(&self.secrets));
        holes(variables.secrets).into_iter().filter(|hole| !without.contains(hole)).collect()
    }

    /// What of its text is another when it is filled in with a lead as it may be recorded. Where no word stands
    /// before a hole, its text goes by `name`.
    pub fn sent_texts(
        &self,
        name: &str,
        variables: &Variables<'_>,
        recorded: &Variables<'_>,
    ) -> Vec<SentText> {
        if self.parts.iter().all(|part| matches!(part, Part::Text(_) | Part::Constant(_))) {
            return Vec::new();
        }
        let text = |(name, sent): (String, String), recorded: String| SentText { name, sent, recorded };
        let holes = |variables: &Variables<'_>| -> Vec<(String, String)> {
            // A list is repeated item by item.
            if let [Part::Hole(_)] = self.parts.as_slice()
                && let Some(Value::List(items)) = self.value(variables)
            {
                let items =
                    items.iter().map(|item| text_of(Cow::Owned(Value::Scalar(item.clone()))).into_owned());
                return items.map(|item| (name.to_owned(), item)).collect();
            }
            let mut holes = Vec::new();
            self.render_with(variables, |out, hole| {
                let word = Some(SentText::word_before(out)).filter(|word| !word.is_empty());
                holes.push((word.unwrap_or(name).to_owned(), hole.to_owned()));
                out.push_str(hole);
            });
            holes
        };
        let (sent, kept) = (holes(variables), holes(recorded));
        if sent.len() != kept.len() {
            return vec![text((name.to_owned(), self.render(variables)), self.render(recorded))];
        }
        let twins = sent.into_iter().zip(kept).filter(|((_, sent), (_, kept))| sent != kept);
        twins.map(|(sent, (_, kept))| text(sent, kept)).collect()
    }

    /// What stands outside of the braces of a text, in order; nothing of a text whose braces are wrong.
    pub fn literals(text: &str) -> Vec<String> {
        let plain = |piece| match piece {
            Piece::Text(text) => Some(text),
            Piece::Tag { .. } => None,
        };
        scan::pieces(text).map(|pieces| pieces.into_iter().filter_map(plain).collect()).unwrap_or_default()
    }

    /// Fills the holes in. Unknown and absent values are empty text; lists have commas between.
    pub fn render(&self, variables: &Variables<'_>) -> String {
        self.render_with(variables, String::push_str)
    }

    /// The same, where `fill` appends the text of each hole, in order, to what stands before it: the
    /// place for escapes.
    pub fn render_with(&self, variables: &Variables<'_>, mut fill: impl FnMut(&mut String, &str)) -> String {
        let mut out = String::new();
        let room = Room::new(*variables);
        write(&self.parts, &room, &mut out, &mut fill);
        out.truncate(cut_at(&out));
        out
    }

    /// The same with its type: a template that is one hole and nothing else gives the value that
    /// stands there, nothing when it is absent; a constant gives itself; any other gives text. What goes beyond
    /// [`RENDERED_BYTES_MAX`] is cut here too: of a text its end, of a list the items that no longer fit.
    pub fn value(&self, variables: &Variables<'_>) -> Option<Value> {
        match self.parts.as_slice() {
            [Part::Hole(expression)] => {
                let room = Room::new(*variables);
                expression.value(&room).map(cut_value)
            }
            [Part::Constant(scalar)] => Some(Value::Scalar(scalar.clone())),
            [Part::Text(text)] => Some(Value::text(Arc::clone(text))),
            [..] => Some(Value::text(self.render(variables))),
        }
    }
}

/// Writes some parts; `out` may end up longer than a template may become, by one hole or text.
fn write<'a>(parts: &'a [Part], room: &Room<'a>, out: &mut String, fill: &mut impl FnMut(&mut String, &str)) {
    for part in parts {
        match part {
            Part::Text(text) => out.push_str(text),
            Part::Constant(scalar) => write_scalar(scalar, out),
            Part::Hole(Expression::Variable(variable)) => {
                let value = variable.value(&room.variables);
                fill(out, &value.map_or(Cow::Borrowed(""), text_of));
            }
            Part::Hole(expression) => fill(out, &expression.text(room)),
            Part::If(branches) => {
                let chosen = branches.iter().find(|branch| match &branch.condition {
                    None => true,
                    Some((expression, wanted)) => expression.holds(room) == *wanted,
                });
                if let Some(branch) = chosen {
                    write(&branch.parts, room, out, fill);
                }
            }
        }
        if out.len() > RENDERED_BYTES_MAX {
            break;
        }
    }
}
