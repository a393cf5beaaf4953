//! Hours of operation: when in a week something is open.

use std::fmt;

use jiff::civil::Weekday;

use crate::{TimeZone, Timestamp};

/// When in a week something is open, by the clocks of a place that is told apart from it. A clock
/// that is set forward never shows some minutes, and one that is set back shows some twice: what
/// counts is what it shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hours {
    /// Open from the first minute on and before the second, counted from Monday midnight.
    // Invariant: ascending, not empty, apart from each other, within a week.
    stretches: Vec<(u16, u16)>,
}

/// Why texts are no hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// Not a day or a range of days.
    #[error("{0:?} is not a day; write mon, tue, wed, thu, fri, sat or sun, or a range such as mon-fri")]
    Day(String),
    /// A day that stands under two keys.
    #[error("{0} stands twice; put all of its hours into one list")]
    DayTwice(&'static str),
    /// Not a stretch of a day.
    #[error("{0:?} is not a stretch of a day; write 08:00-20:00, 22:00-02:00 (past midnight) or 24h")]
    Stretch(String),
}

/// Short names of days, Monday first.
pub const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const DAY_MINUTES: u16 = 24 * 60;
const WEEK_MINUTES: u16 = 7 * DAY_MINUTES;

impl Hours {
    /// Reads days or ranges of days (`mon-fri`) and their stretches (`08:00-20:00`, `22:00-02:00`
    /// past midnight, `24h`). Days that are not named are closed, as are those without a stretch.
    ///
    /// # Errors
    /// At the first text that is wrong.
    pub fn read<'a, T>(days: impl IntoIterator<Item = (&'a str, T)>) -> Result<Hours, HoursError>
    where
        T: IntoIterator<Item = &'a str>,
    {
        let mut named = [false; 7];
        let mut open: Vec<(u16, u16)> = Vec::new();
        for (range, stretches) in days {
            let range = read_days(range)?;
            for day in &range {
                if std::mem::replace(&mut named[*day], true) {
                    return Err(HoursError::DayTwice(DAYS[*day]));
                }
            }
            for text in stretches {
                let (from, to) = read_stretch(text)?;
                let starts = range.iter().map(|day| u16::try_from(*day).unwrap_or(0) * DAY_MINUTES);
                open.extend(starts.map(|start| (start + from, start + to)));
            }
        }
        Ok(Hours::of(open))
    }

    /// Joins stretches that touch; what passes the end of the week goes on at its start.
    fn of(open: Vec<(u16, u16)>) -> Hours {
        let mut parts: Vec<(u16, u16)> = Vec::new();
        for (from, to) in open {
            if to > WEEK_MINUTES {
                parts.push((0, to - WEEK_MINUTES));
            }
            parts.push((from, to.min(WEEK_MINUTES)));
        }
        parts.sort_unstable();
        let mut stretches: Vec<(u16, u16)> = Vec::new();
        for (from, to) in parts {
            match stretches.last_mut() {
                Some((_, end)) if *end >= from => *end = to.max(*end),
                Some(_) | None => stretches.push((from, to)),
            }
        }
        Hours { stretches }
    }

    /// Whether it is open at a moment, where clocks show the time of this zone.
    pub fn is_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let shown = zone.shown(at);
        let day = i32::from(shown.weekday().since(Weekday::Monday));
        let minute = day * i32::from(DAY_MINUTES) + i32::from(shown.hour()) * 60 + i32::from(shown.minute());
        self.stretches.iter().any(|(from, to)| (i32::from(*from)..i32::from(*to)).contains(&minute))
    }
}

impl fmt::Display for Hours {
    /// Day by day: `mon 08:00-20:00, tue 08:00-20:00`; a stretch past midnight is told in two.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut first = true;
        for (day, name) in (0..).zip(DAYS) {
            let start = day * DAY_MINUTES;
            for (from, to) in &self.stretches {
                let (from, to) = ((*from).max(start), (*to).min(start + DAY_MINUTES));
                if from < to {
                    f.write_str(if first { "" } else { ", " })?;
                    first = false;
                    let (from, to) = (from - start, to - start);
                    write!(f, "{name} {:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
                }
            }
        }
        if first { f.write_str("never") } else { Ok(()) }
    }
}

/// The days of a range, Monday as 0, in order from its first.
fn read_days(text: &str) -> Result<Vec<usize>, HoursError> {
    let wrong = || HoursError::Day(text.chars().take(40).collect());
    let day = |name: &str| {
        let name = name.trim();
        DAYS.iter().position(|known| known.eq_ignore_ascii_case(name)).ok_or_else(wrong)
    };
    match text.split_once('-') {
        None => Ok(vec![day(text)?]),
        Some((first, last)) => {
            let (first, last) = (day(first)?, day(last)?);
            Ok((0..=(last + 7 - first) % 7).map(|more| (first + more) % 7).collect())
        }
    }
}

/// Minutes of a day; an end past midnight is beyond the day's last.
fn read_stretch(text: &str) -> Result<(u16, u16), HoursError> {
    let wrong = || HoursError::Stretch(text.chars().take(40).collect());
    if text.trim().eq_ignore_ascii_case("24h") {
        return Ok((0, DAY_MINUTES));
    }
    let (from, to) = text.split_once('-').ok_or_else(wrong)?;
    let (from, to) = (read_time(from).ok_or_else(wrong)?, read_time(to).ok_or_else(wrong)?);
    if from == DAY_MINUTES || from == to {
        return Err(wrong());
    }
    Ok((from, if to < from { to + DAY_MINUTES } else { to }))
}

/// `00:00` to `24:00` in minutes.
fn read_time(text: &str) -> Option<u16> {
    let (hour, minute) = text.trim().split_once(':')?;
    let number = |digits: &str| {
        let good = (1..=2).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
        good.then(|| digits.parse::<u16>().ok()).flatten()
    };
    let (hour, minute) = (number(hour)?, number(minute)?);
    let all = hour * 60 + minute;
    (minute < 60 && all <= DAY_MINUTES && text.trim().len() >= 4).then_some(all)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn hours(days: &[(&str, &[&str])]) -> Hours {
        Hours::read(days.iter().map(|(day, list)| (*day, list.iter().copied()))).unwrap()
    }

    fn open(hours: &Hours, at: &str, zone: &str) -> bool {
        hours.is_open(at.parse().unwrap(), &zone.parse().unwrap())
    }

    #[test]
    fn what_counts_is_what_the_clocks_of_the_place_show() {
        let desk = hours(&[("mon-fri", &["08:00-20:00"]), ("sat", &["09:00-14:00"])]);
        for (at, wanted) in [
            ("2026-01-15T14:00:00Z", true),
            ("2026-01-15T13:59:59.999Z", false),
            ("2026-01-16T01:59:59.999Z", true),
            ("2026-01-16T02:00:00Z", false),
            ("2026-01-17T15:00:00Z", true),
            ("2026-01-17T20:00:00Z", false),
            ("2026-01-18T15:00:00Z", false),
            // By then the clock is an hour ahead.
            ("2026-07-15T13:00:00Z", true),
        ] {
            assert_eq!(open(&desk, at, "America/Chicago"), wanted, "{at}");
        }
    }

    #[test]
    fn a_clock_that_is_set_shows_an_hour_twice_or_never() {
        let night = hours(&[("sun", &["01:00-02:00"])]);
        for at in ["2026-11-01T06:30:00Z", "2026-11-01T07:30:00Z"] {
            assert!(open(&night, at, "America/Chicago"), "01:30 of summer, then of winter");
        }
        assert!(!open(&night, "2026-11-01T08:00:00Z", "America/Chicago"));
        let gap = hours(&[("sun", &["02:00-03:00"])]);
        let minutes = (0..180).filter(|minute| {
            let at: Timestamp = "2026-03-08T07:00:00Z".parse().unwrap();
            gap.is_open(at.plus_millis(minute * 60_000), &"America/Chicago".parse().unwrap())
        });
        assert_eq!(minutes.count(), 0, "from 02:00 clocks go to 03:00");
    }

    #[test]
    fn a_stretch_past_midnight_and_past_the_week_goes_on() {
        let late = hours(&[("sun", &["22:00-02:00"]), ("mon", &["01:00-03:00", "24h"])]);
        assert_eq!(late.to_string(), "mon 00:00-24:00, sun 22:00-24:00");
        let late = hours(&[("sat-sun", &["22:00-02:00"])]);
        assert_eq!(late.to_string(), "mon 00:00-02:00, sat 22:00-24:00, sun 00:00-02:00, sun 22:00-24:00");
        assert_eq!(hours(&[("fri-mon", &["24h"])]).to_string().matches("24:00").count(), 4);
        assert_eq!(hours(&[("mon", &[])]).to_string(), "never");
    }

    #[test]
    fn what_is_no_hours_is_named() {
        let told = |day: &str, stretch: &str| {
            Hours::read([(day, [stretch])]).map_err(|error| error.to_string()).unwrap_err()
        };
        for day in ["", "monday", "mon-", "mon-fri-sun", "8"] {
            assert!(told(day, "24h").contains("is not a day"), "{day}");
        }
        for stretch in
            ["", "8-20", "08:00", "08:00-08:00", "24:00-08:00", "08:60-09:00", "25:00-26:00", "+8:00-9:00"]
        {
            assert!(told("mon", stretch).contains("is not a stretch"), "{stretch}");
        }
        let twice = Hours::read([("mon-sun", ["24h"]), ("sat", ["24h"])]).unwrap_err();
        assert_eq!(twice.to_string(), "sat stands twice; put all of its hours into one list");
    }

    proptest! {
        /// Against minutes painted one by one on a week.
        #[test]
        fn open_is_what_was_painted(
            days in prop::collection::btree_map(0..7_usize, prop::collection::vec((0..1440_u16, 0..=1440_u16), 0..4), 0..7),
            shift in 0..10_080_i64,
        ) {
            let mut painted = vec![false; 10_080];
            let mut texts: Vec<(&str, Vec<String>)> = Vec::new();
            for (day, stretches) in &days {
                let mut list = Vec::new();
                for (from, to) in stretches.iter().filter(|(from, to)| from != to) {
                    list.push(format!("{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60));
                    let end = if to < from { to + 1440 } else { *to };
                    for minute in *from..end {
                        painted[(day * 1440 + usize::from(minute)) % 10_080] = true;
                    }
                }
                texts.push((DAYS[*day], list));
            }
            let hours = Hours::read(
                texts.iter().map(|(day, list)| (*day, list.iter().map(String::as_str))),
            ).unwrap();
            // 1970-01-05 is a Monday.
            let at = Timestamp::from_millis((4 * 1440 + shift) * 60_000);
            let wanted = painted[usize::try_from(shift).unwrap()];
            prop_assert_eq!(hours.is_open(at, &TimeZone::UTC), wanted);
            prop_assert_eq!(hours.is_open(at.plus_millis(59_999), &TimeZone::UTC), wanted);
        }
    }
}
