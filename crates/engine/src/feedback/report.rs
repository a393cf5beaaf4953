//! Taking a report in: which sale it is about, whether it came before, and whether it takes effect.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Approval, EntityId, EventId, EventKind, Exchange, Feedback, FeedbackKind, FeedbackPolicy, Holding,
    Idempotency, LeadId, Money, Reason, Recipient, ReportedSale, Reversal, TakenReport, Timestamp,
    as_recipient, reason_in_the_clear,
};
use ledger::ReadError;
use wire::Header;

use crate::engine::Engine;
use crate::feedback::open_end::End;
use crate::feedback::rates::SoldLead;
use crate::feedback::{FeedbackError, PendingReport, Report, ReportKind, ReportStatus, Reported, Sale};
use crate::retries::Due;
use crate::run::{Moment, Run};
use crate::story::DeliveryState;

const DAY_MS: u64 = 24 * 3600 * 1000;

impl Engine {
    /// Whose sale it is, so that the caller's right to report on it can be checked; none when there is no
    /// such event.
    ///
    /// # Errors
    /// When the event cannot be read.
    pub fn buyer_of(&self, sale: &Sale) -> Result<Option<EntityId>, ReadError> {
        match sale {
            Sale::Lead { entity_id, .. } => Ok(Some(entity_id.clone())),
            Sale::Event(id) => self.header_of(id, |header| header.entity_id.as_deref()?.parse().ok()),
        }
    }

    /// Which lead a report is about; none when there is no such event.
    ///
    /// # Errors
    /// When the event cannot be read.
    pub fn lead_of_sale(&self, sale: &Sale) -> Result<Option<LeadId>, ReadError> {
        match sale {
            Sale::Lead { lead_id, .. } => Ok(Some(*lead_id)),
            Sale::Event(id) => self.lead_of(id),
        }
    }

    pub(super) fn lead_of(&self, id: &EventId) -> Result<Option<LeadId>, ReadError> {
        self.header_of(id, |header| header.lead_id.as_deref()?.parse().ok())
    }

    fn header_of<T>(
        &self,
        id: &EventId,
        find: impl FnOnce(&Header<'_>) -> Option<T>,
    ) -> Result<Option<T>, ReadError> {
        let reader = self.leads().reader();
        let bytes = reader.find(id).map(|seq| reader.header_bytes(seq)).transpose()?.flatten();
        Ok(bytes.and_then(|bytes| find(&Header::read(&bytes).ok()?)))
    }

    /// Takes a report in. When it returns, its events are durable.
    ///
    /// # Errors
    /// When there is no such sale, or its events could not be recorded.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn feedback(&self, report: Report) -> Result<Reported, FeedbackError> {
        let engine = self.clone();
        self.to_the_end(async move {
            let lead_id = engine.lead_of_sale(&report.sale)?.ok_or(FeedbackError::Unknown)?;
            let mut run = engine.take_up_reported(lead_id).await?.ok_or(FeedbackError::Unknown)?;
            run.report(report).await
        })
        .await
    }

    /// A lead that something came back of; none when there is no such lead.
    pub(crate) async fn take_up_reported(&self, lead_id: LeadId) -> Result<Option<Run>, FeedbackError> {
        let Some(lease) = self.leads().lease(lead_id).await? else { return Ok(None) };
        self.take_up(lease, lead_id)?.ok_or(FeedbackError::Forgotten).map(Some)
    }

    /// Runs in a task of its own, which goes on when the caller gives up waiting.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        match self.under_way().spawn(work).await {
            Ok(result) => result,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }
}

/// What a report is about and says, before it is judged.
struct Claim {
    kind: FeedbackKind,
    holding: Holding,
    feedback: Feedback,
    /// The buyer's own words.
    words: Option<String>,
}

impl Run {
    async fn report(&mut self, report: Report) -> Result<Reported, FeedbackError> {
        let report = Report {
            value: report.value.map(|words| self.without_secrets(words)),
            reason: report.reason.map(|words| self.without_secrets(words)),
            request: self.request_without_secrets(report.request),
            ..report
        };
        let delivery_id = self.reported_delivery(&report.sale).ok_or(FeedbackError::NotDelivered)?;
        let exchange = Exchange { request: Some(Arc::clone(&report.request)), response: None };
        self.asked_by(report.request_id.clone(), None);
        let kind = match report.kind {
            ReportKind::Return => FeedbackKind::Return,
            ReportKind::Conversion => FeedbackKind::Conversion,
            ReportKind::Sold(price) => return self.tell_end(delivery_id, End::Sold(price), exchange).await,
            ReportKind::NotSold => {
                let words = report.reason.map(Arc::from);
                return self.tell_end(delivery_id, End::NotSold(words), exchange).await;
            }
        };
        let tags = self.tags_of(&report, delivery_id);
        // Whoever reports on a lead has it, also where no answer said so.
        if let Some(found) = self.end_of(delivery_id, End::Sold(None)) {
            self.record_end(delivery_id, found).await?;
        }
        let holding = self.story.reports.holdings().iter().find(|own| own.delivery_id == delivery_id);
        let holding = holding.cloned().ok_or(FeedbackError::NotDelivered)?;
        let claim = self.claim(kind, holding, report);
        let earlier = self.story.reports.same_key(tags).cloned();
        match &earlier {
            Some(earlier) if earlier.tags != Some(tags) => return Err(FeedbackError::KeyReused),
            // One that was refused may be taken by now.
            Some(earlier) if !matches!(earlier.decision, Some(Err(_))) => {
                return Ok(self.as_before(earlier));
            }
            Some(_) | None => {}
        }
        let policy = self.policy_of(&claim.holding);
        let result = self.judge(&claim, &policy);
        if let (Some(earlier), Err(_)) = (&earlier, &result) {
            return Ok(self.as_before(earlier));
        }
        self.take_in_report(claim, tags, exchange, result, policy.approve.unwrap_or_default()).await
    }

    /// The delivery that a report names.
    fn reported_delivery(&self, sale: &Sale) -> Option<EventId> {
        let reports = &self.story.reports;
        match sale {
            Sale::Event(id) => {
                let mut deliveries = self.story.deliveries.iter();
                deliveries.find(|own| own.event_ids.contains(id)).map(|own| own.delivery_id)
            }
            Sale::Lead { entity_id, .. } => {
                let held = reports.holdings().iter().rev().find(|own| own.entity_id == *entity_id);
                let held = held.map(|own| own.delivery_id);
                let open = || reports.open_ends().iter().rev().find(|own| own.call.entity_id == *entity_id);
                let newest = || {
                    let to_them = |step_id| self.flow.flow.step(step_id)?.entity_id();
                    let mut deliveries = self.story.deliveries.iter().rev();
                    deliveries.find(|own| to_them(&own.step_id) == Some(entity_id)).map(|own| own.delivery_id)
                };
                held.or_else(|| open().map(|own| own.retry.delivery_id)).or_else(newest)
            }
        }
    }

    /// From now on events are told by another request than that of the submission.
    pub(super) fn asked_by(&mut self, request_id: Option<Arc<str>>, tags: Option<Idempotency>) {
        self.story.marks.request_id = request_id;
        self.story.marks.idempotency = tags;
    }

    /// Words from outside, as they may be recorded.
    pub(super) fn without_secrets(&self, words: String) -> String {
        self.secret_guard(&[]).masked_text(&words).unwrap_or(words)
    }

    /// A request from outside, as it may be recorded.
    pub(super) fn request_without_secrets(&self, request: Arc<[u8]>) -> Arc<[u8]> {
        self.secret_guard(&[]).masked(&request).map_or(request, Arc::from)
    }

    /// What tells a report from others on this lead: the key of its own, or all that it says.
    fn tags_of(&self, report: &Report, delivery_id: EventId) -> Idempotency {
        let Report { kind, value, reason, days_to_convert, idempotency_key, .. } = report;
        let text = |text: &Option<String>| text.as_deref().unwrap_or_default().trim().to_owned();
        let (value, reason) = (text(value), text(reason));
        let lead_id = self.story.lead_id;
        let says = format!("{lead_id}\0{delivery_id}\0{kind:?}\0{value}\0{reason}\0{days_to_convert:?}");
        let tag = |kind: &str, text: &str| self.context.leads.lookup_tag(kind, text.as_bytes());
        let payload = tag("feedback report", &says);
        let key = idempotency_key.as_ref();
        let key = key.map_or(payload, |key| tag("feedback key", &format!("{lead_id}\0{key}")));
        Idempotency { key, payload }
    }

    fn claim(&self, kind: FeedbackKind, holding: Holding, report: Report) -> Claim {
        let flow = &self.flow.flow;
        let Report { value, reason, days_to_convert, .. } = report;
        let no_words = reason_in_the_clear("", flow).text;
        let clear = |words: &str| {
            let text = reason_in_the_clear(&self.redacted(&Arc::from(words)), flow).text;
            // None of the words may be shown.
            if text == no_words { Arc::from("…") } else { text }
        };
        let allowed = |words: &str| self.policy_of(&holding).allowed_reason(words).cloned();
        let now = self.now();
        let days = u32::try_from(now.millis_since(self.story.submitted_at) / DAY_MS).unwrap_or(u32::MAX);
        let feedback = Feedback {
            entity_id: holding.entity_id.clone(),
            recipient_event_id: holding.event_id,
            kind,
            value: value.as_deref().map(clear),
            days_to_convert: match kind {
                FeedbackKind::Conversion => Some(days_to_convert.unwrap_or(days)),
                FeedbackKind::Return => days_to_convert,
            },
            reason: reason.as_deref().map(|words| allowed(words).unwrap_or_else(|| clear(words))),
            feedback_id: None,
        };
        Claim { kind, holding, feedback, words: reason }
    }

    /// What the buyer may report.
    pub(super) fn policy_of(&self, holding: &Holding) -> FeedbackPolicy {
        self.recipient_of(holding).map(|recipient| self.flow.flow.feedback_of(recipient)).unwrap_or_default()
    }

    fn recipient_of(&self, holding: &Holding) -> Option<&Recipient> {
        let step = self.flow.flow.step(&holding.step_id)?;
        as_recipient(step).map(|(_, recipient)| recipient)
    }

    fn judge(&self, claim: &Claim, policy: &FeedbackPolicy) -> Result<(), Reason> {
        let Claim { kind, holding, words, .. } = claim;
        let age = Duration::from_millis(self.now().millis_since(holding.at));
        let sale = ReportedSale { age, returned: holding.returned };
        if let Some(reason) = policy.refusal(*kind, words.as_deref(), sale) {
            return Err(reason);
        }
        let waits = |own: &TakenReport| {
            own.decision.is_none()
                && own.feedback.kind == *kind
                && own.feedback.recipient_event_id == holding.event_id
        };
        if self.story.reports.reports().iter().any(waits) {
            let text = format!("A {} of this lead waits for a decision", kind.as_str());
            return Err(Reason::new(domain::ReasonCode::FeedbackRefused, text));
        }
        // One that waits for a decision is counted when it is approved.
        match (kind, policy.approve.unwrap_or_default()) {
            (FeedbackKind::Return, Approval::Auto) => self.count_return(holding, policy),
            (FeedbackKind::Return, Approval::Manual) | (FeedbackKind::Conversion, _) => Ok(()),
        }
    }

    /// Counts a return against what the buyer may give back; why it may not, when it may not.
    pub(super) fn count_return(&self, holding: &Holding, policy: &FeedbackPolicy) -> Result<(), Reason> {
        match self.sold_lead(holding) {
            Some(sold) => self.context.rates.take_return(&sold, policy.max_returns.as_ref()),
            None => Ok(()),
        }
    }

    /// What is counted of a sale; nothing of copies and test leads.
    pub(super) fn sold_lead(&self, holding: &Holding) -> Option<SoldLead> {
        self.sold_to(&holding.entity_id, holding.price.copy, holding.at)
    }

    pub(super) fn sold_to(&self, buyer: &EntityId, copy: bool, at: Timestamp) -> Option<SoldLead> {
        let flow_id = self.flow.flow.id();
        (!copy && !self.story.marks.test).then(|| SoldLead {
            buyer: buyer.clone(),
            source: self.story.source_id.clone().into(),
            flow_id: flow_id.clone(),
            day: self.context.control.day_of(flow_id, at),
        })
    }

    async fn take_in_report(
        &mut self,
        claim: Claim,
        tags: Idempotency,
        exchange: Exchange,
        result: Result<(), Reason>,
        approve: Approval,
    ) -> Result<Reported, FeedbackError> {
        let Claim { holding, feedback, words, .. } = claim;
        let since = self.context.clock.monotonic();
        let feedback_id = EventId::new(self.now(), self.context.draw());
        self.story.marks.idempotency = Some(tags);
        let received = Moment {
            exchanges: vec![exchange],
            reason_raw: words.map(Arc::from),
            id: Some(feedback_id),
            ..Moment::new(EventKind::FeedbackReceived { feedback: feedback.clone() }, since)
        };
        let named = Feedback { feedback_id: Some(feedback_id), ..feedback.clone() };
        let mut reported = Reported {
            lead_id: self.story.lead_id,
            feedback_id,
            status: ReportStatus::Pending,
            reason: None,
            repeated: false,
        };
        let mut moments = vec![received];
        match (result, approve) {
            (Err(reason), _) => {
                (reported.status, reported.reason) = (ReportStatus::Declined, Some(reason.clone()));
                let kind =
                    EventKind::FeedbackProcessed { feedback: named, result: Err(reason), relay_due: None };
                moments.push(Moment::new(kind, since));
            }
            (Ok(()), Approval::Auto) => {
                reported.status = ReportStatus::Accepted;
                moments.extend(self.accepted(named, &holding, since));
            }
            (Ok(()), Approval::Manual) => {
                self.context.pending.add(PendingReport {
                    feedback_id,
                    lead_id: self.story.lead_id,
                    flow_id: self.flow.flow.id().clone(),
                    source_id: self.story.source_id.clone(),
                    received_at: feedback_id.drawn_at(),
                    feedback,
                });
            }
        }
        self.record_report(moments, &holding).await?;
        Ok(reported)
    }

    /// What accepted feedback does, as moments.
    pub(super) fn accepted(&self, feedback: Feedback, holding: &Holding, since: Duration) -> Vec<Moment> {
        let mut moments = Vec::new();
        if feedback.kind == FeedbackKind::Return {
            moments.push(Moment::new(EventKind::FeedbackReturned { feedback: feedback.clone() }, since));
        }
        let (result, relay_due) = (Ok(self.reversal(&feedback, holding)), self.relay_due(&feedback, holding));
        moments.push(Moment::new(EventKind::FeedbackProcessed { feedback, result, relay_due }, since));
        moments
    }

    /// The money that accepted feedback takes back.
    fn reversal(&self, feedback: &Feedback, holding: &Holding) -> Reversal {
        if feedback.kind == FeedbackKind::Conversion || holding.price.copy || self.story.marks.test {
            return Reversal::default();
        }
        let refund =
            self.flow.flow.source(&self.story.source_id).is_some_and(|source| source.feedback.refund);
        let whole = refund && self.comes_back_whole(holding);
        let cost = if whole { self.story.reports.cost() } else { Money::ZERO };
        Reversal { revenue: holding.price.amount, cost }
    }

    /// When the source is told of it: what one of several buyers gives back is not back at the source.
    fn relay_due(&self, feedback: &Feedback, holding: &Holding) -> Option<Timestamp> {
        let source = self.flow.flow.source(&self.story.source_id)?;
        source.feedback.notice_of(feedback.kind)?;
        let is_told = match feedback.kind {
            FeedbackKind::Return => self.comes_back_whole(holding),
            FeedbackKind::Conversion => !holding.price.copy,
        };
        is_told.then(|| self.now())
    }

    /// Whether nobody has the lead, or may yet have it, once this buyer gives it back.
    fn comes_back_whole(&self, holding: &Holding) -> bool {
        let may_sell = self.story.deliveries.iter().any(|own| match own.state {
            DeliveryState::Attempted { .. } | DeliveryState::Due { .. } => true,
            DeliveryState::Delivered { .. } | DeliveryState::Unanswered | DeliveryState::Ended => false,
        });
        self.story.reports.is_last(holding.event_id) && !may_sell
    }

    /// Records what was decided; when it returns, that is durable, and whoever is to be told will be.
    pub(super) async fn record_report(
        &mut self,
        moments: Vec<Moment>,
        holding: &Holding,
    ) -> Result<(), FeedbackError> {
        let taken = moments.iter().find_map(|moment| match &moment.kind {
            EventKind::FeedbackProcessed { feedback, result: Ok(_), relay_due } => {
                Some((feedback.kind, feedback.feedback_id.zip(*relay_due)))
            }
            _ => None,
        });
        let first = !holding.converted;
        let ticket = self.record(moments).await?;
        ticket.durable().await?;
        let Some((kind, relay)) = taken else { return Ok(()) };
        if kind == FeedbackKind::Conversion
            && first
            && let Some(sold) = self.sold_lead(holding)
        {
            self.context.rates.converted(&sold);
        }
        if let Some((feedback_id, at)) = relay {
            self.context.retries.add(Due { at, lead_id: self.story.lead_id, delivery_id: feedback_id });
        }
        Ok(())
    }

    /// The same as the first time.
    pub(super) fn as_before(&self, earlier: &TakenReport) -> Reported {
        let (status, reason) = match &earlier.decision {
            None => (ReportStatus::Pending, None),
            Some(Ok(_)) => (ReportStatus::Accepted, None),
            Some(Err(reason)) => (ReportStatus::Declined, Some(reason.clone())),
        };
        let (lead_id, feedback_id) = (self.story.lead_id, earlier.id);
        Reported { lead_id, feedback_id, status, reason, repeated: true }
    }

    /// The moment at which something of this lead happens: not before what happened last.
    pub(crate) fn now(&self) -> Timestamp {
        self.story.last_at.max(self.context.clock.now())
    }
}
