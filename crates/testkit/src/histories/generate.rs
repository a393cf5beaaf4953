//! Draws a history from a seed: several lives, each with some work and an end.

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::{Group, History, Step};
use crate::disk::{Call, Calls, Failure, Fault, Journal, PowerLoss, Survival};

/// Chains are numbered from 1.
const CHAINS_MAX: u8 = 4;
const LIVES: std::ops::RangeInclusive<usize> = 4..=6;

impl History {
    /// The history of a seed: about forty steps with four to six ends of the process or the machine.
    ///
    /// Most records of one history have one length, because a frame that fits exactly where a lost one
    /// stood is the hardest case for a log.
    pub fn draw(seed: u64) -> History {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut draw = Draw {
            chains: rng.random_range(1..=CHAINS_MAX),
            // From many frames in a sector to a frame over several.
            usual_bytes: [8, 40, 150, 400, 700, 1_500][rng.random_range(0..6)],
            rng,
            steps: Vec::new(),
        };
        for _ in 0..draw.rng.random_range(LIVES) {
            draw.life();
        }
        History { seed, steps: draw.steps }
    }
}

struct Draw {
    rng: ChaCha8Rng,
    chains: u8,
    usual_bytes: u16,
    steps: Vec<Step>,
}

impl Draw {
    fn life(&mut self) {
        if self.rng.random_bool(0.15) {
            self.torn_end();
        } else {
            for _ in 0..self.rng.random_range(0..=3) {
                let step = self.work();
                self.steps.push(step);
            }
        }
        self.end();
        // A start that is itself cut short, sometimes twice.
        while self.rng.random_bool(0.25) {
            let fault = self.fault_of_a_start();
            self.steps.extend([Step::Fault(fault), Step::Restart]);
        }
        self.steps.push(Step::Restart);
    }

    /// A batch of which a beginning is lost and later sectors are not, and then records of the same
    /// length in its place: whatever still stands behind them seems to continue them.
    fn torn_end(&mut self) {
        let bytes = self.usual_bytes;
        let chain = self.rng.random_range(1..=self.chains);
        let one = Group { chain, records: vec![bytes] };
        let groups = self.rng.random_range(2..=5);
        let data = [Survival::Last, Survival::Subset, Survival::Torn][self.rng.random_range(0..3)];
        let metadata = Journal::ALL[self.rng.random_range(0..Journal::ALL.len())];
        self.steps.push(Step::Append(vec![one.clone(); groups]));
        let loss = PowerLoss { data, metadata };
        self.end_by(Failure::PowerLoss(loss), Step::PowerLoss(loss));
        self.steps.extend([Step::Restart, Step::Append(vec![one]), Step::Barrier]);
    }

    fn work(&mut self) -> Step {
        match self.rng.random_range(0..20) {
            0..9 => self.append(),
            9..13 => Step::Barrier,
            13..16 => Step::Read,
            16..18 => Step::Idle,
            18 => Step::Evict,
            _ => Step::Restart,
        }
    }

    fn append(&mut self) -> Step {
        let groups = if self.rng.random_bool(0.6) { 1 } else { self.rng.random_range(2..=4) };
        Step::Append((0..groups).map(|_| self.group()).collect())
    }

    fn group(&mut self) -> Group {
        let records = if self.rng.random_bool(0.5) { 1 } else { self.rng.random_range(2..=5) };
        let chain = self.rng.random_range(1..=self.chains);
        Group { chain, records: (0..records).map(|_| self.bytes()).collect() }
    }

    fn bytes(&mut self) -> u16 {
        if self.rng.random_bool(0.85) { self.usual_bytes } else { self.rng.random_range(8..2_000) }
    }

    /// The end of a life: of itself, or by a fault in the middle of some last work.
    fn end(&mut self) {
        let loss = PowerLoss::draw(&mut self.rng);
        match self.rng.random_range(0..10) {
            0..4 => self.end_by(Failure::PowerLoss(loss), Step::PowerLoss(loss)),
            4 => self.end_by(Failure::Kill, Step::Kill),
            5..7 => self.last_work(Calls::Changes, 8, Failure::PowerLoss(loss)),
            7 => self.last_work(Calls::Any, 12, Failure::Kill),
            8 => self.last_work(Calls::Only(Call::Sync), 2, Failure::Eio),
            _ => {
                let failures = [Failure::Eio, Failure::Enospc, Failure::ReadOnly];
                let failure = failures[self.rng.random_range(0..failures.len())];
                self.last_work(Calls::Changes, 8, failure);
            }
        }
        // Clean pages that never reached the disk are forgotten sooner or later.
        if self.rng.random_bool(0.1) {
            self.steps.push(Step::Evict);
        }
    }

    /// An end at a quiet moment, or while what was handed over is synced: a log that writes and syncs
    /// in one go has nothing unsynced between two steps.
    fn end_by(&mut self, failure: Failure, step: Step) {
        if self.rng.random_bool(0.6) {
            let fault = Fault { calls: Calls::Only(Call::Sync), nth: 1, failure };
            self.steps.extend([Step::Fault(fault), Step::Idle]);
        }
        self.steps.push(step);
    }

    fn last_work(&mut self, calls: Calls, nth_max: u64, failure: Failure) {
        let fault = Fault { calls, nth: self.rng.random_range(1..=nth_max), failure };
        self.steps.push(Step::Fault(fault));
        for _ in 0..self.rng.random_range(1..=3) {
            let append = self.append();
            self.steps.extend([append, Step::Barrier]);
        }
        // Where the fault found no call to strike, the life ends all the same.
        let loss = PowerLoss::draw(&mut self.rng);
        self.steps.push(if self.rng.random_bool(0.5) { Step::Kill } else { Step::PowerLoss(loss) });
    }

    fn fault_of_a_start(&mut self) -> Fault {
        let loss = PowerLoss::draw(&mut self.rng);
        let failures = [
            Failure::PowerLoss(loss),
            Failure::PowerLoss(loss),
            Failure::Kill,
            Failure::Eio,
            Failure::Enospc,
            Failure::ReadOnly,
        ];
        let failure = failures[self.rng.random_range(0..failures.len())];
        let calls = if self.rng.random_bool(0.7) { Calls::Changes } else { Calls::Any };
        Fault { calls, nth: self.rng.random_range(1..=8), failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_history_and_another_seed_another() {
        assert_eq!(History::draw(1), History::draw(1));
        assert_ne!(History::draw(1).steps, History::draw(2).steps);
    }

    #[test]
    fn histories_have_about_forty_steps_and_several_ends() {
        let histories: Vec<History> = (0..1_000).map(History::draw).collect();
        let steps: usize = histories.iter().map(|history| history.steps.len()).sum();
        assert!((35_000..45_000).contains(&steps), "{steps} steps in 1,000 histories");
        for history in histories {
            let restarts = history.steps.iter().filter(|step| **step == Step::Restart).count();
            assert!(restarts >= *LIVES.start(), "{history}");
        }
    }
}
