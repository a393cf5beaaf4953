//! Telephone numbers of every country, by the plans of libphonenumber; without a `+` they are of the
//! United States.

use std::sync::LazyLock;

use rlibphonenumber::{
    PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberType, Region, get_national_significant_number_owned,
};
use smallvec::SmallVec;

use super::{Parsed, country, parse_text};
use crate::{Number, Value};

/// What the component `type` can say.
pub(crate) const LINE_TYPES: [&str; 3] = ["home", "work", "mobile"];

/// The calling code of the United States and their neighbours.
static NORTH_AMERICA: LazyLock<Value> = LazyLock::new(|| Number::from(1).into());

/// Most components of one number.
const COMPONENTS_MAX: usize = 10;

/// Longest text that can be a number, in bytes.
const TEXT_BYTES_MAX: usize = 250;

/// What can be split into its parts but not dialled has its parts, with `valid` false; what cannot
/// be split keeps its text. `*` may stand for digits that are hidden, and stays. The normal form is
/// what is dialled within the country, and the extension after an `x`.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let (text, line_type) = cut_type(text.trim());
        if text.len() > TEXT_BYTES_MAX {
            return None;
        }
        let split = if text.contains('*') { masked(text)? } else { split(text)? };
        let calling_code = match split.calling_code {
            1 => NORTH_AMERICA.clone(),
            code => Value::from(Number::from(code)),
        };
        let mut components = Vec::with_capacity(COMPONENTS_MAX);
        components.extend([
            ("number", Value::text(split.number())),
            ("country_calling_code", calling_code),
            ("is_tollfree", Value::from(split.is_tollfree)),
        ]);
        if split.area_digits > 0 {
            components.push(("area", Value::text(split.area())));
        }
        if split.calling_code == 1 {
            components.push(("exchange", Value::text(&split.national[3..6])));
            components.push(("line", Value::text(&split.national[6..])));
        }
        components.extend(split.country.map(|country| ("country_code", country)));
        components.extend(line_type.map(|line_type| ("type", Value::text(line_type))));
        components.extend(split.is_masked.then(|| ("masked", Value::from(true))));
        let mut normal = split.national;
        if let Some(extension) = split.extension {
            normal = format!("{normal}x{extension}");
            components.push(("extension", Value::text(extension)));
        }
        let raw = line_type.map(|_| Value::text(text));
        Some(Parsed { normal: Value::text(normal), raw, components, valid: Some(split.is_valid) })
    })
}

/// A number and its parts.
struct Split {
    /// The digits after the calling code of the country; ten where that is 1.
    national: String,
    /// How many of them are the area.
    area_digits: usize,
    extension: Option<String>,
    calling_code: i32,
    country: Option<Value>,
    is_tollfree: bool,
    is_masked: bool,
    is_valid: bool,
}

impl Split {
    fn area(&self) -> &str {
        &self.national[..self.area_digits]
    }

    fn number(&self) -> &str {
        &self.national[self.area_digits..]
    }
}

fn split(text: &str) -> Option<Split> {
    let phone = match plainly_written(text) {
        Some(phone) => phone,
        None => PHONE_NUMBER_UTIL.parse(text, Some(Region::US)).ok()?,
    };
    split_number(&phone)
}

/// A number of North America as most people write it: ten digits, or a 1 and ten digits, with blanks,
/// brackets, points and hyphens anywhere. It needs none of the expressions that tell the other
/// forms apart, and is what these would make of it. Nothing for any other text.
fn plainly_written(text: &str) -> Option<PhoneNumber> {
    let (text, is_international) = text.strip_prefix('+').map_or((text, false), |rest| (rest, true));
    if !text.bytes().all(|byte| byte.is_ascii_digit() || b" ()-.".contains(&byte)) {
        return None;
    }
    let digits: SmallVec<[u8; 16]> = text.bytes().filter(u8::is_ascii_digit).collect();
    let ten = match digits.as_slice() {
        [b'1', ten @ ..] => ten,
        _ if is_international => return None,
        ten => ten,
    };
    // A number that begins with 0 or 1 may begin with a prefix.
    if ten.len() != 10 || ten[0] < b'2' {
        return None;
    }
    let national_number = ten.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0'));
    Some(PhoneNumber { country_code: 1, national_number, ..PhoneNumber::default() })
}

/// Whether a number can be dialled, and the region whose plan it is of.
fn validity(phone: &PhoneNumber) -> (bool, Option<Region>) {
    // First of those that share a calling code: no other needs to be asked.
    if phone.country_code == 1 && PHONE_NUMBER_UTIL.is_valid_number_for_region(phone, Region::US) {
        return (true, Some(Region::US));
    }
    let region = PHONE_NUMBER_UTIL.get_region_for_number(phone);
    let valid = region.filter(|region| PHONE_NUMBER_UTIL.is_valid_number_for_region(phone, *region));
    (valid.is_some(), valid)
}

fn split_number(phone: &PhoneNumber) -> Option<Split> {
    let national = get_national_significant_number_owned(phone);
    if !national.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let calling_code = phone.country_code;
    let (is_valid, region) = validity(phone);
    // Numbers of no country, as of satellites, have none.
    let region = region.filter(|region| *region != Region::World);
    let region = region.map(|region| country::code_value(&region.as_region_str()));
    let extension = phone.extension.clone().filter(|extension| !extension.is_empty());
    let (area_digits, country, is_tollfree) = if calling_code == 1 {
        if national.len() != 10 {
            return None;
        }
        let area = &national[..3];
        (3, Some(region.unwrap_or_else(|| country_of(area))), is_tollfree(area))
    } else {
        if !is_valid && !PHONE_NUMBER_UTIL.is_possible_number(phone) {
            return None;
        }
        let kind = PHONE_NUMBER_UTIL.get_number_type(phone);
        let area_digits = PHONE_NUMBER_UTIL.get_length_of_national_destination_code(phone);
        let area_digits = if area_digits < national.len() { area_digits } else { 0 };
        (area_digits, region, kind == PhoneNumberType::TollFree)
    };
    let is_masked = false;
    Some(Split { national, area_digits, extension, calling_code, country, is_tollfree, is_masked, is_valid })
}

/// Ten signs of a number of the plan of the United States, some of them `*`; the extension may be
/// hidden as well.
fn masked(text: &str) -> Option<Split> {
    let is_digit = |c: char| c.is_ascii_digit() || c == '*';
    let lower = text.to_ascii_lowercase();
    let text = lower.strip_prefix("tel:").unwrap_or(&lower);
    let (text, extension) =
        match ["extension", "ext.", "ext", "x", "#"].iter().find_map(|mark| text.split_once(mark)) {
            Some((head, extension)) => (head.trim_end().trim_end_matches([',', ';']), Some(extension.trim())),
            None => (text, None),
        };
    if extension
        .is_some_and(|extension| !(1..=20).contains(&extension.len()) || !extension.chars().all(is_digit))
    {
        return None;
    }
    let (text, is_international) = match text.trim().strip_prefix('+') {
        Some(rest) => (rest, true),
        None => (text, false),
    };
    let is_sign =
        |c: char| matches!(c, '(' | ')' | '-' | '.' | '/' | '\u{2010}'..='\u{2015}') || c.is_whitespace();
    if !text.chars().all(|c| is_digit(c) || is_sign(c)) {
        return None;
    }
    let digits: String = text.chars().filter(|c| is_digit(*c)).collect();
    let national = match (digits.len(), is_international) {
        (10, false) => digits,
        (11, _) => digits.strip_prefix('1')?.to_owned(),
        (_, _) => return None,
    };
    Some(Split {
        area_digits: 3,
        extension: extension.map(str::to_owned),
        calling_code: 1,
        country: Some(country_of(&national[..3])),
        is_tollfree: is_tollfree(&national[..3]),
        is_masked: true,
        is_valid: true,
        national,
    })
}

/// A trailing letter, bare or in brackets, tells what the number is for.
fn cut_type(text: &str) -> (&str, Option<&'static str>) {
    let inner = text.strip_suffix([')', ']']).unwrap_or(text);
    let line_type = match inner.chars().last() {
        Some('h' | 'H') => "home",
        Some('w' | 'W') => "work",
        Some('c' | 'C' | 'm' | 'M') => "mobile",
        Some(_) | None => return (text, None),
    };
    let rest = &inner[..inner.len() - 1];
    let rest = if inner.len() < text.len() {
        match rest.strip_suffix(['(', '[']) {
            Some(rest) => rest,
            None => return (text, None),
        }
    } else {
        rest
    };
    let rest = rest.trim_end();
    // Only after a number: the letter is not the end of a word.
    if rest.ends_with(|c: char| c.is_ascii_digit() || c == '*') {
        (rest, Some(line_type))
    } else {
        (text, None)
    }
}

fn is_tollfree(area: &str) -> bool {
    matches!(area, "800" | "833" | "844" | "855" | "866" | "877" | "888")
}

/// The country of an area code (NANPA's list); US where it names none.
fn country_of(area: &str) -> Value {
    country::code_value(match area {
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
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What the library reads, without the shortcut.
    fn read(text: &str) -> Option<PhoneNumber> {
        PHONE_NUMBER_UTIL.parse(text, Some(Region::US)).ok()
    }

    fn library_validity(phone: &PhoneNumber) -> (bool, Option<Region>) {
        let is_valid = PHONE_NUMBER_UTIL.is_valid_number(phone);
        (is_valid, is_valid.then(|| PHONE_NUMBER_UTIL.get_region_for_number(phone)).flatten())
    }

    fn check(text: &str) {
        if let Some(phone) = plainly_written(text) {
            assert_eq!(read(text), Some(phone), "{text:?}");
        }
        if let Some(phone) = read(text) {
            assert_eq!(validity(&phone), library_validity(&phone), "{text:?}");
        }
    }

    #[test]
    fn usual_forms_take_the_short_way() {
        for text in [
            "5125550143",
            "(512) 555-0143",
            "512.555.0143",
            "1-512-555-0143",
            "+1 512 555 0143",
            " 512 555 0143-",
        ] {
            assert_eq!(
                plainly_written(text).map(|phone| phone.national_number),
                Some(5_125_550_143),
                "{text}"
            );
            check(text);
        }
        for text in [
            "0115125550143",
            "1125550143",
            "11125550143",
            "+5125550143",
            "512555014",
            "51255501433",
            "512 555 0143 x7",
        ] {
            assert_eq!(plainly_written(text), None, "{text}");
        }
    }

    #[test]
    fn each_area_is_valid_where_the_library_says_so() {
        for area in 200..1000_u64 {
            for rest in [2_345_678, 5_550_143, 9_999_999, 1_234_567] {
                let phone = PhoneNumber {
                    country_code: 1,
                    national_number: area * 10_000_000 + rest,
                    ..PhoneNumber::default()
                };
                assert_eq!(validity(&phone), library_validity(&phone), "{area} {rest}");
            }
        }
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_library_agree(
            any in "\\PC{0,20}",
            near in "[+]?[ ().-]{0,2}1?[ ().-]{0,2}([0-9][ ().-]{0,2}){9,11}",
            far in "[+0-9 ().x#/~;,-]{0,24}",
            number in "[2-9][0-9]{9}",
        ) {
            for text in [any, near, far, number] {
                check(&text);
            }
        }
    }
}
