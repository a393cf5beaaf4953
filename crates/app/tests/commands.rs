//! Commands: what they print, and the exit codes that scripts rely on.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::os::unix::fs::FileExt as _;

use support::{ADMIN, FLOW, Server, client, glassline, prepare, run, text};
use tempfile::TempDir;

fn directory() -> (TempDir, String) {
    let temp = TempDir::new().unwrap();
    let path = temp.path().join("data").to_str().unwrap().to_owned();
    (temp, path)
}

#[test]
fn a_second_process_on_one_directory_says_so_and_ends() {
    let (_temp, data) = directory();
    let _server = Server::start(data.as_ref());
    for arguments in [
        vec!["serve", "--data", &data, "--listen", "127.0.0.1:0"],
        vec!["demo", "--data", &data, "--listen", "127.0.0.1:0"],
        vec!["flow", "publish", FLOW, "--data", &data],
        vec!["key", "create", "--scope", "read", "--data", &data],
    ] {
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(1));
        assert!(
            text(&output.stderr).contains("is in use by another process (process "),
            "{}",
            text(&output.stderr)
        );
    }
}

#[test]
fn verify_works_beside_a_server_and_finds_a_flipped_bit() {
    let (_temp, data) = directory();
    prepare(data.as_ref());
    let server = Server::start(data.as_ref());
    let output = run(&["verify", &data]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stdout));
    assert!(text(&output.stdout).contains("A server writes this directory"));
    server.stop();

    let output = run(&["verify", &data, "--json"]);
    assert_eq!(output.status.code(), Some(0));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!((&report["clean"], &report["ledgers"]["control"]["records"]), (&true.into(), &5.into()));

    let hot = std::fs::read_dir(format!("{data}/control")).unwrap().map(|entry| entry.unwrap().path());
    let hot = hot.into_iter().find(|path| path.extension().is_some_and(|end| end == "hot")).unwrap();
    let file = std::fs::OpenOptions::new().read(true).write(true).open(&hot).unwrap();
    let mut byte = [0];
    file.read_exact_at(&mut byte, 400).unwrap();
    file.write_all_at(&[byte[0] ^ 1], 400).unwrap();
    let output = run(&["verify", &data]);
    assert_eq!(output.status.code(), Some(1));
    let stdout = text(&output.stdout);
    assert!(stdout.contains(".hot at offset ") && stdout.contains("leads: 1 files"), "{stdout}");

    assert_eq!(run(&["verify", "/nowhere/at/all"]).status.code(), Some(2));
    assert_eq!(run(&["verify"]).status.code(), Some(2));
}

#[test]
fn a_ledger_that_is_gone_is_missed_and_nothing_is_made_in_its_place() {
    for kind in ["leads", "control"] {
        let (_temp, data) = directory();
        prepare(data.as_ref());
        Server::start(data.as_ref()).stop();
        std::fs::remove_dir_all(format!("{data}/{kind}")).unwrap();
        let output = run(&["serve", "--data", &data, "--listen", "127.0.0.1:0"]);
        assert_eq!(output.status.code(), Some(1));
        let stderr = text(&output.stderr);
        assert!(stderr.contains(&format!("{data}/{kind}/ holds no records")), "{stderr}");
        assert!(stderr.contains("is the disk mounted?"), "{stderr}");
        assert_eq!(std::fs::read_dir(format!("{data}/{kind}")).unwrap().count(), 0);
    }
}

#[test]
fn without_the_master_key_verify_says_how_far_it_went() {
    let (_temp, data) = directory();
    prepare(data.as_ref());
    std::fs::remove_file(format!("{data}/keys/leads-signing.key")).unwrap();
    assert!(!text(&run(&["verify", &data]).stdout).contains("not opened"), "the signing key opens nothing");
    std::fs::remove_file(format!("{data}/keys/master.key")).unwrap();
    let output = run(&["verify", &data]);
    assert_eq!(output.status.code(), Some(0));
    let stdout = text(&output.stdout);
    assert!(stdout.contains("for want of the master key"), "{stdout}");
    assert!(stdout.contains("clean as far as it goes without the bodies"), "{stdout}");
}

#[test]
fn an_installation_that_nobody_administers_is_not_served_to_the_network() {
    let (_temp, data) = directory();
    let serve = ["serve", "--data", &data, "--listen", "0.0.0.0:0"];
    let output = glassline(&serve).env_remove("GLASSLINE_ADMIN_KEY").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("no administrator key exists yet"), "{}", text(&output.stderr));
    let mut command = glassline(&["serve", "--data", &data, "--listen", "127.0.0.1:0"]);
    command.env_remove("GLASSLINE_ADMIN_KEY");
    let server = Server::spawn(command);
    assert!(server.printed[0].starts_with("Administrator key, shown this once: gl_"));
    server.stop();
    let server = Server::spawn(glassline(&serve));
    assert!(!server.printed.iter().any(|line| line.contains("gl_")), "the key is printed once");
}

#[test]
fn a_flow_file_is_checked_with_its_lines() {
    let temp = TempDir::new().unwrap();
    let path = temp.path().join("flow.yaml");
    std::fs::write(&path, "flow:\n  id: flow_x\n  name: X\n  feilds: {}\n").unwrap();
    let output = run(&["flow", "check", path.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        text(&output.stderr).contains("line 4: the flow has no key \"feilds\"; did you mean \"fields\"?")
    );
    let output = run(&["flow", "check", FLOW]);
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).starts_with("flow_roofs: Roof inspections (8 fields, 2 sources, 2 steps)"));
}

#[tokio::test]
async fn flows_and_keys_are_made_beside_a_directory_and_over_a_server() {
    let (_temp, data) = directory();
    let secret = |output: &std::process::Output| {
        assert!(output.status.success(), "{}", text(&output.stderr));
        let stdout = text(&output.stdout);
        stdout.split_whitespace().find(|word| word.starts_with("gl_")).unwrap().to_owned()
    };
    let name = |output: &std::process::Output| {
        text(&output.stdout).split_whitespace().find(|word| word.starts_with("key_")).unwrap().to_owned()
    };
    let offline = run(&["key", "create", "--scope", "read", "--label", "reports", "--data", &data]);
    let publisher = run(&["key", "create", "--scope", "flows:write", "--data", &data]);
    let server = Server::start(data.as_ref());
    let url = server.address.as_str();
    let publish = ["flow", "publish", FLOW, "--url", url];
    let output = glassline(&publish).env("GLASSLINE_KEY", secret(&publisher)).output().unwrap();
    assert_eq!(text(&output.stdout), "Published version 1 of flow_roofs\n", "{}", text(&output.stderr));
    let output = glassline(&publish).env("GLASSLINE_KEY", secret(&publisher)).output().unwrap();
    assert!(text(&output.stdout).contains("nothing changed"));
    let output = glassline(&publish).env("GLASSLINE_KEY", secret(&offline)).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("lacks the scope flows:write"), "{}", text(&output.stderr));

    let create = ["key", "create", "--scope", "read", "--url", url, "--key", ADMIN];
    let online = run(&create);
    let flows = |secret: String| {
        let request = client().get(format!("{url}/flows")).bearer_auth(secret);
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!((flows(secret(&online)).await, flows(secret(&offline)).await), (200, 200));
    let output = run(&["key", "revoke", &name(&online), "--url", url, "--key", ADMIN]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(flows(secret(&online)).await, 401);
    assert!(server.stop().0.success());
    let output = run(&["key", "revoke", "key_none", "--data", &data]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn flags_stand_over_the_environment_over_the_file() {
    let (temp, data) = directory();
    let file = temp.path().join("glassline.toml");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    std::fs::write(&file, format!("data = {data:?}\nlisten = {taken:?}\n")).unwrap();
    let with_file = || glassline(&["serve", "--config", file.to_str().unwrap()]);
    let output = with_file().output().unwrap();
    assert!(text(&output.stderr).contains(&format!("cannot listen on {taken}")), "{}", text(&output.stderr));
    let mut command = with_file();
    command.env("GLASSLINE_LISTEN", "127.0.0.1:0");
    assert!(Server::spawn(command).stop().0.success());
    let mut command = with_file();
    command.env("GLASSLINE_LISTEN", &taken).args(["--listen", "127.0.0.1:0"]);
    assert!(Server::spawn(command).stop().0.success());
    std::fs::write(&file, "dta = \"x\"\n").unwrap();
    let output = with_file().output().unwrap();
    assert!(text(&output.stderr).contains("unknown field `dta`"), "{}", text(&output.stderr));
}
