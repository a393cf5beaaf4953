//! The name that was meant by a misspelt one.

/// Most characters of a word that are compared.
const WORD_CHARS_MAX: usize = 60;

/// The nearest of some names in lower case, when it is near enough to be what was meant.
pub fn nearest<'a>(word: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: String = word.chars().take(WORD_CHARS_MAX).collect::<String>().to_lowercase();
    let (distance, nearest) = names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(&word, name), name))
        .min_by_key(|(distance, _)| *distance)?;
    (distance <= 1 + nearest.chars().count() / 4).then_some(nearest)
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
