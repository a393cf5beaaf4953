//! One event on one line: `recipient.delivered shingle price 25.00`. What a test expects is written so, and
//! what came instead is told so.

use std::fmt;
use std::sync::Arc;

use domain::{EventKind, EventType, Flow, Money, MoneyError, Outcome, Step, StepId, StepKind};

use super::super::keys::nearest;
use crate::event_record::step_id;
use crate::json;

/// What a line says of an event: its type and, as far as it tells, what is true of it. The text form is
/// `type [step] [price N] [outcome X] [margin N] [reason …]`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventLine {
    /// Which type.
    pub event_type: EventType,
    /// The step it is of.
    pub step_id: Option<StepId>,
    /// What the lead costs, or sells for.
    pub price: Option<Money>,
    /// How it ended.
    pub outcome: Option<Outcome>,
    /// Revenue less cost.
    pub margin: Option<Money>,
    /// Why it ended so: one line without blanks at its ends.
    pub reason: Option<Arc<str>>,
}

/// Why a text is no such line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EventLineError {
    /// Nothing stands there.
    #[error("an expected event begins with its type, such as recipient.delivered")]
    Blank,
    /// The first word is no type of event.
    #[error("{text:?} is not a type of event{}", hint(.nearest.map(EventType::as_str)))]
    Type {
        /// What stands there, cut to 60 characters.
        text: String,
        /// What may be meant.
        nearest: Option<EventType>,
    },
    /// A type that comes of something else than a submission.
    #[error("nothing that a test does leads to {0}")]
    Elsewhere(EventType),
    /// A word where a step may stand that is none of the flow.
    #[error("{text:?} is not a step of the flow{}", hint(.nearest.as_ref().map(StepId::as_str)))]
    UnknownStep {
        /// What stands there, cut to 60 characters.
        text: String,
        /// What may be meant.
        nearest: Option<StepId>,
    },
    /// A step of another kind than the type speaks of.
    #[error("the step {step_id} is {kind}, of which there is no {event_type}")]
    OtherStep {
        /// The step.
        step_id: StepId,
        /// What it is.
        kind: &'static str,
        /// The type.
        event_type: EventType,
    },
    /// A word that says something of events of other types.
    #[error("{event_type} has no {word}")]
    NotOf {
        /// The type.
        event_type: EventType,
        /// The word.
        word: &'static str,
    },
    /// A word that says something stands there a second time.
    #[error("{0} stands twice")]
    Twice(&'static str),
    /// A word that is to be followed by something ends the line.
    #[error("after {0} comes what it is to be")]
    Open(&'static str),
    /// What stands after `price` or `margin` is no amount.
    #[error(transparent)]
    Amount(#[from] MoneyError),
    /// What stands after `outcome` is none.
    #[error(transparent)]
    Outcome(#[from] domain::UnknownOutcome),
    /// An outcome that events of this type never have.
    #[error("the outcome of {event_type} is always {outcome}")]
    OtherOutcome {
        /// The type.
        event_type: EventType,
        /// Its outcome.
        outcome: Outcome,
    },
    /// Something else.
    #[error("{0:?} says nothing here; an event is: type [step] [price N] [outcome X] [margin N] [reason …]")]
    Word(String),
}

fn hint(meant: Option<&str>) -> String {
    meant.map(|meant| format!("; did you mean {meant}?")).unwrap_or_default()
}

/// A word that is followed by what it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Word {
    Price,
    Outcome,
    Margin,
    Reason,
}

impl Word {
    const ALL: [Word; 4] = [Word::Price, Word::Outcome, Word::Margin, Word::Reason];

    fn as_str(self) -> &'static str {
        match self {
            Word::Price => "price",
            Word::Outcome => "outcome",
            Word::Margin => "margin",
            Word::Reason => "reason",
        }
    }

    fn read(text: &str) -> Option<Word> {
        Word::ALL.into_iter().find(|word| word.as_str() == text)
    }
}

/// What can be said of the events of one type.
#[derive(Debug, Clone, Copy)]
struct Sayable {
    step: bool,
    price: bool,
    margin: bool,
    reason: bool,
    outcome: Ends,
}

/// How events of one type end.
#[derive(Debug, Clone, Copy)]
enum Ends {
    Never,
    Always(Outcome),
    Variously,
}

/// What can be said of events of a type; none when no test leads to them.
fn sayable(event_type: EventType) -> Option<Sayable> {
    let nothing = Sayable { step: false, price: false, margin: false, reason: false, outcome: Ends::Never };
    let ended = |outcome| Sayable { outcome: Ends::Always(outcome), ..nothing };
    Some(match event_type {
        EventType::SourceSubmitted => nothing,
        EventType::SourceAccepted => Sayable { price: true, ..ended(Outcome::Success) },
        EventType::SourceRejected => Sayable { reason: true, ..ended(Outcome::Failure) },
        EventType::SourcePinged | EventType::SourceAnswered => {
            Sayable { price: true, reason: true, outcome: Ends::Variously, ..nothing }
        }
        EventType::FilterPassed | EventType::EnhancementSuccess => {
            Sayable { step: true, ..ended(Outcome::Success) }
        }
        EventType::FilterFailed | EventType::EnhancementFailure | EventType::RecipientFailed => {
            Sayable { step: true, reason: true, ..ended(Outcome::Failure) }
        }
        EventType::EnhancementError | EventType::RecipientError => {
            Sayable { step: true, reason: true, ..ended(Outcome::Error) }
        }
        EventType::EnhancementSkipped | EventType::RecipientSkipped => {
            Sayable { step: true, reason: true, ..ended(Outcome::Skip) }
        }
        EventType::RecipientBid => {
            Sayable { step: true, price: true, reason: true, outcome: Ends::Variously, ..nothing }
        }
        EventType::RecipientDelivered => Sayable { step: true, price: true, ..ended(Outcome::Success) },
        EventType::RecipientAttempted | EventType::RetryScheduled | EventType::RetryAttempted => {
            Sayable { step: true, ..nothing }
        }
        EventType::FlowCompleted => {
            Sayable { margin: true, reason: true, outcome: Ends::Variously, ..nothing }
        }
        EventType::FeedbackReceived
        | EventType::FeedbackReturned
        | EventType::FeedbackProcessed
        | EventType::FeedbackSent
        | EventType::ConsentRevoked
        | EventType::ConsentSent
        | EventType::PrivacyErased
        | EventType::LedgerOpened
        | EventType::LedgerPruned => return None,
    })
}

impl EventLine {
    fn of_type(event_type: EventType) -> EventLine {
        EventLine { event_type, step_id: None, price: None, outcome: None, margin: None, reason: None }
    }

    /// All that a line can say of an event.
    pub fn of(kind: &EventKind) -> EventLine {
        let reason = kind.reason().and_then(|reason| on_one_line(&reason.text));
        let margin = match kind {
            EventKind::FlowCompleted(completion) => Some(completion.margin()),
            _ => None,
        };
        EventLine {
            event_type: kind.event_type(),
            step_id: step_id(kind).cloned(),
            price: price_of(kind),
            outcome: kind.outcome(),
            margin,
            reason,
        }
    }

    /// The same without an outcome that its type tells already.
    #[must_use]
    pub fn in_short(self) -> EventLine {
        let outcome = match sayable(self.event_type).map(|sayable| sayable.outcome) {
            Some(Ends::Variously) => self.outcome,
            Some(Ends::Never | Ends::Always(_)) | None => None,
        };
        EventLine { outcome, ..self }
    }

    /// Whether all that this line says is true of an event.
    pub fn is_true_of(&self, event: &EventLine) -> bool {
        fn agrees<T: PartialEq>(wanted: Option<&T>, own: Option<&T>) -> bool {
            wanted.is_none() || wanted == own
        }
        self.event_type == event.event_type
            && agrees(self.step_id.as_ref(), event.step_id.as_ref())
            && agrees(self.price.as_ref(), event.price.as_ref())
            && agrees(self.outcome.as_ref(), event.outcome.as_ref())
            && agrees(self.margin.as_ref(), event.margin.as_ref())
            && agrees(self.reason.as_ref(), event.reason.as_ref())
    }

    /// Reads a line. Steps are looked for in the flow; without one any may be named.
    ///
    /// # Errors
    /// With the first thing that is wrong with it.
    pub fn read(text: &str, flow: Option<&Flow>) -> Result<EventLine, EventLineError> {
        let mut rest = text.trim();
        let event_type = event_type(next_word(&mut rest).ok_or(EventLineError::Blank)?)?;
        let sayable = sayable(event_type).ok_or(EventLineError::Elsewhere(event_type))?;
        let mut line = EventLine::of_type(event_type);
        if let Some(word) = first_word(rest).filter(|word| is_step_word(word, sayable, flow)) {
            next_word(&mut rest);
            line.step_id = Some(step_of_type(word, event_type, sayable, flow)?);
        }
        let mut seen: Vec<Word> = Vec::new();
        while let Some(text) = next_word(&mut rest) {
            let Some(word) = Word::read(text) else {
                return Err(EventLineError::Word(text.chars().take(60).collect()));
            };
            if seen.contains(&word) {
                return Err(EventLineError::Twice(word.as_str()));
            }
            seen.push(word);
            line.read_word(word, &mut rest, sayable)?;
        }
        Ok(line)
    }

    fn read_word(&mut self, word: Word, rest: &mut &str, sayable: Sayable) -> Result<(), EventLineError> {
        let event_type = self.event_type;
        let is_sayable = match word {
            Word::Price => sayable.price,
            Word::Outcome => !matches!(sayable.outcome, Ends::Never),
            Word::Margin => sayable.margin,
            Word::Reason => sayable.reason,
        };
        if !is_sayable {
            return Err(EventLineError::NotOf { event_type, word: word.as_str() });
        }
        let open = || EventLineError::Open(word.as_str());
        match word {
            Word::Price => self.price = Some(next_word(rest).ok_or_else(open)?.parse()?),
            Word::Margin => self.margin = Some(next_word(rest).ok_or_else(open)?.parse()?),
            Word::Outcome => {
                let own: Outcome = next_word(rest).ok_or_else(open)?.parse()?;
                if let Ends::Always(outcome) = sayable.outcome
                    && outcome != own
                {
                    return Err(EventLineError::OtherOutcome { event_type, outcome });
                }
                self.outcome = Some(own);
            }
            // It ends the line, whatever words are in it.
            Word::Reason => self.reason = Some(on_one_line(std::mem::take(rest)).ok_or_else(open)?),
        }
        Ok(())
    }

    /// The line as it can stand in a list of YAML: in quotes where it would mean something else without.
    pub fn to_yaml(&self) -> String {
        let text = self.to_string();
        let is_plain = !text.contains(": ")
            && !text.contains(" #")
            && !text.ends_with(':')
            && !text.contains(char::is_control);
        if is_plain {
            return text;
        }
        let mut quoted = Vec::new();
        json::write_string(&text, &mut quoted);
        let quoted = String::from_utf8(quoted).expect("JSON is written from text");
        // JSON takes these as they are, YAML does not.
        quoted.chars().fold(String::with_capacity(quoted.len()), |mut yaml, c| {
            if c.is_control() {
                yaml.push_str(&format!("\\u{:04x}", u32::from(c)));
            } else {
                yaml.push(c);
            }
            yaml
        })
    }
}

impl fmt::Display for EventLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.event_type)?;
        if let Some(step_id) = &self.step_id {
            write!(f, " {step_id}")?;
        }
        if let Some(price) = self.price {
            write!(f, " price {price}")?;
        }
        if let Some(outcome) = self.outcome {
            write!(f, " outcome {outcome}")?;
        }
        if let Some(margin) = self.margin {
            write!(f, " margin {margin}")?;
        }
        if let Some(reason) = &self.reason {
            write!(f, " reason {reason}")?;
        }
        Ok(())
    }
}

/// A reason as it is compared: white space is a blank. None when there is nothing else in it.
fn on_one_line(text: &str) -> Option<Arc<str>> {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    Some(text).filter(|text| !text.is_empty()).map(Arc::from)
}

fn first_word(rest: &str) -> Option<&str> {
    rest.split_whitespace().next()
}

/// Takes the next word.
fn next_word<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let text = rest.trim_start();
    let (word, after) = text.split_at(text.find(char::is_whitespace).unwrap_or(text.len()));
    *rest = after;
    Some(word).filter(|word| !word.is_empty())
}

fn event_type(text: &str) -> Result<EventType, EventLineError> {
    text.parse().map_err(|_| {
        let near = nearest(text, EventType::ALL.iter().map(|known| known.as_str()));
        EventLineError::Type {
            text: text.chars().take(60).collect(),
            nearest: near.and_then(|near| near.parse().ok()),
        }
    })
}

/// Whether the word after the type is meant as a step. One that is called like a word of the grammar is
/// meant where the type speaks of steps and the flow has it.
fn is_step_word(word: &str, sayable: Sayable, flow: Option<&Flow>) -> bool {
    let is_known = || {
        let step_id = word.parse::<StepId>().ok();
        step_id.is_some_and(|step_id| flow.is_some_and(|flow| flow.step(&step_id).is_some()))
    };
    Word::read(word).is_none() || (sayable.step && is_known())
}

/// The step of a word, when there can be events of the type of it.
fn step_of_type(
    word: &str,
    event_type: EventType,
    sayable: Sayable,
    flow: Option<&Flow>,
) -> Result<StepId, EventLineError> {
    if !sayable.step {
        let is_step = |flow: &Flow| flow.all_steps().any(|step| step.id.as_str() == word);
        return Err(match flow.is_some_and(is_step) {
            true => EventLineError::NotOf { event_type, word: "step" },
            false => EventLineError::Word(word.chars().take(60).collect()),
        });
    }
    let unknown = || {
        let ids = || flow.into_iter().flat_map(Flow::all_steps).map(|step| &step.id);
        let near = nearest(word, ids().map(StepId::as_str));
        let nearest = near.and_then(|near| ids().find(|id| id.as_str() == near)).cloned();
        EventLineError::UnknownStep { text: word.chars().take(60).collect(), nearest }
    };
    let step_id: StepId = word.parse().map_err(|_| unknown())?;
    let Some(flow) = flow else { return Ok(step_id) };
    let (kind, family) = family_of(flow.step(&step_id).ok_or_else(unknown)?);
    let own = match event_type.family() {
        "retry" => "recipient",
        own => own,
    };
    if own == family { Ok(step_id) } else { Err(EventLineError::OtherStep { step_id, kind, event_type }) }
}

/// What a step is, and the family of the types of its events.
fn family_of(step: &Step) -> (&'static str, &'static str) {
    match &step.kind {
        StepKind::Filter(_) => ("a filter", "filter"),
        StepKind::Enhancement(_) => ("an enhancement", "enhancement"),
        StepKind::Recipient(_) => ("a recipient", "recipient"),
        // What happens in it is told of its recipients.
        StepKind::Distribute(_) => ("a group", ""),
    }
}

fn price_of(kind: &EventKind) -> Option<Money> {
    match kind {
        EventKind::SourceAccepted { price, .. } => *price,
        EventKind::SourcePinged { answer } | EventKind::SourceAnswered { answer } => Some(answer.price),
        EventKind::RecipientBid { bid, .. } => bid.as_ref().ok().copied(),
        EventKind::RecipientDelivered { price, .. } => Some(price.amount),
        EventKind::SourceSubmitted
        | EventKind::SourceRejected { .. }
        | EventKind::FilterPassed { .. }
        | EventKind::FilterFailed { .. }
        | EventKind::EnhancementSuccess { .. }
        | EventKind::EnhancementFailure { .. }
        | EventKind::EnhancementError { .. }
        | EventKind::EnhancementSkipped { .. }
        | EventKind::RecipientAttempted { .. }
        | EventKind::RecipientFailed { .. }
        | EventKind::RecipientError { .. }
        | EventKind::RecipientSkipped { .. }
        | EventKind::RetryScheduled { .. }
        | EventKind::RetryAttempted { .. }
        | EventKind::FeedbackReceived { .. }
        | EventKind::FeedbackReturned { .. }
        | EventKind::FeedbackProcessed { .. }
        | EventKind::FeedbackSent { .. }
        | EventKind::ConsentRevoked { .. }
        | EventKind::ConsentSent { .. }
        | EventKind::FlowCompleted(_)
        | EventKind::PrivacyErased => None,
    }
}
