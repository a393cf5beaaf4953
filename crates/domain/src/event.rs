//! One thing that happened to one lead: a head that every event has, a kind that says what is
//! true of it, and a body with the lead as it stood.

use std::sync::Arc;

use crate::{
    DuplicateKey, EventId, EventKind, EventType, FieldStates, FlowId, FlowVersion, Lead, LeadId, Scalar,
    SourceId, StepId, Timestamp,
};

/// One thing that happened to one lead: written once, never changed. It has no place in the order
/// yet: `lead_seq` is given by the lead's owner and `seq` by the ledger's writer.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What every event has.
    pub head: EventHead,
    /// What happened, and what is true of that kind of moment.
    pub kind: EventKind,
    /// What may hold personal values: sealed at rest, masked on the way out.
    pub body: EventBody,
}

impl Event {
    /// The type, as users see it.
    pub fn event_type(&self) -> EventType {
        self.kind.event_type()
    }
}

/// What every event of a lead has.
#[derive(Debug, Clone, PartialEq)]
pub struct EventHead {
    /// Unique; drawn by the caller.
    pub id: EventId,
    /// When the moment ended; never earlier than the lead's previous event.
    pub at: Timestamp,
    /// Whose moment it is.
    pub lead_id: LeadId,
    /// The flow the lead runs through.
    pub flow_id: FlowId,
    /// The published state of the flow that produced the event.
    pub flow_version: FlowVersion,
    /// Where the lead came from.
    pub source_id: SourceId,
    /// How long it took.
    pub timing: Timing,
    /// Declared report dimensions, in the clear: closed types and value lists only. Pairs of
    /// path (`lead.state`) and value, ascending by path. Empty on `source.submitted`.
    pub dims: Vec<(Arc<str>, Scalar)>,
    /// Which declared fields the lead has, and which of them are valid. Empty on
    /// `source.submitted`, where nothing is parsed.
    pub fields: FieldStates,
    /// What sets a lead apart.
    pub marks: Marks,
}

/// How long a moment took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// The step's own time, by the monotonic clock.
    pub duration_ms: u64,
    /// The part of it spent waiting for the other side.
    pub wait_ms: u64,
    /// Since the submission arrived.
    pub total_ms: u64,
}

/// What sets a lead apart from an ordinary one; usually nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Marks {
    /// Runs for real, stays out of caps, money and reports.
    pub test: bool,
    /// The import it came with.
    pub batch: Option<Arc<str>>,
    /// The lead it is sent again for.
    pub resubmit_of: Option<LeadId>,
    /// The HTTP request that caused the event.
    pub request_id: Option<Arc<str>>,
    /// What makes the submission safe to repeat; only on `source.submitted`.
    pub idempotency: Option<Idempotency>,
    /// What the lead is known by to those that come after it; only on `source.accepted` and
    /// `source.rejected`.
    pub duplicate_keys: Vec<DuplicateKey>,
    /// The ping whose offer the submission takes up; only on `source.submitted`.
    pub ping_id: Option<LeadId>,
    /// The recipients of a group that could have been asked first, in order, when this event says which
    /// one was; only on `recipient.attempted`.
    pub turn: Vec<StepId>,
}

/// Keyed hashes of an idempotency key and of what came with it: whoever lacks the installation's key
/// learns nothing from them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Idempotency {
    /// Of flow, source and key.
    pub key: [u8; 12],
    /// Of all that must be the same when the key is.
    pub payload: [u8; 12],
}

/// What may hold personal values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EventBody {
    /// The whole lead just after the event.
    pub lead: Lead,
    /// What was sent and answered, in order; no secrets, no sensitive values.
    pub exchanges: Vec<Exchange>,
    /// How a condition was decided.
    pub rules: Option<RuleTrace>,
    /// The partner's own words.
    pub reason_raw: Option<Arc<str>>,
    /// What is masked in the lead and later steps still need: the values in the clear, under their
    /// paths. Of `source.submitted` all that is masked; of a later event all that is masked of what
    /// steps appended, when that changed. It is sealed under a key of its own that is destroyed soon.
    pub sensitive: Option<Lead>,
}

/// One request and its answer, as text. A side that did not happen is absent: the exchange of
/// `source.submitted` has only a request, that of `flow.completed` only a response.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Exchange {
    /// What was asked: start line, headers, empty line, body.
    pub request: Option<Arc<[u8]>>,
    /// What was answered, in the same form.
    pub response: Option<Arc<[u8]>>,
}

/// How a condition was decided: its rules in order of evaluation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RuleTrace {
    /// The rules that were looked at.
    pub rules: Vec<TracedRule>,
}

/// One rule, with what it met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TracedRule {
    /// The rule in words, without values of the lead: `state is included in TX, OK`.
    pub rule: Arc<str>,
    /// What stood in the lead; null when nothing did.
    pub actual: Scalar,
    /// Whether it held.
    pub passed: bool,
    /// Whether it settled how the condition went; one rule of each condition does. False in records
    /// of releases that did not tell.
    pub decided: bool,
}
