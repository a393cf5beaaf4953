//! Exact amounts of the installation's one currency.

use std::fmt;
use std::ops::Neg;
use std::str::FromStr;

/// An amount in whole millionths of the currency's unit. Text form: plain decimal without
/// needless zeros (`25`, `17.2`, `-0.000001`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Money(i64);

/// Why a text is not an amount.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// Not digits with at most one point and an optional sign.
    #[error("{0:?} is not an amount; write digits with at most one point, such as 14.00")]
    NotDecimal(String),
    /// More than six decimals that matter.
    #[error("{0:?} has more than six decimals")]
    TooPrecise(String),
    /// Beyond ±9,223,372,036,854.775807.
    #[error("{0:?} is too large an amount")]
    TooLarge(String),
}

const MILLIONTHS: i64 = 1_000_000;

impl Money {
    /// Nothing at all.
    pub const ZERO: Money = Money(0);

    /// The amount of this many millionths.
    pub const fn from_millionths(millionths: i64) -> Money {
        Money(millionths)
    }

    /// How many millionths it is.
    pub const fn as_millionths(self) -> i64 {
        self.0
    }

    /// The sum, or nothing when it would not fit.
    pub fn checked_add(self, other: Money) -> Option<Money> {
        self.0.checked_add(other.0).map(Money)
    }

    /// The difference, or nothing when it would not fit.
    pub fn checked_sub(self, other: Money) -> Option<Money> {
        self.0.checked_sub(other.0).map(Money)
    }
}

impl Neg for Money {
    type Output = Money;

    fn neg(self) -> Money {
        Money(self.0.saturating_neg())
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let size = self.0.unsigned_abs();
        let (whole, part) = (size / MILLIONTHS.unsigned_abs(), size % MILLIONTHS.unsigned_abs());
        if part == 0 {
            return write!(f, "{sign}{whole}");
        }
        let part = format!("{part:06}");
        write!(f, "{sign}{whole}.{}", part.trim_end_matches('0'))
    }
}

impl FromStr for Money {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Money, MoneyError> {
        let decimal = Decimal::read(text)?;
        if decimal.beyond_millionths().bytes().any(|digit| digit != b'0') {
            return Err(MoneyError::TooPrecise(text.chars().take(40).collect()));
        }
        decimal.cut(text)
    }
}

impl Money {
    /// Reads an amount that somebody else reckoned, to the nearest millionth; what lies half-way goes away
    /// from zero.
    ///
    /// # Errors
    /// When the text is no decimal, or too large an amount.
    pub fn rounded(text: &str) -> Result<Money, MoneyError> {
        let decimal = Decimal::read(text)?;
        let cut = decimal.cut(text)?;
        let goes_on = decimal.beyond_millionths().bytes().next().is_some_and(|digit| digit >= b'5');
        let more = Money(match (goes_on, decimal.is_negative) {
            (false, _) => 0,
            (true, false) => 1,
            (true, true) => -1,
        });
        cut.checked_add(more).ok_or_else(|| MoneyError::TooLarge(text.chars().take(40).collect()))
    }
}

/// Digits before and after the point, as they are written.
struct Decimal<'a> {
    is_negative: bool,
    whole: &'a str,
    part: &'a str,
}

const DECIMALS: usize = 6;

impl<'a> Decimal<'a> {
    fn read(text: &'a str) -> Result<Decimal<'a>, MoneyError> {
        let not_decimal = || MoneyError::NotDecimal(text.chars().take(40).collect());
        let (is_negative, digits) = match text.as_bytes().first() {
            Some(b'-') => (true, &text[1..]),
            Some(b'+') => (false, &text[1..]),
            _ => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() && part.is_empty() || digits.ends_with('.') {
            return Err(not_decimal());
        }
        if !whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit()) {
            return Err(not_decimal());
        }
        Ok(Decimal { is_negative, whole, part })
    }

    /// The digits that no amount has.
    fn beyond_millionths(&self) -> &'a str {
        &self.part[self.part.len().min(DECIMALS)..]
    }

    /// The amount without them; `text` is what it was read from.
    fn cut(&self, text: &str) -> Result<Money, MoneyError> {
        let part = &self.part[..self.part.len().min(DECIMALS)];
        let zeros = std::iter::repeat_n(b'0', DECIMALS - part.len());
        let mut millionths: i64 = 0;
        for byte in self.whole.bytes().chain(part.bytes()).chain(zeros) {
            let digit = i64::from(byte - b'0');
            let next = millionths.checked_mul(10).and_then(|sum| {
                if self.is_negative { sum.checked_sub(digit) } else { sum.checked_add(digit) }
            });
            millionths = next.ok_or_else(|| MoneyError::TooLarge(text.chars().take(40).collect()))?;
        }
        Ok(Money(millionths))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn amounts_are_read_exactly_and_written_in_shortest_form() {
        for (text, shown) in [
            ("14.00", "14"),
            ("17.20", "17.2"),
            ("0.000001", "0.000001"),
            ("-3.5", "-3.5"),
            ("+2", "2"),
            (".5", "0.5"),
            ("0.1000000", "0.1"),
            ("-9223372036854.775808", "-9223372036854.775808"),
        ] {
            assert_eq!(text.parse::<Money>().unwrap().to_string(), shown);
        }
    }

    #[test]
    fn what_is_not_an_exact_amount_is_refused() {
        for text in ["", ".", "-", "1.", "1,000", "1e3", "abc", "1.0000001", "9223372036854.775808", "١"] {
            assert!(text.parse::<Money>().is_err(), "{text}");
        }
    }

    #[test]
    fn what_others_reckon_is_rounded_to_millionths() {
        let rounded =
            |text: &str| Money::rounded(text).map_or_else(|_| "none".to_owned(), |it| it.to_string());
        for (text, wanted) in [
            ("7.300000000000001", "7.3"),
            ("12.3456789", "12.345679"),
            ("0.0000005", "0.000001"),
            ("0.00000049999", "0"),
            ("-0.0000005", "-0.000001"),
            ("9.9999999", "10"),
            ("14.00", "14"),
            ("9223372036854.7758075", "none"),
            ("1e3", "none"),
            ("1.2.3", "none"),
            ("free", "none"),
        ] {
            assert_eq!(rounded(text), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn text_forms_round_trip(millionths: i64) {
            let money = Money::from_millionths(millionths);
            prop_assert_eq!(money.to_string().parse::<Money>(), Ok(money));
        }
    }
}
