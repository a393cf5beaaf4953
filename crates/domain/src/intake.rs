//! What a source may send, how often, and how it is answered.

use std::time::Duration;

use crate::{AddressRange, AnswerField, AnswerForm};

/// Most ranges of addresses that one source may send from.
pub const ALLOW_FROM_MAX: usize = 200;
/// Most fields of one answer.
pub const ANSWER_FIELDS_MAX: usize = 100;
/// Most submissions within one period that a limit can name.
pub const INTAKE_LIMIT_MAX: u32 = 1_000_000_000;
/// Longest time for which an identical submission can count as the same.
pub const SAME_PAYLOAD_MAX: Duration = Duration::from_secs(24 * 3600);

/// How the submissions of one source are taken in. The default takes everything and answers as usual.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Intake {
    /// Where submissions may come from; empty means anywhere.
    pub allow_from: Vec<AddressRange>,
    /// How many submissions are taken.
    pub limits: IntakeLimits,
    /// What is told, in order; none means outcome, reason, lead.id and price.
    pub answer: Option<Vec<AnswerField>>,
    /// How it is told to who takes any form.
    pub answer_as: AnswerForm,
    /// For how long an identical submission gets the first answer; none means that each is a lead.
    pub same_payload: Option<Duration>,
}

/// How many submissions are taken within each period; none means any number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct IntakeLimits {
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
pub enum IntakePeriod {
    /// One second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
}

impl IntakePeriod {
    /// All of them, shortest first.
    pub const ALL: [IntakePeriod; 4] =
        [IntakePeriod::Second, IntakePeriod::Minute, IntakePeriod::Hour, IntakePeriod::Day];

    /// How long it is.
    pub fn length(self) -> Duration {
        Duration::from_secs(match self {
            IntakePeriod::Second => 1,
            IntakePeriod::Minute => 60,
            IntakePeriod::Hour => 3600,
            IntakePeriod::Day => 24 * 3600,
        })
    }

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            IntakePeriod::Second => "second",
            IntakePeriod::Minute => "minute",
            IntakePeriod::Hour => "hour",
            IntakePeriod::Day => "day",
        }
    }
}

impl IntakeLimits {
    /// The limits that are set, shortest period first.
    pub fn iter(&self) -> impl Iterator<Item = (IntakePeriod, u32)> {
        let limits = [self.per_second, self.per_minute, self.per_hour, self.per_day];
        IntakePeriod::ALL.into_iter().zip(limits).filter_map(|(period, max)| max.map(|max| (period, max)))
    }

    /// Whether any is set.
    pub fn any(&self) -> bool {
        self.iter().next().is_some()
    }
}
