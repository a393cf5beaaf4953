//! Nothing personal in clear: not in the data directory, not in logs, not on standard output. A
//! control with sealing off shows that the search would find it.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::path::Path;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE};
use engine::{Barriers, Clock as _, Control, Engine, EngineParts, HttpOptions, HttpParties, SystemClock};
use ledger::{DataDirectory, Defence, Defences, Ledger, LedgerKind, LedgerOptions, OsEntropy};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use support::{ADMIN, FLOW, SUBMIT, Server, client, prepare};
use tempfile::TempDir;
use wire::flow_file::FlowFile;

/// Parts of people who do not exist.
const VALUES: [&str; 8] = [
    "zebulon.quixote77@personal-mail.example.com",
    "zebulon.quixote77",
    "5125550187",
    "512-555-0187",
    "Zebulon",
    "Quixoteson",
    "+442079460991",
    "Ünüsüal-Näme",
];

/// The ways a value may be spelt.
fn spellings(value: &str) -> Vec<Vec<u8>> {
    let mut all = vec![value.to_owned(), utf8_percent_encode(value, NON_ALPHANUMERIC).to_string()];
    all.push(value.replace('@', "%40").replace('+', "%2B"));
    all.push(value.to_lowercase());
    for before in 0..3 {
        // What stands before and after changes the digits at the edges, so those are left out.
        let bytes = [&vec![b' '; before][..], value.as_bytes()].concat();
        let first = (before * 8).div_ceil(6);
        let last = bytes.len() * 8 / 6;
        for engine in [BASE64_STANDARD, BASE64_URL_SAFE] {
            all.push(engine.encode(&bytes)[first..last].to_owned());
        }
    }
    all.into_iter().map(String::into_bytes).collect()
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// Every value found in these texts, and where.
fn search(texts: &[(String, Vec<u8>)]) -> Vec<String> {
    let mut found = Vec::new();
    for value in VALUES {
        for part in spellings(value) {
            let places = texts.iter().filter(|(_, text)| contains(text, &part));
            found.extend(places.map(|(place, _)| format!("{value} in {place}")));
        }
    }
    found
}

fn files(directory: &Path, texts: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files(&path, texts);
        } else {
            let mut text = std::fs::read(&path).unwrap();
            // Space set aside is zeros, and there is much of it.
            text.truncate(text.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1));
            texts.push((path.display().to_string(), text));
        }
    }
}

/// Sends people in every way there is, taken and refused, and looks at them.
async fn use_it(address: &str) {
    let client = client();
    let json = r#"{"email":"zebulon.quixote77@personal-mail.example.com","first_name":"Zebulon","last_name":"Quixoteson","phone_1":"512-555-0187","state":"TX","nickname":"Ünüsüal-Näme","intl":"+442079460991"}"#;
    let form = "email=zebulon.quixote77%40personal-mail.example.com&first_name=Zebulon&last_name=Quixoteson&phone_1=5125550187&state=NY&n=%C3%9Cn%C3%BCs%C3%BCal-N%C3%A4me&i=%2B442079460991";
    let submit = format!("{address}{SUBMIT}");
    let post = |url: &str, kind: &str, body: &str| {
        let request = client.post(url).bearer_auth(ADMIN).header("content-type", kind).body(body.to_owned());
        async move { request.send().await.unwrap().status().as_u16() }
    };
    assert_eq!(post(&submit, "application/json", json).await, 201);
    assert_eq!(post(&submit, "application/x-www-form-urlencoded", form).await, 201);
    assert_eq!(post(&format!("{submit}?{form}"), "application/json", "").await, 201);
    assert_eq!(post(&submit, "application/json", &format!("{json},")).await, 400);
    assert_eq!(post(&format!("{submit}?a=Zebulon&a.b=Quixoteson"), "application/json", json).await, 400);
    assert_eq!(post(&format!("{address}/Zebulon"), "application/json", json).await, 404);
    for query in ["", "?expand=exchange,rules", "?reveal=1&why=Zebulon+asked", "?Zebulon=Quixoteson"] {
        let reply = client.get(format!("{address}/events{query}")).bearer_auth(ADMIN).send().await.unwrap();
        let text = reply.text().await.unwrap();
        if query.contains("reveal") {
            assert!(text.contains("Quixoteson"));
        } else if !query.contains("Zebulon") {
            let found = search(&[(query.to_owned(), text.into_bytes())]);
            assert!(found.is_empty(), "masked replies hold {found:?}");
        }
    }
}

#[tokio::test]
async fn nothing_personal_is_in_clear() {
    let data = TempDir::new().unwrap();
    prepare(data.path());
    let server = Server::start(data.path());
    use_it(&server.address).await;
    let (status, stdout, stderr) = server.stop();
    assert!(status.success());
    assert!(stderr.contains("DEBUG") || stderr.contains("INFO"), "the log was captured: {stderr}");
    let mut texts =
        vec![("stdout".to_owned(), stdout.into_bytes()), ("stderr".to_owned(), stderr.into_bytes())];
    files(data.path(), &mut texts);
    assert!(
        texts.iter().any(|(place, text)| place.ends_with(".hot") && text.len() > 5_000),
        "leads were written"
    );
    assert_eq!(search(&texts), Vec::<String>::new());
}

#[tokio::test]
async fn with_sealing_off_the_same_search_finds_every_value() {
    let data = TempDir::new().unwrap();
    let directory = DataDirectory::open(data.path()).unwrap();
    let (clock, entropy) = (Arc::new(SystemClock::default()), Arc::new(OsEntropy));
    let mut running = Vec::new();
    let mut start = |kind| {
        let options = LedgerOptions {
            defences: Defences::without(Defence::Sealing),
            ..LedgerOptions::new("test", kind)
        };
        let keys = directory.keys(kind, &OsEntropy).unwrap();
        let disk = Arc::new(directory.disk(kind).unwrap());
        let (ledger, threads) = Ledger::start(disk, &keys, options, entropy.clone(), clock.now()).unwrap();
        running.push(threads);
        ledger
    };
    let (control, leads) = (start(LedgerKind::Control), start(LedgerKind::Leads));
    let control = Control::open(control, clock.clone(), entropy.clone()).unwrap();
    control.adopt_key("system", "test", vec![domain::Scope::Admin], ADMIN).await.unwrap();
    let flow = FlowFile::read(&std::fs::read_to_string(FLOW).unwrap()).unwrap();
    control.publish_flow("system", &flow).await.unwrap();
    let engine = Engine::new(EngineParts {
        leads: leads.clone(),
        control: control.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
        parties: Arc::new(HttpParties::new(HttpOptions::default()).unwrap()),
        barriers: Barriers::ALL,
    });
    let services = server::Services { engine, control, leads, clock, entropy };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let served = tokio::spawn(server::serve(listener, server::router(services), async {
        let _ = stopped.await;
    }));
    use_it(&address).await;
    stop.send(()).unwrap();
    served.await.unwrap();
    for threads in running {
        threads.close().unwrap();
    }
    let mut texts = Vec::new();
    files(data.path(), &mut texts);
    let found = search(&texts);
    for value in VALUES {
        assert!(found.iter().any(|line| line.starts_with(value)), "{value} is found when nothing is sealed");
    }
}

#[test]
fn the_search_finds_every_spelling_at_every_place() {
    for value in VALUES {
        for before in 0..4 {
            let text = format!("{}{value} and more", "x".repeat(before));
            for spelt in [
                text.clone(),
                utf8_percent_encode(&text, NON_ALPHANUMERIC).to_string(),
                BASE64_STANDARD.encode(&text),
                BASE64_URL_SAFE.encode(&text),
            ] {
                let found = search(&[("here".into(), spelt.clone().into_bytes())]);
                assert!(found.iter().any(|line| line.starts_with(value)), "{value} in {spelt}");
            }
        }
    }
}
