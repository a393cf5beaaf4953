//! Text as its readers see it: escapes of addresses, JSON and XML undone, layer by layer, each
//! character with the bytes it came from.

use std::ops::Range;

/// Most layers that are undone, as in JSON within a form within an address.
const LAYERS_MAX: usize = 4;

/// Characters, and for each the bytes of the original text it stands for.
#[derive(Debug, Clone, Default)]
pub(super) struct Decoded {
    pub(super) chars: Vec<char>,
    pub(super) spans: Vec<Range<usize>>,
}

impl Decoded {
    /// Bytes as they are: those that are no UTF-8 are one character each, read as Latin-1 (as windows-1252 has it);
    /// NULs (every other byte of UTF-16) are none.
    fn plain(bytes: &[u8]) -> Decoded {
        let mut decoded =
            Decoded { chars: Vec::with_capacity(bytes.len()), spans: Vec::with_capacity(bytes.len()) };
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            for (offset, letter) in chunk.valid().char_indices() {
                if letter != '\0' {
                    decoded.push(letter, at + offset..at + offset + letter.len_utf8());
                }
            }
            at += chunk.valid().len();
            for byte in chunk.invalid() {
                decoded.push(latin(*byte), at..at + 1);
                at += 1;
            }
        }
        decoded
    }

    /// Digits of other scripts' full width read as what they mean.
    fn push(&mut self, letter: char, span: Range<usize>) {
        let letter = match letter {
            '\u{ff10}'..='\u{ff19}' => {
                char::from_u32(u32::from(letter) - 0xff10 + u32::from('0')).unwrap_or(letter)
            }
            _ => letter,
        };
        self.chars.push(letter);
        self.spans.push(span);
    }

    /// The same with one layer of escapes undone; none when there is no escape.
    fn undone(&self) -> Option<Decoded> {
        // Most text has none, and is only looked at.
        let mut at = (0..self.chars.len()).find(|at| self.escape(*at).is_some())?;
        let mut next = Decoded {
            chars: Vec::with_capacity(self.chars.len()),
            spans: Vec::with_capacity(self.chars.len()),
        };
        next.chars.extend_from_slice(&self.chars[..at]);
        next.spans.extend_from_slice(&self.spans[..at]);
        while let Some(letter) = self.chars.get(at) {
            match self.escape(at) {
                Some((meant, length)) => {
                    next.push(meant, self.spans[at].start..self.spans[at + length - 1].end);
                    at += length;
                }
                None => {
                    next.push(*letter, self.spans[at].clone());
                    at += 1;
                }
            }
        }
        Some(next)
    }

    /// What an escape that begins here means, and how many characters it takes.
    fn escape(&self, at: usize) -> Option<(char, usize)> {
        match self.chars[at] {
            '%' => self.percent(at),
            '\\' => self.backslash(at),
            '&' => self.entity(at),
            _ => None,
        }
    }

    /// `%2D`, or the several bytes of one character; a byte that is no UTF-8 is one of Latin-1.
    fn percent(&self, at: usize) -> Option<(char, usize)> {
        self.bytes(at, &['%'])
    }

    /// Bytes in hexadecimal digits, each behind the same mark, as one character.
    fn bytes(&self, at: usize, mark: &[char]) -> Option<(char, usize)> {
        let length = mark.len() + 2;
        let byte = |number: usize| {
            let rest = self.chars.get(at + number * length..)?.strip_prefix(mark)?;
            let digit = |at: usize| rest.get(at)?.to_digit(16);
            u8::try_from(digit(0)? << 4 | digit(1)?).ok()
        };
        let first = byte(0)?;
        let mut bytes = [0; 4];
        for count in 1..=bytes.len() {
            let Some(next) = byte(count - 1) else { break };
            bytes[count - 1] = next;
            if let Ok(text) = str::from_utf8(&bytes[..count]) {
                return Some((text.chars().next()?, count * length));
            }
        }
        Some((latin(first), length))
    }

    /// `\u002d`, `\x2d`, `\/`, `\n`.
    fn backslash(&self, at: usize) -> Option<(char, usize)> {
        Some(match self.chars.get(at + 1)? {
            'u' => {
                let unit = |at: usize| {
                    let digit = |at: usize| self.chars.get(at)?.to_digit(16);
                    Some(digit(at)? << 12 | digit(at + 1)? << 8 | digit(at + 2)? << 4 | digit(at + 3)?)
                };
                let high = unit(at + 2)?;
                match char::from_u32(high) {
                    Some(letter) => (letter, 6),
                    None => {
                        let low = unit(at + 8).filter(|_| self.chars[at + 6..].starts_with(&['\\', 'u']))?;
                        let both = 0x10000 + ((high & 0x3ff) << 10) + (low & 0x3ff);
                        (char::from_u32(both)?, 12)
                    }
                }
            }
            'x' => return self.bytes(at, &['\\', 'x']),
            'n' => ('\n', 2),
            'r' => ('\r', 2),
            't' => ('\t', 2),
            letter @ ('/' | '"' | '\\' | '\'') => (*letter, 2),
            _ => return None,
        })
    }

    /// `&#45;`, `&#x2d;`, `&amp;`, `&auml;`.
    fn entity(&self, at: usize) -> Option<(char, usize)> {
        const LONGEST: usize = 10;
        let rest = &self.chars[at + 1..self.chars.len().min(at + LONGEST)];
        let end = rest.iter().position(|letter| *letter == ';')?;
        let name: String = rest[..end].iter().collect();
        let letter = match name.as_str() {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            "hyphen" | "dash" | "minus" => '-',
            "sol" => '/',
            "period" => '.',
            "euro" => '€',
            name => {
                if let Some(place) = LATIN_ENTITIES.iter().position(|own| *own == name) {
                    return Some((char::from(u8::try_from(0xa1 + place).ok()?), end + 2));
                }
                let number = name.strip_prefix('#')?;
                let code = match number.strip_prefix(['x', 'X']) {
                    Some(hex) => u32::from_str_radix(hex, 16).ok()?,
                    None => number.parse().ok()?,
                };
                char::from_u32(code)?
            }
        };
        Some((letter, end + 2))
    }
}

/// The names that HTML has for U+00A1 to U+00FF, in order.
const LATIN_ENTITIES: [&str; 95] = [
    "iexcl", "cent", "pound", "curren", "yen", "brvbar", "sect", "uml", "copy", "ordf", "laquo", "not",
    "shy", "reg", "macr", "deg", "plusmn", "sup2", "sup3", "acute", "micro", "para", "middot", "cedil",
    "sup1", "ordm", "raquo", "frac14", "frac12", "frac34", "iquest", "Agrave", "Aacute", "Acirc", "Atilde",
    "Auml", "Aring", "AElig", "Ccedil", "Egrave", "Eacute", "Ecirc", "Euml", "Igrave", "Iacute", "Icirc",
    "Iuml", "ETH", "Ntilde", "Ograve", "Oacute", "Ocirc", "Otilde", "Ouml", "times", "Oslash", "Ugrave",
    "Uacute", "Ucirc", "Uuml", "Yacute", "THORN", "szlig", "agrave", "aacute", "acirc", "atilde", "auml",
    "aring", "aelig", "ccedil", "egrave", "eacute", "ecirc", "euml", "igrave", "iacute", "icirc", "iuml",
    "eth", "ntilde", "ograve", "oacute", "ocirc", "otilde", "ouml", "divide", "oslash", "ugrave", "uacute",
    "ucirc", "uuml", "yacute", "thorn", "yuml",
];

/// What windows-1252 has from 0x80 to 0x9f, where Latin-1 has nothing that is written; five places are free.
const WINDOWS: [char; 32] = [
    '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8d}', 'Ž', '\u{8f}', '\u{90}',
    '‘', '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9d}', 'ž', 'Ÿ',
];

/// The character of a byte that stands for itself.
fn latin(byte: u8) -> char {
    match byte {
        0x80..=0x9f => WINDOWS[usize::from(byte - 0x80)],
        _ => char::from(byte),
    }
}

/// The text as it is, and with each layer of its escapes undone.
pub(super) fn layers(bytes: &[u8]) -> Vec<Decoded> {
    let mut layers = vec![Decoded::plain(bytes)];
    while layers.len() <= LAYERS_MAX {
        match layers.last().and_then(Decoded::undone) {
            Some(next) => layers.push(next),
            None => break,
        }
    }
    layers
}

/// The innermost text.
pub(super) fn undone(text: &str) -> Vec<char> {
    layers(text.as_bytes()).pop().map(|layer| layer.chars).unwrap_or_default()
}
