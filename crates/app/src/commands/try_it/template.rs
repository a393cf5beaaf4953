//! `try template`: what a template becomes.

use domain::{FieldPath, FieldType, Lead, Scalar, Seed, Template, UnknownFieldType, Variables};
use serde_json::{Value as Json, json};

use super::values::{json_of, value_of};
use super::{Scene, only, text, types};

/// Most values of one question.
const VALUES_MAX: usize = 10_000;
/// Deepest tree of values.
const DEPTH_MAX: usize = 32;

pub(super) fn answer(question: &Json, scene: &Scene) -> Result<Json, String> {
    only(question, &["template", "vars"])?;
    let template = text(question, "template")?;
    let template = Template::read_on_trial(template).map_err(|error| error.to_string())?;
    let mut pairs = Vec::new();
    match question.get("vars") {
        None | Some(Json::Null) => {}
        Some(Json::Object(members)) => {
            for (name, value) in members {
                gather(&escaped(name), value, 0, scene, &mut pairs)?;
            }
        }
        Some(Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_)) => {
            return Err("\"vars\" must be an object".to_owned());
        }
    }
    let lead: Lead = pairs.into_iter().collect();
    let variables = Variables {
        now: scene.now,
        time_zone: &scene.time_zone,
        seed: Seed::of(&[&scene.now.as_millis().to_be_bytes()]),
        ..Variables::of(&lead)
    };
    let value = template.value(&variables);
    Ok(json!({ "value": value.as_ref().map_or(Json::Null, json_of) }))
}

/// Dots part the keys of a name; only `~` must be written otherwise in a path.
fn escaped(name: &str) -> String {
    name.replace('~', "~0")
}

/// A value, or the tree below it, under its path.
fn gather(
    path: &str,
    value: &Json,
    depth: usize,
    scene: &Scene,
    pairs: &mut Vec<(FieldPath, domain::Value)>,
) -> Result<(), String> {
    if depth > DEPTH_MAX {
        return Err(format!("\"vars\" is a tree of more than {DEPTH_MAX} levels"));
    }
    if pairs.len() > VALUES_MAX {
        return Err(format!("\"vars\" has more than {VALUES_MAX} values"));
    }
    let place = |path: &str| path.parse::<FieldPath>().map_err(|error| error.to_string());
    match value {
        Json::Null => {}
        Json::Object(members) => {
            if members.contains_key("$type") || members.contains_key("$value") {
                only(value, &["$type", "$value"]).map_err(|error| format!("{path:?}: {error}"))?;
                let type_name = text(value, "$type").map_err(|error| format!("{path:?}: {error}"))?;
                let raw = members.get("$value");
                let raw = raw.ok_or_else(|| format!("{path:?} has a $type and no $value"))?;
                // A template fills in what buyers get: in the clear.
                let field_type: FieldType =
                    type_name.parse().map_err(|error: UnknownFieldType| error.with_names())?;
                if let Some(parsed) = types::read(field_type, raw, scene) {
                    for (name, component) in &parsed.components {
                        pairs.push((place(&format!("{path}.{name}"))?, component.clone()));
                    }
                    pairs.extend(match parsed.valid {
                        Some(valid) => Some((place(&format!("{path}.valid"))?, valid.into())),
                        None => None,
                    });
                    // What has no normal form stays as it was sent.
                    let normal = Some(parsed.normal).filter(|normal| *normal != Scalar::Null.into());
                    pairs.extend(match &parsed.raw {
                        Some(raw) => Some((place(&format!("{path}.raw"))?, raw.clone())),
                        None => None,
                    });
                    pairs.push((place(path)?, normal.or(parsed.raw).unwrap_or(Scalar::Null.into())));
                }
                return Ok(());
            }
            for (name, value) in members {
                gather(&format!("{path}.{}", escaped(name)), value, depth + 1, scene, pairs)?;
            }
        }
        Json::Array(items) if value_of(value).is_none() => {
            for (at, item) in items.iter().enumerate() {
                gather(&format!("{path}.{at}"), item, depth + 1, scene, pairs)?;
            }
        }
        Json::Bool(_) | Json::Number(_) | Json::String(_) | Json::Array(_) => {
            if let Some(value) = value_of(value) {
                // A value that no type read is what was sent.
                pairs.push((place(&format!("{path}.raw"))?, value.clone()));
                pairs.push((place(path)?, value));
            }
        }
    }
    Ok(())
}
