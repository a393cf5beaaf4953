//! Replies that come compressed, which nobody asked for.

use super::Reply;
use crate::compression::{Coding, Compressed};

/// Most codings of one reply that are undone.
const CODINGS_MAX: usize = 3;

/// Why the body of a reply cannot be had without its compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CodingError {
    /// Cut off, or something else than the reply says.
    #[error("the body of the reply is not compressed as its Content-Encoding says")]
    Broken,
    /// More than fits.
    #[error("the reply is too large once it is decompressed")]
    TooLarge,
    /// More codings than anybody needs.
    #[error("the reply is compressed more than {CODINGS_MAX} times")]
    TooMany,
}

impl Reply {
    /// The reply with its body as it was before `gzip`, `deflate` and `br`, and without the headers
    /// that say how it was carried. A coding that is not known (servers write `UTF-8` or `none` there)
    /// and a body that is no gzip from its first byte on are left as they are.
    ///
    /// # Errors
    /// When the body is broken, or grows past `bytes_max`.
    pub fn without_compression(mut self, bytes_max: usize) -> Result<Reply, CodingError> {
        let named: Vec<&[u8]> = self
            .headers
            .iter()
            .filter(|(name, _)| name == "content-encoding")
            .flat_map(|(_, value)| value.split(|byte| *byte == b','))
            .map(<[u8]>::trim_ascii)
            .filter(|name| !name.is_empty() && !name.eq_ignore_ascii_case(b"identity"))
            .collect();
        if named.is_empty() || self.body.is_empty() {
            return Ok(self);
        }
        let codings: Option<Vec<Coding>> =
            named.iter().map(|name| Coding::named(std::str::from_utf8(name).ok()?)).collect();
        let Some(codings) = codings else { return Ok(self) };
        if codings.len() > CODINGS_MAX {
            return Err(CodingError::TooMany);
        }
        if codings.last() == Some(&Coding::Gzip) && !self.body.starts_with(&[0x1f, 0x8b]) {
            return Ok(self);
        }
        // They are named in the order in which they were applied.
        for coding in codings.into_iter().rev() {
            self.body = coding.undo(&self.body, bytes_max).map_err(|trouble| match trouble {
                Compressed::Broken => CodingError::Broken,
                Compressed::TooLarge => CodingError::TooLarge,
            })?;
        }
        self.headers.retain(|(name, _)| name != "content-encoding" && name != "content-length");
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{GzEncoder, ZlibEncoder};

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::best());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut writer = ZlibEncoder::new(Vec::new(), Compression::best());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    fn read(encodings: &[&str], body: &[u8], bytes_max: usize) -> Result<(String, usize), String> {
        let encodings = encodings.iter().map(|value| ("content-encoding", *value));
        let length = body.len().to_string();
        let others = [("content-length", length.as_str()), ("x-note", "n")];
        let headers = encodings.chain(others).map(|(name, value)| (name.to_owned(), value.into())).collect();
        let reply = Reply { status: 200, headers, body: body.to_vec() };
        let read = reply.without_compression(bytes_max).map_err(|error| error.to_string())?;
        Ok((String::from_utf8_lossy(&read.body).into_owned(), read.headers.len()))
    }

    #[test]
    fn codings_are_undone_last_first_and_their_headers_are_gone() {
        let undone = Ok(("ok".to_owned(), 1));
        assert_eq!(read(&["gzip"], &gzip(b"ok"), 10), undone);
        assert_eq!(read(&["identity, GZIP ,"], &gzip(b"ok"), 10), undone);
        assert_eq!(read(&["deflate, gzip"], &gzip(&zlib(b"ok")), 100), undone);
        assert_eq!(read(&["deflate", "gzip"], &gzip(&zlib(b"ok")), 100), undone);
    }

    #[test]
    fn what_no_compression_was_meant_by_is_left_alone() {
        for (encodings, headers) in [
            (&["identity"][..], 3),
            (&["UTF-8"], 3),
            (&["none"], 3),
            (&["zstd, gzip"], 3),
            (&["gzip"], 3),
            (&[], 2),
        ] {
            assert_eq!(read(encodings, b"ok", 10), Ok(("ok".to_owned(), headers)), "{encodings:?}");
        }
        assert_eq!(read(&["gzip"], b"", 10), Ok((String::new(), 3)));
    }

    #[test]
    fn bombs_and_broken_bodies_are_told() {
        let bomb = gzip(&vec![b'a'; 1_000_000]);
        let too_large = Err("the reply is too large once it is decompressed".to_owned());
        assert_eq!(read(&["gzip"], &bomb, 999_999), too_large);
        // A bomb within a bomb stops at the first that grows too far.
        assert_eq!(read(&["gzip, gzip, gzip"], &gzip(&gzip(&bomb)), 900), too_large);
        let broken = Err("the body of the reply is not compressed as its Content-Encoding says".to_owned());
        assert_eq!(read(&["gzip"], &bomb[..bomb.len() - 9], 1_000_000), broken);
        assert_eq!(read(&["br"], b"ok", 10), broken);
        let many = Err("the reply is compressed more than 3 times".to_owned());
        assert_eq!(read(&["gzip, gzip, gzip, gzip"], &bomb, 10), many);
    }
}
