//! Words, compared without regard to case, and names of places, compared without what people leave
//! out; without allocating for short ones where that can be had.

/// Text up to this many bytes is lowered on the stack.
const SHORT_BYTES: usize = 64;

/// Hands on a text in lower case.
pub(crate) fn with_lower_case<T>(text: &str, then: impl FnOnce(&str) -> T) -> T {
    let mut short = [0; SHORT_BYTES];
    match short.get_mut(..text.len()) {
        Some(bytes) if text.is_ascii() => {
            bytes.copy_from_slice(text.as_bytes());
            bytes.make_ascii_lowercase();
            then(str::from_utf8(bytes).expect("ASCII stays ASCII"))
        }
        Some(_) | None => then(&text.to_lowercase()),
    }
}

/// Whether two texts differ in case at most.
pub(crate) fn is_same_word(one: &str, other: &str) -> bool {
    if one.is_ascii() && other.is_ascii() {
        return one.eq_ignore_ascii_case(other);
    }
    one.to_lowercase() == other.to_lowercase()
}

/// Lower-case words without accents and small words, joined by one blank.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        with_lower_case(text, |lower| joined(lower.split(|c: char| !c.is_ascii_alphanumeric()), lower.len()))
    } else {
        fold_any(text)
    }
}

/// The same for any text.
fn fold_any(text: &str) -> String {
    let plain: String = text
        .chars()
        .flat_map(char::to_lowercase)
        .map(|c| match c {
            'á' | 'à' | 'â' | 'ä' | 'å' | 'ã' => 'a',
            'ç' => 'c',
            'é' | 'è' | 'ê' | 'ë' => 'e',
            'í' | 'ì' | 'î' | 'ï' => 'i',
            'ñ' => 'n',
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
            'ú' | 'ù' | 'û' | 'ü' => 'u',
            other => other,
        })
        // An accent written apart, after its letter.
        .filter(|c| !('\u{300}'..='\u{36f}').contains(c))
        .map(|c| if c.is_alphanumeric() { c } else { ' ' })
        .collect();
    joined(plain.split_whitespace(), plain.len())
}

fn joined<'a>(words: impl Iterator<Item = &'a str>, bytes: usize) -> String {
    let mut folded = String::with_capacity(bytes);
    for word in words.filter(|word| !matches!(*word, "" | "of" | "the" | "and")) {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.push_str(word);
    }
    folded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_text_is_in_lower_case_however_long(text in "[a-zA-ZÄßİK ]{0,100}") {
            prop_assert!(with_lower_case(&text, |key| key == text.to_lowercase()));
        }

        #[test]
        fn the_short_way_folds_as_the_long_one(text in "[ -~\\t\\n]{0,100}", words in "((The|of|AND|N\\.|Lake) ){0,6}") {
            for text in [text, words] {
                prop_assert_eq!(fold(&text), fold_any(&text));
            }
        }

        #[test]
        fn words_are_the_same_whatever_their_case(one in "[kKsS\u{212a}ß]{0,4}", other in "[kKsS\u{212a}ß]{0,4}") {
            prop_assert_eq!(is_same_word(&one, &other), one.to_lowercase() == other.to_lowercase());
        }
    }
}
