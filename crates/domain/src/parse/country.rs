//! Countries and territories (ISO 3166-1), by code or by English name.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::fold;
use super::{Parsed, parse_text};
use crate::Value;

/// Two-letter code, three-letter code, name, other names; by tabs. `data/README.md` tells where it
/// is from.
const COUNTRIES: &str = include_str!("../../data/countries.tsv");

/// Regions of telephone numbers that have a code without being in the list.
const MORE_REGIONS: [&str; 2] = ["AC", "TA"];

/// A code of two or three letters in any case, or a name: accents, points and small words do not
/// matter. The normal form is the code of two letters.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let country = find(text.trim())?;
        Some(Parsed::valid(
            Value::text(country.code),
            vec![("code_3", Value::text(country.code_3)), ("name", Value::text(country.name))],
        ))
    })
}

/// The country of a code or a name.
fn find(text: &str) -> Option<&'static Country> {
    if let Some(country) = BY_WORDS.get(text.to_lowercase().as_str()) {
        return Some(country);
    }
    let folded = fold(text);
    // `U.S.` folds to `u s`.
    let is_spelled = folded.split(' ').all(|word| word.chars().count() == 1);
    BY_WORDS.get(if is_spelled { folded.replace(' ', "") } else { folded }.as_str())
}

/// Whether this is a code of two letters, spelled as parsing spells it.
pub(crate) fn is_code(text: &str) -> bool {
    MORE_REGIONS.contains(&text) || find(text).is_some_and(|country| country.code == text)
}

/// Whether this is the name or the longer code of a country, spelled as parsing spells it.
pub(crate) fn is_name(text: &str) -> bool {
    find(text).is_some_and(|country| country.name == text || country.code_3 == text)
}

#[derive(Debug, Clone, Copy)]
struct Country {
    code: &'static str,
    code_3: &'static str,
    name: &'static str,
}

static BY_WORDS: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    let mut countries = HashMap::new();
    for line in COUNTRIES.lines() {
        let mut columns = line.split('\t');
        let (Some(code), Some(code_3), Some(name)) = (columns.next(), columns.next(), columns.next()) else {
            continue;
        };
        let country = Country { code, code_3, name };
        // `AND` is Andorra, but nothing once folded.
        countries.extend([code, code_3].map(|code| (code.to_lowercase(), country)));
        for name in std::iter::once(name).chain(columns) {
            countries.entry(fold(name)).or_insert(country);
        }
    }
    countries
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_and_name_is_its_country() {
        assert_eq!(COUNTRIES.lines().count(), 250);
        for line in COUNTRIES.lines() {
            let columns: Vec<&str> = line.split('\t').collect();
            for word in &columns {
                let country = find(word).unwrap_or_else(|| panic!("{word} is no country"));
                assert_eq!(country.code, columns[0], "{word}");
            }
            assert!(is_code(columns[0]) && is_name(columns[1]) && is_name(columns[2]), "{line}");
        }
        assert!(!is_code("us") && !is_code("XX") && !is_name("united states") && !is_name(""));
    }
}
