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

/// Words before a number that make it the upper bound.
const UNDER: [&str; 12] = [
    "under ",
    "less than ",
    "fewer than ",
    "no more than ",
    "not more than ",
    "lower than ",
    "below ",
    "up to ",
    "at most ",
    "max ",
    "<=",
    "<",
];
/// Words before a number that make it the lower bound.
const OVER: [&str; 9] =
    ["over ", "more than ", "greater than ", "higher than ", "above ", "at least ", "min ", ">=", ">"];
/// Words after a number that make it the lower bound.
const AND_MORE: [&str; 9] =
    ["+", " or more", " and more", " or over", " and over", " or above", " and above", " and up", " plus"];
/// Words after a number that make it the upper bound.
const OR_LESS: [&str; 4] = [" or less", " or fewer", " or under", " or below"];

fn read(text: &str) -> Option<Range> {
    if let Some(range) = moments(text) {
        return Some(range);
    }
    // Without letters and signs of that sort no word tells a bound.
    let is_plain = |byte: u8| byte.is_ascii_digit() || b"-.,$ ".contains(&byte);
    if !text.bytes().all(is_plain)
        && let Some(range) = one_bound(text)
    {
        return range;
    }
    let (one, other) = match halves(text) {
        Some((one, other)) => (number::read(one)?, number::read(other)?),
        None => return number::read(text).map(Range::One),
    };
    Some(if one <= other { Range::Between(one, other) } else { Range::Between(other, one) })
}

/// A range whose one bound words or signs tell, if its number can be read; nothing when none do.
fn one_bound(text: &str) -> Option<Option<Range>> {
    let lower = text.to_lowercase();
    let lower = lower.as_str();
    if let Some(rest) = UNDER.iter().find_map(|word| lower.strip_prefix(word)) {
        return Some(number::read(rest).map(Range::UpTo));
    }
    if let Some(rest) = OVER.iter().find_map(|word| lower.strip_prefix(word)) {
        return Some(number::read(rest).map(Range::From));
    }
    if let Some(rest) = AND_MORE.iter().find_map(|word| lower.strip_suffix(word)) {
        return Some(number::read(rest).map(Range::From));
    }
    if let Some(rest) = OR_LESS.iter().find_map(|word| lower.strip_suffix(word)) {
        return Some(number::read(rest).map(Range::UpTo));
    }
    // `10+ years`: the sign stands right after the digits.
    if let Some((head, words)) = text.split_once('+')
        && head.trim_end().ends_with(|c: char| c.is_ascii_digit())
        && !words.contains(char::is_numeric)
    {
        return Some(number::read(head).map(Range::From));
    }
    None
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
