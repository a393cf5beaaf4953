//! `verify` beside a ledger that runs and writes.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use ledger::{Defences, Disk, DiskFile, Report, verify};
use testkit::SimDisk;
use testkit::ledger_log::{Installation, keys};

/// A disk with one hot file that is read as one is that changes meanwhile: what the first reads find
/// is planned.
#[derive(Debug)]
struct Racing {
    disk: SimDisk,
    // What the next reads of the hot file find, the first one last; after them what is there.
    reads: Arc<Mutex<Vec<Found>>>,
}

#[derive(Debug)]
enum Found {
    /// Other content.
    Content(Vec<u8>),
    /// Less than the length promised a moment ago.
    ShorterThanBefore,
}

#[derive(Debug)]
struct RacingFile {
    file: Arc<dyn DiskFile>,
    reads: Option<Arc<Mutex<Vec<Found>>>>,
}

impl Disk for Racing {
    fn list(&self) -> io::Result<Vec<String>> {
        self.disk.list()
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        self.disk.create(name)
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let reads = name.ends_with(".hot").then(|| Arc::clone(&self.reads));
        Ok(Arc::new(RacingFile { file: self.disk.open(name)?, reads }))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.disk.rename(from, to)
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.disk.remove(name)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.disk.sync_directory()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.disk.path(name)
    }
}

impl DiskFile for RacingFile {
    fn len(&self) -> io::Result<u64> {
        self.file.len()
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        match self.reads.as_ref().and_then(|reads| reads.lock().unwrap().pop()) {
            Some(Found::Content(content)) => {
                buffer.copy_from_slice(&content);
                Ok(buffer.len())
            }
            Some(Found::ShorterThanBefore) => Ok(0),
            None => self.file.read_at(buffer, offset),
        }
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.write_all_at(bytes, offset)
    }

    fn reserve(&self, offset: u64, bytes: u64) -> io::Result<()> {
        self.file.reserve(offset, bytes)
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.file.set_len(bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        self.file.sync_data()
    }
}

fn verify_racing(installation: &Installation, mut reads: Vec<Found>) -> Report {
    reads.reverse();
    let disk = Racing { disk: installation.disk.clone(), reads: Arc::new(Mutex::new(reads)) };
    let disk: Arc<dyn Disk> = Arc::new(disk);
    // The handle of the life that runs.
    verify(&disk, Some(&keys().master), Defences::ALL).unwrap()
}

/// A large file takes a while to read. Meanwhile the ledger writes: a stretch is read before it was
/// written, the one behind it after, with frames that prove the missing ones durable. That is what
/// damage looks like, until it is read again. `verify` called it damage once.
#[test]
fn a_file_that_grows_while_it_is_read_is_no_damage() {
    let mut installation = Installation::started(1);
    for chain in 1..=4 {
        installation.append(chain, 1).unwrap();
    }
    let (name, file) = installation.newest();
    let without = |record: usize| {
        let mut content = installation.disk.content(&name);
        content[file.frames[record].0 as usize..file.frames[record + 1].0 as usize].fill(0);
        Found::Content(content)
    };
    let report = verify_racing(&installation, vec![without(2)]);
    assert!(report.is_clean() && report.records == 5, "{report:?}");
    let report = verify_racing(&installation, vec![without(1), without(2), without(3)]);
    assert!(report.is_clean() && report.records == 5, "{report:?}");
    let report = verify_racing(&installation, vec![Found::ShorterThanBefore]);
    assert!(report.is_clean() && report.records == 5, "{report:?}");

    // What stays bad is damage.
    let report = verify_racing(&installation, vec![without(2), without(2)]);
    assert_eq!(report.findings[0].offset, file.frames[2].0);
}
