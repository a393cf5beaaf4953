//! Plays a history: its lives one after the other, one that comes to rest, one that finds all at rest, and the
//! rules.

use std::fmt;

use engine::Barriers;

use super::{Plan, World, life, rules};

/// How a history is played.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Which barriers hold.
    pub barriers: Barriers,
    /// Whether buyers and clients look into the ledger whenever they hear something. Without it a missing
    /// barrier shows only by what a crash does.
    pub looks_at_once: bool,
}

impl Default for Setting {
    fn default() -> Setting {
        Setting { barriers: Barriers::ALL, looks_at_once: true }
    }
}

/// What a history came to, to see that it is worth something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "each is the count of what it names")]
pub struct Played {
    pub lives: u64,
    pub faults: u64,
    pub leads: u64,
    pub answers: u64,
    pub replays: u64,
    pub requests: u64,
    pub sales: u64,
    pub retries: u64,
    pub unknown: u64,
    pub returns: u64,
    pub found: u64,
    pub told: u64,
    pub events: u64,
    pub group_sales: u64,
    pub at_deadline: u64,
    pub pings: u64,
    pub offers_taken: u64,
    pub shares: u64,
    pub capped: u64,
    pub twins: u64,
    pub passed_by: u64,
    pub checkpoints: u64,
    pub checkpoint_faults: u64,
    pub from_checkpoints: u64,
    pub resent: u64,
    pub kept_back: u64,
}

impl std::ops::AddAssign for Played {
    fn add_assign(&mut self, other: Played) {
        self.lives += other.lives;
        self.faults += other.faults;
        self.leads += other.leads;
        self.answers += other.answers;
        self.replays += other.replays;
        self.requests += other.requests;
        self.sales += other.sales;
        self.retries += other.retries;
        self.unknown += other.unknown;
        self.returns += other.returns;
        self.found += other.found;
        self.told += other.told;
        self.events += other.events;
        self.group_sales += other.group_sales;
        self.at_deadline += other.at_deadline;
        self.pings += other.pings;
        self.offers_taken += other.offers_taken;
        self.shares += other.shares;
        self.capped += other.capped;
        self.twins += other.twins;
        self.passed_by += other.passed_by;
        self.checkpoints += other.checkpoints;
        self.checkpoint_faults += other.checkpoint_faults;
        self.from_checkpoints += other.from_checkpoints;
        self.resent += other.resent;
        self.kept_back += other.kept_back;
    }
}

/// A rule that does not hold.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Which seed.
    pub seed: u64,
    /// Which rule.
    pub rule: String,
    /// The last of what happened.
    pub told: Vec<String>,
    /// The plan.
    pub plan: Plan,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}: {}\n{}", self.seed, self.rule, self.plan)?;
        self.told.iter().try_for_each(|line| writeln!(f, "  {line}"))
    }
}

/// Plays a history.
///
/// # Errors
/// With the first rule that did not hold.
pub fn play(plan: &Plan, setting: Setting) -> Result<Played, Box<Failed>> {
    let world = World::new(plan.clone(), setting);
    let lived = || {
        for (number, life) in plan.lives.iter().enumerate() {
            life::live(&world, number, Some(life))?;
        }
        life::live(&world, plan.lives.len(), None)?;
        // Once more, to see that a restart finds everything as it was.
        life::live(&world, plan.lives.len() + 1, None)?;
        rules::check(&world)
    };
    lived().map_err(|rule| Box::new(Failed { seed: plan.seed, rule, told: world.told(), plan: plan.clone() }))
}
