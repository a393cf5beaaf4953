//! How a source is told what came back of its leads, and a buyer that a person withdrew consent.

use std::time::Duration;

use crate::{DEFAULT_BACKOFF, FeedbackKind, RequestSettings, ResponseSettings, RetryPolicy};

/// How another party is told something about a lead.
#[derive(Debug, Clone, PartialEq)]
pub struct NoticeSettings {
    /// What it is sent.
    pub request: RequestSettings,
    /// How its reply is read.
    pub response: ResponseSettings,
    /// How long it may take, from the first byte to the last.
    pub timeout: Duration,
    /// When a fault is followed by another attempt.
    pub retry: RetryPolicy,
}

/// How often somebody is told of something, unless the settings say otherwise: a notice that is lost is missed by
/// nobody but the one who should have had it.
pub const NOTICE_ATTEMPTS: u32 = 6;

impl NoticeSettings {
    /// When a notice is sent again, unless the settings say otherwise.
    pub fn default_retry() -> RetryPolicy {
        RetryPolicy { attempts: NOTICE_ATTEMPTS, backoff: DEFAULT_BACKOFF.to_vec() }
    }
}

/// What becomes of feedback at the source of the lead.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceFeedback {
    /// How the source is told; none means not at all.
    pub notice: Option<NoticeSettings>,
    /// Of what it is told.
    pub types: Vec<FeedbackKind>,
    /// Whether it gives back what it was paid for a lead that every buyer gave back.
    pub refund: bool,
}

impl Default for SourceFeedback {
    /// It is not told, and gives back what it was paid.
    fn default() -> SourceFeedback {
        SourceFeedback {
            notice: None,
            types: vec![FeedbackKind::Return, FeedbackKind::Conversion],
            refund: true,
        }
    }
}

impl SourceFeedback {
    /// How it is told of this kind of feedback; none when it is not.
    pub fn notice_of(&self, kind: FeedbackKind) -> Option<&NoticeSettings> {
        self.notice.as_ref().filter(|_| self.types.contains(&kind))
    }
}
