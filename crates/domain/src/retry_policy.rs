//! When a delivery that met a fault is tried again.

use std::time::Duration;

/// How often and when a delivery is tried again. Only faults are; a buyer's no is an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// How many attempts there are in all, the first included; at least 1.
    pub attempts: u32,
    /// How long to wait before the second attempt, the third and so on; the last stands for all that
    /// follow.
    pub backoff: Vec<Duration>,
}

/// Most attempts of one delivery.
pub const ATTEMPTS_MAX: u32 = 20;
/// Longest wait between two attempts.
pub const BACKOFF_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// The waits of a policy that names none.
pub const DEFAULT_BACKOFF: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(3600),
];
/// By how much of a wait chance may lengthen it, so that leads which failed together do not come back
/// together: one part in this many.
const JITTER_PART: u32 = 5;

impl Default for RetryPolicy {
    /// One attempt.
    fn default() -> RetryPolicy {
        RetryPolicy { attempts: 1, backoff: DEFAULT_BACKOFF.to_vec() }
    }
}

impl RetryPolicy {
    /// How long to wait after attempt number `failed` (1 for the first) met a fault; nothing when that
    /// was the last. `asked` is what the other side asked for (`Retry-After`), which is never
    /// undercut, within [`BACKOFF_MAX`]; `chance` is any number, and spreads the waits.
    pub fn wait_after(&self, failed: u32, asked: Option<Duration>, chance: u32) -> Option<Duration> {
        if failed >= self.attempts {
            return None;
        }
        let at = usize::try_from(failed.saturating_sub(1)).unwrap_or(usize::MAX);
        let base = self.backoff.get(at).or(self.backoff.last()).copied().unwrap_or(DEFAULT_BACKOFF[0]);
        let spread = base / JITTER_PART;
        let jitter = spread.mul_f64(f64::from(chance) / f64::from(u32::MAX));
        let wait = base.max(asked.unwrap_or_default()) + jitter;
        // Whole milliseconds, as events tell them.
        let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Some(Duration::from_millis(millis).min(BACKOFF_MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn waits_follow_the_policy_and_end_with_the_attempts() {
        let policy = RetryPolicy { attempts: 4, backoff: vec![10 * SECOND, 60 * SECOND] };
        let waits: Vec<_> = (1..=5).map(|failed| policy.wait_after(failed, None, 0)).collect();
        assert_eq!(waits, [Some(10 * SECOND), Some(60 * SECOND), Some(60 * SECOND), None, None]);
        assert_eq!(RetryPolicy::default().wait_after(1, None, 0), None);
    }

    #[test]
    fn chance_lengthens_a_wait_by_a_fifth_at_most() {
        let policy = RetryPolicy { attempts: 2, backoff: vec![10 * SECOND] };
        assert_eq!(policy.wait_after(1, None, u32::MAX), Some(12 * SECOND));
        assert_eq!(policy.wait_after(1, None, u32::MAX / 2), Some(11 * SECOND));
    }

    #[test]
    fn what_the_other_side_asks_for_is_not_undercut_within_bounds() {
        let policy = RetryPolicy { attempts: 2, backoff: vec![10 * SECOND] };
        assert_eq!(policy.wait_after(1, Some(120 * SECOND), 0), Some(120 * SECOND));
        assert_eq!(policy.wait_after(1, Some(2 * SECOND), 0), Some(10 * SECOND));
        assert_eq!(policy.wait_after(1, Some(Duration::MAX / 2), 0), Some(BACKOFF_MAX));
    }
}
