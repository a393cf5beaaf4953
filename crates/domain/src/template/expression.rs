//! What stands between braces, compiled: a value, or a helper applied to values.

use std::borrow::Cow;
use std::cell::Cell;

use crate::{FieldType, Scalar, Value, Variables};

use super::helpers::Call;
use super::place::{Variable, text_of};
use super::{RENDERED_BYTES_MAX, WORK_BYTES_MAX};

/// A value that may differ by lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// The same for every lead.
    Constant(Value),
    /// A value of the lead or the moment.
    Variable(Variable),
    /// What a helper makes of values.
    Call(Box<Call>),
}

/// One rendering: what it is filled with, and what it has cost so far.
#[derive(Debug)]
pub(super) struct Room<'a> {
    pub(super) variables: Variables<'a>,
    /// Bytes that helpers have read and written.
    work: Cell<usize>,
    /// How many numbers `rand()` has given.
    chances: Cell<u64>,
}

impl<'a> Room<'a> {
    pub(super) fn new(variables: Variables<'a>) -> Room<'a> {
        Room { variables, work: Cell::new(0), chances: Cell::new(0) }
    }

    /// Notes that a helper goes through so many bytes; false when that is more than one rendering
    /// may cost, so that the helper gives nothing.
    pub(super) fn spend(&self, bytes: usize) -> bool {
        // A helper costs something even on nothing.
        let work = self.work.get().saturating_add(bytes).saturating_add(64);
        self.work.set(work);
        work <= WORK_BYTES_MAX
    }

    /// The next number of chance. The first is `random`'s.
    pub(super) fn chance(&self) -> u64 {
        let at = self.chances.get() + 1;
        self.chances.set(at);
        self.variables.seed.chance(at)
    }
}

impl Expression {
    /// What it gives for a lead, with its type; nothing when it is absent.
    pub(super) fn value<'a>(&'a self, room: &Room<'a>) -> Option<Cow<'a, Value>> {
        match self {
            Expression::Constant(value) => Some(Cow::Borrowed(value)),
            Expression::Variable(variable) => variable.value(&room.variables),
            Expression::Call(call) => call.value(room),
        }
    }

    /// Its text; empty when it is absent.
    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        match self {
            Expression::Call(call) => call.text(room),
            Expression::Constant(_) | Expression::Variable(_) => {
                self.value(room).map_or(Cow::Borrowed(""), text_of)
            }
        }
    }

    /// Whether `if` goes on with it: not absent, null, false, zero, blank text or an empty list.
    pub(super) fn holds(&self, room: &Room<'_>) -> bool {
        match self.value(room).as_deref() {
            None | Some(Value::Scalar(Scalar::Null | Scalar::Bool(false))) => false,
            Some(Value::Scalar(Scalar::Bool(true))) => true,
            Some(Value::Scalar(Scalar::Number(number))) => number.as_str() != "0",
            Some(Value::Scalar(Scalar::Text(text))) => !text.trim().is_empty(),
            Some(Value::List(items)) => !items.is_empty(),
        }
    }

    /// Its text, when it is the same for every lead.
    pub(super) fn literal(&self) -> Option<Cow<'_, str>> {
        match self {
            Expression::Constant(value) => Some(text_of(Cow::Borrowed(value))),
            Expression::Variable(_) | Expression::Call(_) => None,
        }
    }
}

/// An expression as it was read, for what checks it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Argument {
    pub(super) expression: Expression,
    /// The type of what it gives, where that is known.
    pub(super) field_type: Option<FieldType>,
    /// As it was written.
    pub(super) name: String,
    /// The byte of the template it begins at.
    pub(super) at: usize,
}

/// A text cut to what a template may become.
pub(super) fn cut(text: Cow<'_, str>) -> Cow<'_, str> {
    let end = cut_at(&text);
    if end == text.len() {
        return text;
    }
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(&text[..end]),
        Cow::Owned(mut text) => {
            text.truncate(end);
            Cow::Owned(text)
        }
    }
}

/// A value cut to what a template may become. Of a list as many items are left as fit with a comma between.
pub(super) fn cut_value(value: Cow<'_, Value>) -> Value {
    match value.as_ref() {
        Value::Scalar(Scalar::Text(text)) if text.len() > RENDERED_BYTES_MAX => {
            Value::text(&text[..cut_at(text)])
        }
        Value::List(items) => {
            let bytes = |item: &Scalar| match item {
                Scalar::Text(text) => text.len(),
                Scalar::Number(number) => number.as_str().len(),
                Scalar::Bool(_) | Scalar::Null => 5,
            };
            let mut room = RENDERED_BYTES_MAX;
            let fits = |item: &&Scalar| match room.checked_sub(bytes(item) + 1) {
                Some(left) => {
                    room = left;
                    true
                }
                None => false,
            };
            let count = items.iter().take_while(fits).count();
            if count < items.len() { Value::List(items[..count].into()) } else { value.into_owned() }
        }
        Value::Scalar(_) => value.into_owned(),
    }
}

/// How many bytes of a text a template may become.
pub(super) fn cut_at(text: &str) -> usize {
    if text.len() <= RENDERED_BYTES_MAX {
        return text.len();
    }
    (0..=RENDERED_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0)
}
