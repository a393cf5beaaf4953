//! Exact decimal numbers, as text.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use smallvec::SmallVec;

/// A decimal number of at most 15 significant digits and 32 characters, so that every reader of
/// JSON gets the same number. Text form: plain decimal, no exponent, no needless zeros, no `-0`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Number(Arc<str>); // Invariant: the text form.

/// Significant digits that a binary double keeps exactly.
const SIGNIFICANT_DIGITS_MAX: usize = 15;
/// Longest text form.
const TEXT_BYTES_MAX: usize = 32;
/// Longest plain form of a decimal that is kept as text: a double such as 1.2345678901234567e-30 has room.
const PLAIN_BYTES_MAX: usize = 64;

/// The text is not a number, or not one that fits; the caller keeps it as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number of at most 15 significant digits")]
pub struct NotANumber;

impl Number {
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The nearest binary double.
    pub fn as_f64(&self) -> f64 {
        self.0.parse().expect("the text form is a decimal number")
    }
}

impl FromStr for Number {
    type Err = NotANumber;

    /// Reads the grammar of JSON numbers (RFC 8259 section 6), exponents included, and leading
    /// zeros besides.
    fn from_str(text: &str) -> Result<Number, NotANumber> {
        let plain = plain(text, SIGNIFICANT_DIGITS_MAX, TEXT_BYTES_MAX)?;
        Ok(Number(Arc::from(as_text(&plain))))
    }
}

/// A decimal in its plain form, of at most 64 characters: what a [`Number`] holds, and numbers of more digits than
/// it takes, which are kept as text.
pub(crate) fn plain_decimal(text: &str) -> Option<Arc<str>> {
    plain(text, PLAIN_BYTES_MAX, PLAIN_BYTES_MAX).ok().map(|plain| as_text(&plain).into())
}

/// The order of two decimals by size, both in their plain form, however many digits they have.
pub(crate) fn order_of_plain(one: &str, other: &str) -> Ordering {
    let parts = |text: &str| (text.starts_with('-'), text.find('.').unwrap_or(text.len()));
    let ((one_is_negative, one_point), (other_is_negative, other_point)) = (parts(one), parts(other));
    match (one_is_negative, other_is_negative) {
        (true, false) => Ordering::Less,
        (false, true) => Ordering::Greater,
        // Of as many digits before the point, the first that differs decides; what ends first is the smaller one.
        (false, false) => one_point.cmp(&other_point).then_with(|| one.cmp(other)),
        (true, true) => other_point.cmp(&one_point).then_with(|| other.cmp(one)),
    }
}

type Plain = SmallVec<[u8; TEXT_BYTES_MAX]>;

fn as_text(plain: &Plain) -> &str {
    str::from_utf8(plain).expect("digits and signs are ASCII")
}

/// Reads a decimal into its plain form, which has at most so many significant digits and bytes.
fn plain(text: &str, digits_max: usize, bytes_max: usize) -> Result<Plain, NotANumber> {
    let bytes = text.as_bytes();
    let negative = bytes.first() == Some(&b'-');
    let rest = if negative { &text[1..] } else { text };
    let (mantissa, exponent) = match rest.find(['e', 'E']) {
        Some(at) => (&rest[..at], exponent(&rest[at + 1..])?),
        None => (rest, 0),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((_, "")) => return Err(NotANumber),
        Some(parts) => parts,
        None => (mantissa, ""),
    };
    if whole.is_empty() {
        return Err(NotANumber);
    }
    let Digits { significant, leading_zeros } = Digits::read(whole.bytes().chain(part.bytes()), digits_max)?;
    let mut plain = Plain::new();
    if significant.is_empty() {
        plain.push(b'0');
        return Ok(plain);
    }
    let place = |count: usize| i64::try_from(count).map_err(|_| NotANumber);
    let (length, point) = (place(significant.len())?, place(whole.len())? + exponent - place(leading_zeros)?);
    if point.abs() > place(bytes_max)? {
        return Err(NotANumber);
    }
    let zeros = |count: i64| (0..count).map(|_| b'0');
    if negative {
        plain.push(b'-');
    }
    if point <= 0 {
        plain.extend_from_slice(b"0.");
        plain.extend(zeros(-point));
        plain.extend_from_slice(&significant);
    } else if point >= length {
        plain.extend_from_slice(&significant);
        plain.extend(zeros(point - length));
    } else {
        let (whole, part) = significant.split_at(usize::try_from(point).map_err(|_| NotANumber)?);
        plain.extend_from_slice(whole);
        plain.push(b'.');
        plain.extend_from_slice(part);
    }
    if plain.len() > bytes_max { Err(NotANumber) } else { Ok(plain) }
}

/// The digits of a number without zeros at either end.
struct Digits {
    significant: SmallVec<[u8; SIGNIFICANT_DIGITS_MAX]>,
    /// How many zeros stood before them.
    leading_zeros: usize,
}

impl Digits {
    fn read(digits: impl Iterator<Item = u8>, digits_max: usize) -> Result<Digits, NotANumber> {
        let mut read = Digits { significant: SmallVec::new(), leading_zeros: 0 };
        // Zeros count only when a digit follows.
        let mut zeros = 0;
        for digit in digits {
            match digit {
                b'0' if read.significant.is_empty() => read.leading_zeros += 1,
                b'0' => zeros += 1,
                b'1'..=b'9' if read.significant.len() + zeros < digits_max => {
                    read.significant.extend((0..zeros).map(|_| b'0'));
                    read.significant.push(digit);
                    zeros = 0;
                }
                _ => return Err(NotANumber),
            }
        }
        Ok(read)
    }
}

/// A signed exponent; what does not fit in two digits cannot be a number that fits.
fn exponent(text: &str) -> Result<i64, NotANumber> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(NotANumber);
    }
    let size: i64 = digits.trim_start_matches('0').get(..4).map_or_else(
        || digits.parse().unwrap_or(0),
        |_| 9999, // Zero times any power is still zero, so a long exponent is no error by itself.
    );
    Ok(if text.starts_with('-') { -size } else { size })
}

impl From<i32> for Number {
    fn from(number: i32) -> Number {
        Number(Arc::from(number.to_string()))
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Number) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Number {
    /// By size; two texts of at most 15 digits that differ are two doubles that differ.
    fn cmp(&self, other: &Number) -> Ordering {
        self.as_f64().total_cmp(&other.as_f64())
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_take_their_plain_form() {
        for (text, plain) in [
            ("0", "0"),
            ("-0", "0"),
            ("-0.0e5", "0"),
            ("0e99999", "0"),
            ("1e3", "1000"),
            ("1.50", "1.5"),
            ("007", "7"),
            ("-2.5E-3", "-0.0025"),
            ("123456789012345", "123456789012345"),
            ("1200e-2", "12"),
            ("0.000", "0"),
        ] {
            assert_eq!(text.parse::<Number>().unwrap().as_str(), plain, "{text}");
        }
    }

    #[test]
    fn what_a_double_would_bend_stays_text() {
        for text in [
            "1234567890123456",
            "1e300",
            "1e-40",
            "",
            "-",
            "1.",
            ".5",
            "1e",
            "abc",
            "0x10",
            "1 ",
            "1e99999999999999999999",
        ] {
            assert!(text.parse::<Number>().is_err(), "{text}");
        }
    }

    #[test]
    fn decimals_of_many_digits_are_kept_and_in_order() {
        let ascending = [
            "-1234567890123456",
            "-123456789012345.6",
            "-30.26715312345679",
            "-30.26715312345678",
            "-0.1",
            "0",
            "0.00000000000000000000000000000012345678901234567",
            "0.30000000000000004",
            "9",
            "10",
            "10.000000000000000001",
            "1234567890123456",
            "1234567890123457",
        ];
        for (at, one) in ascending.iter().enumerate() {
            assert_eq!(plain_decimal(one).as_deref(), Some(*one));
            for (other_at, other) in ascending.iter().enumerate() {
                assert_eq!(order_of_plain(one, other), at.cmp(&other_at), "{one} {other}");
            }
        }
        assert_eq!(plain_decimal("1.50e-2").as_deref(), Some("0.015"));
        assert_eq!(plain_decimal(&"1".repeat(64)).map(|plain| plain.len()), Some(64));
        assert_eq!(plain_decimal(&"1".repeat(65)), None);
    }

    proptest! {
        #[test]
        fn the_order_of_texts_is_that_of_numbers(one in "-?[0-9]{1,6}(\\.[0-9]{1,4})?", other in "-?[0-9]{1,6}(\\.[0-9]{1,4})?") {
            let (one, other): (Number, Number) = (one.parse().unwrap(), other.parse().unwrap());
            prop_assert_eq!(order_of_plain(one.as_str(), other.as_str()), one.cmp(&other));
        }

        #[test]
        fn the_plain_form_reads_as_itself(text in "-?[0-9]{1,9}(\\.[0-9]{1,6})?(e-?[0-9]{1,2})?") {
            if let Ok(number) = text.parse::<Number>() {
                prop_assert_eq!(number.as_str().parse::<Number>(), Ok(number.clone()));
                prop_assert_eq!(number.as_f64(), text.parse::<f64>().unwrap() + 0.0);
            }
        }

        #[test]
        fn nothing_panics(text in ".{0,40}") {
            let _ = text.parse::<Number>();
        }
    }
}
