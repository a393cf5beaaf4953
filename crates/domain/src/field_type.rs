//! The types a field can have, as values: what each makes of a raw value is in
//! `parse`.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::parse::{self, Parsed};
use crate::privacy::{ClosedSet, Privacy};
use crate::template::nearest;
use crate::{Scalar, Timestamp, Value};

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
    /// The whole name of a person.
    FullName,
    /// Male, female, other.
    Gender,
    /// A telephone number.
    Phone,
    /// The line of an address with the street in it.
    Street,
    /// A city.
    City,
    /// A state, territory or province of the US or Canada.
    State,
    /// A postal code of the US, Canada or the United Kingdom.
    PostalCode,
    /// A country or territory.
    Country,
    /// A decimal number.
    Number,
    /// A range of numbers.
    Range,
    /// True or false.
    Boolean,
    /// A day of the calendar.
    Date,
    /// A moment.
    Time,
    /// A web address.
    Url,
    /// An address of the internet protocol.
    Ip,
    /// The address of a certificate of consent.
    TrustedformUrl,
    /// Several values.
    List,
    /// A social security number of the United States. Sensitive.
    Ssn,
    /// A secret that a source hands on. Sensitive.
    Credential,
    /// A date of birth. Sensitive.
    Dob,
    /// The number of a payment card. Sensitive.
    CreditCard,
}

impl FieldType {
    /// Every type, in the order people list them.
    pub const ALL: [FieldType; 25] = [
        FieldType::String,
        FieldType::FirstName,
        FieldType::LastName,
        FieldType::FullName,
        FieldType::Gender,
        FieldType::Email,
        FieldType::Phone,
        FieldType::Street,
        FieldType::City,
        FieldType::State,
        FieldType::PostalCode,
        FieldType::Country,
        FieldType::Number,
        FieldType::Range,
        FieldType::Boolean,
        FieldType::Date,
        FieldType::Time,
        FieldType::Url,
        FieldType::Ip,
        FieldType::TrustedformUrl,
        FieldType::List,
        FieldType::Ssn,
        FieldType::Credential,
        FieldType::Dob,
        FieldType::CreditCard,
    ];

    /// The name used in flow files.
    pub fn as_str(self) -> &'static str {
        match self {
            FieldType::String => "string",
            FieldType::FirstName => "first_name",
            FieldType::LastName => "last_name",
            FieldType::FullName => "full_name",
            FieldType::Gender => "gender",
            FieldType::Email => "email",
            FieldType::Phone => "phone",
            FieldType::Street => "street",
            FieldType::City => "city",
            FieldType::State => "state",
            FieldType::PostalCode => "postal_code",
            FieldType::Country => "country",
            FieldType::Number => "number",
            FieldType::Range => "range",
            FieldType::Boolean => "boolean",
            FieldType::Date => "date",
            FieldType::Time => "time",
            FieldType::Url => "url",
            FieldType::Ip => "ip",
            FieldType::TrustedformUrl => "trustedform_url",
            FieldType::List => "list",
            FieldType::Ssn => "ssn",
            FieldType::Credential => "credential",
            FieldType::Dob => "dob",
            FieldType::CreditCard => "credit_card",
        }
    }

    /// Reads a raw value. Nothing stands for an absent value: `null` for every type, and blank
    /// text for a postal code or a list. Never fails otherwise: what cannot be read keeps its text and is
    /// marked as not valid.
    ///
    /// For values that are no part of a lead, such as what a rule compares with. Those of a lead are
    /// read at the moment it was submitted: [`parse_at`](FieldType::parse_at).
    pub fn parse(self, raw: &Value) -> Option<Parsed> {
        self.parse_at(raw, Timestamp::MAX)
    }

    /// The same at a moment: nobody is born after it, and ages are counted to it. Sensitive values have
    /// the component `masked`, which is false.
    pub fn parse_at(self, raw: &Value, now: Timestamp) -> Option<Parsed> {
        let mut parsed = self.read(raw, now)?;
        if self.is_sensitive() {
            parsed.components.push(("masked", Value::from(false)));
        }
        Some(parsed)
    }

    fn read(self, raw: &Value, now: Timestamp) -> Option<Parsed> {
        match self {
            FieldType::String => parse::text::string(raw),
            FieldType::FirstName | FieldType::LastName | FieldType::City => parse::text::name(raw),
            FieldType::FullName => parse::full_name::parse(raw),
            FieldType::Gender => parse::gender::parse(raw),
            FieldType::Email => parse::email::parse(raw),
            FieldType::Phone => parse::phone::parse(raw),
            FieldType::Street => parse::street::parse(raw),
            FieldType::State => parse::state::parse(raw),
            FieldType::PostalCode => parse::postal_code::parse(raw),
            FieldType::Country => parse::country::parse(raw),
            FieldType::Number => parse::number::parse(raw),
            FieldType::Range => parse::range::parse(raw),
            FieldType::Boolean => parse::boolean::parse(raw),
            FieldType::Date => parse::date::parse(raw),
            FieldType::Time => parse::time::parse(raw),
            FieldType::Url => parse::url::parse(raw),
            FieldType::Ip => parse::ip::parse(raw),
            FieldType::TrustedformUrl => parse::trustedform_url::parse(raw),
            FieldType::List => parse::list::parse(raw),
            FieldType::Ssn => parse::ssn::parse(raw),
            FieldType::Credential => parse::credential::parse(raw),
            FieldType::Dob => parse::dob::parse(raw, now),
            FieldType::CreditCard => parse::credit_card::parse(raw),
        }
    }

    /// The components a valid value can have, each with the type it compares as. A value need
    /// not have all of them.
    pub fn components(self) -> &'static [(&'static str, FieldType)] {
        match self {
            FieldType::FullName => &[
                ("salutation", FieldType::String),
                ("first", FieldType::FirstName),
                ("middle", FieldType::String),
                ("last", FieldType::LastName),
                ("suffix", FieldType::String),
            ],
            FieldType::Gender => &[("abbr", FieldType::String)],
            FieldType::Email => &[
                ("user", FieldType::String),
                ("domain", FieldType::String),
                ("host", FieldType::String),
                ("tld", FieldType::String),
                ("is_free", FieldType::Boolean),
                ("is_disposable", FieldType::Boolean),
            ],
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
                ("masked", FieldType::Boolean),
            ],
            FieldType::Street => &[("number", FieldType::String), ("name", FieldType::String)],
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
            FieldType::Country => &[("code_3", FieldType::String), ("name", FieldType::String)],
            FieldType::Range => &[
                ("min", FieldType::Number),
                ("max", FieldType::Number),
                ("avg", FieldType::Number),
                ("mid", FieldType::Number),
            ],
            FieldType::Ip => &[("is_ipv4", FieldType::Boolean), ("ipv6_format", FieldType::String)],
            FieldType::TrustedformUrl => &[
                ("type", FieldType::String),
                ("cert_id", FieldType::String),
                ("is_web", FieldType::Boolean),
                ("is_mobile", FieldType::Boolean),
                ("is_facebook", FieldType::Boolean),
                ("is_masked", FieldType::Boolean),
            ],
            FieldType::Url => &[
                ("protocol", FieldType::String),
                ("host", FieldType::String),
                ("port", FieldType::String),
                ("path", FieldType::String),
                ("query", FieldType::String),
                ("hash", FieldType::String),
            ],
            FieldType::Ssn => &[
                ("first_three", FieldType::String),
                ("middle_two", FieldType::String),
                ("last_four", FieldType::String),
                ("masked", FieldType::Boolean),
            ],
            FieldType::Credential => &[("masked", FieldType::Boolean)],
            FieldType::Dob => {
                &[("age", FieldType::Number), ("year", FieldType::Number), ("masked", FieldType::Boolean)]
            }
            FieldType::CreditCard => &[
                ("last_four", FieldType::String),
                ("brand", FieldType::String),
                ("masked", FieldType::Boolean),
            ],
            FieldType::String
            | FieldType::FirstName
            | FieldType::LastName
            | FieldType::City
            | FieldType::Number
            | FieldType::Boolean
            | FieldType::Date
            | FieldType::Time
            | FieldType::List => &[],
        }
    }

    /// The components that such a value could have and lacks, for answers that tell of them as null. Of a postal code
    /// these are parts of its own country's, and of a value that is not valid none, but for a range and a gender, of which
    /// everything is told always.
    pub fn lacking(self, parsed: &Parsed) -> impl Iterator<Item = &'static str> {
        let always = matches!(self, FieldType::Range | FieldType::Gender);
        let country = match parsed.component("country_code") {
            Some(Value::Scalar(Scalar::Text(code))) if self == FieldType::PostalCode => {
                Some(Arc::clone(code))
            }
            Some(_) | None => None,
        };
        let has_parts =
            parsed.valid == Some(true) || parsed.components.iter().any(|(name, _)| *name != "masked");
        let present: Vec<&str> = parsed.components.iter().map(|(name, _)| *name).collect();
        self.components().iter().map(|(name, _)| *name).filter(move |name| {
            let is_of_it = match (&country, *name) {
                // Stars are told of only where they stand.
                (_, "masked") => false,
                (Some(code), "zip" | "four") => **code == *"US",
                (Some(code), "fsa" | "ldu" | "district") => **code == *"CA",
                (Some(code), "outcode" | "incode") => **code == *"GB",
                (_, _) => true,
            };
            (always || has_parts) && is_of_it && !present.contains(name)
        })
    }

    /// Whether no value of this type may be recorded in the clear; see
    /// [`Redactor`](crate::Redactor).
    pub fn is_sensitive(self) -> bool {
        matches!(self, FieldType::Ssn | FieldType::Credential | FieldType::Dob | FieldType::CreditCard)
    }

    /// Whether some texts are not valid values of this type.
    pub fn has_format(self) -> bool {
        !matches!(self, FieldType::String | FieldType::List)
    }

    /// How a value of this type is masked on its way out.
    pub fn privacy(self) -> Privacy {
        match self {
            FieldType::Email => Privacy::Email,
            FieldType::Phone => Privacy::Phone,
            FieldType::FirstName | FieldType::LastName | FieldType::FullName => Privacy::Name,
            FieldType::State => Privacy::Closed(ClosedSet::State),
            FieldType::Boolean => Privacy::Closed(ClosedSet::Boolean),
            FieldType::Country => Privacy::Closed(ClosedSet::Country),
            FieldType::String
            | FieldType::Gender
            | FieldType::Street
            | FieldType::City
            | FieldType::PostalCode
            | FieldType::Number
            | FieldType::Range
            | FieldType::Date
            | FieldType::Time
            | FieldType::Url
            | FieldType::Ip
            | FieldType::TrustedformUrl
            | FieldType::List
            // Recorded masked already; what is left, the age and the year of a birth, tells something.
            | FieldType::Ssn
            | FieldType::Credential
            | FieldType::Dob
            | FieldType::CreditCard => Privacy::Hidden,
        }
    }

    /// How a component of a value of this type is masked on its way out; `valid` counts as one.
    /// An unknown component is hidden.
    pub fn component_privacy(self, component: &str) -> Privacy {
        match (self, component) {
            (_, "valid")
            | (FieldType::Ssn | FieldType::Credential | FieldType::Dob | FieldType::CreditCard, "masked")
            | (FieldType::Phone, "is_tollfree" | "masked")
            | (FieldType::Email, "is_free" | "is_disposable")
            | (FieldType::Ip, "is_ipv4")
            | (FieldType::TrustedformUrl, "is_web" | "is_mobile" | "is_facebook" | "is_masked") => {
                Privacy::Closed(ClosedSet::Boolean)
            }
            (FieldType::FullName, "first" | "last") => Privacy::Name,
            (FieldType::Country, "name" | "code_3") => Privacy::Closed(ClosedSet::CountryName),
            (FieldType::TrustedformUrl, "type") => Privacy::Closed(ClosedSet::CertificateType),
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

impl UnknownFieldType {
    /// The same with the name that is nearest, or with all there are: for messages beside which no list of them stands.
    pub fn with_names(&self) -> String {
        let names = FieldType::ALL.map(FieldType::as_str);
        match nearest(&self.0, names) {
            Some(near) => format!("{self}; did you mean {near}?"),
            None => format!("{self}; the types are {}", names.join(", ")),
        }
    }
}

impl FromStr for FieldType {
    type Err = UnknownFieldType;

    fn from_str(text: &str) -> Result<FieldType, UnknownFieldType> {
        FieldType::ALL
            .into_iter()
            .find(|field_type| field_type.as_str() == text)
            .ok_or_else(|| UnknownFieldType(text.chars().take(40).collect()))
    }
}
