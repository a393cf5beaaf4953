//! A ledger on a simulated disk, with as few words as a named case needs.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use ledger::{
    Defences, Disk, Durable, Entropy, Lease, Ledger, LedgerKind, LedgerOptions, OpenError, RecordError,
    Report, Stopped, Ticket, Writer, verify,
};
use wire::Record;

use super::hot_file::HotFile;
use super::{SeededEntropy, at, content_of, event, keys, lead_id};
use crate::SimDisk;

/// A ledger that is started, used, killed and started again. Records are numbered from 1, over all
/// lives; those of one chain have frames of one length, until its tenth.
#[derive(Debug)]
pub struct Installation {
    /// Its disk.
    pub disk: SimDisk,
    /// How it is started.
    pub options: LedgerOptions,
    /// Length of the content of a record, in bytes.
    pub content_bytes: usize,
    // One stream over all lives, as nonces must never repeat.
    entropy: Arc<dyn Entropy>,
    running: Option<Life>,
    next_number: u32,
}

#[derive(Debug)]
struct Life {
    ledger: Ledger,
    writer: Writer,
    leases: HashMap<u8, Lease>,
}

impl Installation {
    /// With one hot file, all defences on, not yet started.
    pub fn new(seed: u64) -> Installation {
        Installation {
            disk: SimDisk::new(seed),
            options: LedgerOptions {
                reserve_bytes: 16 * 1024,
                vault_block_slots: 4,
                ..LedgerOptions::new("simulated", LedgerKind::Leads)
            },
            content_bytes: 40,
            entropy: Arc::new(SeededEntropy::new(seed)),
            running: None,
            next_number: 1,
        }
    }

    /// The same, started.
    ///
    /// # Panics
    /// When it does not start.
    pub fn started(seed: u64) -> Installation {
        let mut installation = Installation::new(seed);
        installation.start().expect("a new ledger starts");
        installation
    }

    /// Takes a defence away.
    pub fn without(mut self, defences: Defences) -> Installation {
        self.options.defences = defences;
        self
    }

    /// Starts the next life, on a machine that is switched on if need be. What ran before is dropped.
    ///
    /// # Errors
    /// When the ledger does not open.
    pub fn start(&mut self) -> Result<(), OpenError> {
        self.disk.kill();
        self.running = None;
        self.disk.restart();
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let entropy = Arc::clone(&self.entropy);
        let (ledger, writer) = Ledger::open(disk, &keys(), self.options.clone(), entropy, at())?;
        self.running = Some(Life { ledger, writer, leases: HashMap::new() });
        Ok(())
    }

    fn life(&mut self) -> &mut Life {
        self.running.as_mut().expect("the ledger was started")
    }

    /// The ledger.
    ///
    /// # Panics
    /// When it does not run.
    pub fn ledger(&self) -> &Ledger {
        &self.running.as_ref().expect("the ledger was started").ledger
    }

    /// Hands a group over without writing it.
    ///
    /// # Errors
    /// When the ledger has stopped.
    ///
    /// # Panics
    /// When the chain cannot be taken over.
    pub fn hand_over(&mut self, chain: u8, records: u32) -> Result<Ticket, RecordError> {
        let first = self.next_number;
        self.next_number += records;
        let content = |number: u32| format!("{number:06}{:-<1$}", "", self.content_bytes.saturating_sub(6));
        let events: Vec<_> = (first..self.next_number).map(|number| event(chain, &content(number))).collect();
        let Life { ledger, leases, .. } = self.life();
        let lease = match leases.entry(chain) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let known = ledger.try_lease(lead_id(chain)).expect("nobody else has the chain");
                entry.insert(known.map_or_else(|| ledger.create(lead_id(chain)), Ok)?)
            }
        };
        let events: Vec<&dyn Record> = events.iter().map(|event| event as &dyn Record).collect();
        lease.try_record(&events)
    }

    /// Writes and syncs one batch; gives how many groups became durable.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub fn write(&mut self) -> Result<usize, Stopped> {
        self.life().writer.write_batch()
    }

    /// Appends one group and waits until it is durable.
    ///
    /// # Errors
    /// When the ledger has stopped.
    pub fn append(&mut self, chain: u8, records: u32) -> Result<Durable, RecordError> {
        let mut ticket = self.hand_over(chain, records)?;
        loop {
            let written = self.write();
            if let Some(answer) = ticket.try_durable() {
                return answer;
            }
            written.expect("a ledger that stops answers every ticket");
        }
    }

    /// Keeps the rows of all hot files that others follow beside them.
    pub fn keep_rows(&self) {
        self.ledger().keep_rows(Arc::new(self.disk.clone()));
    }

    /// The names of the files with kept rows, in order.
    pub fn rows_files(&self) -> Vec<String> {
        self.disk.files().into_iter().filter(|name| name.ends_with(".rows")).collect()
    }

    /// The numbers of all records that a reader sees, in order; the ledger's own is left out.
    ///
    /// # Panics
    /// When one cannot be read.
    pub fn seen(&self) -> Vec<u32> {
        let reader = self.ledger().reader();
        let seqs: Vec<u64> = (0..reader.next_seq()).collect();
        let records = reader.records(&seqs).expect("what is durable can be read");
        let contents = records.iter().filter_map(|record| content_of(record).expect("a whole record"));
        contents.map(|(_, _, content)| content[..6].parse().expect("six digits")).collect()
    }

    /// Verifies what lies on the disk, on a copy of it.
    ///
    /// # Panics
    /// When a file cannot be read at all.
    pub fn verify(&self) -> Report {
        let mut copy = SimDisk::new(0);
        copy.restore(&self.disk.snapshot());
        let copy: Arc<dyn Disk> = Arc::new(copy);
        verify(&copy, Some(&keys().master), self.options.defences).expect("the files can be read")
    }

    /// The names of the hot files, in order.
    pub fn hot_files(&self) -> Vec<String> {
        self.disk.files().into_iter().filter(|name| name.ends_with(".hot")).collect()
    }

    /// The newest hot file with its name, taken apart.
    ///
    /// # Panics
    /// When there is none.
    pub fn newest(&self) -> (String, HotFile) {
        let name = self.hot_files().pop().expect("there is a hot file");
        let file = HotFile::read(&self.disk.content(&name)).expect("it is one");
        (name, file)
    }
}
