//! Decimal numbers as people write them: `$1,000.50`, `(100)`, `1e3`, `10k`, `1.5M`.

use smallvec::SmallVec;

use super::{Parsed, RawText, raw_text};
use crate::{Number, Scalar, Value};

/// A number beyond 15 significant digits or 32 characters is not valid, since it would not stay
/// exact. What is no number has no value.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    value(raw).map(|parsed| parsed.of(raw))
}

fn value(raw: &Value) -> Option<Parsed> {
    match raw {
        Value::Scalar(Scalar::Number(number)) => return Some(Parsed::valid(number.clone(), Vec::new())),
        Value::Scalar(Scalar::Bool(_)) => return Some(Parsed::invalid(Scalar::Null)),
        Value::Scalar(Scalar::Null | Scalar::Text(_)) | Value::List(_) => {}
    }
    match raw_text(raw) {
        RawText::Absent => None,
        RawText::List(_) => Some(Parsed::invalid(Scalar::Null)),
        RawText::Text(text) => {
            Some(read(text).map_or(Parsed::invalid(Scalar::Null), |number| Parsed::valid(number, Vec::new())))
        }
    }
}

/// Words and signs may stand before and after the digits, never between them; commas and blanks
/// between digits group them.
pub(crate) fn read(text: &str) -> Option<Number> {
    let text = text.trim();
    let (text, bracketed) = match text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
        Some(inner) => (inner.trim(), true),
        None => (text, false),
    };
    let first = text.find(|c: char| c.is_ascii_digit())?;
    let (before, rest) = match text[..first].strip_suffix('.') {
        Some(before) => (before, &text[first - 1..]),
        None => text.split_at(first),
    };
    let minuses = before.matches(['-', '\u{2212}']).count();
    if minuses + before.matches('+').count() > 1
        || before.contains(['/', '.', '(', ')'])
        || (bracketed && minuses > 0)
    {
        return None;
    }

    let mut written: SmallVec<[u8; 32]> = SmallVec::new();
    if minuses > 0 || bracketed {
        written.push(b'-');
    }
    if rest.starts_with('.') {
        written.push(b'0');
    }
    let mut end = 0;
    let mut has_point = false;
    for (at, c) in rest.char_indices() {
        match c {
            '0'..='9' => written.extend(u8::try_from(c)),
            '.' if !has_point && rest[at + 1..].starts_with(|c: char| c.is_ascii_digit()) => {
                written.push(b'.');
                has_point = true;
            }
            ',' | ' ' | '\u{a0}' | '\u{202f}'
                if rest[at + c.len_utf8()..].starts_with(|c: char| c.is_ascii_digit()) => {}
            _ => break,
        }
        end = at + c.len_utf8();
    }
    let mut after = &rest[end..];
    let mut exponent: i32 = 0;
    if let Some(power) = after.strip_prefix(['e', 'E']) {
        let sign = usize::from(power.starts_with(['+', '-']));
        let length = power[sign..].bytes().take_while(u8::is_ascii_digit).count();
        if (1..=4).contains(&length) {
            exponent = power[..sign + length].parse().ok()?;
            after = &power[sign + length..];
        }
    }
    let words = after.trim_start();
    let unit_ends = |rest: &str| !rest.starts_with(char::is_alphanumeric);
    if words.strip_prefix(['k', 'K']).is_some_and(unit_ends) {
        exponent += 3;
    } else if words.strip_prefix('M').is_some_and(unit_ends) {
        exponent += 6;
    }
    if after.contains(|c: char| c.is_numeric() || matches!(c, '/' | '-' | '+' | '(' | ')')) {
        return None;
    }
    if exponent != 0 {
        written.extend_from_slice(format!("e{exponent}").as_bytes());
    }
    str::from_utf8(&written).ok()?.parse().ok()
}
