//! Walks a ledger without writing to it, and checks all that can be checked from its files:
//! frames and their order, places in the chains, the chain of leaves and the commitments against
//! the opened bodies, and the slots of the vault.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use domain::{ChainId, EventId};
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};
use wire::{BodyView, Header};

use crate::disk::{Disk, DiskFile};
use crate::frame::{Frame, NONCE_BYTES};
use crate::hash::{self, Hash, NO_LEAF};
use crate::hot::{self, HotHeader};
use crate::keys::{ChainKeys, SecretKey, SensitiveKey};
use crate::recovery::{self, Position, RecoveryError, Scan};
use crate::seal;
use crate::vault::{Slot, Vault, VaultError};
use crate::{Defences, OsEntropy};

/// At most this many findings are told; the rest is counted.
const FINDINGS_MAX: usize = 100;

/// Something that is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// In which file.
    pub path: PathBuf,
    /// Where in it, in bytes.
    pub offset: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at offset {}: {}", self.path.display(), self.offset, self.what)
    }
}

/// What a walk through a ledger found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Files walked.
    pub files: u64,
    /// Valid records.
    pub records: u64,
    /// Chains (leads, pings, subjects).
    pub chains: u64,
    /// Bodies opened and checked against their commitments.
    pub bodies_checked: u64,
    /// Bodies whose key was destroyed: of these only the order by seq and place is checked.
    pub bodies_erased: u64,
    /// Bodies that were not opened because no master key was given.
    pub bodies_unopened: u64,
    /// Slots of the vault in use.
    pub slots: u64,
    /// Bytes after the last complete group, or of a file without records: an unfinished write, which
    /// the next start takes away.
    pub torn_bytes: u64,
    /// What is wrong, the first hundred.
    pub findings: Vec<Finding>,
    /// How many findings there are in all.
    pub findings_total: u64,
}

impl Report {
    /// Whether nothing is wrong.
    pub fn is_clean(&self) -> bool {
        self.findings_total == 0
    }

    fn find(&mut self, path: &std::path::Path, offset: u64, what: impl Into<String>) {
        self.findings_total += 1;
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { path: path.to_path_buf(), offset, what: what.into() });
        }
    }
}

/// Walks a ledger, also one that is being written. Without the master key, bodies stay closed and commitments unchecked.
///
/// # Errors
/// When a file cannot be read at all; what is read and found wrong is in the report.
pub fn verify(
    disk: &Arc<dyn Disk>,
    master: Option<&SecretKey>,
    defences: Defences,
) -> Result<Report, RecoveryError> {
    let directory = disk.path("");
    let fail = |action: &'static str, path: &std::path::Path| {
        let path = path.to_path_buf();
        move |source| RecoveryError::Disk { action, path, source }
    };
    let mut starts: Vec<u64> = disk
        .list()
        .map_err(fail("list", &directory))?
        .iter()
        .filter_map(|name| hot::first_seq_of(name))
        .collect();
    starts.sort_unstable();

    let mut walk = Walk::default();
    if starts.is_empty() {
        walk.report.find(&directory, 0, "there are no hot files");
    }
    let mut vault: Option<Vault> = None;
    let mut ledger_id: Option<[u8; 16]> = None;
    let mut next_seq = 0;
    for (index, &first_seq) in starts.iter().enumerate() {
        let name = hot::file_name(first_seq);
        let path = disk.path(&name);
        let file = disk.open(&name).map_err(fail("open", &path))?;
        let mut content = read_live(&*file).map_err(fail("read", &path))?;
        walk.report.files += 1;
        let position = starts.get(index + 1).map_or(Position::Newest, |next| Position::Before(*next));
        let Some(header) = HotHeader::read(&content).filter(|header| header.first_seq == first_seq) else {
            if recovery::is_unfinished(&content, position) {
                walk.report.torn_bytes = content.len() as u64;
            } else {
                walk.report.find(&path, 0, "the file header is not valid");
            }
            continue;
        };
        if *ledger_id.get_or_insert(header.ledger_id) != header.ledger_id {
            walk.report.find(&path, 12, "the file belongs to another ledger");
            continue;
        }
        if first_seq != next_seq {
            walk.report.find(
                &path,
                36,
                format!("it begins with seq {first_seq}, yet no file before it holds {next_seq}"),
            );
        }
        if vault.is_none()
            && let Some(master) = master
        {
            match Vault::open(Arc::clone(disk), &header.ledger_id, master, Arc::new(OsEntropy), 1, &defences)
            {
                Ok(opened) => vault = Some(opened),
                Err(VaultError::Disk { action, path, source }) => {
                    return Err(RecoveryError::Disk { action, path, source });
                }
                Err(error @ (VaultError::Damaged { .. } | VaultError::MasterKey { .. })) => {
                    walk.report.find(&disk.path("vault"), 0, error.to_string());
                }
            }
        }
        let mut bad_at = None;
        let scan = loop {
            match recovery::scan(&path, &content, &header, position, &defences) {
                // A running ledger writes while this reads, so a stretch may have been read before it
                // was written, and one behind it after. Damage is what stays when it is read again.
                Err(RecoveryError::Damaged { offset, .. })
                    if position == Position::Newest && bad_at != Some(offset) =>
                {
                    bad_at = Some(offset);
                    content = read_live(&*file).map_err(fail("read", &path))?;
                }
                scan => break scan,
            }
        };
        match scan {
            Ok(Scan { frames, end, next_seq: next, torn_bytes, .. }) => {
                if position == Position::Newest && torn_bytes > 0 {
                    walk.report.torn_bytes = torn_bytes;
                }
                debug_assert!(end <= content.len() as u64);
                next_seq = next;
                let opener = Opener { vault: vault.as_ref(), ledger_id: header.ledger_id, defences };
                for (offset, frame) in frames {
                    let start = usize::try_from(offset).expect("a file that was read fits in memory");
                    walk.record(&path, offset, &frame, &content[start..start + frame.len], &opener);
                }
            }
            Err(RecoveryError::Damaged { path, offset, what }) => {
                walk.report.find(&path, offset, what);
                next_seq = starts.get(index + 1).copied().unwrap_or(next_seq);
            }
            Err(error @ RecoveryError::Disk { .. }) => return Err(error),
        }
    }
    if walk.report.records == 0
        && walk.report.is_clean()
        && Vault::was_used(&**disk).map_err(fail("read", &directory))?
    {
        walk.report.find(
            &directory,
            0,
            "no record is there, yet the vault was used: hot files are missing or cut",
        );
    }
    let mut report = walk.report;
    report.chains = walk.chains.len() as u64;
    report.slots = walk.slots.len() as u64;
    Ok(report)
}

/// Reads a file that may be cut meanwhile, which happens once: when the next file is begun.
fn read_live(file: &dyn DiskFile) -> std::io::Result<Vec<u8>> {
    match file.read_all() {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => file.read_all(),
        result => result,
    }
}

struct Opener<'a> {
    vault: Option<&'a Vault>,
    ledger_id: [u8; 16],
    defences: Defences,
}

#[derive(Default)]
struct Walk {
    report: Report,
    /// Place and leaf of the newest record of each chain.
    chains: HashMap<ChainId, (u32, Hash)>,
    /// Which chain each slot serves, and its keys.
    slots: HashMap<u64, (ChainId, Option<ChainKeys>)>,
    ids: HashSet<EventId>,
    /// Whose sensitive values each slot serves.
    sensitive_slots: HashMap<u64, ChainId>,
}

impl Walk {
    fn record(
        &mut self,
        path: &std::path::Path,
        offset: u64,
        frame: &Frame,
        bytes: &[u8],
        opener: &Opener<'_>,
    ) {
        self.report.records += 1;
        let header_bytes = &bytes[frame.header.clone()];
        let (header, id, chain) = match read_header(header_bytes) {
            Ok(parts) => parts,
            Err(what) => return self.report.find(path, offset, format!("record {}: {what}", frame.seq)),
        };
        if !self.ids.insert(id) {
            self.report.find(path, offset, format!("record {}: the id {id} stands twice", frame.seq));
        }
        let leaf = hash::leaf(header_bytes);
        let mut prev_leaf = NO_LEAF;
        if let Some((chain, place)) = chain {
            let (last, last_leaf) = self.chains.get(&chain).copied().unwrap_or((0, NO_LEAF));
            if place != last + 1 {
                let what = format!("record {}: {chain} goes from {last} to {place}", frame.seq);
                self.report.find(path, offset, what);
            }
            prev_leaf = last_leaf;
            self.chains.insert(chain, (place, leaf));
        }
        if let Err(what) =
            self.body(frame, bytes, &leaf, &prev_leaf, &header, chain.map(|(chain, _)| chain), opener)
        {
            self.report.find(path, offset, format!("record {}: {what}", frame.seq));
        }
    }

    #[expect(clippy::too_many_arguments, reason = "one call, and each is a different thing")]
    fn body(
        &mut self,
        frame: &Frame,
        bytes: &[u8],
        leaf: &Hash,
        prev_leaf: &Hash,
        header: &Header<'_>,
        chain: Option<ChainId>,
        opener: &Opener<'_>,
    ) -> Result<(), String> {
        let Some((nonce, sealed)) = &frame.sealed else {
            let expected = hash::snapshot(prev_leaf, &[]);
            return if *header.snapshot == *expected {
                Ok(())
            } else {
                Err("its snapshot does not match".into())
            };
        };
        let chain = chain.ok_or("it has a body but belongs to no chain")?;
        let Some(vault) = opener.vault else {
            self.report.bodies_unopened += 1;
            return Ok(());
        };
        let keys = match self.slots.entry(frame.key_slot) {
            Entry::Occupied(entry) => {
                if entry.get().0 != chain {
                    return Err(format!("slot {} serves both {} and {chain}", frame.key_slot, entry.get().0));
                }
                &entry.into_mut().1
            }
            Entry::Vacant(entry) => {
                let keys = match vault.read(frame.key_slot).map_err(|error| error.to_string())? {
                    Slot::Live(key) => Some(ChainKeys::derive(frame.key_slot, &key)),
                    Slot::Erased => None,
                    Slot::Free => return Err(format!("its slot {} is empty", frame.key_slot)),
                };
                &entry.insert((chain, keys)).1
            }
        };
        let Some(keys) = keys else {
            self.report.bodies_erased += 1;
            return Ok(());
        };
        let nonce: &[u8; NONCE_BYTES] = bytes[nonce.clone()].try_into().expect("a nonce has twelve bytes");
        let body =
            seal::open(&keys.body, nonce, &opener.ledger_id, leaf, &bytes[sealed.clone()], &opener.defences)
                .map_err(|error| error.to_string())?;
        let view = BodyView::read(&body).map_err(|error| error.to_string())?;
        let paths: Vec<Vec<u8>> = view
            .elements()
            .map(|(path, _)| {
                let mut text = Vec::new();
                wire::json::write_string(path, &mut text);
                text
            })
            .collect();
        let mut commitments =
            vec![hash::commitment(&keys.salt, &hash::path_list_tail(paths.iter().map(Vec::as_slice)))];
        commitments.extend(view.elements().map(|(_, tail)| hash::commitment(&keys.salt, tail.as_bytes())));
        if *header.snapshot != *hash::snapshot(prev_leaf, &commitments) {
            return Err("its body or its history does not match its snapshot".into());
        }
        self.report.bodies_checked += 1;
        match view.get("sensitive") {
            Some(_) => self.sensitive(frame, header, &view, chain, vault, opener),
            None => Ok(()),
        }
    }

    /// Checks that sensitive values open, as long as their key lives.
    fn sensitive(
        &mut self,
        frame: &Frame,
        header: &Header<'_>,
        view: &BodyView<'_>,
        chain: ChainId,
        vault: &Vault,
        opener: &Opener<'_>,
    ) -> Result<(), String> {
        let slot = frame.sensitive_slot;
        let sealed = view.sensitive().ok_or("its sensitive values are not base64url")?;
        if let Some((other, _)) = self.slots.get(&slot) {
            return Err(format!("its sensitive values use slot {slot}, which is the key of {other}"));
        }
        let owner = *self.sensitive_slots.entry(slot).or_insert(chain);
        if owner != chain {
            return Err(format!("slot {slot} serves sensitive values of both {owner} and {chain}"));
        }
        let key = match vault.read(slot) {
            Ok(Slot::Live(key)) => SensitiveKey::derive(slot, &key),
            // A power cut while it was being destroyed leaves a torn slot, which the next start destroys
            // again: what it would open is gone either way, by intention.
            Ok(Slot::Erased) | Err(VaultError::Damaged { .. }) => return Ok(()),
            Ok(Slot::Free) => return Err(format!("the slot {slot} of its sensitive values is empty")),
            Err(error @ (VaultError::Disk { .. } | VaultError::MasterKey { .. })) => {
                return Err(error.to_string());
            }
        };
        let cipher = key.cipher.as_ref().expect("a live key has a cipher");
        let plain = seal::open_sensitive(cipher, &opener.ledger_id, &header.id, &sealed)
            .map_err(|error| format!("its sensitive values: {error}"))?;
        BodyView::read(&plain).map(|_| ()).map_err(|error| format!("its sensitive values: {error}"))
    }
}

type HeaderParts<'a> = (Header<'a>, EventId, Option<(ChainId, u32)>);

fn read_header(bytes: &[u8]) -> Result<HeaderParts<'_>, String> {
    let DistinctKeys = serde_json::from_slice(bytes).map_err(|error| error.to_string())?;
    let header = Header::read(bytes).map_err(|error| error.to_string())?;
    let id = header.event_id().map_err(|error| error.to_string())?;
    let chain = header.chain().map_err(|error| error.to_string())?;
    Ok((header, id, chain))
}

/// Reads any JSON object that holds no key twice.
struct DistinctKeys;

impl<'de> Deserialize<'de> for DistinctKeys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<DistinctKeys, D::Error> {
        struct KeysVisitor;

        impl<'de> Visitor<'de> for KeysVisitor {
            type Value = DistinctKeys;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DistinctKeys, A::Error> {
                let mut keys = HashSet::new();
                while let Some(key) = map.next_key::<String>()? {
                    map.next_value::<IgnoredAny>()?;
                    if let Some(twice) = keys.replace(key) {
                        return Err(serde::de::Error::custom(format!("the key {twice:?} stands twice")));
                    }
                }
                Ok(DistinctKeys)
            }
        }

        deserializer.deserialize_map(KeysVisitor)
    }
}
