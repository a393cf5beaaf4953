//! What is true of each kind of moment: no kind carries a field that could contradict it.

use std::sync::Arc;

use crate::{EntityId, EventId, EventType, LeadId, Money, Outcome, Reason, StepId, Timestamp};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EventKind {
    /// A source sent a lead. The body holds every raw parameter and the request as received.
    SourceSubmitted,
    /// The lead was parsed and taken.
    SourceAccepted {
        /// The price offered to the source, when known by then.
        price: Option<Money>,
        /// The caps it counts against: `<owner>/<slug of the cap's name>`.
        caps: Vec<Arc<str>>,
    },
    /// A gate refused the lead.
    SourceRejected {
        /// Which gate, and why.
        reason: Reason,
        /// The lead that came before, when it is a duplicate.
        duplicate_of: Option<LeadId>,
    },
    /// A source asked for a price; the answer is part of the event.
    SourcePinged {
        /// What it was told.
        answer: Answer,
    },
    /// The deadline came before the flow's end.
    SourceAnswered {
        /// What the source was told then.
        answer: Answer,
    },
    /// A filter let the lead through.
    FilterPassed {
        /// The filter.
        step_id: StepId,
        /// How many rules were looked at.
        rules_evaluated: u32,
    },
    /// A filter said no.
    FilterFailed {
        /// The filter.
        step_id: StepId,
        /// How many rules were looked at.
        rules_evaluated: u32,
        /// Why.
        reason: Reason,
    },
    /// A service added data, found under `appended.<step>` of the lead.
    EnhancementSuccess {
        /// Whom we asked.
        call: Call,
    },
    /// A service answered that it has nothing.
    EnhancementFailure {
        /// Whom we asked.
        call: Call,
        /// What it said.
        reason: Reason,
    },
    /// A service gave no usable answer; the flow goes on.
    EnhancementError {
        /// Whom we asked.
        call: Call,
        /// What went wrong.
        fault: Fault,
    },
    /// A service was not asked.
    EnhancementSkipped {
        /// The step.
        step_id: StepId,
        /// Whom it would have asked.
        entity_id: EntityId,
        /// Why not.
        reason: Reason,
    },
    /// A buyer answered a ping.
    RecipientBid {
        /// Whom we asked.
        call: Call,
        /// What it offers, or why it offers nothing.
        bid: Result<Money, NoBid>,
    },
    /// The lead is about to be sent to a buyer: durable before the first byte leaves.
    RecipientAttempted {
        /// Whom we are about to ask.
        call: Call,
        /// Which attempt, under which delivery.
        retry: Retry,
        /// The caps with a unit reserved for it.
        caps: Vec<Arc<str>>,
    },
    /// A buyer took the lead.
    RecipientDelivered {
        /// Whom we asked.
        call: Call,
        /// Which attempt, under which delivery.
        retry: Retry,
        /// What it pays.
        price: Price,
    },
    /// A buyer said no, or was not asked because its cap is full. Never retried.
    RecipientFailed {
        /// Whether the buyer saw the lead at all.
        asked: Asked,
        /// Why.
        reason: Reason,
    },
    /// A buyer gave no usable answer. May be retried.
    RecipientError {
        /// Whom we asked.
        call: Call,
        /// Which attempt, under which delivery.
        retry: Retry,
        /// What went wrong.
        fault: Fault,
    },
    /// A buyer was not asked.
    RecipientSkipped {
        /// The step.
        step_id: StepId,
        /// Whom it would have asked.
        entity_id: EntityId,
        /// Why not.
        reason: Reason,
    },
    /// Another attempt is due later.
    RetryScheduled {
        /// The step.
        step_id: StepId,
        /// Whom it will ask.
        entity_id: EntityId,
        /// The coming attempt, under which delivery.
        retry: Retry,
        /// Not before this moment.
        due: Timestamp,
        /// Who asked for it, when it is not the step's own policy.
        reason: Option<Reason>,
    },
    /// The due attempt begins.
    RetryAttempted {
        /// The step.
        step_id: StepId,
        /// Whom it asks.
        entity_id: EntityId,
        /// The attempt, under which delivery.
        retry: Retry,
    },
    /// A buyer reported back. Always recorded, whatever becomes of it.
    FeedbackReceived {
        /// The report.
        feedback: Feedback,
    },
    /// A buyer gave the lead back, and that was accepted.
    FeedbackReturned {
        /// The report.
        feedback: Feedback,
    },
    /// Feedback took effect, or was refused.
    FeedbackProcessed {
        /// The report.
        feedback: Feedback,
        /// The money it takes back, or why it was refused.
        result: Result<Reversal, Reason>,
        /// When the source is to be told of it; none when it is not.
        relay_due: Option<Timestamp>,
    },
    /// The source was told of feedback, or could not be.
    FeedbackSent {
        /// The report.
        feedback: Feedback,
        /// How that went.
        notice: Notice,
    },
    /// The person withdrew consent: the lead is sent nowhere any more.
    ConsentRevoked {
        /// How many buyers have it, or may have it.
        buyers: u32,
        /// When they are to be told; none when nobody has it.
        due: Option<Timestamp>,
    },
    /// A buyer that has the lead was told that consent was withdrawn, or could not be.
    ConsentSent {
        /// The step that sent it the lead.
        step_id: StepId,
        /// The buyer.
        entity_id: EntityId,
        /// The delivery by which it has the lead.
        delivery_id: EventId,
        /// How that went.
        notice: Notice,
    },
    /// The first pass through the flow ended.
    FlowCompleted(Completion),
    /// The person was forgotten: earlier bodies of this lead are gone.
    PrivacyErased,
}

/// What a source is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How it went.
    pub outcome: Outcome,
    /// Why, unless it went well.
    pub reason: Option<Reason>,
    /// What the source is paid, or offered.
    pub price: Money,
}

/// A request to another party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The step that asks.
    pub step_id: StepId,
    /// Whom.
    pub entity_id: EntityId,
    /// How: `custom_json` and so on.
    pub integration: Arc<str>,
    /// The HTTP status it answered with, when it answered.
    pub response_code: Option<u16>,
}

/// Which attempt of which delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retry {
    /// 1 for the first.
    pub attempt: u32,
    /// The id of the first `recipient.attempted` of this lead, step and buyer: the idempotency
    /// key of every attempt.
    pub delivery_id: EventId,
}

/// What a buyer pays, and how that compares with what was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Price {
    /// The amount.
    pub amount: Money,
    /// The buyer's reply named a price below the floor, after it had the lead.
    pub below_floor: bool,
    /// Not a sale: a copy for a system of one's own, out of revenue and sold counts.
    pub copy: bool,
}

/// Why a buyer that was pinged offers nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoBid {
    /// It said no.
    Declined(Reason),
    /// It gave no usable answer in time.
    Fault(Fault),
}

impl NoBid {
    /// Why.
    pub fn reason(&self) -> &Reason {
        match self {
            NoBid::Declined(reason) => reason,
            NoBid::Fault(fault) => &fault.reason,
        }
    }
}

/// Whether a buyer that counts as failed saw the lead at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// It did, and said no.
    Yes {
        /// Whom we asked.
        call: Call,
        /// Which attempt, under which delivery.
        retry: Retry,
    },
    /// Its cap was full, so it was not asked.
    No {
        /// The step.
        step_id: StepId,
        /// Whom it would have asked.
        entity_id: EntityId,
    },
}

/// Why there is no usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which part failed.
    pub kind: FaultKind,
    /// The same for people, such as `Service timeout after 5000ms`.
    pub reason: Reason,
}

impl Fault {
    /// Whether the other side may have acted all the same: bytes may have been sent, and no whole reply
    /// was read, which `response_code` would tell.
    pub fn is_unknown(&self, response_code: Option<u16>) -> bool {
        match self.kind {
            FaultKind::Timeout | FaultKind::Unknown => true,
            FaultKind::Reply => response_code.is_none(),
            FaultKind::Dns
            | FaultKind::Connect
            | FaultKind::Tls
            | FaultKind::Auth
            | FaultKind::Status
            | FaultKind::Limit
            | FaultKind::Circuit => false,
        }
    }
}

/// Which part of a call failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FaultKind {
    /// The name did not resolve.
    Dns,
    /// No connection.
    Connect,
    /// The certificate or handshake was refused.
    Tls,
    /// Too slow.
    Timeout,
    /// Our credentials were refused.
    Auth,
    /// A status that tells of a fault.
    Status,
    /// An unreadable answer.
    Reply,
    /// Bytes were sent, nothing complete came back.
    Unknown,
    /// A limit of ours was reached, so that nothing was sent.
    Limit,
    /// The circuit of the other side is open, so that nothing was sent.
    Circuit,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: [FaultKind; 10] = [
        FaultKind::Dns,
        FaultKind::Connect,
        FaultKind::Tls,
        FaultKind::Timeout,
        FaultKind::Auth,
        FaultKind::Status,
        FaultKind::Reply,
        FaultKind::Unknown,
        FaultKind::Limit,
        FaultKind::Circuit,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            FaultKind::Dns => "dns",
            FaultKind::Connect => "connect",
            FaultKind::Tls => "tls",
            FaultKind::Timeout => "timeout",
            FaultKind::Auth => "auth",
            FaultKind::Status => "status",
            FaultKind::Reply => "reply",
            FaultKind::Unknown => "unknown",
            FaultKind::Limit => "limit",
            FaultKind::Circuit => "circuit",
        }
    }

    /// Whether the other side was asked at all, or we kept the call back.
    pub fn was_asked(self) -> bool {
        match self {
            FaultKind::Dns
            | FaultKind::Connect
            | FaultKind::Tls
            | FaultKind::Timeout
            | FaultKind::Auth
            | FaultKind::Status
            | FaultKind::Reply
            | FaultKind::Unknown => true,
            FaultKind::Limit | FaultKind::Circuit => false,
        }
    }
}

/// What a buyer reported about a lead it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Feedback {
    /// The buyer that reports.
    pub entity_id: EntityId,
    /// The outcome's event that the report is about.
    pub recipient_event_id: EventId,
    /// Return or conversion.
    pub kind: FeedbackKind,
    /// The word that came with it, such as `sold`; checked against the word list.
    pub value: Option<Arc<str>>,
    /// Whole days from the submission to the conversion.
    pub days_to_convert: Option<u32>,
    /// The reason that came with it; checked against the word list, or one of those the flow allows.
    pub reason: Option<Arc<str>>,
    /// The event by which the report came; none on that event itself, and in records of releases that
    /// did not tell.
    pub feedback_id: Option<EventId>,
}

/// The money that accepted feedback takes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reversal {
    /// Of what the buyer pays.
    pub revenue: Money,
    /// Of what the source is paid.
    pub cost: Money,
}

/// One attempt to tell another party something about a lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// What came of it.
    pub end: NoticeEnd,
    /// How it was told: `custom_json` and so on; none when it was not asked.
    pub integration: Option<Arc<str>>,
    /// The HTTP status it answered with, when it answered.
    pub response_code: Option<u16>,
    /// 1 for the first.
    pub attempt: u32,
    /// When it is told again; none when it is not.
    pub due: Option<Timestamp>,
}

/// What came of telling another party something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoticeEnd {
    /// It took it.
    Taken,
    /// It said no. Never tried again.
    Refused(Reason),
    /// It gave no usable answer. May be tried again.
    Fault(Fault),
    /// It was not asked.
    NotAsked(Reason),
}

impl Notice {
    fn outcome(&self) -> Outcome {
        match self.end {
            NoticeEnd::Taken => Outcome::Success,
            NoticeEnd::Refused(_) => Outcome::Failure,
            NoticeEnd::Fault(_) => Outcome::Error,
            NoticeEnd::NotAsked(_) => Outcome::Skip,
        }
    }

    fn reason(&self) -> Option<&Reason> {
        match &self.end {
            NoticeEnd::Taken => None,
            NoticeEnd::Refused(reason) | NoticeEnd::NotAsked(reason) => Some(reason),
            NoticeEnd::Fault(fault) => Some(&fault.reason),
        }
    }
}

/// What a report does to the lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FeedbackKind {
    /// The buyer gives the lead back.
    Return,
    /// The lead became a customer.
    Conversion,
}

impl FeedbackKind {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            FeedbackKind::Return => "return",
            FeedbackKind::Conversion => "conversion",
        }
    }
}

/// What the first pass through the flow came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// How it went.
    pub final_outcome: Outcome,
    /// Why, unless it went well.
    pub reason: Option<Reason>,
    /// How many steps were run.
    pub steps_run: u32,
    /// How many buyers took the lead.
    pub deliveries: u32,
    /// What the source is paid.
    pub cost: Money,
    /// What the buyers pay.
    pub revenue: Money,
}

impl Completion {
    /// Revenue less cost.
    pub fn margin(&self) -> Money {
        self.revenue.checked_sub(self.cost).expect("amounts of one lead are far from the limits")
    }
}

impl EventKind {
    /// The type, as users see it.
    pub fn event_type(&self) -> EventType {
        match self {
            EventKind::SourceSubmitted => EventType::SourceSubmitted,
            EventKind::SourceAccepted { .. } => EventType::SourceAccepted,
            EventKind::SourceRejected { .. } => EventType::SourceRejected,
            EventKind::SourcePinged { .. } => EventType::SourcePinged,
            EventKind::SourceAnswered { .. } => EventType::SourceAnswered,
            EventKind::FilterPassed { .. } => EventType::FilterPassed,
            EventKind::FilterFailed { .. } => EventType::FilterFailed,
            EventKind::EnhancementSuccess { .. } => EventType::EnhancementSuccess,
            EventKind::EnhancementFailure { .. } => EventType::EnhancementFailure,
            EventKind::EnhancementError { .. } => EventType::EnhancementError,
            EventKind::EnhancementSkipped { .. } => EventType::EnhancementSkipped,
            EventKind::RecipientBid { .. } => EventType::RecipientBid,
            EventKind::RecipientAttempted { .. } => EventType::RecipientAttempted,
            EventKind::RecipientDelivered { .. } => EventType::RecipientDelivered,
            EventKind::RecipientFailed { .. } => EventType::RecipientFailed,
            EventKind::RecipientError { .. } => EventType::RecipientError,
            EventKind::RecipientSkipped { .. } => EventType::RecipientSkipped,
            EventKind::RetryScheduled { .. } => EventType::RetryScheduled,
            EventKind::RetryAttempted { .. } => EventType::RetryAttempted,
            EventKind::FeedbackReceived { .. } => EventType::FeedbackReceived,
            EventKind::FeedbackReturned { .. } => EventType::FeedbackReturned,
            EventKind::FeedbackProcessed { .. } => EventType::FeedbackProcessed,
            EventKind::FeedbackSent { .. } => EventType::FeedbackSent,
            EventKind::ConsentRevoked { .. } => EventType::ConsentRevoked,
            EventKind::ConsentSent { .. } => EventType::ConsentSent,
            EventKind::FlowCompleted(_) => EventType::FlowCompleted,
            EventKind::PrivacyErased => EventType::PrivacyErased,
        }
    }

    /// How the moment ended; none for moments that are neither good nor bad.
    pub fn outcome(&self) -> Option<Outcome> {
        match self {
            EventKind::SourceSubmitted
            | EventKind::RecipientAttempted { .. }
            | EventKind::RetryScheduled { .. }
            | EventKind::RetryAttempted { .. }
            | EventKind::ConsentRevoked { .. }
            | EventKind::PrivacyErased => None,
            EventKind::SourceAccepted { .. }
            | EventKind::FilterPassed { .. }
            | EventKind::EnhancementSuccess { .. }
            | EventKind::RecipientDelivered { .. }
            | EventKind::FeedbackReceived { .. }
            | EventKind::FeedbackReturned { .. } => Some(Outcome::Success),
            EventKind::SourceRejected { .. }
            | EventKind::FilterFailed { .. }
            | EventKind::EnhancementFailure { .. }
            | EventKind::RecipientFailed { .. } => Some(Outcome::Failure),
            EventKind::EnhancementError { .. } | EventKind::RecipientError { .. } => Some(Outcome::Error),
            EventKind::EnhancementSkipped { .. } | EventKind::RecipientSkipped { .. } => Some(Outcome::Skip),
            EventKind::SourcePinged { answer } | EventKind::SourceAnswered { answer } => Some(answer.outcome),
            EventKind::RecipientBid { bid, .. } => Some(match bid {
                Ok(_) => Outcome::Success,
                Err(NoBid::Declined(_)) => Outcome::Failure,
                Err(NoBid::Fault(_)) => Outcome::Error,
            }),
            EventKind::FeedbackProcessed { result, .. } => Some(of_result(result)),
            EventKind::FeedbackSent { notice, .. } | EventKind::ConsentSent { notice, .. } => {
                Some(notice.outcome())
            }
            EventKind::FlowCompleted(completion) => Some(completion.final_outcome),
        }
    }

    /// Why it ended so, where a reason belongs to the kind.
    pub fn reason(&self) -> Option<&Reason> {
        match self {
            EventKind::SourceRejected { reason, .. }
            | EventKind::FilterFailed { reason, .. }
            | EventKind::EnhancementFailure { reason, .. }
            | EventKind::EnhancementSkipped { reason, .. }
            | EventKind::RecipientFailed { reason, .. }
            | EventKind::RecipientSkipped { reason, .. } => Some(reason),
            EventKind::EnhancementError { fault, .. } | EventKind::RecipientError { fault, .. } => {
                Some(&fault.reason)
            }
            EventKind::RecipientBid { bid, .. } => bid.as_ref().err().map(NoBid::reason),
            EventKind::FeedbackProcessed { result, .. } => result.as_ref().err(),
            EventKind::FeedbackSent { notice, .. } | EventKind::ConsentSent { notice, .. } => notice.reason(),
            EventKind::SourcePinged { answer } | EventKind::SourceAnswered { answer } => {
                answer.reason.as_ref()
            }
            EventKind::FlowCompleted(completion) => completion.reason.as_ref(),
            EventKind::SourceSubmitted
            | EventKind::SourceAccepted { .. }
            | EventKind::FilterPassed { .. }
            | EventKind::EnhancementSuccess { .. }
            | EventKind::RecipientAttempted { .. }
            | EventKind::RecipientDelivered { .. }
            | EventKind::RetryAttempted { .. }
            | EventKind::FeedbackReceived { .. }
            | EventKind::FeedbackReturned { .. }
            | EventKind::ConsentRevoked { .. }
            | EventKind::PrivacyErased => None,
            EventKind::RetryScheduled { reason, .. } => reason.as_ref(),
        }
    }
}

fn of_result<T>(result: &Result<T, Reason>) -> Outcome {
    if result.is_ok() { Outcome::Success } else { Outcome::Failure }
}
