//! One record in a hot file:
//! `len u32 | crc u32 | seq u64 | durable_seq u64 | key_slot u64 | sensitive_slot u64 | flags u8 |
//! header_len u32 | header | nonce 12 | sealed body`, integers little-endian.
//!
//! `len` counts the bytes after `crc`. The CRC32C runs over the file's epoch (8 bytes), the
//! frame's offset (8 bytes), `len`, and everything after `crc`. A frame without a body ends after
//! its header.

use std::ops::Range;

use crate::Defences;

/// Bytes before the header.
pub(crate) const FRAME_HEAD_BYTES: usize = 45;
/// Longest frame.
pub const FRAME_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Longest header.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;
/// A nonce of AES-GCM.
pub(crate) const NONCE_BYTES: usize = 12;

const CRC_AT: usize = 4;
const SEQ_AT: usize = 8;
const DURABLE_SEQ_AT: usize = 16;
const KEY_SLOT_AT: usize = 24;
const SENSITIVE_SLOT_AT: usize = 32;
const FLAGS_AT: usize = 40;
const HEADER_LEN_AT: usize = 41;

/// The frame ends its append group.
const FLAG_GROUP_END: u8 = 1;
/// A nonce and a sealed body follow the header.
const FLAG_BODY: u8 = 2;
const FLAGS_KNOWN: u8 = FLAG_GROUP_END | FLAG_BODY;

/// Where a frame lies, which its CRC covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FramePlace {
    pub(crate) epoch: u64,
    pub(crate) offset: u64,
}

/// A frame that lacks only its place: `seq`, `durable_seq`, the group flag and the CRC.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FrameDraft(Vec<u8>);

impl FrameDraft {
    pub(crate) fn new(
        header: &[u8],
        key_slot: u64,
        sensitive_slot: u64,
        sealed: Option<(&[u8; NONCE_BYTES], &[u8])>,
    ) -> FrameDraft {
        let body_bytes = sealed.map_or(0, |(_, body)| NONCE_BYTES + body.len());
        let mut bytes = Vec::with_capacity(FRAME_HEAD_BYTES + header.len() + body_bytes);
        bytes.resize(FRAME_HEAD_BYTES, 0);
        bytes.extend_from_slice(header);
        if let Some((nonce, body)) = sealed {
            bytes.extend_from_slice(nonce);
            bytes.extend_from_slice(body);
        }
        let len = u32::try_from(bytes.len() - SEQ_AT).expect("the caller keeps frames below 8 MiB");
        let header_len = u32::try_from(header.len()).expect("the caller keeps headers below 8 KiB");
        bytes[..CRC_AT].copy_from_slice(&len.to_le_bytes());
        bytes[KEY_SLOT_AT..SENSITIVE_SLOT_AT].copy_from_slice(&key_slot.to_le_bytes());
        bytes[SENSITIVE_SLOT_AT..FLAGS_AT].copy_from_slice(&sensitive_slot.to_le_bytes());
        bytes[FLAGS_AT] = if sealed.is_some() { FLAG_BODY } else { 0 };
        bytes[HEADER_LEN_AT..FRAME_HEAD_BYTES].copy_from_slice(&header_len.to_le_bytes());
        FrameDraft(bytes)
    }

    /// Length of the finished frame.
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// The header bytes.
    pub(crate) fn header(&self) -> &[u8] {
        let len = u32::from_le_bytes(self.0[HEADER_LEN_AT..FRAME_HEAD_BYTES].try_into().expect("four bytes"));
        &self.0[FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + len as usize]
    }

    /// Copies the frame to the end of a batch, with its place filled in.
    pub(crate) fn place(
        &self,
        place: FramePlace,
        seq: u64,
        durable_seq: u64,
        group_end: bool,
        defences: &Defences,
        batch: &mut Vec<u8>,
    ) {
        let start = batch.len();
        batch.extend_from_slice(&self.0);
        let frame = &mut batch[start..];
        frame[SEQ_AT..DURABLE_SEQ_AT].copy_from_slice(&seq.to_le_bytes());
        frame[DURABLE_SEQ_AT..KEY_SLOT_AT].copy_from_slice(&durable_seq.to_le_bytes());
        if group_end {
            frame[FLAGS_AT] |= FLAG_GROUP_END;
        }
        let crc = checksum(place, frame, defences);
        frame[CRC_AT..SEQ_AT].copy_from_slice(&crc.to_le_bytes());
    }
}

fn checksum(place: FramePlace, frame: &[u8], defences: &Defences) -> u32 {
    let mut crc = 0;
    if defences.crc_covers_place {
        crc = crc32c::crc32c_append(crc, &place.epoch.to_le_bytes());
        crc = crc32c::crc32c_append(crc, &place.offset.to_le_bytes());
    }
    crc = crc32c::crc32c_append(crc, &frame[..CRC_AT]);
    crc32c::crc32c_append(crc, &frame[SEQ_AT..])
}

/// A frame as it was read: which bytes are what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) seq: u64,
    /// How many records were durable when it was written: all with a lower seq.
    pub(crate) durable_seq: u64,
    pub(crate) key_slot: u64,
    pub(crate) sensitive_slot: u64,
    pub(crate) group_end: bool,
    /// Length of the whole frame.
    pub(crate) len: usize,
    /// The header, within the frame.
    pub(crate) header: Range<usize>,
    /// Nonce and sealed body, within the frame.
    pub(crate) sealed: Option<(Range<usize>, Range<usize>)>,
}

/// Length of the frame that begins here, by its first four bytes; none when it cannot be one.
pub(crate) fn frame_len(bytes: &[u8]) -> Option<usize> {
    let len = u32::from_le_bytes(bytes.get(..CRC_AT)?.try_into().ok()?) as usize + SEQ_AT;
    (FRAME_HEAD_BYTES..=FRAME_BYTES_MAX).contains(&len).then_some(len)
}

impl Frame {
    /// Reads the frame at the start of `bytes`; none when there is no valid one of this place.
    pub(crate) fn read(place: FramePlace, bytes: &[u8], defences: &Defences) -> Option<Frame> {
        let len = frame_len(bytes)?;
        let frame = bytes.get(..len)?;
        let u64_at = |at: usize| u64::from_le_bytes(frame[at..at + 8].try_into().expect("eight bytes"));
        let u32_at = |at: usize| u32::from_le_bytes(frame[at..at + 4].try_into().expect("four bytes"));
        let flags = frame[FLAGS_AT];
        let header_len = u32_at(HEADER_LEN_AT) as usize;
        if flags & !FLAGS_KNOWN != 0 || header_len == 0 || header_len > HEADER_BYTES_MAX {
            return None;
        }
        let header = FRAME_HEAD_BYTES..FRAME_HEAD_BYTES + header_len;
        let sealed = if flags & FLAG_BODY != 0 {
            let body = header.end + NONCE_BYTES;
            if body > len {
                return None;
            }
            Some((header.end..body, body..len))
        } else if header.end == len {
            None
        } else {
            return None;
        };
        let seq = u64_at(SEQ_AT);
        let durable_seq = u64_at(DURABLE_SEQ_AT);
        if header.end > len || durable_seq > seq {
            return None;
        }
        if defences.crc && u32_at(CRC_AT) != checksum(place, frame, defences) {
            return None;
        }
        Some(Frame {
            seq,
            durable_seq,
            key_slot: u64_at(KEY_SLOT_AT),
            sensitive_slot: u64_at(SENSITIVE_SLOT_AT),
            group_end: flags & FLAG_GROUP_END != 0,
            len,
            header,
            sealed,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PLACE: FramePlace = FramePlace { epoch: 7, offset: 64 };

    fn frame() -> Vec<u8> {
        let draft = FrameDraft::new(b"{\"v\":1}", 5, 6, Some((&[9; 12], b"sealed")));
        let mut bytes = Vec::new();
        draft.place(PLACE, 3, 2, true, &Defences::ALL, &mut bytes);
        assert_eq!(bytes.len(), draft.len());
        bytes
    }

    #[test]
    fn a_frame_reads_back() {
        let bytes = frame();
        let read = Frame::read(PLACE, &bytes, &Defences::ALL).unwrap();
        assert_eq!((read.seq, read.durable_seq, read.key_slot, read.sensitive_slot), (3, 2, 5, 6));
        assert!(read.group_end);
        assert_eq!(&bytes[read.header.clone()], b"{\"v\":1}");
        let (nonce, body) = read.sealed.unwrap();
        assert_eq!((&bytes[nonce], &bytes[body]), (&[9; 12][..], &b"sealed"[..]));
    }

    #[test]
    fn a_frame_of_another_place_or_life_is_no_frame() {
        let bytes = frame();
        for place in [FramePlace { epoch: 8, ..PLACE }, FramePlace { offset: 65, ..PLACE }] {
            assert_eq!(Frame::read(place, &bytes, &Defences::ALL), None);
        }
    }

    proptest! {
        #[test]
        fn any_flipped_bit_and_any_cut_is_noticed(at in 0..frame().len(), bit in 0..8_u8) {
            let mut bytes = frame();
            prop_assert_eq!(Frame::read(PLACE, &bytes[..at], &Defences::ALL), None);
            bytes[at] ^= 1 << bit;
            prop_assert_eq!(Frame::read(PLACE, &bytes, &Defences::ALL), None);
        }

        #[test]
        fn nothing_panics(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            for crc in [true, false] {
                let _ = Frame::read(PLACE, &bytes, &Defences { crc, ..Defences::ALL });
            }
        }
    }
}
