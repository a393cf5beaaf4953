//! All that a change must pass before it lands. `.ci/run` calls this.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::machine::Machine;
use crate::report::Report;
use crate::{test, tools, ui};

/// A clone of the advisory database takes seconds; past this the network is as good as closed.
const ADVISORY_FETCH_MAX: Duration = Duration::from_secs(60);

pub(crate) fn run(machine: &mut Machine, report: &mut Report) -> anyhow::Result<()> {
    tools::c_compiler(machine, report)?;
    report.run("format", &mut machine.cargo("fmt --all --check"))?;
    report.run("lints", &mut machine.cargo("clippy --workspace --all-targets -- -D warnings"))?;
    // Across the whole workspace the testkit turns `sabotage` on, so the ledger as shipped needs its own look.
    report.run("lints, as shipped", &mut machine.cargo("clippy -p app -- -D warnings"))?;
    match tools::cargo_deny(machine, report)? {
        Some(cargo_deny) => deny(machine, &cargo_deny, report)?,
        None => report.skip("licences, bans, sources, advisories", "cargo-deny is not there"),
    }
    test::run(machine, report)?;
    if ui::is_there(report.root()) {
        ui::dist(machine, report)?;
    }
    Ok(())
}

fn deny(machine: &Machine, cargo_deny: &Path, report: &mut Report) -> anyhow::Result<()> {
    let check = |which: &[&str]| -> Command {
        let mut command = machine.command(cargo_deny);
        command.args(["check", "--hide-inclusion-graph"]).args(which);
        command
    };
    report.run("licences, bans, sources", &mut check(&["licenses", "bans", "sources"]))?;

    let mut fetch = machine.command(cargo_deny);
    fetch.args(["fetch", "db"]);
    // cargo-deny leaves the fetching to git, which outlives it when killed: git gives up by itself too.
    fetch.env("GIT_TERMINAL_PROMPT", "0");
    fetch.env("GIT_HTTP_LOW_SPEED_LIMIT", "1000").env("GIT_HTTP_LOW_SPEED_TIME", "20");
    match report.run_bounded(&mut fetch, ADVISORY_FETCH_MAX)? {
        Ok(()) => {
            report.run("advisories", &mut check(&["--disable-fetch", "advisories"]))?;
        }
        Err(why) => report.skip("advisories", &format!("the advisory database is out of reach: {why}")),
    }
    Ok(())
}
