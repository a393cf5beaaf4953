//! The fields a flow declares, and what becomes of a raw lead under them.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::parse::Parsed;
use crate::parse::words::is_same_word;
use crate::{FieldPath, FieldState, FieldStates, FieldType, Lead, NameError, Scalar, Timestamp, Value};

/// Names one field of a flow. Text form: up to 64 of `a-z 0-9 _`, in parts joined by `.` that
/// each begin with a letter or `_`, as in `email` or `vehicle.make`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldName(FieldPath);

/// At most this many characters.
const FIELD_NAME_CHARS_MAX: usize = 64;
/// Names that stand for something else below `lead.`.
const TAKEN: [&str; 4] = ["id", "source", "appended", "valid"];
/// Parameters of a submission that steer it.
const STEERING: [&str; 4] = ["redir_url", "strict", "is_test", "ping_token"];

impl FieldName {
    /// The text form.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Where the field stands in a lead.
    pub fn path(&self) -> &FieldPath {
        &self.0
    }
}

impl FromStr for FieldName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<FieldName, NameError> {
        let error = |wanted| NameError { wanted, text: text.chars().take(80).collect() };
        let part_is_good = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && part.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
        };
        if text.len() > FIELD_NAME_CHARS_MAX || !text.split('.').all(part_is_good) {
            return Err(error("a field name: 1 to 64 of a-z, 0-9 and _, parts joined by dots"));
        }
        let first = text.split('.').next().unwrap_or_default();
        if TAKEN.contains(&first) {
            return Err(error("a free field name: id, source, appended and valid stand for something else"));
        }
        if STEERING.contains(&text) {
            return Err(error(
                "a free field name: redir_url, strict, is_test and ping_token steer the submission",
            ));
        }
        Ok(FieldName(text.parse().expect("short names of few characters are paths")))
    }
}

impl fmt::Display for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for FieldName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One field a flow declares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// What the source, the rules and the buyers call it.
    pub name: FieldName,
    /// How its raw value is read.
    pub field_type: FieldType,
    /// Whether a lead without it is refused.
    pub required: bool,
    /// The values it may have, matched without regard to case and kept in this spelling; empty
    /// for any. Only for [`FieldType::String`] and [`FieldType::List`], of which every item counts.
    pub values: Vec<Arc<str>>,
}

impl Field {
    /// A field that is not required and takes any value.
    pub fn new(name: FieldName, field_type: FieldType) -> Field {
        Field { name, field_type, required: false, values: Vec::new() }
    }

    /// Reads a raw value as the type says, at the moment the lead was submitted; nothing when it is
    /// absent. With declared values, a value is valid when it is one of them.
    pub fn parse(&self, raw: &Value, now: Timestamp) -> Option<Parsed> {
        let parsed = self.field_type.parse_at(raw, now)?;
        if self.values.is_empty() {
            return Some(parsed);
        }
        let declared = match (&parsed.normal, self.field_type) {
            (Value::List(items), FieldType::List) => {
                let items: Option<Vec<Scalar>> = items
                    .iter()
                    .map(|item| match item {
                        Scalar::Text(text) => self.declared(text).cloned().map(Scalar::Text),
                        Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => None,
                    })
                    .collect();
                items.map(|items| Value::List(items.into()))
            }
            (normal, _) => normal.as_text().and_then(|text| self.declared(text)).cloned().map(Value::text),
        };
        let valid = Some(declared.is_some());
        let normal = declared.unwrap_or(parsed.normal);
        Some(Parsed { normal, raw: Some(raw.clone()), components: Vec::new(), valid })
    }

    /// The declared value that this text means.
    pub fn declared(&self, text: &str) -> Option<&Arc<str>> {
        let text = text.trim();
        self.values.iter().find(|value| is_same_word(value, text))
    }

    /// Whether some values are not valid.
    pub(crate) fn has_format(&self) -> bool {
        self.field_type.has_format() || !self.values.is_empty()
    }
}

/// The fields of one flow, in the order they were declared.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fields {
    // Invariants: no name twice, no name within another (`a` and `a.b`), values only with strings,
    // no value blank or twice.
    fields: Vec<Field>,
    /// For each field, where its values stand in a lead: made once, for every lead.
    places: Vec<Places>,
    /// Every path that the fields can fill, ascending as a lead has them.
    paths: Vec<FieldPath>,
}

/// Where the values of one field stand, as places in [`Fields::paths`].
#[derive(Debug, Clone, PartialEq, Eq)]
struct Places {
    own: usize,
    /// Each component of its type.
    components: Vec<(&'static str, usize)>,
    valid: usize,
    /// What was sent, for a field of which that is kept.
    raw: Option<usize>,
    /// What the paths of a tree under its name begin with: the name and a dot.
    below: Box<str>,
}

/// Why fields do not go together.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FieldError {
    /// Two fields of one name.
    #[error("the field {0} is declared twice")]
    Twice(FieldName),
    /// One name within another.
    #[error("the field {inner} lies within the field {outer}; a field is a value or a group, not both")]
    Within {
        /// The longer name.
        inner: FieldName,
        /// The shorter one.
        outer: FieldName,
    },
    /// Values declared for a type that has its own.
    #[error("the field {name} has the type {field_type}; only string and list fields take values")]
    Values {
        /// The field.
        name: FieldName,
        /// Its type.
        field_type: FieldType,
    },
    /// A declared value that is blank, too long, or there already.
    #[error("the value {value:?} of the field {name} is {fault}")]
    Value {
        /// The field.
        name: FieldName,
        /// The value, cut to 80 characters.
        value: String,
        /// What is wrong.
        fault: &'static str,
    },
    /// More declared values than a field may have.
    #[error("the field {name} declares {count} values; at most {max} fit", max = DECLARED_MAX)]
    TooManyValues {
        /// The field.
        name: FieldName,
        /// How many.
        count: usize,
    },
    /// More than a lead can hold.
    #[error("{count} fields are declared; at most {max} fit", max = FIELDS_MAX)]
    TooMany {
        /// How many.
        count: usize,
    },
    /// Fields whose components are more than a lead can hold.
    #[error("the fields and their components make up to {count} values of a lead; at most {max} fit", max = PATHS_OF_FIELDS_MAX)]
    TooManyPaths {
        /// How many.
        count: usize,
    },
}

/// Most fields of a flow.
pub const FIELDS_MAX: usize = 250;
/// Most values that the fields of a flow can make of one lead, components and `valid` included. A
/// record holds 1,000 paths; the rest is for what steps append, exchanges and rules.
pub const PATHS_OF_FIELDS_MAX: usize = 800;
/// Most values one field may declare; longer lists are suppression lists.
const DECLARED_MAX: usize = 500;
/// Longest declared value, in bytes: it may stand in a header of a record.
const DECLARED_BYTES_MAX: usize = 128;

impl Fields {
    /// Checks that the fields go together; all that is wrong is told.
    ///
    /// # Errors
    /// With every fault found.
    pub fn new(fields: Vec<Field>) -> Result<Fields, Vec<FieldError>> {
        if fields.len() > FIELDS_MAX {
            return Err(vec![FieldError::TooMany { count: fields.len() }]);
        }
        let mut errors = Vec::new();
        let count = fields.iter().map(|field| 2 + field.field_type.components().len()).sum();
        if count > PATHS_OF_FIELDS_MAX {
            errors.push(FieldError::TooManyPaths { count });
        }
        for (at, field) in fields.iter().enumerate() {
            errors.extend(fields[..at].iter().filter_map(|earlier| clash(earlier, field)));
            errors.extend(wrong_values(field));
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        Ok(Fields::of(fields, |_| false))
    }

    fn of(fields: Vec<Field>, keeps_raw: impl Fn(&Field) -> bool) -> Fields {
        let raw: Vec<FieldPath> =
            fields.iter().filter(|field| keeps_raw(field)).map(|field| child(field, RAW)).collect();
        let mut paths: Vec<FieldPath> = fields.iter().flat_map(paths).chain(raw).collect();
        paths.sort_unstable();
        let places = fields.iter().map(|field| Places::of(field, &paths)).collect();
        Fields { fields, places, paths }
    }

    /// The same, and of these fields a parsed lead keeps what was sent too, under `<field>.raw`. Of others it
    /// is in the raw lead alone: few look at it.
    #[must_use]
    pub fn keeping_raw(self, keeps_raw: impl Fn(&Field) -> bool) -> Fields {
        Fields::of(self.fields, keeps_raw)
    }

    /// Most values that they make of one lead.
    pub(crate) fn paths_count(&self) -> usize {
        self.paths.len()
    }

    /// The fields in the order they were declared.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Field> {
        self.fields.iter()
    }

    /// The field of this name.
    pub fn get(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.as_str() == name)
    }

    /// The field that a path of a lead (without `lead.`) belongs to, and the component of it.
    pub fn at<'a>(&self, path: &'a str) -> Option<(&Field, Option<&'a str>)> {
        self.fields.iter().find_map(|field| {
            let name = field.name.as_str();
            // Where a name would end is looked at first: few names end there, so that few are compared.
            let component = match path.as_bytes().get(name.len()) {
                Some(b'.') => Some(&path[name.len() + 1..]),
                None if path.len() == name.len() => None,
                Some(_) | None => return None,
            };
            path.starts_with(name).then_some((field, component))
        })
    }

    /// The lead as the fields read it: only declared fields, each with its components and, where
    /// the type can be wrong, `<field>.valid`. A raw parameter named like a field is its value. A
    /// tree where one value is meant is not valid. `now` is the moment it was submitted.
    pub fn parse(&self, raw: &Lead, now: Timestamp) -> Lead {
        let mut values: Vec<Option<Value>> = vec![None; self.paths.len()];
        for (field, places) in self.fields.iter().zip(&self.places) {
            let parsed = match raw.get(field.name.as_str()) {
                Some(value) => field.parse(value, now).map(|parsed| keep_sent(parsed, value)),
                None if raw.has_below(&places.below) => {
                    let normal = Scalar::Null.into();
                    Some(Parsed { normal, raw: None, components: Vec::new(), valid: Some(false) })
                }
                None => None,
            };
            let Some(parsed) = parsed else { continue };
            for (name, value) in parsed.components {
                let own = places.components.iter().find(|(own, _)| *own == name);
                values[own.expect("types declare their components").1] = Some(value);
            }
            values[places.valid] = parsed.valid.map(Value::from);
            if let Some(raw) = places.raw {
                values[raw] = parsed.raw;
            }
            values[places.own] = Some(parsed.normal);
        }
        let mut pairs = Vec::with_capacity(values.iter().flatten().count());
        let filled = self.paths.iter().zip(values);
        pairs.extend(filled.filter_map(|(path, value)| Some((path.clone(), value?))));
        Lead::of_ascending(pairs)
    }

    /// How each field stands in a parsed lead. What was sent and is no value of the type is there,
    /// but not valid; of a type without format everything that is there is valid.
    pub fn states(&self, lead: &Lead) -> FieldStates {
        let state = |(field, places): (&Field, &Places)| {
            let is_there = match lead.get(field.name.as_str()) {
                None => false,
                // A tree was sent where one value is meant.
                Some(Value::Scalar(Scalar::Null)) => true,
                Some(value) => !value.is_blank(),
            };
            let is_valid = || {
                let valid = &self.paths[places.valid];
                !field.has_format() || lead.get(valid.as_str()) == Some(&Value::from(true))
            };
            match is_there {
                false => FieldState::Absent,
                true if is_valid() => FieldState::Valid,
                true => FieldState::Invalid,
            }
        };
        FieldStates::new(self.fields.iter().zip(&self.places).map(state))
    }

    /// The required fields that a parsed lead lacks, in the order they were declared.
    pub fn missing<'a>(&'a self, lead: &'a Lead) -> impl Iterator<Item = &'a Field> + 'a {
        self.iter().filter(|field| {
            field.required
                && match lead.get(field.name.as_str()) {
                    // A tree was sent where one value is meant: it is wrong, not missing.
                    Some(Value::Scalar(Scalar::Null)) => false,
                    Some(value) => value.is_blank(),
                    None => true,
                }
        })
    }
}

impl Places {
    /// `paths` are those of all fields, ascending.
    fn of(field: &Field, paths: &[FieldPath]) -> Places {
        let place = |path: &FieldPath| paths.binary_search(path).expect("the paths are those of all fields");
        let components = field.field_type.components().iter();
        Places {
            own: place(field.name.path()),
            components: components.map(|(name, _)| (*name, place(&child(field, name)))).collect(),
            valid: place(&child(field, VALID)),
            raw: paths.binary_search(&child(field, RAW)).ok(),
            below: format!("{}.", field.name).into(),
        }
    }
}

/// What says whether the value of a field is good.
const VALID: &str = "valid";
/// What was sent, as every type has it.
pub(crate) const RAW: &str = "raw";

/// Every path that a field can fill.
fn paths(field: &Field) -> impl Iterator<Item = FieldPath> {
    let components = field.field_type.components().iter().map(|(name, _)| *name);
    let children = components.chain([VALID]).map(|name| child(field, name));
    std::iter::once(field.name.path().clone()).chain(children)
}

fn child(field: &Field, name: &str) -> FieldPath {
    field.name.path().child(name).expect("components have short names")
}

/// What is no number or boolean stays as it was sent: it goes to buyers so, and is not blank.
fn keep_sent(parsed: Parsed, raw: &Value) -> Parsed {
    if parsed.normal == Value::Scalar(Scalar::Null) {
        Parsed { normal: raw.clone(), ..parsed }
    } else {
        parsed
    }
}

fn clash(one: &Field, other: &Field) -> Option<FieldError> {
    if one.name == other.name {
        return Some(FieldError::Twice(other.name.clone()));
    }
    let (outer, inner) = if one.name.as_str().len() < other.name.as_str().len() {
        (&one.name, &other.name)
    } else {
        (&other.name, &one.name)
    };
    let rest = inner.as_str().strip_prefix(outer.as_str())?;
    rest.starts_with('.').then(|| FieldError::Within { inner: inner.clone(), outer: outer.clone() })
}

fn wrong_values(field: &Field) -> Vec<FieldError> {
    if field.values.is_empty() {
        return Vec::new();
    }
    if !matches!(field.field_type, FieldType::String | FieldType::List) {
        return vec![FieldError::Values { name: field.name.clone(), field_type: field.field_type }];
    }
    if field.values.len() > DECLARED_MAX {
        return vec![FieldError::TooManyValues { name: field.name.clone(), count: field.values.len() }];
    }
    let mut errors = Vec::new();
    let mut seen = Vec::with_capacity(field.values.len());
    for value in &field.values {
        let meant = value.trim().to_lowercase();
        let fault = if meant.is_empty() {
            "blank"
        } else if value.len() > DECLARED_BYTES_MAX {
            "longer than 128 bytes"
        } else if value.trim() != &**value || value.chars().any(char::is_control) {
            "not plain text: it begins or ends with a blank, or holds a control character"
        } else if seen.contains(&meant) {
            "there already; case does not matter"
        } else {
            seen.push(meant);
            continue;
        };
        let value = value.chars().take(80).collect();
        errors.push(FieldError::Value { name: field.name.clone(), value, fault });
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    fn field(name: &str, field_type: FieldType) -> Field {
        Field::new(name.parse().unwrap(), field_type)
    }

    #[test]
    fn a_name_has_few_characters_and_a_meaning_of_its_own() {
        for name in ["email", "phone_1", "_x", "vehicle.make", "price", "original_source"] {
            assert!(name.parse::<FieldName>().is_ok(), "{name}");
        }
        for name in [
            "",
            "1a",
            "Email",
            "a-b",
            "a..b",
            ".a",
            "a b",
            "é",
            "id",
            "source",
            "source.name",
            "valid",
            "is_test",
        ] {
            assert!(name.parse::<FieldName>().is_err(), "{name}");
        }
        assert!("a".repeat(65).parse::<FieldName>().is_err());
    }

    #[test]
    fn only_declared_fields_become_the_lead() {
        let fields =
            Fields::new(vec![field("email", FieldType::Email), field("age", FieldType::Number)]).unwrap();
        let raw: Lead =
            [("email", "Joe@Example.com"), ("age", "old"), ("other", "x"), ("email.domain", "forged")]
                .map(|(path, raw)| (path.parse().unwrap(), Value::text(raw)))
                .into_iter()
                .collect();
        let lead = fields.parse(&raw, Timestamp::MAX);
        let read: Vec<String> = lead.iter().map(|(path, value)| format!("{path}={value:?}")).collect();
        assert_eq!(
            read,
            [
                "age=Scalar(Text(\"old\"))",
                "age.valid=Scalar(Bool(false))",
                "email=Scalar(Text(\"joe@example.com\"))",
                "email.domain=Scalar(Text(\"example.com\"))",
                "email.host=Scalar(Text(\"example\"))",
                "email.is_disposable=Scalar(Bool(false))",
                "email.is_free=Scalar(Bool(false))",
                "email.tld=Scalar(Text(\"com\"))",
                "email.user=Scalar(Text(\"Joe\"))",
                "email.valid=Scalar(Bool(true))",
            ]
        );
    }

    #[test]
    fn a_tree_where_one_value_is_meant_is_not_valid() {
        let fields = Fields::new(vec![field("email", FieldType::Email)]).unwrap();
        let raw: Lead = [("email.user".parse().unwrap(), Value::text("joe"))].into_iter().collect();
        let lead = fields.parse(&raw, Timestamp::MAX);
        assert_eq!(lead.get("email.valid"), Some(&Value::from(false)));
        assert_eq!(lead.get("email.user"), None);
    }

    #[test]
    fn a_declared_value_is_kept_in_its_declared_spelling() {
        let product = Field { values: vec!["Roof".into()], ..field("product", FieldType::String) };
        let parsed = product.parse(&Value::text(" ROOF "), Timestamp::MAX).unwrap();
        assert_eq!((parsed.normal, parsed.valid), (Value::text("Roof"), Some(true)));
        let parsed = product.parse(&Value::text("floor"), Timestamp::MAX).unwrap();
        assert_eq!((parsed.normal, parsed.valid), (Value::text("floor"), Some(false)));
    }

    #[test]
    fn every_item_of_a_list_is_one_of_the_declared_values() {
        let interests =
            Field { values: vec!["Roof".into(), "Solar".into()], ..field("interests", FieldType::List) };
        let texts =
            |texts: &[&str]| Value::List(texts.iter().map(|text| Scalar::Text((*text).into())).collect());
        let parsed = interests.parse(&Value::text("ROOF, solar"), Timestamp::MAX).unwrap();
        assert_eq!((parsed.normal, parsed.valid), (texts(&["Roof", "Solar"]), Some(true)));
        let parsed = interests.parse(&texts(&["roof", "floor"]), Timestamp::MAX).unwrap();
        assert_eq!((parsed.normal, parsed.valid), (texts(&["roof", "floor"]), Some(false)));
        assert_eq!(interests.parse(&Value::text(" "), Timestamp::MAX), None);
    }

    #[test]
    fn blank_text_where_a_number_is_meant_is_missing_and_not_wrong() {
        let number = Field { required: true, ..field("age", FieldType::Number) };
        let owner = Field { required: true, ..field("owner", FieldType::Boolean) };
        let fields = Fields::new(vec![number, owner]).unwrap();
        let missing = |raw: &str| {
            let raw =
                [("age".parse().unwrap(), Value::text(raw)), ("owner".parse().unwrap(), Value::text(raw))];
            fields.missing(&fields.parse(&raw.into_iter().collect(), Timestamp::MAX)).count()
        };
        assert_eq!((missing(" "), missing("what?")), (2, 0));
    }

    #[test]
    fn fields_that_do_not_go_together_are_all_named() {
        let values = |values: &[&str]| values.iter().map(|value| Arc::from(*value)).collect();
        let errors = Fields::new(vec![
            field("a", FieldType::String),
            field("a", FieldType::Email),
            field("vehicle", FieldType::String),
            field("vehicle.make", FieldType::String),
            Field { values: values(&["TX"]), ..field("state", FieldType::State) },
            Field { values: values(&["x", "X", " "]), ..field("b", FieldType::String) },
        ])
        .unwrap_err();
        let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "the field a is declared twice",
                "the field vehicle.make lies within the field vehicle; a field is a value or a group, not both",
                "the field state has the type state; only string and list fields take values",
                "the value \"X\" of the field b is there already; case does not matter",
                "the value \" \" of the field b is blank",
            ]
        );
    }

    #[test]
    fn fields_whose_components_do_not_fit_a_record_are_refused() {
        let phones = |count: usize| {
            let name = |number: usize| format!("phone_{number}").parse().unwrap();
            Fields::new((0..count).map(|number| Field::new(name(number), FieldType::Phone)).collect())
        };
        assert!(phones(66).is_ok());
        let errors = phones(67).unwrap_err();
        assert_eq!(
            errors[0].to_string(),
            "the fields and their components make up to 804 values of a lead; at most 800 fit"
        );
    }
}
