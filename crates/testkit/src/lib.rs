//! For tests only: what the other crates need to be tried hard.
//!
//! Start at [`SimDisk`], a directory of files, in memory, that can lose power at any call, and at
//! [`histories`], which use, kill and rob a log on such a disk and hold it against a model;
//! [`ledger_log`] is the real ledger as such a log.

pub mod disk;
pub mod histories;
pub mod ledger_log;

pub use disk::SimDisk;
