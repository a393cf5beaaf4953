//! What a field can hold.

use std::sync::Arc;

use crate::Number;

/// One plain value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Scalar {
    /// Present without a value (JSON `null`).
    Null,
    /// True or false.
    Bool(bool),
    /// An exact decimal.
    Number(Number),
    /// Any text.
    Text(Arc<str>),
}

/// The value under one path of a lead: a scalar or a list of scalars. Trees are several paths.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Value {
    /// One value.
    Scalar(Scalar),
    /// Several values, in order.
    List(Arc<[Scalar]>),
}

impl Value {
    /// A text value.
    pub fn text(text: impl Into<Arc<str>>) -> Value {
        Value::Scalar(Scalar::Text(text.into()))
    }

    /// The text, when it is one.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Scalar(Scalar::Text(text)) => Some(text),
            Value::Scalar(Scalar::Null | Scalar::Bool(_) | Scalar::Number(_)) | Value::List(_) => None,
        }
    }

    /// Whether nothing a person would call a value stands here: null, blank text, an empty list.
    pub fn is_blank(&self) -> bool {
        match self {
            Value::Scalar(scalar) => scalar.is_blank(),
            Value::List(list) => list.iter().all(Scalar::is_blank),
        }
    }
}

impl Scalar {
    /// Whether nothing a person would call a value stands here: null or blank text.
    pub fn is_blank(&self) -> bool {
        match self {
            Scalar::Null => true,
            Scalar::Text(text) => text.trim().is_empty(),
            Scalar::Bool(_) | Scalar::Number(_) => false,
        }
    }
}

impl From<Scalar> for Value {
    fn from(scalar: Scalar) -> Value {
        Value::Scalar(scalar)
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Value {
        Value::Scalar(Scalar::Bool(value))
    }
}

impl From<Number> for Value {
    fn from(number: Number) -> Value {
        Value::Scalar(Scalar::Number(number))
    }
}
