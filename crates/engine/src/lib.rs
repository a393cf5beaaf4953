//! Takes a lead through its flow: asks `domain` what is next, does it, appends the events.
//!
//! [`Engine::submit`] is the way in; `run.rs` is the life of one lead, from `source.submitted` to
//! `flow.completed`, and also how a lead that a crash interrupted goes on. [`Control`] is the
//! installation's state (flows, parties, keys), folded from the control ledger. The engine
//! writes; it knows nothing of being asked over HTTP, of lists or exports. Other parties are asked
//! through [`Parties`], for real by [`HttpParties`].

mod clock;
mod control;
mod engine;
mod http_parties;
mod parties;
mod run;

pub use clock::{Clock, SystemClock};
pub use control::{Control, ControlError, Draft, Entity, Key, NewKey, Published, PublishedFlow};
pub use engine::{Engine, LEAD_BYTES_MAX, Render, ResumeError, Submission, SubmitError, Submitted};
pub use http_parties::{HttpOptions, HttpParties};
pub use parties::{Answered, Asking, Call, CallFault, Parties};
