//! Decimal numbers as people write them: `$1,000.50`, `(100)`, `1e3`, `10k`, `1.5M`.

use std::sync::Arc;

use smallvec::SmallVec;

use super::{Parsed, RawText, raw_text};
use crate::number::plain_decimal;
use crate::{Number, Scalar, Value};

/// A number beyond 15 significant digits is the text of all of them, since as a number it would not stay exact
/// everywhere; beyond 64 characters it is not valid. What is no number has no value.
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
            let normal = written(text, Sizes::Letters).and_then(|written| {
                let text = written.text()?;
                let number = text.parse::<Number>().map(Value::from).ok();
                number.or_else(|| plain_decimal(text).map(Value::text))
            });
            Some(normal.map_or(Parsed::invalid(Scalar::Null), |normal| Parsed::valid(normal, Vec::new())))
        }
    }
}

/// The number that a text says, in its plain form, however many digits it has.
pub(crate) fn read_plain(text: &str) -> Option<Arc<str>> {
    plain_decimal(written(text, Sizes::Letters)?.text()?)
}

/// The same where a word behind the digits may say thousands or millions, and how many zeros it stands for.
pub(super) fn read_sized(text: &str) -> Option<(Number, i32)> {
    let written = written(text, Sizes::Words)?;
    Some((written.text()?.parse().ok()?, written.size))
}

/// A number in the grammar of JSON.
struct Written {
    bytes: SmallVec<[u8; 32]>,
    /// How many zeros a letter or word behind the digits stands for.
    size: i32,
}

impl Written {
    fn text(&self) -> Option<&str> {
        str::from_utf8(&self.bytes).ok()
    }
}

/// What a word behind the digits can do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sizes {
    /// `k`, `K` and `M` count, all else is passed over.
    Letters,
    /// So do `thousand`, `million` and `billion`; what may mean as much, such as `m`, makes it no number.
    Words,
}

/// Words and signs may stand before and after the digits, never between them; commas, blanks, apostrophes and
/// low lines between digits group them.
fn written(text: &str, sizes: Sizes) -> Option<Written> {
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

    let mut bytes: SmallVec<[u8; 32]> = SmallVec::new();
    if minuses > 0 || bracketed {
        bytes.push(b'-');
    }
    if rest.starts_with('.') {
        bytes.push(b'0');
    }
    let mut end = 0;
    let mut has_point = false;
    for (at, c) in rest.char_indices() {
        match c {
            '0'..='9' => bytes.extend(u8::try_from(c)),
            '.' if !has_point && rest[at + 1..].starts_with(|c: char| c.is_ascii_digit()) => {
                bytes.push(b'.');
                has_point = true;
            }
            ',' | ' ' | '\'' | '_' | '\u{2019}' | '\u{a0}' | '\u{202f}'
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
    let size = if words.strip_prefix(['k', 'K']).is_some_and(unit_ends) {
        3
    } else if words.strip_prefix('M').is_some_and(unit_ends) {
        6
    } else if sizes == Sizes::Words {
        size_of(&words[..words.find(|c: char| !c.is_alphabetic()).unwrap_or(words.len())])?
    } else {
        0
    };
    exponent += size;
    if after.contains(|c: char| c.is_numeric() || matches!(c, '/' | '-' | '+' | '(' | ')')) {
        return None;
    }
    if exponent != 0 {
        bytes.extend_from_slice(format!("e{exponent}").as_bytes());
    }
    Some(Written { bytes, size })
}

/// How many zeros a word behind the digits stands for; nothing when nobody can tell.
fn size_of(word: &str) -> Option<i32> {
    let is = |words: &[&str]| words.iter().any(|own| own.eq_ignore_ascii_case(word));
    if is(&["thousand", "thousands"]) {
        Some(3)
    } else if is(&["million", "millions"]) {
        Some(6)
    } else if is(&["billion", "billions"]) {
        Some(9)
    } else {
        (!is(&["m", "mm", "mn", "mil", "mill", "mio", "bn", "mrd"])).then_some(0)
    }
}
