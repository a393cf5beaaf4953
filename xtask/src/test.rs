//! Every test there is, doc tests included, the public docs without a warning, servers and clients of other make,
//! and the pages.

use crate::machine::Machine;
use crate::report::{Counts, Report};
use crate::{interop, tools, ui};

pub(crate) fn run(machine: &mut Machine, report: &mut Report) -> anyhow::Result<()> {
    tools::c_compiler(machine, report)?;
    // Cargo's own choice of targets: unit tests of libraries and binaries, integration tests and doc
    // tests run, examples are built, benchmarks left alone. Naming targets would drop the doc tests.
    let mut test = machine.cargo("test --workspace --no-fail-fast");
    report.run_tests("test", &mut test, Counts::Cargo)?;
    report.run("docs", machine.cargo("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"))?;
    if interop::is_there(report.root()) {
        interop::test(machine, report)?;
    }
    if ui::is_there(report.root()) {
        ui::test(machine, report)?;
    }
    Ok(())
}

#[cfg(test)]
mod bare_machine;
