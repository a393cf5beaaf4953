//! Moments as people write them in queries: a date, a full moment, or a time ago.

use domain::Timestamp;

/// The text is no moment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a moment; write 2024-01-15 (midnight UTC), 2024-01-15T14:30:00Z, or -15m, -24h, -7d")]
pub struct MomentError(String);

/// Reads `2024-01-15` (midnight UTC), RFC 3339, or a time before `now` in seconds, minutes, hours,
/// days or weeks: `-90s`, `-15m`, `-24h`, `-7d`, `-2w`.
///
/// # Errors
/// When the text is none of these, or lies outside the years 0 to 9999.
pub fn read_moment(text: &str, now: Timestamp) -> Result<Timestamp, MomentError> {
    let read = if text.starts_with('-') { ago(text, now) } else { date(text).or_else(|| moment(text)) };
    read.ok_or_else(|| MomentError(text.chars().take(40).collect()))
}

fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    let unit = text.chars().last()?;
    let count = text.strip_prefix('-')?.strip_suffix(unit)?;
    let unit_ms: i64 = match unit {
        's' => 1_000,
        'm' => 60_000,
        'h' => 3_600_000,
        'd' => 86_400_000,
        'w' => 604_800_000,
        _ => return None,
    };
    if count.is_empty() || !count.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let ms = count.parse::<i64>().ok()?.checked_mul(unit_ms)?;
    Some(now.plus_millis(-ms))
}

fn date(text: &str) -> Option<Timestamp> {
    let date: jiff::civil::Date = text.parse().ok().filter(|_| text.len() == "2024-01-15".len())?;
    format!("{date}T00:00:00Z").parse().ok()
}

/// A `+` of an offset that nobody encoded arrives as a space.
fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| text.replacen(' ', "+", 1).parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_write_moments_in_many_ways() {
        let now: Timestamp = "2024-03-01T12:00:00Z".parse().unwrap();
        for (text, wanted) in [
            ("2024-01-15", "2024-01-15T00:00:00.000Z"),
            ("2024-01-15T14:30:45.123Z", "2024-01-15T14:30:45.123Z"),
            ("2024-01-15T14:30:45+01:00", "2024-01-15T13:30:45.000Z"),
            ("2024-01-15T14:30:45 01:00", "2024-01-15T13:30:45.000Z"),
            ("-24h", "2024-02-29T12:00:00.000Z"),
            ("-7d", "2024-02-23T12:00:00.000Z"),
            ("-90s", "2024-03-01T11:58:30.000Z"),
            ("-15m", "2024-03-01T11:45:00.000Z"),
            ("-2w", "2024-02-16T12:00:00.000Z"),
        ] {
            assert_eq!(read_moment(text, now).map(|at| at.to_string()), Ok(wanted.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_moment_is_refused() {
        let now = Timestamp::from_millis(0);
        for text in [
            "",
            "-",
            "-h",
            "-1",
            "-1y",
            "--1h",
            "-é",
            "24h",
            "2024-13-01",
            "2024-1-5",
            "now",
            "-99999999999999w",
        ] {
            assert!(read_moment(text, now).is_err(), "{text:?}");
        }
    }
}
