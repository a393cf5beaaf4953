//! What comes back of a lead: buyers return it, or report it a customer, and a person withdraws consent. The
//! events of the sale never change; what comes back is told by events of its own.
//!
//! `report` takes reports in, `approval` is for those that wait for somebody to decide, `open_end` for deliveries
//! whose end only the buyer knows. `consent` takes revocations in, `notice` tells sources and buyers. `rates`
//! counts what came back of what was sold, `pending` lists what waits; `restoring` rebuilds both at a start.

mod approval;
mod consent;
mod notice;
mod open_end;
mod pending;
mod rates;
mod report;
mod restoring;

use std::sync::Arc;

use domain::{EntityId, EventId, FeedbackKind, LeadId, Money, Outcome, Reason};
use ledger::{LeaseError, ReadError, RecordError};

use crate::engine::ResumeError;

pub use approval::{Decision, Verdict};
pub use consent::{Revoke, Revoked, ToldBuyer};
pub use pending::PendingReport;

pub(crate) use consent::Revocations;
pub(crate) use pending::Pending;
pub(crate) use rates::Rates;

/// Which sale a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sale {
    /// The one of this event: the delivery id, any later attempt, or the event of the outcome.
    Event(EventId),
    /// The newest one of this lead to this buyer.
    Lead {
        /// The lead.
        lead_id: LeadId,
        /// The buyer.
        entity_id: EntityId,
    },
}

/// A report as it came in.
#[derive(Debug, Clone)]
pub struct Report {
    /// Which sale.
    pub sale: Sale,
    /// What became of it.
    pub kind: ReportKind,
    /// The word that came with it, such as `sold`.
    pub value: Option<String>,
    /// The buyer's own words.
    pub reason: Option<String>,
    /// Whole days from the submission to the conversion; counted here when the buyer does not say.
    pub days_to_convert: Option<u32>,
    /// What makes it safe to send again. Without one, a report that says the same about the same sale is the same.
    pub idempotency_key: Option<String>,
    /// The request as received, without secrets.
    pub request: Arc<[u8]>,
    /// The id of the request.
    pub request_id: Option<Arc<str>>,
}

/// What a report says became of a sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportKind {
    /// The buyer gives the lead back.
    Return,
    /// The lead became a customer.
    Conversion,
    /// Of a delivery whose end nobody knows: the buyer took the lead, for this price where it names one.
    Sold(Option<Money>),
    /// Of such a delivery: the buyer did not take it.
    NotSold,
}

impl From<FeedbackKind> for ReportKind {
    fn from(kind: FeedbackKind) -> ReportKind {
        match kind {
            FeedbackKind::Return => ReportKind::Return,
            FeedbackKind::Conversion => ReportKind::Conversion,
        }
    }
}

/// What became of a report. Its events are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// The lead it was about.
    pub lead_id: LeadId,
    /// The event of the report, which names it from then on; for the end of a delivery, the event of that.
    pub feedback_id: EventId,
    /// Whether it took effect.
    pub status: ReportStatus,
    /// Why it did not.
    pub reason: Option<Reason>,
    /// Whether it came before, so that nothing was recorded.
    pub repeated: bool,
}

/// Whether a report took effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReportStatus {
    /// It did.
    Accepted,
    /// It was refused.
    Declined,
    /// Somebody is to decide.
    Pending,
}

impl ReportStatus {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            ReportStatus::Accepted => "accepted",
            ReportStatus::Declined => "declined",
            ReportStatus::Pending => "pending",
        }
    }

    /// Success when it took effect, failure when it was refused; none while it waits.
    pub fn outcome(self) -> Option<Outcome> {
        match self {
            ReportStatus::Accepted => Some(Outcome::Success),
            ReportStatus::Declined => Some(Outcome::Failure),
            ReportStatus::Pending => None,
        }
    }
}

/// Why there is nothing to report on, to decide, or to revoke.
#[derive(Debug, thiserror::Error)]
pub enum FeedbackError {
    /// No such event, or no such lead.
    #[error("there is no such sale")]
    Unknown,
    /// The lead did not go to that buyer.
    #[error("the lead was not delivered to this buyer")]
    NotDelivered,
    /// The end of the delivery is known already.
    #[error("the end of this delivery is known: {0}")]
    EndKnown(&'static str),
    /// The idempotency key came before, with another report.
    #[error("the idempotency key came before with another report on this lead")]
    KeyReused,
    /// No such report.
    #[error("there is no such report")]
    UnknownReport,
    /// Somebody decided otherwise.
    #[error("the report was {} before", .0.as_str())]
    Decided(ReportStatus),
    /// It cannot be approved any more; it can still be declined.
    #[error("the report cannot be approved: {}", .0.text)]
    NotApprovable(Reason),
    /// The person was forgotten.
    #[error("the person of this lead was forgotten")]
    Forgotten,
    /// Its events cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its events cannot be understood.
    #[error(transparent)]
    Understand(#[from] ResumeError),
    /// The lead cannot be taken over.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Its events could not be recorded, or it is not known whether they were.
    #[error(transparent)]
    Record(#[from] RecordError),
}
