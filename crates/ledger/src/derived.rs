//! Files of what is derived from records, and passed over when it does not fit: `magic 8 | version u32 | crc u32 |
//! content`, integers little-endian. The CRC32C runs over the content, which is in the encoding of postcard.

use serde::Serialize;
use serde::de::DeserializeOwned;

const CONTENT_AT: usize = 16;

/// One kind of such files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DerivedFormat {
    /// What it is called in errors, as in "it is no checkpoint".
    pub name: &'static str,
    /// Its first bytes.
    pub magic: [u8; 8],
    /// Goes up whenever the content changes, or what is derived: other versions are passed over.
    pub version: u32,
}

/// Why a file is not read.
#[derive(Debug, thiserror::Error)]
pub enum DerivedError {
    /// It is something else.
    #[error("it is no {0}")]
    Foreign(&'static str),
    /// It has another version.
    #[error("another release made it")]
    Version,
    /// Its bytes are not what was written.
    #[error("it is damaged")]
    Damaged,
    /// Its bytes are what was written, and mean nothing here.
    #[error("it cannot be read: {0}")]
    Content(#[from] postcard::Error),
}

impl DerivedFormat {
    /// The bytes of a file.
    pub fn write(&self, content: &impl Serialize) -> Vec<u8> {
        let content = postcard::to_allocvec(content).expect("plain values in memory");
        let crc = crc32c::crc32c(&content).to_le_bytes();
        [&self.magic[..], &self.version.to_le_bytes(), &crc, &content].concat()
    }

    /// What a file holds.
    ///
    /// # Errors
    /// When it is of another kind or version, or damaged.
    pub fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, DerivedError> {
        let content = bytes.get(CONTENT_AT..).filter(|_| bytes.starts_with(&self.magic));
        let content = content.ok_or(DerivedError::Foreign(self.name))?;
        if bytes[8..12] != self.version.to_le_bytes() {
            return Err(DerivedError::Version);
        }
        if bytes[12..CONTENT_AT] != crc32c::crc32c(content).to_le_bytes() {
            return Err(DerivedError::Damaged);
        }
        Ok(postcard::from_bytes(content)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTE: DerivedFormat = DerivedFormat { name: "note", magic: *b"GLSSNOTE", version: 3 };

    fn told(format: DerivedFormat, bytes: &[u8]) -> String {
        match format.read::<(String, u64)>(bytes) {
            Ok((text, number)) => format!("{text} {number}"),
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn a_file_is_read_as_written_or_not_at_all() {
        let good = NOTE.write(&("seven", 7_u64));
        assert_eq!(told(NOTE, &good), "seven 7");
        assert_eq!(told(NOTE, b"GLSSNOTE"), "it is no note");
        assert_eq!(told(DerivedFormat { magic: *b"GLSSROW\n", ..NOTE }, &good), "it is no note");
        assert_eq!(told(DerivedFormat { version: 4, ..NOTE }, &good), "another release made it");
        for at in 12..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            assert_eq!(told(NOTE, &bad), "it is damaged", "byte {at}");
        }
        let short = NOTE.write(&"seven");
        assert!(told(NOTE, &short).starts_with("it cannot be read: "));
    }
}
