//! What would become of a submission, or how would it be answered? One line of JSON in, one out, as
//! `glassline try intake` has it.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::{FieldType, Scalar, Value};
use serde_json::{Map, Value as Json, json};

use super::{
    AnswerFormat, AnswerNode, AnswerWish, Door, INTAKE_BODY_BYTES_MAX, InboundHead, Refusal, is_set, read,
    write_answer,
};

/// Tries one line.
///
/// - `{"method", "uri", "headers", "body"}` is a submission, which gives `{"lead"}`, the tree of its parameters,
///   or `{"refusal": {"status", "headers", "body"}}`. As on the wire, a body counts when `Content-Length` or
///   `Transfer-Encoding` announces it. `body_base64` has one that is no text. What is left out is a `POST` to
///   `/submit` without headers.
/// - `{"answer_for": {"outcome", "reason", "lead", "price", …}}` gives the answer, `{"status", "headers", "body"}`.
///   Beside it `accept`, `fields` (what is told, as the key `answer` of a source), `as` (`json`, `xml`, `text`),
///   and the submission's own keys, of which the address tells a ping, `strict` and `redir_url`.
///
/// The submission's keys may also stand in a `request`; `vars` is another word for `answer_for`.
///
/// # Errors
/// When the line cannot be understood.
pub fn try_intake(line: &Json) -> Result<Json, String> {
    let line = line.as_object().ok_or_else(|| "a line is a JSON object".to_owned())?;
    let request = match line.get("request") {
        Some(request) => request.as_object().ok_or_else(|| wrong("request", "an object"))?,
        None => line,
    };
    let request = Request::read(request)?;
    match line.get("answer_for").or_else(|| line.get("vars")) {
        Some(variables) => answer(line, &request, variables),
        None if line.contains_key("request") || line.contains_key("uri") || line.contains_key("method") => {
            Ok(submission(&request))
        }
        None => {
            let wanted = "a line needs method and uri, for a submission, or answer_for, for an answer";
            Err(wanted.to_owned())
        }
    }
}

/// A request as a line has it.
struct Request {
    method: String,
    door: Door,
    query: String,
    /// Names in lower case.
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Request {
    fn read(line: &Map<String, Json>) -> Result<Request, String> {
        let text = |key: &'static str, usual: &str| match line.get(key) {
            None | Some(Json::Null) => Ok(usual.to_owned()),
            Some(Json::String(text)) => Ok(text.clone()),
            Some(_) => Err(wrong(key, "text")),
        };
        let uri = text("uri", "/submit")?;
        let target = uri.split('#').next().unwrap_or_default();
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let door = match path.rsplit('/').next() {
            Some("submit") => Door::Submit,
            Some("ping") => Door::Ping,
            _ => return Err(wrong("uri", "an address that ends with /submit or /ping before its query")),
        };
        let headers = match line.get("headers") {
            None | Some(Json::Null) => Vec::new(),
            Some(Json::Object(headers)) => headers
                .iter()
                .map(|(name, value)| match value {
                    Json::String(text) => Ok((name.to_ascii_lowercase(), text.clone())),
                    Json::Number(number) => Ok((name.to_ascii_lowercase(), number.to_string())),
                    _ => Err(wrong("headers", "names with text")),
                })
                .collect::<Result<_, _>>()?,
            Some(_) => return Err(wrong("headers", "an object")),
        };
        let body = match (line.get("body"), line.get("body_base64")) {
            (None | Some(Json::Null), None) => Vec::new(),
            (Some(Json::String(text)), None) => text.clone().into_bytes(),
            (None, Some(Json::String(text))) => {
                BASE64_STANDARD.decode(text).map_err(|_| wrong("body_base64", "base64"))?
            }
            (Some(_), None) => return Err(wrong("body", "text")),
            (_, Some(_)) => return Err(wrong("body_base64", "text, and alone")),
        };
        Ok(Request { method: text("method", "POST")?, door, query: query.to_owned(), headers, body })
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }

    /// The body as far as the headers announce one (RFC 9112 section 6.3).
    fn announced_body(&self) -> &[u8] {
        let chunked = self
            .header("transfer-encoding")
            .is_some_and(|codings| codings.to_ascii_lowercase().contains("chunked"));
        let length = self.header("content-length").and_then(|length| length.trim().parse::<u64>().ok());
        if chunked || length.is_some_and(|length| length > 0) { &self.body } else { &[] }
    }

    fn head(&self) -> InboundHead<'_> {
        InboundHead {
            method: &self.method,
            query: &self.query,
            accept: self.header("accept").map(str::as_bytes),
            content_type: self.header("content-type").map(str::as_bytes),
            content_encoding: self.header("content-encoding").map(str::as_bytes),
        }
    }
}

fn wrong(key: &str, wanted: &str) -> String {
    format!("{key:?} must be {wanted}")
}

fn submission(request: &Request) -> Json {
    let read = || {
        let head = request.head();
        head.format(AnswerFormat::Json)?;
        let body = request.announced_body();
        if body.len() > INTAKE_BODY_BYTES_MAX {
            return Err(Refusal::TooLarge);
        }
        let parameters = read(request.door, &head, body)?;
        let lead = parameters.lead()?;
        is_set(&lead, "strict")?;
        is_set(&lead, "is_test")?;
        Ok(parameters.tree)
    };
    match read() {
        Ok(tree) => json!({ "lead": tree }),
        Err(refusal) => json!({ "refusal": refused(&refusal) }),
    }
}

fn refused(refusal: &Refusal) -> Json {
    let headers: Map<String, Json> =
        refusal.headers().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    json!({ "status": refusal.status(), "headers": headers, "body": refusal.text() })
}

fn answer(line: &Map<String, Json>, request: &Request, variables: &Json) -> Result<Json, String> {
    let usual = match line.get("as").map(|word| word.as_str().unwrap_or_default()) {
        None | Some("json") => AnswerFormat::Json,
        Some("xml") => AnswerFormat::Xml,
        Some("text") => AnswerFormat::Text,
        Some(_) => return Err(wrong("as", "json, xml or text")),
    };
    let accept = match line.get("accept") {
        None | Some(Json::Null) => request.header("accept"),
        Some(Json::String(text)) => Some(text.as_str()),
        Some(_) => return Err(wrong("accept", "text")),
    };
    let format = match AnswerFormat::negotiate(accept.map(str::as_bytes), usual) {
        Ok(format) => format,
        Err(refusal) => return Ok(refused(&refusal)),
    };
    let fields: Option<Vec<&str>> = match line.get("fields") {
        None | Some(Json::Null) => None,
        Some(Json::Array(names)) => Some(
            names
                .iter()
                .map(|name| name.as_str().ok_or_else(|| wrong("fields", "a list of names")))
                .collect::<Result<_, _>>()?,
        ),
        Some(_) => return Err(wrong("fields", "a list of names")),
    };
    // What steers an answer stands in the address, or among the parameters of the lead.
    let head = InboundHead { method: "GET", ..request.head() };
    let refuse = |refusal: Refusal| Ok(refused(&refusal));
    let steering = match read(request.door, &head, &[]) {
        Ok(parameters) => parameters,
        Err(refusal) => return refuse(refusal),
    };
    let strict = match steering.lead().and_then(|lead| is_set(&lead, "strict")) {
        Ok(strict) => strict,
        Err(refusal) => return refuse(refusal),
    };
    let own = find(variables, "lead.redir_url").and_then(Json::as_str).map(str::to_owned);
    let wish = AnswerWish { door: request.door, format, strict, redirect: steering.redirect.or(own) };
    let written = write_answer(&wish, fields.as_deref(), &|name| find(variables, name).and_then(node));
    let headers: Map<String, Json> = written
        .headers
        .iter()
        .map(|(name, value)| {
            let value = match (*name, value.parse::<u64>()) {
                ("Content-Length", Ok(bytes)) => bytes.into(),
                _ => value.as_str().into(),
            };
            ((*name).to_owned(), value)
        })
        .collect();
    let body = String::from_utf8_lossy(&written.body);
    Ok(json!({ "status": written.status, "headers": headers, "body": body }))
}

/// What stands under a dotted name.
fn find<'a>(variables: &'a Json, name: &str) -> Option<&'a Json> {
    name.split('.').try_fold(variables, |below, key| match below {
        Json::Object(members) => members.get(key),
        Json::Array(items) => key.parse::<usize>().ok().and_then(|at| items.get(at)),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    })
}

/// A variable as answers have it: `null` is none, `{"$type", "$value"}` is a value of that type.
fn node(variable: &Json) -> Option<AnswerNode> {
    if let Some(value) = crate::json::read_value(variable) {
        return (value != Value::Scalar(Scalar::Null)).then_some(AnswerNode::Value(value));
    }
    match variable {
        Json::Object(members) => match (members.get("$type"), members.get("$value")) {
            (Some(Json::String(name)), Some(value)) => {
                let raw = crate::json::read_value(value)?;
                let parsed = name.parse::<FieldType>().ok().and_then(|field_type| field_type.parse(&raw));
                let normal = parsed.filter(|parsed| parsed.valid != Some(false)).map(|parsed| parsed.normal);
                Some(AnswerNode::Value(normal.unwrap_or(raw)))
            }
            _ => Some(AnswerNode::Tree(
                members.iter().filter_map(|(name, value)| Some((name.clone(), node(value)?))).collect(),
            )),
        },
        Json::Array(items) => Some(AnswerNode::Tree(
            items.iter().enumerate().filter_map(|(at, item)| Some((at.to_string(), node(item)?))).collect(),
        )),
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => None,
    }
}
