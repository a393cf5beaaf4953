//! Names of persons in one text, split into their parts.

use super::{Parsed, parse_text};
use crate::Value;

/// `Dr. Joe Q. Bloggs Jr.` or `Bloggs, Joe Q., Jr.`: a given and a family name at least. The normal
/// form has the family name after the others.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let name = split(text)?;
        let normal = name.joined();
        // What is put together must read as itself.
        let again = split(&normal)?;
        if again.joined() != normal {
            return None;
        }
        let parts = [
            ("salutation", name.salutation),
            ("first", name.first),
            ("middle", name.middle),
            ("last", name.last),
            ("suffix", name.suffix),
        ];
        let components = parts.into_iter().filter(|(_, part)| !part.is_empty());
        Some(Parsed::valid(
            Value::text(normal),
            components.map(|(name, part)| (name, Value::text(part.join(" ")))).collect(),
        ))
    })
}

/// Longest name, in bytes.
const TEXT_BYTES_MAX: usize = 300;

/// Words before a name, without points.
const SALUTATIONS: [&str; 24] = [
    "mr",
    "mister",
    "mrs",
    "ms",
    "miss",
    "mx",
    "dr",
    "doctor",
    "prof",
    "professor",
    "rev",
    "reverend",
    "fr",
    "father",
    "sr",
    "sir",
    "madam",
    "dame",
    "lord",
    "lady",
    "hon",
    "capt",
    "sgt",
    "lt",
];
/// Ranks and offices, without points. Written out some of them are names too: they stand before a name when a point
/// follows them, or when a whole name is left.
const RANKS: [&str; 22] = [
    "maj",
    "major",
    "gen",
    "general",
    "col",
    "colonel",
    "cpl",
    "corporal",
    "cmdr",
    "commander",
    "adm",
    "admiral",
    "pvt",
    "private",
    "captain",
    "sergeant",
    "lieutenant",
    "pastor",
    "rabbi",
    "judge",
    "sen",
    "gov",
];
/// Words after a name, without points.
const SUFFIXES: [&str; 23] = [
    "jr", "junior", "sr", "senior", "ii", "iii", "iv", "vi", "vii", "2nd", "3rd", "4th", "md", "phd", "dds",
    "dvm", "esq", "esquire", "cpa", "rn", "jd", "mba", "pe",
];
/// Small words that a family name begins with.
const PARTICLES: [&str; 26] = [
    "van", "von", "der", "den", "de", "del", "della", "di", "da", "do", "dos", "das", "du", "la", "le",
    "las", "los", "ter", "ten", "bin", "ibn", "al", "el", "st", "san", "y",
];

/// The words of each part.
#[derive(Default)]
struct Name<'a> {
    salutation: Vec<&'a str>,
    first: Vec<&'a str>,
    middle: Vec<&'a str>,
    last: Vec<&'a str>,
    suffix: Vec<&'a str>,
}

impl Name<'_> {
    fn joined(&self) -> String {
        [&self.salutation, &self.first, &self.middle, &self.last, &self.suffix]
            .into_iter()
            .flatten()
            .copied()
            .collect::<Vec<_>>()
            .join(" ")
    }
}

fn is_one_of(words: &[&str], word: &str) -> bool {
    if word.is_ascii() {
        let plain = || word.bytes().filter(|byte| *byte != b'.').map(|byte| byte.to_ascii_lowercase());
        return words.iter().any(|own| plain().eq(own.bytes()));
    }
    let plain: String = word.chars().filter(|c| *c != '.').flat_map(char::to_lowercase).collect();
    words.contains(&plain.as_str())
}

fn is_suffix(word: &str) -> bool {
    is_one_of(&SUFFIXES, word)
}

/// A suffix only behind a whole name: alone it is an initial.
const FIFTH: &str = "V";

fn split(text: &str) -> Option<Name<'_>> {
    let mut parts: Vec<Vec<&str>> = text
        .split(',')
        .map(|part| part.split_whitespace().collect::<Vec<_>>())
        .filter(|part| !part.is_empty())
        .collect();
    let mut name = Name::default();
    // `Bloggs, Joe, Jr.` and `Joe Bloggs, Jr.`: what stands after a comma and is a suffix.
    let mut suffix = Vec::new();
    while let [before @ .., last] = parts.as_slice()
        && !before.is_empty()
        && (last.iter().all(|word| is_suffix(word)) || (last == &[FIFTH] && is_whole(before)))
    {
        suffix.splice(0..0, parts.pop().unwrap_or_default());
    }
    // `Jr., Joe Bloggs`.
    if let [first, after @ ..] = parts.as_slice()
        && first.iter().all(|word| is_suffix(word))
        && is_whole(after)
    {
        suffix.splice(0..0, parts.remove(0));
    }
    match parts.as_mut_slice() {
        [one] => {
            name.salutation = cut_salutation(one, 2);
            name.suffix = cut_suffix(one, 2);
            let (first, rest) = one.split_first()?;
            let (_, before) = rest.split_last()?;
            // The family name begins with its first small word, or is the last word.
            let at = before.iter().position(|word| is_one_of(&PARTICLES, word)).unwrap_or(before.len());
            name.first = vec![first];
            name.middle = rest[..at].to_vec();
            name.last = rest[at..].to_vec();
        }
        [last, given] => {
            name.salutation = cut_salutation(given, 1);
            name.suffix = cut_suffix(last, 1);
            let own = cut_suffix(given, 2);
            name.suffix.extend(own);
            let (first, middle) = given.split_first()?;
            name.first = vec![first];
            name.middle = middle.to_vec();
            name.last = last.clone();
        }
        _ => return None,
    }
    name.suffix.extend(suffix);
    if name.last.is_empty() {
        return None;
    }
    let good = [&name.first, &name.middle, &name.last].into_iter().flatten().all(|word| is_name_word(word));
    good.then_some(name)
}

/// Whether a given and a family name stand there.
fn is_whole(parts: &[Vec<&str>]) -> bool {
    match parts {
        [] => false,
        [one] => one.len() > 1 && !one.first().is_some_and(|word| is_one_of(&PARTICLES, word)),
        [..] => true,
    }
}

/// Cuts what stands before a name, as long as a word is left: titles, ranks, and what joins two of them, as in
/// `Mr. and Mrs.`. A rank without a point goes before so many words of a name.
fn cut_salutation<'a>(words: &mut Vec<&'a str>, words_of_name: usize) -> Vec<&'a str> {
    let is_title = |word: &str| is_one_of(&SALUTATIONS, word);
    let is_rank = |word: &str| is_one_of(&RANKS, word);
    let mut count = 0;
    while let Some((word, after)) = words.get(count..).and_then(<[&str]>::split_first) {
        if is_title(word) || (is_rank(word) && (word.ends_with('.') || after.len() >= words_of_name)) {
            count += 1;
        } else if count > 0 && is_and(word) && after.first().is_some_and(|next| is_title(next)) {
            count += 2;
        } else {
            break;
        }
    }
    count = count.min(words.len().saturating_sub(1));
    words.drain(..count).collect()
}

/// Cuts what stands after a name, as long as a word is left; the fifth of a name as long as so many are.
fn cut_suffix<'a>(words: &mut Vec<&'a str>, beside_the_fifth: usize) -> Vec<&'a str> {
    let mut count = 0;
    while let Some(at) = words.len().checked_sub(count + 1)
        && let (before, [word, ..]) = words.split_at(at)
        && !before.is_empty()
        && (is_suffix(word) || (*word == FIFTH && before.len() >= beside_the_fifth))
    {
        count += 1;
    }
    words.split_off(words.len() - count)
}

/// Joins two persons, and so is part of nobody's name.
fn is_and(word: &str) -> bool {
    word == "&" || word == "+" || word.eq_ignore_ascii_case("and")
}

/// A letter in it, and nothing that names do not have.
fn is_name_word(word: &str) -> bool {
    let good = |c: char| {
        c.is_alphabetic()
            || matches!(c, '.' | '-' | '\'' | '\u{2019}' | '\u{2018}' | '`' | '\u{2010}' | '(' | ')' | '"')
            || ('\u{300}'..='\u{36f}').contains(&c)
    };
    word.contains(char::is_alphabetic) && word.chars().all(good) && !is_and(word)
}
