//! Folders with packages of npm: installed as their lock file has them, and only when it changed.

use std::fs;
use std::process::Command;

use crate::machine::Machine;
use crate::report::Report;
use crate::tools::{self, Node};

/// Node.js, npm and what `<folder>/package-lock.json` names. Installs nothing when that file has not changed.
pub(crate) fn packages(
    machine: &mut Machine,
    report: &mut Report,
    folder: &str,
) -> anyhow::Result<Option<Node>> {
    let Some(node) = tools::node(machine, report)? else { return Ok(None) };
    let (stage, lock_file) = (format!("{folder} packages"), format!("{folder}/package-lock.json"));
    // Lies among the packages and holds the lock file they were installed from.
    let installed = report.root().join(folder).join("node_modules/.installed-from");
    let Ok(locked) = fs::read(report.root().join(&lock_file)) else {
        report.fail(&stage, &format!("{lock_file} cannot be read"));
        return Ok(None);
    };
    if fs::read(&installed).is_ok_and(|installed| installed == locked) {
        return Ok(Some(node));
    }
    let mut install = npm(machine, &node, folder, &["ci", "--no-audit", "--no-fund"]);
    if !report.run(&stage, &mut install)? {
        return Ok(None);
    }
    // Without this note they are installed once more, which is no harm.
    let _ = fs::write(installed, locked);
    Ok(Some(node))
}

/// npm in a folder. It loads no browser, asks for no newer self, and prints no colours.
pub(crate) fn npm(machine: &Machine, node: &Node, folder: &str, args: &[&str]) -> Command {
    let mut npm = machine.command(&node.npm);
    npm.args(["--prefix", folder]).args(args);
    npm.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").env("npm_config_update_notifier", "false");
    npm.env("NO_COLOR", "1").env_remove("FORCE_COLOR");
    npm
}
