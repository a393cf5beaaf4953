//! `kill -9` under load, again and again: nothing that was answered is ever missing.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use support::{ADMIN, SUBMIT, Server, chain, client, get, prepare, run, text};
use tempfile::TempDir;
use tokio::sync::watch;

const ROUNDS: u64 = 50;
const CLIENTS: u64 = 6;
const SEED: u64 = 0x6c61_7373;

/// Submits until the server is gone; gives the leads that were answered.
async fn load(
    client: reqwest::Client,
    address: String,
    who: u64,
    answered: Arc<watch::Sender<u64>>,
) -> Vec<String> {
    let mut leads = Vec::new();
    for number in 0.. {
        let state = ["TX", "OK", "NY", ""][number % 4];
        let lead = format!(r#"{{"email":"person-{who}-{number}@example.com","state":"{state}"}}"#);
        let request = client.post(format!("{address}{SUBMIT}")).bearer_auth(ADMIN);
        let Ok(reply) = request.header("content-type", "application/json").body(lead).send().await else {
            break;
        };
        let status = reply.status().as_u16();
        let Ok(body) = reply.text().await else { break };
        assert_eq!(status, 201, "{body}");
        let answer: serde_json::Value = serde_json::from_str(&body).unwrap();
        leads.push(answer["lead"]["id"].as_str().unwrap().to_owned());
        answered.send_modify(|count| *count += 1);
    }
    leads
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_fifty_kills() {
    let data = TempDir::new().unwrap();
    prepare(data.path());
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut answered: Vec<String> = Vec::new();
    // What their chains were when first looked at.
    let mut chains: HashMap<String, Vec<String>> = HashMap::new();
    // How many of them earlier rounds have looked at.
    let mut checked = 0;
    for round in 0..=ROUNDS {
        let mut server = Server::start(data.path());
        let address = server.address.clone();
        let client = client();
        // Once more at the end, all of them: no later kill or recovery may take away what was there.
        let first = if round == ROUNDS { 0 } else { checked };
        for lead_id in &answered[first..] {
            let types = chain(&client, &address, lead_id).await;
            let ends = [types.first(), types.last()].map(|end| end.map(String::as_str));
            assert_eq!(ends, [Some("source.submitted"), Some("flow.completed")], "round {round}, {lead_id}");
            match chains.get(lead_id) {
                None => _ = chains.insert(lead_id.clone(), types),
                Some(before) => assert_eq!(*before, types, "round {round}, {lead_id}"),
            }
        }
        checked = answered.len();
        if round == ROUNDS {
            assert_eq!(chains.len(), answered.len(), "no lead is answered twice");
            every_lead_has_ended(&client, &address, answered.len() as u64).await;
            assert!(server.stop().0.success());
            break;
        }
        let (count, mut progress) = watch::channel(0);
        let count = Arc::new(count);
        let clients: Vec<_> = (0..CLIENTS)
            .map(|who| tokio::spawn(load(client.clone(), address.clone(), who, Arc::clone(&count))))
            .collect();
        // Not after a time but after some answers, so that a slow machine loses as much.
        let enough = random.random_range(1..80);
        let wait = progress.wait_for(|count| *count >= enough);
        tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap().unwrap();
        server.kill();
        for client in clients {
            answered.extend(client.await.unwrap());
        }
        let verified = run(&["verify", data.path().to_str().unwrap()]);
        assert!(verified.status.success(), "round {round}: {}", text(&verified.stdout));
    }
}

/// Also the leads that nobody was answered about went on to their end at the next start.
async fn every_lead_has_ended(client: &reqwest::Client, address: &str, answered: u64) {
    let mut counts = Vec::new();
    for event_type in ["source.submitted", "flow.completed"] {
        let mut count = 0;
        let mut next = format!("/flows/flow_roofs/events?type={event_type}&limit=1000");
        loop {
            let list = get(client, &format!("{address}{next}")).await;
            count += list["data"].as_array().unwrap().len() as u64;
            match list["next"].as_str() {
                Some(more) => next = more.to_owned(),
                None => break,
            }
        }
        counts.push(count);
    }
    assert_eq!(counts[0], counts[1]);
    assert!(counts[0] >= answered, "{} recorded, {answered} answered", counts[0]);
}
