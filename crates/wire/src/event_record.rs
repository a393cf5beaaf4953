//! The stored shape of an event of a lead: its members in the order people read them.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{
    Answer, Asked, Call, ChainId, Completion, EntityId, Event, EventBody, EventHead, EventId, EventKind,
    EventType, Fault, FaultKind, Feedback, FeedbackKind, FlowVersion, Marks, Money, NoBid, Notice, NoticeEnd,
    Outcome, Price, Reason, ReasonCode, Retry, Reversal, StepId, Timestamp, Timing,
};

use crate::header::FeedbackMember;
use crate::json::{self, ObjectWriter};
use crate::{Body, BodyError, BodyView, Header, HeaderError, Place, Record};

impl Record for Event {
    fn id(&self) -> EventId {
        self.head.id
    }

    fn chain(&self) -> Option<ChainId> {
        Some(ChainId::Lead(self.head.lead_id))
    }

    fn write_header(&self, place: Place<'_>, out: &mut Vec<u8>) {
        let head = &self.head;
        let mut object = ObjectWriter::open(out);
        object.number("v", 1);
        object.plain("id", head.id);
        object.text("type", self.event_type().as_str());
        object.plain("timestamp", head.at);
        object.plain("lead_id", head.lead_id);
        if let Some(seq) = place.chain_seq {
            object.number("lead_seq", seq.into());
        }
        object.plain("flow_id", &head.flow_id);
        object.number("flow_version", head.flow_version.0.into());
        if let Some(step) = step_id(&self.kind) {
            object.plain("step_id", step);
        }
        object.plain("source_id", &head.source_id);
        match entity_id(self) {
            Some(entity) => object.plain("entity_id", entity),
            None => object.null("entity_id"),
        }
        if let Some(outcome) = self.kind.outcome() {
            object.plain("outcome", outcome);
        }
        if let Some(reason) = self.kind.reason() {
            object.text("reason", &reason.text);
            object.text("reason_code", reason.code.as_str());
        }
        object.number("duration_ms", head.timing.duration_ms);
        object.number("wait_ms", head.timing.wait_ms);
        object.number("total_ms", head.timing.total_ms);
        write_kind(&self.kind, &mut object);
        if !head.dims.is_empty() {
            let mut dims = ObjectWriter::open(object.value("dims"));
            for (path, value) in &head.dims {
                json::write_scalar(value, dims.value(path));
            }
            dims.close();
        }
        let fields = head.fields.as_bytes();
        if !fields.is_empty() {
            object.text("fields", &BASE64_URL_SAFE_NO_PAD.encode(fields));
        }
        if head.marks.test {
            object.boolean("test", true);
        }
        if let Some(batch) = &head.marks.batch {
            object.text("batch", batch);
        }
        if let Some(lead) = &head.marks.resubmit_of {
            object.plain("resubmit_of", lead);
        }
        if let Some(request) = &head.marks.request_id {
            object.text("request_id", request);
        }
        if let Some(tags) = &head.marks.idempotency {
            object.text("idempotency_key", &hex(&tags.key));
            object.text("idempotency_payload", &hex(&tags.payload));
        }
        if let Some(ping) = &head.marks.ping_id {
            object.plain("ping_id", ping);
        }
        if !head.marks.turn.is_empty() {
            json::write_array(head.marks.turn.iter(), object.value("turn"), |step, out| {
                json::write_string(step.as_str(), out);
            });
        }
        if !head.marks.duplicate_keys.is_empty() {
            let mut keys = ObjectWriter::open(object.value("duplicate_keys"));
            for key in &head.marks.duplicate_keys {
                keys.text(&key.rule, &hex(&key.tag));
            }
            keys.close();
        }
        object.text("snapshot", place.snapshot);
        object.close();
    }

    fn body(&self, before: Option<&Body>) -> Result<Option<Body>, BodyError> {
        match self.kind {
            // The lead's key is gone: there is nothing to seal under.
            EventKind::PrivacyErased => Ok(None),
            _ => Body::of_event(&self.body, before).map(Some),
        }
    }

    fn sensitive(&self) -> Option<Vec<u8>> {
        self.body.sensitive.as_ref().map(Body::of_lead)
    }
}

fn hex(bytes: &[u8; 12]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The step an event belongs to.
pub(crate) fn step_id(kind: &EventKind) -> Option<&StepId> {
    match kind {
        EventKind::FilterPassed { step_id, .. }
        | EventKind::FilterFailed { step_id, .. }
        | EventKind::EnhancementSkipped { step_id, .. }
        | EventKind::RecipientSkipped { step_id, .. }
        | EventKind::RetryScheduled { step_id, .. }
        | EventKind::RetryAttempted { step_id, .. }
        | EventKind::ConsentSent { step_id, .. } => Some(step_id),
        EventKind::EnhancementSuccess { call }
        | EventKind::EnhancementFailure { call, .. }
        | EventKind::EnhancementError { call, .. }
        | EventKind::RecipientBid { call, .. }
        | EventKind::RecipientAttempted { call, .. }
        | EventKind::RecipientDelivered { call, .. }
        | EventKind::RecipientError { call, .. } => Some(&call.step_id),
        EventKind::RecipientFailed { asked, .. } => match asked {
            Asked::Yes { call, .. } => Some(&call.step_id),
            Asked::No { step_id, .. } => Some(step_id),
        },
        EventKind::SourceSubmitted
        | EventKind::SourceAccepted { .. }
        | EventKind::SourceRejected { .. }
        | EventKind::SourcePinged { .. }
        | EventKind::SourceAnswered { .. }
        | EventKind::FeedbackReceived { .. }
        | EventKind::FeedbackReturned { .. }
        | EventKind::FeedbackProcessed { .. }
        | EventKind::FeedbackSent { .. }
        | EventKind::ConsentRevoked { .. }
        | EventKind::FlowCompleted(_)
        | EventKind::PrivacyErased => None,
    }
}

/// The party an event is about: the source, the other side, or nobody.
fn entity_id(event: &Event) -> Option<EntityId> {
    match &event.kind {
        EventKind::SourceSubmitted
        | EventKind::SourceAccepted { .. }
        | EventKind::SourceRejected { .. }
        | EventKind::SourcePinged { .. }
        | EventKind::SourceAnswered { .. }
        | EventKind::FeedbackSent { .. }
        | EventKind::FlowCompleted(_) => Some(event.head.source_id.clone().into()),
        EventKind::EnhancementSuccess { call }
        | EventKind::EnhancementFailure { call, .. }
        | EventKind::EnhancementError { call, .. }
        | EventKind::RecipientBid { call, .. }
        | EventKind::RecipientAttempted { call, .. }
        | EventKind::RecipientDelivered { call, .. }
        | EventKind::RecipientError { call, .. } => Some(call.entity_id.clone()),
        EventKind::RecipientFailed { asked, .. } => match asked {
            Asked::Yes { call, .. } => Some(call.entity_id.clone()),
            Asked::No { entity_id, .. } => Some(entity_id.clone()),
        },
        EventKind::EnhancementSkipped { entity_id, .. }
        | EventKind::RecipientSkipped { entity_id, .. }
        | EventKind::RetryScheduled { entity_id, .. }
        | EventKind::RetryAttempted { entity_id, .. }
        | EventKind::ConsentSent { entity_id, .. } => Some(entity_id.clone()),
        EventKind::FeedbackReceived { feedback }
        | EventKind::FeedbackReturned { feedback }
        | EventKind::FeedbackProcessed { feedback, .. } => Some(feedback.entity_id.clone()),
        EventKind::FilterPassed { .. }
        | EventKind::FilterFailed { .. }
        | EventKind::ConsentRevoked { .. }
        | EventKind::PrivacyErased => None,
    }
}

fn write_kind(kind: &EventKind, object: &mut ObjectWriter<'_>) {
    match kind {
        EventKind::SourceSubmitted | EventKind::PrivacyErased => {}
        EventKind::SourceAccepted { price, caps } => {
            if let Some(price) = price {
                object.plain("price", price);
            }
            write_caps(caps, object);
        }
        EventKind::SourceRejected { duplicate_of, reason: _ } => {
            if let Some(lead) = duplicate_of {
                object.plain("duplicate_of", lead);
            }
        }
        EventKind::SourcePinged { answer } | EventKind::SourceAnswered { answer } => {
            object.plain("price", answer.price);
        }
        EventKind::FilterPassed { step_id, rules_evaluated }
        | EventKind::FilterFailed { step_id, rules_evaluated, reason: _ } => {
            object.plain("rule_set", step_id);
            object.number("rules_evaluated", (*rules_evaluated).into());
        }
        EventKind::EnhancementSuccess { call } | EventKind::EnhancementFailure { call, reason: _ } => {
            write_call(call, object);
        }
        EventKind::EnhancementError { call, fault } => {
            write_call(call, object);
            write_error_kind(fault, object);
        }
        EventKind::EnhancementSkipped { .. } | EventKind::RecipientSkipped { .. } => {
            object.boolean("asked", false);
        }
        EventKind::RecipientBid { call, bid } => {
            write_call(call, object);
            match bid {
                Ok(bid) => object.plain("bid", bid),
                Err(NoBid::Declined(_)) => {}
                Err(NoBid::Fault(fault)) => write_error_kind(fault, object),
            }
        }
        EventKind::RecipientAttempted { call, retry, caps } => {
            write_call(call, object);
            write_retry(retry, object);
            write_caps(caps, object);
        }
        EventKind::RecipientDelivered { call, retry, price } => {
            write_call(call, object);
            object.plain("price", price.amount);
            if price.below_floor {
                object.boolean("below_floor", true);
            }
            if price.copy {
                object.text("counts_as", "copy");
            }
            write_retry(retry, object);
        }
        EventKind::RecipientFailed { asked: Asked::Yes { call, retry }, reason: _ } => {
            object.boolean("asked", true);
            write_call(call, object);
            write_retry(retry, object);
        }
        EventKind::RecipientFailed { asked: Asked::No { .. }, reason: _ } => object.boolean("asked", false),
        EventKind::RecipientError { call, retry, fault } => {
            write_call(call, object);
            write_error_kind(fault, object);
            write_retry(retry, object);
        }
        EventKind::RetryScheduled { retry, due, .. } => {
            write_retry(retry, object);
            object.plain("due", due);
        }
        EventKind::RetryAttempted { retry, .. } => write_retry(retry, object),
        EventKind::FeedbackReceived { feedback } | EventKind::FeedbackReturned { feedback } => {
            write_feedback(feedback, object);
        }
        EventKind::FeedbackProcessed { feedback, result, relay_due } => {
            write_feedback(feedback, object);
            if let Ok(reversal) = result {
                object.plain("amount", reversal.revenue);
                if reversal.cost != Money::ZERO {
                    object.plain("cost_amount", reversal.cost);
                }
            }
            write_due(*relay_due, object);
        }
        EventKind::FeedbackSent { feedback, notice } => {
            write_feedback(feedback, object);
            // The event's own party is the source; the buyer that reported stands beside it.
            object.plain("recipient_entity_id", &feedback.entity_id);
            write_notice(notice, object);
        }
        EventKind::ConsentRevoked { buyers, due } => {
            object.number("deliveries", (*buyers).into());
            write_due(*due, object);
        }
        EventKind::ConsentSent { delivery_id, notice, .. } => {
            write_notice(notice, object);
            object.plain("delivery_id", delivery_id);
        }
        EventKind::FlowCompleted(completion) => {
            object.plain("final_outcome", completion.final_outcome);
            object.number("steps_run", completion.steps_run.into());
            object.number("deliveries", completion.deliveries.into());
            object.plain("cost", completion.cost);
            object.plain("revenue", completion.revenue);
            object.plain("margin", completion.margin());
        }
    }
}

fn write_caps(caps: &[std::sync::Arc<str>], object: &mut ObjectWriter<'_>) {
    if !caps.is_empty() {
        json::write_array(caps.iter(), object.value("caps"), |cap, out| json::write_string(cap, out));
    }
}

fn write_call(call: &Call, object: &mut ObjectWriter<'_>) {
    object.text("integration", &call.integration);
    if let Some(code) = call.response_code {
        object.number("response_code", code.into());
    }
}

/// Which part failed; a call that we kept back says so.
fn write_error_kind(fault: &Fault, object: &mut ObjectWriter<'_>) {
    if !fault.kind.was_asked() {
        object.boolean("asked", false);
    }
    object.text("error_kind", fault.kind.as_str());
}

fn write_retry(retry: &Retry, object: &mut ObjectWriter<'_>) {
    object.number("attempt", retry.attempt.into());
    object.plain("delivery_id", retry.delivery_id);
}

fn write_feedback(feedback: &Feedback, object: &mut ObjectWriter<'_>) {
    let mut member = ObjectWriter::open(object.value("feedback"));
    member.text("type", feedback.kind.as_str());
    if let Some(value) = &feedback.value {
        member.text("value", value);
    }
    if let Some(days) = feedback.days_to_convert {
        member.number("days_to_convert", days.into());
    }
    if let Some(reason) = &feedback.reason {
        member.text("reason", reason);
    }
    member.close();
    object.plain("recipient_event_id", feedback.recipient_event_id);
    if let Some(id) = feedback.feedback_id {
        object.plain("feedback_id", id);
    }
}

fn write_notice(notice: &Notice, object: &mut ObjectWriter<'_>) {
    if let Some(integration) = &notice.integration {
        object.text("integration", integration);
    }
    if let Some(code) = notice.response_code {
        object.number("response_code", code.into());
    }
    match &notice.end {
        NoticeEnd::Fault(fault) => write_error_kind(fault, object),
        NoticeEnd::NotAsked(_) => object.boolean("asked", false),
        NoticeEnd::Taken | NoticeEnd::Refused(_) => {}
    }
    object.number("attempt", notice.attempt.into());
    write_due(notice.due, object);
}

fn write_due(due: Option<Timestamp>, object: &mut ObjectWriter<'_>) {
    if let Some(due) = due {
        object.plain("due", due);
    }
}

/// Reads an event of a lead back: header bytes, and the body unless it is gone. Without a body
/// the event has an empty one.
///
/// # Errors
/// When a member that the type requires is missing or malformed, or the type is not one of an
/// event of a lead.
pub fn read_event(header: &Header<'_>, body: Option<&BodyView<'_>>) -> Result<Event, HeaderError> {
    let head = EventHead {
        id: header.event_id()?,
        at: header.at()?,
        lead_id: Header::required(&header.lead_id, "lead_id")?,
        flow_id: Header::required(&header.flow_id, "flow_id")?,
        flow_version: FlowVersion(header.flow_version.ok_or(HeaderError::Member("flow_version"))?),
        source_id: Header::required(&header.source_id, "source_id")?,
        timing: Timing {
            duration_ms: header.duration_ms.unwrap_or(0),
            wait_ms: header.wait_ms.unwrap_or(0),
            total_ms: header.total_ms.unwrap_or(0),
        },
        dims: read_dims(header)?,
        fields: header.fields()?,
        marks: Marks {
            test: header.test.unwrap_or(false),
            batch: header.batch.as_deref().map(Into::into),
            resubmit_of: Header::optional(&header.resubmit_of, "resubmit_of")?,
            request_id: header.request_id.as_deref().map(Into::into),
            idempotency: header.idempotency(),
            duplicate_keys: header.duplicate_keys(),
            ping_id: Header::optional(&header.ping_id, "ping_id")?,
            turn: header
                .turn
                .iter()
                .flatten()
                .map(|id| id.parse().map_err(|_| HeaderError::Member("turn")))
                .collect::<Result<_, _>>()?,
        },
    };
    let body = match body {
        Some(view) => read_body(view)?,
        None => EventBody::default(),
    };
    Ok(Event { kind: read_kind(header)?, head, body })
}

fn read_dims(header: &Header<'_>) -> Result<Vec<(std::sync::Arc<str>, domain::Scalar)>, HeaderError> {
    let dims = header.dims.iter().flatten();
    dims.map(|(path, value)| {
        let value = json::read_scalar(value).ok_or(HeaderError::Member("dims"))?;
        Ok((path.as_str().into(), value))
    })
    .collect()
}

fn read_body(view: &BodyView<'_>) -> Result<EventBody, HeaderError> {
    let mut exchanges = Vec::new();
    loop {
        let side = |side| view.exchange(exchanges.len(), side).map(|text| unpack(&text).into());
        let exchange = domain::Exchange { request: side("request"), response: side("response") };
        if exchange == domain::Exchange::default() {
            break;
        }
        exchanges.push(exchange);
    }
    Ok(EventBody {
        lead: view.lead().map_err(|_| HeaderError::Member("lead"))?,
        exchanges,
        rules: view.rules(),
        reason_raw: view.get("reason_raw").and_then(|words| words.as_str().map(Into::into)),
        // Sealed under a key that few have; whoever has it adds it.
        sensitive: None,
    })
}

/// The bytes behind the stored text of an exchange.
fn unpack(text: &str) -> Vec<u8> {
    text.strip_prefix("b64:")
        .and_then(|digits| BASE64_URL_SAFE_NO_PAD.decode(digits).ok())
        .unwrap_or_else(|| text.as_bytes().to_vec())
}

fn read_kind(header: &Header<'_>) -> Result<EventKind, HeaderError> {
    let event_type: EventType = header.event_type.parse().map_err(|_| HeaderError::Member("type"))?;
    let step_id = || Header::required::<StepId>(&header.step_id, "step_id");
    let entity_id = || Header::required::<EntityId>(&header.entity_id, "entity_id");
    let outcome = || read_outcome(header.outcome.as_deref(), "outcome");
    let reason = || read_reason(header).ok_or(HeaderError::Member("reason"));
    let price = || Header::required::<Money>(&header.price, "price");
    let rules_evaluated = || header.rules_evaluated.ok_or(HeaderError::Member("rules_evaluated"));
    let caps = || header.caps.iter().flatten().map(|cap| (**cap).into()).collect::<Vec<_>>();
    let answer =
        || Ok::<_, HeaderError>(Answer { outcome: outcome()?, reason: read_reason(header), price: price()? });
    let call = || {
        Ok::<_, HeaderError>(Call {
            step_id: step_id()?,
            entity_id: entity_id()?,
            integration: header.integration.as_deref().ok_or(HeaderError::Member("integration"))?.into(),
            response_code: header.response_code,
        })
    };
    let retry = || {
        Ok::<_, HeaderError>(Retry {
            attempt: header.attempt.ok_or(HeaderError::Member("attempt"))?,
            delivery_id: Header::required(&header.delivery_id, "delivery_id")?,
        })
    };
    let fault = || {
        let word = header.error_kind.as_deref();
        let kind = FaultKind::ALL.into_iter().find(|kind| word == Some(kind.as_str()));
        Ok::<_, HeaderError>(Fault {
            kind: kind.ok_or(HeaderError::Member("error_kind"))?,
            reason: reason()?,
        })
    };
    let succeeded = || Ok::<_, HeaderError>(outcome()? == Outcome::Success);
    let due = || Header::optional(&header.due, "due");
    let notice = || {
        Ok::<_, HeaderError>(Notice {
            end: match outcome()? {
                Outcome::Success => NoticeEnd::Taken,
                Outcome::Failure => NoticeEnd::Refused(reason()?),
                Outcome::Error => NoticeEnd::Fault(fault()?),
                Outcome::Skip => NoticeEnd::NotAsked(reason()?),
            },
            integration: header.integration.as_deref().map(Into::into),
            response_code: header.response_code,
            attempt: header.attempt.unwrap_or(1),
            due: due()?,
        })
    };

    Ok(match event_type {
        EventType::SourceSubmitted => EventKind::SourceSubmitted,
        EventType::SourceAccepted => {
            EventKind::SourceAccepted { price: Header::optional(&header.price, "price")?, caps: caps() }
        }
        EventType::SourceRejected => EventKind::SourceRejected {
            reason: reason()?,
            duplicate_of: Header::optional(&header.duplicate_of, "duplicate_of")?,
        },
        EventType::SourcePinged => EventKind::SourcePinged { answer: answer()? },
        EventType::SourceAnswered => EventKind::SourceAnswered { answer: answer()? },
        EventType::FilterPassed => {
            EventKind::FilterPassed { step_id: step_id()?, rules_evaluated: rules_evaluated()? }
        }
        EventType::FilterFailed => EventKind::FilterFailed {
            step_id: step_id()?,
            rules_evaluated: rules_evaluated()?,
            reason: reason()?,
        },
        EventType::EnhancementSuccess => EventKind::EnhancementSuccess { call: call()? },
        EventType::EnhancementFailure => EventKind::EnhancementFailure { call: call()?, reason: reason()? },
        EventType::EnhancementError => EventKind::EnhancementError { call: call()?, fault: fault()? },
        EventType::EnhancementSkipped => {
            EventKind::EnhancementSkipped { step_id: step_id()?, entity_id: entity_id()?, reason: reason()? }
        }
        EventType::RecipientBid => EventKind::RecipientBid {
            call: call()?,
            bid: match outcome()? {
                Outcome::Success => Ok(Header::required(&header.bid, "bid")?),
                Outcome::Failure => Err(NoBid::Declined(reason()?)),
                Outcome::Error => Err(NoBid::Fault(fault()?)),
                Outcome::Skip => return Err(HeaderError::Member("outcome")),
            },
        },
        EventType::RecipientAttempted => {
            EventKind::RecipientAttempted { call: call()?, retry: retry()?, caps: caps() }
        }
        EventType::RecipientDelivered => EventKind::RecipientDelivered {
            call: call()?,
            retry: retry()?,
            price: Price {
                amount: price()?,
                below_floor: header.below_floor.unwrap_or(false),
                copy: header.counts_as.as_deref() == Some("copy"),
            },
        },
        EventType::RecipientFailed => EventKind::RecipientFailed {
            asked: if header.asked == Some(false) {
                Asked::No { step_id: step_id()?, entity_id: entity_id()? }
            } else {
                Asked::Yes { call: call()?, retry: retry()? }
            },
            reason: reason()?,
        },
        EventType::RecipientError => {
            EventKind::RecipientError { call: call()?, retry: retry()?, fault: fault()? }
        }
        EventType::RecipientSkipped => {
            EventKind::RecipientSkipped { step_id: step_id()?, entity_id: entity_id()?, reason: reason()? }
        }
        EventType::RetryScheduled => EventKind::RetryScheduled {
            step_id: step_id()?,
            entity_id: entity_id()?,
            retry: retry()?,
            due: Header::required(&header.due, "due")?,
            reason: read_reason(header),
        },
        EventType::RetryAttempted => {
            EventKind::RetryAttempted { step_id: step_id()?, entity_id: entity_id()?, retry: retry()? }
        }
        EventType::FeedbackReceived => {
            EventKind::FeedbackReceived { feedback: read_feedback(header, entity_id()?)? }
        }
        EventType::FeedbackReturned => {
            EventKind::FeedbackReturned { feedback: read_feedback(header, entity_id()?)? }
        }
        EventType::FeedbackProcessed => EventKind::FeedbackProcessed {
            feedback: read_feedback(header, entity_id()?)?,
            result: if succeeded()? {
                Ok(Reversal {
                    revenue: Header::required(&header.amount, "amount")?,
                    cost: Header::optional(&header.cost_amount, "cost_amount")?.unwrap_or(Money::ZERO),
                })
            } else {
                Err(reason()?)
            },
            relay_due: due()?,
        },
        EventType::FeedbackSent => EventKind::FeedbackSent {
            feedback: read_feedback(
                header,
                Header::required(&header.recipient_entity_id, "recipient_entity_id")?,
            )?,
            notice: notice()?,
        },
        EventType::ConsentRevoked => {
            EventKind::ConsentRevoked { buyers: header.deliveries.unwrap_or(0), due: due()? }
        }
        EventType::ConsentSent => EventKind::ConsentSent {
            step_id: step_id()?,
            entity_id: entity_id()?,
            delivery_id: Header::required(&header.delivery_id, "delivery_id")?,
            notice: notice()?,
        },
        EventType::FlowCompleted => EventKind::FlowCompleted(Completion {
            final_outcome: read_outcome(header.final_outcome.as_deref(), "final_outcome")?,
            reason: read_reason(header),
            steps_run: header.steps_run.ok_or(HeaderError::Member("steps_run"))?,
            deliveries: header.deliveries.ok_or(HeaderError::Member("deliveries"))?,
            cost: Header::required(&header.cost, "cost")?,
            revenue: Header::required(&header.revenue, "revenue")?,
        }),
        EventType::PrivacyErased => EventKind::PrivacyErased,
        EventType::LedgerOpened | EventType::LedgerPruned => return Err(HeaderError::Member("type")),
    })
}

fn read_outcome(word: Option<&str>, member: &'static str) -> Result<Outcome, HeaderError> {
    word.and_then(|word| word.parse().ok()).ok_or(HeaderError::Member(member))
}

fn read_reason(header: &Header<'_>) -> Option<Reason> {
    let text = header.reason.as_deref()?;
    Some(Reason::new(ReasonCode::from(header.reason_code.as_deref().unwrap_or_default()), text))
}

fn read_feedback(header: &Header<'_>, entity_id: EntityId) -> Result<Feedback, HeaderError> {
    let FeedbackMember { kind, value, days_to_convert, reason } =
        header.feedback.as_ref().ok_or(HeaderError::Member("feedback"))?;
    let kinds = [FeedbackKind::Return, FeedbackKind::Conversion];
    Ok(Feedback {
        entity_id,
        recipient_event_id: Header::required(&header.recipient_event_id, "recipient_event_id")?,
        kind: kinds
            .into_iter()
            .find(|known| known.as_str() == &**kind)
            .ok_or(HeaderError::Member("feedback"))?,
        value: value.as_deref().map(Into::into),
        days_to_convert: *days_to_convert,
        reason: reason.as_deref().map(Into::into),
        feedback_id: Header::optional(&header.feedback_id, "feedback_id")?,
    })
}

#[cfg(test)]
mod tests;
