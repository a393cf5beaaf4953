//! What is planted in the history, so that there is something to find: one lead of each story.

use domain::Timestamp;

use super::calendar::Trouble;
use super::letters::{Field, Letter, Source};
use super::parties::{
    BLUEBIRD, HARBOR, KEYSTONE, NORTHFIELD, OLDEST_VEHICLE, PREMIER, ReportKind, SHINGLE, Script,
};
use super::people::{LOUISIANA, PLACES, Person, TEXAS};
use crate::chance::Chance;

/// Something worth finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Story {
    Outage,
    CapReached,
    QualityDrop,
    NegativeMargin,
    RetryDelivered,
    TwoOfThree,
    Converted,
    Returned,
    ReturnedTooLate,
}

/// A number that works, on a mobile line.
const GOOD_PHONE_END: &str = "42";
/// The window that Keystone has for returns, in seconds.
const KEYSTONE_WINDOW_S: u64 = 4 * 3600;

impl Story {
    pub(super) const ALL: [Story; 9] = [
        Story::Outage,
        Story::CapReached,
        Story::QualityDrop,
        Story::NegativeMargin,
        Story::RetryDelivered,
        Story::TwoOfThree,
        Story::Converted,
        Story::Returned,
        Story::ReturnedTooLate,
    ];

    /// What there is to see.
    pub(super) fn title(self) -> &'static str {
        match self {
            Story::Outage => {
                "Phone Validation did not answer within 5000 ms, as for 25 minutes that day; the flow went on"
            }
            Story::CapReached => "Sunbelt says: Daily cap reached (100/100); the lead went to the next buyer",
            Story::QualityDrop => "Rate Radar sends a number that nobody has: Incomplete contact data",
            Story::NegativeMargin => "Sunny Clicks asked 14.00 for it, Shingle Co paid 9.50",
            Story::RetryDelivered => {
                "Harbor Mutual was down: two faults, delivered at the third attempt, after the source was told: No buyer"
            }
            Story::TwoOfThree => "Sold to two insurers, refused by the third",
            Story::Converted => "Sold, and hours later the person became a customer",
            Story::Returned => "Sold, then given back: the revenue is taken back",
            Story::ReturnedTooLate => "Given back after more than four hours: refused, the revenue stands",
        }
    }

    /// The lead of the story, and when it comes in.
    pub(super) fn letter(self, script: &Script) -> (Timestamp, Letter) {
        let calendar = &script.calendar;
        let text = |text: &str| Field::Text(text.to_owned());
        let person = self.person(script);
        let mut chance = Chance::of(script.seed, &["story", self.title()]);
        let mut letter = |source| Letter::of(source, &person, &mut chance);
        match self {
            Story::Outage => {
                let mut letter = letter(Source::WebForm);
                letter.set("home_owner", Field::Bool(true));
                (calendar.during(Trouble::PhoneOutage, 0.5), letter)
            }
            Story::CapReached => {
                let mut letter = letter(Source::SunnyClicks);
                letter.set("product", text("roof"));
                letter.set("home_owner", text("yes"));
                (calendar.during(Trouble::SunbeltFull, 0.1), letter)
            }
            Story::QualityDrop => {
                let mut letter = letter(Source::RateRadar);
                letter.break_phone();
                (calendar.during(Trouble::RadarDrops, 0.05), letter)
            }
            Story::NegativeMargin => {
                let mut letter = letter(Source::SunnyClicks);
                letter.set("product", text("roof"));
                letter.set("home_owner", text("yes"));
                letter.set("price", text("14.00"));
                (calendar.part(0.3), letter)
            }
            Story::RetryDelivered => {
                let mut letter = letter(Source::QuoteEngine);
                letter.set("insured", Field::Bool(false));
                // Bluebird wants none this old, so the source gets its answer before Harbor takes it.
                letter.set("vehicle_year", Field::Number(OLDEST_VEHICLE - 9));
                // The first retry, after half a minute, still meets the trouble; the second, two later, does not.
                (calendar.during(Trouble::HarborDown, 0.88), letter)
            }
            Story::TwoOfThree => {
                let mut letter = letter(Source::QuoteEngine);
                letter.set("insured", Field::Bool(true));
                letter.set("vehicle_year", Field::Number(OLDEST_VEHICLE - 9));
                (calendar.part(0.55), letter)
            }
            Story::Converted => {
                let mut letter = letter(Source::WebForm);
                letter.set("product", text("solar"));
                letter.set("home_owner", Field::Bool(true));
                (calendar.part(0.2), letter)
            }
            Story::Returned => {
                let mut letter = letter(Source::CampusFinder);
                letter.set("age", Field::Number(31));
                letter.set("program", text("nursing"));
                letter.set("finished_school", Field::Bool(true));
                (calendar.part(0.4), letter)
            }
            Story::ReturnedTooLate => {
                let mut letter = letter(Source::QuoteEngine);
                letter.set("insured", Field::Bool(true));
                (calendar.part(0.35), letter)
            }
        }
    }

    /// Somebody about whom the buyers feel as the story wants it.
    fn person(self, script: &Script) -> Person {
        let places: &'static [_] = match self {
            Story::Outage | Story::CapReached | Story::Converted => &TEXAS,
            Story::NegativeMargin => &LOUISIANA,
            Story::QualityDrop
            | Story::RetryDelivered
            | Story::TwoOfThree
            | Story::Returned
            | Story::ReturnedTooLate => &PLACES,
        };
        let mut chance = Chance::of(script.seed, &["person of", self.title()]);
        let mut drawn = std::iter::repeat_with(|| Person::draw(&mut chance, places));
        let mut person =
            drawn.find(|person| self.fits(script, &person.email)).expect("the draws never end, and some fit");
        let kept = person.phone.len() - GOOD_PHONE_END.len();
        person.phone.replace_range(kept.., GOOD_PHONE_END);
        person
    }

    fn fits(self, script: &Script, email: &str) -> bool {
        let takes = |host: &str| script.feeling(host, email).takes;
        let report = |host: &str| script.feeling(host, email).report;
        match self {
            Story::Outage => takes(PREMIER),
            Story::CapReached => !takes(PREMIER) && takes(SHINGLE),
            Story::QualityDrop => true,
            Story::NegativeMargin => takes(SHINGLE) && report(SHINGLE).is_none(),
            Story::RetryDelivered => takes(HARBOR) && report(HARBOR).is_none(),
            Story::TwoOfThree => {
                let stays = |host| takes(host) && report(host).is_none();
                stays(HARBOR) && stays(KEYSTONE)
            }
            Story::Converted => takes(PREMIER) && matches!(report(PREMIER), Some((_, ReportKind::Converted))),
            Story::Returned => {
                takes(NORTHFIELD) && matches!(report(NORTHFIELD), Some((_, ReportKind::Returned(_))))
            }
            Story::ReturnedTooLate => {
                [HARBOR, BLUEBIRD].iter().all(|host| report(host).is_none())
                    && takes(KEYSTONE)
                    && matches!(report(KEYSTONE), Some((after, ReportKind::Returned(_)))
                        if after.as_secs() > KEYSTONE_WINDOW_S)
            }
        }
    }
}
