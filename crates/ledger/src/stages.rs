//! Where the time of an append goes, summed over all appends. Kept only when a benchmark asks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// One part of an append.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Writing header and body, reading the header back, hashing the leaf.
    Encode,
    /// Commitments and snapshot.
    Commit,
    /// zstd.
    Compress,
    /// Nonce, AES-GCM, frame.
    Seal,
    /// From being queued to being taken by the writer.
    Queue,
    /// Placing frames, CRC, writing to the file.
    Write,
    /// `fdatasync`.
    Sync,
    /// Adding rows to the index.
    Index,
}

impl Stage {
    /// Every stage, in the order an append passes them.
    pub const ALL: [Stage; 8] = [
        Stage::Encode,
        Stage::Commit,
        Stage::Compress,
        Stage::Seal,
        Stage::Queue,
        Stage::Write,
        Stage::Sync,
        Stage::Index,
    ];
}

/// Sums of time by stage.
#[derive(Debug, Default)]
pub struct Stages {
    nanos: [AtomicU64; 8],
}

impl Stages {
    pub(crate) fn add(&self, stage: Stage, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.nanos[stage as usize].fetch_add(nanos, Ordering::Relaxed);
    }

    /// The time spent in a stage so far.
    pub fn total(&self, stage: Stage) -> Duration {
        Duration::from_nanos(self.nanos[stage as usize].load(Ordering::Relaxed))
    }
}
