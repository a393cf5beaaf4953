//! What the user guide says of several buyers, pings, caps and explanations, done with the real binary.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use support::{ADMIN, Server, client, glassline, run, stand_in, text};
use tempfile::TempDir;

const GUIDE: &str = include_str!("../../../docs/user-guide.md");

/// The text of the first block of this kind that holds something.
fn block(kind: &str, holds: &str) -> &'static str {
    let fence = format!("```{kind}\n");
    let mut blocks = GUIDE.split(fence.as_str()).skip(1).map(|rest| rest.split_once("```").unwrap().0);
    blocks.find(|block| block.contains(holds)).unwrap()
}

/// Buyers of every name, whose hosts are the first parts of paths.
fn buyers() -> u16 {
    stand_in(|path| match path {
        "/north/ping" => ("200 OK", r#"{"bid":10.00,"token":"t1"}"#),
        "/shingle/leads" => ("200 OK", r#"{"status":"no","why":"Daily cap reached"}"#),
        _ => ("200 OK", "{}"),
    })
}

/// Serves a flow of the guide, whose buyers are on this machine.
fn serve(folder: &Path, flow: &str) -> Server {
    let port = buyers();
    let hosts = ["premier", "shingle", "eaves", "north", "south"];
    let flow = hosts.iter().fold(flow.to_owned(), |flow, host| {
        flow.replace(&format!("https://{host}.example.com/"), &format!("http://127.0.0.1:{port}/{host}/"))
    });
    let (file, data) = (folder.join("flow.yaml"), folder.join("data"));
    std::fs::write(&file, flow).unwrap();
    let file = file.to_str().unwrap();
    let published =
        run(&["flow", "publish", file, "--data", data.to_str().unwrap(), "--allow-host", "127.0.0.1"]);
    assert!(published.status.success(), "{}", text(&published.stderr));
    Server::start_with(&data, &["--allow-host", "127.0.0.1"])
}

fn ask(server: &Server, arguments: &[&str]) -> Output {
    glassline(arguments).args(["--url", &server.address]).env("GLASSLINE_KEY", ADMIN).output().unwrap()
}

/// What a command prints that works.
fn say(server: &Server, arguments: &[&str]) -> String {
    let output = ask(server, arguments);
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Ids as the guide writes them.
fn masked(line: &str) -> String {
    let mut line = line.to_owned();
    for start in ["lead_", "ping_"] {
        if let Some(at) = line.find(&format!("\"{start}0")) {
            let from = at + 1 + start.len();
            line.replace_range(from..from + 24, "018d…");
        }
    }
    line
}

#[test]
fn the_flows_of_the_guide_do_what_their_tests_say() {
    let temp = TempDir::new().unwrap();
    let path = temp.path().join("flow.yaml");
    let tried = |flow: &str| {
        std::fs::write(&path, flow).unwrap();
        let output = run(&["flow", "test", path.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(0), "{}{}", text(&output.stdout), text(&output.stderr));
        assert!(text(&output.stdout).ends_with("1 test: 1 ok, 0 failed\n"));
    };
    let gutters = block("yaml", "flow_gutters");
    let skipped = "      - recipient.skipped premier reason State must be equal to NY\n";
    assert!(gutters.contains(skipped));
    for (strategy, expected) in [
        ("waterfall", skipped),
        ("highest_bid", skipped),
        ("all", skipped),
        ("round_robin", ""),
        ("weighted", ""),
    ] {
        let flow = gutters.replace("strategy: waterfall ", &format!("strategy: {strategy} "));
        tried(&flow.replace(skipped, expected));
    }
    tried(block("yaml", "flow_siding"));
}

#[test]
fn a_price_is_asked_for_and_taken_up_as_the_guide_does() {
    let flow = block("yaml", "flow_siding");
    let temp = TempDir::new().unwrap();
    let server = serve(temp.path(), flow);
    let commands = block("sh", "src_exchange/ping");
    let [curl, submit] = commands.lines().collect::<Vec<_>>()[..] else { panic!("{commands}") };
    let [offered, sold] = block("json", "ping_token").lines().collect::<Vec<_>>()[..] else {
        panic!("two answers")
    };

    let path = curl.split_once("http://127.0.0.1:8080").unwrap().1;
    let form = curl.split(' ').find(|word| word.contains('=')).unwrap();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let answer = runtime.block_on(async {
        let ping = client().post(format!("{}{path}", server.address)).bearer_auth(ADMIN);
        let ping = ping.header("content-type", "application/x-www-form-urlencoded").body(form);
        ping.send().await.unwrap().text().await.unwrap()
    });
    assert_eq!(masked(answer.trim()), offered);
    let answer: Value = serde_json::from_str(&answer).unwrap();
    let submit = submit.replace("ping_018d…", answer["ping_token"].as_str().unwrap());
    let words: Vec<&str> = submit.split(' ').skip(1).collect();
    assert_eq!(masked(say(&server, &words).trim()), sold);
}

#[test]
fn it_is_explained_why_a_buyer_did_not_get_the_lead_as_the_guide_shows() {
    let temp = TempDir::new().unwrap();
    let server = serve(temp.path(), block("yaml", "flow_gutters"));
    let submit =
        ["submit", "--flow", "flow_gutters", "--source", "src_web", "email=ann@example.com", "state=TX"];
    let answer: Value = serde_json::from_str(&say(&server, &submit)).unwrap();
    let lead_id = answer["lead"]["id"].as_str().unwrap();

    assert_eq!(say(&server, &["explain", lead_id]), block("text", "ATTEMPTS"));
    let json: Value = serde_json::from_str(&say(&server, &["explain", lead_id, "--json"])).unwrap();
    assert_eq!((&json["lead_id"], &json["recipients"][1]["status"]), (&lead_id.into(), &"declined".into()));
    assert_eq!(json["recipients"][0]["rules"][0]["passed"], false);

    let output = ask(&server, &["explain", "lead_018d0d882e839a41d06f0001"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("404"), "{}", text(&output.stderr));
    assert_eq!(run(&["explain"]).status.code(), Some(2));
}

#[test]
fn caps_are_listed_with_what_they_count() {
    let temp = TempDir::new().unwrap();
    let server = serve(temp.path(), block("yaml", "flow_gutters"));
    let caps = |more: &[&str]| say(&server, &[&["caps"], more].concat());
    assert_eq!(caps(&[]), "CAP  COUNTS  MAX  USED  RESERVED  FULL  REFUSED  PER  UNTIL\n");
    assert_eq!(caps(&["--json"]), "");
    say(&server, &["entity", "cap", "buyer_eaves", "--max-leads", "1"]);
    let budget = ["--name", "Budget", "--max-spend", "100.50", "--per", "week", "--every", "2"];
    say(&server, &[&["entity", "cap", "buyer_eaves"], &budget[..]].concat());
    for _ in 0..2 {
        ask(
            &server,
            &["submit", "--flow", "flow_gutters", "--source", "src_web", "email=ann@example.com", "state=TX"],
        );
    }
    let table = caps(&[]);
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    let find = |name: &str| {
        let row = rows.iter().find(|row| row[0].ends_with(name));
        row.unwrap_or_else(|| panic!("{table}"))[..8].to_vec()
    };
    assert_eq!(
        find("/daily_cap"),
        ["buyer_eaves/daily_cap", "leads", "1", "1", "0", "yes", "1", "day"],
        "{table}"
    );
    assert_eq!(
        find("/budget"),
        ["buyer_eaves/budget", "money", "100.5", "6", "0", "no", "0", "2 weeks"],
        "{table}"
    );
    let lines = caps(&["--json"]);
    let caps: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((caps.len(), &caps[0]["entity_id"]), (2, &"buyer_eaves".into()));

    let output = glassline(&["caps", "--url", &server.address]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stderr).contains("401"), "{}", text(&output.stderr));
}

#[test]
fn a_command_that_the_guide_names_is_one() {
    let commands = GUIDE.split("```sh\n").skip(1).flat_map(|rest| rest.split_once("```").unwrap().0.lines());
    let mut seen = 0;
    for line in commands.filter(|line| line.starts_with("glassline ")) {
        let words: Vec<&str> =
            line.split_whitespace().skip(1).take_while(|word| !word.starts_with(['-', '#'])).collect();
        let known = ["serve", "submit", "events", "caps", "explain", "verify", "demo"];
        let take = if known.contains(&words[0]) { 1 } else { 2 };
        let output = run(&[&words[..take], &["--help"]].concat());
        assert!(output.status.success() && text(&output.stdout).contains("Usage: "), "{line}");
        seen += 1;
    }
    assert!(seen > 30, "{seen}");
}
