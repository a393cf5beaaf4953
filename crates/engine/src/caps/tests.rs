use domain::{CapPeriod, CapUnit, TimeZone};

use super::*;

fn cap(limit: CapLimit) -> Cap {
    Cap {
        id: "buyer_x/daily_cap".into(),
        name: "Daily cap".into(),
        limit,
        period: CapPeriod { unit: CapUnit::Day, every: 1, zone: TimeZone::UTC },
        when: None,
        reason: None,
    }
}

fn lead(number: u32) -> LeadId {
    format!("lead_{number:024x}").parse().unwrap()
}

fn step() -> StepId {
    "premier".parse().unwrap()
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

const NOON: &str = "2026-01-15T12:00:00Z";

/// A script of `reserve 1`, `used 1`, `free 1`, with an amount where it is about money; tells what each
/// reservation came to, and how the cap stands.
fn check(limit: CapLimit, script: &str, wanted: &str) {
    let caps = Caps::default();
    let cap = cap(limit);
    let mut told = String::new();
    let mut now = at(NOON);
    for line in script.split(", ") {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |place: usize| words.get(place).and_then(|word| word.parse::<u32>().ok());
        let amount = words.get(2).map(|word| word.parse::<Money>().unwrap());
        match words[0] {
            "reserve" => {
                let in_use = CapInUse { cap: &cap, since: Timestamp::MIN, amount };
                let result = caps.reserve(lead(number(1).unwrap()), Some(&step()), &[in_use], now);
                told.push_str(if result.is_ok() { "+" } else { "-" });
            }
            "used" => {
                let amount = amount.unwrap_or(Money::ZERO);
                caps.inner().settle(&(lead(number(1).unwrap()), Some(step())), Some(amount));
            }
            "free" => caps.inner().settle(&(lead(number(1).unwrap()), Some(step())), None),
            "at" => now = at(words[1]),
            other => panic!("{other}"),
        }
    }
    let count = caps.count(&cap, Timestamp::MIN, now);
    told.push_str(&format!(" {} used {} reserved {} refused", count.used, count.reserved, count.refused));
    assert_eq!(told, wanted, "{script}");
}

#[test]
fn a_unit_is_reserved_then_used_or_free_again() {
    let two = CapLimit::Leads(2);
    check(two, "reserve 1, reserve 2, reserve 3", "++- 0 used 2 reserved 1 refused");
    check(two, "reserve 1, reserve 2, free 1, reserve 3", "+++ 0 used 2 reserved 0 refused");
    check(two, "reserve 1, used 1, reserve 2, reserve 3", "++- 1 used 1 reserved 1 refused");
    check(two, "reserve 1, reserve 1, reserve 1", "+++ 0 used 1 reserved 0 refused");
    check(CapLimit::Leads(0), "reserve 1", "- 0 used 0 reserved 1 refused");
}

#[test]
fn a_budget_reserves_the_most_and_settles_at_the_price() {
    let budget = CapLimit::Spend("50".parse().unwrap());
    check(budget, "reserve 1 25, reserve 2 25, reserve 3 0.01", "++- 0 used 50 reserved 1 refused");
    check(budget, "reserve 1 25, reserve 2 25, used 1 10, reserve 3 15", "+++ 10 used 40 reserved 0 refused");
    check(budget, "reserve 1 50, used 1 50, reserve 2 0", "++ 50 used 0 reserved 0 refused");
    check(budget, "reserve 1", "- 0 used 0 reserved 1 refused");
}

#[test]
fn a_unit_counts_where_it_was_reserved() {
    let one = CapLimit::Leads(1);
    check(one, "reserve 1, at 2026-01-16T00:00:00Z, reserve 2", "++ 0 used 1 reserved 0 refused");
    check(one, "reserve 1, at 2026-01-16T00:00:00Z, used 1", "+ 0 used 0 reserved 0 refused");
    // The clock is set back: the day before is as full as it was.
    let back = "reserve 1, used 1, at 2026-01-16T00:00:00Z, reserve 2, at 2026-01-15T23:00:00Z, reserve 3";
    check(one, back, "++- 1 used 0 reserved 1 refused");
    let far = "reserve 1, used 1, at 2026-01-16T00:00:00Z, reserve 2, at 2026-01-17T00:00:00Z, reserve 3, \
               at 2026-01-01T00:00:00Z, reserve 4";
    check(one, far, "+++- 1 used 0 reserved 1 refused");
}

#[test]
fn when_one_cap_is_full_no_other_counts() {
    let caps = Caps::default();
    let (wide, narrow) = (cap(CapLimit::Leads(10)), Cap { id: "x/y".into(), ..cap(CapLimit::Leads(0)) });
    let in_use = [&wide, &narrow].map(|cap| CapInUse { cap, since: Timestamp::MIN, amount: None });
    let full = caps.reserve(lead(1), None, &in_use, at(NOON)).unwrap_err();
    assert_eq!(&*full.reason.text, "Daily cap reached (0/0)");
    assert_eq!(caps.count(&wide, Timestamp::MIN, at(NOON)).reserved, CapLimit::Leads(0));
    let ids = caps.reserve(lead(1), None, &in_use[..1], at(NOON)).unwrap();
    assert_eq!(ids, [Arc::clone(&wide.id)]);
}

#[test]
fn a_counter_goes_on_under_another_maximum_and_begins_again_in_another_period() {
    let caps = Caps::default();
    let old = cap(CapLimit::Leads(1));
    let in_use = CapInUse { cap: &old, since: Timestamp::MIN, amount: None };
    caps.reserve(lead(1), None, &[in_use], at(NOON)).unwrap();
    let count = |cap: &Cap| caps.count(cap, Timestamp::MIN, at(NOON)).reserved;
    assert_eq!(count(&cap(CapLimit::Leads(7))), CapLimit::Leads(1));
    let period = CapPeriod { every: 2, ..old.period.clone() };
    assert_eq!(count(&Cap { period, ..old.clone() }), CapLimit::Leads(0));
    assert_eq!(caps.count(&old, at(NOON), at(NOON)).reserved, CapLimit::Leads(0));
}
