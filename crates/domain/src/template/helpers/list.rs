//! `split` and `join`: a text becomes a list, and a list a text.

use std::borrow::Cow;

use super::{Arguments, whole_number};
use crate::template::ITEMS_MAX;
use crate::template::expression::{Expression, Room, cut};
use crate::template::place::write_scalar;
use crate::template::scan::Wrong;
use crate::{FieldType, Scalar, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Split {
    value: Expression,
    separator: String,
    index: Option<Expression>,
}

impl Split {
    pub(super) fn compile(arguments: &mut Arguments) -> Result<Split, Wrong> {
        let value = arguments.value();
        arguments
            .check_type(&value, "cuts a text into a list", |field_type| field_type != FieldType::List)?;
        let separator = match arguments.literal_option("separator")? {
            None => ",".to_owned(),
            Some((at, text)) if text.is_empty() => {
                return Err((at, arguments.wrong_option("separator", "", "it is what stands between items")));
            }
            Some((_, text)) => text,
        };
        let index = arguments.whole_option("index", 0, "it is a whole number, 0 for the first item")?;
        Ok(Split { value: value.expression, separator, index })
    }

    pub(super) fn gives_list(&self) -> bool {
        self.index.is_none()
    }

    /// The items, or the one that is asked for; nothing when it is not there. An absent value has no
    /// items.
    pub(super) fn value<'a>(&'a self, room: &Room<'a>) -> Option<Value> {
        let text = self.value.text(room);
        if !room.spend(text.len()) {
            return None;
        }
        let count = if text.is_empty() { 0 } else { ITEMS_MAX };
        let mut items = text.splitn(count, self.separator.as_str());
        match &self.index {
            Some(index) => {
                let at = usize::try_from(whole_number(index, room)?).ok()?;
                items.nth(at).map(Value::text)
            }
            None => Some(Value::List(items.map(|item| Scalar::Text(item.into())).collect())),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Join {
    value: Expression,
    separator: Expression,
}

impl Join {
    pub(super) fn compile(arguments: &mut Arguments) -> Result<Join, Wrong> {
        let value = arguments.value();
        arguments.check_type(&value, "puts the items of a list together", |field_type| {
            field_type == FieldType::List
        })?;
        let separator = arguments.option("separator").map(|separator| separator.expression);
        let separator = separator.unwrap_or_else(|| Expression::Constant(Value::text(", ")));
        Ok(Join { value: value.expression, separator })
    }

    /// Items without a value are left out; a value that is no list is its one item.
    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        let Some(value) = self.value.value(room) else { return Cow::Borrowed("") };
        let separator = self.separator.text(room);
        let items = match value.as_ref() {
            Value::List(items) => &**items,
            Value::Scalar(one) => std::slice::from_ref(one),
        };
        let mut out = String::new();
        let mut is_first = true;
        for item in items.iter().filter(|item| !item.is_blank()) {
            if !is_first {
                out.push_str(&separator);
            }
            is_first = false;
            write_scalar(item, &mut out);
            if out.len() > crate::RENDERED_BYTES_MAX {
                break;
            }
        }
        if room.spend(out.len()) { cut(Cow::Owned(out)) } else { Cow::Borrowed("") }
    }
}
