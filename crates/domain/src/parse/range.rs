//! Ranges of numbers: `1-10`, `1 to 10`, `10+`, `under 10`, one number, moments.

use super::{Parsed, is_digits, number, parse_text, time};
use crate::{Number, Scalar, Value};

/// Numbers may have signs and words around them, as [`number`] reads them. Dates and moments of
/// ISO 8601 are milliseconds since 1970. The lower bound comes first in the normal form.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    if let Value::Scalar(Scalar::Bool(_)) = raw {
        return parse_text(raw, |_| None);
    }
    parse_text(raw, |text| read(text.trim()).map(parsed))
}

enum Range {
    One(Number),
    Between(Number, Number),
    From(Number),
    UpTo(Number),
}

/// Which bound a word makes of the number beside it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Lower,
    Upper,
}

/// Words that make a number the lower bound, wherever they stand.
const MORE: [&str; 8] = ["over", "above", "more", "greater", "higher", "older", "exceeding", "minimum"];
/// Words that make it the upper bound.
const LESS: [&str; 8] = ["under", "below", "less", "fewer", "lower", "younger", "maximum", "max"];

fn read(text: &str) -> Option<Range> {
    if let Some(range) = moments(text) {
        return Some(range);
    }
    // Without letters and signs of that sort no word tells a bound.
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"-.,$ ".contains(&byte);
    let may_tell = |text: &str| !text.bytes().all(is_plain);
    if may_tell(text)
        && let Some(range) = one_bound(text)
    {
        return range;
    }
    let Some((one, other)) = halves(text) else { return amount(text).map(Range::One) };
    if [one, other].into_iter().any(|half| may_tell(half) && one_bound(half).is_some()) {
        return None;
    }
    let ((one, one_size), (other, other_size)) = (number::read_sized(one)?, number::read_sized(other)?);
    // `10-20k` may begin at 10 or at 10,000; `500-1.5k` and `0-20k` are clear.
    let is_unclear = one_size == 0
        && other_size > 0
        && one.as_str() != "0"
        && one.as_f64() < other.as_f64() / 10_f64.powi(other_size);
    if is_unclear {
        return None;
    }
    Some(if one <= other { Range::Between(one, other) } else { Range::Between(other, one) })
}

/// A range whose one bound words or signs tell, if its number can be read; nothing when none do.
fn one_bound(text: &str) -> Option<Option<Range>> {
    let (first, last) = (text.find(numeric)?, text.rfind(numeric)?);
    let (before, after) = (told_before(&text[..first]), told_after(&text[last + 1..]));
    let (side, from, to) = match (before, after) {
        (Told::Nothing, Told::Nothing) => return None,
        (Told::Side(side, end), Told::Nothing) => (side, end, text.len()),
        (Told::Nothing, Told::Side(side, start)) => (side, 0, last + 1 + start),
        // Both ends of it, or words that may mean anything.
        (Told::Unclear | Told::Side(..) | Told::Nothing, _) => return Some(None),
    };
    Some(amount(&text[from..to]).map(|number| match side {
        Side::Lower => Range::From(number),
        Side::Upper => Range::UpTo(number),
    }))
}

fn amount(text: &str) -> Option<Number> {
    number::read_sized(text).map(|(number, _)| number)
}

/// What the words on one side of a number tell.
enum Told {
    Nothing,
    /// Which bound it is, and where the words end that stand before it, or begin that stand behind.
    Side(Side, usize),
    Unclear,
}

/// `over`, `at least`, `no more than`, `<=`.
fn told_before(text: &str) -> Told {
    let (mut told, mut is_denied, mut up) = (None, false, false);
    for (at, word) in words(text) {
        let is = |words: &[&str]| words.iter().any(|own| own.eq_ignore_ascii_case(word));
        let side = if is(&MORE) || is(&["least", "min", "starting", ">", "\u{2265}"]) {
            Some(Side::Lower)
        } else if is(&LESS) || is(&["most", "<", "\u{2264}"]) || (up && is(&["to"])) {
            Some(Side::Upper)
        } else {
            None
        };
        is_denied |= is(&["no", "not"]);
        up = is(&["up"]);
        let end = at + word.len();
        told = match (told, side) {
            (None, side) => side.map(|side| (side, end)),
            (Some((own, _)), Some(side)) if own != side => return Told::Unclear,
            (Some((own, _)), Some(_)) => Some((own, end)),
            // What goes on with it, as in `more than`; a sign such as `$` belongs to the number.
            (Some((own, _)), None) if word.starts_with(char::is_alphabetic) || word == "=" => {
                Some((own, end))
            }
            (told @ Some(_), None) => told,
        };
    }
    match told {
        None => Told::Nothing,
        Some((side, end)) => {
            let side = match (side, is_denied) {
                (Side::Lower, false) | (Side::Upper, true) => Side::Lower,
                (Side::Upper, false) | (Side::Lower, true) => Side::Upper,
            };
            // `max. 5`.
            Told::Side(side, if text[end..].starts_with('.') { end + 1 } else { end })
        }
    }
}

/// `+`, `plus`, `and up`, `or less per year`.
fn told_after(text: &str) -> Told {
    let mut joined = None;
    for (at, word) in words(text) {
        let is = |words: &[&str]| words.iter().any(|own| own.eq_ignore_ascii_case(word));
        if is(&["+", "plus"]) {
            return Told::Side(Side::Lower, at);
        }
        let side = if is(&MORE) || (joined.is_some() && is(&["up"])) {
            Some(Side::Lower)
        } else if is(&LESS) {
            Some(Side::Upper)
        } else {
            None
        };
        match (side, joined) {
            (Some(side), Some(start)) => return Told::Side(side, start),
            (Some(side), None) if is(&["minimum", "maximum", "max"]) => return Told::Side(side, at),
            (Some(_), None) => return Told::Unclear,
            (None, _) => joined = is(&["and", "or", "&"]).then_some(at),
        }
    }
    Told::Nothing
}

/// Words of letters, and each sign by itself, with the byte it begins at.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].find(|c: char| !c.is_whitespace())?;
        let rest = &text[start..];
        let letters = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
        let length = if letters > 0 { letters } else { rest.chars().next().map_or(0, char::len_utf8) };
        at = start + length;
        Some((start, &rest[..length]))
    })
}

/// What stands before and after the mark between two bounds. A hyphen parts only after a digit, and
/// no second hyphen may follow it, since `-10--5` may be anything.
fn halves(text: &str) -> Option<(&str, &str)> {
    let is_between = |at: usize, rest: &str| text[..at].contains(numeric) && rest.contains(numeric);
    for mark in ['\u{2013}', '\u{2014}'] {
        if let Some(halves) = text.split_once(mark) {
            return Some(halves);
        }
    }
    for word in [" to ", " through ", " TO ", " To "] {
        if let Some((at, _)) =
            text.match_indices(word).find(|(at, _)| is_between(*at, &text[at + word.len()..]))
        {
            return Some((&text[..at], &text[at + word.len()..]));
        }
    }
    // `1to10`.
    if let Some((one, other)) = text.split_once("to")
        && one.ends_with(numeric)
        && other.starts_with(numeric)
    {
        return Some((one, other));
    }
    let first = text.find(numeric)?;
    let at = first + text[first..].find('-')?;
    let (one, other) = (&text[..at], &text[at + 1..]);
    // A hyphen of a word or at the end, as in `10 year-old`, parts nothing.
    other.contains(numeric).then_some((one, if other.trim_start().starts_with('-') { "" } else { other }))
}

fn numeric(c: char) -> bool {
    c.is_ascii_digit()
}

/// One or two dates or moments of ISO 8601.
fn moments(text: &str) -> Option<Range> {
    let millis = |text: &str| {
        let text = text.trim();
        let day = text.get(..10)?;
        let is_iso = day.split('-').map(str::len).eq([4, 2, 2]) && day.split('-').all(is_digits);
        let at = is_iso.then(|| time::read(text)).flatten()?;
        at.as_millis().to_string().parse::<Number>().ok()
    };
    if let Some(one) = millis(text) {
        return Some(Range::One(one));
    }
    let both = [" - ", " to ", "/", "\u{2013}", "-"].into_iter().flat_map(|mark| {
        text.match_indices(mark)
            .filter_map(move |(at, mark)| Some((text.get(..at)?, text.get(at + mark.len()..)?)))
    });
    // Each half has at least the ten characters of a date: few places are looked at.
    if text.len() < 2 * "2024-01-15".len() {
        return None;
    }
    both.filter(|(one, other)| one.len() >= 10 && other.len() >= 10).take(16).find_map(|(one, other)| {
        let (one, other) = (millis(one)?, millis(other)?);
        Some(if one <= other { Range::Between(one, other) } else { Range::Between(other, one) })
    })
}

fn parsed(range: Range) -> Parsed {
    match range {
        Range::From(min) => Parsed::valid(Value::text(format!("{min}+")), vec![("min", Value::from(min))]),
        Range::UpTo(max) => {
            Parsed::valid(Value::text(format!("under {max}")), vec![("max", Value::from(max))])
        }
        Range::One(one) => {
            let all = ["min", "max", "avg", "mid"].map(|name| (name, Value::from(one.clone())));
            Parsed::valid(Value::text(one.as_str()), all.into())
        }
        Range::Between(min, max) => {
            let mark = if max.as_str().starts_with('-') { " to " } else { "-" };
            let middle = (min.as_f64() + max.as_f64()) / 2.0;
            let rounded = |value: f64| format!("{value}").parse::<Number>().ok();
            let mid = rounded(middle.floor());
            let avg = match (middle * 100.0).round() / 100.0 {
                whole if whole == middle.floor() => mid.clone(),
                average => rounded(average),
            };
            let mut components = vec![];
            components.extend(avg.map(|avg| ("avg", Value::from(avg))));
            components.extend(mid.map(|mid| ("mid", Value::from(mid))));
            let normal = Value::text(format!("{min}{mark}{max}"));
            components.extend([("min", Value::from(min)), ("max", Value::from(max))]);
            Parsed::valid(normal, components)
        }
    }
}
