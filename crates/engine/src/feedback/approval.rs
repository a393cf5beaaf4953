//! Reports that wait for somebody to decide.

use std::sync::Arc;

use domain::{
    EventId, EventKind, Exchange, Feedback, FeedbackKind, Reason, ReasonCode, TakenReport,
    reason_in_the_clear,
};

use crate::engine::Engine;
use crate::feedback::{FeedbackError, PendingReport, ReportStatus, Reported};
use crate::run::{Moment, Run};

/// What somebody decides on a report that waits.
#[derive(Debug, Clone)]
pub struct Decision {
    /// The event of the report.
    pub feedback_id: EventId,
    /// What becomes of it.
    pub verdict: Verdict,
    /// The request as received, without secrets.
    pub request: Arc<[u8]>,
    /// The id of the request.
    pub request_id: Option<Arc<str>>,
}

/// What becomes of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It takes effect.
    Approve,
    /// It does not, in these words.
    Decline(Option<String>),
}

impl Verdict {
    fn status(&self) -> ReportStatus {
        match self {
            Verdict::Approve => ReportStatus::Accepted,
            Verdict::Decline(_) => ReportStatus::Declined,
        }
    }
}

impl Engine {
    /// The reports that wait for somebody to decide, in the order they came.
    pub fn pending_reports(&self) -> Vec<PendingReport> {
        self.context().pending.list()
    }

    /// Decides on a report that waits. When it returns, that is durable. Deciding the same again changes nothing.
    ///
    /// # Errors
    /// When there is no such report, it was decided otherwise, it cannot be approved any more, or that could not
    /// be recorded.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn decide(&self, decision: Decision) -> Result<Reported, FeedbackError> {
        let engine = self.clone();
        self.to_the_end(async move {
            let lead_id = engine.lead_of(&decision.feedback_id)?.ok_or(FeedbackError::UnknownReport)?;
            let mut run = engine.take_up_reported(lead_id).await?.ok_or(FeedbackError::UnknownReport)?;
            run.decide(decision).await
        })
        .await
    }
}

impl Run {
    async fn decide(&mut self, decision: Decision) -> Result<Reported, FeedbackError> {
        let Decision { feedback_id, verdict, request, request_id } = decision;
        let request = self.request_without_secrets(request);
        let verdict = match verdict {
            Verdict::Approve => Verdict::Approve,
            Verdict::Decline(words) => Verdict::Decline(words.map(|words| self.without_secrets(words))),
        };
        let report = self.story.reports.report(feedback_id).cloned().ok_or(FeedbackError::UnknownReport)?;
        if report.decision.is_some() {
            let again = self.as_before(&report);
            return if again.status == verdict.status() {
                Ok(again)
            } else {
                Err(FeedbackError::Decided(again.status))
            };
        }
        let holding = self.story.reports.holding(report.feedback.recipient_event_id).cloned();
        let holding = holding.ok_or(FeedbackError::NotDelivered)?;
        let since = self.context.clock.monotonic();
        let feedback = Feedback { feedback_id: Some(feedback_id), ..report.feedback.clone() };
        self.asked_by(request_id, None);
        let (mut moments, reason) = match &verdict {
            Verdict::Approve => {
                self.may_approve(&report)?;
                (self.accepted(feedback, &holding, since), None)
            }
            Verdict::Decline(words) => {
                let reason = self.declined(words.as_deref());
                let result = Err(reason.clone());
                let kind = EventKind::FeedbackProcessed { feedback, result, relay_due: None };
                let reason_raw = words.as_deref().map(Arc::from);
                (vec![Moment { reason_raw, ..Moment::new(kind, since) }], Some(reason))
            }
        };
        if let Some(processed) = moments.last_mut() {
            processed.exchanges = vec![Exchange { request: Some(request), response: None }];
        }
        self.record_report(moments, &holding).await?;
        self.context.pending.remove(feedback_id);
        let (lead_id, status) = (self.story.lead_id, verdict.status());
        Ok(Reported { lead_id, feedback_id, status, reason, repeated: false })
    }

    /// What may have changed since the report came. Its window was open then, and that is what counts.
    fn may_approve(&self, report: &TakenReport) -> Result<(), FeedbackError> {
        let holding = self.story.reports.holding(report.feedback.recipient_event_id);
        let holding = holding.ok_or(FeedbackError::NotDelivered)?;
        if holding.returned {
            let reason = Reason::new(ReasonCode::FeedbackRefused, "The lead was returned before");
            return Err(FeedbackError::NotApprovable(reason));
        }
        match report.feedback.kind {
            FeedbackKind::Return => {
                self.count_return(holding, &self.policy_of(holding)).map_err(FeedbackError::NotApprovable)
            }
            FeedbackKind::Conversion => Ok(()),
        }
    }

    fn declined(&self, words: Option<&str>) -> Reason {
        let text = match words {
            Some(words) => reason_in_the_clear(&self.redacted(&Arc::from(words)), &self.flow.flow).text,
            None => "Declined by hand".into(),
        };
        Reason::new(ReasonCode::FeedbackDeclined, text)
    }
}
