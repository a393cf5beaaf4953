//! Secrets in what other parties say: their replies, and the words that come with a fault.

use super::{Kind, Redactor};

/// Takes secrets out of the words of other parties before anything is read from them. Finds them as a
/// [`Redactor`] finds a lead's own values: in any case, escaped, as base64.
#[derive(Debug, Clone, Default)]
pub struct SecretGuard {
    // Invariant: knows its own values only; no pattern is looked for.
    redactor: Redactor,
}

impl SecretGuard {
    /// Against these texts. Those too short to be told from other words are left out.
    pub fn new<'a>(texts: impl IntoIterator<Item = &'a str>) -> SecretGuard {
        let mut redactor = Redactor::general();
        texts.into_iter().for_each(|text| redactor.learn(text));
        SecretGuard { redactor }
    }

    /// The same with stars for each character of a secret; nothing when none is there.
    pub fn masked(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.redactor.bytes(Kind::Reply, text)
    }

    /// The same for text.
    pub fn masked_text(&self, text: &str) -> Option<String> {
        self.masked(text.as_bytes()).map(|masked| String::from_utf8_lossy(&masked).into_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_found_however_they_are_written_and_nothing_else_is() {
        let guard = SecretGuard::new(["Hush-Hush 7", "abc", "b3Bl"]);
        let told = |text: &str| guard.masked_text(text).unwrap_or_else(|| "as it was".to_owned());
        for (text, wanted) in [
            (r#"{"key":"hush-hush 7","n":1}"#, r#"{"key":"***********","n":1}"#),
            (r#"{"key":"\u0068ush-hush 7"}"#, r#"{"key":"***********"}"#),
            ("a=Hush-Hush%207&b=1", "a=***********&b=1"),
            ("<k>Hush&#45;Hush 7</k>", "<k>***********</k>"),
            // `glass:Hush-Hush 7`
            ("Basic Z2xhc3M6SHVzaC1IdXNoIDc=", "Basic ***********************="),
            ("it is b3Bl.", "it is ****."),
            ("ab3Bla abc", "as it was"),
            // Numbers of cards and of social security are a lead's affair.
            ("4111111111111111 219-09-9999", "as it was"),
        ] {
            assert_eq!(told(text), wanted, "{text}");
        }
        assert_eq!(SecretGuard::default().masked(b"4111 1111 1111 1111"), None);
    }

    /// With the same letters and other bytes: such secrets came back in clear.
    #[test]
    fn letters_beyond_ascii_are_found_in_other_charsets_and_escapes() {
        let guard = SecretGuard::new(["Pä55wörd!ü"]);
        let stars = b"k=**********.".to_vec();
        let spellings: [(&str, &[u8]); 9] = [
            ("UTF-8", "k=Pä55wörd!ü.".as_bytes()),
            ("upper case", "k=PÄ55WÖRD!Ü.".as_bytes()),
            ("Latin-1", b"k=P\xe455w\xf6rd!\xfc."),
            ("entities", b"k=P&auml;55w&ouml;rd!&uuml;."),
            ("an address of Latin-1", b"k=P%E455w%F6rd%21%FC."),
            ("an address of UTF-8", b"k=P%C3%A455w%C3%B6rd%21%C3%BC."),
            ("escapes of Latin-1", br"k=P\xe455w\xf6rd!\xfc."),
            ("escapes of UTF-8", br"k=P\xc3\xa455w\xc3\xb6rd!\xc3\xbc."),
            ("escapes of JSON", br"k=P\u00e455w\u00f6rd!\u00fc."),
        ];
        for (name, text) in spellings {
            assert_eq!(guard.masked(text), Some(stars.clone()), "{name}");
        }
        // Base64 of Latin-1; and accents that are letters of their own, each with a star.
        assert_eq!(guard.masked_text("k=UOQ1NXf2cmQh_A.").as_deref(), Some("k=**************."));
        let apart = "k=Pa\u{308}55wo\u{308}rd!u\u{308}.";
        assert_eq!(guard.masked_text(apart).as_deref(), Some("k=*************."));
        assert_eq!(
            SecretGuard::new(["Pa\u{308}55wo\u{308}rd"]).masked_text("Pä55wörd").as_deref(),
            Some("********")
        );
        assert_eq!(guard.masked(b"k=P%E455word"), None);
    }
}
