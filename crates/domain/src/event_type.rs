//! The names of the kinds of moments, as users, files and filters spell them.

use std::fmt;
use std::str::FromStr;

/// The text is not a type of event.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a type of event{}", .nearest.map_or(String::new(), |near| format!("; did you mean {near}?")))]
pub struct UnknownEventType {
    /// What stood there, cut to 60 characters.
    pub text: String,
    /// The type that shares its beginning, past the family, when there is one.
    pub nearest: Option<EventType>,
}

macro_rules! event_types {
    ($($(#[$doc:meta])* $variant:ident = $word:literal,)*) => {
        /// The type of an event. Types may be added, none is ever renamed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum EventType {
            $($(#[$doc])* $variant,)*
        }

        impl EventType {
            /// Every type, in the order a lead meets them.
            pub const ALL: &[EventType] = &[$(EventType::$variant,)*];

            /// The name, such as `source.submitted`.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(EventType::$variant => $word,)*
                }
            }
        }
    };
}

event_types! {
    /// A source sent a lead; the snapshot is raw.
    SourceSubmitted = "source.submitted",
    /// The lead was parsed and taken.
    SourceAccepted = "source.accepted",
    /// A gate refused the lead.
    SourceRejected = "source.rejected",
    /// A source asked for a price.
    SourcePinged = "source.pinged",
    /// The deadline came first: what the source was told then.
    SourceAnswered = "source.answered",
    /// A filter let the lead through.
    FilterPassed = "filter.passed",
    /// A filter said no.
    FilterFailed = "filter.failed",
    /// A service added data.
    EnhancementSuccess = "enhancement.success",
    /// A service had nothing to say.
    EnhancementFailure = "enhancement.failure",
    /// A service gave no usable answer.
    EnhancementError = "enhancement.error",
    /// A service was not asked.
    EnhancementSkipped = "enhancement.skipped",
    /// A buyer answered a ping.
    RecipientBid = "recipient.bid",
    /// The lead is about to be sent to a buyer.
    RecipientAttempted = "recipient.attempted",
    /// A buyer took the lead.
    RecipientDelivered = "recipient.delivered",
    /// A buyer said no, or its cap is full.
    RecipientFailed = "recipient.failed",
    /// A buyer gave no usable answer.
    RecipientError = "recipient.error",
    /// A buyer was not asked.
    RecipientSkipped = "recipient.skipped",
    /// Another attempt is due later.
    RetryScheduled = "retry.scheduled",
    /// The due attempt begins.
    RetryAttempted = "retry.attempted",
    /// A buyer reported back.
    FeedbackReceived = "feedback.received",
    /// A buyer gave the lead back.
    FeedbackReturned = "feedback.returned",
    /// Feedback took effect, or was refused.
    FeedbackProcessed = "feedback.processed",
    /// Feedback was relayed to the source.
    FeedbackSent = "feedback.sent",
    /// The person withdrew consent.
    ConsentRevoked = "consent.revoked",
    /// A buyer was told that consent was withdrawn.
    ConsentSent = "consent.sent",
    /// The first pass through the flow ended.
    FlowCompleted = "flow.completed",
    /// The person was forgotten.
    PrivacyErased = "privacy.erased",
    /// The ledger began.
    LedgerOpened = "ledger.opened",
    /// Old records left by retention.
    LedgerPruned = "ledger.pruned",
}

impl EventType {
    /// What stands before the dot: `source`, `filter`, `recipient` and so on.
    pub fn family(self) -> &'static str {
        self.as_str().split_once('.').expect("every type has a family and a moment").0
    }
}

impl fmt::Display for EventType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for EventType {
    type Err = UnknownEventType;

    fn from_str(text: &str) -> Result<EventType, UnknownEventType> {
        let shared = |other: EventType| {
            other.as_str().bytes().zip(text.bytes()).take_while(|(left, right)| left == right).count()
        };
        EventType::ALL.iter().copied().find(|known| known.as_str() == text).ok_or_else(|| UnknownEventType {
            text: text.chars().take(60).collect(),
            nearest: EventType::ALL
                .iter()
                .copied()
                .max_by_key(|known| shared(*known))
                .filter(|known| shared(*known) > known.family().len() + 2),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_type_round_trips_and_has_a_family() {
        for known in EventType::ALL {
            assert_eq!(known.as_str().parse(), Ok(*known));
            assert!(!known.family().is_empty());
        }
        let error = "filter.faled".parse::<EventType>().unwrap_err();
        assert_eq!(error.nearest, Some(EventType::FilterFailed));
        assert_eq!("bogus".parse::<EventType>().unwrap_err().nearest, None);
        assert_eq!("recipient.sold".parse::<EventType>().unwrap_err().nearest, None);
    }
}
