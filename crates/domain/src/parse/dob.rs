//! Dates of birth.

use jiff::civil::Date;

use super::{Parsed, date, parse_sent};
use crate::{Number, Timestamp, Value};

/// A date as [`date`](super::date) reads it, at `now` (UTC) at the latest. Two digits of a year
/// are of the last hundred years. The component `age` is in years, to one decimal, cut.
pub(crate) fn parse(raw: &Value, now: Timestamp) -> Option<Parsed> {
    let today = today(now);
    parse_sent(raw, |text| {
        let text = text.trim();
        let mut born = date::read(text)?;
        let is_short = text.rsplit('/').next().is_some_and(|year| year.len() == 2);
        if born > today && is_short {
            born = Date::new(born.year() - 100, born.month(), born.day()).ok()?;
        }
        if born > today {
            return None;
        }
        let age = age(born, today)?;
        Some(Parsed::valid(
            Value::text(born.to_string()),
            vec![("age", Value::from(age)), ("year", Value::from(Number::from(i32::from(born.year()))))],
        ))
    })
}

fn today(now: Timestamp) -> Date {
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    jiff::tz::Offset::UTC.to_datetime(moment).date()
}

/// Whole years and tenths of the year that runs, cut: never more than `x.9` before the birthday.
/// Who was born on 29 February has the birthday of common years on 1 March.
fn age(born: Date, today: Date) -> Option<Number> {
    let birthday =
        |year: i16| Date::new(year, born.month(), born.day()).or_else(|_| Date::new(year, 3, 1)).ok();
    let had_it = birthday(today.year())? <= today;
    let last = birthday(if had_it { today.year() } else { today.year() - 1 })?;
    let years = i32::from(last.year()) - i32::from(born.year());
    let days = |from: Date, to: Date| from.until(to).ok().map(|span| span.get_days());
    // The year 10000 has no date: in the last year, a year is 365 days.
    let whole = last.year().checked_add(1).and_then(birthday).map_or(Some(365), |next| days(last, next))?;
    let tenths = (days(last, today)? * 10 / whole).min(9);
    format!("{years}.{tenths}").parse().ok()
}
