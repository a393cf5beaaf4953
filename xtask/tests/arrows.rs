//! Holds the crates to the arrows that ARCHITECTURE.md draws, and to the absences it states.

use std::collections::BTreeSet;
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

/// What one crate of the workspace lists in its manifest.
struct Use<'a> {
    user: &'a str,
    used: &'a str,
    in_tests_only: bool,
    features: &'a [String],
}

/// The drawn crates, leftmost first. A crate may use those of every earlier group, none of its own.
type Chain = Vec<BTreeSet<String>>;

/// Crates from elsewhere that only the named crates may ship with.
const KEPT_TO: [(&str, &[&str]); 2] = [("axum", &["server"]), ("anyhow", &["app", "xtask"])];

/// I/O, clock, randomness, async and serde: what `domain` does without.
const NOT_IN_DOMAIN: [&str; 6] = ["getrandom", "rand", "reqwest", "serde", "serde_json", "tokio"];

#[test]
fn crates_use_each_other_only_along_the_arrows() {
    let architecture =
        std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let chain = drawn(&architecture).expect("ARCHITECTURE.md draws the arrows in one line of a text block");
    let metadata = metadata();
    let faults: Vec<String> = uses(&metadata).filter_map(|it| fault(&chain, &it)).collect();
    assert!(faults.is_empty(), "against the arrows of ARCHITECTURE.md:\n{}", faults.join("\n"));
}

#[test]
fn every_crate_is_drawn_or_stands_apart() {
    let architecture =
        std::fs::read_to_string(root().join("ARCHITECTURE.md")).expect("ARCHITECTURE.md is there");
    let mut drawn: BTreeSet<String> =
        drawn(&architecture).expect("the arrows are drawn").into_iter().flatten().collect();
    drawn.extend(["testkit".into(), "xtask".into()]);
    let metadata = metadata();
    let there: BTreeSet<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    assert_eq!(drawn, there);
}

#[test]
fn faults_are_seen() {
    let chain = drawn("```text\na <- { b, c } <- d   (note)\n```\n").expect("it is a drawing");
    let check = |user, used, in_tests_only, features: &[&str], expected: Option<&str>| {
        let features: Vec<String> = features.iter().map(|&feature| feature.into()).collect();
        let found = fault(&chain, &Use { user, used, in_tests_only, features: &features });
        assert_eq!(found.as_deref(), expected, "{user} -> {used}");
    };
    check("d", "a", false, &[], None);
    check("c", "a", false, &[], None);
    check("a", "b", false, &[], Some("a uses b, which is not to its left"));
    check("b", "c", false, &[], Some("b uses c, which is not to its left"));
    check("a", "b", true, &[], Some("a uses b, which is not to its left"));
    check("b", "testkit", true, &[], None);
    check("b", "testkit", false, &[], Some("b ships with testkit, which is for tests only"));
    check("testkit", "d", false, &["sabotage"], None);
    check("d", "xtask", true, &[], Some("d uses xtask, which is for chores only"));
    check("b", "a", false, &["sabotage"], Some("b ships with the sabotage of a"));
    check("b", "axum", false, &[], Some("b ships with axum, which is kept to server"));
    check("b", "axum", true, &[], None);
    check("domain", "serde", false, &[], Some("domain ships with serde, which it must do without"));
}

/// What is wrong with one line of a manifest, if anything is.
fn fault(chain: &Chain, it: &Use<'_>) -> Option<String> {
    let Use { user, used, .. } = *it;
    if used == "xtask" {
        return Some(format!("{user} uses xtask, which is for chores only"));
    }
    if used == "testkit" {
        return (!it.in_tests_only).then(|| format!("{user} ships with testkit, which is for tests only"));
    }
    let place = |name: &str| chain.iter().position(|group| group.contains(name));
    if let (Some(user_place), Some(used_place)) = (place(user), place(used))
        && used_place >= user_place
    {
        return Some(format!("{user} uses {used}, which is not to its left"));
    }
    if it.in_tests_only || user == "testkit" {
        return None;
    }
    if it.features.iter().any(|feature| feature == "sabotage") {
        return Some(format!("{user} ships with the sabotage of {used}"));
    }
    if user == "domain" && NOT_IN_DOMAIN.contains(&used) {
        return Some(format!("domain ships with {used}, which it must do without"));
    }
    let (_, keepers) = KEPT_TO.iter().find(|(kept, _)| *kept == used)?;
    (!keepers.contains(&user))
        .then(|| format!("{user} ships with {used}, which is kept to {}", keepers.join(", ")))
}

/// Reads `a <- { b, c } <- d  (remark)`, the first such line of the text.
fn drawn(text: &str) -> Option<Chain> {
    let line = text.lines().find(|line| line.contains("<-"))?;
    let (arrows, _remark) = line.split_once('(').unwrap_or((line, ""));
    let group = |names: &str| {
        let names = names.trim().trim_start_matches('{').trim_end_matches('}');
        names.split(',').map(|name| name.trim().to_owned()).collect()
    };
    Some(arrows.split("<-").map(group).collect())
}

fn uses(metadata: &Metadata) -> impl Iterator<Item = Use<'_>> {
    metadata.packages.iter().flat_map(|package| {
        package.dependencies.iter().map(|dependency| Use {
            user: &package.name,
            used: &dependency.name,
            in_tests_only: dependency.kind == DependencyKind::Development,
            features: &dependency.features,
        })
    })
}

fn metadata() -> Metadata {
    let manifest = root().join("Cargo.toml");
    MetadataCommand::new().manifest_path(manifest).no_deps().exec().expect("cargo reads its own workspace")
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the workspace")
}
