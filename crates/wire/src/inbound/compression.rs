//! Bodies that come compressed: gzip alone, as the answer to others says.

use std::borrow::Cow;

use super::{INTAKE_BODY_BYTES_MAX, Refusal};
use crate::compression::{Coding, Compressed};

/// The body without its compression. What would grow past [`INTAKE_BODY_BYTES_MAX`] is refused when it
/// gets there, so a bomb costs no more than a large lead.
pub(super) fn decompress<'a>(
    content_encoding: Option<&[u8]>,
    body: &'a [u8],
) -> Result<Cow<'a, [u8]>, Refusal> {
    let name = content_encoding.map(String::from_utf8_lossy).unwrap_or_default();
    let name = name.trim();
    if name.is_empty() || name.eq_ignore_ascii_case("identity") {
        return Ok(Cow::Borrowed(body));
    }
    let Some(Coding::Gzip) = Coding::named(name) else {
        return Err(Refusal::Encoding(name.chars().take(40).collect()));
    };
    if body.is_empty() {
        return Ok(Cow::Borrowed(body));
    }
    match Coding::Gzip.undo(body, INTAKE_BODY_BYTES_MAX) {
        Ok(plain) => Ok(Cow::Owned(plain)),
        Err(Compressed::TooLarge) => Err(Refusal::TooLarge),
        Err(Compressed::Broken) => Err(Refusal::NotText("gzip, as the Content-Encoding says")),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(bytes: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::best());
        writer.write_all(bytes).unwrap();
        writer.finish().unwrap()
    }

    #[test]
    fn gzip_is_undone_and_nothing_else_is_known() {
        assert_eq!(&*decompress(Some(b"GZIP"), &gzip(b"a=1")).unwrap(), b"a=1");
        assert_eq!(&*decompress(Some(b"identity"), b"a=1").unwrap(), b"a=1");
        assert_eq!(&*decompress(None, b"a=1").unwrap(), b"a=1");
        assert_eq!(decompress(Some(b"br"), b"a=1"), Err(Refusal::Encoding("br".into())));
        let wanted = Err(Refusal::NotText("gzip, as the Content-Encoding says"));
        assert_eq!(decompress(Some(b"gzip"), b"a=1"), wanted);
        let cut = gzip(b"a=1");
        assert_eq!(decompress(Some(b"gzip"), &cut[..cut.len() - 9]), wanted);
    }

    #[test]
    fn a_bomb_is_refused_before_it_has_grown() {
        let bomb = gzip(&vec![b'a'; 64 * INTAKE_BODY_BYTES_MAX]);
        assert!(bomb.len() < INTAKE_BODY_BYTES_MAX / 8, "{}", bomb.len());
        assert_eq!(decompress(Some(b"gzip"), &bomb), Err(Refusal::TooLarge));
        let largest = vec![b'a'; INTAKE_BODY_BYTES_MAX];
        assert_eq!(&*decompress(Some(b"gzip"), &gzip(&largest)).unwrap(), largest);
    }
}
