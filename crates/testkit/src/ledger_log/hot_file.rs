//! Hot files read and written by hand, as `docs/ledger-format.md` lays them out and without a line
//! of the ledger's own code.

/// Bytes before the first frame.
pub const FILE_HEADER_BYTES: usize = 64;
/// Bytes of a frame before its header.
pub const FRAME_HEAD_BYTES: usize = 45;

const FLAG_GROUP_END: u8 = 1;
const FLAG_BODY: u8 = 2;

/// A hot file in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HotFile {
    /// The ledger's.
    pub ledger_id: [u8; 16],
    /// Random, in every CRC of the file.
    pub epoch: u64,
    /// Seq of its first frame.
    pub first_seq: u64,
    /// Its frames up to the first bytes that are none, with their offsets.
    pub frames: Vec<(u64, Frame)>,
    /// Where the frames end.
    pub end: u64,
}

/// One frame, without what follows from its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frame {
    /// Its place in the ledger.
    pub seq: u64,
    /// All below was durable when it was written.
    pub durable_seq: u64,
    /// Slot of the lead's key.
    pub key_slot: u64,
    /// Slot of the short-lived key, 0 for none.
    pub sensitive_slot: u64,
    /// Whether it ends its group.
    pub group_end: bool,
    /// The header, JSON.
    pub header: Vec<u8>,
    /// Nonce and sealed body.
    pub sealed: Option<([u8; 12], Vec<u8>)>,
}

impl HotFile {
    /// Takes a file apart. Nothing when it does not begin as a hot file does.
    pub fn read(content: &[u8]) -> Option<HotFile> {
        let head = content.get(..FILE_HEADER_BYTES)?;
        let crc = u32::from_le_bytes(head[44..48].try_into().ok()?);
        if !head.starts_with(b"GLSSHOT\n") || head[8..12] != [1, 0, 0, 0] || crc != crc32c(&[&head[..44]]) {
            return None;
        }
        let mut file = HotFile {
            ledger_id: head[12..28].try_into().ok()?,
            epoch: u64_at(head, 28),
            first_seq: u64_at(head, 36),
            frames: Vec::new(),
            end: FILE_HEADER_BYTES as u64,
        };
        while let Some((frame, bytes)) = content.get(at(file.end)..).and_then(Frame::read) {
            let there = &content[at(file.end)..at(file.end) + bytes];
            if there != frame.bytes(file.epoch, file.end) {
                break;
            }
            file.frames.push((file.end, frame));
            file.end += bytes as u64;
        }
        Some(file)
    }
}

fn at(offset: u64) -> usize {
    usize::try_from(offset).expect("a file that was read fits in memory")
}

impl Frame {
    /// Takes the frame at the start of some bytes apart, and gives its length. Whether its CRC is
    /// right depends on its place: compare with [`bytes`](Frame::bytes).
    pub fn read(bytes: &[u8]) -> Option<(Frame, usize)> {
        let len = 8 + u32_at(bytes.get(..FRAME_HEAD_BYTES)?, 0) as usize;
        let frame = bytes.get(..len)?;
        let flags = *frame.get(40)?;
        let header_end = FRAME_HEAD_BYTES + u32_at(frame.get(..FRAME_HEAD_BYTES)?, 41) as usize;
        let header = frame.get(FRAME_HEAD_BYTES..header_end)?.to_vec();
        let sealed = if flags & FLAG_BODY != 0 {
            let (nonce, body) = frame[header_end..].split_first_chunk::<12>()?;
            Some((*nonce, body.to_vec()))
        } else {
            None
        };
        let frame = Frame {
            seq: u64_at(frame, 8),
            durable_seq: u64_at(frame, 16),
            key_slot: u64_at(frame, 24),
            sensitive_slot: u64_at(frame, 32),
            group_end: flags & FLAG_GROUP_END != 0,
            header,
            sealed,
        };
        Some((frame, len))
    }

    /// The frame as it stands at an offset of a file with this epoch.
    ///
    /// # Panics
    /// When it is too long for a frame.
    pub fn bytes(&self, epoch: u64, offset: u64) -> Vec<u8> {
        let mut rest = Vec::new();
        for number in [self.seq, self.durable_seq, self.key_slot, self.sensitive_slot] {
            rest.extend(number.to_le_bytes());
        }
        let body = if self.sealed.is_some() { FLAG_BODY } else { 0 };
        rest.push((u8::from(self.group_end) * FLAG_GROUP_END) | body);
        rest.extend(u32::try_from(self.header.len()).expect("a short header").to_le_bytes());
        rest.extend_from_slice(&self.header);
        if let Some((nonce, body)) = &self.sealed {
            rest.extend_from_slice(nonce);
            rest.extend_from_slice(body);
        }
        let len = u32::try_from(rest.len()).expect("a short frame").to_le_bytes();
        let crc = crc32c(&[&epoch.to_le_bytes(), &offset.to_le_bytes(), &len, &rest]);
        [&len[..], &crc.to_le_bytes(), &rest].concat()
    }
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

/// CRC-32C (Castagnoli, RFC 3720 appendix B.4) over several pieces.
pub fn crc32c(pieces: &[&[u8]]) -> u32 {
    const TABLE: [u32; 256] = {
        let mut table = [0; 256];
        let mut byte = 0;
        while byte < 256 {
            let mut crc = byte as u32;
            let mut bit = 0;
            while bit < 8 {
                crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
                bit += 1;
            }
            table[byte] = crc;
            byte += 1;
        }
        table
    };
    let bytes = pieces.iter().flat_map(|piece| piece.iter());
    !bytes.fold(!0, |crc, byte| TABLE[usize::from(crc as u8 ^ byte)] ^ crc >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crc_is_castagnolis() {
        // RFC 3720 B.4: 32 zeros, and the check value of the catalogue of CRCs.
        assert_eq!(crc32c(&[&[0; 32]]), 0x8a91_36aa);
        assert_eq!(crc32c(&[b"1234", b"56789"]), 0xe306_9283);
    }

    #[test]
    fn a_frame_reads_back() {
        let frame = Frame {
            seq: 3,
            durable_seq: 2,
            key_slot: 1,
            sensitive_slot: 0,
            group_end: true,
            header: b"{}".to_vec(),
            sealed: Some(([7; 12], b"body".to_vec())),
        };
        let bytes = frame.bytes(9, 64);
        assert_eq!(Frame::read(&bytes), Some((frame, bytes.len())));
        assert_eq!(Frame::read(&bytes[..bytes.len() - 1]), None);
    }
}
