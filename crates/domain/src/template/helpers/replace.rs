//! `replace`: every find of a text or an expression becomes another text.

use std::borrow::Cow;

use super::Arguments;
use super::pattern::{Pattern, expression_within};
use crate::template::expression::{Expression, Room, cut};
use crate::template::scan::Wrong;
use crate::template::{RENDERED_BYTES_MAX, fault::TemplateFault};

/// How far into a text an expression is looked for again and again, in bytes: that takes up to the square
/// of the length. The rest stays as it is.
const PATTERN_TEXT_BYTES_MAX: usize = 8 * 1024;

/// What is looked for where, and what stands in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Replace {
    value: Expression,
    find: Find,
    by: By,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Find {
    Text(String),
    Pattern(Pattern),
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum By {
    /// As it is.
    Text(Expression),
    /// With `${1}` for the first group; the same for every lead.
    Groups(String),
}

impl Replace {
    pub(super) fn compile(arguments: &mut Arguments) -> Result<Replace, Wrong> {
        let value = arguments.value().expression;
        let pattern = arguments.needed("pattern=, what is looked for", "pattern")?;
        let text = arguments.literal(&pattern, "pattern")?;
        let find = match expression_within(&text).map_err(|fault| (pattern.at, fault))? {
            Some(expression) => {
                Find::Pattern(Pattern::compile(expression).map_err(|fault| (pattern.at, fault))?)
            }
            None if text.is_empty() => {
                let why = "it is empty, and would be found everywhere".to_owned();
                return Err((pattern.at, TemplateFault::Pattern { pattern: text, why }));
            }
            None => Find::Text(text),
        };
        let by = arguments.needed("replace=, what stands in its place", "replace")?.expression;
        let same_for_all = by.literal().map(Cow::into_owned);
        let by = match (&find, same_for_all) {
            (Find::Pattern(_), Some(text)) => By::Groups(groups(&text)),
            (Find::Pattern(_) | Find::Text(_), _) => By::Text(by),
        };
        Ok(Replace { value, find, by })
    }

    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        let text = self.value.text(room);
        if !room.spend(text.len()) {
            return Cow::Borrowed("");
        }
        let mut out = String::new();
        let mut from = 0;
        let by_text = match &self.by {
            By::Text(by) => by.text(room),
            By::Groups(_) => Cow::Borrowed(""),
        };
        match &self.find {
            Find::Text(find) => {
                for (at, _) in text.match_indices(find.as_str()) {
                    out.push_str(&text[from..at]);
                    out.push_str(&by_text);
                    from = at + find.len();
                    if out.len() > RENDERED_BYTES_MAX {
                        break;
                    }
                }
            }
            Find::Pattern(pattern) => {
                let end = (0..=PATTERN_TEXT_BYTES_MAX.min(text.len())).rev();
                let end = end.into_iter().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
                for found in pattern.regex().captures_iter(&text[..end]) {
                    let whole = found.get_match();
                    out.push_str(&text[from..whole.start()]);
                    match &self.by {
                        By::Text(_) => out.push_str(&by_text),
                        By::Groups(by) => found.expand(by, &mut out),
                    }
                    from = whole.end();
                    if out.len() > RENDERED_BYTES_MAX {
                        break;
                    }
                }
            }
        }
        if from == 0 && out.is_empty() {
            return text;
        }
        out.push_str(&text[from..]);
        if room.spend(out.len()) { cut(Cow::Owned(out)) } else { Cow::Borrowed("") }
    }
}

/// `$1`, `$&` and `$$` as the crate for expressions writes them; any other `$` is itself.
fn groups(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count().min(2);
        if digits > 0 {
            out.push_str(&format!("${{{}}}", &rest[..digits]));
            rest = &rest[digits..];
        } else if let Some(after) = rest.strip_prefix('&') {
            out.push_str("${0}");
            rest = after;
        } else {
            out.push_str("$$");
            rest = rest.strip_prefix('$').unwrap_or(rest);
        }
    }
    out.push_str(rest);
    out
}
