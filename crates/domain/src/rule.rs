//! One rule: a place in the lead, an operator, and what to compare with.

use std::collections::HashSet;
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use crate::operator::Takes;
use crate::vocabulary::{Place, PlaceError};
use crate::{FieldPath, FieldType, Lead, Number, Operator, Scalar, Timestamp, Value, Vocabulary};

/// One checked rule of a condition, such as `lead.state is included in TX, OK`.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    // Invariant: a path of the vocabulary it was checked with, compared as `compared_as`; the test
    // fits both. All that can be prepared is prepared.
    path: FieldPath,
    /// How it was written: `lead.state`, `appended.phone_check.line_type`.
    place: Arc<str>,
    /// Where the flag stands that says whether the value is valid; only for whole fields.
    valid_path: Option<FieldPath>,
    /// None where anything may stand: raw parameters and what steps append.
    compared_as: Option<FieldType>,
    operator: Operator,
    test: Test,
    /// `state is included in TX, OK`.
    text: Arc<str>,
    /// `State` and `TX or OK`, for sentences.
    label: Arc<str>,
    operand: Arc<str>,
}

/// What a rule asks of a value, its operand in normal form.
#[derive(Debug, Clone, PartialEq)]
enum Test {
    /// Equal to one of these; each a sorted list, a single value being a list of one.
    OneOf(HashSet<Vec<String>>),
    Compare(Bound),
    Includes(String),
    Blank,
    Is(bool),
    Format,
    Pattern(Pattern),
}

/// What values are ordered against.
#[derive(Debug, Clone, PartialEq)]
enum Bound {
    Number(Number),
    /// `YYYY-MM-DD`, which sorts as text.
    Date(Arc<str>),
    /// A moment in its normal form, which sorts as text.
    Time(Arc<str>),
}

/// A regular expression that compiles and stays small.
#[derive(Debug, Clone)]
struct Pattern(Regex);

impl PartialEq for Pattern {
    fn eq(&self, other: &Pattern) -> bool {
        self.0.as_str() == other.0.as_str()
    }
}

/// Why a rule cannot be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the rule `{rule}` {fault}")]
pub struct RuleError {
    /// The rule as it was written.
    pub rule: String,
    /// What is wrong with it.
    pub fault: RuleFault,
}

/// What is wrong with a rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RuleFault {
    /// The place cannot be named here.
    #[error("looks at {0}")]
    Place(#[from] PlaceError),
    /// The operator means nothing for such a value.
    #[error("asks \"{operator}\" of a value of {}", type_words(*.field_type))]
    Operator {
        /// The operator.
        operator: Operator,
        /// The type it does not fit; none where anything may stand.
        field_type: Option<FieldType>,
    },
    /// Nothing to compare with.
    #[error("needs a value to compare with")]
    NoValue,
    /// Something to compare with that is never looked at.
    #[error("takes no value")]
    NeedlessValue,
    /// A list where one value is meant.
    #[error("takes one value, not a list")]
    List,
    /// A value that the type of the field cannot be.
    #[error("compares with {value:?}, which is no {}", .field_type.map_or("number or date", FieldType::as_str))]
    Value {
        /// What stands there, cut to 80 characters.
        value: String,
        /// What was expected; none where anything may stand.
        field_type: Option<FieldType>,
    },
    /// More values, or longer ones, than a rule may hold.
    #[error("compares with {count} values; at most {max} fit", max = VALUES_MAX)]
    TooMany {
        /// How many.
        count: usize,
    },
    /// A text longer than a rule may hold.
    #[error("compares with a text of {bytes} bytes; at most {max} fit", max = VALUE_BYTES_MAX)]
    TooLong {
        /// How long.
        bytes: usize,
    },
    /// A regular expression that cannot be read, or becomes too big.
    #[error("has a pattern that is not a regular expression: {0}")]
    Pattern(String),
}

/// Most values one rule compares with; longer lists are suppression lists.
const VALUES_MAX: usize = 10_000;
/// Longest value or pattern, in bytes.
const VALUE_BYTES_MAX: usize = 1_000;
/// Most memory a compiled pattern may take, in bytes.
const PATTERN_BYTES_MAX: usize = 1 << 20;
/// Deepest nesting of a pattern.
const PATTERN_DEPTH_MAX: u32 = 50;
/// Most bytes of the words and sentences made from one rule: they stand in headers of records.
const SENTENCE_BYTES_MAX: usize = 400;
/// Most of a long value that a trace repeats, in characters; the lead beside it has the whole.
const ACTUAL_CHARS_MAX: usize = 256;

impl Rule {
    /// Checks a rule against what may be named where it stands: `lead.<field>` and its components,
    /// `<earlier step>.<value>`, or raw parameters. Operands are brought into the normal form of the
    /// field's type.
    ///
    /// # Errors
    /// When the place is unknown, the operator does not fit the type there, or the value does not
    /// fit the operator.
    pub fn new<'a>(
        vocabulary: impl Into<Vocabulary<'a>>,
        place: &str,
        operator: Operator,
        operand: Option<&Value>,
    ) -> Result<Rule, RuleError> {
        let error = |fault| RuleError { rule: as_written(place, operator, operand), fault };
        let Place { path, compared_as, has_format, closed } =
            vocabulary.into().place(place).map_err(|fault| error(fault.into()))?;
        let operand = operand.filter(|operand| **operand != Value::Scalar(Scalar::Null));
        if !fits(operator, compared_as, has_format.unwrap_or(false)) {
            return Err(error(RuleFault::Operator { operator, field_type: compared_as }));
        }
        let operands = operands(operator, operand).map_err(error)?;
        let operands: Vec<Scalar> = operands
            .iter()
            .map(|scalar| normal(scalar, compared_as, operator))
            .collect::<Result<_, _>>()
            .map_err(error)?;
        let test = test(operator, operand, &operands, compared_as).map_err(error)?;
        let hidden = if closed { None } else { hidden_operand(operator) };
        let shown: Vec<String> = match hidden {
            Some(_) if operands.is_empty() => Vec::new(),
            Some(words) => vec![words.to_owned()],
            None => operands.iter().map(shown).collect(),
        };
        let name = path.as_str().strip_prefix("appended.").unwrap_or(path.as_str());
        let space = if shown.is_empty() { "" } else { " " };
        Ok(Rule {
            text: cut(format!("{name} {operator}{space}{}", shown.join(", "))).into(),
            label: label(name).into(),
            operand: cut(alternatives(&shown)).into(),
            valid_path: has_format.map(|_| path.child("valid").expect("names of fields are short")),
            place: place.into(),
            path,
            compared_as,
            operator,
            test,
        })
    }

    /// The rule in words, without values of the lead: `state is included in TX, OK`.
    pub fn text(&self) -> &Arc<str> {
        &self.text
    }

    /// The place it looks at, without `lead.`.
    pub fn path(&self) -> &FieldPath {
        &self.path
    }

    /// Whether it can be named in this vocabulary, with the same type in the same place.
    pub(crate) fn belongs_to(&self, vocabulary: Vocabulary<'_>) -> bool {
        vocabulary.place(&self.place).is_ok_and(|place| {
            place.path == self.path
                && place.compared_as == self.compared_as
                && place.has_format.is_some() == self.valid_path.is_some()
        })
    }

    /// What stands in the lead, as a scalar: a list is its values with commas between, and long
    /// text is cut.
    pub(crate) fn actual(&self, lead: &Lead) -> Scalar {
        let actual = match lead.get(self.path.as_str()) {
            None => Scalar::Null,
            Some(Value::Scalar(scalar)) => scalar.clone(),
            Some(Value::List(list)) => {
                Scalar::Text(list.iter().map(shown).collect::<Vec<_>>().join(", ").into())
            }
        };
        match &actual {
            Scalar::Text(text) if text.len() > ACTUAL_CHARS_MAX => {
                match text.char_indices().nth(ACTUAL_CHARS_MAX) {
                    Some((end, _)) => Scalar::Text(format!("{}…", &text[..end]).into()),
                    None => actual,
                }
            }
            Scalar::Text(_) | Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => actual,
        }
    }

    /// Whether the rule holds for a parsed lead.
    pub fn holds(&self, lead: &Lead) -> bool {
        let value = lead.get(self.path.as_str());
        match self.operator {
            Operator::NotEqual
            | Operator::NotIncludedIn
            | Operator::NotIncludes
            | Operator::NotBlank
            | Operator::NotTrue
            | Operator::NotFalse
            | Operator::NotMatches => !self.finds(lead, value),
            Operator::Equal
            | Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual
            | Operator::IncludedIn
            | Operator::Includes
            | Operator::Blank
            | Operator::True
            | Operator::False
            | Operator::Valid
            | Operator::Invalid
            | Operator::Matches => self.finds(lead, value),
        }
    }

    /// Whether the value is what the operator, taken without its "not", asks for.
    fn finds(&self, lead: &Lead, value: Option<&Value>) -> bool {
        let Some(value) = value else { return self.test == Test::Blank };
        match &self.test {
            Test::Blank => value.is_blank(),
            Test::OneOf(wanted) => match value {
                Value::List(list)
                    if matches!(self.operator, Operator::IncludedIn | Operator::NotIncludedIn) =>
                {
                    !list.is_empty() && list.iter().all(|scalar| wanted.contains(&vec![key(scalar)]))
                }
                Value::List(_) | Value::Scalar(_) => !is_null(value) && wanted.contains(&keys(value)),
            },
            Test::Includes(text) => match value {
                Value::Scalar(scalar) => key(scalar).contains(text.as_str()),
                Value::List(list) => list.iter().any(|scalar| key(scalar) == *text),
            },
            Test::Is(wanted) => match (self.compared_as, value) {
                // What other parties append may be text.
                (None, Value::Scalar(Scalar::Text(text))) => {
                    text.trim().eq_ignore_ascii_case(if *wanted { "true" } else { "false" })
                }
                (Some(_) | None, value) => *value == Value::from(*wanted),
            },
            Test::Format => {
                let flag = self.valid_path.as_ref().and_then(|path| lead.get(path.as_str()));
                let invalid = flag == Some(&Value::from(false));
                // Present without a flag: a type that takes any text, such as a name.
                if self.operator == Operator::Invalid { invalid } else { !invalid && !is_null(value) }
            }
            // Ranges are ordered by their middle, which an open one does not have.
            Test::Compare(bound) if self.compared_as == Some(FieldType::Range) => {
                let middle = self.path.child("avg").ok();
                middle.and_then(|path| lead.get(path.as_str())).is_some_and(|avg| self.compares(avg, bound))
            }
            Test::Compare(bound) => self.compares(value, bound),
            Test::Pattern(Pattern(regex)) => match value {
                Value::Scalar(scalar) => regex.is_match(&shown(scalar)),
                Value::List(list) => list.iter().any(|scalar| regex.is_match(&shown(scalar))),
            },
        }
    }

    fn compares(&self, value: &Value, bound: &Bound) -> bool {
        let ordering = match (bound, value) {
            (Bound::Time(bound), Value::Scalar(Scalar::Text(text))) if is_time(text) => text.cmp(bound),
            (Bound::Number(bound), Value::Scalar(Scalar::Number(number))) => number.cmp(bound),
            (Bound::Number(bound), Value::Scalar(Scalar::Text(text))) if self.compared_as.is_none() => {
                match text.trim().parse::<Number>() {
                    Ok(number) => number.cmp(bound),
                    Err(_) => return false,
                }
            }
            (Bound::Date(bound), Value::Scalar(Scalar::Text(text))) if is_date(text) => text.cmp(bound),
            // No number, or text that is no date: neither before nor after anything.
            (Bound::Number(_) | Bound::Date(_) | Bound::Time(_), Value::Scalar(_) | Value::List(_)) => {
                return false;
            }
        };
        match self.operator {
            Operator::Less => ordering.is_lt(),
            Operator::LessOrEqual => ordering.is_le(),
            Operator::Greater => ordering.is_gt(),
            Operator::GreaterOrEqual => ordering.is_ge(),
            Operator::Equal
            | Operator::NotEqual
            | Operator::IncludedIn
            | Operator::NotIncludedIn
            | Operator::Includes
            | Operator::NotIncludes
            | Operator::Blank
            | Operator::NotBlank
            | Operator::True
            | Operator::NotTrue
            | Operator::False
            | Operator::NotFalse
            | Operator::Valid
            | Operator::Invalid
            | Operator::Matches
            | Operator::NotMatches => false,
        }
    }

    /// What a lead would have to do for the rule to hold, or not to hold.
    pub(crate) fn sentence(&self, wanted: bool) -> String {
        let demand = if wanted { self.operator.demand() } else { self.operator.counter_demand() };
        let space = if self.operand.is_empty() { "" } else { " " };
        format!("{} {demand}{space}{}", self.label, self.operand)
    }
}

/// The type of a place in words.
fn type_words(field_type: Option<FieldType>) -> String {
    field_type.map_or("no known type".to_owned(), |field_type| format!("the type {field_type}"))
}

/// What sentences say instead of the operand, where that may be the lead's own value: a lead that
/// fails `email is not equal to ann@example.com` has just that address. Operands of closed sets
/// and declared values tell nothing about a person, and limits (less, greater) only a side.
fn hidden_operand(operator: Operator) -> Option<&'static str> {
    match operator {
        Operator::Equal | Operator::NotEqual => Some("the given value"),
        Operator::IncludedIn | Operator::NotIncludedIn => Some("the given list"),
        Operator::Includes | Operator::NotIncludes => Some("the given text"),
        Operator::Matches | Operator::NotMatches => Some("as given"),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => None,
        Operator::Blank
        | Operator::NotBlank
        | Operator::True
        | Operator::NotTrue
        | Operator::False
        | Operator::NotFalse
        | Operator::Valid
        | Operator::Invalid => None,
    }
}

/// The operators that fit values of a type, in the order people list them.
pub fn operators_of(field_type: FieldType) -> impl Iterator<Item = Operator> {
    Operator::ALL
        .into_iter()
        .filter(move |operator| fits(*operator, Some(field_type), field_type.has_format()))
}

fn fits(operator: Operator, field_type: Option<FieldType>, has_format: bool) -> bool {
    let Some(field_type) = field_type else {
        return !matches!(operator, Operator::Valid | Operator::Invalid);
    };
    match operator {
        Operator::Equal | Operator::NotEqual | Operator::Blank | Operator::NotBlank => true,
        Operator::Valid | Operator::Invalid => has_format,
        Operator::True | Operator::NotTrue | Operator::False | Operator::NotFalse => {
            field_type == FieldType::Boolean
        }
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            matches!(field_type, FieldType::Number | FieldType::Range | FieldType::Date | FieldType::Time)
        }
        Operator::IncludedIn | Operator::NotIncludedIn => field_type != FieldType::Boolean,
        Operator::Includes | Operator::NotIncludes => {
            !matches!(field_type, FieldType::Boolean | FieldType::Date | FieldType::Time)
        }
        Operator::Matches | Operator::NotMatches => !matches!(
            field_type,
            FieldType::Boolean | FieldType::Date | FieldType::Time | FieldType::Number | FieldType::Range
        ),
    }
}

/// The values a rule compares with, as they were written.
fn operands(operator: Operator, operand: Option<&Value>) -> Result<Vec<Scalar>, RuleFault> {
    let scalars: Vec<Scalar> = match (operator.takes(), operand) {
        (Takes::Nothing, None) => Vec::new(),
        (Takes::Nothing, Some(_)) => return Err(RuleFault::NeedlessValue),
        (Takes::One | Takes::OneOrList | Takes::List | Takes::Pattern, None) => {
            return Err(RuleFault::NoValue);
        }
        (Takes::One | Takes::Pattern, Some(Value::List(_))) => return Err(RuleFault::List),
        // Text with commas is a list.
        (Takes::List, Some(Value::Scalar(Scalar::Text(text)))) => text
            .split(',')
            .map(str::trim)
            .filter(|part| !part.is_empty())
            .map(|part| Scalar::Text(part.into()))
            .collect(),
        (Takes::List | Takes::OneOrList, Some(Value::List(list))) => list.to_vec(),
        (Takes::One | Takes::OneOrList | Takes::List | Takes::Pattern, Some(Value::Scalar(scalar))) => {
            vec![scalar.clone()]
        }
    };
    if operator.takes() != Takes::Nothing && (scalars.is_empty() || scalars.contains(&Scalar::Null)) {
        return Err(RuleFault::NoValue);
    }
    if scalars.len() > VALUES_MAX {
        return Err(RuleFault::TooMany { count: scalars.len() });
    }
    match scalars.iter().map(|scalar| shown(scalar).len()).max() {
        Some(bytes) if bytes > VALUE_BYTES_MAX => Err(RuleFault::TooLong { bytes }),
        Some(_) | None => Ok(scalars),
    }
}

/// The operand as the type of the place would read it, so that `Texas` is `TX`.
fn normal(scalar: &Scalar, field_type: Option<FieldType>, operator: Operator) -> Result<Scalar, RuleFault> {
    let Some(field_type) = field_type else { return Ok(scalar.clone()) };
    if matches!(operator.takes(), Takes::Pattern)
        || matches!(operator, Operator::Includes | Operator::NotIncludes)
    {
        return Ok(scalar.clone());
    }
    match field_type.parse(&Value::Scalar(scalar.clone())) {
        // What stands there is ordered by its middle, and so is this.
        Some(parsed) if field_type == FieldType::Range && operator.takes() == Takes::One => {
            match parsed.component("avg") {
                Some(Value::Scalar(middle)) => Ok(middle.clone()),
                Some(Value::List(_)) | None => {
                    let value = shown(scalar).chars().take(80).collect();
                    Err(RuleFault::Value { value, field_type: Some(field_type) })
                }
            }
        }
        Some(parsed) if parsed.valid != Some(false) => match parsed.normal {
            Value::Scalar(normal) => Ok(normal),
            Value::List(_) => Ok(scalar.clone()),
        },
        // Nothing else could ever be equal to a value of these types.
        Some(_) | None
            if matches!(
                field_type,
                FieldType::Number
                    | FieldType::Range
                    | FieldType::Date
                    | FieldType::Time
                    | FieldType::Boolean
                    | FieldType::Gender
                    | FieldType::Country
            ) =>
        {
            let value = shown(scalar).chars().take(80).collect();
            Err(RuleFault::Value { value, field_type: Some(field_type) })
        }
        Some(_) | None => Ok(scalar.clone()),
    }
}

fn test(
    operator: Operator,
    operand: Option<&Value>,
    operands: &[Scalar],
    field_type: Option<FieldType>,
) -> Result<Test, RuleFault> {
    Ok(match operator {
        Operator::Equal | Operator::NotEqual => {
            let mut one: Vec<String> = operands.iter().map(key).collect();
            if matches!(operand, Some(Value::List(_))) {
                one.sort_unstable();
            }
            Test::OneOf(HashSet::from([one]))
        }
        Operator::IncludedIn | Operator::NotIncludedIn => {
            Test::OneOf(operands.iter().map(|scalar| vec![key(scalar)]).collect())
        }
        Operator::Includes | Operator::NotIncludes => Test::Includes(key(&operands[0])),
        Operator::Blank | Operator::NotBlank => Test::Blank,
        Operator::True | Operator::NotTrue => Test::Is(true),
        Operator::False | Operator::NotFalse => Test::Is(false),
        Operator::Valid | Operator::Invalid => Test::Format,
        Operator::Matches | Operator::NotMatches => Test::Pattern(pattern(&shown(&operands[0]))?),
        Operator::Less | Operator::LessOrEqual | Operator::Greater | Operator::GreaterOrEqual => {
            match &operands[0] {
                Scalar::Number(number) => Test::Compare(Bound::Number(number.clone())),
                Scalar::Text(text) if field_type == Some(FieldType::Time) => {
                    Test::Compare(Bound::Time(text.clone()))
                }
                Scalar::Text(text) if field_type.is_some() || is_date(text) => {
                    Test::Compare(Bound::Date(text.clone()))
                }
                Scalar::Text(text) => match text.trim().parse() {
                    Ok(number) => Test::Compare(Bound::Number(number)),
                    Err(_) => return Err(RuleFault::Value { value: shown(&operands[0]), field_type }),
                },
                Scalar::Null | Scalar::Bool(_) => {
                    return Err(RuleFault::Value { value: shown(&operands[0]), field_type });
                }
            }
        }
    })
}

/// Reads a regular expression, with or without slashes around it, or a glob: text whose only
/// special characters are `*` and `?`, which then has to match the whole value.
fn pattern(text: &str) -> Result<Pattern, RuleFault> {
    let inner =
        text.strip_prefix('/').and_then(|rest| rest.strip_suffix("/i").or_else(|| rest.strip_suffix('/')));
    let is_glob = inner.is_none()
        && text.contains(['*', '?'])
        && !text.contains(['^', '$', '.', '[', ']', '(', ')', '{', '}', '|', '+', '\\']);
    let source = if is_glob {
        let mut source = String::from("^");
        for c in text.chars() {
            match c {
                '*' => source.push_str("(?s:.*)"),
                '?' => source.push_str("(?s:.)"),
                other => source.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
        }
        source + "$"
    } else {
        inner.unwrap_or(text).to_owned()
    };
    RegexBuilder::new(&source)
        .case_insensitive(true)
        .size_limit(PATTERN_BYTES_MAX)
        .dfa_size_limit(PATTERN_BYTES_MAX)
        .nest_limit(PATTERN_DEPTH_MAX)
        .build()
        .map(Pattern)
        .map_err(|error| {
            let text = error.to_string();
            // The last line says what is wrong, those before point at the place.
            let last = text.lines().last().unwrap_or_default();
            RuleFault::Pattern(last.trim_start_matches("error: ").to_owned())
        })
}

fn is_null(value: &Value) -> bool {
    *value == Value::Scalar(Scalar::Null)
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && FieldType::Date
            .parse(&Value::text(text))
            .is_some_and(|parsed| parsed.valid == Some(true) && parsed.normal.as_text() == Some(text))
}

/// Whether this is a moment in its normal form.
fn is_time(text: &str) -> bool {
    text.parse::<Timestamp>().is_ok_and(|at| at.to_string() == text)
}

/// What a scalar compares by: its text without regard to case, so that "123" is 123.
fn key(scalar: &Scalar) -> String {
    shown(scalar).to_lowercase()
}

/// A value as a sorted list of what it compares by.
fn keys(value: &Value) -> Vec<String> {
    match value {
        Value::Scalar(scalar) => vec![key(scalar)],
        Value::List(list) => {
            let mut keys: Vec<String> = list.iter().map(key).collect();
            keys.sort_unstable();
            keys
        }
    }
}

fn shown(scalar: &Scalar) -> String {
    match scalar {
        Scalar::Null => String::new(),
        Scalar::Bool(true) => "true".to_owned(),
        Scalar::Bool(false) => "false".to_owned(),
        Scalar::Number(number) => number.to_string(),
        Scalar::Text(text) => text.to_string(),
    }
}

/// `TX`, `TX or OK`, `TX, OK or CA`.
fn alternatives(values: &[String]) -> String {
    match values {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    }
}

/// `phone_1.area` as people say it: `Phone 1 area`.
fn label(path: &str) -> String {
    let words = path.replace(['_', '.'], " ");
    let mut letters = words.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// At most [`SENTENCE_BYTES_MAX`] bytes.
fn cut(text: String) -> String {
    if text.len() <= SENTENCE_BYTES_MAX {
        return text;
    }
    let end =
        (0..=SENTENCE_BYTES_MAX - '…'.len_utf8()).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    format!("{}…", &text[..end])
}

fn as_written(place: &str, operator: Operator, operand: Option<&Value>) -> String {
    let operand = match operand {
        None => String::new(),
        Some(Value::Scalar(scalar)) => format!(" {}", shown(scalar)),
        Some(Value::List(list)) => format!(" {}", list.iter().map(shown).collect::<Vec<_>>().join(", ")),
    };
    format!("{place} {operator}{operand}").chars().take(120).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Field, Fields};

    fn fields() -> Fields {
        let mut fields: Vec<Field> = FieldType::ALL
            .into_iter()
            .map(|field_type| {
                Field::new(field_type.as_str().replace("string", "text").parse().unwrap(), field_type)
            })
            .collect();
        let mut product = Field::new("product".parse().unwrap(), FieldType::String);
        product.values = vec!["roof".into(), "solar".into()];
        fields.push(product);
        fields.push(Field::new("vehicle.make".parse().unwrap(), FieldType::String));
        Fields::new(fields).unwrap()
    }

    fn scalar(text: &str) -> Scalar {
        match text {
            "true" => Scalar::Bool(true),
            "false" => Scalar::Bool(false),
            text => text.parse().map_or_else(|_| Scalar::Text(text.into()), Scalar::Number),
        }
    }

    /// `[a, b]` is a list, `'5'` a text, `5` a number, nothing is nothing.
    fn value(text: &str) -> Option<Value> {
        if text.is_empty() {
            return None;
        }
        if let Some(inner) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            return Some(Value::List(
                inner.split(", ").filter(|part| !part.is_empty()).map(scalar).collect(),
            ));
        }
        if let Some(inner) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
            return Some(Value::text(inner));
        }
        Some(Value::Scalar(scalar(text)))
    }

    /// `lead.state is included in [TX, OK]`, operators by their long or short names.
    fn rule(text: &str) -> Result<Rule, RuleError> {
        let (place, rest) = text.split_once(' ').unwrap();
        let operator = Operator::ALL
            .into_iter()
            .flat_map(|operator| [(operator.as_str(), operator), (operator.short(), operator)])
            .filter(|(name, _)| {
                rest.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
            })
            .max_by_key(|(name, _)| name.len());
        let (name, operator) = operator.unwrap_or_else(|| panic!("no operator in {text}"));
        Rule::new(&fields(), place, operator, value(rest[name.len()..].trim_start()).as_ref())
    }

    /// The rule, the raw value of each field it looks at as `field=value`, whether it holds.
    fn check(cases: &[(&str, &str, bool)]) {
        for (text, lead, wanted) in cases {
            let rule = rule(text).unwrap_or_else(|error| panic!("{error}"));
            let raw: Lead = lead
                .split(" & ")
                .filter_map(|pair| pair.split_once('='))
                .filter_map(|(name, raw)| Some((name.parse().unwrap(), value(raw)?)))
                .collect();
            let lead = fields().parse(&raw);
            assert_eq!(rule.holds(&lead), *wanted, "{text} of {raw:?}");
        }
    }

    #[test]
    fn equality_ignores_case_and_the_kind_of_value() {
        check(&[
            ("lead.text is equal to roof", "text=ROOF", true),
            ("lead.text eq roof", "text=roofs", false),
            ("lead.text eq 123", "text='123'", true),
            ("lead.text eq '123'", "text=123", true),
            ("lead.text eq true", "text=TRUE", true),
            ("lead.text ne roof", "text=solar", true),
            ("lead.text ne roof", "text=Roof", false),
            ("lead.text eq roof", "", false),
            ("lead.text ne roof", "", true),
            ("lead.vehicle.make eq ford", "vehicle.make=Ford", true),
        ]);
    }

    #[test]
    fn rich_values_compare_by_their_normal_form() {
        check(&[
            ("lead.state eq Texas", "state=tx", true),
            ("lead.state in [Texas, ok]", "state=OK", true),
            ("lead.phone eq (512) 555-0134", "phone=512.555.0134", true),
            ("lead.email eq Joe@Example.com", "email=JOE@example.COM", true),
            ("lead.number eq 1,000", "number=$1000.0", true),
            ("lead.date eq 1/15/2024", "date=2024-01-15", true),
            ("lead.boolean eq true", "boolean=yes", true),
            ("lead.boolean eq 'no'", "boolean=yes", false),
            ("lead.postal_code eq 787511234", "postal_code=78751-1234", true),
            ("lead.product eq ROOF", "product=roof", true),
        ]);
    }

    #[test]
    fn components_are_values_of_their_own() {
        check(&[
            ("lead.email.domain eq EXAMPLE.com", "email=a@example.com", true),
            ("lead.email.user eq a", "email=b@example.com", false),
            ("lead.phone.area in [512, 713]", "phone=5125550134", true),
            ("lead.phone.country_calling_code gte 1", "phone=5125550134", true),
            ("lead.phone.is_tollfree is true", "phone=8005550134", true),
            ("lead.postal_code.zip matches pattern ^7", "postal_code=78751", true),
            ("lead.postal_code.zip matches ^7", "postal_code=88751", false),
            ("lead.state.name includes carolina", "state=NC", true),
            ("lead.email.valid is true", "email=a@example.com", true),
            ("lead.email.valid is false", "email=nobody", true),
            ("lead.email.domain is blank", "email=nobody", true),
        ]);
    }

    #[test]
    fn order_is_that_of_numbers_and_of_days() {
        check(&[
            ("lead.number lt 10", "number=9", true),
            ("lead.number lt 10", "number=10", false),
            ("lead.number lte 10", "number=10", true),
            ("lead.number is less than or equal to 10", "number=10.5", false),
            ("lead.number gt 9.5", "number=10", true),
            ("lead.number gte 10", "number=9.99", false),
            ("lead.number lt 10", "number=many", false),
            ("lead.number gt 10", "number=many", false),
            ("lead.number lt 10", "", false),
            ("lead.number gt -5", "number=(4)", true),
            ("lead.date lt 2024-01-15", "date=1/14/2024", true),
            ("lead.date gte '2024-01-15'", "date=15 January 2024", true),
            ("lead.date gt 2024-01-15", "date=tomorrow", false),
        ]);
    }

    #[test]
    fn inclusion_looks_at_each_value_of_a_list() {
        check(&[
            ("lead.state is included in [TX, OK]", "state=ok", true),
            ("lead.state is included in TX, OK", "state=ok", true),
            ("lead.state is included in [TX, OK]", "state=CA", false),
            ("lead.state is not included in [TX, OK]", "state=CA", true),
            ("lead.state not_in [TX, OK]", "", true),
            ("lead.state in [TX, OK]", "", false),
            ("lead.text in [a, b]", "text=[B, A]", true),
            ("lead.text in [a, b]", "text=[a, c]", false),
            ("lead.text in [a, b]", "text=[]", false),
            ("lead.text eq [b, a]", "text=[A, B]", true),
            ("lead.text eq [b, a]", "text=[a]", false),
        ]);
    }

    #[test]
    fn includes_looks_within_a_text_and_among_a_list() {
        check(&[
            ("lead.text includes roof", "text=New ROOFS", true),
            ("lead.text includes roof", "text=solar", false),
            ("lead.text does not include roof", "text=solar", true),
            ("lead.text not_includes roof", "", true),
            ("lead.text includes roof", "text=[Roof, x]", true),
            ("lead.text includes roof", "text=[roofs, x]", false),
            ("lead.phone includes 0134", "phone=512-555-0134", true),
        ]);
    }

    #[test]
    fn blank_is_what_a_person_would_call_no_value() {
        check(&[
            ("lead.text is blank", "", true),
            ("lead.text is blank", "text='  '", true),
            ("lead.text is blank", "text=[]", true),
            ("lead.text is blank", "text=x", false),
            ("lead.text is not blank", "text=x", true),
            ("lead.text not_blank", "", false),
            ("lead.number is blank", "number=many", true),
            ("lead.boolean is blank", "boolean=no", false),
        ]);
    }

    #[test]
    fn true_and_false_are_not_each_others_opposites() {
        check(&[
            ("lead.boolean is true", "boolean=yes", true),
            ("lead.boolean is true", "boolean=no", false),
            ("lead.boolean is true", "boolean=maybe", false),
            ("lead.boolean is not true", "boolean=maybe", true),
            ("lead.boolean is not true", "", true),
            ("lead.boolean is false", "", false),
            ("lead.boolean is false", "boolean=off", true),
            ("lead.boolean is not false", "boolean=off", false),
        ]);
    }

    #[test]
    fn an_absent_value_is_neither_valid_nor_invalid() {
        check(&[
            ("lead.email format is valid", "email=a@example.com", true),
            ("lead.email format is valid", "email=nobody", false),
            ("lead.email format is valid", "", false),
            ("lead.email format is invalid", "email=nobody", true),
            ("lead.email format is invalid", "", false),
            ("lead.number valid", "number=many", false),
            ("lead.number invalid", "number=many", true),
            ("lead.first_name valid", "first_name=Ann", true),
            ("lead.first_name valid", "first_name=12", false),
            ("lead.product valid", "product=gutter", false),
            ("lead.product valid", "product=Solar", true),
        ]);
    }

    #[test]
    fn a_pattern_is_a_regular_expression_or_a_glob() {
        check(&[
            ("lead.text matches pattern ^ab+c$", "text=ABBC", true),
            ("lead.text matches b", "text=abc", true),
            ("lead.text matches /^ab/i", "text=ABC", true),
            ("lead.text matches /b*/", "text=zzz", true),
            ("lead.text does not match pattern ^b", "text=abc", true),
            ("lead.text not_matches ^b", "", true),
            ("lead.text matches .*", "", false),
            ("lead.text matches 787*", "text=78751", true),
            ("lead.text matches 787*", "text=178751", false),
            ("lead.text matches a?c", "text=abc", true),
            ("lead.text matches a?c", "text=ac", false),
            ("lead.text matches ^b$", "text=[a, b]", true),
        ]);
    }

    #[test]
    fn a_rule_that_cannot_be_names_itself_and_its_fault() {
        for (text, message) in [
            (
                "lead.zip eq 1",
                "the rule `lead.zip is equal to 1` looks at lead.zip, which is not a field of the flow",
            ),
            (
                "state eq TX",
                "the rule `state is equal to TX` looks at state, but only lead.<field>, source.name and <earlier step>.<value> can be named",
            ),
            (
                "lead.email.zip eq 1",
                "the rule `lead.email.zip is equal to 1` looks at zip, which a field of the type email does not have",
            ),
            (
                "lead.text.valid is true",
                "the rule `lead.text.valid is true` looks at valid, which a field of the type string does not have",
            ),
            (
                "lead.text lt 5",
                "the rule `lead.text is less than 5` asks \"is less than\" of a value of the type string",
            ),
            (
                "lead.text is true",
                "the rule `lead.text is true` asks \"is true\" of a value of the type string",
            ),
            (
                "lead.text valid",
                "the rule `lead.text format is valid` asks \"format is valid\" of a value of the type string",
            ),
            (
                "lead.email.domain valid",
                "the rule `lead.email.domain format is valid` asks \"format is valid\" of a value of the type string",
            ),
            (
                "lead.number matches 5",
                "the rule `lead.number matches pattern 5` asks \"matches pattern\" of a value of the type number",
            ),
            ("lead.text eq", "the rule `lead.text is equal to` needs a value to compare with"),
            ("lead.text in []", "the rule `lead.text is included in ` needs a value to compare with"),
            ("lead.text blank x", "the rule `lead.text is blank x` takes no value"),
            ("lead.number lt [1, 2]", "the rule `lead.number is less than 1, 2` takes one value, not a list"),
            (
                "lead.number lt many",
                "the rule `lead.number is less than many` compares with \"many\", which is no number",
            ),
            (
                "lead.date gt tomorrow",
                "the rule `lead.date is greater than tomorrow` compares with \"tomorrow\", which is no date",
            ),
        ] {
            assert_eq!(rule(text).unwrap_err().to_string(), message);
        }
        for text in [
            "lead.text matches (",
            "lead.text matches a{1000}{1000}{1000}",
            &format!("lead.text matches {}", "(".repeat(200) + &")".repeat(200)),
            &format!("lead.text matches {}", "a".repeat(1001)),
        ] {
            rule(text).unwrap_err();
        }
    }

    #[test]
    fn sentences_name_the_field_and_what_was_asked() {
        for (text, words, wanted, unwanted) in [
            (
                "lead.state in [tx, Oklahoma]",
                "state is included in TX, OK",
                "State must be included in TX or OK",
                "State must not be included in TX or OK",
            ),
            ("lead.email valid", "email format is valid", "Email must be valid", "Email must not be valid"),
            (
                "lead.phone.area ne 512",
                "phone.area is not equal to the given value",
                "Phone area must not be equal to the given value",
                "Phone area must be equal to the given value",
            ),
            (
                "lead.product eq roof",
                "product is equal to roof",
                "Product must be equal to roof",
                "Product must not be equal to roof",
            ),
            (
                "lead.last_name in [Ruiz, Lee]",
                "last_name is included in the given list",
                "Last name must be included in the given list",
                "Last name must not be included in the given list",
            ),
            (
                "lead.url matches ann",
                "url matches pattern as given",
                "Url must match pattern as given",
                "Url must not match pattern as given",
            ),
            (
                "lead.number gte 5",
                "number is greater than or equal to 5",
                "Number must be greater than or equal to 5",
                "Number must not be greater than or equal to 5",
            ),
        ] {
            let rule = rule(text).unwrap();
            assert_eq!(&**rule.text(), words);
            assert_eq!(rule.sentence(true), wanted);
            assert_eq!(rule.sentence(false), unwanted);
        }
    }

    #[test]
    fn words_stay_short_however_long_the_list() {
        let many =
            Value::List((0..5_000).map(|number| Scalar::Text(format!("product {number}").into())).collect());
        let mut fields: Vec<Field> = fields().iter().cloned().collect();
        fields.last_mut().unwrap().values =
            (0..500).map(|number| format!("product {number}").into()).collect();
        let fields = Fields::new(fields).unwrap();
        let rule = Rule::new(&fields, "lead.vehicle.make", Operator::IncludedIn, Some(&many)).unwrap();
        assert!(rule.text().len() <= SENTENCE_BYTES_MAX && rule.text().ends_with('…'));
        assert!(rule.sentence(true).len() < 2 * SENTENCE_BYTES_MAX);
        let many = Value::List((0..10_001).map(|number| Scalar::Number(Number::from(number))).collect());
        Rule::new(&fields, "lead.text", Operator::IncludedIn, Some(&many)).unwrap_err();
    }

    #[test]
    fn operators_have_two_names_of_their_own() {
        for operator in Operator::ALL {
            assert_eq!(operator.as_str().parse(), Ok(operator));
            assert_eq!(operator.short().parse(), Ok(operator));
        }
        assert!("is obscene".parse::<Operator>().is_err());
    }

    proptest! {
        #[test]
        fn no_rule_and_no_value_panics(
            place in prop::sample::select(vec!["text", "email", "phone", "state.name", "number", "date", "boolean", "url.host", "product"]),
            operator in prop::sample::select(Operator::ALL.to_vec()),
            operand in prop::option::of(prop_oneof![".{0,12}", "[0-9]{1,4}", "2024-01-[0-9]{2}"]),
            raw in ".{0,20}",
        ) {
            let operand = operand.map(Value::text);
            if let Ok(rule) = Rule::new(&fields(), &format!("lead.{place}"), operator, operand.as_ref()) {
                let raw = [(place.split('.').next().unwrap().parse().unwrap(), Value::text(raw))].into_iter().collect();
                let lead = fields().parse(&raw);
                rule.holds(&lead);
                prop_assert!(rule.belongs_to((&fields()).into()));
            }
        }
    }

    #[test]
    fn ranges_are_ordered_by_their_middle_and_moments_by_time() {
        check(&[
            ("lead.range is greater than 5", "range=1-10", true),
            ("lead.range is greater than 6", "range=1-10", false),
            ("lead.range is less than '2-20'", "range=1-10", true),
            ("lead.range gte 5", "range='5'", true),
            ("lead.range is greater than 5", "range='10+'", false),
            ("lead.range is less than 5", "range=good", false),
            ("lead.range is equal to '1 to 10'", "range=1-10", true),
            ("lead.range in [1 to 10, 10+]", "range=over 10", true),
            ("lead.range.min gte 5", "range='10+'", true),
            ("lead.time is less than 2024-01-16", "time=2024-01-15T23:59:59Z", true),
            ("lead.time is greater than 2024-01-15 08:00 CST", "time=2024-01-15T14:00:01Z", true),
            ("lead.time is greater than 2024-01-15 08:00 CST", "time=2024-01-15T14:00:00Z", false),
            ("lead.time is less than 2024-01-16", "time=yesterday", false),
            ("lead.time is equal to 2024-01-15T08:00-06:00", "time=1705327200", true),
        ]);
        for (text, wanted) in [
            ("lead.range is less than '10+'", "compares with \"10+\", which is no range"),
            ("lead.range is less than good", "compares with \"good\", which is no range"),
            ("lead.range matches x", "asks \"matches pattern\" of a value of the type range"),
            ("lead.time is less than tomorrow", "compares with \"tomorrow\", which is no time"),
            ("lead.time includes 2024", "asks \"includes\" of a value of the type time"),
            ("lead.country is equal to Texas", "compares with \"Texas\", which is no country"),
            ("lead.gender is equal to boy", "compares with \"boy\", which is no gender"),
            ("lead.list valid", "asks \"format is valid\" of a value of the type list"),
        ] {
            let error = rule(text).unwrap_err().to_string();
            assert!(error.ends_with(wanted), "{error}");
        }
    }

    #[test]
    fn rules_fit_the_other_types_as_well() {
        check(&[
            ("lead.country in [US, Canada]", "country=united states", true),
            ("lead.country.name is equal to canada", "country=can", true),
            ("lead.gender is equal to Male", "gender=m", true),
            ("lead.gender.abbr eq f", "gender=female", true),
            ("lead.list includes roof", "list=Roof, solar", true),
            ("lead.list includes roo", "list=Roof, solar", false),
            ("lead.list is equal to [solar, roof]", "list=Roof, solar", true),
            ("lead.list in [roof, solar, gutter]", "list=[Roof, solar]", true),
            ("lead.list in [roof, gutter]", "list=[Roof, solar]", false),
            ("lead.list is blank", "list=' , '", true),
            ("lead.ip is equal to ::ffff:192.0.2.1", "ip=http://192.0.2.1/x", true),
            ("lead.ip.is_ipv4 is true", "ip=192.0.2.1", true),
            ("lead.email.is_free is true", "email=joe@gmail.com", true),
            ("lead.email.is_disposable is false", "email=joe@mailinator.com", false),
            ("lead.email.tld eq co.uk", "email=joe@example.co.uk", true),
            ("lead.full_name.last eq bloggs", "full_name=Bloggs, Joe", true),
            ("lead.street.number eq 123", "street=123 Main St", true),
            ("lead.city matches ^aus", "city=Austin", true),
            ("lead.phone.masked is true", "phone=512-555-****", true),
            ("lead.phone.country_code eq gb", "phone=+44 20 7946 0958", true),
            ("lead.phone eq +44 20 7946 0958", "phone=+442079460958", true),
            ("lead.trustedform_url valid", "trustedform_url=https://example.com/x", false),
        ]);
    }
}
