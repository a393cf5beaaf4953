//! Numbers of payment cards.

use super::{Parsed, parse_text};
use crate::Value;

/// 12 to 19 digits with blanks, hyphens or points between them, whose last is right (Luhn), as long
/// as cards of their brand are.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let text = text.trim();
        if !text.chars().all(|c| c.is_ascii_digit() || matches!(c, '-' | '.') || c.is_whitespace()) {
            return None;
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if !(12..=19).contains(&digits.len()) || digits.starts_with('0') || !last_digit_is_right(&digits) {
            return None;
        }
        let mut components = vec![("last_four", Value::text(&digits[digits.len() - 4..]))];
        if let Some((name, lengths)) = brand(&digits) {
            if !lengths.contains(&digits.len()) {
                return None;
            }
            components.push(("brand", Value::text(name)));
        }
        Some(Parsed::valid(Value::text(digits), components))
    })
}

/// ISO/IEC 7812-1, annex B.
pub(crate) fn last_digit_is_right(digits: &str) -> bool {
    let sum: u32 = digits
        .bytes()
        .rev()
        .enumerate()
        .map(|(at, byte)| {
            let digit = u32::from(byte - b'0');
            match at % 2 {
                0 => digit,
                _ if digit > 4 => digit * 2 - 9,
                _ => digit * 2,
            }
        })
        .sum();
    sum.is_multiple_of(10)
}

/// The brand that issues numbers of this beginning, and how many digits they have.
fn brand(digits: &str) -> Option<(&'static str, &'static [usize])> {
    const LONG: &[usize] = &[16, 17, 18, 19];
    let six: u32 = digits.get(..6)?.parse().ok()?;
    Some(match six {
        400_000..=499_999 => ("visa", &[13, 16, 19]),
        510_000..=559_999 | 222_100..=272_099 => ("mastercard", &[16]),
        340_000..=349_999 | 370_000..=379_999 => ("amex", &[15]),
        601_100..=601_199 | 644_000..=659_999 | 622_126..=622_925 => ("discover", LONG),
        300_000..=305_999 | 309_500..=309_599 | 360_000..=369_999 | 380_000..=399_999 => {
            ("diners", &[14, 15, 16, 17, 18, 19])
        }
        352_800..=358_999 => ("jcb", LONG),
        620_000..=629_999 => ("unionpay", LONG),
        500_000..=509_999 | 560_000..=699_999 => ("maestro", &[12, 13, 14, 15, 16, 17, 18, 19]),
        _ => return None,
    })
}
