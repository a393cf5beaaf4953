//! How often prices were asked for. Kept in memory only: a limit is for minutes, and a restart is rare.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use domain::{PingLimit, Timestamp};

/// All limits of pings. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub struct PingLimits {
    counts: Arc<Mutex<HashMap<Arc<str>, Count>>>,
}

#[derive(Debug)]
struct Count {
    end: Timestamp,
    pings: u32,
}

impl PingLimits {
    /// Counts a ping against every limit, or, when one is reached, against none.
    ///
    /// # Errors
    /// With how long to wait until it is let through, when a limit is reached.
    pub fn count<'a>(
        &self,
        limits: impl Iterator<Item = &'a PingLimit> + Clone,
        now: Timestamp,
    ) -> Result<(), Duration> {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut wait: Option<u64> = None;
        for limit in limits.clone() {
            let count =
                counts.entry(Arc::clone(&limit.id)).or_insert(Count { end: Timestamp::MIN, pings: 0 });
            let (_, end) = limit.period.around(now);
            // A clock that is set back goes on with what was counted; a new period begins at nothing.
            if count.end < end {
                *count = Count { end, pings: 0 };
            }
            if count.pings >= limit.max {
                wait = wait.max(Some(end.millis_since(now)));
            }
        }
        if let Some(ms) = wait {
            return Err(Duration::from_millis(ms));
        }
        for limit in limits {
            if let Some(count) = counts.get_mut(&limit.id) {
                count.pings += 1;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use domain::{CapPeriod, CapUnit, TimeZone};

    use super::*;

    fn limit(id: &str, max: u32, unit: CapUnit) -> PingLimit {
        let period = CapPeriod { unit, every: 1, zone: TimeZone::UTC };
        PingLimit { id: id.into(), name: id.into(), max, period }
    }

    #[test]
    fn what_is_over_a_limit_waits_for_the_next_period_and_counts_nowhere() {
        let limits = PingLimits::default();
        let both = [limit("a", 2, CapUnit::Minute), limit("b", 3, CapUnit::Hour)];
        let count = |at: &str| limits.count(both.iter(), at.parse().unwrap()).map_err(|wait| wait.as_secs());
        assert_eq!(count("2026-01-15T12:00:10Z"), Ok(()));
        assert_eq!(count("2026-01-15T12:00:20Z"), Ok(()));
        assert_eq!(count("2026-01-15T12:00:23Z"), Err(37));
        assert_eq!(count("2026-01-15T12:01:00Z"), Ok(()));
        assert_eq!(count("2026-01-15T12:01:00Z"), Err(3540));
        assert_eq!(count("2026-01-15T13:00:00Z"), Ok(()));
    }
}
