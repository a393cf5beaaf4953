//! The machine that a chore runs on: where its programs lie, and how Debian's packages come onto it.
//!
//! Everything the chores start by name is looked up here, so that a test can hand them another machine.

use std::ffi::{OsStr, OsString};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::report::Report;

/// `dpkg` refuses to work without the programs that lie here, and a plain user's path lacks them.
const ADMINISTRATORS_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Looked at when no browser is on the path.
const BROWSERS_BESIDE_PATH: [&str; 3] = [
    "/usr/bin/chromium",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];

pub(crate) struct Machine {
    /// Where programs are looked for, first come first served. What they start themselves looks here too.
    pub(crate) path: Vec<PathBuf>,
    pub(crate) cargo: PathBuf,
    /// Where tools go that we install: in the user's cache, so that they outlive a clone.
    pub(crate) tools: Option<PathBuf>,
    /// The browser that `CHROMIUM` names.
    pub(crate) chromium: Option<PathBuf>,
    pub(crate) browsers_beside_path: Vec<PathBuf>,
}

/// How Debian packages are installed here.
enum Apt {
    Absent,
    OnlyForRoot,
    Usable { before: Vec<PathBuf>, apt_get: PathBuf },
}

impl Machine {
    /// The machine that this runs on.
    pub(crate) fn here() -> Machine {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let cache = variable("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| std::env::home_dir().map(|home| home.join(".cache")));
        Machine {
            path: std::env::split_paths(&variable("PATH").unwrap_or_default()).collect(),
            // Cargo names itself to what it runs, so that the same tool chain does the rest.
            cargo: variable("CARGO").unwrap_or_else(|| "cargo".into()).into(),
            tools: cache.map(|cache| cache.join("glassline").join("tools")),
            chromium: variable("CHROMIUM").map(PathBuf::from),
            browsers_beside_path: BROWSERS_BESIDE_PATH.map(PathBuf::from).to_vec(),
        }
    }

    /// The first program of this name on the path.
    pub(crate) fn find(&self, program: &str) -> Option<PathBuf> {
        self.find_all(program).next()
    }

    /// Every program of this name on the path, first come first served.
    pub(crate) fn find_all(&self, program: &str) -> impl Iterator<Item = PathBuf> {
        self.path.iter().map(move |folder| folder.join(program)).filter(|path| is_program(path))
    }

    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PATH", self.joined(&[]));
        command
    }

    /// `cargo` with arguments that hold no spaces of their own.
    pub(crate) fn cargo(&self, args: &str) -> Command {
        let mut command = self.command(&self.cargo);
        command.args(args.split_whitespace());
        command
    }

    /// What a program says of itself, in one line; `None` when it cannot be run.
    pub(crate) fn answer(&self, program: &Path, args: &[&str]) -> Option<String> {
        let answer = self.command(program).args(args).stdin(Stdio::null()).output().ok()?;
        answer.status.success().then(|| String::from_utf8_lossy(&answer.stdout).trim().to_owned())
    }

    /// Installs Debian packages, with the rights there are. When that cannot be, the stage fails and
    /// says what to type. True when they are installed.
    pub(crate) fn install_debian(
        &self,
        report: &mut Report,
        what: &str,
        packages: &[&str],
    ) -> anyhow::Result<bool> {
        let stage = format!("install {what}");
        let by_hand = format!(
            "sudo apt-get update && sudo apt-get install -y --no-install-recommends {}",
            packages.join(" ")
        );
        let (before, apt_get) = match self.apt() {
            Apt::Usable { before, apt_get } => (before, apt_get),
            Apt::OnlyForRoot => {
                report
                    .fail(&stage, &format!("{what} is missing and only root can install it. Run: {by_hand}"));
                return Ok(false);
            }
            Apt::Absent => {
                let why = format!("{what} is missing. Install it and run this again; on Debian: {by_hand}");
                report.fail(&stage, &why);
                return Ok(false);
            }
        };
        let apt = |args: &[&str]| {
            let mut words = before.iter().chain([&apt_get]);
            let mut command = Command::new(words.next().unwrap_or(&apt_get));
            command.args(words).args(args);
            command
                .env("PATH", self.joined(&ADMINISTRATORS_FOLDERS))
                .env("DEBIAN_FRONTEND", "noninteractive");
            command
        };
        // A stale list names packages that are gone; an update that fails may still leave a good one.
        report.run(&format!("{stage}: package lists"), &mut apt(&["update"]))?;
        let install = ["install", "-y", "--no-install-recommends"];
        report.run(&stage, &mut apt(&[&install, packages].concat()))
    }

    fn apt(&self) -> Apt {
        let Some(apt_get) = self.find("apt-get") else { return Apt::Absent };
        let is_root =
            self.find("id").and_then(|id| self.answer(&id, &["-u"])).is_some_and(|answer| answer == "0");
        if is_root {
            return Apt::Usable { before: Vec::new(), apt_get };
        }
        match self.find("sudo").filter(|sudo| self.answer(sudo, &["-n", "true"]).is_some()) {
            Some(sudo) => Apt::Usable { before: vec![sudo, "-n".into()], apt_get },
            None => Apt::OnlyForRoot,
        }
    }

    fn joined(&self, more: &[&str]) -> OsString {
        // What cannot be joined came in by hand with a colon in it; such a folder is on no path.
        let folders = self.path.iter().cloned().chain(more.iter().map(PathBuf::from));
        std::env::join_paths(folders.filter(|folder| !folder.to_string_lossy().contains(':')))
            .unwrap_or_default()
    }
}

pub(crate) fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
