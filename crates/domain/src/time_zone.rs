//! Time zones of places, compiled in.

use std::fmt;
use std::str::FromStr;
use std::sync::LazyLock;

use jiff::civil::DateTime;
use jiff::tz::TimeZoneDatabase;

use crate::Timestamp;

/// The places that are compiled in.
pub(crate) static PLACES: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// What clocks at a place show. Text form: its name in the IANA database, such as
/// `America/Chicago`, in the spelling of the database.
#[derive(Clone, PartialEq, Eq)]
pub struct TimeZone(jiff::tz::TimeZone); // Invariant: has a name.

/// The text names no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no time zone {0:?}; write it like America/Chicago or UTC")]
pub struct UnknownTimeZone(pub String);

impl TimeZone {
    /// Coordinated universal time.
    pub const UTC: TimeZone = TimeZone(jiff::tz::TimeZone::UTC);

    /// The names of all places, in no particular order.
    pub fn names() -> impl Iterator<Item = String> {
        PLACES.available().map(|name| name.as_str().to_owned())
    }

    /// What clocks there show at a moment.
    pub(crate) fn shown(&self, at: Timestamp) -> DateTime {
        let moment =
            jiff::Timestamp::from_millisecond(at.as_millis()).expect("a Timestamp lies within jiff's range");
        self.0.to_datetime(moment)
    }

    pub(crate) fn rules(&self) -> &jiff::tz::TimeZone {
        &self.0
    }
}

impl Default for TimeZone {
    fn default() -> TimeZone {
        TimeZone::UTC
    }
}

impl FromStr for TimeZone {
    type Err = UnknownTimeZone;

    /// Case does not matter.
    fn from_str(text: &str) -> Result<TimeZone, UnknownTimeZone> {
        let unknown = || UnknownTimeZone(text.chars().take(40).collect());
        if text.eq_ignore_ascii_case("utc") {
            return Ok(TimeZone::UTC);
        }
        let place = PLACES.get(text).map_err(|_| unknown())?;
        if place.iana_name().is_some() { Ok(TimeZone(place)) } else { Err(unknown()) }
    }
}

impl fmt::Display for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.iana_name().unwrap_or("UTC"))
    }
}

impl fmt::Debug for TimeZone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_and_written_the_same() {
        let mut count = 0;
        for name in TimeZone::names() {
            let zone: TimeZone = name.parse().unwrap();
            assert_eq!(zone.to_string(), name);
            assert_eq!(name.to_uppercase().parse::<TimeZone>().unwrap(), zone);
            count += 1;
        }
        assert!(count > 400, "{count} places");
    }

    #[test]
    fn other_words_are_refused() {
        for text in ["", "America", "America/Chicagoo", "+05:00", "local"] {
            assert!(text.parse::<TimeZone>().is_err(), "{text}");
        }
        let error = "Mars/Base".parse::<TimeZone>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "there is no time zone \"Mars/Base\"; write it like America/Chicago or UTC"
        );
    }
}
