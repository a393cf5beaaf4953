//! The content of a file as sectors: sparse, and shared between its cached, durable and pending
//! states, so that keeping all three costs little.

use std::sync::Arc;

/// The unit that survives a power loss or does not.
pub const SECTOR_BYTES: usize = 512;

pub(super) type Sector = [u8; SECTOR_BYTES];

#[derive(Debug, Clone, Default)]
pub(super) struct Image {
    bytes: u64,
    // Missing ones read as zeros, also those past the end of the vector. Bytes past `bytes` are
    // zeros in an image that is read; one being put together is trimmed at the end.
    sectors: Vec<Option<Arc<Sector>>>,
}

/// Which sector holds a byte.
pub(super) fn sector_of(offset: u64) -> usize {
    usize::try_from(offset).expect("a simulated file fits the address space") / SECTOR_BYTES
}

/// How many sectors hold this many bytes.
pub(super) fn sectors_in(bytes: u64) -> usize {
    usize::try_from(bytes).expect("a simulated file fits the address space").div_ceil(SECTOR_BYTES)
}

impl Image {
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(super) fn read(&self, buffer: &mut [u8], offset: u64) -> usize {
        let left = usize::try_from(self.bytes.saturating_sub(offset)).unwrap_or(usize::MAX);
        let count = buffer.len().min(left);
        let mut done = 0;
        while done < count {
            let at = offset + done as u64;
            let start = (at % SECTOR_BYTES as u64) as usize;
            let piece = (SECTOR_BYTES - start).min(count - done);
            let target = &mut buffer[done..done + piece];
            match self.sector(sector_of(at)) {
                Some(sector) => target.copy_from_slice(&sector[start..start + piece]),
                None => target.fill(0),
            }
            done += piece;
        }
        count
    }

    pub(super) fn content(&self) -> Vec<u8> {
        let mut content = vec![0; usize::try_from(self.bytes).expect("a simulated file fits memory")];
        self.read(&mut content, 0);
        content
    }

    /// Writes, growing as needed, and gives the first sector touched and all of them as they then
    /// stand.
    pub(super) fn write(&mut self, bytes: &[u8], offset: u64) -> (usize, Vec<Arc<Sector>>) {
        let first = sector_of(offset);
        if bytes.is_empty() {
            return (first, Vec::new());
        }
        let end = offset + bytes.len() as u64;
        let last = sectors_in(end);
        if self.sectors.len() < last {
            self.sectors.resize(last, None);
        }
        let mut touched = Vec::with_capacity(last - first);
        let mut done = 0;
        for slot in &mut self.sectors[first..last] {
            let start = ((offset + done as u64) % SECTOR_BYTES as u64) as usize;
            let piece = (SECTOR_BYTES - start).min(bytes.len() - done);
            let sector = slot.get_or_insert_with(|| Arc::new([0; SECTOR_BYTES]));
            Arc::make_mut(sector)[start..start + piece].copy_from_slice(&bytes[done..done + piece]);
            touched.push(Arc::clone(sector));
            done += piece;
        }
        self.bytes = self.bytes.max(end);
        (first, touched)
    }

    pub(super) fn sector(&self, index: usize) -> Option<&Arc<Sector>> {
        self.sectors.get(index).and_then(Option::as_ref)
    }

    /// Puts a whole sector in place, whatever the length says.
    pub(super) fn put(&mut self, index: usize, sector: Arc<Sector>) {
        if self.sectors.len() <= index {
            self.sectors.resize(index + 1, None);
        }
        self.sectors[index] = Some(sector);
    }

    pub(super) fn grow(&mut self, bytes: u64) {
        self.bytes = self.bytes.max(bytes);
    }

    pub(super) fn cut(&mut self, bytes: u64) {
        self.bytes = self.bytes.min(bytes);
        self.trim();
    }

    /// Clears what lies past the end.
    pub(super) fn trim(&mut self) {
        self.sectors.truncate(sectors_in(self.bytes));
        let kept = (self.bytes % SECTOR_BYTES as u64) as usize;
        if kept != 0
            && let Some(Some(last)) = self.sectors.get_mut(sector_of(self.bytes))
            && last[kept..].iter().any(|byte| *byte != 0)
        {
            Arc::make_mut(last)[kept..].fill(0);
        }
    }

    /// The sectors from this byte on that have content, with their indices.
    pub(super) fn written_from(&self, offset: u64) -> impl Iterator<Item = (usize, &Arc<Sector>)> {
        let first = sectors_in(offset);
        self.sectors.iter().enumerate().skip(first).filter_map(|(index, slot)| Some((index, slot.as_ref()?)))
    }

    /// Changes bytes where a sector exists or the length says one could.
    pub(super) fn overwrite(&mut self, offset: u64, bytes: &[u8]) {
        let length = self.bytes;
        self.write(bytes, offset);
        self.bytes = length;
        self.trim();
    }
}
