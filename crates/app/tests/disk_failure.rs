//! A disk that takes no more while leads come in: the process says so and ends, and nothing that
//! was answered is lost.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::process::Command;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use support::{ADMIN, SUBMIT, Server, chain, client, glassline, prepare};
use tempfile::TempDir;

/// More than a hot file sets aside at first (16 MiB), less than twice that, in units of 512 bytes.
const FILE_BLOCKS_MAX: u32 = 40_000;

/// The server with a limit on the length of files, beyond which writing fails.
fn limited(data: &str) -> Command {
    let serve = glassline(&["serve", "--data", data, "--listen", "127.0.0.1:0"]);
    let mut shell = Command::new("sh");
    let script = format!("trap '' XFSZ; ulimit -f {FILE_BLOCKS_MAX}; exec \"$0\" \"$@\"");
    shell.args(["-c", &script]).arg(serve.get_program()).args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

#[tokio::test]
async fn a_failed_write_ends_the_process_and_loses_nothing_that_was_answered() {
    let data = TempDir::new().unwrap();
    prepare(data.path());
    let server = Server::spawn(limited(data.path().to_str().unwrap()));
    let client = client();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut answered = Vec::new();
    let refusal = loop {
        // Noise, so that compression does not help the disk.
        let noise: String =
            (0..400_000).map(|_| random.random_range('!'..='~')).filter(|c| !"\"\\".contains(*c)).collect();
        let lead = format!(r#"{{"email":"ann@example.com","state":"TX","last_name":"{noise}"}}"#);
        let request = client.post(format!("{}{SUBMIT}", server.address)).bearer_auth(ADMIN);
        let reply = request.header("content-type", "application/json").body(lead).send().await.unwrap();
        let (status, body) = (reply.status().as_u16(), reply.text().await.unwrap());
        if status != 201 {
            break (status, body);
        }
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        answered.push(answer["lead"]["id"].as_str().unwrap().to_owned());
        assert!(answered.len() < 100, "the limit is reached");
    };
    assert_eq!(refusal, (503, "Leads cannot be recorded at the moment; submit again later".to_owned()));
    assert!(!answered.is_empty());
    let (status, _, stderr) = server.wait();
    assert_eq!(status.code(), Some(3), "{stderr}");
    let last = stderr.lines().last().unwrap();
    assert!(last.starts_with("error: the ledger stopped: cannot ") && last.contains(".hot"), "{last}");

    let server = Server::start(data.path());
    for lead_id in answered {
        let types = chain(&client, &server.address, &lead_id).await;
        assert_eq!(types.last().map(String::as_str), Some("flow.completed"));
    }
}
