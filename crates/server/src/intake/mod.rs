//! What sources send, and how they are answered. Reading and writing is done by `wire::inbound`; here is what
//! takes a request to it: whether it may come in (`client`, `counters`), why not (`refusal`), the request as
//! it came (`evidence`), and the answer as one piece of HTTP (`reply`).

mod client;
mod counters;
mod evidence;
mod refusal;
mod reply;

pub(crate) use client::client_address;
pub(crate) use counters::{IntakeCounters, LeadUnderWay, SourceLimits};
pub(crate) use evidence::{Circumstances, evidence};
pub(crate) use refusal::Refusal;
pub(crate) use reply::{ReplyWish, answer_format, read_reply, write_ping_reply, write_reply};

/// Most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = wire::inbound::INTAKE_BODY_BYTES_MAX;
/// Longest idempotency key, in bytes.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
