//! What operators are called, and how sentences ask for them.

use super::Operator;

impl Operator {
    /// The long name, as it reads in a rule.
    pub fn as_str(self) -> &'static str {
        match self {
            Operator::Equal => "is equal to",
            Operator::NotEqual => "is not equal to",
            Operator::Less => "is less than",
            Operator::LessOrEqual => "is less than or equal to",
            Operator::Greater => "is greater than",
            Operator::GreaterOrEqual => "is greater than or equal to",
            Operator::Between => "is between",
            Operator::NotBetween => "is not between",
            Operator::IncludedIn => "is included in",
            Operator::NotIncludedIn => "is not included in",
            Operator::Includes => "includes",
            Operator::NotIncludes => "does not include",
            Operator::Matches => "matches pattern",
            Operator::NotMatches => "does not match pattern",
            Operator::WithinLast => "is within the last",
            Operator::NotWithinLast => "is not within the last",
            Operator::WithinNext => "is within the next",
            Operator::NotWithinNext => "is not within the next",
            Operator::Blank => "is blank",
            Operator::NotBlank => "is not blank",
            Operator::True => "is true",
            Operator::NotTrue => "is not true",
            Operator::False => "is false",
            Operator::NotFalse => "is not false",
            Operator::Valid => "format is valid",
            Operator::Invalid => "format is invalid",
            Operator::Obscene => "is obscene",
            Operator::NotObscene => "is not obscene",
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
            Operator::Between => "between",
            Operator::NotBetween => "not_between",
            Operator::IncludedIn => "in",
            Operator::NotIncludedIn => "not_in",
            Operator::Includes => "includes",
            Operator::NotIncludes => "not_includes",
            Operator::Matches => "matches",
            Operator::NotMatches => "not_matches",
            Operator::WithinLast => "within_last",
            Operator::NotWithinLast => "not_within_last",
            Operator::WithinNext => "within_next",
            Operator::NotWithinNext => "not_within_next",
            Operator::Blank => "blank",
            Operator::NotBlank => "not_blank",
            Operator::True => "true",
            Operator::NotTrue => "not_true",
            Operator::False => "false",
            Operator::NotFalse => "not_false",
            Operator::Valid => "valid",
            Operator::Invalid => "invalid",
            Operator::Obscene => "obscene",
            Operator::NotObscene => "not_obscene",
        }
    }

    /// A third name, as reports of other tools have it.
    pub fn other_spelling(self) -> Option<&'static str> {
        match self {
            Operator::LessOrEqual => Some("is less than or equal"),
            Operator::GreaterOrEqual => Some("is greater than or equal"),
            Operator::Equal
            | Operator::NotEqual
            | Operator::Less
            | Operator::Greater
            | Operator::Between
            | Operator::NotBetween
            | Operator::IncludedIn
            | Operator::NotIncludedIn
            | Operator::Includes
            | Operator::NotIncludes
            | Operator::Matches
            | Operator::NotMatches
            | Operator::WithinLast
            | Operator::NotWithinLast
            | Operator::WithinNext
            | Operator::NotWithinNext
            | Operator::Blank
            | Operator::NotBlank
            | Operator::True
            | Operator::NotTrue
            | Operator::False
            | Operator::NotFalse
            | Operator::Valid
            | Operator::Invalid
            | Operator::Obscene
            | Operator::NotObscene => None,
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
            Operator::Between => "must be between",
            Operator::NotBetween => "must not be between",
            Operator::IncludedIn => "must be included in",
            Operator::NotIncludedIn => "must not be included in",
            Operator::Includes => "must include",
            Operator::NotIncludes => "must not include",
            Operator::Matches => "must match pattern",
            Operator::NotMatches => "must not match pattern",
            Operator::WithinLast => "must be within the last",
            Operator::NotWithinLast => "must not be within the last",
            Operator::WithinNext => "must be within the next",
            Operator::NotWithinNext => "must not be within the next",
            Operator::Blank => "must be blank",
            Operator::NotBlank => "must not be blank",
            Operator::True => "must be true",
            Operator::NotTrue => "must not be true",
            Operator::False => "must be false",
            Operator::NotFalse => "must not be false",
            Operator::Valid => "must be valid",
            Operator::Invalid => "must be invalid",
            Operator::Obscene => "must be obscene",
            Operator::NotObscene => "must not be obscene",
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
            Operator::Equal
            | Operator::NotEqual
            | Operator::Between
            | Operator::NotBetween
            | Operator::IncludedIn
            | Operator::NotIncludedIn
            | Operator::Includes
            | Operator::NotIncludes
            | Operator::Matches
            | Operator::NotMatches
            | Operator::WithinLast
            | Operator::NotWithinLast
            | Operator::WithinNext
            | Operator::NotWithinNext
            | Operator::Blank
            | Operator::NotBlank
            | Operator::True
            | Operator::NotTrue
            | Operator::False
            | Operator::NotFalse
            | Operator::Obscene
            | Operator::NotObscene => self.opposite().expect("all but those above have an opposite").demand(),
        }
    }
}
