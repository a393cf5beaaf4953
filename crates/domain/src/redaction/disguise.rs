//! Values in disguise, as a reply may repeat them: in words of base64 or of hexadecimal digits, and as
//! digests.

use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};
use std::sync::OnceLock;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use crate::FieldType;
use crate::parse::date;

/// Words that are looked into, in characters: shorter ones hold no value worth finding, and a header of
/// a request is no longer.
const WORD_CHARS: RangeInclusive<usize> = 8..=8 * 1024;

/// A word, and the bytes that it may stand for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Word {
    pub(super) at: Range<usize>,
    pub(super) bytes: Vec<u8>,
}

/// Words that may be base64, as in Basic authentication, or hexadecimal digits.
pub(super) fn words(chars: &[char]) -> impl Iterator<Item = Word> + '_ {
    let is_base64 = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '+' | '/' | '-' | '_');
    let in_base64 = runs(chars, is_base64).map(|at| Word { bytes: base64(&chars[at.clone()]), at });
    let in_hex = runs(chars, |letter| letter.is_ascii_hexdigit()).flat_map(|at| {
        // With a digit too many, it may stand at either end.
        let surplus = at.len() % 2;
        let cuts = [at.start..at.end - surplus, at.start + surplus..at.end];
        cuts.into_iter().take(1 + surplus).map(|at| Word { bytes: hex(&chars[at.clone()]), at })
    });
    in_base64.chain(in_hex)
}

/// Where letters stand together that belong to a word.
fn runs(chars: &[char], belongs: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while at < chars.len() {
            let start = at;
            while chars.get(at).is_some_and(|letter| belongs(*letter)) {
                at += 1;
            }
            let run = start..at;
            at += 1;
            if WORD_CHARS.contains(&run.len()) {
                return Some(run);
            }
        }
        None
    })
}

/// What base64 of either alphabet stands for, as far as it goes.
fn base64(chars: &[char]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(chars.len() * 3 / 4);
    let (mut bits, mut count) = (0_u32, 0);
    for letter in chars {
        let digit = match letter {
            'A'..='Z' => u32::from(*letter) - u32::from('A'),
            'a'..='z' => u32::from(*letter) - u32::from('a') + 26,
            '0'..='9' => u32::from(*letter) - u32::from('0') + 52,
            '+' | '-' => 62,
            _ => 63,
        };
        bits = (bits << 6) | digit;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from((bits >> count) & 0xff).expect("eight bits"));
        }
    }
    bytes
}

fn hex(chars: &[char]) -> Vec<u8> {
    let digit = |letter: char| letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
    chars.chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
}

/// Digests of a lead's values in the forms that partners digest, reckoned when a word is as long as one.
#[derive(Debug, Clone, Default)]
pub(super) struct Digests {
    values: Vec<(FieldType, String)>,
    known: OnceLock<HashSet<Vec<u8>>>,
}

/// Of MD5, SHA-1, SHA-256, SHA-384 and SHA-512, in bytes.
const DIGEST_BYTES: [usize; 5] = [16, 20, 32, 48, 64];

impl Digests {
    pub(super) fn add(&mut self, field_type: FieldType, text: &str) {
        self.values.push((field_type, text.trim().to_owned()));
    }

    /// Whether this is a digest of one of the values.
    pub(super) fn have(&self, bytes: &[u8]) -> bool {
        let known = || {
            let forms = self.values.iter().flat_map(|(field_type, text)| forms(*field_type, text));
            forms.filter(|form| !form.is_empty()).flat_map(|form| digests(form.as_bytes())).collect()
        };
        DIGEST_BYTES.contains(&bytes.len()) && self.known.get_or_init(known).contains(bytes)
    }
}

fn digests(bytes: &[u8]) -> [Vec<u8>; 5] {
    [
        Md5::digest(bytes).to_vec(),
        Sha1::digest(bytes).to_vec(),
        Sha256::digest(bytes).to_vec(),
        Sha384::digest(bytes).to_vec(),
        Sha512::digest(bytes).to_vec(),
    ]
}

/// A value as it came, in either case, and as values of its type are usually written.
fn forms(field_type: FieldType, text: &str) -> Vec<String> {
    let mut forms = vec![text.to_owned(), text.to_lowercase(), text.to_uppercase()];
    let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
    let mut group = |lengths: &[usize]| {
        let mut rest = digits.as_slice();
        let mut groups: Vec<String> = Vec::new();
        for length in lengths {
            let (head, tail) = rest.split_at((*length).min(rest.len()));
            groups.push(head.iter().collect());
            rest = tail;
        }
        groups.retain(|group| !group.is_empty());
        forms.extend(["", "-", " "].map(|between| groups.join(between)));
    };
    match field_type {
        FieldType::Ssn => group(&[3, 2, 4]),
        FieldType::CreditCard => group(&[4, 4, 4, 4, 4]),
        FieldType::Dob => {
            if let Some(day) = date::read(text) {
                let (year, month, day) = (day.year(), day.month(), day.day());
                forms.extend([
                    format!("{year:04}-{month:02}-{day:02}"),
                    format!("{year:04}/{month:02}/{day:02}"),
                    format!("{year:04}{month:02}{day:02}"),
                    format!("{month:02}/{day:02}/{year:04}"),
                    format!("{month:02}-{day:02}-{year:04}"),
                    format!("{month:02}{day:02}{year:04}"),
                    format!("{month}/{day}/{year}"),
                    format!("{day:02}/{month:02}/{year:04}"),
                ]);
            }
        }
        // Whoever hands on a credential hands it on as it is; nothing else is sensitive.
        FieldType::Credential
        | FieldType::String
        | FieldType::FirstName
        | FieldType::LastName
        | FieldType::FullName
        | FieldType::Gender
        | FieldType::Email
        | FieldType::Phone
        | FieldType::Street
        | FieldType::City
        | FieldType::State
        | FieldType::PostalCode
        | FieldType::Country
        | FieldType::Number
        | FieldType::Range
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Time
        | FieldType::Url
        | FieldType::Ip
        | FieldType::TrustedformUrl
        | FieldType::List => {}
    }
    forms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, String)> {
        let chars: Vec<char> = text.chars().collect();
        let found = words(&chars).map(|Word { at, bytes }| {
            (chars[at].iter().collect(), String::from_utf8_lossy(&bytes).into_owned())
        });
        found.collect()
    }

    #[test]
    fn words_are_read_as_base64_and_as_hexadecimal_digits() {
        let meant = |text: &str, wanted: &str| read(text).iter().any(|(_, meant)| meant == wanted);
        assert!(meant("x MjE5MDk5OTk5= y", "219099999"));
        assert!(meant("id=323139303939393939;", "219099999"));
        assert!(meant("id=3231393039393939390;", "219099999") && meant("f323139303939393939", "219099999"));
        assert!(read("short abc 123").is_empty() && read("").is_empty());
    }

    #[test]
    fn every_usual_form_of_a_value_is_digested() {
        let mut digests = Digests::default();
        digests.add(FieldType::Ssn, "219 09 9999");
        digests.add(FieldType::Dob, "1/5/1976");
        digests.add(FieldType::CreditCard, "4111111111111111");
        digests.add(FieldType::Credential, " Blue Whale ");
        for form in
            ["219099999", "219-09-9999", "1976-01-05", "01/05/1976", "4111-1111-1111-1111", "blue whale"]
        {
            assert!(digests.have(&Md5::digest(form)) && digests.have(&Sha512::digest(form)), "{form}");
        }
        assert!(
            !digests.have(&Md5::digest("219099998")) && !digests.have(&Md5::digest("")) && !digests.have(b"")
        );
    }
}
