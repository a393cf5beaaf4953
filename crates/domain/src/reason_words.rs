//! The words of another party as they may stand in the clear.
//!
//! A buyer's "no" may quote the lead: `Duplicate: ann@example.com`. Reasons are kept in the clear, so of
//! a partner's words only those of a shipped list, and those of the flow itself, come through; the
//! rest becomes `…`. The full words belong into sealed bodies.

use std::sync::{Arc, LazyLock};

use crate::parse::state;
use crate::{Flow, Reason, ReasonCode, ResponseSettings, StepKind};

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

/// Words of the list that people are called as well: shown in lower case, and only among other shown
/// words.
const ALSO_NAMES: [&str; 27] = [
    "cost", "day", "early", "field", "free", "home", "list", "long", "low", "max", "may", "paid", "pair",
    "pass", "place", "plan", "post", "price", "read", "rule", "sales", "see", "short", "small", "tax", "way",
    "will",
];

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
    let responses = flow.steps().iter().filter_map(|step| match &step.kind {
        StepKind::Filter(_) => None,
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
    let grades: Vec<Grade> = words.iter().map(|word| grade(word, is_known)).collect();
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

/// Looks at what stands between two blanks.
fn grade(written: &str, is_known: &dyn Fn(&str) -> bool) -> Grade {
    const AROUND: &[char] =
        &['.', ',', ';', ':', '!', '?', '(', ')', '[', ']', '"', '\'', '-', '*', '/', '&', '='];
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

/// The word to group by, from words in lower case.
fn code_of(words: &str) -> ReasonCode {
    let any = |wanted: &[&str]| wanted.iter().any(|wanted| words.contains(wanted));
    let all = |wanted: &[&str]| wanted.iter().all(|wanted| words.contains(wanted));
    let full = any(&["reached", "full", "exceed", "hit", "exhausted", "met", "over", "limit", "maxed"]);
    if any(&[
        "duplicate",
        "duplication",
        "dupe",
        "already exist",
        "already in our",
        "already received",
        "already submitted",
    ]) {
        ReasonCode::Duplicate
    } else if any(&[
        "do not call",
        "do-not-call",
        "dnc",
        "suppress",
        "litigator",
        "opted out",
        "opt-out",
        "blacklist",
    ]) {
        ReasonCode::Suppressed
    } else if has_word(words, &["cap", "caps", "quota", "budget", "capacity", "allotment", "allocation"])
        && full
        || any(&["limit reached", "limit exceeded", "over limit", "throttle", "too many"])
    {
        ReasonCode::CapReached
    } else if any(&[
        "outside hours",
        "after hours",
        "business hours",
        "office hours",
        "hours of operation",
        "operating hours",
    ]) || all(&["outside", "hours"])
        || any(&["currently closed", "office closed", "office is closed"])
    {
        ReasonCode::OutsideHours
    } else if has_word(words, &["paused", "inactive", "disabled", "suspended"]) {
        ReasonCode::Paused
    } else if any(&[
        "unauthorized",
        "not authorized",
        "authentication",
        "invalid key",
        "api key",
        "credentials",
        "access denied",
    ]) {
        ReasonCode::Auth
    } else if any(&[
        "missing",
        "is required",
        "are required",
        "required field",
        "cannot be blank",
        "can't be blank",
        "must be provided",
    ]) {
        ReasonCode::MissingField
    } else if has_word(words, &["price", "bid", "bids", "floor", "payout"])
        && any(&["low", "high", "below", "above", "under", "minimum", "maximum", "floor", "exceed"])
    {
        ReasonCode::Price
    } else if any(&[
        "no buyer",
        "no coverage",
        "not covered",
        "no match",
        "no bid",
        "no partner",
        "unmatched",
        "unsold",
    ]) {
        ReasonCode::NoBuyer
    } else if any(&[
        "criteria",
        "not accepted in",
        "not serviced",
        "out of area",
        "outside of area",
        "service area",
        "not eligible",
        "ineligible",
        "unqualified",
        "not qualified",
        "filtered",
    ]) {
        ReasonCode::Criteria
    } else {
        ReasonCode::Declined
    }
}

/// Whether one of these stands there as a whole word.
fn has_word(words: &str, wanted: &[&str]) -> bool {
    words.split(|letter: char| !letter.is_alphanumeric()).any(|word| wanted.contains(&word))
}

#[cfg(test)]
mod tests;
