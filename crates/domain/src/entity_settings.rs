//! What holds for a party in all flows.

use crate::{Cap, Circuit, Hours, Limits, TimeZone};

/// What holds for a party in all flows. It is changed without publishing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntitySettings {
    /// How often it sends, or is asked.
    pub limits: Limits,
    /// When it is left alone for a while; none means never.
    pub circuit: Option<Circuit>,
    /// Where it is at home; none means where the flow is.
    pub time_zone: Option<TimeZone>,
    /// When it takes part; none means always.
    pub hours: Option<Hours>,
    /// How many leads it may send or take in all flows, or what they may cost. They have no condition.
    pub caps: Vec<Cap>,
}
