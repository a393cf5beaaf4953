//! Leases: a chain has one owner at a time, who numbers its events.

use std::collections::HashMap;
use std::sync::Arc;

use domain::ChainId;
use wire::Record;

use crate::chain::{self, ChainHead, CommitmentCache};
use crate::keys::{ChainKeys, SensitiveKey};
use crate::writer::{RecordError, Shared, Ticket};

/// Which chains have an owner, and which have groups under way.
#[derive(Debug, Default)]
pub(crate) struct Leases {
    entries: HashMap<ChainId, Entry>,
}

#[derive(Debug, Default)]
struct Entry {
    held: bool,
    /// Groups queued and not yet durable: until they are, the index does not know where the chain
    /// stands.
    under_way: u32,
}

impl Leases {
    /// Gives the chain to the caller if nobody has it and nothing of it is under way.
    pub(crate) fn try_hold(&mut self, chain: ChainId) -> bool {
        let entry = self.entries.entry(chain).or_default();
        let free = !entry.held && entry.under_way == 0;
        entry.held |= free;
        free
    }

    pub(crate) fn queued(&mut self, chain: &ChainId) {
        self.entries.entry(*chain).or_default().under_way += 1;
    }

    pub(crate) fn completed(&mut self, chain: &ChainId) {
        if let Some(entry) = self.entries.get_mut(chain) {
            entry.under_way = entry.under_way.saturating_sub(1);
        }
        self.forget_if_idle(chain);
    }

    fn release(&mut self, chain: &ChainId) {
        if let Some(entry) = self.entries.get_mut(chain) {
            entry.held = false;
        }
        self.forget_if_idle(chain);
    }

    fn forget_if_idle(&mut self, chain: &ChainId) {
        if self.entries.get(chain).is_some_and(|entry| !entry.held && entry.under_way == 0) {
            self.entries.remove(chain);
        }
    }

    /// Whether nobody has the chain, and nothing of it is under way.
    pub(crate) fn is_idle(&self, chain: &ChainId) -> bool {
        !self.entries.contains_key(chain)
    }

    /// How many chains are held or under way.
    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }
}

/// The right to continue one chain, until it is dropped.
#[derive(Debug)]
pub struct Lease {
    shared: Arc<Shared>,
    chain: ChainId,
    head: ChainHead,
    /// None when the key was destroyed.
    keys: Option<ChainKeys>,
    /// None as long as the chain has no sensitive values.
    sensitive: Option<SensitiveKey>,
    cache: CommitmentCache,
}

impl Lease {
    /// For a chain that the caller just got hold of.
    pub(crate) fn new(
        shared: Arc<Shared>,
        chain: ChainId,
        head: ChainHead,
        keys: Option<ChainKeys>,
    ) -> Lease {
        Lease { shared, chain, head, keys, sensitive: None, cache: CommitmentCache::default() }
    }

    /// Puts a lease that was just taken over where its chain stands.
    pub(crate) fn continue_from(
        &mut self,
        head: ChainHead,
        keys: Option<ChainKeys>,
        sensitive: Option<SensitiveKey>,
    ) {
        self.head = head;
        self.keys = keys;
        self.sensitive = sensitive;
    }

    /// The slot of the vault with the short-lived key of the chain's sensitive values, once it has some
    /// and as long as this lease knows the key.
    pub fn sensitive_slot(&self) -> Option<u64> {
        self.sensitive.as_ref().filter(|sensitive| sensitive.cipher.is_some()).map(|sensitive| sensitive.slot)
    }

    /// The chain.
    pub fn chain(&self) -> ChainId {
        self.chain
    }

    /// The place of the newest event (`lead_seq`), queued ones included; 0 when there is none.
    pub fn last_seq(&self) -> u32 {
        self.head.seq
    }

    /// Queues events as one group, which becomes durable whole or not at all. Ready at once,
    /// unless the queue is full: then it waits for room, which is what slows intake. Dropped
    /// before it is ready, nothing is recorded.
    ///
    /// # Errors
    /// When an event cannot become a record, or the ledger stopped. Then none of the group is.
    pub async fn record(&mut self, events: &[&dyn Record]) -> Result<Ticket, RecordError> {
        let group = self.encode(events)?;
        self.shared.wait_for_room(group.bytes).await?;
        self.push(group)
    }

    /// The same without waiting.
    ///
    /// # Errors
    /// As [`record`](Lease::record), and [`RecordError::Full`] when there is no room.
    pub fn try_record(&mut self, events: &[&dyn Record]) -> Result<Ticket, RecordError> {
        let group = self.encode(events)?;
        self.shared.try_room(group.bytes)?;
        self.push(group)
    }

    /// Encodes and seals events without recording them: the chain stays where it is, so the
    /// result must be recorded before anything else is encoded.
    ///
    /// # Errors
    /// When an event cannot become a record.
    pub fn encode(&mut self, events: &[&dyn Record]) -> Result<EncodedGroup, RecordError> {
        let mut head = self.head;
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            if event.chain() != Some(self.chain) {
                return Err(chain::EncodeError::OtherChain { id: event.id(), chain: self.chain }.into());
            }
            if self.sensitive.is_none() && self.keys.is_some() && event.sensitive().is_some() {
                let slot = self.shared.take_slot()?;
                self.sensitive = Some(SensitiveKey::derive(slot.number, &slot.key));
            }
            let keys = chain::Keys { chain: self.keys.as_ref(), sensitive: self.sensitive.as_ref() };
            let (record, next) = chain::encode(*event, head, keys, &mut self.cache, &self.shared.context)?;
            head = next;
            records.push(record);
        }
        let bytes = records.iter().map(|record| record.frame.len()).sum();
        Ok(EncodedGroup { chain: self.chain, records, bytes, from: self.head, to: head })
    }

    /// Queues an encoded group; waits for room as [`record`](Lease::record) does.
    ///
    /// # Errors
    /// When the ledger stopped.
    ///
    /// # Panics
    /// When the chain moved on since the group was encoded, or is another one.
    pub async fn record_encoded(&mut self, group: EncodedGroup) -> Result<Ticket, RecordError> {
        self.shared.wait_for_room(group.bytes).await?;
        self.push(group)
    }

    fn push(&mut self, group: EncodedGroup) -> Result<Ticket, RecordError> {
        assert_eq!(group.chain, self.chain, "a group is recorded by the lease that encoded it");
        assert_eq!(group.from, self.head, "a group is recorded before anything else is encoded");
        let ticket = self.shared.push(Some(self.chain), group.records, group.bytes)?;
        self.head = group.to;
        Ok(ticket)
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.shared.leases().release(&self.chain);
        self.shared.lease_freed.notify_waiters();
    }
}

/// Events ready to be queued.
#[derive(Debug)]
pub struct EncodedGroup {
    chain: ChainId,
    pub(crate) records: Vec<chain::Encoded>,
    pub(crate) bytes: usize,
    from: ChainHead,
    to: ChainHead,
}

impl EncodedGroup {
    /// Bytes it will take in the log.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}
