//! The life of one lead, from its submission to the end of the first pass through its flow. The
//! same code takes up a lead that a crash interrupted, from its last durable event.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Answer, Completion, Cost, DuplicateKey, EntityId, Event, EventBody, EventHead, EventId, EventKind,
    Exchange, FieldPath, Judgement, Lead, Marks, Money, Next, Outcome, Reason, Redactor, RuleTrace, Step,
    StepId, StepKind, Timestamp, Timing, Value,
};
use ledger::{Entropy, Lease, Ledger, RecordError, Ticket};
use wire::Record;

use crate::answering::{Caller, Written};
use crate::caps::Caps;
use crate::distributing::Offer;
use crate::duplicates::Duplicates;
use crate::feedback::{Pending, Rates, Revocations};
use crate::gates::{Admission, Entry, Rejection};
use crate::retries::Retries;
use crate::sensitive::SensitiveKeys;
use crate::snapshot::{Snapshot, Snapshots};
use crate::story::{Stage, Story};
use crate::turn_keeper::TurnKeeper;
use crate::turns::LimitedParties;
use crate::{Barriers, Clock, Control, PublishedFlow};

/// What every run needs, shared by all of them.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) leads: Ledger,
    pub(crate) control: Control,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) parties: Arc<LimitedParties>,
    pub(crate) retries: Retries,
    pub(crate) sensitive: SensitiveKeys,
    pub(crate) rates: Rates,
    pub(crate) pending: Pending,
    pub(crate) revocations: Revocations,
    pub(crate) caps: Caps,
    pub(crate) duplicates: Duplicates,
    pub(crate) turns: TurnKeeper,
    pub(crate) barriers: Barriers,
}

impl Context {
    pub(crate) fn draw<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }
}

/// One lead on its way. Owns the lead's lease: nobody else can add to its events meanwhile.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) context: Arc<Context>,
    lease: Lease,
    pub(crate) flow: Arc<PublishedFlow>,
    /// The lead in the clear, which steps work with.
    pub(crate) story: Story,
    /// Masks what is recorded of it.
    pub(crate) redactor: Redactor,
    snapshots: Snapshots,
    /// By the monotonic clock, when the submission arrived (or the lead was taken up again).
    started: Duration,
    /// How long ago the submission arrived when the lead was taken up again.
    before_ms: u64,
    /// What the source was offered when it pinged.
    pub(crate) offer: Option<Offer>,
    /// Who could have been asked first, when the next attempt says who of them was.
    pub(crate) turn: Vec<StepId>,
    /// Where the source waits for its answer; none once it has it, or when nobody waits.
    pub(crate) caller: Option<Caller>,
}

/// One moment, to become an event.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) kind: EventKind,
    /// By the monotonic clock, when it began.
    pub(crate) since: Duration,
    /// How much of it was waiting for the other side.
    pub(crate) waited: Duration,
    pub(crate) exchanges: Vec<Exchange>,
    pub(crate) rules: Option<RuleTrace>,
    pub(crate) reason_raw: Option<Arc<str>>,
    /// Drawn before, where something else names it; else drawn when it becomes an event.
    pub(crate) id: Option<EventId>,
    /// When it ended, where something was counted by that; else when it becomes an event.
    pub(crate) at: Option<Timestamp>,
    /// What the lead is known by from then on.
    pub(crate) duplicate_keys: Vec<DuplicateKey>,
}

impl Moment {
    pub(crate) fn new(kind: EventKind, since: Duration) -> Moment {
        Moment {
            kind,
            since,
            waited: Duration::ZERO,
            exchanges: Vec::new(),
            rules: None,
            reason_raw: None,
            id: None,
            at: None,
            duplicate_keys: Vec::new(),
        }
    }
}

impl Run {
    /// A lead as far as its story goes.
    pub(crate) fn new(context: Arc<Context>, lease: Lease, flow: Arc<PublishedFlow>, story: Story) -> Run {
        let started = context.clock.monotonic();
        let before_ms = context.clock.now().millis_since(story.submitted_at);
        let mut run = Run {
            context,
            lease,
            flow,
            story,
            redactor: Redactor::general(),
            snapshots: Snapshots::default(),
            started,
            before_ms,
            offer: None,
            turn: Vec::new(),
            caller: None,
        };
        run.learn();
        run
    }

    /// Learns the lead's sensitive values from its raw parameters. When they are not kept any more, what
    /// is left is masked already.
    pub(crate) fn learn(&mut self) {
        let source = self.flow.flow.source(&self.story.source_id);
        if let Some(source) = source.filter(|_| !self.story.gone) {
            let raw = self.variables(&self.story.raw, self.story.submitted_at);
            self.redactor = Redactor::new(&self.flow.flow, source, &raw);
            self.snapshots = Snapshots::default();
            self.story.repeated.iter().for_each(|text| self.redactor.learn_sent(text));
        }
    }

    /// By the monotonic clock, when the submission arrived.
    pub(crate) fn started(&self) -> Duration {
        self.started
    }

    /// Another party's words without the lead's sensitive values.
    pub(crate) fn redacted(&self, words: &Arc<str>) -> Arc<str> {
        if self.context.barriers.masking { self.redactor.words(words) } else { Arc::clone(words) }
    }

    /// Records `source.submitted`, with every raw parameter and the request as received.
    pub(crate) async fn submit(&mut self, raw: Lead, request: Arc<[u8]>) -> Result<(), RecordError> {
        self.story.raw = raw.clone();
        self.story.lead = raw;
        self.learn();
        let mut moment = Moment::new(EventKind::SourceSubmitted, self.started);
        moment.exchanges = vec![Exchange { request: Some(request), response: None }];
        self.record(vec![moment]).await?;
        Ok(())
    }

    /// Takes the lead to the end of the first pass. The caller has its answer then, or at the deadline.
    /// When it returns, all its events are durable.
    pub(crate) async fn finish(mut self) -> Result<(), RecordError> {
        loop {
            self.look_at_deadline().await?;
            match self.story.stage.clone() {
                Stage::New => unreachable!("a run begins with its submission"),
                Stage::Submitted => self.accept().await?,
                Stage::Rejected(reason) => {
                    return self.complete(Outcome::Failure, Some(reason)).await;
                }
                Stage::Accepted => {
                    let flow = Arc::clone(&self.flow);
                    match flow.flow.next(&self.story.progress, &self.rule_variables()) {
                        Next::Run(step) => self.step(step).await?,
                        Next::Skip { step, reason, trace } => self.skip(step, reason, Some(trace)).await?,
                        Next::Finish { outcome, reason } => {
                            return self.complete(outcome, reason).await;
                        }
                    }
                }
            }
        }
    }

    /// Parses the lead and decides whether it enters.
    async fn accept(&mut self) -> Result<(), RecordError> {
        let since = self.context.clock.monotonic();
        let flow = Arc::clone(&self.flow);
        let source = flow.flow.source(&self.story.source_id);
        let source = source.expect("a version of a flow never changes, so its sources stay in it");
        let raw = self.story.raw.clone();
        self.story.lead = flow.flow.parse_lead(source, &self.variables(&raw, self.story.submitted_at));
        if let Some(name) = self.context.control.entity_name(&EntityId::from(source.id.clone())) {
            self.story.lead.set(path("source.name"), Value::text(name));
        }
        self.append_rates();
        let Entry { at, trace, result, keys } = self.enter(source, &raw);
        let kind = match result {
            Ok(Admission { price, caps }) => EventKind::SourceAccepted { price, caps },
            Err(Rejection { reason, duplicate_of }) => EventKind::SourceRejected { reason, duplicate_of },
        };
        let moment =
            Moment { rules: Some(trace), at: Some(at), duplicate_keys: keys, ..Moment::new(kind, since) };
        self.record(vec![moment]).await?;
        Ok(())
    }

    async fn step(&mut self, step: &Step) -> Result<(), RecordError> {
        match &step.kind {
            StepKind::Filter(filter) => {
                let since = self.context.clock.monotonic();
                let judgement = filter.check.judge(&self.rule_variables());
                let (step_id, rules_evaluated) = (step.id.clone(), judgement.rules_evaluated());
                let Judgement { trace, refusal } = judgement;
                let kind = match refusal {
                    None => EventKind::FilterPassed { step_id, rules_evaluated },
                    Some(reason) => EventKind::FilterFailed { step_id, rules_evaluated, reason },
                };
                self.record(vec![Moment { rules: Some(trace), ..Moment::new(kind, since) }]).await?;
                Ok(())
            }
            StepKind::Enhancement(enhancement) => self.enhance(step, enhancement).await,
            StepKind::Recipient(recipient) => self.deliver(step, recipient).await,
            StepKind::Distribute(group) => self.distribute(step, group).await,
        }
    }

    /// Records that the party of a step is not asked.
    pub(crate) async fn skip(
        &mut self,
        step: &Step,
        reason: Reason,
        trace: Option<RuleTrace>,
    ) -> Result<(), RecordError> {
        let since = self.context.clock.monotonic();
        self.append(&step.id, vec![("outcome", Value::text(Outcome::Skip.as_str()))]);
        let step_id = step.id.clone();
        let kind = match &step.kind {
            StepKind::Distribute(group) => return self.skip_group(step, group, &reason, trace).await,
            StepKind::Filter(_) => unreachable!("filters are never skipped with an event"),
            StepKind::Enhancement(enhancement) => {
                EventKind::EnhancementSkipped { step_id, entity_id: enhancement.entity_id.clone(), reason }
            }
            StepKind::Recipient(recipient) => {
                EventKind::RecipientSkipped { step_id, entity_id: recipient.entity_id.clone(), reason }
            }
        };
        self.record(vec![Moment { rules: trace, ..Moment::new(kind, since) }]).await?;
        Ok(())
    }

    /// Records `flow.completed` with the answer as it will be sent, and waits until everything is
    /// durable: nothing of the answer may leave before.
    async fn complete(mut self, outcome: Outcome, reason: Option<Reason>) -> Result<(), RecordError> {
        // What the source was told at the deadline stands.
        let told = self.story.answered.clone();
        let answer = told.unwrap_or_else(|| self.answer(outcome, reason.clone()));
        let price = if answer.outcome == Outcome::Success { answer.price } else { Money::ZERO };
        let (mut recorded, mut written) = (None, None);
        if let Some(caller) = self.caller.take() {
            let own = self.write_answer(caller, &answer);
            recorded = Some(Arc::clone(&own.recorded));
            written = Some(own);
        }
        // Test leads stay out of money.
        let counted = |amount: Money| if self.story.marks.test { Money::ZERO } else { amount };
        let progress = &self.story.progress;
        let kind = EventKind::FlowCompleted(Completion {
            final_outcome: outcome,
            reason,
            steps_run: progress.steps_run(),
            deliveries: progress.deliveries(),
            cost: counted(price),
            revenue: counted(progress.revenue()),
        });
        let mut moment = Moment::new(kind, self.started);
        // After a restart nobody waits for the answer any more, so there is none to keep.
        moment.exchanges =
            recorded.into_iter().map(|text| Exchange { request: None, response: Some(text) }).collect();
        let ticket = self.record(vec![moment]).await?;
        if self.context.barriers.before_answer {
            ticket.durable().await?;
        }
        if let Some(Written { response, sender, .. }) = written {
            sender.send(answer, response);
        }
        Ok(())
    }

    /// What the source is told when it ends so now.
    pub(crate) fn answer(&self, outcome: Outcome, reason: Option<Reason>) -> Answer {
        self.story.answer(&self.flow.flow, outcome, reason)
    }

    /// What the lead costs when it is sold.
    pub(crate) fn cost(&self) -> Cost {
        self.story.cost(&self.flow.flow)
    }

    /// How many events the lead has.
    pub(crate) fn last_seq(&self) -> u32 {
        self.lease.last_seq()
    }

    /// Waits until all that was recorded of the lead is durable.
    pub(crate) async fn settle(&mut self) -> Result<(), RecordError> {
        let (leads, lead_id) = (&self.context.leads, self.story.lead_id);
        let mut durable = leads.watch_durable();
        let recorded = usize::try_from(self.last_seq()).expect("a lead has few events");
        loop {
            durable.mark_unchanged();
            if leads.reader().chain(lead_id).len() >= recorded {
                return Ok(());
            }
            let stopped = tokio::select! {
                biased;
                stopped = leads.wait_for_stop() => Some(stopped),
                changed = durable.changed() => changed.is_err().then(|| leads.stopped()).flatten(),
            };
            if let Some(stopped) = stopped {
                return Err(RecordError::Stopped(stopped));
            }
        }
    }

    /// Lets the lead's sensitive values be destroyed once no step or retry is to come.
    pub(crate) fn forget_when_ended(&self) {
        let Some(slot) = self.lease.sensitive_slot() else { return };
        if !self.story.goes_on() && !self.has_group_that_may_go_on() {
            self.context.sensitive.ended(slot);
        }
    }

    /// Builds the events of some moments and queues them as one group, which becomes durable whole
    /// or not at all.
    pub(crate) async fn record(&mut self, moments: Vec<Moment>) -> Result<Ticket, RecordError> {
        let events: Vec<Event> = moments.into_iter().map(|moment| self.event(moment)).collect();
        self.count_sales(&events);
        for event in &events {
            // What it counts is reserved already, or is of a period long past.
            self.context.caps.follow(&event.head, &event.kind, |_| {});
        }
        self.give_back_keys();
        let records: Vec<&dyn Record> = events.iter().map(|event| event as &dyn Record).collect();
        let ticket = self.lease.record(&records).await?;
        if let Some(slot) = self.lease.sensitive_slot() {
            let since = events.first().map_or(self.story.last_at, |event| event.head.at);
            self.context.sensitive.add(slot, self.story.lead_id, since);
            self.forget_when_ended();
        }
        Ok(ticket)
    }

    /// The lead as it may be recorded, where that differs from what steps work with.
    pub(crate) fn recorded_lead(&self, lead: &Lead) -> Option<Lead> {
        let masks = self.context.barriers.masking && self.redactor.has_own();
        masks.then(|| self.redactor.lead(self.flow.flow.fields(), lead))
    }

    /// The body of an event at this moment: what of the lead may be recorded, and what is recorded otherwise than
    /// it is and later steps still need.
    fn body(
        &self,
        is_raw: bool,
        is_request: bool,
        (recorded, masked): (Lead, Lead),
        exchanges: Vec<Exchange>,
        rules: Option<RuleTrace>,
        reason_raw: Option<Arc<str>>,
    ) -> EventBody {
        // A gate without rules leaves no trace of rules.
        let rules = rules.filter(|trace| !trace.rules.is_empty());
        if !self.context.barriers.masking {
            return EventBody { lead: recorded, exchanges, rules, reason_raw, sensitive: None };
        }
        let (fields, redactor) = (self.flow.flow.fields(), &self.redactor);
        let is_news = if is_raw { !masked.is_empty() } else { masked != self.story.appended };
        let exchange = |Exchange { request, response }: &Exchange| Exchange {
            request: request
                .as_ref()
                .map(|text| if is_request { redactor.request(text) } else { redactor.exchange(text) }),
            response: response.as_ref().map(|text| redactor.exchange(text)),
        };
        EventBody {
            exchanges: exchanges.iter().map(exchange).collect(),
            rules: rules.map(|trace| redactor.trace(fields, &trace)),
            reason_raw: reason_raw.map(|words| redactor.words(&words)),
            sensitive: is_news.then_some(masked),
            lead: recorded,
        }
    }

    fn event(&mut self, moment: Moment) -> Event {
        let Moment { kind, since, waited, exchanges, rules, reason_raw, id, at, duplicate_keys } = moment;
        let clock = &self.context.clock;
        let at = self.story.last_at.max(at.unwrap_or_else(|| clock.now()));
        let monotonic = clock.monotonic();
        let turn = match kind {
            EventKind::RecipientAttempted { .. } => std::mem::take(&mut self.turn),
            _ => Vec::new(),
        };
        let (flow, story) = (&self.flow.flow, &self.story);
        let is_raw = matches!(kind, EventKind::SourceSubmitted);
        let is_request = is_raw || matches!(kind, EventKind::SourcePinged { .. });
        let redactor = self.context.barriers.masking.then_some(&self.redactor);
        let Snapshot { recorded, masked, dims, fields } = if is_raw {
            Snapshot::of_raw(flow, redactor, &story.lead)
        } else {
            self.snapshots.of(flow, redactor, &story.lead)
        };
        let body = self.body(is_raw, is_request, (recorded, masked), exchanges, rules, reason_raw);
        let event = Event {
            head: EventHead {
                id: id.unwrap_or_else(|| EventId::new(at, self.context.draw())),
                at,
                lead_id: story.lead_id,
                flow_id: flow.id().clone(),
                flow_version: self.flow.version,
                source_id: story.source_id.clone(),
                timing: Timing {
                    duration_ms: millis(monotonic.saturating_sub(since)),
                    wait_ms: millis(waited),
                    total_ms: self.before_ms + millis(monotonic.saturating_sub(self.started)),
                },
                dims,
                fields,
                marks: match kind {
                    EventKind::SourceSubmitted | EventKind::FeedbackReceived { .. } => story.marks.clone(),
                    // Says what the submission or the report was, which one event tells.
                    _ => Marks {
                        idempotency: None,
                        ping_id: None,
                        turn,
                        duplicate_keys,
                        ..story.marks.clone()
                    },
                },
            },
            kind,
            body,
        };
        if let Some(appended) = event.body.sensitive.as_ref().filter(|_| !is_raw) {
            self.story.appended = appended.clone();
        }
        let clear = std::mem::take(&mut self.story.lead);
        self.story.apply(&event, &clear);
        self.story.lead = clear;
        event
    }
}

pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A path that is known to be one.
pub(crate) fn path(text: &str) -> FieldPath {
    text.parse().expect("it is a path")
}
