//! The types a field can have, as values: what each makes of a raw value is in
//! `parse`.

use std::fmt;
use std::str::FromStr;

use crate::Value;
use crate::parse::{self, Parsed};
use crate::privacy::{ClosedSet, Privacy};

/// What a field holds, and so how its raw value is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FieldType {
    /// Any text.
    String,
    /// A given name.
    FirstName,
    /// A family name.
    LastName,
    /// An e-mail address.
    Email,
    /// A telephone number.
    Phone,
    /// A state, territory or province of the US or Canada.
    State,
    /// A postal code of the US, Canada or the United Kingdom.
    PostalCode,
    /// A decimal number.
    Number,
    /// True or false.
    Boolean,
    /// A day of the calendar.
    Date,
    /// A web address.
    Url,
}

impl FieldType {
    /// Every type, in the order people list them.
    pub const ALL: [FieldType; 11] = [
        FieldType::String,
        FieldType::FirstName,
        FieldType::LastName,
        FieldType::Email,
        FieldType::Phone,
        FieldType::State,
        FieldType::PostalCode,
        FieldType::Number,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Url,
    ];

    /// The name used in flow files.
    pub fn as_str(self) -> &'static str {
        match self {
            FieldType::String => "string",
            FieldType::FirstName => "first_name",
            FieldType::LastName => "last_name",
            FieldType::Email => "email",
            FieldType::Phone => "phone",
            FieldType::State => "state",
            FieldType::PostalCode => "postal_code",
            FieldType::Number => "number",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::Url => "url",
        }
    }

    /// Reads a raw value. Nothing stands for an absent value: `null` for every type, and blank
    /// text for a postal code. Never fails otherwise: what cannot be read keeps its text and is
    /// marked as not valid.
    pub fn parse(self, raw: &Value) -> Option<Parsed> {
        match self {
            FieldType::String => parse::text::string(raw),
            FieldType::FirstName | FieldType::LastName => parse::text::person_name(raw),
            FieldType::Email => parse::email::parse(raw),
            FieldType::Phone => parse::phone::parse(raw),
            FieldType::State => parse::state::parse(raw),
            FieldType::PostalCode => parse::postal_code::parse(raw),
            FieldType::Number => parse::number::parse(raw),
            FieldType::Boolean => parse::boolean::parse(raw),
            FieldType::Date => parse::date::parse(raw),
            FieldType::Url => parse::url::parse(raw),
        }
    }

    /// The components a valid value can have, each with the type it compares as. A value need
    /// not have all of them.
    pub fn components(self) -> &'static [(&'static str, FieldType)] {
        match self {
            FieldType::Email => &[("user", FieldType::String), ("domain", FieldType::String)],
            FieldType::Phone => &[
                ("area", FieldType::String),
                ("exchange", FieldType::String),
                ("line", FieldType::String),
                ("number", FieldType::String),
                ("extension", FieldType::String),
                ("country_code", FieldType::String),
                ("country_calling_code", FieldType::Number),
                ("type", FieldType::String),
                ("is_tollfree", FieldType::Boolean),
            ],
            FieldType::State => &[("name", FieldType::String)],
            FieldType::PostalCode => &[
                ("country_code", FieldType::String),
                ("code", FieldType::String),
                ("zip", FieldType::String),
                ("four", FieldType::String),
                ("fsa", FieldType::String),
                ("ldu", FieldType::String),
                ("district", FieldType::String),
                ("outcode", FieldType::String),
                ("incode", FieldType::String),
            ],
            FieldType::Url => &[
                ("protocol", FieldType::String),
                ("host", FieldType::String),
                ("port", FieldType::String),
                ("path", FieldType::String),
                ("query", FieldType::String),
                ("hash", FieldType::String),
            ],
            FieldType::String
            | FieldType::FirstName
            | FieldType::LastName
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Date => &[],
        }
    }

    /// Whether some texts are not valid values of this type.
    pub fn has_format(self) -> bool {
        self != FieldType::String
    }

    /// How a value of this type is masked on its way out.
    pub fn privacy(self) -> Privacy {
        match self {
            FieldType::Email => Privacy::Email,
            FieldType::Phone => Privacy::Phone,
            FieldType::FirstName | FieldType::LastName => Privacy::Name,
            FieldType::State => Privacy::Closed(ClosedSet::State),
            FieldType::Boolean => Privacy::Closed(ClosedSet::Boolean),
            FieldType::String
            | FieldType::PostalCode
            | FieldType::Number
            | FieldType::Date
            | FieldType::Url => Privacy::Hidden,
        }
    }

    /// How a component of a value of this type is masked on its way out; `valid` counts as one.
    /// An unknown component is hidden.
    pub fn component_privacy(self, component: &str) -> Privacy {
        match (self, component) {
            (_, "valid") | (FieldType::Phone, "is_tollfree") => Privacy::Closed(ClosedSet::Boolean),
            (FieldType::Phone | FieldType::PostalCode, "country_code") => Privacy::Closed(ClosedSet::Country),
            (FieldType::Phone, "type") => Privacy::Closed(ClosedSet::PhoneType),
            (FieldType::State, "name") => Privacy::Closed(ClosedSet::StateName),
            // The masked address shows it too.
            (FieldType::Email, "domain") => Privacy::EmailDomain,
            (_, _) => Privacy::Hidden,
        }
    }
}

impl fmt::Display for FieldType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no type.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a field type")]
pub struct UnknownFieldType(pub String);

impl FromStr for FieldType {
    type Err = UnknownFieldType;

    fn from_str(text: &str) -> Result<FieldType, UnknownFieldType> {
        FieldType::ALL
            .into_iter()
            .find(|field_type| field_type.as_str() == text)
            .ok_or_else(|| UnknownFieldType(text.chars().take(40).collect()))
    }
}
