//! From bytes to text: by the charset that is named, in a header or in the text itself, or that its bytes show.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

/// How bytes are to be read as text. Names are those of the WHATWG Encoding Standard, in which
/// `iso-8859-1` and `us-ascii` mean `windows-1252`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Charset(&'static Encoding);

/// How far into a document its charset is looked for, in bytes.
const HEAD_BYTES: usize = 1024;

impl Charset {
    pub(crate) const UTF_8: Charset = Charset(UTF_8);

    /// The charset of a name, in either case; none when it is not known.
    pub(crate) fn of_name(name: &str) -> Option<Charset> {
        Encoding::for_label_no_replacement(name.as_bytes()).map(Charset)
    }

    /// The charset that a byte order mark tells, and how many bytes the mark has.
    pub(crate) fn of_mark(bytes: &[u8]) -> Option<(Charset, usize)> {
        Encoding::for_bom(bytes).map(|(encoding, length)| (Charset(encoding), length))
    }

    /// UTF-16 that begins with a letter of ASCII, half of which is a zero.
    pub(crate) fn of_zeros(bytes: &[u8]) -> Option<Charset> {
        match bytes {
            [0, 1..=0x7f, ..] => Some(Charset(UTF_16BE)),
            [1..=0x7f, 0, ..] => Some(Charset(UTF_16LE)),
            _ => None,
        }
    }

    /// Whether letters of ASCII take more than a byte.
    pub(crate) fn is_wide(self) -> bool {
        self.0 == UTF_16LE || self.0 == UTF_16BE
    }

    /// The text, when all bytes are some; nothing is guessed.
    pub(crate) fn strict(self, bytes: &[u8]) -> Option<Cow<'_, str>> {
        self.0.decode_without_bom_handling_and_without_replacement(bytes)
    }

    /// The text, whatever the bytes are. What is no UTF-8 where UTF-8 should be is read as windows-1252, byte by
    /// byte; and what is UTF-8 throughout is read as that where windows-1252 is named, since many servers name
    /// it, or ISO-8859-1, whatever they send.
    pub(crate) fn lenient(self, bytes: &[u8]) -> Cow<'_, str> {
        if self.0 == UTF_8 || self.0 == WINDOWS_1252 {
            return match str::from_utf8(bytes) {
                Ok(text) => Cow::Borrowed(text),
                Err(_) if self.0 == UTF_8 => Cow::Owned(patched(bytes)),
                Err(_) => WINDOWS_1252.decode_without_bom_handling(bytes).0,
            };
        }
        self.0.decode_without_bom_handling(bytes).0
    }

    pub(crate) fn is_utf_8(self) -> bool {
        self.0 == UTF_8
    }
}

/// UTF-8 with whatever is none read as windows-1252.
fn patched(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 8);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
    }
    text
}

/// The charset that a content type names.
pub(crate) fn named_in_type(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|part| {
        let (name, value) = part.split_once('=')?;
        name.trim().eq_ignore_ascii_case("charset").then(|| value.trim().trim_matches(['"', '\'']).trim())
    })
}

/// The charset that the XML declaration names.
pub(crate) fn named_in_xml(body: &[u8]) -> Option<&str> {
    let declaration = body.trim_ascii_start().strip_prefix(b"<?xml")?;
    let end = declaration.iter().take(200).position(|byte| *byte == b'>')?;
    let declaration = std::str::from_utf8(&declaration[..end]).ok()?;
    let rest = declaration.split_once("encoding")?.1.trim_start().strip_prefix('=')?.trim_start();
    let quote = rest.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    rest[1..].split(quote).next()
}

/// The charset that a page of HTML names: `<meta charset="…">`, or a content type within a `<meta>`.
pub(crate) fn named_in_html(body: &[u8]) -> Option<String> {
    let head: String =
        body.iter().take(HEAD_BYTES).map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    head.split("<meta").skip(1).find_map(|rest| {
        let tag = rest.split('>').next()?;
        let named = tag.split_once("charset")?.1.trim_start().strip_prefix('=')?;
        let named = named.trim_start().trim_start_matches(['"', '\'']);
        let name: String = named.chars().take_while(|letter| !" \t\r\n\"';/>".contains(*letter)).collect();
        (!name.is_empty()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn charsets_are_found_where_they_are_named() {
        assert_eq!(named_in_type("text/html; a=b; Charset=\"ISO-8859-1\""), Some("ISO-8859-1"));
        assert_eq!(named_in_type("text/html"), None);
        assert_eq!(named_in_xml(b"\n<?xml version='1.0' encoding = 'koi8-r'?><a/>"), Some("koi8-r"));
        assert_eq!(named_in_xml(b"<a encoding='koi8-r'/>"), None);
        for (page, wanted) in [
            ("<META Charset=latin1>", Some("latin1")),
            ("<html><meta name=x><meta charset = 'Shift_JIS' >", Some("shift_jis")),
            ("<meta http-equiv='c' content='text/html; charset=iso-8859-2'>", Some("iso-8859-2")),
            ("<p>charset=x", None),
            ("<meta charset=''>", None),
        ] {
            assert_eq!(named_in_html(page.as_bytes()).as_deref(), wanted, "{page}");
        }
        let late = format!("{}<meta charset=latin1>", " ".repeat(HEAD_BYTES));
        assert_eq!(named_in_html(late.as_bytes()), None);
    }

    #[test]
    fn nothing_is_lost_where_text_is_read_leniently() {
        let read = |name: &str, bytes: &[u8]| Charset::of_name(name).unwrap().lenient(bytes).into_owned();
        assert_eq!(read("utf-8", b"N\xe3o \xc3\xa9 \x80"), "Não é €");
        assert_eq!(read("iso-8859-1", b"N\xe3o"), "Não");
        assert_eq!(read("iso-8859-1", "Não".as_bytes()), "Não");
        assert_eq!(read("windows-1251", b"\xcd\xe5\xf2"), "Нет");
        assert_eq!(read("utf-16be", b"\0N\0\xe3\0o"), "Não");
    }
}
