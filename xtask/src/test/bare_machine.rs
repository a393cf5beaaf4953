//! Chores on machines that lack things: what is missing is installed, or named with the command. The
//! machines are folders of programs that are all one shell script; nothing outside them is touched.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

use crate::machine::Machine;
use crate::report::{Outcome, Report};
use crate::ui;

/// One machine with a checkout on it. Its root account runs the chore, unless `uid` says otherwise.
struct Bare {
    root: TempDir,
    machine: Machine,
}

impl Bare {
    /// A machine that has `programs` beside cargo and what every system has.
    fn with(programs: &[&str]) -> Bare {
        let root = TempDir::new().unwrap();
        let bin = root.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/test/bare_machine.sh");
        for program in ["cargo", "id", "glassline"].iter().chain(programs) {
            symlink(&script, bin.join(program)).unwrap();
        }
        let here = Machine::here();
        for program in ["cat", "git", "ln", "mkdir", "rm", "sh", "tail"] {
            symlink(here.find(program).unwrap(), bin.join(program)).unwrap();
        }
        let machine = Machine {
            cargo: bin.join("cargo"),
            path: vec![bin],
            tools: Some(root.path().join("tools")),
            chromium: None,
            browsers_beside_path: Vec::new(),
        };
        let bare = Bare { root, machine };
        bare.put("ui/package.json", "{}");
        bare.put("ui/package-lock.json", "{}");
        bare
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.root.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// `cargo xtask test`, with the programs called by it.
    fn test(&mut self) -> (Report, Vec<String>) {
        let mut report = Report::new(self.root.path().into());
        super::run(&mut self.machine, &mut report).unwrap();
        (report, self.calls())
    }

    /// What was called since the last time, with the root left out.
    fn calls(&self) -> Vec<String> {
        let path = self.root.path().join("calls");
        let calls = fs::read_to_string(&path).unwrap_or_default();
        fs::write(path, "").unwrap();
        let root = self.root.path().to_string_lossy();
        calls.lines().map(|call| call.replace(&*root, "ROOT")).collect()
    }

    /// The demo that ran last: whether it still does, and its folder.
    fn demo(&self) -> (bool, PathBuf) {
        let demo = fs::read_to_string(self.root.path().join("demo")).unwrap();
        let (pid, data) = demo.trim().split_once(' ').unwrap();
        let alive = Command::new("sh").args(["-c", &format!("kill -0 {pid} 2>/dev/null")]).status().unwrap();
        (alive.success(), Path::new(data).parent().unwrap().into())
    }
}

fn failed(report: &Report) -> Vec<(&str, &str)> {
    let failed = report.stages().iter().filter(|stage| stage.outcome == Outcome::Failed);
    failed.map(|stage| (stage.name.as_str(), stage.why.as_deref().unwrap_or_default())).collect()
}

fn skipped(report: &Report) -> Vec<&str> {
    let skipped = report.stages().iter().filter(|stage| stage.outcome == Outcome::Skipped);
    skipped.map(|stage| stage.name.as_str()).collect()
}

fn last_line(report: &Report) -> String {
    report.summary().0.lines().last().unwrap().into()
}

#[test]
fn a_machine_with_nothing_but_cargo_gets_what_it_misses_and_runs_every_test() {
    let mut bare = Bare::with(&["apt-get"]);
    let (report, calls) = bare.test();
    assert_eq!(
        calls,
        [
            "apt-get update",
            "apt-get install -y --no-install-recommends gcc libc6-dev",
            "cargo test --workspace --no-fail-fast",
            "cargo doc --workspace --no-deps",
            "apt-get update",
            "apt-get install -y --no-install-recommends nodejs npm",
            "npm --prefix ui ci --no-audit --no-fund",
            "npm --prefix ui run check",
            "npm --prefix ui test",
            "apt-get update",
            "apt-get install -y --no-install-recommends chromium",
            "cargo test --workspace --no-run --message-format json-render-diagnostics",
            "npm --prefix ui run e2e at http://127.0.0.1:5 with gl_abc in chromium, download skipped: 1",
        ]
    );
    assert_eq!(failed(&report), []);
    assert_eq!(last_line(&report), "9 passed, 0 failed", "3 of cargo, 2 of vitest, 4 of playwright");
}

#[test]
fn a_machine_that_has_everything_installs_nothing() {
    let mut bare = Bare::with(&["apt-get", "cc", "node", "npm", "chromium"]);
    let (report, calls) = bare.test();
    assert!(!calls.iter().any(|call| call.starts_with("apt-get")), "{calls:#?}");
    assert_eq!(last_line(&report), "9 passed, 0 failed");
}

#[test]
fn without_the_right_to_install_the_commands_are_named_and_the_rest_still_runs() {
    let mut bare = Bare::with(&["apt-get", "sudo"]);
    bare.put("uid", "1000");
    let (report, calls) = bare.test();
    assert_eq!(calls, ["cargo test --workspace --no-fail-fast", "cargo doc --workspace --no-deps"]);
    assert_eq!(
        failed(&report),
        [
            (
                "install a C compiler",
                "a C compiler is missing and only root can install it. Run: \
                 sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc libc6-dev"
            ),
            (
                "install Node.js",
                "Node.js is missing and only root can install it. Run: \
                 sudo apt-get update && sudo apt-get install -y --no-install-recommends nodejs npm"
            ),
        ]
    );
    assert_eq!(skipped(&report), ["ui check", "ui units", "browser"]);
    assert_eq!(last_line(&report), "3 passed, 2 failed");
}

#[test]
fn whoever_may_use_sudo_without_a_password_installs_through_it() {
    let mut bare = Bare::with(&["apt-get", "sudo", "cc", "node", "npm"]);
    bare.put("uid", "1000");
    bare.put("sudoers", "");
    let (report, calls) = bare.test();
    let install = "apt-get install -y --no-install-recommends chromium";
    assert!(calls.contains(&format!("sudo -n ROOT/bin/{install}")), "{calls:#?}");
    assert!(calls.contains(&install.into()), "{calls:#?}");
    assert_eq!(last_line(&report), "9 passed, 0 failed");
}

#[test]
fn a_system_without_apt_is_told_what_is_missing() {
    let mut bare = Bare::with(&["cc", "node", "npm"]);
    let (report, _calls) = bare.test();
    let [(stage, why)] = failed(&report)[..] else { panic!("{:?}", failed(&report)) };
    assert_eq!(stage, "install Chromium");
    assert!(
        why.starts_with("Chromium is missing. Install it and run this again; on Debian: sudo apt-get"),
        "{why}"
    );
    assert_eq!(skipped(&report), ["browser"]);
    assert_eq!(last_line(&report), "5 passed, 1 failed");
}

#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "aarch64")))]
#[test]
fn a_distribution_with_an_old_node_gets_a_newer_one_by_npm_once() {
    let mut bare = Bare::with(&["apt-get", "cc", "chromium"]);
    bare.put("node", "v18.20.4");
    let (report, calls) = bare.test();
    let install = calls.iter().find(|call| call.starts_with("npm install")).unwrap();
    assert!(install.contains("--prefix ROOT/tools/node-"), "{install}");
    assert!(install.contains(" node-linux-") && install.contains(" npm@"), "{install}");
    assert_eq!(last_line(&report), "9 passed, 0 failed");

    bare.machine.path.remove(0);
    let (report, calls) = bare.test();
    assert!(!calls.iter().any(|call| call.contains("install")), "{calls:#?}");
    assert_eq!(last_line(&report), "9 passed, 0 failed");
}

#[test]
fn packages_are_installed_anew_only_when_the_lock_file_has_changed() {
    let mut bare = Bare::with(&["cc", "node", "npm", "chromium"]);
    let installs = |calls: Vec<String>| calls.iter().filter(|call| call.contains(" ci ")).count();
    assert_eq!(installs(bare.test().1), 1);
    assert_eq!(installs(bare.test().1), 0);
    bare.put("ui/package-lock.json", r#"{"lockfileVersion":3}"#);
    assert_eq!(installs(bare.test().1), 1);
}

#[test]
fn the_browser_that_is_named_is_used_and_no_other_when_it_does_not_run() {
    let mut bare = Bare::with(&["cc", "node", "npm", "chromium", "broken"]);
    bare.machine.chromium = Some(bare.root.path().join("bin/broken"));
    let (report, _calls) = bare.test();
    let [(stage, why)] = failed(&report)[..] else { panic!("{:?}", failed(&report)) };
    assert_eq!(stage, "Chromium");
    assert!(why.starts_with("CHROMIUM names ") && why.ends_with("/bin/broken, which does not run"), "{why}");

    bare.machine.chromium = Some(bare.root.path().join("bin/chromium"));
    assert_eq!(last_line(&bare.test().0), "9 passed, 0 failed");
}

#[test]
fn a_browser_beside_the_path_is_found() {
    let mut bare = Bare::with(&["cc", "node", "npm", "chromium"]);
    let beside = bare.root.path().join("opt/bin/chromium");
    fs::create_dir_all(beside.parent().unwrap()).unwrap();
    fs::rename(bare.root.path().join("bin/chromium"), &beside).unwrap();
    assert_eq!(last_line(&bare.test().0), "5 passed, 1 failed");
    bare.machine.browsers_beside_path = vec![beside];
    assert_eq!(last_line(&bare.test().0), "9 passed, 0 failed");
}

#[test]
fn the_demo_ends_and_its_data_goes_whatever_the_tests_say() {
    let mut bare = Bare::with(&["cc", "node", "npm", "chromium"]);
    assert_eq!(last_line(&bare.test().0), "9 passed, 0 failed");
    let (alive, folder) = bare.demo();
    assert!(!alive && !folder.exists(), "{}", folder.display());

    bare.put("e2e", "  1 failed\n    e2e/lead.spec.ts:9:1 › a lead opens\n  1 flaky\n  2 passed (9.1s)\n");
    let (report, _calls) = bare.test();
    assert_eq!(failed(&report), [("browser", "")]);
    assert_eq!(last_line(&report), "7 passed, 2 failed");
    let (alive, folder) = bare.demo();
    assert!(!alive && !folder.exists(), "{}", folder.display());
}

#[test]
fn a_demo_that_does_not_start_is_one_failure_with_the_end_of_its_log() {
    let mut bare = Bare::with(&["cc", "node", "npm", "chromium"]);
    bare.put("demo-fails", "");
    let (report, _calls) = bare.test();
    let why = "it ended before it named its address and key\nthe port is taken";
    assert_eq!(failed(&report), [("browser: demo", why)]);
    assert_eq!(skipped(&report), ["browser"]);
    assert_eq!(last_line(&report), "5 passed, 1 failed");
}

#[test]
fn ci_names_the_command_when_not_even_a_chore_can_be_built() {
    let bare = Bare::with(&[]);
    let ci = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join(".ci/run");
    let bash = Machine::here().find("bash").unwrap();
    symlink(Machine::here().find("dirname").unwrap(), bare.machine.path[0].join("dirname")).unwrap();
    let mut run = bare.machine.command(bash);
    run.arg(ci).env("CARGO_TARGET_DIR", bare.root.path().join("target"));
    let answer = run.output().unwrap();
    assert_eq!(
        String::from_utf8_lossy(&answer.stdout),
        "A C compiler is missing. Run: \
         sudo apt-get update && sudo apt-get install -y --no-install-recommends gcc libc6-dev\n\
         0 passed, 1 failed\n"
    );
    assert!(!answer.status.success());
    assert_eq!(bare.calls(), [""; 0], "cargo is not asked");
}

#[test]
fn a_build_of_the_pages_that_differs_from_what_git_has_fails_and_names_the_files() {
    // What the build does, and the files then named.
    let cases = [
        ("", None),
        ("echo new >ui/dist/app.js", Some("ui/dist/app.js")),
        ("rm ui/dist/app.js", Some("ui/dist/app.js")),
        ("echo more >ui/dist/more.js", Some("ui/dist/more.js")),
        ("echo more >ui/dist/ignored.js", Some("ui/dist/ignored.js")),
    ];
    for (build, named) in cases {
        let mut bare = Bare::with(&["node", "npm"]);
        bare.put("ui/dist/app.js", "old\n");
        bare.put(".gitignore", "ignored.js\n");
        bare.put("build", build);
        let git = "git init -q && git add .gitignore ui && \
                   git -c user.name=Ann -c user.email=ann@example.com commit -q -m pages";
        let made = Command::new("sh").args(["-c", git]).current_dir(bare.root.path()).status().unwrap();
        assert!(made.success());
        let mut report = Report::new(bare.root.path().into());
        ui::dist(&mut bare.machine, &mut report).unwrap();
        let why = named.map(|file| format!("the build gives other files than git has; commit them:\n{file}"));
        let expected: Vec<_> = why.iter().map(|why| ("ui/dist as committed", why.as_str())).collect();
        assert_eq!(failed(&report), expected, "{build}");
    }
}

#[test]
fn servers_and_clients_of_other_make_are_brought_before_their_tests_run() {
    let mut bare = Bare::with(&["apt-get", "cc", "node", "npm", "chromium", "curl", "python3"]);
    bare.put("interop/package.json", "{}");
    bare.put("interop/package-lock.json", "{}");
    let (report, calls) = bare.test();
    let test = calls.iter().position(|call| call == "cargo test --workspace --test interop -- --ignored");
    assert_eq!(
        calls[test.unwrap() - 3..test.unwrap()],
        [
            "apt-get update",
            "apt-get install -y --no-install-recommends gzip openssl python3 python3-aiosmtpd",
            "npm --prefix interop ci --no-audit --no-fund",
        ]
    );
    assert_eq!(last_line(&report), "12 passed, 0 failed");

    let mut bare = Bare::with(&["cc", "node", "npm", "chromium"]);
    bare.put("interop/package.json", "{}");
    bare.put("interop/package-lock.json", "{}");
    let (report, calls) = bare.test();
    assert!(!calls.iter().any(|call| call.contains("interop --")), "{calls:#?}");
    assert_eq!(
        failed(&report).iter().map(|(stage, _)| *stage).collect::<Vec<_>>(),
        ["install servers and clients of other make"]
    );
    assert_eq!(skipped(&report), ["interop"]);
    assert_eq!(last_line(&report), "9 passed, 1 failed");
}
