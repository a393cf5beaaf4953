//! Hot files: `<first seq>.hot`, appended and synced, holding the newest records.
//!
//! File header, 64 bytes: `magic 8 | version u32 | ledger id 16 | epoch u64 | first seq u64 |
//! crc u32 | zeros`, then frames back to back, then reserved zeros. The epoch is random, so a
//! frame of another file or another life of this one never passes its CRC here.

use std::path::PathBuf;
use std::sync::Arc;

use crate::disk::DiskFile;

/// Bytes before the first frame.
pub(crate) const HOT_HEADER_BYTES: usize = 64;
const MAGIC: &[u8; 8] = b"GLSSHOT\n";
const VERSION: u32 = 1;
const CRC_AT: usize = 44;

/// What the first 64 bytes of a hot file say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HotHeader {
    pub(crate) ledger_id: [u8; 16],
    pub(crate) epoch: u64,
    pub(crate) first_seq: u64,
}

impl HotHeader {
    pub(crate) fn write(&self) -> [u8; HOT_HEADER_BYTES] {
        let mut bytes = [0; HOT_HEADER_BYTES];
        bytes[..8].copy_from_slice(MAGIC);
        bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
        bytes[12..28].copy_from_slice(&self.ledger_id);
        bytes[28..36].copy_from_slice(&self.epoch.to_le_bytes());
        bytes[36..CRC_AT].copy_from_slice(&self.first_seq.to_le_bytes());
        let crc = crc32c::crc32c(&bytes[..CRC_AT]);
        bytes[CRC_AT..CRC_AT + 4].copy_from_slice(&crc.to_le_bytes());
        bytes
    }

    /// Reads a header; none when these bytes are not one.
    pub(crate) fn read(bytes: &[u8]) -> Option<HotHeader> {
        let bytes = bytes.get(..HOT_HEADER_BYTES)?;
        let good = bytes.starts_with(MAGIC)
            && bytes[8..12] == VERSION.to_le_bytes()
            && bytes[CRC_AT..CRC_AT + 4] == crc32c::crc32c(&bytes[..CRC_AT]).to_le_bytes();
        good.then(|| HotHeader {
            ledger_id: bytes[12..28].try_into().expect("sixteen bytes"),
            epoch: u64::from_le_bytes(bytes[28..36].try_into().expect("eight bytes")),
            first_seq: u64::from_le_bytes(bytes[36..CRC_AT].try_into().expect("eight bytes")),
        })
    }
}

/// The name of the hot file that begins with this seq.
pub(crate) fn file_name(first_seq: u64) -> String {
    format!("{first_seq:020}.hot")
}

/// The first seq of a hot file, by its name.
pub(crate) fn first_seq_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(".hot")?;
    if digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        digits.parse().ok()
    } else {
        None
    }
}

/// A hot file that is open for reading.
#[derive(Debug, Clone)]
pub(crate) struct HotFile {
    pub(crate) file: Arc<dyn DiskFile>,
    pub(crate) path: PathBuf,
    pub(crate) epoch: u64,
    pub(crate) first_seq: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_reads_back_and_a_flipped_bit_is_noticed() {
        let header = HotHeader { ledger_id: [1; 16], epoch: 2, first_seq: 3 };
        let mut bytes = header.write();
        assert_eq!(HotHeader::read(&bytes), Some(header));
        for at in 0..CRC_AT + 4 {
            bytes[at] ^= 1;
            assert_eq!(HotHeader::read(&bytes), None, "byte {at}");
            bytes[at] ^= 1;
        }
        assert_eq!(HotHeader::read(&bytes[..63]), None);
    }

    #[test]
    fn names_sort_as_their_numbers() {
        assert_eq!(first_seq_of(&file_name(u64::MAX)), Some(u64::MAX));
        assert!(file_name(9) < file_name(10));
        for name in ["1.hot", "vault", "0000000000000000000a.hot", "00000000000000000001.hdr"] {
            assert_eq!(first_seq_of(name), None, "{name}");
        }
    }
}
