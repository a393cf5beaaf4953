//! Days of the calendar, in the forms that forms send. Month before day where both could be.

use super::{Parsed, parse_sent};
use crate::Value;

/// Text that is not wholly a date is not valid; the normal form is `YYYY-MM-DD`.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_sent(raw, |text| {
        let date = read(text.trim())?;
        Some(Parsed::valid(Value::text(date.to_string()), Vec::new()))
    })
}

/// A text that is wholly a date, without blanks around it.
pub(crate) fn read(text: &str) -> Option<jiff::civil::Date> {
    with_slashes(text)
        .or_else(|| with_hyphens(text))
        .or_else(|| bare_digits(text))
        .or_else(|| with_words(text))
}

/// A number of so many digits.
fn digits(text: &str, lengths: std::ops::RangeInclusive<usize>) -> Option<i16> {
    (lengths.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()))
        .then(|| text.parse().ok())
        .flatten()
}

fn date(year: i16, month: i16, day: i16) -> Option<jiff::civil::Date> {
    let (month, day) = (i8::try_from(month).ok()?, i8::try_from(day).ok()?);
    jiff::civil::Date::new(year, month, day).ok().filter(|date| date.year() > 0)
}

/// Two digits turn at 69: 68 is 2068, 69 is 1969.
fn year(text: &str) -> Option<i16> {
    digits(text, 4..=4)
        .or_else(|| digits(text, 2..=2).map(|short| if short < 69 { 2000 + short } else { 1900 + short }))
}

fn three(text: &str, mark: char) -> Option<[&str; 3]> {
    let mut parts = text.split(mark);
    let three = [parts.next()?, parts.next()?, parts.next()?];
    parts.next().is_none().then_some(three)
}

fn with_slashes(text: &str) -> Option<jiff::civil::Date> {
    let [first, second, third] = three(text, '/')?;
    if first.len() == 4 {
        return date(digits(first, 4..=4)?, digits(second, 1..=2)?, digits(third, 1..=2)?);
    }
    let (first, second, year) = (digits(first, 1..=2)?, digits(second, 1..=2)?, year(third)?);
    date(year, first, second).or_else(|| date(year, second, first))
}

fn with_hyphens(text: &str) -> Option<jiff::civil::Date> {
    let [first, second, third] = three(text, '-')?;
    let (year, first, second) = if first.len() == 4 {
        (digits(first, 4..=4)?, digits(second, 1..=2)?, digits(third, 1..=2)?)
    } else {
        (digits(third, 4..=4)?, digits(first, 1..=2)?, digits(second, 1..=2)?)
    };
    date(year, first, second).or_else(|| date(year, second, first))
}

/// Eight digits: MMDDYYYY, YYYYMMDD, DDMMYYYY, YYYYDDMM, the first that is a day.
fn bare_digits(text: &str) -> Option<jiff::civil::Date> {
    if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i16>().ok();
    let year_last = (number(4, 8)?, number(0, 2)?, number(2, 4)?);
    let year_first = (number(0, 4)?, number(4, 6)?, number(6, 8)?);
    date(year_last.0, year_last.1, year_last.2)
        .or_else(|| date(year_first.0, year_first.1, year_first.2))
        .or_else(|| date(year_last.0, year_last.2, year_last.1))
        .or_else(|| date(year_first.0, year_first.2, year_first.1))
}

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The place of a name in the list, written whole or as its first letters, three or more: `Sep`, `Sept`.
fn place(names: &[&str], word: &str) -> Option<usize> {
    let word = word.strip_suffix('.').unwrap_or(word).to_ascii_lowercase();
    names.iter().position(|name| word.len() >= 3 && name.starts_with(&word))
}

/// `Jan 15, 2024`, `15 January 2024`, a day of the week before either; that day must be right.
fn with_words(text: &str) -> Option<jiff::civil::Date> {
    let words: Vec<&str> =
        text.split(|c: char| c == ',' || c.is_whitespace()).filter(|word| !word.is_empty()).collect();
    let (weekday, words) = match words.as_slice() {
        [weekday, rest @ ..] if rest.len() == 3 => (Some(place(&WEEKDAYS, weekday)?), rest),
        words => (None, words),
    };
    let [first, second, last] = words else { return None };
    let (month, day) = match place(&MONTHS, first) {
        Some(month) => (month, second),
        None => (place(&MONTHS, second)?, first),
    };
    let date = date(digits(last, 4..=4)?, i16::try_from(month).ok()? + 1, digits(day, 1..=2)?)?;
    let right =
        weekday.is_none_or(|weekday| usize::try_from(date.weekday().to_monday_zero_offset()) == Ok(weekday));
    right.then_some(date)
}
