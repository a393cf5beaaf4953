//! The pages: their packages, checks and tests, and whether the committed build is what comes out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::demo::Demo;
use crate::machine::Machine;
use crate::npm;
use crate::report::{Counts, Report};
use crate::tools::{self, Node};

const FOLDER: &str = "ui";

/// True when there are pages.
pub(crate) fn is_there(root: &Path) -> bool {
    root.join("ui/package.json").exists()
}

/// Types and unit tests, then the pages of a running demo in a real browser.
pub(crate) fn test(machine: &mut Machine, report: &mut Report) -> anyhow::Result<()> {
    let Some(node) = npm::packages(machine, report, FOLDER)? else {
        for stage in ["ui check", "ui units", "browser"] {
            report.skip(stage, "the packages of the pages are not there");
        }
        return Ok(());
    };
    report.run("ui check", &mut npm(machine, &node, &["run", "check"]))?;
    report.run_tests("ui units", &mut npm(machine, &node, &["test"]), Counts::Vitest)?;
    browser(machine, &node, report)
}

/// Builds the pages anew; the committed build must be what comes out.
pub(crate) fn dist(machine: &mut Machine, report: &mut Report) -> anyhow::Result<()> {
    let Some(node) = npm::packages(machine, report, FOLDER)? else {
        report.skip("ui build", "the packages of the pages are not there");
        return Ok(());
    };
    report.run("ui build", &mut npm(machine, &node, &["run", "build"]))?;
    let git = |args: &[&str]| {
        let mut git = machine.command("git");
        git.args(args).args(["--", "ui/dist"]);
        git
    };
    // Ignored files too: a list of ignored files on somebody's machine may well name `dist`.
    let mut lists =
        [git(&["diff", "--name-only"]), git(&["ls-files", "--others"]), git(&["ls-files", "--deleted"])];
    report.step("ui/dist as committed", |root| as_committed(root, &mut lists));
    Ok(())
}

fn as_committed(root: &Path, lists: &mut [Command]) -> Result<(), String> {
    let mut files = Vec::new();
    for list in lists {
        let answer = list.current_dir(root).stdin(Stdio::null()).output();
        let answer = answer.map_err(|error| format!("cannot start git: {error}"))?;
        if !answer.status.success() {
            return Err(format!("git: {}", String::from_utf8_lossy(&answer.stderr).trim()));
        }
        files.extend(String::from_utf8_lossy(&answer.stdout).lines().map(str::to_owned));
    }
    files.sort();
    files.dedup();
    if files.is_empty() {
        return Ok(());
    }
    Err(format!("the build gives other files than git has; commit them:\n{}", files.join("\n")))
}

fn browser(machine: &Machine, node: &Node, report: &mut Report) -> anyhow::Result<()> {
    let Some(chromium) = tools::chromium(machine, report)? else {
        report.skip("browser", "there is no browser");
        return Ok(());
    };
    // The tests have built this program; asking cargo in the same words builds nothing again.
    let mut build = machine.cargo("test --workspace --no-run --message-format json-render-diagnostics");
    let Some(glassline) = report.step("browser: program", |root| glassline(root, &mut build)) else {
        report.skip("browser", "there is no program to look at");
        return Ok(());
    };
    let mut serve = machine.command(glassline);
    let Some(mut demo) = report.step("browser: demo", |root| Demo::start(root, &mut serve)) else {
        report.skip("browser", "the demo does not run");
        return Ok(());
    };
    let mut tests = npm(machine, node, &["run", "e2e"]);
    tests.env("CHROMIUM", chromium).env("GLASSLINE_URL", &demo.url).env("GLASSLINE_KEY", &demo.key);
    if !report.run_tests("browser", &mut tests, Counts::Playwright)? {
        println!("The demo logged last:\n{}", demo.log_end());
    }
    if let Some(why) = demo.ended() {
        report.fail("browser: demo", &format!("it did not outlive the tests: {why}"));
    }
    Ok(())
}

/// The `glassline` program as the tests of the workspace have it.
fn glassline(root: &Path, build: &mut Command) -> Result<PathBuf, String> {
    build.current_dir(root).stdin(Stdio::null()).stderr(Stdio::inherit());
    let built = build.output().map_err(|error| format!("cannot start cargo: {error}"))?;
    if !built.status.success() {
        return Err("it does not build".into());
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    messages.lines().find_map(program).ok_or_else(|| "cargo names no `glassline` among what it built".into())
}

/// Where the program lies, from cargo's note that it was built, and not as a test of itself.
fn program(message: &str) -> Option<PathBuf> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let is_it = message["reason"] == "compiler-artifact"
        && message["target"]["name"] == "glassline"
        && message["target"]["kind"][0] == "bin"
        && message["profile"]["test"] == false;
    message["executable"].as_str().filter(|_| is_it).map(PathBuf::from)
}

/// npm in the pages' folder.
fn npm(machine: &Machine, node: &Node, args: &[&str]) -> Command {
    npm::npm(machine, node, FOLDER, args)
}
