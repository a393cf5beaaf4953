//! Decimal arithmetic: exact as long as 18 digits hold a result, else rounded to 18.

use std::cmp::Ordering;

use crate::Number;

/// `mantissa` times ten to the power of `exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decimal {
    // Invariants: below 10^18 either way, not divisible by ten; zero has the exponent 0.
    mantissa: i128,
    exponent: i32,
}

/// Significant digits that are kept.
const DIGITS_MAX: u32 = 18;
/// A size beyond which no further digit of a text is read.
const READ_MAX: i128 = 10_i128.pow(32);
/// Powers of ten beyond which a number counts as infinite, or as zero.
const EXPONENT_MAX: i32 = 400;
/// Decimal places of a [`Number`]; what is smaller is rounded.
const NUMBER_PLACES_MAX: i32 = 29;
/// Largest whole exponent that is worked out by multiplication.
const POWER_MAX: i64 = 1_000;

/// How a number becomes one of fewer places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rounding {
    /// The nearest; of two equally near the one further from zero.
    Nearest,
    Down,
    Up,
}

impl Decimal {
    pub(super) const ZERO: Decimal = Decimal { mantissa: 0, exponent: 0 };
    pub(super) const ONE: Decimal = Decimal { mantissa: 1, exponent: 0 };

    pub(super) fn new(mantissa: i128, exponent: i32) -> Decimal {
        rounded(mantissa, exponent, DIGITS_MAX)
    }

    pub(super) fn of(number: &Number) -> Decimal {
        Decimal::of_plain(number.as_str())
    }

    /// The value of a plain decimal, however many digits it has.
    fn of_plain(text: &str) -> Decimal {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let mut size = 0_i128;
        let mut exponent = 0_i32;
        for (digits, places) in [(whole, 0), (part, 1)] {
            for digit in digits.bytes().filter(u8::is_ascii_digit) {
                // More digits than are ever kept: what is left counts as zeros.
                if size < READ_MAX {
                    size = size * 10 + i128::from(digit - b'0');
                    exponent -= places;
                } else {
                    exponent += 1 - places;
                }
            }
        }
        Decimal::new(if text.starts_with('-') { -size } else { size }, exponent)
    }

    /// The number that a text says.
    pub(super) fn of_text(text: &str) -> Option<Decimal> {
        crate::parse::number::read_plain(text).map(|plain| Decimal::of_plain(&plain))
    }

    /// The nearest of 15 digits, so that no noise of binary fractions shows; nothing when it is not
    /// finite.
    pub(super) fn of_f64(number: f64) -> Option<Decimal> {
        if !number.is_finite() {
            return None;
        }
        let text = format!("{number:.14e}");
        let (mantissa, exponent) = text.split_once('e')?;
        let mantissa: i128 = mantissa.replace('.', "").parse().ok()?;
        Some(Decimal::new(mantissa, exponent.parse::<i32>().ok()? - 14))
    }

    pub(super) fn as_f64(self) -> f64 {
        format!("{}e{}", self.mantissa, self.exponent).parse().unwrap_or(f64::NAN)
    }

    /// The number, when it is a whole one that fits.
    pub(super) fn as_i64(self) -> Option<i64> {
        let power = 10_i128.checked_pow(u32::try_from(self.exponent).ok()?)?;
        i64::try_from(self.mantissa.checked_mul(power)?).ok()
    }

    /// As a number of at most 15 digits; nothing when it is too large for one.
    pub(super) fn as_number(self) -> Option<Number> {
        let short = self.to_places(NUMBER_PLACES_MAX, Rounding::Nearest);
        let short = rounded(short.mantissa, short.exponent, 15);
        format!("{}e{}", short.mantissa, short.exponent).parse().ok()
    }

    pub(super) fn is_zero(self) -> bool {
        self.mantissa == 0
    }

    pub(super) fn is_negative(self) -> bool {
        self.mantissa < 0
    }

    pub(super) fn negated(self) -> Decimal {
        Decimal { mantissa: -self.mantissa, ..self }
    }

    pub(super) fn abs(self) -> Decimal {
        Decimal { mantissa: self.mantissa.abs(), ..self }
    }

    /// Times ten to this power.
    pub(super) fn shifted(self, power: i32) -> Decimal {
        Decimal::new(self.mantissa, self.exponent.saturating_add(power))
    }

    /// Nothing when it is beyond what counts as finite.
    fn finite(self) -> Option<Decimal> {
        let size = self.exponent.saturating_add(i32::try_from(digits(self.mantissa)).ok()?);
        match size {
            _ if self.is_zero() || size < -EXPONENT_MAX => Some(Decimal::ZERO),
            _ if size > EXPONENT_MAX => None,
            _ => Some(self),
        }
    }

    pub(super) fn plus(self, other: Decimal) -> Decimal {
        if self.is_zero() || other.is_zero() {
            return if self.is_zero() { other } else { self };
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let shift = u32::try_from(high.exponent - low.exponent).unwrap_or(u32::MAX);
        let sum = 10_i128
            .checked_pow(shift)
            .and_then(|power| high.mantissa.checked_mul(power))
            .and_then(|mantissa| mantissa.checked_add(low.mantissa));
        // Where it does not fit, the lower one is beyond the digits that are kept.
        sum.map_or(high, |mantissa| Decimal::new(mantissa, low.exponent))
    }

    pub(super) fn times(self, other: Decimal) -> Option<Decimal> {
        Decimal::new(self.mantissa * other.mantissa, self.exponent.saturating_add(other.exponent)).finite()
    }

    /// Nothing for a division by zero.
    pub(super) fn over(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let scale = 37 - digits(self.mantissa);
        let scaled = self.mantissa.checked_mul(10_i128.checked_pow(scale)?)?;
        let exponent = self.exponent.saturating_sub(other.exponent);
        Decimal::new(scaled / other.mantissa, exponent.saturating_sub(i32::try_from(scale).ok()?)).finite()
    }

    /// What a division to a whole number leaves, with the sign of this number.
    pub(super) fn rest_of(self, other: Decimal) -> Option<Decimal> {
        if other.is_zero() {
            return None;
        }
        let exponent = self.exponent.min(other.exponent);
        let scaled = |one: Decimal| {
            let power = 10_i128.checked_pow(u32::try_from(one.exponent - exponent).ok()?)?;
            one.mantissa.checked_mul(power)
        };
        match (scaled(self), scaled(other)) {
            (Some(one), Some(other)) => Some(Decimal::new(one % other, exponent)),
            (_, _) => Decimal::of_f64(self.as_f64() % other.as_f64()),
        }
    }

    pub(super) fn to_the_power_of(self, power: Decimal) -> Option<Decimal> {
        let Some(whole) = power.as_i64().filter(|whole| whole.abs() <= POWER_MAX) else {
            return Decimal::of_f64(self.as_f64().powf(power.as_f64()));
        };
        let mut result = Decimal::ONE;
        let mut square = self;
        let mut left = whole.unsigned_abs();
        while left > 0 {
            if left & 1 == 1 {
                result = result.times(square)?;
            }
            left >>= 1;
            if left > 0 {
                square = square.times(square)?;
            }
        }
        if whole < 0 { Decimal::ONE.over(result) } else { Some(result) }
    }

    pub(super) fn square_root(self) -> Option<Decimal> {
        Decimal::of_f64(self.as_f64().sqrt())
    }

    /// With so many decimal places at most; fewer than none rounds to tens, hundreds and so on.
    pub(super) fn to_places(self, places: i32, rounding: Rounding) -> Decimal {
        let drop = (-places).saturating_sub(self.exponent);
        if drop <= 0 {
            return self;
        }
        let negative = self.is_negative();
        let away = i128::from(if negative { -1 } else { 1 });
        let power = u32::try_from(drop).ok().and_then(|drop| 10_i128.checked_pow(drop));
        let (kept, rest, half) = match power {
            Some(power) => {
                let rest = self.mantissa % power;
                (self.mantissa / power, rest, (rest.abs() * 2).cmp(&power))
            }
            None => (0, self.mantissa, Ordering::Less),
        };
        let up = match rounding {
            _ if rest == 0 => false,
            Rounding::Nearest => half != Ordering::Less,
            Rounding::Down => negative,
            Rounding::Up => !negative,
        };
        Decimal::new(if up { kept + away } else { kept }, -places)
    }

    /// The digits before and after the point, without the sign: `("1234", "5")`.
    pub(super) fn plain(self) -> (String, String) {
        let digits = self.mantissa.unsigned_abs().to_string();
        match usize::try_from(self.exponent) {
            Ok(zeros) => (format!("{digits}{}", "0".repeat(zeros.min(500))), String::new()),
            Err(_) => {
                let places = usize::try_from(-self.exponent).unwrap_or(0).min(500);
                let padded = format!("{digits:0>width$}", width = places + 1);
                let (whole, part) = padded.split_at(padded.len() - places);
                (whole.to_owned(), part.to_owned())
            }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Decimal) -> Ordering {
        self.plus(other.negated()).mantissa.cmp(&0)
    }
}

/// How many digits a number has; 1 for zero.
fn digits(number: i128) -> u32 {
    number.unsigned_abs().checked_ilog10().unwrap_or(0) + 1
}

fn rounded(mantissa: i128, exponent: i32, digits_max: u32) -> Decimal {
    let (mut mantissa, mut exponent) = (mantissa, exponent);
    let surplus = digits(mantissa).saturating_sub(digits_max);
    if surplus > 0 {
        let power = 10_i128.pow(surplus);
        let rest = mantissa % power;
        mantissa /= power;
        if rest.unsigned_abs() >= power.unsigned_abs() / 2 {
            mantissa += rest.signum();
        }
        exponent = exponent.saturating_add(i32::try_from(surplus).unwrap_or(0));
    }
    if mantissa == 0 {
        return Decimal::ZERO;
    }
    while mantissa % 10 == 0 {
        mantissa /= 10;
        exponent = exponent.saturating_add(1);
    }
    Decimal { mantissa, exponent }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::of(&text.parse().unwrap())
    }

    fn shown(decimal: Option<Decimal>) -> String {
        decimal.and_then(Decimal::as_number).map_or_else(|| "none".to_owned(), |number| number.to_string())
    }

    #[test]
    fn sums_and_products_are_exact() {
        assert_eq!(shown(Some(decimal("0.1").plus(decimal("0.2")))), "0.3");
        assert_eq!(shown(decimal("1.005").times(decimal("100"))), "100.5");
        assert_eq!(shown(decimal("1").over(decimal("3"))), "0.333333333333333");
        assert_eq!(shown(decimal("1").over(decimal("0"))), "none");
        assert_eq!(shown(decimal("-7").rest_of(decimal("3"))), "-1");
        assert_eq!(shown(decimal("5.5").rest_of(decimal("0.2"))), "0.1");
        assert_eq!(shown(decimal("2").to_the_power_of(decimal("-2"))), "0.25");
        assert_eq!(shown(decimal("9").to_the_power_of(decimal("387420489"))), "none");
        assert_eq!(shown(decimal("2").to_the_power_of(decimal("0.5"))), "1.4142135623731");
        assert_eq!(shown(Some(Decimal::new(1, -30).plus(Decimal::new(1, -31)))), "0");
    }

    #[test]
    fn a_number_is_rounded_to_places() {
        let rounded = |text: &str, places, rounding| shown(Some(decimal(text).to_places(places, rounding)));
        assert_eq!(rounded("2.5", 0, Rounding::Nearest), "3");
        assert_eq!(rounded("-2.5", 0, Rounding::Nearest), "-3");
        assert_eq!(rounded("-2.5", 0, Rounding::Down), "-3");
        assert_eq!(rounded("-2.5", 0, Rounding::Up), "-2");
        assert_eq!(rounded("0.0001", 0, Rounding::Up), "1");
        assert_eq!(rounded("1250", -2, Rounding::Nearest), "1300");
        assert_eq!(rounded("1.25", 5, Rounding::Nearest), "1.25");
    }

    proptest! {
        #[test]
        fn numbers_are_taken_in_and_given_back_the_same(digits in 0_i64..1_000_000_000_000_000, power in -14_i32..10) {
            if let Ok(number) = format!("{digits}e{power}").parse::<Number>() {
                prop_assert_eq!(Decimal::of(&number).as_number(), Some(number.clone()));
                let (whole, part) = Decimal::of(&number).plain();
                let text = if part.is_empty() { whole } else { format!("{whole}.{part}") };
                prop_assert_eq!(text, number.to_string());
            }
        }

        #[test]
        fn arithmetic_never_panics(
            one in -999_999_999_999_999_999_i128..999_999_999_999_999_999, other in any::<i64>(),
            up in -300_i32..300, down in -300_i32..300,
        ) {
            let (one, other) = (Decimal::new(one, up), Decimal::new(other.into(), down));
            let _ = (one.plus(other), one.times(other), one.over(other), one.rest_of(other), one.cmp(&other));
            let _ = (one.to_the_power_of(other), other.to_the_power_of(one), one.square_root(), one.as_number());
            let _ = (one.to_places(down, Rounding::Down), one.plain(), one.as_i64());
        }
    }
}
