//! What templates are filled with: one lead at one moment.

use crate::{EventId, Lead, LeadId, Money, Secrets, Seed, TimeZone, Timestamp};

/// The values that templates may ask for. What is not known at a moment is absent, and renders as
/// nothing.
#[derive(Debug, Clone, Copy)]
pub struct Variables<'a> {
    /// The lead: raw parameters before parsing, else its fields and what steps appended.
    pub lead: &'a Lead,
    /// `lead.id`.
    pub lead_id: Option<LeadId>,
    /// `event_id` and `delivery_id`: the id of the first attempt of this delivery, which buyers may
    /// name when they report back.
    pub delivery_id: Option<EventId>,
    /// `price`: what the source is offered.
    pub price: Option<Money>,
    /// `now`: the same for all attempts of one delivery, since each must send what the first one sent.
    pub now: Timestamp,
    /// The flow's, in which moments are shown.
    pub time_zone: &'a TimeZone,
    /// `secret.…`: only where a request is made.
    pub secrets: &'a Secrets,
    /// What `rand()` follows from, and `random` where there is no lead id.
    pub seed: Seed,
}

static UTC: TimeZone = TimeZone::UTC;

impl<'a> Variables<'a> {
    /// The values of a lead alone, at the start of 1970, UTC.
    pub fn of(lead: &'a Lead) -> Variables<'a> {
        Variables {
            lead,
            lead_id: None,
            delivery_id: None,
            price: None,
            now: Timestamp::default(),
            time_zone: &UTC,
            secrets: Secrets::none(),
            seed: Seed::default(),
        }
    }
}
