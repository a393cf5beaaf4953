//! For tests only: what the other crates need to be tried hard.
//!
//! Start at [`SimDisk`], a directory of files, in memory, that can lose power at any call, and at
//! [`histories`], which use, kill and rob a log on such a disk and hold it against a model;
//! [`ledger_log`] is the real ledger as such a log. [`simulation`] is the whole engine in a world that
//! follows from a seed. [`FakeClock`] and [`ScriptedParties`] stand in for time and for the services and
//! buyers that an engine asks.

pub mod disk;
pub mod histories;
pub mod ledger_log;
pub mod simulation;

mod fake_clock;
mod held_parties;
mod scripted_parties;

pub use disk::SimDisk;
pub use fake_clock::FakeClock;
pub use held_parties::HeldParties;
pub use scripted_parties::ScriptedParties;
