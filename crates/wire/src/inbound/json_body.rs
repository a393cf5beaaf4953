//! Bodies in JSON.

use serde_json::Value;
use serde_json::error::Category;

use super::{DEPTH_MAX, Refusal};

/// Most characters around a fault that a refusal repeats, on either side.
const SHOWN_CHARS: usize = 10;

/// Reads any JSON. Line ends and tabs inside texts, which JSON forbids and senders send, are
/// dropped in a second try.
pub(super) fn read_json(text: &str) -> Result<Value, Refusal> {
    let value = serde_json::from_str::<Value>(text).or_else(|_| {
        let clean = text.replace(['\r', '\n', '\t'], "");
        serde_json::from_str(&clean).map_err(|error| fault(&clean, &error))
    })?;
    if is_deeper(&value, DEPTH_MAX) { Err(Refusal::TooDeep) } else { Ok(value) }
}

/// Whether parents stand above a value in more than so many levels. The reader stops at 128, so this
/// goes no deeper.
fn is_deeper(value: &Value, levels: usize) -> bool {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        Value::Array(items) => levels == 0 || items.iter().any(|item| is_deeper(item, levels - 1)),
        Value::Object(members) => levels == 0 || members.values().any(|member| is_deeper(member, levels - 1)),
    }
}

/// The words of the parser that senders know, which repeat a little of the body.
fn fault(text: &str, error: &serde_json::Error) -> Refusal {
    if error.classify() == Category::Eof {
        return Refusal::Json("SyntaxError: Unexpected end of JSON input".into());
    }
    if error.to_string().starts_with("recursion limit exceeded") {
        return Refusal::TooDeep;
    }
    // The text has one line, and a column counts bytes from 1.
    let at = error.column().saturating_sub(1).min(text.len());
    let at = text.get(..at).map_or(0, |before| before.chars().count());
    let chars: Vec<char> = text.chars().collect();
    let (start, end) = if chars.len() <= 2 * SHOWN_CHARS {
        (0, chars.len())
    } else {
        (at.saturating_sub(SHOWN_CHARS), chars.len().min(at + SHOWN_CHARS))
    };
    let shown: String = chars[start..end].iter().collect();
    let before = if start > 0 { "..." } else { "" };
    let after = if end < chars.len() { "..." } else { "" };
    Refusal::Json(format!("SyntaxError: Error: {before}\"{shown}\"{after} is not valid JSON"))
}
