//! Encoding of one chain's records: commitments, snapshot, leaf, seal. The state of the chain is
//! a value, so an encoding that is never recorded changes nothing.

use std::cmp::Ordering;
use std::sync::Arc;
use std::time::Instant;

use domain::{ChainId, EventId};
use wire::{Body, BodyError, HeaderError, Place, Record};

use crate::Defences;
use crate::entropy::{Entropy, draw};
use crate::frame::{FRAME_BYTES_MAX, FRAME_HEAD_BYTES, FrameDraft, HEADER_BYTES_MAX, NONCE_BYTES};
use crate::hash::{self, Hash, NO_LEAF};
use crate::index::{RowDraft, Words};
use crate::keys::{ChainKeys, SensitiveKey};
use crate::seal::{self, BODY_BYTES_MAX};
use crate::stages::{Stage, Stages};

/// Why an event cannot become a record. Nothing was recorded.
#[derive(Debug, thiserror::Error)]
pub enum EncodeError {
    /// The header is longer than a record holds.
    #[error("the header of {id} has {bytes} bytes; a record holds at most {HEADER_BYTES_MAX}")]
    HeaderTooLong {
        /// Which event.
        id: EventId,
        /// Length of its header.
        bytes: usize,
    },
    /// The body is longer than a record holds.
    #[error("the body of {id} has {bytes} bytes; a record holds at most {BODY_BYTES_MAX}")]
    BodyTooLong {
        /// Which event.
        id: EventId,
        /// Length of its body before compression.
        bytes: usize,
    },
    /// The body has too many paths.
    #[error("the body of an event cannot be written")]
    Body(#[from] BodyError),
    /// The header does not read back: a fault of this program.
    #[error("the header of an event does not read back")]
    Header(#[from] HeaderError),
    /// The event belongs to another chain than the lease.
    #[error("the event {id} does not belong to {chain}")]
    OtherChain {
        /// Which event.
        id: EventId,
        /// The chain of the lease.
        chain: ChainId,
    },
}

/// A record that lacks only its place in the log.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) frame: FrameDraft,
    pub(crate) row: RowDraft,
}

impl Encoded {
    /// The frame, for writing; an empty one stays behind.
    pub(crate) fn take_frame(&mut self) -> FrameDraft {
        std::mem::take(&mut self.frame)
    }
}

/// What encoding needs of the ledger.
#[derive(Debug, Clone)]
pub(crate) struct EncodeContext {
    pub(crate) ledger_id: [u8; 16],
    pub(crate) entropy: Arc<dyn Entropy>,
    pub(crate) words: Arc<Words>,
    pub(crate) defences: Defences,
    pub(crate) stages: Option<Arc<Stages>>,
}

impl EncodeContext {
    fn mark(&self, stage: Stage, since: &mut Option<Instant>) {
        if let (Some(stages), Some(start)) = (&self.stages, since.as_mut()) {
            let now = Instant::now();
            stages.add(stage, now - *start);
            *start = now;
        }
    }
}

/// Where a chain stands: what its next record continues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChainHead {
    /// Place of the newest record, 0 when there is none.
    pub(crate) seq: u32,
    /// Leaf of the newest record.
    pub(crate) leaf: Hash,
}

impl ChainHead {
    pub(crate) const START: ChainHead = ChainHead { seq: 0, leaf: NO_LEAF };
}

/// The newest body with its commitments, to be reused where the next body has the same element.
#[derive(Debug, Default)]
pub(crate) struct CommitmentCache {
    /// Absent until there is one.
    body: Option<Body>,
    // Invariant: `c_0 … c_n` of `body`; empty without one.
    commitments: Vec<Hash>,
}

impl CommitmentCache {
    /// The commitments `c_0 … c_n` of a body, computing only what changed.
    fn commit(&self, body: &Body, keys: &ChainKeys) -> Vec<Hash> {
        // Of a lead that both bodies share, nothing has changed, and its elements are not looked at.
        let (old_lead, lead) = match &self.body {
            Some(old) if old.shares_lead_with(body) => (old.lead_elements(), body.lead_elements()),
            Some(_) | None => (0..0, 0..0),
        };
        let same_paths = self.body.as_ref().is_some_and(|old| {
            let mut pairs = old.elements().zip(body.elements()).enumerate();
            old.len() == body.len()
                && old_lead == lead
                && pairs.all(|(at, ((old, _), (own, _)))| lead.contains(&at) || old == own)
        });
        let mut commitments = Vec::with_capacity(body.len() + 1);
        commitments.push(if same_paths {
            self.commitments[0]
        } else {
            hash::commitment(&keys.salt, &hash::path_list_tail(body.elements().map(|(path, _)| path)))
        });
        let old = self.body.iter().flat_map(Body::elements).map(|(_, tail)| tail);
        let mut old = old.zip(self.commitments.iter().skip(1)).peekable();
        for (at, (_, tail)) in body.elements().enumerate() {
            if lead.contains(&at) {
                commitments.push(self.commitments[1 + old_lead.start + at - lead.start]);
                continue;
            }
            // Tails begin with the path, so both lists ascend alike, but for escapes; an element
            // that is missed is only computed again.
            let known = loop {
                match old.peek().map(|(known, commitment)| (known.cmp(&tail), **commitment)) {
                    Some((Ordering::Less, _)) => old.next(),
                    Some((Ordering::Equal, commitment)) => break Some(commitment),
                    Some((Ordering::Greater, _)) | None => break None,
                };
            };
            commitments.push(known.unwrap_or_else(|| hash::commitment(&keys.salt, tail)));
        }
        commitments
    }

    /// Keeps a body with what [`commit`](CommitmentCache::commit) gave for it.
    fn keep(&mut self, body: Body, commitments: Vec<Hash>) {
        debug_assert_eq!(commitments.len(), body.len() + 1);
        *self = CommitmentCache { body: Some(body), commitments };
    }
}

/// What a record is sealed under.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Keys<'a> {
    /// None for records without a chain, and once the key was destroyed.
    pub(crate) chain: Option<&'a ChainKeys>,
    /// None as long as the chain has no sensitive values.
    pub(crate) sensitive: Option<&'a SensitiveKey>,
}

/// Encodes one record behind `head`, and gives it with the head that follows.
pub(crate) fn encode(
    record: &dyn Record,
    head: ChainHead,
    keys: Keys<'_>,
    cache: &mut CommitmentCache,
    context: &EncodeContext,
) -> Result<(Encoded, ChainHead), EncodeError> {
    let Keys { chain: keys, sensitive } = keys;
    let id = record.id();
    let mut since = context.stages.as_ref().map(|_| Instant::now());
    let mut body = record.body(cache.body.as_ref())?;
    // Once the short-lived key is destroyed, nothing new is kept under it.
    if let Some(cipher) = sensitive.and_then(|sensitive| sensitive.cipher.as_ref())
        && let Some(plain) = record.sensitive()
        && let Some(own) = body.take()
    {
        let nonce: [u8; NONCE_BYTES] = draw(&*context.entropy);
        let sealed = seal::encrypt_sensitive(cipher, &nonce, &context.ledger_id, &id.to_string(), &plain);
        body = Some(own.with_sensitive(&sealed)?);
    }
    if let Some(body) = body.as_ref().filter(|body| body.bytes().len() > BODY_BYTES_MAX) {
        return Err(EncodeError::BodyTooLong { id, bytes: body.bytes().len() });
    }
    // Once the key of a chain is destroyed, what comes later is recorded without its body.
    let sealing = body.as_ref().zip(keys);
    context.mark(Stage::Encode, &mut since);

    let commitments = sealing.map(|(body, keys)| cache.commit(body, keys));
    let snapshot = hash::snapshot(&head.leaf, commitments.as_deref().unwrap_or_default());
    context.mark(Stage::Commit, &mut since);

    let chain_seq = record.chain().map(|_| head.seq + 1);
    let mut header = Vec::with_capacity(768);
    record.write_header(Place { chain_seq, snapshot: &snapshot }, &mut header);
    if header.len() > HEADER_BYTES_MAX {
        return Err(EncodeError::HeaderTooLong { id, bytes: header.len() });
    }
    let row = RowDraft::read(&header, &context.words)?;
    let leaf = hash::leaf(&header);
    context.mark(Stage::Encode, &mut since);

    let compressed = sealing.map(|(body, keys)| (seal::compress(body.bytes(), &context.defences), keys));
    context.mark(Stage::Compress, &mut since);

    let sealed = compressed.map(|(compressed, keys)| {
        let nonce: [u8; NONCE_BYTES] = draw(&*context.entropy);
        let sealed =
            seal::encrypt(&keys.body, &nonce, &context.ledger_id, &leaf, compressed, &context.defences);
        (nonce, sealed)
    });
    let key_slot = keys.map_or(0, |keys| keys.slot);
    let frame = FrameDraft::new(
        &header,
        key_slot,
        sensitive.map_or(0, |sensitive| sensitive.slot),
        sealed.as_ref().map(|(nonce, sealed)| (nonce, sealed.as_slice())),
    );
    assert!(
        frame.len() <= FRAME_BYTES_MAX,
        "limits on header and body keep frames below {FRAME_BYTES_MAX} bytes"
    );
    debug_assert!(frame.len() > FRAME_HEAD_BYTES);
    context.mark(Stage::Seal, &mut since);

    if let Some((body, commitments)) = body.zip(commitments) {
        cache.keep(body, commitments);
    }
    let next = ChainHead { seq: chain_seq.unwrap_or(0), leaf };
    Ok((Encoded { frame, row }, next))
}

#[cfg(test)]
mod tests {
    use domain::{EventBody, Exchange, Lead, Value};

    use super::*;
    use crate::keys::SecretKey;

    #[test]
    fn commitments_that_are_kept_are_those_that_would_be_computed() {
        let keys = ChainKeys::derive(1, &SecretKey::from_bytes([1; 32]));
        let lead: Lead = ["a", "email", "state"]
            .map(|name| (name.parse().unwrap(), Value::text(name)))
            .into_iter()
            .collect();
        let plain = EventBody { lead: lead.clone(), ..EventBody::default() };
        let exchanges = vec![Exchange { request: Some(b"GET /".as_slice().into()), response: None }];
        let asked = EventBody { exchanges, ..plain.clone() };
        let declined = EventBody { reason_raw: Some("no luck".into()), ..plain.clone() };
        let asked_and_declined = EventBody { reason_raw: declined.reason_raw.clone(), ..asked.clone() };
        let mut more = lead;
        more.set("b".parse().unwrap(), Value::text("b"));
        let more = EventBody { lead: more, ..declined.clone() };
        let nothing = EventBody::default();

        let events =
            [&nothing, &plain, &plain, &asked, &declined, &asked_and_declined, &more, &plain, &nothing];
        let mut cache = CommitmentCache::default();
        for event in events {
            let body = Body::of_event(event, cache.body.as_ref()).unwrap();
            let commitments = cache.commit(&body, &keys);
            assert_eq!(commitments, CommitmentCache::default().commit(&body, &keys));
            cache.keep(body, commitments);
        }
    }
}
