//! What a start rebuilds from the ledger: the counts of what came back, the reports that wait for a decision, and
//! who is still to be told of something.

use std::collections::HashMap;

use domain::{EventId, EventKind, EventType, FeedbackKind, LeadId, Timestamp};
use ledger::{ReadHeader, Sighting};
use wire::Header;

use crate::engine::{Engine, ResumeError};
use crate::feedback::PendingReport;
use crate::feedback::rates::{KEPT_DAYS, SoldLead};
use crate::retries::Due;

const DAY_MS: i64 = 24 * 3600 * 1000;

/// What is still to be told: the lead, when, and of a revocation to how many.
struct Owes {
    lead_id: LeadId,
    due: Timestamp,
    left: u32,
}

impl Engine {
    /// Rebuilds all of it; what is to be told stands in the queue of retries then.
    pub(crate) fn restore_feedback(&self) -> Result<(), ResumeError> {
        let reader = self.leads().reader();
        let control = &self.context().control;
        let rates = &self.context().rates;
        let since = self.context().clock.now().plus_millis(-i64::from(KEPT_DAYS) * DAY_MS);
        let mut words = HashMap::new();
        let mut told = Vec::new();
        let types = [
            EventType::RecipientDelivered,
            EventType::FeedbackReceived,
            EventType::FeedbackProcessed,
            EventType::FeedbackSent,
            EventType::ConsentRevoked,
            EventType::ConsentSent,
        ];
        reader.sightings(&types, |sighting: Sighting| {
            if sighting.event_type != Some(EventType::RecipientDelivered) {
                told.push(sighting.seq);
            } else if !sighting.copy && !sighting.test && sighting.at >= since {
                let mut name = |word| words.entry(word).or_insert_with(|| reader.word(word)).clone();
                let parsed = (name(sighting.party), name(sighting.source), name(sighting.flow));
                let (Some(buyer), Some(source), Some(flow_id)) = parsed else { return };
                let (Ok(buyer), Ok(source), Ok(flow_id)) = (buyer.parse(), source.parse(), flow_id.parse())
                else {
                    return;
                };
                let day = control.day_of(&flow_id, sighting.at);
                rates.sold(&SoldLead { buyer, source, flow_id, day });
            }
        });
        let mut fold = Fold::default();
        for read in reader.headers(&told) {
            let ReadHeader { seq, header, .. } = read?;
            let header = Header::read(&header).map_err(|source| ResumeError::Header { seq, source })?;
            let event =
                wire::read_event(&header, None).map_err(|source| ResumeError::Header { seq, source })?;
            self.count(&mut fold, &event);
            fold.after(&event);
        }
        for report in fold.pending.into_values() {
            self.context().pending.add(report);
        }
        for (id, Owes { lead_id, due, .. }) in fold.owed {
            self.context().retries.add(Due { at: due, lead_id, delivery_id: id });
        }
        Ok(())
    }

    /// Counts what was accepted. What a report names was drawn when the lead was sold.
    fn count(&self, fold: &mut Fold, event: &domain::Event) {
        let EventKind::FeedbackProcessed { feedback, result: Ok(_), .. } = &event.kind else { return };
        let head = &event.head;
        if head.marks.test || fold.is_copy(self, feedback.recipient_event_id) {
            return;
        }
        let sold = SoldLead {
            buyer: feedback.entity_id.clone(),
            source: head.source_id.clone().into(),
            flow_id: head.flow_id.clone(),
            day: self.context().control.day_of(&head.flow_id, feedback.recipient_event_id.drawn_at()),
        };
        match feedback.kind {
            FeedbackKind::Return => self.context().rates.returned(&sold),
            FeedbackKind::Conversion if fold.converted.insert(feedback.recipient_event_id) => {
                self.context().rates.converted(&sold);
            }
            FeedbackKind::Conversion => {}
        }
    }
}

/// What the events of feedback come to, in their order.
#[derive(Default)]
struct Fold {
    pending: HashMap<EventId, PendingReport>,
    owed: HashMap<EventId, Owes>,
    /// The revocation of each lead that was told of.
    revocations: HashMap<LeadId, EventId>,
    /// The sales that were reported as customers.
    converted: std::collections::HashSet<EventId>,
}

impl Fold {
    /// Whether a delivery was of a copy, which the index knows.
    fn is_copy(&self, engine: &Engine, delivered: EventId) -> bool {
        engine.leads().reader().sighting(&delivered).is_some_and(|sighting| sighting.copy)
    }

    fn owe(&mut self, id: EventId, lead_id: LeadId, due: Option<Timestamp>, left: u32) {
        match due {
            Some(due) => _ = self.owed.insert(id, Owes { lead_id, due, left }),
            None => _ = self.owed.remove(&id),
        }
    }

    fn after(&mut self, event: &domain::Event) {
        let head = &event.head;
        match &event.kind {
            EventKind::FeedbackReceived { feedback } => {
                let report = PendingReport {
                    feedback_id: head.id,
                    lead_id: head.lead_id,
                    flow_id: head.flow_id.clone(),
                    source_id: head.source_id.clone(),
                    received_at: head.at,
                    feedback: feedback.clone(),
                };
                self.pending.insert(head.id, report);
            }
            EventKind::FeedbackProcessed { feedback, relay_due, .. } => match feedback.feedback_id {
                Some(id) => {
                    self.pending.remove(&id);
                    self.owe(id, head.lead_id, *relay_due, 1);
                }
                // Releases that did not name the report decided on it at once.
                None => self.pending.retain(|_, own| {
                    own.lead_id != head.lead_id
                        || own.feedback.recipient_event_id != feedback.recipient_event_id
                        || own.feedback.kind != feedback.kind
                }),
            },
            EventKind::FeedbackSent { feedback, notice } => {
                if let Some(id) = feedback.feedback_id {
                    self.owe(id, head.lead_id, notice.due, 1);
                }
            }
            EventKind::ConsentRevoked { buyers, due } => {
                self.revocations.insert(head.lead_id, head.id);
                self.owe(head.id, head.lead_id, *due, *buyers);
            }
            EventKind::ConsentSent { notice, .. } => {
                let Some(id) = self.revocations.get(&head.lead_id) else { return };
                if let Some(owes) = self.owed.get_mut(id).filter(|_| notice.due.is_none()) {
                    owes.left = owes.left.saturating_sub(1);
                    if owes.left == 0 {
                        self.owed.remove(id);
                    }
                }
            }
            _ => {}
        }
    }
}
