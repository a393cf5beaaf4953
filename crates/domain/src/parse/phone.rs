//! Telephone numbers of the North American plan (+1): the plain split into area, exchange and
//! line. Numbers of other plans cannot be split here, so they are not valid.

use super::{Parsed, parse_text};
use crate::{Number, Value};

/// What the component `type` can say.
pub(crate) const LINE_TYPES: [&str; 3] = ["home", "work", "mobile"];

const EXTENSION_DIGITS_MAX: usize = 7;

/// Ten digits that cannot be dialled are split all the same, with `valid` false; what cannot be
/// split keeps its text.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let (text, line_type) = cut_type(text.trim());
        let (text, extension) = cut_extension(text);
        let digits = national_digits(text)?;
        let (area, number) = digits.split_at(3);
        let (exchange, line) = number.split_at(3);
        let mut normal = digits.clone();
        if let Some(extension) = extension {
            normal = format!("{normal}x{extension}");
        }
        let mut components = vec![
            ("area", Value::text(area)),
            ("exchange", Value::text(exchange)),
            ("line", Value::text(line)),
            ("number", Value::text(number)),
            ("country_code", Value::text(country(area))),
            ("country_calling_code", Value::from(Number::from(1))),
            ("is_tollfree", Value::from(is_tollfree(area))),
        ];
        components.extend(extension.map(|extension| ("extension", Value::text(extension))));
        components.extend(line_type.map(|line_type| ("type", Value::text(line_type))));
        let valid = is_assignable(area, exchange);
        Some(Parsed { normal: Value::text(normal), components, valid: Some(valid) })
    })
}

/// A trailing letter, bare or in brackets, tells what the number is for.
fn cut_type(text: &str) -> (&str, Option<&'static str>) {
    let inner = text.strip_suffix(')').unwrap_or(text);
    let line_type = match inner.chars().last() {
        Some('h' | 'H') => "home",
        Some('w' | 'W') => "work",
        Some('c' | 'C' | 'm' | 'M') => "mobile",
        Some(_) | None => return (text, None),
    };
    let rest = &inner[..inner.len() - 1];
    let rest = if inner.len() < text.len() {
        match rest.strip_suffix('(') {
            Some(rest) => rest,
            None => return (text, None),
        }
    } else {
        rest
    };
    let rest = rest.trim_end();
    // Only after a number: the letter is not the end of a word.
    if rest.ends_with(|c: char| c.is_ascii_digit()) { (rest, Some(line_type)) } else { (text, None) }
}

fn cut_extension(text: &str) -> (&str, Option<&str>) {
    let digits = text.len() - text.trim_end_matches(|c: char| c.is_ascii_digit()).len();
    let (head, extension) = text.split_at(text.len() - digits);
    if !(1..=EXTENSION_DIGITS_MAX).contains(&digits) {
        return (text, None);
    }
    let head = head.trim_end();
    for mark in ["extension", "ext.", "ext", "x", "#"] {
        let Some(at) = head.len().checked_sub(mark.len()) else { continue };
        if head.is_char_boundary(at) && head[at..].eq_ignore_ascii_case(mark) {
            let number = head[..at].trim_end().trim_end_matches([',', ';']);
            return (number.trim_end(), Some(extension));
        }
    }
    (text, None)
}

/// The ten digits after `1` or `+1`; only signs that people put into numbers may stand between.
fn national_digits(text: &str) -> Option<String> {
    let scheme = text.get(..4).filter(|start| start.eq_ignore_ascii_case("tel:"));
    let text = if scheme.is_some() { text[4..].trim_start() } else { text };
    let (text, international) = match text.strip_prefix('+') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let is_sign =
        |c: char| matches!(c, '(' | ')' | '-' | '.' | '/' | '\u{2010}'..='\u{2015}') || c.is_whitespace();
    if !text.chars().all(|c| c.is_ascii_digit() || is_sign(c)) {
        return None;
    }
    let digits: String = text.chars().filter(char::is_ascii_digit).collect();
    match (digits.len(), international) {
        (10, false) => Some(digits),
        (11, _) => digits.strip_prefix('1').map(str::to_owned),
        (_, _) => None,
    }
}

fn is_tollfree(area: &str) -> bool {
    matches!(area, "800" | "833" | "844" | "855" | "866" | "877" | "888")
}

/// Area `[2-9][0-8]x` and exchange `[2-9]xx`, neither of them N11; 555 is no area, and of the
/// codes kept for toll-free numbers only those in use count.
fn is_assignable(area: &str, exchange: &str) -> bool {
    let [first, second, third] = area.as_bytes() else { return false };
    let reserved = *first == b'8' && (second == third || *second == b'8') && !is_tollfree(area);
    (b'2'..=b'9').contains(first)
        && *second != b'9'
        && !area.ends_with("11")
        && area != "555"
        && !reserved
        && exchange.as_bytes()[0] >= b'2'
        && !exchange.ends_with("11")
}

/// The country of an area code (NANPA's list); US where it names none.
fn country(area: &str) -> &'static str {
    match area {
        "204" | "226" | "236" | "249" | "250" | "257" | "263" | "289" | "306" | "343" | "354" | "365"
        | "367" | "368" | "382" | "387" | "403" | "416" | "418" | "428" | "431" | "437" | "438" | "450"
        | "460" | "468" | "474" | "506" | "514" | "519" | "537" | "548" | "568" | "579" | "581" | "584"
        | "587" | "600" | "604" | "613" | "622" | "639" | "647" | "672" | "683" | "705" | "709" | "742"
        | "753" | "778" | "780" | "782" | "807" | "819" | "825" | "851" | "867" | "873" | "879" | "902"
        | "905" | "942" => "CA",
        "242" => "BS",
        "246" => "BB",
        "264" => "AI",
        "268" => "AG",
        "284" => "VG",
        "340" => "VI",
        "345" => "KY",
        "441" => "BM",
        "473" => "GD",
        "649" => "TC",
        "658" | "876" => "JM",
        "664" => "MS",
        "670" => "MP",
        "671" => "GU",
        "684" => "AS",
        "721" => "SX",
        "758" => "LC",
        "767" => "DM",
        "784" => "VC",
        "787" | "939" => "PR",
        "809" | "829" | "849" => "DO",
        "868" => "TT",
        "869" => "KN",
        _ => "US",
    }
}
