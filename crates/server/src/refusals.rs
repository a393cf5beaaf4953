//! The newest refused submissions, in memory: what came in and made no lead. Never bodies.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::http::StatusCode;
use domain::Timestamp;

/// How many are kept; the oldest goes for one more.
pub(crate) const REFUSALS_MAX: usize = 1000;
/// Longest part of an address that is kept, in characters.
const NAME_CHARS_MAX: usize = 80;

/// A submission that made no lead.
#[derive(Debug, Clone)]
pub(crate) struct RefusedSubmission {
    /// When.
    pub(crate) at: Timestamp,
    /// The flow that the address named, cut to 80 characters.
    pub(crate) flow: String,
    /// The source that the address named, cut to 80 characters.
    pub(crate) source: String,
    /// What it was answered.
    pub(crate) status: StatusCode,
    /// Why, without anything that it held.
    pub(crate) reason: String,
    /// The id of the request.
    pub(crate) request_id: Arc<str>,
    /// Where it came from.
    pub(crate) remote: Option<SocketAddr>,
}

/// The newest refusals.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    newest_last: Mutex<VecDeque<RefusedSubmission>>,
}

impl Refusals {
    /// Keeps one more.
    pub(crate) fn add(&self, mut refused: RefusedSubmission) {
        for name in [&mut refused.flow, &mut refused.source] {
            *name = name.chars().take(NAME_CHARS_MAX).collect();
        }
        let mut refusals = self.newest_last.lock().unwrap_or_else(PoisonError::into_inner);
        if refusals.len() >= REFUSALS_MAX {
            refusals.pop_front();
        }
        refusals.push_back(refused);
    }

    /// All that are kept, newest first.
    pub(crate) fn newest_first(&self) -> Vec<RefusedSubmission> {
        self.newest_last.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_thousand_are_kept_and_names_are_cut() {
        let refusals = Refusals::default();
        for number in 0..REFUSALS_MAX + 5 {
            refusals.add(RefusedSubmission {
                at: Timestamp::from_millis(number as i64),
                flow: "f".repeat(500),
                source: String::new(),
                status: StatusCode::NOT_FOUND,
                reason: String::new(),
                request_id: "req_1".into(),
                remote: None,
            });
        }
        let kept = refusals.newest_first();
        let (newest, oldest) = (kept.first().unwrap(), kept.last().unwrap());
        assert_eq!((kept.len(), newest.at.as_millis(), oldest.at.as_millis()), (1000, 1004, 5));
        assert_eq!(newest.flow.len(), NAME_CHARS_MAX);
    }
}
