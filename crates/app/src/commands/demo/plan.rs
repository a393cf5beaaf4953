//! The day of history: which lead comes in when.

use domain::Timestamp;

use super::calendar::{BUSIEST, busyness};
use super::letters::Letter;
use super::parties::Script;
use super::stories::Story;
use crate::chance::Chance;

/// A lead of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Arrival {
    pub(super) at: Timestamp,
    pub(super) letter: Letter,
    /// What it is planted for; nothing for most.
    pub(super) story: Option<Story>,
}

/// As many leads as are asked for, oldest first; the stories are among them.
pub(super) fn plan(script: &Script, leads: u32) -> Vec<Arrival> {
    let count = usize::try_from(leads).unwrap_or(usize::MAX);
    let planted = Story::ALL.into_iter().take(count).map(|story| {
        let (at, letter) = story.letter(script);
        Arrival { at, letter, story: Some(story) }
    });
    let mut arrivals: Vec<Arrival> = planted.collect();
    let mut chance = Chance::of(script.seed, &["arrivals"]);
    while arrivals.len() < count {
        let at = script.calendar.part(chance.unit());
        // Busy hours keep more of what is drawn evenly over the day.
        if chance.happens(busyness(at) / BUSIEST) {
            let letter = Letter::draw(script, &mut chance, at, false);
            arrivals.push(Arrival { at, letter, story: None });
        }
    }
    arrivals.sort_by_key(|arrival| arrival.at);
    arrivals
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::calendar::Calendar;

    fn script(seed: u64) -> Script {
        Script { seed, calendar: Calendar::ending("2026-01-15T20:00:00.000Z".parse().unwrap()) }
    }

    #[test]
    fn a_seed_gives_one_day_and_another_seed_another() {
        let first = plan(&script(1), 300);
        assert_eq!(first, plan(&script(1), 300));
        assert_ne!(first, plan(&script(2), 300));
        assert_eq!(first.len(), 300);
    }

    #[test]
    fn every_story_is_planted_for_any_seed() {
        for seed in 0..20 {
            let script = script(seed);
            let arrivals = plan(&script, 50);
            for story in Story::ALL {
                let planted = arrivals.iter().filter(|arrival| arrival.story == Some(story));
                assert_eq!(planted.count(), 1, "{story:?}");
            }
            let (start, end) = (script.calendar.start(), script.calendar.end());
            assert!(arrivals.iter().all(|arrival| (start..end).contains(&arrival.at)));
        }
        assert_eq!(plan(&script(1), 4).len(), 4);
    }
}
