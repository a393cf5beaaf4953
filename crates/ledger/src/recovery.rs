//! What a start does with the hot files an earlier life left.
//!
//! The first bad or missing frame, at seq s, is *damage* if anything valid after it proves that s
//! was durable: a later frame of the same file that was written when s was durable already, or a
//! later file, which is begun only once all before it is synced. Then the ledger refuses to start
//! and names file and offset. Otherwise it is a *tear*: the file is cut there, the unfinished
//! group dropped whole, and what was kept is synced before anyone reads it.
//!
//! A flipped bit inside the last batch, which no later frame proves, cannot be told from a tear.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tracing::warn;

use crate::Defences;
use crate::disk::{Disk, DiskFile};
use crate::frame::{FRAME_HEAD_BYTES, Frame, FramePlace};
use crate::hot::{self, HOT_HEADER_BYTES, HotHeader};

/// Why the hot files of a ledger do not open.
#[derive(Debug, thiserror::Error)]
pub enum RecoveryError {
    /// Reading or writing failed.
    #[error("cannot {action} {}", path.display())]
    Disk {
        /// What was tried.
        action: &'static str,
        /// On which file or directory.
        path: PathBuf,
        /// Why it failed.
        source: std::io::Error,
    },
    /// Acknowledged history is gone or altered. It is never repaired in silence.
    #[error(
        "{} is damaged at offset {offset}: {what}; restore it from a backup, acknowledged records are never dropped in silence",
        path.display()
    )]
    Damaged {
        /// Which file.
        path: PathBuf,
        /// Where in it, in bytes.
        offset: u64,
        /// What is wrong, and how that is known.
        what: String,
    },
}

/// Where one kept frame lies.
#[derive(Debug)]
pub(crate) struct Kept<'a> {
    /// Index of the file among [`Recovered::files`].
    pub(crate) file: usize,
    pub(crate) path: &'a Path,
    pub(crate) offset: u64,
    pub(crate) frame: Frame,
    /// The bytes of the frame.
    pub(crate) bytes: &'a [u8],
}

/// A hot file with what was kept of it.
#[derive(Debug)]
pub(crate) struct RecoveredFile {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) path: PathBuf,
    pub(crate) header: HotHeader,
    /// Where its kept frames end.
    pub(crate) end: u64,
    /// The seq after its last kept frame.
    pub(crate) next_seq: u64,
}

/// One hot file, read and judged; nothing has been written yet.
#[derive(Debug)]
pub(crate) struct Scan {
    /// Kept frames with their offsets.
    pub(crate) frames: Vec<(u64, Frame)>,
    /// Where the kept frames end.
    pub(crate) end: u64,
    /// The seq after the last kept frame.
    pub(crate) next_seq: u64,
    /// Everything below this seq is proven durable by a frame of this file.
    pub(crate) proven: u64,
    /// Bytes after `end` that are not zero: a torn or unfinished group.
    pub(crate) torn_bytes: u64,
}

/// Whether a file is the newest, whose end may be torn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Position {
    Newest,
    /// Followed by the file that begins with this seq.
    Before(u64),
}

/// Judges the content of one hot file.
pub(crate) fn scan(
    path: &Path,
    content: &[u8],
    header: &HotHeader,
    position: Position,
    defences: &Defences,
) -> Result<Scan, RecoveryError> {
    let damaged = |offset: usize, what: String| RecoveryError::Damaged {
        path: path.to_path_buf(),
        offset: offset as u64,
        what,
    };
    let mut frames: Vec<(u64, Frame)> = Vec::new();
    let mut offset = HOT_HEADER_BYTES;
    let mut seq = header.first_seq;
    let mut proven = header.first_seq;
    loop {
        let place = FramePlace { epoch: header.epoch, offset: offset as u64 };
        match Frame::read(place, &content[offset.min(content.len())..], defences) {
            Some(frame) if frame.seq == seq => {
                proven = proven.max(frame.durable_seq);
                seq += 1;
                let len = frame.len;
                frames.push((offset as u64, frame));
                offset += len;
            }
            // A valid frame of another seq never comes from an append here.
            Some(_) | None => break,
        }
        if position == Position::Before(seq) {
            break;
        }
    }
    let (bad_at, bad_seq) = (offset, seq);

    match position {
        Position::Before(next) if next == bad_seq => {
            if frames.last().is_some_and(|(_, frame)| !frame.group_end) {
                return Err(damaged(bad_at, format!("the group before seq {next} has no end")));
            }
        }
        Position::Before(next) => {
            let what = format!(
                "no valid record {bad_seq} is there, yet the next file begins with {next}, so it was acknowledged"
            );
            return Err(damaged(bad_at, what));
        }
        Position::Newest => {
            if defences.damage_is_refused
                && let Some((at, proof)) = find_proof(content, bad_at, bad_seq, header.epoch, defences)
            {
                let what = format!(
                    "no valid record {bad_seq} is there, yet the valid record {} at offset {at} was written when all below {} was durable",
                    proof.seq, proof.durable_seq
                );
                return Err(damaged(bad_at, what));
            }
            if defences.group_flag {
                while frames.last().is_some_and(|(_, frame)| !frame.group_end) {
                    frames.pop();
                }
            }
        }
    }
    let (end, next_seq) = match frames.last() {
        Some((at, frame)) => (at + frame.len as u64, frame.seq + 1),
        None => (HOT_HEADER_BYTES as u64, header.first_seq),
    };
    let rest = usize::try_from(end).map_or(&[][..], |end| content.get(end..).unwrap_or_default());
    let torn_bytes = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
    Ok(Scan { frames, end, next_seq, proven: proven.min(next_seq), torn_bytes })
}

/// Looks behind a bad frame for a valid one that proves `bad_seq` durable, at any offset.
fn find_proof(
    content: &[u8],
    bad_at: usize,
    bad_seq: u64,
    epoch: u64,
    defences: &Defences,
) -> Option<(usize, Frame)> {
    let mut at = bad_at;
    while at + FRAME_HEAD_BYTES <= content.len() {
        if content[at..at + 8] == [0; 8] {
            // Reserved space: jump to the last offset at which a frame could still begin before
            // the next byte that is not zero.
            let zeros = content[at..].iter().position(|byte| *byte != 0)?;
            at = (at + zeros).saturating_sub(7).max(at + 1);
            continue;
        }
        let place = FramePlace { epoch, offset: at as u64 };
        if let Some(frame) = Frame::read(place, &content[at..], defences)
            && frame.seq > bad_seq
            && frame.durable_seq > bad_seq
        {
            return Some((at, frame));
        }
        at += 1;
    }
    None
}

/// Whether a hot file without a valid header was merely never finished. The header is synced
/// before any frame is written, so what follows it tells whether it was ever durable.
pub(crate) fn is_unfinished(content: &[u8], position: Position) -> bool {
    let behind = content.get(HOT_HEADER_BYTES..).unwrap_or_default();
    position == Position::Newest && behind.iter().all(|byte| *byte == 0)
}

/// What a start learns of the records of hot files, in order.
pub(crate) trait Learn {
    type Error: From<RecoveryError>;

    /// One record that was kept.
    fn frame(&mut self, kept: Kept<'_>) -> Result<(), Self::Error>;

    /// All records of a file that ends before `next_seq`, learnt without reading it, where that can be;
    /// gives where its last frame ends. `index` is its place among the files.
    fn closed_file(
        &mut self,
        index: usize,
        file: &dyn DiskFile,
        header: &HotHeader,
        next_seq: u64,
    ) -> Option<u64>;
}

/// Reads, judges and mends all hot files, and shows what was kept to `learn`, in order. When it
/// returns, what was kept is durable. `opened_before` says that record 0 is known to have been
/// durable, so that a first file without it is damage.
pub(crate) fn recover<L: Learn>(
    disk: &dyn Disk,
    ledger_id: Option<[u8; 16]>,
    opened_before: bool,
    defences: &Defences,
    learn: &mut L,
) -> Result<Vec<RecoveredFile>, L::Error> {
    let fail = |action: &'static str, path: &Path| {
        let path = path.to_path_buf();
        move |source| RecoveryError::Disk { action, path, source }
    };
    let directory = disk.path("");
    let mut starts: Vec<u64> = disk
        .list()
        .map_err(fail("list", &directory))?
        .iter()
        .filter_map(|name| hot::first_seq_of(name))
        .collect();
    starts.sort_unstable();

    let mut files: Vec<RecoveredFile> = Vec::new();
    let mut known_id = ledger_id;
    for (index, &first_seq) in starts.iter().enumerate() {
        let name = hot::file_name(first_seq);
        let path = disk.path(&name);
        let file = disk.open(&name).map_err(fail("open", &path))?;
        let position = starts.get(index + 1).map_or(Position::Newest, |next| Position::Before(*next));
        let damaged = |what: String| RecoveryError::Damaged { path: path.clone(), offset: 0, what };

        // Hot files are never taken away, so the first one begins with record 0.
        let next_seq = files.last().map_or(0, |file| file.next_seq);
        if first_seq != next_seq {
            let what = format!("it begins with seq {first_seq}, yet no file before it holds {next_seq}");
            return Err(damaged(what).into());
        }
        if let (Position::Before(next_seq), Some(header)) = (position, read_header(&*file))
            && header.first_seq == first_seq
            && known_id.is_none_or(|id| id == header.ledger_id)
            && let Some(end) = learn.closed_file(files.len(), &*file, &header, next_seq)
        {
            known_id = Some(header.ledger_id);
            files.push(RecoveredFile { file, path, header, end, next_seq });
            continue;
        }
        let content = file.read_all().map_err(fail("read", &path))?;
        let Some(header) = HotHeader::read(&content).filter(|header| header.first_seq == first_seq) else {
            if !is_unfinished(&content, position) {
                return Err(damaged("its header is not valid, yet records follow it".into()).into());
            }
            if first_seq == 0 && opened_before {
                return Err(damaged("its header is not valid, yet the ledger was in use".into()).into());
            }
            warn!(file = %path.display(), "Removed {name}, which was never finished");
            disk.remove(&name).map_err(fail("remove", &path))?;
            disk.sync_directory().map_err(fail("sync", &directory))?;
            continue;
        };
        if *known_id.get_or_insert(header.ledger_id) != header.ledger_id {
            return Err(damaged("it belongs to another ledger".into()).into());
        }

        let scan = scan(&path, &content, &header, position, defences)?;
        if first_seq == 0 && opened_before && scan.frames.is_empty() {
            let (path, offset) = (path.clone(), HOT_HEADER_BYTES as u64);
            let what = "no valid record 0 is there, yet the ledger was in use".into();
            return Err(RecoveryError::Damaged { path, offset, what }.into());
        }
        if position == Position::Newest {
            mend(&*file, &path, &content, &scan, defences)?;
            if defences.recovery_syncs {
                disk.sync_directory().map_err(fail("sync", &directory))?;
            }
        }
        for (offset, frame) in scan.frames {
            let start = usize::try_from(offset).expect("a file that was read fits in memory");
            let bytes = &content[start..start + frame.len];
            learn.frame(Kept { file: files.len(), path: &path, offset, frame, bytes })?;
        }
        files.push(RecoveredFile { file, path, header, end: scan.end, next_seq: scan.next_seq });
    }
    Ok(files)
}

fn read_header(file: &dyn DiskFile) -> Option<HotHeader> {
    let mut bytes = [0; HOT_HEADER_BYTES];
    file.read_exact_at(&mut bytes, 0).ok()?;
    HotHeader::read(&bytes)
}

/// Cuts a torn end off the newest file and makes what was kept durable.
fn mend(
    file: &dyn DiskFile,
    path: &Path,
    content: &[u8],
    scan: &Scan,
    defences: &Defences,
) -> Result<(), RecoveryError> {
    let fail = |action: &'static str| {
        let path = path.to_path_buf();
        move |source| RecoveryError::Disk { action, path, source }
    };
    if scan.torn_bytes > 0 {
        warn!(
            file = %path.display(),
            torn_bytes = scan.torn_bytes,
            next_seq = scan.next_seq,
            "{} ends in an unfinished write; cut {} bytes that were never acknowledged",
            path.display(),
            scan.torn_bytes,
        );
    }
    if content.len() as u64 > scan.end {
        file.set_len(scan.end).map_err(fail("cut"))?;
    }
    if !defences.recovery_syncs {
        return Ok(());
    }
    if defences.recovery_rewrites {
        // After a failed sync the system may hold pages that look clean and never reached the
        // disk: a sync alone would leave them so. Writing the same bytes again makes it try.
        let header = HOT_HEADER_BYTES as u64;
        let unproven = scan.frames.iter().find(|(_, frame)| frame.seq >= scan.proven);
        let from = unproven.map_or(scan.end, |(offset, _)| *offset);
        for (start, end) in [(0, header), (from.max(header), scan.end)] {
            let bytes = |at: u64| usize::try_from(at).expect("a file that was read fits in memory");
            if start < end {
                file.write_all_at(&content[bytes(start)..bytes(end)], start).map_err(fail("write"))?;
            }
        }
    }
    file.sync_data().map_err(fail("sync"))
}
