//! What Glassline is about, as values: leads, flows, events, and the rules between them.
//!
//! Nothing here reads a clock, a file, a socket or a random number, and nothing waits: time and
//! randomness arrive as arguments, and what to do is decided here and done by `engine`. The crate
//! knows nothing of JSON either; `wire` gives these values their stored and public shapes.
//!
//! Start with [`Event`] (what happened), then [`Lead`] (what it happened to) and [`EventKind`]
//! (what is true of each kind of moment).

mod control;
mod event;
mod event_kind;
mod event_type;
mod id;
mod lead;
mod ledger_event;
mod money;
mod name;
mod number;
mod outcome;
mod path;
mod timestamp;
mod value;

pub use control::{ApiKeyHash, ControlEvent, ControlKind, EntityKind, Reveal};
pub use event::{Event, EventBody, EventHead, Exchange, Marks, RuleTrace, Timing, TracedRule};
pub use event_kind::{
    Answer, Asked, Call, Completion, EventKind, Fault, FaultKind, Feedback, FeedbackKind, Price, Retry,
};
pub use event_type::{EventType, UnknownEventType};
pub use id::{ChainId, EventId, IdError, LeadId, LeadIdKind, SubjectId};
pub use lead::Lead;
pub use ledger_event::{LedgerEvent, LedgerEventKind, Predecessor};
pub use money::{Money, MoneyError};
pub use name::{EntityId, FlowId, FlowVersion, NameError, SourceId, StepId};
pub use number::Number;
pub use outcome::{Outcome, Reason, ReasonCode};
pub use path::{FieldPath, PATH_BYTES_MAX, PathError};
pub use timestamp::{Timestamp, TimestampError};
pub use value::{Scalar, Value};
