//! When what happens: the day of history, how busy its hours are, and the troubles in it.

use std::time::Duration;

use domain::Timestamp;

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// How much history there is.
const HISTORY_MS: i64 = 24 * HOUR_MS;

/// The moments of one demo, all fixed by when its history ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calendar {
    /// When the history ends and leads come in live.
    end: Timestamp,
}

/// How busy the quietest and the busiest hour are, in parts of the rate that
/// was asked for.
const QUIET: f64 = 2.0 / 3.0;
const BUSY: f64 = 5.0 / 3.0;
/// The quietest hour of the day, UTC: three at night in the middle of the United States.
const QUIET_HOUR: f64 = 9.0;

impl Calendar {
    pub(super) fn ending(end: Timestamp) -> Calendar {
        Calendar { end }
    }

    /// When the history ends.
    pub(super) fn end(&self) -> Timestamp {
        self.end
    }

    /// When the history begins.
    pub(super) fn start(&self) -> Timestamp {
        self.before_end(HISTORY_MS)
    }

    /// When the flows were published, before any lead.
    pub(super) fn publication(&self) -> Timestamp {
        self.before_end(HISTORY_MS + 30 * MINUTE_MS)
    }

    fn before_end(&self, millis: i64) -> Timestamp {
        Timestamp::from_millis(self.end.as_millis() - millis)
    }

    /// A moment of the history, as a part of it from 0 to 1.
    pub(super) fn part(&self, part: f64) -> Timestamp {
        Timestamp::from_millis(self.start().as_millis() + (part * HISTORY_MS as f64) as i64)
    }

    fn within(&self, at: Timestamp, (from, to): (i64, i64)) -> bool {
        (self.before_end(from)..self.before_end(to)).contains(&at)
    }

    /// Some moments of a trouble, spread evenly: how far through it, from 0 to 1.
    pub(super) fn during(&self, trouble: Trouble, part: f64) -> Timestamp {
        let (from, to) = trouble.before_end();
        self.before_end(from - (part * (from - to) as f64) as i64)
    }

    /// Whether a trouble is on.
    pub(super) fn has(&self, trouble: Trouble, at: Timestamp) -> bool {
        self.within(at, trouble.before_end())
    }
}

/// What goes wrong, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trouble {
    /// The phone validation does not answer in time.
    PhoneOutage,
    /// Harbor Mutual answers with a fault.
    HarborDown,
    /// Sunbelt has as many leads as it takes in a day.
    SunbeltFull,
    /// Rate Radar sends numbers that nobody has and leaves e-mail addresses out.
    RadarDrops,
}

impl Trouble {
    /// From and to, before the end of the history. Those that are still on go on into the live part
    /// for the rest of a day.
    fn before_end(self) -> (i64, i64) {
        match self {
            Trouble::PhoneOutage => (15 * HOUR_MS, 15 * HOUR_MS - 25 * MINUTE_MS),
            Trouble::HarborDown => (9 * HOUR_MS, 9 * HOUR_MS - 12 * MINUTE_MS),
            Trouble::SunbeltFull => (6 * HOUR_MS, -18 * HOUR_MS),
            Trouble::RadarDrops => (4 * HOUR_MS, -20 * HOUR_MS),
        }
    }
}

/// How busy a moment is, in parts of the rate that was asked for: a wave over the day.
pub(super) fn busyness(at: Timestamp) -> f64 {
    let hour = at.as_millis().rem_euclid(HISTORY_MS) as f64 / HOUR_MS as f64;
    let wave = (1.0 - ((hour - QUIET_HOUR) / 24.0 * std::f64::consts::TAU).cos()) / 2.0;
    QUIET + (BUSY - QUIET) * wave
}

/// How much busier the busiest moment is than the rate that was asked for.
pub(super) const BUSIEST: f64 = BUSY;

/// A moment so much later.
pub(super) fn later(at: Timestamp, by: Duration) -> Timestamp {
    Timestamp::from_millis(at.as_millis().saturating_add(i64::try_from(by.as_millis()).unwrap_or(i64::MAX)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn three_a_second_are_two_at_night_and_five_by_day() {
        let round = |text: &str| (busyness(at(text)) * 3.0 * 10.0).round() / 10.0;
        assert_eq!(round("2026-01-15T09:00:00.000Z"), 2.0);
        assert_eq!(round("2026-01-15T21:00:00.000Z"), 5.0);
        assert_eq!(round("2026-01-15T15:00:00.000Z"), 3.5);
    }

    #[test]
    fn troubles_lie_where_they_are_told() {
        let calendar = Calendar::ending(at("2026-01-15T20:00:00.000Z"));
        let has = |trouble, text: &str| calendar.has(trouble, at(text));
        assert!(!has(Trouble::PhoneOutage, "2026-01-15T04:59:59.999Z"));
        assert!(has(Trouble::PhoneOutage, "2026-01-15T05:00:00.000Z"));
        assert!(has(Trouble::PhoneOutage, "2026-01-15T05:24:59.999Z"));
        assert!(!has(Trouble::PhoneOutage, "2026-01-15T05:25:00.000Z"));
        assert!(has(Trouble::SunbeltFull, "2026-01-15T21:00:00.000Z"), "it goes on live");
        assert_eq!(calendar.during(Trouble::HarborDown, 0.5), at("2026-01-15T11:06:00.000Z"));
        assert_eq!(calendar.part(0.5), at("2026-01-15T08:00:00.000Z"));
    }
}
