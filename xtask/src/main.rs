//! Chores of the repository, in Rust, so that a machine with cargo needs nothing else to start.
//!
//! One module per chore (`test`, `ci`, `bench`, `train_dictionary`); `report` runs commands and keeps the
//! score, `tools` and `npm` bring what a chore needs and the `machine` lacks, `ui` and `demo` are the pages' part,
//! `interop` that of servers and clients of other make.

#![expect(clippy::print_stdout, reason = "a chore talks to the person at the terminal")]

mod bench;
mod ci;
mod demo;
mod interop;
mod machine;
mod npm;
mod report;
mod test;
mod tools;
mod train_dictionary;
mod ui;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use crate::machine::Machine;
use crate::report::Report;

/// Chores of the Glassline repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    /// Run every test, also in the browser, and build the public docs; what is missing is installed first.
    Test,
    /// Run all that a change must pass: format, lints, licences, tests, docs, the committed pages.
    Ci,
    /// Run a benchmark and print its report.
    ///
    /// Example: cargo xtask bench ledger --write
    Bench {
        name: bench::Name,
        /// Put the report into docs/benchmarks.md, in place of the last one.
        #[arg(long)]
        write: bool,
        /// Passed on to the benchmark.
        #[arg(last = true)]
        args: Vec<String>,
    },
    /// Show where the dictionary of stored bodies comes from: train it anew and compare.
    ///
    /// A frozen dictionary must never change, or nothing written with it can be read.
    TrainDictionary {
        /// Put what was trained in place of what is there. Never again once number 1 is frozen.
        #[arg(long)]
        write: bool,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let chore = Chore::parse();
    let root = root()?;
    let mut machine = Machine::here();
    match chore {
        Chore::Test => {
            let mut report = Report::new(root);
            test::run(&mut machine, &mut report)?;
            Ok(report.close())
        }
        Chore::Ci => {
            let mut report = Report::new(root);
            ci::run(&mut machine, &mut report)?;
            Ok(report.close())
        }
        Chore::Bench { name, write, args } => bench::run(&machine, &root, name, write, &args),
        Chore::TrainDictionary { write } => train_dictionary::run(&root, write),
    }
}

/// The root of the workspace. Asked of cargo at run time: a target folder may serve several checkouts.
fn root() -> anyhow::Result<PathBuf> {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let root = PathBuf::from(xtask).parent().map(PathBuf::from);
    root.context("the xtask folder has no parent")
}
