//! What the chores need beside cargo, and how a machine that lacks it gets it.
//!
//! A new tool is one more `Tool` in the list of the chore that needs it.

use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::Context;

use crate::report::cargo;

/// Something that must be on the machine before a chore starts.
pub(crate) struct Tool {
    pub(crate) name: &'static str,
    /// True when the machine has it already.
    pub(crate) check: fn() -> anyhow::Result<bool>,
    /// The command that brings it. May take minutes and use the network.
    pub(crate) install: fn() -> anyhow::Result<Command>,
}

/// The tests need nothing beyond cargo.
pub(crate) const FOR_TEST: &[Tool] = &[];

/// Needed on top of `FOR_TEST`.
pub(crate) const FOR_CI: &[Tool] =
    &[Tool { name: "cargo-deny", check: has_cargo_deny, install: install_cargo_deny }];

const CARGO_DENY_VERSION: &str = "0.20.2";

/// cargo-deny, from the path when the version there is the right one, else from our own folder.
pub(crate) fn cargo_deny() -> anyhow::Result<Command> {
    if is_cargo_deny("cargo-deny".into()) {
        return Ok(Command::new("cargo-deny"));
    }
    Ok(Command::new(our_cargo_deny()?))
}

fn has_cargo_deny() -> anyhow::Result<bool> {
    Ok(is_cargo_deny("cargo-deny".into()) || is_cargo_deny(our_cargo_deny()?))
}

fn install_cargo_deny() -> anyhow::Result<Command> {
    let mut command = cargo("install --locked --force cargo-deny --version");
    command.arg(CARGO_DENY_VERSION).arg("--root").arg(folder()?);
    Ok(command)
}

fn is_cargo_deny(program: PathBuf) -> bool {
    let answer = Command::new(program).arg("--version").stdin(Stdio::null()).output();
    answer.is_ok_and(|answer| {
        answer.stdout.trim_ascii() == format!("cargo-deny {CARGO_DENY_VERSION}").as_bytes()
    })
}

fn our_cargo_deny() -> anyhow::Result<PathBuf> {
    Ok(folder()?.join("bin").join(format!("cargo-deny{}", std::env::consts::EXE_SUFFIX)))
}

/// Where tools go that we install: in the user's cache, so that they outlive a clone.
fn folder() -> anyhow::Result<PathBuf> {
    let cache = match std::env::var_os("XDG_CACHE_HOME").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => std::env::home_dir().context("no home folder to keep tools in")?.join(".cache"),
    };
    Ok(cache.join("glassline").join("tools"))
}
