//! The types whose values must never be recorded in the clear.
//!
//! They are apart from [`FieldType`](crate::FieldType) so that no flow can declare one by mistake: a
//! flow can have them once what is recorded of a lead is masked first.

use std::fmt;

use crate::parse::{self, Parsed};
use crate::{Scalar, Timestamp, Value};

/// What a sensitive value is, and so how it is read and masked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SensitiveType {
    /// A social security number of the United States.
    Ssn,
    /// A secret that a source hands on.
    Credential,
    /// A date of birth.
    Dob,
    /// The number of a payment card.
    CreditCard,
}

impl SensitiveType {
    /// Every sensitive type.
    pub const ALL: [SensitiveType; 4] =
        [SensitiveType::Ssn, SensitiveType::Credential, SensitiveType::Dob, SensitiveType::CreditCard];

    /// Their names in flow files, in the order of [`ALL`](SensitiveType::ALL).
    pub const ALL_NAMES: [&'static str; 4] = ["ssn", "credential", "dob", "credit_card"];

    /// The name in flow files.
    pub fn as_str(self) -> &'static str {
        let [ssn, credential, dob, credit_card] = SensitiveType::ALL_NAMES;
        match self {
            SensitiveType::Ssn => ssn,
            SensitiveType::Credential => credential,
            SensitiveType::Dob => dob,
            SensitiveType::CreditCard => credit_card,
        }
    }

    /// Reads a raw value at a moment; like [`FieldType::parse`](crate::FieldType::parse), it gives
    /// nothing for `null` and never fails. Every value has the component `masked`, valid or not. The age of a person depends on the moment.
    pub fn parse(self, raw: &Value, now: Timestamp) -> Option<Parsed> {
        let mut parsed = match self {
            SensitiveType::Ssn => parse::ssn::parse(raw),
            SensitiveType::Credential => parse::credential::parse(raw),
            SensitiveType::Dob => parse::dob::parse(raw, now),
            SensitiveType::CreditCard => parse::credit_card::parse(raw),
        }?;
        parsed.components.push(("masked", Value::from(false)));
        Some(parsed)
    }

    /// The value with `*` for every character that tells something: the normal form, the raw value
    /// and the components. The year of a date of birth and the age stay, and so does the brand of a
    /// card. The component `masked` is true.
    pub fn masked(self, parsed: &Parsed) -> Parsed {
        let keeps: &[&str] = match self {
            SensitiveType::Dob => &["age", "year"],
            SensitiveType::CreditCard => &["brand"],
            SensitiveType::Ssn | SensitiveType::Credential => &[],
        };
        let year = parsed.component("year").filter(|_| self == SensitiveType::Dob);
        let normal = match year {
            Some(Value::Scalar(Scalar::Number(year))) => Value::text(format!("**/**/{:0>4}", year.as_str())),
            Some(_) | None => stars(&parsed.normal),
        };
        let mut components: Vec<(&'static str, Value)> = parsed
            .components
            .iter()
            .filter(|(name, _)| *name != "masked")
            .map(|(name, value)| (*name, if keeps.contains(name) { value.clone() } else { stars(value) }))
            .collect();
        components.push(("masked", Value::from(true)));
        Parsed { normal, raw: parsed.raw.as_ref().map(stars), components, valid: parsed.valid }
    }
}

impl fmt::Display for SensitiveType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// As many `*` as there were characters; null stays.
fn stars(value: &Value) -> Value {
    match value {
        Value::Scalar(scalar) => Value::Scalar(starred(scalar)),
        Value::List(list) => Value::List(list.iter().map(starred).collect()),
    }
}

fn starred(scalar: &Scalar) -> Scalar {
    let chars = match scalar {
        Scalar::Null => return Scalar::Null,
        Scalar::Bool(true) => 4,
        Scalar::Bool(false) => 5,
        Scalar::Number(number) => number.as_str().len(),
        Scalar::Text(text) => text.chars().count(),
    };
    Scalar::Text("*".repeat(chars).into())
}
