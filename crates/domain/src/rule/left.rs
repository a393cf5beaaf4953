//! The left side of a rule: a place in the lead, or a template.

use std::borrow::Cow;
use std::sync::Arc;

use super::RuleFault;
use super::operands::{Written, has_holes};
use crate::vocabulary::Place;
use crate::{FieldPath, FieldType, Lead, RateName, Value, Variables, Vocabulary};

/// A number from 1 to 100, the same for one lead: for splits by chance.
const RANDOM: &str = "random";

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Left {
    Place(Box<Placed>),
    /// Compared as anything.
    Template(Written),
}

/// A place, and what else belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    /// How it was written, without braces: `lead.state`, `appended.phone_check.line_type`.
    name: Arc<str>,
    path: FieldPath,
    /// Stands in every lead that has anything to say about the place.
    base: FieldPath,
    /// Where the flag stands that says whether the value is valid; only for whole fields.
    valid: Option<FieldPath>,
    /// Where the middle of a range stands.
    middle: Option<FieldPath>,
}

/// What is known of the values on the left of a rule.
pub(super) struct Known {
    pub(super) left: Left,
    /// None where anything may stand: raw parameters, what steps append, and templates.
    pub(super) compared_as: Option<FieldType>,
    pub(super) has_format: bool,
    /// The values that the field declares; empty for any.
    pub(super) declared: Vec<Arc<str>>,
    /// Whether its values are so few that one of them tells nothing about a person.
    pub(super) closed: bool,
    /// `state`, `phone_check.line_type`.
    pub(super) name: String,
}

impl Left {
    /// Reads the name of a place, in braces or not, or a template.
    pub(super) fn read(written: &str, vocabulary: Vocabulary<'_>) -> Result<Known, RuleFault> {
        if matches!(written.trim(), RANDOM | "{{random}}") && !matches!(vocabulary, Vocabulary::Raw) {
            let left = Left::Template(Written::read("{{random}}", vocabulary)?);
            let compared_as = Some(FieldType::Number);
            return Ok(Known {
                left,
                compared_as,
                has_format: false,
                declared: Vec::new(),
                closed: true,
                name: RANDOM.to_owned(),
            });
        }
        if !has_holes(written) {
            return Ok(placed(written, vocabulary.place(written)?));
        }
        // A template that is one place and nothing else has the type of the place.
        let name = written.trim().strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}")).map(str::trim);
        if let (Some(name), Vocabulary::Lead { .. } | Vocabulary::Request { .. }) = (name, vocabulary)
            && !name.contains(|c: char| c.is_whitespace() || matches!(c, '{' | '}'))
            && let Ok(place) = vocabulary.place(name)
        {
            return Ok(placed(name, place));
        }
        let written = Written::read(written, vocabulary)?;
        let name = written.text.to_string();
        let left = Left::Template(written);
        Ok(Known { left, compared_as: None, has_format: false, declared: Vec::new(), closed: false, name })
    }

    /// What it names of what was sent.
    pub(super) fn raw(&self) -> &[FieldPath] {
        match self {
            Left::Place(place) if place.name.starts_with("lead.") => std::slice::from_ref(&place.path),
            Left::Place(_) => &[],
            Left::Template(written) => written.template.raw(),
        }
    }

    /// The figure of feedback that stands there.
    pub(super) fn rate(&self) -> Option<RateName> {
        match self {
            Left::Place(place) => RateName::of_path(&place.path),
            Left::Template(_) => None,
        }
    }

    pub(super) fn belongs_to(&self, compared_as: Option<FieldType>, vocabulary: Vocabulary<'_>) -> bool {
        match self {
            Left::Place(own) => vocabulary.place(&own.name).is_ok_and(|place| {
                let known = placed(&own.name, place);
                known.compared_as == compared_as && known.left == *self
            }),
            Left::Template(written) => written.belongs_to(vocabulary),
        }
    }

    pub(super) fn value<'a>(&self, variables: &Variables<'a>) -> Option<Cow<'a, Value>> {
        match self {
            Left::Place(place) => variables.lead.get(place.path.as_str()).map(Cow::Borrowed),
            Left::Template(written) => written.value(variables).map(Cow::Owned),
        }
    }

    /// Whether the lead says anything about it, if only that there is nothing.
    pub(super) fn is_known(&self, variables: &Variables<'_>) -> bool {
        match self {
            Left::Place(place) => {
                let has = |path: &FieldPath| variables.lead.get(path.as_str()).is_some();
                has(&place.path) || has(&place.base)
            }
            Left::Template(written) => written.value(variables).is_some(),
        }
    }

    /// Whether the lead has a value there that is marked as not valid.
    pub(super) fn is_invalid(&self, lead: &Lead) -> bool {
        match self {
            Left::Place(place) => {
                let flag = place.valid.as_ref().and_then(|path| lead.get(path.as_str()));
                flag == Some(&Value::from(false))
            }
            Left::Template(_) => false,
        }
    }

    /// The middle of the range that stands there.
    pub(super) fn middle<'a>(&self, lead: &'a Lead) -> Option<&'a Value> {
        match self {
            Left::Place(place) => lead.get(place.middle.as_ref()?.as_str()),
            Left::Template(_) => None,
        }
    }
}

fn placed(name: &str, place: Place) -> Known {
    let Place { path, base, compared_as, has_format, declared, closed } = place;
    let child = |key: &str| path.child(key).expect("names of fields are short");
    let words = path.as_str().strip_prefix("appended.").unwrap_or(path.as_str()).to_owned();
    let left = Left::Place(Box::new(Placed {
        name: name.into(),
        base,
        valid: has_format.map(|_| child("valid")),
        middle: (compared_as == Some(FieldType::Range)).then(|| child("avg")),
        path,
    }));
    Known { left, compared_as, has_format: has_format.unwrap_or(false), declared, closed, name: words }
}
