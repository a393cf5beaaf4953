//! Forms of dates and moments, by the letters that Moment.js made common: `MM/DD/YYYY`. Names are
//! English.

use std::fmt::Write as _;

use jiff::civil::{Date, DateTime, Weekday};
use jiff::{Span, ZonedDateTime};

use crate::{TimeZone, Timestamp};

use super::numbers::{ordinal, outside_of_brackets};

/// How a date or a moment is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DateForm {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Token(&'static str),
    /// So many digits of the second's fraction.
    Fraction(usize),
}

/// Every token, what it shows, and an example: 5 February 2024, 14:07:09.123 in Chicago.
pub const DATE_TOKENS: [(&str, &str); 56] = [
    ("M", "2"),
    ("Mo", "2nd"),
    ("MM", "02"),
    ("MMM", "Feb"),
    ("MMMM", "February"),
    ("Q", "1"),
    ("Qo", "1st"),
    ("D", "5"),
    ("Do", "5th"),
    ("DD", "05"),
    ("DDD", "36"),
    ("DDDo", "36th"),
    ("DDDD", "036"),
    ("d", "1"),
    ("do", "1st"),
    ("dd", "Mo"),
    ("ddd", "Mon"),
    ("dddd", "Monday"),
    ("e", "1"),
    ("E", "1"),
    ("w", "6"),
    ("wo", "6th"),
    ("ww", "06"),
    ("W", "6"),
    ("Wo", "6th"),
    ("WW", "06"),
    ("Y", "2024"),
    ("YY", "24"),
    ("YYYY", "2024"),
    ("gg", "24"),
    ("gggg", "2024"),
    ("GG", "24"),
    ("GGGG", "2024"),
    ("A", "PM"),
    ("a", "pm"),
    ("H", "14"),
    ("HH", "14"),
    ("h", "2"),
    ("hh", "02"),
    ("k", "14"),
    ("kk", "14"),
    ("m", "7"),
    ("mm", "07"),
    ("s", "9"),
    ("ss", "09"),
    ("S", "1"),
    ("SS", "12"),
    ("SSS", "123"),
    ("z", "CST"),
    ("zz", "CST"),
    ("Z", "-06:00"),
    ("ZZ", "-0600"),
    ("X", "1707163629"),
    ("x", "1707163629123"),
    ("SSSSSS", "123000"),
    ("SSSSSSSSS", "123000000"),
];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
const DAYS: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
/// Most digits of a second's fraction.
const FRACTION_DIGITS_MAX: usize = 9;

/// A day without a time, or a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Day(Date),
    Moment(Timestamp),
}

/// A length of time in calendar units, to be added or taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Shift {
    pub(super) years: i64,
    pub(super) months: i64,
    pub(super) weeks: i64,
    pub(super) days: i64,
    pub(super) hours: i64,
    pub(super) minutes: i64,
    pub(super) seconds: i64,
}

impl Shift {
    /// Nothing when it is beyond the calendar.
    fn span(self) -> Option<Span> {
        Span::new()
            .try_years(self.years)
            .and_then(|span| span.try_months(self.months))
            .and_then(|span| span.try_weeks(self.weeks))
            .and_then(|span| span.try_days(self.days))
            .and_then(|span| span.try_hours(self.hours))
            .and_then(|span| span.try_minutes(self.minutes))
            .and_then(|span| span.try_seconds(self.seconds))
            .ok()
    }
}

impl When {
    /// As clocks show it, moved by calendar units; a day is its midnight, UTC, wherever that is. Nothing
    /// beyond the calendar.
    pub(super) fn shown(self, zone: &TimeZone, shift: Option<Shift>) -> Option<ZonedDateTime> {
        let start = match self {
            When::Day(day) => day.at(0, 0, 0, 0).to_zoned_datetime(jiff::tz::TimeZone::UTC).ok()?,
            When::Moment(at) => jiff::Timestamp::from_millisecond(at.as_millis())
                .ok()?
                .to_zoned_datetime(zone.rules().clone()),
        };
        match shift {
            None => Some(start),
            Some(shift) => start.checked_add(shift.span()?).ok(),
        }
    }
}

impl DateForm {
    /// Whether a format speaks of dates: it has a token in it.
    pub(super) fn is_meant(text: &str) -> bool {
        let form = DateForm::read(text);
        outside_of_brackets(text).any(char::is_alphabetic)
            && form.parts.iter().any(|part| !matches!(part, Part::Text(_)))
    }

    /// Reads a format: what is no token, or stands in `[` and `]`, stands for itself.
    pub(super) fn read(text: &str) -> DateForm {
        let mut parts = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if c == '['
                && let Some(end) = rest.find(']')
            {
                plain.push_str(&rest[1..end]);
                rest = &rest[end + 1..];
                continue;
            }
            let fraction = rest.bytes().take_while(|byte| *byte == b'S').count().min(FRACTION_DIGITS_MAX);
            let token = DATE_TOKENS
                .iter()
                .map(|(token, _)| *token)
                .filter(|token| !token.starts_with('S') && rest.starts_with(token))
                .max_by_key(|token| token.len());
            let (part, length) = match (fraction, token) {
                (1.., _) => (Part::Fraction(fraction), fraction),
                (0, Some(token)) => (Part::Token(token), token.len()),
                (0, None) => {
                    plain.push(c);
                    rest = &rest[c.len_utf8()..];
                    continue;
                }
            };
            if !plain.is_empty() {
                parts.push(Part::Text(std::mem::take(&mut plain)));
            }
            parts.push(part);
            rest = &rest[length..];
        }
        if !plain.is_empty() {
            parts.push(Part::Text(plain));
        }
        DateForm { parts }
    }

    /// Shows what clocks show.
    pub(super) fn show(&self, at: &ZonedDateTime) -> String {
        let mut out = String::new();
        for part in &self.parts {
            match part {
                Part::Text(text) => out.push_str(text),
                Part::Fraction(digits) => {
                    let nanoseconds = format!("{:09}", at.subsec_nanosecond());
                    out.push_str(&nanoseconds[..*digits]);
                }
                Part::Token(token) => show(token, at, &mut out),
            }
        }
        out
    }
}

/// Writes what a token stands for.
fn show(token: &str, at: &ZonedDateTime, out: &mut String) {
    let civil: DateTime = at.datetime();
    let (date, hour) = (civil.date(), civil.hour());
    let half_day = if hour % 12 == 0 { 12 } else { hour % 12 };
    let sunday_first = date.weekday().to_sunday_zero_offset();
    let name =
        |names: &[&'static str], at: i8| names[usize::try_from(at).expect("months and days are counted")];
    let ordinal = |number: i64| format!("{number}{}", ordinal(number.unsigned_abs().into()));
    // Writing to a text cannot fail.
    let _ = match token {
        "M" => write!(out, "{}", date.month()),
        "Mo" => write!(out, "{}", ordinal(date.month().into())),
        "MM" => write!(out, "{:02}", date.month()),
        "MMM" => write!(out, "{}", &name(&MONTHS, date.month() - 1)[..3]),
        "MMMM" => write!(out, "{}", name(&MONTHS, date.month() - 1)),
        "Q" => write!(out, "{}", (date.month() + 2) / 3),
        "Qo" => write!(out, "{}", ordinal(((date.month() + 2) / 3).into())),
        "D" => write!(out, "{}", date.day()),
        "Do" => write!(out, "{}", ordinal(date.day().into())),
        "DD" => write!(out, "{:02}", date.day()),
        "DDD" => write!(out, "{}", date.day_of_year()),
        "DDDo" => write!(out, "{}", ordinal(date.day_of_year().into())),
        "DDDD" => write!(out, "{:03}", date.day_of_year()),
        "d" | "e" => write!(out, "{sunday_first}"),
        "do" => write!(out, "{}", ordinal(sunday_first.into())),
        "dd" => write!(out, "{}", &name(&DAYS, sunday_first)[..2]),
        "ddd" => write!(out, "{}", &name(&DAYS, sunday_first)[..3]),
        "dddd" => write!(out, "{}", name(&DAYS, sunday_first)),
        "E" => write!(out, "{}", date.weekday().to_monday_one_offset()),
        "w" => write!(out, "{}", week_from_sunday(date).1),
        "wo" => write!(out, "{}", ordinal(week_from_sunday(date).1)),
        "ww" => write!(out, "{:02}", week_from_sunday(date).1),
        "W" => write!(out, "{}", date.iso_week_date().week()),
        "Wo" => write!(out, "{}", ordinal(date.iso_week_date().week().into())),
        "WW" => write!(out, "{:02}", date.iso_week_date().week()),
        "Y" => write!(out, "{}", date.year()),
        "YY" => write!(out, "{:02}", date.year().rem_euclid(100)),
        "YYYY" => write!(out, "{:04}", date.year()),
        "gg" => write!(out, "{:02}", week_from_sunday(date).0.rem_euclid(100)),
        "gggg" => write!(out, "{:04}", week_from_sunday(date).0),
        "GG" => write!(out, "{:02}", date.iso_week_date().year().rem_euclid(100)),
        "GGGG" => write!(out, "{:04}", date.iso_week_date().year()),
        "A" => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
        "a" => write!(out, "{}", if hour < 12 { "am" } else { "pm" }),
        "H" => write!(out, "{hour}"),
        "HH" => write!(out, "{hour:02}"),
        "h" => write!(out, "{half_day}"),
        "hh" => write!(out, "{half_day:02}"),
        "k" => write!(out, "{}", if hour == 0 { 24 } else { hour }),
        "kk" => write!(out, "{:02}", if hour == 0 { 24 } else { hour }),
        "m" => write!(out, "{}", civil.minute()),
        "mm" => write!(out, "{:02}", civil.minute()),
        "s" => write!(out, "{}", civil.second()),
        "ss" => write!(out, "{:02}", civil.second()),
        "z" | "zz" => {
            let info = at.time_zone().to_offset_info(at.timestamp());
            write!(out, "{}", info.abbreviation())
        }
        "Z" => write!(out, "{}", offset(at, ":")),
        "ZZ" => write!(out, "{}", offset(at, "")),
        "X" => write!(out, "{}", at.timestamp().as_second()),
        "x" => write!(out, "{}", at.timestamp().as_millisecond()),
        _ => Ok(()),
    };
}

fn offset(at: &ZonedDateTime, between: &str) -> String {
    let minutes = at.offset().seconds() / 60;
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}{between}{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

/// The week and its year as the United States count them: weeks begin on Sunday, and the first has 1
/// January in it.
fn week_from_sunday(date: Date) -> (i64, i64) {
    let first_sunday_on_or_before = |year: i16| {
        let first = Date::new(year, 1, 1).ok()?;
        let back = i64::from(first.weekday().since(Weekday::Sunday));
        Some(-back)
    };
    let year = date.year();
    let day_of_year = i64::from(date.day_of_year()) - 1;
    let days = if date.in_leap_year() { 366 } else { 365 };
    // The days at the end that belong to the first week of the next year.
    if let Some(next) = first_sunday_on_or_before(year.saturating_add(1))
        && day_of_year >= days + next
    {
        return (i64::from(year) + 1, 1);
    }
    let start = first_sunday_on_or_before(year).unwrap_or(0);
    (i64::from(year), (day_of_year - start) / 7 + 1)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn shown(form: &str, at: &str, zone: &str) -> String {
        let at = When::Moment(at.parse().unwrap());
        DateForm::read(form).show(&at.shown(&zone.parse().unwrap(), None).unwrap())
    }

    #[test]
    fn every_token_shows_its_example() {
        for (token, example) in DATE_TOKENS {
            assert_eq!(shown(token, "2024-02-05T20:07:09.123Z", "America/Chicago"), example, "{token}");
            assert!(DateForm::is_meant(token), "{token}");
        }
    }

    #[test]
    fn tokens_stand_together_and_other_text_for_itself() {
        for (form, wanted) in [
            ("YYYY-MM-DDTHH:mm:ss.SSSZ", "2024-02-05T00:07:09.000+00:00"),
            ("[Today is] dddd", "Today is Monday"),
            ("h:mm a, k", "12:07 am, 24"),
            ("Do [of] MMMM YYYY", "5th of February 2024"),
            ("[[]YYYY]", "[2024]"),
            ("[YYYY", "[2024"),
            ("DDo", "05o"),
            ("é YY", "é 24"),
        ] {
            assert_eq!(shown(form, "2024-02-05T00:07:09Z", "UTC"), wanted, "{form}");
        }
        assert!(!DateForm::is_meant("[YYYY] -"));
    }

    #[test]
    fn weeks_at_the_turn_of_the_year() {
        for (day, wanted) in [
            ("2023-01-01", "2023 1 / 2022 52"),
            ("2023-12-31", "2024 1 / 2023 52"),
            ("2024-12-28", "2024 52 / 2024 52"),
            ("2024-12-29", "2025 1 / 2024 52"),
            ("2024-12-30", "2025 1 / 2025 1"),
            ("2021-01-01", "2021 1 / 2020 53"),
            ("2022-12-31", "2022 53 / 2022 52"),
        ] {
            assert_eq!(shown("gggg w / GGGG W", &format!("{day}T12:00:00Z"), "UTC"), wanted, "{day}");
        }
    }

    #[test]
    fn calendar_units_are_added_as_clocks_run() {
        let moved = |at: &str, shift: Shift| {
            let zone = "America/Chicago".parse().unwrap();
            let at = When::Moment(at.parse().unwrap()).shown(&zone, Some(shift));
            at.map(|at| DateForm::read("YYYY-MM-DD HH:mm Z").show(&at))
        };
        let shift = Shift::default();
        let moved_to = |at, shift| moved(at, shift).unwrap();
        assert_eq!(moved_to("2024-01-31T18:00:00Z", Shift { months: 1, ..shift }), "2024-02-29 12:00 -06:00");
        assert_eq!(moved_to("2024-03-09T18:00:00Z", Shift { days: 1, ..shift }), "2024-03-10 12:00 -05:00");
        assert_eq!(moved_to("2024-03-09T18:00:00Z", Shift { hours: 24, ..shift }), "2024-03-10 13:00 -05:00");
        assert_eq!(moved("2024-03-09T18:00:00Z", Shift { years: 9_000, ..shift }), None);
        assert_eq!(moved("2024-03-09T18:00:00Z", Shift { seconds: i64::MAX, ..shift }), None);
    }

    proptest! {
        #[test]
        fn any_text_shows_any_moment(form in "\\PC{0,30}", millis in any::<i64>(), zone in 0_usize..400) {
            let zone = TimeZone::names().nth(zone).unwrap().parse().unwrap();
            if let Some(at) = When::Moment(Timestamp::from_millis(millis)).shown(&zone, None) {
                let _ = DateForm::read(&form).show(&at);
            }
        }

        #[test]
        fn the_weeks_of_a_year_follow_each_other(days in 0_i64..200_000) {
            let day = Date::new(1800, 1, 1).unwrap().checked_add(Span::new().days(days)).unwrap();
            let (one, next) = (week_from_sunday(day), week_from_sunday(day.tomorrow().unwrap()));
            let begins = day.tomorrow().unwrap().weekday() == Weekday::Sunday;
            prop_assert_eq!(one != next, begins, "{}", day);
            prop_assert!(next.1 == 1 || !begins || next.1 == one.1 + 1);
        }
    }
}
