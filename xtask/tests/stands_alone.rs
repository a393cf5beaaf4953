//! The repository needs nothing beside itself: no file names a place on somebody's machine, and each
//! version is written down once.

use std::path::{Path, PathBuf};
use std::process::Command;

use toml::{Table, Value};

/// What no tracked file may name. Each is cut in two here, so that this file passes its own test.
const BANNED: [(&str, &str); 10] = [
    ("/ho", "me/"),
    ("/Us", "ers/"),
    ("\\Us", "ers\\"),
    ("/ro", "ot/."),
    ("/wo", "rk/"),
    ("../sh", "ared"),
    // Which registry or mirror a machine uses is the machine's affair.
    ("crates", ".io"),
    ("npmjs", ".org"),
    ("pypi", ".org"),
    ("deb.debian", ".org"),
];

/// Written by package managers, with the registry in it.
const LOCK_FILES: [&str; 2] = ["Cargo.lock", "package-lock.json"];

#[test]
fn no_tracked_file_names_a_place_outside_the_repository() {
    let mut found = Vec::new();
    for path in tracked_files() {
        let is_lock = path.file_name().is_some_and(|name| LOCK_FILES.iter().any(|lock| name == *lock));
        // A tracked file may be gone from the working tree, and a binary file is no text.
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        if is_lock {
            continue;
        }
        for (index, line) in text.lines().enumerate() {
            if let Some(banned) = banned_in(line) {
                found.push(format!("{}:{}: {banned}", path.display(), index + 1));
            }
        }
    }
    assert!(found.is_empty(), "named in tracked files:\n{}", found.join("\n"));
}

#[test]
fn places_are_told_from_what_only_looks_like_them() {
    let check = |(head, tail): (&str, &str), expected: bool| {
        let line = format!("{head}{tail}");
        assert_eq!(banned_in(&line).is_some(), expected, "{line}");
    };
    check(("see /ho", "me/ann/notes"), true);
    check(("cd \"/wo", "rk/main\""), true);
    check(("/wo", "rk/main"), true);
    check(("(../sh", "ared/DESIGN.md)"), true);
    check(("C:\\Us", "ers\\ann"), true);
    check(("frame/wo", "rk/main"), false);
    check(("/root/item/text()", ""), false);
    check(("$HOME/.cache", ""), false);
}

#[test]
fn every_version_stands_once_in_the_root_manifest() {
    let mut found = Vec::new();
    for path in tracked_files() {
        let is_manifest = path.file_name().is_some_and(|name| name == "Cargo.toml");
        // `fuzz` is a workspace of its own, which needs another compiler.
        if !is_manifest || path == Path::new("Cargo.toml") || path.starts_with("fuzz") {
            continue;
        }
        let Ok(text) = std::fs::read_to_string(root().join(&path)) else { continue };
        let manifest: Table = text.parse().expect("cargo has read this manifest before");
        found.extend(own_versions(&manifest).into_iter().map(|name| format!("{}: {name}", path.display())));
    }
    assert!(found.is_empty(), "not `workspace = true`:\n{}", found.join("\n"));
}

#[test]
fn versions_of_a_crates_own_are_seen() {
    let manifest: Table = r#"
        [package]
        name = "a"
        version = "0.1.0"
        edition.workspace = true
        [dependencies]
        b.workspace = true
        c = { workspace = true, features = ["x"] }
        d = "1"
        [dev-dependencies]
        e = { version = "2", features = ["y"] }
        [target.'cfg(unix)'.build-dependencies]
        f = { path = "../f" }
    "#
    .parse()
    .unwrap();
    assert_eq!(own_versions(&manifest), ["package.version", "d", "e", "f"]);
}

/// The first banned thing in a line. One that starts with a slash must be the start of a path.
fn banned_in(line: &str) -> Option<String> {
    BANNED.iter().map(|(head, tail)| format!("{head}{tail}")).find(|banned| {
        line.match_indices(banned.as_str()).any(|(at, _)| {
            let goes_on = line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '-' || c == '_');
            !(banned.starts_with('/') && goes_on)
        })
    })
}

/// What a crate's manifest states by itself though the root should: its version, edition and licence,
/// and how each dependency is come by.
fn own_versions(manifest: &Table) -> Vec<String> {
    let from_root = |value: &Value| value.get("workspace") == Some(&Value::Boolean(true));
    let mut own = Vec::new();
    for key in ["version", "edition", "rust-version", "license"] {
        if manifest.get("package").and_then(|package| package.get(key)).is_some_and(|value| !from_root(value))
        {
            own.push(format!("package.{key}"));
        }
    }
    let targets = manifest.get("target").and_then(Value::as_table);
    let tables =
        std::iter::once(manifest).chain(targets.into_iter().flatten().filter_map(|(_, it)| it.as_table()));
    for table in tables {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = table.get(kind).and_then(Value::as_table) else { continue };
            own.extend(dependencies.iter().filter(|(_, it)| !from_root(it)).map(|(name, _)| name.clone()));
        }
    }
    own
}

/// Paths below the root, as git has them.
fn tracked_files() -> Vec<PathBuf> {
    let listed =
        Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().expect("git is there");
    assert!(listed.status.success(), "git ls-files: {}", String::from_utf8_lossy(&listed.stderr));
    let paths = String::from_utf8(listed.stdout).expect("file names are UTF-8");
    let paths: Vec<PathBuf> = paths.split_terminator('\0').map(PathBuf::from).collect();
    assert!(!paths.is_empty(), "git lists no file, so this test would see nothing");
    paths
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}
