//! Counters as a checkpoint keeps them. Caps are named by their place among all there are, so a checkpoint is
//! good only where there are the same.

use std::collections::HashMap;

use domain::{Cap, CapLimit, LeadId, LeadIdKind, StepId, Timestamp};
use serde::{Deserialize, Serialize};

use super::{CapInUse, Caps, Hold, Period, Unit};

/// A cap that there is, or was in an earlier version of a flow.
#[derive(Debug)]
pub(crate) struct KnownCap {
    pub(crate) cap: Cap,
    pub(crate) since: Timestamp,
}

/// What all caps count, and who holds units of them.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct KeptCaps {
    counters: Vec<KeptCounter>,
    holds: Vec<KeptHold>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptCounter {
    /// Place of its cap among all that are known.
    cap: u32,
    periods: Vec<KeptPeriod>,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptPeriod {
    start: i64,
    end: i64,
    used: i64,
    reserved: i64,
}

#[derive(Debug, Serialize, Deserialize)]
struct KeptHold {
    lead: [u8; 12],
    step: Option<String>,
    at: i64,
    unknown: bool,
    /// Place in `counters`, start of the period, amount.
    units: Vec<(u32, i64, i64)>,
}

impl KnownCap {
    fn in_use(&self) -> CapInUse<'_> {
        CapInUse { cap: &self.cap, since: self.since, amount: None }
    }
}

impl KeptCaps {
    /// Whether all its places are there, of so many caps.
    pub(crate) fn fits(&self, caps: usize) -> bool {
        let counters = self.counters.len();
        self.counters.iter().all(|counter| (counter.cap as usize) < caps)
            && self.holds.iter().flat_map(|hold| &hold.units).all(|unit| (unit.0 as usize) < counters)
            && self.holds.iter().flat_map(|hold| &hold.step).all(|step| step.parse::<StepId>().is_ok())
    }
}

impl Caps {
    /// What counts from a moment on: periods that reach into that time, and what was reserved in it.
    pub(crate) fn keep(&self, caps: &[KnownCap], since: Timestamp) -> KeptCaps {
        let inner = self.inner();
        let number = |length: usize| u32::try_from(length).expect("caps are few");
        let mut places: HashMap<usize, u32> = HashMap::new();
        let mut counters = Vec::new();
        for (cap, known) in caps.iter().enumerate() {
            let Some(place) = inner.known_counter(&known.in_use()) else { continue };
            if places.contains_key(&place) {
                continue;
            }
            places.insert(place, number(counters.len()));
            let periods = inner.counters[place].periods.iter().filter(|period| period.end > since);
            let period = |period: &Period| KeptPeriod {
                start: period.start.as_millis(),
                end: period.end.as_millis(),
                used: period.used,
                reserved: period.reserved,
            };
            counters.push(KeptCounter { cap: number(cap), periods: periods.map(period).collect() });
        }
        let holds = inner.holds.iter().filter(|(_, hold)| hold.at >= since);
        let unit = |unit: &Unit| Some((*places.get(&unit.counter)?, unit.start.as_millis(), unit.amount));
        let holds = holds.map(|((lead_id, step_id), hold)| KeptHold {
            lead: *lead_id.as_bytes(),
            step: step_id.as_ref().map(ToString::to_string),
            at: hold.at.as_millis(),
            unknown: hold.unknown,
            units: hold.units.iter().filter_map(unit).collect(),
        });
        KeptCaps { counters, holds: holds.collect() }
    }

    /// Puts what was kept into empty counters, as far as it counts from a moment on. It must
    /// [fit](KeptCaps::fits).
    pub(crate) fn take_up(&self, kept: &KeptCaps, caps: &[KnownCap], since: Timestamp) {
        let mut inner = self.inner();
        let mut places = Vec::with_capacity(kept.counters.len());
        for counter in &kept.counters {
            let place = inner.counter(&caps[counter.cap as usize].in_use());
            let periods = counter.periods.iter().map(|period| Period {
                start: Timestamp::from_millis(period.start),
                end: Timestamp::from_millis(period.end),
                used: period.used,
                reserved: period.reserved,
                refused: 0,
            });
            inner.counters[place].periods.extend(periods.filter(|period| period.end > since));
            places.push(place);
        }
        for hold in &kept.holds {
            let at = Timestamp::from_millis(hold.at);
            let step_id = hold.step.as_ref().map(|id| id.parse().expect("it fits"));
            if at < since {
                continue;
            }
            let unit = |&(counter, start, amount): &(u32, i64, i64)| Unit {
                counter: places[counter as usize],
                start: Timestamp::from_millis(start),
                amount,
                guessed: false,
            };
            let key = (LeadId::from_bytes(LeadIdKind::Lead, hold.lead), step_id);
            let units = hold.units.iter().map(unit).collect();
            inner.holds.insert(key, Hold { at, units, unknown: hold.unknown });
        }
        inner.holds_kept = inner.holds.len();
    }

    /// The leads that hold units.
    pub(crate) fn holders(&self) -> Vec<LeadId> {
        self.inner().holds.keys().map(|(lead_id, _)| *lead_id).collect()
    }

    /// All that counts from a moment on, in words and in order.
    pub(crate) fn tell(&self, since: Timestamp) -> Vec<String> {
        let inner = self.inner();
        let mut told = Vec::new();
        for counter in &inner.counters {
            for period in counter.periods.iter().filter(|period| period.start >= since) {
                let Period { start, end, used, reserved, refused: _ } = period;
                let Cap { id, limit, period, when, name: _, reason: _ } = &counter.cap;
                // How much it lets through is not the counter's.
                let counts = match limit {
                    CapLimit::Leads(_) => "leads",
                    CapLimit::Spend(_) => "spend",
                };
                let own_since = counter.since;
                told.push(format!(
                    "cap {id} of {counts} {period:?} {when:?} since {own_since}, {start} to {end}: {used} used {reserved} \
                     reserved"
                ));
            }
        }
        for ((lead_id, step_id), hold) in inner.holds.iter().filter(|(_, hold)| hold.at >= since) {
            let mut units: Vec<_> = hold.units.iter().collect();
            units.sort_by_key(|unit| (inner.counters[unit.counter].cap.id.clone(), unit.start));
            let unit = |unit: &&Unit| {
                format!("{} of {} in {}", unit.amount, inner.counters[unit.counter].cap.id, unit.start)
            };
            let units: Vec<_> = units.iter().map(unit).collect();
            let (at, unknown) = (hold.at, hold.unknown);
            told.push(format!("hold {lead_id} {step_id:?} at {at}, end unknown {unknown}: {units:?}"));
        }
        told.sort_unstable();
        told
    }
}
