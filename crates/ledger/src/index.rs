//! The index of the hot part, in memory and rebuilt at every start: one fixed row an event, tables
//! from ids to rows, and for each chain the way back from its newest event.
//!
//! Only durable records have rows, so a reader never sees what a crash could take away.

use std::collections::HashMap;
use std::hash::BuildHasher as _;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use domain::{ChainId, EventId, EventType, FeedbackKind, Money, Outcome, Scalar, Timestamp};
use hashbrown::{DefaultHashBuilder, HashTable};
use wire::{HeaderError, HeaderKeys};

use crate::interned::{Dims, Fields, Interned, Number, value_word};

pub(crate) mod rows_file;

/// Words that recur (types, flows, parties, steps), each stored once and named by a number. The
/// types of events come first, in the order of [`EventType::ALL`].
#[derive(Debug)]
pub(crate) struct Words {
    inner: RwLock<WordsInner>,
    /// The dims that events have.
    pub(crate) dims: Interned<Dims>,
    /// How the declared fields of events stand.
    pub(crate) fields: Interned<Fields>,
}

#[derive(Debug, Default)]
struct WordsInner {
    numbers: HashMap<Arc<str>, u32>,
    words: Vec<Arc<str>>,
}

/// The number of a word; 0 stands for none.
pub(crate) type Word = u32;

impl Default for Words {
    fn default() -> Words {
        let words =
            Words { inner: RwLock::default(), dims: Interned::default(), fields: Interned::default() };
        for event_type in EventType::ALL {
            words.number(event_type.as_str());
        }
        words
    }
}

/// The type of event that a word names.
pub(crate) fn event_type_of(word: Word) -> Option<EventType> {
    EventType::ALL.get((word as usize).checked_sub(1)?).copied()
}

impl Words {
    /// The number of a word, a new one where needed.
    pub(crate) fn number(&self, word: &str) -> Word {
        if let Some(number) = self.find(word) {
            return number;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let word: Arc<str> = word.into();
        let next = Word::try_from(inner.words.len() + 1).expect("fewer than four thousand million words");
        let number = *inner.numbers.entry(Arc::clone(&word)).or_insert(next);
        if number == next {
            inner.words.push(word);
        }
        number
    }

    /// The number of a word that has one.
    pub(crate) fn find(&self, word: &str) -> Option<Word> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).numbers.get(word).copied()
    }

    /// The word of a number.
    pub(crate) fn word(&self, number: Word) -> Option<Arc<str>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.words.get((number as usize).checked_sub(1)?).cloned()
    }

    /// All words there are now, in the order of their numbers, from 1.
    pub(crate) fn all(&self) -> Vec<Arc<str>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).words.clone()
    }

    /// The numbers of all words that are this one but for their case.
    pub(crate) fn find_any_case(&self, word: &str) -> Vec<Word> {
        let wanted = word.to_lowercase();
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let same = |word: &str| word == wanted || word.to_lowercase() == wanted;
        inner.numbers.iter().filter(|(word, _)| same(word)).map(|(_, number)| *number).collect()
    }

    /// The numbers of all words that begin so.
    pub(crate) fn beginning_with(&self, start: &str) -> Vec<Word> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        inner.numbers.iter().filter(|(word, _)| word.starts_with(start)).map(|(_, number)| *number).collect()
    }
}

/// What the index knows of an event before the writer gave it a place.
#[derive(Debug, Clone)]
pub(crate) struct RowDraft {
    pub(crate) id: EventId,
    pub(crate) chain: Option<(ChainId, u32)>,
    pub(crate) at: Timestamp,
    pub(crate) event_type: Word,
    pub(crate) flow: Word,
    pub(crate) source: Word,
    pub(crate) entity: Word,
    pub(crate) step: Word,
    pub(crate) integration: Word,
    pub(crate) reason_code: Word,
    /// Cut to what fits: 49 days.
    pub(crate) duration_ms: u32,
    /// Row of the chain's event before this one, found when the row gets its place;
    /// [`NO_ROW`] for the first in the hot part.
    previous: u32,
    /// In millionths; [`NO_PRICE`] without one.
    price: i64,
    pub(crate) outcome: Option<Outcome>,
    pub(crate) feedback: Option<FeedbackKind>,
    pub(crate) flags: Flags,
    /// Which of [`Words::dims`].
    pub(crate) dims: Number,
    /// Which of [`Words::fields`].
    pub(crate) fields: Number,
}

/// What is or is not so of an event, a bit each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Flags(u8);

impl Flags {
    /// A delivery that is not a sale.
    pub(crate) const COPY: Flags = Flags(1);
    /// Of a test lead.
    pub(crate) const TEST: Flags = Flags(2);
    /// Something is rebuilt from its header at every start.
    pub(crate) const KEYED: Flags = Flags(4);

    pub(crate) fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    fn of(flags: &[(Flags, bool)]) -> Flags {
        Flags(flags.iter().filter(|(_, set)| *set).fold(0, |bits, (flag, _)| bits | flag.0))
    }
}

const NO_ROW: u32 = u32::MAX;
/// What may be reported of a lead.
const FEEDBACK_KINDS: [FeedbackKind; 2] = [FeedbackKind::Return, FeedbackKind::Conversion];
/// The one amount that no price is.
const NO_PRICE: i64 = i64::MIN;

impl RowDraft {
    /// Reads a row from stored header bytes, which also shows that they read back.
    pub(crate) fn read(header: &[u8], words: &Words) -> Result<RowDraft, HeaderError> {
        let header = HeaderKeys::read(header)?;
        let word = |text: &Option<wire::Text<'_>>| text.as_deref().map_or(0, |text| words.number(text));
        let flow = word(&header.flow_id);
        Ok(RowDraft {
            dims: dims(&header, words)?,
            fields: fields(&header, flow, words)?,
            id: header.event_id()?,
            chain: header.chain()?,
            at: header.at()?,
            event_type: words.number(&header.event_type),
            flow,
            source: word(&header.source_id),
            entity: word(&header.entity_id),
            step: word(&header.step_id),
            integration: word(&header.integration),
            reason_code: word(&header.reason_code),
            duration_ms: u32::try_from(header.duration_ms.unwrap_or(0)).unwrap_or(u32::MAX),
            previous: NO_ROW,
            price: header
                .price
                .as_deref()
                .and_then(|price| price.parse().ok())
                .map_or(NO_PRICE, Money::as_millionths),
            outcome: header.outcome.as_deref().and_then(|outcome| outcome.parse().ok()),
            feedback: header.feedback.as_ref().and_then(|feedback| {
                FEEDBACK_KINDS.into_iter().find(|kind| kind.as_str() == &*feedback.kind)
            }),
            flags: Flags::of(&[
                (Flags::COPY, header.counts_as.as_deref() == Some("copy")),
                (Flags::TEST, header.test == Some(true)),
                (Flags::KEYED, header.is_keyed()),
            ]),
        })
    }

    /// What the event says of a price.
    pub(crate) fn price(&self) -> Option<Money> {
        (self.price != NO_PRICE).then(|| Money::from_millionths(self.price))
    }
}

fn dims(header: &HeaderKeys<'_>, words: &Words) -> Result<Number, HeaderError> {
    header.dims.map_or(Ok(0), |stored| intern_dims(stored.get(), words))
}

fn intern_dims(stored: &str, words: &Words) -> Result<Number, HeaderError> {
    if let Some(number) = words.dims.find(stored.as_bytes()) {
        return Ok(number);
    }
    let word_of = |(path, value): (String, Scalar)| (words.number(&path), words.number(&value_word(&value)));
    let dims: Dims = wire::read_dims(stored)?.into_iter().map(word_of).collect();
    Ok(words.dims.number(stored.as_bytes(), || dims))
}

fn fields(header: &HeaderKeys<'_>, flow: Word, words: &Words) -> Result<Number, HeaderError> {
    let version = header.flow_version.unwrap_or(0);
    header.fields.as_deref().map_or(Ok(0), |stored| intern_fields(flow, version, stored, words))
}

fn intern_fields(flow: Word, version: u32, stored: &str, words: &Words) -> Result<Number, HeaderError> {
    let key = Fields::key(flow, version, stored);
    if let Some(number) = words.fields.find(&key) {
        return Ok(number);
    }
    let states = wire::read_field_states(stored)?;
    Ok(words.fields.number(&key, || Fields { flow, version, states }))
}

/// Where a record's frame lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Location {
    pub(crate) file: u32,
    pub(crate) len: u32,
    pub(crate) offset: u64,
}

/// One event of the hot part.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) draft: RowDraft,
    pub(crate) location: Location,
}

/// What every event costs in memory, its places in the tables aside.
pub(crate) const ROW_BYTES: usize = 112;
const _: () = assert!(size_of::<Row>() == ROW_BYTES);

/// Rows in blocks, so that growing never copies what is there.
const BLOCK_ROWS: usize = 4096;
/// Tables in shards, so that growing one is short.
const SHARDS: usize = 64;

/// The rows of all durable events, first seq first.
#[derive(Debug)]
pub(crate) struct HotIndex {
    first_seq: u64,
    blocks: Vec<Vec<Row>>,
    rows: usize,
    hasher: DefaultHashBuilder,
    ids: Vec<HashTable<u32>>,
    /// The newest row of each chain.
    chains: Vec<HashTable<u32>>,
}

impl HotIndex {
    pub(crate) fn new(first_seq: u64) -> HotIndex {
        HotIndex {
            first_seq,
            blocks: Vec::new(),
            rows: 0,
            hasher: DefaultHashBuilder::default(),
            ids: (0..SHARDS).map(|_| HashTable::new()).collect(),
            chains: (0..SHARDS).map(|_| HashTable::new()).collect(),
        }
    }

    /// The lowest seq it holds.
    pub(crate) fn first_seq(&self) -> u64 {
        self.first_seq
    }

    /// The seq after the highest it holds: all below are durable.
    pub(crate) fn next_seq(&self) -> u64 {
        self.first_seq + self.rows as u64
    }

    fn row(&self, row: u32) -> &Row {
        let row = row as usize;
        &self.blocks[row / BLOCK_ROWS][row % BLOCK_ROWS]
    }

    /// The row of a seq.
    pub(crate) fn get(&self, seq: u64) -> Option<&Row> {
        let row = u32::try_from(seq.checked_sub(self.first_seq)?).ok()?;
        ((row as usize) < self.rows).then(|| self.row(row))
    }

    fn seq_of(&self, row: u32) -> u64 {
        self.first_seq + u64::from(row)
    }

    fn shard(hash: u64) -> usize {
        (hash >> 32) as usize % SHARDS
    }

    fn chain_of(&self, row: u32) -> Option<ChainId> {
        self.row(row).draft.chain.map(|(chain, _)| chain)
    }

    fn newest_of(&self, chain: &ChainId) -> Option<u32> {
        let hash = self.hasher.hash_one(chain);
        self.chains[HotIndex::shard(hash)]
            .find(hash, |row| self.chain_of(*row).as_ref() == Some(chain))
            .copied()
    }

    /// The seq of an event.
    pub(crate) fn find(&self, id: &EventId) -> Option<u64> {
        let hash = self.hasher.hash_one(id);
        self.ids[HotIndex::shard(hash)]
            .find(hash, |row| self.row(*row).draft.id == *id)
            .map(|row| self.seq_of(*row))
    }

    /// Place in the chain (`lead_seq`) and seq of the newest event of a chain.
    pub(crate) fn last_of(&self, chain: &ChainId) -> Option<(u32, u64)> {
        let row = self.newest_of(chain)?;
        let (_, chain_seq) = self.row(row).draft.chain.expect("a row found by its chain has one");
        Some((chain_seq, self.seq_of(row)))
    }

    /// The seqs of a chain, newest first.
    pub(crate) fn chain(&self, chain: &ChainId) -> impl Iterator<Item = u64> {
        std::iter::successors(self.newest_of(chain), |row| {
            Some(self.row(*row).draft.previous).filter(|previous| *previous != NO_ROW)
        })
        .map(|row| self.seq_of(row))
    }

    /// Every chain, with the seq of its newest event.
    pub(crate) fn chains(&self) -> impl Iterator<Item = (ChainId, u64)> {
        self.chains.iter().flat_map(HashTable::iter).map(|row| {
            (self.chain_of(*row).expect("rows in the table of chains have one"), self.seq_of(*row))
        })
    }

    /// Adds the next durable record.
    pub(crate) fn push(&mut self, mut draft: RowDraft, location: Location) {
        let row = u32::try_from(self.rows)
            .ok()
            .filter(|row| *row != NO_ROW)
            .expect("the hot part holds fewer than four thousand million records");
        let id_hash = self.hasher.hash_one(draft.id);
        let chain = draft.chain;
        draft.previous = chain.and_then(|(chain, _)| self.newest_of(&chain)).unwrap_or(NO_ROW);
        if self.rows.is_multiple_of(BLOCK_ROWS) {
            self.blocks.push(Vec::with_capacity(BLOCK_ROWS));
        }
        self.blocks.last_mut().expect("a block was just made").push(Row { draft, location });
        self.rows += 1;

        let HotIndex { blocks, hasher, ids, chains, .. } = self;
        let row_at = |row: u32| &blocks[row as usize / BLOCK_ROWS][row as usize % BLOCK_ROWS];
        ids[HotIndex::shard(id_hash)]
            .insert_unique(id_hash, row, |row| hasher.hash_one(row_at(*row).draft.id));
        if let Some((chain, _)) = chain {
            let hash = hasher.hash_one(chain);
            let of_row = |row: u32| row_at(row).draft.chain.map(|(chain, _)| chain);
            let table = &mut chains[HotIndex::shard(hash)];
            match table.find_mut(hash, |row| of_row(*row) == Some(chain)) {
                Some(newest) => *newest = row,
                None => {
                    let rehash = |row: &u32| hasher.hash_one(of_row(*row).expect("such rows have a chain"));
                    table.insert_unique(hash, row, rehash);
                }
            }
        }
    }
}

/// The index behind its lock: the writer holds it while it adds a batch, readers for a bounded
/// number of rows at a time.
#[derive(Debug)]
pub(crate) struct SharedIndex(RwLock<HotIndex>);

impl SharedIndex {
    pub(crate) fn new(index: HotIndex) -> SharedIndex {
        SharedIndex(RwLock::new(index))
    }

    pub(crate) fn read(&self) -> RwLockReadGuard<'_, HotIndex> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn extend(&self, rows: impl Iterator<Item = (RowDraft, Location)>) {
        let mut index = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for (draft, location) in rows {
            index.push(draft, location);
        }
    }
}
