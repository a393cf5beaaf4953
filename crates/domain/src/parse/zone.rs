//! Time zones as people write them after a time.

use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

use crate::time_zone::PLACES;

/// A zone: a fixed distance from UTC, or the rules of a place.
pub(super) enum Zone {
    Offset(Offset),
    Place(TimeZone),
}

/// Abbreviations that mean one thing to most, in minutes east of UTC.
const NAMED: [(&str, i32); 32] = [
    ("z", 0),
    ("utc", 0),
    ("ut", 0),
    ("gmt", 0),
    ("wet", 0),
    ("west", 60),
    ("bst", 60),
    ("cet", 60),
    ("cest", 120),
    ("eet", 120),
    ("eest", 180),
    ("msk", 180),
    ("nst", -210),
    ("ndt", -150),
    ("ast", -240),
    ("adt", -180),
    ("est", -300),
    ("edt", -240),
    ("cst", -360),
    ("cdt", -300),
    ("mst", -420),
    ("mdt", -360),
    ("pst", -480),
    ("pdt", -420),
    ("akst", -540),
    ("akdt", -480),
    ("hst", -600),
    ("hdt", -540),
    ("jst", 540),
    ("aest", 600),
    ("aedt", 660),
    ("nzst", 720),
];

impl Zone {
    /// `Z`, `UTC`, `EST`, `GMT-0600`, `+05:30`, `America/Chicago`.
    pub(super) fn read(text: &str) -> Option<Zone> {
        let lower = text.to_ascii_lowercase();
        if let Some((_, minutes)) = NAMED.iter().find(|(name, _)| *name == lower) {
            return offset(*minutes);
        }
        let place = match lower.as_str() {
            "et" => Some("America/New_York"),
            "ct" => Some("America/Chicago"),
            "mt" => Some("America/Denver"),
            "pt" => Some("America/Los_Angeles"),
            _ => None,
        };
        if let Some(place) = place {
            return Zone::place(place);
        }
        let signed = ["utc", "gmt"].iter().find_map(|name| lower.strip_prefix(name)).unwrap_or(&lower);
        if signed.starts_with(['+', '-', '\u{2212}']) {
            return signed_minutes(signed).and_then(offset);
        }
        let is_place = text.contains('/') && text.len() <= 40;
        is_place.then(|| Zone::place(text)).flatten()
    }

    fn place(name: &str) -> Option<Zone> {
        PLACES.get(name).ok().map(Zone::Place)
    }

    /// The moment when clocks there show this; the first of two.
    pub(super) fn moment(&self, shown: DateTime) -> Option<jiff::Timestamp> {
        match self {
            Zone::Offset(offset) => offset.to_timestamp(shown).ok(),
            Zone::Place(place) => place.to_timestamp(shown).ok(),
        }
    }
}

fn offset(minutes: i32) -> Option<Zone> {
    Offset::from_seconds(minutes * 60).ok().map(Zone::Offset)
}

/// `+5`, `-06`, `+0530`, `-06:00`.
fn signed_minutes(text: &str) -> Option<i32> {
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix(['-', '\u{2212}'])?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some((hours, minutes)) => (hours, (minutes.len() == 2).then_some(minutes)?),
        None if digits.len() > 2 => digits.split_at_checked(digits.len() - 2)?,
        None => (digits, "0"),
    };
    let number = |text: &str| super::is_digits(text).then(|| text.parse::<i32>().ok()).flatten();
    let (hours, minutes) = (number(hours).filter(|_| hours.len() <= 2)?, number(minutes)?);
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}
