//! How much of a value may be seen by people who may not see personal values.

use crate::Scalar;
use crate::parse::{country, phone, state, trustedform_url};

/// How a value is to be masked on its way out. `wire::mask` does it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Privacy {
    /// Shown as it is when it is one of the set, else hidden.
    Closed(ClosedSet),
    /// The first letter and the domain of a valid address, else hidden.
    Email,
    /// The domain of an address.
    EmailDomain,
    /// The last four digits of a valid number, else hidden.
    Phone,
    /// The first letter.
    Name,
    /// Nothing at all.
    Hidden,
}

/// So few possible values that one of them tells nothing about a person.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ClosedSet {
    /// True and false.
    Boolean,
    /// Codes of states, territories and provinces of the US and Canada.
    State,
    /// Their names.
    StateName,
    /// Codes of countries (ISO 3166-1 alpha-2), and of islands that telephone numbers tell apart.
    Country,
    /// Their names, and their codes of three letters.
    CountryName,
    /// Of what kind a certificate of consent is.
    CertificateType,
    /// What a number is for: home, work, mobile.
    PhoneType,
}

impl ClosedSet {
    /// Whether the value is one of the set, spelled as parsing spells it.
    pub fn contains(self, scalar: &Scalar) -> bool {
        match (self, scalar) {
            (ClosedSet::Boolean, Scalar::Bool(_)) => true,
            (ClosedSet::State, Scalar::Text(text)) => state::is_code(text),
            (ClosedSet::StateName, Scalar::Text(text)) => state::is_name(text),
            (ClosedSet::Country, Scalar::Text(text)) => country::is_code(text),
            (ClosedSet::CountryName, Scalar::Text(text)) => country::is_name(text),
            (ClosedSet::CertificateType, Scalar::Text(text)) => {
                trustedform_url::CERTIFICATE_TYPES.contains(&&**text)
            }
            (ClosedSet::PhoneType, Scalar::Text(text)) => phone::LINE_TYPES.contains(&&**text),
            (ClosedSet::Boolean, Scalar::Text(_))
            | (_, Scalar::Null | Scalar::Bool(_) | Scalar::Number(_)) => false,
        }
    }
}
