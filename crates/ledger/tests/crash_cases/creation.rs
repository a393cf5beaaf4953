//! Making a ledger, interrupted.

use testkit::disk::{Calls, Failure, Fault, Journal, PowerLoss, Survival};
use testkit::ledger_log::Installation;

use crate::check_clean;

/// A new ledger is interrupted at each of its calls of the disk in turn, in every way. The next start
/// makes a whole one over what was left, with nothing in it.
#[test]
fn a_creation_interrupted_at_every_operation() {
    let power_losses = [
        PowerLoss::HARSHEST,
        PowerLoss::MILDEST,
        PowerLoss { data: Survival::TornSector, metadata: Journal::Ordered },
        PowerLoss { data: Survival::Subset, metadata: Journal::Independent },
        PowerLoss { data: Survival::Last, metadata: Journal::Everything },
    ];
    let failures = power_losses.map(Failure::PowerLoss).into_iter().chain([
        Failure::Kill,
        Failure::Eio,
        Failure::Enospc,
        Failure::ReadOnly,
    ]);
    let mut interrupted = 0;
    for failure in failures {
        for seed in 0..4 {
            for nth in 1.. {
                let mut installation = Installation::new(seed);
                installation.disk.plan(Fault { calls: Calls::Any, nth, failure });
                let first = installation.start();
                let cut_short = installation.disk.faults_struck() > 0;
                if !cut_short {
                    first.unwrap();
                    assert!(nth > 20, "the creation has more calls than {nth}");
                    break;
                }
                interrupted += 1;
                installation.disk.set_read_only(false);
                installation.start().unwrap_or_else(|error| panic!("{failure} at call {nth}: {error}"));
                assert_eq!(installation.seen(), [0_u32; 0]);
                installation.append(1, 2).unwrap();
                installation.disk.lose_power(PowerLoss::HARSHEST);
                installation.start().unwrap();
                assert_eq!(installation.seen(), [1, 2]);
                check_clean(&installation);
            }
        }
    }
    assert!(interrupted > 9 * 4 * 20);
}

/// Interrupted, and the second attempt interrupted as well, each at every call.
#[test]
fn a_creation_interrupted_twice() {
    let loss = PowerLoss { data: Survival::Subset, metadata: Journal::Independent };
    let interruptions = [Failure::PowerLoss(loss), Failure::Kill];
    for (seed, failure) in (0..).zip(interruptions) {
        for first in 1..=24 {
            for second in 1..=24 {
                let mut installation = Installation::new(seed);
                for nth in [first, second] {
                    installation.disk.plan(Fault { calls: Calls::Changes, nth, failure });
                    let _interrupted = installation.start();
                    installation.disk.clear_plan();
                }
                installation
                    .start()
                    .unwrap_or_else(|error| panic!("{failure} at {first}, {second}: {error}"));
                installation.append(1, 1).unwrap();
                check_clean(&installation);
            }
        }
    }
}
