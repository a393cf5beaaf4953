//! Seeded histories of appends, barriers, crashes and restarts, played to the ledger on a disk that
//! can lose power at any call, and held against a model. `docs/testing.md` tells the rules.
//!
//! ```text
//! cargo test -p ledger --test histories                                    1,500 histories
//! GLASSLINE_HISTORIES=20000 cargo test -p ledger --release --test histories
//! GLASSLINE_SEED=17 cargo test -p ledger --test histories                  that one alone
//! ```

use std::ops::Range;
use std::time::Instant;

use testkit::histories::{Failed, History, Played, shrink};
use testkit::ledger_log::play;

const HISTORIES: u64 = 1_500;

/// Which seeds to play, as the environment says.
fn seeds() -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse().expect("a number"));
    match number("GLASSLINE_SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("GLASSLINE_HISTORIES").unwrap_or(HISTORIES),
    }
}

#[test]
fn what_was_acknowledged_or_seen_is_there_after_any_crash() {
    let began = Instant::now();
    let seeds = seeds();
    let mut total = Played::default();
    for seed in seeds.clone() {
        let Played { acknowledged, handed, starts, failed_starts, calls } =
            play(&History::draw(seed), None).unwrap_or_else(|failed| explain(&failed));
        total.acknowledged += acknowledged;
        total.handed += handed;
        total.starts += starts;
        total.failed_starts += failed_starts;
        total.calls += calls;
    }
    let histories = seeds.end - seeds.start;
    println!("{histories} histories in {:.1?}: {total:?}", began.elapsed());
    if histories > 100 {
        // They are worth something: much is acknowledged, much is lost, and not only starts fail.
        assert!(total.acknowledged > 3 * histories && total.handed > total.acknowledged + histories);
        assert!(total.starts > 5 * histories && total.failed_starts > histories);
    }
}

/// Tells of a failure: the seed and how to run it alone, the history, what the disk saw, and what
/// is left of the history when all that does not matter is cut away.
fn explain(failed: &Failed) -> ! {
    let seed = failed.history.seed;
    let same =
        |candidate: &History| play(candidate, None).is_err_and(|other| other.broken.is_like(&failed.broken));
    let shrunk = shrink(&failed.history, same);
    panic!(
        "seed {seed}: {failed}\ncut down to:\n{shrunk}\n\
         alone: GLASSLINE_SEED={seed} cargo test -p ledger --test histories"
    );
}
