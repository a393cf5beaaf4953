//! The operators of rules, their names, long and short, and which of them a type takes.

mod fits;
mod words;

use std::fmt;
use std::str::FromStr;

pub(crate) use fits::fitting;
pub use fits::operators_of;

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
    /// From one bound to another, both included.
    Between,
    /// Outside of the bounds; true of what cannot be ordered.
    NotBetween,
    /// Equal to one of several values.
    IncludedIn,
    /// Equal to none of several values; true of an absent one.
    NotIncludedIn,
    /// Has the text within it, or in its list.
    Includes,
    /// Does not have the text within it, nor in its list.
    NotIncludes,
    /// Matched somewhere by a regular expression, or whole by a glob, without regard to case.
    Matches,
    /// Matched nowhere; true of an absent value.
    NotMatches,
    /// In the stretch of time that ends with the moment of asking.
    WithinLast,
    /// Before or after that stretch; true of what is no date.
    NotWithinLast,
    /// In the stretch of time that begins with the moment of asking.
    WithinNext,
    /// Before or after that stretch; true of what is no date.
    NotWithinNext,
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
    /// Holds a word of the shipped list of obscene words.
    Obscene,
    /// Holds none; true of an absent value.
    NotObscene,
}

/// What an operator compares with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    One,
    OneOrList,
    List,
    Pattern,
    /// Text `lo-hi`, or a list of two.
    Bounds,
    /// A number and a unit of time.
    Window,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Operator; 28] = [
        Operator::Equal,
        Operator::NotEqual,
        Operator::Less,
        Operator::LessOrEqual,
        Operator::Greater,
        Operator::GreaterOrEqual,
        Operator::Between,
        Operator::NotBetween,
        Operator::IncludedIn,
        Operator::NotIncludedIn,
        Operator::Includes,
        Operator::NotIncludes,
        Operator::Matches,
        Operator::NotMatches,
        Operator::WithinLast,
        Operator::NotWithinLast,
        Operator::WithinNext,
        Operator::NotWithinNext,
        Operator::Blank,
        Operator::NotBlank,
        Operator::True,
        Operator::NotTrue,
        Operator::False,
        Operator::NotFalse,
        Operator::Valid,
        Operator::Invalid,
        Operator::Obscene,
        Operator::NotObscene,
    ];

    /// The operator that holds exactly when this one does not, whatever stands there. Order has
    /// none, since an absent value is neither smaller nor larger; an absent value is neither valid
    /// nor invalid.
    pub fn opposite(self) -> Option<Operator> {
        match self {
            Operator::Equal => Some(Operator::NotEqual),
            Operator::NotEqual => Some(Operator::Equal),
            Operator::Between => Some(Operator::NotBetween),
            Operator::NotBetween => Some(Operator::Between),
            Operator::IncludedIn => Some(Operator::NotIncludedIn),
            Operator::NotIncludedIn => Some(Operator::IncludedIn),
            Operator::Includes => Some(Operator::NotIncludes),
            Operator::NotIncludes => Some(Operator::Includes),
            Operator::Matches => Some(Operator::NotMatches),
            Operator::NotMatches => Some(Operator::Matches),
            Operator::WithinLast => Some(Operator::NotWithinLast),
            Operator::NotWithinLast => Some(Operator::WithinLast),
            Operator::WithinNext => Some(Operator::NotWithinNext),
            Operator::NotWithinNext => Some(Operator::WithinNext),
            Operator::Blank => Some(Operator::NotBlank),
            Operator::NotBlank => Some(Operator::Blank),
            Operator::True => Some(Operator::NotTrue),
            Operator::NotTrue => Some(Operator::True),
            Operator::False => Some(Operator::NotFalse),
            Operator::NotFalse => Some(Operator::False),
            Operator::Obscene => Some(Operator::NotObscene),
            Operator::NotObscene => Some(Operator::Obscene),
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Valid
            | Operator::Invalid => None,
        }
    }

    /// Whether it holds when what it is named after is *not* found.
    pub(crate) fn is_negated(self) -> bool {
        match self {
            Operator::NotEqual
            | Operator::NotBetween
            | Operator::NotIncludedIn
            | Operator::NotIncludes
            | Operator::NotMatches
            | Operator::NotWithinLast
            | Operator::NotWithinNext
            | Operator::NotBlank
            | Operator::NotTrue
            | Operator::NotFalse
            | Operator::NotObscene => true,
            Operator::Equal
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::Between
            | Operator::IncludedIn
            | Operator::Includes
            | Operator::Matches
            | Operator::WithinLast
            | Operator::WithinNext
            | Operator::Blank
            | Operator::True
            | Operator::False
            | Operator::Valid
            | Operator::Invalid
            | Operator::Obscene => false,
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
            Operator::Between | Operator::NotBetween => Takes::Bounds,
            Operator::IncludedIn | Operator::NotIncludedIn => Takes::List,
            Operator::Matches | Operator::NotMatches => Takes::Pattern,
            Operator::WithinLast
            | Operator::NotWithinLast
            | Operator::WithinNext
            | Operator::NotWithinNext => Takes::Window,
            Operator::Blank
            | Operator::NotBlank
            | Operator::True
            | Operator::NotTrue
            | Operator::False
            | Operator::NotFalse
            | Operator::Valid
            | Operator::Invalid
            | Operator::Obscene
            | Operator::NotObscene => Takes::Nothing,
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

    /// Reads a long or a short name, or [another spelling](Operator::other_spelling) of it.
    fn from_str(text: &str) -> Result<Operator, UnknownOperator> {
        Operator::ALL
            .into_iter()
            .find(|operator| {
                operator.as_str() == text
                    || operator.short() == text
                    || operator.other_spelling() == Some(text)
            })
            .ok_or_else(|| UnknownOperator(text.chars().take(40).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_have_names_of_their_own() {
        for operator in Operator::ALL {
            assert_eq!(operator.as_str().parse(), Ok(operator));
            assert_eq!(operator.short().parse(), Ok(operator));
            if let Some(other) = operator.other_spelling() {
                assert_eq!(other.parse(), Ok(operator));
            }
        }
        assert!("is odd".parse::<Operator>().is_err());
    }

    #[test]
    fn opposites_come_in_pairs_of_which_one_is_negated() {
        for operator in Operator::ALL {
            let Some(opposite) = operator.opposite() else {
                assert!(!operator.is_negated(), "{operator}");
                continue;
            };
            assert_eq!(opposite.opposite(), Some(operator));
            assert_ne!(opposite.is_negated(), operator.is_negated(), "{operator}");
            assert_eq!(opposite.takes(), operator.takes());
        }
    }
}
