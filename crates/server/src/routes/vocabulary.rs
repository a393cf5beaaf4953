//! `/types`, `/fields`: what fields a flow can declare, the usual ones, and those that flows have.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::{FieldType, Scope, operators_of, standard_fields, type_words};
use serde::Serialize;
use utoipa::ToSchema;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::Errors;
use crate::parameters;
use crate::routes::{List, list};

/// A type that a field can have.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TypeReply {
    name: &'static str,
    description: &'static str,
    /// A value of it, as a source would send it.
    example: &'static str,
    /// Whether its values are masked before anything is recorded.
    sensitive: bool,
    /// Whether a field of it can declare the values it may have.
    values: bool,
    /// What a valid value can be asked for besides, each under `lead.<field>.<component>`.
    components: Vec<ComponentReply>,
    /// The operators of rules that fit it.
    operators: Vec<OperatorReply>,
}

/// A part of a value.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ComponentReply {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

/// An operator of rules.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OperatorReply {
    #[schema(example = "is equal to")]
    name: &'static str,
    #[schema(example = "eq")]
    short: &'static str,
}

impl TypeReply {
    fn new(field_type: FieldType) -> TypeReply {
        let name = field_type.as_str();
        let words = type_words(name).expect("every type is in words");
        // The flag stands beside the components; of a type that takes anything only with declared values.
        let valid = field_type.has_format().then_some(("valid", FieldType::Boolean));
        let components = field_type.components().iter().copied().chain(valid);
        TypeReply {
            name,
            description: words.description,
            example: words.example,
            sensitive: words.sensitive,
            values: matches!(name, "string" | "list"),
            components: components.map(|(name, kind)| ComponentReply { name, kind: kind.as_str() }).collect(),
            operators: operators_of(field_type)
                .map(|operator| OperatorReply { name: operator.as_str(), short: operator.short() })
                .collect(),
        }
    }
}

/// The types that fields can have.
#[utoipa::path(
    get,
    path = "/types",
    tag = "configuration",
    responses((status = 200, description = "In the order people list them", body = List<TypeReply>), Errors)
)]
pub(crate) async fn types(caller: Caller, uri: Uri) -> Result<Json<List<TypeReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    Ok(list(FieldType::ALL.map(TypeReply::new)))
}

/// A field that flows usually have, or that one of them has.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldReply {
    name: String,
    /// The usual type of a standard field; else the type that the flows give it.
    #[serde(rename = "type")]
    kind: String,
    /// What a standard field holds.
    #[schema(required)]
    description: Option<&'static str>,
    /// Whether it is one of the usual fields.
    standard: bool,
    /// The flows whose newest versions declare it.
    flows: Vec<String>,
    /// Flows that give it another type, and which.
    conflicts: Vec<FieldConflict>,
}

/// A flow that gives a field another type than the others do.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FieldConflict {
    flow: String,
    #[serde(rename = "type")]
    kind: &'static str,
}

impl FieldReply {
    fn add(&mut self, flow: &str, kind: &'static str) {
        self.flows.push(flow.to_owned());
        if self.kind != kind {
            self.conflicts.push(FieldConflict { flow: flow.to_owned(), kind });
        }
    }
}

/// The usual fields, and those that flows declare besides.
#[utoipa::path(
    get,
    path = "/fields",
    tag = "configuration",
    responses((status = 200, description = "Standard fields first, then the others by name", body = List<FieldReply>), Errors)
)]
pub(crate) async fn fields(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<FieldReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    let reply = |name: &str, kind: &str, description: Option<&'static str>| FieldReply {
        name: name.to_owned(),
        kind: kind.to_owned(),
        description,
        standard: description.is_some(),
        flows: Vec::new(),
        conflicts: Vec::new(),
    };
    let standard = standard_fields().iter();
    let mut standard: Vec<FieldReply> =
        standard.map(|field| reply(field.name, field.field_type, Some(field.description))).collect();
    let mut custom: BTreeMap<String, FieldReply> = BTreeMap::new();
    for published in services.control.flows() {
        let flow = &published.flow;
        for field in flow.fields().iter() {
            let (name, kind) = (field.name.as_str(), field.field_type.as_str());
            let own = match standard.iter_mut().find(|own| own.name == name) {
                Some(own) => own,
                None => custom.entry(name.to_owned()).or_insert_with(|| reply(name, kind, None)),
            };
            own.add(flow.id().as_str(), kind);
        }
    }
    Ok(list(standard.into_iter().chain(custom.into_values())))
}
