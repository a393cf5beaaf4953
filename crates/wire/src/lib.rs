//! JSON shapes that outlive the process or leave it: stored records, public events, flow files.
//!
//! A stored shape is a promise: it is versioned and only grows, and the bytes that were written
//! are the bytes that are hashed, so nothing here ever re-serialises what it read. Start with
//! [`Record`] (what the ledger stores of an event) and [`Body`] (its sealed half).

pub mod csv;
pub mod flow_file;
pub mod inbound;
pub mod json;
pub mod mask;
pub mod outbound;
pub mod public_event;
pub mod public_lead;

mod body;
mod charset;
mod compression;
mod control_record;
mod event_record;
mod header;
mod nearest;
mod record;
mod try_rules;

pub use body::{Body, BodyError, BodyView, EXCHANGE_BYTES_MAX, Element, PATHS_MAX};
pub use control_record::read_control_event;
pub use event_record::read_event;
pub use header::{Header, HeaderError, HeaderKeys, Text, read_dims, read_field_states};
pub use nearest::nearest;
pub use record::{Place, Record};
pub use try_rules::try_rules;
