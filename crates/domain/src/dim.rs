//! Report dimensions: what of a lead stands in the clear on its events. So that no header can hold
//! a personal value, a dim has few possible values, all of them known when the flow is published.

use std::sync::Arc;

use crate::number::order_of_plain;
use crate::parse::words::is_same_word;
use crate::parse::{Parsed, mail_domains};
use crate::{ClosedSet, Field, FieldType, Fields, Lead, Number, Privacy, Scalar, Step, Timestamp, Value};

/// One report dimension of a flow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dim {
    /// Where its value stands: `lead.<field>`, `lead.<field>.<component>` or
    /// `appended.<step>.<value>`.
    pub path: Arc<str>,
    /// The bounds between which a number is counted, ascending; empty for all that are not
    /// numbers.
    pub buckets: Vec<Number>,
}

/// Most bounds of one dim.
pub const BUCKETS_MAX: usize = 50;
/// What stands for a value that is not one of those that may be shown.
const OTHER: &str = "other";

/// What kind of value a dim has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DimKind {
    /// True or false.
    Boolean,
    /// A word.
    Text,
}

/// Why something cannot be a dim.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DimFault {
    /// Nothing of the flow has this path.
    #[error(
        "is not a field of the flow, nor a value of a step; write lead.<field>, lead.<field>.<component> or \
         appended.<step>.<value>"
    )]
    Unknown,
    /// It could hold personal values.
    #[error(
        "has the type {0}, which can be anything, and dims are kept in the clear; a dim is a state, country or \
         boolean, a string with declared values, a number with buckets, or a component of few values such as \
         lead.email.domain, lead.email.is_free, lead.phone_1.type"
    )]
    Open(FieldType),
    /// Several values at once.
    #[error("is a list, and a dim has one value; declare a string field of the first one")]
    List,
    /// A number without buckets.
    #[error("is a number; say between which bounds it is counted: {{ field: {0}, buckets: [ 10, 20 ] }}")]
    NoBuckets(Arc<str>),
    /// Buckets of something else.
    #[error("has buckets, which only number fields take")]
    NotANumber,
    /// Bounds that are no bounds.
    #[error("has buckets that do not ascend from 0 or more; a bucket <0 takes all below 0")]
    Order,
    /// Too many bounds.
    #[error("has {0} buckets; at most {max} fit", max = BUCKETS_MAX)]
    TooManyBuckets(usize),
    /// A value of a step that could be anything.
    #[error(
        "can be any word that {step} answers; declare them: response: {{ values: {{ {value}: [ … ] }} }}"
    )]
    Undeclared {
        /// The step.
        step: String,
        /// The path of the value in the reply.
        value: String,
    },
}

/// Where the values of a dim come from.
enum Origin<'a> {
    /// The value of a field whose type or declared values close it.
    Closed(&'a Field),
    /// The number of a field.
    Number(&'a Field),
    /// The domain of an address.
    MailDomain(&'a Field),
    /// Another component of a field.
    Component(&'a Field, ClosedSet),
    /// A value of a reply, as declared.
    Declared(&'a [Arc<str>]),
}

impl Dim {
    /// A dim without buckets.
    pub fn new(path: impl Into<Arc<str>>) -> Dim {
        Dim { path: path.into(), buckets: Vec::new() }
    }

    /// What is wrong with it in this flow.
    pub(crate) fn fault(&self, fields: &Fields, steps: &[Step]) -> Option<DimFault> {
        let origin = match self.origin(fields, steps) {
            Ok(origin) => origin,
            Err(fault) => return Some(fault),
        };
        match origin {
            Origin::Number(_) if self.buckets.is_empty() => Some(DimFault::NoBuckets(Arc::clone(&self.path))),
            Origin::Number(_) if self.buckets.len() > BUCKETS_MAX => {
                Some(DimFault::TooManyBuckets(self.buckets.len()))
            }
            Origin::Number(_) => {
                let ascend = self.buckets.windows(2).all(|pair| pair[0] < pair[1]);
                let begin = self.buckets.first().is_some_and(|first| *first >= Number::from(0));
                (!(ascend && begin)).then_some(DimFault::Order)
            }
            Origin::Closed(_) | Origin::MailDomain(_) | Origin::Component(..) | Origin::Declared(_) => {
                (!self.buckets.is_empty()).then_some(DimFault::NotANumber)
            }
        }
    }

    /// What kind of value it has; none when it is no dim of this flow.
    pub(crate) fn kind(&self, fields: &Fields, steps: &[Step]) -> Option<DimKind> {
        let closed = |set: ClosedSet| match set {
            ClosedSet::Boolean => DimKind::Boolean,
            ClosedSet::State
            | ClosedSet::StateName
            | ClosedSet::Country
            | ClosedSet::CountryName
            | ClosedSet::CertificateType
            | ClosedSet::PhoneType => DimKind::Text,
        };
        Some(match self.origin(fields, steps).ok()? {
            Origin::Component(_, set) => closed(set),
            Origin::Closed(field) => match field.field_type.privacy() {
                Privacy::Closed(set) => closed(set),
                Privacy::Email | Privacy::EmailDomain | Privacy::Phone | Privacy::Name | Privacy::Hidden => {
                    DimKind::Text
                }
            },
            Origin::Number(_) | Origin::MailDomain(_) | Origin::Declared(_) => DimKind::Text,
        })
    }

    /// Every value it can have, where they are few enough to choose from: not the states, countries
    /// and mail providers. None when it is no dim of this flow.
    pub(crate) fn values(&self, fields: &Fields, steps: &[Step]) -> Option<Vec<Arc<str>>> {
        match self.origin(fields, steps).ok()? {
            _ if self.kind(fields, steps) == Some(DimKind::Boolean) => {
                Some(vec!["true".into(), "false".into()])
            }
            Origin::Closed(field) => Some(field.values.clone()).filter(|values| !values.is_empty()),
            Origin::Number(_) => {
                let below = self.buckets.first().map(|first| format!("<{}", first.as_str()).into());
                Some(
                    below
                        .into_iter()
                        .chain(self.buckets.iter().map(|bound| self.bucket(bound.as_str())))
                        .collect(),
                )
            }
            Origin::Declared(words) => Some(words.iter().cloned().chain([OTHER.into()]).collect()),
            Origin::MailDomain(_) | Origin::Component(..) => None,
        }
    }

    /// What a text means as a value of it: its normal form, so that `Texas` is `TX`. None when it can never be its
    /// value, and when it is no dim of this flow.
    pub(crate) fn meant(&self, fields: &Fields, steps: &[Step], text: &str) -> Option<Scalar> {
        let origin = self.origin(fields, steps).ok()?;
        if self.kind(fields, steps) == Some(DimKind::Boolean) {
            let is = |word: &str| text.eq_ignore_ascii_case(word);
            return (is("true") || is("false")).then(|| Scalar::Bool(is("true")));
        }
        let same = |word: &&Arc<str>| is_same_word(word, text);
        match origin {
            Origin::Closed(field) => match field.parse(&Value::text(text), Timestamp::MAX)? {
                Parsed { normal: Value::Scalar(scalar), valid: Some(true), .. } => Some(scalar),
                Parsed { .. } => None,
            },
            // People type what keyboards have.
            Origin::Number(_) => {
                let text = text.replacen(">=", "≥", 1);
                let buckets = self.values(fields, steps)?;
                buckets.into_iter().find(|bucket| **bucket == *text).map(Scalar::Text)
            }
            Origin::Declared(_) => {
                let words = self.values(fields, steps)?;
                words.iter().find(same).cloned().map(Scalar::Text)
            }
            Origin::MailDomain(_) | Origin::Component(..) => Some(Scalar::Text(text.into())),
        }
    }

    /// Its value of a parsed lead: none unless the value is there and valid.
    pub(crate) fn value(&self, fields: &Fields, steps: &[Step], lead: &Lead) -> Option<Scalar> {
        // A field is read again, so that no value slips out by being put into the lead some other way.
        let read = |field: &Field| {
            let parsed = field.parse(lead.get(field.name.as_str())?, Timestamp::MAX)?;
            match (parsed.valid, parsed.normal) {
                (Some(true), Value::Scalar(scalar)) => Some(scalar),
                (_, Value::Scalar(_) | Value::List(_)) => None,
            }
        };
        let scalar = |path: &str| match lead.get(path)? {
            Value::Scalar(scalar) => Some(scalar),
            Value::List(_) => None,
        };
        match self.origin(fields, steps).ok()? {
            Origin::Closed(field) => read(field),
            Origin::Number(field) => match read(field)? {
                Scalar::Number(number) => Some(Scalar::Text(self.bucket(number.as_str()))),
                // A number of more digits than numbers have.
                Scalar::Text(plain) => Some(Scalar::Text(self.bucket(&plain))),
                Scalar::Null | Scalar::Bool(_) => None,
            },
            Origin::MailDomain(field) => {
                read(field)?;
                let Scalar::Text(domain) = scalar(self.path.strip_prefix("lead.")?)? else { return None };
                let known = mail_domains::is_provider(domain);
                Some(Scalar::Text(if known { Arc::clone(domain) } else { OTHER.into() }))
            }
            Origin::Component(field, set) => {
                read(field)?;
                let scalar = scalar(self.path.strip_prefix("lead.")?)?;
                set.contains(scalar).then(|| scalar.clone())
            }
            Origin::Declared(words) => {
                let scalar = scalar(&self.path)?;
                if scalar.is_blank() {
                    return None;
                }
                let said = match scalar {
                    Scalar::Text(text) => text.trim().to_lowercase(),
                    Scalar::Number(number) => number.to_string(),
                    Scalar::Bool(truth) => truth.to_string(),
                    Scalar::Null => return None,
                };
                let word = words.iter().find(|word| word.to_lowercase() == said);
                Some(Scalar::Text(word.cloned().unwrap_or_else(|| OTHER.into())))
            }
        }
    }

    /// The bucket of a number in its plain form: `<10`, `10-20`, `≥20`. A bound belongs to the bucket above it.
    fn bucket(&self, number: &str) -> Arc<str> {
        let above = self.buckets.partition_point(|bound| order_of_plain(bound.as_str(), number).is_le());
        let text = match (above.checked_sub(1).map(|at| &self.buckets[at]), self.buckets.get(above)) {
            (None, Some(upper)) => format!("<{}", upper.as_str()),
            (Some(lower), Some(upper)) => format!("{}-{}", lower.as_str(), upper.as_str()),
            (Some(lower), None) => format!("≥{}", lower.as_str()),
            (None, None) => OTHER.to_owned(),
        };
        text.into()
    }

    fn origin<'a>(&self, fields: &'a Fields, steps: &'a [Step]) -> Result<Origin<'a>, DimFault> {
        if let Some(path) = self.path.strip_prefix("appended.") {
            let (step_id, value) = path.split_once('.').ok_or(DimFault::Unknown)?;
            let mut steps = steps.iter().flat_map(Step::with_recipients);
            let step = steps.find(|step| step.id.as_str() == step_id).ok_or(DimFault::Unknown)?;
            let response = step.response().ok_or(DimFault::Unknown)?;
            let words = response.values.iter().find(|(own, _)| **own == *value);
            let undeclared = || DimFault::Undeclared { step: step_id.to_owned(), value: value.to_owned() };
            return words.map(|(_, words)| Origin::Declared(words)).ok_or_else(undeclared);
        }
        let path = self.path.strip_prefix("lead.").ok_or(DimFault::Unknown)?;
        let (field, component) = fields.at(path).ok_or(DimFault::Unknown)?;
        let open = || DimFault::Open(field.field_type);
        let Some(component) = component else {
            return match (field.field_type, field.field_type.privacy()) {
                (FieldType::List, _) => Err(DimFault::List),
                (FieldType::Number, _) => Ok(Origin::Number(field)),
                (FieldType::String, _) if !field.values.is_empty() => Ok(Origin::Closed(field)),
                (_, Privacy::Closed(_)) => Ok(Origin::Closed(field)),
                (
                    _,
                    Privacy::Email | Privacy::EmailDomain | Privacy::Phone | Privacy::Name | Privacy::Hidden,
                ) => Err(open()),
            };
        };
        if !field.field_type.components().iter().any(|(own, _)| *own == component) {
            return Err(DimFault::Unknown);
        }
        match field.field_type.component_privacy(component) {
            Privacy::Closed(set) => Ok(Origin::Component(field, set)),
            Privacy::EmailDomain => Ok(Origin::MailDomain(field)),
            Privacy::Email | Privacy::Phone | Privacy::Name | Privacy::Hidden => Err(open()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dim(bounds: &[i32]) -> Dim {
        Dim { buckets: bounds.iter().map(|bound| Number::from(*bound)).collect(), ..Dim::new("lead.amount") }
    }

    #[test]
    fn a_number_falls_into_one_bucket() {
        let dim = dim(&[100_000, 250_000, 500_000]);
        for (number, bucket) in [
            ("-3", "<100000"),
            ("99999.99", "<100000"),
            ("100000", "100000-250000"),
            ("249999", "100000-250000"),
            ("250000", "250000-500000"),
            ("249999.99999999999999", "100000-250000"),
            ("500000", "≥500000"),
            ("9000000", "≥500000"),
        ] {
            assert_eq!(&*dim.bucket(number), bucket, "{number}");
        }
    }

    #[test]
    fn a_number_has_the_values_of_its_buckets() {
        let fields = Fields::new(vec![Field::new("amount".parse().unwrap(), FieldType::Number)]).unwrap();
        let values = dim(&[10, 20]).values(&fields, &[]).unwrap();
        assert_eq!(values, ["<10", "10-20", "≥20"].map(Arc::from));
    }

    #[test]
    fn bounds_ascend_from_zero_or_more() {
        let fields = Fields::new(vec![Field::new("amount".parse().unwrap(), FieldType::Number)]).unwrap();
        let fault = |bounds: &[i32]| dim(bounds).fault(&fields, &[]);
        assert_eq!(fault(&[0, 10]), None);
        assert_eq!(fault(&[7]), None);
        assert_eq!(fault(&[10, 10]), Some(DimFault::Order));
        assert_eq!(fault(&[20, 10]), Some(DimFault::Order));
        assert_eq!(fault(&[-5, 10]), Some(DimFault::Order));
        assert!(matches!(fault(&[]), Some(DimFault::NoBuckets(_))));
        let many: Vec<i32> = (0..51).collect();
        assert_eq!(fault(&many), Some(DimFault::TooManyBuckets(51)));
    }
}
