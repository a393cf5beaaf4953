//! A ledger in a temporary directory, and events to put into it.

#![allow(dead_code, reason = "each test file uses a part")]
#![allow(clippy::unwrap_used, unreachable_pub, reason = "helpers of tests")]

use std::sync::Arc;

use domain::{
    Completion, Event, EventBody, EventHead, EventId, EventKind, FlowVersion, Lead, LeadId, LeadIdKind,
    Marks, Money, Outcome, Reason, ReasonCode, Timestamp, Timing, Value,
};
use ledger::{DataDirectory, Ledger, LedgerKind, LedgerOptions, OsEntropy, Running, Writer};
use tempfile::TempDir;

pub fn at() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

pub fn lead_id(number: u32) -> LeadId {
    let [a, b, c, d] = number.to_be_bytes();
    LeadId::new(LeadIdKind::Lead, at(), [0, 0, a, b, c, d])
}

/// An event of a lead; every event of a test has its own number.
pub fn event(lead: u32, number: u32, kind: EventKind) -> Event {
    let [a, b, c, d] = number.to_be_bytes();
    let mut fields = Lead::new();
    fields.set("note".parse().unwrap(), Value::text("call after six"));
    Event {
        head: EventHead {
            id: EventId::new(at(), [1, 0, a, b, c, d]),
            at: at(),
            lead_id: lead_id(lead),
            flow_id: "flow_solar".parse().unwrap(),
            flow_version: FlowVersion(1),
            source_id: "src_web".parse().unwrap(),
            timing: Timing::default(),
            dims: Vec::new(),
            fields: domain::FieldStates::default(),
            marks: Marks::default(),
        },
        kind,
        body: EventBody { lead: fields, ..EventBody::default() },
    }
}

pub fn passed() -> EventKind {
    EventKind::FilterPassed { step_id: "area".parse().unwrap(), rules_evaluated: 1 }
}

pub fn failed() -> EventKind {
    EventKind::FilterFailed {
        step_id: "area".parse().unwrap(),
        rules_evaluated: 1,
        reason: Reason::new(ReasonCode::Criteria, "State not in our area"),
    }
}

pub fn completed(final_outcome: Outcome) -> EventKind {
    EventKind::FlowCompleted(Completion {
        final_outcome,
        reason: None,
        steps_run: 1,
        deliveries: 0,
        cost: Money::ZERO,
        revenue: Money::ZERO,
    })
}

pub struct Home {
    directory: DataDirectory,
    _temp: TempDir,
}

impl Home {
    pub fn new() -> Home {
        let temp = TempDir::new().unwrap();
        Home { directory: DataDirectory::open(temp.path()).unwrap(), _temp: temp }
    }

    fn options() -> LedgerOptions {
        let kind = LedgerKind::Leads;
        LedgerOptions { reserve_bytes: 64 * 1024, vault_block_slots: 64, ..LedgerOptions::new("test", kind) }
    }

    /// A ledger whose writer the test drives.
    pub fn open(&self) -> (Ledger, Writer) {
        let keys = self.directory.keys(LedgerKind::Leads, &OsEntropy).unwrap();
        let disk = Arc::new(self.directory.disk(LedgerKind::Leads).unwrap());
        Ledger::open(disk, &keys, Home::options(), Arc::new(OsEntropy), at()).unwrap()
    }

    /// A ledger with threads.
    pub fn start(&self) -> (Ledger, Running) {
        let keys = self.directory.keys(LedgerKind::Leads, &OsEntropy).unwrap();
        let disk = Arc::new(self.directory.disk(LedgerKind::Leads).unwrap());
        Ledger::start(disk, &keys, Home::options(), Arc::new(OsEntropy), at()).unwrap()
    }
}
