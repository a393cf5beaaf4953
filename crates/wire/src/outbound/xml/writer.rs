//! Fields become a document: dots nest, numbers repeat an element, `@` begins an attribute.

use domain::Value;

use super::super::json_body::{is_empty, item_number};
use super::super::parameters::scalar_text;

/// Deepest element that names can make; what is left of a name then is one name.
const DEPTH_MAX: usize = 32;

/// What begins every document.
const DECLARATION: &str = "<?xml version=\"1.0\"?>";

/// An element on its way out.
#[derive(Debug, Default)]
pub(in super::super) struct Element {
    name: String,
    attributes: Vec<(String, String)>,
    /// Whether one of them was written as `name@attribute`.
    has_joined_attribute: bool,
    text: Option<Text>,
    /// Those of one name and different numbers stand together, in the order of their numbers.
    children: Vec<(Option<u32>, Element)>,
}

/// What stands between the tags of an element.
#[derive(Debug)]
enum Text {
    /// Given under the element's own name.
    Plain(String),
    /// Given as `#text`.
    Named(String),
    /// Sent as CDATA, on lines of its own.
    Cdata(String),
}

/// Why fields do not make a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XmlFault {
    /// More than one element at the top.
    #[error("the names of its fields begin with different elements, but a document has one")]
    Roots,
    /// A list, an attribute or text where the root element is meant.
    #[error("a field names no element: it begins with a number, @ or #")]
    NoRoot,
}

/// Writes fields as a document with two blanks for each level. Of two fields of one name the later
/// counts; nulls are left out, and empty items of lists. Without any field there is no root element.
pub(in super::super) fn xml_body<'a>(
    fields: impl Iterator<Item = (&'a str, Value)>,
) -> Result<String, XmlFault> {
    let mut top = Element::default();
    for (name, value) in fields {
        top.set(name, &value);
    }
    if !top.attributes.is_empty() || top.text.is_some() || top.children.iter().any(|(item, _)| item.is_some())
    {
        return Err(XmlFault::NoRoot);
    }
    if top.children.len() > 1 {
        return Err(XmlFault::Roots);
    }
    let mut out = DECLARATION.to_owned();
    for (_, root) in &top.children {
        root.write(Some(0), &mut out);
    }
    Ok(out)
}

impl Element {
    pub(in super::super) fn named(name: &str) -> Element {
        Element { name: name.to_owned(), ..Element::default() }
    }

    /// Adds an attribute, or puts another value to it.
    pub(in super::super) fn attribute(&mut self, name: &str, value: &str) {
        self.attributes.retain(|(own, _)| own != name);
        self.attributes.push((name.to_owned(), value.to_owned()));
    }

    /// Adds an element below.
    pub(in super::super) fn push(&mut self, child: Element) {
        self.children.push((None, child));
    }

    /// What stands between its tags.
    pub(in super::super) fn with_text(mut self, text: &str) -> Element {
        self.text = Some(Text::Named(text.to_owned()));
        self
    }

    pub(in super::super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether nothing stands in it.
    pub(in super::super) fn is_empty(&self) -> bool {
        self.attributes.is_empty() && self.text.is_none() && self.children.is_empty()
    }

    pub(in super::super) fn below_mut(&mut self) -> impl Iterator<Item = &mut Element> {
        self.children.iter_mut().map(|(_, child)| child)
    }

    /// Puts the elements below in another order; those of one place stay as they are.
    pub(in super::super) fn sort_below(&mut self, place: impl Fn(&str) -> usize) {
        self.children.sort_by_key(|(_, child)| place(&child.name));
    }

    /// Gives every element below that has no prefix this one.
    pub(in super::super) fn prefix_below(&mut self, prefix: &str) {
        for child in self.below_mut() {
            if !child.name.contains(':') {
                child.name = format!("{prefix}:{}", child.name);
            }
            child.prefix_below(prefix);
        }
    }

    /// Makes text of the elements below, as XML.
    pub(in super::super) fn become_text(&mut self) {
        if self.children.is_empty() {
            return;
        }
        let mut text = String::new();
        for (_, child) in self.children.drain(..) {
            child.write(None, &mut text);
        }
        self.text = Some(Text::Named(text));
    }

    /// Puts a value at a place below: `email`, `tag.0`, `@id`, `name@kind`, `name#text`, `note#cdata`.
    pub(in super::super) fn set(&mut self, place: &str, value: &Value) {
        let (keys, end) = match place.rfind(['@', '#']) {
            Some(at) => (place[..at].trim_end_matches('.'), Some((&place[at..=at], &place[at + 1..]))),
            None => (place, None),
        };
        let is_joined = !keys.is_empty() && !place[keys.len()..].starts_with('.');
        let mut texts: Vec<String> = match value {
            Value::Scalar(scalar) => scalar_text(scalar).into_iter().collect(),
            Value::List(list) => list.iter().filter(|item| !is_empty(item)).filter_map(scalar_text).collect(),
        };
        if texts.is_empty() {
            return;
        }
        let mut element = self;
        let mut keys = keys.splitn(DEPTH_MAX, '.').filter(|key| !key.is_empty()).peekable();
        while let Some(mut key) = keys.next() {
            // A number without a name before it is an item of a list without a name.
            let item = match item_number(key) {
                Some(item) => {
                    key = "";
                    Some(item)
                }
                None => keys.next_if(|next| item_number(next).is_some()).and_then(item_number),
            };
            if matches!(value, Value::List(_)) && keys.peek().is_none() && item.is_none() {
                // A list repeats the last element.
                for (at, text) in (0..).zip(texts) {
                    element.child(key, Some(at)).put(end, is_joined, text);
                }
                return;
            }
            element = element.child(key, item);
        }
        element.put(end, is_joined, texts.swap_remove(0));
    }

    fn put(&mut self, end: Option<(&str, &str)>, is_joined: bool, text: String) {
        match end {
            Some(("@", name)) => {
                self.has_joined_attribute |= is_joined;
                self.attribute(name, &text);
            }
            Some((_, "cdata")) => self.text = Some(Text::Cdata(text)),
            Some(_) => self.text = Some(Text::Named(text)),
            None => {
                self.children.clear();
                self.text = Some(Text::Plain(text));
            }
        }
    }

    /// The element of a name below, and of a number when it is repeated.
    fn child(&mut self, name: &str, item: Option<u32>) -> &mut Element {
        self.text = None;
        let own = |child: &(Option<u32>, Element)| child.1.name == name;
        let at = match self.children.iter().position(|child| own(child) && child.0 == item) {
            Some(at) => at,
            None => {
                let later = self.children.iter().position(|child| own(child) && child.0 > item);
                let last = self.children.iter().rposition(own).map(|at| at + 1);
                let at = later.or(last).unwrap_or(self.children.len());
                self.children.insert(at, (item, Element::named(name)));
                at
            }
        };
        &mut self.children[at].1
    }

    /// Writes the element on lines of its own at a level, or without any line break.
    pub(in super::super) fn write(&self, level: Option<usize>, out: &mut String) {
        // An attribute written `name@attribute` counts only for an element without text and items of
        // its own: what people move here from sends it so.
        if self.has_joined_attribute && matches!(self.text, Some(Text::Plain(_))) {
            return;
        }
        let below = level.map(|level| level + 1);
        let line = |level: Option<usize>, out: &mut String| {
            if let Some(level) = level {
                out.push('\n');
                out.extend(std::iter::repeat_n("  ", level));
            }
        };
        line(level, out);
        out.push('<');
        push_name(&self.name, out);
        for (name, value) in &self.attributes {
            out.push(' ');
            push_name(name, out);
            out.push_str("=\"");
            push_attribute(value, out);
            out.push('"');
        }
        let children: Vec<&Element> = self
            .children
            .iter()
            .filter(|(item, child)| {
                let is_list =
                    || self.children.iter().any(|(item, own)| item.is_some() && own.name == child.name);
                !(item.is_none() && child.has_joined_attribute && is_list())
            })
            .map(|(_, child)| child)
            .collect();
        let before = out.len();
        out.push('>');
        match &self.text {
            Some(Text::Plain(text) | Text::Named(text)) => push_text(text, out),
            Some(Text::Cdata(text)) => {
                line(below, out);
                push_cdata(text, out);
                line(level, out);
            }
            None => {
                for child in children {
                    child.write(below, out);
                }
                if out.len() > before + 1 {
                    line(level, out);
                }
            }
        }
        if out.len() == before + 1 {
            out.truncate(before);
            out.push_str("/>");
        } else {
            out.push_str("</");
            push_name(&self.name, out);
            out.push('>');
        }
    }
}

/// Whether XML 1.0 can hold a letter at all.
fn is_xml(letter: char) -> bool {
    matches!(letter, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{10000}'..)
}

/// Appends text with escapes; what XML cannot hold is left out.
fn push_text(text: &str, out: &mut String) {
    for letter in text.chars().filter(|letter| is_xml(*letter)) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

fn push_attribute(text: &str, out: &mut String) {
    for letter in text.chars().filter(|letter| is_xml(*letter)) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '"' => out.push_str("&quot;"),
            '\t' => out.push_str("&#x9;"),
            '\n' => out.push_str("&#xA;"),
            '\r' => out.push_str("&#xD;"),
            other => out.push(other),
        }
    }
}

fn push_cdata(text: &str, out: &mut String) {
    let text: String = text.chars().filter(|letter| is_xml(*letter)).collect();
    out.push_str("<![CDATA[");
    // Its end cannot stand in it, so there it becomes two.
    out.push_str(&text.replace("]]>", "]]]]><![CDATA[>"));
    out.push_str("]]>");
}

/// A name is the flow's, and checked when it is published; whatever it is, it cannot end its tag.
fn push_name(name: &str, out: &mut String) {
    let start = out.len();
    let good = |letter: &char| is_xml(*letter) && !letter.is_whitespace() && !"<>&\"'/=".contains(*letter);
    out.extend(name.chars().filter(good));
    if out.len() == start {
        out.push('_');
    }
}

/// Whether a text is a name of XML, with at most one prefix.
pub(crate) fn is_name(text: &str) -> bool {
    let starts = |letter: char| letter.is_alphabetic() || letter == '_';
    let goes_on =
        |letter: char| starts(letter) || letter.is_numeric() || matches!(letter, '-' | '.' | '\u{b7}');
    let is_plain = |part: &str| part.starts_with(starts) && part.chars().all(goes_on);
    match text.split_once(':') {
        Some((prefix, name)) => is_plain(prefix) && is_plain(name),
        None => is_plain(text),
    }
}

#[cfg(test)]
mod tests {
    use super::super::Document;
    use domain::Scalar;
    use proptest::prelude::*;

    use super::*;

    fn body(fields: &[(&str, Value)]) -> Result<String, XmlFault> {
        xml_body(fields.iter().map(|(name, value)| (*name, value.clone())))
    }

    fn check(fields: &[(&str, &str)], wanted: &str) {
        let fields: Vec<(&str, Value)> =
            fields.iter().map(|(name, text)| (*name, Value::text(*text))).collect();
        let told = body(&fields).unwrap_or_else(|fault| fault.to_string());
        assert_eq!(told.trim_start_matches(DECLARATION), wanted);
    }

    #[test]
    fn dots_nest_and_numbers_repeat() {
        check(&[], "");
        check(&[("a.b", "1"), ("a.c.d", "2")], "\n<a>\n  <b>1</b>\n  <c>\n    <d>2</d>\n  </c>\n</a>");
        check(
            &[("a.t.1", "y"), ("a.x", "-"), ("a.t.0", "x")],
            "\n<a>\n  <t>x</t>\n  <t>y</t>\n  <x>-</x>\n</a>",
        );
        check(
            &[("a.p.0.n", "x"), ("a.p.1.n", "y")],
            "\n<a>\n  <p>\n    <n>x</n>\n  </p>\n  <p>\n    <n>y</n>\n  </p>\n</a>",
        );
        check(&[("a", "")], "\n<a/>");
        let list = Value::List([Scalar::Text("x".into()), Scalar::Null, Scalar::Bool(true)].into());
        assert_eq!(
            body(&[("a.t", list), ("a.none", Value::Scalar(Scalar::Null))]).unwrap(),
            format!("{DECLARATION}\n<a>\n  <t>x</t>\n  <t>true</t>\n</a>")
        );
    }

    #[test]
    fn attributes_stand_at_their_element() {
        check(&[("a.@id", "7"), ("a.b", "1")], "\n<a id=\"7\">\n  <b>1</b>\n</a>");
        check(&[("a@id", "7\"<\n")], "\n<a id=\"7&quot;&lt;&#xA;\"/>");
        check(&[("a.b.@kind", "full"), ("a.b", "Ann")], "\n<a>\n  <b kind=\"full\">Ann</b>\n</a>");
        check(&[("a.b@kind", "full"), ("a.b#text", "Ann")], "\n<a>\n  <b kind=\"full\">Ann</b>\n</a>");
        check(&[("a.t.0@n", "1"), ("a.t.0#text", "x")], "\n<a>\n  <t n=\"1\">x</t>\n</a>");
        check(
            &[("s:a.@xmlns:s", "urn:x"), ("s:a.s:b", "1")],
            "\n<s:a xmlns:s=\"urn:x\">\n  <s:b>1</s:b>\n</s:a>",
        );
    }

    #[test]
    fn what_cannot_be_is_told_and_nothing_ends_its_tag() {
        check(&[("a", "1"), ("b", "2")], &XmlFault::Roots.to_string());
        check(&[("0", "1")], &XmlFault::NoRoot.to_string());
        check(&[("@x", "1")], &XmlFault::NoRoot.to_string());
        check(&[("a", "<&>\u{1}\r")], "\n<a>&lt;&amp;&gt;&#xD;</a>");
        check(&[("a#cdata", "x]]>y")], "\n<a>\n  <![CDATA[x]]]]><![CDATA[>y]]>\n</a>");
        check(&[("a><b", "1")], "\n<ab>1</ab>");
        assert!(body(&[(&".".repeat(10_000), Value::text("1"))]).is_ok());
        assert!(is_name("s:a-1.b") && !is_name("1a") && !is_name("") && !is_name("a:b:c") && !is_name("a b"));
    }

    proptest! {
        #[test]
        fn any_text_comes_back_as_it_was(text in "\\PC{0,40}", attribute in ".{0,20}") {
            let body = body(&[("a.b", Value::text(text.as_str())), ("a.@c", Value::text(attribute.as_str()))]).unwrap();
            let document = Document::read(&body).unwrap();
            let root = document.elements(Document::ROOT).next().unwrap();
            let b = document.elements(root).next().unwrap();
            let kept: String = attribute.chars().filter(|letter| is_xml(*letter)).collect();
            prop_assert_eq!(document.text_of(b), text);
            prop_assert_eq!(document.attributes(root).next(), Some(("c", kept.as_str())));
        }

        #[test]
        fn whatever_the_names_nothing_panics(names in prop::collection::vec("[ab.@#01:<\"]{0,8}", 0..8)) {
            let _ = xml_body(names.iter().map(|name| (&**name, Value::text("x"))));
        }
    }
}
