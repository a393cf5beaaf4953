//! When a source has its answer: at the end of the flow, or at the flow's deadline when that comes first.

use std::sync::Arc;
use std::time::Duration;

use domain::{Answer, EventKind, Exchange, Lead, LeadId, Outcome, Reason, ReasonCode};
use ledger::RecordError;
use tokio::sync::{oneshot, watch};

use crate::Render;
use crate::run::{Moment, Run};

/// An answer, and as it is sent.
pub(crate) type Given = (Answer, Arc<[u8]>);

/// Whoever waits for the answer to a submission.
pub(crate) struct Caller {
    render: Render,
    /// By the monotonic clock, when it has its answer at the latest.
    due: Option<Duration>,
    sender: Sender,
}

/// An answer that goes out once what says so is durable.
#[derive(Debug)]
pub(crate) struct Written {
    /// As it will be sent.
    pub(crate) response: Arc<[u8]>,
    /// As events keep it.
    pub(crate) recorded: Arc<[u8]>,
    pub(crate) sender: Sender,
}

/// Where the answer goes.
#[derive(Debug)]
pub(crate) struct Sender {
    answer: oneshot::Sender<Given>,
    /// Told for those that sent the same.
    twins: Option<watch::Sender<bool>>,
}

impl std::fmt::Debug for Caller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Caller(due {:?})", self.due)
    }
}

impl Caller {
    /// A caller, and where it hears its answer.
    pub(crate) fn new(
        render: Render,
        due: Option<Duration>,
        twins: Option<watch::Sender<bool>>,
    ) -> (Caller, oneshot::Receiver<Given>) {
        let (answer, heard) = oneshot::channel();
        (Caller { render, due, sender: Sender { answer, twins } }, heard)
    }

    /// The answer from the lead in the clear, and as it is recorded where `recorded` is another lead.
    fn write(mut self, lead_id: LeadId, answer: &Answer, lead: &Lead, recorded: Option<&Lead>) -> Written {
        let response = (self.render)(lead_id, answer, lead);
        let recorded = match recorded {
            Some(lead) => (self.render)(lead_id, answer, lead),
            None => Arc::clone(&response),
        };
        Written { response, recorded, sender: self.sender }
    }
}

impl Sender {
    /// Sends an answer that is durable. Whoever has given up waiting does not hear it.
    pub(crate) fn send(self, answer: Answer, response: Arc<[u8]>) {
        let _ = self.answer.send((answer, response));
        if let Some(twins) = self.twins {
            twins.send_replace(true);
        }
    }
}

impl Run {
    /// An answer from the lead as it stands. Parts of a sensitive value are too short to be found in it, so it is
    /// recorded from the lead that may be.
    pub(crate) fn write_answer(&self, caller: Caller, answer: &Answer) -> Written {
        let lead = &self.story.lead;
        caller.write(self.story.lead_id, answer, lead, self.recorded_lead(lead).as_ref())
    }

    /// Waits for something, and meanwhile gives the source its answer when the deadline comes.
    pub(crate) async fn meanwhile<T>(&mut self, wait: impl Future<Output = T>) -> Result<T, RecordError> {
        let mut wait = std::pin::pin!(wait);
        if let Some(due) = self.caller.as_ref().and_then(|caller| caller.due) {
            let left = due.saturating_sub(self.context.clock.monotonic());
            // Both only wait; neither is lost when the other comes first.
            tokio::select! {
                biased;
                done = &mut wait => return Ok(done),
                () = tokio::time::sleep(left) => {}
            }
            self.answer_early().await?;
        }
        Ok(wait.await)
    }

    /// Gives the source its answer when the deadline has come.
    pub(crate) async fn look_at_deadline(&mut self) -> Result<(), RecordError> {
        let due = self.caller.as_ref().and_then(|caller| caller.due);
        if due.is_some_and(|due| due <= self.context.clock.monotonic()) {
            self.answer_early().await?;
        }
        Ok(())
    }

    /// Records the answer that goes out at the deadline, and sends it: success when the lead is sold by
    /// then, else what the flow says.
    async fn answer_early(&mut self) -> Result<(), RecordError> {
        let (Some(caller), Some(deadline)) = (self.caller.take(), self.flow.flow.deadline()) else {
            return Ok(());
        };
        let sold = self.story.progress.deliveries() > 0;
        let outcome = if sold { Outcome::Success } else { Outcome::from(deadline.ending) };
        let late = || {
            let text = format!("No result within {}ms", deadline.after.as_millis());
            Reason::new(ReasonCode::Deadline, text)
        };
        let answer = self.answer(outcome, (outcome != Outcome::Success).then(late));
        let Written { response, recorded, sender } = self.write_answer(caller, &answer);
        let kind = EventKind::SourceAnswered { answer: answer.clone() };
        let exchanges = vec![Exchange { request: None, response: Some(recorded) }];
        let since = self.started();
        let ticket = self.record(vec![Moment { exchanges, ..Moment::new(kind, since) }]).await?;
        if self.context.barriers.before_answer {
            ticket.durable().await?;
        }
        sender.send(answer, response);
        Ok(())
    }
}
