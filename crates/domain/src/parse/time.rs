//! Moments, in the forms that programs and people write them.

use jiff::civil::{DateTime, Time};

use super::zone::Zone;
use super::{Parsed, date, is_digits, parse_sent};
use crate::{Timestamp, Value};

/// A date as [`date`](super::date) reads it and a time of day, with or without a zone (UTC), or
/// seconds or milliseconds since 1970. A date alone is its midnight. The normal form is UTC. Words
/// relative to the clock are not valid, and neither is a time without a date.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_sent(raw, |text| {
        let at = read(text)?;
        Some(Parsed::valid(Value::text(at.to_string()), Vec::new()))
    })
}

/// The first moment that dates can name in the normal form: there is no year 0.
const FIRST_MILLIS: i64 = -62_135_596_800_000;

/// Longest text that can be a moment, in bytes.
const TEXT_BYTES_MAX: usize = 100;

pub(crate) fn read(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if text.len() > TEXT_BYTES_MAX {
        return None;
    }
    let millis = epoch_millis(text).or_else(|| civil_millis(text))?;
    (FIRST_MILLIS..=Timestamp::MAX.as_millis()).contains(&millis).then(|| Timestamp::from_millis(millis))
}

/// Seconds have 9 or 10 digits (1973 to 2286), milliseconds 12 or 13; either may have a fraction.
fn epoch_millis(text: &str) -> Option<i64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    if !is_digits(whole) || !is_digits(fraction) {
        return None;
    }
    let number: i64 = whole.parse().ok()?;
    match whole.len() {
        9 | 10 => {
            let thousandths = fraction.bytes().chain(*b"00").take(3);
            Some(number * 1000 + thousandths.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')))
        }
        12 | 13 => Some(number),
        _ => None,
    }
}

fn civil_millis(text: &str) -> Option<i64> {
    // `… GMT-0600 (CST)`: what the brackets say is said before.
    let text = match text.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((head, _)) => head.trim_end(),
        None => text,
    };
    let text = without_t(text);
    let words = words(&text);
    let clock = words.iter().enumerate().find_map(|(at, word)| {
        // `12 PM`: the hour alone, when a half of the day follows.
        let hour =
            || Clock::hour(word).filter(|_| words.get(at + 1).is_some_and(|next| half(next).is_some()));
        Some((at, Clock::read(word).or_else(hour)?))
    });
    let Some((at, mut clock)) = clock else {
        let day = date::read(&words.join(" "))?;
        return millis(day.at(0, 0, 0, 0), &Zone::read("UTC")?);
    };
    let mut after = &words[at + 1..];
    if clock.half.is_none()
        && let Some((half, rest)) = after.split_first().and_then(|(word, rest)| Some((half(word)?, rest)))
    {
        (clock.half, after) = (Some(half), rest);
    }
    let mut zone = clock.zone;
    if zone.is_none()
        && let Some((own, rest)) =
            after.split_first().and_then(|(word, rest)| Some((Zone::read(word)?, rest)))
    {
        (zone, after) = (Some(own), rest);
    }
    // `Mon Jan 15 14:30:45 CST 2024`, `2:30 PM 1/15/2024`.
    let day: Vec<&str> = words[..at].iter().chain(after).copied().collect();
    let day = date::read(&day.join(" "))?;
    let zone = zone.map_or_else(|| Zone::read("UTC"), Some)?;
    let hour = match (clock.hour, clock.half) {
        (hour, None) => hour,
        (hour @ 1..=12, Some(Half::Am)) => hour % 12,
        (hour @ 1..=12, Some(Half::Pm)) => hour % 12 + 12,
        (_, Some(_)) => return None,
    };
    // The end of a day is the start of the next.
    if hour == 24 {
        let is_end = clock.minute == 0 && clock.second == 0 && clock.nanosecond == 0;
        let next = is_end.then(|| day.tomorrow().ok()).flatten()?;
        return millis(next.at(0, 0, 0, 0), &zone);
    }
    let time = Time::new(hour, clock.minute, clock.second, clock.nanosecond).ok()?;
    millis(day.to_datetime(time), &zone)
}

/// The words of a text between blanks and commas. The comma before the fraction of a second parts none.
fn words(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let is_point = |at: usize| {
        let is = |at: Option<usize>, good: fn(&u8) -> bool| at.and_then(|at| bytes.get(at)).is_some_and(good);
        is(Some(at + 1), u8::is_ascii_digit)
            && is(at.checked_sub(1), u8::is_ascii_digit)
            && is(at.checked_sub(3), |byte| *byte == b':')
            && is(at.checked_sub(6), |byte| *byte == b':')
    };
    let mut start = 0;
    let mut words = Vec::new();
    for (at, c) in text.char_indices().chain([(text.len(), ' ')]) {
        if c.is_whitespace() || (c == ',' && !is_point(at)) {
            words.push(&text[start..at]);
            start = (at + c.len_utf8()).min(text.len());
        }
    }
    words.retain(|word| !word.is_empty() && !word.eq_ignore_ascii_case("at"));
    words
}

fn millis(shown: DateTime, zone: &Zone) -> Option<i64> {
    let nanoseconds = zone.moment(shown)?.as_nanosecond();
    i64::try_from(nanoseconds.div_euclid(1_000_000)).ok()
}

/// A blank for the `T` between the date and the time of ISO 8601.
fn without_t(text: &str) -> String {
    let bytes = text.as_bytes();
    let at = (1..bytes.len().saturating_sub(1)).find(|at| {
        matches!(bytes[*at], b'T' | b't') && bytes[at - 1].is_ascii_digit() && bytes[at + 1].is_ascii_digit()
    });
    let Some(at) = at else { return text.to_owned() };
    let (day, time) = (&text[..at], &text[at + 1..]);
    // `143045` is `14:30:45`.
    let digits = time.bytes().take_while(u8::is_ascii_digit).count();
    match digits {
        4 => format!("{day} {}:{}", &time[..2], &time[2..]),
        6 => format!("{day} {}:{}:{}", &time[..2], &time[2..4], &time[4..]),
        _ => format!("{day} {time}"),
    }
}

#[derive(Clone, Copy)]
enum Half {
    Am,
    Pm,
}

fn half(word: &str) -> Option<Half> {
    match word.replace('.', "").to_ascii_lowercase().as_str() {
        "am" => Some(Half::Am),
        "pm" => Some(Half::Pm),
        _ => None,
    }
}

/// A time of day.
struct Clock {
    hour: i8,
    minute: i8,
    second: i8,
    nanosecond: i32,
    half: Option<Half>,
    /// What was written right after it.
    zone: Option<Zone>,
}

impl Clock {
    /// `2`, where `PM` follows.
    fn hour(word: &str) -> Option<Clock> {
        let (hour, rest) = two_digits(word)?;
        rest.is_empty().then_some(Clock { hour, minute: 0, second: 0, nanosecond: 0, half: None, zone: None })
    }

    /// `14:30`, `14:30:45.123Z`, `2:30pm`, `2pm`, `14:30:45-06:00`.
    fn read(word: &str) -> Option<Clock> {
        let (hour, rest) = two_digits(word)?;
        let mut clock = Clock { hour, minute: 0, second: 0, nanosecond: 0, half: None, zone: None };
        let Some(rest) = rest.strip_prefix(':') else {
            clock.half = Some(half(rest)?);
            return Some(clock);
        };
        let (minute, mut rest) = two_digits(rest).filter(|(_, left)| left.len() + 2 == rest.len())?;
        clock.minute = minute;
        if let Some(seconds) = rest.strip_prefix(':') {
            let (second, left) = two_digits(seconds).filter(|(_, left)| left.len() + 2 == seconds.len())?;
            (clock.second, rest) = (second, left);
            if let Some(fraction) = rest.strip_prefix(['.', ',']) {
                let count = fraction.bytes().take_while(u8::is_ascii_digit).count();
                let (digits, left) = fraction.split_at(count);
                let nine: String = digits.chars().chain("000000000".chars()).take(9).collect();
                clock.nanosecond = (!digits.is_empty()).then(|| nine.parse().ok()).flatten()?;
                rest = left;
            }
        }
        if !rest.is_empty() {
            match half(rest) {
                Some(half) => clock.half = Some(half),
                None => clock.zone = Some(Zone::read(rest)?),
            }
        }
        Some(clock)
    }
}

/// A number of one or two digits, and what follows it.
fn two_digits(text: &str) -> Option<(i8, &str)> {
    let count = text.bytes().take(3).take_while(u8::is_ascii_digit).count();
    if !(1..=2).contains(&count) {
        return None;
    }
    let (digits, rest) = text.split_at(count);
    Some((digits.parse().ok()?, rest))
}
