//! How a moment ended, and why.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// How a step, or the whole flow, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// It did what it was for.
    Success,
    /// The other side, or a rule, said no: a business answer, never retried.
    Failure,
    /// No usable answer: a technical fault, may be retried.
    Error,
    /// Not asked at all.
    Skip,
}

impl Outcome {
    /// Every outcome, in the order people list them.
    pub const ALL: [Outcome; 4] = [Outcome::Success, Outcome::Failure, Outcome::Error, Outcome::Skip];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "success",
            Outcome::Failure => "failure",
            Outcome::Error => "error",
            Outcome::Skip => "skip",
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not one of the four outcomes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an outcome; use success, failure, error or skip")]
pub struct UnknownOutcome(String);

impl FromStr for Outcome {
    type Err = UnknownOutcome;

    fn from_str(text: &str) -> Result<Outcome, UnknownOutcome> {
        Outcome::ALL
            .into_iter()
            .find(|outcome| outcome.as_str() == text)
            .ok_or_else(|| UnknownOutcome(text.chars().take(40).collect()))
    }
}

macro_rules! reason_codes {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// The stable word to group reasons by. New words may be added; a word this release does
        /// not know is kept as [`ReasonCode::Other`].
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub enum ReasonCode {
            $($(#[$doc])* $variant,)*
            /// A word of a later release, or of the flow's own `reasons:` map.
            Other(Arc<str>),
        }

        impl ReasonCode {
            /// The stable word.
            pub fn as_str(&self) -> &str {
                match self {
                    $(ReasonCode::$variant => $word,)*
                    ReasonCode::Other(word) => word,
                }
            }
        }

        impl From<&str> for ReasonCode {
            fn from(word: &str) -> ReasonCode {
                match word {
                    $($word => ReasonCode::$variant,)*
                    other => ReasonCode::Other(Arc::from(other)),
                }
            }
        }
    };
}

reason_codes! {
    /// A required field is absent or blank.
    MissingField = "missing_field",
    /// A field has no usable value.
    InvalidField = "invalid_field",
    /// The same lead came before.
    Duplicate = "duplicate",
    /// The lead is on a suppression list.
    Suppressed = "suppressed",
    /// Outside the hours of operation.
    OutsideHours = "outside_hours",
    /// A rule of the flow said no.
    Criteria = "criteria",
    /// A cap or a budget is full.
    CapReached = "cap_reached",
    /// The price is above or below what is allowed.
    Price = "price",
    /// The other side did not answer in time.
    Timeout = "timeout",
    /// The other side could not be reached or broke off.
    Connection = "connection",
    /// The other side refused our credentials.
    Auth = "auth",
    /// The other side answered that something is wrong with itself.
    Status = "status",
    /// The request to the other side could not be made from this lead.
    Request = "request",
    /// The other side answered with something unreadable.
    Reply = "reply",
    /// Bytes were sent and no complete answer was read.
    Unknown = "unknown",
    /// A limit of ours was reached, so that the other side was not asked.
    Limit = "limit",
    /// The circuit of the other side is open, so that it was not asked.
    CircuitOpen = "circuit_open",
    /// The buyer said no.
    Declined = "declined",
    /// The last free slot went to another buyer.
    SoldElsewhere = "sold_elsewhere",
    /// No buyer took the lead.
    NoBuyer = "no_buyer",
    /// The flow does not run it.
    Disabled = "disabled",
    /// The other party is paused.
    Paused = "paused",
    /// A test lead that the other side is not sent.
    Simulated = "simulated",
    /// The answer was due before the flow ended.
    Deadline = "deadline",
    /// Feedback came after its window, or is not allowed.
    FeedbackRefused = "feedback_refused",
    /// The buyer gave back as much as it may.
    ReturnLimit = "return_limit",
    /// Somebody looked at feedback and declined it.
    FeedbackDeclined = "feedback_declined",
    /// The person withdrew consent.
    ConsentRevoked = "consent_revoked",
    /// Nothing says how the other party is told.
    NoNotice = "no_notice",
    /// The person asked to be forgotten.
    Erased = "erased",
    /// An operator asked for one more attempt.
    Resent = "resent",
}

impl fmt::Display for ReasonCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Why a moment ended as it did: a word for machines, a sentence for people. Stored in the clear,
/// so the sentence holds field names, limits and dates, never a lead's values.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// The word to group by.
    pub code: ReasonCode,
    /// The sentence, such as `Missing required field: email`.
    pub text: Arc<str>,
}

impl Reason {
    /// A reason of this code and sentence.
    pub fn new(code: ReasonCode, text: impl Into<Arc<str>>) -> Reason {
        Reason { code, text: text.into() }
    }
}
