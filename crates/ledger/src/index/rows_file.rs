//! `<first seq>.rows`: the rows of a hot file that another one follows, kept beside it so that a start need
//! not read the file. It is derived from that file alone, byte for byte the same every time, and of no
//! worth without it: delete it, and the next start reads the file instead.
//!
//! It is a [`DerivedFormat`] of [`Kept`], names the file it was made of (ledger, epoch, first and last seq,
//! length), and is passed over when it does not fit.

use std::collections::HashSet;

use domain::{ChainId, EventId, LeadId, LeadIdKind, Outcome, SubjectId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{FEEDBACK_KINDS, Flags, NO_PRICE, NO_ROW, RowDraft, Word, Words, intern_dims, intern_fields};
use crate::disk::DiskFile;
use crate::frame::{Frame, FramePlace};
use crate::hot::{HOT_HEADER_BYTES, HotHeader};
use crate::interned::{Fields, Number};
use crate::ledger::SensitiveSlot;
use crate::recovery::Scan;
use crate::{Defences, DerivedFormat};

const FORMAT: DerivedFormat = DerivedFormat { name: "file of rows", magic: *b"GLSSROW\n", version: 1 };

/// The name of the file with the rows of the hot file that begins with this seq.
pub(crate) fn file_name(first_seq: u64) -> String {
    format!("{first_seq:020}.rows")
}

/// Whether a file has such a name.
pub(crate) fn is_one(name: &str) -> bool {
    name.ends_with(".rows")
}

/// The rows of a hot file, with what else a start wants to know of it.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    ledger_id: [u8; 16],
    epoch: u64,
    first_seq: u64,
    next_seq: u64,
    /// Where the last frame ends.
    end: u64,
    /// The highest slot of the vault that a record names.
    key_slot_max: u64,
    /// Slots of sensitive values, each with the row that names it first.
    sensitive: Vec<(u64, u32)>,
    /// What the words of rows and tables here number, from 1.
    words: Vec<String>,
    /// Dims as stored.
    dims: Vec<String>,
    /// How declared fields stand: flow, version, as stored.
    fields: Vec<(Word, u32, String)>,
    rows: Vec<KeptRow>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptRow {
    /// Length of the frame; frames lie back to back.
    len: u32,
    id: [u8; 12],
    chain: Option<(KeptChain, u32)>,
    at: i64,
    /// Type, flow, source, entity, step, integration, reason code.
    words: [Word; 7],
    duration_ms: u32,
    price: Option<i64>,
    /// Place in [`Outcome::ALL`].
    outcome: Option<u8>,
    /// Place in [`FEEDBACK_KINDS`].
    feedback: Option<u8>,
    flags: u8,
    dims: Number,
    fields: Number,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
enum KeptChain {
    Lead([u8; 12]),
    Ping([u8; 12]),
    Subject([u8; 12]),
}

impl Kept {
    /// The bytes of the file with the rows of a hot file, of which `content` was scanned.
    ///
    /// # Errors
    /// With the offset of a record that cannot be read.
    pub(crate) fn write(
        content: &[u8],
        header: &HotHeader,
        scan: &Scan,
    ) -> Result<Vec<u8>, (u64, wire::HeaderError)> {
        let words = Words::default();
        let mut kept = Kept {
            ledger_id: header.ledger_id,
            epoch: header.epoch,
            first_seq: header.first_seq,
            next_seq: scan.next_seq,
            end: scan.end,
            key_slot_max: 0,
            sensitive: Vec::new(),
            words: Vec::new(),
            dims: Vec::new(),
            fields: Vec::new(),
            rows: Vec::with_capacity(scan.frames.len()),
        };
        let mut seen = HashSet::new();
        for (offset, frame) in &scan.frames {
            let start = usize::try_from(*offset).expect("a file that was read fits in memory");
            let stored = &content[start..start + frame.len][frame.header.clone()];
            let draft = RowDraft::read(stored, &words).map_err(|source| (*offset, source))?;
            kept.key_slot_max = kept.key_slot_max.max(frame.key_slot).max(frame.sensitive_slot);
            let row =
                u32::try_from(kept.rows.len()).expect("a file holds fewer records than rows have numbers");
            if frame.sensitive_slot != 0 && draft.chain.is_some() && seen.insert(frame.sensitive_slot) {
                kept.sensitive.push((frame.sensitive_slot, row));
            }
            kept.rows.push(KeptRow::of(&draft, u32::try_from(frame.len).expect("frames have at most 8 MiB")));
        }
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("stored headers are text");
        kept.words = words.all().iter().map(ToString::to_string).collect();
        kept.dims = words.dims.stored().iter().map(|stored| text(stored)).collect();
        let fields = words.fields.stored();
        kept.fields = fields
            .iter()
            .map(|stored| {
                let (flow, version, stored) = Fields::of_key(stored);
                (flow, version, text(stored))
            })
            .collect();

        Ok(FORMAT.write(&kept))
    }

    /// Reads such a file; none when it is not one, or not that of this hot file, whose last record must be
    /// where these rows say.
    pub(crate) fn read(
        bytes: &[u8],
        file: &dyn DiskFile,
        header: &HotHeader,
        next_seq: u64,
        defences: &Defences,
    ) -> Option<Kept> {
        let kept: Kept = FORMAT.read(bytes).ok()?;
        let of_this_file = kept.ledger_id == header.ledger_id
            && kept.epoch == header.epoch
            && kept.first_seq == header.first_seq
            && kept.next_seq == next_seq
            && kept.next_seq.checked_sub(kept.first_seq) == Some(kept.rows.len() as u64);
        let last = kept.rows.last()?;
        let frame = kept.frame(file, kept.end.checked_sub(u64::from(last.len))?, last.len, defences)?;
        (of_this_file && frame.1.seq + 1 == next_seq && frame.1.group_end).then_some(kept)
    }

    /// Where the last frame ends.
    pub(crate) fn end(&self) -> u64 {
        self.end
    }

    /// The highest slot of the vault that a record names.
    pub(crate) fn key_slot_max(&self) -> u64 {
        self.key_slot_max
    }

    /// Header bytes of the first record.
    pub(crate) fn first_header(&self, file: &dyn DiskFile, defences: &Defences) -> Option<Vec<u8>> {
        let (bytes, frame) = self.frame(file, HOT_HEADER_BYTES as u64, self.rows.first()?.len, defences)?;
        Some(bytes[frame.header].to_vec())
    }

    fn frame(
        &self,
        file: &dyn DiskFile,
        offset: u64,
        len: u32,
        defences: &Defences,
    ) -> Option<(Vec<u8>, Frame)> {
        let mut bytes = vec![0; len as usize];
        file.read_exact_at(&mut bytes, offset).ok()?;
        let frame = Frame::read(FramePlace { epoch: self.epoch, offset }, &bytes, defences)?;
        (frame.len == bytes.len()).then_some((bytes, frame))
    }

    /// The rows in order, each with offset and length of its frame, their words numbered as in `words`; and
    /// the slots of sensitive values. None when what is kept does not fit together.
    pub(crate) fn open(self, words: &Words) -> Option<(Vec<Placed>, Vec<SensitiveSlot>)> {
        let numbering = Numbering::new(&self, words)?;
        let mut offset = HOT_HEADER_BYTES as u64;
        let mut rows = Vec::with_capacity(self.rows.len());
        for row in &self.rows {
            rows.push(Placed { draft: row.draft(&numbering)?, offset, len: row.len });
            offset += u64::from(row.len);
        }
        let slot = |&(slot, row): &(u64, u32)| {
            let draft: &RowDraft = &rows.get(row as usize)?.draft;
            Some(SensitiveSlot { slot, chain: draft.chain?.0, since: draft.at })
        };
        let sensitive = self.sensitive.iter().map(slot).collect::<Option<_>>()?;
        (offset == self.end).then_some((rows, sensitive))
    }
}

/// A row with the place of its frame.
#[derive(Debug)]
pub(crate) struct Placed {
    pub(crate) draft: RowDraft,
    pub(crate) offset: u64,
    pub(crate) len: u32,
}

/// From numbers in a file to numbers in memory; 0 stays 0.
struct Numbering {
    words: Vec<Word>,
    dims: Vec<Number>,
    fields: Vec<Number>,
}

impl Numbering {
    fn new(kept: &Kept, words: &Words) -> Option<Numbering> {
        let of_words: Vec<Word> =
            std::iter::once(0).chain(kept.words.iter().map(|word| words.number(word))).collect();
        let mut dims = vec![0];
        for stored in &kept.dims {
            dims.push(intern_dims(stored, words).ok()?);
        }
        let mut fields = vec![0];
        for (flow, version, stored) in &kept.fields {
            let flow = *of_words.get(*flow as usize)?;
            fields.push(intern_fields(flow, *version, stored, words).ok()?);
        }
        Some(Numbering { words: of_words, dims, fields })
    }

    fn word(&self, word: Word) -> Option<Word> {
        self.words.get(word as usize).copied()
    }
}

impl KeptRow {
    fn of(draft: &RowDraft, len: u32) -> KeptRow {
        let RowDraft { event_type, flow, source, entity, step, integration, reason_code, .. } = *draft;
        let chain = |chain: ChainId| match chain {
            ChainId::Lead(id) if id.kind() == LeadIdKind::Ping => KeptChain::Ping(*id.as_bytes()),
            ChainId::Lead(id) => KeptChain::Lead(*id.as_bytes()),
            ChainId::Subject(id) => KeptChain::Subject(*id.as_bytes()),
        };
        KeptRow {
            len,
            id: *draft.id.as_bytes(),
            chain: draft.chain.map(|(id, place)| (chain(id), place)),
            at: draft.at.as_millis(),
            words: [event_type, flow, source, entity, step, integration, reason_code],
            duration_ms: draft.duration_ms,
            price: (draft.price != NO_PRICE).then_some(draft.price),
            outcome: draft.outcome.map(|outcome| place(&Outcome::ALL, outcome)),
            feedback: draft.feedback.map(|kind| place(&FEEDBACK_KINDS, kind)),
            flags: draft.flags.0,
            dims: draft.dims,
            fields: draft.fields,
        }
    }

    fn draft(&self, numbering: &Numbering) -> Option<RowDraft> {
        let [event_type, flow, source, entity, step, integration, reason_code] = self.words;
        let chain = |chain: KeptChain| match chain {
            KeptChain::Lead(bytes) => LeadId::from_bytes(LeadIdKind::Lead, bytes).into(),
            KeptChain::Ping(bytes) => LeadId::from_bytes(LeadIdKind::Ping, bytes).into(),
            KeptChain::Subject(bytes) => SubjectId::from_bytes(bytes).into(),
        };
        Some(RowDraft {
            id: EventId::from_bytes(self.id),
            chain: self.chain.map(|(id, place)| (chain(id), place)),
            at: Timestamp::from_millis(self.at),
            event_type: numbering.word(event_type)?,
            flow: numbering.word(flow)?,
            source: numbering.word(source)?,
            entity: numbering.word(entity)?,
            step: numbering.word(step)?,
            integration: numbering.word(integration)?,
            reason_code: numbering.word(reason_code)?,
            duration_ms: self.duration_ms,
            previous: NO_ROW,
            price: self.price.unwrap_or(NO_PRICE),
            outcome: at(&Outcome::ALL, self.outcome)?,
            feedback: at(&FEEDBACK_KINDS, self.feedback)?,
            flags: Flags(self.flags),
            dims: *numbering.dims.get(self.dims as usize)?,
            fields: *numbering.fields.get(self.fields as usize)?,
        })
    }
}

/// The place of a value in the list of all there are.
fn place<T: PartialEq>(all: &[T], value: T) -> u8 {
    let place = all.iter().position(|one| *one == value).expect("the list has every value");
    u8::try_from(place).expect("a short list")
}

/// The value at a place, where one is named; nothing at all when there is no such place.
#[expect(clippy::option_option, reason = "no value, and a place that is none, are two things")]
fn at<T: Copy>(all: &[T], place: Option<u8>) -> Option<Option<T>> {
    match place {
        None => Some(None),
        Some(place) => all.get(usize::from(place)).copied().map(Some),
    }
}
