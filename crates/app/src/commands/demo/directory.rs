//! The data directory of a demo, which is nobody else's, and the mark by which it is known.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use anyhow::{Context as _, bail};
use domain::{LeadId, Timestamp};
use ledger::DataDirectory;
use serde::{Deserialize, Serialize};

use super::stories::Story;

/// Marks a directory as one of the demo, and keeps what a restart needs.
const MARK: &str = "demo.json";
/// What a data directory holds besides, for as long as it is no demo yet.
const LOCK: &str = "lock";

/// What a demo knows of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub(super) seed: u64,
    pub(super) state: State,
    /// When the history ends, in milliseconds since 1970.
    pub(super) end_ms: i64,
    /// The administrator key, so that a restart prints the same.
    pub(super) key: String,
    /// A lead of each story.
    pub(super) stories: Vec<Told>,
}

/// How far a demo has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// Its history is being played; when that is interrupted, it begins anew.
    Filling,
    /// Its history is there.
    Ready,
}

/// A story, and the lead that tells it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Told {
    pub(super) story: Story,
    pub(super) lead_id: String,
}

impl Mark {
    /// A demo whose history is yet to be played.
    pub(super) fn filling(seed: u64, end: Timestamp) -> Mark {
        Mark { seed, state: State::Filling, end_ms: end.as_millis(), key: String::new(), stories: vec![] }
    }

    pub(super) fn end(&self) -> Timestamp {
        Timestamp::from_millis(self.end_ms)
    }

    pub(super) fn tell(&mut self, story: Story, lead_id: LeadId) {
        self.stories.push(Told { story, lead_id: lead_id.to_string() });
        self.stories.sort_by_key(|told| told.story);
    }

    /// Reads the mark of a directory; nothing where there is none.
    pub(super) fn read(path: &Path) -> anyhow::Result<Option<Mark>> {
        let file = path.join(MARK);
        match std::fs::read_to_string(&file) {
            Ok(text) => {
                let mark = serde_json::from_str(&text);
                Ok(Some(mark.with_context(|| format!("{} is not the mark of a demo", file.display()))?))
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", file.display())),
        }
    }

    /// Writes it durably; nobody but the owner may read the key in it.
    pub(super) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let (draft, file) = (path.join(format!("{MARK}.new")), path.join(MARK));
        let write = || -> std::io::Result<()> {
            let mut open = OpenOptions::new();
            let mut file_ = open.write(true).create(true).truncate(true).mode(0o600).open(&draft)?;
            writeln!(file_, "{}", serde_json::to_string_pretty(self)?)?;
            file_.sync_all()?;
            std::fs::rename(&draft, &file)?;
            File::open(path)?.sync_all()
        };
        write().with_context(|| format!("cannot write {}", file.display()))
    }
}

/// Opens the directory of a demo, and makes it where it is missing. One that holds something else is
/// left alone. Gives the mark of a demo whose history is there; else the directory is as good as
/// empty.
pub(super) fn open(path: &Path) -> anyhow::Result<(DataDirectory, Option<Mark>)> {
    // Before the lock, which would leave a file.
    ensure_ours(path)?;
    let directory = DataDirectory::open(path)?;
    ensure_ours(path)?;
    match Mark::read(path)? {
        Some(mark) if mark.state == State::Ready => Ok((directory, Some(mark))),
        Some(_) => {
            empty(path).with_context(|| format!("cannot empty {}", path.display()))?;
            Ok((directory, None))
        }
        None => Ok((directory, None)),
    }
}

fn ensure_ours(path: &Path) -> anyhow::Result<()> {
    if path.join(MARK).exists() {
        return Ok(());
    }
    let names = match std::fs::read_dir(path) {
        Ok(names) => names,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot look into {}", path.display())),
    };
    for name in names {
        let name = name?.file_name();
        if name != LOCK {
            bail!(
                "{} holds something else than a demo ({}); name another directory with --data",
                path.display(),
                name.display()
            );
        }
    }
    Ok(())
}

/// Takes away a history that was interrupted. The mark goes last, so that this can be interrupted
/// as well.
fn empty(path: &Path) -> std::io::Result<()> {
    for entry in std::fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == LOCK || name == MARK {
            continue;
        }
        if entry.file_type()?.is_dir() {
            std::fs::remove_dir_all(entry.path())?;
        } else {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(state: State) -> Mark {
        Mark { state, ..Mark::filling(1, Timestamp::from_millis(1_700_000_000_000)) }
    }

    #[test]
    fn a_directory_that_holds_something_else_is_left_alone() {
        let temp = tempfile::TempDir::new().unwrap();
        std::fs::write(temp.path().join("thesis.txt"), "years of work").unwrap();
        let error = open(temp.path()).unwrap_err().to_string();
        assert!(error.contains("holds something else than a demo (thesis.txt)"), "{error}");
        assert_eq!(std::fs::read_dir(temp.path()).unwrap().count(), 1, "not even a lock is left");
    }

    #[test]
    fn a_history_that_was_interrupted_begins_anew() {
        let temp = tempfile::TempDir::new().unwrap();
        mark(State::Filling).write(temp.path()).unwrap();
        std::fs::create_dir(temp.path().join("leads")).unwrap();
        std::fs::write(temp.path().join("leads/half"), "half").unwrap();
        let (directory, known) = open(temp.path()).unwrap();
        assert_eq!(known, None);
        assert!(!temp.path().join("leads").exists());
        drop(directory);
        let (_directory, known) = open(temp.path()).unwrap();
        assert_eq!(known, None, "also when that was interrupted");
    }

    #[test]
    fn a_demo_that_is_there_is_found_again() {
        let temp = tempfile::TempDir::new().unwrap();
        let path = temp.path().join("demo");
        let (directory, known) = open(&path).unwrap();
        assert_eq!(known, None);
        drop(directory);
        let mut ready = mark(State::Ready);
        ready.tell(Story::Outage, "lead_018d0d882d57aa10f3e7715b".parse().unwrap());
        ready.write(&path).unwrap();
        let (_directory, known) = open(&path).unwrap();
        assert_eq!(known, Some(ready));
        let error = open(&path).unwrap_err().to_string();
        assert!(error.contains("is in use by another process"), "{error}");
    }
}
