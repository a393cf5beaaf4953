//! The ledger behind the calls of a history, driven by hand and without threads.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use domain::ChainId;
use ledger::{
    Defences, Disk, Entropy, Filter, Lease, Ledger, LedgerKeys, LedgerKind, LedgerOptions, Order, SecretKey,
    Ticket, Window, Writer, verify,
};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wire::{Header, Record};

use super::hot_file::{FILE_HEADER_BYTES, Frame, HotFile};
use super::{SeededEntropy, at, content_of, event, lead_id};
use crate::SimDisk;
use crate::histories::{GroupId, Handed, Inspection, Running, Sealed, Seen, Subject};

/// The keys of every simulated installation.
pub fn keys() -> LedgerKeys {
    LedgerKeys { master: SecretKey::from_bytes([1; 32]), signing: SecretKey::from_bytes([2; 32]) }
}

/// Small measures, drawn from a seed: files that roll often, little space set aside, few vault slots
/// at a time, and batches of one group or of many.
pub fn options(seed: u64, defences: Defences) -> LedgerOptions {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    LedgerOptions {
        reserve_bytes: rng.random_range(4 * 1024..=16 * 1024),
        hot_bytes_max: rng.random_range(1024..=24 * 1024),
        batch_bytes_max: if rng.random_bool(0.5) { 1 } else { 8 * 1024 * 1024 },
        vault_block_slots: rng.random_range(2..=8),
        defences,
        ..LedgerOptions::new("simulated", LedgerKind::Leads)
    }
}

/// The real ledger, to play histories to.
#[derive(Debug)]
pub struct LedgerLog {
    options: LedgerOptions,
    // One stream over all lives, as nonces must never repeat.
    entropy: Arc<dyn Entropy>,
    inspects: bool,
}

impl LedgerLog {
    /// With measures and random bytes that follow from a seed.
    pub fn new(seed: u64, defences: Defences) -> LedgerLog {
        LedgerLog {
            options: options(seed, defences),
            entropy: Arc::new(SeededEntropy::new(seed)),
            inspects: defences == Defences::ALL,
        }
    }

    /// Leaves it to the rules of the model alone to find what is wrong.
    pub fn without_inspections(self) -> LedgerLog {
        LedgerLog { inspects: false, ..self }
    }
}

impl Subject for LedgerLog {
    fn open(&mut self, disk: &SimDisk) -> Result<Box<dyn Running>, String> {
        let disk: Arc<dyn Disk> = Arc::new(disk.clone());
        let entropy = Arc::clone(&self.entropy);
        let (ledger, writer) = Ledger::open(Arc::clone(&disk), &keys(), self.options.clone(), entropy, at())
            .map_err(|error| causes(&error))?;
        Ok(Box::new(RunningLedger {
            disk,
            ledger,
            writer,
            leases: HashMap::new(),
            waiting: HashMap::new(),
            durable: HashMap::new(),
        }))
    }

    /// What a write to a hot file seals, told apart by the documented layout.
    ///
    /// # Panics
    /// When the bytes are not whole frames of that layout.
    fn sealed(&self, file: &str, bytes: &[u8]) -> Vec<Sealed> {
        if !file.ends_with(".hot") || HotFile::read(bytes).is_some() {
            return Vec::new();
        }
        let mut sealed = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let (frame, len) = Frame::read(rest).expect("the ledger writes whole frames");
            rest = &rest[len..];
            let header = Header::read(&frame.header).expect("a frame holds a header");
            if let (Some((nonce, text)), Some(lead)) = (frame.sealed, &header.lead_id) {
                sealed.push(Sealed {
                    key: frame.key_slot.to_le_bytes().to_vec(),
                    owner: lead.to_string(),
                    nonce: nonce.to_vec(),
                    text,
                });
            }
        }
        sealed
    }

    fn inspect(&self, disk: &SimDisk, inspection: Inspection) -> Result<(), String> {
        if !self.inspects {
            return Ok(());
        }
        // On a copy, so that no fault strikes and no call is counted.
        let mut copy = SimDisk::new(0);
        copy.restore(&disk.snapshot());
        let hot_files: Vec<String> = copy.files().into_iter().filter(|name| name.ends_with(".hot")).collect();
        if hot_files.is_empty() && inspection == Inspection::BeforeStart {
            return Ok(()); // Nothing was ever made here.
        }
        if inspection == Inspection::Running {
            check_layout(&copy, &hot_files)?;
        }
        let copy: Arc<dyn Disk> = Arc::new(copy);
        let report =
            verify(&copy, Some(&keys().master), self.options.defences).map_err(|error| causes(&error))?;
        if !report.is_clean() {
            return Err(report.findings.iter().map(|finding| format!("{finding}; ")).collect());
        }
        if inspection == Inspection::Running && report.torn_bytes > 0 {
            return Err(format!("{} torn bytes are left by a start", report.torn_bytes));
        }
        Ok(())
    }
}

/// Every frame is as documented, and their places are gapless over the files.
fn check_layout(disk: &SimDisk, hot_files: &[String]) -> Result<(), String> {
    let mut next_seq = 0;
    for name in hot_files {
        let content = disk.content(name);
        let file = HotFile::read(&content).ok_or_else(|| format!("{name} is no hot file"))?;
        for (offset, frame) in &file.frames {
            if frame.seq != next_seq || frame.durable_seq > frame.seq {
                return Err(format!("{name} at {offset}: seq {} stands at {next_seq}", frame.seq));
            }
            next_seq += 1;
        }
        let end = usize::try_from(file.end).map_err(|error| error.to_string())?.max(FILE_HEADER_BYTES);
        if content[end..].iter().any(|byte| *byte != 0) {
            return Err(format!("{name}: more than zeros behind its last frame, from {end} on"));
        }
    }
    Ok(())
}

struct RunningLedger {
    disk: Arc<dyn Disk>,
    ledger: Ledger,
    writer: Writer,
    leases: HashMap<u8, Lease>,
    waiting: HashMap<GroupId, Ticket>,
    durable: HashMap<GroupId, u64>,
}

impl RunningLedger {
    /// The lease of a chain: the one at hand, or taken over, or of a new chain.
    fn lease(&mut self, chain: u8) -> Result<&mut Lease, String> {
        match self.leases.entry(chain) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let known = self.ledger.try_lease(lead_id(chain)).map_err(|error| causes(&error))?;
                let lease = known.map_or_else(|| self.ledger.create(lead_id(chain)), Ok);
                Ok(entry.insert(lease.map_err(|error| causes(&error))?))
            }
        }
    }

    /// Writes one batch and takes the answers.
    fn write(&mut self) -> Result<(), String> {
        let written = self.writer.write_batch();
        let answers = self.take_answers();
        written.map_err(|error| causes(&error))?;
        answers
    }

    /// Takes the answers there are, also of a batch that failed.
    fn take_answers(&mut self) -> Result<(), String> {
        let mut result = Ok(());
        for (group, mut ticket) in std::mem::take(&mut self.waiting) {
            match ticket.try_durable() {
                None => {
                    self.waiting.insert(group, ticket);
                }
                Some(Ok(durable)) => {
                    self.durable.insert(group, durable.first_seq);
                }
                Some(Err(error)) => result = Err(causes(&error)),
            }
        }
        result
    }
}

impl Running for RunningLedger {
    fn append(&mut self, groups: &[Handed]) -> Result<(), String> {
        for Handed { group, chain, records } in groups {
            let events: Vec<_> = records.iter().map(|content| event(*chain, content)).collect();
            let events: Vec<&dyn Record> = events.iter().map(|event| event as &dyn Record).collect();
            let ticket = self.lease(*chain)?.try_record(&events).map_err(|error| causes(&error))?;
            self.waiting.insert(*group, ticket);
        }
        Ok(())
    }

    fn durable(&mut self, group: GroupId) -> Result<u64, String> {
        loop {
            if let Some(first_seq) = self.durable.get(&group) {
                return Ok(*first_seq);
            }
            self.write()?;
        }
    }

    fn idle(&mut self) -> Result<(), String> {
        while !self.waiting.is_empty() {
            self.write()?;
        }
        // The next owners take the chains over from what is stored.
        self.leases.clear();
        self.ledger.keep_rows(Arc::clone(&self.disk));
        self.ledger.stopped().map_or(Ok(()), |stopped| Err(causes(&stopped)))
    }

    fn read(&mut self) -> Result<Vec<Seen>, String> {
        let reader = self.ledger.reader();
        let next = reader.next_seq();
        let seqs: Vec<u64> = (0..next).collect();
        let records = reader.records(&seqs).map_err(|error| causes(&error))?;
        assert_eq!(*self.ledger.watch_durable().borrow(), next, "the watermark is what readers see");
        assert_eq!(reader.record(next).map_err(|error| causes(&error))?, None, "nothing stands past it");

        let window = Window { after: None, before: None, order: Order::OldestFirst, limit: 1_000_000 };
        assert_eq!(reader.list(&Filter::default(), window).seqs, seqs, "a list shows all, in order");
        let back = Window { order: Order::NewestFirst, ..window };
        let newest_first: Vec<u64> = seqs.iter().rev().copied().collect();
        assert_eq!(reader.list(&Filter::default(), back).seqs, newest_first, "a list shows all, backwards");

        let mut seen = Vec::with_capacity(records.len());
        let mut chains: HashMap<u8, Vec<u64>> = HashMap::new();
        for record in &records {
            let header = Header::read(&record.header).expect("a stored header reads back");
            let id = header.event_id().expect("a stored header has an id");
            assert_eq!(reader.find(&id), Some(record.seq), "{id} is found where it stands");
            seen.push(match content_of(record)? {
                None => Seen::own(record.seq),
                Some((chain, place, content)) => {
                    chains.entry(chain).or_default().push(record.seq);
                    Seen::record(record.seq, chain, place, content)
                }
            });
        }
        assert_eq!(reader.chains().len(), chains.len(), "every chain is known");
        for (chain, seqs) in chains {
            assert_eq!(reader.chain(lead_id(chain)), seqs, "the timeline of chain {chain}");
            let filter = Filter { chain: Some(ChainId::Lead(lead_id(chain))), ..Filter::default() };
            assert_eq!(reader.list(&filter, window).seqs, seqs, "the list of chain {chain}");
        }
        Ok(seen)
    }

    fn answered(&mut self) -> Vec<(GroupId, u64)> {
        // Those that are told of a failure instead are not answered.
        let _ = self.take_answers();
        self.durable.iter().map(|(group, first_seq)| (*group, *first_seq)).collect()
    }

    fn close(&mut self) -> Result<(), String> {
        self.idle()
    }
}

/// An error with its causes, in one line.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
