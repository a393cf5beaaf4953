//! The engine: leads in, answers out.

use std::fmt;
use std::sync::Arc;

use domain::{
    Answer, ChainId, Event, EventType, FlowId, FlowVersion, Lead, LeadId, LeadIdKind, Marks, SourceId,
};
use ledger::{Entropy, LeaseError, Ledger, ReadError, RecordError};
use tokio_util::task::TaskTracker;
use tracing::{info, warn};
use wire::{BodyError, BodyView, Header, HeaderError};

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
    /// Its events could not be recorded, or it is not known whether they were.
    #[error(transparent)]
    Record(#[from] RecordError),
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
    /// gives how many there were. To be called at a start, before leads arrive.
    ///
    /// # Errors
    /// When a lead's events cannot be read or continued.
    pub async fn resume(&self) -> Result<u64, ResumeError> {
        let mut resumed = 0;
        for chain in self.leads.reader().chains_without(EventType::FlowCompleted) {
            let ChainId::Lead(lead_id) = chain else { continue };
            let Some(lease) = self.leads.lease(chain).await? else { continue };
            let events = self.events(chain)?;
            let Some(Event { head, .. }) = events.first() else {
                warn!(lead_id = %lead_id, "{lead_id} was forgotten before its flow ended; it is left as it is");
                continue;
            };
            let (flow_id, version) = (head.flow_id.clone(), head.flow_version);
            let Some(flow) = self.context.control.flow_version(&flow_id, version) else {
                return Err(ResumeError::UnknownFlow { lead_id, flow_id, version });
            };
            if let Some((run, stage)) = Run::resume(self.context.clone(), lease, flow, events) {
                run.finish(stage, None).await?;
                resumed += 1;
            }
        }
        if resumed > 0 {
            info!(resumed, "Finished {resumed} leads that the last stop had interrupted");
        }
        Ok(resumed)
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
