//! Those who call the engine: clients with leads, buyers with reports, operators.

use std::sync::Arc;
use std::time::Duration;

use domain::{Answer, ChainId, EventType, FieldPath, Lead, LeadId, Money, Outcome, StepId, Value};
use engine::{
    Control, FeedbackError, IdempotencyKey, Ping, Pinged, RepeatKey, Report, ReportStatus, Resent, Sale,
    Submission, SubmitError, Submitted,
};
use ledger::Reader;
use tokio::time::sleep;
use wire::Header;

use super::clock::VirtualClock;
use super::world::{Offered, ResendEnd, Told};
use super::{LeadPlan, PingPlan, Turn, World, flow};

/// What separates the answer of a lead from what only this sending of it has.
pub(super) const SENT_AS: &str = " sent as ";

/// How every person's social security number begins; it has nine digits.
pub(super) const SSN_START: &str = "219-09";

/// How long to wait before asking once more, when a disk is to blame.
const AGAIN: Duration = Duration::from_secs(1);

/// A client's part in one life: sends its lead until it has an answer.
pub(super) async fn client(world: Arc<World>, control: Control, number: usize, life: usize) {
    let plan = world.plan.leads[number].clone();
    let before = world.client(number);
    let again = !before.answers.is_empty();
    if life < plan.life || before.done || again && !plan.asks_again {
        return;
    }
    if !plan.keyed && before.sent > 0 {
        // Without a key nobody dares to send twice.
        world.with_client(number, |client| client.done = true);
        return;
    }
    let wait = if life == plan.life { plan.at_ms } else { world.draw(0..5_000) };
    sleep(Duration::from_millis(wait)).await;
    if let Some(ping) = plan.ping
        && before.sent == 0
        && before.offered.is_none()
    {
        ask(&world, &control, &plan, ping, number).await;
        sleep(Duration::from_millis(ping.wait_ms)).await;
    }
    loop {
        let submission = submission(&world, &control, &plan, number);
        let token = submission.ping_token.as_ref().and_then(|token| token.parse().ok());
        let Some(running) = world.life() else { return };
        let sent = world.with_client(number, |client| {
            client.sent += 1;
            client.sent
        });
        world.tell(format_args!("lead {number} is sent, time {sent}"));
        let sending = running.engine.submit(submission);
        let result = if plan.keyed {
            // Each branch may be dropped: the lead goes on without its client.
            tokio::select! {
                biased;
                result = sending => result,
                () = sleep(Duration::from_millis(plan.patience_ms)) => continue,
            }
        } else {
            sending.await
        };
        if !world.is_alive() {
            return;
        }
        match result {
            Ok(submitted) => {
                hear(&world, number, &plan, submitted, token);
                if plan.reuses_key && !again {
                    reuse_key(&world, &control, &plan, number).await;
                }
                return;
            }
            Err(error) if world.is_struck() => {
                world.tell(format_args!("lead {number} has no answer: {error}"));
                if !plan.keyed {
                    return;
                }
                sleep(AGAIN).await;
            }
            Err(error) => return world.broken(format_args!("lead {number} is refused: {error}")),
        }
    }
}

/// The source asks what the lead is worth. An answer that it gets is on the disk.
async fn ask(world: &World, control: &Control, plan: &LeadPlan, ping: PingPlan, number: usize) {
    let Some(running) = world.life() else { return };
    let submission = submission(world, control, plan, number);
    let told = |path: &FieldPath| path.as_str() == "state" || path.as_str() == "email" && ping.tells_email;
    let asked = Ping {
        flow: submission.flow,
        source_id: submission.source_id,
        raw: submission
            .raw
            .iter()
            .filter(|(path, _)| told(path))
            .map(|(path, own)| (path.clone(), own.clone()))
            .collect(),
        request: Arc::from(format!("POST /ping HTTP/1.1\r\n\r\n{number}").into_bytes()),
        request_id: Some(format!("ping_{number}").into()),
        test: plan.test,
        render: Box::new(|token: Option<LeadId>, answer: &Answer| {
            let Answer { outcome, price, .. } = answer;
            Arc::from(format!("{outcome} {price} {}", token.is_some()).into_bytes())
        }),
    };
    let result = running.engine.ping(asked).await;
    if !world.is_alive() {
        return;
    }
    match result {
        Ok(Pinged { ping_id, answer, response }) => {
            world.tell(format_args!("lead {number} would be {ping_id}: {} {}", answer.outcome, answer.price));
            if world.setting.looks_at_once && ends_durably(world, ping_id) == Some(false) {
                world.broken(format_args!("{ping_id} is answered, and its end is not durable"));
            }
            let offered = Offered { ping_id, answer, response };
            world.with_client(number, |client| client.offered = Some(offered));
        }
        Err(error) if world.is_struck() => {
            world.tell(format_args!("the ping of lead {number} has no answer: {error}"));
        }
        Err(error) => world.broken(format_args!("the ping of lead {number} is refused: {error}")),
    }
}

/// The client has its answer: it must be on the disk.
fn hear(world: &World, number: usize, plan: &LeadPlan, submitted: Submitted, token: Option<LeadId>) {
    let Submitted { lead_id, answer, response, replayed } = submitted;
    world.tell(format_args!("lead {number} is {lead_id}: {} {}", answer.outcome, answer.price));
    if world.setting.looks_at_once && ends_durably(world, lead_id) == Some(false) {
        world.broken(format_args!("{lead_id} is answered, and its end is not durable"));
    }
    let cost = if answer.outcome == Outcome::Success && !plan.test { answer.price } else { Money::ZERO };
    let token = token.filter(|_| !replayed && !world.is_struck());
    let told = Told { lead_id, cost, response, replayed, token };
    world.with_client(number, |client| {
        client.answers.push(told);
        client.done = !plan.asks_again;
    });
}

/// Whether the end of a lead's flow, the answer at its deadline or that to a ping is durable; none when the disk
/// does not let us look.
fn ends_durably(world: &World, lead_id: LeadId) -> Option<bool> {
    let reader = world.life()?.leads.reader();
    for seq in reader.chain(lead_id) {
        let bytes = reader.header_bytes(seq).ok()??;
        let ends = [EventType::FlowCompleted, EventType::SourceAnswered, EventType::SourcePinged];
        let ends = ends.map(EventType::as_str);
        if ends.contains(&&*Header::read(&bytes).ok()?.event_type) {
            return Some(true);
        }
    }
    Some(false)
}

/// Another lead under a key that has its answer is refused.
async fn reuse_key(world: &Arc<World>, control: &Control, plan: &LeadPlan, number: usize) {
    let mut other = submission(world, control, plan, number);
    if let Some(idempotency) = &mut other.idempotency {
        idempotency.payload.push(b'!');
    }
    let Some(life) = world.life() else { return };
    match life.engine.submit(other).await {
        Err(SubmitError::KeyReused) => {}
        Err(_) if world.is_struck() => {}
        other => world.broken(format_args!("the key of lead {number} serves another lead: {other:?}")),
    }
}

fn submission(world: &World, control: &Control, plan: &LeadPlan, number: usize) -> Submission {
    let parameters = [
        ("first_name", format!("person {number}")),
        (
            "email",
            if number % 9 == 8 { String::new() } else { format!("person-{}@example.com", plan.person) },
        ),
        ("state", plan.state.to_owned()),
        ("ssn", format!("{SSN_START}-{:04}", number % 9_999 + 1)),
    ];
    let raw: Lead = parameters
        .iter()
        .map(|(name, value)| (FieldPath::key(name).expect("a name"), Value::text(value.as_str())))
        .collect();
    let sent = world.client(number).sent;
    Submission {
        flow: control.flow(&flow::id()).expect("the flow is published before leads are sent"),
        source_id: plan.source.parse().expect("a source"),
        raw,
        request: Arc::from(format!("POST /submit HTTP/1.1\r\n\r\n{number}").into_bytes()),
        request_id: Some(format!("req_{number}").into()),
        test: plan.test,
        ping_token: world
            .client(plan.token_of.unwrap_or(number))
            .offered
            .map(|offered| offered.ping_id.to_string()),
        idempotency: plan.keyed.then(|| IdempotencyKey {
            key: RepeatKey::Own(format!("key {number}")),
            payload: plan.state.into(),
        }),
        render: Box::new(move |lead_id: LeadId, answer: &Answer, _: &Lead| {
            let Answer { outcome, price, .. } = answer;
            Arc::from(format!("{lead_id} {outcome} {price}{SENT_AS}{number}/{sent}").into_bytes())
        }),
    }
}

/// A buyer's part in one life: reports until it is told what became of it.
pub(super) async fn report(world: Arc<World>, number: usize) {
    let report = world.with_report(number, |report| report.clone());
    sleep(report.after).await;
    loop {
        let sale = if report.by_lead {
            Sale::Lead { lead_id: report.lead_id, entity_id: report.entity_id.clone() }
        } else {
            Sale::Event(report.delivery_id)
        };
        let Some(life) = world.life() else { return };
        let sent = Report {
            sale,
            kind: report.kind.into(),
            value: None,
            reason: Some("Wrong number".to_owned()),
            days_to_convert: None,
            idempotency_key: None,
            request: Arc::from(b"POST /feedback HTTP/1.1".as_slice()),
            request_id: None,
        };
        let result = life.engine.feedback(sent).await;
        if !world.is_alive() {
            return;
        }
        world.tell(format_args!("{} reports on {}: {result:?}", report.entity_id, report.delivery_id));
        let answered = match result {
            Ok(reported) => Some(reported.status == ReportStatus::Accepted),
            // We never learned that the buyer has it.
            Err(FeedbackError::NotDelivered) => None,
            Err(_) if world.is_struck() => {
                sleep(AGAIN).await;
                continue;
            }
            Err(error) => {
                return world.broken(format_args!("the report on {} fails: {error}", report.delivery_id));
            }
        };
        return world.with_report(number, |report| {
            report.answered = answered;
            report.done = true;
        });
    }
}

/// An operator does one thing.
pub(super) async fn operator(
    world: Arc<World>,
    control: Control,
    clock: Arc<VirtualClock>,
    at_ms: u64,
    turn: Turn,
) {
    sleep(Duration::from_millis(at_ms)).await;
    world.tell(format_args!("operator: {turn:?}"));
    let result = match &turn {
        Turn::Pause(party) => control.pause_entity("user", &flow::entity(party)).await.map(drop),
        Turn::Resume(party) => control.resume_entity("user", &flow::entity(party)).await.map(drop),
        Turn::Publish(version) => {
            let file =
                wire::flow_file::FlowFile::read(&flow::text(&world.plan.extras, *version)).expect("a flow");
            control.publish_flow("user", &file).await.map(drop)
        }
        Turn::Clock(by_ms) => {
            clock.jump(*by_ms);
            Ok(())
        }
        Turn::Resend => return resend_all(&world).await,
    };
    if let Err(error) = result
        && !world.is_struck()
    {
        world.broken(format_args!("{turn:?} fails: {error}"));
    }
}

/// An operator has every dead letter sent again, and tries whatever could be one.
pub(super) async fn resend_all(world: &World) {
    let Some(life) = world.life() else { return };
    for (lead_id, step_id) in perhaps_dead(&life.leads.reader()) {
        let number = world.add_resend(lead_id, step_id.clone());
        let result = life.engine.resend(lead_id, step_id.clone()).await;
        if !world.is_alive() {
            return;
        }
        let told = match result {
            Ok(Resent::Scheduled { delivery_id, attempt }) => {
                world.tell(format_args!("{delivery_id} of {lead_id} is sent again, attempt {attempt}"));
                ResendEnd::Scheduled(delivery_id, attempt)
            }
            Ok(Resent::NotADeadLetter | Resent::Refused(_)) => ResendEnd::NotSent,
            Err(_) if world.is_struck() => continue,
            Err(error) => {
                return world.broken(format_args!("{step_id} of {lead_id} cannot be sent again: {error}"));
            }
        };
        world.resend_told(number, told);
    }
}

/// The steps of all leads that met a fault.
fn perhaps_dead(reader: &Reader) -> Vec<(LeadId, StepId)> {
    let mut found = Vec::new();
    let mut lead_ids: Vec<LeadId> = reader
        .chains()
        .into_iter()
        .filter_map(|(chain, _)| match chain {
            ChainId::Lead(lead_id) => Some(lead_id),
            ChainId::Subject(_) => None,
        })
        .collect();
    // They come in no order.
    lead_ids.sort_unstable();
    for lead_id in lead_ids {
        for seq in reader.chain(lead_id) {
            // A disk that does not let us look hides one.
            let Ok(Some(bytes)) = reader.header_bytes(seq) else { continue };
            let Ok(header) = Header::read(&bytes) else { continue };
            let step_id: Option<StepId> = header.step_id.as_deref().and_then(|id| id.parse().ok());
            if *header.event_type == *EventType::RecipientError.as_str()
                && let Some(step_id) = step_id
                && !found.contains(&(lead_id, step_id.clone()))
            {
                found.push((lead_id, step_id));
            }
        }
    }
    found
}
