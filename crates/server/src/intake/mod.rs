//! What sources send: read in steps, each of which may refuse it with the status and text that
//! users know.
//!
//! `body` finds the parameters, `tree` joins them into one tree, `lead` makes a lead of it;
//! `evidence` keeps the request as it came, `reply` is what goes back.

mod body;
mod evidence;
mod lead;
mod refusal;
mod reply;
mod tree;

pub(crate) use body::read_parameters;
pub(crate) use evidence::{Circumstances, evidence};
pub(crate) use lead::{is_set, read_lead};
pub(crate) use refusal::Refusal;
pub(crate) use reply::{ReplyWish, read_reply, write_reply};

/// Most bytes of a request's body.
pub const BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest idempotency key, in bytes.
pub(crate) const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;
/// Most parameters of a submission.
pub(crate) const PARAMETERS_MAX: usize = 500;
