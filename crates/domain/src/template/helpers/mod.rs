//! What can be done to values between braces. One file for each kind of helper: it compiles the words
//! behind the helper's name, and applies it.

mod arguments;
mod case;
mod digest;
mod extract;
mod fallback;
mod format;
mod list;
mod pattern;
mod replace;
mod substring;

use std::borrow::Cow;

use crate::{FieldType, Value};

use self::case::Case;
use self::digest::Digest;
use self::extract::Extract;
use self::format::Format;
use self::list::{Join, Split};
use self::replace::Replace;
use self::substring::Substring;
use super::expression::{Expression, Room};
use super::math::Math;
use super::place::{Names, text_of};
use super::scan::Wrong;

pub(super) use self::arguments::{Arguments, whole_number};

/// The words of one helper.
#[derive(Debug)]
pub(super) struct Helper {
    pub(super) name: &'static str,
    /// How it is written.
    pub(super) example: &'static str,
    /// Fewest and most values behind its name.
    pub(super) values: (usize, usize),
    /// What is missing when there are fewer.
    pub(super) missing: &'static str,
    pub(super) options: &'static [&'static str],
    /// How many of the options may stand without their name, in order, behind the values.
    pub(super) unnamed: usize,
}

/// Most values that a helper takes which puts several together.
const VALUES_MAX: usize = 100;

const fn helper(name: &'static str, example: &'static str) -> Helper {
    Helper { name, example, values: (1, 1), missing: "a value", options: &[], unnamed: 0 }
}

const fn digest(name: &'static str, example: &'static str) -> Helper {
    Helper { values: (1, VALUES_MAX), options: &["salt"], ..helper(name, example) }
}

/// Every helper that stands behind braces; `if` and `unless` are blocks.
pub(super) const HELPERS: [Helper; 17] = [
    Helper {
        options: &[
            "format", "timezone", "operator", "years", "months", "weeks", "days", "hours", "minutes",
            "seconds",
        ],
        unnamed: 1,
        ..helper("format", "{{format lead.dob format=\"MM/DD/YYYY\"}}")
    },
    Helper {
        missing: "an expression in quotes",
        options: &["dataType"],
        ..helper("math", "{{math \"lead.price * 1.2\"}}")
    },
    helper("uppercase", "{{uppercase lead.state}}"),
    helper("lowercase", "{{lowercase lead.email}}"),
    helper("capitalize", "{{capitalize lead.city}}"),
    helper("trim", "{{trim lead.comments}}"),
    Helper {
        options: &["pattern", "replace"],
        unnamed: 2,
        ..helper("replace", "{{replace lead.phone_1 pattern=\"-\" replace=\"\"}}")
    },
    Helper {
        options: &["start", "end"],
        unnamed: 2,
        ..helper("substring", "{{substring lead.postal_code start=1 end=5}}")
    },
    Helper {
        options: &["pattern"],
        unnamed: 1,
        ..helper("extract", "{{extract lead.comments pattern=\"id=(\\d+)\"}}")
    },
    digest("md5", "{{md5 lead.email}}"),
    digest("sha1", "{{sha1 lead.email}}"),
    digest("sha256", "{{sha256 lead.email salt=\"s\"}}"),
    digest("sha384", "{{sha384 lead.email}}"),
    digest("sha512", "{{sha512 lead.email}}"),
    Helper {
        options: &["separator", "index"],
        unnamed: 1,
        ..helper("split", "{{split lead.comments separator=\";\"}}")
    },
    Helper { options: &["separator"], unnamed: 1, ..helper("join", "{{join lead.tags separator=\"; \"}}") },
    Helper {
        values: (2, VALUES_MAX),
        missing: "a value and what stands in for it",
        ..helper("default", "{{default lead.city \"unknown\"}}")
    },
];

/// What people can write with a helper.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HelperWords {
    /// Its name.
    pub name: &'static str,
    /// The names of its options.
    pub options: &'static [&'static str],
}

/// Every helper with its options, in the order people list them; `if` and `unless` are blocks and stand last.
pub fn helper_words() -> Vec<HelperWords> {
    let own = HELPERS.iter().map(|helper| HelperWords { name: helper.name, options: helper.options });
    own.chain(["if", "unless"].map(|name| HelperWords { name, options: &[] })).collect()
}

/// A helper with what it is applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Call {
    Format(Format),
    Math(Math),
    Case(Case, Expression),
    Replace(Replace),
    Substring(Substring),
    Extract(Extract),
    Digest(Digest),
    Split(Split),
    Join(Join),
    /// The first value that is not blank.
    Default(Vec<Expression>),
}

/// Compiles a helper, and says the type of what it gives.
pub(super) fn compile(arguments: Arguments, names: Names<'_>) -> Result<(Call, Option<FieldType>), Wrong> {
    let mut arguments = arguments;
    arguments.check()?;
    let text = Some(FieldType::String);
    Ok(match arguments.helper.name {
        "format" => (Call::Format(Format::compile(&mut arguments)?), text),
        "math" => {
            let math = Math::compile(&mut arguments, names)?;
            let field_type = if math.gives_text() { text } else { Some(FieldType::Number) };
            (Call::Math(math), field_type)
        }
        "replace" => (Call::Replace(Replace::compile(&mut arguments)?), text),
        "substring" => (Call::Substring(Substring::compile(&mut arguments)?), text),
        "extract" => (Call::Extract(Extract::compile(&mut arguments)?), text),
        "split" => {
            let split = Split::compile(&mut arguments)?;
            let field_type = if split.gives_list() { Some(FieldType::List) } else { text };
            (Call::Split(split), field_type)
        }
        "join" => (Call::Join(Join::compile(&mut arguments)?), text),
        "default" => {
            let (values, field_type) = fallback::compile(&mut arguments);
            (Call::Default(values), field_type)
        }
        name => match Case::of(name) {
            Some(case) => (Call::Case(case, arguments.value().expression), text),
            None => (Call::Digest(Digest::compile(&mut arguments)?), text),
        },
    })
}

impl Call {
    /// What it gives for a lead, with its type.
    pub(super) fn value<'a>(&'a self, room: &Room<'a>) -> Option<Cow<'a, Value>> {
        match self {
            Call::Math(math) => Some(Cow::Owned(math.value(room))),
            Call::Split(split) => split.value(room).map(Cow::Owned),
            Call::Default(values) => fallback::value(values, room),
            Call::Format(_)
            | Call::Case(..)
            | Call::Replace(_)
            | Call::Substring(_)
            | Call::Extract(_)
            | Call::Digest(_)
            | Call::Join(_) => Some(Cow::Owned(Value::text(&*self.text(room)))),
        }
    }

    /// The text of what it gives.
    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        match self {
            Call::Format(format) => format.text(room),
            Call::Case(case, value) => case.text(value, room),
            Call::Replace(replace) => replace.text(room),
            Call::Substring(substring) => substring.text(room),
            Call::Extract(extract) => extract.text(room),
            Call::Digest(digest) => digest.text(room),
            Call::Join(join) => join.text(room),
            Call::Math(_) | Call::Split(_) | Call::Default(_) => {
                self.value(room).map_or(Cow::Borrowed(""), text_of)
            }
        }
    }
}
