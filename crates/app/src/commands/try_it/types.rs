//! `try types`: what a type makes of a value.

use domain::{FieldType, Parsed, UnknownFieldType, Value};
use serde_json::{Map, Value as Json, json};

use super::values::{json_of, value_of};
use super::{Scene, text};

/// Sensitive values are answered as steps see them, with what is recorded of them under `masked`.
pub(super) fn answer(question: &Json, scene: &Scene) -> Result<Json, String> {
    let type_name = text(question, "type")?;
    let raw = question.get("value").ok_or_else(|| "the question has no \"value\"".to_owned())?;
    let field_type: FieldType = type_name.parse().map_err(|error: UnknownFieldType| error.to_string())?;
    let Some(parsed) = read(field_type, raw, scene) else {
        return Ok(json!({ "normal": null, "valid": null, "components": {} }));
    };
    let mut said = shown(&parsed);
    if field_type.is_sensitive() {
        said["masked"] = shown(&field_type.masked(&parsed));
    }
    Ok(said)
}

fn shown(parsed: &Parsed) -> Json {
    let mut components: Map<String, Json> =
        parsed.components.iter().map(|(name, value)| ((*name).to_owned(), json_of(value))).collect();
    components.extend(parsed.raw.as_ref().map(|raw| ("raw".to_owned(), json_of(raw))));
    json!({ "normal": json_of(&parsed.normal), "valid": parsed.valid, "components": components })
}

/// A value as a type reads it; nothing when it is absent.
pub(super) fn read(field_type: FieldType, raw: &Json, scene: &Scene) -> Option<Parsed> {
    match value_of(raw) {
        Some(raw) => field_type.parse_at(&raw, scene.now),
        // A tree where one value is meant: what a flow makes of it as well.
        None => {
            let normal = Value::Scalar(domain::Scalar::Null);
            Some(Parsed { normal, raw: None, components: Vec::new(), valid: Some(false) })
        }
    }
}
