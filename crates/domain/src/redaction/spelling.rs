//! Every spelling of one sensitive value: digits with anything between, text in either case, a day
//! in the ways people and forms write days.

use std::ops::Range;

use icu_normalizer::{ComposingNormalizerBorrowed, DecomposingNormalizerBorrowed};

use super::decoding;
use super::patterns::is_hyphen;
use super::sent::is_of_word;
use crate::parse::date;

/// Most characters between two digits of one number.
const BETWEEN_DIGITS_MAX: usize = 3;
/// Numbers with at least this many digits are found within longer ones, and whatever stands between
/// their digits; shorter ones would be found everywhere.
const TELLING_DIGITS: usize = 7;
/// Texts with at least this many characters are found within words.
const TELLING_CHARS: usize = 5;
/// Most characters between two parts of a date.
const BETWEEN_PARTS_MAX: usize = 3;
/// Most marks between a name and its value, as in `[day] => 5`.
const AFTER_WORD_MAX: usize = 6;

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

/// How one value may be spelled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Spelling {
    /// These digits in this order.
    Digits(Vec<char>),
    /// This text, in lower case.
    Text {
        chars: Vec<char>,
        /// Whether it counts only where no letter or digit stands beside it.
        alone: bool,
    },
    /// This day.
    Day { year: u32, month: u32, day: u32 },
    /// This text alone, behind this word; both in lower case.
    After { word: Vec<char>, chars: Vec<char> },
}

impl Spelling {
    /// The spellings of a whole value; none when it is too short to be told from other text.
    pub(super) fn of(text: &str) -> Vec<Spelling> {
        let text = text.trim();
        let mut spellings = Vec::new();
        let digits: Vec<char> = text.chars().filter(char::is_ascii_digit).collect();
        let letters = text.chars().filter(|letter| letter.is_alphabetic()).count();
        if digits.len() >= TELLING_DIGITS && letters == 0 {
            spellings.push(Spelling::Digits(digits));
        }
        let chars = text.chars().count();
        if chars >= TELLING_CHARS - 1 {
            spellings.extend(Spelling::texts(text, chars < TELLING_CHARS));
        }
        spellings
    }

    /// A whole value from its end to its beginning, as it is or its digits alone.
    pub(super) fn backwards(text: &str) -> Vec<Spelling> {
        let whole: String = text.trim().chars().rev().collect();
        let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
        let mut spellings = Vec::new();
        if whole.chars().count() >= TELLING_CHARS {
            spellings.extend(Spelling::texts(&whole, false));
        }
        if digits.len() >= TELLING_DIGITS && digits != whole {
            spellings.extend(Spelling::texts(&digits, false));
        }
        spellings
    }

    /// A part of a value, or one that is short: only where it stands alone.
    pub(super) fn part(text: &str) -> Vec<Spelling> {
        let text = text.trim();
        if text.is_empty() { Vec::new() } else { Spelling::texts(text, true) }
    }

    /// A text behind a word.
    pub(super) fn after(word: &str, text: &str) -> Option<Spelling> {
        let folded = |text: &str| text.trim().chars().map(folded).collect::<Vec<char>>();
        let (word, chars) = (folded(word), folded(text));
        (!word.is_empty() && !chars.is_empty()).then_some(Spelling::After { word, chars })
    }

    /// Whether a value under a name is it, whole.
    pub(super) fn is_all_of(&self, name: &str, text: &str) -> bool {
        let chars: Vec<char> = text.chars().map(folded).collect();
        match self {
            Spelling::After { word, chars: own } => {
                *own == chars && name.chars().map(folded).eq(word.iter().copied())
            }
            Spelling::Digits(_) | Spelling::Text { .. } | Spelling::Day { .. } => {
                let mut found = Vec::new();
                self.find(&chars, &mut found);
                found.contains(&(0..chars.len()))
            }
        }
    }

    /// The day that a text is, whatever its form.
    pub(super) fn day(text: &str) -> Option<Spelling> {
        let day = date::read(text.trim())?;
        let part = |part: i8| u32::try_from(part).ok();
        Some(Spelling::Day {
            year: u32::try_from(day.year()).ok()?,
            month: part(day.month())?,
            day: part(day.day())?,
        })
    }

    /// The text as it is, with its own escapes undone, and with accents as letters of their own or not.
    fn texts(text: &str, alone: bool) -> Vec<Spelling> {
        let plain: Vec<char> = text.chars().collect();
        let mut forms = vec![plain, decoding::undone(text)];
        if !text.is_ascii() {
            let composed = ComposingNormalizerBorrowed::new_nfc();
            let decomposed = DecomposingNormalizerBorrowed::new_nfd();
            forms.extend(
                [composed.normalize(text), decomposed.normalize(text)].map(|form| form.chars().collect()),
            );
        }
        let mut spellings = Vec::new();
        for form in forms {
            let chars: Vec<char> = form.into_iter().map(folded).collect();
            let spelling = Spelling::Text { chars, alone };
            let is_blank = matches!(&spelling, Spelling::Text { chars, .. } if chars.is_empty());
            if !is_blank && !spellings.contains(&spelling) {
                spellings.push(spelling);
            }
        }
        spellings
    }

    /// Whether it has letters that charsets write in different bytes.
    pub(super) fn is_beyond_ascii(&self) -> bool {
        match self {
            Spelling::Text { chars, .. } | Spelling::After { chars, .. } => !chars.iter().all(char::is_ascii),
            Spelling::Digits(_) | Spelling::Day { .. } => false,
        }
    }

    /// Where it stands in a text. `folded` are the characters in lower case.
    pub(super) fn find(&self, folded: &[char], found: &mut Vec<Range<usize>>) {
        match self {
            Spelling::Digits(digits) => find_digits(digits, folded, found),
            Spelling::Text { chars, alone } => find_text(chars, *alone, folded, found),
            Spelling::Day { year, month, day } => find_day([*year, *month, *day], folded, found),
            Spelling::After { word, chars } => find_after(word, chars, folded, found),
        }
    }
}

/// In lower case, with every blank a blank and every hyphen a hyphen; `+` is a blank in forms.
pub(super) fn folded(letter: char) -> char {
    if letter == '+' || letter.is_whitespace() {
        ' '
    } else if is_hyphen(letter) {
        '-'
    } else {
        letter.to_lowercase().next().unwrap_or(letter)
    }
}

fn find_digits(digits: &[char], text: &[char], found: &mut Vec<Range<usize>>) {
    let (Some(first), length) = (digits.first(), digits.len()) else { return };
    for start in (0..text.len()).filter(|at| text[*at] == *first) {
        let mut at = start + 1;
        let mut matched = 1;
        while matched < length {
            let Some(letter) = text.get(at) else { break };
            if *letter == digits[matched] {
                matched += 1;
                at += 1;
                continue;
            }
            let between = text[at..].iter().take(BETWEEN_DIGITS_MAX + 1);
            let between = between.take_while(|letter| !letter.is_alphanumeric() && **letter != '*').count();
            if between == 0 || text.get(at + between) != Some(&digits[matched]) {
                break;
            }
            at += between;
        }
        if matched == length {
            found.push(start..at);
        }
    }
}

fn find_text(chars: &[char], alone: bool, text: &[char], found: &mut Vec<Range<usize>>) {
    let (Some(first), length) = (chars.first(), chars.len()) else { return };
    let is_beside = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_alphanumeric());
    for start in 0..(text.len() + 1).saturating_sub(length) {
        let end = start + length;
        if text[start] == *first
            && text[start..end] == *chars
            && !(alone && (is_beside(start.checked_sub(1).map(|at| &text[at])) || is_beside(text.get(end))))
        {
            found.push(start..end);
        }
    }
}

fn find_after(word: &[char], chars: &[char], text: &[char], found: &mut Vec<Range<usize>>) {
    let Some(first) = word.first() else { return };
    for start in (0..text.len()).filter(|at| text[*at] == *first) {
        let end = start + word.len();
        let begins = start.checked_sub(1).is_none_or(|before| !is_of_word(text[before]));
        if !begins || text.get(start..end) != Some(word) {
            continue;
        }
        let marks = text[end..].iter().take(AFTER_WORD_MAX + 1);
        let marks = marks.take_while(|letter| !letter.is_alphanumeric()).count();
        let (at, to) = (end + marks, end + marks + chars.len());
        let is_alone = text.get(to).is_none_or(|letter| !letter.is_alphanumeric());
        if (1..=AFTER_WORD_MAX).contains(&marks) && text.get(at..to) == Some(chars) && is_alone {
            found.push(at..to);
        }
    }
}

/// A number or a word of a text.
#[derive(Debug)]
struct Part {
    at: Range<usize>,
    is_number: bool,
}

fn find_day(day: [u32; 3], text: &[char], found: &mut Vec<Range<usize>>) {
    let parts = parts(text);
    for (index, part) in parts.iter().enumerate() {
        if !part.is_number {
            if part.at.len() < 3 {
                continue;
            }
        } else if let Some(within) = compact_day(day, &text[part.at.clone()]) {
            found.push(part.at.start + within.start..part.at.start + within.end);
            continue;
        }
        // Three parts near each other, suffixes as in `5th` and small words left out.
        let mut three: Vec<&Part> = Vec::with_capacity(3);
        let mut end = part.at.start;
        for next in &parts[index..] {
            if next.at.start - end > BETWEEN_PARTS_MAX || three.len() == 3 {
                break;
            }
            end = next.at.end;
            let word: String = text[next.at.clone()].iter().take(4).collect();
            if !matches!(word.as_str(), "st" | "nd" | "rd" | "th" | "of" | "de" | "the") {
                three.push(next);
            }
        }
        let [first, _, last] = three.as_slice() else { continue };
        if is_day(day, &three, text) {
            found.push(first.at.start..last.at.end);
        }
    }
}

fn parts(text: &[char]) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let is_number = text[at].is_ascii_digit();
        if !is_number && !text[at].is_alphabetic() {
            at += 1;
            continue;
        }
        let start = at;
        let same = |letter: &char| {
            if is_number { letter.is_ascii_digit() } else { letter.is_alphabetic() }
        };
        while text.get(at).is_some_and(same) {
            at += 1;
        }
        parts.push(Part { at: start..at, is_number });
    }
    parts
}

/// `19760115`, `01151976`, `15011976` anywhere in a number; `760115` and the like only alone.
fn compact_day([year, month, day]: [u32; 3], number: &[char]) -> Option<Range<usize>> {
    let short = year % 100;
    let long = [
        format!("{year:04}{month:02}{day:02}"),
        format!("{month:02}{day:02}{year:04}"),
        format!("{day:02}{month:02}{year:04}"),
    ];
    let brief = [
        format!("{short:02}{month:02}{day:02}"),
        format!("{month:02}{day:02}{short:02}"),
        format!("{day:02}{month:02}{short:02}"),
    ];
    let number: String = number.iter().collect();
    let within = long.iter().find_map(|form| number.find(form.as_str()).map(|at| at..at + form.len()));
    within.or_else(|| brief.contains(&number).then_some(0..number.len()))
}

/// Whether three parts name the day, in any order in which people name one.
fn is_day([year, month, day]: [u32; 3], parts: &[&Part], text: &[char]) -> bool {
    let number = |part: &Part, digits: std::ops::RangeInclusive<usize>| -> Option<u32> {
        let fits = part.is_number && digits.contains(&part.at.len());
        fits.then(|| text[part.at.clone()].iter().collect::<String>().parse().ok()).flatten()
    };
    let is_year = |part: &Part| number(part, 4..=4) == Some(year) || number(part, 2..=2) == Some(year % 100);
    let is_month = |part: &Part| {
        if part.is_number {
            return number(part, 1..=2) == Some(month);
        }
        let word: String = text[part.at.clone()].iter().collect();
        let name = usize::try_from(month - 1).ok().and_then(|at| MONTHS.get(at));
        word.len() >= 3 && name.is_some_and(|name| name.starts_with(&word) || word == "sept" && month == 9)
    };
    let is_date = |part: &Part| number(part, 1..=2) == Some(day);
    let [first, second, third] = parts else { return false };
    [
        [first, second, third],
        [first, third, second],
        [third, first, second],
        [third, second, first],
        [second, first, third],
        [second, third, first],
    ]
    .into_iter()
    .any(|[in_year, in_month, in_day]| is_year(in_year) && is_month(in_month) && is_date(in_day))
}
