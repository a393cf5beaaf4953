//! Draws a history from a seed: leads, several lives, and how each of them ends.

use std::fmt;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::flow;
use crate::disk::{Call, Calls, Failure, Fault, PowerLoss};

/// Everything about a history that is settled before it begins. What parties answer, and how long
/// syncs take, is drawn while it runs.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// What it was drawn from, and what all else is drawn from.
    pub seed: u64,
    /// What its flow has.
    pub extras: Extras,
    /// The leads, in no order.
    pub leads: Vec<LeadPlan>,
    /// The lives but for the last, in which nothing ends the process.
    pub lives: Vec<LifePlan>,
    /// Reads of the leads that fail in the last life: when, in milliseconds after its start, and which of
    /// those that follow.
    pub failing_reads: Vec<(u64, u64)>,
    /// What becomes of checkpoints, for each life, the last ones included.
    pub checkpoints: Vec<CheckpointPlan>,
    /// Whether an operator sends every dead letter again once all is at rest.
    pub resends_at_rest: bool,
}

/// What the flow of one history has, beside what all have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extras {
    /// When a source has its answer at the latest, in milliseconds.
    pub deadline_ms: u32,
    /// How much money may be spent.
    pub budgets: Option<Budgets>,
    /// For how many seconds a lead of a person counts that was sold, where one is sold once.
    pub sold_once_s: Option<u32>,
    /// Whether leads of some state pass the auction by.
    pub auction_when: bool,
    /// Whether only those count as sold which the last group sold.
    pub sold_by_round: bool,
}

/// How much money may be spent, in the currency's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "they have the names of those whose money it is")]
pub struct Budgets {
    pub web: u32,
    pub call: u32,
    pub bid: u32,
    pub north: u32,
    pub south: u32,
    pub red: u32,
    /// Of all of them, as the flow's text says it.
    pub period: &'static str,
}

/// One lead and the client that sends it.
#[derive(Debug, Clone, PartialEq)]
pub struct LeadPlan {
    /// In which life it is first sent.
    pub life: usize,
    /// How long after the start of that life, in milliseconds.
    pub at_ms: u64,
    /// Which source sends it.
    pub source: &'static str,
    /// Whose lead it is: some persons come more than once.
    pub person: usize,
    /// Its source asks first what it is worth.
    pub ping: Option<PingPlan>,
    /// It comes with the token of this other lead, if that has one by then.
    pub token_of: Option<usize>,
    /// The state the person lives in.
    pub state: &'static str,
    /// Whether it comes with an idempotency key; without one it is sent once.
    pub keyed: bool,
    /// Whether it is a test lead.
    pub test: bool,
    /// How long the client waits before it sends the same once more, when it has a key.
    pub patience_ms: u64,
    /// Whether it asks for its answer again in every later life.
    pub asks_again: bool,
    /// Whether it tries its key with another lead once it has its answer.
    pub reuses_key: bool,
}

/// A source asks what a lead is worth before it sends it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingPlan {
    /// How long it thinks about the offer, in milliseconds.
    pub wait_ms: u64,
    /// Whether it tells the person's address.
    pub tells_email: bool,
}

/// One life of the process.
#[derive(Debug, Clone, PartialEq)]
pub struct LifePlan {
    /// By how much the wall clock is off after the pause before this life.
    pub jump_ms: i64,
    /// A fault that counts from before the start.
    pub start_fault: Option<(DiskName, Fault)>,
    /// What operators do, by the milliseconds after the start.
    pub turns: Vec<(u64, Turn)>,
    /// How it ends.
    pub end: End,
}

/// What becomes of checkpoints in one life.
#[derive(Debug, Clone, PartialEq)]
pub struct CheckpointPlan {
    /// How often one is made, in milliseconds.
    pub every_ms: u64,
    /// A bit of the newest that is flipped before the start: how far into it, in millionths, and which.
    pub flipped: Option<(u64, u8)>,
    /// A fault of their disk, which counts from the start.
    pub fault: Option<Fault>,
}

/// One of the disks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskName {
    /// Of the ledger of leads.
    Leads,
    /// Of the ledger of control.
    Control,
    /// Of checkpoints.
    State,
}

impl DiskName {
    /// All of them.
    pub const ALL: [DiskName; 3] = [DiskName::Leads, DiskName::Control, DiskName::State];
    /// Those with a ledger: nothing depends on the other.
    pub const LEDGERS: [DiskName; 2] = [DiskName::Leads, DiskName::Control];
}

/// What an operator does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Pauses a party.
    Pause(&'static str),
    /// Lets it take part again.
    Resume(&'static str),
    /// Publishes another version of the flow.
    Publish(u32),
    /// Sets the wall clock forward, or back.
    Clock(i64),
    /// Sends every dead letter again.
    Resend,
}

/// How a life ends.
#[derive(Debug, Clone, PartialEq)]
pub struct End {
    /// At the latest, in milliseconds after the start.
    pub at_ms: u64,
    /// A fault that is planned at some moment and may end it sooner.
    pub fault: Option<(u64, DiskName, Fault)>,
    /// What happens then.
    pub crash: Crash,
}

/// The last moment of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Crash {
    /// The process is killed.
    Kill,
    /// The machine loses power.
    PowerLoss(PowerLoss),
    /// No more leads come, those under way end, and only then the process does.
    Drain,
}

impl Plan {
    /// The history of a seed: some ten leads in three to six lives, besides those that come with the token of another.
    pub fn draw(seed: u64) -> Plan {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut lives: Vec<LifePlan> = (0..rng.random_range(2..=5)).map(|_| life(&mut rng)).collect();
        let extras = extras(&mut rng);
        let count = rng.random_range(4..=14);
        let mut leads: Vec<LeadPlan> = (0..count).map(|number| lead(&mut rng, &lives, number)).collect();
        for number in 0..count {
            if leads[number].ping.is_some() && rng.random_bool(0.3) {
                let again = again(&mut rng, number, &leads[number], lives.len());
                leads.push(again);
            }
        }
        let failing_reads = (0..[0, 0, 1, 3][rng.random_range(0..4)])
            .map(|_| (rng.random_range(0..20_000), rng.random_range(1..=10)))
            .collect();
        let checkpoints = (0..lives.len() + 2).map(|number| checkpoints(&mut rng, number >= lives.len()));
        let checkpoints = checkpoints.collect();
        // Drawn apart, so that all else of a seed is as it would be without.
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 1 << 61);
        for life in &mut lives {
            let resends = (0..[0, 1, 2][rng.random_range(0..3)])
                .map(|_| (rng.random_range(life.end.at_ms / 2..=life.end.at_ms), Turn::Resend));
            life.turns.extend(resends);
        }
        let resends_at_rest = rng.random_bool(0.5);
        Plan { seed, extras, leads, lives, failing_reads, checkpoints, resends_at_rest }
    }
}

fn checkpoints(rng: &mut ChaCha8Rng, is_last: bool) -> CheckpointPlan {
    let every_ms = [200, 2_000, 20_000][rng.random_range(0..3)];
    let fault = rng.random_bool(0.4).then(|| Fault { nth: rng.random_range(1..=30), ..fault(rng, 6).1 });
    CheckpointPlan {
        every_ms: rng.random_range(every_ms / 4..=every_ms),
        flipped: rng.random_bool(0.15).then(|| (rng.random_range(0..1_000_000), rng.random_range(0..8))),
        fault: fault.filter(|_| !is_last),
    }
}

fn extras(rng: &mut ChaCha8Rng) -> Extras {
    let has_budgets = rng.random_bool(0.6);
    let mut most = |range| rng.random_range(range);
    let (web, call) = (most(10..=60), most(10..=60));
    let (bid, north, south, red) = (most(25..=120), most(5..=40), most(5..=40), most(3..=25));
    let period = ["per: month, every: 1000", "per: minute, every: 10"][rng.random_range(0..2)];
    Extras {
        deadline_ms: [9_000, 9_000, 3_000, 1_000][rng.random_range(0..4)],
        budgets: has_budgets.then_some(Budgets { web, call, bid, north, south, red, period }),
        sold_once_s: rng.random_bool(0.5).then(|| [2, 20, 3_600][rng.random_range(0..3)]),
        auction_when: rng.random_bool(0.3),
        sold_by_round: rng.random_bool(0.2),
    }
}

fn ping(rng: &mut ChaCha8Rng) -> PingPlan {
    let wait_ms = if rng.random_bool(0.7) { rng.random_range(0..2_000) } else { rng.random_range(0..70_000) };
    PingPlan { wait_ms, tells_email: rng.random_bool(0.5) }
}

/// Another lead that comes with the token of this one, soon or in the next life.
fn again(rng: &mut ChaCha8Rng, number: usize, first: &LeadPlan, lives: usize) -> LeadPlan {
    let soon = first.life == lives || rng.random_bool(0.4);
    let wait_ms = first.ping.map_or(0, |ping| ping.wait_ms);
    let (life, at_ms) = if soon {
        (first.life, first.at_ms + wait_ms + rng.random_range(0..3_000))
    } else {
        (first.life + 1, rng.random_range(0..1_500))
    };
    let keyed = rng.random_bool(0.7);
    LeadPlan {
        life,
        at_ms,
        person: first.person + 100,
        ping: None,
        token_of: Some(number),
        keyed,
        asks_again: keyed && first.asks_again,
        reuses_key: false,
        ..first.clone()
    }
}

fn lead(rng: &mut ChaCha8Rng, lives: &[LifePlan], number: usize) -> LeadPlan {
    let life = rng.random_range(0..=lives.len());
    // Most come shortly before the end of their life.
    let until = lives.get(life).map_or(20_000, |life| life.end.at_ms);
    let keyed = rng.random_bool(0.7);
    let source = ["src_web", "src_call", "src_ask"][rng.random_range(0..3)];
    let asks = match source {
        "src_ask" => 0.8,
        "src_call" => 0.4,
        _ => 0.1,
    };
    LeadPlan {
        life,
        at_ms: rng.random_range(until / 3..=until),
        source,
        person: if rng.random_bool(0.4) { rng.random_range(0..=number) } else { number },
        ping: rng.random_bool(asks).then(|| ping(rng)),
        token_of: rng.random_bool(0.05).then(|| rng.random_range(0..=number)),
        state: ["TX", "TX", "OK", "NM", "NY"][rng.random_range(0..5)],
        keyed,
        test: rng.random_bool(0.1),
        patience_ms: if rng.random_bool(0.3) { rng.random_range(1..=3_000) } else { 60_000 },
        asks_again: keyed && rng.random_bool(0.3),
        reuses_key: keyed && rng.random_bool(0.15),
    }
}

fn life(rng: &mut ChaCha8Rng) -> LifePlan {
    let at_ms = [300, 3_000, 20_000, 200_000][rng.random_range(0..4)];
    let at_ms = rng.random_range(at_ms / 10..=at_ms);
    let turns = (0..[0, 0, 1, 2, 4][rng.random_range(0..5)]).map(|_| {
        let party = flow::PARTIES[rng.random_range(0..flow::PARTIES.len())];
        let turn = match rng.random_range(0..10) {
            0..3 => Turn::Pause(party),
            3..7 => Turn::Resume(party),
            7..9 => Turn::Publish(rng.random_range(1..=3)),
            _ => Turn::Clock(rng.random_range(-5_000..=5_000)),
        };
        (rng.random_range(0..=at_ms), turn)
    });
    let turns = turns.collect();
    let crash = match rng.random_range(0..10) {
        0..4 => Crash::Kill,
        4..9 => Crash::PowerLoss(PowerLoss::draw(rng)),
        _ => Crash::Drain,
    };
    let fault = rng.random_bool(0.6).then(|| {
        let (disk, fault) = fault(rng, 6);
        (rng.random_range(0..=at_ms), disk, fault)
    });
    LifePlan {
        jump_ms: if rng.random_bool(0.3) { rng.random_range(-60_000..=60_000) } else { 0 },
        start_fault: rng.random_bool(0.3).then(|| fault_of_a_start(rng)),
        turns,
        end: End { at_ms, fault, crash },
    }
}

fn fault(rng: &mut ChaCha8Rng, nth_max: u64) -> (DiskName, Fault) {
    let failure = match rng.random_range(0..10) {
        0..5 => Failure::PowerLoss(PowerLoss::draw(rng)),
        5..7 => Failure::Kill,
        7 => Failure::Eio,
        8 => Failure::Enospc,
        _ => Failure::ReadOnly,
    };
    let calls = match rng.random_range(0..10) {
        0..4 => Calls::Only(Call::Sync),
        4..9 => Calls::Changes,
        _ => Calls::Any,
    };
    let disk = if rng.random_bool(0.85) { DiskName::Leads } else { DiskName::Control };
    (disk, Fault { calls, nth: rng.random_range(1..=nth_max), failure })
}

/// Starts read much, so that any call is one of many.
fn fault_of_a_start(rng: &mut ChaCha8Rng) -> (DiskName, Fault) {
    let (disk, planned) = fault(rng, 12);
    let calls = if rng.random_bool(0.5) { Calls::Any } else { planned.calls };
    (disk, Fault { calls, nth: rng.random_range(1..=40), ..planned })
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:?}", self.extras)?;
        for (number, lead) in self.leads.iter().enumerate() {
            writeln!(f, "lead {number}: {lead:?}")?;
        }
        for (number, life) in self.lives.iter().enumerate() {
            writeln!(f, "life {number}: {life:?}")?;
        }
        for (number, life) in self.checkpoints.iter().enumerate() {
            writeln!(f, "checkpoints of life {number}: {life:?}")?;
        }
        writeln!(f, "failing reads: {:?}", self.failing_reads)?;
        writeln!(f, "resends at rest: {}", self.resends_at_rest)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_plan_and_another_seed_another() {
        assert_eq!(Plan::draw(1), Plan::draw(1));
        assert_ne!(Plan::draw(1).leads, Plan::draw(2).leads);
    }
}
