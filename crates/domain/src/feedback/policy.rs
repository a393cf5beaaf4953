//! What a buyer may report back, until when, and who decides.

use std::sync::Arc;
use std::time::Duration;

use crate::{FeedbackKind, Reason, ReasonCode, ReturnLimit};

/// What a buyer may report back. What one level leaves out another says: a recipient stands over its flow, and
/// that over the buyer. What nobody says is not taken.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FeedbackPolicy {
    /// How long after the delivery a lead can be given back.
    pub returns: Option<ReportWindow>,
    /// How long after the delivery it can be reported as a customer.
    pub conversions: Option<ReportWindow>,
    /// Why a lead can be given back; none means for any reason, or for no reason.
    pub reasons: Option<Vec<Arc<str>>>,
    /// Who decides on a report that may be taken.
    pub approve: Option<Approval>,
    /// How much of what it bought a buyer may give back.
    pub max_returns: Option<ReturnLimit>,
}

/// Until when something can be reported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReportWindow {
    /// Not at all.
    #[default]
    Closed,
    /// For ever.
    Open,
    /// So long after the delivery.
    Within(Duration),
}

/// Who decides on a report that may be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Approval {
    /// It takes effect at once.
    #[default]
    Auto,
    /// It waits for somebody to approve or decline it.
    Manual,
}

impl Approval {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Approval::Auto => "auto",
            Approval::Manual => "manual",
        }
    }
}

/// The sale that a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReportedSale {
    /// How long ago the delivery was.
    pub age: Duration,
    /// Whether the buyer gave the lead back before.
    pub returned: bool,
}

/// Most reasons a lead can be given back for.
pub const REPORT_REASONS_MAX: usize = 100;

const DAY_SECONDS: u64 = 24 * 3600;

impl FeedbackPolicy {
    /// What holds when this one stands over another.
    #[must_use]
    pub fn over(&self, base: &FeedbackPolicy) -> FeedbackPolicy {
        FeedbackPolicy {
            returns: self.returns.or(base.returns),
            conversions: self.conversions.or(base.conversions),
            reasons: self.reasons.clone().or_else(|| base.reasons.clone()),
            approve: self.approve.or(base.approve),
            max_returns: self.max_returns.or(base.max_returns),
        }
    }

    /// The allowed reason that these words are, in the spelling of the policy. Case does not matter.
    pub fn allowed_reason(&self, words: &str) -> Option<&Arc<str>> {
        let words = words.trim().to_lowercase();
        self.reasons.iter().flatten().find(|reason| reason.to_lowercase() == words)
    }

    /// Why a report is refused; nothing when it may be taken. `reason` is what the buyer gives as one.
    pub fn refusal(&self, kind: FeedbackKind, reason: Option<&str>, sale: ReportedSale) -> Option<Reason> {
        let refused = |text: String| Some(Reason::new(ReasonCode::FeedbackRefused, text));
        if sale.returned {
            return refused("The lead was returned before".to_owned());
        }
        let (window, things, verb) = match kind {
            FeedbackKind::Return => (self.returns, "Returns", "returned"),
            FeedbackKind::Conversion => (self.conversions, "Conversions", "reported"),
        };
        match window.unwrap_or_default() {
            ReportWindow::Closed => return refused(format!("{things} are not taken from this buyer")),
            ReportWindow::Within(window) if sale.age > window => {
                return refused(format!("Must be {verb} within {}", spoken(window)));
            }
            ReportWindow::Within(_) | ReportWindow::Open => {}
        }
        let reasons = self.reasons.as_ref().filter(|_| kind == FeedbackKind::Return)?;
        match reason {
            Some(words) if self.allowed_reason(words).is_some() => None,
            Some(_) | None => refused(format!("A return needs one of the reasons {}", listed(reasons))),
        }
    }
}

/// Longest list of reasons in a sentence, in bytes: it stands in the header of a record.
const LISTED_BYTES_MAX: usize = 600;

/// `Wrong number, Duplicate or Bad contact data`.
fn listed(reasons: &[Arc<str>]) -> String {
    let mut list = String::new();
    for (at, reason) in reasons.iter().enumerate() {
        if list.len() + reason.len() > LISTED_BYTES_MAX {
            list.push_str(", or another that the flow names");
            break;
        }
        match at {
            0 => {}
            _ if at + 1 == reasons.len() => list.push_str(" or "),
            _ => list.push_str(", "),
        }
        list.push_str(reason);
    }
    list
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

    const WEEK: ReportWindow = ReportWindow::Within(Duration::from_secs(7 * DAY_SECONDS));

    fn refusal(
        policy: &FeedbackPolicy,
        kind: FeedbackKind,
        reason: Option<&str>,
        sale: (u64, bool),
    ) -> String {
        let sale = ReportedSale { age: Duration::from_secs(sale.0 * DAY_SECONDS), returned: sale.1 };
        let refusal = policy.refusal(kind, reason, sale);
        refusal.map_or("taken".to_owned(), |reason| reason.text.to_string())
    }

    fn check(policy: &FeedbackPolicy, kind: FeedbackKind, sale: (u64, bool), wanted: &str) {
        assert_eq!(refusal(policy, kind, None, sale), wanted);
    }

    #[test]
    fn a_return_has_a_window_and_happens_once() {
        let week = FeedbackPolicy { returns: Some(WEEK), ..FeedbackPolicy::default() };
        check(&week, FeedbackKind::Return, (7, false), "taken");
        check(&week, FeedbackKind::Return, (8, false), "Must be returned within 7 days");
        check(&week, FeedbackKind::Return, (1, true), "The lead was returned before");
        let none = FeedbackPolicy::default();
        check(&none, FeedbackKind::Return, (0, false), "Returns are not taken from this buyer");
        let open = FeedbackPolicy { returns: Some(ReportWindow::Open), ..none };
        check(&open, FeedbackKind::Return, (4000, false), "taken");
    }

    #[test]
    fn conversions_are_taken_or_not_for_a_while_and_never_of_what_came_back() {
        let open = FeedbackPolicy { conversions: Some(ReportWindow::Open), ..FeedbackPolicy::default() };
        check(&open, FeedbackKind::Conversion, (400, false), "taken");
        check(&open, FeedbackKind::Conversion, (1, true), "The lead was returned before");
        let week = FeedbackPolicy { conversions: Some(WEEK), ..FeedbackPolicy::default() };
        check(&week, FeedbackKind::Conversion, (8, false), "Must be reported within 7 days");
        let none = FeedbackPolicy::default();
        check(&none, FeedbackKind::Conversion, (1, false), "Conversions are not taken from this buyer");
    }

    #[test]
    fn a_return_gives_one_of_the_reasons_where_there_are_some() {
        let reasons = Some(vec!["Wrong number".into(), "Duplicate".into(), "Fraud".into()]);
        let policy = FeedbackPolicy { returns: Some(WEEK), reasons, ..FeedbackPolicy::default() };
        let wanted = "A return needs one of the reasons Wrong number, Duplicate or Fraud";
        for (reason, wanted) in
            [(Some(" wrong NUMBER "), "taken"), (Some("Did not like it"), wanted), (None, wanted)]
        {
            assert_eq!(refusal(&policy, FeedbackKind::Return, reason, (1, false)), wanted);
        }
        assert_eq!(policy.allowed_reason("fraud").map(|reason| &**reason), Some("Fraud"));
        let conversions = FeedbackPolicy { conversions: Some(ReportWindow::Open), ..policy };
        check(&conversions, FeedbackKind::Conversion, (1, false), "taken");
    }

    #[test]
    fn many_reasons_are_not_all_listed() {
        let reasons: Vec<Arc<str>> = (0..100).map(|at| format!("Reason number {at}").into()).collect();
        let list = listed(&reasons);
        assert!(list.len() < 700 && list.ends_with(", or another that the flow names"), "{list}");
    }

    #[test]
    fn a_recipient_stands_over_its_flow_key_by_key() {
        let flow = FeedbackPolicy {
            returns: Some(WEEK),
            conversions: Some(ReportWindow::Open),
            approve: Some(Approval::Manual),
            ..FeedbackPolicy::default()
        };
        let own = FeedbackPolicy { returns: Some(ReportWindow::Closed), ..FeedbackPolicy::default() };
        let both = own.over(&flow);
        assert_eq!(both.returns, Some(ReportWindow::Closed));
        assert_eq!((both.conversions, both.approve), (flow.conversions, flow.approve));
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
