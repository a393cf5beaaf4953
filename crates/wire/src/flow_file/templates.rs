//! Texts with holes.

use domain::{Scalar, Template, TemplateFault};

use super::names::Names;
use super::node::{Kind, Node};
use super::reader::Reader;

impl Reader {
    /// Text with holes, or a number or truth value that is the same for every lead.
    pub(super) fn template(&mut self, node: &Node, what: &str, names: Names<'_>) -> Option<Template> {
        match &node.kind {
            Kind::Text(text) => self.template_of(node.line, text, what, names),
            Kind::Bool(value) => Some(Template::constant(Scalar::Bool(*value))),
            Kind::Number(text) => Some(Template::constant(number(text))),
            Kind::Null | Kind::List(_) => {
                self.problem(node.line, format!("{what:?} must be text, not {}", node.describe()));
                None
            }
            Kind::Map(members) => {
                let hint = members.first().map(|member| {
                    format!("; for a value within another write {:?}", format!("{what}.{}", member.key))
                });
                let message = format!("{what:?} must be text, not {}", node.describe());
                self.problem(node.line, format!("{message}{}", hint.unwrap_or_default()));
                None
            }
        }
    }

    pub(super) fn template_of(
        &mut self,
        line: u64,
        text: &str,
        what: &str,
        names: Names<'_>,
    ) -> Option<Template> {
        match Template::read(text, names.vocabulary()?) {
            Ok(template) => Some(template),
            Err(error) => {
                let mut hint = String::new();
                if let TemplateFault::Place(place) = &error.fault {
                    if names.is_told(place) {
                        return None;
                    }
                    hint = names.hint(place);
                }
                self.problem(line, format!("{what:?}, {error}{hint}"));
                None
            }
        }
    }
}

/// A number that stays exact, or else its text.
pub(super) fn number(text: &str) -> Scalar {
    text.parse().map_or_else(|_| Scalar::Text(text.into()), Scalar::Number)
}
