//! What values are ordered against: one bound, or two.

use std::cmp::Ordering;
use std::sync::Arc;

use jiff::civil::Date;

use super::RuleFault;
use super::text::text_of;
use super::window::{When, local};
use crate::number::{order_of_plain, plain_decimal};
use crate::{FieldType, Scalar, Timestamp, Value, Variables};

/// One bound.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
    /// In its plain form.
    Number(Arc<str>),
    Day(Date),
    Moment(Timestamp),
}

/// Two bounds, both of which belong to what is between them.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bounds {
    /// In order, and in their plain form.
    Numbers(Arc<str>, Arc<str>),
    /// In order; a moment counts by its day in the flow's time zone.
    Days(Date, Date),
    /// In order.
    Moments(Timestamp, Timestamp),
    /// Times of day as `HHmm`, to the end of the last minute; when the first is the later one, over
    /// midnight. A moment counts by what a clock in the flow's time zone shows.
    Clocks(u16, u16),
}

/// Longest text that is looked at for two bounds, in bytes.
const BOUNDS_BYTES_MAX: usize = 200;

impl Bound {
    /// Reads a bound for values of a type, or of any: a number, a day `YYYY-MM-DD` or a moment.
    pub(super) fn read(scalar: &Scalar, field_type: Option<FieldType>) -> Option<Bound> {
        let as_type = |field_type: FieldType| {
            let parsed = field_type.parse(&Value::Scalar(scalar.clone()))?;
            if parsed.valid == Some(false) {
                return None;
            }
            match (field_type, parsed.component("avg").unwrap_or(&parsed.normal)) {
                (_, Value::Scalar(Scalar::Number(number))) => Some(Bound::Number(number.as_str().into())),
                // One of more digits than numbers have.
                (FieldType::Number, Value::Scalar(Scalar::Text(plain))) => {
                    Some(Bound::Number(Arc::clone(plain)))
                }
                (FieldType::Date | FieldType::Dob, normal) => day(normal.as_text()?).map(Bound::Day),
                (FieldType::Time, normal) => normal.as_text()?.parse().ok().map(Bound::Moment),
                (_, _) => None,
            }
        };
        match (field_type, scalar) {
            (Some(field_type), _) => as_type(field_type),
            (None, Scalar::Number(number)) => Some(Bound::Number(number.as_str().into())),
            (None, Scalar::Text(text)) => day(text)
                .map(Bound::Day)
                .or_else(|| plain_decimal(text.trim()).map(Bound::Number))
                .or_else(|| as_type(FieldType::Time)),
            (None, Scalar::Null | Scalar::Bool(_)) => None,
        }
    }

    /// How a value stands to this bound; nothing when it is of another kind.
    pub(super) fn order(&self, value: &Value, field_type: Option<FieldType>) -> Option<Ordering> {
        match self {
            Bound::Number(bound) => number(value, field_type, |number| order_of_plain(number, bound)),
            Bound::Day(bound) => Some(day(value.as_text()?)?.cmp(bound)),
            Bound::Moment(bound) => Some(value.as_text()?.parse::<Timestamp>().ok()?.cmp(bound)),
        }
    }
}

impl Bounds {
    /// Reads a list of two, or text with `-`, `–`, `..` or `to` between.
    ///
    /// # Errors
    /// When these are not two bounds for values of the type.
    pub(super) fn read(operands: &[Scalar], field_type: Option<FieldType>) -> Result<Bounds, RuleFault> {
        let fault = || {
            let text = operands.iter().map(text_of).collect::<Vec<_>>().join(", ");
            RuleFault::Bounds { value: text.chars().take(80).collect(), field_type }
        };
        match operands {
            [low, high] => Bounds::of(low, high, field_type),
            [both] => Bounds::of_text(text_of(both), field_type),
            _ => None,
        }
        .ok_or_else(fault)
    }

    fn of(low: &Scalar, high: &Scalar, field_type: Option<FieldType>) -> Option<Bounds> {
        let is_of_the_clock = matches!(field_type, None | Some(FieldType::Time));
        if is_of_the_clock && let (Some(low), Some(high)) = (clock(text_of(low)), clock(text_of(high))) {
            return Some(Bounds::Clocks(low, high));
        }
        // Whole days of moments are what people mean by two dates.
        let as_days = || match (day(text_of(low)), day(text_of(high))) {
            (Some(low), Some(high)) if field_type == Some(FieldType::Time) => {
                Some(Bounds::Days(low.min(high), low.max(high)))
            }
            (Some(_) | None, Some(_) | None) => None,
        };
        as_days().or_else(|| match (Bound::read(low, field_type)?, Bound::read(high, field_type)?) {
            (Bound::Number(low), Bound::Number(high)) => {
                let in_order = order_of_plain(&low, &high).is_le();
                Some(if in_order { Bounds::Numbers(low, high) } else { Bounds::Numbers(high, low) })
            }
            (Bound::Day(low), Bound::Day(high)) => Some(Bounds::Days(low.min(high), low.max(high))),
            (Bound::Moment(low), Bound::Moment(high)) => Some(Bounds::Moments(low.min(high), low.max(high))),
            (Bound::Number(_) | Bound::Day(_) | Bound::Moment(_), _) => None,
        })
    }

    /// Of all places where the text could be cut in two, the first that leaves two bounds.
    fn of_text(text: &str, field_type: Option<FieldType>) -> Option<Bounds> {
        if text.len() > BOUNDS_BYTES_MAX {
            return None;
        }
        [" to ", "..", " - ", "–", "-"].iter().find_map(|between| {
            text.match_indices(between).find_map(|(at, _)| {
                let (low, high) = (text[..at].trim(), text[at + between.len()..].trim());
                let is_bound = |text: &str| !text.is_empty();
                if !is_bound(low) || !is_bound(high) {
                    return None;
                }
                Bounds::of(&Scalar::Text(low.into()), &Scalar::Text(high.into()), field_type)
            })
        })
    }

    /// As sentences have them: `18 and 65`.
    pub(super) fn words(&self) -> String {
        match self {
            Bounds::Numbers(low, high) => format!("{low} and {high}"),
            Bounds::Days(low, high) => format!("{low} and {high}"),
            Bounds::Moments(low, high) => format!("{low} and {high}"),
            Bounds::Clocks(low, high) => format!("{low:04} and {high:04}"),
        }
    }

    /// Whether a value lies between; false for what is of another kind.
    pub(super) fn have(
        &self,
        value: &Value,
        field_type: Option<FieldType>,
        variables: &Variables<'_>,
    ) -> bool {
        let found = match self {
            Bounds::Numbers(low, high) => number(value, field_type, |number| {
                order_of_plain(low, number).is_le() && order_of_plain(number, high).is_le()
            }),
            Bounds::Days(low, high) => when(value).and_then(|when| {
                let day = match when {
                    When::Day(day) => day,
                    When::Moment(at) => local(at, variables.time_zone)?.date(),
                };
                Some(*low <= day && day <= *high)
            }),
            Bounds::Moments(low, high) => when(value).map(|when| match when {
                When::Day(_) => false,
                When::Moment(at) => *low <= at && at <= *high,
            }),
            Bounds::Clocks(low, high) => clock_of(value, variables).map(|shown| {
                if low <= high { *low <= shown && shown <= *high } else { shown >= *low || shown <= *high }
            }),
        };
        found.unwrap_or(false)
    }
}

/// The number that stands there, in its plain form. It is text where it has more digits than numbers, and may be
/// in a place of no known type.
fn number<T>(value: &Value, field_type: Option<FieldType>, then: impl FnOnce(&str) -> T) -> Option<T> {
    match value {
        Value::Scalar(Scalar::Number(number)) => Some(then(number.as_str())),
        Value::Scalar(Scalar::Text(text)) if matches!(field_type, None | Some(FieldType::Number)) => {
            plain_decimal(text.trim()).map(|plain| then(&plain))
        }
        Value::Scalar(Scalar::Text(_) | Scalar::Null | Scalar::Bool(_)) | Value::List(_) => None,
    }
}

/// The day or the moment that stands there in its normal form.
pub(super) fn when(value: &Value) -> Option<When> {
    let text = value.as_text()?;
    day(text).map(When::Day).or_else(|| text.parse().ok().map(When::Moment))
}

/// `YYYY-MM-DD`.
fn day(text: &str) -> Option<Date> {
    let bytes: &[u8; 10] = text.as_bytes().try_into().ok()?;
    let number = |range: std::ops::Range<usize>| {
        bytes[range].iter().try_fold(0_i16, |number, byte| {
            byte.is_ascii_digit().then(|| number * 10 + i16::from(byte - b'0'))
        })
    };
    if bytes[4] != b'-' || bytes[7] != b'-' {
        return None;
    }
    let (month, day) = (i8::try_from(number(5..7)?).ok()?, i8::try_from(number(8..10)?).ok()?);
    Date::new(number(0..4)?, month, day).ok()
}

/// `0830` and `08:30` as 830.
fn clock(text: &str) -> Option<u16> {
    let digits: [u8; 4] = match *text.trim().as_bytes() {
        [a, b, b':', c, d] | [a, b, c, d] => [a, b, c, d],
        _ => return None,
    };
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let shown = digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0'));
    (shown < 2400 && shown % 100 < 60).then_some(shown)
}

/// The time of day that stands there: `0915`, `09:15`, the number 915, or that of a moment in the flow's
/// time zone.
fn clock_of(value: &Value, variables: &Variables<'_>) -> Option<u16> {
    let Value::Scalar(scalar) = value else { return None };
    let text = text_of(scalar);
    match scalar {
        Scalar::Number(_) => clock(&format!("{text:0>4}")),
        Scalar::Text(_) => clock(text).or_else(|| {
            let shown = local(text.parse().ok()?, variables.time_zone)?;
            u16::try_from(i32::from(shown.hour()) * 100 + i32::from(shown.minute())).ok()
        }),
        Scalar::Null | Scalar::Bool(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Number;

    #[test]
    fn numbers_of_many_digits_have_their_order() {
        let longitude = Value::text("30.26715312345678");
        let order = |bound: &str| {
            let bound = Bound::read(&Scalar::Text(bound.into()), Some(FieldType::Number)).unwrap();
            bound.order(&longitude, Some(FieldType::Number)).unwrap()
        };
        assert_eq!(order("30.26715312345679"), Ordering::Less);
        assert_eq!(order("30.267"), Ordering::Greater);
        assert_eq!(order("30.267153123456780"), Ordering::Equal);
    }

    #[test]
    fn two_bounds_are_a_list_of_two_or_a_text_with_something_between() {
        for (field_type, text, words) in [
            (Some(FieldType::Number), "18-65", Some("18 and 65")),
            (Some(FieldType::Number), "65 - 18", Some("18 and 65")),
            (Some(FieldType::Number), "-10--5", Some("-10 and -5")),
            (Some(FieldType::Number), "1,000 to 10k", Some("1000 and 10000")),
            (Some(FieldType::Number), "1.5..2.5", Some("1.5 and 2.5")),
            (Some(FieldType::Number), "18", None),
            (Some(FieldType::Number), "18-", None),
            (Some(FieldType::Number), "many-65", None),
            (Some(FieldType::Date), "2024-01-01-2024-01-31", Some("2024-01-01 and 2024-01-31")),
            (Some(FieldType::Date), "1/31/2024 – 1/1/2024", Some("2024-01-01 and 2024-01-31")),
            (Some(FieldType::Date), "0830-1645", None),
            (Some(FieldType::Time), "0830-1645", Some("0830 and 1645")),
            (Some(FieldType::Time), "22:00 to 06:00", Some("2200 and 0600")),
            (Some(FieldType::Time), "2024-01-01 - 2024-01-31", Some("2024-01-01 and 2024-01-31")),
            (
                Some(FieldType::Time),
                "2024-01-01T00:00Z to 2024-01-31T12:00Z",
                Some("2024-01-01T00:00:00.000Z and 2024-01-31T12:00:00.000Z"),
            ),
            (None, "0830-1645", Some("0830 and 1645")),
            (None, "5-10", Some("5 and 10")),
            (None, "2024-01-01 to 2024-01-31", Some("2024-01-01 and 2024-01-31")),
            (None, "2024-01-01 to 5", None),
            (None, "roof-solar", None),
        ] {
            let read = Bounds::read(&[Scalar::Text(text.into())], field_type);
            assert_eq!(read.ok().map(|bounds| bounds.words()).as_deref(), words, "{text}");
        }
        let bounds = [Scalar::Number(Number::from(65)), Scalar::Text("18".into())];
        assert_eq!(Bounds::read(&bounds, None).unwrap().words(), "18 and 65");
        for operands in [&bounds[..0], &[bounds[0].clone(), bounds[1].clone(), bounds[0].clone()]] {
            assert!(Bounds::read(operands, Some(FieldType::Number)).is_err());
        }
        let long = Scalar::Text(format!("{}-5", "1".repeat(300)).into());
        assert!(Bounds::read(&[long], None).is_err());
    }
}
