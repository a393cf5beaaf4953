//! The parameters of a submission: its body, and its query over it.

use std::borrow::Cow;

use domain::Lead;
use serde_json::Value;

use super::charset::Charset;
use super::compression::decompress;
use super::form::read_form;
use super::json_body::read_json;
use super::trusted_form;
use super::xml_body::read_xml;
use super::{AnswerFormat, INTAKE_BODY_BYTES_MAX, Refusal, Tree, read_lead};
use crate::charset::{named_in_type, named_in_xml};

/// Where a submission comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Door {
    /// `…/submit`: a whole lead.
    Submit,
    /// `…/ping`: what a lead would be worth.
    Ping,
}

/// What stands before the body of a request.
#[derive(Debug, Clone, Copy)]
pub struct InboundHead<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// What stands after `?` in the address; may be empty.
    pub query: &'a str,
    /// The header `Accept`; several are one with commas.
    pub accept: Option<&'a [u8]>,
    /// The header `Content-Type`.
    pub content_type: Option<&'a [u8]>,
    /// The header `Content-Encoding`.
    pub content_encoding: Option<&'a [u8]>,
}

/// What a submission holds.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters<'a> {
    /// The parameters as one tree. Bodies other than objects stay what they are while no query
    /// lies over them.
    pub tree: Value,
    /// The body as readable as it gets: decompressed, and JSON and XML in UTF-8.
    pub body: Cow<'a, [u8]>,
    /// `redir_url`: where the source wants the person sent.
    pub redirect: Option<String>,
}

impl InboundHead<'_> {
    /// Whether anything can be answered at all, and in which form.
    ///
    /// # Errors
    /// Another method than GET and POST; a client that takes no form there is.
    pub fn format(&self, usual: AnswerFormat) -> Result<AnswerFormat, Refusal> {
        if self.method != "GET" && self.method != "POST" {
            return Err(Refusal::Method(self.method.chars().take(40).collect()));
        }
        AnswerFormat::negotiate(self.accept, usual)
    }
}

impl Parameters<'_> {
    /// The lead: every value under its path.
    ///
    /// # Errors
    /// Names that cannot be recorded; more values than fit.
    pub fn lead(&self) -> Result<Lead, Refusal> {
        read_lead(&self.tree)
    }
}

/// Reads the parameters of a request. A body comes with POST only; an empty one is none, and a
/// blank one holds nothing.
///
/// # Errors
/// When something cannot be read; see [`Refusal`].
pub fn read<'a>(door: Door, head: &InboundHead<'_>, body: &'a [u8]) -> Result<Parameters<'a>, Refusal> {
    let (tree, body) = if body.is_empty() || head.method == "GET" {
        (Value::Object(Tree::new()), Cow::Borrowed(&b""[..]))
    } else {
        read_body(head, body)?
    };
    let mut tree = merge(tree, read_form(head.query.as_bytes(), Charset::UTF_8)?);
    if let Value::Object(tree) = &mut tree {
        trusted_form::rename(door, tree);
    }
    let redirect = redirect(&tree)?;
    Ok(Parameters { tree, body, redirect })
}

/// How the body of a type is read.
enum BodyForm {
    Form,
    Json,
    Xml,
}

fn read_body<'a>(head: &InboundHead<'_>, body: &'a [u8]) -> Result<(Value, Cow<'a, [u8]>), Refusal> {
    let content_type = head.content_type.ok_or(Refusal::NoType)?;
    let content_type = std::str::from_utf8(content_type).map_err(|_| Refusal::Type)?;
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let form = match media.as_str() {
        "application/x-www-form-urlencoded" => BodyForm::Form,
        "application/json" => BodyForm::Json,
        "application/xml" | "text/xml" => BodyForm::Xml,
        "" => return Err(Refusal::NoType),
        _ => return Err(Refusal::Type),
    };
    let named = named_in_type(content_type);
    let plain = decompress(head.content_encoding, body)?;
    if plain.len() > INTAKE_BODY_BYTES_MAX {
        return Err(Refusal::TooLarge);
    }
    let named = match form {
        BodyForm::Form | BodyForm::Json => named,
        BodyForm::Xml => named.or_else(|| named_in_xml(&plain)),
    };
    let charset = named.map_or(Ok(Charset::UTF_8), Charset::named)?;
    if let BodyForm::Form = form {
        let blank = plain.trim_ascii().is_empty();
        let tree = if blank { Tree::new() } else { read_form(&plain, charset)? };
        return Ok((Value::Object(tree), plain));
    }
    let text = charset.document(&plain)?;
    let tree = match form {
        _ if text.trim().is_empty() => Value::Object(Tree::new()),
        BodyForm::Json => read_json(text.trim())?,
        BodyForm::Form | BodyForm::Xml => read_xml(&text)?,
    };
    // No value is no parameter.
    let is_blank = tree.is_null() || tree.as_str().is_some_and(|text| text.trim().is_empty());
    let tree = if is_blank { Value::Object(Tree::new()) } else { tree };
    let body = if text.as_bytes() == &*plain { plain } else { Cow::Owned(text.into_owned().into_bytes()) };
    Ok((tree, body))
}

/// Lays the query on the body. Items of a list have their numbers as names then; a lone value gives
/// way.
fn merge(body: Value, over: Tree) -> Value {
    if over.is_empty() {
        return body;
    }
    let mut tree = match body {
        Value::Object(tree) => tree,
        Value::Array(items) => {
            items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item)).collect()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Tree::new(),
    };
    lay_over(&mut tree, over);
    Value::Object(tree)
}

/// Trees are joined, anything else is replaced. The depth is that of the query, which is bounded.
fn lay_over(tree: &mut Tree, over: Tree) {
    for (key, value) in over {
        match (tree.get_mut(&key), value) {
            (Some(Value::Object(own)), Value::Object(over)) => lay_over(own, over),
            (_, value) => {
                tree.insert(key, value);
            }
        }
    }
}

/// Where the source wants the person sent; only to an address of the web. It goes back as it came,
/// when it is one that a header can have.
fn redirect(tree: &Value) -> Result<Option<String>, Refusal> {
    let Some(value) = tree.get("redir_url") else { return Ok(None) };
    let text = value.as_str().ok_or(Refusal::Redirect)?.trim();
    let scheme = ["http://", "https://"]
        .iter()
        .any(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    let url = url::Url::parse(text).ok().filter(|_| scheme).ok_or(Refusal::Redirect)?;
    let can_be_sent = text.bytes().all(|byte| byte.is_ascii_graphic());
    Ok(Some(if can_be_sent { text.to_owned() } else { url.into() }))
}
