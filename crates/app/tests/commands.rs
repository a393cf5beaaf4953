//! Commands: what they print, and the exit codes that scripts rely on.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::os::unix::fs::FileExt as _;

use support::{ADMIN, FLOW, Server, chain, client, get, glassline, prepare, run, text};
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
    assert!(stdout.contains(".hot at offset ") && stdout.contains("leads: 1 file, "), "{stdout}");

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
    let output = run(&["flow", "check", "--json", path.to_str().unwrap()]);
    let problem: serde_json::Value =
        serde_json::from_str(text(&output.stdout).lines().next().unwrap()).unwrap();
    assert_eq!((output.status.code(), &problem["line"]), (Some(1), &4.into()));
    let schema: serde_json::Value = serde_json::from_slice(&run(&["flow", "schema"]).stdout).unwrap();
    assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema");
    let output = run(&["flow", "check", FLOW]);
    assert_eq!(output.status.code(), Some(0));
    let good = "flow_roofs, Roof inspections (8 fields, 2 sources, 2 steps), is good to publish";
    assert_eq!(text(&output.stdout), format!("{FLOW}: {good}\n"));
}

#[test]
fn several_flow_files_are_checked_each_by_its_name() {
    let temp = TempDir::new().unwrap();
    let [small, wrong, missing] = ["small.yaml", "wrong.yaml", "missing.yaml"]
        .map(|name| temp.path().join(name).to_str().unwrap().to_owned());
    let flow =
        "flow:\n  id: flow_x\n  name: X\n  fields: { email: email }\n  sources: [ { entity: src_web } ]\n";
    std::fs::write(&small, flow).unwrap();
    std::fs::write(&wrong, flow.replace("fields", "feilds")).unwrap();

    let output = run(&["flow", "check", FLOW, &small]);
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let [first, second, sum] = stdout.lines().collect::<Vec<_>>()[..] else { panic!("{stdout}") };
    assert!(first.starts_with(&format!("{FLOW}: flow_roofs, ")), "{first}");
    assert_eq!(second, format!("{small}: flow_x, X (1 field, 1 source, 0 steps), is good to publish"));
    assert_eq!(sum, "2 files: 2 good to publish, 0 not");

    let output = run(&["flow", "check", &wrong, &missing, &small]);
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(1));
    assert!(
        stdout.contains("flow_x, X") && stdout.ends_with("3 files: 1 good to publish, 2 not\n"),
        "{stdout}"
    );
    assert!(stderr.contains(&format!("error: {wrong} cannot be used\nline 4: ")), "{stderr}");
    assert!(stderr.contains("missing.yaml"), "{stderr}");

    let output = run(&["flow", "check", "--json", &small, &wrong]);
    let problem: serde_json::Value =
        serde_json::from_str(text(&output.stdout).lines().next().unwrap()).unwrap();
    assert_eq!((output.status.code(), &problem["file"]), (Some(1), &wrong.into()));
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
    assert_eq!(text(&offline.stderr).matches("warning").count(), 0, "it names no party");
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
    let sender = ["key", "create", "--scope", "submit:src_nope", "--scope", "submit:src_web_form"];
    let sender = run(&[&sender[..], &create[4..]].concat());
    let warning = "warning: no source src_nope is known yet\n";
    let warned = text(&sender.stderr);
    assert!(secret(&sender).starts_with("gl_") && warned.contains(warning), "{warned}");
    assert!(!warned.contains("no source src_web_form"), "{warned}");
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
    let sender = run(&["key", "create", "--scope", "submit:src_nope", "--data", &data]);
    assert!(text(&sender.stderr).contains(warning), "{}", text(&sender.stderr));
}

#[tokio::test]
async fn a_lead_is_submitted_and_its_answer_sets_the_exit_code() {
    let (temp, data) = directory();
    prepare(data.as_ref());
    let server = Server::start(data.as_ref());
    let url = server.address.as_str();
    let to = ["submit", "--url", url, "--key", ADMIN, "--flow", "flow_roofs", "--source", "src_web_form"];
    let submit = |more: &[&str]| run(&[&to[..], more].concat());
    let answer = |output: &std::process::Output| -> serde_json::Value {
        serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", text(&output.stderr)))
    };
    let taken = submit(&["email=ann@example.com", "first_name=Ann", "state=TX"]);
    assert_eq!((taken.status.code(), &answer(&taken)["outcome"]), (Some(0), &"success".into()));
    let file = temp.path().join("lead.json");
    std::fs::write(&file, r#"{"email":"ben@example.com","state":"CA"}"#).unwrap();
    let refused = submit(&["--json", file.to_str().unwrap(), "--test"]);
    let told = answer(&refused);
    assert_eq!((refused.status.code(), &told["reason"]), (Some(4), &"Outside the service area".into()));
    let lead_id = told["lead"]["id"].as_str().unwrap();
    assert_eq!(chain(&client(), url, lead_id).await.len(), 4);
    let events = get(&client(), &format!("{url}/leads/{lead_id}/events")).await;
    assert_eq!(events["data"][0]["test"], true, "{events}");

    let mut piped = glassline(&[&to[..], &["--json", "-"]].concat());
    let mut piped =
        piped.stdin(std::process::Stdio::piped()).stdout(std::process::Stdio::piped()).spawn().unwrap();
    std::io::Write::write_all(
        &mut piped.stdin.take().unwrap(),
        br#"{"email":"eve@example.com","state":"OK"}"#,
    )
    .unwrap();
    assert!(piped.wait_with_output().unwrap().status.success());

    let keyed = |key: &str| submit(&["email=kim@example.com", "state=TX", "--idempotency-key", key]);
    // HTTP has no blanks around a value.
    assert_eq!(answer(&keyed("order-17"))["lead"], answer(&keyed(" order-17 "))["lead"]);
    let blank = keyed("order 17");
    assert_eq!(blank.status.code(), Some(1));
    assert!(text(&blank.stderr).contains("no blank inside, such as order-17"), "{}", text(&blank.stderr));

    let broken = submit(&["--json", FLOW]);
    assert_eq!((broken.status.code(), text(&broken.stdout)), (Some(1), String::new()));
    assert!(text(&broken.stderr).contains("the server says 400 Bad Request: "), "{}", text(&broken.stderr));
    assert_eq!(submit(&["no pair"]).status.code(), Some(2));
    assert_eq!(submit(&[]).status.code(), Some(2));
    let without_key =
        glassline(&["submit", "--url", url, "--flow", "flow_roofs", "--source", "src_web_form", "a=b"]);
    let output = { without_key }.output().unwrap();
    assert!(text(&output.stderr).contains("401"), "{}", text(&output.stderr));
    let nobody = run(&["submit", "--url", "http://127.0.0.1:1", "--flow", "f", "--source", "s", "a=b"]);
    assert_eq!(nobody.status.code(), Some(1));
    assert!(text(&nobody.stderr).contains("cannot reach the server at http://127.0.0.1:1/"));
}

#[test]
fn events_are_listed_with_the_filters_of_the_api() {
    let (_temp, data) = directory();
    prepare(data.as_ref());
    let server = Server::start(data.as_ref());
    let to = ["--url", server.address.as_str(), "--key", ADMIN];
    for (name, state) in [("ann", "TX"), ("ben", "CA"), ("eve", "OK")] {
        let (email, state) = (format!("email={name}@example.com"), format!("state={state}"));
        let lead = ["submit", "--flow", "flow_roofs", "--source", "src_web_form", &email, &state];
        run(&[&lead[..], &to].concat());
    }
    let events = |more: &[&str]| {
        let output = run(&[&["events"], more, &to].concat());
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let json = |more: &[&str]| -> Vec<serde_json::Value> {
        let lines = events(&[&["--json"], more].concat());
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    let all = json(&["--all", "--limit", "2", "--sort", "seq"]);
    let seqs: Vec<u64> = all.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(seqs.len(), 15, "three leads, and the opening of the ledger");
    assert!(seqs.is_sorted_by(|left, right| left < right), "{seqs:?}");
    assert_eq!(json(&["--limit", "3"]).len(), 3);
    let failed =
        json(&["--flow", "flow_roofs", "--type", "filter.*", "--outcome", "failure", "--start", "-1h"]);
    assert_eq!((failed.len(), &failed[0]["lead"]["email"]), (1, &"b•••@example.com".into()));
    let shown = json(&["--lead", failed[0]["lead_id"].as_str().unwrap(), "--reveal", "--why", "dispute 12"]);
    assert_eq!((shown.len(), &shown[1]["lead"]["email"]), (4, &"ben@example.com".into()));
    let rest = json(&["--type", "-filter.*", "--all"]);
    assert_eq!(rest.len(), 10, "a leading - leaves out");

    let table = events(&["--outcome", "failure", "--type", "filter.failed"]);
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 2, "{table}");
    assert!(lines[0].starts_with("SEQ     TIME ") && lines[0].ends_with("PRICE  REASON"), "{table}");
    assert!(lines[1].ends_with("Outside the service area"), "{table}");
    let wrong = run(&[&["events", "--outcome", "bad"], &to[..]].concat());
    assert_eq!(wrong.status.code(), Some(1));
    assert!(text(&wrong.stderr).contains("is not an outcome"), "{}", text(&wrong.stderr));
    assert_eq!(run(&["events", "--reveal"]).status.code(), Some(2), "a table shows no values");
}

#[test]
fn parties_keys_and_flows_are_listed_and_changed_in_a_directory_and_over_a_server() {
    let (_temp, data) = directory();
    prepare(data.as_ref());
    let list = |arguments: &[&str]| {
        let output = run(arguments);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let offline = ["--data", &data];
    assert_eq!(
        list(&[&["entity", "pause", "src_partner"], &offline[..]].concat()),
        "src_partner is paused\n"
    );
    let key = list(&[&["key", "create", "--scope", "read", "--label", "two words"], &offline[..]].concat());
    let key = key.split_whitespace().find(|word| word.starts_with("key_")).unwrap();
    let lists = |target: &[&str]| {
        [["entity", "list", "--json"], ["flow", "list", "--json"], ["key", "list", "--json"]]
            .map(|words| list(&[&words[..], target].concat()))
    };
    let told = lists(&offline);
    let table = list(&[&["entity", "list"], &offline[..]].concat());
    assert_eq!(
        table.lines().collect::<Vec<_>>(),
        [
            "ID            KIND     NAME          PAUSED  FLOWS",
            "src_partner   source   Partner Site  yes     flow_roofs",
            "src_web_form  source   Web Form      no      flow_roofs",
        ]
    );
    let unknown = run(&["entity", "pause", "buyer_none", "--data", &data]);
    assert_eq!(unknown.status.code(), Some(1));

    let server = Server::start(data.as_ref());
    let busy = run(&["flow", "list", "--data", &data]);
    let busy = text(&busy.stderr);
    assert!(busy.contains("in use by another process") && busy.contains("--url"), "{busy}");
    let online = ["--url", server.address.as_str(), "--key", ADMIN];
    let over_the_server = lists(&online);
    let parse = |lines: &str| -> Vec<serde_json::Value> {
        lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    };
    for at in [0, 1] {
        assert_eq!(parse(&told[at]), parse(&over_the_server[at]));
    }
    let keys = parse(&over_the_server[2]);
    assert!(
        keys.contains(&parse(&told[2])[0]) && keys.len() == 2,
        "the first administrator came with the server"
    );
    assert_eq!(keys.iter().find(|own| own["name"] == key).unwrap()["label"], "two words");
    assert_eq!(
        list(&[&["entity", "resume", "src_partner"], &online[..]].concat()),
        "src_partner takes part\n"
    );
    assert_eq!(parse(&lists(&online)[0])[0]["paused"], false);
    let versions = list(&[&["flow", "versions", "flow_roofs"], &online[..]].concat());
    assert!(versions.lines().nth(1).unwrap().starts_with("1        2"), "{versions}");
    let unknown = run(&[&["flow", "versions", "flow_none"], &online[..]].concat());
    assert_eq!(unknown.status.code(), Some(1));
}

#[test]
fn what_is_missing_is_named_and_a_key_from_the_environment_is_not() {
    for (words, missing) in [
        (&["key", "create"][..], "--scope <SCOPE>"),
        (&["events", "--reveal"], "--json"),
        (&["events", "--json", "--why", "dispute"], "--reveal"),
        (&["events", "tail", "--shape", "none"], "--json"),
        (&["submit", "a=b"], "--flow <FLOW>"),
        (&["entity", "cap", "buyer_premier"], "--max-leads <N>"),
        (&["feedback", "approve"], "Usage: glassline feedback approve [OPTIONS] <FEEDBACK_ID>...\n"),
        (
            &["dead-letters", "resend", "evt_1", "--all"],
            "Usage: glassline dead-letters resend [OPTIONS] [EVENT_ID]...\n",
        ),
    ] {
        let mut command = glassline(words);
        command.env("GLASSLINE_KEY", ADMIN).env("GLASSLINE_URL", "http://127.0.0.1:1");
        let output = command.output().unwrap();
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains(missing) && told.contains("Usage: "), "{told}");
        assert!(!told.contains("--key") && !told.contains("--url"), "{told}");
    }
}

#[test]
fn no_key_is_made_when_the_port_is_taken() {
    let (_temp, data) = directory();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = listener.local_addr().unwrap().to_string();
    let serve = |listen: &str| {
        let mut command = glassline(&["serve", "--data", &data, "--listen", listen]);
        command.env_remove("GLASSLINE_ADMIN_KEY");
        command
    };
    let output = serve(&taken).output().unwrap();
    assert_eq!((output.status.code(), text(&output.stdout)), (Some(1), String::new()));
    let server = Server::spawn(serve("127.0.0.1:0"));
    assert!(server.printed[0].starts_with("Administrator key, shown this once: gl_"), "{:?}", server.printed);
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

#[test]
fn caps_and_lists_are_made_beside_a_directory_and_over_a_server() {
    let (temp, data) = directory();
    prepare(data.as_ref());
    let file = temp.path().join("numbers.csv");
    std::fs::write(&file, "512-555-0143,Ann\n\nann@example.com\n").unwrap();
    let bad = temp.path().join("bad.csv");
    std::fs::write(&bad, "512-555-0150\n\" \",x\n").unwrap();
    let told = |arguments: &[&str], target: &[&str], status: i32| {
        let output = run(&[arguments, target].concat());
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout).trim_end().to_owned()
    };
    let play = |target: &[&str], list: &str| {
        assert_eq!(told(&["list", "create", list, "--ttl", "30d"], target, 0), format!("{list} is there"));
        let import = told(&["list", "import", list, file.to_str().unwrap()], target, 0);
        assert_eq!(import, format!("2 values are on {list}, 0 cannot be used; it has 2"));
        let import = told(&["list", "import", list, bad.to_str().unwrap()], target, 1);
        assert_eq!(import, format!("1 value is on {list}, 1 cannot be used; it has 3"));
        assert!(
            told(&["list", "check", list, "(512) 555-0143"], target, 0)
                .starts_with(&format!("it is on {list} since 20"))
        );
        told(&["list", "remove", list, "512-555-0143", "512-555-0150"], target, 0);
        told(&["list", "check", list, "(512) 555-0143"], target, 3);
        told(&["list", "add", list, "bob@example.com"], target, 0);
        let shown = told(&["list", "show", "--json"], target, 0);
        let shown: serde_json::Value = serde_json::from_str(shown.lines().next().unwrap()).unwrap();
        assert_eq!(
            (&shown["name"], &shown["items"], &shown["ttl"]),
            (&list.into(), &2.into(), &"30d".into())
        );
        told(&["list", "delete", list], target, 0);
        told(&["list", "check", list, "x"], target, 1);

        let cap = |rest: &[&str], status| {
            told(&[&["entity", "cap", "src_web_form"], rest].concat(), target, status)
        };
        cap(&["--max-leads", "100", "--per", "day"], 0);
        cap(&["--name", "Budget", "--max-spend", "12.50", "--per", "week", "--every", "2"], 0);
        cap(&["--max-leads", "200"], 0);
        // What is not said of it stays.
        cap(&["--name", "Budget", "--max-spend", "16"], 0);
        cap(&["--max-leads", "7", "--per", "hour"], 0);
        cap(&["--max-leads", "5", "--per", "fortnight"], 1);
        let parties = told(&["entity", "list", "--json"], target, 0);
        let party = parties.lines().find(|line| line.contains("src_web_form")).unwrap();
        let party: serde_json::Value = serde_json::from_str(party).unwrap();
        assert_eq!(
            party["caps"].to_string(),
            r#"[{"max_leads":200,"name":"Daily cap","per":"day"},{"every":2,"max_spend":"16","name":"Budget","per":"week"},{"max_leads":7,"name":"Hourly cap","per":"hour"}]"#
        );
        cap(&["--name", "Hourly cap", "--remove"], 0);
        cap(&["--remove"], 0);
        cap(&["--remove"], 1);
        cap(&["--name", "Budget", "--remove"], 0);
    };
    play(&["--data", &data], "dnc");
    let server = Server::start(data.as_ref());
    play(&["--url", server.address.as_str(), "--key", ADMIN], "dnc");
    server.stop();
    assert_eq!(run(&["verify", &data]).status.code(), Some(0));
}
