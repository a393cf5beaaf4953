//! Chores of the repository, in Rust, so that a machine with cargo needs nothing else to start.
//!
//! One module per chore (`test`, `ci`, `bench`); `report` runs commands and keeps the score, `tools`
//! brings what a chore needs and the machine lacks.

#![expect(clippy::print_stdout, reason = "a chore talks to the person at the terminal")]

mod bench;
mod ci;
mod report;
mod test;
mod tools;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;

use crate::report::Report;

/// Chores of the Glassline repository.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
enum Chore {
    /// Run every test and build the public docs; what is missing is installed first.
    Test,
    /// Run all that a change must pass: format, lints, licences, tests, docs.
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
}

fn main() -> anyhow::Result<ExitCode> {
    let chore = Chore::parse();
    let root = root()?;
    match chore {
        Chore::Test => {
            let mut report = Report::new(root);
            test::run(&mut report)?;
            Ok(report.close())
        }
        Chore::Ci => {
            let mut report = Report::new(root);
            ci::run(&mut report)?;
            Ok(report.close())
        }
        Chore::Bench { name, write, args } => bench::run(&root, name, write, &args),
    }
}

/// The root of the workspace. Asked of cargo at run time: a target folder may serve several checkouts.
fn root() -> anyhow::Result<PathBuf> {
    let xtask = std::env::var_os("CARGO_MANIFEST_DIR").context("start this as `cargo xtask`")?;
    let root = PathBuf::from(xtask).parent().map(PathBuf::from);
    root.context("the xtask folder has no parent")
}
