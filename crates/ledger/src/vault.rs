//! The vault: one 64-byte slot per lead key. Destroying a slot forgets a person, so a slot serves
//! one chain, once, for ever.
//!
//! File `vault`: a header of 64 bytes where slot 0 would be, then slot n at offset 64·n.
//! Slot: `state u8 | 0 0 0 | kek_id u32 | AES-KW(K ‖ slot number) 48 | crc u32 | 0 0 0 0`; the
//! CRC32C runs over the slot number (8 bytes) and the 56 bytes before it.
//!
//! File `keks`: magic, version, ledger id, `count u32`, then of each KEK `id u32` and
//! `AES-KW(KEK)` 40 under the master key, then the CRC32C of all before it.
//!
//! Slots are made durable in blocks ahead of need, so handing one out never waits for the disk.
//! What an earlier life made ready is never handed out again: a group that used it may have been
//! lost in a crash, and its slot is burnt with it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use aes_kw::{KeyInit as _, KwAes256};
use zeroize::Zeroizing;

use crate::disk::{Disk, DiskFile};
use crate::entropy::{Entropy, draw};
use crate::keys::SecretKey;
use crate::{Defences, Stopped};

const VAULT_FILE: &str = "vault";
const KEKS_FILE: &str = "keks";
const KEKS_DRAFT: &str = "keks.new";
const VAULT_MAGIC: &[u8; 8] = b"GLSSVLT\n";
const KEKS_MAGIC: &[u8; 8] = b"GLSSKEK\n";
const VERSION: u32 = 1;
const SLOT_BYTES: usize = 64;
const SLOT_CRC_AT: usize = 56;
const HEADER_CRC_AT: usize = 28;

const STATE_LIVE: u8 = 1;
const STATE_ERASED: u8 = 2;

/// Why the vault of a ledger does not open.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    /// Reading or writing failed.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// The file is not what this ledger wrote.
    #[error("{} is damaged: {what}", path.display())]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// The master key does not unwrap the KEK.
    #[error("the master key does not open {}; it is not the key this ledger was made with", path.display())]
    MasterKey {
        /// The file of wrapped KEKs.
        path: PathBuf,
    },
}

/// What a slot holds.
#[derive(Debug)]
pub(crate) enum Slot {
    /// The key of one chain.
    Live(SecretKey),
    /// The key was destroyed.
    Erased,
    /// Nothing was ever written there.
    Free,
}

/// A slot and its key, ready to serve one chain.
pub(crate) struct ReadySlot {
    pub(crate) number: u64,
    pub(crate) key: SecretKey,
}

pub(crate) struct Vault {
    disk: Arc<dyn Disk>,
    file: Arc<dyn DiskFile>,
    kek: Kek,
    entropy: Arc<dyn Entropy>,
    /// How many slots are made ready at a time.
    block_slots: u64,
    pool: Mutex<Pool>,
    /// Tells the thread that makes slots ready that few are left.
    few_left: Condvar,
}

struct Pool {
    ready: VecDeque<ReadySlot>,
    /// The next slot that was never made ready.
    next: u64,
    closed: bool,
}

struct Kek {
    id: u32,
    cipher: KwAes256,
}

impl Vault {
    /// Makes the files of a new ledger durable, over those of an interrupted attempt.
    pub(crate) fn create(
        disk: &dyn Disk,
        ledger_id: &[u8; 16],
        master: &SecretKey,
        entropy: &dyn Entropy,
    ) -> Result<(), VaultError> {
        let fail = |action, name: &str| {
            let path = disk.path(name);
            move |source| VaultError::Disk { action, path, source }
        };
        for name in [VAULT_FILE, KEKS_FILE, KEKS_DRAFT] {
            if disk.list().map_err(fail("list", name))?.iter().any(|known| known == name) {
                disk.remove(name).map_err(fail("remove", name))?;
            }
        }

        let kek = Zeroizing::new(draw::<32>(entropy));
        let mut wrapped = [0; 40];
        KwAes256::new(master.as_bytes().into())
            .wrap_key(kek.as_slice(), &mut wrapped)
            .expect("32 bytes wrap into 40");
        let mut keks = Vec::new();
        keks.extend_from_slice(KEKS_MAGIC);
        keks.extend_from_slice(&VERSION.to_le_bytes());
        keks.extend_from_slice(ledger_id);
        keks.extend_from_slice(&1_u32.to_le_bytes());
        keks.extend_from_slice(&1_u32.to_le_bytes());
        keks.extend_from_slice(&wrapped);
        keks.extend_from_slice(&crc32c::crc32c(&keks).to_le_bytes());
        let file = disk.create(KEKS_DRAFT).map_err(fail("create", KEKS_DRAFT))?;
        file.write_all_at(&keks, 0).map_err(fail("write", KEKS_DRAFT))?;
        file.sync_data().map_err(fail("sync", KEKS_DRAFT))?;
        disk.rename(KEKS_DRAFT, KEKS_FILE).map_err(fail("rename", KEKS_DRAFT))?;

        let mut header = [0; SLOT_BYTES];
        header[..8].copy_from_slice(VAULT_MAGIC);
        header[8..12].copy_from_slice(&VERSION.to_le_bytes());
        header[12..HEADER_CRC_AT].copy_from_slice(ledger_id);
        let crc = crc32c::crc32c(&header[..HEADER_CRC_AT]);
        header[HEADER_CRC_AT..HEADER_CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        let file = disk.create(VAULT_FILE).map_err(fail("create", VAULT_FILE))?;
        file.write_all_at(&header, 0).map_err(fail("write", VAULT_FILE))?;
        file.sync_data().map_err(fail("sync", VAULT_FILE))?;
        disk.sync_directory().map_err(fail("sync the directory of", VAULT_FILE))
    }

    /// Whether the vault ever made a slot ready, which it does only once record 0 is durable.
    pub(crate) fn was_used(disk: &dyn Disk) -> std::io::Result<bool> {
        match disk.open(VAULT_FILE) {
            Ok(file) => Ok(file.len()? > SLOT_BYTES as u64),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Opens the vault. No slot that an earlier life made ready will be handed out.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        ledger_id: &[u8; 16],
        master: &SecretKey,
        entropy: Arc<dyn Entropy>,
        block_slots: u64,
        defences: &Defences,
    ) -> Result<Vault, VaultError> {
        let fail = |action, name: &str| {
            let path = disk.path(name);
            move |source| VaultError::Disk { action, path, source }
        };
        let file = disk.open(VAULT_FILE).map_err(fail("open", VAULT_FILE))?;
        let mut header = [0; SLOT_BYTES];
        file.read_exact_at(&mut header, 0).map_err(fail("read", VAULT_FILE))?;
        check_start(&header[..HEADER_CRC_AT + 4], VAULT_MAGIC, ledger_id)
            .map_err(|what| VaultError::Damaged { path: disk.path(VAULT_FILE), what })?;
        let bytes = file.len().map_err(fail("measure", VAULT_FILE))?;
        let next = if defences.slots_are_burnt { bytes.div_ceil(SLOT_BYTES as u64) } else { 1 };

        let keks_file = disk.open(KEKS_FILE).map_err(fail("open", KEKS_FILE))?;
        let keks = keks_file.read_all().map_err(fail("read", KEKS_FILE))?;
        check_start(&keks, KEKS_MAGIC, ledger_id)
            .map_err(|what| VaultError::Damaged { path: disk.path(KEKS_FILE), what })?;
        let kek = Kek::unwrap(&keks, master, &disk.path(KEKS_FILE))?;
        let pool = Pool { ready: VecDeque::new(), next: next.max(1), closed: false };
        let pool = Mutex::new(pool);
        Ok(Vault { file, kek, entropy, block_slots, pool, few_left: Condvar::new(), disk })
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Hands out a slot that is durable. Waits for the disk only when the thread that makes slots
    /// ready has fallen behind.
    pub(crate) fn take(&self) -> Result<ReadySlot, Stopped> {
        let mut pool = self.pool();
        if pool.ready.is_empty() {
            self.make_ready(&mut pool)?;
        }
        let slot = pool.ready.pop_front().expect("a block holds at least one slot");
        if (pool.ready.len() as u64) < self.block_slots {
            self.few_left.notify_one();
        }
        Ok(slot)
    }

    /// Keeps at least a block of slots ready until the vault is closed.
    pub(crate) fn keep_ready(&self) -> Result<(), Stopped> {
        loop {
            let first = {
                let mut pool = self.pool();
                while !pool.closed && pool.ready.len() as u64 >= self.block_slots {
                    pool = self.few_left.wait(pool).unwrap_or_else(PoisonError::into_inner);
                }
                if pool.closed {
                    return Ok(());
                }
                let first = pool.next;
                pool.next += self.block_slots;
                first
            };
            // The disk is awaited without the lock: slots are handed out meanwhile.
            let block = self.write_block(first)?;
            self.pool().ready.extend(block);
        }
    }

    pub(crate) fn close(&self) {
        self.pool().closed = true;
        self.few_left.notify_all();
    }

    fn make_ready(&self, pool: &mut Pool) -> Result<(), Stopped> {
        let first = pool.next;
        pool.next += self.block_slots;
        pool.ready.extend(self.write_block(first)?);
        Ok(())
    }

    /// Writes and syncs one block of new keys.
    fn write_block(&self, first: u64) -> Result<Vec<ReadySlot>, Stopped> {
        let mut bytes = Vec::with_capacity(SLOT_BYTES * usize::try_from(self.block_slots).unwrap_or(0));
        let mut slots = Vec::new();
        for number in first..first + self.block_slots {
            let key = SecretKey::from_bytes(draw(&*self.entropy));
            bytes.extend_from_slice(&self.kek.live_slot(number, &key));
            slots.push(ReadySlot { number, key });
        }
        let stopped = |action| {
            let file = self.disk.path(VAULT_FILE);
            move |source| Stopped::new(action, file, source)
        };
        self.file.write_all_at(&bytes, first * SLOT_BYTES as u64).map_err(stopped("write"))?;
        self.file.sync_data().map_err(stopped("sync"))?;
        Ok(slots)
    }

    /// Reads one slot.
    ///
    /// # Errors
    /// When it is damaged, which is not the same as erased.
    pub(crate) fn read(&self, number: u64) -> Result<Slot, VaultError> {
        let damaged = |what: &str| VaultError::Damaged {
            path: self.disk.path(VAULT_FILE),
            what: format!("slot {number} {what}"),
        };
        let mut bytes = [0; SLOT_BYTES];
        let offset = number.checked_mul(SLOT_BYTES as u64).ok_or_else(|| damaged("does not exist"))?;
        match self.file.read_exact_at(&mut bytes, offset) {
            Ok(()) => {}
            Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(Slot::Free),
            Err(source) => {
                let path = self.disk.path(VAULT_FILE);
                return Err(VaultError::Disk { action: "read", path, source });
            }
        }
        if bytes == [0; SLOT_BYTES] {
            return Ok(Slot::Free);
        }
        if bytes[SLOT_CRC_AT..SLOT_CRC_AT + 4] != slot_crc(number, &bytes).to_le_bytes() {
            return Err(damaged("has a wrong checksum"));
        }
        match bytes[0] {
            STATE_LIVE => {
                self.kek.unwrap_slot(number, &bytes).map(Slot::Live).ok_or_else(|| damaged("does not unwrap"))
            }
            STATE_ERASED => Ok(Slot::Erased),
            _ => Err(damaged("has an unknown state")),
        }
    }

    /// Whether there is something in a slot that can be no key.
    pub(crate) fn is_damaged(&self, number: u64) -> bool {
        matches!(self.read(number), Err(VaultError::Damaged { .. }))
    }

    /// Destroys the keys of slots, all with one sync. Doing it twice does no harm, so a start does again
    /// whatever a crash may have cut short.
    pub(crate) fn erase(&self, numbers: &[u64]) -> Result<(), Stopped> {
        let stopped = |action| {
            let file = self.disk.path(VAULT_FILE);
            move |source| Stopped::new(action, file, source)
        };
        for number in numbers {
            self.file
                .write_all_at(&erased_slot(*number), number * SLOT_BYTES as u64)
                .map_err(stopped("write"))?;
        }
        if numbers.is_empty() { Ok(()) } else { self.file.sync_data().map_err(stopped("sync")) }
    }

    /// Of these slots those that are not erased for certain, in ascending order. Reads long stretches
    /// at a time, as a start asks for many.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(crate) fn not_erased(&self, mut numbers: Vec<u64>) -> Result<Vec<u64>, VaultError> {
        const SLOTS_AT_A_TIME: usize = 4096;
        let fail = |source| VaultError::Disk { action: "read", path: self.disk.path(VAULT_FILE), source };
        numbers.sort_unstable();
        let slots = self.slots().map_err(fail)?;
        let mut stretch: Vec<u8> = Vec::new();
        let mut first = u64::MAX;
        let mut kept = Vec::new();
        for number in numbers.into_iter().filter(|number| (1..=slots).contains(number)) {
            let at = |first: u64| usize::try_from(number.checked_sub(first)?).ok()?.checked_mul(SLOT_BYTES);
            if at(first).is_none_or(|at| at + SLOT_BYTES > stretch.len()) {
                first = number;
                let left = usize::try_from(slots - number + 1).unwrap_or(usize::MAX).min(SLOTS_AT_A_TIME);
                stretch.resize(left * SLOT_BYTES, 0);
                self.file.read_exact_at(&mut stretch, number * SLOT_BYTES as u64).map_err(fail)?;
            }
            let at = at(first).expect("the stretch begins at or before it");
            if stretch[at..at + SLOT_BYTES] != erased_slot(number) {
                kept.push(number);
            }
        }
        Ok(kept)
    }

    /// Checks that the file holds every slot up to one that a record names. A shorter file is an
    /// older one, and would hand slots out that serve somebody already.
    pub(crate) fn check_reaches(&self, number: u64) -> Result<(), VaultError> {
        let path = self.disk.path(VAULT_FILE);
        match self.slots() {
            Ok(slots) if slots >= number => Ok(()),
            Ok(slots) => {
                let what = format!("it ends after slot {slots}, yet a record uses slot {number}");
                Err(VaultError::Damaged { path, what })
            }
            Err(source) => Err(VaultError::Disk { action: "measure", path, source }),
        }
    }

    /// How many slots were ever made ready.
    pub(crate) fn slots(&self) -> std::io::Result<u64> {
        Ok((self.file.len()? / SLOT_BYTES as u64).saturating_sub(1))
    }
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Vault({})", self.disk.path(VAULT_FILE).display())
    }
}

fn erased_slot(number: u64) -> [u8; SLOT_BYTES] {
    let mut slot = [0; SLOT_BYTES];
    slot[0] = STATE_ERASED;
    let crc = slot_crc(number, &slot);
    slot[SLOT_CRC_AT..SLOT_CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
    slot
}

fn slot_crc(number: u64, slot: &[u8; SLOT_BYTES]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&number.to_le_bytes()), &slot[..SLOT_CRC_AT])
}

/// Checks magic, version, ledger id and the CRC that ends `bytes`.
fn check_start(bytes: &[u8], magic: &[u8; 8], ledger_id: &[u8; 16]) -> Result<(), String> {
    let (content, crc) = bytes.split_last_chunk::<4>().ok_or("it is too short")?;
    if content.len() < HEADER_CRC_AT || !content.starts_with(magic) {
        return Err("it does not begin as such a file does".into());
    }
    if *crc != crc32c::crc32c(content).to_le_bytes() {
        return Err("its checksum is wrong".into());
    }
    if content[8..12] != VERSION.to_le_bytes() {
        return Err("it is of a later version".into());
    }
    if content[12..HEADER_CRC_AT] != ledger_id[..] {
        return Err("it belongs to another ledger".into());
    }
    Ok(())
}

impl Kek {
    /// The newest KEK of a checked `keks` file.
    fn unwrap(keks: &[u8], master: &SecretKey, path: &std::path::Path) -> Result<Kek, VaultError> {
        let damaged = || VaultError::Damaged { path: path.to_path_buf(), what: "it holds no key".into() };
        let entries = keks.get(HEADER_CRC_AT + 4..keks.len() - 4).ok_or_else(damaged)?;
        let (id, wrapped) = entries.chunks_exact(44).next_back().ok_or_else(damaged)?.split_at(4);
        let mut kek = Zeroizing::new([0; 32]);
        KwAes256::new(master.as_bytes().into())
            .unwrap_key(wrapped, kek.as_mut_slice())
            .map_err(|_| VaultError::MasterKey { path: path.to_path_buf() })?;
        let id = u32::from_le_bytes(id.try_into().expect("four bytes"));
        Ok(Kek { id, cipher: KwAes256::new((&*kek).into()) })
    }

    fn live_slot(&self, number: u64, key: &SecretKey) -> [u8; SLOT_BYTES] {
        let mut plain = Zeroizing::new([0; 40]);
        plain[..32].copy_from_slice(key.as_bytes());
        plain[32..].copy_from_slice(&number.to_le_bytes());
        let mut slot = [0; SLOT_BYTES];
        slot[0] = STATE_LIVE;
        slot[4..8].copy_from_slice(&self.id.to_le_bytes());
        self.cipher.wrap_key(plain.as_slice(), &mut slot[8..SLOT_CRC_AT]).expect("40 bytes wrap into 48");
        let crc = slot_crc(number, &slot);
        slot[SLOT_CRC_AT..SLOT_CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        slot
    }

    fn unwrap_slot(&self, number: u64, slot: &[u8; SLOT_BYTES]) -> Option<SecretKey> {
        let mut plain = Zeroizing::new([0; 40]);
        self.cipher.unwrap_key(&slot[8..SLOT_CRC_AT], plain.as_mut_slice()).ok()?;
        let (key, own) = plain.split_first_chunk::<32>()?;
        (own == number.to_le_bytes()).then(|| SecretKey::from_bytes(*key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Access, RealDisk};
    use crate::entropy::OsEntropy;

    const LEDGER: [u8; 16] = [7; 16];

    fn open(disk: &Arc<dyn Disk>, master: u8) -> Result<Vault, VaultError> {
        let master = SecretKey::from_bytes([master; 32]);
        Vault::open(Arc::clone(disk), &LEDGER, &master, Arc::new(OsEntropy), 4, &Defences::ALL)
    }

    fn new_vault() -> (tempfile::TempDir, Arc<dyn Disk>) {
        let directory = tempfile::tempdir().unwrap();
        let disk: Arc<dyn Disk> = Arc::new(RealDisk::open(directory.path(), Access::Write).unwrap());
        Vault::create(&*disk, &LEDGER, &SecretKey::from_bytes([1; 32]), &OsEntropy).unwrap();
        (directory, disk)
    }

    #[test]
    fn a_slot_gives_its_key_back_and_no_life_hands_it_out_again() {
        let (_directory, disk) = new_vault();
        assert!(!Vault::was_used(&*disk).unwrap());
        let vault = open(&disk, 1).unwrap();
        let first = vault.take().unwrap();
        assert_eq!(first.number, 1, "slot 0 stands for none");
        let Slot::Live(key) = vault.read(1).unwrap() else { panic!("slot 1 is live") };
        assert_eq!(key.as_bytes(), first.key.as_bytes());
        assert!(Vault::was_used(&*disk).unwrap());
        drop(vault);
        assert_eq!(open(&disk, 1).unwrap().take().unwrap().number, 5, "slots 2 to 4 are burnt");
    }

    #[test]
    fn erased_free_and_damaged_are_told_apart() {
        let (_directory, disk) = new_vault();
        let vault = open(&disk, 1).unwrap();
        vault.take().unwrap();
        vault.erase(&[2]).unwrap();
        assert_eq!(vault.not_erased(vec![3, 2, 1, 99, 0]).unwrap(), [1, 3]);
        assert!(matches!(vault.read(2), Ok(Slot::Erased)));
        assert!(matches!(vault.read(99), Ok(Slot::Free)));
        let file = disk.open(VAULT_FILE).unwrap();
        let mut byte = [0];
        file.read_exact_at(&mut byte, 3 * 64 + 20).unwrap();
        file.write_all_at(&[!byte[0]], 3 * 64 + 20).unwrap();
        let error = vault.read(3).unwrap_err();
        assert!(error.to_string().contains("slot 3 has a wrong checksum"), "{error}");
        // A slot put into the place of another is damage, not that other's key.
        let mut slot = [0; SLOT_BYTES];
        file.read_exact_at(&mut slot, 64).unwrap();
        file.write_all_at(&slot, 4 * 64).unwrap();
        assert!(vault.read(4).is_err());
    }

    #[test]
    fn another_master_key_and_another_ledger_are_named() {
        let (_directory, disk) = new_vault();
        assert!(matches!(open(&disk, 2), Err(VaultError::MasterKey { .. })));
        let master = SecretKey::from_bytes([1; 32]);
        let other = Vault::open(disk, &[8; 16], &master, Arc::new(OsEntropy), 4, &Defences::ALL);
        assert!(other.unwrap_err().to_string().contains("it belongs to another ledger"));
    }
}
