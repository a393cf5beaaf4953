//! The parameters of a request: its body, and its query over it.

use axum::http::{HeaderMap, header};

use super::Refusal;
use super::tree::{Tree, merge, read_form, read_json};

/// Reads the parameters of a request. An empty body is none, whatever its type.
pub(crate) fn read_parameters(query: &str, headers: &HeaderMap, body: &[u8]) -> Result<Tree, Refusal> {
    let mut tree = if body.is_empty() { Tree::new() } else { read_body(headers, body)? };
    merge(&mut tree, read_form(query.as_bytes())?);
    Ok(tree)
}

fn read_body(headers: &HeaderMap, body: &[u8]) -> Result<Tree, Refusal> {
    let content_type = headers.get(header::CONTENT_TYPE).ok_or(Refusal::NoType)?;
    let content_type = content_type.to_str().map_err(|_| Refusal::Type)?;
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match media_type.as_str() {
        "application/json" => {
            let text = std::str::from_utf8(body).map_err(|_| Refusal::NotText)?.trim();
            if text.is_empty() { Ok(Tree::new()) } else { read_json(text) }
        }
        "application/x-www-form-urlencoded" => read_form(body.trim_ascii()),
        _ => Err(Refusal::Type),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(query: &str, content_type: Option<&str>, body: &str, wanted: Expect) {
        let mut headers = HeaderMap::new();
        if let Some(content_type) = content_type {
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
        }
        let told = match read_parameters(query, &headers, body.as_bytes()) {
            Ok(tree) => serde_json::Value::Object(tree).to_string(),
            Err(refusal) => format!("{refusal:?}"),
        };
        wanted.assert_eq(&told);
    }

    #[test]
    fn the_type_of_a_body_says_how_it_is_read() {
        check("", Some("application/x-www-form-urlencoded; charset=utf-8"), "a=1", expect![[r#"{"a":"1"}"#]]);
        check("", Some("Application/JSON"), r#"{"a":1}"#, expect![[r#"{"a":1}"#]]);
        check("", Some("text/plain"), "a=1", expect!["Type"]);
        check("", Some("application/vnd.api+json"), "{}", expect!["Type"]);
        check("", None, "a=1", expect!["NoType"]);
    }

    #[test]
    fn without_a_body_the_query_is_all() {
        check("a=1", None, "", expect![[r#"{"a":"1"}"#]]);
        check("a=1", Some("application/json"), " \n ", expect![[r#"{"a":"1"}"#]]);
        check("a=1", Some("application/x-www-form-urlencoded"), "   ", expect![[r#"{"a":"1"}"#]]);
    }
}
