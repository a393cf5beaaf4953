//! What another party was sent that is made of sensitive values, to be found where it repeats it: parts,
//! digests and whatever else a template makes of them, which no search for the values could know.

use super::spelling::Spelling;

/// A text of a request, and what the record of the request has in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentText {
    /// The word before it, by which the other party knows it: the parameter, the member.
    pub name: String,
    /// As it was sent.
    pub sent: String,
    /// As it is recorded, which is something else.
    pub recorded: String,
}

/// Texts with fewer characters are everywhere: they are found behind their name only.
const TELLING_ALONE_CHARS: usize = 3;
/// Texts with as many characters are found within words.
const TELLING_WITHIN_CHARS: usize = 5;

impl SentText {
    /// The word that a text ends with, marks after it left out: `ssn` of `/v1?age=4&ssn=`.
    pub fn word_before(text: &str) -> &str {
        let text = text.trim_end_matches(|letter: char| !letter.is_alphanumeric());
        let start = text.rfind(|letter: char| !is_of_word(letter));
        start.map_or(text, |at| {
            let after = &text[at..];
            &after[after.chars().next().map_or(0, char::len_utf8)..]
        })
    }

    /// How to find it. Where the record has stars for some of its characters, only those are told by it.
    pub(super) fn spellings(&self) -> Vec<Spelling> {
        let sent: Vec<char> = self.sent.chars().collect();
        let recorded: Vec<char> = self.recorded.chars().collect();
        let is_starred = |at: usize| recorded[at] == '*' && sent[at] != '*';
        let is_twin = sent.len() == recorded.len()
            && (0..sent.len()).all(|at| sent[at] == recorded[at] || is_starred(at));
        if !is_twin {
            return spelled(&self.name, &self.sent);
        }
        let mut spellings = Vec::new();
        let mut at = 0;
        while at < sent.len() {
            let start = at;
            while at < sent.len() && is_starred(at) {
                at += 1;
            }
            if start == at {
                at += 1;
                continue;
            }
            let text = |chars: &[char]| chars.iter().collect::<String>();
            let before = text(&sent[..start]);
            let word = Some(SentText::word_before(&before)).filter(|word| !word.is_empty());
            spellings.extend(spelled(word.unwrap_or(&self.name), &text(&sent[start..at])));
            // What is found only alone may stand in a word, and the word is repeated as it is.
            let head = sent[..start].iter().rev().take_while(|letter| letter.is_alphanumeric()).count();
            let tail = sent[at..].iter().take_while(|letter| letter.is_alphanumeric()).count();
            if at - start < TELLING_WITHIN_CHARS && head + tail > 0 {
                spellings.extend(spelled(&self.name, &text(&sent[start - head..at + tail])));
            }
        }
        spellings
    }
}

pub(super) fn is_of_word(letter: char) -> bool {
    letter.is_alphanumeric() || matches!(letter, '_' | '-')
}

fn spelled(name: &str, text: &str) -> Vec<Spelling> {
    let text = text.trim();
    if !text.chars().any(char::is_alphanumeric) {
        return Vec::new();
    }
    match text.chars().count() {
        ..TELLING_ALONE_CHARS => Spelling::after(name, text).into_iter().collect(),
        TELLING_ALONE_CHARS => Spelling::part(text),
        _ => Spelling::of(text),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::super::{Kind, Redactor};
    use super::*;

    fn check(sent: &[(&str, &str, &str)], reply: &str, wanted: Expect) {
        let mut redactor = Redactor::general();
        for (name, sent, recorded) in sent {
            redactor.learn_sent(&SentText {
                name: (*name).to_owned(),
                sent: (*sent).to_owned(),
                recorded: (*recorded).to_owned(),
            });
        }
        let masked = redactor.bytes(Kind::Answered, reply.as_bytes());
        wanted.assert_eq(&masked.map_or_else(|| reply.to_owned(), |text| String::from_utf8(text).unwrap()));
    }

    #[test]
    fn parts_are_found_where_they_stand_alone() {
        check(
            &[("last", "8847", "****"), ("first", "219", "***")],
            "xxx-xx-8847, 8847a 88470 <f>219</f> l4=8847&f=%32%31%39 219.5 2190",
            expect!["xxx-xx-****, 8847a 88470 <f>***</f> l4=****&f=*** ***.5 2190"],
        );
    }

    #[test]
    fn what_is_short_is_found_behind_its_name_only() {
        check(
            &[("mid", "09", "**")],
            r#"{"mid":"09","n":"09","mid":9} <MID>09</MID> [mid] => 09 amid=09 mid=091 09"#,
            expect![[r#"{"mid":"**","n":"09","mid":9} <MID>**</MID> [mid] => ** amid=09 mid=091 09"#]],
        );
    }

    #[test]
    fn what_is_made_of_a_value_is_found_whole() {
        check(
            &[("h", "db1f08a02ae61b3fa13a1999d26c5d3f", "0ccf1c1f2d0b8b9d0c0d43b2a3d6d1a4")],
            "seen DB1F08A02AE61B3FA13A1999D26C5D3F.",
            expect!["seen ********************************."],
        );
    }

    #[test]
    fn only_what_the_record_has_stars_for_is_told_by_a_text() {
        check(
            &[("note", "Zebulon8847 calls at 5", "Zebulon**** calls at 5")],
            "Zebulon8847 called at 5, Zebulon 8847",
            expect!["*********** called at 5, Zebulon ****"],
        );
    }

    #[test]
    fn the_name_is_the_word_before() {
        for (text, word) in [
            ("https://example.com/v1?age=4&ssn_mid=", "ssn_mid"),
            ("SSN: ", "SSN"),
            ("a.b", "b"),
            ("/", ""),
            ("é ", "é"),
        ] {
            assert_eq!(SentText::word_before(text), word, "{text}");
        }
    }
}
