//! `uppercase`, `lowercase`, `capitalize` and `trim`.

use std::borrow::Cow;

use crate::template::expression::{Expression, Room, cut};

/// What becomes of the letters of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::template) enum Case {
    Upper,
    Lower,
    /// The first letter of each word is large; the rest stays.
    Words,
    /// Blanks at both ends go.
    Trimmed,
}

impl Case {
    pub(super) fn of(helper: &str) -> Option<Case> {
        match helper {
            "uppercase" => Some(Case::Upper),
            "lowercase" => Some(Case::Lower),
            "capitalize" => Some(Case::Words),
            "trim" => Some(Case::Trimmed),
            _ => None,
        }
    }

    pub(super) fn text<'a>(self, value: &'a Expression, room: &Room<'a>) -> Cow<'a, str> {
        let text = value.text(room);
        if !room.spend(text.len()) {
            return Cow::Borrowed("");
        }
        match self {
            Case::Upper => cut(Cow::Owned(text.to_uppercase())),
            Case::Lower => cut(Cow::Owned(text.to_lowercase())),
            Case::Words => {
                let mut out = String::with_capacity(text.len());
                let mut begins = true;
                for c in text.chars() {
                    if begins {
                        out.extend(c.to_uppercase());
                    } else {
                        out.push(c);
                    }
                    // An apostrophe does not begin a word: o'Neil stays the person's own spelling.
                    begins = !(c.is_alphanumeric() || c == '\'' || c == '’');
                }
                cut(Cow::Owned(out))
            }
            Case::Trimmed => match text {
                Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
                Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
            },
        }
    }
}
