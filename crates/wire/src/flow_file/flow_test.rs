//! The tests of a flow: what is submitted, what other parties say to it, and the events that are to come
//! of it. They are part of a file and of nothing that is published: [`FlowFile::document`](super::FlowFile)
//! has none of them. `replies` reads what is said, `event_line` what is expected.

mod event_line;
mod replies;

use std::sync::Arc;

use domain::{Flow, Lead, SourceId, Timestamp};

use super::keys::{self, nearest};
use super::node::Node;
use super::reader::{Part, Reader};
use crate::inbound::{Door, InboundHead, is_set, read};

pub(super) use replies::{FAULTS, REPLIES_MAX, STATUSES};

pub use event_line::{EventLine, EventLineError};
pub use replies::{GivenAnswer, GivenReplies, GivenReply, StepReplies};

/// Most tests of one file.
pub(super) const TESTS_MAX: usize = 500;

/// One test of a flow.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowTest {
    /// Where it begins.
    pub line: u64,
    /// What people call it; no other test of the file is called so.
    pub name: Arc<str>,
    /// When everything begins.
    pub at: Timestamp,
    /// Which source of the flow sends.
    pub source_id: SourceId,
    /// What it asks a price for, before anything else.
    pub ping: Option<Sent>,
    /// The lead it submits. Invariant: there is one, or a ping.
    pub submit: Option<Sent>,
    /// What other parties say, by step.
    pub replies: Vec<StepReplies>,
    /// The events that are to come, in order. Never empty.
    pub expect: Vec<Expected>,
    /// Whether no others may come between, before or after them.
    pub is_exact: bool,
}

/// What a source sends.
#[derive(Debug, Clone, PartialEq)]
pub struct Sent {
    /// Every raw parameter.
    pub raw: Lead,
    /// Whether it says that it is a test lead.
    pub test: bool,
}

/// An event that is to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Where it stands.
    pub line: u64,
    /// The event.
    pub event: EventLine,
}

impl Reader {
    /// The tests that could be read. What they name is looked for in the flow, when that could be read.
    pub(super) fn tests(&mut self, node: Option<&Node>, flow: Option<&Flow>) -> Vec<FlowTest> {
        let tests = self.list(node, "tests", |reader, node| reader.test(node, flow));
        self.fits(node.map_or(1, |node| node.line), "tests", tests.len(), TESTS_MAX);
        for (at, test) in tests.iter().enumerate() {
            if tests[..at].iter().any(|other| other.name == test.name) {
                self.problem(test.line, format!("two tests are called {:?}", test.name));
            }
        }
        tests
    }

    fn test(&mut self, node: &Node, flow: Option<&Flow>) -> Option<FlowTest> {
        let part = self.part(node, &keys::TEST)?;
        let name = self.needed(&part, "name").and_then(|node| self.name(node));
        let at = self.needed(&part, "at").and_then(|node| self.parse_text(node, "at"));
        let source_id = self.needed(&part, "source").and_then(|node| self.source_of_test(node, flow));
        let ping = self.sent(&part, "ping", Door::Ping);
        if let (Some(node), Some(source_id), Some(flow)) = (part.get("ping"), &source_id, flow)
            && flow.source(source_id).is_some_and(|source| !source.ping)
        {
            self.problem(node.line, format!("{source_id} takes no pings; its key \"ping\" is to be true"));
        }
        let submit = self.sent(&part, "submit", Door::Submit);
        let sends = part.get("submit").or(part.get("ping")).is_some();
        if !sends {
            self.problem(part.line, "a test needs the key \"submit\", \"ping\" or both");
        }
        let replies = part.get("replies").map_or(Some(Vec::new()), |node| self.replies(node, flow));
        let expect = self.needed(&part, "expect").and_then(|node| self.expect(node, flow));
        let is_exact = part.get("exact").map_or(Some(false), |node| self.boolean(node, "exact"));
        sends.then_some(())?;
        Some(FlowTest {
            line: part.line,
            name: name?,
            at: at?,
            source_id: source_id?,
            ping: ping?,
            submit: submit?,
            replies: replies?,
            expect: expect?,
            is_exact: is_exact?,
        })
    }

    fn source_of_test(&mut self, node: &Node, flow: Option<&Flow>) -> Option<SourceId> {
        let text = self.text(node, "source")?;
        let source_id: SourceId = self.parse(node.line, text)?;
        let Some(flow) = flow else { return Some(source_id) };
        if flow.source(&source_id).is_none() {
            let known = flow.sources().iter().map(|source| source.id.as_str());
            let hint = nearest(text, known).map(|near| format!("; did you mean {near}?"));
            let message = format!("{source_id} is not a source of the flow{}", hint.unwrap_or_default());
            self.problem(node.line, message);
            return None;
        }
        Some(source_id)
    }

    /// What a source sends, read as the same object in JSON is.
    fn sent(&mut self, part: &Part<'_>, key: &str, door: Door) -> Option<Option<Sent>> {
        let Some(node) = part.get(key) else { return Some(None) };
        self.map(node, key)?;
        let mut body = Vec::new();
        node.write(&mut body);
        let head = InboundHead {
            method: "POST",
            query: "",
            accept: None,
            content_type: Some(b"application/json"),
            content_encoding: None,
        };
        let lead = read(door, &head, &body).and_then(|parameters| {
            let raw = parameters.lead()?;
            let test = is_set(&raw, "is_test")?;
            Ok(Sent { raw, test })
        });
        lead.map(Some).map_err(|refusal| self.problem(node.line, format!("{key:?}: {}", refusal.text()))).ok()
    }

    fn expect(&mut self, node: &Node, flow: Option<&Flow>) -> Option<Vec<Expected>> {
        let before = self.problems.len();
        let expect = self.list(Some(node), "expect", |reader, node| {
            let text = reader.text(node, "expect")?;
            let event = EventLine::read(text, flow).map_err(|error| reader.problem(node.line, error)).ok()?;
            Some(Expected { line: node.line, event })
        });
        if expect.is_empty() && self.problems.len() == before {
            self.problem(node.line, "\"expect\" is empty, so that the test could not fail");
        }
        (self.problems.len() == before).then_some(expect)
    }
}
