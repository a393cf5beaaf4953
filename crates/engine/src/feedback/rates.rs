//! How much of what was sold came back or became customers, by party, flow and day of the sale. What is here can
//! be rebuilt from the events at any start.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::{
    Counts, Day, EntityId, Event, EventKind, FlowId, Number, RATE_DAYS_MAX, RateName, RateOf, Reason,
    ReturnLimit, Value,
};

use crate::run::Run;

/// A sale, as it is counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SoldLead {
    pub(crate) buyer: EntityId,
    pub(crate) source: EntityId,
    pub(crate) flow_id: FlowId,
    /// When it was sold, by the calendar of the flow.
    pub(crate) day: Day,
}

/// For how many days counts are kept: leads can be given back for two years, and the period of the sale may have
/// begun a month before it.
pub(crate) const KEPT_DAYS: u16 = 2 * 366 + 31;
const _: () = assert!(KEPT_DAYS > RATE_DAYS_MAX);

/// All counts. Cheap to clone; all clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Rates {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    parties: HashMap<EntityId, HashMap<FlowId, BTreeMap<Day, Counts>>>,
}

impl Rates {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A lead was sold.
    pub(crate) fn sold(&self, sold: &SoldLead) {
        self.inner().count(sold, |counts| counts.sold += 1);
    }

    /// A sold lead became a customer, for the first time.
    pub(crate) fn converted(&self, sold: &SoldLead) {
        self.inner().count(sold, |counts| counts.converted += 1);
    }

    /// A sold lead came back.
    pub(crate) fn returned(&self, sold: &SoldLead) {
        self.inner().count(sold, |counts| counts.returned += 1);
    }

    /// Counts a sold lead that is to come back, unless its buyer gave back as much as it may of what it bought in
    /// the same flow and period: of two at once no more are let through than fit.
    pub(crate) fn take_return(&self, sold: &SoldLead, limit: Option<&ReturnLimit>) -> Result<(), Reason> {
        let mut inner = self.inner();
        if let Some(limit) = limit {
            let days = inner.parties.get(&sold.buyer).and_then(|flows| flows.get(&sold.flow_id));
            let period = limit.per.around(sold.day);
            let counts =
                days.into_iter().flat_map(|days| days.range(period.clone())).map(|(_, counts)| *counts);
            let Counts { sold: bought, returned, .. } = counts.fold(Counts::default(), Counts::plus);
            if let Some(reason) = limit.refusal(sold.day, bought, returned) {
                return Err(reason);
            }
        }
        inner.count(sold, |counts| counts.returned += 1);
        Ok(())
    }

    /// A figure as it stands today, over all flows.
    pub(crate) fn figure(&self, name: &RateName, source: &EntityId, today: Day) -> Option<Number> {
        let party = match &name.of {
            RateOf::Source => source,
            RateOf::Party(id) => id,
        };
        let inner = self.inner();
        // The present day is one of them. Elsewhere it may be tomorrow already.
        let days = today.back(name.days - 1)..;
        let flows = inner.parties.get(party).into_iter().flat_map(HashMap::values);
        let counts = flows.flat_map(|own| own.range(days.clone())).map(|(_, counts)| *counts);
        counts.fold(Counts::default(), Counts::plus).figure(name.kind)
    }
}

impl Run {
    /// Counts what is sold by these events.
    pub(crate) fn count_sales(&self, events: &[Event]) {
        for event in events {
            if let EventKind::RecipientDelivered { call, price, .. } = &event.kind
                && let Some(sold) = self.sold_to(&call.entity_id, price.copy, event.head.at)
            {
                self.context.rates.sold(&sold);
            }
        }
    }

    /// Puts the figures that rules look at into the lead, as they stand when it is taken: it is judged by the
    /// same at every step.
    pub(crate) fn append_rates(&mut self) {
        let flow = Arc::clone(&self.flow);
        if flow.flow.rates().is_empty() {
            return;
        }
        let source = EntityId::from(self.story.source_id.clone());
        let today = self.context.control.day_of(flow.flow.id(), self.story.submitted_at);
        for name in flow.flow.rates() {
            if let Some(figure) = self.context.rates.figure(name, &source, today) {
                self.story.lead.set(name.path(), Value::from(figure));
            }
        }
    }
}

impl Inner {
    fn count(&mut self, sold: &SoldLead, change: impl Fn(&mut Counts)) {
        for party in [&sold.buyer, &sold.source] {
            let flows = self.parties.entry(party.clone()).or_default();
            let days = flows.entry(sold.flow_id.clone()).or_default();
            change(days.entry(sold.day).or_default());
            let newest = *days.keys().next_back().expect("a day was just counted");
            while days.keys().next().is_some_and(|oldest| *oldest < newest.back(KEPT_DAYS)) {
                days.pop_first();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::{ReturnPeriod, TimeZone};

    use super::*;

    fn day(date: &str) -> Day {
        Day::at(format!("{date}T12:00:00Z").parse().unwrap(), &TimeZone::UTC)
    }

    fn sold(buyer: &str, flow: &str, date: &str) -> SoldLead {
        SoldLead {
            buyer: buyer.parse().unwrap(),
            source: "src_web".parse().unwrap(),
            flow_id: flow.parse().unwrap(),
            day: day(date),
        }
    }

    fn figure(rates: &Rates, name: &str, today: &str) -> String {
        let figure = rates.figure(&name.parse().unwrap(), &"src_web".parse().unwrap(), day(today));
        figure.map_or("nothing".to_owned(), |number| number.to_string())
    }

    #[test]
    fn figures_are_of_the_leads_sold_in_the_days_that_are_looked_at() {
        let rates = Rates::default();
        for date in ["2024-01-01", "2024-01-15", "2024-01-31"] {
            rates.sold(&sold("buyer_a", "flow_a", date));
            rates.sold(&sold("buyer_b", "flow_b", date));
        }
        rates.returned(&sold("buyer_a", "flow_a", "2024-01-01"));
        rates.converted(&sold("buyer_b", "flow_b", "2024-01-31"));
        let check =
            |name: &str, wanted: &str| assert_eq!(figure(&rates, name, "2024-01-31"), wanted, "{name}");
        check("source.sold", "4");
        check("source.sold.31d", "6");
        check("source.return_rate.31d", "0.1667");
        // What came back was sold before.
        check("source.return_rate", "0");
        check("source.sold.1d", "2");
        check("buyer_a.return_rate.31d", "0.3333");
        check("buyer_b.conversion_rate.1d", "1");
        check("buyer_c.return_rate", "nothing");
        check("src_web.converted", "1");
    }

    #[test]
    fn no_more_comes_back_than_the_share_of_a_period_and_a_flow() {
        let rates = Rates::default();
        for date in ["2024-01-01", "2024-01-02", "2024-01-31", "2024-02-01"] {
            rates.sold(&sold("buyer_a", "flow_a", date));
        }
        rates.sold(&sold("buyer_a", "flow_b", "2024-01-01"));
        let limit = ReturnLimit { share: "0.5".parse().unwrap(), per: ReturnPeriod::Month, at_least: 0 };
        let january = sold("buyer_a", "flow_a", "2024-01-31");
        let other = |_: ()| "taken".to_owned();
        let told = |result: Result<(), Reason>| result.map_or_else(|reason| reason.text.to_string(), other);
        assert_eq!(told(rates.take_return(&january, Some(&limit))), "taken");
        let wanted = "Return limit reached (1 of the 3 leads bought in 2024-01, at most 50%)";
        assert_eq!(told(rates.take_return(&january, Some(&limit))), wanted);
        assert_eq!(figure(&rates, "buyer_a.returned", "2024-01-31"), "1", "what is refused is not counted");
        assert!(rates.take_return(&sold("buyer_a", "flow_a", "2024-02-01"), Some(&limit)).is_err());
        assert_eq!(told(rates.take_return(&january, None)), "taken");
    }

    #[test]
    fn what_nothing_can_be_asked_about_any_more_is_let_go() {
        let rates = Rates::default();
        for date in ["2020-01-01", "2022-12-31", "2024-12-31"] {
            rates.sold(&sold("buyer_a", "flow_a", date));
        }
        let kept = rates.inner().parties[&"buyer_a".parse::<EntityId>().unwrap()]
            [&"flow_a".parse::<FlowId>().unwrap()]
            .len();
        assert_eq!(kept, 2);
    }
}
