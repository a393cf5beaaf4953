//! The real ledger as a log that histories can be played to, and its files taken apart by hand.
//!
//! [`play`] is all that most tests need: it plays one [`History`](crate::histories::History) to a
//! [`LedgerLog`], with every defence on or without one of them. An [`Installation`] is for cases told
//! step by step. [`hot_file`] reads and writes frames
//! by the documented layout alone, sharing no code with the ledger, so a test that forges a record
//! checks the format as well.

mod entropy;
mod events;
pub mod hot_file;
mod installation;
mod play;
mod subject;

pub use entropy::SeededEntropy;
pub use events::{at, content_of, event, event_id, lead_id};
pub use installation::Installation;
pub use play::{Missing, play};
pub use subject::{LedgerLog, keys, options};
