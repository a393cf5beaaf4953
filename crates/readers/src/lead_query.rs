//! What is asked of a list of leads.

use domain::{EntityId, EventType, LeadState, Money, Outcome, Standing, Timestamp};
use ledger::{ChainQuery, Choice, Filter, TypePattern, Window};

use crate::declared::{DeclaredFilters, PublishedFlows};
use crate::names::ParameterError;
use crate::values::{self, NEWEST};

/// What is asked of a list of leads: of their submissions, of the parties that had to do with
/// them, and of what they came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeadQuery {
    /// Which submissions.
    pub submitted: Filter,
    /// Which parties: source, services and buyers.
    pub entities: Choice<EntityId>,
    /// How they ended, late sales included.
    pub outcomes: Choice<Outcome>,
    /// Where they stand.
    pub states: Choice<LeadState>,
    /// Which part of them; cursors are the seqs of submissions.
    pub window: Window,
    /// Leads with a margin of at least this much.
    pub min_margin: Option<Money>,
    /// Leads with a margin of at most this much.
    pub max_margin: Option<Money>,
    /// Which dims and fields, as they stand on the newest event.
    pub stands: Filter,
    /// What is asked of dims and fields, until [`resolve`](LeadQuery::resolve).
    pub(crate) declared: DeclaredFilters,
}

impl Default for LeadQuery {
    /// The newest leads.
    fn default() -> LeadQuery {
        let submitted = TypePattern::Exact(EventType::SourceSubmitted.as_str().to_owned());
        LeadQuery {
            submitted: Filter { types: Choice::among([submitted]), ..Filter::default() },
            entities: Choice::default(),
            outcomes: Choice::default(),
            states: Choice::default(),
            window: NEWEST,
            min_margin: None,
            max_margin: None,
            stands: Filter::default(),
            declared: DeclaredFilters::default(),
        }
    }
}

impl LeadQuery {
    /// The parameters it knows.
    pub const NAMES: [&str; 14] = [
        "flow_id",
        "source_id",
        "entity_id",
        "outcome",
        "state",
        "min_margin",
        "max_margin",
        "test",
        "start",
        "end",
        "after",
        "before",
        "limit",
        "sort",
    ];

    /// Takes one parameter, as [`EventQuery::set`](crate::EventQuery::set) does.
    ///
    /// # Errors
    /// When the value cannot be used.
    pub fn set(&mut self, name: &str, value: &str, now: Timestamp) -> Result<bool, ParameterError> {
        if self.declared.set(name, value)? {
            return Ok(true);
        }
        if !LeadQuery::NAMES.contains(&name) {
            return Ok(false);
        }
        values::given(name, value)?;
        let LeadQuery {
            submitted,
            entities,
            outcomes,
            states,
            window,
            min_margin,
            max_margin,
            stands: _,
            declared: _,
        } = self;
        match name {
            "flow_id" => values::choose(name, value, &mut submitted.flows, str::parse)?,
            "source_id" => values::choose(name, value, &mut submitted.sources, str::parse)?,
            "entity_id" => values::choose(name, value, entities, str::parse)?,
            "outcome" => values::choose(name, value, outcomes, str::parse)?,
            "state" => values::choose(name, value, states, str::parse)?,
            "min_margin" => *min_margin = Some(values::amount(name, value)?),
            "max_margin" => *max_margin = Some(values::amount(name, value)?),
            "test" => submitted.test = values::test(name, value)?,
            "start" => submitted.start = Some(values::moment(name, value, now)?),
            "end" => submitted.end = Some(values::moment(name, value, now)?),
            _ => return values::set_window(window, name, value),
        }
        Ok(true)
    }

    /// As [`EventQuery::resolve`](crate::EventQuery::resolve).
    ///
    /// # Errors
    /// As [`EventQuery::resolve`](crate::EventQuery::resolve).
    pub fn resolve(&mut self, published: &dyn PublishedFlows) -> Result<(), ParameterError> {
        self.declared.resolve(&self.submitted.flows, published, &mut self.stands)
    }

    /// The same in terms of chains.
    pub(crate) fn chains(&self) -> ChainQuery {
        let party = |entities: &Vec<EntityId>| {
            let entities = Choice { among: entities.clone(), except: Vec::new() };
            (!entities.is_all()).then(|| Filter { entities, ..Filter::default() })
        };
        ChainQuery {
            begins: self.submitted.clone(),
            touches: party(&self.entities.among),
            avoids: party(&self.entities.except),
            stands: (self.stands != Filter::default()).then(|| self.stands.clone()),
        }
    }

    /// Whether margins are asked for.
    pub(crate) fn asks_margin(&self) -> bool {
        self.min_margin.is_some() || self.max_margin.is_some()
    }

    /// Whether a lead of this margin is wanted.
    pub(crate) fn takes_margin(&self, margin: Money) -> bool {
        self.min_margin.is_none_or(|min| margin >= min) && self.max_margin.is_none_or(|max| margin <= max)
    }

    /// Whether a lead that stands so is wanted.
    pub(crate) fn takes(&self, standing: &Standing) -> bool {
        let LeadQuery { outcomes, states, .. } = self;
        let is_in = |list: &[Outcome]| standing.outcome().is_some_and(|outcome| list.contains(&outcome));
        let state = standing.state();
        (outcomes.among.is_empty() || is_in(&outcomes.among))
            && !is_in(&outcomes.except)
            && (states.among.is_empty() || states.among.contains(&state))
            && !states.except.contains(&state)
    }
}
