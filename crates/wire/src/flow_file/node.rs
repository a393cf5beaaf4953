//! A document as a tree that knows its lines. JSON is read as the YAML it is.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::problem::Problem;
use crate::json;

/// Longest document, in bytes.
pub const FLOW_FILE_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of a document.
const DEPTH_MAX: usize = 64;
/// Most values and keys of a document, those that aliases repeat included.
const NODES_MAX: usize = 100_000;
/// Most aliases of a document.
const ALIASES_MAX: usize = 1_000;

/// One value of a document and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    /// 1 for the first.
    pub(super) line: u64,
    pub(super) kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Kind {
    Null,
    Bool(bool),
    /// A JSON number, as text.
    Number(String),
    Text(String),
    List(Vec<Node>),
    Map(Vec<Member>),
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Member {
    pub(super) line: u64,
    pub(super) key: String,
    pub(super) value: Node,
}

impl Node {
    /// Reads YAML 1.2 or JSON.
    pub(super) fn read(text: &str) -> Result<Node, Problem> {
        if text.len() > FLOW_FILE_BYTES_MAX {
            let message =
                format!("the file has {} bytes; at most {FLOW_FILE_BYTES_MAX} are read", text.len());
            return Err(Problem { line: 1, message });
        }
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! {
                max_depth: DEPTH_MAX,
                flow_nesting_limit: DEPTH_MAX,
                max_nodes: NODES_MAX,
                max_events: 4 * NODES_MAX,
                max_aliases: ALIASES_MAX,
                max_anchors: ALIASES_MAX,
                max_recorded_anchor_events: NODES_MAX,
                max_recorded_anchor_bytes: 4 * FLOW_FILE_BYTES_MAX,
                max_documents: 1,
            },
            alias_limits: serde_saphyr::alias_limits! {
                max_total_replayed_events: NODES_MAX,
                // An alias within an alias is refused: that is what bombs are made of, and what
                // keeps the tree as shallow as the text.
                max_replay_stack_depth: 1,
            },
            // The reader tells of them, with their line.
            duplicate_keys: serde_saphyr::DuplicateKeyPolicy::PassThrough,
            strict_booleans: true,
            underscored_numbers_as_strings: true,
            leading_zero_numbers_as_strings: true,
            with_snippet: false,
        };
        serde_saphyr::from_str_with_options(text, options).map_err(|error| Problem {
            line: error.location().map_or(1, |location| location.line().max(1)),
            message: plain(&error),
        })
    }

    /// What stands here, in words.
    pub(super) fn describe(&self) -> &'static str {
        match self.kind {
            Kind::Null => "nothing",
            Kind::Bool(_) => "true or false",
            Kind::Number(_) => "a number",
            Kind::Text(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a group of keys",
        }
    }

    /// Appends the document as JSON: members in the order of the file, no white space.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        match &self.kind {
            Kind::Null => out.extend_from_slice(b"null"),
            Kind::Bool(true) => out.extend_from_slice(b"true"),
            Kind::Bool(false) => out.extend_from_slice(b"false"),
            Kind::Number(number) => out.extend_from_slice(number.as_bytes()),
            Kind::Text(text) => json::write_string(text, out),
            Kind::List(nodes) => json::write_array(nodes.iter(), out, Node::write),
            Kind::Map(members) => {
                let mut object = json::ObjectWriter::open(out);
                for member in members {
                    member.value.write(object.value(&member.key));
                }
                object.close();
            }
        }
    }
}

/// The message without its place, which stands beside it, and without advice for programmers.
fn plain(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.lines().next().unwrap_or_default();
    let text = text.split(" at line ").next().unwrap_or(text).trim_start_matches("error: ");
    if text.contains("Documents {") {
        return "the file holds more than one document".to_owned();
    }
    let limits = ["budget breached", "recursion limit", "alias replay", "alias expansion"];
    if limits.iter().any(|limit| text.contains(limit)) {
        return format!("the file is nested too deep, too long or repeats itself too often ({text})");
    }
    text.chars().take(200).collect()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        let Spanned { value, referenced, .. } = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Node { line: referenced.line(), kind: value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Kind, D::Error> {
        deserializer.deserialize_any(KindVisitor)
    }
}

struct KindVisitor;

impl<'de> Visitor<'de> for KindVisitor {
    type Value = Kind;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("text, a number, true, false, null, a list or a group of keys")
    }

    fn visit_unit<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_none<E>(self) -> Result<Kind, E> {
        Ok(Kind::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Kind, D::Error> {
        Kind::deserialize(deserializer)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Kind, E> {
        Ok(Kind::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Kind, E> {
        Ok(Kind::Number(value.to_string()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Kind, E> {
        Ok(Kind::Number(value.to_string()))
    }

    fn visit_i128<E>(self, value: i128) -> Result<Kind, E> {
        Ok(Kind::Number(value.to_string()))
    }

    fn visit_u128<E>(self, value: u128) -> Result<Kind, E> {
        Ok(Kind::Number(value.to_string()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Kind, E> {
        if !value.is_finite() {
            return Err(E::custom("a number that is not finite"));
        }
        // The shortest decimal that is this double; any decimal of up to 15 digits is its own.
        Ok(Kind::Number(value.to_string()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Kind, E> {
        Ok(Kind::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut nodes = Vec::new();
        while let Some(node) = items.next_element()? {
            nodes.push(node);
        }
        Ok(Kind::List(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Kind, A::Error> {
        let mut members: Vec<Member> = Vec::new();
        while let Some(key) = items.next_key::<Spanned<String>>()? {
            members.push(Member { line: key.referenced.line(), key: key.value, value: items.next_value()? });
        }
        Ok(Kind::Map(members))
    }
}
