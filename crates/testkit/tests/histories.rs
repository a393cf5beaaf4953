//! Histories find what is wrong with a log. The log here is a toy, right in all things but the one
//! that a test makes it get wrong.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use std::cell::Cell;
use std::collections::HashMap;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use ledger::disk::{Disk, DiskFile};
use testkit::SimDisk;
use testkit::disk::DiskDefence;
use testkit::histories::{
    Broken, Failed, GroupId, Handed, History, Played, Running, Sealed, Seen, Subject, run, shrink,
};

/// What the toy gets wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    Nothing,
    AcknowledgesWithoutSync,
    ForgetsTheDirectory,
    SkipsTheChecksum,
    KeepsHalfGroups,
    LeavesTheTornEnd,
    ServesBeforeSync,
    SyncsWithoutWritingAgain,
    ShowsWhatIsNotDurable,
    TakesTheNonceFromThePlace,
    RefusesTornEnds,
}

#[derive(Debug)]
struct Toy {
    flaw: Flaw,
    /// Never the same twice, over all lives.
    next_nonce: Rc<Cell<u64>>,
}

const HEAD_BYTES: usize = 34;
const RESERVE_BYTES: u64 = 4_096;

/// `len u32 | sum u32 | seq u64 | nonce u64 | chain_seq u64 | chain u8 | group end u8 | content`
fn frame(seq: u64, nonce: u64, chain: u8, chain_seq: u64, group_end: bool, content: &str) -> Vec<u8> {
    let mut frame = ((HEAD_BYTES + content.len()) as u32).to_le_bytes().to_vec();
    frame.extend([0; 4]);
    frame.extend(seq.to_le_bytes());
    frame.extend(nonce.to_le_bytes());
    frame.extend(chain_seq.to_le_bytes());
    frame.extend([chain, u8::from(group_end)]);
    frame.extend(content.as_bytes());
    let sum = checksum(&frame);
    frame[4..8].copy_from_slice(&sum.to_le_bytes());
    frame
}

/// FNV-1a over everything but the sum itself.
fn checksum(frame: &[u8]) -> u32 {
    let bytes = frame[..4].iter().chain(&frame[8..]);
    bytes.fold(0x811c_9dc5, |sum, byte| (sum ^ u32::from(*byte)).wrapping_mul(0x0100_0193))
}

struct Frame<'a> {
    bytes: &'a [u8],
    seen: Seen,
    nonce: u64,
    group_end: bool,
}

fn read_frame(bytes: &[u8], flaw: Flaw) -> Option<Frame<'_>> {
    let len = u32::from_le_bytes(bytes.get(..4)?.try_into().unwrap()) as usize;
    let bytes = bytes.get(..len).filter(|_| len >= HEAD_BYTES)?;
    if flaw != Flaw::SkipsTheChecksum && bytes[4..8] != checksum(bytes).to_le_bytes() {
        return None;
    }
    let number = |at: usize| u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
    let content = String::from_utf8_lossy(&bytes[HEAD_BYTES..]);
    let seen = Seen::record(number(8), bytes[32], number(24), content);
    Some(Frame { bytes, seen, nonce: number(16), group_end: bytes[33] == 1 })
}

struct RunningToy {
    flaw: Flaw,
    next_nonce: Rc<Cell<u64>>,
    file: Arc<dyn DiskFile>,
    end: u64,
    reserved: u64,
    records: Vec<Seen>,
    durable: usize,
    chains: HashMap<u8, u64>,
    first_seqs: HashMap<GroupId, u64>,
}

impl RunningToy {
    fn sync(&mut self) -> io::Result<()> {
        if self.flaw != Flaw::AcknowledgesWithoutSync {
            self.file.sync_data()?;
        }
        self.durable = self.records.len();
        Ok(())
    }

    fn write(&mut self, groups: &[Handed]) -> io::Result<()> {
        // Never write behind what may still be lost.
        self.sync()?;
        let mut batch = Vec::new();
        for Handed { group, chain, records } in groups {
            self.first_seqs.insert(*group, self.records.len() as u64);
            for (index, content) in records.iter().enumerate() {
                let seq = self.records.len() as u64;
                let chain_seq = self.chains.entry(*chain).or_default();
                *chain_seq += 1;
                self.next_nonce.update(|nonce| nonce + 1);
                let nonce =
                    if self.flaw == Flaw::TakesTheNonceFromThePlace { seq } else { self.next_nonce.get() };
                let group_end = index + 1 == records.len();
                batch.extend(frame(seq, nonce, *chain, *chain_seq, group_end, content));
                self.records.push(Seen::record(seq, *chain, *chain_seq, content));
            }
        }
        let end = self.end + batch.len() as u64;
        if end > self.reserved {
            self.file.reserve(self.reserved, end - self.reserved + RESERVE_BYTES)?;
            self.reserved = end + RESERVE_BYTES;
        }
        self.file.write_all_at(&batch, self.end)?;
        self.end = end;
        Ok(())
    }
}

fn open(disk: &SimDisk, flaw: Flaw, next_nonce: Rc<Cell<u64>>) -> io::Result<RunningToy> {
    let file = if disk.list()?.is_empty() { disk.create("log")? } else { disk.open("log")? };
    if flaw != Flaw::ForgetsTheDirectory {
        disk.sync_directory()?;
    }
    let content = file.read_all()?;
    let (mut end, mut frames) = (0, Vec::new());
    while let Some(frame) = read_frame(&content[end..], flaw) {
        end += frame.bytes.len();
        frames.push(frame);
    }
    if flaw == Flaw::RefusesTornEnds && content[end..].iter().any(|byte| *byte != 0) {
        return Err(io::Error::other("torn"));
    }
    while flaw != Flaw::KeepsHalfGroups && frames.last().is_some_and(|frame| !frame.group_end) {
        end -= frames.pop().unwrap().bytes.len();
    }
    if flaw != Flaw::LeavesTheTornEnd {
        file.set_len(end as u64)?;
    }
    if flaw != Flaw::SyncsWithoutWritingAgain {
        file.write_all_at(&content[..end], 0)?;
    }
    if flaw != Flaw::ServesBeforeSync {
        file.sync_data()?;
    }
    let mut chains = HashMap::new();
    let mut records: Vec<Seen> = Vec::new();
    for frame in frames {
        let record = frame.seen.record.as_ref().unwrap();
        chains.insert(record.chain, record.chain_seq);
        records.push(frame.seen);
    }
    let (durable, first_seqs) = (records.len(), HashMap::new());
    let end = end as u64;
    Ok(RunningToy { flaw, next_nonce, file, end, reserved: end, records, durable, chains, first_seqs })
}

impl Running for RunningToy {
    fn append(&mut self, groups: &[Handed]) -> Result<(), String> {
        self.write(groups).map_err(|error| error.to_string())
    }

    fn durable(&mut self, group: GroupId) -> Result<u64, String> {
        self.sync().map_err(|error| error.to_string())?;
        Ok(self.first_seqs[&group])
    }

    fn idle(&mut self) -> Result<(), String> {
        self.sync().map_err(|error| error.to_string())
    }

    fn read(&mut self) -> Result<Vec<Seen>, String> {
        let shown = if self.flaw == Flaw::ShowsWhatIsNotDurable { self.records.len() } else { self.durable };
        Ok(self.records[..shown].to_vec())
    }

    fn close(&mut self) -> Result<(), String> {
        self.idle()
    }
}

impl Subject for Toy {
    fn open(&mut self, disk: &SimDisk) -> Result<Box<dyn Running>, String> {
        match open(disk, self.flaw, Rc::clone(&self.next_nonce)) {
            Ok(toy) => Ok(Box::new(toy)),
            Err(error) => Err(error.to_string()),
        }
    }

    fn sealed(&self, _file: &str, bytes: &[u8]) -> Vec<Sealed> {
        let mut sealed = Vec::new();
        let mut at = 0;
        while let Some(frame) = read_frame(&bytes[at..], Flaw::Nothing) {
            let record = frame.seen.record.unwrap();
            sealed.push(Sealed {
                key: vec![record.chain],
                owner: record.chain.to_string(),
                nonce: frame.nonce.to_le_bytes().to_vec(),
                text: record.content.into_bytes(),
            });
            at += frame.bytes.len();
        }
        sealed
    }
}

fn play(history: &History, flaw: Flaw, missing: Option<DiskDefence>) -> Result<Played, Box<Failed>> {
    let disk = SimDisk::new(history.seed);
    if let Some(missing) = missing {
        disk.take_away(missing);
    }
    run(history, disk, &mut Toy { flaw, next_nonce: Rc::default() })
}

const SEEDS: std::ops::Range<u64> = 0..2_000;

#[test]
fn a_log_without_flaw_passes_and_the_histories_are_worth_something() {
    let mut total = Played::default();
    for seed in SEEDS {
        let Played { acknowledged, handed, starts, failed_starts, calls: _ } =
            play(&History::draw(seed), Flaw::Nothing, None).unwrap_or_else(|failed| panic!("{failed}"));
        total.acknowledged += acknowledged;
        total.handed += handed;
        total.starts += starts;
        total.failed_starts += failed_starts;
    }
    let histories = SEEDS.end - SEEDS.start;
    assert!(total.acknowledged > 3 * histories && total.handed > total.acknowledged + histories, "{total:?}");
    assert!(total.starts > 5 * histories && total.failed_starts > histories / 4, "{total:?}");
}

/// Which rules the histories show broken, and how soon.
fn broken_by(flaw: Flaw, missing: Option<DiskDefence>) -> Vec<(u64, Broken)> {
    let all =
        (0..400).filter_map(|seed| Some((seed, play(&History::draw(seed), flaw, missing).err()?.broken)));
    all.collect()
}

#[test]
fn every_flaw_is_found_within_a_few_histories() {
    let flaws = [
        (Flaw::AcknowledgesWithoutSync, 10),
        (Flaw::ForgetsTheDirectory, 10),
        (Flaw::SkipsTheChecksum, 100),
        (Flaw::KeepsHalfGroups, 100),
        (Flaw::LeavesTheTornEnd, 100),
        (Flaw::ServesBeforeSync, 100),
        (Flaw::SyncsWithoutWritingAgain, 100),
        (Flaw::ShowsWhatIsNotDurable, 100),
        (Flaw::TakesTheNonceFromThePlace, 100),
        (Flaw::RefusesTornEnds, 20),
    ];
    for (flaw, soon) in flaws {
        let broken = broken_by(flaw, None);
        println!("{flaw:?}: {} of 400 histories, first {:?}", broken.len(), broken.first());
        assert!(broken.first().is_some_and(|(seed, _)| *seed < soon), "{flaw:?}: {:?}", broken.first());
    }
}

#[test]
fn every_defence_of_the_disk_is_missed() {
    for missing in [DiskDefence::SyncData, DiskDefence::SyncDirectory, DiskDefence::Truncation] {
        let broken = broken_by(Flaw::Nothing, Some(missing));
        println!("{missing:?}: {} of 400 histories, first {:?}", broken.len(), broken.first());
        assert!(broken.first().is_some_and(|(seed, _)| *seed < 100), "{missing:?}");
    }
}

#[test]
fn one_seed_gives_one_run() {
    for seed in 0..100 {
        let failed = |flaw| play(&History::draw(seed), flaw, None).map_err(|failed| failed.to_string());
        assert_eq!(failed(Flaw::Nothing), failed(Flaw::Nothing));
        assert_eq!(failed(Flaw::ServesBeforeSync), failed(Flaw::ServesBeforeSync));
    }
}

#[test]
fn a_failing_history_shrinks_to_the_few_steps_that_matter() {
    let flaw = Flaw::ServesBeforeSync;
    let found = SEEDS.map(History::draw).find_map(|history| play(&history, flaw, None).err());
    let Failed { broken, history, .. } = *found.unwrap();
    let same =
        |candidate: &History| play(candidate, flaw, None).is_err_and(|failed| failed.broken.is_like(&broken));
    let shrunk = shrink(&history, same);
    assert!(shrunk.steps.len() <= 4, "{shrunk}");
    let failed = play(&shrunk, flaw, None).unwrap_err();
    assert!(failed.to_string().contains("what a reader saw is gone"), "{failed}");
}
