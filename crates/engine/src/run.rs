//! The life of one lead, from its submission to the end of the first pass through its flow. The
//! same code takes up a lead that a crash interrupted, from its last durable event.

use std::sync::Arc;
use std::time::Duration;

use domain::{
    Answer, Completion, EntityId, Event, EventBody, EventHead, EventId, EventKind, Exchange, FieldPath,
    Judgement, Lead, LeadId, Marks, Money, Next, Outcome, Progress, Reason, RuleTrace, SourceId, Step,
    StepEnd, StepKind, Timestamp, Timing, Value,
};
use ledger::{Entropy, Lease, RecordError, Ticket};

use crate::{Clock, Control, PublishedFlow, Render};

/// What every run needs.
#[derive(Debug, Clone)]
pub(crate) struct Context {
    pub(crate) control: Control,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
}

/// How far a lead has come.
#[derive(Debug)]
pub(crate) enum Stage {
    /// It was submitted; nothing is decided.
    Submitted {
        /// Its raw parameters.
        raw: Lead,
    },
    /// It was taken, and some steps have ended.
    Accepted(Progress),
    /// It was refused.
    Rejected(Reason),
}

/// One lead on its way. Owns the lead's lease: nobody else can add to its events meanwhile.
#[derive(Debug)]
pub(crate) struct Run {
    context: Context,
    lease: Lease,
    lead_id: LeadId,
    flow: Arc<PublishedFlow>,
    source_id: SourceId,
    marks: Marks,
    lead: Lead,
    /// When the newest event was; the next is never earlier.
    last_at: Timestamp,
    /// By the monotonic clock, when the submission arrived (or the lead was taken up again).
    started: Duration,
    /// How long ago the submission arrived when the lead was taken up again.
    before_ms: u64,
}

impl Run {
    /// A lead that just arrived.
    pub(crate) fn new(
        context: Context,
        lease: Lease,
        lead_id: LeadId,
        flow: Arc<PublishedFlow>,
        source_id: SourceId,
        marks: Marks,
    ) -> Run {
        let (last_at, started) = (context.clock.now(), context.clock.monotonic());
        Run {
            context,
            lease,
            lead_id,
            flow,
            source_id,
            marks,
            lead: Lead::new(),
            last_at,
            started,
            before_ms: 0,
        }
    }

    /// A lead that a crash interrupted, from its events so far; none when it has ended, or its
    /// events do not begin with a submission.
    pub(crate) fn resume(
        context: Context,
        lease: Lease,
        flow: Arc<PublishedFlow>,
        events: Vec<Event>,
    ) -> Option<(Run, Stage)> {
        let first = events.first()?;
        let head = &first.head;
        let submitted_at = head.at;
        let mut run =
            Run::new(context, lease, head.lead_id, flow, head.source_id.clone(), head.marks.clone());
        run.before_ms = run.last_at.millis_since(submitted_at);
        let mut stage = None;
        for Event { head, kind, body } in events {
            run.last_at = run.last_at.max(head.at);
            stage = match (kind, stage) {
                (EventKind::SourceSubmitted, None) => Some(Stage::Submitted { raw: body.lead.clone() }),
                (EventKind::SourceAccepted { .. }, Some(Stage::Submitted { .. })) => {
                    Some(Stage::Accepted(Progress::new()))
                }
                (EventKind::SourceRejected { reason, .. }, Some(Stage::Submitted { .. })) => {
                    Some(Stage::Rejected(reason))
                }
                (EventKind::FilterPassed { step_id, .. }, Some(Stage::Accepted(mut progress))) => {
                    progress.after(step_id, StepEnd::Passed);
                    Some(Stage::Accepted(progress))
                }
                (EventKind::FilterFailed { step_id, reason, .. }, Some(Stage::Accepted(mut progress))) => {
                    progress.after(step_id, StepEnd::Failed(reason));
                    Some(Stage::Accepted(progress))
                }
                (EventKind::FlowCompleted(_), _) => return None,
                // Every other kind leaves the lead where it was.
                (_, stage) => stage,
            };
            run.lead = body.lead;
        }
        stage.map(|stage| (run, stage))
    }

    /// Records `source.submitted`, with every raw parameter and the request as received.
    pub(crate) async fn submit(&mut self, raw: Lead, request: Arc<[u8]>) -> Result<Stage, RecordError> {
        let since = self.started;
        self.lead = raw.clone();
        let exchange = Exchange { request: Some(request), response: None };
        self.record(EventKind::SourceSubmitted, since, vec![exchange], None).await?;
        Ok(Stage::Submitted { raw })
    }

    /// Takes the lead to the end of the first pass. When it returns, all its events are durable.
    pub(crate) async fn finish(
        mut self,
        mut stage: Stage,
        render: Option<Render>,
    ) -> Result<(Answer, Arc<[u8]>), RecordError> {
        loop {
            stage = match stage {
                Stage::Submitted { raw } => self.accept(&raw).await?,
                Stage::Rejected(reason) => {
                    return self.complete(Outcome::Failure, Some(reason), 0, render).await;
                }
                Stage::Accepted(progress) => {
                    let flow = Arc::clone(&self.flow);
                    match flow.flow.next(&progress, &self.lead) {
                        Next::Skip { .. } => unreachable!("wip"),
                        Next::Run(step) => Stage::Accepted(self.step(step, progress).await?),
                        Next::Finish { outcome, reason } => {
                            return self.complete(outcome, reason, progress.steps_run(), render).await;
                        }
                    }
                }
            };
        }
    }

    /// Parses the lead and decides whether it enters.
    async fn accept(&mut self, raw: &Lead) -> Result<Stage, RecordError> {
        let since = self.context.clock.monotonic();
        let flow = Arc::clone(&self.flow);
        let flow_source = flow.flow.source(&self.source_id);
        let flow_source = flow_source.expect("a version of a flow never changes, so its sources stay in it");
        self.lead = flow.flow.parse_lead(flow_source, raw);
        let source = EntityId::from(self.source_id.clone());
        if let Some(name) = self.context.control.entity_name(&source) {
            self.lead.set(source_name(), Value::text(name));
        }
        let Judgement { trace, refusal } = flow.flow.accept(flow_source, &self.lead);
        match refusal {
            None => {
                let kind = EventKind::SourceAccepted { price: None, caps: vec![] };
                self.record(kind, since, vec![], Some(trace)).await?;
                Ok(Stage::Accepted(Progress::new()))
            }
            Some(reason) => {
                let kind = EventKind::SourceRejected { reason: reason.clone(), duplicate_of: None };
                self.record(kind, since, vec![], Some(trace)).await?;
                Ok(Stage::Rejected(reason))
            }
        }
    }

    async fn step(&mut self, step: &Step, mut progress: Progress) -> Result<Progress, RecordError> {
        let since = self.context.clock.monotonic();
        let step_id = step.id.clone();
        match &step.kind {
            StepKind::Enhancement(_) | StepKind::Recipient(_) => unreachable!("wip"),
            StepKind::Filter(filter) => {
                let judgement = filter.check.judge(&self.lead);
                let rules_evaluated = judgement.rules_evaluated();
                let Judgement { trace, refusal } = judgement;
                let (kind, end) = match refusal {
                    None => (
                        EventKind::FilterPassed { step_id: step_id.clone(), rules_evaluated },
                        StepEnd::Passed,
                    ),
                    Some(reason) => (
                        EventKind::FilterFailed {
                            step_id: step_id.clone(),
                            rules_evaluated,
                            reason: reason.clone(),
                        },
                        StepEnd::Failed(reason),
                    ),
                };
                self.record(kind, since, vec![], Some(trace)).await?;
                progress.after(step_id, end);
            }
        }
        Ok(progress)
    }

    /// Records `flow.completed` with the answer as it will be sent, and waits until everything is
    /// durable: nothing of the answer may leave before.
    async fn complete(
        mut self,
        outcome: Outcome,
        reason: Option<Reason>,
        steps_run: u32,
        render: Option<Render>,
    ) -> Result<(Answer, Arc<[u8]>), RecordError> {
        let answer = Answer { outcome, reason: reason.clone(), price: Money::ZERO };
        let response = render.map(|render| render(self.lead_id, &answer));
        // After a restart nobody waits for the answer any more, so there is none to keep.
        let exchanges =
            response.iter().map(|response| Exchange { request: None, response: Some(Arc::clone(response)) });
        let exchanges = exchanges.collect();
        let kind = EventKind::FlowCompleted(Completion {
            final_outcome: outcome,
            reason,
            steps_run,
            deliveries: 0,
            cost: Money::ZERO,
            revenue: Money::ZERO,
        });
        let since = self.started;
        let ticket = self.record(kind, since, exchanges, None).await?;
        ticket.durable().await?;
        Ok((answer, response.unwrap_or_default()))
    }

    /// Builds the event of a moment that began at `since`, and queues it.
    async fn record(
        &mut self,
        kind: EventKind,
        since: Duration,
        exchanges: Vec<Exchange>,
        rules: Option<RuleTrace>,
    ) -> Result<Ticket, RecordError> {
        let clock = &self.context.clock;
        let mut random = [0; 6];
        self.context.entropy.fill(&mut random);
        self.last_at = self.last_at.max(clock.now());
        let monotonic = clock.monotonic();
        let dims = match kind {
            EventKind::SourceSubmitted => vec![],
            _ => self.flow.flow.dims(&self.lead),
        };
        // A gate without rules leaves no trace of rules.
        let rules = rules.filter(|trace| !trace.rules.is_empty());
        let event = Event {
            head: EventHead {
                id: EventId::new(self.last_at, random),
                at: self.last_at,
                lead_id: self.lead_id,
                flow_id: self.flow.flow.id().clone(),
                flow_version: self.flow.version,
                source_id: self.source_id.clone(),
                timing: Timing {
                    duration_ms: millis(monotonic.saturating_sub(since)),
                    wait_ms: 0,
                    total_ms: self.before_ms + millis(monotonic.saturating_sub(self.started)),
                },
                dims,
                marks: self.marks.clone(),
            },
            kind,
            body: EventBody { lead: self.lead.clone(), exchanges, rules, reason_raw: None },
        };
        self.lease.record(&[&event]).await
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

fn source_name() -> FieldPath {
    "source.name".parse().expect("source.name is a path")
}
