//! What rules and templates may name where they stand, as far as that could be read.

use domain::{EarlierStep, Fields, PlaceError, SecretName, StepId, Vocabulary};

use super::keys::nearest;
use super::node::{Kind, Node};

/// What may be named at one place of a file.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names<'a> {
    /// Raw parameters, under whatever name they come.
    Raw,
    /// The fields of the flow and what earlier steps appended.
    Lead {
        fields: &'a Fields,
        /// Fields that were told to be wrong: what names them is not told again.
        unread: &'a [String],
        steps: &'a [EarlierStep],
    },
    /// The same where a step says what it sends.
    Request {
        fields: &'a Fields,
        unread: &'a [String],
        steps: &'a [EarlierStep],
        /// The secrets that the file lists; none when any may be named.
        secrets: Option<&'a [SecretName]>,
    },
    /// The fields do not go together, so that nothing can be said about any name.
    Unknown,
}

impl<'a> Names<'a> {
    /// The same, after these steps.
    pub(super) fn after(self, steps: &'a [EarlierStep]) -> Names<'a> {
        match self {
            Names::Lead { fields, unread, .. } => Names::Lead { fields, unread, steps },
            Names::Request { fields, unread, secrets, .. } => {
                Names::Request { fields, unread, steps, secrets }
            }
            Names::Raw | Names::Unknown => self,
        }
    }

    pub(super) fn vocabulary(self) -> Option<Vocabulary<'a>> {
        match self {
            Names::Raw => Some(Vocabulary::Raw),
            Names::Lead { fields, steps, .. } => Some(Vocabulary::Lead { fields, steps }),
            Names::Request { fields, steps, secrets, .. } => {
                Some(Vocabulary::Request { fields, steps, secrets })
            }
            Names::Unknown => None,
        }
    }

    /// Whether a field, or the field of a path below it, was told to be wrong.
    pub(super) fn is_unread(self, path: &str) -> bool {
        let (Names::Lead { unread, .. } | Names::Request { unread, .. }) = self else { return false };
        unread.iter().any(|name| {
            path.strip_prefix(name.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        })
    }

    /// Whether a name is wrong only because of something that was told before.
    pub(super) fn is_told(self, error: &PlaceError) -> bool {
        match error {
            PlaceError::UnknownField(place) => {
                place.strip_prefix("lead.").is_some_and(|path| self.is_unread(path))
            }
            PlaceError::Unknown(_)
            | PlaceError::UnknownComponent { .. }
            | PlaceError::UnknownStep { .. }
            | PlaceError::SecretElsewhere(_)
            | PlaceError::SecretUnlisted { .. }
            | PlaceError::UnknownRate(_)
            | PlaceError::UnknownFeedback(_) => false,
        }
    }

    /// `; did you mean …?`, when something near is known.
    pub(super) fn hint(self, error: &PlaceError) -> String {
        let Some(vocabulary) = self.vocabulary() else { return String::new() };
        let names = vocabulary.names();
        let known = || names.iter().map(String::as_str);
        let meant = match error {
            PlaceError::Unknown(place) => {
                let below = format!("lead.{place}");
                let whole = names.iter().find(|name| **name == below).map(String::as_str);
                whole.or_else(|| nearest(place, known())).map(str::to_owned)
            }
            PlaceError::UnknownField(place) => nearest(place, known()).map(str::to_owned),
            PlaceError::UnknownComponent { component, field_type } => {
                let components = field_type.components().iter().map(|(name, _)| *name);
                nearest(component, components).map(str::to_owned)
            }
            PlaceError::UnknownStep { place, step } => {
                let (Names::Lead { steps, .. } | Names::Request { steps, .. }) = self else {
                    return String::new();
                };
                let near = nearest(step, steps.iter().map(|earlier| earlier.id.as_str()));
                near.map(|near| place.replacen(step.as_str(), near, 1))
            }
            PlaceError::SecretUnlisted { name, .. } => {
                let Names::Request { secrets, .. } = self else { return String::new() };
                let near = nearest(name, secrets.unwrap_or_default().iter().map(SecretName::as_str));
                near.map(|near| format!("secret.{near}"))
            }
            PlaceError::SecretElsewhere(_) => None,
            // These say what can be named.
            PlaceError::UnknownRate(_) | PlaceError::UnknownFeedback(_) => None,
        };
        meant.map(|name| format!("; did you mean {name}?")).unwrap_or_default()
    }
}

/// The steps that stand for one that could not be read, so that later rules on it are not told to
/// be wrong as well.
pub(super) fn assumed(node: &Node) -> Vec<EarlierStep> {
    let Kind::Map(members) = &node.kind else { return Vec::new() };
    let mut steps = Vec::new();
    for member in members {
        match (member.key.as_str(), &member.value.kind) {
            ("id", Kind::Text(text)) => {
                let id = text.parse::<StepId>().ok();
                steps.extend(id.map(|id| EarlierStep { id, values: Vec::new() }));
            }
            // The recipients of a group have ids of their own.
            ("recipients", Kind::List(nodes)) => steps.extend(nodes.iter().flat_map(assumed)),
            _ => {}
        }
    }
    steps
}
