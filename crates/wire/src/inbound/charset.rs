//! From bytes to text, by the charset that the source names.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8};

use super::Refusal;

/// Longest part of a name that a refusal repeats, in characters.
const SHOWN_CHARS_MAX: usize = 40;

/// How bytes are to be read as text. Names are those of the WHATWG Encoding Standard, in which
/// `iso-8859-1` and `us-ascii` mean `windows-1252`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Charset(&'static Encoding);

impl Charset {
    pub(super) const UTF_8: Charset = Charset(UTF_8);

    /// The charset of a name, in either case.
    pub(super) fn named(name: &str) -> Result<Charset, Refusal> {
        let known = Encoding::for_label_no_replacement(name.as_bytes()).map(Charset);
        known.ok_or_else(|| Refusal::Charset(name.chars().take(SHOWN_CHARS_MAX).collect()))
    }

    /// The text, when all bytes are some; nothing is guessed.
    pub(super) fn text(self, bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
        let text = self.0.decode_without_bom_handling_and_without_replacement(bytes);
        text.ok_or(Refusal::NotText(self.told()))
    }

    /// The text of a whole body, without its byte order mark, which tells the charset better than a
    /// header does.
    pub(super) fn document(self, bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
        let (charset, mark_bytes) =
            Encoding::for_bom(bytes).map_or((self, 0), |(marked, length)| (Charset(marked), length));
        charset.text(&bytes[mark_bytes..])
    }

    fn told(self) -> &'static str {
        if self.0 == UTF_8 { "UTF-8 text" } else { "text of their charset" }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_in_either_case_and_unknown_ones_are_refused() {
        for (name, bytes) in [
            ("UTF-8", "é".as_bytes()),
            ("utf8", "é".as_bytes()),
            ("ISO-8859-1", b"\xe9"),
            ("windows-1252", b"\xe9"),
            ("utf-16le", b"\xe9\0"),
        ] {
            assert_eq!(Charset::named(name).unwrap().text(bytes).unwrap(), "é", "{name}");
        }
        assert_eq!(Charset::named("ebcdic"), Err(Refusal::Charset("ebcdic".into())));
        assert_eq!(Charset::UTF_8.text(b"\xe9"), Err(Refusal::NotText("UTF-8 text")));
    }

    #[test]
    fn a_byte_order_mark_goes_and_tells_the_charset() {
        assert_eq!(Charset::UTF_8.document(b"\xef\xbb\xbfa").unwrap(), "a");
        assert_eq!(Charset::UTF_8.document(b"\xff\xfea\0").unwrap(), "a");
    }
}
