//! `extract`: what the first group of an expression finds in the beginning of a text.

use std::borrow::Cow;

use super::Arguments;
use super::pattern::{Pattern, expression_within};
use crate::pattern::looked_at;
use crate::template::expression::{Expression, Room};
use crate::template::fault::{TemplateFault, shown};
use crate::template::scan::Wrong;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Extract {
    value: Expression,
    pattern: Pattern,
}

impl Extract {
    pub(super) fn compile(arguments: &mut Arguments) -> Result<Extract, Wrong> {
        let value = arguments.value().expression;
        let pattern = arguments.needed("pattern=, what is looked for", "pattern")?;
        let text = arguments.literal(&pattern, "pattern")?;
        let compiled = expression_within(&text).and_then(|within| Pattern::compile(within.unwrap_or(&text)));
        let compiled = compiled.map_err(|fault| (pattern.at, fault))?;
        if compiled.regex().captures_len() < 2 {
            let why = "it has no group; put ( and ) around what is to be taken".to_owned();
            return Err((pattern.at, TemplateFault::Pattern { pattern: shown(&text), why }));
        }
        Ok(Extract { value, pattern: compiled })
    }

    /// Nothing when nothing is found.
    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        let text = self.value.text(room);
        if !room.spend(text.len()) {
            return Cow::Borrowed("");
        }
        let found = self.pattern.regex().captures(looked_at(&text)).and_then(|found| found.get(1));
        let range = found.map(|group| group.range()).unwrap_or_default();
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[range]),
            Cow::Owned(text) => Cow::Owned(text[range].to_owned()),
        }
    }
}
