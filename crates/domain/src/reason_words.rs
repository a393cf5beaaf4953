//! The words of another party as they may stand in the clear.
//!
//! A buyer's "no" may quote the lead: `Duplicate: ann@example.com`. Reasons are kept in the clear, so of
//! a partner's words only those of a shipped list, and those of the flow itself, come through; the
//! rest becomes `…`. The full words belong into sealed bodies.

mod code;

use std::sync::{Arc, LazyLock};

use crate::parse::state;
use crate::{Flow, Reason, ResponseSettings, Step, StepKind};

use self::code::code_of;

/// Longest reason made from a partner's words, in characters.
const CLEAR_CHARS_MAX: usize = 200;
/// Most of a partner's words that is looked at, in characters.
const LOOKED_AT_CHARS_MAX: usize = 2_000;
/// What stands for one or more words that are not shown.
const HIDDEN: &str = "…";
/// The reason of a "no" that gives none, or none that may be shown.
const NO_REASON: &str = "Declined without a reason";

/// The shipped list: words that replies of buyers use, without names of people or places but states.
static WORDS: LazyLock<Vec<&str>> = LazyLock::new(|| include_str!("reason_words.txt").lines().collect());

/// Phrases of the trade, in lower case: what stands in one is a word of the trade, even where people
/// are called so as well. Each has a word that is nobody's name.
static PHRASES: LazyLock<Vec<Vec<&str>>> = LazyLock::new(|| {
    include_str!("reason_phrases.txt").lines().map(|phrase| phrase.split(' ').collect()).collect()
});

/// Words of the list that people or streets are called as well. In lower case they are shown among
/// other shown words. With a capital they are shown in a phrase of the trade only: `Price too low`
/// is a price, `Price is a duplicate` may be a person.
const ALSO_NAMES: [&str; 32] = [
    "bill", "case", "center", "cost", "day", "early", "field", "free", "home", "list", "long", "low", "mark",
    "max", "may", "paid", "pair", "pass", "place", "plan", "post", "price", "read", "rule", "sales", "see",
    "short", "small", "street", "tax", "way", "will",
];
/// Most digits of each half of a full count such as `(5000/5000)`.
const COUNT_DIGITS_MAX: usize = 6;

/// The reason that is recorded in the clear for a partner's "no": what the flow's `reasons` give for
/// its words, else the words with all that are not on the list replaced.
pub fn reason_in_the_clear(words: &str, flow: &Flow) -> Reason {
    let code = code_of(&words.to_lowercase());
    if let Some(reason) = flow.reason_for(words) {
        return Reason::new(code, Arc::clone(reason));
    }
    if let Some(own) = defaults(flow).find(|own| own.trim() == words.trim()) {
        return Reason::new(code, own.trim());
    }
    let text = clear_text(words, &|word| is_listed(word) || is_of_the_flow(word, flow));
    Reason::new(code, text)
}

/// The reasons that the flow itself gives when a reply has none.
fn defaults(flow: &Flow) -> impl Iterator<Item = &Arc<str>> {
    let steps = flow.steps().iter().flat_map(Step::with_recipients);
    let responses = steps.filter_map(|step| match &step.kind {
        StepKind::Filter(_) | StepKind::Distribute(_) => None,
        StepKind::Enhancement(enhancement) => Some(&enhancement.response),
        StepKind::Recipient(recipient) => Some(&recipient.response),
    });
    responses.filter_map(|response: &ResponseSettings| response.reason.default.as_ref())
}

/// Whether a word in lower case is on the shipped list.
fn is_listed(word: &str) -> bool {
    WORDS.binary_search(&word).is_ok()
}

/// Whether a word in lower case is part of the name of a field.
fn is_of_the_flow(word: &str, flow: &Flow) -> bool {
    flow.fields().iter().any(|field| field.name.as_str().split('_').any(|part| part == word))
}

/// How a word may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Grade {
    Shown,
    /// Shown unless a neighbour is hidden: a state's code, or a word that is a name as well.
    AmongShown,
    /// The same, and not beside another number: a small number could be part of a telephone number
    /// or an address.
    Number,
    Hidden,
}

fn clear_text(words: &str, is_known: &dyn Fn(&str) -> bool) -> String {
    let looked_at: String = words.chars().take(LOOKED_AT_CHARS_MAX).collect();
    let words: Vec<&str> = looked_at
        .split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect();
    let mut grades: Vec<Grade> = words.iter().map(|word| grade(word, is_known)).collect();
    show_phrases(&words, &mut grades);
    let is_shown = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| grades.get(before));
        let mut neighbours = before.into_iter().chain(grades.get(at + 1));
        match grades[at] {
            Grade::Shown => true,
            Grade::AmongShown => neighbours.all(|other| *other != Grade::Hidden),
            Grade::Number => neighbours.all(|other| !matches!(other, Grade::Hidden | Grade::Number)),
            Grade::Hidden => false,
        }
    };
    let mut text = String::new();
    let mut chars = 0;
    let mut shown = 0;
    for (at, word) in words.iter().enumerate() {
        let word = if is_shown(at) { *word } else { HIDDEN };
        if word == HIDDEN && text.ends_with(HIDDEN) {
            continue;
        }
        let added = word.chars().count() + usize::from(!text.is_empty());
        // Room is left for the mark that says that something is left out.
        if chars + added + HIDDEN.len() > CLEAR_CHARS_MAX {
            if !text.ends_with(HIDDEN) {
                text.push_str(HIDDEN);
            }
            break;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        text.push_str(word);
        chars += added;
        shown += usize::from(word != HIDDEN && word.contains(char::is_alphanumeric));
    }
    if shown == 0 { NO_REASON.to_owned() } else { text }
}

/// What may stand around a word.
const AROUND: &[char] =
    &['.', ',', ';', ':', '!', '?', '(', ')', '[', ']', '"', '\'', '-', '*', '/', '&', '='];

/// Shows the words of each phrase of the trade that stands there without anything between its words.
/// Beside a hidden word it does not count: `Ann Price below 18` is about a person.
fn show_phrases(words: &[&str], grades: &mut [Grade]) {
    let cores: Vec<String> = words.iter().map(|word| word.trim_matches(AROUND).to_lowercase()).collect();
    let is_hidden: Vec<bool> = grades.iter().map(|grade| *grade == Grade::Hidden).collect();
    for start in 0..words.len() {
        for phrase in PHRASES.iter() {
            let end = start + phrase.len();
            let Some(here) = cores.get(start..end) else { continue };
            let is_phrase = here.iter().zip(phrase).all(|(core, word)| core == word)
                && words[start..end - 1].iter().all(|word| !word.ends_with(AROUND))
                && words[start + 1..end].iter().all(|word| !word.starts_with(AROUND));
            let before = start.checked_sub(1).is_some_and(|before| is_hidden[before]);
            let after = is_hidden.get(end).is_some_and(|hidden| *hidden);
            if is_phrase && !before && !after {
                grades[start..end].fill(Grade::Shown);
            }
        }
    }
}

/// Looks at what stands between two blanks.
fn grade(written: &str, is_known: &dyn Fn(&str) -> bool) -> Grade {
    let core = written.trim_matches(AROUND);
    if core.is_empty() {
        return Grade::Shown;
    }
    let is_small_number =
        |text: &str| (1..=3).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_small_number(core.strip_suffix('%').unwrap_or(core)) {
        return Grade::Number;
    }
    if core.split_once('/').is_some_and(|(part, whole)| is_small_number(part) && is_small_number(whole)) {
        return Grade::Number;
    }
    // A full cap says the same number twice, which no telephone number and no address does.
    if let Some((part, whole)) = core.split_once('/')
        && part == whole
        && part.len() <= COUNT_DIGITS_MAX
        && part.bytes().all(|byte| byte.is_ascii_digit())
    {
        return Grade::Number;
    }
    let mut grade_of_all = Grade::Shown;
    for part in core.split(['-', '/', '_', ':', ',', '.', '=', '&']).filter(|part| !part.is_empty()) {
        match grade_of_word(part, is_known) {
            Grade::Shown => {}
            Grade::Hidden => return Grade::Hidden,
            weaker @ (Grade::AmongShown | Grade::Number) => grade_of_all = weaker,
        }
    }
    grade_of_all
}

fn grade_of_word(word: &str, is_known: &dyn Fn(&str) -> bool) -> Grade {
    let plain = word.replace('’', "'");
    let plain = plain.strip_suffix("'s").unwrap_or(&plain).replace('\'', "");
    let lower = plain.to_lowercase();
    let is_lower = lower == plain;
    if ALSO_NAMES.contains(&&*lower) {
        return if is_lower { Grade::AmongShown } else { Grade::Hidden };
    }
    if is_known(&lower) {
        return Grade::Shown;
    }
    if state::is_code(word) { Grade::AmongShown } else { Grade::Hidden }
}

#[cfg(test)]
mod tests;
