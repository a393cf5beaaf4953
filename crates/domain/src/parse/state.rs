//! States, territories and provinces of the United States and Canada, and the "states" of military mail (USPS
//! Publication 28, appendix B).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use super::words::fold;
use super::{Parsed, parse_text};
use crate::Value;

/// A code in any case, or a name: accents, points and small words do not matter, and a first
/// word may be cut (`N. Carolina`). What is unknown keeps its text.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let State { code, name } = find(text.trim())?;
        let value = |text: &Arc<str>| Value::text(Arc::clone(text));
        Some(Parsed::valid(value(code), vec![("name", value(name))]))
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

/// What all leads of a state share.
#[derive(Debug, Clone)]
struct State {
    code: Arc<str>,
    name: Arc<str>,
}

/// The state of a code or a name, whose first word may be cut: `n carolina` is `north carolina`.
fn find(text: &str) -> Option<&'static State> {
    let folded = fold(text);
    let Some((first, rest)) = folded.split_once(' ') else { return BY_WORDS.get(&folded) };
    match first {
        "n" | "no" => BY_WORDS.get(&format!("north {rest}")),
        "s" | "so" => BY_WORDS.get(&format!("south {rest}")),
        "w" => BY_WORDS.get(&format!("west {rest}")),
        _ => BY_WORDS.get(&folded),
    }
}

/// States by code and name, folded.
static BY_WORDS: LazyLock<HashMap<String, State>> = LazyLock::new(|| {
    let mut states = HashMap::new();
    for (code, name) in STATES {
        let state = State { code: code.into(), name: name.into() };
        // Two names carry their code, as partners have come to expect.
        let plain = name.strip_suffix(code).unwrap_or(name);
        for word in [code.to_ascii_lowercase(), fold(plain), fold(name)] {
            states.insert(word, state.clone());
        }
    }
    states.insert("washington dc".to_owned(), states["dc"].clone());
    states
});

const STATES: [(&str, &str); 75] = [
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
    ("AA", "Armed Forces Americas"),
    ("AE", "Armed Forces Europe"),
    ("AP", "Armed Forces Pacific"),
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
