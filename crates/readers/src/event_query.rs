//! What is asked of a list of events, read from the names and values people write in a query.

use domain::{ChainId, EventType, LeadId, ReasonCode, Timestamp};
use ledger::{Filter, Order, TypePattern, Window};
use wire::nearest;

use crate::declared::{DeclaredFilters, PublishedFlows};
use crate::names::ParameterError;
use crate::values::{self, LIMIT_DEFAULT, LIMIT_MAX, NEWEST};

/// Events of one page, unless the query says otherwise.
pub const EVENTS_DEFAULT: usize = LIMIT_DEFAULT;
/// Most events of one page.
pub const EVENTS_MAX: usize = LIMIT_MAX;

/// What is asked of a list of events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventQuery {
    /// Which events.
    pub filter: Filter,
    /// Which part of them.
    pub window: Window,
    /// What is asked of dims and fields, until [`resolve`](EventQuery::resolve).
    pub(crate) declared: DeclaredFilters,
}

impl Default for EventQuery {
    /// The newest events.
    fn default() -> EventQuery {
        EventQuery::new(Filter::default(), NEWEST)
    }
}

impl EventQuery {
    /// The parameters it knows.
    pub const NAMES: [&str; 20] = [
        "lead_id",
        "type",
        "outcome",
        "flow_id",
        "entity_id",
        "source_id",
        "step_id",
        "integration",
        "reason_code",
        "min_ms",
        "max_ms",
        "min_price",
        "max_price",
        "test",
        "start",
        "end",
        "after",
        "before",
        "limit",
        "sort",
    ];

    /// The events that a filter takes.
    pub fn new(filter: Filter, window: Window) -> EventQuery {
        EventQuery { filter, window, declared: DeclaredFilters::default() }
    }

    /// Every event of one lead, oldest first.
    pub fn timeline(lead_id: LeadId) -> EventQuery {
        let filter = Filter { chain: Some(ChainId::Lead(lead_id)), ..Filter::default() };
        let window = Window { after: None, before: None, order: Order::OldestFirst, limit: EVENTS_MAX };
        EventQuery::new(filter, window)
    }

    /// Takes one parameter; several values are parted by commas, or come one by one, and a value
    /// with a leading `-` is one that is not wanted. Gives whether it is one of
    /// [`NAMES`](EventQuery::NAMES), or begins with `dim.`, `has.` or `valid.`.
    ///
    /// # Errors
    /// When the value cannot be used.
    pub fn set(&mut self, name: &str, value: &str, now: Timestamp) -> Result<bool, ParameterError> {
        if self.declared.set(name, value)? {
            return Ok(true);
        }
        if !EventQuery::NAMES.contains(&name) {
            return Ok(false);
        }
        values::given(name, value)?;
        let EventQuery { filter, window, declared: _ } = self;
        match name {
            "lead_id" => {
                let lead_id: LeadId = values::one(name, value)?;
                let chain = ChainId::Lead(lead_id);
                if filter.chain.replace(chain).is_some_and(|before| before != chain) {
                    return Err(ParameterError::new(name, "a list is of one lead, or of all"));
                }
            }
            "type" => values::choose(name, value, &mut filter.types, read_type)?,
            "outcome" => values::choose(name, value, &mut filter.outcomes, str::parse)?,
            "flow_id" => values::choose(name, value, &mut filter.flows, str::parse)?,
            "entity_id" => values::choose(name, value, &mut filter.entities, str::parse)?,
            "source_id" => values::choose(name, value, &mut filter.sources, str::parse)?,
            "step_id" => values::choose(name, value, &mut filter.steps, str::parse)?,
            "integration" => {
                values::choose(name, value, &mut filter.integrations, |text| {
                    values::word(text).map(Into::into)
                })?;
            }
            "reason_code" => {
                let read = |text: &str| values::word(text).map(ReasonCode::from);
                values::choose(name, value, &mut filter.reason_codes, |text| read(text))?;
            }
            "min_ms" => filter.min_ms = Some(values::milliseconds(name, value)?),
            "max_ms" => filter.max_ms = Some(values::milliseconds(name, value)?),
            "min_price" => filter.min_price = Some(values::amount(name, value)?),
            "max_price" => filter.max_price = Some(values::amount(name, value)?),
            "test" => filter.test = values::test(name, value)?,
            "start" => filter.start = Some(values::moment(name, value, now)?),
            "end" => filter.end = Some(values::moment(name, value, now)?),
            _ => return values::set_window(window, name, value),
        }
        Ok(true)
    }
}

impl EventQuery {
    /// Whether something is asked of dims or fields that is not resolved yet.
    pub fn asks_of_flows(&self) -> bool {
        !self.declared.is_empty()
    }

    /// Puts into the filter what is asked of dims and fields, once all parameters are taken; without
    /// it they count for nothing.
    ///
    /// # Errors
    /// When something is named that no version of the flows asked about declares, or a value that
    /// a dim cannot have.
    pub fn resolve(&mut self, published: &dyn PublishedFlows) -> Result<(), ParameterError> {
        let flows = self.filter.flows.clone();
        self.declared.resolve(&flows, published, &mut self.filter)
    }
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
            "type=recipient.*,filter.failed&type=-recipient.bid&outcome=success,error&flow_id=flow_a&entity_id=-buyer_a,-buyer_b&step_id=a&source_id=src_b&start=-24h&end=2024-03-01&after=5&limit=7&sort=seq",
            expect![[r#"
                Filter { chain: None, types: Choice { among: [Family("recipient"), Exact("filter.failed")], except: [Exact("recipient.bid")] }, flows: Choice { among: [flow_a], except: [] }, sources: Choice { among: [src_b], except: [] }, entities: Choice { among: [], except: [buyer_a, buyer_b] }, steps: Choice { among: [a], except: [] }, outcomes: Choice { among: [Success, Error], except: [] }, integrations: Choice { among: [], except: [] }, reason_codes: Choice { among: [], except: [] }, min_ms: None, max_ms: None, min_price: None, max_price: None, test: With, start: Some(Timestamp(1709208000000)), end: Some(Timestamp(1709251200000)), dims: [], fields: [] }
                Window { after: Some(5), before: None, order: OldestFirst, limit: 7 }"#]],
        );
    }

    #[test]
    fn times_prices_and_words_narrow_a_list() {
        check(
            "integration=custom_json,-custom_form&reason_code=timeout&reason_code=-my_own&min_ms=5&max_ms=5000&min_price=-1.50&max_price=25&test=without&outcome=-skip",
            expect![[r#"
                Filter { chain: None, types: Choice { among: [], except: [] }, flows: Choice { among: [], except: [] }, sources: Choice { among: [], except: [] }, entities: Choice { among: [], except: [] }, steps: Choice { among: [], except: [] }, outcomes: Choice { among: [], except: [Skip] }, integrations: Choice { among: ["custom_json"], except: ["custom_form"] }, reason_codes: Choice { among: [Timeout], except: [Other("my_own")] }, min_ms: Some(5), max_ms: Some(5000), min_price: Some(Money(-1500000)), max_price: Some(Money(25000000)), test: Without, start: None, end: None, dims: [], fields: [] }
                Window { after: None, before: None, order: NewestFirst, limit: 50 }"#]],
        );
    }

    #[test]
    fn what_cannot_be_used_is_told() {
        check(
            "type=filter.faled&type=recipent.*&type=&outcome=won&lead_id=5&limit=0&limit=1001&after=-1&sort=time&start=soon&min_ms=1.5&max_price=1,000&test=yes&integration=a,,b&reason_code=-&type=-&flow_id=-x&colour=red",
            expect![[r#"
                type: "filter.faled" is not a type of event; did you mean filter.failed?
                type: "recipent.*" is not a family of events; did you mean recipient.*?
                type: write a value, or leave the parameter out
                outcome: "won" is not an outcome; use success, failure, error or skip
                lead_id: "5" is not an id of the form lead_ followed by 24 lower-case hex digits
                limit: write a number from 1 to 1000
                limit: write a number from 1 to 1000
                after: write the seq of an event, a whole number
                sort: write seq (oldest first) or -seq (newest first)
                start: "soon" is not a moment; write 2024-01-15 (midnight UTC), 2024-01-15T14:30:00Z, or -15m, -24h, -7d
                min_ms: write milliseconds, a whole number
                max_price: "1,000" is not an amount; write digits with at most one point, such as 14.00
                test: write only, without or with
                integration: a word is missing between the commas
                reason_code: a word is missing between the commas
                type: "" is not a type of event
                flow_id: "x" is not a flow id: flow_ and 1 to 64 of a-z, 0-9 and _
                colour is not known"#]],
        );
        check(
            "lead_id=lead_018d0d882d57aa10f3e7715b&lead_id=lead_018d0d882d57aa10f3e77150",
            expect!["lead_id: a list is of one lead, or of all"],
        );
    }
}
