//! The engine: leads in, answers out.

use std::fmt;
use std::sync::Arc;

use domain::{
    Answer, ChainId, Event, EventBody, EventType, FlowId, FlowVersion, Lead, LeadId, LeadIdKind, Marks,
    Scalar, SourceId, Value,
};
use ledger::{Entropy, LeaseError, Ledger, ReadError, RecordError};
use tokio_util::task::TaskTracker;
use tracing::{error, info, warn};
use wire::{Body, BodyError, BodyView, Header, HeaderError};

use crate::run::{Context, Run};
use crate::{Clock, Control, PublishedFlow};

/// Writes the whole answer as it will be sent (status line, headers, empty line, body). What it
/// gives is recorded as evidence before its first byte leaves.
pub type Render = Box<dyn FnOnce(LeadId, &Answer) -> Arc<[u8]> + Send>;

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
    /// Writes the answer.
    pub render: Render,
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
fn check_size(raw: &Lead) -> Result<(), SubmitError> {
    let scalar = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => text.len() + 2,
        Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => 40,
    };
    let value = |value: &Value| match value {
        Value::Scalar(one) => scalar(one),
        Value::List(list) => list.iter().map(scalar).sum(),
    };
    if raw.iter().map(|(path, own)| path.as_str().len() + value(own)).sum::<usize>() <= SURELY_SMALL_BYTES {
        return Ok(());
    }
    let body = Body::of_event(&EventBody { lead: raw.clone(), ..EventBody::default() })?;
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

/// Takes leads through their flows. Cheap to clone; all clones are the same engine.
#[derive(Debug, Clone)]
pub struct Engine {
    leads: Ledger,
    context: Context,
    /// Leads under way.
    under_way: TaskTracker,
}

impl Engine {
    /// An engine over the ledger of leads.
    pub fn new(leads: Ledger, control: Control, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Engine {
        Engine { leads, context: Context { control, clock, entropy }, under_way: TaskTracker::new() }
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
        let Submission { flow, source_id, raw, request, request_id, test, render } = submission;
        if flow.flow.source(&source_id).is_none() {
            return Err(SubmitError::UnknownSource { source_id, flow_id: flow.flow.id().clone() });
        }
        check_size(&raw)?;
        let mut random = [0; 6];
        self.context.entropy.fill(&mut random);
        let lead_id = LeadId::new(LeadIdKind::Lead, self.context.clock.now(), random);
        let lease = self.leads.create(lead_id)?;
        let marks = Marks { test, request_id, ..Marks::default() };
        let mut run = Run::new(self.context.clone(), lease, lead_id, flow, source_id, marks);
        let task = self.under_way.spawn(async move {
            let stage = run.submit(raw, request).await?;
            run.finish(stage, Some(render)).await
        });
        match task.await {
            Ok(result) => {
                let (answer, response) = result?;
                Ok(Submitted { lead_id, answer, response })
            }
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        }
    }

    /// Takes up every lead that has no `flow.completed` yet, from its last durable event, and
    /// gives how many there were. To be called at a start, before leads arrive. A lead that cannot
    /// be continued is told in the log and left as it is: it must not keep all others waiting.
    ///
    /// # Errors
    /// When the ledger stopped.
    pub async fn resume(&self) -> Result<u64, ResumeError> {
        let mut resumed = 0;
        for chain in self.leads.reader().chains_without(EventType::FlowCompleted) {
            let ChainId::Lead(lead_id) = chain else { continue };
            match self.resume_one(chain, lead_id).await {
                Ok(true) => resumed += 1,
                Ok(false) => {}
                Err(error @ (ResumeError::Record(RecordError::Stopped(_)) | ResumeError::Lease(_))) => {
                    return Err(error);
                }
                Err(error) => {
                    let error: &(dyn std::error::Error + 'static) = &error;
                    error!(lead_id = %lead_id, error, "{lead_id} cannot be taken to its end; it is left as it is");
                }
            }
        }
        if resumed > 0 {
            info!(resumed, "Finished {resumed} leads that the last stop had interrupted");
        }
        Ok(resumed)
    }

    async fn resume_one(&self, chain: ChainId, lead_id: LeadId) -> Result<bool, ResumeError> {
        let Some(lease) = self.leads.lease(chain).await? else { return Ok(false) };
        let events = self.events(chain)?;
        let Some(Event { head, .. }) = events.first() else {
            warn!(lead_id = %lead_id, "{lead_id} was forgotten before its flow ended; it is left as it is");
            return Ok(false);
        };
        let (flow_id, version) = (head.flow_id.clone(), head.flow_version);
        let Some(flow) = self.context.control.flow_version(&flow_id, version) else {
            return Err(ResumeError::UnknownFlow { lead_id, flow_id, version });
        };
        let Some((run, stage)) = Run::resume(self.context.clone(), lease, flow, events) else {
            return Ok(false);
        };
        run.finish(stage, None).await?;
        Ok(true)
    }

    /// The events of a lead, oldest first; none at all when a body is gone.
    fn events(&self, chain: ChainId) -> Result<Vec<Event>, ResumeError> {
        let reader = self.leads.reader();
        let mut events = Vec::new();
        for record in reader.records(&reader.chain(chain))? {
            let seq = record.seq;
            let Some(body) = record.body.bytes() else { return Ok(Vec::new()) };
            let body = BodyView::read(body).map_err(|source| ResumeError::Body { seq, source })?;
            let event =
                Header::read(&record.header).and_then(|header| wire::read_event(&header, Some(&body)));
            events.push(event.map_err(|source| ResumeError::Header { seq, source })?);
        }
        Ok(events)
    }

    /// Waits until no lead is under way. To be called when no more arrive.
    pub async fn drain(&self) {
        self.under_way.close();
        self.under_way.wait().await;
    }
}
