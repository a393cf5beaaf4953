//! `kill -9` of the whole server under load, again and again, with partners that are slow, reset and
//! busy: nothing that was answered is ever missing, and no buyer has a lead twice.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "helpers of tests")]

#[path = "support/partners.rs"]
mod partners;
mod support;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use partners::{Book, Partners};
use rand::RngExt as _;
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use support::{ADMIN, Server, client, get, run, text};
use tempfile::TempDir;
use tokio::sync::watch;

const ROUNDS: u64 = 50;
const CLIENTS: u64 = 6;
const SEED: u64 = 0x6c61_7373;
const PATIENCE: Duration = Duration::from_secs(60);
const SUBMIT: &str = "/flows/flow_roofs/sources/src_web/submit";
/// Attempts of each buyer, in all.
const ATTEMPTS: usize = 3;

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form }
  svc_check: { kind: service, name: Phone Check }
  buyer_bid: { kind: buyer, name: Bidding Buyer }
  buyer_fix: { kind: buyer, name: Fixed Buyer }
flow:
  id: flow_roofs
  name: Roofs
  fields: { email: { type: email, required: true }, state: state }
  price: { fixed: 8.00 }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - { id: in_area, kind: filter, require: { field: lead.state, op: in, value: [ TX, OK ] }, reason: Not in our area }
    - id: check
      kind: enhancement
      entity: svc_check
      integration: custom_query
      request: { url: "http://127.0.0.1:PORT/check", parameters: { state: "{{lead.state}}" } }
      timeout: 300ms
    - id: bid
      kind: recipient
      entity: buyer_bid
      integration: custom_json
      request:
        url: http://127.0.0.1:PORT/bid
        headers: { x-lead: "{{lead.id}}" }
        fields: { mail: "{{lead.email}}" }
      response: { outcome: { path: status, term: accepted }, reason: { path: why }, price: { path: bid } }
      price: { from: reply }
      timeout: 300ms
      retry: { attempts: 3, backoff: [ 200ms ] }
    - id: fix
      kind: recipient
      entity: buyer_fix
      integration: custom_form
      request:
        url: http://127.0.0.1:PORT/fix
        headers: { x-lead: "{{lead.id}}" }
        fields: { mail: "{{lead.email}}" }
      response: { outcome: { path: status, term: accepted }, reason: { path: why } }
      price: { fixed: 25.00 }
      timeout: 300ms
      retry: { attempts: 3, backoff: [ 200ms ] }
    - id: sold
      kind: filter
      require:
        any:
          - { field: bid.outcome, op: is equal to, value: success }
          - { field: fix.outcome, op: is equal to, value: success }
      reason: No buyer
"#;

/// A submission under its idempotency key.
#[derive(Debug, Clone)]
struct Sent {
    key: String,
    body: String,
}

/// What a client was told.
#[derive(Debug, Clone, PartialEq)]
struct Told {
    lead_id: String,
    outcome: String,
    price: f64,
}

/// Submits once; nothing when the server is gone before it has answered.
async fn submit(client: &reqwest::Client, address: &str, sent: &Sent) -> Option<Told> {
    let request = client
        .post(format!("{address}{SUBMIT}"))
        .header("content-type", "application/json")
        .header("idempotency-key", &sent.key)
        .body(sent.body.clone());
    let reply = request.send().await.ok()?;
    let status = reply.status().as_u16();
    let body = reply.text().await.ok()?;
    assert_eq!(status, 201, "{body}");
    let answer: Value = serde_json::from_str(&body).unwrap();
    Some(Told {
        lead_id: answer["lead"]["id"].as_str().unwrap().to_owned(),
        outcome: answer["outcome"].as_str().unwrap().to_owned(),
        price: answer["price"].as_f64().unwrap_or_default(),
    })
}

/// Sends first what has no answer from before, then new leads, until the server is gone; gives what was
/// answered and what was not.
async fn load(
    client: reqwest::Client,
    address: String,
    name: String,
    unanswered: Vec<Sent>,
    answered: Arc<watch::Sender<u64>>,
) -> (Vec<(Sent, Told)>, Vec<Sent>) {
    let mut told = Vec::new();
    let mut open = unanswered.into_iter();
    for number in 0.. {
        let sent = open.next().unwrap_or_else(|| {
            let state = ["TX", "OK", "TX", "NY"][number % 4];
            let body = format!(r#"{{"email":"person-{name}-{number}@example.com","state":"{state}"}}"#);
            Sent { key: format!("{name}-{number}"), body }
        });
        match submit(&client, &address, &sent).await {
            Some(answer) => told.push((sent, answer)),
            None => return (told, std::iter::once(sent).chain(open).collect()),
        }
        answered.send_modify(|count| *count += 1);
    }
    unreachable!("there is always another lead")
}

fn serve(data: &Path) -> Server {
    Server::start_with(data, &["--allow-host", "127.0.0.1"])
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_survives_fifty_kills_and_no_buyer_has_a_lead_twice() {
    let data = TempDir::new().unwrap();
    let partners = Partners::start(SEED);
    let flow = data.path().join("flow.yaml");
    std::fs::write(&flow, FLOW.replace("PORT", &partners.port.to_string())).unwrap();
    let data = data.path().join("data");
    let publish = ["flow", "publish", flow.to_str().unwrap(), "--data", data.to_str().unwrap()];
    let published = run(&publish);
    assert!(published.status.success(), "{}", text(&published.stderr));

    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let client = client();
    let mut answers: HashMap<String, Told> = HashMap::new();
    let mut unanswered: Vec<Sent> = Vec::new();
    for round in 0..ROUNDS {
        let mut server = serve(&data);
        let (count, mut progress) = watch::channel(0);
        let count = Arc::new(count);
        let mut open = vec![Vec::new(); CLIENTS as usize];
        for (at, sent) in std::mem::take(&mut unanswered).into_iter().enumerate() {
            open[at % CLIENTS as usize].push(sent);
        }
        let clients: Vec<_> = open
            .into_iter()
            .enumerate()
            .map(|(who, open)| {
                let name = format!("{round}-{who}");
                let address = server.address.clone();
                tokio::spawn(load(client.clone(), address, name, open, Arc::clone(&count)))
            })
            .collect();
        // Not after a time but after some answers, so that a slow machine loses as much.
        let enough = random.random_range(1..40);
        let wait = progress.wait_for(|count| *count >= enough);
        tokio::time::timeout(PATIENCE, wait).await.unwrap().unwrap();
        server.kill();
        for client in clients {
            let (told, open) = client.await.unwrap();
            unanswered.extend(open);
            for (sent, told) in told {
                let before = answers.insert(sent.key.clone(), told.clone());
                assert!(before.is_none_or(|before| before == told), "{} has two answers", sent.key);
            }
        }
        let verified = run(&["verify", data.to_str().unwrap()]);
        assert!(verified.status.success(), "round {round}: {}", text(&verified.stdout));
    }

    let server = serve(&data);
    for sent in unanswered {
        let told = submit(&client, &server.address, &sent).await.unwrap();
        answers.insert(sent.key, told);
    }
    let leads = at_rest(&client, &server.address).await;
    check(&leads, &answers, &partners);
    let (status, _, errors) = server.stop();
    assert!(status.success(), "{errors}");
    let verified = run(&["verify", data.to_str().unwrap()]);
    assert!(verified.status.success(), "{}", text(&verified.stdout));
}

/// The events of all leads, each oldest first, once no retry waits and no attempt is under way. Waits for
/// the very events: the stream tells when there are more.
async fn at_rest(client: &reqwest::Client, address: &str) -> HashMap<String, Vec<Value>> {
    let stream = format!("{address}/events/stream?shape=none");
    let mut stream = client.get(stream).bearer_auth(ADMIN).send().await.unwrap();
    loop {
        let leads = all_events(client, address).await;
        if leads.values().all(|events| is_at_rest(events)) {
            return leads;
        }
        tokio::time::timeout(PATIENCE, stream.chunk()).await.unwrap().unwrap().unwrap();
    }
}

fn is_at_rest(events: &[Value]) -> bool {
    let mut open: HashMap<&str, bool> = HashMap::new();
    for event in events {
        let step = event["step_id"].as_str().unwrap_or_default();
        match kind(event) {
            "recipient.attempted" | "retry.scheduled" | "retry.attempted" => _ = open.insert(step, true),
            "recipient.delivered" | "recipient.failed" | "recipient.error" | "recipient.skipped" => {
                open.insert(step, false);
            }
            _ => {}
        }
    }
    events.iter().any(|event| kind(event) == "flow.completed") && open.values().all(|open| !open)
}

async fn all_events(client: &reqwest::Client, address: &str) -> HashMap<String, Vec<Value>> {
    let mut leads: HashMap<String, Vec<Value>> = HashMap::new();
    let mut next = "/flows/flow_roofs/events?sort=seq&limit=1000&shape=none".to_owned();
    loop {
        let list = get(client, &format!("{address}{next}")).await;
        for event in list["data"].as_array().unwrap() {
            let lead_id = event["lead_id"].as_str().unwrap().to_owned();
            leads.entry(lead_id).or_default().push(event.clone());
        }
        match list["next"].as_str() {
            Some(more) => more.clone_into(&mut next),
            None => return leads,
        }
    }
}

fn kind(event: &Value) -> &str {
    event["type"].as_str().unwrap()
}

/// The ledger against what clients were told and what buyers saw.
fn check(leads: &HashMap<String, Vec<Value>>, answers: &HashMap<String, Told>, partners: &Partners) {
    // Every key got its answer in the end, so there is one lead for each, and no other.
    let mut of_keys: Vec<&str> = answers.values().map(|told| &*told.lead_id).collect();
    of_keys.sort_unstable();
    let mut of_ledger: Vec<&str> = leads.keys().map(String::as_str).collect();
    of_ledger.sort_unstable();
    assert_eq!(of_keys, of_ledger);

    let book = partners.book();
    for told in answers.values() {
        let events = &leads[&told.lead_id];
        let tell = || events.iter().map(|event| format!("{event}\n")).collect::<String>();
        for (at, event) in events.iter().enumerate() {
            assert_eq!(event["lead_seq"], at + 1, "{}", tell());
        }
        assert_eq!(kind(&events[0]), "source.submitted", "{}", tell());
        let completed: Vec<&Value> = events.iter().filter(|event| kind(event) == "flow.completed").collect();
        assert_eq!(completed.len(), 1, "{}", tell());
        assert_eq!(completed[0]["outcome"], *told.outcome, "{}", tell());
        assert_eq!(completed[0]["cost"].as_f64().unwrap_or_default(), told.price, "{}", tell());
        check_buyers(&told.lead_id, events, &book);
        let mut sold = 0.0;
        for event in events.iter().take_while(|event| kind(event) != "flow.completed") {
            if kind(event) == "recipient.delivered" {
                sold += event["price"].as_f64().unwrap();
            }
        }
        assert_eq!(completed[0]["revenue"].as_f64().unwrap_or_default(), sold, "{}", tell());
    }
    let asked: usize = book.values().map(|known| known.requests).sum();
    let of_type = |wanted| leads.values().flatten().filter(|event| kind(event) == wanted).count();
    println!(
        "{} leads, {asked} requests to buyers, {} sales, {} retries, {} attempts cut off by a kill",
        leads.len(),
        of_type("recipient.delivered"),
        of_type("retry.attempted"),
        leads.values().flatten().filter(|event| event["reason"] == "Outcome unknown after restart").count(),
    );
    assert!(of_type("retry.attempted") > 10 && of_type("recipient.delivered") > 100);
}

fn check_buyers(lead_id: &str, events: &[Value], book: &Book) {
    for step in ["bid", "fix"] {
        let place = (format!("/{step}"), lead_id.to_owned());
        let known = book.get(&place).cloned().unwrap_or_default();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in events.iter().filter(|event| event["step_id"] == step) {
            *counts.entry(kind(event)).or_default() += 1;
            if kind(event) == "recipient.attempted" && event["attempt"] == 1 {
                let id = event["delivery_id"].as_str().unwrap();
                assert_eq!(event["id"], id, "the first attempt is the delivery");
                assert!(known.delivery_ids.iter().all(|seen| seen == id), "{lead_id}: {known:?}");
            }
        }
        let count = |wanted| counts.get(wanted).copied().unwrap_or(0);
        let attempts = count("recipient.attempted");
        let ends = count("recipient.delivered") + count("recipient.failed") + count("recipient.error");
        assert!(known.delivery_ids.len() <= 1, "{lead_id}: {known:?}");
        assert!(known.requests <= attempts && attempts <= ATTEMPTS, "{lead_id} {step}: {counts:?} {known:?}");
        assert_eq!(attempts, ends, "{lead_id} {step}: {counts:?}");
        assert_eq!(count("retry.scheduled"), count("retry.attempted"), "{lead_id} {step}: {counts:?}");
        if count("recipient.delivered") > 0 {
            assert!(known.accepted > 0, "{lead_id} {step}: {counts:?} {known:?}");
        }
    }
}
