//! Several values in one field, as from boxes to tick.

use super::Parsed;
use crate::{Scalar, Value};

/// A list stays one; text with commas or line ends is a list of its parts, without the blanks
/// around them. What holds nothing is absent.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    let items: Vec<Scalar> = match raw {
        Value::Scalar(Scalar::Text(text)) => {
            text.split([',', '\n', '\r']).map(|part| Scalar::Text(part.trim().into())).collect()
        }
        Value::Scalar(scalar) => vec![scalar.clone()],
        Value::List(list) => list.to_vec(),
    };
    let items: Vec<Scalar> = items.into_iter().filter(|item| !item.is_blank()).collect();
    if items.is_empty() {
        return None;
    }
    Some(Parsed {
        normal: Value::List(items.into()),
        raw: Some(raw.clone()),
        components: Vec::new(),
        valid: None,
    })
}
