//! What a list shows, and how rows of the index are held against it.

use std::sync::Arc;

use domain::{ChainId, EntityId, FlowId, Money, Outcome, ReasonCode, SourceId, StepId, Timestamp};

use crate::index::{Row, Word, Words};

/// Which types of event a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypePattern {
    /// One type, by its whole name.
    Exact(String),
    /// All types of a family: `recipient.*` is `Family("recipient".into())`.
    Family(String),
}

/// Which values of one kind a list shows: any of some, or all when there are none, and none of
/// others. An event without a value of the kind is none of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice<T> {
    /// Any of these; empty means all.
    pub among: Vec<T>,
    /// None of these.
    pub except: Vec<T>,
}

impl<T> Default for Choice<T> {
    fn default() -> Choice<T> {
        Choice { among: Vec::new(), except: Vec::new() }
    }
}

impl<T> Choice<T> {
    /// Any of these.
    pub fn among(values: impl IntoIterator<Item = T>) -> Choice<T> {
        Choice { among: values.into_iter().collect(), except: Vec::new() }
    }

    /// None of these.
    pub fn except(values: impl IntoIterator<Item = T>) -> Choice<T> {
        Choice { among: Vec::new(), except: values.into_iter().collect() }
    }

    /// Whether it leaves nothing out.
    pub fn is_all(&self) -> bool {
        self.among.is_empty() && self.except.is_empty()
    }
}

/// Whether a list shows the events of test leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TestLeads {
    /// Test leads and others.
    #[default]
    With,
    /// Others only.
    Without,
    /// Test leads only.
    Only,
}

/// What a list shows. Several kinds mean *and*.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// One chain only.
    pub chain: Option<ChainId>,
    /// Types.
    pub types: Choice<TypePattern>,
    /// Flows.
    pub flows: Choice<FlowId>,
    /// Sources.
    pub sources: Choice<SourceId>,
    /// Parties.
    pub entities: Choice<EntityId>,
    /// Steps.
    pub steps: Choice<StepId>,
    /// Outcomes.
    pub outcomes: Choice<Outcome>,
    /// How another party was asked.
    pub integrations: Choice<Arc<str>>,
    /// Why it ended so.
    pub reason_codes: Choice<ReasonCode>,
    /// Events that took at least this long. Times past 49 days count as 49 days.
    pub min_ms: Option<u64>,
    /// Events that took at most this long.
    pub max_ms: Option<u64>,
    /// Events with a price of at least this much.
    pub min_price: Option<Money>,
    /// Events with a price of at most this much.
    pub max_price: Option<Money>,
    /// Test leads.
    pub test: TestLeads,
    /// Not before this moment.
    pub start: Option<Timestamp>,
    /// Before this moment.
    pub end: Option<Timestamp>,
}

/// A choice in the numbers of the index.
#[derive(Debug)]
struct WordChoice {
    /// None means all.
    among: Option<Vec<Word>>,
    except: Vec<Word>,
}

impl WordChoice {
    /// None when nothing can match, because no word it asks for was ever recorded.
    fn new<T>(choice: &Choice<T>, numbers: impl Fn(&T) -> Vec<Word>) -> Option<WordChoice> {
        let among: Vec<Word> = choice.among.iter().flat_map(&numbers).collect();
        let except = choice.except.iter().flat_map(&numbers).collect();
        if choice.among.is_empty() {
            Some(WordChoice { among: None, except })
        } else if among.is_empty() {
            None
        } else {
            Some(WordChoice { among: Some(among), except })
        }
    }

    fn takes(&self, word: Word) -> bool {
        self.among.as_ref().is_none_or(|among| among.contains(&word)) && !self.except.contains(&word)
    }
}

/// A filter in the numbers of the index.
#[derive(Debug)]
pub(crate) struct Matcher {
    types: WordChoice,
    flows: WordChoice,
    sources: WordChoice,
    entities: WordChoice,
    steps: WordChoice,
    integrations: WordChoice,
    reason_codes: WordChoice,
    outcomes: Choice<Outcome>,
    min_ms: u64,
    max_ms: u64,
    min_price: Option<Money>,
    max_price: Option<Money>,
    test: TestLeads,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

impl Matcher {
    /// None when nothing can match, because a word it asks for was never recorded.
    pub(crate) fn new(filter: &Filter, words: &Words) -> Option<Matcher> {
        let exact = |word: &str| words.find(word).into_iter().collect::<Vec<_>>();
        let of_type = |pattern: &TypePattern| match pattern {
            TypePattern::Exact(name) => exact(name),
            TypePattern::Family(family) => words.beginning_with(&format!("{family}.")),
        };
        Some(Matcher {
            types: WordChoice::new(&filter.types, of_type)?,
            flows: WordChoice::new(&filter.flows, |id| exact(id.as_str()))?,
            sources: WordChoice::new(&filter.sources, |id| exact(id.as_str()))?,
            entities: WordChoice::new(&filter.entities, |id| exact(id.as_str()))?,
            steps: WordChoice::new(&filter.steps, |id| exact(id.as_str()))?,
            integrations: WordChoice::new(&filter.integrations, |name| exact(name))?,
            reason_codes: WordChoice::new(&filter.reason_codes, |code| exact(code.as_str()))?,
            outcomes: filter.outcomes.clone(),
            min_ms: filter.min_ms.unwrap_or(0).min(u32::MAX.into()),
            max_ms: filter.max_ms.unwrap_or(u64::MAX),
            min_price: filter.min_price,
            max_price: filter.max_price,
            test: filter.test,
            start: filter.start,
            end: filter.end,
        })
    }

    pub(crate) fn matches(&self, row: &Row) -> bool {
        let draft = &row.draft;
        self.types.takes(draft.event_type)
            && self.flows.takes(draft.flow)
            && self.sources.takes(draft.source)
            && self.entities.takes(draft.entity)
            && self.steps.takes(draft.step)
            && self.integrations.takes(draft.integration)
            && self.reason_codes.takes(draft.reason_code)
            && self.takes_outcome(draft.outcome)
            && (self.min_ms..=self.max_ms).contains(&u64::from(draft.duration_ms))
            && self.takes_price(draft.price())
            && match self.test {
                TestLeads::With => true,
                TestLeads::Without => !draft.test,
                TestLeads::Only => draft.test,
            }
            && self.start.is_none_or(|start| draft.at >= start)
            && self.end.is_none_or(|end| draft.at < end)
    }

    fn takes_outcome(&self, outcome: Option<Outcome>) -> bool {
        let Choice { among, except } = &self.outcomes;
        let is_in = |list: &[Outcome]| outcome.is_some_and(|outcome| list.contains(&outcome));
        (among.is_empty() || is_in(among)) && !is_in(except)
    }

    fn takes_price(&self, price: Option<Money>) -> bool {
        if self.min_price.is_none() && self.max_price.is_none() {
            return true;
        }
        price.is_some_and(|price| {
            self.min_price.is_none_or(|min| price >= min) && self.max_price.is_none_or(|max| price <= max)
        })
    }
}
