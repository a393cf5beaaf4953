//! The values of a line: its lead, the values of its settings that no template can hold, its reply.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::{
    EarlierStep, Field, FieldPath, FieldType, Fields, Lead, Scalar, Timestamp, UnknownFieldType, Value,
};

use super::super::node::{Kind, Member, Node};
use super::super::templates::number;
use crate::outbound::Reply;

/// What templates of the line may name.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) lead: Lead,
    pub(super) fields: Fields,
    pub(super) steps: Vec<EarlierStep>,
    count: usize,
}

impl Default for Given {
    fn default() -> Given {
        let step = EarlierStep { id: STEP.parse().expect("a plain word is an id"), values: Vec::new() };
        let fields = Fields::new(Vec::new()).expect("no fields go together");
        Given { lead: Lead::new(), fields, steps: vec![step], count: 0 }
    }
}

/// The step that values of settings stand under.
const STEP: &str = "given";
/// The parts of a request in which a value may be typed, a list or nothing.
const PARTS: [&str; 6] =
    ["fields", "parameters", "headers", "extra_parameters", "nested_extra_parameters", "basic_auth"];

impl Given {
    /// Reads the lead: fields by the types that are given for them, text when there are none, and
    /// whatever stands under `appended`.
    pub(super) fn lead(&mut self, lead: &Node, types: Option<&Node>, now: Timestamp) -> Result<(), String> {
        let mut values = Vec::new();
        flatten(lead, "", now, &mut values)?;
        let mut fields = Vec::new();
        let mut steps = BTreeSet::new();
        for (path, _, named) in &values {
            if let Some(rest) = path.strip_prefix("appended.") {
                steps.insert(rest.split('.').next().unwrap_or_default().to_owned());
                continue;
            }
            let told = types.and_then(|types| super::member(types, path));
            let name = match (told.map(|node| &node.kind), named) {
                (Some(Kind::Text(name)), _) => name.as_str(),
                (_, Some(name)) => name.as_str(),
                (Some(_) | None, None) => "string",
            };
            let field_type: FieldType =
                name.parse().map_err(|error: UnknownFieldType| format!("{path}: {}", error.with_names()))?;
            fields.push(Field::new(path.parse().map_err(|error| format!("{path}: {error}"))?, field_type));
        }
        self.fields = Fields::new(fields)
            .map_err(|errors| errors.first().map(ToString::to_string).unwrap_or_default())?
            .keeping_raw(|_| true);
        let mut raw = Lead::new();
        for (path, value, _) in &values {
            let path: FieldPath = path.parse().map_err(|error| format!("{path}: {error}"))?;
            raw.set(path, value.clone());
        }
        self.lead = self.fields.parse(&raw, now);
        for (path, value) in raw.iter().filter(|(path, _)| path.as_str().starts_with("appended.")) {
            self.lead.set(path.clone(), value.clone());
        }
        for step in steps {
            let id = step.parse().map_err(|error| format!("appended.{step}: {error}"))?;
            self.steps.push(EarlierStep { id, values: Vec::new() });
        }
        Ok(())
    }

    /// Puts a template in the place of every value of a request that is typed, a list or nothing.
    pub(super) fn values(&mut self, request: &mut Node, now: Timestamp) -> Result<(), String> {
        let Kind::Map(parts) = &mut request.kind else { return Ok(()) };
        for part in parts.iter_mut().filter(|part| PARTS.contains(&part.key.as_str())) {
            let Kind::Map(members) = &mut part.value.kind else { continue };
            for Member { value: node, .. } in members {
                let is_plain = match &node.kind {
                    Kind::Text(_) | Kind::Number(_) | Kind::Bool(_) => true,
                    Kind::Map(_) => typed(node).is_none(),
                    Kind::Null | Kind::List(_) => false,
                };
                if !is_plain {
                    let value = value(node, now)?;
                    node.kind = Kind::Text(self.hole(value));
                }
            }
        }
        Ok(())
    }

    /// Keeps a value, and gives the template that stands for it.
    fn hole(&mut self, value: Value) -> String {
        let name = format!("{STEP}.v{}", self.count);
        self.count += 1;
        let path = format!("appended.{name}").parse().expect("plain words are a path");
        self.lead.set(path, value);
        format!("{{{{{name}}}}}")
    }
}

/// Name of the type and value of `{"$type", "$value"}`.
pub(super) fn typed(node: &Node) -> Option<(&str, &Node)> {
    match &super::member(node, "$type")?.kind {
        Kind::Text(name) => Some((name, super::member(node, "$value")?)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => None,
    }
}

/// A value: its normal form when it is typed and valid, else as it is.
pub(super) fn value(node: &Node, now: Timestamp) -> Result<Value, String> {
    if let Some((name, node)) = typed(node) {
        let raw = value(node, now)?;
        let field_type: FieldType = name.parse().map_err(|error: UnknownFieldType| error.with_names())?;
        return Ok(match field_type.parse_at(&raw, now) {
            Some(parsed) if parsed.valid != Some(false) => parsed.normal,
            Some(_) | None => raw,
        });
    }
    Ok(match &node.kind {
        Kind::List(items) => {
            let mut list = Vec::new();
            for item in items {
                match value(item, now)? {
                    Value::Scalar(scalar) => list.push(scalar),
                    Value::List(_) => return Err("a list within a list is no value".to_owned()),
                }
            }
            Value::List(list.into())
        }
        Kind::Null => Value::Scalar(Scalar::Null),
        Kind::Bool(truth) => Value::Scalar(Scalar::Bool(*truth)),
        Kind::Number(text) => Value::Scalar(number(text)),
        Kind::Text(text) => Value::text(text.as_str()),
        Kind::Map(_) => return Err("a group of keys is no value".to_owned()),
    })
}

/// A path with dots, what stands there, and the type it names.
type Flat = (String, Value, Option<String>);

fn flatten(node: &Node, path: &str, now: Timestamp, out: &mut Vec<Flat>) -> Result<(), String> {
    match (&node.kind, typed(node)) {
        (Kind::Map(members), None) => {
            for member in members {
                let below =
                    if path.is_empty() { member.key.clone() } else { format!("{path}.{}", member.key) };
                flatten(&member.value, &below, now, out)?;
            }
            Ok(())
        }
        (_, named) => {
            let value = value(node, now).map_err(|error| format!("{path}: {error}"))?;
            out.push((path.to_owned(), value, named.map(|(name, _)| name.to_owned())));
            Ok(())
        }
    }
}

/// A reply, in UTF-8: the status is 200 unless given, a body that is no text is JSON, and `body_base64` has one as
/// its bytes come.
pub(super) fn reply(node: &Node) -> Result<Reply, String> {
    let status = match super::member(node, "status").map(|node| &node.kind) {
        None | Some(Kind::Null) => 200,
        Some(Kind::Number(text)) => text.parse().map_err(|_| format!("{text} is not a status"))?,
        Some(_) => return Err("the status of the reply is not a number".to_owned()),
    };
    let mut headers = Vec::new();
    if let Some(Kind::Map(members)) = super::member(node, "headers").map(|node| &node.kind) {
        for member in members {
            let values = match &member.value.kind {
                Kind::List(items) => items.iter().collect(),
                Kind::Null => Vec::new(),
                Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Map(_) => vec![&member.value],
            };
            for value in values {
                headers.push((member.key.to_ascii_lowercase(), bytes(value)));
            }
        }
    }
    let Some(encoded) = super::member(node, "body_base64") else {
        // It came as text, whatever charset its head names.
        let body = super::member(node, "body").map(bytes).unwrap_or_default();
        return Ok(Reply { status, headers, body });
    };
    let Kind::Text(text) = &encoded.kind else { return Err("body_base64 is not text".to_owned()) };
    let body = BASE64_STANDARD.decode(text).map_err(|error| format!("body_base64 is not base64: {error}"))?;
    Ok(Reply { status, headers, body }.in_utf_8())
}

fn bytes(node: &Node) -> Vec<u8> {
    match &node.kind {
        Kind::Text(text) => text.clone().into_bytes(),
        Kind::Null => Vec::new(),
        Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => {
            let mut out = Vec::new();
            node.write(&mut out);
            out
        }
    }
}
