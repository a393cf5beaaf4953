//! Opening a ledger, and the handle that everybody shares.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError};
use std::thread::JoinHandle;

use domain::{ChainId, EventId, LedgerEvent, LedgerEventKind, Timestamp};
use tokio::sync::watch;
use wire::Header;

use crate::chain::{self, ChainHead, CommitmentCache, EncodeContext};
use crate::disk::{Disk, DiskFile};
use crate::entropy::{Entropy, draw};
use crate::hash;
use crate::hot::{self, HOT_HEADER_BYTES, HotFile, HotHeader};
use crate::index::rows_file::{self, Placed};
use crate::index::{HotIndex, Location, RowDraft, SharedIndex, Words};
use crate::keys::{ChainKeys, LedgerKeys, LookupKey, SensitiveKey};
use crate::lease::Lease;
use crate::log::{ActiveFile, Log, LogOptions};
use crate::reader::{ReadError, Reader};
use crate::recovery::{self, Kept, Learn, RecoveredFile, RecoveryError};
use crate::rows_keeper::RowsKeeper;
use crate::stages::Stages;
use crate::vault::{Slot, Vault, VaultError};
use crate::writer::{RecordError, Shared, Writer};
use crate::{Defences, Stopped};

/// Which of the two ledgers of an installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LedgerKind {
    /// The events of leads.
    Leads,
    /// What people and the system do to the installation.
    Control,
}

impl LedgerKind {
    /// The last part of the origin, and the name of the directory.
    pub fn as_str(self) -> &'static str {
        match self {
            LedgerKind::Leads => "leads",
            LedgerKind::Control => "control",
        }
    }
}

/// How a ledger lays out and paces its work. The default suits production.
#[derive(Debug, Clone)]
pub struct LedgerOptions {
    /// Name of the installation: the first part of the origin of a new ledger.
    pub name: String,
    /// Which of the two ledgers.
    pub kind: LedgerKind,
    /// The ledger that was here at an earlier start, as [`Ledger::id`] told it: with it, a
    /// directory that is empty or holds another ledger is refused, not taken for a new one.
    pub known_id: Option<[u8; 16]>,
    /// Space set aside in a hot file at a time, in bytes.
    pub reserve_bytes: u64,
    /// A hot file that has grown past this many bytes is followed by a new one.
    pub hot_bytes_max: u64,
    /// At most about this many bytes are written with one sync.
    pub batch_bytes_max: usize,
    /// At most about this many bytes wait to be written.
    pub queue_bytes_max: usize,
    /// Vault slots made ready at a time.
    pub vault_block_slots: u64,
    /// Which defences are on: all, outside tests.
    pub defences: Defences,
    /// Where to add up times, for benchmarks.
    pub stages: Option<Arc<Stages>>,
}

impl LedgerOptions {
    /// What production uses.
    pub fn new(name: &str, kind: LedgerKind) -> LedgerOptions {
        LedgerOptions {
            name: name.to_owned(),
            kind,
            known_id: None,
            reserve_bytes: 16 * 1024 * 1024,
            hot_bytes_max: 64 * 1024 * 1024,
            batch_bytes_max: 8 * 1024 * 1024,
            queue_bytes_max: 64 * 1024 * 1024,
            vault_block_slots: match kind {
                LedgerKind::Leads => 1024,
                LedgerKind::Control => 64,
            },
            defences: Defences::ALL,
            stages: None,
        }
    }

    fn log(&self, ledger_id: [u8; 16]) -> LogOptions {
        LogOptions {
            ledger_id,
            reserve_bytes: self.reserve_bytes,
            hot_bytes_max: self.hot_bytes_max,
            defences: self.defences,
        }
    }
}

/// Why a ledger does not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its hot files.
    #[error(transparent)]
    Recovery(#[from] RecoveryError),
    /// Its vault.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Making it failed.
    #[error(transparent)]
    Create(#[from] Stopped),
    /// A record does not read as one.
    #[error("the record at offset {offset} of {} cannot be read", path.display())]
    Record {
        /// Which file.
        path: std::path::PathBuf,
        /// Where in it.
        offset: u64,
        /// Why.
        source: wire::HeaderError,
    },
    /// The ledger was opened before, so records were acknowledged, yet none is there.
    #[error(
        "{} holds no records, yet a ledger was in use there; its files are missing (is the disk mounted?), restore them from a backup",
        path.display()
    )]
    FilesMissing {
        /// The directory.
        path: std::path::PathBuf,
    },
    /// Record 0 names another signing key than the one given.
    #[error("the signing key is not the one that {} was opened with", path.display())]
    SigningKey {
        /// The directory.
        path: std::path::PathBuf,
    },
    /// A thread could not be started.
    #[error("cannot start a thread of the ledger")]
    Thread(#[source] std::io::Error),
}

/// One ledger, open. Cheap to clone; all clones are the same ledger.
#[derive(Debug, Clone)]
pub struct Ledger {
    shared: Arc<Shared>,
}

impl Ledger {
    /// Recovers a ledger, or makes a new one where there is none, and starts its threads. `now`
    /// is written into record 0 of a new one.
    ///
    /// # Errors
    /// When files are damaged or cannot be read or written; nothing is repaired that was ever
    /// acknowledged.
    pub fn start(
        disk: Arc<dyn Disk>,
        keys: &LedgerKeys,
        options: LedgerOptions,
        entropy: Arc<dyn Entropy>,
        now: Timestamp,
    ) -> Result<(Ledger, Running), OpenError> {
        let kind = options.kind;
        let (ledger, writer) = Ledger::open(Arc::clone(&disk), keys, options, entropy, now)?;
        let name = |part: &str| format!("{}-{part}", kind.as_str());
        let guard = StopOnPanic(Arc::clone(&ledger.shared));
        let writer = std::thread::Builder::new()
            .name(name("writer"))
            .spawn(move || {
                let _guard = guard;
                writer.run()
            })
            .map_err(OpenError::Thread)?;
        let shared = Arc::clone(&ledger.shared);
        let vault = std::thread::Builder::new().name(name("vault")).spawn(move || {
            let _guard = StopOnPanic(Arc::clone(&shared));
            if let Err(stopped) = shared.vault.keep_ready() {
                shared.stop(stopped);
            }
        });
        let vault = vault.map_err(|error| {
            ledger.shared.close();
            OpenError::Thread(error)
        })?;
        let guard = StopOnPanic(Arc::clone(&ledger.shared));
        let keeper = RowsKeeper::new(disk, Arc::clone(&ledger.shared));
        let rows = std::thread::Builder::new().name(name("rows")).spawn(move || {
            let _guard = guard;
            keeper.run();
        });
        let rows = rows.map_err(|error| {
            ledger.shared.close();
            OpenError::Thread(error)
        })?;
        let running = Running { shared: Arc::clone(&ledger.shared), writer, vault, rows };
        Ok((ledger, running))
    }

    /// The same without threads: the caller drives the writer, as simulations do.
    ///
    /// # Errors
    /// As [`start`](Ledger::start).
    pub fn open(
        disk: Arc<dyn Disk>,
        keys: &LedgerKeys,
        options: LedgerOptions,
        entropy: Arc<dyn Entropy>,
        now: Timestamp,
    ) -> Result<(Ledger, Writer), OpenError> {
        let words = Arc::new(Words::default());
        let path = disk.path("");
        let was_used = Vault::was_used(&*disk).map_err(|source| RecoveryError::Disk {
            action: "look into",
            path: path.clone(),
            source,
        })?;
        let opened_before = was_used || options.known_id.is_some();
        let mut opened = Opened::recover(&*disk, options.known_id, opened_before, &options.defences, &words)?;
        if opened.is_empty() {
            if opened_before {
                return Err(OpenError::FilesMissing { path });
            }
            opened = Opened::create(&disk, keys, &options, &entropy, &words, now)?;
        }
        opened.check_signing_key(&*disk, keys)?;
        let Opened { ledger_id, files, index, end, record_0: _, key_slot_max, mut sensitive } = opened;
        let next_seq = index.next_seq();
        let vault = Vault::open(
            Arc::clone(&disk),
            &ledger_id,
            &keys.master,
            Arc::clone(&entropy),
            options.vault_block_slots.max(1),
            &options.defences,
        )?;
        vault.check_reaches(key_slot_max)?;
        let mut live = vault.not_erased(sensitive.keys().copied().collect())?;
        // Nothing but its destruction ever writes to a short-lived slot again: the power went while it did.
        let torn: Vec<u64> = live.extract_if(.., |slot| vault.is_damaged(*slot)).collect();
        vault.erase(&torn)?;
        let sensitive_slots: Vec<SensitiveSlot> =
            live.iter().filter_map(|slot| sensitive.remove(slot)).collect();
        let context = EncodeContext {
            ledger_id,
            entropy: Arc::clone(&entropy),
            words,
            defences: options.defences,
            stages: options.stages.clone(),
        };
        let lookup = LookupKey::derive(&keys.master, &ledger_id);
        let active =
            ActiveFile { hot: files.last().expect("an open ledger has a file").clone(), end, reserved: end };
        let shared = Arc::new(Shared::new(
            context,
            SharedIndex::new(index),
            vault,
            files,
            lookup,
            sensitive_slots,
            options.queue_bytes_max,
        ));
        let log = Log::new(disk, entropy, options.log(ledger_id), active, next_seq);
        let writer = Writer::new(Arc::clone(&shared), log, options.batch_bytes_max, options.defences);
        Ok((Ledger { shared }, writer))
    }

    /// Sixteen random bytes that every file of the ledger repeats.
    pub fn id(&self) -> [u8; 16] {
        self.shared.context.ledger_id
    }

    /// A keyed hash of a value, by which it is found without being kept: the same for the same kind and
    /// value as long as the ledger lives, and nothing to whoever lacks the master key.
    pub fn lookup_tag(&self, kind: &str, value: &[u8]) -> [u8; 12] {
        self.shared.lookup.tag(kind, value)
    }

    /// Begins a chain: gives it a key of its own. Waits for the disk only when slots are used up
    /// faster than they are made ready.
    ///
    /// # Errors
    /// When the ledger stopped.
    ///
    /// # Panics
    /// When the chain exists: ids are drawn at random, 48 bits of them in one millisecond.
    pub fn create(&self, chain: impl Into<ChainId>) -> Result<Lease, RecordError> {
        let chain = chain.into();
        self.check_running()?;
        let slot = self.shared.take_slot()?;
        assert!(self.shared.leases().try_hold(chain), "{chain} is new");
        assert!(self.shared.index.read().last_of(&chain).is_none(), "{chain} is new");
        let keys = ChainKeys::derive(slot.number, &slot.key);
        Ok(Lease::new(Arc::clone(&self.shared), chain, ChainHead::START, Some(keys)))
    }

    /// Takes over a chain, waiting until nobody else has it; none when there is no such chain.
    /// One task that asks twice for the same chain waits for ever.
    ///
    /// # Errors
    /// When its newest record cannot be read, or the ledger stopped.
    pub async fn lease(&self, chain: impl Into<ChainId>) -> Result<Option<Lease>, LeaseError> {
        let chain = chain.into();
        loop {
            let freed = self.shared.lease_freed.notified();
            let mut freed = std::pin::pin!(freed);
            freed.as_mut().enable();
            self.check_running()?;
            if self.shared.leases().try_hold(chain) {
                return self.take_over(chain);
            }
            freed.await;
        }
    }

    /// The same without waiting; [`LeaseError::Held`] when somebody has it.
    ///
    /// # Errors
    /// As [`lease`](Ledger::lease).
    pub fn try_lease(&self, chain: impl Into<ChainId>) -> Result<Option<Lease>, LeaseError> {
        let chain = chain.into();
        self.check_running()?;
        if self.shared.leases().try_hold(chain) {
            self.take_over(chain)
        } else {
            Err(LeaseError::Held(chain))
        }
    }

    /// Builds the lease of a chain that is held for the caller. Dropping it gives the chain back.
    fn take_over(&self, chain: ChainId) -> Result<Option<Lease>, LeaseError> {
        let mut lease = Lease::new(Arc::clone(&self.shared), chain, ChainHead::START, None);
        let Some((chain_seq, seq)) = self.shared.index.read().last_of(&chain) else {
            return Ok(None);
        };
        let (header, key_slot, sensitive_slot) = self.reader().header(seq)?;
        let keys = match key_slot {
            0 => None, // Its key was destroyed before that record was made.
            _ => match self.shared.vault.read(key_slot)? {
                Slot::Live(key) => Some(ChainKeys::derive(key_slot, &key)),
                Slot::Erased => None,
                Slot::Free => return Err(LeaseError::NoKey { chain, slot: key_slot }),
            },
        };
        let sensitive = match sensitive_slot {
            0 => None,
            slot => match self.shared.vault.read(slot)? {
                Slot::Live(key) => Some(SensitiveKey::derive(slot, &key)),
                Slot::Erased => Some(SensitiveKey { slot, cipher: None }),
                Slot::Free => return Err(LeaseError::NoKey { chain, slot }),
            },
        };
        lease.continue_from(ChainHead { seq: chain_seq, leaf: hash::leaf(&header) }, keys, sensitive);
        Ok(Some(lease))
    }

    /// The short-lived keys of sensitive values that an earlier life left, in order of their slots. Found
    /// at the start; later it is up to the caller to know.
    pub fn sensitive_slots(&self) -> &[SensitiveSlot] {
        &self.shared.sensitive_slots
    }

    /// Destroys short-lived keys, all with one sync: what was sealed under them can never be opened
    /// again. Blocks the thread.
    ///
    /// # Errors
    /// When the vault cannot be written; the ledger has then stopped for good.
    pub fn erase_sensitive(&self, slots: &[u64]) -> Result<(), RecordError> {
        self.check_running()?;
        self.shared.vault.erase(slots).map_err(|stopped| {
            self.shared.stop(stopped.clone());
            RecordError::Stopped(stopped)
        })
    }

    /// Destroys the key of a chain, with one sync: no body of its records can be opened again. What says
    /// why must be durable before. Doing it twice does no harm, so that a start can do again what a crash
    /// may have cut short. Blocks the thread.
    ///
    /// # Errors
    /// When its first record cannot be read, or the vault cannot be written; the ledger has then stopped
    /// for good.
    pub fn erase(&self, chain: impl Into<ChainId>) -> Result<(), LeaseError> {
        self.check_running()?;
        let reader = self.reader();
        // Records that come after it name no slot.
        let Some(first) = reader.chain(chain).first().copied() else { return Ok(()) };
        let (_, key_slot, _) = reader.header(first)?;
        let slots: &[u64] = if key_slot == 0 { &[] } else { &[key_slot] };
        Ok(self.erase_sensitive(slots)?)
    }

    /// Keeps the rows of every hot file that another one follows beside it, and checks those that are kept
    /// against their files: what a thread of [`start`](Ledger::start) does in the background, for callers
    /// of [`open`](Ledger::open). A file that is damaged stops the ledger.
    pub fn keep_rows(&self, disk: Arc<dyn Disk>) {
        RowsKeeper::new(disk, Arc::clone(&self.shared)).keep_all();
    }

    /// Whether nobody has the chain at this moment, and everything of it is durable.
    pub fn is_idle(&self, chain: impl Into<ChainId>) -> bool {
        self.shared.leases().is_idle(&chain.into())
    }

    fn check_running(&self) -> Result<(), RecordError> {
        self.shared.stopped().map_or(Ok(()), |stopped| Err(RecordError::Stopped(stopped.clone())))
    }

    /// Reads what is durable.
    pub fn reader(&self) -> Reader {
        Reader::new(Arc::clone(&self.shared))
    }

    /// Follows the watermark: the value is the seq below which everything is durable.
    pub fn watch_durable(&self) -> watch::Receiver<u64> {
        self.shared.watch_durable()
    }

    /// Why the ledger stopped for good, when it did.
    pub fn stopped(&self) -> Option<Stopped> {
        self.shared.stopped().cloned()
    }

    /// Waits until a write or sync fails, which stops the ledger for good. The process should
    /// then end.
    pub async fn wait_for_stop(&self) -> Stopped {
        self.shared.wait_for_stop().await
    }

    /// How the ledger fares, for metrics.
    pub fn vitals(&self) -> Vitals {
        Vitals {
            next_seq: self.shared.index.read().next_seq(),
            batches: self.shared.batches(),
            queued_bytes: self.shared.queued_bytes(),
            open_chains: self.shared.leases().len(),
            vault_slots: self.shared.vault.slots().unwrap_or(0),
        }
    }
}

/// A short-lived key that is not destroyed yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SensitiveSlot {
    /// Its slot in the vault.
    pub slot: u64,
    /// Whose values it seals.
    pub chain: ChainId,
    /// When it was first used.
    pub since: Timestamp,
}

/// How a ledger fares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vitals {
    /// How many records it has.
    pub next_seq: u64,
    /// Batches written since the start, each with one sync.
    pub batches: u64,
    /// Bytes that wait to be written.
    pub queued_bytes: usize,
    /// Chains that somebody has a lease of, or with groups under way.
    pub open_chains: usize,
    /// Vault slots ever made ready.
    pub vault_slots: u64,
}

/// Why a chain could not be taken over.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Somebody else has it.
    #[error("{0} has another owner at this moment")]
    Held(ChainId),
    /// Its newest record cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its slot cannot be read.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// Its slot is empty, which no slot in use can be.
    #[error("the vault slot {slot} of {chain} is empty")]
    NoKey {
        /// Which chain.
        chain: ChainId,
        /// Which slot.
        slot: u64,
    },
    /// The ledger stopped.
    #[error(transparent)]
    Record(#[from] RecordError),
}

/// Stops the ledger when its thread panics: nobody must wait for ever for a thread that is gone.
struct StopOnPanic(Arc<Shared>);

impl Drop for StopOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let file = self
                .0
                .files
                .read()
                .unwrap_or_else(PoisonError::into_inner)
                .last()
                .map(|hot| hot.path.clone());
            let cause = std::io::Error::other("a thread of the ledger panicked; the log tells where");
            self.0.stop(Stopped::new("go on with", file.unwrap_or_default(), cause));
        }
    }
}

/// The threads of a ledger. Dropped without [`close`](Running::close), they end with the process.
#[derive(Debug)]
pub struct Running {
    shared: Arc<Shared>,
    writer: JoinHandle<Result<(), Stopped>>,
    vault: JoinHandle<()>,
    rows: JoinHandle<()>,
}

impl Running {
    /// Takes nothing more, writes what is queued, and ends the threads.
    ///
    /// # Errors
    /// When the ledger stopped before that.
    pub fn close(self) -> Result<(), Stopped> {
        self.shared.close();
        let result = self.writer.join().expect("the writer does not panic");
        self.shared.vault.close();
        self.vault.join().expect("the vault's thread does not panic");
        self.rows.join().expect("the keeper of rows does not panic");
        result
    }
}

/// What a start learns of the records.
struct Learnt<'a> {
    disk: &'a dyn Disk,
    words: &'a Words,
    defences: &'a Defences,
    index: HotIndex,
    /// As in [`Opened`].
    record_0: Option<Vec<u8>>,
    key_slot_max: u64,
    sensitive: HashMap<u64, SensitiveSlot>,
}

impl<'a> Learnt<'a> {
    fn new(disk: &'a dyn Disk, words: &'a Words, defences: &'a Defences) -> Learnt<'a> {
        let (index, sensitive) = (HotIndex::new(0), HashMap::new());
        Learnt { disk, words, defences, index, record_0: None, key_slot_max: 0, sensitive }
    }
}

impl Learn for Learnt<'_> {
    type Error = OpenError;

    fn frame(&mut self, kept: Kept<'_>) -> Result<(), OpenError> {
        let header = &kept.bytes[kept.frame.header.clone()];
        let draft = RowDraft::read(header, self.words).map_err(|source| OpenError::Record {
            path: kept.path.to_path_buf(),
            offset: kept.offset,
            source,
        })?;
        self.key_slot_max = self.key_slot_max.max(kept.frame.key_slot).max(kept.frame.sensitive_slot);
        if let (slot @ 1.., Some((chain, _))) = (kept.frame.sensitive_slot, draft.chain) {
            self.sensitive.entry(slot).or_insert(SensitiveSlot { slot, chain, since: draft.at });
        }
        if kept.frame.seq == 0 {
            self.record_0 = Some(header.to_vec());
        }
        let len = u32::try_from(kept.frame.len).expect("frames have at most 8 MiB");
        self.index.push(draft, Location { file: file_number(kept.file), len, offset: kept.offset });
        Ok(())
    }

    fn closed_file(
        &mut self,
        place: usize,
        file: &dyn DiskFile,
        header: &HotHeader,
        next_seq: u64,
    ) -> Option<u64> {
        let stored = self.disk.open(&rows_file::file_name(header.first_seq)).ok()?.read_all().ok()?;
        let kept = rows_file::Kept::read(&stored, file, header, next_seq, self.defences)?;
        let record_0 = match header.first_seq {
            0 => Some(kept.first_header(file, self.defences)?),
            _ => None,
        };
        let (end, key_slot_max) = (kept.end(), kept.key_slot_max());
        let (rows, sensitive) = kept.open(self.words)?;
        for Placed { draft, offset, len } in rows {
            self.index.push(draft, Location { file: file_number(place), len, offset });
        }
        for slot in sensitive {
            self.sensitive.entry(slot.slot).or_insert(slot);
        }
        self.key_slot_max = self.key_slot_max.max(key_slot_max);
        self.record_0 = self.record_0.take().or(record_0);
        Some(end)
    }
}

fn file_number(place: usize) -> u32 {
    u32::try_from(place).expect("fewer than four thousand million files")
}

/// A ledger's files as a start found or made them.
struct Opened {
    ledger_id: [u8; 16],
    files: Vec<HotFile>,
    index: HotIndex,
    /// Where the next frame goes in the newest file.
    end: u64,
    /// Header bytes of record 0, when the hot part reaches back to it.
    record_0: Option<Vec<u8>>,
    /// The highest slot of the vault that a record names.
    key_slot_max: u64,
    /// The slots of sensitive values that records name.
    sensitive: HashMap<u64, SensitiveSlot>,
}

impl Opened {
    fn recover(
        disk: &dyn Disk,
        known_id: Option<[u8; 16]>,
        opened_before: bool,
        defences: &Defences,
        words: &Words,
    ) -> Result<Opened, OpenError> {
        let mut learnt = Learnt::new(disk, words, defences);
        let recovered = recovery::recover(disk, known_id, opened_before, defences, &mut learnt)?;
        let Learnt { index, record_0, key_slot_max, sensitive, .. } = learnt;
        let newest = recovered.last();
        let ledger_id = newest.map_or([0; 16], |file| file.header.ledger_id);
        let end = newest.map_or(0, |file| file.end);
        let files = recovered
            .into_iter()
            .map(|RecoveredFile { file, path, header, .. }| HotFile {
                file,
                path,
                epoch: header.epoch,
                first_seq: header.first_seq,
            })
            .collect();
        Ok(Opened { ledger_id, files, index, end, record_0, key_slot_max, sensitive })
    }

    fn is_empty(&self) -> bool {
        self.index.next_seq() == 0
    }

    /// Makes a new ledger over whatever an interrupted attempt left.
    fn create(
        disk: &Arc<dyn Disk>,
        keys: &LedgerKeys,
        options: &LedgerOptions,
        entropy: &Arc<dyn Entropy>,
        words: &Arc<Words>,
        now: Timestamp,
    ) -> Result<Opened, OpenError> {
        let path = disk.path("");
        let fail = |action| {
            let path = path.clone();
            move |source| RecoveryError::Disk { action, path, source }
        };
        for name in disk.list().map_err(fail("list"))? {
            if hot::first_seq_of(&name).is_some() {
                disk.remove(&name).map_err(fail("remove a file of"))?;
            }
        }
        let ledger_id: [u8; 16] = draw(&**entropy);
        Vault::create(&**disk, &ledger_id, &keys.master, &**entropy)?;
        let active = Log::create_file(&**disk, &**entropy, ledger_id, 0)?;
        let hot = active.hot.clone();

        let hex: String = ledger_id.iter().map(|byte| format!("{byte:02x}")).collect();
        let event = LedgerEvent {
            id: EventId::new(now, draw(&**entropy)),
            at: now,
            kind: LedgerEventKind::Opened {
                format: 1,
                ledger_id,
                origin: format!("{}/{hex}/{}", options.name, options.kind.as_str()).into(),
                public_key: keys.public_key(),
                predecessor: None,
            },
        };
        let context = EncodeContext {
            ledger_id,
            entropy: Arc::clone(entropy),
            words: Arc::clone(words),
            defences: options.defences,
            stages: None,
        };
        let (mut record, _) = chain::encode(
            &event,
            ChainHead::START,
            chain::Keys::default(),
            &mut CommitmentCache::default(),
            &context,
        )
        .expect("record 0 is small and has no body");
        let frame = record.take_frame();
        let mut log = Log::new(Arc::clone(disk), Arc::clone(entropy), options.log(ledger_id), active, 0);
        log.write(std::iter::once(std::slice::from_ref(&frame)))?;
        log.sync()?;

        let offset = HOT_HEADER_BYTES as u64;
        let len = u32::try_from(frame.len()).expect("record 0 is small");
        let mut index = HotIndex::new(0);
        index.push(record.row, Location { file: 0, len, offset });
        let end = offset + u64::from(len);
        let record_0 = Some(frame.header().to_vec());
        Ok(Opened {
            ledger_id,
            files: vec![hot],
            index,
            end,
            record_0,
            key_slot_max: 0,
            sensitive: HashMap::new(),
        })
    }

    fn check_signing_key(&self, disk: &dyn Disk, keys: &LedgerKeys) -> Result<(), OpenError> {
        use base64::Engine as _;
        use base64::prelude::BASE64_URL_SAFE_NO_PAD;

        let Some(header) = self.record_0.as_deref().and_then(|bytes| Header::read(bytes).ok()) else {
            return Ok(());
        };
        let expected = BASE64_URL_SAFE_NO_PAD.encode(keys.public_key());
        if header.public_key.as_deref() == Some(expected.as_str()) {
            Ok(())
        } else {
            Err(OpenError::SigningKey { path: disk.path("") })
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{ControlEvent, ControlKind, SubjectId};

    use super::*;
    use crate::disk::{Access, RealDisk};
    use crate::keys::SecretKey;
    use crate::{OsEntropy, StoredBody, verify};

    #[test]
    fn a_chain_whose_key_was_destroyed_goes_on_without_bodies() {
        let directory = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path(), Access::Write).unwrap());
        let key = |byte| SecretKey::from_bytes([byte; 32]);
        let keys = LedgerKeys { master: key(1), signing: key(2) };
        let at = Timestamp::from_millis(1_700_000_000_000);
        let (ledger, mut writer) = Ledger::open(
            Arc::clone(&disk),
            &keys,
            LedgerOptions::new("test", LedgerKind::Control),
            Arc::new(OsEntropy),
            at,
        )
        .unwrap();
        let subject_id = SubjectId::new(at, [1; 6]);
        let event = |number: u8| ControlEvent {
            id: EventId::new(at, [number; 6]),
            at,
            subject_id,
            actor: "system".into(),
            kind: ControlKind::KeyRevoked { key_name: "key_1".into() },
        };
        let mut record = |lease: &mut Lease, number| {
            lease.try_record(&[&event(number)]).unwrap();
            writer.write_batch().unwrap();
        };
        let mut lease = ledger.create(subject_id).unwrap();
        record(&mut lease, 1);
        drop(lease);
        ledger.erase(subject_id).unwrap();
        ledger.erase(subject_id).unwrap();
        ledger.erase(SubjectId::new(at, [9; 6])).unwrap();

        let mut lease = ledger.try_lease(subject_id).unwrap().unwrap();
        record(&mut lease, 2);
        drop(lease);
        // The newest record names no slot, and the chain can be taken over all the same.
        let mut lease = ledger.try_lease(subject_id).unwrap().unwrap();
        record(&mut lease, 3);
        let bodies: Vec<StoredBody> =
            ledger.reader().records(&[1, 2, 3]).unwrap().into_iter().map(|record| record.body).collect();
        assert_eq!(bodies, [StoredBody::Erased, StoredBody::None, StoredBody::None]);
        assert_eq!(ledger.reader().chain(subject_id), [1, 2, 3]);
        let report = verify(&disk, Some(&keys.master), Defences::ALL).unwrap();
        assert!(report.is_clean(), "{:?}", report.findings);
        assert_eq!((report.bodies_erased, report.bodies_checked), (1, 0));
    }

    fn keys() -> LedgerKeys {
        LedgerKeys { master: SecretKey::from_bytes([1; 32]), signing: SecretKey::from_bytes([2; 32]) }
    }

    fn start(
        directory: &std::path::Path,
        known_id: Option<[u8; 16]>,
    ) -> Result<(Ledger, Running), OpenError> {
        let disk = Arc::new(RealDisk::open(directory, Access::Write).unwrap());
        let options = LedgerOptions { known_id, ..LedgerOptions::new("test", LedgerKind::Leads) };
        Ledger::start(disk, &keys(), options, Arc::new(OsEntropy), Timestamp::from_millis(1_700_000_000_000))
    }

    #[test]
    fn a_ledger_that_was_here_and_is_gone_is_missed() {
        let home = tempfile::tempdir().unwrap();
        let (ledger, running) = start(&home.path().join("a"), None).unwrap();
        let id = ledger.id();
        running.close().unwrap();
        start(&home.path().join("a"), Some(id)).unwrap().1.close().unwrap();

        // A disk that is not mounted: an empty directory where the ledger was.
        let error = start(&home.path().join("empty"), Some(id)).unwrap_err();
        assert!(matches!(error, OpenError::FilesMissing { .. }), "{error}");
        assert_eq!(
            std::fs::read_dir(home.path().join("empty")).unwrap().count(),
            0,
            "nothing was made there"
        );
        start(&home.path().join("other"), None).unwrap().1.close().unwrap();
        let error = start(&home.path().join("other"), Some(id)).unwrap_err();
        assert!(error.to_string().contains("it belongs to another ledger"), "{error}");
    }

    #[test]
    fn a_first_file_without_record_0_is_left_as_it_is_once_the_ledger_was_in_use() {
        let home = tempfile::tempdir().unwrap();
        let (ledger, running) = start(home.path(), None).unwrap();
        ledger.shared.vault.take().unwrap();
        running.close().unwrap();
        let hot = home.path().join(hot::file_name(0));
        for kept in [0, 10, HOT_HEADER_BYTES as u64, 100] {
            std::fs::OpenOptions::new().write(true).open(&hot).unwrap().set_len(kept).unwrap();
            let error = start(home.path(), None).unwrap_err();
            assert!(matches!(error, OpenError::Recovery(RecoveryError::Damaged { .. })), "{kept}: {error}");
            assert_eq!(std::fs::metadata(&hot).unwrap().len(), kept, "what is left of it is not touched");
            let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(home.path(), Access::Read).unwrap());
            assert!(!verify(&disk, None, Defences::ALL).unwrap().is_clean(), "{kept}");
            std::fs::OpenOptions::new().write(true).open(&hot).unwrap().set_len(200).unwrap();
        }
    }

    #[test]
    fn a_thread_that_panics_stops_the_ledger() {
        let home = tempfile::tempdir().unwrap();
        let (ledger, running) = start(home.path(), None).unwrap();
        let guard = StopOnPanic(Arc::clone(&ledger.shared));
        let thread = std::thread::spawn(move || {
            let _guard = guard;
            panic!("a fault of this program");
        });
        thread.join().unwrap_err();
        let stopped = ledger.stopped().unwrap();
        assert!(stopped.file().ends_with(hot::file_name(0)), "{stopped}");
        running.close().unwrap_err();
    }
}
