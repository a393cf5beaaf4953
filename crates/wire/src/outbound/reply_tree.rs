//! The JSON or XML of a reply as a tree of bounded size, in its own order.

use std::collections::HashMap;
use std::fmt;

use domain::{FieldPath, ReplyPath, Scalar, Value};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::xml::{Document, NodeId, NodeKind};

/// Deepest place that is kept; what lies deeper is counted and left out.
const DEPTH_MAX: usize = 32;
/// Most scalars, lists and objects of one reply that are kept.
const NODES_MAX: usize = 100_000;
/// Most places that one path finds.
pub(super) const FOUND_MAX: usize = 10_000;
/// Longest path of a value that is kept, in bytes: `appended.<step>.` must still fit before it.
const PATH_BYTES_MAX: usize = domain::PATH_BYTES_MAX - "lead.appended.".len() - STEP_ID_BYTES_MAX - ".".len();
const STEP_ID_BYTES_MAX: usize = 64;
/// The key under which `serde_json` hands out a number that it keeps as text.
const NUMBER_KEY: &str = "$serde_json::private::Number";

/// One place of a reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Node {
    Scalar(Scalar),
    List(Vec<Node>),
    /// Keys are unique; of several the last counts.
    Object(Vec<(String, Node)>),
}

/// A tree, and how many places it had besides.
#[derive(Debug)]
pub(super) struct ReplyTree {
    pub(super) root: Node,
    pub(super) left_out: u32,
}

/// Values by path, and how many more there were.
#[derive(Debug, Default)]
pub(super) struct Flattened {
    pub(super) values: Vec<(FieldPath, Value)>,
    pub(super) left_out: u32,
}

impl ReplyTree {
    /// Reads JSON whose root is an object or a list; the members of a list stand under `array`.
    pub(super) fn read(text: &str) -> Option<ReplyTree> {
        if !text.trim_start().starts_with(['{', '[']) {
            return None;
        }
        let mut budget = Budget { nodes: NODES_MAX, left_out: 0 };
        let mut reader = serde_json::Deserializer::from_str(text);
        let root = NodeSeed { budget: &mut budget, depth: 0 }.deserialize(&mut reader).ok()?;
        reader.end().ok()?;
        let root = match root? {
            list @ Node::List(_) => Node::Object(vec![("array".to_owned(), list)]),
            root @ (Node::Object(_) | Node::Scalar(_)) => root,
        };
        Some(ReplyTree { root, left_out: budget.left_out })
    }

    /// A document as a tree: an element is its text, or an object of its attributes and elements, its
    /// text then under `#text`; elements of one name are a list.
    pub(super) fn of_xml(document: &Document) -> ReplyTree {
        let mut left_out = document.left_out();
        let members = document
            .elements(Document::ROOT)
            .map(|root| (document.name(root).to_owned(), Node::of_element(document, root, 1, &mut left_out)));
        let root = Node::Object(members.collect());
        ReplyTree { root, left_out }
    }

    /// The places that a path names, in the order of the reply.
    pub(super) fn find(&self, path: &ReplyPath) -> Vec<&Node> {
        let mut found = vec![&self.root];
        for key in path.keys() {
            found = found.into_iter().flat_map(|node| node.below(key)).take(FOUND_MAX).collect();
        }
        found
    }

    /// Every scalar by path, in the order of the reply, without what stands under the keys of the
    /// root in `but`. Lists of scalars stay lists.
    pub(super) fn flatten(&self, but: &[&str], max: usize) -> Flattened {
        let mut flattened = Flattened { values: Vec::new(), left_out: self.left_out };
        if let Node::Object(members) = &self.root {
            for (key, node) in members.iter().filter(|(key, _)| !but.contains(&&**key)) {
                node.flatten_into(FieldPath::key(key).ok(), max, &mut flattened);
            }
        }
        flattened
    }
}

impl Node {
    fn of_element(document: &Document, element: NodeId, depth: usize, left_out: &mut u32) -> Node {
        let mut members = Members::default();
        let mut add = |name: &str, node: Node| match members.get(name) {
            Some(Node::List(items)) => items.push(node),
            Some(own) => {
                let first = std::mem::replace(own, Node::List(Vec::new()));
                *own = Node::List(vec![first, node]);
            }
            None => members.push(name.to_owned(), node),
        };
        let text_node = |text: &str| Node::Scalar(Scalar::Text(text.trim().into()));
        for (name, value) in document.attributes(element) {
            add(name, text_node(value));
        }
        let mut text = String::new();
        for child in document.children(element) {
            match document.kind(child) {
                NodeKind::Element(name) if depth < DEPTH_MAX => {
                    add(name, Node::of_element(document, child, depth + 1, left_out));
                }
                NodeKind::Element(_) => {
                    let below = document.below(child).len() + 1;
                    *left_out = left_out.saturating_add(u32::try_from(below).unwrap_or(u32::MAX));
                }
                NodeKind::Text(own) => text.push_str(own),
                NodeKind::Root | NodeKind::Attribute(..) => {}
            }
        }
        let mut members = members.all;
        if members.is_empty() {
            return text_node(&text);
        }
        if !text.trim().is_empty() {
            members.push(("#text".to_owned(), text_node(&text)));
        }
        Node::Object(members)
    }

    /// What stands below under a key of a path: a member, an item, all of them for `*`, and
    /// `errors[0]` for `errors.0`.
    fn below(&self, key: &str) -> Vec<&Node> {
        match self {
            Node::Scalar(_) => Vec::new(),
            Node::List(items) if key == "*" => items.iter().take(FOUND_MAX).collect(),
            Node::Object(members) if key == "*" => {
                members.iter().map(|(_, node)| node).take(FOUND_MAX).collect()
            }
            Node::List(items) => match key.strip_prefix('[').and_then(|key| key.split_once(']')) {
                Some((item, "")) => self.below(item),
                Some((item, rest)) => {
                    self.below(item).into_iter().flat_map(|node| node.below(rest)).collect()
                }
                None => key.parse().ok().and_then(|at: usize| items.get(at)).into_iter().collect(),
            },
            Node::Object(members) => match members.iter().find(|(own, _)| own == key) {
                Some((_, node)) => vec![node],
                None => match key.find('[') {
                    Some(at) if at > 0 => {
                        let (name, item) = key.split_at(at);
                        self.below(name).into_iter().flat_map(|node| node.below(item)).collect()
                    }
                    _ => Vec::new(),
                },
            },
        }
    }

    /// Every scalar here and below.
    pub(super) fn scalars(&self) -> Vec<&Scalar> {
        match self {
            Node::Scalar(scalar) => vec![scalar],
            Node::List(items) => items.iter().flat_map(Node::scalars).take(FOUND_MAX).collect(),
            Node::Object(members) => {
                members.iter().flat_map(|(_, node)| node.scalars()).take(FOUND_MAX).collect()
            }
        }
    }

    /// The scalar here, or those of a list.
    pub(super) fn own_scalars(&self) -> Vec<&Scalar> {
        fn own(node: &Node) -> Option<&Scalar> {
            match node {
                Node::Scalar(scalar) => Some(scalar),
                Node::List(_) | Node::Object(_) => None,
            }
        }
        match self {
            Node::Scalar(scalar) => vec![scalar],
            Node::List(items) => items.iter().filter_map(own).take(FOUND_MAX).collect(),
            Node::Object(_) => Vec::new(),
        }
    }

    /// Adds what stands here; without a path, or with one too long, it is only counted.
    fn flatten_into(&self, path: Option<FieldPath>, max: usize, out: &mut Flattened) {
        let path = path.filter(|path| path.as_str().len() <= PATH_BYTES_MAX);
        let below = |key: &str| path.as_ref().and_then(|path| path.child(key).ok());
        match self {
            Node::Scalar(scalar) => out.add(path, max, || Value::Scalar(scalar.clone())),
            Node::List(items) if items.iter().all(|item| matches!(item, Node::Scalar(_))) => {
                out.add(path, max, || Value::List(self.own_scalars().into_iter().cloned().collect()));
            }
            Node::List(items) => {
                for (at, item) in items.iter().enumerate() {
                    item.flatten_into(below(&at.to_string()), max, out);
                }
            }
            Node::Object(members) => {
                for (key, node) in members {
                    node.flatten_into(below(key), max, out);
                }
            }
        }
    }
}

/// The members of an object while it is read. A few are looked through; of many the places are kept.
#[derive(Debug, Default)]
struct Members {
    all: Vec<(String, Node)>,
    places: HashMap<String, usize>,
}

/// So many members are looked through.
const MEMBERS_FEW: usize = 16;

impl Members {
    fn get(&mut self, key: &str) -> Option<&mut Node> {
        let at = if self.all.len() <= MEMBERS_FEW {
            self.all.iter().position(|(own, _)| own == key)
        } else {
            self.places.get(key).copied()
        };
        at.map(|at| &mut self.all[at].1)
    }

    /// Adds one with a key that none has.
    fn push(&mut self, key: String, node: Node) {
        self.all.push((key, node));
        let count = self.all.len();
        if count > MEMBERS_FEW {
            for at in self.places.len()..count {
                self.places.insert(self.all[at].0.clone(), at);
            }
        }
    }
}

impl Flattened {
    fn add(&mut self, path: Option<FieldPath>, max: usize, value: impl FnOnce() -> Value) {
        match path {
            Some(path) if self.values.len() < max => self.values.push((path, value())),
            _ => self.left_out = self.left_out.saturating_add(1),
        }
    }
}

/// What may still be kept.
#[derive(Debug)]
struct Budget {
    nodes: usize,
    left_out: u32,
}

/// Reads one place; none when it is left out.
struct NodeSeed<'b> {
    budget: &'b mut Budget,
    depth: usize,
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Option<Node>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<Node>, D::Error> {
        if self.depth > DEPTH_MAX || self.budget.nodes == 0 {
            self.budget.left_out = self.budget.left_out.saturating_add(1);
            deserializer.deserialize_ignored_any(IgnoredAny)?;
            return Ok(None);
        }
        self.budget.nodes -= 1;
        deserializer.deserialize_any(self).map(Some)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node, E> {
        Ok(number(&value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node, E> {
        Ok(number(&value.to_string()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node, E> {
        Ok(number(&value.to_string()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Scalar(Scalar::Text(text.into())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) =
            items.next_element_seed(NodeSeed { budget: self.budget, depth: self.depth + 1 })?
        {
            list.extend(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut members = Members::default();
        while let Some(key) = entries.next_key::<String>()? {
            let Some(node) =
                entries.next_value_seed(NodeSeed { budget: self.budget, depth: self.depth + 1 })?
            else {
                continue;
            };
            match members.get(&key) {
                Some(own) => *own = node,
                None => members.push(key, node),
            }
        }
        // A number comes as an object of one key with its digits; a reply that spells this key out
        // gets the same, which harms nobody.
        Ok(match members.all.as_slice() {
            [(key, Node::Scalar(Scalar::Text(digits)))] if key == NUMBER_KEY => number(digits),
            _ => Node::Object(members.all),
        })
    }
}

/// A number, or its digits as text when they do not fit one.
fn number(digits: &str) -> Node {
    Node::Scalar(digits.parse().map_or_else(|_| Scalar::Text(digits.into()), Scalar::Number))
}
