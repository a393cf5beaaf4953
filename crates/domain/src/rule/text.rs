//! Texts compared without regard to case, and without allocating for short ones.

use std::collections::HashSet;

use crate::parse::words::with_lower_case;
use crate::{Scalar, Value};

/// What a scalar is as text; null is empty.
pub(super) fn text_of(scalar: &Scalar) -> &str {
    match scalar {
        Scalar::Null => "",
        Scalar::Bool(true) => "true",
        Scalar::Bool(false) => "false",
        Scalar::Number(number) => number.as_str(),
        Scalar::Text(text) => text,
    }
}

/// What a scalar compares by: its text without regard to case, so that "123" is 123.
pub(super) fn key(scalar: &Scalar) -> String {
    text_of(scalar).to_lowercase()
}

/// A value as a sorted list of keys; a single value is a list of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Keys(Box<[String]>);

impl Keys {
    pub(super) fn of<'a>(scalars: impl IntoIterator<Item = &'a Scalar>) -> Keys {
        let mut keys: Vec<String> = scalars.into_iter().map(key).collect();
        keys.sort_unstable();
        Keys(keys.into())
    }

    pub(super) fn is(&self, value: &Value) -> bool {
        match value {
            Value::Scalar(Scalar::Null) => false,
            Value::Scalar(scalar) => {
                let [one] = &*self.0 else { return false };
                with_lower_case(text_of(scalar), |key| key == one)
            }
            Value::List(list) => list.len() == self.0.len() && Keys::of(list.iter()) == *self,
        }
    }
}

/// Several values, any of which may be met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct KeySet(HashSet<Box<str>>);

impl KeySet {
    pub(super) fn of(scalars: &[Scalar]) -> KeySet {
        KeySet(scalars.iter().map(|scalar| key(scalar).into()).collect())
    }

    /// Whether the value, or each of a list that is not empty, is one of the set.
    pub(super) fn has(&self, value: &Value) -> bool {
        match value {
            Value::Scalar(Scalar::Null) => false,
            Value::Scalar(scalar) => self.has_one(scalar),
            Value::List(list) => !list.is_empty() && list.iter().all(|scalar| self.has_one(scalar)),
        }
    }

    fn has_one(&self, scalar: &Scalar) -> bool {
        with_lower_case(text_of(scalar), |key| self.0.contains(key))
    }
}
