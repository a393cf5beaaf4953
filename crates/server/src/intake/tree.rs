//! Parameters as one tree: what JSON bodies are by nature, and dotted names of forms become.

use serde_json::{Map, Value};

use super::Refusal;

/// A tree of parameters, keyed by their top-level names.
pub(super) type Tree = Map<String, Value>;

/// Longest name of a form's parameter, in bytes. Anything longer fits no record, and dots make
/// trees as deep as a name is long.
const NAME_BYTES_MAX: usize = 256;

/// Reads a form or a query: `a.b=1` is a tree, a name that comes again makes a list.
pub(super) fn read_form(text: &[u8]) -> Result<Tree, Refusal> {
    if percent_encoding::percent_decode(text).decode_utf8().is_err() {
        return Err(Refusal::NotText);
    }
    let mut tree = Tree::new();
    for (name, value) in form_urlencoded::parse(text) {
        // A value without a name is known by its place, as in a list.
        let name = if name.is_empty() { "0" } else { &*name };
        if name.len() > NAME_BYTES_MAX {
            let start: String = name.chars().take(40).collect();
            return Err(Refusal::Name(format!("the name {start:?}… is too long")));
        }
        put(&mut tree, name, value.into_owned())?;
    }
    Ok(tree)
}

fn put(tree: &mut Tree, name: &str, value: String) -> Result<(), Refusal> {
    let clash = || Refusal::Clash(name.chars().take(40).collect());
    let mut branch = tree;
    let (parents, leaf) = name.rsplit_once('.').map_or((None, name), |(parents, leaf)| (Some(parents), leaf));
    for key in parents.into_iter().flat_map(|parents| parents.split('.')) {
        let below = branch.entry(key).or_insert_with(|| Value::Object(Map::new()));
        branch = below.as_object_mut().ok_or_else(clash)?;
    }
    let value = Value::String(value);
    match branch.get_mut(leaf) {
        None => {
            branch.insert(leaf.to_owned(), value);
        }
        Some(Value::Object(_)) => return Err(clash()),
        Some(Value::Array(list)) => list.push(value),
        Some(first) => *first = Value::Array(vec![first.take(), value]),
    }
    Ok(())
}

/// Reads a JSON object. Line ends and tabs inside texts, which JSON forbids and senders send,
/// are dropped.
pub(super) fn read_json(text: &str) -> Result<Tree, Refusal> {
    let text = text.trim_start_matches('\u{feff}');
    let value = serde_json::from_str::<Value>(text).or_else(|error| {
        let clean = text.replace(['\r', '\n', '\t'], "");
        serde_json::from_str(&clean).map_err(|_| Refusal::Json(error.to_string()))
    })?;
    match value {
        Value::Object(tree) => Ok(tree),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
            Err(Refusal::NotAnObject)
        }
    }
}

/// Lays `over` on `tree`: trees are joined, anything else is replaced.
pub(super) fn merge(tree: &mut Tree, over: Tree) {
    for (key, value) in over {
        match (tree.get_mut(&key), value) {
            (Some(Value::Object(own)), Value::Object(over)) => merge(own, over),
            (_, value) => {
                tree.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(read: Result<Tree, Refusal>, wanted: Expect) {
        let told = match read {
            Ok(tree) => Value::Object(tree).to_string(),
            Err(refusal) => format!("{refusal:?}"),
        };
        wanted.assert_eq(&told);
    }

    #[test]
    fn what_is_not_utf_8_is_refused_and_nothing_is_guessed() {
        for bytes in [b"a=%ff".as_slice(), b"a=\xff", b"%c3=1", b"a=1&b=%e9t%e9"] {
            assert_eq!(read_form(bytes), Err(Refusal::NotText), "{}", bytes.escape_ascii());
        }
        assert!(read_form("a=%C3%A9&b=é+e".as_bytes()).is_ok());
    }

    #[test]
    fn a_form_becomes_a_tree() {
        check(read_form(b"name=Ann+Lee&note=a%20b%2Bc"), expect![[r#"{"name":"Ann Lee","note":"a b+c"}"#]]);
        check(read_form(b"a=1&a=2&a=3"), expect![[r#"{"a":["1","2","3"]}"#]]);
        check(
            read_form(b"address.zip=78701&address.city=Austin"),
            expect![[r#"{"address":{"city":"Austin","zip":"78701"}}"#]],
        );
        check(read_form(b"a=&b&=c"), expect![[r#"{"0":"c","a":"","b":""}"#]]);
    }

    #[test]
    fn a_value_that_is_also_a_parent_clashes() {
        check(read_form(b"a=1&a.b=2"), expect![[r#"Clash("a.b")"#]]);
        check(read_form(b"a.b=2&a=1"), expect![[r#"Clash("a")"#]]);
        check(read_form(b"a=1&a=2&a.b=2"), expect![[r#"Clash("a.b")"#]]);
    }

    #[test]
    fn a_name_of_a_million_dots_does_not_dig_a_million_deep() {
        let name = "a.".repeat(500_000) + "a=1";
        assert!(matches!(read_form(name.as_bytes()), Err(Refusal::Name(_))));
        let deep = format!("{}1{}", "{\"a\":".repeat(100_000), "}".repeat(100_000));
        assert!(matches!(read_json(&deep), Err(Refusal::Json(_))));
    }

    #[test]
    fn json_is_read_with_some_patience() {
        check(read_json("{\"a\":\"line1\nline2\ttab\"}"), expect![[r#"{"a":"line1line2tab"}"#]]);
        check(read_json("\u{feff}{\"a\":1}"), expect![[r#"{"a":1}"#]]);
        check(read_json("{\"a\":1,\"a\":2}"), expect![[r#"{"a":2}"#]]);
        check(read_json("{\"a\":1,}"), expect![[r#"Json("trailing comma at line 1 column 8")"#]]);
        check(read_json("12"), expect!["NotAnObject"]);
    }

    #[test]
    fn the_query_lies_over_the_body() {
        let mut tree = read_json(r#"{"a":1,"v":{"make":"Ford","year":2000}}"#).unwrap();
        merge(&mut tree, read_form(b"a=2&v.year=2001&b=3").unwrap());
        check(Ok(tree), expect![[r#"{"a":"2","b":"3","v":{"make":"Ford","year":"2001"}}"#]]);
    }
}
