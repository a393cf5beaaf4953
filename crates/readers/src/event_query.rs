//! What is asked of a list of events, read from the names and values people write in a query.

use domain::{ChainId, EventType, LeadId, Timestamp};
use ledger::{Filter, Order, TypePattern, Window};

use crate::moment::read_moment;
use crate::names::{ParameterError, nearest};

/// Events of one page, unless the query says otherwise.
pub const EVENTS_DEFAULT: usize = 50;
/// Most events of one page.
pub const EVENTS_MAX: usize = 1000;

/// Most values of one parameter.
const VALUES_MAX: usize = 100;

/// What is asked of a list of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// Which events.
    pub filter: Filter,
    /// Which part of them.
    pub window: Window,
}

impl Default for EventQuery {
    /// The newest events.
    fn default() -> EventQuery {
        let window = Window { after: None, before: None, order: Order::NewestFirst, limit: EVENTS_DEFAULT };
        EventQuery { filter: Filter::default(), window }
    }
}

impl EventQuery {
    /// The parameters it knows.
    pub const NAMES: [&str; 12] = [
        "lead_id",
        "type",
        "outcome",
        "entity_id",
        "source_id",
        "step_id",
        "start",
        "end",
        "after",
        "before",
        "limit",
        "sort",
    ];

    /// Every event of one lead, oldest first.
    pub fn timeline(lead_id: LeadId) -> EventQuery {
        let filter = Filter { chain: Some(ChainId::Lead(lead_id)), ..Filter::default() };
        let window = Window { after: None, before: None, order: Order::OldestFirst, limit: EVENTS_MAX };
        EventQuery { filter, window }
    }

    /// Takes one parameter; several values are parted by commas, or come one by one. Gives
    /// whether it is one of [`NAMES`](EventQuery::NAMES).
    ///
    /// # Errors
    /// When the value cannot be used.
    pub fn set(&mut self, name: &str, value: &str, now: Timestamp) -> Result<bool, ParameterError> {
        if value.trim().is_empty() && EventQuery::NAMES.contains(&name) {
            return Err(ParameterError::new(name, "write a value, or leave the parameter out"));
        }
        let EventQuery { filter, window } = self;
        match name {
            "lead_id" => {
                let lead_id: LeadId = one(name, value)?;
                let chain = ChainId::Lead(lead_id);
                if filter.chain.replace(chain).is_some_and(|before| before != chain) {
                    return Err(ParameterError::new(name, "a list is of one lead, or of all"));
                }
            }
            "type" => several(name, value, &mut filter.types, read_type)?,
            "outcome" => several(name, value, &mut filter.outcomes, str::parse)?,
            "entity_id" => several(name, value, &mut filter.entities, str::parse)?,
            "source_id" => several(name, value, &mut filter.sources, str::parse)?,
            "step_id" => several(name, value, &mut filter.steps, str::parse)?,
            "start" => filter.start = Some(moment(name, value, now)?),
            "end" => filter.end = Some(moment(name, value, now)?),
            "after" => window.after = Some(seq(name, value)?),
            "before" => window.before = Some(seq(name, value)?),
            "limit" => {
                window.limit =
                    value.parse().ok().filter(|limit| (1..=EVENTS_MAX).contains(limit)).ok_or_else(|| {
                        ParameterError::new(name, format!("write a number from 1 to {EVENTS_MAX}"))
                    })?;
            }
            "sort" => {
                window.order = match value {
                    "seq" => Order::OldestFirst,
                    "-seq" => Order::NewestFirst,
                    _ => {
                        return Err(ParameterError::new(
                            name,
                            "write seq (oldest first) or -seq (newest first)",
                        ));
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn one<T: std::str::FromStr<Err: ToString>>(name: &str, value: &str) -> Result<T, ParameterError> {
    value.parse().map_err(|error: T::Err| ParameterError::new(name, error))
}

fn several<T, E: ToString>(
    name: &str,
    value: &str,
    values: &mut Vec<T>,
    read: impl Fn(&str) -> Result<T, E>,
) -> Result<(), ParameterError> {
    for text in value.split(',') {
        values.push(read(text.trim()).map_err(|error| ParameterError::new(name, error))?);
    }
    if values.len() > VALUES_MAX {
        return Err(ParameterError::new(name, format!("at most {VALUES_MAX} values fit")));
    }
    Ok(())
}

/// A type by its whole name, or a family such as `recipient.*`.
fn read_type(text: &str) -> Result<TypePattern, String> {
    let Some(family) = text.strip_suffix(".*") else {
        return text
            .parse::<EventType>()
            .map(|known| TypePattern::Exact(known.as_str().to_owned()))
            .map_err(|error| error.to_string());
    };
    let mut families = EventType::ALL.iter().map(|known| known.family());
    if families.clone().any(|known| known == family) {
        return Ok(TypePattern::Family(family.to_owned()));
    }
    let text: String = text.chars().take(40).collect();
    Err(match nearest(family, &mut families) {
        Some(near) => format!("{text:?} is not a family of events; did you mean {near}.*?"),
        None => format!("{text:?} is not a family of events"),
    })
}

fn moment(name: &str, value: &str, now: Timestamp) -> Result<Timestamp, ParameterError> {
    read_moment(value, now).map_err(|error| ParameterError::new(name, error))
}

fn seq(name: &str, value: &str) -> Result<u64, ParameterError> {
    value.parse().map_err(|_| ParameterError::new(name, "write the seq of an event, a whole number"))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    /// Sets `name=value` pairs parted by `&`.
    fn check(query: &str, wanted: Expect) {
        let now = "2024-03-01T12:00:00Z".parse().unwrap();
        let mut read = EventQuery::default();
        let mut told = Vec::new();
        for pair in query.split('&') {
            let (name, value) = pair.split_once('=').unwrap();
            match read.set(name, value, now) {
                Ok(true) => {}
                Ok(false) => told.push(format!("{name} is not known")),
                Err(error) => told.push(format!("{}: {error}", error.name)),
            }
        }
        if told.is_empty() {
            told.push(format!("{:?}\n{:?}", read.filter, read.window));
        }
        wanted.assert_eq(&told.join("\n"));
    }

    #[test]
    fn a_query_becomes_a_filter_and_a_window() {
        check(
            "type=recipient.*,filter.failed&type=flow.completed&outcome=success,error&entity_id=buyer_a&step_id=a&source_id=src_b&start=-24h&end=2024-03-01&after=5&limit=7&sort=seq",
            expect![[r#"
                Filter { chain: None, types: [Family("recipient"), Exact("filter.failed"), Exact("flow.completed")], flows: [], sources: [src_b], entities: [buyer_a], steps: [a], outcomes: [Success, Error], start: Some(Timestamp(1709208000000)), end: Some(Timestamp(1709251200000)) }
                Window { after: Some(5), before: None, order: OldestFirst, limit: 7 }"#]],
        );
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        check(
            "type=filter.faled&type=recipent.*&type=&outcome=won&lead_id=5&limit=0&limit=1001&after=-1&sort=time&start=soon&colour=red",
            expect![[r#"
                type: "filter.faled" is not a type of event; the nearest is filter.failed
                type: "recipent.*" is not a family of events; did you mean recipient.*?
                type: write a value, or leave the parameter out
                outcome: "won" is not an outcome; use success, failure, error or skip
                lead_id: "5" is not an id of the form lead_ followed by 24 lower-case hex digits
                limit: write a number from 1 to 1000
                limit: write a number from 1 to 1000
                after: write the seq of an event, a whole number
                sort: write seq (oldest first) or -seq (newest first)
                start: "soon" is not a moment; write 2024-01-15 (midnight UTC), 2024-01-15T14:30:00Z, or -15m, -24h, -7d
                colour is not known"#]],
        );
        check(
            "lead_id=lead_018d0d882d57aa10f3e7715b&lead_id=lead_018d0d882d57aa10f3e77150",
            expect!["lead_id: a list is of one lead, or of all"],
        );
    }
}
