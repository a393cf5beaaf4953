//! Where a benchmark ran.

use std::path::Path;

use crate::figures::count;

/// Processor, memory, kernel and file system, as a list.
pub(crate) fn description(directory: &Path, what: &str) -> String {
    let read = |path: &str| std::fs::read_to_string(path).unwrap_or_default();
    let field = |text: &str, name: &str| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
        line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = field(&read("/proc/meminfo"), "MemTotal");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or("unknown");
    format!(
        "- Machine: {}, {cores} cores, {memory} memory, Linux {}\n\
         - File system: {}\n\
         - Run: {what}; load average at its start: {load}\n",
        field(&read("/proc/cpuinfo"), "model name"),
        read("/proc/sys/kernel/osrelease").trim(),
        file_system(directory).unwrap_or_else(|| "unknown".into()),
    )
}

/// Type and options of the mount that holds a directory.
fn file_system(directory: &Path) -> Option<String> {
    let directory = directory.canonicalize().ok()?;
    let mounts = std::fs::read_to_string("/proc/self/mounts").ok()?;
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ');
        let (_device, place, kind, options) = (words.next()?, words.next()?, words.next()?, words.next()?);
        directory.starts_with(place).then(|| (place.len(), format!("{kind} ({options})")))
    });
    // Of mounts on one place the last is the one that is seen.
    mounts.max_by_key(|(depth, _)| *depth).map(|(_, text)| text)
}

/// One number of `/proc/self/status`, in bytes.
pub(crate) fn memory_bytes(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let kilobytes = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
    kilobytes.unwrap_or_default() * 1024
}

/// Megabytes.
pub(crate) fn megabytes(bytes: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
    let megabytes = bytes as f64 / 1e6;
    if megabytes < 100.0 { format!("{megabytes:.1} MB") } else { format!("{} MB", count(megabytes)) }
}
