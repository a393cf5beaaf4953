//! Glassline against servers and clients of other make, which live in `interop/`.

use std::path::Path;

use crate::machine::Machine;
use crate::report::{Counts, Report};
use crate::{npm, tools};

const FOLDER: &str = "interop";

/// True when there are such servers and clients.
pub(crate) fn is_there(root: &Path) -> bool {
    root.join(FOLDER).join("package.json").exists()
}

/// Brings what is missing, then runs the tests that other runs leave out.
pub(crate) fn test(machine: &mut Machine, report: &mut Report) -> anyhow::Result<()> {
    let programs = tools::strangers(machine, report)?;
    let packages = npm::packages(machine, report, FOLDER)?;
    if !programs || packages.is_none() {
        report.skip(FOLDER, "not all of the other servers and clients are there");
        return Ok(());
    }
    // As the whole workspace, whose features differ from those of one crate: nothing is built again.
    let mut test = machine.cargo("test --workspace --test interop -- --ignored");
    report.run_tests(FOLDER, &mut test, Counts::Cargo)?;
    Ok(())
}
