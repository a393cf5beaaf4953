//! The append-only event log.
pub mod disk;
