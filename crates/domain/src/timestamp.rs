//! Moments as values: nothing here reads a clock.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

/// A moment, UTC, to the millisecond. For people and metrics; never used to order events. Text
/// form: RFC 3339 with three decimals and `Z`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Timestamp(i64);

/// Why a text is not a moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a moment; write it like 2024-01-15T14:30:45.123Z")]
pub struct TimestampError(pub String);

impl Timestamp {
    /// The earliest moment with a text form, 0000-01-01.
    pub const MIN: Timestamp = Timestamp(-62_167_219_200_000);
    /// The latest moment with a text form, 9999-12-30 (the last day is left to time zones).
    pub const MAX: Timestamp = Timestamp(253_402_207_200_000);

    /// The moment this many milliseconds after 1970-01-01T00:00:00Z, kept within
    /// [`MIN`](Timestamp::MIN) and [`MAX`](Timestamp::MAX).
    pub fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis.clamp(Timestamp::MIN.0, Timestamp::MAX.0))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Milliseconds from `earlier` to this moment; 0 when `earlier` is later.
    pub fn millis_since(self, earlier: Timestamp) -> u64 {
        u64::try_from(self.0 - earlier.0).unwrap_or(0)
    }

    /// Reads the form that [`Display`](fmt::Display) writes, as every event has it; none for anything else, which
    /// may be a moment all the same.
    fn read_own(text: &[u8]) -> Option<Timestamp> {
        let text: &[u8; 24] = text.try_into().ok()?;
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':'), (19, b'.'), (23, b'Z')];
        if marks.iter().any(|(at, mark)| text[*at] != *mark) {
            return None;
        }
        let number = |at: Range<usize>| {
            text[at].iter().try_fold(0_i16, |number, digit| {
                digit.is_ascii_digit().then(|| number * 10 + i16::from(digit - b'0'))
            })
        };
        let short = |at: Range<usize>| number(at).and_then(|number| i8::try_from(number).ok());
        let (year, month, day) = (number(0..4)?, short(5..7)?, short(8..10)?);
        let (hour, minute, second) = (short(11..13)?, short(14..16)?, short(17..19)?);
        let nanosecond = i32::from(number(20..23)?) * 1_000_000;
        let civil = jiff::civil::DateTime::new(year, month, day, hour, minute, second, nanosecond).ok()?;
        let millis = jiff::tz::Offset::UTC.to_timestamp(civil).ok()?.as_millisecond();
        (Timestamp::MIN.0..=Timestamp::MAX.0).contains(&millis).then_some(Timestamp(millis))
    }

    /// The moment this many milliseconds later (or earlier, when negative).
    #[must_use]
    pub fn plus_millis(self, millis: i64) -> Timestamp {
        Timestamp::from_millis(self.0.saturating_add(millis))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let moment = jiff::Timestamp::from_millisecond(self.0).expect("a Timestamp lies within jiff's range");
        let civil = jiff::tz::Offset::UTC.to_datetime(moment);
        // By hand, since each event has several and `{:02}` takes its time.
        let mut text = *b"0000-00-00T00:00:00.000Z";
        let mut put = |at: Range<usize>, number: i16| {
            let mut rest = number.unsigned_abs();
            for digit in text[at].iter_mut().rev() {
                *digit += u8::try_from(rest % 10).expect("a digit");
                rest /= 10;
            }
        };
        put(0..4, civil.year());
        put(5..7, civil.month().into());
        put(8..10, civil.day().into());
        put(11..13, civil.hour().into());
        put(14..16, civil.minute().into());
        put(17..19, civil.second().into());
        put(20..23, civil.millisecond());
        f.write_str(str::from_utf8(&text).expect("digits are ASCII"))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;

    /// Reads RFC 3339 with any offset; more than three decimals are cut.
    fn from_str(text: &str) -> Result<Timestamp, TimestampError> {
        if let Some(own) = Timestamp::read_own(text.as_bytes()) {
            return Ok(own);
        }
        let wrong = || TimestampError(text.chars().take(40).collect());
        let moment: jiff::Timestamp = text.parse().map_err(|_| wrong())?;
        let millis = moment.as_nanosecond().div_euclid(1_000_000);
        let millis = i64::try_from(millis).map_err(|_| wrong())?;
        if (Timestamp::MIN.0..=Timestamp::MAX.0).contains(&millis) {
            Ok(Timestamp(millis))
        } else {
            Err(wrong())
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_has_milliseconds_and_utc() {
        let at: Timestamp = "2024-01-15T08:30:45.1239-06:00".parse().unwrap();
        assert_eq!(at.to_string(), "2024-01-15T14:30:45.123Z");
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00.000Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-30T22:00:00.000Z");
        let leap: Timestamp = "2016-12-31T23:59:60.500Z".parse().unwrap();
        assert_eq!(leap.to_string(), "2016-12-31T23:59:59.500Z");
        for wrong in ["2023-02-29T00:00:00.000Z", "2024-01-15T24:00:00.000Z", "2024-01-15T14:30:4x.123Z"] {
            assert!(wrong.parse::<Timestamp>().is_err(), "{wrong}");
        }
        assert!("yesterday".parse::<Timestamp>().is_err());
        assert!("2024-01-15".parse::<Timestamp>().is_err());
    }

    proptest! {
        #[test]
        fn text_forms_round_trip(millis in Timestamp::MIN.0..=Timestamp::MAX.0) {
            let at = Timestamp::from_millis(millis);
            prop_assert_eq!(at.to_string().parse::<Timestamp>(), Ok(at));
        }
    }
}
