//! What follows the ledger: lists of events and timelines of leads, as values.
//!
//! Readers only read: nothing here can lose or change an event, and nothing here knows HTTP.
//! Start with [`EventQuery`] (what is asked), then [`Events`] (who answers) and [`EventPage`]
//! (the answer, written as public JSON under a mask).

mod event_page;
mod event_query;
mod events;
mod moment;
mod names;
mod sight;

pub use event_page::{EventPage, Policies, ShowError};
pub use event_query::{EVENTS_DEFAULT, EVENTS_MAX, EventQuery};
pub use events::{Events, PAGE_BYTES_MAX};
pub use moment::{MomentError, read_moment};
pub use names::{ParameterError, nearest};
pub use sight::{Sight, WHY_CHARS_MAX};
