//! What a source is answered.

use domain::{Scalar, Value};

use super::{AnswerFormat, Door};
use crate::json;

/// What is said where nobody offers anything for a ping.
const NO_BID: &str = "no bid";
/// What a source is told unless its flow says otherwise.
const FIELDS: [&str; 4] = ["outcome", "reason", "lead.id", "price"];
/// The same for a ping, which has no lead.
const PING_FIELDS: [&str; 3] = ["outcome", "reason", "price"];
/// The root of answers in XML.
const XML_ROOT: &str = "result";

/// How a source wants its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnswerWish {
    /// Where it came in.
    pub door: Door,
    /// The form of the body.
    pub format: AnswerFormat,
    /// `strict`: statuses that tell outcomes apart.
    pub strict: bool,
    /// `redir_url`: where to send the person.
    pub redirect: Option<String>,
}

/// An answer as it goes out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenAnswer {
    /// The status.
    pub status: u16,
    /// `Content-Type`, `Content-Length` (in bytes), and `Location` for a redirect.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

/// A value of an answer, or values below a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerNode {
    /// A value.
    Value(Value),
    /// Values by name, in the order in which they are told.
    Tree(Vec<(String, AnswerNode)>),
}

/// Writes an answer: of each field, named with dots, what `variable` has for it. What it has nothing
/// for is left out, but for the price, which is 0 then.
pub fn write_answer(
    wish: &AnswerWish,
    fields: Option<&[&str]>,
    variable: &dyn Fn(&str) -> Option<AnswerNode>,
) -> WrittenAnswer {
    let is_ping = wish.door == Door::Ping;
    let text = |text: &str| AnswerNode::Value(Value::text(text));
    let price =
        || variable("price").unwrap_or_else(|| AnswerNode::Value(Value::from(domain::Number::from(0))));
    let said = variable("outcome").map(|outcome| outcome.words()).unwrap_or_default();
    // Nothing is bought for nothing.
    let no_bid = is_ping && !is_above_zero(&price());
    let outcome = if no_bid { "failure" } else { said.as_str() };
    let known = |name: &str| match name {
        "price" => Some(price()),
        "outcome" if no_bid => Some(text("failure")),
        "reason" if no_bid => Some(
            variable("reason").filter(|reason| !reason.words().is_empty()).unwrap_or_else(|| text(NO_BID)),
        ),
        // A ping has no lead to name.
        "lead.id" if is_ping => None,
        other => variable(other),
    };
    let usual: &[&str] = if is_ping { &PING_FIELDS } else { &FIELDS };
    let mut tree = Vec::new();
    for name in fields.unwrap_or(usual) {
        if let Some(value) = known(name) {
            put(&mut tree, name, value);
        }
    }
    let body = write_tree(wish.format, tree);
    let mut headers = vec![
        ("Content-Type", wish.format.media_type().to_owned()),
        ("Content-Length", body.len().to_string()),
    ];
    headers.extend(wish.redirect.clone().map(|redirect| ("Location", redirect)));
    WrittenAnswer { status: wish.status(outcome), headers, body }
}

/// Writes values by name in a form of answers.
pub fn write_tree(format: AnswerFormat, tree: Vec<(String, AnswerNode)>) -> Vec<u8> {
    let mut body = Vec::new();
    match format {
        AnswerFormat::Json => write_json(&tree, &mut body),
        AnswerFormat::Xml | AnswerFormat::TextXml => {
            body.extend_from_slice(b"<?xml version=\"1.0\"?>\n");
            write_xml(XML_ROOT, &AnswerNode::Tree(tree), 0, &mut body);
        }
        AnswerFormat::Text => write_lines("", &tree, &mut body),
    }
    body
}

impl AnswerWish {
    fn status(&self, outcome: &str) -> u16 {
        match (self.door, outcome) {
            _ if self.redirect.is_some() => 303,
            (_, "failure") if self.strict => 422,
            (_, "error") if self.strict => 502,
            (Door::Submit, _) => 201,
            (Door::Ping, _) => 200,
        }
    }
}

impl AnswerNode {
    /// The text of a single value.
    fn words(&self) -> String {
        match self {
            AnswerNode::Value(Value::Scalar(scalar)) => scalar_words(scalar),
            AnswerNode::Value(Value::List(_)) | AnswerNode::Tree(_) => String::new(),
        }
    }
}

fn scalar_words(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Null => String::new(),
        Scalar::Bool(value) => value.to_string(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => text.to_string(),
    }
}

fn is_above_zero(price: &AnswerNode) -> bool {
    price.words().trim().parse::<f64>().is_ok_and(|price| price > 0.0)
}

/// Puts a value under a dotted name. Where a value stands already, names below it have no place.
fn put(tree: &mut Vec<(String, AnswerNode)>, name: &str, value: AnswerNode) {
    let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
    let at = tree.iter().position(|(own, _)| own == first);
    match (at.map(|at| &mut tree[at].1), rest) {
        (None, None) => tree.push((first.to_owned(), value)),
        (None, Some(rest)) => {
            let mut below = Vec::new();
            put(&mut below, rest, value);
            tree.push((first.to_owned(), AnswerNode::Tree(below)));
        }
        (Some(AnswerNode::Tree(below)), Some(rest)) => put(below, rest, value),
        (Some(_), _) => {}
    }
}

fn write_json(tree: &[(String, AnswerNode)], out: &mut Vec<u8>) {
    let mut object = json::ObjectWriter::open(out);
    for (name, node) in tree {
        match node {
            AnswerNode::Value(value) => json::write_value(value, object.value(name)),
            AnswerNode::Tree(below) => write_json(below, object.value(name)),
        }
    }
    object.close();
}

/// An element on lines of its own, two blanks deeper for each level; a list is one element for each item.
fn write_xml(name: &str, node: &AnswerNode, level: usize, out: &mut Vec<u8>) {
    let name = xml_name(name);
    let indent = |out: &mut Vec<u8>| out.extend(std::iter::repeat_n(b' ', 2 * level));
    match node {
        AnswerNode::Value(Value::List(items)) => {
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    out.push(b'\n');
                }
                write_xml(&name, &AnswerNode::Value(Value::Scalar(item.clone())), level, out);
            }
        }
        AnswerNode::Value(value @ Value::Scalar(_)) => {
            indent(out);
            let words = AnswerNode::Value(value.clone()).words();
            if words.is_empty() {
                out.extend_from_slice(format!("<{name}/>").as_bytes());
            } else {
                out.extend_from_slice(format!("<{name}>{}</{name}>", xml_text(&words)).as_bytes());
            }
        }
        AnswerNode::Tree(below) => {
            indent(out);
            if below.is_empty() {
                out.extend_from_slice(format!("<{name}/>").as_bytes());
                return;
            }
            out.extend_from_slice(format!("<{name}>\n").as_bytes());
            for (own, node) in below {
                let before = out.len();
                write_xml(own, node, level + 1, out);
                // An empty list has no line.
                if out.len() > before {
                    out.push(b'\n');
                }
            }
            indent(out);
            out.extend_from_slice(format!("</{name}>").as_bytes());
        }
    }
}

/// A name as elements have them.
fn xml_name(name: &str) -> String {
    let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    let name: String = name.chars().map(|c| if fits(c) { c } else { '_' }).collect();
    let begins = name.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    if begins { name } else { format!("_{name}") }
}

/// Text as elements have it; characters that XML has no form for are replaced.
fn xml_text(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            '\t' | '\n' => out.push(c),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// `name: value`, a line for each value; `lead.id` is `lead_id`.
fn write_lines(above: &str, tree: &[(String, AnswerNode)], out: &mut Vec<u8>) {
    let line = |name: &str, scalar: &Scalar, out: &mut Vec<u8>| {
        let words = scalar_words(scalar).replace(['\r', '\n'], " ");
        out.extend_from_slice(format!("{name}: {words}\n").as_bytes());
    };
    for (name, node) in tree {
        let name = format!("{above}{name}");
        match node {
            AnswerNode::Value(Value::Scalar(scalar)) => line(&name, scalar, out),
            AnswerNode::Value(Value::List(items)) => items.iter().for_each(|item| line(&name, item, out)),
            AnswerNode::Tree(below) => write_lines(&format!("{name}_"), below, out),
        }
    }
}
