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
    /// A key is missing though a ledger was made with it.
    #[error("{} is missing, and without it nothing sealed can be read; restore it from a backup", path.display())]
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
    /// Holds the lock; none when another process holds it and this one only reads.
    lock: Option<File>,
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
        Ok(DataDirectory { path: path.to_path_buf(), access: Access::Write, lock: Some(lock) })
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
        let lock = File::open(path.join(LOCK_FILE)).ok().filter(|lock| lock.try_lock_shared().is_ok());
        Ok(DataDirectory { path: path.to_path_buf(), access: Access::Read, lock })
    }

    /// Whether another process writes it at this moment.
    pub fn is_live(&self) -> bool {
        self.lock.is_none()
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
                return read_key(text.trim()).ok_or(DataDirectoryError::Key { path });
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
        let text: Zeroizing<String> =
            Zeroizing::new(bytes.iter().map(|byte| format!("{byte:02x}")).collect());
        // Written beside and renamed, so that a crash leaves no half of a key.
        let draft = directory.join(format!("{name}.new"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&draft)
            .map_err(fail("create"))?;
        writeln!(file, "{}", *text).and_then(|()| file.sync_all()).map_err(fail("write"))?;
        std::fs::rename(&draft, &path).map_err(fail("rename"))?;
        File::open(&directory)
            .and_then(|directory| directory.sync_all())
            .map_err(fail("sync the directory of"))?;
        Ok(SecretKey::from_bytes(*bytes))
    }
}

/// 64 lower- or upper-case hex digits.
fn read_key(text: &str) -> Option<SecretKey> {
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let mut bytes = Zeroizing::new([0; 32]);
    for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
        *byte = u8::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()?;
    }
    Some(SecretKey::from_bytes(*bytes))
}
