//! Compressing and encrypting bodies: zstd with a shipped, numbered dictionary, then AES-256-GCM
//! under the chain's `k_body` with a random nonce.

use std::cell::RefCell;
use std::sync::LazyLock;

use aes_gcm::Aes256Gcm;
use aes_gcm::aead::{Aead as _, Payload};
use zstd::bulk::{Compressor, Decompressor};
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::Defences;
use crate::frame::NONCE_BYTES;
use crate::hash::Hash;

/// Largest body before compression.
pub const BODY_BYTES_MAX: usize = 6 * 1024 * 1024;

const COMPRESSION_LEVEL: i32 = 3;

/// Dictionary 1, by which every body of format v1 is compressed. Dictionaries are numbered and
/// never removed: what was written with one must read for ever.
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
    /// What was sealed is not zstd of at most 6 MiB under a known dictionary.
    #[error("the opened body does not decompress")]
    Compressed,
}

pub(crate) fn compress(body: &[u8], defences: &Defences) -> Vec<u8> {
    if !defences.sealing {
        return body.to_vec();
    }
    COMPRESSOR
        .with_borrow_mut(|compressor| compressor.compress(body))
        .expect("compressing memory to memory works")
}

fn decompress(bytes: &[u8], defences: &Defences) -> Result<Vec<u8>, OpenError> {
    if !defences.sealing {
        return Ok(bytes.to_vec());
    }
    let size = zstd::zstd_safe::get_frame_content_size(bytes).ok().flatten().ok_or(OpenError::Compressed)?;
    let size =
        usize::try_from(size).ok().filter(|size| *size <= BODY_BYTES_MAX).ok_or(OpenError::Compressed)?;
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

pub(crate) fn encrypt(
    cipher: &Aes256Gcm,
    nonce: &[u8; NONCE_BYTES],
    ledger_id: &[u8; 16],
    leaf: &Hash,
    compressed: Vec<u8>,
    defences: &Defences,
) -> Vec<u8> {
    if !defences.sealing {
        return compressed;
    }
    let payload = Payload { msg: &compressed, aad: &hot_data(ledger_id, leaf) };
    cipher.encrypt(nonce.into(), payload).expect("bodies are far below the limit of AES-GCM")
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
