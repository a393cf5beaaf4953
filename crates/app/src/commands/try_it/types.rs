//! `try types`: what a type makes of a value.

use domain::{FieldType, Parsed, SensitiveType, Value};
use serde_json::{Map, Value as Json, json};

use super::values::{json_of, value_of};
use super::{Scene, text};

pub(super) fn answer(question: &Json, clear: bool, scene: &Scene) -> Result<Json, String> {
    let type_name = text(question, "type")?;
    let raw = question.get("value").ok_or_else(|| "the question has no \"value\"".to_owned())?;
    Ok(match read(type_name, raw, clear, scene)? {
        None => json!({ "normal": null, "valid": null, "components": {} }),
        Some(parsed) => {
            let mut components: Map<String, Json> =
                parsed.components.iter().map(|(name, value)| ((*name).to_owned(), json_of(value))).collect();
            components.extend(parsed.raw.as_ref().map(|raw| ("raw".to_owned(), json_of(raw))));
            json!({ "normal": json_of(&parsed.normal), "valid": parsed.valid, "components": components })
        }
    })
}

/// A value as a type reads it; nothing when it is absent.
pub(super) fn read(
    type_name: &str,
    raw: &Json,
    clear: bool,
    scene: &Scene,
) -> Result<Option<Parsed>, String> {
    let sensitive = SensitiveType::ALL.into_iter().find(|own| own.as_str() == type_name);
    let field_type = type_name.parse::<FieldType>();
    let Some(raw) = value_of(raw) else {
        // A tree where one value is meant: what a flow makes of it as well.
        field_type.map(|_| ()).or_else(|error| sensitive.map(|_| ()).ok_or_else(|| error.to_string()))?;
        let normal = Value::Scalar(domain::Scalar::Null);
        return Ok(Some(Parsed { normal, raw: None, components: Vec::new(), valid: Some(false) }));
    };
    if let Some(sensitive) = sensitive {
        let parsed = sensitive.parse(&raw, scene.now);
        return Ok(if clear { parsed } else { parsed.map(|parsed| sensitive.masked(&parsed)) });
    }
    Ok(field_type.map_err(|error| error.to_string())?.parse(&raw))
}
