//! How many calls began within the last period.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// Parts of a period that are counted apart. A call counts until the last one of its part began a whole period ago, so
/// that never more than the limit begin within any period, and less than a twentieth of the time is lost.
const PARTS: u32 = 20;

/// Counts of one period.
#[derive(Debug)]
pub(super) struct Window {
    period: Duration,
    /// Oldest first.
    parts: VecDeque<Part>,
    count: u32,
}

/// Calls that began close to each other.
#[derive(Debug)]
struct Part {
    first: Instant,
    last: Instant,
    calls: u32,
}

impl Window {
    pub(super) fn new(period: Duration) -> Window {
        Window { period, parts: VecDeque::new(), count: 0 }
    }

    /// When the next call may begin; nothing when that is now.
    pub(super) fn full_until(&mut self, max: u32, now: Instant) -> Option<Instant> {
        while let Some(part) = self.parts.front().filter(|part| part.last + self.period <= now) {
            self.count -= part.calls;
            self.parts.pop_front();
        }
        let mut left = self.count;
        for part in &self.parts {
            if left < max {
                break;
            }
            left -= part.calls;
            if left < max {
                return Some(part.last + self.period);
            }
        }
        None
    }

    /// A call begins.
    pub(super) fn count(&mut self, now: Instant) {
        self.count += 1;
        let length = self.period / PARTS;
        match self.parts.back_mut().filter(|part| now < part.first + length) {
            Some(part) => {
                part.last = now;
                part.calls += 1;
            }
            None => self.parts.push_back(Part { first: now, last: now, calls: 1 }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// However calls come, no period sees more than its limit, and who waits is let in when it was told.
        #[test]
        fn never_more_than_the_limit_begin_within_a_period(
            max in 1..20_u32, gaps in prop::collection::vec(0..400_u64, 1..200),
        ) {
            let period = Duration::from_secs(1);
            let mut window = Window::new(period);
            let mut now = Instant::now();
            let mut begun: Vec<Instant> = Vec::new();
            for gap in gaps {
                now += Duration::from_millis(gap);
                while let Some(until) = window.full_until(max, now) {
                    prop_assert!(until > now);
                    now = until;
                }
                window.count(now);
                begun.push(now);
                let recent = begun.iter().filter(|began| now.duration_since(**began) < period).count();
                prop_assert!(recent <= max as usize, "{recent} of {max}");
            }
            prop_assert!(window.parts.len() <= PARTS as usize + 2);
        }
    }

    #[test]
    fn a_full_period_ends_when_its_first_calls_are_over_and_never_later_than_a_period_from_the_last() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut window = Window::new(Duration::from_secs(1));
        for ms in [0, 10, 600] {
            assert_eq!(window.full_until(3, at(ms)), None);
            window.count(at(ms));
        }
        assert_eq!(window.full_until(3, at(700)), Some(at(1_010)));
        assert_eq!(window.full_until(1, at(700)), Some(at(1_600)), "a limit that was lowered meanwhile");
        assert_eq!(window.full_until(3, at(1_010)), None);
    }
}
