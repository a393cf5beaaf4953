//! Asking another party: the request is made, sent, and the reply read. What that means for the lead
//! is up to the step.

use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Ending, EntityId, EventId, Exchange, Fault, FaultKind, FieldPath, Flow, Lead, LeadId, Money, Outcome,
    Reason, ReasonCode, RequestSettings, ResponseSettings, SecretGuard, Secrets, Seed, SentText, Step,
    Timestamp, Value, Variables, reason_in_the_clear,
};
use futures_util::future::join_all;
use ledger::RecordError;
use wire::outbound::{
    Fresh, Means, Outbound, Reading, RenderError, Reply, ascii_text, read_mail_reply, read_reply,
    render_outbound,
};

use crate::Redirect;
use crate::circuits::Pass;
use crate::parties::{Answered, Call, CallFault, MailCall, Purpose, StepLimits};
use crate::run::{Run, millis};

/// What came of asking another party.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) result: Result<Taken, Fault>,
    /// The HTTP status, when there was a reply.
    pub(crate) response_code: Option<u16>,
    /// What was sent and answered, redirects included, in order.
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) waited: Duration,
    /// How long the other party asked to be left alone.
    pub(crate) retry_after: Option<Duration>,
    /// What the reply said, faults told by a reply included.
    pub(crate) reading: Option<Reading>,
    /// The other party's own words for a no.
    pub(crate) reason_raw: Option<Arc<str>>,
}

/// A usable answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Taken {
    Yes,
    No(Reason),
}

/// Whom reasons speak of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Party {
    Service,
    Buyer,
    Source,
}

impl Party {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Party::Service => "Service",
            Party::Buyer => "Buyer",
            Party::Source => "Source",
        }
    }

    /// Why it is not asked while it is paused.
    pub(crate) fn paused(self) -> Reason {
        Reason::new(ReasonCode::Paused, format!("{} is paused", self.as_str()))
    }
}

impl Asked {
    pub(crate) fn outcome(&self) -> Outcome {
        match &self.result {
            Ok(Taken::Yes) => Outcome::Success,
            Ok(Taken::No(_)) => Outcome::Failure,
            Err(_) => Outcome::Error,
        }
    }

    fn reason(&self) -> Option<&Reason> {
        match &self.result {
            Ok(Taken::Yes) => None,
            Ok(Taken::No(reason)) => Some(reason),
            Err(fault) => Some(&fault.reason),
        }
    }

    /// What a step says of itself in the lead.
    pub(crate) fn own_values(&self) -> Vec<(&'static str, Value)> {
        let mut own = vec![("outcome", Value::text(self.outcome().as_str()))];
        let raw = self.reason_raw.clone().or_else(|| self.reason().map(|reason| Arc::clone(&reason.text)));
        if let Some(reason) = raw.filter(|_| self.outcome() != Outcome::Success) {
            own.push(("reason", Value::text(reason)));
        }
        if let Some(reading) = &self.reading {
            if let Some(price) = reading.price {
                let number: domain::Number = price.to_string().parse().expect("an amount is a decimal");
                own.push(("price", Value::from(number)));
            }
            own.extend(reading.reference.clone().map(|reference| ("reference", Value::text(reference))));
        }
        own
    }
}

/// A request, and what is recorded of it.
#[derive(Debug)]
pub(crate) struct Outgoing {
    pub(crate) request: Outbound,
    pub(crate) evidence: Arc<[u8]>,
    /// Against the secrets that a reply may repeat.
    pub(crate) guard: SecretGuard,
    /// What is another in the evidence.
    pub(crate) sent: Vec<SentText>,
}

/// What somebody is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum About<'a> {
    /// A step sends the lead.
    Lead(&'a Step),
    /// A recipient says what it would pay.
    Bid(&'a Step),
    /// Somebody is told of a report.
    Report,
}

impl<'a> About<'a> {
    fn step(self) -> Option<&'a Step> {
        match self {
            About::Lead(step) | About::Bid(step) => Some(step),
            About::Report => None,
        }
    }

    fn purpose(self) -> Purpose {
        match self {
            About::Lead(step) => Purpose::Lead(step.id.clone()),
            About::Bid(step) => Purpose::Ping(step.id.clone()),
            About::Report => Purpose::Notice,
        }
    }
}

/// Whom to ask, and how to read what it says.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    pub(crate) about: About<'a>,
    pub(crate) entity_id: &'a EntityId,
    pub(crate) party: Party,
    pub(crate) response: &'a ResponseSettings,
    pub(crate) time_limit: Duration,
}

impl Run {
    /// What templates of a delivery see of a lead as it was first sent. All of it follows from the
    /// delivery, so that every attempt sends what the first one sent.
    pub(crate) fn delivery_variables<'a>(&'a self, lead: &'a Lead, delivery_id: EventId) -> Variables<'a> {
        Variables {
            delivery_id: Some(delivery_id),
            seed: Seed::of(&[delivery_id.as_bytes()]),
            ..self.variables(lead, delivery_id.drawn_at())
        }
    }

    /// What templates of a step see of the lead as it stands.
    pub(crate) fn step_variables(&self, step: &Step) -> Variables<'_> {
        Variables {
            seed: Seed::of(&[self.story.lead_id.as_bytes(), step.id.as_str().as_bytes()]),
            ..self.variables(&self.story.lead, self.context.clock.now())
        }
    }

    /// What rules see of the lead as it stands. Their moment is that of the submission, so that a lead
    /// is judged alike at every step and after a restart.
    pub(crate) fn rule_variables(&self) -> Variables<'_> {
        self.variables(&self.story.lead, self.story.submitted_at)
    }

    /// What templates of the flow see of a lead at a moment.
    pub(crate) fn variables<'a>(&'a self, lead: &'a Lead, now: Timestamp) -> Variables<'a> {
        variables(&self.flow.flow, self.story.lead_id, self.story.price, lead, now)
    }

    /// Whether a request holds something that is masked in the lead, whose value is not kept any more.
    pub(crate) fn needs_what_is_gone(&self, settings: &RequestSettings, variables: &Variables<'_>) -> bool {
        if !self.story.gone {
            return false;
        }
        let fields = self.flow.flow.fields();
        let is_masked = |path: &FieldPath, value: &Value| {
            let sensitive =
                fields.at(path.as_str()).is_some_and(|(field, _)| field.field_type.is_sensitive());
            sensitive || value.as_text().is_some_and(|text| text.contains(MASKED))
        };
        let known = variables.lead.iter().filter(|(path, value)| !is_masked(path, value));
        let known: Lead = known.map(|(path, value)| (path.clone(), value.clone())).collect();
        let secrets = Secrets::masked(settings.secrets());
        let variables = &Variables { secrets: &secrets, ..*variables };
        let means = Means { sender: self.context.parties.mail_sender(), ..Means::default() };
        let sent =
            |variables| render_outbound(settings, variables, means).ok().map(|request| request.evidence());
        sent(variables) != sent(&Variables { lead: &known, ..*variables })
    }

    /// A request as it leaves. What no two requests may share, the nonce of a password's digest, is drawn
    /// for each, and secrets are those of the moment; everything else follows from the variables. What is
    /// recorded of it is made from the lead as it may be recorded, and from the names of secrets, so that
    /// no helper carries a part of a sensitive value or a secret into a record.
    pub(crate) fn rendered(
        &self,
        settings: &RequestSettings,
        variables: &Variables<'_>,
    ) -> Result<Outgoing, RenderError> {
        self.rendered_under(settings, variables, None)
    }

    /// The same; the other side knows it again by a key that is not the delivery.
    pub(crate) fn rendered_under(
        &self,
        settings: &RequestSettings,
        variables: &Variables<'_>,
        key: Option<EventId>,
    ) -> Result<Outgoing, RenderError> {
        let fresh = settings
            .has_digest()
            .then(|| Fresh { nonce: self.context.draw(), created: self.context.clock.now() });
        let means = Means { fresh: fresh.as_ref(), sender: self.context.parties.mail_sender() };
        let made = |variables: &Variables<'_>| {
            let mut request = render_outbound(settings, variables, means)?;
            if let Some(key) = key {
                request.set_key(&key.to_string());
            }
            Ok::<_, RenderError>(request)
        };
        let secrets = self.context.control.secret_values();
        let variables = &Variables { secrets: &secrets, ..*variables };
        let request = made(variables)?;
        let recorded = self.recorded_lead(variables.lead);
        let masks = self.context.barriers.masking && settings.secrets().next().is_some();
        let mut sent = Vec::new();
        let evidence = if recorded.is_some() || masks {
            let lead = recorded.as_ref().unwrap_or(variables.lead);
            if recorded.is_some() {
                sent = settings.sent_texts(variables, &Variables { lead, ..*variables });
            }
            let masked = Secrets::masked(settings.secrets());
            match made(&Variables { lead, secrets: &masked, ..*variables }) {
                Ok(recorded) => recorded.evidence(),
                Err(error) => format!("not recorded: with stars in it the request cannot be made: {error}")
                    .into_bytes()
                    .into(),
            }
        } else {
            request.evidence()
        };
        if settings.ascii {
            sent.iter_mut().for_each(|text| text.sent = ascii_text(&text.sent));
        }
        let guard = self.secret_guard(&settings.secret_texts(variables));
        Ok(Outgoing { request, evidence, guard, sent })
    }

    /// Against the secrets of the flow, and some more texts.
    pub(crate) fn secret_guard(&self, more: &[String]) -> SecretGuard {
        if !self.context.barriers.masking {
            return SecretGuard::default();
        }
        self.context.control.secret_guard(&self.flow.secrets, more)
    }

    /// Sends a request and reads the reply. For a buyer, the event that says so is durable before.
    ///
    /// # Errors
    /// When the deadline came meanwhile, and the answer could not be recorded.
    pub(crate) async fn ask(
        &mut self,
        question: Question<'_>,
        outgoing: Outgoing,
    ) -> Result<Asked, RecordError> {
        let answers = self.ask_all(vec![(question, outgoing)]).await?;
        Ok(answers.into_iter().next().expect("each question has an answer"))
    }

    /// The same for several, all at once; answers come in the order of the questions.
    ///
    /// # Errors
    /// As [`ask`](Run::ask).
    pub(crate) async fn ask_all(
        &mut self,
        questions: Vec<(Question<'_>, Outgoing)>,
    ) -> Result<Vec<Asked>, RecordError> {
        let parties = Arc::clone(&self.context.parties);
        let (mut asking, mut asked) = (Vec::new(), Vec::new());
        for (question, Outgoing { request, evidence, guard, sent }) in questions {
            sent.iter().for_each(|text| self.redactor.learn_sent(text));
            let limited = question.about.step().filter(|step| !step.limits.is_none());
            let step_limits = limited.map(|step| StepLimits {
                flow_id: self.flow.flow.id().clone(),
                step_id: step.id.clone(),
                limits: step.limits,
            });
            let purpose = question.about.purpose();
            let (entity_id, time_limit) = (question.entity_id.clone(), question.time_limit);
            let carrier = match request {
                Outbound::Http(request) => {
                    asking.push(parties.ask(Call { entity_id, purpose, request, time_limit, step_limits }));
                    Carrier::Http
                }
                Outbound::Mail(mail) => {
                    let mail = *mail;
                    asking.push(parties.mail(MailCall { entity_id, purpose, mail, time_limit, step_limits }));
                    Carrier::Mail
                }
            };
            asked.push((question, Sent { carrier, evidence, guard }));
        }
        let replies = self.meanwhile(join_all(asking)).await?;
        let each = asked.into_iter().zip(replies);
        Ok(each.map(|((question, sent), reply)| self.hear(question, sent, reply)).collect())
    }

    /// What came of a request that was `sent`.
    fn hear(
        &self,
        question: Question<'_>,
        sent: Sent,
        reply: Result<(Answered, Option<Pass>), CallFault>,
    ) -> Asked {
        let Sent { carrier, evidence, guard } = sent;
        match reply {
            Ok((Answered { reply, redirects, waited }, pass)) => {
                let reply = reply.without_secrets(&guard);
                let reading = carrier.read(question.response, &reply);
                let received = carrier.evidence(&self.recorded_reply(&reply));
                let (result, reason_raw) = self.take(&question, carrier, reply.status, &reading);
                if let Some(pass) = pass {
                    pass.ended(result.is_err());
                }
                Asked {
                    result,
                    response_code: Some(reply.status),
                    exchanges: self.exchanges(evidence, redirects, Some(received), &guard),
                    waited,
                    retry_after: reply
                        .header("retry-after")
                        .and_then(|text| retry_after(text, self.context.clock.now())),
                    reading: Some(reading),
                    reason_raw,
                }
            }
            Err(fault) => {
                let detail = guard.masked_text(&fault.detail).unwrap_or(fault.detail);
                let exchanges = self.exchanges(evidence, fault.redirects.clone(), None, &guard);
                let fault = CallFault { detail, ..fault };
                Asked {
                    waited: fault.waited,
                    result: Err(self.unanswered(question.party, &fault, question.time_limit)),
                    response_code: None,
                    exchanges,
                    retry_after: fault.retry_after,
                    reading: None,
                    reason_raw: None,
                }
            }
        }
    }

    /// A reply without the lead's sensitive values and what was made of them.
    fn recorded_reply<'a>(&self, reply: &'a Reply) -> Cow<'a, Reply> {
        if self.context.barriers.masking && self.redactor.has_own() {
            Cow::Owned(reply.clone().recorded(&self.redactor))
        } else {
            Cow::Borrowed(reply)
        }
    }

    /// What was sent and answered: one exchange for each server that was asked.
    fn exchanges(
        &self,
        sent: Arc<[u8]>,
        redirects: Vec<Redirect>,
        received: Option<Arc<[u8]>>,
        guard: &SecretGuard,
    ) -> Vec<Exchange> {
        let mut exchanges = Vec::new();
        let mut request = sent;
        for redirect in redirects {
            let url = guard.masked_text(&redirect.url).unwrap_or(redirect.url);
            let url = self.redacted(&Arc::from(url)).to_string();
            let reply = redirect.reply.without_secrets(guard);
            let response = Some(self.recorded_reply(&reply).evidence());
            let redirect = Redirect { url, reply, ..redirect };
            let next = redirect.evidence(&request);
            exchanges.push(Exchange { request: Some(request), response });
            request = next;
        }
        exchanges.push(Exchange { request: Some(request), response: received });
        exchanges
    }

    /// Why there was no reply. The words of the system may name the address that was asked.
    fn unanswered(&self, party: Party, call_fault: &CallFault, time_limit: Duration) -> Fault {
        let Fault { kind, reason } = unanswered(party, call_fault, time_limit);
        Fault { kind, reason: Reason { text: self.redacted(&reason.text), ..reason } }
    }

    fn take(
        &self,
        question: &Question<'_>,
        carrier: Carrier,
        status: u16,
        reading: &Reading,
    ) -> (Result<Taken, Fault>, Option<Arc<str>>) {
        let default = question.response.reason.default.as_ref();
        let words = reading.reason.as_ref();
        // The default is the flow's own text.
        let (reason, raw) = match words {
            Some(words) if Some(words) == default => {
                (Reason::new(ReasonCode::Declined, Arc::clone(words)), None)
            }
            Some(words) => {
                (reason_in_the_clear(&self.redacted(words), &self.flow.flow), Some(Arc::clone(words)))
            }
            None => {
                let text = format!("{} gave no reason", question.party.as_str());
                (Reason::new(ReasonCode::Declined, text), None)
            }
        };
        match reading.outcome {
            Ending::Success => (Ok(Taken::Yes), None),
            Ending::Failure => (Ok(Taken::No(reason)), raw),
            Ending::Error if carrier.is_status_of_fault(status) => {
                let text = format!("{} error: {} {status}", question.party.as_str(), carrier.as_str());
                (Err(fault(FaultKind::Status, ReasonCode::Status, text)), raw)
            }
            Ending::Error => (
                Err(Fault { kind: FaultKind::Reply, reason: Reason { code: ReasonCode::Reply, ..reason } }),
                raw,
            ),
        }
    }
}

/// What templates of a flow see of a lead at a moment.
pub(crate) fn variables<'a>(
    flow: &'a Flow,
    lead_id: LeadId,
    price: Option<Money>,
    lead: &'a Lead,
    now: Timestamp,
) -> Variables<'a> {
    Variables {
        lead,
        lead_id: Some(lead_id),
        delivery_id: None,
        price,
        now,
        time_zone: flow.time_zone(),
        secrets: Secrets::none(),
        seed: Seed::of(&[lead_id.as_bytes()]),
    }
}

/// What is kept of a request that is under way.
struct Sent {
    carrier: Carrier,
    evidence: Arc<[u8]>,
    guard: SecretGuard,
}

/// What carries a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Carrier {
    Http,
    Mail,
}

impl Carrier {
    fn as_str(self) -> &'static str {
        match self {
            Carrier::Http => "HTTP",
            Carrier::Mail => "SMTP",
        }
    }

    /// What a reply means.
    fn read(self, settings: &ResponseSettings, reply: &Reply) -> Reading {
        match self {
            Carrier::Http => read_reply(settings, reply),
            Carrier::Mail => read_mail_reply(reply),
        }
    }

    /// A reply as events keep it.
    fn evidence(self, reply: &Reply) -> Arc<[u8]> {
        match self {
            Carrier::Http => reply.evidence(),
            Carrier::Mail => reply.mail_evidence(),
        }
    }

    /// Whether a status says by itself that the other side has a fault.
    fn is_status_of_fault(self, status: u16) -> bool {
        match self {
            Carrier::Http => (500..600).contains(&status),
            Carrier::Mail => true,
        }
    }
}

/// Every masked value has so many stars in a row.
const MASKED: &str = "****";

/// Why a step asks nobody: what it would send was destroyed.
pub(crate) fn not_kept() -> Reason {
    Reason::new(ReasonCode::Request, "Sensitive values are no longer kept")
}

fn fault(kind: FaultKind, code: ReasonCode, text: String) -> Fault {
    Fault { kind, reason: Reason::new(code, text) }
}

/// Why there was no reply, in our own words.
fn unanswered(party: Party, call_fault: &CallFault, time_limit: Duration) -> Fault {
    let (who, detail) = (party.as_str(), &call_fault.detail);
    let (code, text) = match call_fault.kind {
        FaultKind::Dns => (ReasonCode::Connection, format!("{who} address not found: {detail}")),
        FaultKind::Connect => (ReasonCode::Connection, format!("{who} not reachable: {detail}")),
        FaultKind::Tls => (ReasonCode::Connection, format!("{who} connection not secure: {detail}")),
        FaultKind::Timeout => (ReasonCode::Timeout, format!("{who} timeout after {}ms", millis(time_limit))),
        FaultKind::Auth => (ReasonCode::Auth, format!("{who} refused our credentials: {detail}")),
        FaultKind::Status => (ReasonCode::Status, format!("{who} error: {detail}")),
        FaultKind::Reply => (ReasonCode::Reply, format!("{who} reply not usable: {detail}")),
        FaultKind::Unknown => (ReasonCode::Unknown, format!("{who} reply not complete: {detail}")),
        FaultKind::Limit => (ReasonCode::Limit, format!("{who} not asked: {detail}")),
        FaultKind::Circuit => (ReasonCode::CircuitOpen, format!("{who} not asked: {detail}")),
    };
    fault(call_fault.kind, code, text)
}

/// What a restart makes of an attempt that has no outcome.
pub(crate) fn unknown_after_restart() -> Fault {
    fault(FaultKind::Unknown, ReasonCode::Unknown, "Outcome unknown after restart".to_owned())
}

/// `Retry-After` (RFC 9110, 10.2.3): seconds, or a date.
fn retry_after(text: &str, now: Timestamp) -> Option<Duration> {
    let text = text.trim();
    if let Ok(seconds) = text.parse::<u32>() {
        return Some(Duration::from_secs(seconds.into()));
    }
    let at = jiff::fmt::rfc2822::parse(text).ok()?.timestamp().as_millisecond();
    u64::try_from(at.checked_sub(now.as_millis())?).ok().map(Duration::from_millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: Timestamp = "2015-10-21T07:27:00Z".parse().unwrap();
        let read = |text: &str| retry_after(text, now);
        assert_eq!(read(" 120 "), Some(Duration::from_secs(120)));
        assert_eq!(read("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(read("Wed, 21 Oct 2015 07:26:00 GMT"), None);
        assert_eq!(read("soon"), None);
    }
}
