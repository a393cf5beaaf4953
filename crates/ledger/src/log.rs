//! The write side of the hot files: batches of append groups, one sync for each batch, a new file
//! when one is full. It knows nothing of threads; the writer drives it.

use std::sync::Arc;

use crate::disk::Disk;
use crate::entropy::{Entropy, draw};
use crate::frame::{FrameDraft, FramePlace};
use crate::hot::{self, HOT_HEADER_BYTES, HotFile, HotHeader};
use crate::{Defences, Stopped};

/// How the log lays its files out.
#[derive(Debug, Clone)]
pub(crate) struct LogOptions {
    pub(crate) ledger_id: [u8; 16],
    /// Space set aside at a time.
    pub(crate) reserve_bytes: u64,
    /// A file that has grown past this is followed by a new one.
    pub(crate) hot_bytes_max: u64,
    pub(crate) defences: Defences,
}

/// The newest hot file.
#[derive(Debug)]
pub(crate) struct ActiveFile {
    pub(crate) hot: HotFile,
    /// Where the next frame goes.
    pub(crate) end: u64,
    /// Up to where space is set aside.
    pub(crate) reserved: u64,
}

/// The append side of the log.
#[derive(Debug)]
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    entropy: Arc<dyn Entropy>,
    options: LogOptions,
    active: ActiveFile,
    next_seq: u64,
    /// How many records are durable: all with a lower seq.
    durable_seq: u64,
    /// The bytes of the batch being written, kept for its capacity.
    batch: Vec<u8>,
}

impl Log {
    pub(crate) fn new(
        disk: Arc<dyn Disk>,
        entropy: Arc<dyn Entropy>,
        options: LogOptions,
        active: ActiveFile,
        next_seq: u64,
    ) -> Log {
        Log { disk, entropy, options, active, next_seq, durable_seq: next_seq, batch: Vec::new() }
    }

    /// Begins a hot file and makes its header and name durable before any frame is written.
    pub(crate) fn create_file(
        disk: &dyn Disk,
        entropy: &dyn Entropy,
        ledger_id: [u8; 16],
        first_seq: u64,
    ) -> Result<ActiveFile, Stopped> {
        let name = hot::file_name(first_seq);
        let path = disk.path(&name);
        let stopped = |action| {
            let path = path.clone();
            move |source| Stopped::new(action, path, source)
        };
        let file = disk.create(&name).map_err(stopped("create"))?;
        let epoch = u64::from_le_bytes(draw(entropy));
        let header = HotHeader { ledger_id, epoch, first_seq };
        file.write_all_at(&header.write(), 0).map_err(stopped("write"))?;
        file.sync_data().map_err(stopped("sync"))?;
        disk.sync_directory().map_err(stopped("sync the directory of"))?;
        let end = HOT_HEADER_BYTES as u64;
        Ok(ActiveFile { hot: HotFile { file, path, epoch, first_seq }, end, reserved: end })
    }

    pub(crate) fn next_seq(&self) -> u64 {
        self.next_seq
    }

    /// Begins a new file when the newest is full. To be called between batches, when all that was
    /// written is durable; gives the new file.
    pub(crate) fn roll_when_full(&mut self) -> Result<Option<HotFile>, Stopped> {
        if self.active.end < self.options.hot_bytes_max {
            return Ok(None);
        }
        let ActiveFile { hot: HotFile { file, path, .. }, end, reserved } = &self.active;
        if reserved > end {
            file.set_len(*end).map_err(|source| Stopped::new("cut", path.clone(), source))?;
        }
        self.active = Log::create_file(&*self.disk, &*self.entropy, self.options.ledger_id, self.next_seq)?;
        Ok(Some(self.active.hot.clone()))
    }

    /// Writes one batch: groups back to back, the last frame of each flagged. Gives the offset of
    /// each frame, in order. Nothing of it is durable yet.
    pub(crate) fn write<'a>(
        &mut self,
        groups: impl Iterator<Item = &'a [FrameDraft]>,
    ) -> Result<Vec<u64>, Stopped> {
        let Log { batch, active, options, .. } = self;
        let durable_seq =
            if options.defences.sync_before_next_batch { self.durable_seq } else { self.next_seq };
        batch.clear();
        let mut offsets = Vec::new();
        for group in groups {
            for (index, frame) in group.iter().enumerate() {
                let offset = active.end + batch.len() as u64;
                let place = FramePlace { epoch: active.hot.epoch, offset };
                let group_end = index + 1 == group.len();
                frame.place(place, self.next_seq, durable_seq, group_end, &options.defences, batch);
                offsets.push(offset);
                self.next_seq += 1;
            }
        }
        let stopped = |action| {
            let path = active.hot.path.clone();
            move |source| Stopped::new(action, path, source)
        };
        let end = active.end + batch.len() as u64;
        if end > active.reserved {
            let bytes = options.reserve_bytes.max(end - active.reserved);
            active.hot.file.reserve(active.reserved, bytes).map_err(stopped("reserve space in"))?;
            active.reserved += bytes;
        }
        active.hot.file.write_all_at(batch, active.end).map_err(stopped("write"))?;
        active.end = end;
        Ok(offsets)
    }

    /// Makes all that was written durable.
    pub(crate) fn sync(&mut self) -> Result<(), Stopped> {
        let HotFile { file, path, .. } = &self.active.hot;
        file.sync_data().map_err(|source| Stopped::new("sync", path.clone(), source))?;
        self.durable_seq = self.next_seq;
        Ok(())
    }
}
