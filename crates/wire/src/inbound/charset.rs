//! From bytes to text, by the charset that the source names. Nothing is guessed: what cannot be read is refused.

use std::borrow::Cow;

use super::Refusal;
pub(super) use crate::charset::Charset;

/// Longest part of a name that a refusal repeats, in characters.
const SHOWN_CHARS_MAX: usize = 40;

impl Charset {
    /// The charset of a name, in either case.
    pub(super) fn named(name: &str) -> Result<Charset, Refusal> {
        Charset::of_name(name).ok_or_else(|| Refusal::Charset(name.chars().take(SHOWN_CHARS_MAX).collect()))
    }

    /// The text, when all bytes are some.
    pub(super) fn text(self, bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
        let told = if self.is_utf_8() { "UTF-8 text" } else { "text of their charset" };
        self.strict(bytes).ok_or(Refusal::NotText(told))
    }

    /// The text of a whole body, without its byte order mark, which tells the charset better than a
    /// header does.
    pub(super) fn document(self, bytes: &[u8]) -> Result<Cow<'_, str>, Refusal> {
        let (charset, mark_bytes) = Charset::of_mark(bytes).unwrap_or((self, 0));
        charset.text(&bytes[mark_bytes..])
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
