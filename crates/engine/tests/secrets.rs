//! Secrets: requests are made with them, and nothing else ever has them. A new value is used by the next
//! request, and nobody can read the old one an hour later.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::path::Path;
use std::time::Duration;

use domain::{EventKind, LeadId, SecretName, Value};
use engine::{Barrier, Barriers, ControlError, FeedbackError, Report, Sale};
use ledger::StoredBody;
use wire::flow_file::FlowFile;

use crate::support::{House, start};

const FLOW: &str = r#"
secrets: [ premier_key, check_key ]
entities:
  src_web: { kind: source, name: Web Form A }
  svc_check: { kind: service, name: Check }
  buyer_premier: { kind: buyer, name: Premier Leads }
flow:
  id: flow_loans
  name: Loans
  fields: { first_name: first_name, comments: string }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: check
      kind: enhancement
      entity: svc_check
      integration: custom_query
      request:
        url: "https://check.example.com/v1/{{secret.check_key}}"
        parameters: { who: "{{lead.first_name}}", sign: "{{sha256 lead.first_name salt=secret.check_key}}" }
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request:
        url: https://premier.example.com/leads
        headers: { x-key: "Key {{secret.premier_key}}" }
        basic_auth: { user: glass, password: "{{secret.premier_key}}" }
        fields: { name: "{{lead.first_name}}", key: "{{secret.premier_key}}", echo: "{{check.said}}" }
      response: { outcome: { path: status, term: accepted }, reason: { path: why } }
      price: { fixed: 10 }
      retry: { attempts: 3, backoff: [ 10s ] }
      feedback: { returns: 7d }
"#;

const PREMIER: &str = "Blue Whale/7";
const CHECK: &str = "quick-Otter=9";
/// `sha256("Zebuloncheck_key…")` as the partner gets it, which is a key of its own.
const SIGN: &str = "SIGN";

/// Replies that repeat what they were sent, in several spellings.
const SCRIPT: &str = r#"
    svc_check: 200 {"said":"your key quick-otter=9 or \u0071uick-otter%3D9","sign":"SIGN","n":1}
    buyer_premier: 503 {"why":"no"} | 200 {"status":"no","why":"Unknown key blue whale/7","auth":"Basic Z2xhc3M6Qmx1ZSBXaGFsZS83"}
"#;

/// What must never be found, in lower case.
fn never() -> Vec<String> {
    let sign = sign();
    [
        "blue whale/7",
        "blue+whale%2f7",
        "blue%20whale%2f7",
        "quick-otter=9",
        "quick-otter%3d9",
        &sign,
        "z2xhc3m6qmx1zsbxagfszs83",
    ]
    .map(str::to_owned)
    .to_vec()
}

fn sign() -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(format!("Zebulon{CHECK}")).iter().map(|byte| format!("{byte:02x}")).collect()
}

fn name(text: &str) -> SecretName {
    text.parse().unwrap()
}

async fn set(house: &House, secret: &str, value: &str) -> u32 {
    house.control.set_secret("key_1", &name(secret), value.parse().unwrap()).await.unwrap().version
}

async fn house(barriers: Barriers) -> House {
    let script = SCRIPT.replace(SIGN, &sign());
    let house = House::without(tempfile::tempdir().unwrap(), start(), &script, barriers);
    set(&house, "premier_key", PREMIER).await;
    set(&house, "check_key", CHECK).await;
    house.control.publish_flow("system", &FlowFile::read(FLOW).unwrap()).await.unwrap();
    house
}

async fn submit(house: &House) -> LeadId {
    let submission =
        house.submission("flow_loans", "src_web", &[("first_name", "Zebulon"), ("comments", "hello")]);
    house.engine.submit(submission).await.unwrap().lead_id
}

/// Everything of the leads that can be read with the keys of the installation, headers of the control
/// ledger, and all files as they are.
fn everything(house: &House) -> Vec<(String, String)> {
    let mut texts = Vec::new();
    for (which, ledger) in [("leads", &house.leads), ("control", house.control.ledger())] {
        let reader = ledger.reader();
        for seq in 0..reader.next_seq() {
            let record = reader.record(seq).unwrap().unwrap();
            let header = String::from_utf8(record.header.clone()).unwrap();
            // The one place that has them.
            if !header.contains("\"secret.set\"") {
                let body = String::from_utf8(record.body.bytes().unwrap_or_default().to_vec()).unwrap();
                texts.push((format!("body of {seq} of {which}"), body));
            }
            texts.push((format!("header of {seq} of {which}"), header));
        }
    }
    add_files(house.directory.path(), &mut texts);
    texts
}

fn add_files(directory: &Path, texts: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, texts);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let text = bytes.iter().map(|byte| char::from(*byte)).filter(|letter| *letter != '\0').collect();
            texts.push((path.display().to_string(), text));
        }
    }
}

fn leaks(texts: &[(String, String)]) -> Vec<String> {
    let never = never();
    let mut found = Vec::new();
    for (place, text) in texts {
        for form in [text.clone(), text.replace("\\u0071", "q")] {
            let form = form.to_lowercase();
            found.extend(
                never
                    .iter()
                    .filter(|never| form.contains(never.as_str()))
                    .map(|never| format!("{place}: {never}")),
            );
        }
    }
    found
}

fn holds(texts: &[(String, String)], wanted: &str) -> bool {
    texts.iter().any(|(place, text)| place.starts_with("body") && text.contains(wanted))
}

#[tokio::test]
async fn requests_have_what_no_record_holds() {
    let house = house(Barriers::ALL).await;
    let lead_id = submit(&house).await;
    house.retry_all().await;

    let seen = house.parties.seen();
    assert_eq!(seen.len(), 3);
    let (_, check) = &seen[0];
    assert_eq!(
        check.url,
        format!("https://check.example.com/v1/quick-Otter%3D9?who=Zebulon&sign={}", sign())
    );
    for (_, premier) in &seen[1..] {
        let header = |name: &str| {
            premier.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str()).unwrap()
        };
        assert_eq!(
            (header("x-key"), header("Authorization")),
            ("Key Blue Whale/7", "Basic Z2xhc3M6Qmx1ZSBXaGFsZS83")
        );
        let body = String::from_utf8_lossy(&premier.body);
        assert!(body.contains(r#""key":"Blue Whale/7""#), "{body}");
        // What a partner repeats is no way out to another partner.
        assert!(body.contains(r#""echo":"your key ************* or *************""#), "{body}");
    }

    let event_id = house
        .events(lead_id)
        .iter()
        .find(|event| matches!(event.kind, EventKind::RecipientFailed { .. }))
        .map(|event| event.head.id);
    assert!(event_id.is_some());
    let texts = everything(&house);
    assert_eq!(leaks(&texts), Vec::<String>::new());
    for wanted in [
        "/v1/%5Bsecret%20check_key%5D?who=Zebulon",
        "x-key: Key [secret premier_key]",
        r#"\"key\":\"[secret premier_key]\""#,
        // glass:[secret premier_key]
        "Basic Z2xhc3M6W3NlY3JldCBwcmVtaWVyX2tleV0=",
        "Unknown key ************",
    ] {
        assert!(holds(&texts, wanted), "{wanted}");
    }
}

/// The same search finds secrets where they are not taken out, so what it does not find is not there.
#[tokio::test]
async fn without_masks_the_search_finds_them() {
    let house = house(Barriers::without(Barrier::Masking)).await;
    submit(&house).await;
    house.retry_all().await;
    let found = leaks(&everything(&house));
    for never in never() {
        let in_a_body = |leak: &&String| leak.starts_with("body") && leak.ends_with(&never);
        // Spellings that only files of another kind would have are not there to be found.
        let is_sent = !never.contains('+') && !never.contains("blue%20");
        assert_eq!(found.iter().any(|leak| in_a_body(&leak)), is_sent, "{never}");
    }
}

#[tokio::test]
async fn a_flow_needs_its_secrets_and_a_step_is_skipped_without() {
    let house = House::open(
        tempfile::tempdir().unwrap(),
        start(),
        "svc_check: 200 {}\nbuyer_premier: 200 {\"status\":\"accepted\"}",
    );
    set(&house, "check_key", CHECK).await;
    let file = FlowFile::read(FLOW).unwrap();
    let error = house.control.publish_flow("system", &file).await.unwrap_err();
    assert!(matches!(error, ControlError::MissingSecrets(_)));
    assert_eq!(
        error.to_string(),
        "line 2: the secret premier_key is not set; set it with: glassline secret set premier_key"
    );
    assert!(house.control.flows().is_empty());

    set(&house, "premier_key", PREMIER).await;
    house.control.publish_flow("system", &file).await.unwrap();
    assert!(house.control.remove_secret("key_1", &name("premier_key")).await.unwrap());
    assert!(!house.control.remove_secret("key_1", &name("premier_key")).await.unwrap());
    assert!(!house.control.remove_secret("key_1", &name("nobody")).await.unwrap());
    let lead_id = submit(&house).await;
    let chain = house.chain(lead_id);
    let wanted = "recipient.skipped    premier (request: The request cannot be made: the secret premier_key is not set; set it with: glassline secret set premier_key)";
    assert!(chain.contains(wanted), "{chain}");
    assert_eq!(house.parties.seen().len(), 1);

    // Set again it goes on, under the next version.
    assert_eq!(set(&house, "premier_key", "another one").await, 2);
    let chain = house.chain(submit(&house).await);
    assert!(chain.contains("recipient.delivered"), "{chain}");
}

#[tokio::test]
async fn a_new_value_is_used_by_the_next_request_and_the_old_one_is_masked_a_while() {
    let house = house(Barriers::ALL).await;
    let lead_id = submit(&house).await;
    assert_eq!(set(&house, "premier_key", "Green Whale/8").await, 2);
    house.retry_all().await;
    let keys: Vec<String> = house.parties.seen()[1..]
        .iter()
        .map(|(_, request)| request.headers.iter().find(|(name, _)| name == "x-key").unwrap().1.clone())
        .collect();
    assert_eq!(keys, ["Key Blue Whale/7", "Key Green Whale/8"]);
    let texts = everything(&house);
    assert_eq!(leaks(&texts), Vec::<String>::new(), "the reply to the retry repeats the old value");
    assert!(house.chain(lead_id).contains("recipient.failed"));
}

/// The body of the record that set a version of a secret.
fn stored(house: &House, secret: &str, version: u32) -> StoredBody {
    let reader = house.control.ledger().reader();
    let wanted = format!("\"secret_name\":\"{secret}\",\"secret_version\":{version}");
    let records = (0..reader.next_seq()).map(|seq| reader.record(seq).unwrap().unwrap());
    let mut found = records.filter(|record| {
        let header = String::from_utf8(record.header.clone()).unwrap();
        header.contains("\"secret.set\"") && header.contains(&wanted)
    });
    found.next().unwrap().body
}

fn is_open(house: &House, secret: &str, version: u32) -> bool {
    match stored(house, secret, version) {
        StoredBody::Open(_) => true,
        StoredBody::Erased => false,
        StoredBody::None => panic!("a secret that was set has a body"),
    }
}

#[tokio::test]
async fn an_hour_after_it_was_replaced_nobody_can_read_a_value() {
    let house = house(Barriers::ALL).await;
    set(&house, "premier_key", "Green Whale/8").await;
    house.control.remove_secret("key_1", &name("check_key")).await.unwrap();
    house.advance(Duration::from_secs(3599));
    assert_eq!(house.control.destroy_old_secrets().await.unwrap(), 0);
    assert!(is_open(&house, "premier_key", 1) && is_open(&house, "check_key", 1));
    house.advance(Duration::from_secs(1));
    assert_eq!(house.control.destroy_old_secrets().await.unwrap(), 2);
    assert_eq!(house.control.destroy_old_secrets().await.unwrap(), 0);
    let told = |house: &House| {
        [("premier_key", 1), ("check_key", 1), ("premier_key", 2)]
            .map(|(name, version)| is_open(house, name, version))
    };
    assert_eq!(told(&house), [false, false, true]);

    // A crash may tear the slot that is being destroyed: the next start destroys it again.
    let directory = house.close();
    let vault = directory.path().join("control").join("vault");
    let mut bytes = std::fs::read(&vault).unwrap();
    let erased: Vec<usize> = (64..bytes.len()).step_by(64).filter(|at| bytes[*at] == 2).collect();
    assert_eq!(erased.len(), 2);
    bytes[erased[0] + 8..erased[0] + 40].fill(7);
    std::fs::write(&vault, &bytes).unwrap();
    let house = House::open(directory, start(), "");
    assert_eq!(told(&house), [false, false, true]);
    let listed: Vec<_> =
        house.control.secrets().iter().map(|secret| (secret.name.to_string(), secret.version)).collect();
    assert_eq!(listed, [("premier_key".to_owned(), 2)]);
    assert_eq!(set(&house, "check_key", "once more").await, 2);
}

#[tokio::test]
async fn a_key_that_is_damaged_though_nobody_destroyed_it_stops_the_start() {
    let house = House::open(tempfile::tempdir().unwrap(), start(), "");
    set(&house, "premier_key", PREMIER).await;
    let directory = house.close();
    // Nothing but the secret is in this ledger, so whichever slot it has, no other record needs one.
    let vault = directory.path().join("control").join("vault");
    let mut bytes = std::fs::read(&vault).unwrap();
    for slot in bytes[64..].chunks_mut(64) {
        slot[8..40].fill(7);
    }
    std::fs::write(&vault, &bytes).unwrap();
    let opened = std::panic::catch_unwind(|| House::open(directory, start(), ""));
    assert!(opened.is_err());
}

#[tokio::test]
async fn what_a_buyer_reports_is_recorded_without_secrets() {
    let house = House::open(
        tempfile::tempdir().unwrap(),
        start(),
        "svc_check: 200 {}\nbuyer_premier: 200 {\"status\":\"accepted\"}",
    );
    set(&house, "premier_key", PREMIER).await;
    set(&house, "check_key", CHECK).await;
    house.control.publish_flow("system", &FlowFile::read(FLOW).unwrap()).await.unwrap();
    let lead_id = submit(&house).await;
    let report = Report {
        sale: Sale::Lead { lead_id, entity_id: "buyer_premier".parse().unwrap() },
        kind: domain::FeedbackKind::Return.into(),
        value: Some("Blue Whale/7".to_owned()),
        reason: Some("our key Blue Whale/7".to_owned()),
        days_to_convert: None,
        request: b"POST /feedback?why=Blue+Whale%2F7 HTTP/1.1\r\n\r\n".as_slice().into(),
        request_id: None,
        idempotency_key: None,
    };
    let reported: Result<_, FeedbackError> = house.engine.feedback(report).await;
    assert_eq!(reported.unwrap().lead_id, lead_id);
    let texts = everything(&house);
    assert_eq!(leaks(&texts), Vec::<String>::new());
    assert!(holds(&texts, "our key ************"));
    let events = house.events(lead_id);
    let said = events.iter().rev().find_map(|event| event.body.reason_raw.clone()).unwrap();
    assert_eq!(&*said, "our key ************");
    assert_eq!(house.events(lead_id)[0].body.lead.get("first_name"), Some(&Value::text("Zebulon")));
}
