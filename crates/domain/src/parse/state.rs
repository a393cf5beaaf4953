//! States, territories and provinces of the United States and Canada.

use super::{Parsed, parse_text};
use crate::Value;

/// A code in any case, or a name: accents, points and small words do not matter, and a first
/// word may be cut (`N. Carolina`). What is unknown keeps its text.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let text = text.trim();
        let upper = text.to_ascii_uppercase();
        let folded = fold(text);
        let (code, name) = STATES.iter().find(|(code, name)| *code == upper || fold(name) == folded)?;
        Some(Parsed::valid(Value::text(*code), vec![("name", Value::text(*name))]))
    })
}

/// Whether this is a code, spelled as parsing spells it.
pub(crate) fn is_code(text: &str) -> bool {
    STATES.iter().any(|(code, _)| *code == text)
}

/// Whether this is the name of a state, spelled as parsing spells it.
pub(crate) fn is_name(text: &str) -> bool {
    STATES.iter().any(|(_, name)| *name == text)
}

/// Lower-case words without accents and small words, joined by one blank.
fn fold(text: &str) -> String {
    let plain: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ä' => 'a',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ó' | 'ò' | 'ô' | 'ö' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            other => other,
        })
        // An accent written apart, after its letter.
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    let words: Vec<&str> =
        plain.split_whitespace().filter(|word| !matches!(*word, "of" | "the" | "and")).collect();
    let mut folded = Vec::with_capacity(words.len());
    for (at, word) in words.iter().enumerate() {
        folded.push(match *word {
            "n" | "no" if at == 0 && words.len() > 1 => "north",
            "s" | "so" if at == 0 && words.len() > 1 => "south",
            "w" if at == 0 && words.len() > 1 => "west",
            word => word,
        });
    }
    folded.join(" ")
}

const STATES: [(&str, &str); 72] = [
    ("AL", "Alabama"),
    ("AK", "Alaska"),
    ("AZ", "Arizona"),
    ("AR", "Arkansas"),
    ("CA", "California"),
    ("CO", "Colorado"),
    ("CT", "Connecticut"),
    ("DE", "Delaware"),
    ("DC", "District of Columbia"),
    ("FL", "Florida"),
    ("GA", "Georgia"),
    ("HI", "Hawaii"),
    ("ID", "Idaho"),
    ("IL", "Illinois"),
    ("IN", "Indiana"),
    ("IA", "Iowa"),
    ("KS", "Kansas"),
    ("KY", "Kentucky"),
    ("LA", "Louisiana"),
    ("ME", "Maine"),
    ("MD", "Maryland"),
    ("MA", "Massachusetts"),
    ("MI", "Michigan"),
    ("MN", "Minnesota"),
    ("MS", "Mississippi"),
    ("MO", "Missouri"),
    ("MT", "Montana"),
    ("NE", "Nebraska"),
    ("NV", "Nevada"),
    ("NH", "New Hampshire"),
    ("NJ", "New Jersey"),
    ("NM", "New Mexico"),
    ("NY", "New York"),
    ("NC", "North Carolina"),
    ("ND", "North Dakota"),
    ("OH", "Ohio"),
    ("OK", "Oklahoma"),
    ("OR", "Oregon"),
    ("PA", "Pennsylvania"),
    ("RI", "Rhode Island"),
    ("SC", "South Carolina"),
    ("SD", "South Dakota"),
    ("TN", "Tennessee"),
    ("TX", "Texas"),
    ("UT", "Utah"),
    ("VT", "Vermont"),
    ("VA", "Virginia"),
    ("WA", "Washington"),
    ("WV", "West Virginia"),
    ("WI", "Wisconsin"),
    ("WY", "Wyoming"),
    ("AS", "American Samoa"),
    ("FM", "Federated States of Micronesia"),
    ("GU", "Guam"),
    ("MH", "Marshall Islands"),
    ("MP", "Northern Mariana Islands"),
    ("PR", "Puerto Rico"),
    ("PW", "Palau"),
    ("VI", "Virgin Islands"),
    ("AB", "Alberta"),
    ("BC", "British Columbia"),
    ("MB", "Manitoba"),
    ("NB", "New Brunswick"),
    ("NL", "Newfoundland and Labrador"),
    ("NS", "Nova Scotia"),
    ("NT", "Northwest Territories"),
    ("NU", "Nunavut"),
    ("ON", "Ontario"),
    ("PE", "Prince Edward Island"),
    ("QC", "Quebec"),
    ("SK", "Saskatchewan"),
    ("YT", "Yukon"),
];
