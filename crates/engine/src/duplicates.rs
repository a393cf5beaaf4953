//! What leads are known by to those that come after them. A key is claimed before a lead is accepted, in
//! one step with the question whether an earlier lead has it: of two at the same moment one gets it.
//!
//! Kept are keyed hashes, each until the window of its rule is over. They stand in the headers of events,
//! so the table is rebuilt at any start.

use std::hash::BuildHasher as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{LeadId, LeadIdKind, Timestamp};
use hashbrown::{DefaultHashBuilder, HashTable};

/// Tables, each with a lock of its own.
const SHARDS: usize = 64;

/// All keys whose window is open. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Duplicates {
    shards: Arc<[Mutex<HashTable<Entry>>; SHARDS]>,
    hasher: DefaultHashBuilder,
}

/// One key.
#[derive(Debug, Clone, Copy)]
struct Entry {
    tag: [u8; 12],
    lead: [u8; 12],
    /// When the window is over at the latest, in seconds since 1970.
    until: u32,
}

const _: () = assert!(size_of::<Entry>() == 28);

impl Entry {
    /// The lead that has the key, if its window is open. A rule whose window became shorter counts from
    /// now on.
    fn open(&self, window_ms: i64, now: Timestamp) -> Option<LeadId> {
        let lead = read(self.lead);
        let is_open = self.until >= seconds(now) && lead.drawn_at().plus_millis(window_ms) > now;
        is_open.then_some(lead)
    }
}

/// What became of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Claimed {
    /// The lead has it now.
    New,
    /// An earlier lead has it.
    Earlier(LeadId),
}

impl Default for Duplicates {
    fn default() -> Duplicates {
        Duplicates {
            shards: Arc::new(std::array::from_fn(|_| Mutex::new(HashTable::new()))),
            hasher: DefaultHashBuilder::default(),
        }
    }
}

impl Duplicates {
    fn shard(&self, hash: u64) -> MutexGuard<'_, HashTable<Entry>> {
        let shard = usize::try_from(hash >> 32).unwrap_or(0) % SHARDS;
        self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The lead that has a key, if its window is open.
    pub(crate) fn find(&self, tag: [u8; 12], window_ms: i64, now: Timestamp) -> Option<LeadId> {
        let hash = self.hasher.hash_one(tag);
        self.shard(hash).find(hash, |entry| entry.tag == tag)?.open(window_ms, now)
    }

    /// Claims a key for a lead for as long as the window is open, unless an earlier lead has it. The window
    /// of each lead begins when it was submitted.
    pub(crate) fn claim(&self, tag: [u8; 12], lead_id: LeadId, window_ms: i64, now: Timestamp) -> Claimed {
        let hash = self.hasher.hash_one(tag);
        let mut shard = self.shard(hash);
        let lead = *lead_id.as_bytes();
        let until = seconds(lead_id.drawn_at().plus_millis(window_ms));
        if let Some(entry) = shard.find_mut(hash, |entry| entry.tag == tag) {
            if entry.lead == lead {
                return Claimed::New;
            }
            if let Some(earlier) = entry.open(window_ms, now) {
                return Claimed::Earlier(earlier);
            }
            *entry = Entry { tag, lead, until };
            return Claimed::New;
        }
        if shard.len() == shard.capacity() {
            // Before it grows it forgets what is over, so that it is as large as what is open.
            let now = seconds(now);
            shard.retain(|entry| entry.until >= now);
        }
        shard.insert_unique(hash, Entry { tag, lead, until }, |entry| self.hasher.hash_one(entry.tag));
        Claimed::New
    }

    /// Gives a key back that a lead has, when it came to nothing.
    pub(crate) fn release(&self, tag: [u8; 12], lead_id: LeadId) {
        let hash = self.hasher.hash_one(tag);
        let mut shard = self.shard(hash);
        let own = |entry: &Entry| entry.tag == tag && entry.lead == *lead_id.as_bytes();
        if let Ok(entry) = shard.find_entry(hash, own) {
            entry.remove();
        }
    }

    /// Every key whose window is open at a moment, in no order: tag, lead, until when in seconds.
    pub(crate) fn open_at(&self, now: Timestamp) -> Vec<([u8; 12], [u8; 12], u32)> {
        let now = seconds(now);
        let mut all = Vec::new();
        for shard in &*self.shards {
            let shard = shard.lock().unwrap_or_else(PoisonError::into_inner);
            let open = shard.iter().filter(|entry| entry.until > now);
            all.extend(open.map(|entry| (entry.tag, entry.lead, entry.until)));
        }
        all
    }

    /// Puts a key back that was kept, into a table that lacks it.
    pub(crate) fn take_up(&self, tag: [u8; 12], lead: [u8; 12], until: u32) {
        let hash = self.hasher.hash_one(tag);
        self.shard(hash)
            .insert_unique(hash, Entry { tag, lead, until }, |entry| self.hasher.hash_one(entry.tag));
    }

    /// How many keys are kept, those whose window is over but are not forgotten included.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len()).sum()
    }

    /// How much memory the tables take.
    #[cfg(test)]
    fn bytes(&self) -> usize {
        let shards = self.shards.iter();
        shards.map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).allocation_size()).sum()
    }
}

/// Whole seconds since 1970, up.
fn seconds(at: Timestamp) -> u32 {
    u32::try_from(at.as_millis().div_euclid(1000) + 1).unwrap_or(if at.as_millis() < 0 {
        0
    } else {
        u32::MAX
    })
}

fn read(bytes: [u8; 12]) -> LeadId {
    let mut ms = [0; 8];
    ms[2..].copy_from_slice(&bytes[..6]);
    let random = bytes[6..].try_into().expect("twelve bytes less six");
    LeadId::new(LeadIdKind::Lead, Timestamp::from_millis(i64::from_be_bytes(ms)), random)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DAY: i64 = 24 * 3600 * 1000;

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + ms)
    }

    fn lead(ms: i64) -> LeadId {
        LeadId::new(LeadIdKind::Lead, at(ms), [7; 6])
    }

    #[test]
    fn of_two_leads_the_first_has_the_key_until_its_window_is_over() {
        let keys = Duplicates::default();
        assert_eq!(keys.claim([1; 12], lead(0), DAY, at(0)), Claimed::New);
        assert_eq!(keys.claim([1; 12], lead(0), DAY, at(5)), Claimed::New, "its own");
        assert_eq!(keys.claim([1; 12], lead(9), DAY, at(9)), Claimed::Earlier(lead(0)));
        assert_eq!(keys.claim([2; 12], lead(9), DAY, at(9)), Claimed::New);
        assert_eq!(keys.claim([1; 12], lead(DAY - 1), DAY, at(DAY - 1)), Claimed::Earlier(lead(0)));
        assert_eq!(keys.claim([1; 12], lead(DAY), DAY, at(DAY)), Claimed::New);
        // Whatever part of a second it ends in.
        for (tag, first) in [([11; 12], 1), ([12; 12], 500), ([13; 12], 999)] {
            assert_eq!(keys.claim(tag, lead(first), DAY, at(first)), Claimed::New);
            let last = at(first + DAY - 1);
            assert_eq!(keys.find(tag, DAY, last), Some(lead(first)), "{first}");
            assert_eq!(keys.find(tag, DAY, at(first + DAY)), None, "{first}");
        }
        assert_eq!(keys.claim([1; 12], lead(DAY + 5), 4, at(DAY + 5)), Claimed::New, "a shorter window");
    }

    #[test]
    fn a_key_that_is_given_back_is_free_and_only_whoever_has_it_gives_it_back() {
        let keys = Duplicates::default();
        keys.claim([1; 12], lead(0), DAY, at(0));
        keys.release([1; 12], lead(1));
        assert_eq!(keys.claim([1; 12], lead(2), DAY, at(2)), Claimed::Earlier(lead(0)));
        keys.release([1; 12], lead(0));
        assert_eq!(keys.claim([1; 12], lead(2), DAY, at(2)), Claimed::New);
    }

    #[test]
    fn what_is_over_is_forgotten_before_more_memory_is_taken() {
        let keys = Duplicates::default();
        let mut most = 0;
        for number in 0..200_000_u64 {
            let mut tag = [0; 12];
            tag[..8].copy_from_slice(&number.to_be_bytes());
            let ms = i64::try_from(number).unwrap();
            // A window of 20,000 leads.
            keys.claim(tag, lead(ms), 20_000, at(ms));
            most = most.max(keys.len());
        }
        assert!(most < 60_000, "{most} keys were kept at a time");
        assert!(keys.bytes() < 64 * 60_000, "{} bytes", keys.bytes());
    }

    /// Prints what a key costs; `--ignored --nocapture` shows it.
    #[test]
    #[ignore = "measures memory, to be read by people"]
    fn the_memory_of_a_key() {
        for count in [1_000_000_u64, 3_000_000, 5_000_000] {
            let keys = Duplicates::default();
            let start = std::time::Instant::now();
            for number in 0..count {
                let mut tag = [0; 12];
                tag[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
                keys.claim(tag, lead(0), DAY, at(0));
            }
            let (bytes, each) = (keys.bytes(), start.elapsed().as_nanos() / u128::from(count));
            eprintln!("{count} keys: {:.1} bytes each, {each} ns a claim", bytes as f64 / count as f64);
        }
    }
}
