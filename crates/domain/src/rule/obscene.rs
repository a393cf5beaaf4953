//! Obscene words: the shipped list, met as whole words in the spellings that people hide them in.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::text::text_of;
use crate::Value;

/// The list, in lower case and without endings, in order; see `data/README.md`.
static SORTED: LazyLock<Vec<&str>> = LazyLock::new(|| {
    include_str!("../../data/obscene.txt").lines().filter(|line| !line.starts_with('#')).collect()
});
static WORDS: LazyLock<HashSet<&str>> = LazyLock::new(|| SORTED.iter().copied().collect());

/// Endings that a word may have.
const ENDINGS: [&str; 10] = ["s", "es", "ed", "er", "ers", "y", "ing", "in", "head", "heads"];
/// Longest word that is looked at, in bytes; none of the list comes near.
const WORD_BYTES_MAX: usize = 40;

/// Whether some whole word of the value, or of one of its items, is on the list.
pub(super) fn is_obscene(value: &Value) -> bool {
    match value {
        Value::Scalar(scalar) => has_obscene_word(text_of(scalar)),
        Value::List(list) => list.iter().any(|scalar| has_obscene_word(text_of(scalar))),
    }
}

fn has_obscene_word(text: &str) -> bool {
    // Signs that stand for a letter in one word end the other: `$hit!`.
    let signs = ['@', '$', '!', '*', '#'];
    let is_end = |c: char| !c.is_alphanumeric();
    text.split(is_end).any(is_listed)
        || text.contains(signs)
            && text.split(|c: char| is_end(c) && !signs.contains(&c)).any(|word| {
                is_listed(word)
                    || is_listed(word.trim_end_matches(signs))
                    || is_listed(word.trim_matches(HIDDEN))
            })
}

/// Whether it is a word of the list in any case, with letters drawn out, with digits and signs for
/// letters, with a usual ending, or with a number behind it.
fn is_listed(word: &str) -> bool {
    // Words in digits alone are numbers.
    if word.len() > WORD_BYTES_MAX || !word.bytes().any(|byte| byte.is_ascii_alphabetic()) {
        return false;
    }
    let numberless = word.trim_end_matches(|c: char| c.is_ascii_digit());
    is_listed_in_letters(word)
        || (numberless != word && is_listed_in_letters(numberless))
        // `f@ck`: the sign stands for `u` as well.
        || (word.contains('@') && is_listed_in_letters(&word.replace('@', "u")))
}

fn is_listed_in_letters(word: &str) -> bool {
    is_listed_plain(&letters(word))
}

/// Signs that stand for one letter, whichever it is.
const HIDDEN: [char; 2] = ['*', '#'];

/// Whether a stem is on the list. Of one with hidden letters the first must stand there, and one more.
fn is_stem(stem: &str) -> bool {
    if !stem.contains(HIDDEN) {
        return WORDS.contains(stem);
    }
    let shown = stem.bytes().filter(u8::is_ascii_lowercase).count();
    let Some(first) = stem.get(..1).filter(|first| !first.contains(HIDDEN)) else { return false };
    let from = SORTED.partition_point(|word| *word < first);
    shown > 1
        && SORTED[from..].iter().take_while(|word| word.starts_with(first)).any(|word| {
            let same = |(own, other): (char, char)| own == other || HIDDEN.contains(&own);
            word.len() == stem.len() && stem.chars().zip(word.chars()).all(same)
        })
}

fn is_listed_plain(word: &str) -> bool {
    let with_ending = |ending: &&str| {
        let Some(stem) = word.strip_suffix(*ending) else { return false };
        // `shitty` doubles the letter before its ending.
        let single = stem.strip_suffix(|c: char| c.is_ascii() && stem[..stem.len() - 1].ends_with(c));
        is_stem(stem) || single.is_some_and(is_stem)
    };
    is_stem(word) || ENDINGS.iter().any(with_ending)
}

/// In lower case, with letters for what stands for them; more than two of a letter are one.
fn letters(word: &str) -> String {
    let mut out = String::with_capacity(word.len());
    let mut run = 0;
    for c in word.chars().flat_map(char::to_lowercase) {
        let letter = match c {
            '0' => 'o',
            '1' | '!' => 'i',
            '3' => 'e',
            '4' | '@' => 'a',
            '5' | '$' => 's',
            '7' => 't',
            other => other,
        };
        run = if out.ends_with(letter) && !HIDDEN.contains(&letter) { run + 1 } else { 1 };
        match run {
            1 | 2 => out.push(letter),
            3 => {
                out.pop();
            }
            _ => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::Scalar;

    #[test]
    fn a_listed_word_is_met_in_its_usual_spellings() {
        for text in [
            "shit",
            "Oh SHIT!",
            "sh1t",
            "$hit",
            "$h!t!!",
            "shiiiit",
            "shits",
            "shitty",
            "shithead",
            "holy_shit",
            "shit1",
            "b1tch3s",
            "B!tch",
            "a55hole",
            "well,shit.",
            "bullshit",
            "f*ck",
            "F**K!",
            "f*cking",
            "*f*ck*",
            "f#ck",
            "f@ck",
            "f@cked",
            "sh*t",
            "b*tches",
        ] {
            assert!(has_obscene_word(text), "{text}");
        }
        let list = Value::List([Scalar::Text("roof".into()), Scalar::Text("shit".into())].into());
        assert!(is_obscene(&list) && is_obscene(&Value::text("shit")));
    }

    #[test]
    fn names_places_and_other_words_are_let_alone() {
        for text in [
            "",
            "Dick Hancock",
            "Cox",
            "Scunthorpe",
            "Essex",
            "Penistone Road",
            "Assad",
            "Matsushita",
            "Fuchs",
            "Kuntz",
            "Butts",
            "Gaylord",
            "Shirley",
            "Cockburn",
            "Sussex",
            "classic assessment",
            "Mishit",
            "455",
            "5417",
            "$417",
            "joe@example.com",
            "bass",
            "Wang",
            "Randy",
            "Willy",
            "Peniston",
            "Shiite",
            "Hooker",
            "Lipshitz",
            "Dyke Street",
            "Pratt",
            "f***",
            "***",
            "*roof*",
            "2*a",
            "a*b",
            "#1 roofer",
            "r**f",
            "ann@example.com",
        ] {
            assert!(!has_obscene_word(text), "{text}");
        }
    }

    #[test]
    fn the_list_is_in_order_and_as_it_is_looked_up() {
        let lines: Vec<&str> =
            include_str!("../../data/obscene.txt").lines().filter(|line| !line.starts_with('#')).collect();
        assert!(lines.is_sorted_by(|a, b| a < b), "each once, in order");
        for word in lines {
            assert_eq!(letters(word), word);
            assert!(word.bytes().all(|byte| byte.is_ascii_lowercase()) && is_listed(word), "{word}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(text in ".{0,40}") {
            has_obscene_word(&text);
        }

        #[test]
        fn what_stands_around_a_word_does_not_hide_it(
            before in "[a-z ]{0,6}[ ,._(-]", after in "[ ,.)_-][a-z ]{0,6}", upper in any::<bool>(),
        ) {
            let word = if upper { "SHIT" } else { "shit" };
            let text = format!("{before}{word}{after}");
            prop_assert!(has_obscene_word(&text));
        }
    }
}
