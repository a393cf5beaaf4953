//! What a source is told of its lead.

use std::sync::Arc;

use crate::vocabulary::PlaceError;
use crate::{FieldPath, Vocabulary};

/// One thing that an answer tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AnswerField {
    /// `outcome`.
    Outcome,
    /// `reason`.
    Reason,
    /// `price`: what the source is paid.
    Price,
    /// `lead.id`.
    LeadId,
    /// A value of the lead as it is at the end of the flow.
    Value {
        /// As the flow names it.
        name: Arc<str>,
        /// Where it stands.
        path: FieldPath,
    },
}

/// The form of an answer where the source does not ask for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum AnswerForm {
    /// JSON.
    #[default]
    Json,
    /// XML.
    Xml,
    /// One line for each value.
    Text,
}

impl AnswerForm {
    /// All of them.
    pub const ALL: [AnswerForm; 3] = [AnswerForm::Json, AnswerForm::Xml, AnswerForm::Text];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            AnswerForm::Json => "json",
            AnswerForm::Xml => "xml",
            AnswerForm::Text => "text",
        }
    }
}

impl AnswerField {
    /// The field of a name.
    ///
    /// # Errors
    /// When nothing of that name can be told.
    pub fn read(name: &str, vocabulary: Vocabulary<'_>) -> Result<AnswerField, PlaceError> {
        Ok(match name {
            "outcome" => AnswerField::Outcome,
            "reason" => AnswerField::Reason,
            "price" => AnswerField::Price,
            "lead.id" => AnswerField::LeadId,
            other => AnswerField::Value { name: other.into(), path: vocabulary.place(other)?.path },
        })
    }

    /// The name, with the dots by which answers nest.
    pub fn name(&self) -> &str {
        match self {
            AnswerField::Outcome => "outcome",
            AnswerField::Reason => "reason",
            AnswerField::Price => "price",
            AnswerField::LeadId => "lead.id",
            AnswerField::Value { name, .. } => name,
        }
    }
}
