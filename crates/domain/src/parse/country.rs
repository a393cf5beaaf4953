//! Countries and territories (ISO 3166-1), by code or by English name.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, LazyLock};

use super::words::{fold, with_lower_case};
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
        let value = |text: &Arc<str>| Value::text(Arc::clone(text));
        let components = vec![("code_3", value(&country.code_3)), ("name", value(&country.name))];
        Some(Parsed::valid(value(&country.code), components))
    })
}

/// The country of a code or a name.
fn find(text: &str) -> Option<&'static Country> {
    if let Some(country) = with_lower_case(text, |word| BY_WORDS.get(word)) {
        return Some(country);
    }
    let folded = fold(text);
    // `U.S.` folds to `u s`.
    let is_spelled = folded.split(' ').all(|word| word.chars().count() == 1);
    BY_WORDS.get(if is_spelled { folded.replace(' ', "") } else { folded }.as_str())
}

/// Whether this is a code of two letters, spelled as parsing spells it.
pub(crate) fn is_code(text: &str) -> bool {
    MORE_REGIONS.contains(&text) || find(text).is_some_and(|country| *country.code == *text)
}

/// Whether this is the name or the longer code of a country, spelled as parsing spells it.
pub(crate) fn is_name(text: &str) -> bool {
    find(text).is_some_and(|country| *country.name == *text || *country.code_3 == *text)
}

/// A code of two letters as a value. Those of countries are shared by all leads.
pub(super) fn code_value(code: &str) -> Value {
    CODES.get(code).map_or_else(|| Value::text(code), |code| Value::text(Arc::clone(code)))
}

#[derive(Debug, Clone)]
struct Country {
    code: Arc<str>,
    code_3: Arc<str>,
    name: Arc<str>,
}

static CODES: LazyLock<HashSet<Arc<str>>> =
    LazyLock::new(|| BY_WORDS.values().map(|country| Arc::clone(&country.code)).collect());

static BY_WORDS: LazyLock<HashMap<String, Country>> = LazyLock::new(|| {
    let mut countries = HashMap::new();
    for line in COUNTRIES.lines() {
        let mut columns = line.split('\t');
        let (Some(code), Some(code_3), Some(name)) = (columns.next(), columns.next(), columns.next()) else {
            continue;
        };
        let country = Country { code: code.into(), code_3: code_3.into(), name: name.into() };
        // `AND` is Andorra, but nothing once folded.
        countries.extend([code, code_3].map(|code| (code.to_lowercase(), country.clone())));
        for name in std::iter::once(name).chain(columns) {
            countries.entry(fold(name)).or_insert_with(|| country.clone());
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
                assert_eq!(&*country.code, columns[0], "{word}");
            }
            assert!(is_code(columns[0]) && is_name(columns[1]) && is_name(columns[2]), "{line}");
        }
        assert_eq!((code_value("US"), code_value("AC")), (Value::text("US"), Value::text("AC")));
        assert!(!is_code("us") && !is_code("XX") && !is_name("united states") && !is_name(""));
    }
}
