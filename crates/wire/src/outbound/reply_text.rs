//! Replies as text: whatever charset they come in, they are read and kept in UTF-8.

use domain::ReplyForm;

use super::{REPLY_BODY_BYTES_MAX, Reply};
use crate::charset::{Charset, named_in_html, named_in_type, named_in_xml};

impl Reply {
    /// The reply with headers and body in UTF-8, and its head as it came. A byte order mark tells the charset,
    /// else the content type, the declaration of XML, or a `<meta>` of HTML; else it is UTF-8. Nothing is lost
    /// where bytes are not what is named.
    #[must_use]
    pub fn in_utf_8(mut self) -> Reply {
        let (charset, mark_bytes) = self.charset();
        self.change_to_utf_8(charset, mark_bytes);
        self
    }

    /// The charset of the body, and how many bytes of a mark stand before it.
    pub(super) fn charset(&self) -> (Charset, usize) {
        if let Some(marked) = Charset::of_mark(&self.body) {
            return marked;
        }
        let content_type = self.header("content-type");
        let named = content_type.and_then(named_in_type).and_then(Charset::of_name);
        let named = named.or_else(|| self.charset_named_within(content_type));
        // What has zeros is UTF-16, of which there are two.
        let shown = Charset::of_zeros(&self.body);
        let charset = match (named, shown) {
            (Some(named), Some(shown)) if named.is_wide() => shown,
            (Some(named), _) => named,
            (None, shown) => shown.unwrap_or(Charset::UTF_8),
        };
        (charset, 0)
    }

    fn charset_named_within(&self, content_type: Option<&str>) -> Option<Charset> {
        let body = self.body.trim_ascii_start();
        if !body.starts_with(b"<") {
            return None;
        }
        let within = match content_type.and_then(ReplyForm::of_content_type) {
            _ if body.starts_with(b"<?xml") => named_in_xml(body).and_then(Charset::of_name),
            Some(ReplyForm::Html) | None => named_in_html(body).as_deref().and_then(Charset::of_name),
            Some(ReplyForm::Json | ReplyForm::Xml | ReplyForm::Text) => None,
        };
        // What could be read as far as the name is no UTF-16, whatever it says.
        within.filter(|charset| !charset.is_wide())
    }

    /// Whether anything became another.
    pub(super) fn change_to_utf_8(&mut self, charset: Charset, mark_bytes: usize) -> bool {
        let mut changed = false;
        for (_, value) in &mut self.headers {
            if str::from_utf8(value).is_err() {
                *value = Charset::UTF_8.lenient(value).into_owned().into_bytes();
                changed = true;
            }
        }
        let text = charset.lenient(&self.body[mark_bytes..]);
        if text.as_bytes() == &self.body[mark_bytes..] && (mark_bytes == 0 || charset.is_utf_8()) {
            return changed;
        }
        let mut text = text.into_owned();
        // Letters may take more bytes than they did.
        if text.len() > REPLY_BODY_BYTES_MAX {
            let end = (0..=REPLY_BODY_BYTES_MAX).rev().find(|at| text.is_char_boundary(*at));
            text.truncate(end.unwrap_or_default());
        }
        self.body = text.into_bytes();
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: &str, body: &[u8]) -> String {
        let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
        let reply = Reply { status: 200, headers, body: body.to_vec() }.in_utf_8();
        String::from_utf8(reply.body).unwrap()
    }

    fn utf_16(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn a_charset_is_told_by_a_mark_the_head_or_the_body() {
        for (content_type, body) in [
            ("text/html; charset=iso-8859-1", b"N\xe3o".to_vec()),
            ("application/json; charset=\"windows-1252\"", b"N\xe3o".to_vec()),
            ("text/plain; charset=utf-16be", b"\0N\0\xe3\0o".to_vec()),
            ("text/plain; charset=utf-16", b"\0N\0\xe3\0o".to_vec()),
            ("text/plain; charset=utf-16", utf_16("Não")),
            ("text/plain; charset=iso-8859-1", [b"\xff\xfe".as_slice(), &utf_16("Não")].concat()),
            ("text/plain", utf_16("Não")),
            ("text/plain", b"N\xe3o".to_vec()),
            ("text/plain; charset=no-such", b"N\xe3o".to_vec()),
            ("text/plain; charset=iso-8859-1", "Não".into()),
        ] {
            assert_eq!(read(content_type, &body), "Não", "{content_type} {body:?}");
        }
        // The head counts more than the body, and a name within text is none.
        let cyrillic = b"<?xml version='1.0' encoding='koi8-r'?><a>\xc4\xc1</a>";
        assert!(read("text/xml", cyrillic).ends_with("<a>да</a>"));
        assert!(read("text/xml; charset=windows-1252", cyrillic).ends_with("<a>ÄÁ</a>"));
        assert!(read("text/html", b"<meta charset=koi8-r><p>\xc4\xc1").ends_with("<p>да"));
        assert!(read("text/plain", b"<meta charset=koi8-r>\xc4").ends_with('Ä'));
        assert!(read("text/html", b"<meta charset=utf-16><p>Ok").ends_with("<p>Ok"));
        assert!(read("text/xml", &utf_16("<?xml version='1.0' encoding='UTF-16'?><a/>")).ends_with("<a/>"));
    }

    #[test]
    fn a_reply_does_not_grow_past_its_bound() {
        let largest = vec![0xe4; REPLY_BODY_BYTES_MAX];
        let text = read("text/plain; charset=iso-8859-1", &largest);
        assert_eq!(text.len(), REPLY_BODY_BYTES_MAX);
    }
}
