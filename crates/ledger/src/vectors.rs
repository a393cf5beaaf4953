//! Test vectors of the format: `docs/vectors/records.json` is written here from the code, and
//! `tests/vectors.rs` checks it by an implementation of its own. After a wanted change, while the
//! format is a draft, `UPDATE_EXPECT=1 cargo test -p ledger vectors` writes it anew.

use std::sync::Arc;

use domain::{
    ApiKeyHash, ControlEvent, ControlKind, Event, EventBody, EventHead, EventId, EventKind, Exchange,
    FlowVersion, Lead, LedgerEvent, LedgerEventKind, Marks, Number, RuleTrace, Scalar, Timing, TracedRule,
    Value,
};
use serde::{Deserialize, Serialize};
use wire::{Body, BodyView, Record, json};

use crate::Defences;
use crate::chain::{self, ChainHead, CommitmentCache, EncodeContext};
use crate::disk::{Access, RealDisk};
use crate::entropy::Entropy;
use crate::frame::{Frame, FrameDraft, FramePlace};
use crate::hash;
use crate::hot::HotHeader;
use crate::index::Words;
use crate::keys::{ChainKeys, LedgerKeys, SecretKey, SensitiveKey};
use crate::seal;
use crate::vault::{Slot, Vault};

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/vectors/records.json");

const LEDGER_ID: [u8; 16] =
    [0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2a, 0x2b, 0x2c, 0x2d, 0x2e, 0x2f];
const LEAD_KEY: [u8; 32] = [0x11; 32];
const MASTER_KEY: [u8; 32] = [0x22; 32];
const KEK: [u8; 32] = [0x33; 32];
const SENSITIVE_KEY: [u8; 32] = [0x66; 32];
const SIGNING_SEED: [u8; 32] = [0x44; 32];
const NONCE: [u8; 12] = [0x55; 12];
const KEY_SLOT: u64 = 3;
const SENSITIVE_SLOT: u64 = 4;

/// Every vector. Bytes are lower-case hex but for headers and bodies, which are their own text.
#[derive(Serialize, Deserialize)]
struct Vectors {
    about: String,
    keys: Keys,
    records: Vec<RecordVector>,
    frames: Vec<FrameVector>,
    hot_header: HotHeaderVector,
    vault: VaultVector,
}

#[derive(Serialize, Deserialize)]
struct Keys {
    ledger_id: String,
    lead_key: String,
    sensitive_key: String,
    signing_seed: String,
    public_key: String,
}

#[derive(Serialize, Deserialize)]
struct RecordVector {
    name: String,
    prev_leaf: String,
    body: Option<String>,
    /// What the element `sensitive` of the body opens to.
    #[serde(skip_serializing_if = "Option::is_none")]
    sensitive: Option<String>,
    /// `c_0` first.
    commitments: Vec<String>,
    snapshot: String,
    header: String,
    leaf: String,
}

#[derive(Serialize, Deserialize)]
struct FrameVector {
    record: String,
    epoch: u64,
    offset: u64,
    seq: u64,
    durable_seq: u64,
    key_slot: u64,
    sensitive_slot: u64,
    group_end: bool,
    nonce: Option<String>,
    /// What one release of zstd made of the body; another may make other bytes of it.
    compressed: Option<String>,
    frame: String,
}

#[derive(Serialize, Deserialize)]
struct HotHeaderVector {
    epoch: u64,
    first_seq: u64,
    file_name: String,
    bytes: String,
}

#[derive(Serialize, Deserialize)]
struct VaultVector {
    master_key: String,
    kek_id: u32,
    kek: String,
    keks_file: String,
    vault_header: String,
    slot: u64,
    live_slot: String,
}

/// Gives the same bytes again and again.
#[derive(Debug)]
struct Fixed(&'static [u8]);

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) {
        buffer.copy_from_slice(self.0);
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

fn event(number: u8, kind: EventKind, body: EventBody) -> Event {
    let id: [u8; 12] = [1, 0x8d, 0x0d, 0x88, 0x2e, 0x83, 0, 0, 0, 0, 0, number];
    Event {
        head: EventHead {
            id: EventId::from_bytes(id),
            at: "2024-01-15T14:30:45.123Z".parse().unwrap(),
            lead_id: "lead_018d0d882d57aa10f3e7715b".parse().unwrap(),
            flow_id: "flow_solar".parse().unwrap(),
            flow_version: FlowVersion(12),
            source_id: "src_web_a".parse().unwrap(),
            timing: Timing { duration_ms: 2, wait_ms: 0, total_ms: 2 },
            dims: vec![],
            fields: domain::FieldStates::default(),
            marks: Marks::default(),
        },
        kind,
        body,
    }
}

fn lead(pairs: &[(&str, Value)]) -> Lead {
    pairs.iter().map(|(path, value)| (path.parse().unwrap(), value.clone())).collect()
}

fn body(pairs: &[(&str, Value)]) -> EventBody {
    EventBody { lead: lead(pairs), ..EventBody::default() }
}

fn number(text: &str) -> Value {
    Value::from(text.parse::<Number>().unwrap())
}

/// Records by name; those of a group continue one chain.
fn stories() -> Vec<Vec<(&'static str, Box<dyn Record>)>> {
    let submitted = || EventKind::SourceSubmitted;
    let opened = LedgerEvent {
        id: EventId::from_bytes([1, 0x8d, 0x0d, 0x88, 0x2e, 0x83, 0, 0, 0, 0, 0, 0]),
        at: "2024-01-15T14:30:00.000Z".parse().unwrap(),
        kind: LedgerEventKind::Opened {
            format: 1,
            ledger_id: LEDGER_ID,
            origin: format!("glassline/{}/leads", hex(&LEDGER_ID)).into(),
            public_key: keys().public_key(),
            predecessor: None,
        },
    };
    let email = ("email", Value::text("ann@example.com"));
    let phone = ("phone_1", Value::text("5125550143"));
    let chain = [
        event(1, submitted(), body(&[email.clone(), ("phone_1", Value::text("(512) 555-0143"))])),
        event(
            2,
            EventKind::SourceAccepted { price: Some("8.50".parse().unwrap()), caps: vec![] },
            body(&[email.clone(), ("email.valid", Value::from(true)), phone.clone()]),
        ),
        event(
            3,
            EventKind::FilterPassed { step_id: "geo".parse().unwrap(), rules_evaluated: 1 },
            EventBody {
                rules: Some(RuleTrace {
                    rules: vec![TracedRule {
                        rule: "email is not blank".into(),
                        actual: Scalar::Text("ann@example.com".into()),
                        passed: true,
                        decided: false,
                    }],
                }),
                ..body(&[email.clone(), ("email.valid", Value::from(true)), phone.clone()])
            },
        ),
        event(4, EventKind::PrivacyErased, EventBody::default()),
    ];
    let odd_paths = EventBody {
        exchanges: (0..=10)
            .map(|index| Exchange { request: Some(format!("{index}").into_bytes().into()), response: None })
            .collect(),
        reason_raw: Some("zu spät \"heute\"\\\u{1}\u{8}\t\n\u{c}\r\u{1f}\u{7f}€😀".into()),
        ..body(&[
            ("a~1b~0c.d", Value::text("the key a.b~c, and d below it")),
            ("email", Value::text("Jörg@exämple.com")),
            ("email.valid", Value::from(false)),
            ("email_2", Value::Scalar(Scalar::Null)),
            ("say \"hi\"\\now", Value::text("a path that needs JSON escapes")),
            ("straße", Value::List([Scalar::Text("Ü".into()), Scalar::Bool(true), Scalar::Null].into())),
            ("\u{ff61}", Value::text("before the next by bytes, after it by UTF-16")),
            ("😀", Value::List([].into())),
        ])
    };
    let odd_exchanges = EventBody {
        exchanges: vec![Exchange {
            request: Some([0xff, 0x00, 0xfe].as_slice().into()),
            response: Some(b"b64:is how this text begins".as_slice().into()),
        }],
        ..EventBody::default()
    };
    let numbers = body(&[
        ("zero", number("-0.0")),
        ("one_half", number("0.50")),
        ("minus", number("-2.5e-3")),
        ("digits_15", number("123456789012345")),
        ("digits_16", Value::text("1234567890123456")),
        ("largest", number("1e31")),
        ("smallest", number("0.000000000000000123456789012345")),
        ("list", Value::List(["1", "2.5"].map(|text| Scalar::Number(text.parse().unwrap())).into())),
    ]);
    let masked = EventBody {
        sensitive: Some(lead(&[("ssn", Value::text("219-09-9999")), ("dob", Value::text("1/5/1976"))])),
        ..body(&[("ssn", Value::text("***********")), ("dob", Value::text("********")), email.clone()])
    };
    let key_made = ControlEvent {
        id: EventId::from_bytes([1, 0x8d, 0x0d, 0x88, 0x2e, 0x83, 0, 0, 0, 0, 0, 9]),
        at: "2024-01-15T14:30:45.123Z".parse().unwrap(),
        subject_id: "ctl_018d0d882e837c2e9a41d06f".parse().unwrap(),
        actor: "system".into(),
        kind: ControlKind::KeyCreated {
            key_name: "key_1".into(),
            scopes: vec!["admin".into()],
            label: "Ann's laptop".into(),
            hash: ApiKeyHash([7; 32]),
        },
    };
    let mut of_chain = chain.map(|event| Box::new(event) as Box<dyn Record>).into_iter();
    let mut next = || of_chain.next().unwrap();
    vec![
        vec![("record 0", Box::new(opened))],
        vec![("empty snapshot", Box::new(event(5, submitted(), EventBody::default())))],
        vec![
            ("chain, first", next()),
            ("chain, second", next()),
            ("chain, third", next()),
            ("erased: without a body", next()),
        ],
        vec![("paths and escapes", Box::new(event(6, submitted(), odd_paths)))],
        vec![("exchanges that are no plain text", Box::new(event(7, submitted(), odd_exchanges)))],
        vec![("numbers", Box::new(event(8, submitted(), numbers)))],
        vec![("a control record", Box::new(key_made))],
        vec![("sensitive values", Box::new(event(10, submitted(), masked)))],
    ]
}

fn keys() -> LedgerKeys {
    LedgerKeys { master: SecretKey::from_bytes(MASTER_KEY), signing: SecretKey::from_bytes(SIGNING_SEED) }
}

fn sensitive_key() -> SensitiveKey {
    SensitiveKey::derive(SENSITIVE_SLOT, &SecretKey::from_bytes(SENSITIVE_KEY))
}

/// The body as it is stored: with the sensitive values sealed.
fn stored_body(record: &dyn Record) -> Option<Body> {
    let body = record.body(None).unwrap()?;
    let Some(plain) = record.sensitive() else { return Some(body) };
    let cipher = sensitive_key().cipher.unwrap();
    let id = record.id().to_string();
    let sealed = seal::encrypt_sensitive(&cipher, &NONCE, &LEDGER_ID, &id, &plain);
    assert_eq!(seal::open_sensitive(&cipher, &LEDGER_ID, &id, &sealed).unwrap(), plain);
    Some(body.with_sensitive(&sealed).unwrap())
}

fn chain_keys() -> ChainKeys {
    ChainKeys::derive(KEY_SLOT, &SecretKey::from_bytes(LEAD_KEY))
}

fn context() -> EncodeContext {
    EncodeContext {
        ledger_id: LEDGER_ID,
        entropy: Arc::new(Fixed(&NONCE)),
        words: Arc::new(Words::default()),
        defences: Defences::ALL,
        stages: None,
    }
}

fn record_vectors() -> Vec<RecordVector> {
    let mut vectors = Vec::new();
    let (keys, sensitive, context) = (chain_keys(), sensitive_key(), context());
    for story in stories() {
        let mut head = ChainHead::START;
        let mut cache = CommitmentCache::default();
        for (name, record) in story {
            let prev_leaf = head.leaf;
            let body = stored_body(&*record);
            let sealing = chain::Keys {
                chain: record.chain().map(|_| &keys),
                sensitive: record.sensitive().map(|_| &sensitive),
            };
            let (encoded, next) = chain::encode(&*record, head, sealing, &mut cache, &context).unwrap();
            let commitments: Vec<_> = body.iter().flat_map(|body| commitments(body.bytes(), &keys)).collect();
            let snapshot = hash::snapshot(&prev_leaf, &commitments);
            let header = str::from_utf8(encoded.frame.header()).unwrap();
            assert_eq!(&*wire::Header::read(header.as_bytes()).unwrap().snapshot, snapshot);
            assert_eq!(next.leaf, hash::leaf(header.as_bytes()));
            vectors.push(RecordVector {
                name: name.into(),
                prev_leaf: hex(&prev_leaf),
                body: body.map(|body| String::from_utf8(body.bytes().to_vec()).unwrap()),
                sensitive: record.sensitive().map(|plain| String::from_utf8(plain).unwrap()),
                commitments: commitments.iter().map(|commitment| hex(commitment)).collect(),
                snapshot,
                header: header.into(),
                leaf: hex(&next.leaf),
            });
            head = next;
        }
    }
    vectors
}

/// As `verify` computes them from stored bytes, without the cache of the writer.
fn commitments(body: &[u8], keys: &ChainKeys) -> Vec<hash::Hash> {
    let view = BodyView::read(body).unwrap();
    let paths = view.elements().map(|(path, _)| {
        let mut text = Vec::new();
        json::write_string(path, &mut text);
        text
    });
    let paths: Vec<Vec<u8>> = paths.collect();
    let list = hash::path_list_tail(paths.iter().map(Vec::as_slice));
    let tails = view.elements().map(|(_, tail)| tail.as_bytes());
    std::iter::once(&*list).chain(tails).map(|tail| hash::commitment(&keys.salt, tail)).collect()
}

fn frame_vectors(records: &[RecordVector]) -> Vec<FrameVector> {
    let known = std::fs::read_to_string(PATH).ok();
    let known: Option<Vectors> = known.and_then(|text| serde_json::from_str(&text).ok());
    let (keys, defences) = (chain_keys(), Defences::ALL);
    let place = |offset, record: &RecordVector, seq, durable_seq, group_end| {
        let leaf = hash::leaf(record.header.as_bytes());
        let sealed = record.body.as_ref().map(|body| {
            let known = known.iter().flat_map(|known| &known.frames);
            let known = known.filter(|frame| frame.record == record.name);
            let known = known.filter_map(|frame| frame.compressed.as_deref().map(unhex)).next();
            let compressed = known
                .filter(|bytes| {
                    seal::decompress(bytes, &defences).is_ok_and(|plain| plain == body.as_bytes())
                })
                .unwrap_or_else(|| seal::compress(body.as_bytes(), &defences));
            let sealed = seal::encrypt(&keys.body, &NONCE, &LEDGER_ID, &leaf, compressed.clone(), &defences);
            (compressed, sealed)
        });
        let key_slot = if record.header.contains("\"lead_seq\"") { keys.slot } else { 0 };
        let parts = sealed.as_ref().map(|(_, sealed)| (&NONCE, sealed.as_slice()));
        let sensitive_slot = record.sensitive.as_ref().map_or(0, |_| SENSITIVE_SLOT);
        let draft = FrameDraft::new(record.header.as_bytes(), key_slot, sensitive_slot, parts);
        let place = FramePlace { epoch: EPOCH, offset };
        let mut frame = Vec::new();
        draft.place(place, seq, durable_seq, group_end, &defences, &mut frame);
        let read = Frame::read(place, &frame, &defences).unwrap();
        assert_eq!((read.seq, read.durable_seq, read.group_end), (seq, durable_seq, group_end));
        if let (Some((_, body)), Some(text)) = (read.sealed, &record.body) {
            let opened = seal::open(&keys.body, &NONCE, &LEDGER_ID, &leaf, &frame[body], &defences);
            assert_eq!(opened.unwrap(), text.as_bytes());
        }
        FrameVector {
            record: record.name.clone(),
            epoch: EPOCH,
            offset,
            seq,
            durable_seq,
            key_slot,
            sensitive_slot,
            group_end,
            nonce: sealed.as_ref().map(|_| hex(&NONCE)),
            compressed: sealed.map(|(compressed, _)| hex(&compressed)),
            frame: hex(&frame),
        }
    };
    let named = |name: &str| records.iter().find(|record| record.name == name).unwrap();
    let first = place(64, named("record 0"), 0, 0, true);
    let second_at = 64 + (first.frame.len() / 2) as u64;
    let second = place(second_at, named("chain, first"), 1, 1, false);
    let third_at = second_at + (second.frame.len() / 2) as u64;
    let third = place(third_at, named("chain, second"), 2, 1, true);
    let fourth_at = third_at + (third.frame.len() / 2) as u64;
    let fourth = place(fourth_at, named("empty snapshot"), 3, 3, true);
    let fifth_at = fourth_at + (fourth.frame.len() / 2) as u64;
    let fifth = place(fifth_at, named("sensitive values"), 4, 4, true);
    vec![first, second, third, fourth, fifth]
}

/// The files of a vault that made three slots ready, all for the same key.
fn vault_files() -> (Vec<u8>, Vec<u8>) {
    let directory = tempfile::tempdir().unwrap();
    let disk = Arc::new(RealDisk::open(directory.path(), Access::Write).unwrap());
    let master = keys().master;
    Vault::create(&*disk, &LEDGER_ID, &master, &Fixed(&KEK)).unwrap();
    let entropy = Arc::new(Fixed(&LEAD_KEY));
    let vault = Vault::open(disk, &LEDGER_ID, &master, entropy, KEY_SLOT, &Defences::ALL).unwrap();
    assert_eq!(vault.take().unwrap().number, 1);
    let Slot::Live(key) = vault.read(KEY_SLOT).unwrap() else { panic!("the slot is live") };
    assert_eq!(*key.as_bytes(), LEAD_KEY);
    let read = |name| std::fs::read(directory.path().join(name)).unwrap();
    (read("keks"), read("vault"))
}

/// A number of eight different bytes that any reader of JSON keeps exactly.
const EPOCH: u64 = 0x0001_0203_0405_0607;

#[test]
fn the_vectors_are_what_the_code_writes() {
    let records = record_vectors();
    let frames = frame_vectors(&records);
    let hot = HotHeader { ledger_id: LEDGER_ID, epoch: EPOCH, first_seq: 0 };
    let (keks_file, vault_file) = vault_files();
    let vectors = Vectors {
        about: "Vectors of the ledger's format, version 1, a draft. See docs/ledger-format.md. Bytes are in hex, \
                but headers and bodies are their own text in UTF-8."
            .into(),
        keys: Keys {
            ledger_id: hex(&LEDGER_ID),
            lead_key: hex(&LEAD_KEY),
            sensitive_key: hex(&SENSITIVE_KEY),
            signing_seed: hex(&SIGNING_SEED),
            public_key: hex(&keys().public_key()),
        },
        records,
        frames,
        hot_header: HotHeaderVector {
            epoch: EPOCH,
            first_seq: 0,
            file_name: crate::hot::file_name(0),
            bytes: hex(&hot.write()),
        },
        vault: VaultVector {
            master_key: hex(&MASTER_KEY),
            kek_id: 1,
            kek: hex(&KEK),
            keks_file: hex(&keks_file),
            vault_header: hex(&vault_file[..64]),
            slot: KEY_SLOT,
            live_slot: hex(&vault_file[192..256]),
        },
    };
    let text = serde_json::to_string_pretty(&vectors).unwrap() + "\n";
    expect_test::expect_file![PATH].assert_eq(&text);
}
