//! What the disk gives at this minute: every other figure stands beside this one.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::Instant;

use crate::figures::{count, micros, per_second, percentile};

const APPEND_BYTES: usize = 1024;

/// Writes 1 KB and calls `fdatasync`, over and over, in space that was set aside.
pub(crate) fn run(directory: &Path, flushes: usize) -> String {
    let file = File::create_new(directory.join("flush")).expect("a file can be made");
    let bytes = (flushes * APPEND_BYTES) as u64;
    rustix::fs::fallocate(&file, rustix::fs::FallocateFlags::empty(), 0, bytes).expect("there is space");
    file.sync_all().expect("the file syncs");
    let content = [0x5a; APPEND_BYTES];
    let start = Instant::now();
    let mut times: Vec<_> = (0..flushes)
        .map(|index| {
            let start = Instant::now();
            file.write_all_at(&content, (index * APPEND_BYTES) as u64).expect("the file is written");
            file.sync_data().expect("the file syncs");
            start.elapsed()
        })
        .collect();
    let took = start.elapsed();
    format!(
        "- Calibration of this minute, 1 KB `pwrite` + `fdatasync` in reserved space: p50 {} µs, p99 {} µs, {} appends/s\n",
        micros(percentile(&mut times, 0.5)),
        micros(percentile(&mut times, 0.99)),
        count(per_second(flushes, took)),
    )
}
