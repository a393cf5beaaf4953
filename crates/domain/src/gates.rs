//! What stands before a lead enters a flow, and before a buyer is asked, besides rules: hours, duplicates,
//! lists and caps. Here is what they are; the engine counts and remembers.

use std::sync::Arc;

use crate::{
    Cap, CapPeriod, Condition, DuplicateRule, Hours, Money, Reason, ReasonCode, SuppressRule, TimeZone,
    Timestamp,
};

/// The gates of a flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Gates {
    /// When leads are taken; none means always.
    pub hours: Option<Hours>,
    /// What makes a lead the same as an earlier one.
    pub duplicates: Vec<DuplicateRule>,
    /// Lists whose leads are refused.
    pub suppress: Vec<SuppressRule>,
    /// How many leads may succeed, or what they may cost.
    pub caps: Vec<Cap>,
    /// How often prices may be asked for.
    pub ping_limits: Vec<PingLimit>,
}

/// The gates of one source in a flow.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SourceGates {
    /// When its leads are taken; none means always.
    pub hours: Option<Hours>,
    /// How many of its leads may succeed, or what they may cost.
    pub caps: Vec<Cap>,
    /// How often it may ask for a price.
    pub ping_limits: Vec<PingLimit>,
}

/// The gates before a buyer is asked.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct RecipientGates {
    /// When it is asked, by the clocks of the entity, or else of the flow; none means always.
    pub hours: Option<Hours>,
    /// How many leads it may take here, or pay for.
    pub caps: Vec<Cap>,
    /// The most that its reply can make it pay; a higher price counts as this.
    pub max_price: Option<Money>,
}

/// How often prices may be asked for in a time. Every ping counts, whatever comes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PingLimit {
    /// `<owner>/<slug of its name>`.
    pub id: Arc<str>,
    /// What people call it.
    pub name: Arc<str>,
    /// How often.
    pub max: u32,
    /// In which time.
    pub period: CapPeriod,
}

/// Most limits of pings of a flow or a source.
pub const PING_LIMITS_MAX: usize = 10;

/// Why nothing is taken, or sent, at a moment outside of the hours; none when there are none, or it is
/// within.
pub fn outside_hours(hours: Option<&Hours>, at: Timestamp, zone: &TimeZone) -> Option<Reason> {
    let is_closed = hours.is_some_and(|hours| !hours.is_open(at, zone));
    is_closed.then(|| Reason::new(ReasonCode::OutsideHours, "Outside hours of operation"))
}

/// What is said of a lead that is the same as one of an earlier moment: the day is the one that clocks of
/// the flow showed.
pub fn duplicate_reason(earlier: Timestamp, zone: &TimeZone) -> Reason {
    let day = zone.shown(earlier).date();
    Reason::new(ReasonCode::Duplicate, format!("Duplicate: Previously submitted {day}"))
}

/// The conditions of some caps.
pub(crate) fn conditions(caps: &[Cap]) -> impl Iterator<Item = &Condition> {
    caps.iter().filter_map(|cap| cap.when.as_ref())
}
