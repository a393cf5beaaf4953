//! What must be true of the log, whatever happened to it.

use std::collections::{BTreeMap, HashMap};
use std::fmt;

use super::subject::SeenRecord;
use super::{Group, GroupId, Handed, Sealed, Seen};

/// A rule that did not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Broken {
    /// An acknowledged record is not there, or another one stands in its place.
    AcknowledgedGone(String),
    /// What a reader saw is not there, or has changed.
    SeenGone(String),
    /// Places are not gapless from 0.
    Gap(String),
    /// Places in a chain are not gapless from 1.
    ChainGap(String),
    /// A record that was never handed over, or is there twice.
    Unasked(String),
    /// A part of a group.
    GroupTorn(String),
    /// A group that an earlier start did not show.
    CameBack(String),
    /// A key used for two owners, or a nonce for two texts.
    SealedTwice(String),
    /// The log did not start, or stopped, though the disk did not fail.
    Stopped(String),
    /// What lies on the disk does not pass inspection.
    NotClean(String),
    /// The log panicked.
    Panicked(String),
}

impl Broken {
    /// Whether two broke the same rule, whatever the details.
    pub fn is_like(&self, other: &Broken) -> bool {
        std::mem::discriminant(self) == std::mem::discriminant(other)
    }
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (rule, detail) = match self {
            Broken::AcknowledgedGone(detail) => ("an acknowledged record is gone", detail),
            Broken::SeenGone(detail) => ("what a reader saw is gone", detail),
            Broken::Gap(detail) => ("the log has a gap", detail),
            Broken::ChainGap(detail) => ("a chain has a gap", detail),
            Broken::Unasked(detail) => ("a record is there that should not be", detail),
            Broken::GroupTorn(detail) => ("a group is there in part", detail),
            Broken::CameBack(detail) => ("a lost group has come back", detail),
            Broken::SealedTwice(detail) => ("a key or nonce was used twice", detail),
            Broken::Stopped(detail) => ("the log failed though the disk did not", detail),
            Broken::NotClean(detail) => ("what lies on the disk is not clean", detail),
            Broken::Panicked(detail) => ("the log panicked", detail),
        };
        write!(f, "{rule}: {detail}")
    }
}

#[derive(Debug, Default)]
pub(super) struct Model {
    groups: Vec<Submitted>,
    // Which record a content belongs to.
    contents: HashMap<String, RecordId>,
    // Places that may never change again, with what stands there; `None` is a record of the log's own.
    settled: BTreeMap<u64, (Option<RecordId>, Settled)>,
    sealed: SealedBefore,
}

/// A group and a record of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct RecordId(GroupId, usize);

#[derive(Debug)]
struct Submitted {
    chain: u8,
    records: usize,
    fate: Fate,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// Handed over in this life; it may be there or not.
    Open,
    /// It was shown or acknowledged.
    Kept,
    /// A start did not show it.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Settled {
    Acknowledged,
    Seen,
}

/// Whether a view is the first one of a life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum View {
    AfterStart,
    Later,
}

impl Model {
    /// Gives a group its name and its records their contents.
    pub(super) fn submit(&mut self, group: &Group) -> Handed {
        let id = GroupId(self.groups.len());
        self.groups.push(Submitted { chain: group.chain, records: group.records.len(), fate: Fate::Open });
        let mut records = Vec::with_capacity(group.records.len());
        for (index, bytes) in group.records.iter().enumerate() {
            let content = content(self.contents.len(), usize::from(*bytes));
            self.contents.insert(content.clone(), RecordId(id, index));
            records.push(content);
        }
        Handed { group: id, chain: group.chain, records }
    }

    /// The log says that a group is durable, its first record at this place.
    pub(super) fn acknowledge(&mut self, id: GroupId, first_seq: u64) -> Result<(), Broken> {
        self.groups[id.0].fate = Fate::Kept;
        for index in 0..self.groups[id.0].records {
            let place = first_seq + index as u64;
            let record = Some(RecordId(id, index));
            let (known, how) = self.settled.entry(place).or_insert((record, Settled::Acknowledged));
            if *known != record {
                return Err(Broken::Gap(format!(
                    "{id} is acknowledged at {place}, where another record stands"
                )));
            }
            *how = Settled::Acknowledged;
        }
        Ok(())
    }

    /// Holds all that a reader sees against all that is known, and remembers it.
    pub(super) fn look(&mut self, seen: &[Seen], view: View) -> Result<(), Broken> {
        let records = self.recognise(seen)?;
        for (place, (record, how)) in &self.settled {
            let now = usize::try_from(*place).ok().and_then(|place| records.get(place));
            if now != Some(record) {
                let found = match now {
                    Some(_) => "something else stands",
                    None => "nothing stands",
                };
                let name = record.map_or("a record of the log's own".into(), |record| self.name(record));
                let detail = format!("{name} was at {place}, {found} there now");
                return Err(match how {
                    Settled::Acknowledged => Broken::AcknowledgedGone(detail),
                    Settled::Seen => Broken::SeenGone(detail),
                });
            }
        }
        self.check_groups(&records)?;
        for (place, record) in (0..).zip(records) {
            self.settled.entry(place).or_insert((record, Settled::Seen));
            if let Some(RecordId(id, _)) = record {
                self.groups[id.0].fate = Fate::Kept;
            }
        }
        if view == View::AfterStart {
            for group in self.groups.iter_mut().filter(|group| group.fate == Fate::Open) {
                group.fate = Fate::Lost;
            }
        }
        Ok(())
    }

    /// Which record stands at each place. Checks places in the log and in chains.
    fn recognise(&self, seen: &[Seen]) -> Result<Vec<Option<RecordId>>, Broken> {
        let mut chains: BTreeMap<u8, u64> = BTreeMap::new();
        let mut records = Vec::with_capacity(seen.len());
        for (place, Seen { seq, record }) in (0..).zip(seen) {
            if *seq != place {
                return Err(Broken::Gap(format!("the record at place {place} says seq {seq}")));
            }
            let Some(SeenRecord { chain, chain_seq, content }) = record else {
                records.push(None);
                continue;
            };
            let Some(id) = self.contents.get(content).copied() else {
                let start: String = content.chars().take(40).collect();
                return Err(Broken::Unasked(format!("{start:?} at {place} was never handed over")));
            };
            let name = || self.name(id);
            if self.groups[id.0.0].chain != *chain {
                return Err(Broken::Unasked(format!("{} at {place} is in chain {chain}", name())));
            }
            let next = chains.entry(*chain).or_insert(1);
            if next != chain_seq {
                let detail =
                    format!("{} at {place} is number {chain_seq} of chain {chain}, not {next}", name());
                return Err(Broken::ChainGap(detail));
            }
            *next += 1;
            records.push(Some(id));
        }
        Ok(records)
    }

    /// Every group is there whole and in a row, once, or not at all, and none that was lost.
    fn check_groups(&self, records: &[Option<RecordId>]) -> Result<(), Broken> {
        let mut shown = vec![false; self.groups.len()];
        let mut place = 0;
        while let Some(record) = records.get(place) {
            let Some(id @ RecordId(group, index)) = *record else {
                place += 1;
                continue;
            };
            if std::mem::replace(&mut shown[group.0], true) {
                return Err(Broken::Unasked(format!("{} at {place} is there again", self.name(id))));
            }
            let count = self.groups[group.0].records;
            let whole = (0..count).all(|offset| {
                records.get(place + offset).copied().flatten() == Some(RecordId(group, offset))
            });
            if index != 0 || !whole {
                return Err(Broken::GroupTorn(format!("{} at {place}, of {count}", self.name(id))));
            }
            if self.groups[group.0].fate == Fate::Lost {
                return Err(Broken::CameBack(format!("{} at {place}", self.name(id))));
            }
            place += count;
        }
        Ok(())
    }

    pub(super) fn seal(&mut self, sealed: Sealed) -> Result<(), Broken> {
        self.sealed.add(sealed)
    }

    fn name(&self, RecordId(group, index): RecordId) -> String {
        format!("record {} of {group} (chain {})", index + 1, self.groups[group.0].chain)
    }
}

/// Content of exactly so many bytes, never the same for two numbers, and at least long enough to tell
/// them apart. It looks random, so that no two sectors of different records are alike.
fn content(number: usize, bytes: usize) -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut content = format!("{number:06}-");
    let mut state = number as u64 ^ 0x9e37_79b9_7f4a_7c15;
    while content.len() < bytes {
        // xorshift64*, Vigna 2016.
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        let letter = state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 59;
        content.push(char::from(LETTERS[letter as usize]));
    }
    content
}

/// All that was ever sealed, lost or not.
#[derive(Debug, Default)]
struct SealedBefore {
    owners: HashMap<Vec<u8>, String>,
    texts: HashMap<(Vec<u8>, Vec<u8>), Vec<u8>>,
}

impl SealedBefore {
    fn add(&mut self, Sealed { key, owner, nonce, text }: Sealed) -> Result<(), Broken> {
        let first = self.owners.entry(key.clone()).or_insert_with(|| owner.clone());
        if *first != owner {
            return Err(Broken::SealedTwice(format!("the key {key:02x?} of {first} serves {owner} as well")));
        }
        match self.texts.entry((key, nonce)) {
            // A recovery may write again what it has read.
            std::collections::hash_map::Entry::Occupied(known) if *known.get() == text => Ok(()),
            std::collections::hash_map::Entry::Occupied(known) => {
                let (key, nonce) = known.key();
                Err(Broken::SealedTwice(format!(
                    "the nonce {nonce:02x?} under the key {key:02x?} of {owner}"
                )))
            }
            std::collections::hash_map::Entry::Vacant(place) => {
                place.insert(text);
                Ok(())
            }
        }
    }
}
