//! Suppression lists in memory: millions of keyed hashes, twelve bytes each, found in a few
//! microseconds. What is on a list is recorded in the control ledger, and folded from there at every start.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use domain::{ControlEvent, ControlKind, ListItem, ListName, ListTag, ListTags, SubjectId, Timestamp};
use sha2::Digest as _;

/// All lists. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Lists {
    inner: Arc<RwLock<BTreeMap<ListName, Arc<ListState>>>>,
}

/// One list.
#[derive(Debug)]
pub(crate) struct ListState {
    pub(crate) subject: SubjectId,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    inner: RwLock<Items>,
}

#[derive(Debug, Default)]
struct Items {
    ttl_ms: Option<u64>,
    sha256: TagTable,
    sha1: TagTable,
    md5: TagTable,
}

/// A list, as people see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct List {
    /// What it is called.
    pub name: ListName,
    /// When it was made.
    pub created_at: Timestamp,
    /// How long what is put on it stays, in milliseconds; none means for ever.
    pub ttl_ms: Option<u64>,
    /// How many values are on it.
    pub items: usize,
    /// How much memory they take, in bytes.
    pub bytes: usize,
}

/// Tags taken in at a time: whoever looks something up waits no longer than for these.
const AT_A_TIME: usize = 1024;

impl Lists {
    fn read(&self) -> RwLockReadGuard<'_, BTreeMap<ListName, Arc<ListState>>> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, BTreeMap<ListName, Arc<ListState>>> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// A list by its name.
    pub(crate) fn get(&self, name: &ListName) -> Option<Arc<ListState>> {
        self.read().get(name).cloned()
    }

    /// Every list, by name.
    pub(crate) fn all(&self) -> Vec<(ListName, Arc<ListState>)> {
        self.read().iter().map(|(name, list)| (name.clone(), Arc::clone(list))).collect()
    }

    /// Takes in what was done to a list; gives whether it was done to one.
    pub(crate) fn take_in(&self, event: &ControlEvent) -> bool {
        let known = |list: &ListName| self.get(list);
        match &event.kind {
            ControlKind::ListChanged { list, ttl_ms } => {
                self.put(list.clone(), *ttl_ms, event.subject_id, event.at);
            }
            ControlKind::ListAdded { list, items } => _ = known(list).map(|list| list.add(items, event.at)),
            ControlKind::ListRemoved { list, items } => _ = known(list).map(|list| list.remove(items)),
            ControlKind::ListDeleted { list } => self.delete(list),
            ControlKind::FlowPublished { .. }
            | ControlKind::FlowDrafted { .. }
            | ControlKind::EntityCreated { .. }
            | ControlKind::EntityChanged { .. }
            | ControlKind::EntityPaused { .. }
            | ControlKind::EntityResumed { .. }
            | ControlKind::KeyCreated { .. }
            | ControlKind::KeyRevoked { .. }
            | ControlKind::SecretSet { .. }
            | ControlKind::SecretRemoved { .. }
            | ControlKind::SecretDestroyed { .. }
            | ControlKind::PiiRevealed(_)
            | ControlKind::LettersResent(_) => return false,
        }
        true
    }

    /// A list was made, or keeps what is on it for another time.
    fn put(&self, name: ListName, ttl_ms: Option<u64>, subject: SubjectId, at: Timestamp) {
        let mut lists = self.write();
        let new = || Arc::new(ListState { subject, created_at: at, inner: RwLock::default() });
        lists.entry(name).or_insert_with(new).write().ttl_ms = ttl_ms;
    }

    /// A list was deleted.
    fn delete(&self, name: &ListName) {
        self.write().remove(name);
    }
}

/// One of the tables of a list.
type TableOf = fn(&mut Items) -> &mut TagTable;

impl ListState {
    fn read(&self) -> RwLockReadGuard<'_, Items> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Items> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Values were put on it; those that were there stay on it from now.
    fn add(&self, tags: &ListTags, at: Timestamp) {
        self.each(tags, |table, tag| table.insert(tag, minutes(at)));
    }

    /// Values were taken off it.
    fn remove(&self, tags: &ListTags) {
        self.each(tags, TagTable::remove);
    }

    fn each(&self, tags: &ListTags, change: impl Fn(&mut TagTable, &ListTag)) {
        let ListTags { sha256, sha1, md5 } = tags;
        let tables: [(&[ListTag], TableOf); 3] = [
            (sha256, |items| &mut items.sha256),
            (sha1, |items| &mut items.sha1),
            (md5, |items| &mut items.md5),
        ];
        for (tags, table) in tables {
            for tags in tags.chunks(AT_A_TIME) {
                let mut items = self.write();
                let table = table(&mut items);
                tags.iter().for_each(|tag| change(table, tag));
            }
        }
    }

    /// When the newest of some tags of one value was put on it, unless that is too long ago.
    pub(crate) fn find(
        &self,
        item: &ListItem,
        tag: &dyn Fn(&str, &[u8]) -> ListTag,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let items = self.read();
        let found = match item {
            ListItem::Value(value) => {
                let md5 = || items.md5.find(&tag(MD5, &md5::Md5::digest(value)));
                let sha1 = || items.sha1.find(&tag(SHA1, &sha1::Sha1::digest(value)));
                [
                    items.sha256.find(&tag(SHA256, &sha2::Sha256::digest(value))),
                    if items.sha1.len > 0 { sha1() } else { None },
                    if items.md5.len > 0 { md5() } else { None },
                ]
            }
            ListItem::Sha256(hash) => [items.sha256.find(&tag(SHA256, hash)), None, None],
            ListItem::Sha1(hash) => [items.sha1.find(&tag(SHA1, hash)), None, None],
            ListItem::Md5(hash) => [items.md5.find(&tag(MD5, hash)), None, None],
        };
        let added = found.into_iter().flatten().max()?;
        (!items.is_over(added, now)).then(|| moment(added))
    }

    /// The list, as people see it.
    pub(crate) fn show(&self, name: ListName, now: Timestamp) -> List {
        let items = self.read();
        let tables = [&items.sha256, &items.sha1, &items.md5];
        let count = match items.ttl_ms {
            None => tables.iter().map(|table| table.len).sum(),
            Some(_) => {
                let entries = tables.iter().flat_map(|table| table.shards.iter().flatten());
                entries.filter(|entry| !items.is_over(added(entry), now)).count()
            }
        };
        let bytes = tables.iter().map(|table| table.bytes()).sum();
        List { name, created_at: self.created_at, ttl_ms: items.ttl_ms, items: count, bytes }
    }

    /// How long what is put on it stays, in milliseconds.
    pub(crate) fn ttl_ms(&self) -> Option<u64> {
        self.read().ttl_ms
    }

    /// Forgets what is on it no longer.
    pub(crate) fn forget_old(&self, now: Timestamp) {
        let mut items = self.write();
        let Some(ttl_ms) = items.ttl_ms else { return };
        let Items { sha256, sha1, md5, .. } = &mut *items;
        for table in [sha256, sha1, md5] {
            table.retain(|entry| !over(added(entry), ttl_ms, now));
        }
    }
}

impl Items {
    fn is_over(&self, added: u32, now: Timestamp) -> bool {
        self.ttl_ms.is_some_and(|ttl_ms| over(added, ttl_ms, now))
    }
}

/// Whether the time of what was put in within a minute is over, whenever in that minute it was.
fn over(added: u32, ttl_ms: u64, now: Timestamp) -> bool {
    now.millis_since(moment(added)) >= ttl_ms.saturating_add(MINUTE_MS.unsigned_abs())
}

/// Under which kind of tag a hash is kept.
const SHA256: &str = "list sha256";
const SHA1: &str = "list sha1";
const MD5: &str = "list md5";

/// The keyed hashes of some values.
pub(crate) fn tags_of(items: &[ListItem], tag: &dyn Fn(&str, &[u8]) -> ListTag) -> ListTags {
    let mut tags = ListTags::default();
    for item in items {
        match item {
            ListItem::Value(value) => tags.sha256.push(tag(SHA256, &sha2::Sha256::digest(value))),
            ListItem::Sha256(hash) => tags.sha256.push(tag(SHA256, hash)),
            ListItem::Sha1(hash) => tags.sha1.push(tag(SHA1, hash)),
            ListItem::Md5(hash) => tags.md5.push(tag(MD5, hash)),
        }
    }
    tags
}

/// In which moments are kept, in milliseconds.
const MINUTE_MS: i64 = 60_000;

/// Whole minutes since 1970.
fn minutes(at: Timestamp) -> u32 {
    u32::try_from(at.as_millis().div_euclid(MINUTE_MS)).unwrap_or(0)
}

fn moment(minutes: u32) -> Timestamp {
    Timestamp::from_millis(i64::from(minutes) * MINUTE_MS)
}

/// Tags and the minute each was put in, in sorted runs by their first bits: no byte is spent on anything
/// else. Of a tag eight bytes are kept: among five million that are there, one that is not is taken for one
/// of them once in three million million times.
#[derive(Debug, Default)]
struct TagTable {
    /// Each ascending; none at all as long as nothing is in it.
    shards: Vec<Vec<Packed>>,
    len: usize,
}

/// Eight bytes of a tag, four of a minute, both with their highest byte first.
type Packed = [u8; 12];

/// Runs: of five million tags each has 1,200, or 15 KB to move at most when one is put in.
const RUNS: usize = 4096;

fn added(entry: &Packed) -> u32 {
    u32::from_be_bytes([entry[8], entry[9], entry[10], entry[11]])
}

impl TagTable {
    /// The run of a tag, by its first twelve bits.
    fn run(tag: &ListTag) -> usize {
        usize::from(tag[0]) << 4 | usize::from(tag[1] >> 4)
    }

    fn place(run: &[Packed], tag: &ListTag) -> Result<usize, usize> {
        run.binary_search_by(|entry| entry[..8].cmp(&tag[..8]))
    }

    fn insert(&mut self, tag: &ListTag, minute: u32) {
        if self.shards.is_empty() {
            self.shards.resize_with(RUNS, Vec::new);
        }
        let run = &mut self.shards[TagTable::run(tag)];
        let mut entry = *tag;
        entry[8..].copy_from_slice(&minute.to_be_bytes());
        match TagTable::place(run, tag) {
            Ok(at) => run[at] = run[at].max(entry),
            Err(at) => {
                if run.len() == run.capacity() {
                    // By an eighth, where doubling would leave a third of it empty.
                    run.reserve_exact(run.len() / 8 + 4);
                }
                run.insert(at, entry);
                self.len += 1;
            }
        }
    }

    fn remove(&mut self, tag: &ListTag) {
        let Some(run) = self.shards.get_mut(TagTable::run(tag)) else { return };
        if let Ok(at) = TagTable::place(run, tag) {
            run.remove(at);
            self.len -= 1;
        }
    }

    /// The minute a tag was put in.
    fn find(&self, tag: &ListTag) -> Option<u32> {
        let run = self.shards.get(TagTable::run(tag))?;
        TagTable::place(run, tag).ok().map(|at| added(&run[at]))
    }

    fn retain(&mut self, keep: impl Fn(&Packed) -> bool) {
        for run in &mut self.shards {
            run.retain(&keep);
        }
        self.len = self.shards.iter().map(Vec::len).sum();
    }

    fn bytes(&self) -> usize {
        let runs = self.shards.iter().map(|run| run.capacity() * size_of::<Packed>());
        runs.sum::<usize>() + self.shards.capacity() * size_of::<Vec<Packed>>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn tag(number: u64) -> ListTag {
        let mut tag = [0; 12];
        tag[..8].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        tag
    }

    /// Stands in for the installation's keyed hash.
    fn keyed(kind: &str, value: &[u8]) -> ListTag {
        let hash = sha2::Sha256::digest([kind.as_bytes(), b"\0", value].concat());
        hash[..12].try_into().unwrap()
    }

    fn at(ms: i64) -> Timestamp {
        Timestamp::from_millis(1_700_000_040_000 + ms)
    }

    fn list(ttl_ms: Option<u64>) -> Arc<ListState> {
        let lists = Lists::default();
        let name: ListName = "dnc".parse().unwrap();
        lists.put(name.clone(), ttl_ms, SubjectId::new(at(0), [0; 6]), at(0));
        lists.get(&name).unwrap()
    }

    fn read(text: &str) -> ListItem {
        ListItem::read(text).unwrap()
    }

    #[test]
    fn a_table_has_what_was_put_in_and_not_taken_out() {
        let mut table = TagTable::default();
        let mut model: BTreeMap<u64, u32> = BTreeMap::new();
        for step in 0..40_000_u64 {
            let number = step.wrapping_mul(2_654_435_761) % 9_000;
            let minute = u32::try_from(step % 977).unwrap();
            if step % 3 == 2 {
                table.remove(&tag(number));
                model.remove(&number);
            } else {
                table.insert(&tag(number), minute);
                let kept = model.entry(number).or_insert(minute);
                *kept = minute.max(*kept);
            }
        }
        assert_eq!(table.len, model.len());
        for number in 0..9_000 {
            assert_eq!(table.find(&tag(number)), model.get(&number).copied(), "{number}");
        }
        table.retain(|entry| added(entry) >= 500);
        assert_eq!(table.len, model.values().filter(|minute| **minute >= 500).count());
    }

    #[test]
    fn a_value_is_found_as_itself_and_by_any_hash_of_it() {
        let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        let value = "5125550143";
        for written in [
            "(512) 555-0143".to_owned(),
            hex(&md5::Md5::digest(value)),
            hex(&sha1::Sha1::digest(value)),
            hex(&sha2::Sha256::digest(value)).to_uppercase(),
        ] {
            let list = list(None);
            list.add(&tags_of(&[read(&written)], &keyed), at(0));
            assert!(list.find(&read("512.555.0143"), &keyed, at(0)).is_some(), "{written}");
            assert!(list.find(&read("512.555.0144"), &keyed, at(0)).is_none(), "{written}");
            assert!(list.find(&read(&written), &keyed, at(0)).is_some(), "{written}");
            list.remove(&tags_of(&[read(&written)], &keyed));
            assert!(list.find(&read("512.555.0143"), &keyed, at(0)).is_none(), "{written}");
        }
    }

    #[test]
    fn what_is_put_on_a_list_again_stays_from_then() {
        let list = list(Some(60 * 60_000));
        let ann = tags_of(&[read("ann@example.com")], &keyed);
        let found = |ms| list.find(&read("Ann@example.com"), &keyed, at(ms)).is_some();
        list.add(&ann, at(0));
        assert!(found(60 * 60_000) && !found(61 * 60_000));
        list.add(&ann, at(30 * 60_000));
        assert!(found(90 * 60_000) && !found(91 * 60_000));
        list.add(&ann, at(30 * 60_000 + 50_000));
        assert!(found(90 * 60_000 + 49_999), "an hour after it was put in");
        assert!(!found(91 * 60_000));
        let show = |ms| list.show("dnc".parse().unwrap(), at(ms)).items;
        assert_eq!((show(0), show(91 * 60_000)), (1, 0));
        list.forget_old(at(91 * 60_000));
        assert_eq!(list.read().sha256.len, 0);
    }

    /// Prints what five million values cost; `--ignored --nocapture` shows it.
    #[test]
    #[ignore = "measures memory and time, to be read by people"]
    fn five_million_values() {
        const COUNT: u64 = 5_000_000;
        let list = list(None);
        let start = std::time::Instant::now();
        for first in (0..COUNT).step_by(10_000) {
            let sha256 = (first..first + 10_000).map(tag).collect();
            list.add(&ListTags { sha256, ..ListTags::default() }, at(0));
        }
        let adding = start.elapsed();
        let show = list.show("dnc".parse().unwrap(), at(0));
        let items = list.read();
        let start = std::time::Instant::now();
        let found = (0..COUNT).filter(|number| items.sha256.find(&tag(number * 2)).is_some()).count();
        let each = start.elapsed().as_nanos() / u128::from(COUNT);
        assert_eq!(found as u64, COUNT / 2);
        drop(items);
        let start = std::time::Instant::now();
        let whole = (0..100_000_u32).filter(|number| {
            list.find(&ListItem::Value(format!("512555{number:04}")), &keyed, at(0)).is_some()
        });
        let none = whole.count();
        let look = start.elapsed().as_nanos() / 100_000;
        eprintln!(
            "{} values: {} MB, {:.1} bytes each; put in within {adding:?}; looked up in {each} ns, hashing \
             included {look} ns ({none} found)",
            show.items,
            show.bytes / 1_000_000,
            show.bytes as f64 / show.items as f64,
        );
    }
}
