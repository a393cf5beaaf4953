//! What a rule compares with: checked when it is made, or computed for each lead from templates.

use std::sync::Arc;

use super::RuleFault;
use super::pattern::Made;
use super::question::Question;
use super::text::text_of;
use crate::operator::Takes;
use crate::parse::words::is_same_word;
use crate::{FieldPath, FieldType, Operator, Parsed, Scalar, Template, Value, Variables, Vocabulary};

/// Most values one rule compares with; longer lists are suppression lists.
pub(super) const VALUES_MAX: usize = 10_000;
/// Longest value or pattern, in bytes.
pub(super) const VALUE_BYTES_MAX: usize = 1_000;

/// A template and how it was written.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Written {
    pub(super) text: Arc<str>,
    pub(super) template: Template,
}

impl Written {
    pub(super) fn read(text: &str, vocabulary: Vocabulary<'_>) -> Result<Written, RuleFault> {
        Ok(Written { text: text.into(), template: Template::read(text, vocabulary)? })
    }

    /// Whether it reads the same under another vocabulary.
    pub(super) fn belongs_to(&self, vocabulary: Vocabulary<'_>) -> bool {
        Template::read(&self.text, vocabulary).is_ok_and(|template| template == self.template)
    }

    /// What it gives, unless that is blank.
    pub(super) fn value(&self, variables: &Variables<'_>) -> Option<Value> {
        self.template.value(variables).filter(|value| !value.is_blank())
    }
}

/// An operand with templates in it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Computed {
    items: Vec<Item>,
    is_list: bool,
}

#[derive(Debug, Clone, PartialEq)]
enum Item {
    Fixed(Scalar),
    Template(Written),
}

/// Whether a text has holes.
pub(super) fn has_holes(text: &str) -> bool {
    text.contains("{{")
}

impl Computed {
    /// Nothing when no template is in the operand.
    pub(super) fn read(operand: &Value, vocabulary: Vocabulary<'_>) -> Result<Option<Computed>, RuleFault> {
        let (scalars, is_list) = match operand {
            Value::Scalar(scalar) => (std::slice::from_ref(scalar), false),
            Value::List(list) => (&**list, true),
        };
        if !scalars.iter().any(|scalar| has_holes(text_of(scalar))) {
            return Ok(None);
        }
        if scalars.len() > VALUES_MAX {
            return Err(RuleFault::TooMany { count: scalars.len() });
        }
        let item = |scalar: &Scalar| match scalar {
            Scalar::Text(text) if has_holes(text) => Written::read(text, vocabulary).map(Item::Template),
            Scalar::Text(_) | Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => {
                Ok(Item::Fixed(scalar.clone()))
            }
        };
        let items = scalars.iter().map(item).collect::<Result<_, _>>()?;
        Ok(Some(Computed { items, is_list }))
    }

    pub(super) fn belongs_to(&self, vocabulary: Vocabulary<'_>) -> bool {
        self.items.iter().all(|item| match item {
            Item::Fixed(_) => true,
            Item::Template(written) => written.belongs_to(vocabulary),
        })
    }

    /// What it names of what was sent.
    pub(super) fn raw(&self) -> impl Iterator<Item = &FieldPath> {
        self.items.iter().flat_map(|item| match item {
            Item::Fixed(_) => &[],
            Item::Template(written) => written.template.raw(),
        })
    }

    /// Each item as it was written.
    pub(super) fn words(&self) -> Vec<String> {
        let words = |item: &Item| match item {
            Item::Fixed(scalar) => text_of(scalar).to_owned(),
            Item::Template(written) => written.text.to_string(),
        };
        self.items.iter().map(words).collect()
    }

    /// What this lead is asked; nothing when its values make no operand, such as when they are absent.
    pub(super) fn question(
        &self,
        operator: Operator,
        field_type: Option<FieldType>,
        variables: &Variables<'_>,
    ) -> Option<Question> {
        let mut values = self.items.iter().filter_map(|item| match item {
            Item::Fixed(scalar) => Some(Value::Scalar(scalar.clone())),
            Item::Template(written) => written.value(variables),
        });
        let operand = if self.is_list {
            let mut items = Vec::new();
            for value in values.by_ref() {
                match value {
                    Value::Scalar(scalar) => items.push(scalar),
                    Value::List(list) => items.extend(list.iter().cloned()),
                }
            }
            Value::List(items.into())
        } else {
            values.next_back()?
        };
        let operands = operands(operator, Some(&operand), field_type).ok()?;
        Question::new(operator, &operands, field_type, Made::PerLead).ok()
    }

    /// Whether each template gives something for this lead.
    pub(super) fn is_known(&self, variables: &Variables<'_>) -> bool {
        self.items.iter().all(|item| match item {
            Item::Fixed(_) => true,
            Item::Template(written) => written.value(variables).is_some(),
        })
    }
}

/// The values a rule compares with, in the normal form of the type.
pub(super) fn operands(
    operator: Operator,
    operand: Option<&Value>,
    field_type: Option<FieldType>,
) -> Result<Vec<Scalar>, RuleFault> {
    // Text is the list that a list field would make of it.
    let list = match (operator.takes(), operand, field_type) {
        (Takes::OneOrList, Some(text @ Value::Scalar(Scalar::Text(_))), Some(FieldType::List)) => {
            FieldType::List.parse(text).map(|parsed| parsed.normal)
        }
        (..) => None,
    };
    let written = as_written(operator, list.as_ref().or(operand))?;
    written.iter().map(|scalar| normal(scalar, field_type, operator)).collect()
}

/// Whether a valid value of the field can be what a rule compares with. Only what is compared whole is looked
/// at, and only when a flow is published: what a template gives is for each lead to say. Lists of what people
/// make up (`0000000000`) are rules about values that are not valid, so the types they are made for take any text.
pub(super) fn check_operands(
    operator: Operator,
    operands: &[Scalar],
    field_type: Option<FieldType>,
    declared: &[Arc<str>],
) -> Result<(), RuleFault> {
    let is_looked_at =
        |field_type: &FieldType| !is_taken_as_it_is(operator) && !is_made_up_by_people(*field_type);
    let Some(field_type) = field_type.filter(is_looked_at) else { return Ok(()) };
    let shown = |scalar: &Scalar| text_of(scalar).chars().take(80).collect::<String>();
    for scalar in operands {
        // A number or a boolean may stand for its text, as in a list of names of cities.
        let as_text = || field_type.parse(&Value::text(text_of(scalar)));
        let can_be = |parsed: Option<Parsed>| parsed.is_some_and(|parsed| parsed.valid != Some(false));
        // Of a range its middle stands here.
        let is_middle = field_type == FieldType::Range;
        if !is_middle && !can_be(field_type.parse(&Value::Scalar(scalar.clone()))) && !can_be(as_text()) {
            return Err(RuleFault::Value { value: shown(scalar), field_type: Some(field_type) });
        }
        let is_declared = |value: &Arc<str>| is_same_word(value, text_of(scalar).trim());
        if !declared.is_empty() && !declared.iter().any(is_declared) {
            return Err(RuleFault::Undeclared { value: shown(scalar), declared: declared.to_vec() });
        }
    }
    Ok(())
}

/// Whether people who will not tell theirs write something else, which stays in the lead as it was written.
fn is_made_up_by_people(field_type: FieldType) -> bool {
    matches!(field_type, FieldType::Phone | FieldType::Email | FieldType::PostalCode)
}

/// Whether an operand is not read as the type of the place: it is a part of a value, or bounds of one.
fn is_taken_as_it_is(operator: Operator) -> bool {
    match operator.takes() {
        Takes::Pattern | Takes::Bounds | Takes::Window | Takes::Nothing => true,
        Takes::One => matches!(operator, Operator::Includes | Operator::NotIncludes),
        Takes::OneOrList | Takes::List => false,
    }
}

fn as_written(operator: Operator, operand: Option<&Value>) -> Result<Vec<Scalar>, RuleFault> {
    let scalars: Vec<Scalar> = match (operator.takes(), operand) {
        (Takes::Nothing, None) => Vec::new(),
        (Takes::Nothing, Some(_)) => return Err(RuleFault::NeedlessValue),
        (
            Takes::One | Takes::OneOrList | Takes::List | Takes::Pattern | Takes::Bounds | Takes::Window,
            None,
        ) => return Err(RuleFault::NoValue),
        (Takes::One | Takes::Pattern | Takes::Window, Some(Value::List(_))) => return Err(RuleFault::List),
        // Text with commas is a list.
        (Takes::List, Some(Value::Scalar(Scalar::Text(text)))) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Scalar::Text(part.into()))
            .collect(),
        (Takes::List | Takes::OneOrList | Takes::Bounds, Some(Value::List(list))) => list.to_vec(),
        (
            Takes::One | Takes::OneOrList | Takes::List | Takes::Pattern | Takes::Bounds | Takes::Window,
            Some(Value::Scalar(scalar)),
        ) => vec![scalar.clone()],
    };
    if operator.takes() != Takes::Nothing && (scalars.is_empty() || scalars.contains(&Scalar::Null)) {
        return Err(RuleFault::NoValue);
    }
    if scalars.len() > VALUES_MAX {
        return Err(RuleFault::TooMany { count: scalars.len() });
    }
    match scalars.iter().map(|scalar| text_of(scalar).len()).max() {
        Some(bytes) if bytes > VALUE_BYTES_MAX => Err(RuleFault::TooLong { bytes }),
        Some(_) | None => Ok(scalars),
    }
}

/// The operand as the type of the place would read it, so that `Texas` is `TX`.
fn normal(scalar: &Scalar, field_type: Option<FieldType>, operator: Operator) -> Result<Scalar, RuleFault> {
    let Some(field_type) = field_type else { return Ok(scalar.clone()) };
    if is_taken_as_it_is(operator) {
        return Ok(scalar.clone());
    }
    let refused = || RuleFault::Value {
        value: text_of(scalar).chars().take(80).collect(),
        field_type: Some(field_type),
    };
    match field_type.parse(&Value::Scalar(scalar.clone())) {
        // What stands there is ordered by its middle, and so is this.
        Some(parsed) if field_type == FieldType::Range && operator.takes() == Takes::One => {
            match parsed.component("avg") {
                Some(Value::Scalar(middle)) => Ok(middle.clone()),
                Some(Value::List(_)) | None => Err(refused()),
            }
        }
        Some(parsed) if parsed.valid != Some(false) => match parsed.normal {
            Value::Scalar(normal) => Ok(normal),
            Value::List(_) => Ok(scalar.clone()),
        },
        // Nothing else could ever be equal to a value of these types, even if it is not valid.
        Some(_) | None
            if matches!(
                field_type,
                FieldType::Number
                    | FieldType::Range
                    | FieldType::Date
                    | FieldType::Dob
                    | FieldType::Time
                    | FieldType::Boolean
                    | FieldType::Gender
                    | FieldType::Country
            ) =>
        {
            Err(refused())
        }
        Some(_) | None => Ok(scalar.clone()),
    }
}
