//! How the benchmarks of this crate begin: what was asked for, and where they work.

use std::path::PathBuf;

use tempfile::TempDir;

use crate::{calibration, machine};

/// One scale of two, with what the report says of it; ends the process where something else was asked for.
pub(crate) fn asked<S>(name: &str, full: S, quick: S) -> (S, &'static str) {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => (full, "full"),
        ["--quick"] => (quick, "quick: figures of so short a run mean nothing"),
        _ => {
            println!("usage: cargo xtask bench {name} -- [--quick]");
            std::process::exit(2);
        }
    }
}

/// A directory to work in, after the machine and what its disk gives were printed.
pub(crate) fn directory(name: &str, what: &str, calibration_flushes: usize) -> TempDir {
    let parent =
        std::env::var_os("TMPDIR").map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
    let directory = tempfile::Builder::new()
        .prefix(&format!("bench-{name}-"))
        .tempdir_in(parent)
        .expect("the directory for temporary files can be written");
    println!("{}", machine::description(directory.path(), what).trim_end());
    println!("{}", calibration::run(directory.path(), calibration_flushes).trim_end());
    directory
}
