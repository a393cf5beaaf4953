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
        let Digits { significant, leading_zeros } = Digits::read(whole.bytes().chain(part.bytes()))?;
        if significant.is_empty() {
            return Ok(Number(Arc::from("0")));
        }
        let place = |count: usize| i64::try_from(count).map_err(|_| NotANumber);
        let (length, point) =
            (place(significant.len())?, place(whole.len())? + exponent - place(leading_zeros)?);
        if point.abs() > 40 {
            return Err(NotANumber);
        }
        let zeros = |count: i64| (0..count).map(|_| b'0');
        let mut plain: SmallVec<[u8; TEXT_BYTES_MAX]> = SmallVec::new();
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
        if plain.len() > TEXT_BYTES_MAX {
            return Err(NotANumber);
        }
        Ok(Number(Arc::from(str::from_utf8(&plain).expect("digits and signs are ASCII"))))
    }
}

/// The digits of a number without zeros at either end.
struct Digits {
    significant: SmallVec<[u8; SIGNIFICANT_DIGITS_MAX]>,
    /// How many zeros stood before them.
    leading_zeros: usize,
}

impl Digits {
    fn read(digits: impl Iterator<Item = u8>) -> Result<Digits, NotANumber> {
        let mut read = Digits { significant: SmallVec::new(), leading_zeros: 0 };
        // Zeros count only when a digit follows.
        let mut zeros = 0;
        for digit in digits {
            match digit {
                b'0' if read.significant.is_empty() => read.leading_zeros += 1,
                b'0' => zeros += 1,
                b'1'..=b'9' if read.significant.len() + zeros < SIGNIFICANT_DIGITS_MAX => {
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

    proptest! {
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
