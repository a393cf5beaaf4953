//! Which operators mean something for which type.

use super::Operator;
use crate::FieldType;

/// The operators that a value of this type takes, in the order of [`Operator::ALL`]. A field of a type
/// that takes any text (`string`, `list`) has those of the format as well when it declares what it may
/// be; a value of no known type (a raw parameter, what a step appended, a template) takes all but those.
pub fn operators_of(field_type: FieldType) -> impl Iterator<Item = Operator> {
    fitting(Some(field_type), field_type.has_format())
}

/// The operators for a value of a type, or where anything may stand.
pub(crate) fn fitting(field_type: Option<FieldType>, has_format: bool) -> impl Iterator<Item = Operator> {
    Operator::ALL.into_iter().filter(move |operator| operator.fits(field_type, has_format))
}

/// Operators that fit the same types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Equality,
    Blank,
    Order,
    Between,
    Window,
    Membership,
    Text,
    Pattern,
    Obscene,
    Truth,
    Format,
}

impl Operator {
    /// Whether it means something for a value of a type; none where anything may stand.
    pub(crate) fn fits(self, field_type: Option<FieldType>, has_format: bool) -> bool {
        match (self.family(), field_type) {
            (Family::Format, _) => has_format,
            (Family::Blank, _) | (_, None) => true,
            (family, Some(field_type)) => families(field_type).contains(&family),
        }
    }

    fn family(self) -> Family {
        match self {
            Operator::Equal | Operator::NotEqual => Family::Equality,
            Operator::Blank | Operator::NotBlank => Family::Blank,
            Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
                Family::Order
            }
            Operator::Between | Operator::NotBetween => Family::Between,
            Operator::WithinLast
            | Operator::NotWithinLast
            | Operator::WithinNext
            | Operator::NotWithinNext => Family::Window,
            Operator::IncludedIn | Operator::NotIncludedIn => Family::Membership,
            Operator::Includes | Operator::NotIncludes => Family::Text,
            Operator::Matches | Operator::NotMatches => Family::Pattern,
            Operator::Obscene | Operator::NotObscene => Family::Obscene,
            Operator::True | Operator::NotTrue | Operator::False | Operator::NotFalse => Family::Truth,
            Operator::Valid | Operator::Invalid => Family::Format,
        }
    }
}

/// What a type takes besides "is blank" and, where some text is not valid, "format is valid".
fn families(field_type: FieldType) -> &'static [Family] {
    use Family::{Between, Equality, Membership, Obscene, Order, Pattern, Text, Truth, Window};
    match field_type {
        FieldType::String
        | FieldType::FullName
        | FieldType::Email
        | FieldType::Street
        | FieldType::City
        | FieldType::List => &[Equality, Obscene, Text, Membership, Pattern],
        FieldType::FirstName | FieldType::LastName => &[Equality, Obscene, Pattern],
        FieldType::Url | FieldType::State => &[Equality, Obscene, Text, Membership],
        FieldType::PostalCode => &[Equality, Text, Membership, Pattern],
        FieldType::Phone
        | FieldType::Ip
        | FieldType::Country
        | FieldType::Ssn
        | FieldType::CreditCard
        | FieldType::Credential => &[Equality, Text, Membership],
        FieldType::Number => &[Equality, Order, Between, Text, Membership],
        FieldType::Range => &[Equality, Order, Text, Membership],
        FieldType::Date | FieldType::Time | FieldType::Dob => &[Equality, Order, Between, Window],
        FieldType::Boolean => &[Truth],
        FieldType::Gender => &[Equality],
        FieldType::TrustedformUrl => &[],
    }
}
