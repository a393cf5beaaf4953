//! How often each source submitted, for the limits that its flow sets. In memory only: a restart begins anew.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use domain::{FlowId, IntakeLimits, IntakePeriod, SourceId};

use super::Refusal;

/// A period under way.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// By the monotonic clock.
    began: Duration,
    count: u32,
}

/// Counts of every source of a flow that has limits, so there are no more of them than such sources.
#[derive(Debug, Default)]
pub(crate) struct IntakeCounters {
    windows: Mutex<HashMap<(FlowId, SourceId), [Window; IntakePeriod::ALL.len()]>>,
}

impl IntakeCounters {
    /// Counts a submission, or refuses it when one limit is reached; what is refused does not count.
    /// A period begins with the first submission after the one before ended.
    pub(crate) fn admit(
        &self,
        flow_id: &FlowId,
        source_id: &SourceId,
        limits: &IntakeLimits,
        now: Duration,
    ) -> Result<(), Refusal> {
        if !limits.any() {
            return Ok(());
        }
        let mut all = self.windows.lock().unwrap_or_else(PoisonError::into_inner);
        let windows = all.entry((flow_id.clone(), source_id.clone())).or_default();
        for (window, period) in windows.iter_mut().zip(IntakePeriod::ALL) {
            if window.count == 0 || now >= window.began + period.length() {
                *window = Window { began: now, count: 0 };
            }
        }
        let reached = limits.iter().filter_map(|(period, max)| {
            let window = windows[period as usize];
            let left = (window.began + period.length()).saturating_sub(now);
            (window.count >= max).then_some((left, period, max))
        });
        // Of several the one that lasts longest.
        if let Some((left, period, max)) = reached.max_by_key(|(left, _, _)| *left) {
            let retry_after_s = left.as_millis().div_ceil(1000).max(1) as u64;
            return Err(Refusal::TooOften { period, max, retry_after_s });
        }
        for window in windows {
            window.count = window.count.saturating_add(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_for_its_period_and_says_when_it_ends() {
        let counters = IntakeCounters::default();
        let limits = IntakeLimits { per_second: Some(2), per_minute: Some(3), ..IntakeLimits::default() };
        let admit = |source: &str, millis: u64| {
            let (flow_id, source_id) = ("flow_a".parse().unwrap(), source.parse().unwrap());
            match counters.admit(&flow_id, &source_id, &limits, Duration::from_millis(millis)) {
                Ok(()) => "taken".to_owned(),
                Err(Refusal::TooOften { period, max, retry_after_s }) => {
                    format!("{max} a {} in {retry_after_s} s", period.as_str())
                }
                Err(other) => panic!("{other:?}"),
            }
        };
        assert_eq!(admit("src_a", 5_000), "taken");
        assert_eq!(admit("src_a", 5_999), "taken");
        assert_eq!(admit("src_a", 5_999), "2 a second in 1 s");
        assert_eq!(admit("src_b", 5_999), "taken", "each source has its own");
        assert_eq!(admit("src_a", 6_000), "taken", "what is refused does not count");
        assert_eq!(admit("src_a", 7_000), "3 a minute in 58 s");
        assert_eq!(admit("src_a", 64_999), "3 a minute in 1 s");
        assert_eq!(admit("src_a", 65_000), "taken");
    }
}
