//! Parameters of a form or a query.

use domain::{Scalar, Value};

use super::address::push_escaped;
use super::json_body::{is_empty, item_number};

/// Writes fields as `name=value` with `&` between. Names that end in numbers, `tags.0` and `tags.1`,
/// and lists repeat the parameter; nulls are left out, and empty items of lists.
pub(super) fn parameters<'a>(fields: impl Iterator<Item = (&'a str, Value)>) -> String {
    let mut all: Vec<(&str, Vec<(u32, String)>)> = Vec::new();
    for (written, value) in fields {
        let (name, number) = match written.rsplit_once('.') {
            Some((name, last)) if !name.is_empty() => match item_number(last) {
                Some(number) => (name, number),
                None => (written, 0),
            },
            _ => (written, 0),
        };
        let texts: Vec<(u32, String)> = match &value {
            Value::Scalar(scalar) => scalar_text(scalar).map(|text| (number, text)).into_iter().collect(),
            Value::List(list) => {
                let items = list.iter().filter(|item| !is_empty(item));
                items.filter_map(scalar_text).map(|text| (number, text)).collect()
            }
        };
        match all.iter_mut().find(|(own, _)| *own == name) {
            Some((_, own)) => own.extend(texts),
            None => all.push((name, texts)),
        }
    }
    let mut out = String::new();
    for (name, mut texts) in all {
        texts.sort_by_key(|(number, _)| *number);
        for (_, text) in texts {
            if !out.is_empty() {
                out.push('&');
            }
            push_escaped(name, &mut out);
            out.push('=');
            push_escaped(&text, &mut out);
        }
    }
    out
}

/// A scalar as text; nothing for null.
pub(super) fn scalar_text(scalar: &Scalar) -> Option<String> {
    match scalar {
        Scalar::Null => None,
        Scalar::Bool(value) => Some(value.to_string()),
        Scalar::Number(number) => Some(number.as_str().to_owned()),
        Scalar::Text(text) => Some(text.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(fields: &[(&str, &str)], wanted: &str) {
        assert_eq!(parameters(fields.iter().map(|(name, text)| (*name, Value::text(*text)))), wanted);
    }

    #[test]
    fn names_and_values_are_escaped() {
        check(&[], "");
        check(
            &[("first_name", "Ann"), ("email", "ann@example.com")],
            "first_name=Ann&email=ann%40example.com",
        );
        check(
            &[("note", "a&b=c d+e%20\"q\" <tag> 's'\nline2\ttab")],
            "note=a%26b%3Dc%20d%2Be%2520%22q%22%20%3Ctag%3E%20's'%0Aline2%09tab",
        );
        check(&[("a&b", "é"), ("empty", "")], "a%26b=%C3%A9&empty=");
    }

    #[test]
    fn numbered_names_and_lists_repeat_the_parameter() {
        check(&[("tags.1", "b"), ("x", "y"), ("tags.0", "a")], "tags=a&tags=b&x=y");
        check(&[("people.0.name", "Ann"), (".0", "x")], "people.0.name=Ann&.0=x");
        let list = Value::List(
            [Scalar::Bool(true), Scalar::Null, Scalar::Text("".into()), Scalar::Text("z".into())].into(),
        );
        let fields = [("a", list), ("b", Value::Scalar(Scalar::Null))];
        assert_eq!(parameters(fields.into_iter()), "a=true&a=z");
    }
}
