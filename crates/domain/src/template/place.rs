//! Names in templates: which value of a lead, or of the moment, each stands for.

use std::borrow::Cow;

use crate::vocabulary::PlaceError;
use crate::{FieldPath, FieldType, Number, RateName, Scalar, SecretName, Value, Variables, Vocabulary};

use super::fault::{TemplateFault, shown};

/// One thing a template asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Variable {
    /// A value of the lead.
    Value(FieldPath),
    /// The same, or else the item of a list: `tags.0`.
    Item { whole: FieldPath, list: FieldPath, at: usize },
    /// The id of the lead.
    LeadId,
    /// The id of the delivery.
    DeliveryId,
    /// What the source is offered.
    Price,
    /// A secret of the installation.
    Secret(SecretName),
    /// The moment; on trial, what is given under that name comes first.
    Now { on_trial: bool },
    /// A number from 1 to 100, the same for one lead; on trial as above.
    Random { on_trial: bool },
}

/// What may be named, and by whom.
#[derive(Debug, Clone, Copy)]
pub(super) enum Names<'a> {
    /// At a place of a flow.
    Flow(Vocabulary<'a>),
    /// On trial: any name, and what was given under it comes first.
    Trial,
}

/// A name that was found: what it stands for, and the type of what stands there where that is known.
pub(super) type Found = (Variable, Option<FieldType>);

impl Names<'_> {
    /// Whether any name may stand here, be it one of a helper.
    pub(super) fn takes_any(self) -> bool {
        matches!(self, Names::Trial | Names::Flow(Vocabulary::Raw))
    }

    /// Where what was sent stands, when a name that was found is that of a field's raw value.
    pub(super) fn raw(
        self,
        name: &str,
        variable: &Variable,
        field_type: Option<FieldType>,
    ) -> Option<FieldPath> {
        let Variable::Value(path) = variable else { return None };
        let is_raw = name.starts_with("lead.") && name.ends_with(".raw");
        (is_raw && !self.takes_any() && field_type.is_none()).then(|| path.clone())
    }

    /// Finds what a name stands for.
    pub(super) fn find(self, name: &str) -> Result<Found, TemplateFault> {
        let first = name.split('.').next().unwrap_or_default();
        if matches!(first, "this" | "") || name.starts_with('@') || name.contains("../") {
            let instead = "write the whole name, like lead.email";
            return Err(TemplateFault::Refused { what: shown(name), instead });
        }
        let raw = self.takes_any();
        let on_trial = matches!(self, Names::Trial);
        match name {
            "now" => return Ok((Variable::Now { on_trial }, Some(FieldType::Time))),
            "random" => return Ok((Variable::Random { on_trial }, Some(FieldType::Number))),
            "lead.id" if !raw => return Ok((Variable::LeadId, Some(FieldType::String))),
            "event_id" | "delivery_id" if !raw => {
                return Ok((Variable::DeliveryId, Some(FieldType::String)));
            }
            "price" if !raw => return Ok((Variable::Price, Some(FieldType::Number))),
            _ => {}
        }
        let vocabulary = match self {
            Names::Flow(vocabulary) => vocabulary,
            Names::Trial => Vocabulary::Raw,
        };
        if let Some(secret) = name.strip_prefix("secret.").filter(|_| !raw) {
            return Ok((Variable::Secret(vocabulary.secret(secret)?), Some(FieldType::String)));
        }
        let place = vocabulary.place(name);
        // A figure is looked up for the rules that look at it, and for them alone.
        let is_figure = match &place {
            Ok(place) => RateName::of_path(&place.path).is_some(),
            Err(error) => matches!(error, PlaceError::UnknownRate(_)),
        };
        if is_figure && !raw {
            let instead = "figures of feedback stand on the left side of rules, and what it says in what a source or \
                           buyer is told";
            return Err(TemplateFault::Refused { what: shown(name), instead });
        }
        match place {
            Ok(place) => {
                let variable = match item(name) {
                    // Only what steps append and raw parameters may hold lists that nobody declared.
                    Some((list, at)) if place.compared_as.is_none() => match vocabulary.place(list) {
                        Ok(list) => Variable::Item { whole: place.path, list: list.path, at },
                        Err(_) => Variable::Value(place.path),
                    },
                    Some(_) | None => Variable::Value(place.path),
                };
                Ok((variable, place.compared_as))
            }
            Err(PlaceError::UnknownComponent { field_type: FieldType::List, component }) => {
                let unknown = || PlaceError::UnknownComponent {
                    component: component.clone(),
                    field_type: FieldType::List,
                };
                let (list, at) = item(name).ok_or_else(unknown)?;
                let list = vocabulary.place(list)?.path;
                let whole = list.child(&at.to_string()).map_err(|_| unknown())?;
                Ok((Variable::Item { whole, list, at }, Some(FieldType::String)))
            }
            Err(PlaceError::UnknownStep { step, .. }) if step == "ping" => {
                let instead = "what a ping brought stands only in the request of its own recipient";
                Err(TemplateFault::Refused { what: shown(name), instead })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// `tags.0` as the name of a list and the number of an item.
fn item(name: &str) -> Option<(&str, usize)> {
    let (list, at) = name.rsplit_once('.')?;
    let is_number = at.len() <= 4 && at.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| at.parse().ok()).flatten().map(|at| (list, at))
}

impl Variable {
    /// What stands there; nothing when it is absent.
    pub(super) fn value<'a>(&self, variables: &Variables<'a>) -> Option<Cow<'a, Value>> {
        let text = |text: String| Some(Cow::Owned(Value::text(text)));
        match self {
            Variable::Value(path) => variables.lead.get(path.as_str()).map(Cow::Borrowed),
            Variable::Item { whole, list, at } => {
                if let Some(value) = variables.lead.get(whole.as_str()) {
                    return Some(Cow::Borrowed(value));
                }
                match variables.lead.get(list.as_str())? {
                    Value::List(items) => items.get(*at).cloned().map(|item| Cow::Owned(Value::Scalar(item))),
                    Value::Scalar(_) => None,
                }
            }
            Variable::Secret(name) => variables.secrets.get(name).map(Cow::Borrowed),
            Variable::LeadId => text(variables.lead_id?.to_string()),
            Variable::DeliveryId => text(variables.delivery_id?.to_string()),
            Variable::Price => {
                let number: Number = variables.price?.to_string().parse().expect("an amount is a decimal");
                Some(Cow::Owned(Value::from(number)))
            }
            Variable::Now { on_trial } => {
                given(variables, *on_trial, "now").or_else(|| text(variables.now.to_string()))
            }
            Variable::Random { on_trial } => given(variables, *on_trial, "random").or_else(|| {
                let chance = match variables.lead_id {
                    Some(id) => crate::Seed::of(&[id.as_bytes()]).chance(0),
                    None => variables.seed.chance(0),
                };
                let number = i32::try_from(1 + chance % 100).expect("at most 100");
                Some(Cow::Owned(Value::from(Number::from(number))))
            }),
        }
    }
}

/// What a trial gives in place of the moment.
fn given<'a>(variables: &Variables<'a>, on_trial: bool, name: &str) -> Option<Cow<'a, Value>> {
    if on_trial { variables.lead.get(name).map(Cow::Borrowed) } else { None }
}

/// The text of a value: nothing for null, commas between the items of a list.
pub(super) fn text_of(value: Cow<'_, Value>) -> Cow<'_, str> {
    match value {
        Cow::Borrowed(Value::Scalar(Scalar::Text(text))) => Cow::Borrowed(&**text),
        Cow::Borrowed(Value::Scalar(Scalar::Number(number))) => Cow::Borrowed(number.as_str()),
        other => {
            let mut out = String::new();
            write_value(&other, &mut out);
            Cow::Owned(out)
        }
    }
}

pub(super) fn write_value(value: &Value, out: &mut String) {
    match value {
        Value::Scalar(scalar) => write_scalar(scalar, out),
        Value::List(list) => {
            for (at, scalar) in list.iter().enumerate() {
                if at > 0 {
                    out.push(',');
                }
                write_scalar(scalar, out);
            }
        }
    }
}

pub(super) fn write_scalar(scalar: &Scalar, out: &mut String) {
    match scalar {
        Scalar::Null => {}
        Scalar::Bool(true) => out.push_str("true"),
        Scalar::Bool(false) => out.push_str("false"),
        Scalar::Number(number) => out.push_str(number.as_str()),
        Scalar::Text(text) => out.push_str(text),
    }
}
