//! One checkpoint: the folds as of a record, in bytes.
//!
//! It is a [`DerivedFormat`] of [`Checkpoint`], names the ledger, the record it reaches to by its leaf hash, and
//! the rules it was folded by, and is passed over when one of them is another. Of people it holds keyed hashes
//! that only this installation can make.

use domain::{DuplicateKey, FlowId, LeadId, LeadIdKind, StepId, Timestamp};
use ledger::{DerivedFormat, Ledger};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use super::{Folds, answered};
use crate::caps::{KeptCaps, KnownCap};
use crate::engine::Engine;
use crate::gates::Whereabouts;
use crate::idempotency::KEPT_MS;

const FORMAT: DerivedFormat = DerivedFormat { name: "checkpoint", magic: *b"GLSSFOLD", version: 1 };
/// Keys whose window is over are still kept for this long, in milliseconds: the clock of one event may be
/// behind that of another.
const CLOCKS_APART_MS: i64 = 3600 * 1000;

/// By what events are folded: what was published, and what time it is.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) now: Timestamp,
    /// Events before it say nothing of idempotency keys any more.
    pub(super) keys_since: Timestamp,
    /// Events before it say nothing of caps and duplicates any more; none when there are neither.
    pub(super) gates_since: Option<Timestamp>,
    /// Of the flows in all their versions and the caps of parties.
    pub(super) digest: [u8; 32],
    /// Every cap there is, in an order that the same digest has.
    caps: Vec<KnownCap>,
}

impl Rules {
    pub(super) fn new(engine: &Engine) -> Rules {
        let digest = engine.rules();
        let now = engine.context().clock.now();
        let gates_since = engine.counted_since(now);
        Rules { now, keys_since: now.plus_millis(-KEPT_MS), gates_since, digest, caps: engine.known_caps() }
    }
}

impl Engine {
    /// What the folds depend on beside the events, as a hash.
    pub(super) fn rules(&self) -> [u8; 32] {
        let control = self.control();
        let mut hash = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
        let mut add = |text: &str| {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        };
        for flow in control.flows() {
            for version in control.flow_versions(flow.flow.id()) {
                add(&format!("{} {}", version.flow.id(), version.version.0));
                add(&version.document);
            }
        }
        for entity in control.entities() {
            let caps: Vec<_> = entity.caps().collect();
            if !caps.is_empty() {
                add(&format!("{} {caps:?}", entity.id));
            }
        }
        hash.finalize().into()
    }
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Checkpoint {
    ledger_id: [u8; 16],
    next_seq: u64,
    /// Leaf hash of the record before `next_seq`.
    leaf: [u8; 32],
    rules: [u8; 32],
    made_at: i64,
    gates_since: Option<i64>,
    caps: KeptCaps,
    /// Tag, lead, until when in seconds.
    duplicates: Vec<([u8; 12], [u8; 12], u32)>,
    whereabouts: Vec<KeptWhereabouts>,
    keys: Vec<KeptKey>,
    /// Pings whose offers were taken up, and when.
    offers: Vec<([u8; 12], i64)>,
    turns: Vec<KeptTurns>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptTurns {
    flow: String,
    group: String,
    /// What each step is owed.
    owed: Vec<(String, i64)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptWhereabouts {
    lead: [u8; 12],
    completed: bool,
    sold: bool,
    open: Vec<(String, bool)>,
    keys: Vec<(String, [u8; 12])>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptKey {
    key: [u8; 12],
    payload: [u8; 12],
    lead: [u8; 12],
    at: i64,
}

impl Checkpoint {
    /// The folds, which reach to a record of a ledger: its id, the seq after the record, the record's leaf.
    pub(super) fn of(
        folds: &Folds,
        (ledger_id, next_seq, leaf): ([u8; 16], u64, [u8; 32]),
        rules: &Rules,
    ) -> Checkpoint {
        let since = rules.gates_since.unwrap_or(Timestamp::MAX);
        let whereabouts = folds.whereabouts.iter().filter(|(lead_id, _)| lead_id.drawn_at() >= since);
        let turns = folds.turns.all().into_iter().map(|((flow_id, step_id), owed)| {
            let owed = owed.into_iter().map(|(step_id, owed)| (step_id.to_string(), owed)).collect();
            KeptTurns { flow: flow_id.to_string(), group: step_id.to_string(), owed }
        });
        let key = |(key, payload, lead_id, at): ([u8; 12], [u8; 12], LeadId, Timestamp)| KeptKey {
            key,
            payload,
            lead: *lead_id.as_bytes(),
            at: at.as_millis(),
        };
        let is_kept = |key: &KeptKey| key.at >= rules.keys_since.as_millis();
        Checkpoint {
            ledger_id,
            next_seq,
            leaf,
            rules: rules.digest,
            made_at: rules.now.as_millis(),
            gates_since: rules.gates_since.map(Timestamp::as_millis),
            caps: folds.caps.keep(&rules.caps, since),
            duplicates: folds.duplicates.open_at(rules.now.plus_millis(-CLOCKS_APART_MS)),
            whereabouts: whereabouts.map(|(lead_id, own)| KeptWhereabouts::of(*lead_id, own)).collect(),
            keys: folds.keys.all().into_iter().map(key).filter(is_kept).collect(),
            offers: folds
                .offers
                .all()
                .into_iter()
                .filter(|(_, at)| *at >= rules.keys_since)
                .map(|(ping_id, at)| (*ping_id.as_bytes(), at.as_millis()))
                .collect(),
            turns: turns.collect(),
        }
    }

    pub(super) fn write(&self) -> Vec<u8> {
        FORMAT.write(self)
    }

    /// Reads one, or says why not.
    pub(super) fn read(bytes: &[u8]) -> Result<Checkpoint, String> {
        FORMAT.read(bytes).map_err(|error| error.to_string())
    }

    pub(super) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Whether a start may go on from it, or why not.
    pub(super) fn check(&self, leads: &Ledger, rules: &Rules) -> Result<(), String> {
        if self.ledger_id != leads.id() {
            return Err("it is of another ledger".into());
        }
        let last = self.next_seq.checked_sub(1).ok_or("it reaches to no record")?;
        let header = leads.reader().header_bytes(last).map_err(|error| error.to_string())?;
        let header = header.ok_or("it reaches to records that are not there")?;
        if ledger::leaf(&header) != self.leaf {
            return Err("the record that it reaches to is another one".into());
        }
        if self.rules != rules.digest {
            return Err("flows or caps of parties were changed since".into());
        }
        let since = self.gates_since.map(Timestamp::from_millis);
        let reaches_back = match (since, rules.gates_since) {
            (Some(own), Some(since)) => own <= since,
            (None, None) => true,
            (Some(_), None) | (None, Some(_)) => false,
        };
        if self.made_at > rules.now.as_millis() || !reaches_back {
            return Err("the clock was set back since".into());
        }
        if self.caps.fits(rules.caps.len()) { Ok(()) } else { Err("it does not fit together".into()) }
    }

    /// Puts all of it that still counts into empty folds.
    pub(super) fn take_up(self, folds: &mut Folds, rules: &Rules) {
        let since = rules.gates_since.unwrap_or(Timestamp::MAX);
        folds.caps.take_up(&self.caps, &rules.caps, since);
        for (tag, lead, until) in self.duplicates {
            folds.duplicates.take_up(tag, lead, until);
        }
        for kept in self.whereabouts {
            let lead_id = LeadId::from_bytes(LeadIdKind::Lead, kept.lead);
            if let Some(own) = kept.read().filter(|_| lead_id.drawn_at() >= since) {
                folds.whereabouts.insert(lead_id, own);
            }
        }
        for KeptKey { key, payload, lead, at } in self.keys {
            let at = Timestamp::from_millis(at);
            if at >= rules.keys_since {
                let tags = domain::Idempotency { key, payload };
                folds.keys.restore(tags, LeadId::from_bytes(LeadIdKind::Lead, lead), at, answered());
            }
        }
        for (ping, at) in self.offers {
            let at = Timestamp::from_millis(at);
            if at >= rules.keys_since {
                folds.offers.take(LeadId::from_bytes(LeadIdKind::Ping, ping), at);
            }
        }
        for KeptTurns { flow, group, owed } in self.turns {
            let owed: Option<Vec<(StepId, i64)>> =
                owed.into_iter().map(|(id, owed)| Some((id.parse().ok()?, owed))).collect();
            if let (Ok(flow_id), Ok(step_id), Some(owed)) =
                (flow.parse::<FlowId>(), group.parse::<StepId>(), owed)
            {
                folds.turns.take_up((flow_id, step_id), owed);
            }
        }
    }
}

impl KeptWhereabouts {
    fn of(lead_id: LeadId, (own, keys): &(Whereabouts, Vec<DuplicateKey>)) -> KeptWhereabouts {
        KeptWhereabouts {
            lead: *lead_id.as_bytes(),
            completed: own.completed,
            sold: own.sold,
            open: own.open.iter().map(|(step_id, unknown)| (step_id.to_string(), *unknown)).collect(),
            keys: keys.iter().map(|key| (key.rule.to_string(), key.tag)).collect(),
        }
    }

    fn read(self) -> Option<(Whereabouts, Vec<DuplicateKey>)> {
        let open = self.open.into_iter().map(|(step_id, unknown)| Some((step_id.parse().ok()?, unknown)));
        let whereabouts =
            Whereabouts { completed: self.completed, sold: self.sold, open: open.collect::<Option<_>>()? };
        let keys = self.keys.into_iter().map(|(rule, tag)| DuplicateKey { rule: rule.into(), tag });
        Some((whereabouts, keys.collect()))
    }
}
