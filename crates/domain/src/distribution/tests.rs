use proptest::prelude::*;

use super::Strategy;
use super::*;
use crate::{
    Asked, Call, EntityId, EventId, EventKind, Fault, FaultKind, FeedbackPolicy, Field, FieldType, Fields,
    Integration, Lead, NoBid, Operator, Ping, Price, Reason, ReasonCode, RecipientGates, RequestSettings,
    ResponseSettings, Retry, RetryPolicy, Rule, SalePrice, Share, SlotRule, Strictness, Template, TestRule,
    Value, Variables,
};

fn money(text: &str) -> Money {
    text.parse().unwrap()
}

fn request() -> RequestSettings {
    let url = Template::constant(crate::Scalar::Text("https://buyer.example.com/".into()));
    RequestSettings::new(Integration::CustomJson, url)
}

fn recipient(price: SalePrice) -> Recipient {
    Recipient {
        entity_id: "buyer_x".parse().unwrap(),
        request: request(),
        response: ResponseSettings::default(),
        timeout: Duration::from_secs(10),
        price,
        retry: RetryPolicy::default(),
        feedback: FeedbackPolicy::default(),
        on_revoked: None,
        is_copy: false,
        gates: RecipientGates::default(),
        weight: 1,
        ping: None,
        on_error: SlotRule::Next,
        on_unknown: SlotRule::Hold,
        test: TestRule::Deliver,
    }
}

fn step(id: &str, recipient: Recipient) -> Step {
    Step {
        id: id.parse().unwrap(),
        enabled: true,
        when: None,
        limits: crate::Limits::default(),
        kind: StepKind::Recipient(Box::new(recipient)),
    }
}

fn group(strategy: Strategy, max_sales: u32, recipients: Vec<Step>) -> Distribution {
    Distribution {
        strategy,
        max_sales,
        min_margin: None,
        ping_timeout: DEFAULT_PING_TIMEOUT,
        on_unsold: None,
        recipients,
    }
}

fn call(id: &StepId) -> Call {
    let entity_id: EntityId = "buyer_x".parse().unwrap();
    Call { step_id: id.clone(), entity_id, integration: "custom_json".into(), response_code: None }
}

fn retry(attempt: u32) -> Retry {
    let delivery_id: EventId = "evt_018d0d882e839a41d06f0001".parse().unwrap();
    Retry { attempt, delivery_id }
}

fn reason(code: ReasonCode) -> Reason {
    Reason::new(code, "why")
}

/// What came of one attempt, as a script says: `sold`, `no`, `fault`, `lost`; with `…+` another attempt
/// waits.
fn attempt(offers: &mut Offers, id: &StepId, number: u32, word: &str, price: Money) {
    offers.after(&EventKind::RecipientAttempted { call: call(id), retry: retry(number), caps: vec![] });
    let fault = |kind| EventKind::RecipientError {
        call: call(id),
        retry: retry(number),
        fault: Fault { kind, reason: reason(ReasonCode::Unknown) },
    };
    offers.after(&match word.trim_end_matches('+') {
        "sold" => EventKind::RecipientDelivered {
            call: call(id),
            retry: retry(number),
            price: Price { amount: price, below_floor: false, copy: false },
        },
        "no" => EventKind::RecipientFailed {
            asked: Asked::Yes { call: call(id), retry: retry(number) },
            reason: reason(ReasonCode::Declined),
        },
        "fault" => fault(FaultKind::Status),
        "lost" => fault(FaultKind::Timeout),
        other => panic!("{other} is not an end of an attempt"),
    });
    if word.ends_with('+') {
        offers.after(&EventKind::RetryScheduled {
            step_id: id.clone(),
            entity_id: "buyer_x".parse().unwrap(),
            retry: retry(number + 1),
            due: crate::Timestamp::from_millis(0),
            reason: None,
        });
    }
}

fn skip(offers: &mut Offers, id: &StepId, code: ReasonCode) {
    offers.after(&EventKind::RecipientSkipped {
        step_id: id.clone(),
        entity_id: "buyer_x".parse().unwrap(),
        reason: reason(code),
    });
}

/// Plays a group whose recipients answer as the script says (`a: lost+ sold, b: no`), first pass, then one
/// round of retries after the other; tells whom it asked, and how it ended.
struct Play {
    group: Distribution,
    offers: Offers,
    turns: Turns,
    cost: Cost,
    paused: Vec<String>,
    told: Vec<String>,
}

impl Play {
    fn new(group: Distribution) -> Play {
        Play {
            group,
            offers: Offers::default(),
            turns: Turns::default(),
            cost: Cost::Known(Money::ZERO),
            paused: vec![],
            told: vec![],
        }
    }

    fn pass(&mut self, script: &[(&str, &[&str])]) {
        let words = |id: &StepId| {
            script.iter().find(|(own, _)| *own == id.as_str()).map_or(&["sold"][..], |(_, words)| *words)
        };
        let group = self.group.clone();
        loop {
            assert!(self.group.taken(&self.offers) <= self.group.max_sales, "{:?}", self.told);
            let lead = Lead::new();
            let paused = self.paused.clone();
            let closed = |step: &Step, _: &Recipient| {
                paused.contains(&step.id.to_string()).then(|| reason(ReasonCode::Paused))
            };
            let variables = Variables::of(&lead);
            let view = GroupView {
                offers: &self.offers,
                variables: &variables,
                strictness: Strictness::Whole,
                cost: self.cost,
                closed: &closed,
            };
            match group.next(view) {
                GroupNext::Over => return,
                GroupNext::Skip { step, reason, .. } => {
                    self.told.push(format!("{} skipped {}", step.id, reason.code));
                    skip(&mut self.offers, &step.id, reason.code);
                }
                GroupNext::Ping(steps) => {
                    for step in steps {
                        let word = words(&step.id)[0];
                        let bid =
                            word.parse::<Money>().map_err(|_| NoBid::Declined(reason(ReasonCode::Declined)));
                        self.told.push(format!("{} bids {word}", step.id));
                        self.offers.after(&EventKind::RecipientBid { call: call(&step.id), bid });
                    }
                }
                GroupNext::TakeTurn(steps) => {
                    let candidates: Vec<Candidate> =
                        steps.iter().map(|(step, weight)| (step.id.clone(), *weight)).collect();
                    let first = self.turns.choose(&candidates).unwrap();
                    self.turns.take(&candidates, &first);
                    self.ask(&first, words(&first));
                }
                GroupNext::Ask(step) => self.ask(&step.id, words(&step.id)),
            }
        }
    }

    fn ask(&mut self, id: &StepId, words: &[&str]) {
        let words: Vec<&&str> = words.iter().filter(|word| word.parse::<Money>().is_err()).collect();
        let word = words.first().map_or("sold", |word| **word);
        let price = self.offers.bid(id).unwrap_or(money("10"));
        self.told.push(format!("{id} {word}"));
        attempt(&mut self.offers, id, 1, word, price);
    }

    /// The retry of one recipient.
    fn retry(&mut self, id: &str, number: u32, word: &str) {
        let id: StepId = id.parse().unwrap();
        let group = self.group.clone();
        let (step, recipient) =
            group.recipients.iter().filter_map(as_recipient).find(|(step, _)| step.id == id).unwrap();
        if group.is_free_for(step, recipient, &self.offers) {
            self.told.push(format!("{id} {word}"));
            attempt(&mut self.offers, &id, number, word, money("10"));
        } else {
            self.told.push(format!("{id} sold elsewhere"));
            skip(&mut self.offers, &id, ReasonCode::SoldElsewhere);
        }
    }

    fn end(&self) -> String {
        let GroupResult { outcome, sold, revenue, winner } = self.group.result(&self.offers);
        let winner = winner.map_or(String::new(), |winner| format!(", won by {winner}"));
        format!("{}: {outcome}, {sold} sold for {revenue}{winner}", self.told.join(", "))
    }
}

fn three(price: &SalePrice) -> Vec<Step> {
    ["a", "b", "c"].map(|id| step(id, recipient(price.clone()))).to_vec()
}

fn bidders() -> Vec<Step> {
    let ping = Ping { request: request(), response: ResponseSettings::default() };
    let bidder = Recipient { ping: Some(ping), ..recipient(SalePrice::FromBid { floor: Some(money("5")) }) };
    ["a", "b", "c"].map(|id| step(id, bidder.clone())).to_vec()
}

fn check(group: Distribution, script: &[(&str, &[&str])], wanted: &str) {
    let mut play = Play::new(group);
    play.pass(script);
    assert_eq!(play.end(), wanted);
}

#[test]
fn a_waterfall_asks_in_order_until_all_that_may_have_the_lead_have_it() {
    let fixed = SalePrice::Fixed(money("10"));
    let waterfall = |max_sales| group(Strategy::Waterfall, max_sales, three(&fixed));
    check(waterfall(1), &[], "a sold: success, 1 sold for 10, won by a");
    check(waterfall(1), &[("a", &["no"])], "a no, b sold: success, 1 sold for 10, won by b");
    check(waterfall(2), &[("b", &["no"])], "a sold, b no, c sold: success, 2 sold for 20, won by a");
    let none: &[(&str, &[&str])] = &[("a", &["no"]), ("b", &["fault"]), ("c", &["no"])];
    check(waterfall(1), none, "a no, b fault, c no: failure, 0 sold for 0");
    check(group(Strategy::All, 100, three(&fixed)), none, "a no, b fault, c no: failure, 0 sold for 0");
    check(
        group(Strategy::All, 100, three(&fixed)),
        &[],
        "a sold, b sold, c sold: success, 3 sold for 30, won by a",
    );
}

#[test]
fn a_known_fault_lets_the_next_one_have_it_and_the_retry_finds_it_sold() {
    let mut play = Play::new(group(Strategy::Waterfall, 1, three(&SalePrice::default())));
    play.pass(&[("a", &["fault+"])]);
    play.retry("a", 2, "sold");
    assert_eq!(play.end(), "a fault+, b sold, a sold elsewhere: success, 1 sold for 10, won by b");
}

#[test]
fn a_retry_sells_while_a_sale_is_free() {
    let mut play = Play::new(group(Strategy::Waterfall, 1, three(&SalePrice::default())));
    play.pass(&[("a", &["fault+"]), ("b", &["no"]), ("c", &["no"])]);
    play.retry("a", 2, "sold");
    assert_eq!(play.end(), "a fault+, b no, c no, a sold: success, 1 sold for 10, won by a");
}

#[test]
fn a_fault_that_holds_keeps_the_sale_for_its_retries() {
    let mut recipients = three(&SalePrice::default());
    let StepKind::Recipient(first) = &mut recipients[0].kind else { panic!("a recipient") };
    first.on_error = SlotRule::Hold;
    let mut play = Play::new(group(Strategy::Waterfall, 1, recipients));
    play.pass(&[("a", &["fault+"])]);
    assert_eq!(play.end(), "a fault+: error, 0 sold for 0");
    play.retry("a", 2, "fault");
    play.pass(&[]);
    assert_eq!(play.end(), "a fault+, a fault, b sold: success, 1 sold for 10, won by b");
}

#[test]
fn an_unknown_end_holds_the_sale_until_somebody_tells() {
    let mut play = Play::new(group(Strategy::Waterfall, 1, three(&SalePrice::default())));
    play.pass(&[("a", &["lost+"])]);
    play.retry("a", 2, "fault+");
    play.pass(&[]);
    play.retry("a", 3, "lost");
    play.pass(&[]);
    assert_eq!(play.end(), "a lost+, a fault+, a lost: error, 0 sold for 0");
    play.offers.after(&EventKind::RecipientFailed {
        asked: Asked::Yes { call: call(&"a".parse().unwrap()), retry: retry(3) },
        reason: reason(ReasonCode::Declined),
    });
    play.pass(&[]);
    assert_eq!(play.end(), "a lost+, a fault+, a lost, b sold: success, 1 sold for 10, won by b");
}

#[test]
fn an_unknown_end_may_be_left_to_chance() {
    let mut recipients = three(&SalePrice::default());
    let StepKind::Recipient(first) = &mut recipients[0].kind else { panic!("a recipient") };
    first.on_unknown = SlotRule::Next;
    let mut play = Play::new(group(Strategy::Waterfall, 1, recipients));
    play.pass(&[("a", &["lost+"])]);
    play.retry("a", 2, "sold");
    assert_eq!(play.end(), "a lost+, b sold, a sold elsewhere: success, 1 sold for 10, won by b");
}

#[test]
fn the_highest_bid_has_it_and_ties_go_by_the_list() {
    let auction = |max_sales| group(Strategy::HighestBid, max_sales, bidders());
    let bids: &[(&str, &[&str])] = &[("a", &["7"]), ("b", &["9.50"]), ("c", &["9.50"])];
    check(auction(1), bids, "a bids 7, b bids 9.50, c bids 9.50, b sold: success, 1 sold for 9.5, won by b");
    let refused: &[(&str, &[&str])] = &[("a", &["7"]), ("b", &["9", "no"]), ("c", &["none"])];
    check(
        auction(2),
        refused,
        "a bids 7, b bids 9, c bids none, b no, a sold: success, 1 sold for 7, won by a",
    );
    let low: &[(&str, &[&str])] = &[("a", &["4.99"]), ("b", &["5"]), ("c", &["1"])];
    check(
        auction(3),
        low,
        "a bids 4.99, b bids 5, c bids 1, a skipped price, c skipped price, b sold: success, 1 sold for 5, won by b",
    );
}

#[test]
fn who_cannot_be_asked_is_not_pinged() {
    let mut play = Play::new(group(Strategy::HighestBid, 1, bidders()));
    play.paused = vec!["b".to_owned()];
    play.pass(&[("a", &["7"]), ("c", &["6"])]);
    assert_eq!(play.end(), "b skipped paused, a bids 7, c bids 6, a sold: success, 1 sold for 7, won by a");
}

#[test]
fn who_loses_a_turn_is_told_why() {
    for strategy in [Strategy::RoundRobin, Strategy::Weighted] {
        let mut play = Play::new(group(strategy, 1, three(&SalePrice::Fixed(money("10")))));
        play.paused = vec!["a".to_owned(), "c".to_owned()];
        play.pass(&[]);
        let wanted = "a skipped paused, c skipped paused, b sold: success, 1 sold for 10, won by b";
        assert_eq!(play.end(), wanted, "{strategy:?}");
    }
}

#[test]
fn an_offer_that_leaves_too_little_is_not_taken() {
    let mut recipients = three(&SalePrice::Fixed(money("10")));
    recipients[0] = step("a", recipient(SalePrice::Fixed(money("9.99"))));
    let mut play = Play::new(group(Strategy::Waterfall, 1, recipients));
    play.group.min_margin = Some(money("2"));
    play.cost = Cost::Known(money("8"));
    play.pass(&[]);
    assert_eq!(play.end(), "a skipped price, b sold: success, 1 sold for 10, won by b");
    assert!(play.group.is_below_margin(money("9.99"), play.cost));
    assert!(!play.group.is_below_margin(money("10"), Cost::Share(Share::from_millionths(800_000).unwrap())));
}

#[test]
fn conditions_choose_among_the_recipients() {
    let fields = Fields::new(vec![Field::new("state".parse().unwrap(), FieldType::State)]).unwrap();
    let in_texas = Rule::new(&fields, "lead.state", Operator::Equal, Some(&Value::text("TX"))).unwrap();
    let mut recipients = three(&SalePrice::default());
    recipients[0].when = Some(in_texas.into());
    recipients[1].enabled = false;
    check(
        group(Strategy::Waterfall, 1, recipients),
        &[],
        "a skipped criteria, c sold: success, 1 sold for 10, won by c",
    );
}

#[test]
fn turns_go_around_and_those_after_the_first_follow_in_order() {
    let mut turns = Turns::default();
    let mut told = Vec::new();
    for round in 0..4 {
        let mut play = Play::new(group(Strategy::RoundRobin, 1, three(&SalePrice::default())));
        play.turns = turns;
        let refuses: &[(&str, &[&str])] = if round == 1 { &[("b", &["no"])] } else { &[] };
        play.pass(refuses);
        told.push(play.told.join(", "));
        turns = play.turns;
    }
    assert_eq!(told, ["a sold", "b no, c sold", "c sold", "a sold"]);
}

#[test]
fn who_is_away_neither_gains_nor_loses_turns() {
    let ids = ["a", "b", "c"].map(|id| id.parse::<StepId>().unwrap());
    let all: Vec<Candidate> = ids.iter().map(|id| (id.clone(), 1)).collect();
    let mut turns = Turns::default();
    let mut counts = [0_i32; 3];
    let mut take = |turns: &mut Turns, candidates: &[Candidate]| {
        let first = turns.choose(candidates).unwrap();
        turns.take(candidates, &first);
        counts[ids.iter().position(|id| *id == first).unwrap()] += 1;
    };
    for _ in 0..100 {
        take(&mut turns, &all[..2]);
    }
    for _ in 0..30 {
        take(&mut turns, &all);
    }
    assert_eq!(counts, [60, 60, 10]);
}

#[test]
fn a_turn_given_back_was_never_taken() {
    let all: Vec<Candidate> = ["a", "b"].iter().map(|id| (id.parse().unwrap(), 3)).collect();
    let mut turns = Turns::default();
    let first = turns.choose(&all).unwrap();
    turns.take(&all, &first);
    turns.give_back(&all, &first);
    assert_eq!(turns.choose(&all), Some(first));
    assert_eq!(turns.choose(&[]), None);
}

#[test]
fn an_unsold_group_may_end_the_flow() {
    let mut play = Play::new(group(Strategy::Waterfall, 1, three(&SalePrice::default())));
    let reason = "Nobody wants it".into();
    play.group.on_unsold = Some(Unsold { outcome: Ending::Failure, reason });
    play.pass(&[("a", &["no"]), ("b", &["no"]), ("c", &["lost+"])]);
    let (outcome, _) = play.group.unsold_end(&play.offers).unwrap();
    assert_eq!(outcome, Outcome::Error);
    play.retry("c", 2, "no");
    let (outcome, reason) = play.group.unsold_end(&play.offers).unwrap();
    assert_eq!((outcome, &*reason.unwrap().text), (Outcome::Failure, "Nobody wants it"));
}

#[test]
fn who_waits_is_told_whether_a_buyer_may_have_the_lead_or_is_asked_again() {
    let mut recipients = three(&SalePrice::default());
    for step in &mut recipients {
        let StepKind::Recipient(recipient) = &mut step.kind else { panic!("a recipient") };
        recipient.on_error = SlotRule::Hold;
    }
    let mut play = Play::new(group(Strategy::Waterfall, 2, recipients));
    play.group.on_unsold = Some(Unsold { outcome: Ending::Failure, reason: "Nobody wants it".into() });
    let told = |play: &Play| {
        let (outcome, reason) = play.group.unsold_end(&play.offers).unwrap();
        let reason = reason.unwrap();
        format!("{outcome} {}: {}", reason.code, reason.text)
    };
    let held = "error no_buyer: No buyer has the lead yet; it is held for a buyer that is asked again";
    let unknown = "error unknown: A buyer may have the lead; its answer is awaited";
    play.pass(&[("a", &["fault+"]), ("b", &["lost+"])]);
    assert_eq!(told(&play), unknown);
    play.retry("b", 2, "no");
    assert_eq!(told(&play), held);
    play.retry("a", 2, "lost");
    assert_eq!(told(&play), unknown);
}

const ENDS: [&str; 6] = ["sold", "no", "fault", "lost", "fault+", "lost+"];

proptest! {
    #[test]
    fn no_script_sells_a_lead_too_often_or_asks_twice(
        strategy in prop::sample::select(Strategy::ALL.to_vec()),
        max_sales in 1_u32..4,
        policies in prop::collection::vec((any::<bool>(), any::<bool>(), 1_u32..5, any::<bool>()), 1..6),
        ends in prop::collection::vec(prop::collection::vec(prop::sample::select(ENDS.to_vec()), 4), 6),
        retries in prop::collection::vec(0_usize..6, 0..20),
    ) {
        let ping = Ping { request: request(), response: ResponseSettings::default() };
        let recipients: Vec<Step> = policies.iter().enumerate().map(|(at, (next, hold, weight, pings))| {
            let ping = (strategy == Strategy::HighestBid && *pings).then(|| ping.clone());
            let on_unknown = if *next { SlotRule::Next } else { SlotRule::Hold };
            let on_error = if *hold { SlotRule::Hold } else { SlotRule::Next };
            step(&format!("r{at}"), Recipient { weight: *weight, ping, on_unknown, on_error, ..recipient(SalePrice::default()) })
        }).collect();
        let ids: Vec<String> = recipients.iter().map(|step| step.id.to_string()).collect();
        let firsts: Vec<[&str; 1]> = ends.iter().map(|words| [words[0]]).collect();
        let script: Vec<(&str, &[&str])> =
            ids.iter().zip(&firsts).map(|(id, words)| (id.as_str(), &words[..])).collect();
        let play = || -> Result<Vec<String>, TestCaseError> {
            let mut play = Play::new(group(strategy, max_sales, recipients.clone()));
            play.pass(&script);
            let mut number = vec![1; ids.len()];
            for at in retries.iter().map(|at| at % ids.len()) {
                let waits = matches!(
                    play.offers.stand(&ids[at].parse().unwrap()),
                    Some(Stand::Waiting { .. })
                );
                if !waits { continue }
                number[at] += 1;
                let word = ends[at].get(number[at] as usize - 1).copied().unwrap_or("no");
                play.retry(&ids[at], number[at], word);
                prop_assert!(play.group.result(&play.offers).sold <= max_sales, "{:?}", play.told);
                play.pass(&script);
            }
            prop_assert!(play.group.result(&play.offers).sold <= max_sales, "{:?}", play.told);
            let mut asked: Vec<&StepId> = play.offers.asked().collect();
            let count = asked.len();
            asked.sort();
            asked.dedup();
            prop_assert_eq!(asked.len(), count, "{:?}", play.told);
            Ok(play.told)
        };
        prop_assert_eq!(play()?, play()?);
    }

    #[test]
    fn shares_are_exact_to_one_at_every_moment(
        weights in prop::collection::vec(1_u32..50, 1..8),
        count in 1_i64..400,
    ) {
        let all: Vec<Candidate> = weights
            .iter()
            .enumerate()
            .map(|(at, weight)| (format!("r{at}").parse().unwrap(), *weight))
            .collect();
        let sum: i64 = weights.iter().map(|weight| i64::from(*weight)).sum();
        let mut turns = Turns::default();
        let mut counts = vec![0_i64; all.len()];
        for taken in 1..=count {
            let first = turns.choose(&all).unwrap();
            turns.take(&all, &first);
            counts[all.iter().position(|(id, _)| *id == first).unwrap()] += 1;
            for (own, (_, weight)) in counts.iter().zip(&all) {
                let ahead = own * sum - taken * i64::from(*weight);
                prop_assert!(ahead.abs() < sum, "{counts:?} of {taken}");
            }
        }
    }

    #[test]
    fn turns_that_a_crash_took_away_are_taken_again(
        lost in prop::collection::vec((1_usize..60, prop::collection::vec(any::<bool>(), 8)), 10),
    ) {
        let all: Vec<Candidate> = (0..3).map(|at| (format!("r{at}").parse().unwrap(), 1)).collect();
        // Turns that are durable, and those in flight when the process dies.
        let mut durable: Vec<StepId> = Vec::new();
        for (many, flight) in lost {
            let mut turns = Turns::default();
            durable.iter().for_each(|first| turns.take(&all, first));
            for at in 0..many + flight.len() {
                let first = turns.choose(&all).unwrap();
                turns.take(&all, &first);
                if at < many || flight[at - many] {
                    durable.push(first);
                }
            }
        }
        let mut turns = Turns::default();
        durable.iter().for_each(|first| turns.take(&all, first));
        for _ in 0..30 {
            let first = turns.choose(&all).unwrap();
            turns.take(&all, &first);
            durable.push(first);
        }
        let counts: Vec<usize> =
            all.iter().map(|(id, _)| durable.iter().filter(|first| *first == id).count()).collect();
        prop_assert!(counts.iter().max().unwrap() - counts.iter().min().unwrap() <= 1, "{counts:?}");
    }
}
