//! The data directory of an installation: its lock, its keys, and the two ledgers in it.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::disk::{Access, RealDisk};
use crate::entropy::{Entropy, draw};
use crate::keys::{LedgerKeys, SecretKey};
use crate::ledger::LedgerKind;

/// Why a data directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DataDirectoryError {
    /// Another process has it.
    #[error(
        "the data directory {} is in use by another process{}; stop that one first, or give another directory",
        path.display(),
        holder.as_ref().map_or(String::new(), |holder| format!(" ({holder})"))
    )]
    InUse {
        /// The directory.
        path: PathBuf,
        /// What the other process wrote of itself.
        holder: Option<String>,
    },
    /// Reading or writing failed.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On what.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// A key file does not hold a key.
    #[error("{} does not hold a key of 64 hex digits; restore it from a backup", path.display())]
    Key {
        /// Which file.
        path: PathBuf,
    },
    /// The mark of a ledger does not hold one.
    #[error("{} does not hold the id of a ledger, 32 hex digits; restore it from a backup", path.display())]
    Mark {
        /// Which file.
        path: PathBuf,
    },
    /// A key is missing though a ledger was made with it.
    #[error("{} is missing, though a ledger here was made with it; restore it from a backup", path.display())]
    KeyMissing {
        /// Which file.
        path: PathBuf,
    },
}

/// An open data directory. While it lives, no other process can open it for writing.
#[derive(Debug)]
pub struct DataDirectory {
    path: PathBuf,
    access: Access,
    /// Whether another process writes here.
    live: bool,
    /// Holds the lock until it is closed.
    _lock: Option<File>,
}

const LOCK_FILE: &str = "lock";
const KEYS_DIRECTORY: &str = "keys";
const MASTER_KEY_FILE: &str = "master.key";

impl DataDirectory {
    /// Opens a data directory for writing, and makes it where it is missing.
    ///
    /// # Errors
    /// When another process uses it, or it cannot be written.
    pub fn open(path: &Path) -> Result<DataDirectory, DataDirectoryError> {
        let fail = |action, path: &Path| {
            let path = path.to_path_buf();
            move |source| DataDirectoryError::Disk { action, path, source }
        };
        RealDisk::open(path, Access::Write).map_err(fail("make the data directory", path))?;
        let lock_path = path.join(LOCK_FILE);
        let mut lock = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&lock_path)
            .map_err(fail("open", &lock_path))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                let holder = lock.read_to_string(&mut holder).ok().map(|_| holder.trim().to_owned());
                let holder = holder.filter(|holder| !holder.is_empty());
                return Err(DataDirectoryError::InUse { path: path.to_path_buf(), holder });
            }
            Err(TryLockError::Error(source)) => return Err(fail("lock", &lock_path)(source)),
        }
        lock.set_len(0).map_err(fail("write", &lock_path))?;
        writeln!(lock, "process {}", std::process::id()).map_err(fail("write", &lock_path))?;
        Ok(DataDirectory { path: path.to_path_buf(), access: Access::Write, live: false, _lock: Some(lock) })
    }

    /// Opens a data directory for reading only, also beside a process that writes it.
    ///
    /// # Errors
    /// When there is no such directory.
    pub fn open_to_read(path: &Path) -> Result<DataDirectory, DataDirectoryError> {
        let fail = |action| {
            let path = path.to_path_buf();
            move |source| DataDirectoryError::Disk { action, path, source }
        };
        RealDisk::open(path, Access::Read).map_err(fail("open the data directory"))?;
        // A copy may have no lock file; then nobody writes there.
        let lock = File::open(path.join(LOCK_FILE)).ok();
        let live = lock.as_ref().is_some_and(|lock| lock.try_lock_shared().is_err());
        Ok(DataDirectory { path: path.to_path_buf(), access: Access::Read, live, _lock: lock })
    }

    /// Whether another process writes it at this moment.
    pub fn is_live(&self) -> bool {
        self.live
    }

    /// Where it lies.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The directory of one ledger.
    ///
    /// # Errors
    /// When it cannot be opened, or made.
    pub fn disk(&self, kind: LedgerKind) -> Result<RealDisk, DataDirectoryError> {
        let path = self.path.join(kind.as_str());
        RealDisk::open(&path, self.access).map_err(|source| DataDirectoryError::Disk {
            action: "open",
            path,
            source,
        })
    }

    /// The folder with what is derived from both ledgers and only saves time.
    ///
    /// # Errors
    /// When it cannot be opened, or made.
    pub fn state_disk(&self) -> Result<RealDisk, DataDirectoryError> {
        let path = self.path.join("state");
        RealDisk::open(&path, self.access).map_err(|source| DataDirectoryError::Disk {
            action: "open",
            path,
            source,
        })
    }

    /// The ledger of this kind that an earlier start opened here.
    ///
    /// # Errors
    /// When its mark cannot be read.
    pub fn known_ledger(&self, kind: LedgerKind) -> Result<Option<[u8; 16]>, DataDirectoryError> {
        let path = self.path.join(format!("{}.id", kind.as_str()));
        match std::fs::read_to_string(&path) {
            Ok(text) => read_hex(text.trim()).map(Some).ok_or(DataDirectoryError::Mark { path }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataDirectoryError::Disk { action: "read", path, source }),
        }
    }

    /// Notes which ledger of this kind is here, so that a later start misses it when it is gone.
    ///
    /// # Errors
    /// When the mark cannot be written.
    pub fn remember_ledger(&self, kind: LedgerKind, id: &[u8; 16]) -> Result<(), DataDirectoryError> {
        let name = format!("{}.id", kind.as_str());
        write_durably(&self.path, &name, &hex(id))
    }

    /// The keys of one ledger. They are made where the ledger does not exist yet.
    ///
    /// # Errors
    /// When a key is missing or malformed.
    pub fn keys(&self, kind: LedgerKind, entropy: &dyn Entropy) -> Result<LedgerKeys, DataDirectoryError> {
        let signing = format!("{}-signing.key", kind.as_str());
        Ok(LedgerKeys {
            master: self.key(MASTER_KEY_FILE, &[LedgerKind::Leads, LedgerKind::Control], entropy)?,
            signing: self.key(&signing, &[kind], entropy)?,
        })
    }

    /// The master key alone, for those who only read; none when it is missing.
    ///
    /// # Errors
    /// When it is malformed or cannot be read.
    pub fn master_key(&self) -> Result<Option<SecretKey>, DataDirectoryError> {
        let path = self.path.join(KEYS_DIRECTORY).join(MASTER_KEY_FILE);
        match std::fs::read_to_string(&path).map(Zeroizing::new) {
            Ok(text) => match read_hex(text.trim()) {
                Some(bytes) => Ok(Some(SecretKey::from_bytes(bytes))),
                None => Err(DataDirectoryError::Key { path }),
            },
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(source) => Err(DataDirectoryError::Disk { action: "read", path, source }),
        }
    }

    /// Reads a key, or makes it when none of the ledgers that need it exists.
    fn key(
        &self,
        name: &str,
        needed_by: &[LedgerKind],
        entropy: &dyn Entropy,
    ) -> Result<SecretKey, DataDirectoryError> {
        let directory = self.path.join(KEYS_DIRECTORY);
        let path = directory.join(name);
        let fail = |action| {
            let path = path.clone();
            move |source| DataDirectoryError::Disk { action, path, source }
        };
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let text = Zeroizing::new(text);
                if self.access == Access::Write {
                    // Whoever made it may have been stopped before its name was durable.
                    sync_directory(&directory)?;
                }
                return read_hex(text.trim())
                    .map(SecretKey::from_bytes)
                    .ok_or(DataDirectoryError::Key { path });
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(source) => return Err(fail("read")(source)),
        }
        let exists = needed_by.iter().any(|kind| self.path.join(kind.as_str()).join("keks").exists());
        if exists || self.access == Access::Read {
            return Err(DataDirectoryError::KeyMissing { path });
        }
        RealDisk::open(&directory, Access::Write).map_err(fail("make the directory of"))?;
        let bytes = Zeroizing::new(draw::<32>(entropy));
        write_durably(&directory, name, &Zeroizing::new(hex(&*bytes)))?;
        Ok(SecretKey::from_bytes(*bytes))
    }
}

/// Lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Two hex digits a byte, lower or upper case.
fn read_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    if text.len() != 2 * N || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(bytes)
}

/// Writes one line beside and renames it, so that a crash leaves no half of it; nobody but the
/// owner may read it.
fn write_durably(directory: &Path, name: &str, line: &str) -> Result<(), DataDirectoryError> {
    let path = directory.join(name);
    let fail = |action| {
        let path = path.clone();
        move |source| DataDirectoryError::Disk { action, path, source }
    };
    let draft = directory.join(format!("{name}.new"));
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(&draft)
        .map_err(fail("create"))?;
    writeln!(file, "{line}").and_then(|()| file.sync_all()).map_err(fail("write"))?;
    std::fs::rename(&draft, &path).map_err(fail("rename"))?;
    sync_directory(directory)
}

fn sync_directory(directory: &Path) -> Result<(), DataDirectoryError> {
    let synced = File::open(directory).and_then(|opened| opened.sync_all());
    synced.map_err(|source| DataDirectoryError::Disk {
        action: "sync",
        path: directory.to_path_buf(),
        source,
    })
}
