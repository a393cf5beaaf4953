//! What follows the ledger: lists of events and of leads, timelines, and the live tail, as values.
//!
//! Readers only read: nothing here can lose or change an event, and nothing here knows HTTP.
//! Start with [`EventQuery`] (what is asked), then [`Events`] (who answers) and [`EventPage`]
//! (the answer, written as public JSON under a mask). [`LeadQuery`], [`Leads`] and [`LeadPage`] are
//! the same for leads, [`DeadLetters`] for deliveries that nobody tries any more; [`Tail`] gives events as they come.

mod dead_letters;
mod declared;
mod event_page;
mod event_query;
mod events;
mod gather;
mod lead_query;
mod leads;
mod moment;
mod names;
mod sight;
mod tail;
mod values;

pub use dead_letters::{DeadLetter, DeadLetterPage, DeadLetterQuery, DeadLetters, FreeSales};
pub use declared::{DECLARED_NAMES, PublishedFlows};
pub use event_page::{EventPage, Policies, ShowError};
pub use event_query::{EVENTS_DEFAULT, EVENTS_MAX, EventQuery};
pub use events::{Events, PAGE_BYTES_MAX};
pub use lead_query::LeadQuery;
pub use leads::{FoundLead, LEAD_ROWS_MAX, LeadDetail, LeadPage, Leads, LeadsError};
pub use moment::{MomentError, read_moment};
pub use names::ParameterError;
pub use sight::{Sight, WHY_CHARS_MAX};
pub use tail::{BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BEHIND_EVENTS_MAX, Tail, TailStart, Tailed};
