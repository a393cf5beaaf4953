//! The whole engine in simulated worlds: hostile buyers and services, clients that send again, operators,
//! and crashes at any call of the disk. `docs/testing.md` tells the rules.
//!
//! ```text
//! cargo test -p engine --test simulation                                    200 histories
//! GLASSLINE_HISTORIES=5000 cargo test -p engine --release --test simulation
//! GLASSLINE_SEED=17 cargo test -p engine --test simulation                  that one alone
//! ```

#![expect(clippy::print_stdout, reason = "it tells which seed noticed")]

use std::ops::Range;
use std::time::Instant;

use engine::{Barrier, Barriers};
use testkit::simulation::{Failed, Plan, Played, Setting, play};

const HISTORIES: u64 = 200;

/// Which seeds to play, as the environment says.
fn seeds() -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    let first = number("GLASSLINE_FIRST_SEED").unwrap_or(0);
    match number("GLASSLINE_SEED") {
        Some(seed) => seed..seed + 1,
        None => first..first + number("GLASSLINE_HISTORIES").unwrap_or(HISTORIES),
    }
}

fn explain(failed: &Failed) -> ! {
    let seed = failed.seed;
    panic!("{failed}\nalone: GLASSLINE_SEED={seed} cargo test -p engine --test simulation")
}

#[test]
fn leads_answers_and_money_hold_whatever_parties_and_disks_do() {
    let began = Instant::now();
    let seeds = seeds();
    let mut total = Played::default();
    for seed in seeds.clone() {
        total += play(&Plan::draw(seed), Setting::default()).unwrap_or_else(|failed| explain(&failed));
    }
    let histories = seeds.end - seeds.start;
    println!("{histories} histories in {:.1?}: {total:?}", began.elapsed());
    if histories > 100 {
        // They are worth something: faults strike, retries come, and answers are asked for again.
        assert!(total.faults > histories / 2 && total.retries > 3 * histories && total.sales > 3 * histories);
        assert!(total.unknown > histories / 10 && total.replays > histories / 2);
        assert!(
            total.returns > histories / 10 && total.told > histories / 20 && total.found > histories / 20
        );
        assert!(total.group_sales > histories && total.at_deadline > histories / 10);
        assert!(total.pings > histories && total.offers_taken > histories / 2);
        assert!(total.shares > histories / 10 && total.passed_by > histories / 20);
        assert!(total.capped > histories / 2 && total.twins > histories / 10);
        // Starts go on from checkpoints, though their disk fails, too.
        assert!(total.from_checkpoints > histories && total.checkpoint_faults > histories / 5);
        assert!(total.resent > histories && total.kept_back > histories);
    }
}

#[test]
fn a_seed_is_one_history_however_often_it_is_played() {
    for seed in [3, 4] {
        let play = || play(&Plan::draw(seed), Setting::default()).unwrap_or_else(|failed| explain(&failed));
        assert_eq!(play(), play(), "seed {seed}");
    }
}

/// Looks for the first seed that breaks one of these rules without the barrier; with all barriers the
/// same seed breaks none.
fn noticed(barrier: Barrier, looks_at_once: bool, seeds: u64, rules: &[&str]) {
    let setting = Setting { barriers: Barriers::without(barrier), looks_at_once };
    let failed = (0..seeds)
        .filter_map(|seed| play(&Plan::draw(seed), setting).err())
        .find(|failed| rules.iter().any(|rule| failed.rule.contains(rule)));
    let failed = failed.unwrap_or_else(|| panic!("{seeds} seeds do not notice that {barrier:?} is missing"));
    println!("without {barrier:?}: seed {}: {}", failed.seed, failed.rule);
    play(&failed.plan, Setting { barriers: Barriers::ALL, ..setting })
        .unwrap_or_else(|failed| explain(&failed));
}

#[test]
fn without_the_barrier_before_an_answer_a_client_hears_what_is_not_durable() {
    noticed(Barrier::BeforeAnswer, true, 5, &["is answered, and its end is not durable"]);
}

/// Nobody looks into the ledger while it runs: it is the crash that tells.
#[test]
fn without_the_barrier_before_an_answer_a_crash_takes_away_what_a_client_was_told() {
    let rules = ["was not told what", "which has no end", "was told two things"];
    noticed(Barrier::BeforeAnswer, false, 150, &rules);
}

#[test]
fn without_the_barrier_before_a_delivery_a_buyer_is_asked_for_what_is_not_durable() {
    noticed(Barrier::BeforeDelivery, true, 5, &["and 0 attempts are durable"]);
}

/// Nobody looks into the ledger while it runs: it is the crash that tells.
#[test]
fn without_the_barrier_before_a_delivery_a_crash_leaves_a_buyer_with_two_ids_or_an_unknown_one() {
    noticed(Barrier::BeforeDelivery, false, 20, &["sees two delivery ids", "attempts are recorded"]);
}
