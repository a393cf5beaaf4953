//! Caps: how many leads, or how much money, in a period.

use std::fmt;
use std::sync::Arc;

use jiff::civil::{Date, date};

use crate::{Condition, Money, TimeZone, Timestamp};

/// How many leads, or how much money, in a period.
#[derive(Debug, Clone, PartialEq)]
pub struct Cap {
    /// `<owner>/<slug of its name>`: unique in the installation.
    pub id: Arc<str>,
    /// What people call it.
    pub name: Arc<str>,
    /// How much.
    pub limit: CapLimit,
    /// In which time.
    pub period: CapPeriod,
    /// Which leads it counts; none means all.
    pub when: Option<Condition>,
    /// What is said when it is full; left out, its name and the count.
    pub reason: Option<Arc<str>>,
}

/// How much a cap lets through in a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CapLimit {
    /// So many leads.
    Leads(u32),
    /// So much money.
    Spend(Money),
}

/// The time a cap counts in: calendar units by the clocks of a place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CapPeriod {
    /// Of which units it is made.
    pub unit: CapUnit,
    /// Of how many, at least one.
    pub every: u32,
    /// Whose clocks count.
    pub zone: TimeZone,
}

/// A unit of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "they are units of time")]
pub enum CapUnit {
    Minute,
    Hour,
    Day,
    /// From Monday.
    Week,
    Month,
}

/// Most units of one period.
pub const CAP_EVERY_MAX: u32 = 1_000;
/// Most leads of a cap.
pub const CAP_LEADS_MAX: u32 = 1_000_000_000;
/// Most money of a cap, in the currency's unit.
pub const CAP_SPEND_MAX: Money = Money::from_millionths(1_000_000_000 * 1_000_000);
/// Most caps of one owner: a flow, a source, an entity or a step.
pub const CAPS_MAX: usize = 50;
/// Most bytes of the ids of one owner's caps: those that count a lead stand in the header of its event.
pub const CAP_IDS_BYTES_MAX: usize = 1_500;
/// Longest slug of a name, in bytes.
const SLUG_BYTES_MAX: usize = 64;

impl CapUnit {
    /// Every unit, shortest first.
    pub const ALL: [CapUnit; 5] =
        [CapUnit::Minute, CapUnit::Hour, CapUnit::Day, CapUnit::Week, CapUnit::Month];

    /// The word in files.
    pub fn as_str(self) -> &'static str {
        match self {
            CapUnit::Minute => "minute",
            CapUnit::Hour => "hour",
            CapUnit::Day => "day",
            CapUnit::Week => "week",
            CapUnit::Month => "month",
        }
    }
}

/// A name as part of an id: letters and digits of ASCII in lower case, all else as one `_` between them;
/// none when nothing is left.
pub fn slug(name: &str) -> Option<String> {
    let mut slug = String::new();
    for word in name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()) {
        if !slug.is_empty() {
            slug.push('_');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    slug.truncate(SLUG_BYTES_MAX);
    (!slug.is_empty()).then_some(slug)
}

impl Cap {
    /// Whether another cap of this id counts the same leads in the same time, so that its counter goes on:
    /// only how much it lets through, and what it says, may differ.
    pub fn counts_as(&self, other: &Cap) -> bool {
        self.id == other.id
            && self.period == other.period
            && self.when == other.when
            && matches!(
                (self.limit, other.limit),
                (CapLimit::Leads(_), CapLimit::Leads(_)) | (CapLimit::Spend(_), CapLimit::Spend(_))
            )
    }

    /// What is said when it is full: `Daily cap reached (100/100)`.
    pub fn full(&self, count: CapLimit) -> Arc<str> {
        match &self.reason {
            Some(reason) => Arc::clone(reason),
            None => format!("{} reached ({count}/{})", self.name, self.limit).into(),
        }
    }
}

impl fmt::Display for CapLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            CapLimit::Leads(count) => count.fmt(f),
            CapLimit::Spend(amount) => amount.fmt(f),
        }
    }
}

/// The Monday that days and weeks are counted from.
const FIRST_MONDAY: Date = date(1970, 1, 5);
const MINUTE_MS: i64 = 60_000;
const DAY_MS: i64 = 24 * 60 * MINUTE_MS;

impl CapPeriod {
    /// The period that a moment lies in: its first moment, and the first after it. Days, weeks and months
    /// begin when clocks first show midnight; days and weeks are counted from Monday 1970-01-05, months
    /// from January 1970. Minutes and hours of which a whole number makes a day are counted from the start
    /// of the day, others from that Monday, as time goes by.
    pub fn around(&self, at: Timestamp) -> (Timestamp, Timestamp) {
        let every = i64::from(self.every.max(1));
        let minutes = match self.unit {
            CapUnit::Minute => every,
            CapUnit::Hour => every * 60,
            CapUnit::Day => return self.days(at, every),
            CapUnit::Week => return self.days(at, every * 7),
            CapUnit::Month => return self.months(at, every),
        };
        let length = minutes * MINUTE_MS;
        let (start, end) = if DAY_MS % length == 0 {
            self.days(at, 1)
        } else {
            (self.midnight(FIRST_MONDAY), Timestamp::MAX)
        };
        let since = at.as_millis() - start.as_millis();
        let from = start.plus_millis(since - since.rem_euclid(length));
        (from, from.plus_millis(length).min(end))
    }

    fn days(&self, at: Timestamp, every: i64) -> (Timestamp, Timestamp) {
        let shown = self.zone.shown(at).date();
        let since = i64::from(FIRST_MONDAY.until(shown).map_or(0, |span| span.get_days()));
        let start = |number: i64| {
            let days = jiff::Span::new().try_days(number * every);
            days.and_then(|days| FIRST_MONDAY.checked_add(days)).map(|date| self.midnight(date)).ok()
        };
        settle(at, since.div_euclid(every), start)
    }

    fn months(&self, at: Timestamp, every: i64) -> (Timestamp, Timestamp) {
        let shown = self.zone.shown(at).date();
        let since = (i64::from(shown.year()) - 1970) * 12 + i64::from(shown.month()) - 1;
        let start = |number: i64| {
            let months = number * every;
            let year = i16::try_from(1970 + months.div_euclid(12)).ok()?;
            let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
            Date::new(year, month, 1).map(|date| self.midnight(date)).ok()
        };
        settle(at, since.div_euclid(every), start)
    }

    /// When clocks first show this day.
    fn midnight(&self, date: Date) -> Timestamp {
        let start = self.zone.rules().to_timestamp(date.at(0, 0, 0, 0));
        start.map_or(Timestamp::MAX, |start| Timestamp::from_millis(start.as_millisecond()))
    }
}

/// The period around a moment, near the one of this number: clocks that are set at midnight show a day
/// early, or again.
fn settle(
    at: Timestamp,
    mut number: i64,
    start: impl Fn(i64) -> Option<Timestamp>,
) -> (Timestamp, Timestamp) {
    let bound = |number| start(number).unwrap_or(if number < 0 { Timestamp::MIN } else { Timestamp::MAX });
    let (mut from, mut to) = (bound(number), bound(number + 1));
    while from > at && from > Timestamp::MIN {
        number -= 1;
        (from, to) = (bound(number), from);
    }
    while to <= at && to < Timestamp::MAX {
        number += 1;
        (from, to) = (to, bound(number + 1));
    }
    (from, to)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn around(unit: CapUnit, every: u32, zone: &str, at: &str) -> String {
        let period = CapPeriod { unit, every, zone: zone.parse().unwrap() };
        let (from, to) = period.around(at.parse().unwrap());
        format!("{from} {to}").replace(":00.000Z", "Z")
    }

    #[test]
    fn periods_are_those_of_the_calendar_at_a_place() {
        use CapUnit::{Day, Hour, Minute, Month, Week};
        for (unit, every, zone, at, wanted) in [
            (Day, 1, "UTC", "2026-01-15T16:00:00Z", "2026-01-15T00:00Z 2026-01-16T00:00Z"),
            (Day, 1, "America/Chicago", "2026-01-15T05:59:59Z", "2026-01-14T06:00Z 2026-01-15T06:00Z"),
            // 23 and 25 hours.
            (Day, 1, "America/Chicago", "2026-03-08T12:00:00Z", "2026-03-08T06:00Z 2026-03-09T05:00Z"),
            (Day, 1, "America/Chicago", "2026-11-01T12:00:00Z", "2026-11-01T05:00Z 2026-11-02T06:00Z"),
            (Week, 1, "UTC", "2026-01-15T16:00:00Z", "2026-01-12T00:00Z 2026-01-19T00:00Z"),
            (Week, 2, "UTC", "1970-01-18T23:59:59Z", "1970-01-05T00:00Z 1970-01-19T00:00Z"),
            (Week, 2, "UTC", "1970-01-04T00:00:00Z", "1969-12-22T00:00Z 1970-01-05T00:00Z"),
            (Month, 1, "UTC", "2024-02-29T16:00:00Z", "2024-02-01T00:00Z 2024-03-01T00:00Z"),
            (Month, 3, "UTC", "2024-12-31T16:00:00Z", "2024-10-01T00:00Z 2025-01-01T00:00Z"),
            (Hour, 1, "Asia/Kolkata", "2026-01-15T16:00:00Z", "2026-01-15T15:30Z 2026-01-15T16:30Z"),
            (Hour, 6, "UTC", "2026-01-15T16:00:00Z", "2026-01-15T12:00Z 2026-01-15T18:00Z"),
            // The hour from one to two, and the same once more.
            (Hour, 1, "America/Chicago", "2026-11-01T06:30:00Z", "2026-11-01T06:00Z 2026-11-01T07:00Z"),
            (Hour, 1, "America/Chicago", "2026-11-01T07:30:00Z", "2026-11-01T07:00Z 2026-11-01T08:00Z"),
            (Minute, 15, "UTC", "2026-01-15T16:29:59.999Z", "2026-01-15T16:15Z 2026-01-15T16:30Z"),
            (Hour, 36, "UTC", "1970-01-06T16:00:00Z", "1970-01-06T12:00Z 1970-01-08T00:00Z"),
        ] {
            assert_eq!(around(unit, every, zone, at), wanted, "{every} {unit:?} {zone} {at}");
        }
    }

    #[test]
    fn a_day_that_clocks_show_twice_or_never_is_one_period() {
        // Clocks went from 00:01 back to 23:01: the new day began, ended and began again.
        assert_eq!(
            around(CapUnit::Day, 1, "America/St_Johns", "2006-10-29T02:45:00Z"),
            "2006-10-29T02:30Z 2006-10-30T03:30Z"
        );
        // The 30th of December was left out.
        assert_eq!(
            around(CapUnit::Day, 1, "Pacific/Apia", "2011-12-30T12:00:00Z"),
            "2011-12-30T10:00Z 2011-12-31T10:00Z"
        );
        // Midnight was left out.
        assert_eq!(
            around(CapUnit::Day, 1, "America/Sao_Paulo", "2018-11-04T12:00:00Z"),
            "2018-11-04T03:00Z 2018-11-05T02:00Z"
        );
    }

    #[test]
    fn a_name_becomes_part_of_an_id() {
        assert_eq!(slug("Daily cap").as_deref(), Some("daily_cap"));
        assert_eq!(slug("  TX -- per/day! ").as_deref(), Some("tx_per_day"));
        assert_eq!(slug("—"), None);
        assert_eq!(slug(&"x".repeat(500)).map(|slug| slug.len()), Some(64));
    }

    #[test]
    fn a_full_cap_says_so() {
        let cap = Cap {
            id: "buyer_premier/daily_cap".into(),
            name: "Daily cap".into(),
            limit: CapLimit::Leads(100),
            period: CapPeriod { unit: CapUnit::Day, every: 1, zone: TimeZone::UTC },
            when: None,
            reason: None,
        };
        assert_eq!(&*cap.full(CapLimit::Leads(100)), "Daily cap reached (100/100)");
        let own = Cap { reason: Some("Enough".into()), limit: CapLimit::Leads(5), ..cap.clone() };
        assert_eq!(&*own.full(CapLimit::Leads(5)), "Enough");
        assert!(own.counts_as(&cap));
        assert!(!Cap { limit: CapLimit::Spend(Money::ZERO), ..cap.clone() }.counts_as(&cap));
        let period = CapPeriod { every: 2, ..cap.period.clone() };
        assert!(!Cap { period, ..cap.clone() }.counts_as(&cap));
    }

    const ZONES: [&str; 8] = [
        "UTC",
        "America/Chicago",
        "America/St_Johns",
        "America/Sao_Paulo",
        "America/Havana",
        "Asia/Kathmandu",
        "Australia/Lord_Howe",
        "Pacific/Apia",
    ];

    proptest! {
        /// Every moment lies in one period, and the next begins where it ends.
        #[test]
        fn periods_follow_each_other(
            ms in 0..1_900_000_000_000_i64,
            unit in 0..5_usize,
            every in 1..40_u32,
            zone in 0..ZONES.len(),
        ) {
            let period = CapPeriod { unit: CapUnit::ALL[unit], every, zone: ZONES[zone].parse().unwrap() };
            let at = Timestamp::from_millis(ms);
            let (from, to) = period.around(at);
            prop_assert!(from <= at && at < to, "{} {} {}", from, at, to);
            prop_assert_eq!(period.around(from), (from, to));
            prop_assert_eq!(period.around(to.plus_millis(-1)), (from, to));
            prop_assert_eq!(period.around(to).0, to);
        }
    }
}
