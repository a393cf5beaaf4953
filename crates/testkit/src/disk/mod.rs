//! A simulated disk: one directory of files that can lose power, fail and forget as real ones do.
//!
//! [`SimDisk`] stands where a real directory stands (`ledger::disk::Disk`) and is at the same time
//! the hand that pulls the plug. Everything random is drawn from its seed, so one seed and one
//! order of calls give one outcome. It knows nothing of what the files mean.
//!
//! # The model
//!
//! Every file has two contents: the *cached* one, which reads see, and the *durable* one, which is
//! there after a power loss. Between them stand the changes not yet synced, in order. The directory
//! has cached and durable names in the same way.
//!
//! **A power loss** ([`SimDisk::lose_power`]) decides for each unsynced change whether it was
//! carried out, as [`PowerLoss`] says, and forgets the cache:
//!
//! - *Data* survives by sectors of 512 bytes, the unit that disks write whole and that the page cache
//!   may write back at any moment and in any order. Written twice, a sector may survive in either
//!   version. POSIX promises nothing more before `fsync`, and of six file systems examined none gave
//!   more in every case: Pillai and others, "All File Systems Are Not Created Equal", OSDI 2014.
//!   One mode tears inside a sector as well, since a page may be changed while the device reads it.
//! - *Metadata*, that is names, lengths and reserved space, survives as an ordered prefix over the
//!   whole disk ([`Journal::Ordered`]: ext4 and XFS commit one log in order), or as a prefix for each
//!   file and independently for each name ([`Journal::Independent`]: btrfs, where one file's log may
//!   be ahead of the rest, and all that POSIX allows). A rename is atomic in both.
//! - Length and data are independent: a file may come back longer than what was written into it, with
//!   zeros in between (ext4 with `data=writeback`, XFS), or shorter.
//! - What was written behind a cut that did not survive is gone as well, as its blocks were new ones.
//!
//! **A sync** of a file makes its content and length durable, and not its name; a sync of the
//! directory makes names durable, and no content. Real file systems often do more. Nothing may rely
//! on that, so here they do not.
//!
//! **A failed sync** behaves as on Linux ("fsyncgate"; Rebello and others, "Can Applications Recover
//! from fsync Failures?", USENIX ATC 2020): some sectors reached the disk, all count as clean, reads
//! still show them, and a later successful sync does not write the lost ones unless they are written
//! again. [`SimDisk::evict_cache`] then shows the old content, as memory pressure would.
//!
//! **The death of the process** ([`SimDisk::kill`]) loses nothing that was written and syncs nothing.
//! Handles of the dead process fail; [`SimDisk::restart`] starts the next one.
//!
//! **Recycled blocks** ([`Recycling`]): after a power loss, space that was reserved and not synced
//! shows sectors of removed or cut files, as on file systems that do not order data before metadata.

mod directory;
mod fault;
mod image;
mod inode;
mod power_loss;
mod sim_disk;
mod state;
mod trace;

pub use fault::{Call, Calls, Failure, Fault};
pub use image::SECTOR_BYTES;
pub use power_loss::{Journal, PowerLoss, Survival};
pub use sim_disk::SimDisk;
pub use state::{DiskDefence, Recycling, Snapshot, Write};
