//! Settings of the product that people come from, in the words of flow files.

use domain::{Scalar, Timestamp, Value};

use super::super::node::{Kind, Member, Node};
use super::{given, text_member};

/// What stands for what in a request.
const REQUEST: [(&str, &str); 13] = [
    ("url", "url"),
    ("method", "method"),
    ("header", "headers"),
    ("json_property", "fields"),
    ("form_field", "fields"),
    ("xml_path", "fields"),
    ("parameter", "parameters"),
    ("json_parameter", "json_parameter"),
    ("xml_parameter", "xml_parameter"),
    ("extra_parameter", "extra_parameters"),
    ("nested_extra_parameter", "nested_extra_parameters"),
    ("follow_redirects", "follow_redirects"),
    ("encode_form_field_names", "encode_form_field_names"),
];
/// What stands for what in a response: the key of the part, and the one within it.
const RESPONSE: [(&str, &str, &str); 9] = [
    ("outcome_search_term", "outcome", "term"),
    ("outcome_search_path", "outcome", "path"),
    ("outcome_on_match", "outcome", "on_match"),
    ("reason_path", "reason", "path"),
    ("default_reason", "reason", "default"),
    ("price_path", "price", "path"),
    ("fallback_price", "price", "fallback"),
    ("reference_path", "reference", "path"),
    ("cookie_search_term", "cookie", "term"),
];
/// Keys that are true or false.
const FLAGS: [&str; 2] = ["follow_redirects", "encode_form_field_names"];

/// Puts `integration`, `request` and `response` in the place of `format` and `vars`. A line without
/// `vars` stays as it is.
pub(super) fn translate(members: &mut Vec<Member>, now: Timestamp) -> Result<(), String> {
    let Some(at) = members.iter().position(|member| member.key == "vars") else { return Ok(()) };
    let vars = members.remove(at).value;
    let Kind::Map(vars) = vars.kind else { return Err("the vars are not an object".to_owned()) };
    // The reply of such a line is called its response.
    members.retain(|member| !matches!(member.key.as_str(), "request" | "response"));
    if let Some(format) = members.iter().find(|member| member.key == "format")
        && let Kind::Text(format) = &format.value.kind
    {
        let integration = Kind::Text(format!("custom_{format}"));
        members.push(text_member("integration", integration));
    }
    let mut request: Vec<Member> = Vec::new();
    let mut response: Vec<Member> = Vec::new();
    let mut user_and_password = [Kind::Null, Kind::Null];
    for var in vars {
        let (key, mut value) = (var.key.as_str(), var.value);
        as_read(&mut value);
        let is_blank = match &value.kind {
            Kind::Text(text) => text.trim().is_empty(),
            Kind::Null => true,
            Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_) => false,
        };
        if is_blank && key != "url" {
            continue;
        }
        let flag = |value: &Node| given::value(value, now).map(|value| Kind::Bool(is_true(&value)));
        if key == "send_ascii" {
            request.push(text_member("ascii", flag(&value)?));
        } else if FLAGS.contains(&key) {
            request.push(text_member(key, flag(&value)?));
        } else if let Some((_, name)) = REQUEST.iter().find(|(var, _)| *var == key) {
            request.push(text_member(name, value.kind));
        } else if let Some((_, part, name)) = RESPONSE.iter().find(|(var, _, _)| *var == key) {
            let member = text_member(name, value.kind);
            match response.iter_mut().find(|own| own.key == *part) {
                Some(Member { value: Node { kind: Kind::Map(members), .. }, .. }) => members.push(member),
                Some(_) | None => response.push(text_member(part, Kind::Map(vec![member]))),
            }
        } else {
            match key {
                "basic_username" => user_and_password[0] = value.kind,
                "basic_password" => user_and_password[1] = value.kind,
                "capture" => response.push(text_member("capture", value.kind)),
                "response_content_type_override" => response.push(text_member("content_type", value.kind)),
                _ => return Err(format!("{key:?} is no setting that is known")),
            }
        }
    }
    let [user, password] = user_and_password;
    // Either alone does nothing.
    if user != Kind::Null && password != Kind::Null {
        let members = vec![text_member("user", user), text_member("password", password)];
        request.push(text_member("basic_auth", Kind::Map(members)));
    }
    // A price needs its place; the fallback alone is answered by `only_fallback`.
    response.retain(|part| part.key != "price" || super::member(&part.value, "path").is_some());
    if request.iter().any(|member| member.key == "url") {
        members.push(text_member("request", Kind::Map(request)));
    }
    members.push(text_member("response", Kind::Map(response)));
    Ok(())
}

/// The price of a line whose vars name one without a place to look at.
pub(super) fn only_fallback(root: &Node) -> Option<String> {
    let vars = super::member(root, "vars")?;
    let is_alone = super::member(vars, "price_path").is_none();
    match &super::member(vars, "fallback_price").filter(|_| is_alone)?.kind {
        Kind::Number(text) | Kind::Text(text) => Some(text.clone()),
        Kind::Null | Kind::Bool(_) | Kind::List(_) | Kind::Map(_) => None,
    }
}

fn is_true(value: &Value) -> bool {
    match value {
        Value::Scalar(Scalar::Bool(truth)) => *truth,
        Value::Scalar(Scalar::Text(text)) => &**text == "true",
        Value::Scalar(Scalar::Null | Scalar::Number(_)) | Value::List(_) => false,
    }
}

/// Values as that product reads them: its numbers have 17 digits, and braces in its values, where
/// templates were filled in before, mean nothing.
fn as_read(node: &mut Node) {
    match &mut node.kind {
        Kind::Number(text) => {
            if text.len() > 15
                && let Ok(number) = text.parse::<f64>()
            {
                *text = number.to_string();
            }
        }
        Kind::Text(text) if text.contains("{{") => {
            let literal = Node { line: node.line, kind: Kind::Text(std::mem::take(text)) };
            node.kind = Kind::Map(vec![
                text_member("$type", Kind::Text("string".to_owned())),
                Member { line: node.line, key: "$value".to_owned(), value: literal },
            ]);
        }
        Kind::Map(members) if !members.iter().any(|member| member.key == "$type") => {
            members.iter_mut().for_each(|member| as_read(&mut member.value));
        }
        Kind::List(items) => items.iter_mut().for_each(as_read),
        Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::Map(_) => {}
    }
}
