//! The operators of rules and their names, long and short.

use std::fmt;
use std::str::FromStr;

/// How a rule compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// The same value: text without regard to case, lists as sorted lists.
    Equal,
    /// Not the same value; true of an absent one.
    NotEqual,
    /// Smaller, or earlier.
    Less,
    /// Not larger, or not later.
    LessOrEqual,
    /// Larger, or later.
    Greater,
    /// Not smaller, or not earlier.
    GreaterOrEqual,
    /// Equal to one of several values.
    IncludedIn,
    /// Equal to none of several values; true of an absent one.
    NotIncludedIn,
    /// Has the text within it, or in its list.
    Includes,
    /// Does not have the text within it, nor in its list.
    NotIncludes,
    /// Absent, null, blank text or an empty list.
    Blank,
    /// Something a person would call a value.
    NotBlank,
    /// True.
    True,
    /// False, absent, or no boolean.
    NotTrue,
    /// False.
    False,
    /// True, absent, or no boolean.
    NotFalse,
    /// Present, and what its type asks for.
    Valid,
    /// Present, and not what its type asks for.
    Invalid,
    /// Matched somewhere by a regular expression, without regard to case.
    Matches,
    /// Matched nowhere; true of an absent value.
    NotMatches,
}

/// What an operator compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    One,
    OneOrList,
    List,
    Pattern,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Operator; 20] = [
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::IncludedIn,
        Operator::NotIncludedIn,
        Operator::Includes,
        Operator::NotIncludes,
        Operator::Blank,
        Operator::NotBlank,
        Operator::True,
        Operator::NotTrue,
        Operator::False,
        Operator::NotFalse,
        Operator::Valid,
        Operator::Invalid,
        Operator::Matches,
        Operator::NotMatches,
    ];

    /// The long name, as it reads in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Equal => "is equal to",
            Operator::NotEqual => "is not equal to",
            Operator::Less => "is less than",
            Operator::LessOrEqual => "is less than or equal to",
            Operator::Greater => "is greater than",
            Operator::GreaterOrEqual => "is greater than or equal to",
            Operator::IncludedIn => "is included in",
            Operator::NotIncludedIn => "is not included in",
            Operator::Includes => "includes",
            Operator::NotIncludes => "does not include",
            Operator::Blank => "is blank",
            Operator::NotBlank => "is not blank",
            Operator::True => "is true",
            Operator::NotTrue => "is not true",
            Operator::False => "is false",
            Operator::NotFalse => "is not false",
            Operator::Valid => "format is valid",
            Operator::Invalid => "format is invalid",
            Operator::Matches => "matches pattern",
            Operator::NotMatches => "does not match pattern",
        }
    }

    /// The short name.
    pub fn short(self) -> &'static str {
        match self {
            Operator::Equal => "eq",
            Operator::NotEqual => "ne",
            Operator::Less => "lt",
            Operator::LessOrEqual => "lte",
            Operator::Greater => "gt",
            Operator::GreaterOrEqual => "gte",
            Operator::IncludedIn => "in",
            Operator::NotIncludedIn => "not_in",
            Operator::Includes => "includes",
            Operator::NotIncludes => "not_includes",
            Operator::Blank => "blank",
            Operator::NotBlank => "not_blank",
            Operator::True => "true",
            Operator::NotTrue => "not_true",
            Operator::False => "false",
            Operator::NotFalse => "not_false",
            Operator::Valid => "valid",
            Operator::Invalid => "invalid",
            Operator::Matches => "matches",
            Operator::NotMatches => "not_matches",
        }
    }

    /// What a lead must do for a rule to hold, as in "State *must be included in* TX".
    pub(crate) fn demand(self) -> &'static str {
        match self {
            Operator::Equal => "must be equal to",
            Operator::NotEqual => "must not be equal to",
            Operator::Less => "must be less than",
            Operator::LessOrEqual => "must be less than or equal to",
            Operator::Greater => "must be greater than",
            Operator::GreaterOrEqual => "must be greater than or equal to",
            Operator::IncludedIn => "must be included in",
            Operator::NotIncludedIn => "must not be included in",
            Operator::Includes => "must include",
            Operator::NotIncludes => "must not include",
            Operator::Blank => "must be blank",
            Operator::NotBlank => "must not be blank",
            Operator::True => "must be true",
            Operator::NotTrue => "must not be true",
            Operator::False => "must be false",
            Operator::NotFalse => "must not be false",
            Operator::Valid => "must be valid",
            Operator::Invalid => "must be invalid",
            Operator::Matches => "must match pattern",
            Operator::NotMatches => "must not match pattern",
        }
    }

    /// What a lead must do for a rule *not* to hold.
    pub(crate) fn counter_demand(self) -> &'static str {
        match self {
            Operator::Less => "must not be less than",
            Operator::LessOrEqual => "must not be less than or equal to",
            Operator::Greater => "must not be greater than",
            Operator::GreaterOrEqual => "must not be greater than or equal to",
            Operator::Valid => "must not be valid",
            Operator::Invalid => "must not be invalid",
            Operator::Equal => Operator::NotEqual.demand(),
            Operator::NotEqual => Operator::Equal.demand(),
            Operator::IncludedIn => Operator::NotIncludedIn.demand(),
            Operator::NotIncludedIn => Operator::IncludedIn.demand(),
            Operator::Includes => Operator::NotIncludes.demand(),
            Operator::NotIncludes => Operator::Includes.demand(),
            Operator::Blank => Operator::NotBlank.demand(),
            Operator::NotBlank => Operator::Blank.demand(),
            Operator::True => Operator::NotTrue.demand(),
            Operator::NotTrue => Operator::True.demand(),
            Operator::False => Operator::NotFalse.demand(),
            Operator::NotFalse => Operator::False.demand(),
            Operator::Matches => Operator::NotMatches.demand(),
            Operator::NotMatches => Operator::Matches.demand(),
        }
    }

    pub(crate) fn takes(self) -> Takes {
        match self {
            Operator::Equal | Operator::NotEqual => Takes::OneOrList,
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Includes
            | Operator::NotIncludes => Takes::One,
            Operator::IncludedIn | Operator::NotIncludedIn => Takes::List,
            Operator::Blank
            | Operator::NotBlank
            | Operator::True
            | Operator::NotTrue
            | Operator::False
            | Operator::NotFalse
            | Operator::Valid
            | Operator::Invalid => Takes::Nothing,
            Operator::Matches | Operator::NotMatches => Takes::Pattern,
        }
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text names no operator.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an operator")]
pub struct UnknownOperator(pub String);

impl FromStr for Operator {
    type Err = UnknownOperator;

    /// Reads a long or a short name.
    fn from_str(text: &str) -> Result<Operator, UnknownOperator> {
        Operator::ALL
            .into_iter()
            .find(|operator| operator.as_str() == text || operator.short() == text)
            .ok_or_else(|| UnknownOperator(text.chars().take(40).collect()))
    }
}
