//! Parameters of a form or a query.

use domain::{Scalar, Value};

use super::address::push_escaped;
use super::json_body::{is_empty, item_number};

/// Whether the names of parameters are escaped as their values are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Names {
    Escaped,
    AsWritten,
}

/// Writes fields as `name=value` with `&` between. Names with numbers, `tags.0` and `tags.1`, and lists
/// repeat the parameter; what is named below a number, as in `people.0.name`, has no place in a
/// parameter, which is sent empty. Nulls are left out, and empty items of lists.
pub(super) fn parameters<'a>(names: Names, fields: impl Iterator<Item = (&'a str, Value)>) -> String {
    let mut all: Vec<(&str, Vec<(u32, String)>)> = Vec::new();
    for (written, value) in fields {
        let (name, number, is_whole) = numbered(written);
        let mut texts: Vec<(u32, String)> = match &value {
            Value::Scalar(scalar) => scalar_text(scalar).map(|text| (number, text)).into_iter().collect(),
            Value::List(list) => {
                let items = list.iter().filter(|item| !is_empty(item));
                items.filter_map(scalar_text).map(|text| (number, text)).collect()
            }
        };
        let at = all.iter().position(|(own, _)| *own == name).unwrap_or_else(|| {
            all.push((name, Vec::new()));
            all.len() - 1
        });
        let own = &mut all[at].1;
        if !is_whole {
            let is_there = own.iter().any(|(own, _)| *own == number);
            texts.truncate(usize::from(!is_there));
            texts.iter_mut().for_each(|(_, text)| text.clear());
        }
        own.extend(texts);
    }
    let mut out = String::new();
    for (name, mut texts) in all {
        texts.sort_by_key(|(number, _)| *number);
        for (_, text) in texts {
            push_parameter(names, name, &text, &mut out);
        }
    }
    out
}

/// Appends one parameter.
pub(super) fn push_parameter(names: Names, name: &str, text: &str, out: &mut String) {
    if !out.is_empty() {
        out.push('&');
    }
    match names {
        Names::Escaped => push_escaped(name, out),
        Names::AsWritten => out.push_str(name),
    }
    out.push('=');
    push_escaped(text, out);
}

/// The name before the first number, the number, and whether nothing stands after it.
fn numbered(written: &str) -> (&str, u32, bool) {
    for (at, _) in written.match_indices('.').filter(|(at, _)| *at > 0) {
        let rest = &written[at + 1..];
        let (key, below) = rest.split_once('.').map_or((rest, None), |(key, below)| (key, Some(below)));
        if let Some(number) = item_number(key) {
            return (&written[..at], number, below.is_none());
        }
    }
    (written, 0, true)
}

/// A dotted name with brackets: `a.b.c` is `a[b][c]`.
pub(super) fn bracketed(name: &str) -> String {
    let mut keys = name.split('.');
    let mut out = keys.next().unwrap_or_default().to_owned();
    for key in keys {
        out.push('[');
        out.push_str(key);
        out.push(']');
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
        assert_eq!(
            parameters(Names::Escaped, fields.iter().map(|(name, text)| (*name, Value::text(*text)))),
            wanted
        );
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
    fn names_can_be_sent_as_they_are_written() {
        let fields = [("person[name]", Value::text("Ann Lee")), ("a b", Value::text("c d"))];
        assert_eq!(parameters(Names::AsWritten, fields.into_iter()), "person[name]=Ann%20Lee&a b=c%20d");
        assert_eq!((bracketed("a.b.0"), bracketed("a")), ("a[b][0]".to_owned(), "a".to_owned()));
    }

    #[test]
    fn numbered_names_and_lists_repeat_the_parameter() {
        check(&[("tags.1", "b"), ("x", "y"), ("tags.0", "a")], "tags=a&tags=b&x=y");
        check(&[("a.b", "x"), (".0", "x")], "a.b=x&.0=x");
        check(
            &[("people.0.name", "Ann"), ("people.0.age", "4"), ("people.1.name", "Bob")],
            "people=&people=",
        );
        let list = Value::List(
            [Scalar::Bool(true), Scalar::Null, Scalar::Text("".into()), Scalar::Text("z".into())].into(),
        );
        let fields = [("a", list), ("b", Value::Scalar(Scalar::Null))];
        assert_eq!(parameters(Names::Escaped, fields.into_iter()), "a=true&a=z");
    }
}
