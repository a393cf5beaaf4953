//! Stretches of time that end or begin with the moment of asking: "the last 30 days".

use jiff::civil::Date;
use jiff::{Span, ZonedDateTime};

use crate::{TimeZone, Timestamp, Variables};

/// How far from the moment of asking, and in which direction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Window {
    // Invariant: 0 to `WINDOW_AMOUNT_MAX`.
    amount: i64,
    unit: Unit,
    toward: Toward,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Toward {
    Past,
    Future,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    Month,
    Year,
}

/// Most units of a stretch of time that a rule asks about.
pub const WINDOW_AMOUNT_MAX: i64 = 100_000;

/// Units by their words; the short ones are those of lengths of time elsewhere in a flow.
const UNITS: [(Unit, &str, &str, &str); 7] = [
    (Unit::Second, "second", "seconds", "s"),
    (Unit::Minute, "minute", "minutes", "m"),
    (Unit::Hour, "hour", "hours", "h"),
    (Unit::Day, "day", "days", "d"),
    (Unit::Week, "week", "weeks", "w"),
    (Unit::Month, "month", "months", "months"),
    (Unit::Year, "year", "years", "y"),
];

/// A moment or a day, as a value tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Day(Date),
    Moment(Timestamp),
}

impl Window {
    /// Reads `30 days`, `1 month`, `30d`.
    pub(super) fn read(text: &str, toward: Toward) -> Option<Window> {
        let text = text.trim();
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (amount, unit) = text.split_at(digits);
        let amount = amount.parse().ok().filter(|amount| *amount <= WINDOW_AMOUNT_MAX)?;
        let unit = unit.trim().to_ascii_lowercase();
        let (unit, ..) = UNITS.iter().find(|(_, one, many, short)| [one, many, short].contains(&&&*unit))?;
        Some(Window { amount, unit: *unit, toward })
    }

    /// `30 days`.
    pub(super) fn words(self) -> String {
        let (_, one, many, _) =
            UNITS.iter().find(|(unit, ..)| *unit == self.unit).expect("every unit has its words");
        format!("{} {}", self.amount, if self.amount == 1 { one } else { many })
    }

    /// Whether it lies between the far end of the window and the moment of asking, both included.
    /// Days and longer units are counted by the calendar of the flow's time zone, at the same time of
    /// day; a day is within when any moment from that of the far end to that of asking falls on it there.
    pub(super) fn has(self, when: When, variables: &Variables<'_>) -> bool {
        let Some(now) = local(variables.now, variables.time_zone) else { return false };
        // Beyond the calendar there is no end.
        let end = self.far_end(&now);
        match (when, self.toward) {
            (When::Moment(at), Toward::Past) => {
                at <= variables.now && end.is_none_or(|end| millis(&end) <= at.as_millis())
            }
            (When::Moment(at), Toward::Future) => {
                at >= variables.now && end.is_none_or(|end| at.as_millis() <= millis(&end))
            }
            (When::Day(day), Toward::Past) => day <= now.date() && end.is_none_or(|end| end.date() <= day),
            (When::Day(day), Toward::Future) => day >= now.date() && end.is_none_or(|end| day <= end.date()),
        }
    }

    fn far_end(self, now: &ZonedDateTime) -> Option<ZonedDateTime> {
        let span = Span::new();
        let span = match self.unit {
            Unit::Second => span.try_seconds(self.amount),
            Unit::Minute => span.try_minutes(self.amount),
            Unit::Hour => span.try_hours(self.amount),
            Unit::Day => span.try_days(self.amount),
            Unit::Week => span.try_weeks(self.amount),
            Unit::Month => span.try_months(self.amount),
            Unit::Year => span.try_years(self.amount),
        }
        .ok()?;
        match self.toward {
            Toward::Past => now.checked_sub(span),
            Toward::Future => now.checked_add(span),
        }
        .ok()
    }
}

/// What a clock in the zone shows; nothing at the very ends of the calendar.
pub(super) fn local(at: Timestamp, time_zone: &TimeZone) -> Option<ZonedDateTime> {
    let at = jiff::Timestamp::from_millisecond(at.as_millis()).ok()?;
    Some(at.to_zoned_datetime(time_zone.rules().clone()))
}

fn millis(at: &ZonedDateTime) -> i64 {
    at.timestamp().as_millisecond()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Lead;

    fn has(window: &str, toward: Toward, when: When, now: &str, zone: &str) -> bool {
        let (lead, zone) = (Lead::new(), zone.parse().unwrap());
        let variables = Variables { now: now.parse().unwrap(), time_zone: &zone, ..Variables::of(&lead) };
        Window::read(window, toward).unwrap().has(when, &variables)
    }

    fn day(text: &str) -> When {
        When::Day(text.parse().unwrap())
    }

    fn moment(text: &str) -> When {
        When::Moment(text.parse().unwrap())
    }

    #[test]
    fn a_window_is_a_whole_number_and_a_unit() {
        for (text, words) in [
            ("30 days", "30 days"),
            ("1 Day", "1 day"),
            (" 2weeks ", "2 weeks"),
            ("12h", "12 hours"),
            ("5m", "5 minutes"),
            ("1 months", "1 month"),
            ("0 days", "0 days"),
        ] {
            assert_eq!(Window::read(text, Toward::Past).unwrap().words(), words);
        }
        for text in ["", "days", "30", "-1 days", "1.5 days", "30 moons", "100001 days", "30 days ago"] {
            assert!(Window::read(text, Toward::Past).is_none(), "{text}");
        }
    }

    #[test]
    fn days_are_those_of_the_zone() {
        // In Chicago it is still the 14th.
        let (now, chicago) = ("2026-01-15T05:00:00Z", "America/Chicago");
        for (window, date, wanted) in [
            ("30 days", "2025-12-15", true),
            ("30 days", "2025-12-14", false),
            ("30 days", "2026-01-14", true),
            ("30 days", "2026-01-15", false),
            ("0 days", "2026-01-14", true),
            ("1 month", "2025-12-14", true),
            ("1 year", "2025-01-14", true),
            ("1 year", "2025-01-13", false),
            // 24 hours ago it was the 13th.
            ("24 hours", "2026-01-13", true),
            ("22 hours", "2026-01-13", false),
        ] {
            assert_eq!(has(window, Toward::Past, day(date), now, chicago), wanted, "{window} {date}");
        }
        assert!(has("30 days", Toward::Past, day("2026-01-15"), now, "UTC"));
        assert!(has("2 days", Toward::Future, day("2026-01-16"), now, chicago));
        assert!(!has("2 days", Toward::Future, day("2026-01-17"), now, chicago));
        assert!(!has("2 days", Toward::Future, day("2026-01-13"), now, chicago));
    }

    #[test]
    fn moments_are_counted_back_to_the_same_time_of_day() {
        // Clocks in Chicago went forward on 2026-03-08: that day had 23 hours.
        let (now, chicago) = ("2026-03-08T17:00:00Z", "America/Chicago");
        let past = |window, at| has(window, Toward::Past, moment(at), now, chicago);
        assert!(past("1 day", "2026-03-07T18:00:00Z"));
        assert!(!past("1 day", "2026-03-07T17:59:59.999Z"));
        assert!(past("24 hours", "2026-03-07T17:00:00Z"));
        assert!(past("1 minute", now) && !past("1 minute", "2026-03-08T17:00:00.001Z"));
        let next = |window, at| has(window, Toward::Future, moment(at), now, chicago);
        assert!(next("2 hours", "2026-03-08T19:00:00Z") && !next("2 hours", "2026-03-08T19:00:01Z"));
        assert!(next("2 hours", now) && !next("2 hours", "2026-03-08T16:59:59Z"));
    }

    proptest! {
        #[test]
        fn a_longer_window_has_all_that_a_shorter_one_has(
            unit in prop::sample::select(UNITS.map(|(_, _, many, _)| many).to_vec()),
            (shorter, longer) in (0..3000_i64, 0..3000_i64).prop_map(|(a, b)| (a.min(b), a.max(b))),
            away in -200_000_000_000_i64..200_000_000_000,
            future in any::<bool>(),
            whole in any::<bool>(),
            zone in prop::sample::select(vec!["UTC", "America/Chicago", "Pacific/Apia", "Australia/Lord_Howe"]),
        ) {
            let now: Timestamp = "2026-03-08T08:30:00Z".parse().unwrap();
            let at = now.plus_millis(away);
            let when = if whole { day(&at.to_string()[..10]) } else { When::Moment(at) };
            let toward = if future { Toward::Future } else { Toward::Past };
            let has = |amount: i64| has(&format!("{amount} {unit}"), toward, when, &now.to_string(), zone);
            prop_assert!(!has(shorter) || has(longer));
        }

        #[test]
        fn the_ends_of_the_calendar_are_no_trouble(
            unit in prop::sample::select(UNITS.map(|(_, _, many, _)| many).to_vec()),
            now in any::<i64>(), at in any::<i64>(), future in any::<bool>(),
        ) {
            let toward = if future { Toward::Future } else { Toward::Past };
            let now = Timestamp::from_millis(now).to_string();
            let when = When::Moment(Timestamp::from_millis(at));
            has(&format!("{WINDOW_AMOUNT_MAX} {unit}"), toward, when, &now, "Pacific/Kiritimati");
        }
    }
}
