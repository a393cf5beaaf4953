//! Values of a lead as JSON.

use domain::{Number, Scalar, Value};
use serde_json::Value as Json;

/// The value that a scalar or a list of scalars is; nothing for a tree.
pub(super) fn value_of(json: &Json) -> Option<Value> {
    match json {
        Json::Array(items) => {
            let items: Option<Vec<Scalar>> = items.iter().map(scalar_of).collect();
            items.map(|items| Value::List(items.into()))
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => {
            scalar_of(json).map(Value::Scalar)
        }
    }
}

fn scalar_of(json: &Json) -> Option<Scalar> {
    match json {
        Json::Null => Some(Scalar::Null),
        Json::Bool(value) => Some(Scalar::Bool(*value)),
        Json::Number(number) => {
            // A number that would not stay exact is its text, as everywhere.
            let text = number.to_string();
            Some(text.parse::<Number>().map_or_else(|_| Scalar::Text(text.into()), Scalar::Number))
        }
        Json::String(text) => Some(Scalar::Text(text.as_str().into())),
        Json::Array(_) | Json::Object(_) => None,
    }
}

pub(super) fn json_of(value: &Value) -> Json {
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Null => Json::Null,
        Scalar::Bool(value) => Json::Bool(*value),
        Scalar::Number(number) => {
            let exact = number.as_str().parse::<serde_json::Number>();
            exact.map_or_else(|_| Json::from(number.as_str()), Json::Number)
        }
        Scalar::Text(text) => Json::from(&**text),
    };
    match value {
        Value::Scalar(one) => scalar(one),
        Value::List(items) => Json::Array(items.iter().map(scalar).collect()),
    }
}
