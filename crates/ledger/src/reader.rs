//! The read side: records by seq, id and chain, and lists by filter. It sees only what is
//! durable, because only that has rows in the index.

use std::collections::HashSet;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError};

use domain::{ChainId, EventId, EventType, Timestamp};
use wire::{BodyView, Header};

use crate::chain_list::{self, ChainPage, ChainQuery, EventsInChains, Glance};
use crate::filter::{Filter, Matcher};
use crate::frame::{Frame, FramePlace, NONCE_BYTES};
use crate::hash;
use crate::hot::HotFile;
use crate::index::{Flags, Location, SharedIndex, Word, Words};
use crate::keys::{ChainKeys, SensitiveKey};
use crate::seal::{self, OpenError};
use crate::vault::{Slot, VaultError};
use crate::writer::Shared;

/// Why a durable record cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Reading failed.
    #[error("cannot read {} at offset {offset}", path.display())]
    Disk {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// Why.
        source: std::io::Error,
    },
    /// What is there is not the record that was written.
    #[error("{} is damaged at offset {offset}: the record {seq} is not valid", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where in it.
        offset: u64,
        /// Which record.
        seq: u64,
    },
    /// The vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// The body does not open.
    #[error("the body of record {seq} cannot be opened")]
    Body {
        /// Which record.
        seq: u64,
        /// Why.
        source: OpenError,
    },
}

/// A record as it was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredRecord {
    /// Its place in the ledger.
    pub seq: u64,
    /// The header bytes, which are the hashed bytes.
    pub header: Vec<u8>,
    /// Its body.
    pub body: StoredBody,
}

/// A record whose header was read, whether or not its body opens.
#[derive(Debug)]
pub struct ReadRecord {
    /// Its place in the ledger.
    pub seq: u64,
    /// The header bytes, which are the hashed bytes.
    pub header: Vec<u8>,
    /// Its body, or [`ReadError::Vault`] or [`ReadError::Body`].
    pub body: Result<StoredBody, ReadError>,
}

/// The header of a record whose body nobody asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadHeader {
    /// Its place in the ledger.
    pub seq: u64,
    /// The header bytes, which are the hashed bytes.
    pub header: Vec<u8>,
    /// How many bytes were read for it: the whole record, since one checksum covers it.
    pub stored_bytes: usize,
}

/// The body of a stored record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StoredBody {
    /// The kind of record has none.
    None,
    /// The key was destroyed: the person is forgotten.
    Erased,
    /// The JSON array of path and value.
    Open(Vec<u8>),
}

impl StoredBody {
    /// The bytes, when there are some.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            StoredBody::Open(bytes) => Some(bytes),
            StoredBody::None | StoredBody::Erased => None,
        }
    }
}

/// What a record keeps of sensitive values.
#[derive(Clone, PartialEq, Eq)]
pub enum Sensitive {
    /// Nothing.
    None,
    /// The key was destroyed, its own or that of the whole chain.
    Destroyed,
    /// The JSON array of path and value in the clear.
    Open(Vec<u8>),
}

impl std::fmt::Debug for Sensitive {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Sensitive::None => "None",
            Sensitive::Destroyed => "Destroyed",
            Sensitive::Open(_) => "Open(…)",
        })
    }
}

/// In which order a list goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Highest seq first.
    #[default]
    NewestFirst,
    /// Lowest seq first.
    OldestFirst,
}

/// Which part of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// Only seqs above this one.
    pub after: Option<u64>,
    /// Only seqs below this one.
    pub before: Option<u64>,
    /// In which order.
    pub order: Order,
    /// At most this many.
    pub limit: usize,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// The seqs, in the order asked for.
    pub seqs: Vec<u64>,
    /// Whether more match in that direction.
    pub more: bool,
    /// All records below this seq were looked at or could have been: what came later is not
    /// part of this answer.
    pub complete_to_seq: u64,
}

/// Which events something is rebuilt from.
#[derive(Debug, Clone)]
pub struct Keyed<'a> {
    /// Events of these types, as far as the index has marked them.
    pub types: &'a [EventType],
    /// Events of these types that follow one of those in its chain.
    pub following: &'a [EventType],
    /// Not before this moment.
    pub since: Timestamp,
    /// In this stretch of the ledger.
    pub seqs: Range<u64>,
    /// Chains that had such an event before the stretch.
    pub chains: HashSet<ChainId>,
}

/// How many rows are looked at before the writer gets its turn at the index.
pub(crate) const ROWS_AT_A_TIME: u64 = 4096;

/// Reads one ledger. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Reader {
    shared: Arc<Shared>,
}

impl Reader {
    pub(crate) fn new(shared: Arc<Shared>) -> Reader {
        Reader { shared }
    }

    pub(crate) fn index(&self) -> &SharedIndex {
        &self.shared.index
    }

    pub(crate) fn words(&self) -> &Words {
        &self.shared.context.words
    }

    /// The seq below which everything is durable, and so visible.
    pub fn next_seq(&self) -> u64 {
        self.shared.index.read().next_seq()
    }

    /// The seq of an event; none when there is no such event.
    pub fn find(&self, id: &EventId) -> Option<u64> {
        self.shared.index.read().find(id)
    }

    /// The seqs of a chain, oldest first.
    pub fn chain(&self, chain: impl Into<ChainId>) -> Vec<u64> {
        let mut seqs: Vec<u64> = self.shared.index.read().chain(&chain.into()).collect();
        seqs.reverse();
        seqs
    }

    /// Every chain with the seq of its newest event, in no order.
    pub fn chains(&self) -> Vec<(ChainId, u64)> {
        self.shared.index.read().chains().collect()
    }

    /// The chains that have no event of a type, in no order: each is walked back from its newest
    /// event until there is one.
    pub fn chains_without(&self, event_type: EventType) -> Vec<ChainId> {
        let wanted = self.shared.context.words.find(event_type.as_str());
        let index = self.shared.index.read();
        let has = |chain: &ChainId| {
            index
                .chain(chain)
                .any(|seq| index.get(seq).is_some_and(|row| Some(row.draft.event_type) == wanted))
        };
        index.chains().map(|(chain, _)| chain).filter(|chain| !has(chain)).collect()
    }

    /// The chains whose newest event is of one of these types and not older by so much than the newest
    /// record of all, in no order.
    pub fn chains_ending_with(&self, types: &[EventType], within_ms: i64) -> Vec<ChainId> {
        let words = &self.shared.context.words;
        let types: Vec<Word> =
            types.iter().filter_map(|event_type| words.find(event_type.as_str())).collect();
        let index = self.shared.index.read();
        let newest = self.next_seq().checked_sub(1).and_then(|seq| index.get(seq));
        let Some(start) = newest.map(|row| row.draft.at.plus_millis(-within_ms)) else { return Vec::new() };
        let ends = |seq: u64| {
            index.get(seq).is_some_and(|row| types.contains(&row.draft.event_type) && row.draft.at >= start)
        };
        index.chains().filter(|(_, newest)| ends(*newest)).map(|(chain, _)| chain).collect()
    }

    /// The chains in which some step was opened by one type of event and not closed by another since, in
    /// no order. One pass over the rows.
    pub fn open_steps(&self, opening: &[EventType], closing: &[EventType]) -> Vec<ChainId> {
        let words = &self.shared.context.words;
        let number = |types: &[EventType]| -> Vec<Word> {
            types.iter().filter_map(|event_type| words.find(event_type.as_str())).collect()
        };
        let (opening, closing) = (number(opening), number(closing));
        let mut open: HashSet<(ChainId, Word)> = HashSet::new();
        let mut stretch = self.shared.index.read().first_seq()..self.next_seq();
        while !stretch.is_empty() {
            let index = self.shared.index.read();
            let end = stretch.end.min(stretch.start + ROWS_AT_A_TIME);
            for row in (stretch.start..end).filter_map(|seq| index.get(seq)) {
                let Some((chain, _)) = row.draft.chain else { continue };
                if opening.contains(&row.draft.event_type) {
                    open.insert((chain, row.draft.step));
                } else if closing.contains(&row.draft.event_type) {
                    open.remove(&(chain, row.draft.step));
                }
            }
            stretch.start = end;
        }
        let chains: HashSet<ChainId> = open.into_iter().map(|(chain, _)| chain).collect();
        chains.into_iter().collect()
    }

    /// The seqs of events from whose headers something is rebuilt, oldest first. One pass over the rows, no
    /// file is read.
    pub fn keyed(&self, wanted: Keyed<'_>) -> Vec<u64> {
        let Keyed { types, following, since, seqs: stretch, mut chains } = wanted;
        let words = &self.shared.context.words;
        let number = |types: &[EventType]| -> Vec<Word> {
            types.iter().filter_map(|event_type| words.find(event_type.as_str())).collect()
        };
        let (types, following) = (number(types), number(following));
        let mut seqs = Vec::new();
        let first_seq = self.shared.index.read().first_seq();
        let mut stretch = stretch.start.max(first_seq)..stretch.end.min(self.next_seq());
        while !stretch.is_empty() {
            let index = self.shared.index.read();
            let end = stretch.end.min(stretch.start + ROWS_AT_A_TIME);
            for seq in stretch.start..end {
                let Some(row) = index.get(seq) else { continue };
                let Some((chain, _)) = row.draft.chain.filter(|_| row.draft.at >= since) else { continue };
                if row.draft.flags.has(Flags::KEYED) && types.contains(&row.draft.event_type) {
                    if !following.is_empty() {
                        chains.insert(chain);
                    }
                    seqs.push(seq);
                } else if following.contains(&row.draft.event_type) && chains.contains(&chain) {
                    seqs.push(seq);
                }
            }
            stretch.start = end;
        }
        seqs
    }

    /// The header bytes of a record, whose body stays sealed; none when there is no such seq yet.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    pub fn header_bytes(&self, seq: u64) -> Result<Option<Vec<u8>>, ReadError> {
        Ok(self.frame(seq)?.map(|(frame, bytes)| bytes[frame.header].to_vec()))
    }

    /// Lists seqs by filter. Rows are looked at in stretches, so the writer never waits for a
    /// long list.
    pub fn list(&self, filter: &Filter, window: Window) -> Page {
        let complete_to_seq = self.next_seq();
        let mut page = Page { seqs: Vec::new(), more: false, complete_to_seq };
        let Some(matcher) = Matcher::new(filter, &self.shared.context.words) else {
            return page;
        };
        let low =
            window.after.map_or(0, |after| after.saturating_add(1)).max(self.shared.index.read().first_seq());
        let high = window.before.unwrap_or(u64::MAX).min(complete_to_seq);
        if let Some(chain) = filter.chain {
            // A chain is short: it is gathered at once, and no other row is looked at.
            let mut seqs = self.chain(chain);
            if window.order == Order::NewestFirst {
                seqs.reverse();
            }
            let index = self.shared.index.read();
            let matching = seqs
                .into_iter()
                .filter(|seq| (low..high).contains(seq))
                .filter(|seq| index.get(*seq).is_some_and(|row| matcher.matches(row)));
            page.seqs = matching.take(window.limit.saturating_add(1)).collect();
        } else {
            let mut stretch = low..high;
            while !stretch.is_empty() && page.seqs.len() <= window.limit {
                let index = self.shared.index.read();
                let wanted = |seq: &u64| index.get(*seq).is_some_and(|row| matcher.matches(row));
                let left = window.limit.saturating_add(1) - page.seqs.len();
                match window.order {
                    Order::OldestFirst => {
                        let end = stretch.end.min(stretch.start + ROWS_AT_A_TIME);
                        page.seqs.extend((stretch.start..end).filter(wanted).take(left));
                        stretch.start = end;
                    }
                    Order::NewestFirst => {
                        let start = stretch.start.max(stretch.end.saturating_sub(ROWS_AT_A_TIME));
                        page.seqs.extend((start..stretch.end).rev().filter(wanted).take(left));
                        stretch.end = start;
                    }
                }
            }
        }
        page.more = page.seqs.len() > window.limit;
        page.seqs.truncate(window.limit);
        page
    }

    /// Lists chains by their first event, and by what `keep` makes of all their events so far,
    /// oldest first. At most about `rows_max` rows are looked at, so a list that few chains are on
    /// comes in pages that are short. `keep` is called while the index is held: it only decides.
    pub fn list_chains(
        &self,
        query: &ChainQuery,
        window: Window,
        rows_max: u64,
        keep: impl FnMut(&[Glance]) -> bool,
    ) -> ChainPage {
        chain_list::list(&self.shared.index, &self.shared.context.words, query, window, rows_max, keep)
    }

    /// Lists events by filter, and by what `keep` makes of each among all events of its chain so far, oldest
    /// first. At most about `rows_max` rows are looked at, so a list of few comes in pages that are short.
    /// `keep` is called while the index is held: it only decides.
    pub fn list_in_chains(
        &self,
        filter: &Filter,
        window: Window,
        rows_max: u64,
        keep: impl FnMut(&Glance, &[Glance]) -> bool,
    ) -> EventsInChains {
        chain_list::list_events(
            &self.shared.index,
            &self.shared.context.words,
            filter,
            window,
            rows_max,
            keep,
        )
    }

    /// The events of a chain as the index knows them, oldest first.
    pub fn glances(&self, chain: impl Into<ChainId>) -> Vec<Glance> {
        let mut glances = Vec::new();
        let index = self.shared.index.read();
        chain_list::glance(&index, &chain.into(), index.next_seq(), &mut glances);
        glances
    }

    /// One record; none when there is no such seq yet.
    ///
    /// # Errors
    /// When it cannot be read, or is not what was written.
    pub fn record(&self, seq: u64) -> Result<Option<StoredRecord>, ReadError> {
        Ok(self.records(&[seq])?.pop())
    }

    /// Several records, in the order asked for; seqs that do not exist are left out.
    ///
    /// # Errors
    /// When one cannot be read, or is not what was written.
    pub fn records(&self, seqs: &[u64]) -> Result<Vec<StoredRecord>, ReadError> {
        let mut records = Vec::with_capacity(seqs.len());
        for read in self.each(seqs) {
            let ReadRecord { seq, header, body } = read?;
            records.push(StoredRecord { seq, header, body: body? });
        }
        Ok(records)
    }

    /// Several records one by one, as [`records`](Reader::records) gives them: each is read when
    /// it is asked for, and one whose body does not open still gives its header.
    ///
    /// An item is an error when the record itself cannot be read or is not what was written.
    pub fn each<'a>(
        &'a self,
        seqs: &'a [u64],
    ) -> impl Iterator<Item = Result<ReadRecord, ReadError>> + use<'a> {
        let mut keys: Option<(u64, Option<ChainKeys>)> = None;
        seqs.iter().filter_map(move |&seq| {
            let (frame, bytes) = match self.frame(seq).transpose()? {
                Ok(read) => read,
                Err(error) => return Some(Err(error)),
            };
            let header = bytes[frame.header.clone()].to_vec();
            let body = self.body(&frame, &bytes, &mut keys);
            Some(Ok(ReadRecord { seq, header, body }))
        })
    }

    /// The headers of several records one by one, as [`each`](Reader::each) gives them. No body is
    /// opened.
    ///
    /// An item is an error when the record cannot be read or is not what was written.
    pub fn headers<'a>(
        &'a self,
        seqs: &'a [u64],
    ) -> impl Iterator<Item = Result<ReadHeader, ReadError>> + use<'a> {
        seqs.iter().filter_map(move |&seq| {
            let read = self.frame(seq).transpose()?;
            Some(read.map(|(frame, mut bytes)| {
                let stored_bytes = bytes.len();
                bytes.truncate(frame.header.end);
                ReadHeader { seq, header: bytes.split_off(frame.header.start), stored_bytes }
            }))
        })
    }

    /// The body of a frame. `keys` are those of the slot that was read last.
    fn body(
        &self,
        frame: &Frame,
        bytes: &[u8],
        keys: &mut Option<(u64, Option<ChainKeys>)>,
    ) -> Result<StoredBody, ReadError> {
        let seq = frame.seq;
        let Some((nonce, sealed)) = frame.sealed.clone() else {
            return Ok(StoredBody::None);
        };
        if keys.as_ref().is_none_or(|(slot, _)| *slot != frame.key_slot) {
            *keys = Some((frame.key_slot, self.keys(seq, frame.key_slot)?));
        }
        let Some(keys) = keys.as_ref().and_then(|(_, keys)| keys.as_ref()) else {
            return Ok(StoredBody::Erased);
        };
        let nonce: &[u8; NONCE_BYTES] = bytes[nonce].try_into().expect("a nonce has twelve bytes");
        let context = &self.shared.context;
        let leaf = hash::leaf(&bytes[frame.header.clone()]);
        seal::open(&keys.body, nonce, &context.ledger_id, &leaf, &bytes[sealed], &context.defences)
            .map(StoredBody::Open)
            .map_err(|source| ReadError::Body { seq, source })
    }

    fn keys(&self, seq: u64, slot: u64) -> Result<Option<ChainKeys>, ReadError> {
        match self.shared.vault.read(slot)? {
            Slot::Live(key) => Ok(Some(ChainKeys::derive(slot, &key))),
            Slot::Erased => Ok(None),
            Slot::Free => Err(ReadError::Body { seq, source: OpenError::Sealed }),
        }
    }

    /// Opens what the element `sensitive` of a record holds, as long as its short-lived key lives.
    ///
    /// # Errors
    /// When the record or its slot cannot be read, or does not open.
    pub fn sensitive(&self, seq: u64) -> Result<Sensitive, ReadError> {
        let Some((frame, bytes)) = self.frame(seq)? else { return Ok(Sensitive::None) };
        let StoredBody::Open(body) = self.body(&frame, &bytes, &mut None)? else {
            return Ok(Sensitive::Destroyed);
        };
        let broken = || ReadError::Body { seq, source: OpenError::Sealed };
        let view = BodyView::read(&body).map_err(|_| broken())?;
        let Some(sealed) = view.sensitive() else { return Ok(Sensitive::None) };
        let header = Header::read(&bytes[frame.header.clone()]).map_err(|_| broken())?;
        let slot = frame.sensitive_slot;
        let key = match self.shared.vault.read(slot)? {
            Slot::Live(key) => SensitiveKey::derive(slot, &key),
            Slot::Erased => return Ok(Sensitive::Destroyed),
            Slot::Free => return Err(broken()),
        };
        let cipher = key.cipher.as_ref().expect("a live key has a cipher");
        seal::open_sensitive(cipher, &self.shared.context.ledger_id, &header.id, &sealed)
            .map(Sensitive::Open)
            .map_err(|source| ReadError::Body { seq, source })
    }

    /// Header bytes, key slot and sensitive slot of a record that has a row.
    pub(crate) fn header(&self, seq: u64) -> Result<(Vec<u8>, u64, u64), ReadError> {
        let (frame, bytes) = self.frame(seq)?.expect("the caller found the seq in the index");
        Ok((bytes[frame.header.clone()].to_vec(), frame.key_slot, frame.sensitive_slot))
    }

    fn frame(&self, seq: u64) -> Result<Option<(Frame, Vec<u8>)>, ReadError> {
        let Some(location) = self.shared.index.read().get(seq).map(|row| row.location) else {
            return Ok(None);
        };
        let Location { file, len, offset } = location;
        let HotFile { file, path, epoch, .. } = {
            let files = self.shared.files.read().unwrap_or_else(PoisonError::into_inner);
            files[file as usize].clone()
        };
        let mut bytes = vec![0; len as usize];
        file.read_exact_at(&mut bytes, offset).map_err(|source| ReadError::Disk {
            path: path.clone(),
            offset,
            source,
        })?;
        match Frame::read(FramePlace { epoch, offset }, &bytes, &self.shared.context.defences) {
            Some(frame) if frame.seq == seq => Ok(Some((frame, bytes))),
            Some(_) | None => Err(ReadError::Damaged { path, offset, seq }),
        }
    }
}
