//! How often each source submits, and how many of its leads are under way, for the limits that its flow and its
//! entity set. In memory only: a restart begins anew.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::{FlowId, LimitPeriod, Limits, SourceId};

use super::Refusal;

/// A period under way.
#[derive(Debug, Clone, Copy, Default)]
struct Window {
    /// By the monotonic clock.
    began: Duration,
    count: u32,
}

/// What is counted of a source, in one flow or in all together.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    windows: [Window; LimitPeriod::ALL.len()],
    under_way: u32,
}

/// A source in one flow, or in all together.
type Owner = (Option<FlowId>, SourceId);

/// The limits of a source: its flow's, and its own in all flows together.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SourceLimits {
    pub(crate) in_flow: Limits,
    pub(crate) in_all: Limits,
}

/// Counts of every source of a flow, so there are no more of them than such sources.
#[derive(Debug, Default)]
pub(crate) struct IntakeCounters {
    counts: Mutex<HashMap<Owner, Counts>>,
}

/// A lead under way; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct LeadUnderWay {
    counters: Arc<IntakeCounters>,
    owners: [Owner; 2],
}

impl Drop for LeadUnderWay {
    fn drop(&mut self) {
        let mut all = self.counters.counts();
        for owner in &self.owners {
            if let Some(counts) = all.get_mut(owner) {
                counts.under_way -= 1;
            }
        }
    }
}

impl SourceLimits {
    fn each(&self, flow_id: &FlowId, source_id: &SourceId) -> [(Owner, Limits); 2] {
        [((Some(flow_id.clone()), source_id.clone()), self.in_flow), ((None, source_id.clone()), self.in_all)]
    }
}

impl IntakeCounters {
    fn counts(&self) -> MutexGuard<'_, HashMap<Owner, Counts>> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts a submission, or refuses it when one limit of a period is reached; what is refused does not
    /// count. A period begins with the first submission after the one before ended.
    pub(crate) fn admit(
        &self,
        flow_id: &FlowId,
        source_id: &SourceId,
        limits: &SourceLimits,
        now: Duration,
    ) -> Result<(), Refusal> {
        let each = limits.each(flow_id, source_id);
        if each.iter().all(|(_, limits)| limits.rates().next().is_none()) {
            return Ok(());
        }
        let mut all = self.counts();
        let mut reached: Option<(Duration, LimitPeriod, u32)> = None;
        for (owner, limits) in &each {
            let windows = &mut all.entry(owner.clone()).or_default().windows;
            for (window, period) in windows.iter_mut().zip(LimitPeriod::ALL) {
                if window.count == 0 || now >= window.began + period.length() {
                    *window = Window { began: now, count: 0 };
                }
            }
            for (period, max) in limits.rates() {
                let window = windows[period as usize];
                let left = (window.began + period.length()).saturating_sub(now);
                // Of several the one that lasts longest.
                if window.count >= max && reached.is_none_or(|(other, _, _)| left >= other) {
                    reached = Some((left, period, max));
                }
            }
        }
        if let Some((left, period, max)) = reached {
            let retry_after_s = left.as_millis().div_ceil(1000).max(1) as u64;
            return Err(Refusal::TooOften { period, max, retry_after_s });
        }
        for (owner, _) in &each {
            for window in all.get_mut(owner).into_iter().flat_map(|counts| &mut counts.windows) {
                window.count = window.count.saturating_add(1);
            }
        }
        Ok(())
    }

    /// Begins a lead, or refuses it when as many as may be are under way.
    pub(crate) fn begin(
        self: &Arc<IntakeCounters>,
        flow_id: &FlowId,
        source_id: &SourceId,
        limits: &SourceLimits,
    ) -> Result<LeadUnderWay, Refusal> {
        let each = limits.each(flow_id, source_id);
        let mut all = self.counts();
        for (owner, limits) in &each {
            let under_way = all.get(owner).map_or(0, |counts| counts.under_way);
            if let Some(max) = limits.concurrent.filter(|max| under_way >= *max) {
                return Err(Refusal::TooMany { max });
            }
        }
        for (owner, _) in &each {
            all.entry(owner.clone()).or_default().under_way += 1;
        }
        let owners = each.map(|(owner, _)| owner);
        Ok(LeadUnderWay { counters: Arc::clone(self), owners })
    }

    /// How many leads of each source are under way in each flow, in their order.
    pub(crate) fn under_way(&self) -> Vec<(FlowId, SourceId, u32)> {
        let all = self.counts();
        let in_flows = all.iter().filter_map(|((flow_id, source_id), counts)| {
            Some((flow_id.clone()?, source_id.clone(), counts.under_way))
        });
        let mut in_flows: Vec<_> = in_flows.collect();
        in_flows.sort();
        in_flows
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits(in_flow: Limits, in_all: Limits) -> SourceLimits {
        SourceLimits { in_flow, in_all }
    }

    fn admit(
        counters: &IntakeCounters,
        limits: &SourceLimits,
        flow: &str,
        source: &str,
        millis: u64,
    ) -> String {
        let (flow_id, source_id) = (flow.parse().unwrap(), source.parse().unwrap());
        match counters.admit(&flow_id, &source_id, limits, Duration::from_millis(millis)) {
            Ok(()) => "taken".to_owned(),
            Err(Refusal::TooOften { period, max, retry_after_s }) => {
                format!("{max} a {period} in {retry_after_s} s")
            }
            Err(other) => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_limit_holds_for_its_period_and_says_when_it_ends() {
        let counters = IntakeCounters::default();
        let in_flow = Limits { per_second: Some(2), per_minute: Some(3), ..Limits::default() };
        let limits = limits(in_flow, Limits::default());
        let admit = |source: &str, millis: u64| admit(&counters, &limits, "flow_a", source, millis);
        assert_eq!(admit("src_a", 5_000), "taken");
        assert_eq!(admit("src_a", 5_999), "taken");
        assert_eq!(admit("src_a", 5_999), "2 a second in 1 s");
        assert_eq!(admit("src_b", 5_999), "taken", "each source has its own");
        assert_eq!(admit("src_a", 6_000), "taken", "what is refused does not count");
        assert_eq!(admit("src_a", 7_000), "3 a minute in 58 s");
        assert_eq!(admit("src_a", 64_999), "3 a minute in 1 s");
        assert_eq!(admit("src_a", 65_000), "taken");
    }

    #[test]
    fn a_limit_of_the_source_itself_holds_for_all_flows_together() {
        let counters = IntakeCounters::default();
        let in_all = Limits { per_minute: Some(2), ..Limits::default() };
        let limits = limits(Limits { per_second: Some(1), ..Limits::default() }, in_all);
        let admit = |flow: &str, millis: u64| admit(&counters, &limits, flow, "src_a", millis);
        assert_eq!(admit("flow_a", 0), "taken");
        assert_eq!(admit("flow_a", 500), "1 a second in 1 s");
        assert_eq!(admit("flow_b", 500), "taken");
        assert_eq!(admit("flow_c", 2_000), "2 a minute in 58 s");
        assert_eq!(admit("flow_c", 60_000), "taken");
    }

    #[test]
    fn so_many_leads_are_under_way_at_a_time_in_a_flow_and_in_all() {
        let counters = Arc::new(IntakeCounters::default());
        let at_a_time = |max| Limits { concurrent: Some(max), ..Limits::default() };
        let begin = |flow: &str| {
            let limits = limits(at_a_time(2), at_a_time(3));
            counters.begin(&flow.parse().unwrap(), &"src_a".parse().unwrap(), &limits)
        };
        let first = begin("flow_a").unwrap();
        let _second = begin("flow_a").unwrap();
        assert_eq!(begin("flow_a").unwrap_err(), Refusal::TooMany { max: 2 });
        let _third = begin("flow_b").unwrap();
        assert_eq!(begin("flow_b").unwrap_err(), Refusal::TooMany { max: 3 });
        drop(first);
        let _fourth = begin("flow_b").unwrap();
        let told: Vec<String> = counters
            .under_way()
            .iter()
            .map(|(flow, source, count)| format!("{flow} {source} {count}"))
            .collect();
        assert_eq!(told, ["flow_a src_a 1", "flow_b src_a 2"]);
    }
}
