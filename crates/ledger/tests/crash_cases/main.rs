//! Named cases: one story each of how a disk, a machine or a person fails, and what the ledger does
//! then. What chance can bring about is in `histories.rs`; here stands what must be seen to hold.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod crashes;
mod creation;
mod damage;
mod disk_faults;
mod forgeries;
mod kept_rows;
mod live_files;
mod slots_and_nonces;

use testkit::ledger_log::Installation;

/// An error with its causes, in one line, as a person is shown it.
fn causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Why it does not start.
fn refusal(installation: &mut Installation) -> String {
    match installation.start() {
        Ok(()) => panic!("it starts, with {:?}", installation.seen()),
        Err(error) => causes(&error),
    }
}

/// Whether what lies on the disk is clean, with nothing torn.
fn check_clean(installation: &Installation) {
    let report = installation.verify();
    assert!(report.is_clean() && report.torn_bytes == 0, "{report:?}");
}
