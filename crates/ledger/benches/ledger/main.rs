//! What the ledger promises about speed and size, measured on this machine beside what its disk
//! gives: `cargo xtask bench ledger`. Prints Markdown; `--quick` is for seeing that it works.
//!
//! `record` is what one caller feels, `appends` what many get, beside the bare log of `bare_log`;
//! `recovery` is a start over a large hot part, each in a process of its own. `leads` makes the
//! events, `machine` says where it ran, `figures` makes tables.

#![expect(clippy::print_stdout, reason = "a benchmark prints its report")]

mod appends;
mod bare_log;
mod calibration;
mod figures;
mod leads;
mod machine;
mod record;
mod recovery;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::Timestamp;
use ledger::{
    Access, Disk, Ledger, LedgerKeys, LedgerKind, LedgerOptions, OsEntropy, RealDisk, Running, SecretKey,
    Stages,
};

/// How much is done of everything.
#[derive(Debug, Clone, Copy)]
struct Scale {
    calibration_flushes: usize,
    record_leads: usize,
    /// Appends with one writer, and with many.
    appends_alone: usize,
    appends_shared: usize,
    /// Runs of each kind of append, taken in turns.
    rounds: usize,
    recovery_leads: u64,
}

impl Scale {
    const FULL: Scale = Scale {
        calibration_flushes: 5_000,
        record_leads: 10_000,
        appends_alone: 5_000,
        appends_shared: 60_000,
        rounds: 5,
        recovery_leads: 125_000,
    };
    const QUICK: Scale = Scale {
        calibration_flushes: 300,
        record_leads: 500,
        appends_alone: 300,
        appends_shared: 4_000,
        rounds: 1,
        recovery_leads: 2_500,
    };
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => report(Scale::FULL, "full"),
        ["--quick"] => report(Scale::QUICK, "quick: figures of so short a run mean nothing"),
        [recovery::CHILD, directory] => recovery::start_in_this_process(Path::new(directory)),
        _ => {
            println!("usage: cargo xtask bench ledger -- [--quick]");
            std::process::exit(2);
        }
    }
}

fn report(scale: Scale, what: &str) {
    let directory = Directory::new();
    let print = |part: String| println!("{}", part.trim_end());
    print(machine::description(&directory.path, what));
    print(calibration::run(&directory.sub("calibration"), scale.calibration_flushes));
    print(record::run(&directory, scale.record_leads));
    print(appends::run(&directory, scale));
    print(recovery::run(&directory.sub("recovery"), scale.recovery_leads));
}

/// Where data is written, until the end.
struct Directory {
    path: PathBuf,
    _removed_at_the_end: tempfile::TempDir,
}

impl Directory {
    fn new() -> Directory {
        let parent = std::env::var_os("TMPDIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_TARGET_TMPDIR")), PathBuf::from);
        let directory = tempfile::Builder::new()
            .prefix("bench-ledger-")
            .tempdir_in(&parent)
            .expect("the directory for temporary files can be written");
        Directory { path: directory.path().to_path_buf(), _removed_at_the_end: directory }
    }

    /// A directory of its own for one measurement.
    fn sub(&self, name: &str) -> PathBuf {
        let path = self.path.join(name);
        std::fs::create_dir_all(&path).expect("a new directory can be made");
        path
    }
}

/// A ledger as production starts it, in a directory that may be new.
fn start(directory: &Path, stages: Option<Arc<Stages>>) -> (Ledger, Running) {
    let options = LedgerOptions { stages, ..LedgerOptions::new("bench", LedgerKind::Leads) };
    Ledger::start(disk(directory), &keys(), options, Arc::new(OsEntropy), now()).expect("the ledger opens")
}

/// Keeps the rows of all full hot files beside them, as a server does in time. The ledger has no threads
/// meanwhile, so that nobody else does.
fn keep_rows(directory: &Path) {
    let disk = disk(directory);
    let options = LedgerOptions::new("bench", LedgerKind::Leads);
    let opened = Ledger::open(Arc::clone(&disk), &keys(), options, Arc::new(OsEntropy), now());
    let (ledger, _writer) = opened.expect("the ledger opens");
    ledger.keep_rows(disk);
    assert!(ledger.stopped().is_none(), "the files are as they were written");
}

fn disk(directory: &Path) -> Arc<dyn Disk> {
    Arc::new(RealDisk::open(directory, Access::Write).expect("the directory can be made"))
}

fn keys() -> LedgerKeys {
    LedgerKeys { master: SecretKey::from_bytes([1; 32]), signing: SecretKey::from_bytes([2; 32]) }
}

fn now() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

/// Two threads for all writers, as a machine of two cores gives a server.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("threads can be started")
}
