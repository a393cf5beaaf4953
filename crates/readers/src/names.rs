//! Query parameters that are wrong, and the names that were meant.

use ledger::Order;

/// One query parameter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParameterError {
    /// Which parameter.
    pub name: String,
    /// What is wrong with it, and how to mend it.
    pub message: String,
}

impl ParameterError {
    pub(crate) fn new(name: &str, message: impl ToString) -> ParameterError {
        ParameterError { name: name.to_owned(), message: message.to_string() }
    }
}

/// The parameter that continues a list after its last row.
pub(crate) fn cursor_name(order: Order) -> &'static str {
    match order {
        Order::OldestFirst => "after",
        Order::NewestFirst => "before",
    }
}

/// The name nearest to a misspelt one; none when none is near enough to be meant.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(60).collect::<String>().to_lowercase();
    let (distance, name) = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&word, name), name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + name.chars().count() / 3).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_name_finds_what_was_meant() {
        let names = ["lead_id", "type", "limit"];
        assert_eq!(nearest("leadid", names), Some("lead_id"));
        assert_eq!(nearest("Limt", names), Some("limit"));
        assert_eq!(nearest("colour_of_the_sky", names), None);
    }
}
