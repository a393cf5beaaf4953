//! What a start rebuilds from the headers of events: caps, duplicates, idempotency keys, offers that were
//! taken up, turns of groups. `checkpoint.rs` is how it is kept, so that a start reads only what came since;
//! `store.rs` where. A checkpoint is made as a start goes about it, from the newest one and what was recorded
//! since: what the engine holds while leads are under way is ahead of what is durable, and is never kept.

mod checkpoint;
mod store;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;
use std::time::Duration;

use domain::{ChainId, DuplicateKey, EventType, LeadId, Timestamp};
use ledger::{Keyed, ReadHeader};
use tokio::sync::watch;
use tracing::{info, warn};
use wire::Header;

use crate::caps::Caps;
use crate::duplicates::Duplicates;
use crate::engine::{Engine, ResumeError};
use crate::gates::Whereabouts;
use crate::idempotency::IdempotencyKeys;
use crate::pinging::TakenOffers;
use crate::turn_keeper::TurnKeeper;

use checkpoint::{Checkpoint, Rules};
pub(crate) use store::Store;

/// Events that reserve a unit of a cap, or say what a lead is known by.
const OPENING: [EventType; 3] =
    [EventType::SourceAccepted, EventType::SourceRejected, EventType::RecipientAttempted];
/// Events that say what became of it.
const FOLLOWING: [EventType; 8] = [
    EventType::SourceAnswered,
    EventType::RecipientAttempted,
    EventType::RecipientDelivered,
    EventType::RecipientFailed,
    EventType::RecipientError,
    EventType::RecipientSkipped,
    EventType::RetryScheduled,
    EventType::FlowCompleted,
];
/// After a checkpoint is made, none is for so many times as long as that took, so that leads come first.
const REST: u32 = 20;

/// The state of all folds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folds {
    pub(crate) caps: Caps,
    pub(crate) duplicates: Duplicates,
    pub(crate) keys: IdempotencyKeys,
    pub(crate) offers: TakenOffers,
    pub(crate) turns: TurnKeeper,
    /// Leads whose keys go back when nobody buys them, with what became of them by now.
    pub(crate) whereabouts: HashMap<LeadId, (Whereabouts, Vec<DuplicateKey>)>,
}

/// How often checkpoints are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// One is made when there are so many events since the newest: about a full hot file of them. Where there
    /// are fewer in all, a start needs none.
    pub events: u64,
    /// How often that is looked at.
    pub look_every: Duration,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace { events: 65_536, look_every: Duration::from_secs(10) }
    }
}

/// What stood when a checkpoint was last made, or not needed.
#[derive(Debug, Clone, Copy)]
struct Stood {
    next_seq: u64,
    /// Of the ledger of control: unless it grew, the rules are the same.
    control_seq: u64,
    rules: [u8; 32],
}

/// From where the folds are rebuilt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FoldsFrom {
    /// From all records that matter.
    Nothing,
    /// From the newest checkpoint that is good, and the records after it.
    Checkpoint,
}

/// The folds of a start, for tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RebuiltFolds {
    /// The same words for the same state, whatever way it came about.
    pub told: String,
    /// The checkpoint it began with, by the seq that it reaches to.
    pub from: Option<u64>,
    /// How many headers were read.
    pub headers: usize,
    /// Newer checkpoints that it did not begin with, newest first: the seq that each reaches to by its name,
    /// and why.
    pub passed_over: Vec<String>,
}

/// What a rebuild came to.
#[derive(Debug)]
struct Rebuilt {
    /// The checkpoint it began with, by the seq that it reaches to; none when it began with nothing.
    from: Option<u64>,
    /// Everything below this seq is in it.
    next_seq: u64,
    /// How many headers were read.
    headers: usize,
    /// By which rules.
    rules: Rules,
    /// Checkpoints that it did not begin with, and why.
    passed_over: Vec<String>,
}

impl Engine {
    /// Rebuilds what the engine goes by. No body is read, and of headers only those that the index has
    /// marked, and what followed them.
    pub(crate) fn restore_folds(&self) -> Result<(), ResumeError> {
        let started = self.context().clock.monotonic();
        let mut folds = self.folds();
        let rebuilt = self.rebuild(&mut folds, FoldsFrom::Checkpoint)?;
        let Rebuilt { from, headers, .. } = rebuilt;
        let (keys, ms) = (folds.duplicates.len(), (self.context().clock.monotonic() - started).as_millis());
        if headers > 0 || from.is_some() {
            let from = from.unwrap_or(0);
            info!(
                from,
                headers,
                keys,
                ms,
                "Caps and {keys} keys of leads are rebuilt from seq {from} on, by {headers} headers, in {ms} ms"
            );
        }
        // Nothing is under way yet, so this is what is durable.
        if rebuilt.next_seq - from.unwrap_or(0) >= Pace::default().events {
            self.keep(&folds, &rebuilt);
        }
        Ok(())
    }

    /// The folds of a start made now, from nothing or from the newest checkpoint. For tests.
    ///
    /// # Errors
    /// When records cannot be read.
    pub fn rebuilt_folds(&self, from: FoldsFrom) -> Result<RebuiltFolds, ResumeError> {
        let mut folds = Folds::default();
        let Rebuilt { rules, from, headers, passed_over, .. } = self.rebuild(&mut folds, from)?;
        Ok(RebuiltFolds { told: folds.told(&rules), from, headers, passed_over })
    }

    /// Makes a checkpoint of what is durable, if anything came since the newest; gives the seq that it reaches
    /// to. Reads records, so it is not for a thread that others wait for.
    ///
    /// # Errors
    /// When records cannot be read.
    pub fn keep_folds(&self) -> Result<Option<u64>, ResumeError> {
        if self.state().is_none() {
            return Ok(None);
        }
        let mut folds = Folds::default();
        let rebuilt = self.rebuild(&mut folds, FoldsFrom::Checkpoint)?;
        let is_new = rebuilt.from != Some(rebuilt.next_seq);
        Ok((is_new && self.keep(&folds, &rebuilt)).then_some(rebuilt.next_seq))
    }

    /// Makes a checkpoint whenever enough was recorded since the last, or the rules changed, by which the last is
    /// of no use; until `stop` is done. What fails is told in the log: without a checkpoint the next start reads
    /// more, and that is all.
    pub async fn keep_checkpoints(&self, pace: Pace, stop: impl Future<Output = ()>) {
        let mut stop = std::pin::pin!(stop);
        let mut stood = self.stands();
        let mut wait = pace.look_every;
        loop {
            // Both only wait.
            tokio::select! {
                biased;
                () = &mut stop => return,
                () = tokio::time::sleep(wait) => {}
            }
            let started = self.context().clock.monotonic();
            let engine = self.clone();
            // Nothing is lost with a thread that broke off: the next look finds the same.
            let looked =
                tokio::task::spawn_blocking(move || engine.is_due(stood, pace).then(|| engine.stands()));
            wait = pace.look_every;
            if let Ok(Some(stands)) = looked.await {
                self.keep_folds_or_tell().await;
                wait = wait.max((self.context().clock.monotonic() - started) * REST);
                stood = stands;
            }
        }
    }

    fn stands(&self) -> Stood {
        // In this order: what changes meanwhile is looked at again.
        let control_seq = self.control().ledger().reader().next_seq();
        let rules = self.rules();
        Stood { next_seq: self.leads().reader().next_seq(), control_seq, rules }
    }

    fn is_due(&self, stood: Stood, pace: Pace) -> bool {
        let next_seq = self.leads().reader().next_seq();
        let changed = || {
            self.control().ledger().reader().next_seq() != stood.control_seq && self.rules() != stood.rules
        };
        next_seq >= stood.next_seq + pace.events || next_seq >= pace.events && changed()
    }

    /// Makes a checkpoint on a thread of its own, and tells the log when there is none.
    pub async fn keep_folds_or_tell(&self) {
        let engine = self.clone();
        match tokio::task::spawn_blocking(move || engine.keep_folds()).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => {
                warn!(error = &error as &dyn std::error::Error, "No checkpoint of caps and keys is made");
            }
            Err(error) => warn!(%error, "No checkpoint of caps and keys is made"),
        }
    }

    fn keep(&self, folds: &Folds, rebuilt: &Rebuilt) -> bool {
        let Some(store) = self.state() else { return false };
        let Ok(Some(header)) = self.leads().reader().header_bytes(rebuilt.next_seq - 1) else { return false };
        // Somebody published meanwhile: what was folded is half of each.
        if self.rules() != rebuilt.rules.digest {
            return false;
        }
        let name = (self.leads().id(), rebuilt.next_seq, ledger::leaf(&header));
        let checkpoint = Checkpoint::of(folds, name, &rebuilt.rules);
        match store.keep(rebuilt.next_seq, &checkpoint.write()) {
            Ok(()) => true,
            Err(error) => {
                warn!(%error, "Could not keep a checkpoint of caps and keys in {}", store.path().display());
                false
            }
        }
    }

    fn rebuild(&self, folds: &mut Folds, from: FoldsFrom) -> Result<Rebuilt, ResumeError> {
        let rules = Rules::new(self);
        let reader = self.leads().reader();
        let next_seq = reader.next_seq();
        let mut passed_over = Vec::new();
        let from = match from {
            FoldsFrom::Nothing => None,
            FoldsFrom::Checkpoint => self.newest_checkpoint(&rules, &mut passed_over).map(|checkpoint| {
                let next_seq = checkpoint.next_seq();
                checkpoint.take_up(folds, &rules);
                next_seq
            }),
        };
        let seqs = self.seqs_of_folds(folds, &rules, from.unwrap_or(0)..next_seq);
        for read in reader.headers(&seqs) {
            let ReadHeader { seq, header, .. } = read?;
            self.fold(folds, &rules, &header).map_err(|source| ResumeError::Header { seq, source })?;
        }
        self.correct_budgets(&folds.caps, next_seq)?;
        Ok(Rebuilt { from, next_seq, headers: seqs.len(), rules, passed_over })
    }

    /// The newest checkpoint that this ledger and these rules fit. One that does not is passed over, and the log
    /// told why.
    fn newest_checkpoint(&self, rules: &Rules, passed_over: &mut Vec<String>) -> Option<Checkpoint> {
        let store = self.state()?;
        for name in store.newest_first() {
            let path = store.path().join(&name);
            let read = store.read(&name).map_err(|error| error.to_string());
            let checkpoint = read.and_then(|bytes| {
                let checkpoint = Checkpoint::read(&bytes)?;
                checkpoint.check(self.leads(), rules)?;
                Ok(checkpoint)
            });
            match checkpoint {
                Ok(checkpoint) => return Some(checkpoint),
                Err(why) => {
                    info!("The checkpoint {} is passed over: {why}", path.display());
                    passed_over.push(format!("{}: {why}", store::seq(&name)));
                }
            }
        }
        None
    }

    /// The events in a stretch of the ledger that the folds take in, oldest first.
    fn seqs_of_folds(&self, folds: &Folds, rules: &Rules, seqs: Range<u64>) -> Vec<u64> {
        let reader = self.leads().reader();
        let submitted = Keyed {
            types: &[EventType::SourceSubmitted],
            following: &[],
            since: rules.keys_since,
            seqs: seqs.clone(),
            chains: HashSet::new(),
        };
        let mut all = reader.keyed(submitted);
        if let Some(since) = rules.gates_since {
            let chains = folds.whereabouts.keys().copied().chain(folds.caps.holders());
            let gates = Keyed {
                types: &OPENING,
                following: &FOLLOWING,
                since,
                seqs: seqs.clone(),
                chains: chains.map(ChainId::Lead).collect(),
            };
            all.extend(reader.keyed(gates));
        }
        all.extend(self.attempts_of_turns(seqs));
        all.sort_unstable();
        all.dedup();
        all
    }

    fn fold(&self, folds: &mut Folds, rules: &Rules, header: &[u8]) -> Result<(), wire::HeaderError> {
        let header = Header::read(header)?;
        if *header.event_type == *EventType::SourceSubmitted.as_str() {
            fold_submission(folds, &header, rules.keys_since);
            return Ok(());
        }
        let event = wire::read_event(&header, None)?;
        if rules.gates_since.is_some_and(|since| event.head.at >= since) {
            self.fold_gates(folds, &event);
        }
        self.fold_turn(folds, &event.head, &event.kind);
        Ok(())
    }
}

/// The idempotency key of a submission, and the offer that it takes up.
fn fold_submission(folds: &Folds, header: &Header<'_>, since: Timestamp) {
    let (Some(Ok(lead_id)), Ok(at)) = (header.lead_id.as_deref().map(str::parse::<LeadId>), header.at())
    else {
        return;
    };
    if at < since {
        return;
    }
    if let Some(Ok(ping_id)) = header.ping_id.as_deref().map(str::parse) {
        folds.offers.take(ping_id, at);
    }
    if let Some(tags) = header.idempotency() {
        folds.keys.restore(tags, lead_id, at, answered());
    }
}

/// Of a lead of an earlier life: its answer can be read by now, or never.
fn answered() -> watch::Receiver<bool> {
    watch::channel(true).1
}

impl Folds {
    /// All that counts by these rules, in words and in order.
    fn told(&self, rules: &Rules) -> String {
        let mut told = String::new();
        let mut line = |text: String| {
            told.push_str(&text);
            told.push('\n');
        };
        let since = rules.gates_since.unwrap_or(Timestamp::MIN);
        self.caps.tell(since).into_iter().for_each(&mut line);
        let mut duplicates = self.duplicates.open_at(rules.now);
        duplicates.sort_unstable();
        for (tag, lead, until) in duplicates {
            line(format!("duplicate {tag:02x?} of {lead:02x?} until {until}"));
        }
        for (key, payload, lead_id, at) in self.keys.all() {
            line(format!("key {key:02x?} {payload:02x?} of {lead_id} at {at}"));
        }
        for (ping_id, at) in self.offers.all() {
            line(format!("offer {ping_id} taken at {at}"));
        }
        for (group, owed) in self.turns.all() {
            line(format!("turns {group:?} {owed:?}"));
        }
        let whereabouts: BTreeMap<_, _> =
            self.whereabouts.iter().filter(|(lead, _)| lead.drawn_at() >= since).collect();
        for (lead_id, own) in whereabouts {
            line(format!("whereabouts {lead_id} {own:?}"));
        }
        told
    }
}
