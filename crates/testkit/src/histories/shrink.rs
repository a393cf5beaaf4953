//! Cuts a failing history down.

use super::{Group, History, Step};
use crate::disk::{Failure, PowerLoss};

/// The shortest and simplest history found that still fails, `fails` being asked about each
/// candidate. It drops steps, then groups and records, then makes what is left milder to read.
pub fn shrink(history: &History, mut fails: impl FnMut(&History) -> bool) -> History {
    let mut best = history.clone();
    loop {
        let before = best.clone();
        drop_steps(&mut best, &mut fails);
        simplify_steps(&mut best, &mut fails);
        if best == before {
            return best;
        }
    }
}

/// Removes runs of steps, long ones first.
fn drop_steps(best: &mut History, fails: &mut impl FnMut(&History) -> bool) {
    let mut run = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut at = 0;
        while at < best.steps.len() {
            let mut candidate = best.clone();
            candidate.steps.drain(at..(at + run).min(candidate.steps.len()));
            if fails(&candidate) {
                *best = candidate;
            } else {
                at += run;
            }
        }
        if run == 1 {
            return;
        }
        run = run.div_ceil(2);
    }
}

fn simplify_steps(best: &mut History, fails: &mut impl FnMut(&History) -> bool) {
    for at in 0..best.steps.len() {
        while let Some(simpler) = simpler(&best.steps[at]).into_iter().find_map(|step| {
            let mut candidate = best.clone();
            candidate.steps[at] = step;
            fails(&candidate).then_some(candidate)
        }) {
            *best = simpler;
        }
    }
}

/// Simpler forms of a step, the simplest first; each is simpler than the step in a fixed order, so
/// that going on ends.
fn simpler(step: &Step) -> Vec<Step> {
    match step {
        Step::Append(groups) => {
            let mut steps = Vec::new();
            for index in 0..groups.len() {
                if groups.len() > 1 {
                    let mut fewer = groups.clone();
                    fewer.remove(index);
                    steps.push(Step::Append(fewer));
                }
                if groups[index].records.len() > 1 {
                    let mut shorter = groups.clone();
                    shorter[index].records.pop();
                    steps.push(Step::Append(shorter));
                }
                if groups[index].chain != 1 {
                    let mut first = groups.clone();
                    first[index] = Group { chain: 1, ..first[index].clone() };
                    steps.push(Step::Append(first));
                }
            }
            steps
        }
        Step::PowerLoss(loss) => milder(*loss).into_iter().map(Step::PowerLoss).collect(),
        Step::Fault(fault) => {
            let mut faults = Vec::new();
            if let Failure::PowerLoss(loss) = fault.failure {
                faults.extend(milder(loss).into_iter().map(Failure::PowerLoss));
                faults.push(Failure::Kill);
            }
            let mut steps: Vec<Step> = faults
                .into_iter()
                .map(|failure| Step::Fault(crate::disk::Fault { failure, ..*fault }))
                .collect();
            if fault.nth > 1 {
                steps.push(Step::Fault(crate::disk::Fault { nth: fault.nth - 1, ..*fault }));
            }
            steps
        }
        Step::Barrier | Step::Idle | Step::Read | Step::Kill | Step::Evict | Step::Restart => Vec::new(),
    }
}

/// Power losses that are easier to think about.
fn milder(loss: PowerLoss) -> Vec<PowerLoss> {
    let plain = [PowerLoss::HARSHEST, PowerLoss::MILDEST];
    match plain.iter().position(|plain| *plain == loss) {
        Some(rank) => plain[..rank].to_vec(),
        None => plain.to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_matter_is_dropped() {
        let history = History::draw(11);
        // A made-up fault of the log: two records in a group, and later a kill.
        let fails = |history: &History| {
            let pair = |step: &Step| match step {
                Step::Append(groups) => groups.iter().any(|group| group.records.len() > 1),
                Step::Barrier | Step::Idle | Step::Read | Step::Fault(_) | Step::PowerLoss(_) => false,
                Step::Kill | Step::Evict | Step::Restart => false,
            };
            let first = history.steps.iter().position(pair);
            first.is_some_and(|first| history.steps[first..].contains(&Step::Kill))
        };
        let shrunk = (11..).map(History::draw).find(fails).map(|history| shrink(&history, fails)).unwrap();
        assert_eq!(shrunk.steps.len(), 2, "{shrunk}");
        assert!(
            matches!(&shrunk.steps[0], Step::Append(groups) if groups.len() == 1 && groups[0].chain == 1)
        );
        assert_ne!(history, shrunk);
    }
}
