//! The one writer: takes whatever append groups have gathered, writes them as one batch, syncs
//! once, and only then shows them to readers and tells whoever waits.
//!
//! The queue is bounded in bytes: when the disk is slow, callers wait for room; nothing is ever
//! dropped. A failed write or sync stops the ledger for good.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError, RwLock};
use std::time::{Duration, Instant};

use domain::ChainId;
use tokio::sync::{Notify, Semaphore, oneshot, watch};

use crate::chain::{EncodeContext, EncodeError, Encoded};
use crate::hot::HotFile;
use crate::index::{Location, SharedIndex};
use crate::keys::LookupKey;
use crate::lease::Leases;
use crate::ledger::SensitiveSlot;
use crate::log::Log;
use crate::stages::Stage;
use crate::vault::{ReadySlot, Vault};
use crate::{Defences, Stopped};

/// Largest append group, in bytes.
pub const GROUP_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The queue is measured in units of this many bytes.
const ROOM_UNIT_BYTES: usize = 1024;

/// Why events were not recorded.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The event cannot become a record.
    #[error(transparent)]
    Encode(#[from] EncodeError),
    /// The ledger stopped, before or after these events were queued; whether they are on disk
    /// only the next start tells.
    #[error("the events are not known to be recorded")]
    Stopped(#[source] Stopped),
    /// The ledger is being closed.
    #[error("the ledger is closed")]
    Closed,
    /// The queue is full; only [`try_record`](crate::Lease::try_record) says so, all else waits.
    #[error("the queue of the ledger is full")]
    Full,
    /// The group is larger than a group may be, or empty.
    #[error("a group of {bytes} bytes cannot be recorded; it must have 1 to {GROUP_BYTES_MAX}")]
    GroupSize {
        /// Its length.
        bytes: usize,
    },
    /// The events do not continue their chain: its owner numbered them wrongly.
    #[error("{chain} continues with {expected}, not {found}")]
    OutOfTurn {
        /// Which chain.
        chain: ChainId,
        /// The place that comes next.
        expected: u32,
        /// The place the first event of the group has.
        found: u32,
    },
}

/// Where recorded events went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Durable {
    /// The seq of the first event of the group; the others follow without a gap.
    pub first_seq: u64,
}

/// A promise that queued events will be durable.
#[derive(Debug)]
pub struct Ticket {
    done: oneshot::Receiver<Result<Durable, RecordError>>,
    shared: Arc<Shared>,
}

impl Ticket {
    /// Waits until the events, and all that were queued before them, survive a crash.
    ///
    /// # Errors
    /// When the ledger stopped first, or refused the group.
    pub async fn durable(self) -> Result<Durable, RecordError> {
        let Ticket { done, shared } = self;
        done.await.unwrap_or_else(|_| Err(shared.gone()))
    }

    /// The same for threads outside a runtime: blocks the thread.
    ///
    /// # Errors
    /// As [`durable`](Ticket::durable).
    pub fn blocking_durable(self) -> Result<Durable, RecordError> {
        let Ticket { done, shared } = self;
        done.blocking_recv().unwrap_or_else(|_| Err(shared.gone()))
    }

    /// The answer, when there is one by now.
    ///
    /// # Errors
    /// As [`durable`](Ticket::durable).
    pub fn try_durable(&mut self) -> Option<Result<Durable, RecordError>> {
        match self.done.try_recv() {
            Ok(result) => Some(result),
            Err(oneshot::error::TryRecvError::Empty) => None,
            Err(oneshot::error::TryRecvError::Closed) => Some(Err(self.shared.gone())),
        }
    }
}

/// Events of one chain that become durable together or not at all.
#[derive(Debug)]
struct Group {
    chain: Option<ChainId>,
    records: Vec<Encoded>,
    bytes: usize,
    queued_at: Option<Instant>,
    done: oneshot::Sender<Result<Durable, RecordError>>,
}

#[derive(Debug, Default)]
struct Queue {
    groups: VecDeque<Group>,
    closed: bool,
}

/// What the ledger's handles and its writer share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) context: EncodeContext,
    pub(crate) index: SharedIndex,
    pub(crate) vault: Vault,
    pub(crate) leases: Mutex<Leases>,
    /// Woken whenever a lease may have become free.
    pub(crate) lease_freed: Notify,
    /// The hot files, open for reading; rows name them by their place here.
    pub(crate) files: RwLock<Vec<HotFile>>,
    pub(crate) lookup: LookupKey,
    /// The short-lived keys that an earlier life left.
    pub(crate) sensitive_slots: Vec<SensitiveSlot>,
    queue: Mutex<Queue>,
    queued: Condvar,
    /// The same for a writer that is driven by a task.
    queued_soon: Notify,
    /// Woken when a hot file is followed by another.
    rolled: Condvar,
    room: Semaphore,
    queue_bytes_max: usize,
    /// All records with a lower seq are durable.
    durable: watch::Sender<u64>,
    stopped: OnceLock<Stopped>,
    stop_seen: Notify,
    batches: AtomicU64,
}

impl Shared {
    pub(crate) fn new(
        context: EncodeContext,
        index: SharedIndex,
        vault: Vault,
        files: Vec<HotFile>,
        lookup: LookupKey,
        sensitive_slots: Vec<SensitiveSlot>,
        queue_bytes_max: usize,
    ) -> Shared {
        let durable = index.read().next_seq();
        // A group of the largest size must fit into an empty queue.
        let queue_bytes_max = queue_bytes_max.max(GROUP_BYTES_MAX + ROOM_UNIT_BYTES);
        Shared {
            context,
            index,
            vault,
            leases: Mutex::default(),
            lease_freed: Notify::new(),
            files: RwLock::new(files),
            lookup,
            sensitive_slots,
            queue: Mutex::default(),
            queued: Condvar::new(),
            rolled: Condvar::new(),
            queued_soon: Notify::new(),
            room: Semaphore::new(queue_bytes_max / ROOM_UNIT_BYTES),
            queue_bytes_max,
            durable: watch::Sender::new(durable),
            stopped: OnceLock::new(),
            stop_seen: Notify::new(),
            batches: AtomicU64::new(0),
        }
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A slot of the vault; when there is none to be had, the ledger has stopped.
    pub(crate) fn take_slot(&self) -> Result<ReadySlot, RecordError> {
        self.vault.take().map_err(|stopped| {
            self.stop(stopped.clone());
            RecordError::Stopped(stopped)
        })
    }

    pub(crate) fn leases(&self) -> MutexGuard<'_, Leases> {
        self.leases.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for room in the queue.
    pub(crate) async fn wait_for_room(&self, bytes: usize) -> Result<(), RecordError> {
        let permit = self.room.acquire_many(room_units(bytes)?).await.map_err(|_| self.gone())?;
        permit.forget();
        Ok(())
    }

    /// Takes room in the queue if there is some.
    pub(crate) fn try_room(&self, bytes: usize) -> Result<(), RecordError> {
        match self.room.try_acquire_many(room_units(bytes)?) {
            Ok(permit) => {
                permit.forget();
                Ok(())
            }
            Err(tokio::sync::TryAcquireError::NoPermits) => Err(RecordError::Full),
            Err(tokio::sync::TryAcquireError::Closed) => Err(self.gone()),
        }
    }

    /// Queues a group for which room was taken.
    pub(crate) fn push(
        self: &Arc<Shared>,
        chain: Option<ChainId>,
        records: Vec<Encoded>,
        bytes: usize,
    ) -> Result<Ticket, RecordError> {
        let (sender, done) = oneshot::channel();
        let queued_at = self.context.stages.as_ref().map(|_| Instant::now());
        let mut queue = self.queue();
        if queue.closed {
            return Err(self.gone());
        }
        if let Some(chain) = &chain {
            self.leases().queued(chain);
        }
        queue.groups.push_back(Group { chain, records, bytes, queued_at, done: sender });
        drop(queue);
        self.queued.notify_one();
        self.queued_soon.notify_one();
        Ok(Ticket { done, shared: Arc::clone(self) })
    }

    /// What to tell somebody whose events will not be answered for.
    fn gone(&self) -> RecordError {
        self.stopped.get().map_or(RecordError::Closed, |stopped| RecordError::Stopped(stopped.clone()))
    }

    /// Stops the ledger for good: nothing more is taken, everybody waiting is told.
    pub(crate) fn stop(&self, stopped: Stopped) {
        tracing::error!(
            file = %stopped.file().display(),
            cause = %stopped.cause(),
            "{stopped}: {}; nothing more is recorded, restart to recover",
            stopped.cause(),
        );
        // The first cause is the one to tell.
        let _ = self.stopped.set(stopped);
        self.close();
        self.queue().groups.clear();
        self.room.close();
        self.vault.close();
        self.lease_freed.notify_waiters();
        self.stop_seen.notify_waiters();
    }

    /// Takes no more groups; what is queued is written first.
    pub(crate) fn close(&self) {
        self.queue().closed = true;
        self.queued.notify_all();
        self.queued_soon.notify_one();
        self.rolled.notify_all();
    }

    /// The hot files that others follow, which nothing is written to any more.
    pub(crate) fn closed_files(&self) -> usize {
        self.files.read().unwrap_or_else(PoisonError::into_inner).len() - 1
    }

    /// Waits until more than so many hot files are followed by others; false when the ledger closes.
    pub(crate) fn wait_for_closed_files(&self, more_than: usize) -> bool {
        let waits = |queue: &mut Queue| !queue.closed && self.closed_files() <= more_than;
        let queue = self.rolled.wait_while(self.queue(), waits).unwrap_or_else(PoisonError::into_inner);
        !queue.closed
    }

    /// Waits for so long; false when the ledger closes.
    pub(crate) fn rest(&self, time: Duration) -> bool {
        let waited = self.rolled.wait_timeout_while(self.queue(), time, |queue| !queue.closed);
        let (queue, _) = waited.unwrap_or_else(PoisonError::into_inner);
        !queue.closed
    }

    pub(crate) fn stopped(&self) -> Option<&Stopped> {
        self.stopped.get()
    }

    /// Waits until the ledger stops for good, if it ever does.
    pub(crate) async fn wait_for_stop(&self) -> Stopped {
        loop {
            let seen = self.stop_seen.notified();
            let mut seen = std::pin::pin!(seen);
            seen.as_mut().enable();
            if let Some(stopped) = self.stopped.get() {
                return stopped.clone();
            }
            seen.await;
        }
    }

    pub(crate) fn watch_durable(&self) -> watch::Receiver<u64> {
        self.durable.subscribe()
    }

    pub(crate) fn batches(&self) -> u64 {
        self.batches.load(Ordering::Relaxed)
    }

    /// How many bytes wait in the queue, rounded up.
    pub(crate) fn queued_bytes(&self) -> usize {
        self.queue_bytes_max.saturating_sub(self.room.available_permits() * ROOM_UNIT_BYTES)
    }
}

fn room_units(bytes: usize) -> Result<u32, RecordError> {
    if bytes == 0 || bytes > GROUP_BYTES_MAX {
        return Err(RecordError::GroupSize { bytes });
    }
    Ok(u32::try_from(bytes.div_ceil(ROOM_UNIT_BYTES)).expect("a group has at most 16 MiB"))
}

/// The writing end of a ledger: owns the log. A thread drives it; simulations drive it by hand.
#[derive(Debug)]
pub struct Writer {
    shared: Arc<Shared>,
    log: Log,
    batch_bytes_max: usize,
    defences: Defences,
    /// Only when batches may be written before the last one is synced: what waits for the sync.
    unsynced: Vec<Written>,
}

/// A group that was written.
#[derive(Debug)]
struct Written {
    group: Group,
    first_seq: u64,
    locations: Vec<Location>,
}

impl Writer {
    pub(crate) fn new(shared: Arc<Shared>, log: Log, batch_bytes_max: usize, defences: Defences) -> Writer {
        Writer { shared, log, batch_bytes_max, defences, unsynced: Vec::new() }
    }

    /// Writes batches until the ledger is closed and its queue is empty.
    ///
    /// # Errors
    /// When a write or sync failed; the ledger has then stopped for good.
    pub fn run(mut self) -> Result<(), Stopped> {
        loop {
            {
                let mut queue = self.shared.queue();
                while queue.groups.is_empty() && !queue.closed {
                    queue = self.shared.queued.wait(queue).unwrap_or_else(PoisonError::into_inner);
                }
                if queue.groups.is_empty() {
                    drop(queue);
                    self.shared.vault.close();
                    return self.shared.stopped().map_or(Ok(()), |stopped| Err(stopped.clone()));
                }
            }
            self.write_batch()?;
        }
    }

    /// Waits until there is something to write, or nothing ever again; for whoever drives the writer in a
    /// task of a runtime.
    pub async fn wait_for_groups(&self) {
        loop {
            {
                let queue = self.shared.queue();
                if !queue.groups.is_empty() || queue.closed {
                    return;
                }
            }
            // A group queued meanwhile has left a permit, as nobody else waits.
            self.shared.queued_soon.notified().await;
        }
    }

    /// Writes and syncs what has gathered, up to a batch; gives how many groups became durable.
    ///
    /// # Errors
    /// When a write or sync failed; the ledger has then stopped for good.
    pub fn write_batch(&mut self) -> Result<usize, Stopped> {
        if let Some(stopped) = self.shared.stopped() {
            return Err(stopped.clone());
        }
        let mut groups = self.take_batch();
        let result = self.try_write_batch(&mut groups);
        if let Err(stopped) = &result {
            // Before the groups are dropped: whoever waits for one is then told why.
            self.shared.stop(stopped.clone());
            self.unsynced.clear();
        }
        result
    }

    fn try_write_batch(&mut self, groups: &mut Vec<Group>) -> Result<usize, Stopped> {
        let stages = self.shared.context.stages.clone();
        let mut since = stages.as_ref().map(|_| Instant::now());
        let mut mark = |stage| {
            if let (Some(stages), Some(start)) = (&stages, since.as_mut()) {
                let now = Instant::now();
                stages.add(stage, now - *start);
                *start = now;
            }
        };
        if !groups.is_empty() {
            let written = self.write(groups)?;
            mark(Stage::Write);
            let first = self.unsynced.is_empty();
            self.unsynced.extend(written);
            if !self.defences.sync_before_next_batch && first {
                return Ok(0); // Without this defence a batch waits for the next one's sync.
            }
        }
        if self.unsynced.is_empty() {
            return Ok(0);
        }
        let count = self.unsynced.len();
        if !self.defences.answers_after_sync {
            let too_early = std::mem::take(&mut self.unsynced);
            self.publish(too_early);
        }
        self.log.sync()?;
        mark(Stage::Sync);
        let durable = std::mem::take(&mut self.unsynced);
        self.publish(durable);
        mark(Stage::Index);
        Ok(count)
    }

    /// Takes gathered groups up to the size of a batch, and answers those that are out of turn.
    fn take_batch(&mut self) -> Vec<Group> {
        let mut batch: Vec<Group> = Vec::new();
        let mut queue = self.shared.queue();
        let mut bytes = 0;
        while let Some(group) = queue.groups.pop_front() {
            bytes += group.bytes;
            if bytes > self.batch_bytes_max && !batch.is_empty() {
                queue.groups.push_front(group);
                break;
            }
            batch.push(group);
        }
        drop(queue);

        let mut newest: HashMap<ChainId, u32> = HashMap::new();
        let index = self.shared.index.read();
        let mut accepted = Vec::with_capacity(batch.len());
        let unsynced = self.unsynced.iter().map(|written| &written.group);
        for (chain, seq) in unsynced.filter_map(Group::newest) {
            newest.insert(chain, seq);
        }
        for group in batch {
            let Some((chain, found)) = group.records.first().and_then(|record| record.row.chain) else {
                accepted.push(group);
                continue;
            };
            let last = newest.get(&chain).copied().or_else(|| index.last_of(&chain).map(|(seq, _)| seq));
            let expected = last.unwrap_or(0) + 1;
            if found == expected {
                newest.extend(group.newest());
                accepted.push(group);
            } else {
                self.shared.room.add_permits(room_units(group.bytes).map_or(0, |units| units as usize));
                self.shared.leases().completed(&chain);
                // The caller may have given up waiting.
                let _ = group.done.send(Err(RecordError::OutOfTurn { chain, expected, found }));
            }
        }
        accepted
    }

    /// Writes groups, and takes them once they are written.
    fn write(&mut self, groups: &mut Vec<Group>) -> Result<Vec<Written>, Stopped> {
        if self.unsynced.is_empty()
            && let Some(file) = self.log.roll_when_full()?
        {
            let queue = self.shared.queue(); // Whoever waits has looked, or will.
            self.shared.files.write().unwrap_or_else(PoisonError::into_inner).push(file);
            drop(queue);
            self.shared.rolled.notify_all();
        }
        let file = self.shared.files.read().unwrap_or_else(PoisonError::into_inner).len() - 1;
        let file = u32::try_from(file).expect("fewer than four thousand million files");
        let mut first_seq = self.log.next_seq();
        if let Some(stages) = &self.shared.context.stages {
            for queued_at in groups.iter().filter_map(|group| group.queued_at) {
                stages.add(Stage::Queue, queued_at.elapsed());
            }
        }
        let frames: Vec<Vec<_>> = groups
            .iter_mut()
            .map(|group| group.records.iter_mut().map(Encoded::take_frame).collect())
            .collect();
        let offsets = self.log.write(frames.iter().map(Vec::as_slice))?;
        let mut offsets = offsets.into_iter();
        let written = groups.drain(..).zip(&frames).map(|(group, frames)| {
            let locations: Vec<Location> = frames
                .iter()
                .zip(offsets.by_ref())
                .map(|(frame, offset)| {
                    let len = u32::try_from(frame.len()).expect("frames have at most 8 MiB");
                    Location { file, len, offset }
                })
                .collect();
            let written = Written { first_seq, group, locations };
            first_seq += frames.len() as u64;
            written
        });
        Ok(written.collect())
    }

    /// Shows durable groups to readers and answers whoever waits.
    fn publish(&mut self, groups: Vec<Written>) {
        let mut answers = Vec::with_capacity(groups.len());
        let mut room = 0;
        let mut rows = Vec::new();
        for Written { group, first_seq, locations } in groups {
            rows.extend(group.records.into_iter().map(|record| record.row).zip(locations));
            room += room_units(group.bytes).map_or(0, |units| units as usize);
            answers.push((group.chain, group.done, Durable { first_seq }));
        }
        self.shared.index.extend(rows.into_iter());
        self.shared.durable.send_replace(self.log.next_seq());
        self.shared.batches.fetch_add(1, Ordering::Relaxed);
        self.shared.room.add_permits(room);
        {
            let mut leases = self.shared.leases();
            for chain in answers.iter().filter_map(|(chain, ..)| chain.as_ref()) {
                leases.completed(chain);
            }
        }
        self.shared.lease_freed.notify_waiters();
        for (_, done, durable) in answers {
            // The caller may have given up waiting; the events are recorded all the same.
            let _ = done.send(Ok(durable));
        }
    }
}

impl Group {
    /// The chain's newest place once this group is recorded.
    fn newest(&self) -> Option<(ChainId, u32)> {
        self.records.last().and_then(|record| record.row.chain)
    }
}

#[cfg(test)]
mod tests {
    use domain::{ControlEvent, ControlKind, EventId, SubjectId, Timestamp};

    use super::*;
    use crate::disk::{Access, RealDisk};
    use crate::keys::{LedgerKeys, SecretKey};
    use crate::{EncodedGroup, Ledger, LedgerKind, LedgerOptions, OsEntropy};

    /// An owner numbers its events by itself. Should two ever number alike, the second group would
    /// break its chain for ever; it is answered, and nothing else in its batch notices.
    #[test]
    fn a_group_out_of_turn_is_refused_and_leaves_others_unharmed() {
        let directory = tempfile::tempdir().unwrap();
        let disk = Arc::new(RealDisk::open(directory.path(), Access::Write).unwrap());
        let key = |byte| SecretKey::from_bytes([byte; 32]);
        let keys = LedgerKeys { master: key(1), signing: key(2) };
        let at = Timestamp::from_millis(1_700_000_000_000);
        let options = LedgerOptions::new("test", LedgerKind::Control);
        let (ledger, mut writer) = Ledger::open(disk, &keys, options, Arc::new(OsEntropy), at).unwrap();
        let event = |subject: u8, number: u8| ControlEvent {
            id: EventId::new(at, [subject, number, 0, 0, 0, 0]),
            at,
            subject_id: SubjectId::new(at, [subject; 6]),
            actor: "system".into(),
            kind: ControlKind::KeyRevoked { key_name: "key_1".into() },
        };
        let mut lease = ledger.create(SubjectId::new(at, [1; 6])).unwrap();
        let mut other = ledger.create(SubjectId::new(at, [2; 6])).unwrap();

        let EncodedGroup { records, bytes, .. } = lease.encode(&[&event(1, 9)]).unwrap();
        let mut first = lease.try_record(&[&event(1, 1)]).unwrap();
        writer.shared.try_room(bytes).unwrap();
        let mut refused = writer.shared.push(Some(lease.chain()), records, bytes).unwrap();
        let mut others = other.try_record(&[&event(2, 1), &event(2, 2)]).unwrap();
        let mut second = lease.try_record(&[&event(1, 2)]).unwrap();
        assert_eq!(writer.write_batch().unwrap(), 3);

        let error = refused.try_durable().unwrap().unwrap_err();
        assert!(error.to_string().ends_with("continues with 2, not 1"), "{error}");
        assert_eq!(first.try_durable().unwrap().unwrap().first_seq, 1);
        assert_eq!(others.try_durable().unwrap().unwrap().first_seq, 2);
        assert_eq!(second.try_durable().unwrap().unwrap().first_seq, 4);
        assert_eq!(ledger.reader().chain(lease.chain()), [1, 4]);
        assert_eq!(ledger.vitals().queued_bytes, 0);
        drop((lease, other));
        assert_eq!(ledger.vitals().open_chains, 0);
    }
}
