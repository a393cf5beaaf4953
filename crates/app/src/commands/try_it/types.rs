//! `try types`: what a type makes of a value.

use std::sync::Arc;

use domain::{Field, FieldType, Fields, Parsed, UnknownFieldType, Value};
use serde_json::{Map, Value as Json, json};

use super::values::{json_of, value_of};
use super::{Scene, only, text};

/// Sensitive values are answered as steps see them, with what is recorded of them under `masked`.
pub(super) fn answer(question: &Json, scene: &Scene) -> Result<Json, String> {
    only(question, &["type", "value", "values"])?;
    let type_name = text(question, "type")?;
    let raw = question.get("value").ok_or_else(|| "the question has no \"value\"".to_owned())?;
    let field_type: FieldType = type_name.parse().map_err(|error: UnknownFieldType| error.with_names())?;
    let parsed = match declared(field_type, &question["values"])? {
        Some(field) => value_of(raw).map_or_else(|| Some(tree()), |raw| field.parse(&raw, scene.now)),
        None => read(field_type, raw, scene),
    };
    let Some(parsed) = parsed else {
        return Ok(json!({ "normal": null, "valid": null, "components": {} }));
    };
    let mut said = shown(field_type, &parsed);
    if field_type.is_sensitive() {
        said["masked"] = shown(field_type, &field_type.masked(&parsed));
    }
    Ok(said)
}

/// A field that declares the values it may have, as a flow file says it.
fn declared(field_type: FieldType, values: &Json) -> Result<Option<Field>, String> {
    let texts = match values {
        Json::Null => return Ok(None),
        Json::Array(items) => items.iter().map(|item| item.as_str().map(Arc::from)).collect(),
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Object(_) => None,
    };
    let values = texts.ok_or_else(|| "\"values\" must be a list of texts".to_owned())?;
    let field = Field { values, ..Field::new("value".parse().expect("it is a name"), field_type) };
    match Fields::new(vec![field.clone()]) {
        Ok(_) => Ok(Some(field)),
        Err(errors) => Err(errors.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
    }
}

fn shown(field_type: FieldType, parsed: &Parsed) -> Json {
    let mut components: Map<String, Json> =
        parsed.components.iter().map(|(name, value)| ((*name).to_owned(), json_of(value))).collect();
    components.extend(field_type.lacking(parsed).map(|name| (name.to_owned(), Json::Null)));
    components.extend(parsed.raw.as_ref().map(|raw| ("raw".to_owned(), json_of(raw))));
    let normal = long_number(field_type, parsed).unwrap_or_else(|| json_of(&parsed.normal));
    json!({ "normal": normal, "valid": parsed.valid, "components": components })
}

/// A number of more digits than numbers have in a record, where readers of JSON keep all of them.
fn long_number(field_type: FieldType, parsed: &Parsed) -> Option<Json> {
    if field_type != FieldType::Number || parsed.valid != Some(true) {
        return None;
    }
    let plain = parsed.normal.as_text()?;
    let double: f64 = plain.parse().ok()?;
    (double.to_string() == plain).then(|| plain.parse().ok().map(Json::Number)).flatten()
}

/// A value as a type reads it; nothing when it is absent.
pub(super) fn read(field_type: FieldType, raw: &Json, scene: &Scene) -> Option<Parsed> {
    match value_of(raw) {
        Some(raw) => field_type.parse_at(&raw, scene.now),
        // A tree where one value is meant: what a flow makes of it as well.
        None => Some(tree()),
    }
}

fn tree() -> Parsed {
    let normal = Value::Scalar(domain::Scalar::Null);
    Parsed { normal, raw: None, components: Vec::new(), valid: Some(false) }
}
