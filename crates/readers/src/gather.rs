//! Reads events by their seqs, up to a bound.

use std::error::Error;

use ledger::{ReadError, ReadHeader, ReadRecord, Reader, StoredBody};
use tracing::error;
use wire::Header;

/// Where bodies are not opened, at most about this many bytes are read from the disk at a time.
pub(crate) const READ_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Whether the bodies of events are read with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Bodies {
    #[default]
    Read,
    /// And that of the event before each of them in its lead.
    WithBefore,
    Left,
}

/// Events that were read.
#[derive(Debug)]
pub(crate) struct Gathered {
    pub(crate) records: Vec<ReadRecord>,
    /// With [`Bodies::WithBefore`], for each of them the event before it; none for the first of a lead.
    pub(crate) before: Vec<Option<ReadRecord>>,
    pub(crate) bodies: Bodies,
}

/// Reads events one by one, so that no more is held than asked for and the event that ends it:
/// the one that takes headers and bodies to `bytes_max`.
pub(crate) fn gather(
    reader: &Reader,
    seqs: &[u64],
    bodies: Bodies,
    bytes_max: usize,
) -> Result<Gathered, ReadError> {
    let (mut records, mut before) = (Vec::new(), Vec::new());
    match bodies {
        Bodies::Read | Bodies::WithBefore => {
            let mut bytes = 0;
            for record in reader.each(seqs) {
                let record = told(record?);
                bytes += bytes_of(&record);
                if bodies == Bodies::WithBefore {
                    let earlier = one_before(reader, &record)?;
                    bytes += earlier.as_ref().map_or(0, bytes_of);
                    before.push(earlier);
                }
                records.push(record);
                if bytes >= bytes_max {
                    break;
                }
            }
        }
        Bodies::Left => {
            let (mut bytes, mut read_bytes) = (0, 0);
            for read in reader.headers(seqs) {
                let ReadHeader { seq, header, stored_bytes } = read?;
                bytes += header.len();
                read_bytes += stored_bytes;
                records.push(ReadRecord { seq, header, body: Ok(StoredBody::None) });
                if bytes >= bytes_max || read_bytes >= READ_BYTES_MAX {
                    break;
                }
            }
        }
    }
    Ok(Gathered { records, before, bodies })
}

/// The event before one in its lead.
fn one_before(reader: &Reader, record: &ReadRecord) -> Result<Option<ReadRecord>, ReadError> {
    let chain = Header::read(&record.header).ok().and_then(|header| header.chain().ok()).flatten();
    let Some((chain, _)) = chain else { return Ok(None) };
    let seqs = reader.chain(chain);
    let at = seqs.partition_point(|seq| *seq < record.seq);
    let before = at.checked_sub(1).map(|at| &seqs[at..=at]);
    before.and_then(|seq| reader.each(seq).next()).transpose().map(|read| read.map(told))
}

fn bytes_of(record: &ReadRecord) -> usize {
    let body = record.body.as_ref().ok().and_then(|body| body.bytes());
    record.header.len() + body.map_or(0, <[u8]>::len)
}

/// Tells the log of a body that does not open. What is shown says only that it is so.
pub(crate) fn told(record: ReadRecord) -> ReadRecord {
    if let Err(wrong) = &record.body {
        let (seq, cause) = (record.seq, wrong.source().map(|cause| format!(": {cause}")));
        error!(seq, "The body of record {seq} cannot be read: {wrong}{}", cause.unwrap_or_default());
    }
    record
}
