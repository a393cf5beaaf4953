//! Where checkpoints lie: `<seq>.folds` in a folder of their own, written under another name, synced and
//! renamed, so that one with its name is whole. Two are kept. They are derived: remove them, and the next start
//! reads more.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use ledger::Disk;

/// How many are kept: should the newest turn out to be bad, there is one more.
const KEPT: usize = 2;
const NAME_END: &str = ".folds";
/// What is being written. One that is left over is written anew.
const UNFINISHED: &str = "unfinished.tmp";

/// The seq that a checkpoint reaches to by its name, without its zeros.
pub(super) fn seq(name: &str) -> &str {
    name.trim_end_matches(NAME_END).trim_start_matches('0')
}

/// The folder with checkpoints. Cheap to clone; all clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Store {
    disk: Arc<dyn Disk>,
    /// One is written at a time.
    writing: Arc<Mutex<()>>,
}

impl Store {
    pub(crate) fn new(disk: Arc<dyn Disk>) -> Store {
        Store { disk, writing: Arc::default() }
    }

    /// Where it is, for messages.
    pub(crate) fn path(&self) -> PathBuf {
        self.disk.path("")
    }

    /// The names of all, newest first. A folder that cannot be read has none.
    pub(crate) fn newest_first(&self) -> Vec<String> {
        let mut names = self.disk.list().unwrap_or_default();
        names.retain(|name| name.ends_with(NAME_END));
        // Numbers have leading zeros.
        names.sort_unstable_by(|left, right| right.cmp(left));
        names
    }

    pub(crate) fn read(&self, name: &str) -> io::Result<Vec<u8>> {
        self.disk.open(name)?.read_all()
    }

    /// Keeps the checkpoint that reaches to a seq, and lets go those before the last two.
    pub(crate) fn keep(&self, next_seq: u64, bytes: &[u8]) -> io::Result<()> {
        let _one_at_a_time = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        self.disk.remove_if_there(UNFINISHED)?;
        let file = self.disk.create(UNFINISHED)?;
        file.write_all_at(bytes, 0)?;
        file.sync_data()?;
        let kept = format!("{next_seq:020}{NAME_END}");
        self.disk.rename(UNFINISHED, &kept)?;
        self.disk.sync_directory()?;
        // One that reaches further is of records that a crash took back.
        let (ahead, rest): (Vec<_>, Vec<_>) = self.newest_first().into_iter().partition(|name| *name > kept);
        for name in ahead.iter().chain(rest.iter().skip(KEPT)) {
            self.disk.remove_if_there(name)?;
        }
        Ok(())
    }
}
