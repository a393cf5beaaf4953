//! All that a change must pass before it lands. `.ci/run` calls this.

use std::process::Command;
use std::time::Duration;

use crate::report::{Report, cargo};
use crate::{test, tools};

/// A clone of the advisory database takes seconds; past this the network is as good as closed.
const ADVISORY_FETCH_MAX: Duration = Duration::from_secs(60);

pub(crate) fn run(report: &mut Report) -> anyhow::Result<()> {
    report.provide(tools::FOR_CI)?;
    report.run("format", &mut cargo("fmt --all --check"))?;
    report.run("lints", &mut cargo("clippy --workspace --all-targets -- -D warnings"))?;
    report.run("lints, sabotage", &mut cargo("clippy -p ledger --features sabotage -- -D warnings"))?;
    // Across the whole workspace the testkit turns `sabotage` on, so the shipped ledger needs its own look.
    report.run("lints, as shipped", &mut cargo("clippy -p app -- -D warnings"))?;
    deny(report)?;
    test::run(report)?;
    if report.root().join("ui/package.json").exists() {
        ui_dist(report)?;
    }
    Ok(())
}

fn deny(report: &mut Report) -> anyhow::Result<()> {
    let check = |which: &[&str]| -> anyhow::Result<Command> {
        let mut command = tools::cargo_deny()?;
        command.args(["check", "--hide-inclusion-graph"]).args(which);
        Ok(command)
    };
    report.run("licences, bans, sources", &mut check(&["licenses", "bans", "sources"])?)?;

    let mut fetch = tools::cargo_deny()?;
    fetch.args(["fetch", "db"]);
    // cargo-deny leaves the fetching to git, which outlives it when killed: git gives up by itself too.
    fetch.env("GIT_TERMINAL_PROMPT", "0");
    fetch.env("GIT_HTTP_LOW_SPEED_LIMIT", "1000").env("GIT_HTTP_LOW_SPEED_TIME", "20");
    match report.run_bounded(&mut fetch, ADVISORY_FETCH_MAX)? {
        Ok(()) => {
            let mut command = check(&["--disable-fetch", "advisories"])?;
            report.run("advisories", &mut command)?;
        }
        Err(why) => report.skip("advisories", &format!("the advisory database is out of reach: {why}")),
    }
    Ok(())
}

/// Builds the pages anew; the committed build must be what comes out.
fn ui_dist(report: &mut Report) -> anyhow::Result<()> {
    let npm = |args: &[&str]| {
        let mut command = Command::new("npm");
        command.args(["--prefix", "ui"]).args(args);
        command
    };
    report.run("ui packages", &mut npm(&["ci"]))?;
    report.run("ui build", &mut npm(&["run", "build"]))?;
    // A file that git does not know yet is named by one that it knows, so a plain diff sees it.
    report.run(
        "ui/dist as committed",
        Command::new("git").args(["diff", "--exit-code", "--stat", "--", "ui/dist"]),
    )?;
    Ok(())
}
