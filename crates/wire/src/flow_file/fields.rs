//! The fields of a flow, and those kept in the clear.

use std::sync::Arc;

use domain::{Field, FieldError, FieldType, Fields};

use super::keys;
use super::node::{Kind, Member, Node};
use super::reader::Reader;

/// The fields that could be read.
pub(super) struct ReadFields {
    /// None when they do not go together.
    pub(super) fields: Option<Fields>,
    /// The names of those that could not be read.
    pub(super) unread: Vec<String>,
}

impl Reader {
    pub(super) fn fields(&mut self, node: Option<&Node>) -> ReadFields {
        let Some(node) = node else {
            return ReadFields { fields: Some(Fields::default()), unread: Vec::new() };
        };
        let Some(members) = self.map(node, "fields") else {
            return ReadFields { fields: None, unread: Vec::new() };
        };
        let mut unread = Vec::new();
        let mut read = Vec::new();
        for member in members {
            match self.field(member) {
                Some(field) => read.push(field),
                None => unread.push(member.key.clone()),
            }
        }
        let fields = Fields::new(read).map_err(|errors| {
            for error in errors {
                let name = match &error {
                    FieldError::Twice(name) | FieldError::Within { inner: name, .. } => Some(name),
                    FieldError::Values { name, .. }
                    | FieldError::Value { name, .. }
                    | FieldError::TooManyValues { name, .. } => Some(name),
                    FieldError::TooMany { .. } | FieldError::TooManyPaths { .. } => None,
                };
                let member =
                    members.iter().find(|member| name.is_some_and(|name| name.as_str() == member.key));
                self.problem(member.map_or(node.line, |member| member.line), error);
            }
        });
        ReadFields { fields: fields.ok(), unread }
    }

    /// `name: type`, or `name: { type, required, values }`.
    fn field(&mut self, member: &Member) -> Option<Field> {
        let name = self.parse(member.line, &member.key);
        let Kind::Map(_) = member.value.kind else {
            let field_type = self.field_type(&member.value);
            return Some(Field::new(name?, field_type?));
        };
        let part = self.part(&member.value, &keys::FIELD)?;
        let field_type = self.needed(&part, "type").and_then(|node| self.field_type(node));
        let required = part.get("required").map_or(Some(false), |node| self.boolean(node, "required"));
        let before = self.problems.len();
        let values = self
            .list(part.get("values"), "values", |reader, node| reader.text(node, "a value").map(Arc::from));
        if self.problems.len() > before {
            return None;
        }
        if values.is_empty() && part.get("values").is_some() {
            self.problem(member.line, format!("the values of {} are an empty list", member.key));
            return None;
        }
        Some(Field { name: name?, field_type: field_type?, required: required?, values })
    }

    fn field_type(&mut self, node: &Node) -> Option<FieldType> {
        let text = self.text(node, "type")?;
        if keys::TYPES_LATER.contains(&text) {
            self.not_supported(node.line, format!("the field type {text}"));
            return None;
        }
        text.parse()
            .map_err(|error| self.unknown(node.line, error, text, FieldType::ALL.map(FieldType::as_str)))
            .ok()
    }

    /// Each with its line.
    pub(super) fn dims(&mut self, node: Option<&Node>, fields: Option<&Fields>) -> Vec<(u64, Arc<str>)> {
        self.list(node, "dims", |reader, node| {
            let text = reader.text(node, "a dim")?;
            let provider = text.strip_prefix("lead.").and_then(|path| fields?.at(path)).is_some_and(
                |(field, component)| field.field_type == FieldType::Email && component == Some("domain"),
            );
            if provider || text.starts_with("appended.") {
                reader.not_supported(node.line, format!("the dim {text}"));
                return None;
            }
            Some((node.line, Arc::from(text)))
        })
    }
}
