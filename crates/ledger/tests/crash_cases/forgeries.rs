//! What `verify` says to records that a hand has altered. Each forgery has its CRC put right, so
//! nothing but what stands in the records can tell.

use testkit::ledger_log::Installation;
use testkit::ledger_log::hot_file::{FILE_HEADER_BYTES, Frame, HotFile};

/// Record 0, two records of chain 1, two of chain 2, one of each in turn.
fn installation() -> Installation {
    let mut installation = Installation::started(1);
    for chain in [1, 1, 2, 2, 1, 2] {
        installation.append(chain, 1).unwrap();
    }
    installation
}

/// Alters the records and puts lengths and CRCs right. Gives what `verify` finds then, each with the
/// place of the record it is about.
fn findings(alter: impl FnOnce(&mut Vec<Frame>)) -> Vec<String> {
    let installation = installation();
    let (name, file) = installation.newest();
    let HotFile { epoch, frames, end, .. } = file;
    let mut frames: Vec<Frame> = frames.into_iter().map(|(_, frame)| frame).collect();
    alter(&mut frames);
    let mut offset = FILE_HEADER_BYTES as u64;
    let mut places = Vec::new();
    for frame in &frames {
        let bytes = frame.bytes(epoch, offset);
        installation.disk.overwrite(&name, offset, &bytes);
        places.push(offset);
        offset += bytes.len() as u64;
    }
    let shorter_by = usize::try_from(end.saturating_sub(offset)).unwrap();
    installation.disk.overwrite(&name, offset, &vec![0; shorter_by]);
    let findings = installation.verify().findings.into_iter().map(|finding| {
        assert!(finding.path.ends_with(&name), "{finding}");
        let record = places.iter().position(|place| *place == finding.offset);
        let record = record.unwrap_or_else(|| panic!("no record begins there: {finding}"));
        format!("at record {record}: {}", finding.what)
    });
    findings.collect()
}

/// Holds the first finding against the record it should be about and what it should say.
fn check(alter: impl FnOnce(&mut Vec<Frame>), record: usize, what: &str) {
    let findings = findings(alter);
    let first = findings.first().expect("verify finds it");
    assert!(first.starts_with(&format!("at record {record}: ")) && first.contains(what), "{findings:?}");
}

/// Puts a text in the place of another that stands once in a header.
fn replace(frame: &mut Frame, from: &str, to: &str) {
    let header = String::from_utf8(std::mem::take(&mut frame.header)).unwrap();
    assert_eq!(header.matches(from).count(), 1, "{header}");
    frame.header = header.replace(from, to).into_bytes();
}

#[test]
fn what_is_written_back_unaltered_is_clean() {
    assert_eq!(findings(|_| {}), [""; 0]);
}

#[test]
fn a_flipped_byte_of_a_body() {
    let flip = |frames: &mut Vec<Frame>| frames[3].sealed.as_mut().unwrap().1[5] ^= 1;
    check(flip, 3, "record 3: the sealed body does not open under its key");
    let flip = |frames: &mut Vec<Frame>| frames[3].sealed.as_mut().unwrap().0[5] ^= 1;
    check(flip, 3, "record 3: the sealed body does not open under its key");
}

/// Without the CRC put right it does not even come to that.
#[test]
fn a_flipped_byte_without_a_new_crc() {
    let installation = installation();
    let (name, file) = installation.newest();
    let (offset, frame) = &file.frames[3];
    installation.disk.flip_bit(&name, offset + frame.bytes(0, 0).len() as u64 - 1, 0);
    let finding = installation.verify().findings[0].clone();
    assert_eq!((finding.path.ends_with(&name), finding.offset), (true, *offset), "{finding}");
    assert!(finding.what.contains("no valid record 3 is there"), "{finding}");
}

/// Two frames of one length change places. The CRC covers the place, so this cannot be done by
/// moving bytes; and with seqs and CRCs put right the chain of leaves tells.
#[test]
fn swapped_records() {
    let installation = installation();
    let (name, file) = installation.newest();
    let bytes = |record: usize| file.frames[record].1.bytes(file.epoch, file.frames[record].0);
    assert_eq!(bytes(1).len(), bytes(2).len());
    installation.disk.overwrite(&name, file.frames[1].0, &bytes(2));
    installation.disk.overwrite(&name, file.frames[2].0, &bytes(1));
    let finding = installation.verify().findings[0].clone();
    assert_eq!(finding.offset, file.frames[1].0, "{finding}");

    let swap = |first: usize, second: usize| {
        move |frames: &mut Vec<Frame>| {
            frames.swap(first, second);
            let (low, high) = (frames[second].seq, frames[first].seq);
            (frames[first].seq, frames[second].seq) = (low, high);
            let (low, high) = (frames[second].durable_seq, frames[first].durable_seq);
            (frames[first].durable_seq, frames[second].durable_seq) = (low, high);
        }
    };
    check(swap(1, 2), 1, "goes from 0 to 2");
    // Of two chains, neither of which notices: the order between chains is held by the tree of leaves
    // over all records, not by the records.
    assert_eq!(findings(swap(2, 3)), [""; 0]);
}

#[test]
fn a_slot_that_serves_two_chains() {
    check(|frames| frames[3].key_slot = frames[1].key_slot, 3, "slot 1 serves both lead_");
    check(|frames| frames[3].key_slot = 77, 3, "record 3: its slot 77 is empty");
}

#[test]
fn a_wrong_place_in_the_chain() {
    check(|frames| replace(&mut frames[2], "\"lead_seq\":2", "\"lead_seq\":3"), 2, "goes from 1 to 3");
    check(|frames| replace(&mut frames[2], "\"lead_seq\":2", "\"lead_seq\":1"), 2, "goes from 1 to 1");
}

/// The header is the leaf, and the leaf is in the seal of its body and in the lead's next snapshot: an
/// altered header shows at its own record and at the one behind it.
#[test]
fn an_altered_header() {
    let alter = |frames: &mut Vec<Frame>| {
        replace(&mut frames[2], "\"source_id\":\"src_web_a\"", "\"source_id\":\"src_web_b\"");
    };
    assert_eq!(
        findings(alter),
        [
            "at record 2: record 2: the sealed body does not open under its key",
            "at record 5: record 5: its body or its history does not match its snapshot",
        ]
    );
}

/// A body is taken away, as if the record had never had one.
#[test]
fn a_body_taken_away() {
    check(|frames| frames[3].sealed = None, 3, "record 3: its snapshot does not match");
}

/// One record is taken out of a lead's history, and those behind it move up.
#[test]
fn a_record_taken_out() {
    let take_out = |frames: &mut Vec<Frame>| {
        frames.remove(2);
        for (seq, frame) in (0..).zip(frames) {
            frame.seq = seq;
            frame.durable_seq = seq;
        }
    };
    check(take_out, 4, "goes from 1 to 3");
}

/// A record is there a second time.
#[test]
fn a_record_that_stands_twice() {
    let repeat = |frames: &mut Vec<Frame>| frames.push(Frame { seq: 7, durable_seq: 7, ..frames[6].clone() });
    check(repeat, 7, "record 7: the id evt_018bcfe56800000000000006 stands twice");
}

/// The id of one event becomes that of another: feedback that names it would meet the wrong one.
#[test]
fn an_id_that_stands_twice() {
    let alter = |frames: &mut Vec<Frame>| {
        replace(&mut frames[4], "evt_018bcfe56800000000000004", "evt_018bcfe56800000000000001");
    };
    check(alter, 4, "record 4: the id evt_018bcfe56800000000000001 stands twice");
}

/// Two readers may each take another of two members of one name for the one that counts.
#[test]
fn a_member_that_stands_twice() {
    let alter =
        |frames: &mut Vec<Frame>| replace(&mut frames[4], "\"wait_ms\":0", "\"wait_ms\":0,\"wait_ms\":9");
    check(alter, 4, "the key \"wait_ms\" stands twice");
}
