//! States, territories and provinces of the United States and Canada.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::fold;
use super::{Parsed, parse_text};
use crate::Value;

/// A code in any case, or a name: accents, points and small words do not matter, and a first
/// word may be cut (`N. Carolina`). What is unknown keeps its text.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let at = BY_WORDS.get(&abbreviated(&fold(text.trim())))?;
        let (code, name) = STATES[*at];
        Some(Parsed::valid(Value::text(code), vec![("name", Value::text(name))]))
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

/// A first word that may be cut, whole: `n carolina` is `north carolina`.
fn abbreviated(folded: &str) -> String {
    let Some((first, rest)) = folded.split_once(' ') else { return folded.to_owned() };
    let first = match first {
        "n" | "no" => "north",
        "s" | "so" => "south",
        "w" => "west",
        first => first,
    };
    format!("{first} {rest}")
}

/// Places in [`STATES`] by code and name, folded.
static BY_WORDS: LazyLock<HashMap<String, usize>> = LazyLock::new(|| {
    let mut places = HashMap::new();
    for (at, (code, name)) in STATES.iter().enumerate() {
        places.insert(code.to_ascii_lowercase(), at);
        // Two names carry their code, as partners have come to expect.
        let plain = name.strip_suffix(code).unwrap_or(name);
        places.insert(fold(plain), at);
        places.insert(fold(name), at);
    }
    places
});

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
    ("NU", "Nunavut NU"),
    ("ON", "Ontario"),
    ("PE", "Prince Edward Island"),
    ("QC", "Quebec"),
    ("SK", "Saskatchewan"),
    ("YT", "Yukon YT"),
];
