//! Checks `docs/vectors/records.json` by a second implementation of `docs/ledger-format.md`: it
//! uses nothing of this crate nor of `wire`, so that the document, the code and the vectors hold
//! each other.

#![expect(clippy::unwrap_used, reason = "helpers of a test may panic as the test itself")]

use std::collections::BTreeMap;

use aes_gcm::aead::{Aead as _, Payload};
use aes_gcm::{Aes256Gcm, KeyInit as _};
use aes_kw::KwAes256;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::{Hmac, Mac as _};
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

const VECTORS: &str = include_str!("../../../docs/vectors/records.json");
const DICTIONARY: &[u8] = include_bytes!("../dictionaries/1.dict");

fn vectors() -> Value {
    serde_json::from_str(VECTORS).unwrap()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("{key} is a text"))
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} is a number"))
}

fn bytes(value: &Value, key: &str) -> Vec<u8> {
    let digits = text(value, key);
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    parts.iter().fold(Sha256::new(), Sha256::chain_update).finalize().into()
}

fn hmac(key: &[u8], message: &[u8]) -> [u8; 32] {
    <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(key)
        .unwrap()
        .chain_update(message)
        .finalize()
        .into_bytes()
        .into()
}

/// RFC 5869 with an empty salt, for 32 bytes.
fn hkdf(key: &[u8], info: &str) -> [u8; 32] {
    let extracted = hmac(&[0; 32], key);
    hmac(&extracted, &[info.as_bytes(), &[1]].concat())
}

/// CRC-32C (Castagnoli), bit by bit.
fn crc32c(bytes: &[u8]) -> [u8; 4] {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    (!crc).to_le_bytes()
}

/// The tails of a stored body: of each element what follows its `[`; first that of `c_0`.
fn tails(body: &str) -> Vec<String> {
    let elements: Vec<&RawValue> = serde_json::from_str(body).unwrap();
    let paths: Vec<&str> = elements
        .iter()
        .map(|element| {
            let (path, _): (&RawValue, &RawValue) = serde_json::from_str(element.get()).unwrap();
            path.get()
        })
        .collect();
    let list = format!("\"\",[{}]]", paths.join(","));
    std::iter::once(list).chain(elements.iter().map(|element| element.get()[1..].to_owned())).collect()
}

fn commitment(k_salt: &[u8], tail: &str) -> [u8; 32] {
    let salt = BASE64_URL_SAFE_NO_PAD.encode(&hmac(k_salt, tail.as_bytes())[..16]);
    sha256(&[&[0x02], format!("[\"{salt}\",{tail}").as_bytes()])
}

#[test]
fn commitments_snapshots_and_leaves_are_as_the_document_says() {
    let vectors = vectors();
    let k_salt = hkdf(&bytes(&vectors["keys"], "lead_key"), "glassline/v1/salt");
    for record in vectors["records"].as_array().unwrap() {
        let name = text(record, "name");
        let mut commitments = Vec::new();
        if let Some(body) = record["body"].as_str() {
            commitments.extend(tails(body).iter().map(|tail| commitment(&k_salt, tail)));
        }
        let listed = record["commitments"].as_array().unwrap().iter();
        let listed: Vec<_> = listed.map(|hex| hex.as_str().unwrap().to_owned()).collect();
        assert_eq!(commitments.iter().map(hex).collect::<Vec<_>>(), listed, "{name}");

        let snapshot = sha256(&[&[0x03], &bytes(record, "prev_leaf"), commitments.as_flattened()]);
        let snapshot = BASE64_URL_SAFE_NO_PAD.encode(snapshot);
        assert_eq!(snapshot, text(record, "snapshot"), "{name}");
        let header: Value = serde_json::from_str(text(record, "header")).unwrap();
        assert_eq!(header["v"], 1, "{name}");
        assert_eq!(header["snapshot"], snapshot, "{name}");
        assert_eq!(
            hex(&sha256(&[&[0x00], text(record, "header").as_bytes()])),
            text(record, "leaf"),
            "{name}"
        );
    }
}

#[test]
fn each_record_of_the_chain_names_the_one_before_it() {
    let vectors = vectors();
    let mut previous = "00".repeat(32);
    let mut place = 0;
    let mut seen: BTreeMap<String, String> = BTreeMap::new();
    let mut kept = 0;
    for name in ["chain, first", "chain, second", "chain, third", "erased: without a body"] {
        let record = named(&vectors["records"], "name", name);
        place += 1;
        assert_eq!(text(record, "prev_leaf"), previous, "{name}");
        let header: Value = serde_json::from_str(text(record, "header")).unwrap();
        assert_eq!(header["lead_seq"], place, "{name}");
        previous = text(record, "leaf").to_owned();
        // An unchanged element keeps its commitment.
        let tails = record["body"].as_str().map(tails).unwrap_or_default();
        for (tail, commitment) in tails.into_iter().zip(record["commitments"].as_array().unwrap()) {
            let commitment = commitment.as_str().unwrap().to_owned();
            if let Some(earlier) = seen.insert(tail, commitment.clone()) {
                assert_eq!(earlier, commitment, "{name}");
                kept += 1;
            }
        }
    }
    assert_eq!(kept, 4, "the chain has four elements that did not change");
}

#[test]
fn bodies_are_written_in_the_one_form_the_document_allows() {
    let vectors = vectors();
    for record in vectors["records"].as_array().unwrap() {
        let Some(body) = record["body"].as_str() else { continue };
        // serde_json escapes strings as RFC 8785 does, writes no white space, and with arbitrary
        // precision keeps numbers as they are.
        let elements: Vec<(String, Value)> = serde_json::from_str(body).unwrap();
        let again: Vec<String> = elements
            .iter()
            .map(|(path, value)| format!("[{},{}]", serde_json::to_string(path).unwrap(), value))
            .collect();
        let name = text(record, "name");
        // But it sorts the members of objects, which only traces have.
        if !body.contains("\"rules\"") {
            assert_eq!(format!("[{}]", again.join(",")), body, "{name}");
        }
        for pair in elements.windows(2) {
            assert!(pair[0].0.as_bytes() < pair[1].0.as_bytes(), "{name}: {:?}", pair[1].0);
        }
    }
}

#[test]
fn frames_lie_where_they_say_and_open_to_the_body() {
    let vectors = vectors();
    let keys = &vectors["keys"];
    let cipher = Aes256Gcm::new(&hkdf(&bytes(keys, "lead_key"), "glassline/v1/body").into());
    let mut next_at = 64;
    for vector in vectors["frames"].as_array().unwrap() {
        let name = text(vector, "record");
        let record = named(&vectors["records"], "name", name);
        let frame = bytes(vector, "frame");
        let u32_at = |at: usize| u32::from_le_bytes(frame[at..at + 4].try_into().unwrap());
        let u64_at = |at: usize| u64::from_le_bytes(frame[at..at + 8].try_into().unwrap());

        let offset = number(vector, "offset");
        assert_eq!(offset, next_at, "{name}");
        next_at += frame.len() as u64;
        assert_eq!(u32_at(0) as usize, frame.len() - 8, "{name}");
        let place = [number(vector, "epoch").to_le_bytes(), offset.to_le_bytes()];
        let covered = [place.as_flattened(), &frame[..4], &frame[8..]];
        assert_eq!(frame[4..8], crc32c(&covered.concat()), "{name}");
        for (at, key) in [(8, "seq"), (16, "durable_seq"), (24, "key_slot"), (32, "sensitive_slot")] {
            assert_eq!(u64_at(at), number(vector, key), "{name}: {key}");
        }
        let has_body = record["body"].is_string();
        let group_end = vector["group_end"].as_bool().unwrap();
        assert_eq!(frame[40], u8::from(group_end) | u8::from(has_body) << 1, "{name}");
        let header_end = 45 + u32_at(41) as usize;
        assert_eq!(&frame[45..header_end], text(record, "header").as_bytes(), "{name}");
        if !has_body {
            assert_eq!(header_end, frame.len(), "{name}");
            continue;
        }
        let (nonce, sealed) = frame[header_end..].split_at(12);
        assert_eq!(nonce, bytes(vector, "nonce"), "{name}");
        let data = [b"glassline/v1/body\0".as_slice(), &bytes(keys, "ledger_id"), &bytes(record, "leaf")];
        let payload = Payload { msg: sealed, aad: &data.concat() };
        let nonce: [u8; 12] = nonce.try_into().unwrap();
        let compressed = cipher.decrypt(&nonce.into(), payload).unwrap();
        assert_eq!(compressed, bytes(vector, "compressed"), "{name}");
        let mut decompressor = zstd::bulk::Decompressor::with_dictionary(DICTIONARY).unwrap();
        let body = decompressor.decompress(&compressed, 6 * 1024 * 1024).unwrap();
        assert_eq!(body, text(record, "body").as_bytes(), "{name}");
    }
}

#[test]
fn sensitive_values_open_under_their_own_key_and_for_their_own_event() {
    let vectors = vectors();
    let keys = &vectors["keys"];
    let cipher = Aes256Gcm::new(&hkdf(&bytes(keys, "sensitive_key"), "glassline/v1/sensitive").into());
    let record = named(&vectors["records"], "name", "sensitive values");
    let elements: Vec<(String, Value)> = serde_json::from_str(text(record, "body")).unwrap();
    let (path, sealed) = elements.last().unwrap();
    assert_eq!(path, "sensitive");
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed.as_str().unwrap()).unwrap();
    let (nonce, sealed) = sealed.split_at(12);
    let nonce: [u8; 12] = nonce.try_into().unwrap();
    let header: Value = serde_json::from_str(text(record, "header")).unwrap();
    let open = |id: &str| {
        let data = [b"glassline/v1/sensitive\0".as_slice(), &bytes(keys, "ledger_id"), id.as_bytes()];
        cipher.decrypt(&nonce.into(), Payload { msg: sealed, aad: &data.concat() })
    };
    assert_eq!(open(text(&header, "id")).unwrap(), text(record, "sensitive").as_bytes());
    open("evt_018d0d882e830000000000ff").unwrap_err();
    let plain: Vec<(String, Value)> = serde_json::from_str(text(record, "sensitive")).unwrap();
    for (path, clear) in plain {
        let (_, masked) = elements.iter().find(|(own, _)| *own == path).unwrap();
        assert_ne!(*masked, clear, "{path} is masked outside");
    }
}

#[test]
fn file_headers_slots_and_wrapped_keys_are_as_the_document_says() {
    let vectors = vectors();
    let ledger_id = bytes(&vectors["keys"], "ledger_id");
    let start = |magic: &str| [magic.as_bytes(), &1_u32.to_le_bytes(), &ledger_id].concat();
    let with_crc = |mut bytes: Vec<u8>, whole: usize| {
        bytes.extend(crc32c(&bytes));
        bytes.resize(whole, 0);
        bytes
    };

    let hot = &vectors["hot_header"];
    assert_eq!(text(hot, "file_name"), format!("{:020}.hot", number(hot, "first_seq")));
    let mut header = start("GLSSHOT\n");
    header.extend(number(hot, "epoch").to_le_bytes());
    header.extend(number(hot, "first_seq").to_le_bytes());
    assert_eq!(bytes(hot, "bytes"), with_crc(header, 64));

    let vault = &vectors["vault"];
    assert_eq!(bytes(vault, "vault_header"), with_crc(start("GLSSVLT\n"), 64));

    let kek_id = u32::try_from(number(vault, "kek_id")).unwrap().to_le_bytes();
    let kek: [u8; 32] = bytes(vault, "kek").try_into().unwrap();
    let master: [u8; 32] = bytes(vault, "master_key").try_into().unwrap();
    let mut wrapped = [0; 40];
    KwAes256::new(&master.into()).wrap_key(&kek, &mut wrapped).unwrap();
    let mut keks = start("GLSSKEK\n");
    keks.extend(1_u32.to_le_bytes());
    keks.extend(kek_id);
    keks.extend(wrapped);
    assert_eq!(bytes(vault, "keks_file"), with_crc(keks, 80));

    let number = number(vault, "slot").to_le_bytes();
    let plain = [bytes(&vectors["keys"], "lead_key").as_slice(), &number].concat();
    let mut wrapped = [0; 48];
    KwAes256::new(&kek.into()).wrap_key(&plain, &mut wrapped).unwrap();
    let mut slot = vec![1, 0, 0, 0];
    slot.extend(kek_id);
    slot.extend(wrapped);
    let crc = crc32c(&[number.as_slice(), &slot].concat());
    slot.extend(crc);
    slot.resize(64, 0);
    assert_eq!(bytes(vault, "live_slot"), slot);
}

#[test]
fn record_0_names_ledger_and_signing_key() {
    let vectors = vectors();
    let record = named(&vectors["records"], "name", "record 0");
    let header: Value = serde_json::from_str(text(record, "header")).unwrap();
    let keys = &vectors["keys"];
    let seed: [u8; 32] = bytes(keys, "signing_seed").try_into().unwrap();
    let public = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    assert_eq!(bytes(keys, "public_key"), public);
    assert_eq!(text(&header, "public_key"), BASE64_URL_SAFE_NO_PAD.encode(public));
    let ledger_id = text(keys, "ledger_id");
    assert_eq!(text(&header, "ledger_id"), ledger_id);
    assert_eq!(text(&header, "origin"), format!("glassline/{ledger_id}/leads"));
}

fn named<'a>(list: &'a Value, key: &str, name: &str) -> &'a Value {
    list.as_array().unwrap().iter().find(|item| item[key] == name).unwrap_or_else(|| panic!("{name}"))
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
