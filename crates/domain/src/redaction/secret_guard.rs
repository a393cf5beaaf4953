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
}
