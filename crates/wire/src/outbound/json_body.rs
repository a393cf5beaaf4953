//! The body of `custom_json`: fields whose names have dots become a tree.

use domain::{Scalar, Value};

use crate::json;

/// A tree on its way to JSON.
#[derive(Debug)]
enum Node<'a> {
    Leaf(Value),
    Branch(Branch<'a>),
}

/// Members in the order they came; a list when all their keys are numbers.
#[derive(Debug, Default)]
struct Branch<'a> {
    members: Vec<(&'a str, Node<'a>)>,
}

/// Deepest tree that names can make; what is left of a name then is one key, dots and all.
const DEPTH_MAX: usize = 32;

/// Writes fields as JSON: dots in names nest, numbers make lists. Of two fields of one name the later
/// counts; nulls are left out, and empty items of lists.
pub(super) fn json_body<'a>(fields: impl Iterator<Item = (&'a str, Value)>) -> Vec<u8> {
    let mut root = Branch::default();
    for (name, value) in fields {
        if value != Value::Scalar(Scalar::Null) {
            root.set(name, value);
        }
    }
    let mut out = Vec::new();
    root.write(&mut out);
    out
}

impl<'a> Branch<'a> {
    fn set(&mut self, name: &'a str, value: Value) {
        let mut branch = self;
        let mut keys = name.splitn(DEPTH_MAX, '.').peekable();
        while let Some(key) = keys.next() {
            let at = branch.members.iter().position(|(own, _)| *own == key).unwrap_or_else(|| {
                branch.members.push((key, Node::Branch(Branch::default())));
                branch.members.len() - 1
            });
            let node = &mut branch.members[at].1;
            if keys.peek().is_none() {
                *node = Node::Leaf(value);
                return;
            }
            if let Node::Leaf(_) = node {
                *node = Node::Branch(Branch::default());
            }
            let Node::Branch(below) = node else { return };
            branch = below;
        }
    }

    fn write(&self, out: &mut Vec<u8>) {
        let mut items: Vec<(u32, &Node<'_>)> =
            self.members.iter().filter_map(|(key, node)| Some((item_number(key)?, node))).collect();
        if !items.is_empty() && items.len() == self.members.len() {
            items.sort_by_key(|(number, _)| *number);
            json::write_array(items.into_iter(), out, |(_, node), out| node.write(out));
            return;
        }
        out.push(b'{');
        for (at, (key, node)) in self.members.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            json::write_string(key, out);
            out.push(b':');
            node.write(out);
        }
        out.push(b'}');
    }
}

impl Node<'_> {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Node::Branch(branch) => branch.write(out),
            Node::Leaf(Value::Scalar(scalar)) => json::write_scalar(scalar, out),
            Node::Leaf(Value::List(list)) => {
                json::write_array(list.iter().filter(|item| !is_empty(item)), out, json::write_scalar);
            }
        }
    }
}

/// The number of an item that a key means, if it means one.
pub(super) fn item_number(key: &str) -> Option<u32> {
    let is_number = (1..=9).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { key.parse().ok() } else { None }
}

/// An item that is left out of lists.
pub(super) fn is_empty(item: &Scalar) -> bool {
    match item {
        Scalar::Null => true,
        Scalar::Text(text) => text.is_empty(),
        Scalar::Bool(_) | Scalar::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(fields: &[(&str, Value)], wanted: &str) {
        let body = json_body(fields.iter().map(|(name, value)| (*name, value.clone())));
        assert_eq!(String::from_utf8(body).unwrap(), wanted);
    }

    fn text(text: &str) -> Value {
        Value::text(text)
    }

    #[test]
    fn dots_nest_and_numbers_make_lists() {
        check(&[], "{}");
        check(
            &[("a", text("1")), ("b.c", text("2")), ("b.d", text("3"))],
            r#"{"a":"1","b":{"c":"2","d":"3"}}"#,
        );
        check(
            &[("tags.2", text("c")), ("tags.0", text("a")), ("tags.1", text("b"))],
            r#"{"tags":["a","b","c"]}"#,
        );
        check(
            &[("people.0.name", text("Ann")), ("people.1.name", text("Bob"))],
            r#"{"people":[{"name":"Ann"},{"name":"Bob"}]}"#,
        );
        check(&[("0.name", text("Ann")), ("1.name", text("Bob"))], r#"[{"name":"Ann"},{"name":"Bob"}]"#);
        check(&[("a.0", text("x")), ("a.b", text("y"))], r#"{"a":{"0":"x","b":"y"}}"#);
    }

    #[test]
    fn of_two_fields_of_one_name_the_later_counts() {
        check(&[("a", text("1")), ("a", text("2"))], r#"{"a":"2"}"#);
        check(&[("a", text("1")), ("a.b", text("2"))], r#"{"a":{"b":"2"}}"#);
        check(&[("a.b", text("1")), ("a", text("2"))], r#"{"a":"2"}"#);
    }

    #[test]
    fn nulls_and_empty_items_are_left_out() {
        let list =
            [Scalar::Text("a".into()), Scalar::Null, Scalar::Text("c".into()), Scalar::Text("".into())];
        check(&[("tags", Value::List(list.into()))], r#"{"tags":["a","c"]}"#);
        check(
            &[("a.0", Value::Scalar(Scalar::Null)), ("a.7", Value::Scalar(Scalar::Bool(true)))],
            r#"{"a":[true]}"#,
        );
        check(&[("a", Value::Scalar(Scalar::Null)), ("b", text(""))], r#"{"b":""}"#);
    }

    #[test]
    fn a_name_of_many_dots_makes_a_tree_of_bounded_depth() {
        let name = ".".repeat(100_000);
        let body = json_body([(&*name, text("x"))].into_iter());
        let tree: serde_json::Value = serde_json::from_slice(&body).unwrap();
        assert!(tree.is_object());
    }

    proptest! {
        #[test]
        fn whatever_the_names_the_body_is_json(names in prop::collection::vec("[a-c0-2.\"]{0,6}", 0..12)) {
            let body = json_body(names.iter().map(|name| (&**name, text("x"))));
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&body).is_ok());
        }
    }
}
