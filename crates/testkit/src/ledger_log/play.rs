//! Plays a history to the ledger, with every defence on or without one.

use ledger::{Defence, Defences};

use super::LedgerLog;
use crate::SimDisk;
use crate::disk::{DiskDefence, Recycling};
use crate::histories::{Failed, History, Played, run};

/// A defence that is taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// One of the disk's.
    Disk(DiskDefence),
    /// One of the log's own.
    Log(Defence),
}

/// Plays a history to the ledger on a disk of its own. Half of all disks show old content in new
/// space after a power loss, as the seed says.
///
/// With all defences on, what is on the disk is verified before and after every start.
///
/// # Errors
/// With the first rule that did not hold.
pub fn play(history: &History, missing: Option<Missing>) -> Result<Played, Box<Failed>> {
    let disk = SimDisk::new(history.seed);
    disk.set_recycling(match history.seed % 4 {
        0 | 1 => Recycling::Never,
        2 => Recycling::OtherPlaces,
        _ => Recycling::SamePlace,
    });
    let mut log = match missing {
        None => LedgerLog::new(history.seed, Defences::ALL),
        Some(Missing::Disk(defence)) => {
            disk.take_away(defence);
            LedgerLog::new(history.seed, Defences::ALL).without_inspections()
        }
        Some(Missing::Log(defence)) => LedgerLog::new(history.seed, Defences::without(defence)),
    };
    run(history, disk, &mut log)
}
