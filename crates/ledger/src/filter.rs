//! What a list shows, and how rows of the index are held against it.

use std::collections::HashMap;
use std::sync::Arc;

use domain::{
    ChainId, EntityId, FieldState, FlowId, FlowVersion, Money, Outcome, ReasonCode, Scalar, SourceId, StepId,
    Timestamp,
};

use crate::index::{Flags, Row, Word, Words};
use crate::interned::{Numbers, value_word};

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

/// Which values of one dim a list shows. Text counts without regard to case. An event without the dim
/// has none of its values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DimFilter {
    /// Which dim, such as `lead.state`.
    pub path: Arc<str>,
    /// Its values.
    pub values: Choice<Scalar>,
}

/// How one declared field stands on the events that a list shows. An event of a version of a flow
/// that does not declare it, or from before the lead was parsed, is left out, whatever is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldFilter {
    /// Any of these.
    pub states: Vec<FieldState>,
    /// In which versions of flows the field is declared, and at which place.
    pub places: Vec<(FlowId, FlowVersion, usize)>,
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
    /// Dims, all of these.
    pub dims: Vec<DimFilter>,
    /// Declared fields, all of these.
    pub fields: Vec<FieldFilter>,
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
    /// None where no dim is asked for.
    dims: Option<Dims>,
    /// None where no field is asked for.
    fields: Option<Numbers>,
}

/// Which dims match.
#[derive(Debug)]
struct Dims {
    numbers: Numbers,
    /// Whether an event without any does.
    nothing: bool,
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
            dims: (!filter.dims.is_empty()).then(|| dims(&filter.dims, words)),
            fields: (!filter.fields.is_empty()).then(|| fields(&filter.fields, words)),
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
                TestLeads::Without => !draft.flags.has(Flags::TEST),
                TestLeads::Only => draft.flags.has(Flags::TEST),
            }
            && self.start.is_none_or(|start| draft.at >= start)
            && self.end.is_none_or(|end| draft.at < end)
            && self.dims.as_ref().is_none_or(|dims| dims.numbers.have(draft.dims, dims.nothing))
            && self.fields.as_ref().is_none_or(|fields| fields.have(draft.fields, false))
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

/// A filter of one dim in the numbers of the index.
struct DimChoice {
    path: Option<Word>,
    /// Empty values that are asked for mean none that was ever recorded, unless all are.
    all: bool,
    among: Vec<Word>,
    except: Vec<Word>,
}

impl DimChoice {
    fn new(DimFilter { path, values }: &DimFilter, words: &Words) -> DimChoice {
        let read = |values: &[Scalar]| -> Vec<Word> {
            values.iter().flat_map(|value| words.find_any_case(&value_word(value))).collect()
        };
        DimChoice {
            path: words.find(path),
            all: values.among.is_empty(),
            among: read(&values.among),
            except: read(&values.except),
        }
    }

    fn takes(&self, dims: &[(Word, Word)]) -> bool {
        let value = dims.iter().find(|(own, _)| Some(*own) == self.path).map(|(_, value)| value);
        let is_in = |list: &[Word]| value.is_some_and(|value| list.contains(value));
        (self.all || is_in(&self.among)) && !is_in(&self.except)
    }
}

fn dims(filters: &[DimFilter], words: &Words) -> Dims {
    let choices: Vec<DimChoice> = filters.iter().map(|filter| DimChoice::new(filter, words)).collect();
    let numbers = words.dims.all(|dims| choices.iter().all(|choice| choice.takes(dims)));
    Dims { numbers, nothing: choices.iter().all(|choice| choice.all) }
}

/// At which place each version of each flow declares a field.
type Places = HashMap<(Word, u32), usize>;

fn fields(filters: &[FieldFilter], words: &Words) -> Numbers {
    let place = |(flow, version, place): &(FlowId, FlowVersion, usize)| {
        Some(((words.find(flow.as_str())?, version.0), *place))
    };
    let places: Vec<Places> =
        filters.iter().map(|filter| filter.places.iter().filter_map(place).collect()).collect();
    words.fields.all(|fields| {
        filters.iter().zip(&places).all(|(filter, places)| {
            let place = places.get(&(fields.flow, fields.version));
            let state = place.and_then(|place| fields.states.get(*place));
            state.is_some_and(|state| filter.states.contains(&state))
        })
    })
}
