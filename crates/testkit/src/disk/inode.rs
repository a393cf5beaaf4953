//! One file: what is cached, what is durable, and the changes in between.

use std::sync::Arc;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

use super::image::{Image, Sector, sectors_in};
use super::power_loss::{Fate, Kept, some_prefix};

#[derive(Debug, Clone)]
pub(super) struct Inode {
    /// The last name it had, for the trace.
    pub(super) name: Arc<str>,
    pub(super) cached: Image,
    pub(super) durable: Image,
    // Ascending by moment; a write that grows the file stands before the growth.
    pending: Vec<Pending>,
    /// Space that needs no more of the disk's, in bytes from the start.
    pub(super) allocated_bytes: u64,
}

#[derive(Debug, Clone)]
struct Pending {
    moment: u64,
    change: Change,
}

#[derive(Debug, Clone)]
enum Change {
    Write { first: usize, sectors: Vec<Arc<Sector>> },
    Grow { from: u64, to: u64, space: Space },
    Cut { to: u64 },
}

/// What a file grew by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Space {
    /// Blocks of the disk, whose former content may show.
    Blocks,
    /// A hole, which always reads as zeros.
    Hole,
}

impl Inode {
    pub(super) fn new(name: &str) -> Inode {
        Inode {
            name: Arc::from(name),
            cached: Image::default(),
            durable: Image::default(),
            pending: Vec::new(),
            allocated_bytes: 0,
        }
    }

    pub(super) fn write(&mut self, bytes: &[u8], offset: u64, moment: u64) {
        let from = self.cached.bytes();
        let (first, sectors) = self.cached.write(bytes, offset);
        self.pending.push(Pending { moment, change: Change::Write { first, sectors } });
        let to = self.cached.bytes();
        if to > from {
            self.pending.push(Pending { moment, change: Change::Grow { from, to, space: Space::Blocks } });
        }
        self.allocated_bytes = self.allocated_bytes.max(offset + bytes.len() as u64);
    }

    pub(super) fn reserve(&mut self, to: u64, moment: u64) {
        self.grow(to, Space::Blocks, moment);
        self.allocated_bytes = self.allocated_bytes.max(to);
    }

    pub(super) fn set_len(&mut self, to: u64, moment: u64) {
        if to < self.cached.bytes() {
            self.cached.cut(to);
            self.allocated_bytes = self.allocated_bytes.min(to);
            self.pending.push(Pending { moment, change: Change::Cut { to } });
        } else {
            self.grow(to, Space::Hole, moment);
        }
    }

    fn grow(&mut self, to: u64, space: Space, moment: u64) {
        let from = self.cached.bytes();
        if to > from {
            self.cached.grow(to);
            self.pending.push(Pending { moment, change: Change::Grow { from, to, space } });
        }
    }

    /// Everything pending becomes durable.
    pub(super) fn sync(&mut self) {
        for Pending { moment: _, change } in self.pending.drain(..) {
            match change {
                Change::Write { first, sectors } => {
                    for (index, sector) in sectors.into_iter().enumerate() {
                        self.durable.put(first + index, sector);
                    }
                }
                Change::Grow { from: _, to, space: _ } => self.durable.grow(to),
                Change::Cut { to } => self.durable.cut(to),
            }
        }
        self.durable.trim();
    }

    /// Some sectors reach the disk and all count as clean; changes of the length are tried again by
    /// the next sync, as a journal keeps them.
    pub(super) fn fail_sync(&mut self, rng: &mut ChaCha8Rng) {
        let until = some_prefix(&self.metadata_moments(), rng);
        let share = [0.0, 0.3, 0.7][rng.random_range(0..3)];
        let mut lost_cut = usize::MAX;
        for Pending { moment, change } in std::mem::take(&mut self.pending) {
            match change {
                Change::Write { first, sectors } => {
                    for (index, sector) in (first..).zip(sectors) {
                        if index < lost_cut && rng.random_bool(share) {
                            self.durable.put(index, sector);
                        }
                    }
                }
                Change::Grow { from: _, to, space: _ } if moment <= until => self.durable.grow(to),
                Change::Cut { to } if moment <= until => self.durable.cut(to),
                Change::Cut { to } => {
                    lost_cut = lost_cut.min(sectors_in(to));
                    self.pending.push(Pending { moment, change });
                }
                Change::Grow { .. } => self.pending.push(Pending { moment, change }),
            }
        }
    }

    /// Forgets the cache where it is clean.
    pub(super) fn evict(&mut self) {
        let pending = self.pending.clone();
        let durable = self.durable.clone();
        self.sync();
        self.cached = std::mem::replace(&mut self.durable, durable);
        self.pending = pending;
    }

    /// Decides about everything pending and forgets the cache. Gives the ranges of sectors that grew
    /// as blocks of the disk.
    pub(super) fn lose_power(&mut self, fate: Fate, rng: &mut ChaCha8Rng) -> Vec<std::ops::Range<usize>> {
        let until = fate.lengths_until(&self.metadata_moments(), rng);
        let mut grown = Vec::new();
        // The first sector behind the shortest cut that did not survive.
        let mut lost_cut = usize::MAX;
        for Pending { moment, change } in std::mem::take(&mut self.pending) {
            match change {
                Change::Write { first, sectors } => {
                    let kept = fate.sectors(moment, sectors.len(), rng);
                    for ((index, sector), kept) in (first..).zip(sectors).zip(kept) {
                        match kept {
                            _ if index >= lost_cut => {}
                            Kept::Lost => {}
                            Kept::Whole => self.durable.put(index, sector),
                            Kept::Until(bytes) => {
                                let mut torn = self.durable.sector(index).map_or([0; _], |old| **old);
                                torn[..bytes].copy_from_slice(&sector[..bytes]);
                                self.durable.put(index, Arc::new(torn));
                            }
                        }
                    }
                }
                Change::Grow { from, to, space } => {
                    if moment <= until {
                        self.durable.grow(to);
                        if space == Space::Blocks {
                            grown.push(sectors_in(from)..sectors_in(to));
                        }
                    }
                }
                Change::Cut { to } => {
                    if moment <= until {
                        self.durable.cut(to);
                    } else {
                        lost_cut = lost_cut.min(sectors_in(to));
                    }
                }
            }
        }
        self.durable.trim();
        self.cached = self.durable.clone();
        self.allocated_bytes = self.durable.bytes();
        grown
    }

    /// Shows a recycled sector where nothing was written.
    pub(super) fn recycle(&mut self, index: usize, sector: &Arc<Sector>) {
        if self.durable.sector(index).is_none() {
            self.durable.put(index, Arc::clone(sector));
            self.durable.trim();
            self.cached = self.durable.clone();
        }
    }

    /// Changes bytes in every state of the file, as if they had always been so.
    pub(super) fn overwrite(&mut self, offset: u64, bytes: &[u8]) {
        self.cached.overwrite(offset, bytes);
        self.durable.overwrite(offset, bytes);
        let sector_bytes = super::SECTOR_BYTES as u64;
        for pending in &mut self.pending {
            let Change::Write { first, sectors } = &mut pending.change else { continue };
            for (index, sector) in (*first..).zip(sectors) {
                let start = index as u64 * sector_bytes;
                let from = offset.max(start);
                let to = (offset + bytes.len() as u64).min(start + sector_bytes);
                if from < to {
                    let target = &mut Arc::make_mut(sector)[(from - start) as usize..(to - start) as usize];
                    target.copy_from_slice(&bytes[(from - offset) as usize..(to - offset) as usize]);
                }
            }
        }
    }

    /// Whether a power loss could take anything away.
    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    pub(super) fn write_moments(&self) -> impl Iterator<Item = u64> {
        self.pending.iter().filter_map(|pending| match pending.change {
            Change::Write { .. } => Some(pending.moment),
            Change::Grow { .. } | Change::Cut { .. } => None,
        })
    }

    pub(super) fn metadata_moments(&self) -> Vec<u64> {
        let moments = self.pending.iter().filter_map(|pending| match pending.change {
            Change::Write { .. } => None,
            Change::Grow { .. } | Change::Cut { .. } => Some(pending.moment),
        });
        moments.collect()
    }
}
