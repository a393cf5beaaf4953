//! Limits of other parties and of steps: each call waits for its turn before anything is sent, and is kept back
//! while the circuit of its party is open.
//!
//! Whoever asks another party does so through [`LimitedParties`], retries and whatever else included, so
//! that no limit is passed by. In memory only: a restart begins anew.

mod queue;
mod window;

use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{EntityId, FaultKind, FlowId, StepId};
use tokio::time::Instant;
use wire::outbound::Mailbox;

use self::queue::{NoTurn, Queue, Turn};
use crate::circuits::{CircuitStanding, Circuits, NotLetThrough, Pass};
use crate::parties::{Answered, Asking, Call, CallFault, MailCall, Parties, StepLimits};
use crate::{Clock, Control};

/// What was asked of one party since the start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallFigures {
    /// The party.
    pub entity_id: EntityId,
    /// Calls that have no answer yet.
    pub under_way: u64,
    /// Calls that wait for their turn.
    pub waiting: u64,
    /// Calls that ended, by `answered` or the word for their fault; those of no calls are left out.
    pub ended: Vec<(&'static str, u64)>,
}

/// The word for a call that has an answer.
const ANSWERED: &str = "answered";

#[derive(Debug, Default)]
struct Counts {
    under_way: u64,
    waiting: u64,
    ended: HashMap<&'static str, u64>,
}

/// Asks other parties within their limits.
#[derive(Debug)]
pub(crate) struct LimitedParties {
    parties: Arc<dyn Parties>,
    control: Control,
    circuits: Circuits,
    entities: Mutex<HashMap<EntityId, Arc<Queue>>>,
    steps: Mutex<HashMap<(FlowId, StepId), Arc<Queue>>>,
    counts: Mutex<HashMap<EntityId, Counts>>,
}

impl LimitedParties {
    pub(crate) fn new(parties: Arc<dyn Parties>, control: Control, clock: Arc<dyn Clock>) -> LimitedParties {
        LimitedParties {
            parties,
            control,
            circuits: Circuits::new(clock),
            entities: Mutex::default(),
            steps: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    /// What was asked of each party, by id.
    pub(crate) fn figures(&self) -> Vec<CallFigures> {
        let counts = lock(&self.counts);
        let figures = counts.iter().map(|(entity_id, counts)| {
            let mut ended: Vec<_> = counts.ended.iter().map(|(word, count)| (*word, *count)).collect();
            ended.sort_unstable();
            let (under_way, waiting) = (counts.under_way, counts.waiting);
            CallFigures { entity_id: entity_id.clone(), under_way, waiting, ended }
        });
        let mut figures: Vec<CallFigures> = figures.collect();
        figures.sort_by(|left, right| left.entity_id.cmp(&right.entity_id));
        figures
    }

    fn count(&self, entity_id: &EntityId, count: impl FnOnce(&mut Counts)) {
        let mut all = lock(&self.counts);
        if !all.contains_key(entity_id) {
            all.insert(entity_id.clone(), Counts::default());
        }
        count(all.get_mut(entity_id).expect("it is there"));
    }

    /// A turn of the step, where it has limits, and one of the party.
    async fn turns(
        &self,
        entity_id: &EntityId,
        step_limits: Option<&StepLimits>,
        time_limit: Duration,
    ) -> Result<(Option<Turn>, Turn), CallFault> {
        let deadline = Instant::now() + time_limit;
        let own = match step_limits {
            Some(StepLimits { flow_id, step_id, limits }) => {
                let queue = queue(&self.steps, &(flow_id.clone(), step_id.clone()));
                let turn = queue.turn(limits, deadline).await;
                Some(turn.map_err(|no_turn| fault(no_turn, "the limit of the step", time_limit))?)
            }
            None => None,
        };
        let limits = self.control.limits(entity_id);
        let turn = queue(&self.entities, entity_id).turn(&limits, deadline).await;
        Ok((own, turn.map_err(|no_turn| fault(no_turn, "its limit", time_limit))?))
    }

    /// How the circuit of a party stands; none when it has none.
    pub(crate) fn circuit(&self, entity_id: &EntityId) -> Option<CircuitStanding> {
        self.circuits.standing(entity_id, self.control.circuit(entity_id))
    }

    /// Asks in turn, unless the circuit of the party is open. The time limit is for the turn, and again for the
    /// call: one that was cut short because it waited could have been taken without our knowing.
    async fn in_turn<'a>(
        &'a self,
        entity_id: EntityId,
        step_limits: Option<StepLimits>,
        time_limit: Duration,
        ask: impl FnOnce() -> Asking<'a>,
    ) -> Result<(Answered, Option<Pass>), CallFault> {
        let asked = match self.turns_and_pass(&entity_id, step_limits.as_ref(), time_limit).await {
            Ok((_turns, pass)) => {
                let _under_way = Counted::begin(self, &entity_id, |counts| &mut counts.under_way);
                match (ask().await, pass) {
                    (Ok(answered), pass) => Ok((answered, pass)),
                    (Err(fault), pass) => {
                        // What we kept back ourselves tells nothing of the other side.
                        if let Some(pass) = pass.filter(|_| fault.kind.was_asked()) {
                            pass.ended(true);
                        }
                        Err(fault)
                    }
                }
            }
            Err(fault) => Err(fault),
        };
        let word = asked.as_ref().map_or_else(|fault| fault.kind.as_str(), |_| ANSWERED);
        self.count(&entity_id, |counts| *counts.ended.entry(word).or_default() += 1);
        asked
    }

    /// The turns of a call, and what the circuit of its party says of it: before it waits, and once it could go.
    async fn turns_and_pass(
        &self,
        entity_id: &EntityId,
        step_limits: Option<&StepLimits>,
        time_limit: Duration,
    ) -> Result<((Option<Turn>, Turn), Option<Pass>), CallFault> {
        let circuit = || self.control.circuit(entity_id);
        if let Some(refusal) = self.circuits.refusal(entity_id, circuit()) {
            return Err(kept_back(refusal));
        }
        let turns = {
            let _waiting = Counted::begin(self, entity_id, |counts| &mut counts.waiting);
            self.turns(entity_id, step_limits, time_limit).await?
        };
        let pass = self.circuits.enter(entity_id, circuit()).map_err(kept_back)?;
        Ok((turns, pass))
    }

    /// Asks, in turn. Whoever hears the answer tells the circuit by the pass whether it is usable.
    pub(crate) fn ask(&self, call: Call) -> AskingInTurn<'_> {
        let (entity_id, step_limits) = (call.entity_id.clone(), call.step_limits.clone());
        Box::pin(self.in_turn(entity_id, step_limits, call.time_limit, || self.parties.ask(call)))
    }

    /// The same by mail.
    pub(crate) fn mail(&self, call: MailCall) -> AskingInTurn<'_> {
        let (entity_id, step_limits) = (call.entity_id.clone(), call.step_limits.clone());
        Box::pin(self.in_turn(entity_id, step_limits, call.time_limit, || self.parties.mail(call)))
    }

    pub(crate) fn mail_sender(&self) -> Option<&Mailbox> {
        self.parties.mail_sender()
    }

    /// The parties as they are, for what is asked on nobody's behalf: the WSDL of a flow that is read.
    pub(crate) fn unlimited(&self) -> &dyn Parties {
        &*self.parties
    }
}

/// An answer in turn, under way.
pub(crate) type AskingInTurn<'a> =
    Pin<Box<dyn Future<Output = Result<(Answered, Option<Pass>), CallFault>> + Send + 'a>>;

/// Something that goes on, counted for as long as this lives.
struct Counted<'a> {
    parties: &'a LimitedParties,
    entity_id: &'a EntityId,
    which: fn(&mut Counts) -> &mut u64,
}

impl<'a> Counted<'a> {
    fn begin(
        parties: &'a LimitedParties,
        entity_id: &'a EntityId,
        which: fn(&mut Counts) -> &mut u64,
    ) -> Counted<'a> {
        parties.count(entity_id, |counts| *which(counts) += 1);
        Counted { parties, entity_id, which }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.parties.count(self.entity_id, |counts| *(self.which)(counts) -= 1);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn queue<K: Clone + Eq + std::hash::Hash>(queues: &Mutex<HashMap<K, Arc<Queue>>>, key: &K) -> Arc<Queue> {
    let mut queues = lock(queues);
    if let Some(queue) = queues.get(key) {
        return Arc::clone(queue);
    }
    Arc::clone(queues.entry(key.clone()).or_default())
}

/// Why a call was not made whose party is left alone, and when it may be.
fn kept_back(NotLetThrough { errors, wait }: NotLetThrough) -> CallFault {
    let when = match wait {
        Some(wait) => format!("it is asked again in {} s", wait.as_millis().div_ceil(1000)),
        None => "one call tries it now".to_owned(),
    };
    let rows = if errors == 1 { "an error".to_owned() } else { format!("{errors} errors in a row") };
    let detail = format!("its circuit is open after {rows}, and {when}");
    CallFault { retry_after: wait, ..CallFault::new(FaultKind::Circuit, detail, Duration::ZERO) }
}

/// Why a call was not made, and when it may be.
fn fault(no_turn: NoTurn, whose: &str, time_limit: Duration) -> CallFault {
    let late = || format!("no turn came within {}ms", time_limit.as_millis());
    let (detail, retry_after) = match no_turn {
        NoTurn::Crowded(waiting) => (format!("{waiting} calls wait for {whose} already"), None),
        NoTurn::Late => (format!("{} within {whose}", late()), None),
        NoTurn::Full(full) => {
            let lasts = full.lasts(Instant::now()).filter(|lasts| !lasts.is_zero());
            let when = match lasts {
                Some(lasts) => format!("the next turn comes in {} s", lasts.as_millis().div_ceil(1000)),
                None => late(),
            };
            (format!("{whose} is {}, and {when}", full.limit()), lasts)
        }
    };
    CallFault { retry_after, ..CallFault::new(FaultKind::Limit, detail, Duration::ZERO) }
}
