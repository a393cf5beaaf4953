//! Bodies that come compressed, each undone within a bound: a bomb costs no more than a large body.

use std::io::{self, Read};

use brotli_decompressor::{BrotliDecoderParameter, Decompressor};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};

/// A coding of RFC 9110, 8.4.1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Coding {
    Gzip,
    Deflate,
    Brotli,
}

/// Why a body cannot be had without its compression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Compressed {
    /// Not what its coding says, or cut off.
    Broken,
    /// Larger than the bound.
    TooLarge,
}

/// Bytes of a compressed body that are looked at together.
const BUFFER_BYTES: usize = 4096;

impl Coding {
    /// By its registered name, in any case.
    pub(crate) fn named(name: &str) -> Option<Coding> {
        let known = [
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("deflate", Coding::Deflate),
            ("br", Coding::Brotli),
        ];
        known.into_iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, coding)| coding)
    }

    /// The body without it, of at most so many bytes.
    pub(crate) fn undo(self, body: &[u8], bytes_max: usize) -> Result<Vec<u8>, Compressed> {
        match self {
            Coding::Gzip => read(MultiGzDecoder::new(body), bytes_max),
            // It is the zlib format, but some servers send what stands within that.
            Coding::Deflate => match read(ZlibDecoder::new(body), bytes_max) {
                Err(Compressed::Broken) => read(DeflateDecoder::new(body), bytes_max),
                done => done,
            },
            Coding::Brotli => {
                let mut reader = Decompressor::new(body, BUFFER_BYTES);
                // A window of up to 1 GiB is no part of RFC 7932.
                reader.set_parameter(BrotliDecoderParameter::BROTLI_DECODER_PARAM_LARGE_WINDOW, 0);
                read(reader, bytes_max)
            }
        }
    }
}

fn read(reader: impl Read, bytes_max: usize) -> Result<Vec<u8>, Compressed> {
    let mut plain = Vec::new();
    let bound = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let done: io::Result<usize> = reader.take(bound).read_to_end(&mut plain);
    match done {
        Ok(_) if plain.len() > bytes_max => Err(Compressed::TooLarge),
        Ok(_) => Ok(plain),
        Err(_) => Err(Compressed::Broken),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

    use super::*;

    const MAX: usize = 1024 * 1024;

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

    fn deflate(bytes: &[u8]) -> Vec<u8> {
        let mut writer = DeflateEncoder::new(Vec::new(), Compression::best());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    /// What `zlib.brotliCompressSync` of Node.js made of 210 bytes, of 64 MiB of the letter a, and of the same
    /// with a window of 1 GiB.
    const BROTLI: &str = "1bd10000a44574f6fa66259d485695674226f2ed00";
    const BROTLI_BOMB: &str = "cfffff7ff825c2e2b14020f7fe9ffffffff04b00c4610180eefd3fffffffe1970088c32200ddfbfff\
                               cffffc72f0110870500baf7ff";
    const BROTLI_LARGE_WINDOW: &str = "111effffffe197088bc70201b9f7fffcffff875f02200e0b00e8defff3ffff1f7e0980382c\
                                       00a07bff9ffffffff82500e2b00080eefd3f";

    fn hex(text: &str) -> Vec<u8> {
        let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).unwrap();
        (0..text.len()).step_by(2).map(byte).collect()
    }

    fn text() -> Vec<u8> {
        b"{\"outcome\":\"success\"}".repeat(10)
    }

    #[test]
    fn each_coding_is_undone() {
        let text = text();
        for (name, body) in [
            ("gzip", gzip(&text)),
            ("X-GZIP", [gzip(&text[..30]), gzip(&text[30..])].concat()),
            ("deflate", zlib(&text)),
            ("Deflate", deflate(&text)),
            ("br", hex(BROTLI)),
        ] {
            assert_eq!(Coding::named(name).unwrap().undo(&body, MAX).unwrap(), text, "{name}");
            assert_eq!(Coding::named(name).unwrap().undo(&body, 210).unwrap(), text, "{name}");
            assert_eq!(Coding::named(name).unwrap().undo(&body, 209), Err(Compressed::TooLarge), "{name}");
        }
        assert_eq!((Coding::named("zstd"), Coding::named("identity"), Coding::named("")), (None, None, None));
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_grown() {
        let large = vec![b'a'; 64 * MAX];
        for (coding, bomb) in [
            (Coding::Gzip, gzip(&large)),
            (Coding::Deflate, zlib(&large)),
            (Coding::Deflate, deflate(&large)),
            (Coding::Brotli, hex(BROTLI_BOMB)),
        ] {
            assert!(bomb.len() < MAX / 8, "{coding:?} {}", bomb.len());
            assert_eq!(coding.undo(&bomb, MAX), Err(Compressed::TooLarge), "{coding:?}");
        }
    }

    #[test]
    fn what_is_cut_off_or_something_else_is_broken() {
        let text = text();
        for (coding, body) in
            [(Coding::Gzip, gzip(&text)), (Coding::Deflate, zlib(&text)), (Coding::Brotli, hex(BROTLI))]
        {
            assert_eq!(coding.undo(&body[..body.len() / 2], MAX), Err(Compressed::Broken), "{coding:?}");
            assert_eq!(coding.undo(b"outcome=success", MAX), Err(Compressed::Broken), "{coding:?}");
        }
        assert_eq!(Coding::Brotli.undo(&hex(BROTLI_LARGE_WINDOW), MAX), Err(Compressed::Broken));
    }
}
