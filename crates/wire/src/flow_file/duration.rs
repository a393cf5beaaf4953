//! Lengths of time as files have them: `500ms 10s 5m 2h 30d 4w 2y`.

use std::time::Duration;

/// The text is not a length of time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a length of time; write a whole number and ms, s, m, h, d, w or y, such as 10s or 30d")]
pub struct DurationError(String);

/// Units and their milliseconds, largest first. A year has 365 days.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3600 * 1000),
    ("w", 7 * 24 * 3600 * 1000),
    ("d", 24 * 3600 * 1000),
    ("h", 3600 * 1000),
    ("m", 60 * 1000),
    ("s", 1000),
    ("ms", 1),
];

/// Reads digits and a unit, nothing between.
///
/// # Errors
/// When the text is something else, or too long a time.
pub fn read(text: &str) -> Result<Duration, DurationError> {
    let error = || DurationError(text.chars().take(40).collect());
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let (_, millis) = UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(error)?;
    let number: u64 = number.parse().map_err(|_| error())?;
    number.checked_mul(*millis).map(Duration::from_millis).ok_or_else(error)
}

/// Writes it in the largest unit that leaves no remainder.
pub fn write(duration: Duration) -> String {
    let all = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
    let fitting = UNITS.iter().find(|(_, millis)| all >= *millis && all % millis == 0);
    let (unit, millis) = fitting.unwrap_or(&("ms", 1));
    format!("{}{unit}", all / millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_of_time_is_a_number_and_a_unit() {
        let millis = |text: &str| read(text).map(|duration| duration.as_millis());
        assert_eq!(millis("500ms"), Ok(500));
        assert_eq!(millis("10s"), Ok(10_000));
        assert_eq!(millis("5m"), Ok(300_000));
        assert_eq!(millis("2h"), Ok(7_200_000));
        assert_eq!(millis("30d"), Ok(2_592_000_000));
        assert_eq!(millis("4w"), Ok(2_419_200_000));
        assert_eq!(millis("2y"), Ok(63_072_000_000));
        assert_eq!(millis("0s"), Ok(0));
        for text in [
            "",
            "10",
            "s",
            "10 s",
            "1.5h",
            "-1s",
            "+1s",
            "10S",
            "1min",
            "99999999999999999999s",
            "9999999999999y",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn it_is_written_in_its_largest_unit() {
        for text in ["1ms", "1500ms", "10s", "90s", "2m", "36h", "2d", "1w", "2y", "0ms"] {
            assert_eq!(write(read(text).unwrap()), text);
        }
    }
}
