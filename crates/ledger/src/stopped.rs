//! Why a ledger stopped for good.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A write or sync failed, so what is on disk is unknown. Nothing is tried again: the process
/// ends, and the next start recovers.
#[derive(Debug, Clone)]
pub struct Stopped {
    action: &'static str,
    file: PathBuf,
    source: Arc<std::io::Error>,
}

impl Stopped {
    pub(crate) fn new(action: &'static str, file: PathBuf, source: std::io::Error) -> Stopped {
        Stopped { action, file, source: Arc::new(source) }
    }

    /// The file that could not be written or synced.
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// What the operating system said.
    pub fn cause(&self) -> &std::io::Error {
        &self.source
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the ledger stopped: cannot {} {}", self.action, self.file.display())
    }
}

impl std::error::Error for Stopped {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&*self.source)
    }
}
