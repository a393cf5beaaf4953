//! Compressing and encrypting bodies: zstd with a shipped, numbered dictionary, then AES-256-GCM
//! under the chain's `k_body` with a random nonce.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, AeadInOut as _, Payload};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::Defences;
use crate::frame::NONCE_BYTES;
use crate::hash::Hash;

/// Largest body before compression.
pub const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;

const COMPRESSION_LEVEL: i32 = 3;

/// The dictionary by which bodies are compressed. Dictionaries are numbered and never removed: what
/// was written with one must read for ever. The number stands in the dictionary itself, and zstd
/// writes it into every frame.
const DICTIONARY_NUMBER: u32 = 1;
const DICTIONARY: &[u8] = include_bytes!("../dictionaries/1.dict");

static ENCODER: LazyLock<EncoderDictionary<'static>> =
    LazyLock::new(|| EncoderDictionary::copy(DICTIONARY, COMPRESSION_LEVEL));
static DECODER: LazyLock<DecoderDictionary<'static>> = LazyLock::new(|| DecoderDictionary::copy(DICTIONARY));

thread_local! {
    static COMPRESSOR: RefCell<Compressor<'static>> = RefCell::new(
        Compressor::with_prepared_dictionary(&ENCODER).expect("the shipped dictionary is valid"),
    );
    static DECOMPRESSOR: RefCell<Decompressor<'static>> = RefCell::new(
        Decompressor::with_prepared_dictionary(&DECODER).expect("the shipped dictionary is valid"),
    );
}

/// Why stored bytes do not give a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The key is another one, or the bytes were altered.
    #[error("the sealed body does not open under its key")]
    Sealed,
    /// What was sealed is not zstd of at most 6 MiB.
    #[error("the opened body does not decompress")]
    Compressed,
    /// It needs a dictionary that this release does not have.
    #[error(
        "the opened body needs dictionary {number}; this release has dictionary {DICTIONARY_NUMBER} only"
    )]
    Dictionary {
        /// The number in the frame; 0 when it names none.
        number: u32,
    },
}

pub(crate) fn compress(body: &[u8], defences: &Defences) -> Vec<u8> {
    if !defences.sealing {
        return body.to_vec();
    }
    COMPRESSOR
        .with_borrow_mut(|compressor| compressor.compress(body))
        .expect("compressing memory to memory works")
}

pub(crate) fn decompress(bytes: &[u8], defences: &Defences) -> Result<Vec<u8>, OpenError> {
    if !defences.sealing {
        return Ok(bytes.to_vec());
    }
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().ok_or(OpenError::Compressed)?;
    let size =
        usize::try_from(size).ok().filter(|size| *size <= BODY_BYTES_MAX).ok_or(OpenError::Compressed)?;
    let number = zstd::zstd_safe::get_dict_id_from_frame(bytes).map_or(0, NonZeroU32::get);
    if number != DICTIONARY_NUMBER {
        return Err(OpenError::Dictionary { number });
    }
    DECOMPRESSOR
        .with_borrow_mut(|decompressor| decompressor.decompress(bytes, size))
        .map_err(|_| OpenError::Compressed)
}

/// What the seal of a hot body covers besides: `glassline/v1/body` 0x00 ‖ ledger id ‖ leaf.
fn hot_data(ledger_id: &[u8; 16], leaf: &Hash) -> [u8; 66] {
    let mut data = [0; 66];
    data[..17].copy_from_slice(b"glassline/v1/body");
    data[18..34].copy_from_slice(ledger_id);
    data[34..].copy_from_slice(leaf);
    data
}

/// What the seal of sensitive values covers besides: `glassline/v1/sensitive` 0x00 ‖ ledger id ‖ the
/// event's id as text. The leaf is not known yet: it covers what is sealed here.
fn sensitive_data(ledger_id: &[u8; 16], id: &str) -> Vec<u8> {
    [b"glassline/v1/sensitive\0".as_slice(), ledger_id, id.as_bytes()].concat()
}

/// Seals the sensitive values of one event: nonce and ciphertext.
pub(crate) fn encrypt_sensitive(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_BYTES],
    ledger_id: &[u8; 16],
    id: &str,
    plain: &[u8],
) -> Vec<u8> {
    let payload = Payload { msg: plain, aad: &sensitive_data(ledger_id, id) };
    let sealed = cipher.encrypt(nonce.into(), payload).expect("bodies are far below the limit of AES-GCM");
    [nonce.as_slice(), &sealed].concat()
}

/// Opens the sensitive values of one event.
pub(crate) fn open_sensitive(
    cipher: &Aes256Gcm,
    ledger_id: &[u8; 16],
    id: &str,
    sealed: &[u8],
) -> Result<Vec<u8>, OpenError> {
    let (nonce, sealed) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(OpenError::Sealed)?;
    let payload = Payload { msg: sealed, aad: &sensitive_data(ledger_id, id) };
    cipher.decrypt(nonce.into(), payload).map_err(|_| OpenError::Sealed)
}

pub(crate) fn encrypt(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_BYTES],
    ledger_id: &[u8; 16],
    leaf: &Hash,
    mut compressed: Vec<u8>,
    defences: &Defences,
) -> Vec<u8> {
    if !defences.sealing {
        return compressed;
    }
    cipher
        .encrypt_in_place(nonce.into(), &hot_data(ledger_id, leaf), &mut compressed)
        .expect("bodies are far below the limit of AES-GCM");
    compressed
}

/// Decrypts and decompresses a hot body.
pub(crate) fn open(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_BYTES],
    ledger_id: &[u8; 16],
    leaf: &Hash,
    sealed: &[u8],
    defences: &Defences,
) -> Result<Vec<u8>, OpenError> {
    if !defences.sealing {
        return decompress(sealed, defences);
    }
    let payload = Payload { msg: sealed, aad: &hot_data(ledger_id, leaf) };
    let compressed = cipher.decrypt(nonce.into(), payload).map_err(|_| OpenError::Sealed)?;
    decompress(&compressed, defences)
}

#[cfg(test)]
mod tests {
    use sha2::{Digest as _, Sha256};
    use zstd::zstd_safe::{get_dict_id_from_dict, get_dict_id_from_frame};

    use super::*;

    const BODY: &[u8] = br#"[["lead.email","ann@example.com"],["lead.email.valid",true]]"#;

    fn frame(dictionary: &[u8]) -> Vec<u8> {
        Compressor::with_dictionary(COMPRESSION_LEVEL, dictionary).unwrap().compress(BODY).unwrap()
    }

    fn decompress(bytes: &[u8]) -> Result<Vec<u8>, OpenError> {
        super::decompress(bytes, &Defences::ALL)
    }

    #[test]
    fn the_shipped_dictionary_is_the_one_that_bodies_were_written_with() {
        let digest: String = Sha256::digest(DICTIONARY).iter().map(|byte| format!("{byte:02x}")).collect();
        expect_test::expect!["6f024ab6c6d4eeb7fc613dd9d0aec175eb6752235bf05d67f0302d5ff5f8d6db"]
            .assert_eq(&digest);
    }

    #[test]
    fn a_frame_names_the_dictionary_and_reads_back() {
        let number = NonZeroU32::new(DICTIONARY_NUMBER);
        assert_eq!(get_dict_id_from_dict(DICTIONARY), number);
        for body in [BODY, b"[]"] {
            let bytes = compress(body, &Defences::ALL);
            assert_eq!(get_dict_id_from_frame(&bytes), number);
            assert_eq!(decompress(&bytes).unwrap(), body);
        }
    }

    #[test]
    fn a_frame_of_another_dictionary_is_refused_by_its_number() {
        let mut other = DICTIONARY.to_vec();
        other[4..8].copy_from_slice(&7_u32.to_le_bytes());
        let error = decompress(&frame(&other)).unwrap_err();
        assert_eq!(error, OpenError::Dictionary { number: 7 });
        assert!(error.to_string().contains("needs dictionary 7"), "{error}");
        assert_eq!(decompress(&frame(b"")), Err(OpenError::Dictionary { number: 0 }));
    }

    #[test]
    fn what_is_no_frame_or_too_long_is_refused() {
        assert_eq!(decompress(b""), Err(OpenError::Compressed));
        assert_eq!(decompress(b"not zstd at all"), Err(OpenError::Compressed));
        let long = compress(&vec![b'x'; BODY_BYTES_MAX + 1], &Defences::ALL);
        assert_eq!(decompress(&long), Err(OpenError::Compressed));
        let mut cut = compress(BODY, &Defences::ALL);
        cut.pop();
        assert_eq!(decompress(&cut), Err(OpenError::Compressed));
    }
}
