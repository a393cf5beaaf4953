//! What a crash cannot take away: the disks, the buyers' books, and what clients were told.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{Answer, EntityId, EventId, FeedbackKind, LeadId, Money, StepId, Timestamp};
use engine::{CapStanding, Engine};
use ledger::{Ledger, LedgerKeys, SecretKey};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use tokio::time::Instant;

use super::{DiskName, Plan, Setting};
use crate::SimDisk;
use crate::ledger_log::SeededEntropy;

/// Most lines kept of what happened.
const TOLD_MAX: usize = 150;

/// What outlives the process.
pub struct World {
    pub(super) plan: Plan,
    pub(super) setting: Setting,
    /// Of the leads, of control and of checkpoints: the handles of the newest life.
    disks: Mutex<[SimDisk; 3]>,
    /// One stream over all lives, as ids and nonces must never repeat.
    pub(super) entropy: Arc<SeededEntropy>,
    state: Mutex<State>,
}

struct State {
    rng: ChaCha8Rng,
    now: Timestamp,
    told: VecDeque<String>,
    broken: Option<String>,
    /// One for each planned lead.
    clients: Vec<ClientState>,
    book: Vec<Entry>,
    reports: Vec<ReportState>,
    /// The dead letters that an operator had sent again.
    resends: Vec<ResendState>,
    /// The keys under which sources were told something.
    heard: Vec<EventId>,
    life: Option<Life>,
    replies: u32,
    /// How caps stood when all had come to rest, and once more after a restart.
    caps: Vec<Vec<CapStanding>>,
    checkpoints: Checkpoints,
}

/// What came of checkpoints.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Checkpoints {
    pub(super) made: u64,
    /// Starts that went on from one.
    pub(super) began_from: u64,
}

/// The process that runs.
#[derive(Clone)]
pub(super) struct Life {
    pub(super) engine: Engine,
    pub(super) leads: Ledger,
    /// How many faults had struck the disks of ledgers when it began.
    pub(super) struck_before: u64,
    /// In virtual time.
    pub(super) began: Instant,
}

/// What a client knows.
#[derive(Debug, Clone, Default)]
pub(super) struct ClientState {
    /// How often it was sent.
    pub(super) sent: u32,
    /// What its source was offered when it asked.
    pub(super) offered: Option<Offered>,
    /// Every answer it got.
    pub(super) answers: Vec<Told>,
    /// It has no more to ask.
    pub(super) done: bool,
}

/// The answer to a ping as a client got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Offered {
    pub(super) ping_id: LeadId,
    pub(super) answer: Answer,
    pub(super) response: Arc<[u8]>,
}

/// An answer as a client got it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) lead_id: LeadId,
    pub(super) cost: Money,
    pub(super) response: Arc<[u8]>,
    pub(super) replayed: bool,
    /// With which token the lead came for the first time, when no disk is to blame for what becomes of it.
    pub(super) token: Option<LeadId>,
}

/// A line in a buyer's book: one request, and what it answered.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) entity_id: EntityId,
    pub(super) lead_id: LeadId,
    pub(super) delivery_id: EventId,
    pub(super) request: Arc<[u8]>,
    /// The reply as it left for us, if it ever did, and what it meant.
    pub(super) given: Option<(Arc<[u8]>, Says)>,
    /// The buyer has the lead, whatever we heard.
    pub(super) took: bool,
}

/// What a buyer's reply means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Says {
    /// Taken, at this price where the buyer names one.
    Yes(Option<Money>),
    /// Refused.
    No,
    /// Whatever the reader makes of it, it is no sale at a price.
    Unclear,
}

/// What a buyer wants to report.
#[derive(Debug, Clone)]
pub(super) struct ReportState {
    pub(super) delivery_id: EventId,
    pub(super) lead_id: LeadId,
    pub(super) entity_id: EntityId,
    pub(super) kind: FeedbackKind,
    pub(super) by_lead: bool,
    pub(super) after: Duration,
    /// How it was answered: whether it took effect.
    pub(super) answered: Option<bool>,
    /// It was refused as about nothing.
    pub(super) done: bool,
}

/// A dead letter that an operator had sent again.
#[derive(Debug, Clone)]
pub(super) struct ResendState {
    pub(super) lead_id: LeadId,
    pub(super) step_id: StepId,
    pub(super) told: ResendEnd,
}

/// What an operator heard of a dead letter that was to be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ResendEnd {
    /// Nothing: a crash came before.
    Unheard,
    /// It is sent again, and this is its delivery and attempt.
    Scheduled(EventId, u32),
    /// It is not.
    NotSent,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "World of seed {}", self.plan.seed)
    }
}

pub(super) fn keys() -> LedgerKeys {
    LedgerKeys { master: SecretKey::from_bytes([1; 32]), signing: SecretKey::from_bytes([2; 32]) }
}

impl World {
    pub(super) fn new(plan: Plan, setting: Setting) -> Arc<World> {
        let seed = plan.seed;
        let clients = vec![ClientState::default(); plan.leads.len()];
        Arc::new(World {
            plan,
            setting,
            disks: Mutex::new([seed, seed ^ 1 << 63, seed ^ 1 << 61].map(SimDisk::new)),
            entropy: Arc::new(SeededEntropy::new(seed)),
            state: Mutex::new(State {
                rng: ChaCha8Rng::seed_from_u64(seed ^ 1 << 62),
                now: "2024-01-15T10:00:00Z".parse().expect("a moment"),
                told: VecDeque::new(),
                broken: None,
                clients,
                book: Vec::new(),
                reports: Vec::new(),
                resends: Vec::new(),
                heard: Vec::new(),
                life: None,
                replies: 0,
                caps: Vec::new(),
                checkpoints: Checkpoints::default(),
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- disks ----

    fn disks(&self) -> MutexGuard<'_, [SimDisk; 3]> {
        self.disks.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn disk(&self, name: DiskName) -> SimDisk {
        let [leads, control, state] = &*self.disks();
        match name {
            DiskName::Leads => leads.clone(),
            DiskName::Control => control.clone(),
            DiskName::State => state.clone(),
        }
    }

    /// The machine is on again, with disks that can be written.
    pub(super) fn restart_disks(&self) {
        for disk in self.disks().iter_mut() {
            disk.restart();
            disk.set_read_only(false);
        }
    }

    // ---- chance and time ----

    pub(super) fn draw(&self, range: std::ops::Range<u64>) -> u64 {
        self.state().rng.random_range(range)
    }

    pub(super) fn chance(&self, percent: u64) -> bool {
        self.draw(0..100) < percent
    }

    /// When the wall clock was last looked at.
    pub(super) fn now(&self) -> Timestamp {
        self.state().now
    }

    pub(super) fn set_now(&self, now: Timestamp) {
        self.state().now = now;
    }

    pub(super) fn next_reply(&self) -> u32 {
        let mut state = self.state();
        state.replies += 1;
        state.replies
    }

    // ---- checkpoints ----

    pub(super) fn checkpoints(&self) -> Checkpoints {
        self.state().checkpoints
    }

    pub(super) fn count_checkpoint(&self, count: impl FnOnce(&mut Checkpoints)) {
        count(&mut self.state().checkpoints);
    }

    // ---- what happens ----

    /// Adds a line to what is told when a rule breaks.
    pub(super) fn tell(&self, what: impl fmt::Display) {
        let mut state = self.state();
        if state.told.len() == TOLD_MAX {
            state.told.pop_front();
        }
        let since = state.life.as_ref().map_or(0, |life| life.began.elapsed().as_millis());
        state.told.push_back(format!("{since:>8} ms  {what}"));
    }

    pub(super) fn told(&self) -> Vec<String> {
        self.state().told.iter().cloned().collect()
    }

    /// A rule does not hold; the first is the one to tell.
    pub(super) fn broken(&self, rule: impl fmt::Display) {
        let mut state = self.state();
        if state.broken.is_none() {
            state.told.push_back(format!("BROKEN: {rule}"));
            state.broken = Some(rule.to_string());
        }
    }

    pub(super) fn check(&self) -> Result<(), String> {
        self.state().broken.clone().map_or(Ok(()), Err)
    }

    /// Whether the process lives: the dead neither send nor hear.
    pub(super) fn is_alive(&self) -> bool {
        DiskName::ALL.into_iter().all(|name| self.disk(name).is_running())
    }

    /// How many faults have struck the disks of ledgers. Those of checkpoints excuse nothing.
    pub(super) fn struck(&self) -> u64 {
        DiskName::LEDGERS.into_iter().map(|name| self.disk(name).faults_struck()).sum()
    }

    /// Whether a fault has struck in this life, so that failures are to be expected.
    pub(super) fn is_struck(&self) -> bool {
        let before = self.life().map_or(0, |life| life.struck_before);
        self.struck() > before || !self.is_alive()
    }

    pub(super) fn life(&self) -> Option<Life> {
        self.state().life.clone()
    }

    pub(super) fn set_life(&self, life: Option<Life>) {
        // Dropped outside the lock.
        let _before = std::mem::replace(&mut self.state().life, life);
    }

    // ---- books ----

    pub(super) fn client(&self, number: usize) -> ClientState {
        self.state().clients[number].clone()
    }

    pub(super) fn with_client<T>(&self, number: usize, change: impl FnOnce(&mut ClientState) -> T) -> T {
        change(&mut self.state().clients[number])
    }

    pub(super) fn note_caps(&self, caps: Vec<CapStanding>) {
        self.state().caps.push(caps);
    }

    pub(super) fn caps(&self) -> Vec<Vec<CapStanding>> {
        self.state().caps.clone()
    }

    pub(super) fn book(&self) -> Vec<Entry> {
        self.state().book.clone()
    }

    /// Writes a request down; gives its place in the book, and how often the delivery was asked before.
    pub(super) fn enter(&self, entry: Entry) -> usize {
        let mut state = self.state();
        state.book.push(entry);
        state.book.len() - 1
    }

    pub(super) fn with_entry<T>(&self, place: usize, change: impl FnOnce(&mut Entry) -> T) -> T {
        change(&mut self.state().book[place])
    }

    /// A source is told something under this key.
    pub(super) fn hear(&self, key: EventId) {
        self.state().heard.push(key);
    }

    pub(super) fn heard(&self) -> Vec<EventId> {
        self.state().heard.clone()
    }

    pub(super) fn reports(&self) -> Vec<ReportState> {
        self.state().reports.clone()
    }

    pub(super) fn add_report(&self, report: ReportState) -> usize {
        let mut state = self.state();
        state.reports.push(report);
        state.reports.len() - 1
    }

    pub(super) fn with_report<T>(&self, number: usize, change: impl FnOnce(&mut ReportState) -> T) -> T {
        change(&mut self.state().reports[number])
    }

    pub(super) fn resends(&self) -> Vec<ResendState> {
        self.state().resends.clone()
    }

    /// An operator is about to have a dead letter sent again.
    pub(super) fn add_resend(&self, lead_id: LeadId, step_id: StepId) -> usize {
        let mut state = self.state();
        state.resends.push(ResendState { lead_id, step_id, told: ResendEnd::Unheard });
        state.resends.len() - 1
    }

    /// What became of it, as the operator was told.
    pub(super) fn resend_told(&self, number: usize, told: ResendEnd) {
        self.state().resends[number].told = told;
    }
}
