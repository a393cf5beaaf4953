//! Postal codes of the United States, Canada and the United Kingdom, tried in that order.

use super::{Parsed, country, parse_text};
use crate::Value;

/// Blank text counts as absent.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    if matches!(raw, Value::Scalar(_)) && raw.is_blank() {
        return None;
    }
    parse_text(raw, |text| {
        let text = text.trim();
        united_states(text).or_else(|| {
            let code = text.to_ascii_uppercase();
            canada(&code).or_else(|| united_kingdom(&code))
        })
    })
}

fn is_blank_or_hyphen(c: char) -> bool {
    c == '-' || c.is_whitespace()
}

fn united_states(code: &str) -> Option<Parsed> {
    let all_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (zip, rest) = code.split_at_checked(5)?;
    let four = rest.trim_start_matches(is_blank_or_hyphen);
    if !all_digits(zip) || !all_digits(four) || !matches!(four.len(), 0 | 4) {
        return None;
    }
    let zip_value = Value::text(zip);
    let code_value = if code == zip { zip_value.clone() } else { Value::text(code) };
    let country = ("country_code", country::code_value("US"));
    if four.is_empty() {
        return Some(Parsed::valid(
            zip_value.clone(),
            vec![country, ("code", code_value), ("zip", zip_value)],
        ));
    }
    let hyphenated = [zip, four].join("-");
    let normal = if code == hyphenated { code_value.clone() } else { Value::text(hyphenated) };
    let components = vec![country, ("code", code_value), ("zip", zip_value), ("four", Value::text(four))];
    Some(Parsed::valid(normal, components))
}

/// Two halves with at most some blanks or one hyphen between them.
fn halves(code: &str, last: usize) -> Option<(&str, &str)> {
    let (head, tail) = code.split_at_checked(code.len().checked_sub(last)?)?;
    let head = head.trim_end();
    let head = head.strip_suffix('-').unwrap_or(head);
    Some((head.trim_end(), tail))
}

/// `A1A 1A1`; the letters D F I O Q U are never used, W and Z never first.
fn canada(code: &str) -> Option<Parsed> {
    let (fsa, ldu) = halves(code, 3)?;
    let letter = |byte: u8| byte.is_ascii_uppercase() && !b"DFIOQU".contains(&byte);
    let [district, area, region] = fsa.as_bytes() else { return None };
    let [first, middle, last] = ldu.as_bytes() else { return None };
    let good = letter(*district)
        && !b"WZ".contains(district)
        && area.is_ascii_digit()
        && letter(*region)
        && first.is_ascii_digit()
        && letter(*middle)
        && last.is_ascii_digit();
    good.then(|| {
        Parsed::valid(
            Value::text(format!("{fsa} {ldu}")),
            vec![
                ("country_code", country::code_value("CA")),
                ("code", Value::text(code)),
                ("fsa", Value::text(fsa)),
                ("ldu", Value::text(ldu)),
                ("district", Value::text(&fsa[..1])),
            ],
        )
    })
}

/// Outcode `A9 A99 AA9 AA99 A9A AA9A`, incode `9AA` without C I K M O V. Both are needed.
fn united_kingdom(code: &str) -> Option<Parsed> {
    let (outcode, incode) = halves(code, 3)?;
    let shape: String = outcode
        .chars()
        .map(|c| match c {
            'A'..='Z' => 'A',
            '0'..='9' => '9',
            other => other,
        })
        .collect();
    let [first, second, third] = incode.as_bytes() else { return None };
    let letter = |byte: &u8| byte.is_ascii_uppercase() && !b"CIKMOV".contains(byte);
    let is_girobank = outcode == "GIR" && incode == "0AA";
    let good = is_girobank
        || ["A9", "A99", "AA9", "AA99", "A9A", "AA9A"].contains(&shape.as_str())
            && first.is_ascii_digit()
            && letter(second)
            && letter(third);
    good.then(|| {
        Parsed::valid(
            Value::text(format!("{outcode} {incode}")),
            vec![
                ("country_code", country::code_value("GB")),
                ("code", Value::text(code)),
                ("outcode", Value::text(outcode)),
                ("incode", Value::text(incode)),
            ],
        )
    })
}
