//! What happens to a ledger itself, not to a lead.

use std::sync::Arc;

use crate::{EventId, EventType, Timestamp};

/// A moment of the ledger: it belongs to no chain and has no body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LedgerEvent {
    /// Unique.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What happened.
    pub kind: LedgerEventKind,
}

/// What happened to the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LedgerEventKind {
    /// Record 0: the ledger began.
    Opened {
        /// Version of the format, 1.
        format: u32,
        /// Sixteen random bytes that every file of the ledger repeats.
        ledger_id: [u8; 16],
        /// `<name>/<ledger id>/leads` or `…/control`: what signed heads name.
        origin: Arc<str>,
        /// The Ed25519 key that signs heads.
        public_key: [u8; 32],
        /// The ledger it continues after a restore that lost records.
        predecessor: Option<Predecessor>,
    },
    /// Records below this place left by retention.
    Pruned {
        /// The first seq whose body is kept.
        bodies_from: u64,
        /// The first seq whose header is kept.
        headers_from: u64,
    },
}

/// The last known state of an earlier ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Predecessor {
    /// Its origin.
    pub origin: Arc<str>,
    /// How many records it had.
    pub size: u64,
    /// The Merkle root of them.
    pub root: [u8; 32],
}

impl LedgerEvent {
    /// The type, as users see it.
    pub fn event_type(&self) -> EventType {
        match self.kind {
            LedgerEventKind::Opened { .. } => EventType::LedgerOpened,
            LedgerEventKind::Pruned { .. } => EventType::LedgerPruned,
        }
    }
}
