//! What a buyer may report back, and until when.

use std::time::Duration;

use crate::{Feedback, FeedbackKind, Reason, ReasonCode};

/// What a buyer may report back. The default is nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FeedbackPolicy {
    /// How long after the delivery a lead can be given back; none means not at all.
    pub returns: Option<Duration>,
    /// Whether conversions are taken.
    pub conversions: bool,
}

const DAY_SECONDS: u64 = 24 * 3600;

impl FeedbackPolicy {
    /// Why a report is refused; nothing when it is taken. `since` is how long ago the delivery was,
    /// `returned` whether the lead was given back before.
    pub fn refusal(&self, feedback: &Feedback, since: Duration, returned: bool) -> Option<Reason> {
        let refused = |text: String| Some(Reason::new(ReasonCode::FeedbackRefused, text));
        match feedback.kind {
            FeedbackKind::Return if returned => refused("The lead was returned before".to_owned()),
            FeedbackKind::Return => match self.returns {
                None => refused("Returns are not taken from this buyer".to_owned()),
                Some(window) if since > window => {
                    refused(format!("Must be returned within {}", spoken(window)))
                }
                Some(_) => None,
            },
            FeedbackKind::Conversion if !self.conversions => {
                refused("Conversions are not taken from this buyer".to_owned())
            }
            FeedbackKind::Conversion => None,
        }
    }
}

/// `7 days`, `1 day`, `36 hours`, `90 minutes`.
fn spoken(window: Duration) -> String {
    let seconds = window.as_secs();
    let units = [(DAY_SECONDS, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (size, unit) =
        units.into_iter().find(|(size, _)| seconds.is_multiple_of(*size)).unwrap_or((1, "second"));
    let count = seconds / size;
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(policy: FeedbackPolicy, kind: FeedbackKind, days: u64, returned: bool, wanted: &str) {
        let feedback = Feedback {
            entity_id: "buyer_a".parse().unwrap(),
            recipient_event_id: "evt_018d0d882e839a41d06f0001".parse().unwrap(),
            kind,
            value: None,
            days_to_convert: None,
        };
        let since = Duration::from_secs(days * DAY_SECONDS);
        let refusal = policy.refusal(&feedback, since, returned);
        assert_eq!(refusal.map_or("taken".to_owned(), |reason| reason.text.to_string()), wanted);
    }

    #[test]
    fn a_return_has_a_window_and_happens_once() {
        let week = FeedbackPolicy { returns: Some(Duration::from_secs(7 * DAY_SECONDS)), conversions: false };
        check(week, FeedbackKind::Return, 7, false, "taken");
        check(week, FeedbackKind::Return, 8, false, "Must be returned within 7 days");
        check(week, FeedbackKind::Return, 1, true, "The lead was returned before");
        let none = FeedbackPolicy::default();
        check(none, FeedbackKind::Return, 0, false, "Returns are not taken from this buyer");
    }

    #[test]
    fn conversions_are_taken_or_not() {
        let policy = FeedbackPolicy { returns: None, conversions: true };
        check(policy, FeedbackKind::Conversion, 400, true, "taken");
        check(
            FeedbackPolicy::default(),
            FeedbackKind::Conversion,
            1,
            false,
            "Conversions are not taken from this buyer",
        );
    }

    #[test]
    fn windows_are_spoken_in_their_largest_unit() {
        for (seconds, wanted) in
            [(DAY_SECONDS, "1 day"), (36 * 3600, "36 hours"), (5400, "90 minutes"), (1, "1 second")]
        {
            assert_eq!(spoken(Duration::from_secs(seconds)), wanted);
        }
    }
}
