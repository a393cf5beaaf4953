//! Takes a lead through its flow: asks `domain` what is next, does it, appends the events.
//!
//! [`Engine::submit`] is the way in; `run.rs` is the life of one lead, from `source.submitted` to
//! `flow.completed`, and `story.rs` the fold of its events that also takes it up again after a crash.
//! `delivery.rs` asks other parties, which stand behind [`Parties`] and are asked for real by
//! [`HttpParties`]; [`Engine::keep_retrying`] tries again what failed, [`Engine::feedback`] takes in what
//! buyers report. [`Control`] is the installation's state (flows, parties, keys), folded from the control
//! ledger. The engine writes; it knows nothing of requests that come in, lists or exports.

mod answering;
mod appended;
mod asking;
mod barriers;
mod caps;
mod circuits;
mod clock;
mod control;
mod delivery;
mod distributing;
mod duplicates;
mod engine;
mod feedback;
mod folds;
mod gates;
mod http_parties;
mod idempotency;
mod lists;
mod parties;
mod ping_limits;
mod pinging;
mod resending;
mod restoring;
mod retries;
mod run;
mod sensitive;
mod snapshot;
mod story;
mod turn_keeper;
mod turns;
mod wsdl;

#[cfg(feature = "sabotage")]
pub use barriers::Barrier;
pub use barriers::Barriers;
pub use caps::CapCount;
pub use circuits::{CircuitPosition, CircuitStanding};
pub use clock::{Clock, SystemClock};
pub use control::{
    Control, ControlError, Draft, Entity, Key, LIST_ITEMS_AT_A_TIME, NewKey, Published, PublishedFlow,
    SECRETS_MAX, Secret,
};
pub use engine::{
    Engine, EngineParts, IdempotencyKey, LEAD_BYTES_MAX, Render, RepeatKey, ResumeError, Submission,
    SubmitError, Submitted,
};
pub use feedback::{
    Decision, FeedbackError, PendingReport, Report, ReportKind, ReportStatus, Reported, Revoke, Revoked,
    Sale, ToldBuyer, Verdict,
};
pub use folds::{FoldsFrom, Pace, RebuiltFolds};
pub use http_parties::{Connecting, HttpOptions, HttpParties, Network, Redirect, Resolving, SystemNetwork};
pub use lists::List;
pub use parties::{Answered, Asking, Call, CallFault, MailCall, Parties, Purpose, StepLimits};
pub use ping_limits::PingLimits;
pub use pinging::{Ping, PingRender, Pinged};
pub use resending::Resent;
pub use restoring::{CapOwner, CapStanding};
pub use turns::CallFigures;
pub use wsdl::{FoundWsdl, find_wsdl, read_flow};
