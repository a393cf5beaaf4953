//! What templates are filled with: one lead at one moment.

use std::borrow::Cow;

use crate::{EventId, FieldPath, Lead, LeadId, Money, Number, Seed, TimeZone, Timestamp, Value};

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
            seed: Seed::default(),
        }
    }

    pub(crate) fn get(&self, variable: &Variable) -> Option<Cow<'a, Value>> {
        let text = |text: String| Cow::Owned(Value::text(text));
        match variable {
            Variable::Value(path) => self.lead.get(path.as_str()).map(Cow::Borrowed),
            Variable::LeadId => self.lead_id.map(|id| text(id.to_string())),
            Variable::DeliveryId => self.delivery_id.map(|id| text(id.to_string())),
            Variable::Price => {
                let number: Number = self.price?.to_string().parse().expect("an amount is a decimal");
                Some(Cow::Owned(Value::from(number)))
            }
        }
    }
}

/// One thing a template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Variable {
    /// A value of the lead.
    Value(FieldPath),
    LeadId,
    DeliveryId,
    Price,
}
