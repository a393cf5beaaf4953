//! Telling a source what came back of its lead, and buyers that its person withdrew consent. Nobody waits for it:
//! what is due stands in the queue of retries.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    EntityId, EventId, EventKind, Exchange, Feedback, Notice, NoticeEnd, NoticeSettings, Number, Owed,
    Reason, ReasonCode, Revocation, RevocationNotice, Seed, TakenReport, Timestamp, Value, Variables,
    as_recipient,
};
use ledger::{RecordError, Ticket};

use crate::asking::{About, Party, Question, Taken, not_kept};
use crate::delivery::not_made;
use crate::retries::Due;
use crate::run::{Moment, Run, path};

/// Something to tell somebody.
struct Message<'a> {
    /// What it is about, a report or a revocation; the key by which the other side knows it again.
    id: EventId,
    at: Timestamp,
    to: &'a EntityId,
    party: Party,
    settings: Option<&'a NoticeSettings>,
    /// The delivery by which a buyer has the lead.
    delivery_id: Option<EventId>,
    /// What stands under `feedback.…`.
    words: Vec<(&'static str, Value)>,
    owed: Owed,
}

/// What came of telling it.
struct Told {
    notice: Notice,
    since: Duration,
    waited: Duration,
    exchanges: Vec<Exchange>,
    reason_raw: Option<Arc<str>>,
}

impl Told {
    fn into_moment(self, kind: impl FnOnce(Notice) -> EventKind) -> Moment {
        let Told { notice, since, waited, exchanges, reason_raw } = self;
        Moment { waited, exchanges, reason_raw, ..Moment::new(kind(notice), since) }
    }
}

impl Run {
    /// Whether this names something that is told, rather than a delivery.
    pub(crate) fn tells(&self, id: EventId) -> bool {
        let reports = &self.story.reports;
        reports.report(id).is_some() || reports.revocation().is_some_and(|own| own.id == id)
    }

    /// Tells what is due of a report or a revocation; whoever waits for the end of it awaits the ticket.
    pub(crate) async fn tell(&mut self, id: EventId) -> Result<Option<Ticket>, RecordError> {
        let now = self.context.clock.now();
        let mut newest = None;
        self.asked_by(None, None);
        if let Some(report) = self.story.reports.report(id).cloned() {
            if let Some(owed) = report.relay.filter(|owed| owed.due <= now) {
                newest = Some(self.tell_source(&report, owed).await?);
            }
        } else if let Some(revocation) = self.story.reports.revocation().cloned() {
            for notice in &revocation.notices {
                if let Some(owed) = notice.owed.filter(|owed| owed.due <= now) {
                    newest = Some(self.tell_buyer(&revocation, notice, owed).await?);
                }
            }
        }
        if let Some((_, at)) = self.story.reports.owed().find(|(own, _)| *own == id) {
            self.context.retries.add(Due { at, lead_id: self.story.lead_id, delivery_id: id });
        }
        Ok(newest)
    }

    async fn tell_source(&mut self, report: &TakenReport, owed: Owed) -> Result<Ticket, RecordError> {
        let flow = Arc::clone(&self.flow);
        let source = flow.flow.source(&self.story.source_id);
        let message = Message {
            id: report.id,
            at: report.at,
            to: &EntityId::from(self.story.source_id.clone()),
            party: Party::Source,
            settings: source.and_then(|source| source.feedback.notice_of(report.feedback.kind)),
            delivery_id: None,
            words: feedback_words(report),
            owed,
        };
        let told = self.send(message).await?;
        let feedback = Feedback { feedback_id: Some(report.id), ..report.feedback.clone() };
        let moment = told.into_moment(|notice| EventKind::FeedbackSent { feedback, notice });
        self.record(vec![moment]).await
    }

    async fn tell_buyer(
        &mut self,
        revocation: &Revocation,
        notice: &RevocationNotice,
        owed: Owed,
    ) -> Result<Ticket, RecordError> {
        let RevocationNotice { step_id, entity_id, delivery_id, owed: _ } = notice.clone();
        let flow = Arc::clone(&self.flow);
        let recipient = flow.flow.step(&step_id).and_then(as_recipient).map(|(_, recipient)| recipient);
        let message = Message {
            id: revocation.id,
            at: revocation.at,
            to: &entity_id,
            party: Party::Buyer,
            settings: recipient.and_then(|recipient| recipient.on_revoked.as_ref()),
            delivery_id: Some(delivery_id),
            words: revocation_words(revocation),
            owed,
        };
        let told = self.send(message).await?;
        let moment =
            told.into_moment(|notice| EventKind::ConsentSent { step_id, entity_id, delivery_id, notice });
        self.record(vec![moment]).await
    }

    async fn send(&mut self, message: Message<'_>) -> Result<Told, RecordError> {
        let Message { id, at, to, party, settings, delivery_id, words, owed } = message;
        let since = self.context.clock.monotonic();
        let not_asked = |reason: Reason, due: Option<Timestamp>| Told {
            notice: Notice {
                end: NoticeEnd::NotAsked(reason),
                integration: None,
                response_code: None,
                attempt: owed.attempt,
                due,
            },
            since,
            waited: Duration::ZERO,
            exchanges: Vec::new(),
            reason_raw: None,
        };
        let Some(settings) = settings else { return Ok(not_asked(no_notice(party), None)) };
        if self.context.control.is_paused(to) {
            return Ok(not_asked(party.paused(), self.told_again(settings, owed, None)));
        }
        let mut lead = self.story.lead.clone();
        for (word, value) in words {
            lead.set(path(&format!("appended.feedback.{word}")), value);
        }
        let variables =
            Variables { delivery_id, seed: Seed::of(&[id.as_bytes()]), ..self.variables(&lead, at) };
        if self.needs_what_is_gone(&settings.request, &variables) {
            return Ok(not_asked(not_kept(), None));
        }
        let outgoing = match self.rendered_under(&settings.request, &variables, Some(id)) {
            Ok(outgoing) => outgoing,
            Err(error) => return Ok(not_asked(not_made(&error), None)),
        };
        let question = Question {
            about: About::Report,
            entity_id: to,
            party,
            response: &settings.response,
            time_limit: settings.timeout,
        };
        let asked = self.ask(question, outgoing).await?;
        let (end, due) = match asked.result {
            Ok(Taken::Yes) => (NoticeEnd::Taken, None),
            Ok(Taken::No(reason)) => (NoticeEnd::Refused(reason), None),
            Err(fault) => (NoticeEnd::Fault(fault), self.told_again(settings, owed, asked.retry_after)),
        };
        let integration = Some(settings.request.integration.as_str().into());
        let (response_code, attempt) = (asked.response_code, owed.attempt);
        Ok(Told {
            notice: Notice { end, integration, response_code, attempt, due },
            since,
            waited: asked.waited,
            exchanges: asked.exchanges,
            reason_raw: asked.reason_raw,
        })
    }

    /// When it is told again, when there is one more time.
    fn told_again(
        &self,
        settings: &NoticeSettings,
        owed: Owed,
        asked: Option<Duration>,
    ) -> Option<Timestamp> {
        let chance = u32::from_le_bytes(self.context.draw());
        let wait = settings.retry.wait_after(owed.attempt, asked, chance)?;
        Some(self.now().plus_millis(i64::try_from(wait.as_millis()).expect("waits have a bound")))
    }
}

fn no_notice(party: Party) -> Reason {
    Reason::new(ReasonCode::NoNotice, format!("{} is not told by the flow; tell it by hand", party.as_str()))
}

fn feedback_words(report: &TakenReport) -> Vec<(&'static str, Value)> {
    let feedback = &report.feedback;
    let mut words = vec![
        ("id", Value::text(report.id.to_string())),
        ("type", Value::text(feedback.kind.as_str())),
        ("timestamp", Value::text(report.at.to_string())),
        ("buyer", Value::text(feedback.entity_id.to_string())),
    ];
    let said = report.words.clone().or_else(|| feedback.reason.clone());
    words.extend(said.map(|reason| ("reason", Value::text(reason))));
    words.extend(feedback.value.clone().map(|value| ("value", Value::text(value))));
    let number = |text: String| Value::from(text.parse::<Number>().expect("it is a decimal of few digits"));
    words.extend(feedback.days_to_convert.map(|days| ("days_to_convert", number(days.to_string()))));
    if let Some(Ok(reversal)) = &report.decision {
        words.push(("refund", number(reversal.cost.to_string())));
    }
    words
}

fn revocation_words(revocation: &Revocation) -> Vec<(&'static str, Value)> {
    let mut words = vec![
        ("id", Value::text(revocation.id.to_string())),
        ("type", Value::text("consent_revoked")),
        ("timestamp", Value::text(revocation.at.to_string())),
    ];
    words.extend(revocation.words.clone().map(|reason| ("reason", Value::text(reason))));
    words
}
