//! `substring`: characters from one place to another, counted from 1, both included.

use std::borrow::Cow;

use super::{Arguments, whole_number};
use crate::template::expression::{Expression, Room};
use crate::template::scan::Wrong;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Substring {
    value: Expression,
    start: Option<Expression>,
    end: Option<Expression>,
}

impl Substring {
    pub(super) fn compile(arguments: &mut Arguments) -> Result<Substring, Wrong> {
        let wanted = "it is a whole number, 1 for the first character";
        Ok(Substring {
            value: arguments.value().expression,
            start: arguments.whole_option("start", 1, wanted)?,
            end: arguments.whole_option("end", 1, wanted)?,
        })
    }

    /// Of a place that is not a number nothing is given.
    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        let text = self.value.text(room);
        let place = |option: &'a Option<Expression>, default: usize| match option {
            None => Some(default),
            Some(expression) => {
                whole_number(expression, room).map(|number| usize::try_from(number).unwrap_or(0))
            }
        };
        let (Some(start), Some(end)) = (place(&self.start, 1), place(&self.end, usize::MAX)) else {
            return Cow::Borrowed("");
        };
        if !room.spend(text.len()) {
            return Cow::Borrowed("");
        }
        // The byte at which so many characters are over.
        let after = |count: usize| text.char_indices().nth(count).map_or(text.len(), |(at, _)| at);
        let range = after(start.max(1) - 1)..after(end);
        match text {
            Cow::Borrowed(text) => Cow::Borrowed(text.get(range).unwrap_or_default()),
            Cow::Owned(text) => Cow::Owned(text.get(range).unwrap_or_default().to_owned()),
        }
    }
}
