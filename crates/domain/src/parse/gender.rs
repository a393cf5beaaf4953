//! Male, female, other.

use std::sync::{Arc, LazyLock};

use super::{Parsed, parse_sent};
use crate::Value;

/// Each word and its letter, which all leads share.
static GENDERS: LazyLock<[[Arc<str>; 2]; 3]> =
    LazyLock::new(|| [["male", "M"], ["female", "F"], ["other", "O"]].map(|pair| pair.map(Arc::from)));

/// The word or its first letter, in any case.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_sent(raw, |text| {
        let text = text.trim();
        let [word, letter] =
            GENDERS.iter().find(|pair| pair.iter().any(|own| own.eq_ignore_ascii_case(text)))?;
        let value = |text: &Arc<str>| Value::text(Arc::clone(text));
        Some(Parsed::valid(value(word), vec![("abbr", value(letter))]))
    })
}
