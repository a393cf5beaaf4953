//! From the tree to domain values, with all problems that can be told at once.

use std::collections::HashSet;
use std::fmt::Display;
use std::str::FromStr;
use std::sync::Arc;

use domain::{
    Check, CheckTest, Condition, Ending, EntityId, EntityKind, Field, FieldError, FieldType, Fields, Filter,
    Flow, FlowError, FlowParts, FlowSource, OnFail, Operator, PlaceError, REASON_CHARS_MAX, Rule, RuleFault,
    Scalar, SourceId, Step, StepKind, Value,
};

use super::keys::{self, Keys, nearest};
use super::node::{Kind, Member, Node};
use super::problem::Problem;
use super::{Entity, FlowFile};

/// Longest name of a flow or an entity, in characters.
const NAME_CHARS_MAX: usize = 200;

/// Reads a document and gathers what is wrong with it. Methods answer with nothing after they
/// noted why.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
}

/// The members of one part, each of a known key.
struct Part<'a> {
    line: u64,
    members: Vec<&'a Member>,
}

impl<'a> Part<'a> {
    /// The value of a key; `null` counts as left out.
    fn get(&self, key: &str) -> Option<&'a Node> {
        self.members
            .iter()
            .find(|member| member.key == key)
            .map(|member| &member.value)
            .filter(|node| node.kind != Kind::Null)
    }
}

impl Reader {
    pub(super) fn file(&mut self, root: &Node) -> Option<FlowFile> {
        let file = self.part(root, &keys::FILE)?;
        for key in ["lists", "secrets", "tests"] {
            if let Some(node) = file.get(key) {
                match &node.kind {
                    Kind::List(nodes) if nodes.is_empty() => {}
                    _ => self.not_supported(node.line, format!("the key {key:?} of the file")),
                }
            }
        }
        let entities = self.entities(file.get("entities"));
        let flow = self.needed(&file, "flow", &keys::FILE).and_then(|node| self.flow(node));
        let mut document = Vec::new();
        root.write(&mut document);
        let document = String::from_utf8(document).expect("JSON is written from text");
        Some(FlowFile { entities, flow: flow?, document: document.into() })
    }

    fn entities(&mut self, node: Option<&Node>) -> Vec<Entity> {
        let Some(node) = node else { return Vec::new() };
        let Some(members) = self.map(node, "entities") else { return Vec::new() };
        members.iter().filter_map(|member| self.entity(member)).collect()
    }

    fn entity(&mut self, member: &Member) -> Option<Entity> {
        let id: Option<EntityId> = self.parse(member.line, &member.key);
        let part = self.part(&member.value, &keys::ENTITY)?;
        let kind = self.needed(&part, "kind", &keys::ENTITY).and_then(|node| {
            self.word(
                node,
                "kind",
                &[
                    ("source", EntityKind::Source),
                    ("buyer", EntityKind::Buyer),
                    ("service", EntityKind::Service),
                ],
            )
        });
        let name = self.needed(&part, "name", &keys::ENTITY).and_then(|node| self.name(node));
        let (id, kind, name) = (id?, kind?, name?);
        let prefix = match kind {
            EntityKind::Source => "src_",
            EntityKind::Buyer => "buyer_",
            EntityKind::Service => "svc_",
        };
        if !id.as_str().starts_with(prefix) {
            self.problem(
                member.line,
                format!("the id of a {} begins with {prefix}, but this is {id}", kind.as_str()),
            );
            return None;
        }
        Some(Entity { id, kind, name })
    }

    fn flow(&mut self, node: &Node) -> Option<Flow> {
        let part = self.part(node, &keys::FLOW)?;
        let id = self.needed(&part, "id", &keys::FLOW).and_then(|node| self.parse_text(node, "id"));
        let name = self.needed(&part, "name", &keys::FLOW).and_then(|node| self.name(node));
        let enabled = part.get("enabled").map_or(Some(true), |node| self.boolean(node, "enabled"));
        let fields = part.get("fields").map_or_else(|| Some(Fields::default()), |node| self.fields(node));
        let dims = self.dims(part.get("dims"), fields.as_ref());
        let known = fields.as_ref();
        let accept = part.get("accept").map_or(Some(None), |node| self.accept(node, known).map(Some));
        let sources = self.list(part.get("sources"), "sources", |reader, node| reader.source(node, known));
        let steps = self.list(part.get("steps"), "steps", |reader, node| reader.step(node, known));
        let places = Places {
            flow: node.line,
            dims: dims.iter().map(|(line, dim)| (*line, dim.to_string())).collect(),
            sources: ids(part.get("sources"), "entity"),
            steps: ids(part.get("steps"), "id"),
        };
        let parts = FlowParts {
            id: id?,
            name: name?,
            enabled: enabled?,
            fields: fields?,
            dims: dims.into_iter().map(|(_, dim)| dim).collect(),
            accept: accept?,
            price: None,
            reasons: Vec::new(),
            sources,
            steps,
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

    fn fields(&mut self, node: &Node) -> Option<Fields> {
        let members = self.map(node, "fields")?;
        let read: Vec<Field> = members.iter().filter_map(|member| self.field(member)).collect();
        if read.len() < members.len() {
            return None;
        }
        match Fields::new(read) {
            Ok(fields) => Some(fields),
            Err(errors) => {
                for error in errors {
                    let name = match &error {
                        FieldError::Twice(name) | FieldError::Within { inner: name, .. } => Some(name),
                        FieldError::Values { name, .. }
                        | FieldError::Value { name, .. }
                        | FieldError::TooManyValues { name, .. } => Some(name),
                        FieldError::TooMany { .. } | FieldError::TooManyPaths { .. } => None,
                    };
                    let member =
                        members.iter().find(|member| name.is_some_and(|name| name.as_str() == member.key));
                    self.problem(member.map_or(node.line, |member| member.line), error);
                }
                None
            }
        }
    }

    /// `name: type`, or `name: { type, required, values }`.
    fn field(&mut self, member: &Member) -> Option<Field> {
        let name = self.parse(member.line, &member.key);
        let Kind::Map(_) = member.value.kind else {
            let field_type = self.field_type(&member.value);
            return Some(Field::new(name?, field_type?));
        };
        let part = self.part(&member.value, &keys::FIELD)?;
        let field_type = self.needed(&part, "type", &keys::FIELD).and_then(|node| self.field_type(node));
        let required = part.get("required").map_or(Some(false), |node| self.boolean(node, "required"));
        let before = self.problems.len();
        let values = self
            .list(part.get("values"), "values", |reader, node| reader.text(node, "a value").map(Arc::from));
        if self.problems.len() > before {
            return None;
        }
        if values.is_empty() && part.get("values").is_some() {
            self.problem(member.line, format!("the values of {} are an empty list", member.key));
            return None;
        }
        Some(Field { name: name?, field_type: field_type?, required: required?, values })
    }

    fn field_type(&mut self, node: &Node) -> Option<FieldType> {
        let text = self.text(node, "type")?;
        if keys::TYPES_LATER.contains(&text) {
            self.not_supported(node.line, format!("the field type {text}"));
            return None;
        }
        text.parse()
            .map_err(|error| self.unknown(node.line, error, text, FieldType::ALL.map(FieldType::as_str)))
            .ok()
    }

    fn dims(&mut self, node: Option<&Node>, fields: Option<&Fields>) -> Vec<(u64, Arc<str>)> {
        self.list(node, "dims", |reader, node| {
            let text = reader.text(node, "a dim")?;
            let provider = text.strip_prefix("lead.").and_then(|path| fields?.at(path)).is_some_and(
                |(field, component)| field.field_type == FieldType::Email && component == Some("domain"),
            );
            if provider || text.starts_with("appended.") {
                reader.not_supported(node.line, format!("the dim {text}"));
                return None;
            }
            Some((node.line, Arc::from(text)))
        })
    }

    fn accept(&mut self, node: &Node, fields: Option<&Fields>) -> Option<Check> {
        let part = self.part(node, &keys::ACCEPT)?;
        self.check(&part, &keys::ACCEPT, fields)
    }

    /// `require` or `exclude`, and `reason`.
    fn check(&mut self, part: &Part<'_>, keys: &Keys, fields: Option<&Fields>) -> Option<Check> {
        let reason = part.get("reason").map_or(Some(None), |node| self.reason(node).map(Some));
        let test = match (part.get("require"), part.get("exclude")) {
            (Some(node), None) => self.condition(node, fields).map(CheckTest::Require),
            (None, Some(node)) => self.condition(node, fields).map(CheckTest::Exclude),
            (None, None) | (Some(_), Some(_)) => {
                self.problem(
                    part.line,
                    format!("{} has one of the keys \"require\" and \"exclude\"", keys.part),
                );
                None
            }
        };
        Some(Check { test: test?, reason: reason? })
    }

    fn reason(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.text(node, "reason")?;
        if text.contains("{{") {
            self.not_supported(node.line, "a template in a reason");
            return None;
        }
        let chars = text.chars().count();
        if text.trim().is_empty() || chars > REASON_CHARS_MAX {
            self.problem(
                node.line,
                format!("the reason has {chars} characters; 1 to {REASON_CHARS_MAX} fit"),
            );
            return None;
        }
        Some(Arc::from(text))
    }

    /// A group `all`, `any` or `none`, or one rule.
    fn condition(&mut self, node: &Node, fields: Option<&Fields>) -> Option<Condition> {
        let members = self.map(node, "a condition")?;
        let group = members.iter().find(|member| keys::GROUPS.contains(&member.key.as_str()));
        let Some(group) = group else {
            let part = self.part(node, &keys::RULE)?;
            return self.rule(&part, fields).map(Condition::from);
        };
        if members.len() > 1 {
            self.problem(
                node.line,
                "a group has one key: all, any or none; put groups within each other to combine them",
            );
            return None;
        }
        let Kind::List(nodes) = &group.value.kind else {
            self.problem(
                group.line,
                format!("{:?} must be a list of conditions, not {}", group.key, group.value.describe()),
            );
            return None;
        };
        let read: Vec<Condition> = nodes.iter().filter_map(|node| self.condition(node, fields)).collect();
        if read.len() < nodes.len() {
            return None;
        }
        Some(match group.key.as_str() {
            "all" => Condition::All(read),
            "any" => Condition::Any(read),
            _ => Condition::None(read),
        })
    }

    fn rule(&mut self, part: &Part<'_>, fields: Option<&Fields>) -> Option<Rule> {
        let place = self.needed(part, "field", &keys::RULE).and_then(|node| self.text(node, "field"));
        let operator = self.needed(part, "op", &keys::RULE).and_then(|node| self.operator(node));
        let operand = part.get("value").map_or(Some(None), |node| self.operand(node).map(Some));
        let (place, operator, operand) = (place?, operator?, operand?);
        if place.starts_with("appended.") || place.contains("{{") {
            self.not_supported(part.line, format!("a rule on {place}"));
            return None;
        }
        // Without good fields each rule would be told to be wrong.
        let fields = fields?;
        match Rule::new(fields, place, operator, operand.as_ref()) {
            Ok(rule) => Some(rule),
            Err(error) => {
                let hint = match &error.fault {
                    RuleFault::Place(PlaceError::UnknownField(_)) => {
                        let names: Vec<String> =
                            fields.iter().map(|field| format!("lead.{}", field.name)).collect();
                        nearest(place, names.iter().map(String::as_str))
                            .map(|name| format!("; did you mean {name}?"))
                    }
                    RuleFault::Place(
                        PlaceError::Unknown(_)
                        | PlaceError::UnknownComponent { .. }
                        | PlaceError::UnknownStep { .. },
                    )
                    | RuleFault::Operator { .. }
                    | RuleFault::NoValue
                    | RuleFault::NeedlessValue
                    | RuleFault::List
                    | RuleFault::Value { .. }
                    | RuleFault::TooMany { .. }
                    | RuleFault::TooLong { .. }
                    | RuleFault::Pattern(_) => None,
                };
                self.problem(part.line, format!("{error}{}", hint.unwrap_or_default()));
                None
            }
        }
    }

    fn operator(&mut self, node: &Node) -> Option<Operator> {
        let text = match &node.kind {
            // The short names `true` and `false` are booleans to YAML.
            Kind::Bool(true) => "true",
            Kind::Bool(false) => "false",
            Kind::Null | Kind::Number(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                self.text(node, "op")?
            }
        };
        if keys::OPERATORS_LATER.contains(&text) {
            self.not_supported(node.line, format!("the operator {text:?}"));
            return None;
        }
        let names = Operator::ALL.into_iter().flat_map(|operator| [operator.as_str(), operator.short()]);
        text.parse().map_err(|error| self.unknown(node.line, error, text, names)).ok()
    }

    fn operand(&mut self, node: &Node) -> Option<Value> {
        match &node.kind {
            Kind::List(nodes) => {
                let read: Vec<Scalar> = nodes.iter().filter_map(|node| self.scalar(node)).collect();
                (read.len() == nodes.len()).then(|| Value::List(read.into()))
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Map(_) => {
                self.scalar(node).map(Value::Scalar)
            }
        }
    }

    fn scalar(&mut self, node: &Node) -> Option<Scalar> {
        match &node.kind {
            Kind::Text(text) if text.contains("{{") => {
                self.not_supported(node.line, "a template in the value of a rule");
                None
            }
            Kind::Text(text) => Some(Scalar::Text(text.as_str().into())),
            Kind::Bool(value) => Some(Scalar::Bool(*value)),
            // Beyond what stays exact, a number is compared as text.
            Kind::Number(text) => {
                Some(text.parse().map_or_else(|_| Scalar::Text(text.as_str().into()), Scalar::Number))
            }
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                self.problem(
                    node.line,
                    format!(
                        "a rule compares with text, numbers or true and false, not with {}",
                        node.describe()
                    ),
                );
                None
            }
        }
    }

    fn source(&mut self, node: &Node, fields: Option<&Fields>) -> Option<FlowSource> {
        let part = self.part(node, &keys::SOURCE)?;
        let id: Option<SourceId> =
            self.needed(&part, "entity", &keys::SOURCE).and_then(|node| self.parse_text(node, "entity"));
        let key_required =
            part.get("key_required").map_or(Some(true), |node| self.boolean(node, "key_required"));
        let accept = part.get("accept").map_or(Some(None), |node| self.accept(node, fields).map(Some));
        Some(FlowSource {
            id: id?,
            key_required: key_required?,
            map: Vec::new(),
            accept: accept?,
            price: None,
        })
    }

    fn step(&mut self, node: &Node, fields: Option<&Fields>) -> Option<Step> {
        // What a step may say depends on its kind, so that is looked at first.
        let members = self.map(node, "a step")?;
        let kind = members.iter().find(|member| member.key == "kind");
        match kind.map(|member| &member.value.kind) {
            Some(Kind::Text(kind)) if keys::STEP_KINDS_LATER.contains(&kind.as_str()) => {
                self.not_supported(node.line, format!("a step of the kind {kind}"));
                return None;
            }
            Some(Kind::Text(kind)) if kind == "filter" => {}
            Some(Kind::Text(text)) => {
                let kinds = keys::STEP_KINDS_LATER.into_iter().chain(["filter"]);
                self.unknown(node.line, format!("{text:?} is not a kind of step"), text, kinds);
                return None;
            }
            Some(Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::List(_) | Kind::Map(_)) | None => {
                self.problem(node.line, "a step needs the key \"kind\", such as filter");
                return None;
            }
        }
        let part = self.part(node, &keys::FILTER)?;
        let id = self.needed(&part, "id", &keys::FILTER).and_then(|node| self.parse_text(node, "id"));
        let check = self.check(&part, &keys::FILTER, fields);
        let stops = part
            .get("on_fail")
            .map_or(Some(true), |node| self.word(node, "on_fail", &[("stop", true), ("continue", false)]));
        let outcome = part.get("outcome").map_or(Some(Ending::default()), |node| {
            self.word(
                node,
                "outcome",
                &[("success", Ending::Success), ("failure", Ending::Failure), ("error", Ending::Error)],
            )
        });
        if let (Some(false), Some(node)) = (stops, part.get("outcome")) {
            self.problem(node.line, "\"outcome\" says how a flow ends, but \"on_fail: continue\" goes on");
            return None;
        }
        let on_fail = if stops? { OnFail::Stop(outcome?) } else { OnFail::Continue };
        let kind = StepKind::Filter(Filter { check: check?, on_fail });
        Some(Step { id: id?, enabled: true, when: None, kind })
    }

    /// A group of keys, all of them known.
    fn part<'a>(&mut self, node: &'a Node, keys: &Keys) -> Option<Part<'a>> {
        let members = self.map(node, keys.part)?;
        let mut known = Vec::new();
        for member in members {
            let key = member.key.as_str();
            if keys.known.contains(&key) {
                known.push(member);
            } else if keys.later.contains(&key) {
                self.not_supported(member.line, format!("the key {key:?} of {}", keys.part));
            } else {
                let all = keys.known.iter().chain(keys.later).copied();
                let shown: String = key.chars().take(60).collect();
                self.unknown(member.line, format!("{} has no key {shown:?}", keys.part), key, all);
            }
        }
        Some(Part { line: node.line, members: known })
    }

    fn map<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a [Member]> {
        match &node.kind {
            Kind::Map(members) => {
                let mut seen = HashSet::new();
                let twice: Vec<&Member> = members.iter().filter(|member| !seen.insert(&member.key)).collect();
                for member in &twice {
                    let shown: String = member.key.chars().take(60).collect();
                    self.problem(member.line, format!("the key {shown:?} stands twice"));
                }
                twice.is_empty().then_some(members)
            }
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::List(_) => {
                self.problem(node.line, format!("{what} must be a group of keys, not {}", node.describe()));
                None
            }
        }
    }

    /// Each item of a list that could be read; an absent list is empty.
    fn list<T>(
        &mut self,
        node: Option<&Node>,
        what: &str,
        mut read: impl FnMut(&mut Reader, &Node) -> Option<T>,
    ) -> Vec<T> {
        match node.map(|node| (node, &node.kind)) {
            None => Vec::new(),
            Some((_, Kind::List(nodes))) => nodes.iter().filter_map(|node| read(self, node)).collect(),
            Some((node, Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Map(_))) => {
                self.problem(node.line, format!("{what:?} must be a list, not {}", node.describe()));
                Vec::new()
            }
        }
    }

    fn needed<'a>(&mut self, part: &Part<'a>, key: &str, keys: &Keys) -> Option<&'a Node> {
        let node = part.get(key);
        if node.is_none() {
            self.problem(part.line, format!("{} needs the key {key:?}", keys.part));
        }
        node
    }

    fn text<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a str> {
        match &node.kind {
            Kind::Text(text) => Some(text),
            Kind::Bool(_) | Kind::Number(_) => {
                self.problem(
                    node.line,
                    format!("{what:?} must be text, not {}; put it in quotes", node.describe()),
                );
                None
            }
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                self.problem(node.line, format!("{what:?} must be text, not {}", node.describe()));
                None
            }
        }
    }

    fn name(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.text(node, "name")?;
        let chars = text.chars().count();
        if text.trim().is_empty() || chars > NAME_CHARS_MAX || text.chars().any(char::is_control) {
            self.problem(
                node.line,
                format!("the name has {chars} characters; 1 to {NAME_CHARS_MAX} on one line fit"),
            );
            return None;
        }
        Some(Arc::from(text))
    }

    fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            Kind::Null | Kind::Number(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                self.problem(node.line, format!("{what:?} must be true or false, not {}", node.describe()));
                None
            }
        }
    }

    /// One of a few words.
    fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let shown: String = text.chars().take(60).collect();
            self.problem(node.line, format!("{what:?} is one of {}, not {shown:?}", all.join(", ")));
        }
        found
    }

    fn parse_text<T: FromStr<Err: Display>>(&mut self, node: &Node, what: &str) -> Option<T> {
        let text = self.text(node, what)?;
        self.parse(node.line, text)
    }

    fn parse<T: FromStr<Err: Display>>(&mut self, line: u64, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.problem(line, error)).ok()
    }

    fn problem(&mut self, line: u64, message: impl Display) {
        self.problems.push(Problem { line, message: message.to_string() });
    }

    fn not_supported(&mut self, line: u64, what: impl Display) {
        self.problem(line, format!("{what} is not supported yet"));
    }

    fn unknown<'a>(
        &mut self,
        line: u64,
        message: impl Display,
        word: &str,
        words: impl IntoIterator<Item = &'a str>,
    ) {
        let hint = nearest(word, words).map(|word| format!("; did you mean {word:?}?"));
        self.problem(line, format!("{message}{}", hint.unwrap_or_default()));
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
            FlowError::UnknownDim(dim) | FlowError::DimTwice(dim) | FlowError::OpenDim { dim, .. } => {
                find(&self.dims, dim)
            }
            FlowError::SourceTwice(id) => find(&self.sources, id.as_str()),
            FlowError::StepTwice(id) | FlowError::StepReserved(id) => find(&self.steps, id.as_str()),
            FlowError::Party { step_id, .. } | FlowError::Timeout { step_id, .. } => {
                find(&self.steps, step_id.as_str())
            }
            FlowError::TooMany { .. }
            | FlowError::ForeignRule(_)
            | FlowError::UnknownTarget { .. }
            | FlowError::Reason { .. } => None,
        };
        line.unwrap_or(self.flow)
    }
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
