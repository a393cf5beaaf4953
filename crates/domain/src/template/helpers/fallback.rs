//! `default`: the first of some values that is not blank.

use std::borrow::Cow;

use super::Arguments;
use crate::template::expression::{Expression, Room};
use crate::{FieldType, Value};

/// The values, and the type of all of them if they have one in common.
pub(super) fn compile(arguments: &mut Arguments) -> (Vec<Expression>, Option<FieldType>) {
    let values = arguments.values();
    let field_type =
        values[0].field_type.filter(|own| values.iter().all(|value| value.field_type == Some(*own)));
    (values.into_iter().map(|value| value.expression).collect(), field_type)
}

/// With its type. Nothing when all are blank.
pub(super) fn value<'a>(values: &'a [Expression], room: &Room<'a>) -> Option<Cow<'a, Value>> {
    if !room.spend(0) {
        return None;
    }
    values.iter().filter_map(|value| value.value(room)).find(|value| !value.is_blank())
}
