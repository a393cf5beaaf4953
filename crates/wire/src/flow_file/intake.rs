//! How the submissions of a source are taken in and answered.

use std::time::Duration;

use domain::{
    ALLOW_FROM_MAX, ANSWER_FIELDS_MAX, AddressRange, AnswerField, AnswerForm, Intake, Limits,
    SAME_PAYLOAD_MAX,
};

use super::keys;
use super::names::Names;
use super::node::Node;
use super::reader::{Part, Reader};

impl Reader {
    pub(super) fn intake(&mut self, part: &Part<'_>, at_the_end: Names<'_>) -> Option<Intake> {
        let allow_from = self.allow_from(part.get("allow_from"));
        let limits = part
            .get("limits")
            .map_or(Some(Limits::default()), |node| self.limits(node, &keys::INTAKE_LIMITS));
        let answer =
            part.get("answer").map_or(Some(None), |node| self.answer_fields(node, at_the_end).map(Some));
        let answer_as = part.get("answer_as").map_or(Some(AnswerForm::default()), |node| {
            self.word(node, "answer_as", &AnswerForm::ALL.map(|form| (form.as_str(), form)))
        });
        let same_payload = part.get("same_payload").map_or(Some(None), |node| {
            self.duration(node, "same_payload", Duration::from_secs(1)..=SAME_PAYLOAD_MAX).map(Some)
        });
        Some(Intake {
            allow_from: allow_from?,
            limits: limits?,
            answer: answer?,
            answer_as: answer_as?,
            same_payload: same_payload?,
        })
    }

    fn allow_from(&mut self, node: Option<&Node>) -> Option<Vec<AddressRange>> {
        let Some(node) = node else { return Some(Vec::new()) };
        let before = self.problems.len();
        let ranges =
            self.list(Some(node), "allow_from", |reader, node| reader.parse_text(node, "allow_from"));
        // Nobody means this: it would take nothing from anybody, or, read as left out, from all.
        if ranges.is_empty() && self.problems.len() == before {
            self.problem(
                node.line,
                "\"allow_from\" is empty; name ranges, or leave it out to take from anywhere",
            );
        }
        let fits = self.fits(node.line, "ranges of addresses", ranges.len(), ALLOW_FROM_MAX);
        (fits && self.problems.len() == before).then_some(ranges)
    }

    fn answer_fields(&mut self, node: &Node, names: Names<'_>) -> Option<Vec<AnswerField>> {
        let before = self.problems.len();
        let fields = self.list(Some(node), "answer", |reader, node| {
            reader.answer_field(node, names).map(|field| (node.line, field))
        });
        for (at, (line, field)) in fields.iter().enumerate() {
            let name = field.name();
            let earlier = || fields[..at].iter().map(|(_, field)| field.name());
            let is_below =
                |name: &str, other: &str| name.strip_prefix(other).is_some_and(|rest| rest.starts_with('.'));
            if earlier().any(|other| other == name) {
                self.problem(*line, format!("the answer tells {name} twice"));
            } else if let Some(other) = earlier().find(|other| is_below(name, other) || is_below(other, name))
            {
                self.problem(
                    *line,
                    format!(
                        "the answer cannot tell both {other} and {name}: one has no place beside the other"
                    ),
                );
            }
        }
        let fits = self.fits(node.line, "fields of the answer", fields.len(), ANSWER_FIELDS_MAX);
        (fits && self.problems.len() == before).then(|| fields.into_iter().map(|(_, field)| field).collect())
    }

    fn answer_field(&mut self, node: &Node, names: Names<'_>) -> Option<AnswerField> {
        let name = self.text(node, "answer")?;
        match AnswerField::read(name, names.vocabulary()?) {
            Ok(field) => Some(field),
            Err(error) if names.is_told(&error) => None,
            Err(error) => {
                let hint = names.hint(&error);
                self.problem(node.line, format!("the answer names {error}{hint}"));
                None
            }
        }
    }
}
