//! What of a sensitive field is recorded: stars, and what its type keeps.

use crate::parse::Parsed;
use crate::{FieldPath, FieldType, Fields, Lead, Scalar, Value};

impl FieldType {
    /// The value of a sensitive type with `*` for every character that tells something: the normal
    /// form, the raw value and the components. The year of a date of birth and the age stay, and so
    /// does the brand of a card; the component `masked` is true. Of any other type, the value as it is.
    pub fn masked(self, parsed: &Parsed) -> Parsed {
        if !self.is_sensitive() {
            return parsed.clone();
        }
        let components = parsed.components.iter();
        let components =
            components.map(|(name, value)| (*name, self.masked_component(name, value))).collect();
        Parsed {
            normal: self.masked_normal(&parsed.normal, parsed.component("year")),
            raw: parsed.raw.as_ref().map(stars),
            components,
            valid: parsed.valid,
        }
    }

    /// Of a birth whose year is known the year; else stars.
    fn masked_normal(self, normal: &Value, year: Option<&Value>) -> Value {
        match year.filter(|_| self == FieldType::Dob) {
            Some(Value::Scalar(Scalar::Number(year))) => Value::text(format!("**/**/{:0>4}", year.as_str())),
            Some(_) | None => stars(normal),
        }
    }

    fn masked_component(self, component: &str, value: &Value) -> Value {
        match (self, component) {
            (_, "masked") => Value::from(true),
            (_, "valid") | (FieldType::Dob, "age" | "year") | (FieldType::CreditCard, "brand") => {
                value.clone()
            }
            (_, _) => stars(value),
        }
    }
}

impl Fields {
    /// What may be recorded of a value of a parsed lead that belongs to a sensitive field; nothing when
    /// it belongs to no such field.
    pub(super) fn masked_value(&self, lead: &Lead, path: &FieldPath, value: &Value) -> Option<Value> {
        let (field, component) = self.at(path.as_str())?;
        if !field.field_type.is_sensitive() {
            return None;
        }
        Some(match component {
            Some(component) => field.field_type.masked_component(component, value),
            None => {
                let year = field.name.path().child("year").ok();
                let year = year.as_ref().and_then(|year| lead.get(year.as_str()));
                field.field_type.masked_normal(value, year)
            }
        })
    }
}

/// As many `*` as there were characters; null stays.
pub(super) fn stars(value: &Value) -> Value {
    match value {
        Value::Scalar(scalar) => Value::Scalar(starred(scalar)),
        Value::List(list) => Value::List(list.iter().map(starred).collect()),
    }
}

pub(super) fn starred(scalar: &Scalar) -> Scalar {
    let chars = match scalar {
        Scalar::Null => return Scalar::Null,
        Scalar::Bool(true) => 4,
        Scalar::Bool(false) => 5,
        Scalar::Number(number) => number.as_str().len(),
        Scalar::Text(text) => text.chars().count(),
    };
    Scalar::Text("*".repeat(chars).into())
}
