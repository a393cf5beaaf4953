//! What looks like a sensitive value whoever's it is: `ddd-dd-dddd`, and runs of 13 to 19 digits
//! whose last is right (Luhn).

use std::ops::Range;

use crate::parse::credit_card::last_digit_is_right;

/// Digits of a payment card (ISO/IEC 7812-1), less the twelve that no card in use has.
const CARD_DIGITS: std::ops::RangeInclusive<usize> = 13..=19;
/// Words of hexadecimal digits at least this long are ids.
const ID_CHARS_MIN: usize = 20;
/// Digits of a social security number.
const SOCIAL_SECURITY_DIGITS: usize = 9;

/// Adjacent digits.
#[derive(Debug, Clone)]
struct Token {
    at: Range<usize>,
    /// A letter stands beside them.
    in_word: bool,
    /// They follow the token before them behind one blank or hyphen.
    joined: Option<char>,
}

/// Whether a text can hold such a value at all: one look at each byte, so that the usual text costs
/// next to nothing. It may be wrong the one way only.
pub(super) fn may_hold(text: &[u8]) -> bool {
    let (mut digits, mut parted) = (0, false);
    for byte in text {
        match byte {
            b'0'..=b'9' => {
                digits += 1;
                if digits >= *CARD_DIGITS.start() || (parted && digits >= SOCIAL_SECURITY_DIGITS) {
                    return true;
                }
            }
            // Between digits, or part of an escape that may be one.
            b' ' | b'+' | b'-' | b'%' | b'\\' | b'&' | b'#' | b';' | b'u' | b'x' | b'X' => parted = true,
            b'a'..=b'f' | b'A'..=b'F' if parted => {}
            // A digit of another script takes three bytes, and NULs stand between those of UTF-16.
            0 => parted = true,
            0x80.. => {
                parted = true;
                digits += 1;
            }
            _ => (digits, parted) = (0, false),
        }
    }
    false
}

/// Where such values stand.
pub(super) fn find(chars: &[char], found: &mut Vec<Range<usize>>) {
    let tokens = tokens(chars);
    let mut start = 0;
    while start < tokens.len() {
        let mut end = start + 1;
        while end < tokens.len() && tokens[end].joined.is_some() {
            end += 1;
        }
        let run = &tokens[start..end];
        for (at, token) in run.iter().enumerate() {
            if is_card(chars, std::slice::from_ref(token)) && !is_id(chars, token) {
                found.push(token.at.clone());
            }
            if let Some(three) = run.get(at..at + 3)
                && is_social_security_number(three)
            {
                found.push(three[0].at.start..three[2].at.end);
            }
            for length in 4..=6 {
                if let Some(groups) = run.get(at..at + length)
                    && is_grouped_as_cards(groups)
                    && is_card(chars, groups)
                {
                    found.push(groups[0].at.start..groups[length - 1].at.end);
                }
            }
            if let Some(three) = run.get(at..at + 3)
                && is_grouped_as_cards(three)
                && is_card(chars, three)
            {
                found.push(three[0].at.start..three[2].at.end);
            }
        }
        if run.len() > 1 && run.iter().all(|token| !token.in_word) && is_card(chars, run) {
            found.push(run[0].at.start..run[run.len() - 1].at.end);
        }
        start = end;
    }
}

fn tokens(chars: &[char]) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    let mut at = 0;
    while at < chars.len() {
        if !chars[at].is_ascii_digit() {
            at += 1;
            continue;
        }
        let start = at;
        while chars.get(at).is_some_and(char::is_ascii_digit) {
            at += 1;
        }
        let before = start.checked_sub(1).map(|before| chars[before]);
        let is_letter = |letter: Option<&char>| letter.is_some_and(|letter| letter.is_alphabetic());
        let joined = before
            .filter(|_| tokens.last().is_some_and(|last| last.at.end + 1 == start))
            .filter(|between| is_hyphen(*between) || is_blank(*between));
        tokens.push(Token {
            at: start..at,
            in_word: is_letter(before.as_ref()) || is_letter(chars.get(at)),
            joined,
        });
    }
    tokens
}

pub(super) fn is_hyphen(letter: char) -> bool {
    matches!(letter, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// `+` is a blank in forms.
fn is_blank(letter: char) -> bool {
    matches!(letter, ' ' | '+' | '\u{a0}' | '\u{2007}' | '\u{202f}')
}

fn is_social_security_number(tokens: &[Token]) -> bool {
    let lengths: [usize; 3] = [3, 2, 4];
    tokens.iter().map(|token| token.at.len()).eq(lengths)
        && tokens[1..].iter().all(|token| token.joined.is_some_and(is_hyphen))
}

/// Four by four, or as the cards of fifteen and of fourteen digits have it.
fn is_grouped_as_cards(tokens: &[Token]) -> bool {
    let lengths: Vec<usize> = tokens.iter().map(|token| token.at.len()).collect();
    let (last, rest) = lengths.split_last().expect("the caller gives three tokens or more");
    matches!(lengths.as_slice(), [4, 6, 4 | 5])
        || (rest.len() >= 3 && *last <= 4 && rest.iter().all(|length| *length == 4))
}

fn is_card(chars: &[char], tokens: &[Token]) -> bool {
    let count: usize = tokens.iter().map(|token| token.at.len()).sum();
    if !CARD_DIGITS.contains(&count) {
        return false;
    }
    let digits: String = tokens.iter().flat_map(|token| &chars[token.at.clone()]).collect();
    last_digit_is_right(&digits)
}

/// Whether the digits are part of a long word of hexadecimal digits, as ids and digests are.
fn is_id(chars: &[char], token: &Token) -> bool {
    if !token.in_word {
        return false;
    }
    let is_hex = |letter: &&char| letter.is_ascii_hexdigit();
    let before = chars[..token.at.start].iter().rev().take(128).take_while(is_hex).count();
    let after = chars[token.at.end..].iter().take(128).take_while(is_hex).count();
    before + token.at.len() + after >= ID_CHARS_MIN
}
