//! How much of what it bought a buyer may give back.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

use jiff::civil::Date;

use crate::{Reason, ReasonCode, TimeZone, Timestamp};

/// At most so much of what a buyer bought in a period can be given back. The period is the one of the sale, so
/// that what came back of it can only be measured against what was sold in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReturnLimit {
    /// Which part of the leads bought.
    pub share: ReturnShare,
    /// Bought when.
    pub per: ReturnPeriod,
    /// So many leads of a period can be given back whatever the share makes of it.
    pub at_least: u32,
}

/// A part of a whole, from 0 to 1, in millionths. Text form: a decimal such as `0.1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReturnShare(u32); // Invariant: at most a million.

/// The text is not a part of a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a part of a whole; write a decimal from 0 to 1, such as 0.1 for a tenth")]
pub struct UnknownShare(String);

const WHOLE: u32 = 1_000_000;
const DECIMALS: usize = 6;

impl ReturnShare {
    /// So much of a number, rounded down.
    pub fn of(self, whole: u32) -> u32 {
        let part = u64::from(whole) * u64::from(self.0) / u64::from(WHOLE);
        u32::try_from(part).expect("a part is not more than the whole")
    }
}

impl FromStr for ReturnShare {
    type Err = UnknownShare;

    fn from_str(text: &str) -> Result<ReturnShare, UnknownShare> {
        let wrong = || UnknownShare(text.chars().take(40).collect());
        let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(part) || part.trim_end_matches('0').len() > DECIMALS || whole.len() > 4 {
            return Err(wrong());
        }
        let part = format!("{:0<DECIMALS$}", part.trim_end_matches('0'));
        let millionths = whole.parse::<u32>().map_err(|_| wrong())?.saturating_mul(WHOLE)
            + part.parse::<u32>().map_err(|_| wrong())?;
        if millionths > WHOLE { Err(wrong()) } else { Ok(ReturnShare(millionths)) }
    }
}

/// As a percentage: `10%`, `2.5%`.
impl fmt::Display for ReturnShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / 10_000, self.0 % 10_000);
        if part == 0 {
            return write!(f, "{whole}%");
        }
        let part = format!("{part:04}");
        write!(f, "{whole}.{}%", part.trim_end_matches('0'))
    }
}

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReturnPeriod {
    /// From midnight to midnight.
    Day,
    /// From Monday to Sunday.
    Week,
    /// From the first to the last.
    Month,
}

impl ReturnPeriod {
    /// Every period and its word.
    pub const ALL: [(&'static str, ReturnPeriod); 3] =
        [("day", ReturnPeriod::Day), ("week", ReturnPeriod::Week), ("month", ReturnPeriod::Month)];

    /// The days of the period that a day lies in.
    pub fn around(self, day: Day) -> RangeInclusive<Day> {
        let date = day.date();
        match self {
            ReturnPeriod::Day => day..=day,
            ReturnPeriod::Week => {
                let since_monday = i32::from(date.weekday().to_monday_zero_offset());
                Day(day.0 - since_monday)..=Day(day.0 - since_monday + 6)
            }
            ReturnPeriod::Month => Day::of_date(date.first_of_month())..=Day::of_date(date.last_of_month()),
        }
    }

    /// `2024-01-15`, `the week of 2024-01-15`, `2024-01`.
    fn spoken(self, day: Day) -> String {
        let first = self.around(day).start().date();
        match self {
            ReturnPeriod::Day => first.to_string(),
            ReturnPeriod::Week => format!("the week of {first}"),
            ReturnPeriod::Month => format!("{:04}-{:02}", first.year(), first.month()),
        }
    }
}

/// A day of the calendar of some place: how many lie between it and 1970-01-01.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Day(i32);

const EPOCH: Date = Date::constant(1970, 1, 1);

impl Day {
    /// The day that clocks at a place show at a moment.
    pub fn at(moment: Timestamp, place: &TimeZone) -> Day {
        let moment = jiff::Timestamp::from_millisecond(moment.as_millis())
            .expect("a Timestamp lies within jiff's range");
        Day::of_date(place.rules().to_datetime(moment).date())
    }

    /// The day so many before this one.
    #[must_use]
    pub fn back(self, days: u16) -> Day {
        Day(self.0.saturating_sub(days.into()))
    }

    fn of_date(date: Date) -> Day {
        Day(date.duration_since(EPOCH).as_hours().div_euclid(24).try_into().expect("years have four digits"))
    }

    fn date(self) -> Date {
        EPOCH.saturating_add(jiff::SignedDuration::from_hours(i64::from(self.0) * 24))
    }
}

impl ReturnLimit {
    /// Why one more of the leads bought around a day cannot be given back, when `returned` of the `sold` ones of
    /// its period were; nothing when it can.
    pub fn refusal(&self, day: Day, sold: u32, returned: u32) -> Option<Reason> {
        if returned < self.share.of(sold).max(self.at_least) {
            return None;
        }
        let (share, period) = (self.share, self.per.spoken(day));
        let leads = if sold == 1 { "the 1 lead".to_owned() } else { format!("the {sold} leads") };
        let text =
            format!("Return limit reached ({returned} of {leads} bought in {period}, at most {share})");
        Some(Reason::new(ReasonCode::ReturnLimit, text))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(date: &str) -> Day {
        Day::at(format!("{date}T12:00:00Z").parse().unwrap(), &TimeZone::UTC)
    }

    #[test]
    fn a_share_is_a_decimal_from_0_to_1() {
        for (text, of_200, shown) in [
            ("0.1", 20, "10%"),
            ("0.10", 20, "10%"),
            ("0.025", 5, "2.5%"),
            ("0", 0, "0%"),
            ("1.000", 200, "100%"),
            ("0.000001", 0, "0.0001%"),
        ] {
            let share: ReturnShare = text.parse().unwrap();
            assert_eq!((share.of(200), share.to_string().as_str()), (of_200, shown), "{text}");
        }
        for text in ["", "1.1", "-0.1", "10%", "0.0000001", ".1", "0.", "1e-1", "99999999999", "é"] {
            assert!(text.parse::<ReturnShare>().is_err(), "{text}");
        }
    }

    #[test]
    fn periods_are_those_of_the_calendar() {
        let check = |period: ReturnPeriod, date: &str, first: &str, last: &str, spoken: &str| {
            assert_eq!(period.around(day(date)), day(first)..=day(last), "{period:?} of {date}");
            assert_eq!(period.spoken(day(date)), spoken);
        };
        check(ReturnPeriod::Day, "2024-02-29", "2024-02-29", "2024-02-29", "2024-02-29");
        check(ReturnPeriod::Week, "2024-01-21", "2024-01-15", "2024-01-21", "the week of 2024-01-15");
        check(ReturnPeriod::Week, "2024-01-15", "2024-01-15", "2024-01-21", "the week of 2024-01-15");
        check(ReturnPeriod::Month, "2024-02-10", "2024-02-01", "2024-02-29", "2024-02");
        check(ReturnPeriod::Month, "1969-12-31", "1969-12-01", "1969-12-31", "1969-12");
    }

    #[test]
    fn a_day_is_that_of_the_place() {
        let moment: Timestamp = "2024-01-15T03:00:00Z".parse().unwrap();
        let chicago: TimeZone = "America/Chicago".parse().unwrap();
        assert_eq!(Day::at(moment, &chicago), day("2024-01-14"));
        assert_eq!(Day::at(moment, &TimeZone::UTC), day("2024-01-15"));
        assert_eq!(day("2024-01-15").back(15), day("2023-12-31"));
    }

    #[test]
    fn no_more_than_the_share_of_what_was_bought_comes_back() {
        let tenth = ReturnLimit { share: "0.1".parse().unwrap(), per: ReturnPeriod::Month, at_least: 0 };
        let refusal = |limit: ReturnLimit, sold, returned| limit.refusal(day("2024-01-15"), sold, returned);
        assert_eq!(refusal(tenth, 100, 9), None);
        let told = refusal(tenth, 100, 10).unwrap();
        assert_eq!(told.code, ReasonCode::ReturnLimit);
        let wanted = "Return limit reached (10 of the 100 leads bought in 2024-01, at most 10%)";
        assert_eq!(&*told.text, wanted);
        let one = refusal(tenth, 1, 1).unwrap();
        assert_eq!(&*one.text, "Return limit reached (1 of the 1 lead bought in 2024-01, at most 10%)");
        // Part of a lead is none.
        assert!(refusal(tenth, 9, 0).is_some() && refusal(tenth, 10, 0).is_none());
        let some = ReturnLimit { at_least: 2, ..tenth };
        assert!(refusal(some, 3, 1).is_none() && refusal(some, 3, 2).is_some());
    }
}
