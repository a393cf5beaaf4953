//! Keys: the lead key of one chain and what is derived from it, the key that wraps lead keys, and
//! the installation's own.

use std::fmt;

use aes_gcm::{Aes256Gcm, KeyInit as _};
use hkdf::Hkdf;
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

/// 32 secret bytes, wiped when dropped.
#[derive(Clone)]
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// The key with these bytes.
    pub fn from_bytes(bytes: [u8; 32]) -> SecretKey {
        SecretKey(Zeroizing::new(bytes))
    }

    /// The bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey(…)")
    }
}

/// What one ledger needs to be opened: the installation's master key, which wraps the key that
/// wraps lead keys, and the ledger's own signing key.
#[derive(Debug, Clone)]
pub struct LedgerKeys {
    /// Wraps the KEK.
    pub master: SecretKey,
    /// Seed of the Ed25519 key that signs heads.
    pub signing: SecretKey,
}

impl LedgerKeys {
    /// The public half of the signing key.
    pub fn public_key(&self) -> [u8; 32] {
        ed25519_dalek::SigningKey::from_bytes(self.signing.as_bytes()).verifying_key().to_bytes()
    }
}

/// HMAC-SHA256 with its key in place.
pub(crate) type Salter = Hmac<Sha256>;

/// What is derived from the lead key K of one chain (RFC 5869, no salt):
/// `k_body` = HKDF-SHA256(K, `glassline/v1/body`), `k_salt` = HKDF-SHA256(K, `glassline/v1/salt`).
pub(crate) struct ChainKeys {
    /// Slot of the vault that holds K.
    pub(crate) slot: u64,
    /// AES-256-GCM under `k_body`.
    pub(crate) body: Aes256Gcm,
    /// HMAC-SHA256 under `k_salt`.
    pub(crate) salt: Salter,
}

impl ChainKeys {
    pub(crate) fn derive(slot: u64, key: &SecretKey) -> ChainKeys {
        let hkdf = Hkdf::<Sha256>::new(None, key.as_bytes());
        let expand = |info: &[u8]| {
            let mut bytes = Zeroizing::new([0; 32]);
            hkdf.expand(info, bytes.as_mut()).expect("32 bytes are within HKDF's limit");
            bytes
        };
        let body = expand(b"glassline/v1/body");
        let salt = expand(b"glassline/v1/salt");
        ChainKeys {
            slot,
            body: Aes256Gcm::new((&*body).into()),
            salt: <Salter as hmac::KeyInit>::new_from_slice(salt.as_slice())
                .expect("HMAC takes keys of any length"),
        }
    }
}

/// What is derived from the short-lived key S of one chain's sensitive values: AES-256-GCM under
/// `k_sensitive` = HKDF-SHA256(S, `glassline/v1/sensitive`).
pub(crate) struct SensitiveKey {
    /// Slot of the vault that holds S, or held it.
    pub(crate) slot: u64,
    /// None when S was destroyed.
    pub(crate) cipher: Option<Aes256Gcm>,
}

impl SensitiveKey {
    pub(crate) fn derive(slot: u64, key: &SecretKey) -> SensitiveKey {
        let mut bytes = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, key.as_bytes())
            .expand(b"glassline/v1/sensitive", bytes.as_mut())
            .expect("32 bytes are within HKDF's limit");
        SensitiveKey { slot, cipher: Some(Aes256Gcm::new((&*bytes).into())) }
    }
}

impl fmt::Debug for SensitiveKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SensitiveKey(slot {})", self.slot)
    }
}

/// Makes keyed hashes by which values are found without being kept: `k_lookup` =
/// HKDF-SHA256(master key, `glassline/v1/lookup` 0x00 ledger id).
pub(crate) struct LookupKey(Salter);

impl LookupKey {
    pub(crate) fn derive(master: &SecretKey, ledger_id: &[u8; 16]) -> LookupKey {
        let mut info = b"glassline/v1/lookup\0".to_vec();
        info.extend_from_slice(ledger_id);
        let mut bytes = Zeroizing::new([0; 32]);
        Hkdf::<Sha256>::new(None, master.as_bytes())
            .expand(&info, bytes.as_mut())
            .expect("32 bytes are within HKDF's limit");
        let key = <Salter as hmac::KeyInit>::new_from_slice(bytes.as_slice());
        LookupKey(key.expect("HMAC takes keys of any length"))
    }

    /// `HMAC-SHA256(k_lookup, kind 0x00 value)[..12]`.
    pub(crate) fn tag(&self, kind: &str, value: &[u8]) -> [u8; 12] {
        let mut hmac = self.0.clone();
        hmac.update(kind.as_bytes());
        hmac.update(&[0]);
        hmac.update(value);
        let digest = hmac.finalize().into_bytes();
        digest[..12].try_into().expect("a digest has 32 bytes")
    }
}

impl fmt::Debug for LookupKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LookupKey(…)")
    }
}

impl fmt::Debug for ChainKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ChainKeys(slot {})", self.slot)
    }
}
