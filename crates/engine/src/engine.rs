//! The engine: leads in, answers out.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Answer, ChainId, EntityId, Event, EventBody, EventKind, EventType, FlowId, FlowVersion, Idempotency,
    Lead, LeadId, LeadIdKind, Marks, SourceId, Timestamp,
};
use ledger::{Disk, Entropy, Lease, LeaseError, Ledger, ReadError, RecordError, Sensitive, VaultError};
use tokio::sync::{Semaphore, watch};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use wire::flow_file::{FlowFile, FlowFileError, WsdlTexts};
use wire::{Body, BodyError, BodyView, Header, HeaderError};

use crate::answering::Caller;
use crate::caps::Caps;
use crate::duplicates::Duplicates;
use crate::feedback::{Pending, Rates, Revocations};
use crate::folds::{Folds, Store};
use crate::idempotency::{Claim, IdempotencyKeys, KEPT_MS};
use crate::pinging::TakenOffers;
use crate::retries::{Due, Retries};
use crate::run::{Context, Run};
use crate::sensitive::{FORGET_EVERY_MS, SensitiveKeys};
use crate::story::{DeliveryState, Events, Stage, Story};
use crate::turn_keeper::TurnKeeper;
use crate::turns::LimitedParties;
use crate::{Barriers, CallFigures, CircuitStanding, Clock, Control, Parties, PublishedFlow, read_flow};

/// Writes the whole answer (status line, headers, empty line, body) from the lead at its end. As it will be sent
/// it is made from the lead in the clear; from the lead as it is recorded when that differs, a second time, which is
/// recorded as evidence before the first byte of the answer leaves.
pub type Render = Box<dyn FnMut(LeadId, &Answer, &Lead) -> Arc<[u8]> + Send>;

/// A lead that arrives.
pub struct Submission {
    /// The flow it runs through.
    pub flow: Arc<PublishedFlow>,
    /// Which of the flow's sources sends it.
    pub source_id: SourceId,
    /// Every raw parameter.
    pub raw: Lead,
    /// The request as received, without secrets.
    pub request: Arc<[u8]>,
    /// The id of the request.
    pub request_id: Option<Arc<str>>,
    /// Whether it is a test lead.
    pub test: bool,
    /// The key that makes a submission one lead however often it is sent.
    pub idempotency: Option<IdempotencyKey>,
    /// The token of a ping whose offer it takes up. One that does not stand any more means a new auction.
    pub ping_token: Option<String>,
    /// Writes the answer.
    pub render: Render,
}

/// What makes a submission safe to repeat.
#[derive(Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    /// What names it.
    pub key: RepeatKey,
    /// All that must be the same when the key is: the parameters as they came.
    pub payload: Vec<u8>,
}

/// What names a submission that may be repeated.
#[derive(Clone, PartialEq, Eq)]
pub enum RepeatKey {
    /// A key of the source's own, kept for a day.
    Own(String),
    /// The payload itself, for as long as the flow says.
    Payload {
        /// How long, in milliseconds; at most a day.
        kept_ms: i64,
    },
}

impl IdempotencyKey {
    fn kept_ms(&self) -> i64 {
        match self.key {
            RepeatKey::Own(_) => KEPT_MS,
            RepeatKey::Payload { kept_ms } => kept_ms.min(KEPT_MS),
        }
    }
}

impl fmt::Debug for Submission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Submission({} to {})", self.source_id, self.flow.flow.id())
    }
}

/// A lead that ran through its flow. All its events are durable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Submitted {
    /// The lead.
    pub lead_id: LeadId,
    /// What the source is told.
    pub answer: Answer,
    /// What [`Render`] made of it.
    pub response: Arc<[u8]>,
    /// Whether the same submission came before, and this is its answer once more.
    pub replayed: bool,
}

/// Why a submission has no answer.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The source is not one of the flow.
    #[error("{source_id} is not a source of {flow_id}")]
    UnknownSource {
        /// Which source.
        source_id: SourceId,
        /// Which flow.
        flow_id: FlowId,
    },
    /// The lead is larger than the record of one event holds, with what parsing may make of it.
    #[error("the parameters of the lead take {bytes} bytes in a record; at most {LEAD_BYTES_MAX} fit")]
    TooLarge {
        /// How many they take.
        bytes: usize,
    },
    /// The lead has more parameters than a record holds.
    #[error(transparent)]
    Body(#[from] BodyError),
    /// The idempotency key came before, with something else.
    #[error("the idempotency key came before with another submission")]
    KeyReused,
    /// The idempotency key came before, and the lead it made has no answer that can be given again.
    #[error("the idempotency key came before, and the answer of its lead {lead_id} is gone")]
    AnswerGone {
        /// The lead.
        lead_id: LeadId,
    },
    /// The answer to an earlier submission of the same key cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its events could not be recorded, or it is not known whether they were.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Most bytes that the raw parameters of a lead take in a record. Parsing can make up to three
/// times as much of them (a value, its parts, the parts of its parts), which then still fits the
/// six megabytes of a body: a lead that was let in can always be taken to its end.
pub const LEAD_BYTES_MAX: usize = 3 * 512 * 1024;
/// Below this many bytes of text even escapes throughout keep a lead within the limit.
const SURELY_SMALL_BYTES: usize = LEAD_BYTES_MAX / 8;

/// Refuses a lead that a record may not hold.
pub(crate) fn check_size(raw: &Lead) -> Result<(), SubmitError> {
    if raw.text_bytes() <= SURELY_SMALL_BYTES {
        return Ok(());
    }
    let body = Body::of_event(&EventBody { lead: raw.clone(), ..EventBody::default() }, None)?;
    let bytes = body.bytes().len();
    if bytes > LEAD_BYTES_MAX { Err(SubmitError::TooLarge { bytes }) } else { Ok(()) }
}

/// Why interrupted leads could not be taken up.
#[derive(Debug, thiserror::Error)]
pub enum ResumeError {
    /// A record cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A lead cannot be taken over.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// An event cannot be understood.
    #[error("the record {seq} cannot be understood")]
    Header {
        /// Which.
        seq: u64,
        /// Why.
        source: HeaderError,
    },
    /// A body cannot be understood.
    #[error("the body of record {seq} cannot be understood")]
    Body {
        /// Which.
        seq: u64,
        /// Why.
        source: BodyError,
    },
    /// A lead ran through a version of a flow that control does not know.
    #[error("{lead_id} runs through version {version} of {flow_id}, which is not known")]
    UnknownFlow {
        /// Which lead.
        lead_id: LeadId,
        /// Which flow.
        flow_id: FlowId,
        /// Which version.
        version: FlowVersion,
    },
    /// Recording failed.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Most retries under way at a time: after an outage many are due together.
const RETRIES_AT_A_TIME_MAX: usize = 256;
/// How long a retry waits whose lead cannot be read at the moment, in milliseconds.
const UNREADABLE_WAIT_MS: i64 = 60_000;
/// How long before the newest event of all a group can have stopped that goes on at a start, in
/// milliseconds. A group goes on at once, so this is for starts that fail one after the other.
const GOES_ON_WITHIN_MS: i64 = 24 * 3600 * 1000;
/// How long to sleep at most before looking at the clock again, which may jump.
const CLOCK_LOOK: Duration = Duration::from_secs(10);

/// What an engine is made of.
#[derive(Debug, Clone)]
pub struct EngineParts {
    /// The ledger of leads.
    pub leads: Ledger,
    /// The installation's state.
    pub control: Control,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Services and buyers.
    pub parties: Arc<dyn Parties>,
    /// Which barriers hold: all, outside tests.
    pub barriers: Barriers,
}

/// Takes leads through their flows. Cheap to clone; all clones are the same engine.
#[derive(Debug, Clone)]
pub struct Engine {
    context: Arc<Context>,
    /// Leads under way.
    under_way: TaskTracker,
    keys: IdempotencyKeys,
    taken_offers: TakenOffers,
    retry_places: Arc<Semaphore>,
    /// Where checkpoints are kept.
    state: Option<Store>,
}

impl Engine {
    /// An engine over the ledger of leads.
    pub fn new(parts: EngineParts) -> Engine {
        let EngineParts { leads, control, clock, entropy, parties, barriers } = parts;
        let parties = Arc::new(LimitedParties::new(parties, control.clone(), Arc::clone(&clock)));
        let context = Context {
            leads,
            control,
            clock,
            entropy,
            parties,
            retries: Retries::default(),
            sensitive: SensitiveKeys::default(),
            caps: Caps::default(),
            duplicates: Duplicates::default(),
            rates: Rates::default(),
            pending: Pending::default(),
            revocations: Revocations::default(),
            turns: TurnKeeper::default(),
            barriers,
        };
        Engine {
            context: Arc::new(context),
            under_way: TaskTracker::new(),
            keys: IdempotencyKeys::default(),
            taken_offers: TakenOffers::default(),
            retry_places: Arc::new(Semaphore::new(RETRIES_AT_A_TIME_MAX)),
            state: None,
        }
    }

    /// The same, with checkpoints of what a start rebuilds in a folder of their own.
    #[must_use]
    pub fn with_state(mut self, disk: Arc<dyn Disk>) -> Engine {
        self.state = Some(Store::new(disk));
        self
    }

    pub(crate) fn state(&self) -> Option<&Store> {
        self.state.as_ref()
    }

    /// The engine's own folds.
    pub(crate) fn folds(&self) -> Folds {
        Folds {
            caps: self.context.caps.clone(),
            duplicates: self.context.duplicates.clone(),
            keys: self.keys.clone(),
            offers: self.taken_offers.clone(),
            turns: self.context.turns.clone(),
            whereabouts: HashMap::new(),
        }
    }

    pub(crate) fn context(&self) -> &Arc<Context> {
        &self.context
    }

    pub(crate) fn taken_offers(&self) -> &TakenOffers {
        &self.taken_offers
    }

    pub(crate) fn control(&self) -> &Control {
        &self.context.control
    }

    pub(crate) fn leads(&self) -> &Ledger {
        &self.context.leads
    }

    pub(crate) fn under_way(&self) -> &TaskTracker {
        &self.under_way
    }

    /// Reads a flow file, after each WSDL that it names by address and does not hold was fetched. Its addresses
    /// are of hosts that the installation may ask.
    ///
    /// # Errors
    /// As [`read_flow`].
    pub async fn read_flow(&self, text: &str) -> Result<FlowFile, FlowFileError> {
        let parties = self.context.parties.unlimited();
        read_flow(parties, text, WsdlTexts::new(), parties.allowed_hosts()).await
    }

    /// The same without asking anybody: a WSDL that the file does not hold is missing.
    ///
    /// # Errors
    /// As [`read_flow`].
    pub fn check_flow(&self, text: &str) -> Result<FlowFile, FlowFileError> {
        FlowFile::read_allowing(text, &WsdlTexts::new(), self.context.parties.unlimited().allowed_hosts())
    }

    /// Takes a lead through its flow. When it returns, every event of the lead is durable, the
    /// answer among them. The lead goes on to its end even when the caller gives up waiting.
    ///
    /// # Errors
    /// When the source is unknown, or the events could not be recorded.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn submit(&self, submission: Submission) -> Result<Submitted, SubmitError> {
        let Submission { flow, source_id, raw, request, request_id, test, idempotency, ping_token, render } =
            submission;
        if flow.flow.source(&source_id).is_none() {
            return Err(SubmitError::UnknownSource { source_id, flow_id: flow.flow.id().clone() });
        }
        check_size(&raw)?;
        let now = self.context.clock.now();
        let lead_id = LeadId::new(LeadIdKind::Lead, now, self.context.draw());
        let kept_ms = idempotency.as_ref().map_or(KEPT_MS, IdempotencyKey::kept_ms);
        let tags = idempotency.map(|sent| self.tags(flow.flow.id(), &source_id, &sent));
        let answered = match tags.map(|tags| self.keys.claim(tags, lead_id, kept_ms, now)) {
            None => None,
            Some(Claim::New(answered)) => Some(answered),
            Some(Claim::Twin(first, answered)) => return self.replay(first, answered, render).await,
            Some(Claim::Other) => return Err(SubmitError::KeyReused),
        };
        let (ping_id, offer) =
            ping_token.and_then(|token| self.take_offer(&token, &flow, &source_id, test, now)).unzip();
        let marks = Marks { test, request_id, idempotency: tags, ping_id, ..Marks::default() };
        let run = self.leads().create(lead_id).map(|lease| {
            let story = Story::new(lead_id, source_id, marks, now);
            Run::new(Arc::clone(&self.context), lease, flow, story)
        });
        let mut run = match run {
            Ok(run) => run,
            Err(error) => {
                tags.inspect(|tags| self.keys.release(*tags, lead_id));
                return Err(error.into());
            }
        };
        let due = run.flow.flow.deadline().map(|deadline| run.started() + deadline.after);
        let (caller, heard) = Caller::new(render, due, answered);
        run.caller = Some(caller);
        run.offer = offer;
        let keys = self.keys.clone();
        let task = self.under_way.spawn(async move {
            match run.submit(raw, request).await {
                Ok(()) => {
                    let result = run.finish().await;
                    // After its deadline nobody waits who could hear of it.
                    if let Err(error) = &result {
                        tell(lead_id, error);
                    }
                    result
                }
                Err(error) => {
                    tags.inspect(|tags| keys.release(*tags, lead_id));
                    Err(error)
                }
            }
        });
        if let Ok((answer, response)) = heard.await {
            return Ok(Submitted { lead_id, answer, response, replayed: false });
        }
        match task.await {
            Ok(result) => {
                result?;
                unreachable!("a lead that came to its end has answered")
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Whether the same submission of this key came before, so that it makes no lead of its own.
    pub fn is_repeat(&self, flow_id: &FlowId, source_id: &SourceId, sent: &IdempotencyKey) -> bool {
        let tags = self.tags(flow_id, source_id, sent);
        self.keys.is_known(tags, sent.kept_ms(), self.context.clock.now())
    }

    fn tags(&self, flow_id: &FlowId, source_id: &SourceId, sent: &IdempotencyKey) -> Idempotency {
        let key = match &sent.key {
            RepeatKey::Own(key) => {
                let key = format!("{flow_id}\0{source_id}\0{key}");
                self.leads().lookup_tag("idempotency key", key.as_bytes())
            }
            RepeatKey::Payload { .. } => {
                let key = [format!("{flow_id}\0{source_id}\0").as_bytes(), &sent.payload].concat();
                self.leads().lookup_tag("same payload", &key)
            }
        };
        Idempotency { key, payload: self.leads().lookup_tag("idempotency payload", &sent.payload) }
    }

    /// The answer of a lead that came before, once it has one: as it was sent, or, when a restart came
    /// between, written anew.
    async fn replay(
        &self,
        lead_id: LeadId,
        mut answered: watch::Receiver<bool>,
        mut render: Render,
    ) -> Result<Submitted, SubmitError> {
        // Closed without an answer: the lead could not be taken to its end.
        let _ = answered.wait_for(|answered| *answered).await;
        let gone = || match self.leads().stopped() {
            // The next start takes the lead to its end, and then there is an answer.
            Some(stopped) => SubmitError::Record(RecordError::Stopped(stopped)),
            None => SubmitError::AnswerGone { lead_id },
        };
        let Events { mut events, gone: values_gone } = match self.events(ChainId::Lead(lead_id)) {
            Ok(events) => events,
            Err(ResumeError::Read(error)) => return Err(error.into()),
            Err(_) => return Err(gone()),
        };
        // The deadline's answer comes before the end of the flow.
        let carries = |event: &Event| {
            matches!(event.kind, EventKind::SourceAnswered { .. } | EventKind::FlowCompleted(_))
        };
        let at = events.iter().position(carries).ok_or_else(gone)?;
        events.truncate(at + 1);
        // One in which something is masked was not sent so.
        let response = events[at].body.exchanges.first().and_then(|exchange| exchange.response.clone());
        let response = response.filter(|text| !text.windows(2).any(|two| two == b"**"));
        let (head, lead) = (&events[at].head, events[at].body.lead.clone());
        let flow = self.context.control.flow_version(&head.flow_id, head.flow_version).ok_or_else(gone)?;
        let story = Story::of(Events { events, gone: values_gone }, None).ok_or_else(gone)?;
        let answer = story.told(&flow.flow).ok_or_else(gone)?;
        let response = response.unwrap_or_else(|| render(lead_id, &answer, &lead));
        Ok(Submitted { lead_id, answer, response, replayed: true })
    }

    /// Takes up what the last stop interrupted: every lead without `flow.completed` goes on from its
    /// last durable event, attempts without an outcome become faults, and retries that wait are armed
    /// again. Gives how many leads go on; they do so by themselves. To be called at a start, before leads
    /// arrive. A lead that cannot be continued is told in the log and left as it is: it must not keep
    /// all others waiting.
    ///
    /// # Errors
    /// When the ledger stopped.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    pub async fn resume(&self) -> Result<u64, ResumeError> {
        let reader = self.leads().reader();
        let mut chains: Vec<ChainId> = reader.chains_without(EventType::FlowCompleted);
        let mut known: HashSet<ChainId> = chains.iter().copied().collect();
        let open = reader.open_steps(
            &[EventType::RecipientAttempted, EventType::RetryScheduled, EventType::RetryAttempted],
            &[
                EventType::RecipientDelivered,
                EventType::RecipientFailed,
                EventType::RecipientError,
                EventType::RecipientSkipped,
            ],
        );
        chains.extend(open.into_iter().filter(|chain| known.insert(*chain)));
        // A late answer gave back a sale that a group held, and the group may have had no time to go on.
        let stopped = reader.chains_ending_with(
            &[
                EventType::RecipientBid,
                EventType::RecipientFailed,
                EventType::RecipientError,
                EventType::RecipientSkipped,
            ],
            GOES_ON_WITHIN_MS,
        );
        chains.extend(stopped.into_iter().filter(|chain| known.insert(*chain)));
        // A ping that was cut off was never answered: there is nothing to take to an end.
        chains.retain(|chain| matches!(chain, ChainId::Lead(lead_id) if lead_id.kind() == LeadIdKind::Lead));
        // Ids ascend nearly as the leads came in.
        chains.sort_unstable();
        self.restore_folds()?;
        self.restore_feedback()?;
        self.restore_sensitive_keys(|chain| {
            chains.binary_search(&chain).is_ok() || self.has_group_that_may_go_on(chain)
        })?;
        let mut resumed = 0;
        for chain in chains {
            let ChainId::Lead(lead_id) = chain else { continue };
            match self.resume_one(lead_id).await {
                Ok(true) => resumed += 1,
                Ok(false) => {}
                Err(error @ (ResumeError::Record(RecordError::Stopped(_)) | ResumeError::Lease(_))) => {
                    return Err(error);
                }
                Err(error) => tell(lead_id, &error),
            }
        }
        if resumed > 0 {
            match resumed {
                1 => info!(resumed, "1 lead that the last stop interrupted goes on"),
                _ => info!(resumed, "{resumed} leads that the last stop interrupted go on"),
            }
        }
        Ok(resumed)
    }

    async fn resume_one(&self, lead_id: LeadId) -> Result<bool, ResumeError> {
        let Some(lease) = self.leads().lease(lead_id).await? else { return Ok(false) };
        let Some(mut run) = self.take_up(lease, lead_id)? else {
            warn!(lead_id = %lead_id, "{lead_id} was forgotten before its flow ended; it is left as it is");
            return Ok(false);
        };
        if run.story.stage == Stage::New {
            return Ok(false);
        }
        for delivery in &run.story.deliveries {
            if let DeliveryState::Due { attempt: _, due } = delivery.state {
                self.context.retries.add(Due { at: due, lead_id, delivery_id: delivery.delivery_id });
            }
        }
        if let Some(ping_id) = run.story.marks.ping_id {
            run.offer = self.offer_taken(ping_id)?;
        }
        run.close_unknown().await?;
        if run.story.completed {
            run.forget_when_ended();
            let goes_on = run.has_group_to_go_on();
            if goes_on {
                self.under_way.spawn(async move {
                    if let Err(error) = run.go_on_with_groups().await {
                        tell(lead_id, &error);
                    }
                });
            }
            return Ok(goes_on);
        }
        let (sender, answered) = watch::channel(run.story.answered.is_some());
        if let Some(tags) = run.story.marks.idempotency {
            self.keys.restore(tags, lead_id, run.story.submitted_at, answered);
        }
        self.under_way.spawn(async move {
            match run.finish().await {
                Ok(_) => drop(sender.send_replace(true)),
                Err(error) => tell(lead_id, &error),
            }
        });
        Ok(true)
    }

    /// A lead with its story and the version of the flow that it runs through; none when a body is gone.
    pub(crate) fn take_up(&self, lease: Lease, lead_id: LeadId) -> Result<Option<Run>, ResumeError> {
        let events = self.events(ChainId::Lead(lead_id))?;
        let Some(Event { head, .. }) = events.events.first() else { return Ok(None) };
        let (flow_id, version) = (head.flow_id.clone(), head.flow_version);
        let Some(flow) = self.context.control.flow_version(&flow_id, version) else {
            return Err(ResumeError::UnknownFlow { lead_id, flow_id, version });
        };
        let Some(story) = Story::of(events, Some(&flow.flow)) else { return Ok(None) };
        Ok(Some(Run::new(Arc::clone(&self.context), lease, flow, story)))
    }

    /// The events of a lead, oldest first; none at all when a body is gone.
    pub(crate) fn events(&self, chain: ChainId) -> Result<Events, ResumeError> {
        let reader = self.leads().reader();
        let mut events = Events::default();
        for record in reader.records(&reader.chain(chain))? {
            let seq = record.seq;
            let Some(body) = record.body.bytes() else { return Ok(Events::default()) };
            let body = BodyView::read(body).map_err(|source| ResumeError::Body { seq, source })?;
            let event =
                Header::read(&record.header).and_then(|header| wire::read_event(&header, Some(&body)));
            let mut event = event.map_err(|source| ResumeError::Header { seq, source })?;
            if body.sensitive().is_some() {
                match reader.sensitive(seq)? {
                    Sensitive::Open(values) => {
                        let values = BodyView::read(&values).and_then(|values| values.lead());
                        event.body.sensitive =
                            Some(values.map_err(|source| ResumeError::Body { seq, source })?);
                    }
                    Sensitive::None | Sensitive::Destroyed => events.gone = true,
                }
            }
            events.events.push(event);
        }
        Ok(events)
    }

    /// What was asked of each party since the start, by id.
    pub fn calls(&self) -> Vec<CallFigures> {
        self.context.parties.figures()
    }

    /// How the circuit of a party stands; none when it has none.
    pub fn circuit(&self, entity_id: &EntityId) -> Option<CircuitStanding> {
        self.context.parties.circuit(entity_id)
    }

    /// How every circuit stands, by party.
    pub fn circuits(&self) -> Vec<CircuitStanding> {
        self.control().entities().iter().filter_map(|entity| self.circuit(&entity.id)).collect()
    }

    /// When the first retry that waits is due.
    pub fn next_due(&self) -> Option<Timestamp> {
        self.context.retries.next()
    }

    /// How many leads, retries and reports are under way now.
    pub fn in_flight(&self) -> usize {
        self.under_way().len()
    }

    /// How many retries wait for their time.
    pub fn retries_waiting(&self) -> usize {
        self.context.retries.len()
    }

    /// Runs every retry that is due by now, one after the other, to its end; gives how many there
    /// were. For whoever drives time by hand; a server calls [`keep_retrying`](Engine::keep_retrying).
    pub async fn run_due(&self) -> usize {
        let mut run = 0;
        while let Some(due) = self.context.retries.take_due(self.context.clock.now()) {
            self.retry(due).await;
            run += 1;
        }
        run
    }

    /// Runs retries when they are due and destroys sensitive values that no lead needs any more and old
    /// values of secrets, until `stop` is done; retries under way then end by themselves.
    pub async fn keep_retrying(&self, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut forgot_at = self.context.clock.now();
        loop {
            let now = self.context.clock.now();
            if forgot_at.plus_millis(FORGET_EVERY_MS) <= now || now < forgot_at {
                self.forget_values_or_tell();
                self.context.control.destroy_old_secrets_or_tell().await;
                forgot_at = now;
            }
            if let Some(due) = self.context.retries.take_due(now) {
                let place = Arc::clone(&self.retry_places).acquire_owned();
                // Nothing is lost when the stop comes first: what is due is found again at the next start.
                let place = tokio::select! {
                    biased;
                    () = &mut stop => return,
                    place = place => place.expect("nobody closes the semaphore"),
                };
                let engine = self.clone();
                self.under_way.spawn(async move {
                    engine.retry(due).await;
                    drop(place);
                });
                continue;
            }
            let wait = self
                .context
                .retries
                .next()
                .map_or(CLOCK_LOOK, |next| Duration::from_millis(next.millis_since(now)).min(CLOCK_LOOK));
            // Each branch only waits.
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = self.context.retries.wait_for_more() => {}
                () = tokio::time::sleep(wait) => {}
            }
        }
    }

    async fn retry(&self, due: Due) {
        let Err(error) = self.retry_one(due).await else { return };
        if is_of_a_moment(&error) {
            let lead_id = due.lead_id;
            warn!(lead_id = %lead_id, error = &error as &dyn std::error::Error, "A retry of {lead_id} waits until its events can be read");
            let at = self.context.clock.now().plus_millis(UNREADABLE_WAIT_MS);
            self.context.retries.add(Due { at, ..due });
        } else {
            tell(due.lead_id, &error);
        }
    }

    async fn retry_one(&self, due: Due) -> Result<(), ResumeError> {
        let Some(lease) = self.leads().lease(due.lead_id).await? else { return Ok(()) };
        let Some(mut run) = self.take_up(lease, due.lead_id)? else { return Ok(()) };
        if run.tells(due.delivery_id) {
            if let Some(ticket) = run.tell(due.delivery_id).await? {
                ticket.durable().await?;
            }
            return Ok(());
        }
        run.retry(due.delivery_id).await?;
        Ok(())
    }

    /// Waits until no lead is under way at this moment.
    pub async fn idle(&self) {
        self.under_way.close();
        self.under_way.wait().await;
        self.under_way.reopen();
    }

    /// Waits until no lead is under way. To be called when no more arrive.
    pub async fn drain(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }
}

/// Whether the disk failed to read, which it may not do the next time. Nothing was recorded.
fn is_of_a_moment(error: &ResumeError) -> bool {
    match error {
        ResumeError::Read(error) | ResumeError::Lease(LeaseError::Read(error)) => {
            matches!(error, ReadError::Disk { .. } | ReadError::Vault(VaultError::Disk { .. }))
        }
        ResumeError::Lease(LeaseError::Vault(error)) => matches!(error, VaultError::Disk { .. }),
        ResumeError::Lease(LeaseError::Held(_) | LeaseError::NoKey { .. } | LeaseError::Record(_))
        | ResumeError::Header { .. }
        | ResumeError::Body { .. }
        | ResumeError::UnknownFlow { .. }
        | ResumeError::Record(_) => false,
    }
}

/// Tells the log of a lead that cannot go on.
fn tell(lead_id: LeadId, error: &(dyn std::error::Error + 'static)) {
    error!(lead_id = %lead_id, error, "{lead_id} cannot be taken to its end; it is left as it is");
}
