//! Keeps the rows of hot files that others follow beside them, and reads those files again that a start
//! took on trust: acknowledged history that is damaged stops the ledger, if not at the start then soon
//! after.

use std::io;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

use tracing::{debug, warn};

use crate::Stopped;
use crate::disk::Disk;
use crate::hot::{HotFile, HotHeader};
use crate::index::rows_file::{self, Kept};
use crate::recovery::{self, Position, RecoveryError};
use crate::writer::Shared;

/// After a file it rests for so many times as long as that took, so that leads come first.
const REST: u32 = 3;

/// What is there to do, file by file from the first.
#[derive(Debug)]
pub(crate) struct RowsKeeper {
    disk: Arc<dyn Disk>,
    shared: Arc<Shared>,
    /// How many files are done.
    done: usize,
}

/// What is wrong with a file that nothing is written to any more.
#[derive(Debug, thiserror::Error)]
enum Wrong {
    #[error(transparent)]
    File(#[from] RecoveryError),
    #[error(
        "{name} did not say what it says, and the start took it for good; all files of that kind are removed now, start again and they are made anew"
    )]
    Rows { name: String },
}

impl RowsKeeper {
    pub(crate) fn new(disk: Arc<dyn Disk>, shared: Arc<Shared>) -> RowsKeeper {
        RowsKeeper { disk, shared, done: 0 }
    }

    /// Keeps the rows of one file after another, until the ledger is closed.
    pub(crate) fn run(mut self) {
        while self.shared.wait_for_closed_files(self.done) {
            let started = Instant::now();
            self.keep_next();
            let took = started.elapsed();
            debug!(files = self.done, ms = took.as_millis(), "Kept the rows of a file");
            if !self.shared.rest(took * REST) {
                return;
            }
        }
    }

    /// Keeps the rows of all files there are to keep rows of.
    pub(crate) fn keep_all(mut self) {
        while self.done < self.shared.closed_files() && self.shared.stopped().is_none() {
            self.keep_next();
        }
    }

    fn keep_next(&mut self) {
        let (file, next_seq) = {
            let files = self.shared.files.read().unwrap_or_else(PoisonError::into_inner);
            (files[self.done].clone(), files[self.done + 1].first_seq)
        };
        self.done += 1;
        if let Err(error) = self.keep(&file, next_seq) {
            let cause = io::Error::new(io::ErrorKind::InvalidData, error.to_string());
            self.shared.stop(Stopped::new("trust", file.path, cause));
        }
    }

    fn keep(&self, hot: &HotFile, next_seq: u64) -> Result<(), Wrong> {
        let (header, rows) = self.rows(hot, next_seq)?;
        let name = rows_file::file_name(hot.first_seq);
        let stored = self.disk.open(&name).and_then(|file| file.read_all());
        let defences = &self.shared.context.defences;
        match stored {
            Ok(stored) if stored == rows => return Ok(()),
            // The start took these for good.
            Ok(stored) if Kept::read(&stored, &*hot.file, &header, next_seq, defences).is_some() => {
                self.remove_all();
                return Err(Wrong::Rows { name });
            }
            Ok(_) | Err(_) => {}
        }
        // Nothing depends on it: without it the next start reads the hot file.
        if let Err(error) = self.write(&name, &rows) {
            warn!(file = %self.disk.path(&name).display(), %error, "Could not keep the rows of a hot file");
        }
        Ok(())
    }

    fn remove_all(&self) {
        for name in self.disk.list().unwrap_or_default() {
            if rows_file::is_one(&name)
                && let Err(error) = self.disk.remove(&name)
            {
                warn!(file = %self.disk.path(&name).display(), %error, "Could not remove the rows of a hot file");
            }
        }
    }

    /// What the file beside a hot file says.
    fn rows(&self, hot: &HotFile, next_seq: u64) -> Result<(HotHeader, Vec<u8>), RecoveryError> {
        let path = &hot.path;
        let damaged = |offset, what: String| RecoveryError::Damaged { path: path.clone(), offset, what };
        let content = hot.file.read_all().map_err(|source| RecoveryError::Disk {
            action: "read",
            path: path.clone(),
            source,
        })?;
        let header = HotHeader::read(&content).filter(|header| header.first_seq == hot.first_seq);
        let header =
            header.ok_or_else(|| damaged(0, "its header is not valid, yet records follow it".into()))?;
        let defences = &self.shared.context.defences;
        let scan = recovery::scan(path, &content, &header, Position::Before(next_seq), defences)?;
        let rows = Kept::write(&content, &header, &scan);
        rows.map(|rows| (header, rows)).map_err(|(offset, error)| damaged(offset, error.to_string()))
    }

    fn write(&self, name: &str, rows: &[u8]) -> io::Result<()> {
        self.disk.remove_if_there(name)?;
        let file = self.disk.create(name)?;
        file.write_all_at(rows, 0)?;
        file.sync_data()?;
        self.disk.sync_directory()
    }
}
