//! What rules and templates may name: it depends on where in a flow they stand.

use std::sync::Arc;

use crate::field::RAW;
use crate::{FieldPath, FieldType, Fields, Privacy, RateName, SecretName, StepId, UnknownRate};

/// What may be named at one place of a flow.
#[derive(Debug, Clone, Copy)]
pub enum Vocabulary<'a> {
    /// Raw parameters of a submission, under whatever name they came.
    Raw,
    /// The parsed lead, its source, and what earlier steps appended.
    Lead {
        /// The fields of the flow.
        fields: &'a Fields,
        /// The steps that run before this place.
        steps: &'a [EarlierStep],
    },
    /// The same where a step says what it sends: there secrets can be named too.
    Request {
        /// The fields of the flow.
        fields: &'a Fields,
        /// The steps that run before this place.
        steps: &'a [EarlierStep],
        /// The secrets that the flow lists; none when any may be named.
        secrets: Option<&'a [SecretName]>,
    },
}

/// A step that ran before, as later rules and templates see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EarlierStep {
    /// Its id: `<id>.…` and `appended.<id>.…` name what it appended.
    pub id: StepId,
    /// What some of its values may be, by path: these tell nothing about a person.
    pub values: Vec<(Arc<str>, Vec<Arc<str>>)>,
}

/// Why a place cannot be named.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PlaceError {
    /// It begins with nothing that is known here.
    #[error("{0}, but only lead.<field>, source.name and <earlier step>.<value> can be named")]
    Unknown(String),
    /// No such field.
    #[error("{0}, which is not a field of the flow")]
    UnknownField(String),
    /// The field has no such component.
    #[error("{component}, which a field of the type {field_type} does not have")]
    UnknownComponent {
        /// The component that is not there.
        component: String,
        /// The type of the field.
        field_type: FieldType,
    },
    /// It names a step that does not run before.
    #[error("{place}, but no step {step} runs before it")]
    UnknownStep {
        /// The place.
        place: String,
        /// The step it names.
        step: String,
    },
    /// A secret where none may stand: it would be recorded, or shown to a source.
    #[error("{0}, but secrets stand only in what enhancements and recipients send")]
    SecretElsewhere(String),
    /// A secret that the flow does not list.
    #[error("{place}, but the file does not list {name} under \"secrets\"")]
    SecretUnlisted {
        /// The place.
        place: String,
        /// The secret it names.
        name: String,
    },
    /// It names no figure of feedback.
    #[error(transparent)]
    UnknownRate(#[from] UnknownRate),
    /// It names nothing of the feedback that a source or buyer is told of.
    #[error("feedback.{0}, but what is told of feedback is {words}", words = FEEDBACK_WORDS.join(", "))]
    UnknownFeedback(String),
}

/// What templates can name of the feedback that a source or buyer is told of: `feedback.type` and so on.
pub(crate) const FEEDBACK_WORDS: [&str; 8] =
    ["id", "type", "reason", "value", "days_to_convert", "timestamp", "buyer", "refund"];
/// What stands below it are figures for rules and, where a source or buyer is told of feedback, what that is.
const FEEDBACK: &str = "feedback";

impl EarlierStep {
    /// What stands for the feedback that a source or buyer is told of, in the templates of what it is sent.
    pub fn feedback() -> EarlierStep {
        EarlierStep { id: FEEDBACK.parse().expect("it is an id"), values: Vec::new() }
    }
}

/// A place that may be named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// Where it stands in a lead, without `lead.`.
    pub(crate) path: FieldPath,
    /// What stands in a lead that has anything to say about the place: the field of a component, the
    /// outcome of a step.
    pub(crate) base: FieldPath,
    /// The type its values compare as; none where anything may stand.
    pub(crate) compared_as: Option<FieldType>,
    /// For a whole field: whether it can be invalid.
    pub(crate) has_format: Option<bool>,
    /// For a whole field: the values it declares; empty for any.
    pub(crate) declared: Vec<Arc<str>>,
    /// Whether its values are so few that one of them tells nothing about a person.
    pub(crate) closed: bool,
}

/// What steps append about themselves and can be one of few words.
const OUTCOME: &str = "outcome";

impl<'a> From<&'a Fields> for Vocabulary<'a> {
    /// The fields alone, as before the first step.
    fn from(fields: &'a Fields) -> Vocabulary<'a> {
        Vocabulary::Lead { fields, steps: &[] }
    }
}

impl Vocabulary<'_> {
    /// Finds a place by its name.
    pub(crate) fn place(&self, name: &str) -> Result<Place, PlaceError> {
        let shown = || name.chars().take(80).collect::<String>();
        let open = |path: FieldPath| Place {
            base: path.clone(),
            path,
            compared_as: None,
            has_format: None,
            declared: Vec::new(),
            closed: false,
        };
        let (fields, steps) = match *self {
            Vocabulary::Raw => return name.parse().map(open).map_err(|_| PlaceError::Unknown(shown())),
            Vocabulary::Lead { fields, steps } | Vocabulary::Request { fields, steps, .. } => (fields, steps),
        };
        if name.starts_with("secret.") {
            return Err(PlaceError::SecretElsewhere(shown()));
        }
        let (first, rest) = name.split_once('.').ok_or_else(|| PlaceError::Unknown(shown()))?;
        if name == "source.name" {
            return Ok(open(name.parse().expect("source.name is a path")));
        }
        if first == FEEDBACK {
            return feedback(rest, steps);
        }
        let (step, below) = match first {
            "lead" => return field(fields, rest, &shown()),
            "appended" => rest.split_once('.').ok_or_else(|| PlaceError::Unknown(shown()))?,
            _ => (first, rest),
        };
        let Some(earlier) = steps.iter().find(|earlier| earlier.id.as_str() == step) else {
            let looks_like_a_step = first == "appended" || step.parse::<StepId>().is_ok();
            return Err(if looks_like_a_step && first != "source" {
                PlaceError::UnknownStep { place: shown(), step: step.chars().take(64).collect() }
            } else {
                PlaceError::Unknown(shown())
            });
        };
        let path = format!("appended.{step}.{below}").parse().map_err(|_| PlaceError::Unknown(shown()))?;
        let closed = below == OUTCOME || earlier.values.iter().any(|(path, _)| **path == *below);
        let base = format!("appended.{step}.{OUTCOME}").parse().map_err(|_| PlaceError::Unknown(shown()))?;
        Ok(Place { closed, base, ..open(path) })
    }

    /// Finds a secret by its name within `secret.`.
    pub(crate) fn secret(&self, name: &str) -> Result<SecretName, PlaceError> {
        let place = || format!("secret.{}", name.chars().take(64).collect::<String>());
        let Vocabulary::Request { secrets, .. } = self else {
            return Err(PlaceError::SecretElsewhere(place()));
        };
        let unlisted =
            || PlaceError::SecretUnlisted { place: place(), name: name.chars().take(64).collect() };
        let secret: SecretName = name.parse().map_err(|_| unlisted())?;
        let is_listed = secrets.is_none_or(|listed| listed.contains(&secret));
        if is_listed { Ok(secret) } else { Err(unlisted()) }
    }

    /// The names that rules and templates may begin from, for hints.
    pub fn names(&self) -> Vec<String> {
        match self {
            Vocabulary::Raw => Vec::new(),
            Vocabulary::Lead { fields, steps } | Vocabulary::Request { fields, steps, .. } => fields
                .iter()
                .map(|field| format!("lead.{}", field.name))
                .chain(steps.iter().map(|earlier| format!("{}.{OUTCOME}", earlier.id)))
                .collect(),
        }
    }
}

/// A figure of feedback, or what is told of it where that is known.
fn feedback(rest: &str, steps: &[EarlierStep]) -> Result<Place, PlaceError> {
    let is_told = steps.iter().any(|earlier| earlier.id.as_str() == FEEDBACK);
    let path = if is_told {
        if !FEEDBACK_WORDS.contains(&rest) {
            return Err(PlaceError::UnknownFeedback(rest.chars().take(80).collect()));
        }
        format!("appended.{FEEDBACK}.{rest}").parse().expect("the words are keys")
    } else {
        rest.parse::<RateName>()?.path()
    };
    let compared_as = (!is_told).then_some(FieldType::Number);
    Ok(Place {
        base: path.clone(),
        path,
        compared_as,
        has_format: None,
        declared: Vec::new(),
        closed: !is_told,
    })
}

fn field(fields: &Fields, path: &str, shown: &str) -> Result<Place, PlaceError> {
    let (field, component) = fields.at(path).ok_or_else(|| PlaceError::UnknownField(shown.to_owned()))?;
    let field_type = field.field_type;
    let Some(component) = component else {
        return Ok(Place {
            path: field.name.path().clone(),
            base: field.name.path().clone(),
            compared_as: Some(field_type),
            has_format: Some(field.has_format()),
            declared: field.values.clone(),
            closed: matches!(field_type.privacy(), Privacy::Closed(_)) || !field.values.is_empty(),
        });
    };
    // What was sent is of no known type.
    if component == RAW {
        let path = field.name.path().child(RAW).expect("a short word is a key");
        return Ok(Place {
            path,
            base: field.name.path().clone(),
            compared_as: None,
            has_format: None,
            declared: Vec::new(),
            closed: false,
        });
    }
    let compared_as = if component == "valid" && field.has_format() {
        Some(FieldType::Boolean)
    } else {
        let mut known = field_type.components().iter();
        known.find(|(name, _)| *name == component).map(|(_, compared_as)| *compared_as)
    };
    let compared_as = compared_as.ok_or_else(|| PlaceError::UnknownComponent {
        component: component.chars().take(40).collect(),
        field_type,
    })?;
    Ok(Place {
        path: field.name.path().child(component).expect("components have short names"),
        base: field.name.path().clone(),
        compared_as: Some(compared_as),
        has_format: None,
        declared: Vec::new(),
        closed: matches!(field_type.component_privacy(component), Privacy::Closed(_)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    fn check(name: &str, wanted: &str) {
        let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
        let fields =
            Fields::new(vec![field("state", FieldType::State), field("email", FieldType::Email)]).unwrap();
        let steps = [EarlierStep {
            id: "phone_check".parse().unwrap(),
            values: vec![("line_type".into(), vec!["mobile".into()])],
        }];
        check_with(Vocabulary::Lead { fields: &fields, steps: &steps }, name, wanted);
    }

    fn check_with(vocabulary: Vocabulary<'_>, name: &str, wanted: &str) {
        let told = match vocabulary.place(name) {
            Ok(Place { path, base: _, compared_as, has_format, declared: _, closed }) => {
                let compared_as = compared_as.map_or("anything".to_owned(), |known| known.to_string());
                format!("{path} as {compared_as}, format {has_format:?}, closed {closed}")
            }
            Err(error) => error.to_string(),
        };
        assert_eq!(told, wanted, "{name}");
    }

    #[test]
    fn fields_their_components_and_earlier_steps_can_be_named() {
        check("lead.state", "state as state, format Some(true), closed true");
        check("lead.email.domain", "email.domain as string, format None, closed false");
        check("lead.email.raw", "email.raw as anything, format None, closed false");
        check("source.name", "source.name as anything, format None, closed false");
        let line_type = "appended.phone_check.line_type as anything, format None, closed true";
        check("phone_check.line_type", line_type);
        check("appended.phone_check.line_type", line_type);
        check("phone_check.a.b", "appended.phone_check.a.b as anything, format None, closed false");
        check("phone_check.outcome", "appended.phone_check.outcome as anything, format None, closed true");
    }

    #[test]
    fn what_is_not_there_is_told_apart() {
        check("lead.zip", "lead.zip, which is not a field of the flow");
        check("lead.email.colour", "colour, which a field of the type email does not have");
        check("premier.outcome", "premier.outcome, but no step premier runs before it");
        check("appended.premier.bid", "appended.premier.bid, but no step premier runs before it");
        let unknown = "but only lead.<field>, source.name and <earlier step>.<value> can be named";
        check("state", &format!("state, {unknown}"));
        check("source.colour", &format!("source.colour, {unknown}"));
        check("phone_check.", &format!("phone_check., {unknown}"));
        check(
            "secret.south",
            "secret.south, but secrets stand only in what enhancements and recipients send",
        );
    }

    #[test]
    fn secrets_can_be_named_in_requests_when_the_flow_lists_them() {
        let fields = Fields::new(Vec::new()).unwrap();
        let listed = ["south".parse().unwrap()];
        let told = |secrets, name| {
            let vocabulary = Vocabulary::Request { fields: &fields, steps: &[], secrets };
            vocabulary.secret(name).map_or_else(|error| error.to_string(), |name| name.to_string())
        };
        assert_eq!(told(Some(&listed), "south"), "south");
        assert_eq!(told(None, "north"), "north");
        let unlisted = "secret.north, but the file does not list north under \"secrets\"";
        assert_eq!(told(Some(&listed), "north"), unlisted);
    }

    #[test]
    fn figures_of_feedback_can_be_named_and_what_is_told_of_it_where_it_is() {
        let rate = "appended.feedback.source.return_rate.30d as number, format None, closed true";
        check("feedback.source.return_rate", rate);
        check(
            "feedback.buyer_x.sold.7d",
            "appended.feedback.buyer_x.sold.7d as number, format None, closed true",
        );
        let error = "feedback.type; write feedback.<source, src_… or buyer_…>.<return_rate, conversion_rate, sold, \
                     returned or converted>, and .7d for another number of days than 30, at most 365";
        check("feedback.type", error);
        let (fields, steps) = (Fields::default(), [EarlierStep::feedback()]);
        let told = Vocabulary::Lead { fields: &fields, steps: &steps };
        check_with(told, "feedback.type", "appended.feedback.type as anything, format None, closed false");
        let error = "feedback.kind, but what is told of feedback is id, type, reason, value, days_to_convert, \
                     timestamp, buyer, refund";
        check_with(told, "feedback.kind", error);
    }
}
