//! How much there may be of something: at a time, and within each period.

use std::fmt;
use std::time::Duration;

/// Most that a limit can name.
pub const LIMIT_MAX: u32 = 1_000_000_000;

/// How many submissions are taken from a source, or how many calls go to another party; none means any
/// number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Limits {
    /// At a time.
    pub concurrent: Option<u32>,
    /// Within a second.
    pub per_second: Option<u32>,
    /// Within a minute.
    pub per_minute: Option<u32>,
    /// Within an hour.
    pub per_hour: Option<u32>,
    /// Within 24 hours.
    pub per_day: Option<u32>,
}

/// A period that a limit counts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LimitPeriod {
    /// One second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
}

impl LimitPeriod {
    /// All of them, shortest first.
    pub const ALL: [LimitPeriod; 4] =
        [LimitPeriod::Second, LimitPeriod::Minute, LimitPeriod::Hour, LimitPeriod::Day];

    /// How long it is.
    pub fn length(self) -> Duration {
        Duration::from_secs(match self {
            LimitPeriod::Second => 1,
            LimitPeriod::Minute => 60,
            LimitPeriod::Hour => 3600,
            LimitPeriod::Day => 24 * 3600,
        })
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            LimitPeriod::Second => "second",
            LimitPeriod::Minute => "minute",
            LimitPeriod::Hour => "hour",
            LimitPeriod::Day => "day",
        }
    }
}

impl fmt::Display for LimitPeriod {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Limits {
    /// The limits of periods that are set, shortest period first.
    pub fn rates(&self) -> impl Iterator<Item = (LimitPeriod, u32)> {
        let limits = [self.per_second, self.per_minute, self.per_hour, self.per_day];
        LimitPeriod::ALL.into_iter().zip(limits).filter_map(|(period, max)| max.map(|max| (period, max)))
    }

    /// Whether none is set.
    pub fn is_none(&self) -> bool {
        *self == Limits::default()
    }
}
