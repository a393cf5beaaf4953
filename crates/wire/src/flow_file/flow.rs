//! The flow as a whole.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use domain::{
    Check, Deadline, EarlierStep, Ending, FeedbackPolicy, Flow, FlowError, FlowId, FlowParts, Gates,
    Retention, Step, TimeZone,
};

use super::gates::Owner;
use super::keys::{self, nearest};
use super::names::Names;
use super::node::{Kind, Node};
use super::reader::{Part, Reader};
use super::responses::ENDINGS;
use super::steps::Home;
use super::{Entity, FlowFile, FlowFileError, duration};
use crate::json;

/// Most words of partners that a flow gives reasons for.
pub(super) const REASONS_MAX: usize = 500;
/// Longest words of a partner, in characters.
pub(super) const PARTNER_WORDS_CHARS_MAX: usize = 300;

/// How long a source may wait for its answer.
const DEADLINES: RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(600);
/// How long what is recorded may be kept.
const RETENTIONS: RangeInclusive<Duration> =
    Duration::from_secs(24 * 3600)..=Duration::from_secs(100 * 365 * 24 * 3600);

/// Partners' words in lower case, and the reason that is recorded for them.
type Reasons = Vec<(Arc<str>, Arc<str>)>;

impl Reader {
    /// A file, or all that is wrong with it.
    pub(super) fn whole(mut self, root: &Node) -> Result<FlowFile, FlowFileError> {
        match self.file(root) {
            Some(file) if self.problems.is_empty() => Ok(file),
            Some(_) | None => Err(FlowFileError::new(self.problems)),
        }
    }

    fn file(&mut self, root: &Node) -> Option<FlowFile> {
        let file = self.part(root, &keys::FILE)?;
        let entities = self.entities(file.get("entities"));
        let secrets = self.secrets(file.get("secrets"));
        let mut lists = self.list_names(file.get("lists"));
        let flow = self.needed(&file, "flow").and_then(|node| self.flow(node));
        let tests = self.tests(file.get("tests"), flow.as_ref());
        let flow = flow?;
        lists.extend(flow.gates().suppress.iter().map(|rule| rule.list.clone()));
        lists.sort();
        lists.dedup();
        self.unpriced(file.line, &entities, &flow);
        Some(FlowFile { entities, secrets, lists, flow, tests, document: document_of(root) })
    }

    /// Tells budgets of entities whose prices in this flow are not known before they are paid.
    fn unpriced(&mut self, line: u64, entities: &[Entity], flow: &Flow) {
        for entity in entities {
            for error in flow.unpriced(&entity.id, &entity.settings) {
                self.problem(line, error);
            }
        }
    }

    fn flow(&mut self, node: &Node) -> Option<Flow> {
        let part = self.part(node, &keys::FLOW)?;
        let id = self.needed(&part, "id").and_then(|node| self.parse_text(node, "id"));
        let name = self.needed(&part, "name").and_then(|node| self.name(node));
        let enabled = part.get("enabled").map_or(Some(true), |node| self.boolean(node, "enabled"));
        let time_zone = part.get("time_zone").map_or(Some(TimeZone::UTC), |node| self.time_zone(node));
        let read = self.fields(part.get("fields"));
        let names = match &read.fields {
            Some(fields) => Names::Lead { fields, unread: &read.unread, steps: &[] },
            None => Names::Unknown,
        };
        let dims = self.dims(part.get("dims"));
        let reasons = part.get("reasons").map_or(Some(Vec::new()), |node| self.reasons(node));
        let accept = part.get("accept").map_or(Some(None), |node| self.accept(node, names).map(Some));
        let price = part.get("price").map_or(Some(None), |node| self.purchase_price(node, names).map(Some));
        let feedback =
            part.get("feedback").map_or(Some(FeedbackPolicy::default()), |node| self.feedback(node));
        let zone = time_zone.clone().unwrap_or_default();
        let flow_id = id.as_ref().map_or("flow_", FlowId::as_str).to_owned();
        let owner = Owner { id: &flow_id, zone: &zone, names: Some(names) };
        let hours = self.hours(&part);
        let duplicates = self.duplicates(part.get("duplicates"), names);
        let suppress = self.suppress(part.get("suppress"), names);
        let (caps, ping_limits) = (self.caps(&part, owner), self.ping_limits(&part, owner));
        let gates = || {
            Some(Gates {
                hours: hours?,
                duplicates: duplicates?,
                suppress: suppress?,
                caps: caps?,
                ping_limits: ping_limits?,
            })
        };
        let gates = gates();
        let steps = self.steps(part.get("steps"), names, Home { flow: &flow_id, zone: &zone, earlier: &[] });
        let all_steps: Vec<EarlierStep> =
            steps.iter().flat_map(Step::with_recipients).filter_map(Step::as_earlier).collect();
        let at_the_end =
            if steps.len() == count(part.get("steps")) { names.after(&all_steps) } else { Names::Unknown };
        let sources = self.list(part.get("sources"), "sources", |reader, node| {
            reader.source(node, names, at_the_end, (&flow_id, &zone))
        });
        let deadline = self.deadline(&part);
        let retention = part.get("retention").map_or(Some(Retention::default()), |node| self.retention(node));
        let places = Places {
            flow: node.line,
            dims: dims.iter().map(|(line, dim)| (*line, dim.path.to_string())).collect(),
            sources: ids(part.get("sources"), "entity"),
            steps: step_ids(part.get("steps")),
        };
        let parts = FlowParts {
            id: id?,
            name: name?,
            enabled: enabled?,
            time_zone: time_zone?,
            fields: read.fields?,
            dims: dims.into_iter().map(|(_, dim)| dim).collect(),
            accept: accept?,
            price: price?,
            feedback: feedback?,
            reasons: reasons?,
            sources,
            steps,
            gates: gates?,
            deadline: deadline?,
            retention: retention?,
        };
        if !self.problems.is_empty() {
            return None;
        }
        match Flow::new(parts) {
            Ok(flow) => Some(flow),
            Err(errors) => {
                for error in errors {
                    self.problem(places.line(&error), error);
                }
                None
            }
        }
    }

    /// The IANA name of a place.
    pub(super) fn time_zone(&mut self, node: &Node) -> Option<TimeZone> {
        let text = self.text(node, "time_zone")?;
        text.parse::<TimeZone>()
            .map_err(|error| {
                // The nearest is found without regard to case.
                let names: Vec<(String, String)> =
                    TimeZone::names().map(|name| (name.to_lowercase(), name)).collect();
                let near = nearest(text, names.iter().map(|(lower, _)| lower.as_str()));
                let near = near.and_then(|near| names.iter().find(|(lower, _)| lower == near));
                let hint = near.map(|(_, name)| format!("; did you mean {name}?")).unwrap_or_default();
                self.problem(node.line, format!("{error}{hint}"));
            })
            .ok()
    }

    /// When a source has its answer at the latest, and which.
    fn deadline(&mut self, part: &Part<'_>) -> Option<Option<Deadline>> {
        let ending = part
            .get("on_deadline")
            .map_or(Some(Ending::Error), |node| self.word(node, "on_deadline", &ENDINGS));
        let Some(node) = part.get("deadline") else {
            if let Some(node) = part.get("on_deadline") {
                self.problem(
                    node.line,
                    "\"on_deadline\" is the answer at a deadline; say when by \"deadline\"",
                );
                return None;
            }
            return Some(None);
        };
        let after = self.duration(node, "deadline", DEADLINES);
        Some(Some(Deadline { after: after?, ending: ending? }))
    }

    /// How long what is recorded of its leads is to be kept.
    fn retention(&mut self, node: &Node) -> Option<Retention> {
        let part = self.part(node, &keys::RETENTION)?;
        let mut kept = |key| match part.get(key) {
            None => Some(None),
            Some(node) => self.duration(node, key, RETENTIONS).map(Some),
        };
        let (bodies, headers) = (kept("bodies"), kept("headers"));
        let retention = Retention { bodies: bodies?, headers: headers? };
        if let (Some(bodies), Some(headers)) = (retention.bodies, retention.headers)
            && headers < bodies
        {
            let (bodies, headers) = (duration::write(bodies), duration::write(headers));
            let message =
                format!("\"headers\" is {headers}, but must be at least as long as \"bodies\", {bodies}");
            self.problem(node.line, message);
            return None;
        }
        Some(retention)
    }

    /// What every lead must fulfil.
    pub(super) fn accept(&mut self, node: &Node, names: Names<'_>) -> Option<Check> {
        let part = self.part(node, &keys::ACCEPT)?;
        self.check(&part, names)
    }

    fn reasons(&mut self, node: &Node) -> Option<Reasons> {
        let members = self.map(node, "reasons")?;
        if !self.fits(node.line, "reasons", members.len(), REASONS_MAX) {
            return None;
        }
        let mut seen = HashSet::new();
        let mut reasons = Vec::new();
        for member in members {
            let words = member.key.trim().to_lowercase();
            let chars = words.chars().count();
            let shown: String = member.key.chars().take(60).collect();
            if chars == 0 || chars > PARTNER_WORDS_CHARS_MAX {
                let message =
                    format!("a partner's words have {chars} characters; 1 to {PARTNER_WORDS_CHARS_MAX} fit");
                self.problem(member.line, message);
            } else if !seen.insert(words.clone()) {
                self.problem(member.line, format!("the words {shown:?} stand twice; case does not matter"));
            }
            let reason = self.reason(&member.value);
            reasons.extend(reason.map(|reason| (Arc::from(words), reason)));
        }
        (reasons.len() == members.len()).then_some(reasons)
    }
}

/// Where the things stand that a flow as a whole is checked for.
struct Places {
    flow: u64,
    dims: Vec<(u64, String)>,
    sources: Vec<(u64, String)>,
    steps: Vec<(u64, String)>,
}

impl Places {
    fn line(&self, error: &FlowError) -> u64 {
        // Of what stands twice, the second is meant.
        let find = |places: &[(u64, String)], name: &str| {
            places.iter().rev().find(|(_, own)| own == name).map(|(line, _)| *line)
        };
        let line = match error {
            FlowError::DimTwice(dim) | FlowError::Dim { dim, .. } => find(&self.dims, dim),
            FlowError::SourceTwice(id) => find(&self.sources, id.as_str()),
            FlowError::StepTwice(id) | FlowError::StepReserved(id) | FlowError::Ping(id) => {
                find(&self.steps, id.as_str())
            }
            FlowError::Party { step_id, .. }
            | FlowError::Timeout { step_id, .. }
            | FlowError::Group { step_id, .. }
            | FlowError::Unpriced { step_id, .. } => find(&self.steps, step_id.as_str()),
            FlowError::SharedBudget { source_id, .. } => find(&self.sources, source_id.as_str()),
            FlowError::CapTwice(id) => {
                let owner = id.split('/').next().and_then(|owner| owner.split_once('.'));
                let (_, name) = owner.unwrap_or_default();
                find(&self.steps, name).or_else(|| find(&self.sources, name))
            }
            FlowError::TooMany { .. }
            | FlowError::TooDeep(_)
            | FlowError::ForeignRule(_)
            | FlowError::UnknownTarget { .. }
            | FlowError::CapIds { .. }
            | FlowError::DuplicateTwice(_)
            | FlowError::Reason { .. } => None,
        };
        line.unwrap_or(self.flow)
    }
}

/// The document without its tests: a flow is the same whatever is tried on it, and the people that a test
/// makes up stay where it stands.
fn document_of(root: &Node) -> Arc<str> {
    let Kind::Map(members) = &root.kind else { unreachable!("it was read as a group of keys") };
    let mut document = Vec::new();
    let mut object = json::ObjectWriter::open(&mut document);
    for member in members.iter().filter(|member| member.key != "tests") {
        member.value.write(object.value(&member.key));
    }
    object.close();
    String::from_utf8(document).expect("JSON is written from text").into()
}

/// How many items a list has.
fn count(node: Option<&Node>) -> usize {
    let Some(Node { kind: Kind::List(nodes), .. }) = node else { return 0 };
    nodes.len()
}

/// The ids of steps and, after each group, of its recipients.
fn step_ids(node: Option<&Node>) -> Vec<(u64, String)> {
    let mut all = ids(node, "id");
    let Some(Node { kind: Kind::List(nodes), .. }) = node else { return all };
    for node in nodes {
        let Kind::Map(members) = &node.kind else { continue };
        let recipients = members.iter().filter(|member| member.key == "recipients");
        all.extend(recipients.flat_map(|member| ids(Some(&member.value), "id")));
    }
    all
}

/// The texts under one key of each member of a list.
fn ids(node: Option<&Node>, key: &str) -> Vec<(u64, String)> {
    let Some(Node { kind: Kind::List(nodes), .. }) = node else { return Vec::new() };
    let id = |node: &Node| {
        let Kind::Map(members) = &node.kind else { return None };
        let member = members.iter().find(|member| member.key == key)?;
        let Kind::Text(text) = &member.value.kind else { return None };
        Some((member.value.line, text.clone()))
    };
    nodes.iter().filter_map(id).collect()
}
