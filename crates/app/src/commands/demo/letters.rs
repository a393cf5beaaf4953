//! What the sources of the demo send: which person, to which flow, in whose names and form.

use domain::Timestamp;
use serde_json::{Map, Value};

use super::calendar::Trouble;
use super::parties::{OLDEST_VEHICLE, Script};
use super::people::{PLACES, Person, ROOF_PLACES};
use crate::chance::Chance;

/// A submission, before it is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Letter {
    pub(super) source: Source,
    /// Names as the source has them.
    fields: Vec<(&'static str, Field)>,
}

/// A value of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Text(String),
    Number(u32),
    Bool(bool),
}

/// Who sends leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    WebForm,
    SunnyClicks,
    QuoteEngine,
    RateRadar,
    CampusFinder,
    StudyMatch,
    /// The three of the example files.
    WebFormA,
    SunnyPartner,
    AutoExchange,
}

/// Where the example's exchange sends from, as its flow allows.
pub(super) const EXCHANGE_ADDRESS: &str = "203.0.113.7";

impl Source {
    const ALL: [Source; 9] = [
        Source::WebForm,
        Source::SunnyClicks,
        Source::QuoteEngine,
        Source::RateRadar,
        Source::CampusFinder,
        Source::StudyMatch,
        Source::WebFormA,
        Source::SunnyPartner,
        Source::AutoExchange,
    ];

    fn id(self) -> &'static str {
        match self {
            Source::WebForm => "src_web_form",
            Source::SunnyClicks => "src_sunny_clicks",
            Source::QuoteEngine => "src_quote_engine",
            Source::RateRadar => "src_rate_radar",
            Source::CampusFinder => "src_campus_finder",
            Source::StudyMatch => "src_study_match",
            Source::WebFormA => "src_web_a",
            Source::SunnyPartner => "src_partner",
            Source::AutoExchange => "src_exchange",
        }
    }

    fn flow(self) -> &'static str {
        match self {
            Source::WebForm | Source::SunnyClicks => "flow_roofs",
            Source::QuoteEngine | Source::RateRadar => "flow_cars",
            Source::CampusFinder | Source::StudyMatch => "flow_degrees",
            Source::WebFormA | Source::SunnyPartner => "flow_solar",
            Source::AutoExchange => "flow_auto",
        }
    }

    fn visits_roofs(self) -> bool {
        matches!(self.flow(), "flow_roofs" | "flow_solar")
    }

    fn sends_json(self) -> bool {
        matches!(self, Source::WebForm | Source::QuoteEngine | Source::CampusFinder | Source::AutoExchange)
    }

    /// How much of everything it sends, in parts of a hundred.
    fn share(self) -> f64 {
        match self {
            Source::WebForm => 14.0,
            Source::SunnyClicks => 26.0,
            Source::QuoteEngine => 24.0,
            Source::RateRadar => 16.0,
            Source::CampusFinder | Source::StudyMatch => 10.0,
            Source::WebFormA | Source::SunnyPartner => 2.0,
            Source::AutoExchange => 4.0,
        }
    }

    /// Draws one of all, or of those that send by themselves: nobody but the reader of the welcome
    /// fills in the web form live, so that one's own lead is easily found.
    fn draw(chance: &mut Chance, live: bool) -> Source {
        let sending = || Source::ALL.into_iter().filter(|source| !live || *source != Source::WebForm);
        let mut left = chance.unit() * sending().map(Source::share).sum::<f64>();
        let mut drawn = Source::SunnyClicks;
        for source in sending() {
            drawn = source;
            left -= source.share();
            if left < 0.0 {
                break;
            }
        }
        drawn
    }
}

/// How often a source leaves something out or gets it wrong.
const CARELESS: f64 = 0.02;
/// The same for a source whose quality has dropped.
const HOPELESS: f64 = 0.4;

impl Letter {
    /// Draws a submission of the history, or of the live part.
    pub(super) fn draw(script: &Script, chance: &mut Chance, at: Timestamp, live: bool) -> Letter {
        let source = Source::draw(chance, live);
        let places: &'static [_] = if source.visits_roofs() { &ROOF_PLACES } else { &PLACES };
        let person = Person::draw(chance, places);
        let mut letter = Letter::of(source, &person, chance);
        let dropped = source == Source::RateRadar && script.calendar.has(Trouble::RadarDrops, at);
        let fault = if dropped { HOPELESS } else { CARELESS };
        if chance.happens(fault) {
            letter.set("email", Field::Text(String::new()));
        }
        if chance.happens(fault) {
            letter.break_phone();
        }
        letter
    }

    /// What this source sends of this person; what is not of the person is drawn.
    pub(super) fn of(source: Source, person: &Person, chance: &mut Chance) -> Letter {
        let text = |text: &str| Field::Text(text.to_owned());
        let (first, last, mail) = (text(person.first_name), text(person.last_name), text(&person.email));
        let (phone, state, code) = (text(&person.phone), text(person.place.state), text(&person.postal_code));
        // Whom most sources tell of, in the names that the flows have.
        let usual = |more: Vec<(&'static str, Field)>| {
            let person = vec![
                ("first_name", first.clone()),
                ("last_name", last.clone()),
                ("email", mail.clone()),
                ("phone_1", phone.clone()),
                ("postal_code", code.clone()),
                ("state", state.clone()),
            ];
            [person, more].concat()
        };
        let fields = match source {
            Source::WebForm => vec![
                ("first_name", first),
                ("last_name", last),
                ("email", mail),
                ("phone_1", phone),
                ("street", text(&person.street)),
                ("postal_code", code),
                ("state", state),
                ("product", text(chance.pick(&PRODUCTS))),
                ("home_owner", Field::Bool(chance.happens(0.93))),
            ],
            Source::SunnyClicks => vec![
                ("fname", first),
                ("lname", last),
                ("email", mail),
                ("tel", phone),
                ("street", text(&person.street)),
                ("zip", code),
                ("state", state),
                ("product", text(chance.pick(&PRODUCTS))),
                ("home_owner", text(if chance.happens(0.88) { "yes" } else { "no" })),
                ("price", text(&format!("{}.{}0", chance.between(7, 14), chance.between(0, 10)))),
            ],
            Source::QuoteEngine | Source::RateRadar => usual(vec![
                ("vehicle_year", Field::Number(chance.between(OLDEST_VEHICLE - 12, 2026))),
                ("vehicle_make", text(chance.pick(&MAKES))),
                ("coverage", text(chance.pick(&["liability", "full"]))),
                ("insured", Field::Bool(chance.happens(0.7))),
            ]),
            Source::CampusFinder | Source::StudyMatch => {
                let mut fields = usual(vec![
                    ("age", Field::Number(chance.between(17, 52))),
                    ("program", text(chance.pick(&["business", "nursing", "computing", "teaching"]))),
                    ("finished_school", Field::Bool(chance.happens(0.92))),
                ]);
                if source == Source::StudyMatch {
                    fields.push(("price", text(&format!("{}.00", chance.between(9, 19)))));
                }
                fields
            }
            Source::WebFormA => vec![
                ("fname", first),
                ("last_name", last),
                ("email", mail),
                ("phone_1", phone),
                ("postal_code", code),
                ("state", state),
                ("product", text(chance.pick(&PRODUCTS))),
                (
                    "dob",
                    text(&format!(
                        "19{}-0{}-1{}",
                        chance.between(50, 99),
                        chance.between(1, 10),
                        chance.between(0, 10)
                    )),
                ),
                ("consent_url", text(&format!("https://cert.example.com/{}", chance.between(1_000, 10_000)))),
            ],
            Source::SunnyPartner => usual(vec![
                ("product", text(chance.pick(&PRODUCTS))),
                ("price", text(&format!("{}.50", chance.between(6, 13)))),
            ]),
            Source::AutoExchange => vec![
                ("first_name", first),
                ("last_name", last),
                ("email", mail),
                ("phone_1", phone),
                ("state", state),
                // No such number was ever given to anybody.
                ("ssn", text(&format!("219-09-{:04}", chance.between(1, 9_999)))),
                ("year", Field::Number(chance.between(OLDEST_VEHICLE - 12, 2026))),
            ],
        };
        Letter { source, fields }
    }

    /// Gives a field another value.
    pub(super) fn set(&mut self, name: &str, value: Field) {
        if let Some((_, own)) = self.fields.iter_mut().find(|(own, _)| *own == name) {
            *own = value;
        }
    }

    /// Turns the number into one that no area has.
    pub(super) fn break_phone(&mut self) {
        for (name, value) in &mut self.fields {
            if let Field::Text(text) = value
                && matches!(*name, "phone_1" | "tel")
                && let Some((_, number)) = text.split_once(')')
            {
                *text = format!("(000){number}");
            }
        }
    }

    /// What the source asks before it sends the lead, and where: what it would be worth.
    pub(super) fn ping(&self) -> Option<(String, String)> {
        if !matches!(self.source, Source::AutoExchange) {
            return None;
        }
        let told = self.fields.iter().filter(|(name, _)| matches!(*name, "state" | "year")).cloned();
        let told = Letter { source: self.source, fields: told.collect() };
        let path = format!("/flows/{}/sources/{}/ping", self.source.flow(), self.source.id());
        Some((path, told.body()))
    }

    /// The same with the token of an offer; nothing when there was none, and the lead stays where it is.
    pub(super) fn with_offer(mut self, offer: &Value) -> Option<Letter> {
        let token = offer["ping_token"].as_str()?;
        if offer["outcome"] != "success" {
            return None;
        }
        self.fields.push(("ping_token", Field::Text(token.to_owned())));
        Some(self)
    }

    /// Where it is sent.
    pub(super) fn path(&self) -> String {
        format!("/flows/{}/sources/{}/submit", self.source.flow(), self.source.id())
    }

    pub(super) fn content_type(&self) -> &'static str {
        if self.source.sends_json() { "application/json" } else { "application/x-www-form-urlencoded" }
    }

    /// The body; a blank value is left out of JSON.
    pub(super) fn body(&self) -> String {
        if self.source.sends_json() {
            let filled = self.fields.iter().filter(|(_, value)| *value != Field::Text(String::new()));
            let members: Map<String, Value> = filled
                .map(|(name, value)| {
                    let value = match value {
                        Field::Text(text) => Value::from(text.as_str()),
                        Field::Number(number) => Value::from(*number),
                        Field::Bool(yes) => Value::from(*yes),
                    };
                    ((*name).to_owned(), value)
                })
                .collect();
            return Value::Object(members).to_string();
        }
        let mut form = form_urlencoded::Serializer::new(String::new());
        for (name, value) in &self.fields {
            match value {
                Field::Text(text) => form.append_pair(name, text),
                Field::Number(number) => form.append_pair(name, &number.to_string()),
                Field::Bool(yes) => form.append_pair(name, if *yes { "yes" } else { "no" }),
            };
        }
        form.finish()
    }
}

const PRODUCTS: [&str; 5] = ["roof", "roof", "roof", "solar", "gutter"];
const MAKES: [&str; 6] = ["Falcon", "Meridian", "Otter", "Pinto Bay", "Sparrow", "Vantage"];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::demo::calendar::Calendar;

    fn draw(seed: u64, at: &str) -> Letter {
        let calendar = Calendar::ending("2026-01-15T20:00:00.000Z".parse().unwrap());
        let script = Script { seed: 1, calendar };
        Letter::draw(&script, &mut Chance::of(seed, &["letters"]), at.parse().unwrap(), false)
    }

    #[test]
    fn the_quality_of_one_source_drops_at_some_hour() {
        let broken = |at: &str| {
            let letters = (0..3_000).map(|seed| draw(seed, at));
            let radar: Vec<String> = letters
                .filter(|letter| letter.source == Source::RateRadar)
                .map(|letter| letter.body())
                .collect();
            let broken =
                radar.iter().filter(|body| body.contains("email=&") || body.contains("phone_1=%28000"));
            broken.count() as f64 / radar.len() as f64
        };
        let (before, after) = (broken("2026-01-15T15:00:00.000Z"), broken("2026-01-15T17:00:00.000Z"));
        assert!(before < 0.1 && after > 0.5, "{before} then {after}");
    }

    #[test]
    fn nobody_fills_in_the_web_form_live() {
        let mut chance = Chance::of(1, &["live"]);
        assert!((0..500).all(|_| Source::draw(&mut chance, true) != Source::WebForm));
        assert!((0..500).any(|_| Source::draw(&mut chance, false) == Source::WebForm));
    }
}
