//! A slot serves one lead, once; under its key no nonce comes twice, whatever is lost.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use testkit::disk::{Call, Calls, Failure, Fault, PowerLoss};
use testkit::ledger_log::Installation;
use testkit::ledger_log::hot_file::{Frame, HotFile};

use crate::check_clean;

/// A lead gets slot 1, its first group is lost with the power. Sealed bytes under that key may have
/// left the machine in the meantime (a page the disk kept, a backup of the file), so whoever comes
/// next gets another slot, also the same lead.
#[test]
fn a_slot_whose_group_was_lost_is_burnt() {
    let mut installation = Installation::started(1);
    let block_slots = installation.options.vault_block_slots;
    let _lost = installation.hand_over(1, 1).unwrap();
    let fault =
        Fault { calls: Calls::Only(Call::Sync), nth: 1, failure: Failure::PowerLoss(PowerLoss::HARSHEST) };
    installation.disk.plan(fault);
    installation.write().unwrap_err();
    installation.start().unwrap();
    assert_eq!(installation.seen(), [0_u32; 0]);
    installation.append(2, 1).unwrap();
    installation.append(1, 1).unwrap();
    let slots: Vec<u64> = installation.newest().1.frames.iter().map(|(_, frame)| frame.key_slot).collect();
    assert_eq!(slots, [0, block_slots + 1, block_slots + 2]);
    check_clean(&installation);
}

/// One lead over 1,000 lives of the process, each of which ends with something unsynced. Every write is
/// watched, also those that are lost: under one key no nonce seals two texts, and a key has one owner.
#[test]
fn a_nonce_never_repeats_under_one_key_over_1_000_restarts() {
    let sealed: Arc<Mutex<Vec<Frame>>> = Arc::default();
    let mut installation = Installation::new(1);
    installation.options.hot_bytes_max = 64 * 1024;
    let log = Arc::clone(&sealed);
    installation.disk.on_write(move |write| {
        let mut rest = if HotFile::read(write.bytes).is_none() && write.file.ends_with(".hot") {
            write.bytes
        } else {
            &[]
        };
        while let Some((frame, len)) = Frame::read(rest) {
            log.lock().unwrap().push(frame);
            rest = &rest[len..];
        }
    });
    let mut acknowledged = Vec::new();
    for life in 0..1_000 {
        installation.start().unwrap();
        if life % 10 == 0 {
            acknowledged.push(installation.append(1, 1).unwrap().first_seq);
        }
        // The next group is written in the same place life after life, until one is acknowledged.
        let _lost = installation.hand_over(1, 1).unwrap();
        let _lost_as_well = installation.hand_over(2 + (life % 50) as u8, 1).unwrap();
        let failure = Failure::PowerLoss(PowerLoss::HARSHEST);
        installation.disk.plan(Fault { calls: Calls::Only(Call::Write), nth: 1, failure });
        installation.write().unwrap_err();
    }
    installation.start().unwrap();
    assert_eq!(acknowledged, (1..=100).collect::<Vec<u64>>());
    assert_eq!(installation.seen().len(), 100);
    check_clean(&installation);

    let mut owners: HashMap<u64, Vec<u8>> = HashMap::new();
    let mut texts: HashMap<(u64, [u8; 12]), Vec<u8>> = HashMap::new();
    let mut texts_total = HashSet::new();
    for frame in sealed.lock().unwrap().drain(..) {
        let Some((nonce, text)) = frame.sealed else { continue };
        let header = String::from_utf8(frame.header).unwrap();
        let lead = header.split("\"lead_id\":\"").nth(1).unwrap().as_bytes()[..29].to_vec();
        assert_eq!(*owners.entry(frame.key_slot).or_insert_with(|| lead.clone()), lead);
        // A start may write again what it has read.
        assert_eq!(*texts.entry((frame.key_slot, nonce)).or_insert_with(|| text.clone()), text);
        texts_total.insert(text);
    }
    assert_eq!(texts_total.len(), texts.len());
    assert!(texts.len() > 1_500 && owners.len() > 700, "{} texts, {} keys", texts.len(), owners.len());
}
