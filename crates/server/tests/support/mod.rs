//! An installation in a temporary directory, and the API over it in process.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "helpers of tests")]

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use domain::{Scope, Timestamp};
use engine::{Barriers, Clock, Control, Engine, EngineParts, Parties};
use ledger::{DataDirectory, Ledger, LedgerKind, LedgerOptions, OsEntropy, Running};
use serde_json::Value;
use server::{Services, router};
use tempfile::TempDir;
use testkit::{FakeClock, ScriptedParties};
use tower::ServiceExt as _;
use wire::flow_file::FlowFile;

pub const FLOW: &str = "
entities:
  src_web: { kind: source, name: Web Form }
  src_open: { kind: source, name: Open Form }
flow:
  id: flow_roofs
  name: Roofs
  fields:
    first_name: first_name
    email: { type: email, required: true }
    phone_1: phone
    state: state
    product: { type: string, values: [ roof, solar ] }
  dims: [ lead.state, lead.product ]
  sources:
    - { entity: src_web, ping: true }
    - { entity: src_open, key_required: false, ping: true }
  steps:
    - id: in_area
      kind: filter
      require: { field: lead.state, op: in, value: [ TX, OK ] }
      reason: State not in our area
";

/// Starts in 2024 and moves a millisecond each time somebody looks.
#[derive(Debug)]
struct TickingClock(AtomicI64);

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        let start: Timestamp = "2024-01-15T14:30:00Z".parse().unwrap();
        start.plus_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }

    fn monotonic(&self) -> Duration {
        Duration::ZERO
    }
}

pub struct Installation {
    pub services: Services,
    pub admin: String,
    pub parties: Arc<ScriptedParties>,
    running: Vec<Running>,
    /// One for all requests, so that what it counts and keeps adds up.
    router: OnceLock<Router>,
    _directory: DataDirectory,
    temp: TempDir,
}

impl Installation {
    /// With one flow of filters only.
    pub async fn new() -> Installation {
        Installation::with(FLOW, "").await
    }

    /// With this flow, and parties that answer so.
    pub async fn with(flow: &str, script: &str) -> Installation {
        let clock: Arc<dyn Clock> = Arc::new(TickingClock(AtomicI64::new(0)));
        let standing = Arc::new(FakeClock::at(clock.now()));
        let parties = ScriptedParties::new(standing, script);
        Installation::start(TempDir::new().unwrap(), clock, parties).await.published(flow).await
    }

    /// The same with a clock that only parties and the test move.
    pub async fn at(clock: &Arc<FakeClock>, flow: &str, script: &str) -> Installation {
        Installation::reopened(TempDir::new().unwrap(), clock, script).await.published(flow).await
    }

    /// Starts on what lies in a directory; nothing is resumed yet.
    pub async fn reopened(temp: TempDir, clock: &Arc<FakeClock>, script: &str) -> Installation {
        let parties = ScriptedParties::new(Arc::clone(clock), script);
        Installation::start(temp, Arc::clone(clock) as Arc<dyn Clock>, parties).await
    }

    async fn start(temp: TempDir, clock: Arc<dyn Clock>, parties: ScriptedParties) -> Installation {
        let directory = DataDirectory::open(temp.path()).unwrap();
        let entropy = Arc::new(OsEntropy);
        let mut running = Vec::new();
        let mut start = |kind| {
            let options = LedgerOptions {
                reserve_bytes: 64 * 1024,
                vault_block_slots: 64,
                ..LedgerOptions::new("test", kind)
            };
            let keys = directory.keys(kind, &OsEntropy).unwrap();
            let disk = Arc::new(directory.disk(kind).unwrap());
            let (ledger, threads) =
                Ledger::start(disk, &keys, options, entropy.clone(), clock.now()).unwrap();
            running.push(threads);
            ledger
        };
        let (leads, control) = (start(LedgerKind::Leads), start(LedgerKind::Control));
        let control = Control::open(control, clock.clone(), entropy.clone()).unwrap();
        let admin = control.create_key("system", "test", vec![Scope::Admin]).await.unwrap().secret;
        let parties = Arc::new(parties);
        let engine = Engine::new(EngineParts {
            leads: leads.clone(),
            control: control.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
            parties: Arc::clone(&parties) as Arc<dyn Parties>,
            barriers: Barriers::ALL,
        });
        let services = Services { engine, control, leads, clock, entropy };
        let router = OnceLock::new();
        Installation { services, admin, parties, running, router, _directory: directory, temp }
    }

    async fn published(self, flow: &str) -> Installation {
        self.services.control.publish_flow("system", &FlowFile::read(flow).unwrap()).await.unwrap();
        self
    }

    /// Flips a byte of the key of the first lead.
    pub fn damage_first_key(&self) {
        let path = self.temp.path().join("leads").join("vault");
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[64 + 20] ^= 1;
        std::fs::write(&path, bytes).unwrap();
    }

    /// A key with these scopes.
    pub async fn key(&self, scopes: &str) -> String {
        let scopes = scopes.split(' ').map(|scope| scope.parse().unwrap()).collect();
        self.services.control.create_key("system", "test", scopes).await.unwrap().secret
    }

    pub fn router(&self) -> Router {
        self.router.get_or_init(|| router(self.services.clone())).clone()
    }

    pub async fn send(&self, request: Request<Body>) -> Reply {
        self.send_to(&self.router(), request).await
    }

    /// Sends to another router than [`router`](Installation::router).
    pub async fn send_to(&self, router: &Router, request: Request<Body>) -> Reply {
        let response = router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = to_bytes(body, usize::MAX).await.unwrap();
        let reply = Reply {
            status: parts.status,
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        };
        assert!(reply.header("x-request-id").starts_with("req_"), "every reply has its id");
        reply
    }

    /// `GET` with a key.
    pub async fn get_as(&self, key: &str, target: &str) -> Reply {
        let request = Request::get(target).header("authorization", format!("Bearer {key}"));
        self.send(request.body(Body::empty()).unwrap()).await
    }

    /// `GET` as the administrator, who is answered 200.
    pub async fn get(&self, target: &str) -> Value {
        let reply = self.get_as(&self.admin, target).await;
        assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
        reply.json()
    }

    /// A request as it would look on the wire: start line, headers, empty line, body. Without an
    /// `authorization` header it comes from the administrator.
    pub async fn raw(&self, text: &str) -> Reply {
        let text = text.replace("\r\n", "\n");
        let (head, body) = text.split_once("\n\n").unwrap_or((&text, ""));
        let mut lines = head.lines();
        let (method, target) = lines.next().unwrap().split_once(' ').unwrap();
        let mut request = Request::builder().method(method).uri(target);
        for line in lines {
            let (name, value) = line.split_once(": ").unwrap();
            request = request.header(name, value);
        }
        if !head.to_lowercase().contains("authorization: ") {
            request = request.header("authorization", format!("Bearer {}", self.admin));
        }
        self.send(request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Submits JSON as `src_web`; gives the id of the lead.
    pub async fn submit(&self, json: &str) -> String {
        let reply = self
            .raw(&format!(
                "POST /flows/flow_roofs/sources/src_web/submit\ncontent-type: application/json\n\n{json}"
            ))
            .await;
        assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
        reply.json()["lead"]["id"].as_str().unwrap().to_owned()
    }

    /// Closes it and gives its directory, to open it again.
    pub async fn close(self) -> TempDir {
        self.services.engine.drain().await;
        for running in self.running {
            running.close().unwrap();
        }
        self.temp
    }
}

pub struct Reply {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status, the headers that matter, and the body, with what is drawn at random made steady.
    pub fn told(&self) -> String {
        let mut text = format!("{}\n", self.status);
        for name in ["content-type", "allow", "www-authenticate", "location"] {
            if let Some(value) = self.headers.get(name) {
                text += &format!("{name}: {}\n", value.to_str().unwrap());
            }
        }
        steady(&format!("{text}{}", self.text))
    }
}

/// Replaces the random half of ids, and keys.
pub fn steady(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) =
        ["lead_0", "evt_0", "req_", "key_", "gl_"].iter().filter_map(|id| rest.find(id)).min()
    {
        let end = rest[at..].find('_').unwrap() + at + 1;
        // The digits of a secret are those of base64url, among them the underscore.
        let is_secret = rest[at..].starts_with("gl_");
        let is_digit =
            |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'-' || is_secret && *byte == b'_';
        let digits = rest[end..].bytes().take_while(is_digit).count();
        let keep = if digits < 10 { digits } else { 0 };
        out.push_str(&rest[..end + keep]);
        out.push_str(if digits < 10 { "" } else { "…" });
        rest = &rest[end + digits..];
    }
    out + rest
}

/// A list of events as text, one line each.
pub fn timeline(list: &Value) -> String {
    let line = |event: &Value| {
        let text = |key: &str| event[key].as_str().unwrap_or("-").to_owned();
        format!(
            "{} {} {} step={} outcome={} {}\n",
            event["seq"],
            event["lead_seq"],
            text("type"),
            text("step_id"),
            text("outcome"),
            text("reason")
        )
    };
    list["data"].as_array().unwrap().iter().map(line).collect()
}
