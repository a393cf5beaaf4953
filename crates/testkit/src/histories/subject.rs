//! The log under test, behind as few calls as the histories need.

use std::fmt;

use crate::SimDisk;

/// A log that can be started on a disk.
pub trait Subject {
    /// Starts it, on whatever earlier lives have left there.
    ///
    /// # Errors
    /// With the reason, when it refuses or cannot.
    fn open(&mut self, disk: &SimDisk) -> Result<Box<dyn Running>, String>;

    /// What a write to a file contains that is sealed under a key. Called with every write.
    fn sealed(&self, file: &str, bytes: &[u8]) -> Vec<Sealed> {
        let _ = (file, bytes);
        Vec::new()
    }

    /// Looks at what lies on the disk, without the log. It must not change or use up anything there.
    ///
    /// # Errors
    /// With what is wrong.
    fn inspect(&self, disk: &SimDisk, inspection: Inspection) -> Result<(), String> {
        let _ = (disk, inspection);
        Ok(())
    }
}

/// When the disk is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inspection {
    /// The log is about to be started on whatever the last life left.
    BeforeStart,
    /// It has just been started.
    Running,
}

/// A log that runs. After any error it counts as stopped and is dropped.
///
/// When the process dies it is dropped as well, after its disk has become deaf to it.
pub trait Running {
    /// Takes groups over, together where it can; they need not be durable on return.
    ///
    /// # Errors
    /// When it has stopped.
    fn append(&mut self, groups: &[Handed]) -> Result<(), String>;

    /// Waits until a group is durable, and gives the place of its first record. Called once for each
    /// group, in order.
    ///
    /// # Errors
    /// When it has stopped before.
    fn durable(&mut self, group: GroupId) -> Result<u64, String>;

    /// Finishes what it was given, as a log does when nothing more comes.
    ///
    /// # Errors
    /// When it has stopped.
    fn idle(&mut self) -> Result<(), String>;

    /// All that a reader may see, from the first record on, in order.
    ///
    /// # Errors
    /// When it cannot be read.
    fn read(&mut self) -> Result<Vec<Seen>, String>;

    /// Every group that was answered as durable by now, with the place of its first record; also
    /// when it has stopped since.
    fn answered(&mut self) -> Vec<(GroupId, u64)> {
        Vec::new()
    }

    /// Ends in good order.
    ///
    /// # Errors
    /// When it has stopped.
    fn close(&mut self) -> Result<(), String>;
}

/// Names a group within one history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct GroupId(pub(super) usize);

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "group {}", self.0)
    }
}

/// A group as it is handed to the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// Its name.
    pub group: GroupId,
    /// Which chain it continues.
    pub chain: u8,
    /// The content of each record: plain letters and digits, different for every record.
    pub records: Vec<String>,
}

/// A record as a reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Place in the log, from 0.
    pub seq: u64,
    /// What it says; nothing for a record of the log's own.
    pub record: Option<SeenRecord>,
}

/// What a record that was handed over says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenRecord {
    /// Its chain.
    pub chain: u8,
    /// Place in the chain, from 1.
    pub chain_seq: u64,
    /// Its content.
    pub content: String,
}

impl Seen {
    /// A record that was handed over.
    pub fn record(seq: u64, chain: u8, chain_seq: u64, content: impl Into<String>) -> Seen {
        Seen { seq, record: Some(SeenRecord { chain, chain_seq, content: content.into() }) }
    }

    /// A record of the log's own.
    pub fn own(seq: u64) -> Seen {
        Seen { seq, record: None }
    }
}

/// Something sealed, as it goes to the disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Which key: any name that stands for one key only.
    pub key: Vec<u8>,
    /// What the key belongs to.
    pub owner: String,
    /// The nonce.
    pub nonce: Vec<u8>,
    /// The sealed text.
    pub text: Vec<u8>,
}
