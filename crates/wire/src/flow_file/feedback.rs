//! What buyers may report back, and how sources and buyers are told of it.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Approval, EarlierStep, FeedbackKind, FeedbackPolicy, NoticeSettings, REPORT_REASONS_MAX, ReportWindow,
    ReturnLimit, ReturnPeriod, ReturnShare, SourceFeedback,
};

use super::keys;
use super::names::Names;
use super::node::{Kind, Node};
use super::reader::{Part, Reader};

/// How long after a delivery something may be reported.
const WINDOWS: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(2 * 365 * 24 * 3600);
/// The words of `approve`.
pub(super) const APPROVALS: [(&str, Approval); 2] = [("auto", Approval::Auto), ("manual", Approval::Manual)];
/// The words of `types`.
pub(super) const TYPES: [(&str, FeedbackKind); 2] =
    [("return", FeedbackKind::Return), ("conversion", FeedbackKind::Conversion)];
/// Most leads of a period that can be given back whatever the share makes of it.
pub(super) const AT_LEAST_MAX: u32 = 1_000_000;

impl Reader {
    /// What the buyers of a flow, or of one recipient, may report back.
    pub(super) fn feedback(&mut self, node: &Node) -> Option<FeedbackPolicy> {
        let part = self.part(node, &keys::FEEDBACK)?;
        let mut window =
            |key: &str| part.get(key).map_or(Some(None), |node| self.window_of(node, key).map(Some));
        let (returns, conversions) = (window("returns"), window("conversions"));
        let reasons = part.get("reasons").map_or(Some(None), |node| self.return_reasons(node).map(Some));
        let approve =
            part.get("approve").map_or(Some(None), |node| self.word(node, "approve", &APPROVALS).map(Some));
        let max_returns = part.get("max_returns").map_or(Some(None), |node| self.max_returns(node).map(Some));
        Some(FeedbackPolicy {
            returns: returns?,
            conversions: conversions?,
            reasons: reasons?,
            approve: approve?,
            max_returns: max_returns?,
        })
    }

    fn window_of(&mut self, node: &Node, what: &str) -> Option<ReportWindow> {
        match node.kind {
            Kind::Bool(true) => Some(ReportWindow::Open),
            Kind::Bool(false) => Some(ReportWindow::Closed),
            Kind::Text(_) => self.duration(node, what, WINDOWS).map(ReportWindow::Within),
            Kind::Null | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => {
                let message = format!(
                    "{what:?} must be a length of time such as 7d, true or false, not {}",
                    node.describe()
                );
                self.problem(node.line, message);
                None
            }
        }
    }

    fn return_reasons(&mut self, node: &Node) -> Option<Vec<Arc<str>>> {
        let before = self.problems.len();
        let reasons = self.list(Some(node), "reasons", Reader::reason);
        if self.problems.len() > before {
            return None;
        }
        if reasons.is_empty() {
            self.problem(node.line, "\"reasons\" needs a reason; without the key any reason is taken");
            return None;
        }
        for (at, reason) in reasons.iter().enumerate() {
            if reasons[..at].iter().any(|other| other.to_lowercase() == reason.to_lowercase()) {
                self.problem(node.line, format!("the reason {reason:?} stands twice; case does not matter"));
            }
        }
        (self.fits(node.line, "reasons", reasons.len(), REPORT_REASONS_MAX) && self.problems.len() == before)
            .then_some(reasons)
    }

    fn max_returns(&mut self, node: &Node) -> Option<ReturnLimit> {
        let part = self.part(node, &keys::MAX_RETURNS)?;
        let share = self.needed(&part, "share").and_then(|node| self.share(node));
        let per = self.needed(&part, "per").and_then(|node| self.word(node, "per", &ReturnPeriod::ALL));
        let at_least =
            part.get("at_least").map_or(Some(0), |node| self.count(node, "at_least", 0..=AT_LEAST_MAX));
        Some(ReturnLimit { share: share?, per: per?, at_least: at_least? })
    }

    fn share(&mut self, node: &Node) -> Option<ReturnShare> {
        let (Kind::Number(text) | Kind::Text(text)) = &node.kind else {
            let message =
                format!("\"share\" must be a decimal from 0 to 1, such as 0.1, not {}", node.describe());
            self.problem(node.line, message);
            return None;
        };
        self.parse(node.line, text)
    }

    /// What becomes of feedback at a source; `names` are those at the end of the flow.
    pub(super) fn source_feedback(&mut self, node: &Node, names: Names<'_>) -> Option<SourceFeedback> {
        let part = self.part(node, &keys::SOURCE_FEEDBACK)?;
        let told = ["integration", "request", "response", "timeout", "retry", "types"];
        let notice = if told.iter().any(|key| part.get(key).is_some()) {
            self.notice(&part, names).map(Some)
        } else {
            Some(None)
        };
        let types = match part.get("types") {
            None => Some(SourceFeedback::default().types),
            Some(node) => {
                let before = self.problems.len();
                let types = self.list(Some(node), "types", |reader, node| reader.word(node, "types", &TYPES));
                if types.is_empty() && self.problems.len() == before {
                    self.problem(node.line, "\"types\" needs return, conversion or both");
                }
                (self.problems.len() == before).then_some(types)
            }
        };
        let refund = part.get("refund").map_or(Some(true), |node| self.boolean(node, "refund"));
        Some(SourceFeedback { notice: notice?, types: types?, refund: refund? })
    }

    /// How a buyer is told that consent was withdrawn.
    pub(super) fn on_revoked(&mut self, node: &Node, names: Names<'_>) -> Option<NoticeSettings> {
        let part = self.part(node, &keys::NOTICE)?;
        self.notice(&part, names)
    }

    fn notice(&mut self, part: &Part<'_>, names: Names<'_>) -> Option<NoticeSettings> {
        let with_feedback: Vec<EarlierStep> = match names {
            Names::Lead { steps, .. } | Names::Request { steps, .. } => {
                steps.iter().cloned().chain([EarlierStep::feedback()]).collect()
            }
            Names::Raw | Names::Unknown => Vec::new(),
        };
        let request = self.request(part, names.after(&with_feedback));
        let response = self.response(part, &keys::NOTICE_RESPONSE);
        let timeout = self.timeout(part);
        let retry = part.get("retry").map_or(Some(NoticeSettings::default_retry()), |node| self.retry(node));
        Some(NoticeSettings { request: request?, response: response?, timeout: timeout?, retry: retry? })
    }
}
