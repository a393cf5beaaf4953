//! From a tree of parameters to a lead: every value under its path.

use domain::{FieldPath, FieldType, Lead, PathError, Scalar, Value};
use serde_json::Value as Json;

use super::{PARAMETERS_MAX, Refusal, VALUES_MAX};

/// Makes a lead of a tree. Lists of plain values stay lists; in other lists each item has its
/// number as a key, and so does a root that is a list. A root that is a lone value has no name, so it
/// is in the record of the request and in no lead.
///
/// # Errors
/// Names that cannot be recorded; more values than fit.
pub fn read_lead(tree: &Json) -> Result<Lead, Refusal> {
    let mut reading = Reading::default();
    match tree {
        Json::Object(members) => {
            members.iter().try_for_each(|(name, value)| reading.add(FieldPath::key(key(name)), value))?;
        }
        Json::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(at, value)| reading.add(FieldPath::key(&at.to_string()), value))?,
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
    Ok(reading.values.into_iter().collect())
}

/// A value without a name is known by its place, as in a list.
fn key(name: &str) -> &str {
    if name.is_empty() { "0" } else { name }
}

#[derive(Default)]
struct Reading {
    values: Vec<(FieldPath, Value)>,
    /// Single values, those of lists included.
    count: usize,
}

impl Reading {
    fn add(&mut self, path: Result<FieldPath, PathError>, value: &Json) -> Result<(), Refusal> {
        let path = path.map_err(|error| Refusal::Name(error.to_string()))?;
        if let Some(value) = crate::json::read_value(value) {
            self.count += match &value {
                Value::Scalar(_) => 1,
                Value::List(items) => items.len(),
            };
            self.values.push((path, value));
            let fits = self.values.len() <= PARAMETERS_MAX && self.count <= VALUES_MAX;
            return if fits { Ok(()) } else { Err(Refusal::TooMany) };
        }
        match value {
            Json::Object(tree) => {
                tree.iter().try_for_each(|(name, value)| self.add(path.child(key(name)), value))
            }
            Json::Array(items) => items
                .iter()
                .enumerate()
                .try_for_each(|(at, value)| self.add(path.child(&at.to_string()), value)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {
                unreachable!("plain values are read above")
            }
        }
    }
}

/// Whether a parameter such as `is_test` says yes. What is neither yes nor no is refused: a misspelt
/// test lead would be a real one.
///
/// # Errors
/// [`Refusal::Switch`].
pub fn is_set(raw: &Lead, name: &'static str) -> Result<bool, Refusal> {
    let Some(parsed) = raw.get(name).and_then(|value| FieldType::Boolean.parse(value)) else {
        return Ok(false);
    };
    match parsed.normal {
        Value::Scalar(Scalar::Bool(set)) => Ok(set),
        Value::Scalar(Scalar::Null | Scalar::Number(_) | Scalar::Text(_)) | Value::List(_) => {
            Err(Refusal::Switch(name))
        }
    }
}
