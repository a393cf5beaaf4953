//! The hashes of the log. Prefixes keep them apart: 0x00 leaf, 0x01 node, 0x02 commitment,
//! 0x03 snapshot; no other hash uses these.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hmac::Mac as _;
use sha2::{Digest as _, Sha256};
use wire::json;

use crate::keys::Salter;

/// 32 bytes of SHA-256.
pub type Hash = [u8; 32];

/// What stands for the previous leaf of a chain's first record, and of records without a chain.
pub const NO_LEAF: Hash = [0; 32];

/// RFC 6962 leaf hash of a record: SHA-256(0x00 ‖ header bytes).
pub fn leaf(header: &[u8]) -> Hash {
    Sha256::new_with_prefix([0x00]).chain_update(header).finalize().into()
}

/// Commitment to one element: SHA-256(0x02 ‖ `["` ‖ base64url(salt) ‖ `",` ‖ tail), where salt is
/// the first 16 bytes of HMAC-SHA256(`k_salt`, tail).
pub(crate) fn commitment(salter: &Salter, tail: &[u8]) -> Hash {
    let mac = salter.clone().chain_update(tail).finalize().into_bytes();
    let mut salt = [0; 22];
    BASE64_URL_SAFE_NO_PAD.encode_slice(&mac[..16], &mut salt).expect("16 bytes are 22 digits");
    Sha256::new_with_prefix([0x02])
        .chain_update(b"[\"")
        .chain_update(salt)
        .chain_update(b"\",")
        .chain_update(tail)
        .finalize()
        .into()
}

/// The tail of the element that `c_0` commits to: `"",[<all paths in order>]]`. Paths come as
/// JSON strings, quotes included.
pub(crate) fn path_list_tail<'a>(paths: impl Iterator<Item = &'a [u8]> + Clone) -> Vec<u8> {
    let bytes: usize = paths.clone().map(|path| path.len() + 1).sum();
    let mut tail = Vec::with_capacity(bytes + 8);
    tail.extend_from_slice(b"\"\",");
    json::write_array(paths, &mut tail, |path, out| out.extend_from_slice(path));
    tail.push(b']');
    tail
}

/// base64url(SHA-256(0x03 ‖ `prev_leaf` ‖ `c_0` ‖ … ‖ `c_n`)); without a body there is no `c`.
pub(crate) fn snapshot(prev_leaf: &Hash, commitments: &[Hash]) -> String {
    let hash =
        Sha256::new_with_prefix([0x03]).chain_update(prev_leaf).chain_update(commitments.as_flattened());
    BASE64_URL_SAFE_NO_PAD.encode(hash.finalize())
}
