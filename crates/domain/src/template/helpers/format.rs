//! `format`: dates and moments by letters, numbers by zeros, digits by a mask.

use std::borrow::Cow;

use super::{Arguments, whole_number};
use crate::parse::{date, time};
use crate::template::dates::{DateForm, Shift, When};
use crate::template::decimal::Decimal;
use crate::template::expression::{Expression, Room, cut};
use crate::template::fault::{TemplateFault, nearest};
use crate::template::mask::Mask;
use crate::template::numbers::NumberForm;
use crate::template::place::text_of;
use crate::template::scan::Wrong;
use crate::{FieldType, Scalar, TimeZone, Value};

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Format {
    value: Expression,
    form: Form,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Form {
    Date(Box<DateFormat>),
    Number(NumberForm),
    Mask(Mask),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct DateFormat {
    form: DateForm,
    /// None: the flow's.
    zone: Option<TimeZone>,
    moved: Option<Move>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Move {
    backwards: bool,
    /// Years, months, weeks, days, hours, minutes, seconds.
    units: [Option<Expression>; 7],
}

const UNITS: [&str; 7] = ["years", "months", "weeks", "days", "hours", "minutes", "seconds"];

impl Format {
    pub(super) fn compile(arguments: &mut Arguments) -> Result<Format, Wrong> {
        let value = arguments.value();
        let format = arguments.needed("format=, how it is shown", "format")?;
        let text = arguments.literal(&format, "format")?;
        let form = if Mask::is_meant(&text) {
            arguments.check_type(&value, "puts digits into a mask", |field_type| {
                !matches!(
                    field_type,
                    FieldType::Boolean | FieldType::Date | FieldType::Dob | FieldType::Time | FieldType::List
                )
            })?;
            Form::Mask(Mask::read(&text))
        } else if NumberForm::is_meant(&text) {
            arguments.check_type(&value, "shows a number by zeros", |field_type| {
                !is_words(field_type)
                    && !matches!(field_type, FieldType::Date | FieldType::Dob | FieldType::Time)
            })?;
            let form = NumberForm::read(&text);
            Form::Number(form.map_err(|wanted| (format.at, arguments.wrong_option("format", &text, wanted)))?)
        } else if DateForm::is_meant(&text) {
            arguments.check_type(&value, "shows a date by these letters", |field_type| {
                !is_words(field_type) && field_type != FieldType::PostalCode
            })?;
            let (zone, moved) = (zone(arguments)?, moved(arguments)?);
            Form::Date(Box::new(DateFormat { form: DateForm::read(&text), zone, moved }))
        } else {
            let wanted = "write dates like MM/DD/YYYY, numbers like 0,0.00, digits like (###) ###-####";
            return Err((format.at, arguments.wrong_option("format", &text, wanted)));
        };
        if let Some((option, unused)) = arguments.options.first() {
            let fault = TemplateFault::Refused {
                what: format!("{option}="),
                instead: "it goes with the format of a date, like MM/DD/YYYY",
            };
            return Err((unused.at, fault));
        }
        Ok(Format { value: value.expression, form })
    }

    /// What is no date, number or digits keeps its text, as it would without `format`; a date moved
    /// beyond the calendar gives nothing.
    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        let Some(value) = self.value.value(room) else { return Cow::Borrowed("") };
        if !room.spend(0) {
            return Cow::Borrowed("");
        }
        let shown = match &self.form {
            Form::Mask(mask) => mask.show(&text_of(Cow::Borrowed(&*value))),
            Form::Number(form) => decimal(&value).map(|number| form.show(number)),
            Form::Date(date) => when(&value).map(|at| date.show(at, room)),
        };
        match shown {
            Some(shown) => cut(Cow::Owned(shown)),
            None => cut(text_of(value)),
        }
    }
}

impl DateFormat {
    fn show<'a>(&'a self, at: When, room: &Room<'a>) -> String {
        let shift = match &self.moved {
            None => None,
            Some(moved) => match moved.shift(room) {
                Some(shift) => Some(shift),
                None => return String::new(),
            },
        };
        let zone = self.zone.as_ref().unwrap_or(room.variables.time_zone);
        at.shown(zone, shift).map(|at| self.form.show(&at)).unwrap_or_default()
    }
}

impl Move {
    /// Nothing when a unit is no whole number.
    fn shift<'a>(&'a self, room: &Room<'a>) -> Option<Shift> {
        let mut counts = [0; 7];
        for (count, unit) in counts.iter_mut().zip(&self.units) {
            if let Some(expression) = unit {
                let number = whole_number(expression, room)?;
                *count = if self.backwards { number.checked_neg()? } else { number };
            }
        }
        let [years, months, weeks, days, hours, minutes, seconds] = counts;
        Some(Shift { years, months, weeks, days, hours, minutes, seconds })
    }
}

/// Whether a value of this type is never a number or a date.
fn is_words(field_type: FieldType) -> bool {
    matches!(
        field_type,
        FieldType::FirstName
            | FieldType::LastName
            | FieldType::FullName
            | FieldType::Gender
            | FieldType::Email
            | FieldType::Phone
            | FieldType::Street
            | FieldType::City
            | FieldType::State
            | FieldType::Country
            | FieldType::Range
            | FieldType::Boolean
            | FieldType::Url
            | FieldType::Ip
            | FieldType::TrustedformUrl
            | FieldType::List
    )
}

fn zone(arguments: &mut Arguments) -> Result<Option<TimeZone>, Wrong> {
    let Some((at, text)) = arguments.literal_option("timezone")? else { return Ok(None) };
    text.parse().map(Some).map_err(|zone| {
        let names: Vec<String> = TimeZone::names().collect();
        let near = nearest(&text, names.iter().map(String::as_str));
        (at, TemplateFault::TimeZone { zone, near })
    })
}

fn moved(arguments: &mut Arguments) -> Result<Option<Move>, Wrong> {
    let operator = arguments.literal_option("operator")?;
    let mut units = [const { None }; 7];
    for (unit, option) in units.iter_mut().zip(UNITS) {
        *unit = arguments.whole_option(option, i64::MIN, "it is a whole number")?;
    }
    let has_units = units.iter().any(Option::is_some);
    let (helper, at) = (arguments.helper.name, arguments.at);
    let example = "{{format now format=\"MM/DD/YYYY\" operator=\"add\" days=3}}";
    match operator {
        Some((at, text)) => {
            let backwards = match text.as_str() {
                "add" => false,
                "subtract" => true,
                _ => return Err((at, arguments.wrong_option("operator", &text, "it is add or subtract"))),
            };
            if has_units {
                return Ok(Some(Move { backwards, units }));
            }
            let missing = "how much to add or subtract";
            Err((at, TemplateFault::Missing { helper, missing, example }))
        }
        None if has_units => {
            let missing = "operator=, add or subtract";
            Err((at, TemplateFault::Missing { helper, missing, example }))
        }
        None => Ok(None),
    }
}

/// The number that a value is, or that its text says.
pub(in crate::template) fn decimal(value: &Value) -> Option<Decimal> {
    match value {
        Value::Scalar(Scalar::Number(number)) => Some(Decimal::of(number)),
        Value::Scalar(Scalar::Text(text)) => Decimal::of_text(text),
        Value::Scalar(Scalar::Null | Scalar::Bool(_)) | Value::List(_) => None,
    }
}

/// The day or moment that a text says, as the types `date` and `time` read it.
fn when(value: &Value) -> Option<When> {
    let text = match value {
        Value::Scalar(Scalar::Text(text)) => text.trim(),
        Value::Scalar(Scalar::Number(number)) => number.as_str(),
        Value::Scalar(Scalar::Null | Scalar::Bool(_)) | Value::List(_) => return None,
    };
    date::read(text).map(When::Day).or_else(|| time::read(text).map(When::Moment))
}
