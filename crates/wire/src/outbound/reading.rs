//! A reply, and what was read from it.

use std::sync::Arc;

use domain::{Ending, FieldPath, Money, OutcomeSearch, ResponseSettings, Scalar, Value, named_price};

use super::parameters::scalar_text;
use super::reply_tree::{Node, ReplyTree};

/// A reply of another party, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Most values that one reply adds to a lead; the first ones in the order of the reply are kept.
pub const APPENDED_MAX: usize = 1_000;

/// Most of a reply's body that is read, in bytes; what goes beyond is as if it were not there.
pub const REPLY_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest reason in the other party's words, in characters.
const REASON_CHARS_MAX: usize = 2_000;
/// Longest id of the other party, in characters.
const REFERENCE_CHARS_MAX: usize = 255;

/// What a reply says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Yes, no, or a fault.
    pub outcome: Ending,
    /// Why not, in the other party's own words, or the step's default.
    pub reason: Option<Arc<str>>,
    /// The price it names.
    pub price: Option<Money>,
    /// Its own id for the lead.
    pub reference: Option<Arc<str>>,
    /// What the reply adds to the lead, by path below `appended.<step>`: what was read, as `outcome`,
    /// `reason`, `price` and `reference`, then every value of the reply that is not under one of these
    /// names.
    pub appended: Vec<(FieldPath, Value)>,
    /// How many more values the reply had than are kept.
    pub truncated: u32,
}

impl Reply {
    /// The first header of this name, which is in lower case, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(own, _)| own == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The reply as HTTP/1.1 text, as events keep it: status line, headers, empty line, body.
    pub fn evidence(&self) -> Arc<[u8]> {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&self.body);
        text.into()
    }
}

/// Reads a reply as a step's settings say.
///
/// A status from 500 to 599 is a fault whatever the body says. A body that is JSON is searched by path;
/// any other is text, in which paths find nothing. Nothing panics, whatever came.
pub fn read_reply(settings: &ResponseSettings, reply: &Reply) -> Reading {
    if (500..=599).contains(&reply.status) {
        let reason: Arc<str> = format!("Server error {}", reply.status).into();
        return Reading::new(Ending::Error, Some(reason), None, None, None);
    }
    let body = &reply.body[..reply.body.len().min(REPLY_BODY_BYTES_MAX)];
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let tree = ReplyTree::read(text);
    let tree = tree.as_ref();

    let found = settings.outcome.as_ref().map(|search| is_found(search, tree, text));
    let outcome = match (&settings.outcome, found) {
        (Some(search), Some(found)) => search.meaning(found),
        _ => Ending::Success,
    };
    let price = settings.price.as_ref().map(|search| {
        let first = tree.and_then(|tree| tree.find(&search.path).first().copied());
        let amount = first.and_then(|node| match node {
            Node::Scalar(scalar) => named_price(&Value::Scalar(scalar.clone())),
            Node::List(_) | Node::Object(_) => None,
        });
        amount.unwrap_or(search.fallback)
    });
    let reference = settings.reference.as_ref().zip(tree).and_then(|(path, tree)| {
        let texts = tree.find(path).into_iter().flat_map(Node::own_scalars).filter_map(scalar_text);
        texts.map(|text| shortened(text.trim(), REFERENCE_CHARS_MAX)).find(|text| !text.is_empty())
    });
    Reading::new(outcome, reason(settings, tree), price, reference, tree)
}

impl Reading {
    fn new(
        outcome: Ending,
        reason: Option<Arc<str>>,
        price: Option<Money>,
        reference: Option<Arc<str>>,
        tree: Option<&ReplyTree>,
    ) -> Reading {
        let price_value = price.map(|price| match price.to_string().parse() {
            Ok(number) => Value::Scalar(Scalar::Number(number)),
            Err(_) => Value::text(price.to_string()),
        });
        let own = [
            ("outcome", Some(Value::text(domain::Outcome::from(outcome).as_str()))),
            ("reason", reason.as_deref().map(Value::text)),
            ("price", price_value),
            ("reference", reference.as_deref().map(Value::text)),
        ];
        let mut appended = Vec::new();
        let mut names = Vec::new();
        for (name, value) in own {
            if let Some(value) = value {
                names.push(name);
                appended.push((FieldPath::key(name).expect("a plain word is a path"), value));
            }
        }
        let rest = tree.map(|tree| tree.flatten(&names, APPENDED_MAX - appended.len())).unwrap_or_default();
        appended.extend(rest.values);
        Reading { outcome, reason, price, reference, appended, truncated: rest.left_out }
    }
}

/// Whether an outcome's term stands in what it is looked for in. Without a term anything that is
/// neither blank nor false will do.
fn is_found(search: &OutcomeSearch, tree: Option<&ReplyTree>, body: &str) -> bool {
    let found_in = |text: &str| match &search.term {
        Some(term) => !text.trim().is_empty() && term.is_found_in(text),
        None => !text.trim().is_empty(),
    };
    let Some(path) = &search.path else { return found_in(body) };
    let places = tree.map(|tree| tree.find(path)).unwrap_or_default();
    places.into_iter().flat_map(Node::scalars).any(|scalar| {
        let says_nothing = search.term.is_none() && *scalar == Scalar::Bool(false);
        !says_nothing && scalar_text(scalar).is_some_and(|text| found_in(&text))
    })
}

/// All reasons that stand there, in alphabetical order, else the step's default.
fn reason(settings: &ResponseSettings, tree: Option<&ReplyTree>) -> Option<Arc<str>> {
    let places = settings.reason.path.as_ref().zip(tree).map(|(path, tree)| tree.find(path));
    let scalars = places.unwrap_or_default().into_iter().flat_map(Node::own_scalars);
    let mut reasons: Vec<String> = scalars
        .filter(|scalar| !is_no_reason(scalar))
        .filter_map(scalar_text)
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    if reasons.is_empty() {
        let default = settings.reason.default.as_deref().map(str::trim);
        return default.filter(|default| !default.is_empty()).map(Arc::from);
    }
    reasons.sort();
    Some(shortened(&reasons.join(", "), REASON_CHARS_MAX))
}

/// Nothing, false and zero stand for "no reason" in many replies.
fn is_no_reason(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Null | Scalar::Bool(false) => true,
        Scalar::Number(number) => number.as_str() == "0",
        Scalar::Bool(true) | Scalar::Text(_) => false,
    }
}

fn shortened(text: &str, chars_max: usize) -> Arc<str> {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => text[..end].into(),
        None => text.into(),
    }
}
