//! The fields of a flow, and those kept in the clear.

use std::sync::Arc;

use domain::{Dim, Field, FieldError, FieldType, Fields, Number};

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
        text.parse()
            .map_err(|error| self.unknown(node.line, error, text, FieldType::ALL.map(FieldType::as_str)))
            .ok()
    }

    /// Each with its line: `lead.<field>`, or `{ field, buckets }`.
    pub(super) fn dims(&mut self, node: Option<&Node>) -> Vec<(u64, Dim)> {
        self.list(node, "dims", |reader, node| {
            let Kind::Map(_) = node.kind else {
                return Some((node.line, Dim::new(reader.text(node, "a dim")?)));
            };
            let part = reader.part(node, &keys::DIM)?;
            let path = reader.needed(&part, "field").and_then(|node| reader.text(node, "field"));
            let buckets = reader.needed(&part, "buckets").and_then(|node| reader.buckets(node));
            Some((node.line, Dim { buckets: buckets?, ..Dim::new(path?) }))
        })
    }

    fn buckets(&mut self, node: &Node) -> Option<Vec<Number>> {
        let before = self.problems.len();
        let bounds = self.list(Some(node), "buckets", |reader, node| match &node.kind {
            Kind::Number(text) => reader.parse(node.line, text),
            Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                reader.problem(node.line, format!("a bound must be a number, not {}", node.describe()));
                None
            }
        });
        (self.problems.len() == before).then_some(bounds)
    }
}
