//! A person withdraws consent: the lead is sent nowhere any more, and the buyers that have it are told.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{
    EntityId, EventId, EventKind, Exchange, LeadId, Reason, ReasonCode, Revocation, StepId, as_recipient,
};

use crate::engine::Engine;
use crate::feedback::FeedbackError;
use crate::retries::Due;
use crate::run::{Moment, Run};

/// That a person withdrew consent.
#[derive(Debug, Clone)]
pub struct Revoke {
    /// The lead.
    pub lead_id: LeadId,
    /// Why, in the words of whoever reports it.
    pub reason: Option<String>,
    /// The request as received, without secrets.
    pub request: Arc<[u8]>,
    /// The id of the request.
    pub request_id: Option<Arc<str>>,
}

/// What became of a revocation. It is durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// The event that says so.
    pub event_id: EventId,
    /// The buyers that have the lead, or may have it.
    pub buyers: Vec<ToldBuyer>,
    /// Whether it was withdrawn before, so that nothing was recorded.
    pub repeated: bool,
}

/// A buyer that has a lead whose person withdrew consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToldBuyer {
    /// The step that sent it.
    pub step_id: StepId,
    /// The buyer.
    pub entity_id: EntityId,
    /// The delivery by which it has the lead.
    pub delivery_id: EventId,
    /// Whether the flow says how it is told; else somebody has to.
    pub by_flow: bool,
}

/// The leads whose revocation waits for what is under way with them. Steps that begin meanwhile send nothing.
/// Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Revocations {
    waiting: Arc<Mutex<HashSet<LeadId>>>,
}

impl Revocations {
    fn waiting(&self) -> MutexGuard<'_, HashSet<LeadId>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait_for(&self, lead_id: LeadId) -> Waiting {
        self.waiting().insert(lead_id);
        Waiting { revocations: self.clone(), lead_id }
    }
}

/// A revocation that waits; dropped, it waits no more.
struct Waiting {
    revocations: Revocations,
    lead_id: LeadId,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.revocations.waiting().remove(&self.lead_id);
    }
}

impl Engine {
    /// Takes in that a person withdrew consent: from now on no step and no retry sends the lead anywhere. When it
    /// returns, that is durable, and the buyers that have the lead will be told.
    ///
    /// # Errors
    /// When there is no such lead, or it could not be recorded.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn revoke_consent(&self, revoke: Revoke) -> Result<Revoked, FeedbackError> {
        let engine = self.clone();
        self.to_the_end(async move {
            let waiting = engine.context().revocations.wait_for(revoke.lead_id);
            let mut run = engine.take_up_reported(revoke.lead_id).await?.ok_or(FeedbackError::Unknown)?;
            let revoked = run.revoke(revoke).await;
            drop(waiting);
            revoked
        })
        .await
    }
}

impl Run {
    /// Why the lead is sent nowhere any more.
    pub(crate) fn revoked(&self) -> Option<Reason> {
        let waits = || self.context.revocations.waiting().contains(&self.story.lead_id);
        let is_revoked = self.story.reports.revocation().is_some() || waits();
        is_revoked.then(|| Reason::new(ReasonCode::ConsentRevoked, "The person withdrew consent"))
    }

    async fn revoke(&mut self, revoke: Revoke) -> Result<Revoked, FeedbackError> {
        let Revoke { lead_id, reason, request, request_id } = revoke;
        let request = self.request_without_secrets(request);
        let reason = reason.map(|words| self.without_secrets(words));
        if let Some(revocation) = self.story.reports.revocation() {
            return Ok(self.told_of(revocation, true));
        }
        let buyers = self.story.reports.holders();
        let now = self.now();
        let due = (buyers > 0).then_some(now);
        self.asked_by(request_id, None);
        let kind = EventKind::ConsentRevoked { buyers, due };
        let moment = Moment {
            exchanges: vec![Exchange { request: Some(request), response: None }],
            reason_raw: reason.map(Arc::from),
            ..Moment::new(kind, self.context.clock.monotonic())
        };
        self.record(vec![moment]).await?.durable().await?;
        let revocation = self.story.reports.revocation().expect("it was just recorded");
        if let Some(at) = due {
            self.context.retries.add(Due { at, lead_id, delivery_id: revocation.id });
        }
        Ok(self.told_of(revocation, false))
    }

    fn told_of(&self, revocation: &Revocation, repeated: bool) -> Revoked {
        let by_flow = |step_id: &StepId| {
            let recipient = self.flow.flow.step(step_id).and_then(as_recipient);
            recipient.is_some_and(|(_, recipient)| recipient.on_revoked.is_some())
        };
        let buyers = revocation.notices.iter().map(|notice| ToldBuyer {
            step_id: notice.step_id.clone(),
            entity_id: notice.entity_id.clone(),
            delivery_id: notice.delivery_id,
            by_flow: by_flow(&notice.step_id),
        });
        Revoked { event_id: revocation.id, buyers: buyers.collect(), repeated }
    }
}
