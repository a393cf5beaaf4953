//! What every part of a flow file is read with: keys, text, numbers, lengths of time, amounts.

use std::collections::HashSet;
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use domain::{Money, PRICE_MAX, REASON_CHARS_MAX, SecretName};

use super::duration;
use super::keys::{Keys, elsewhere, nearest};
use super::node::{Kind, Member, Node};
use super::problem::Problem;
use super::wsdl::WsdlTexts;
use crate::outbound::AllowedHosts;

/// Longest name of a flow or an entity, in characters.
pub(super) const NAME_CHARS_MAX: usize = 200;

/// Reads a document and gathers what is wrong with it. Methods answer with nothing after they
/// noted why.
#[derive(Debug, Default)]
pub(super) struct Reader {
    pub(super) problems: Vec<Problem>,
    /// Whether what a flow could not be published with is tried all the same: expressions that cannot be read.
    pub(super) is_trying: bool,
    /// Whether names of fields may contradict each other.
    pub(super) takes_any_names: bool,
    /// Whether the flow is published already.
    pub(super) is_published: bool,
    /// The secrets that requests may name; none when any.
    pub(super) listed_secrets: Option<Arc<[SecretName]>>,
    /// What was found at the places where WSDL should be.
    pub(super) wsdl: WsdlTexts,
    /// The hosts that may be asked besides public ones; none when any may.
    pub(super) allowed_hosts: Option<AllowedHosts>,
}

/// The members of one part, each of a known key.
#[derive(Debug)]
pub(super) struct Part<'a> {
    pub(super) line: u64,
    keys: &'static Keys,
    members: Vec<&'a Member>,
}

impl<'a> Part<'a> {
    /// The value of a key; `null` counts as left out.
    pub(super) fn get(&self, key: &str) -> Option<&'a Node> {
        self.members
            .iter()
            .find(|member| member.key == key)
            .map(|member| &member.value)
            .filter(|node| node.kind != Kind::Null)
    }

    /// What it is called in messages.
    pub(super) fn what(&self) -> &'static str {
        self.keys.part
    }
}

impl Reader {
    /// A group of keys, all of them known.
    pub(super) fn part<'a>(&mut self, node: &'a Node, keys: &'static Keys) -> Option<Part<'a>> {
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
                let message = format!("{} no key {shown:?}", keys.with_verb("has", "have"));
                match elsewhere(keys, key) {
                    Some(instead) => self.problem(member.line, format!("{message}; {instead}")),
                    None => self.unknown(member.line, message, key, all),
                }
            }
        }
        Some(Part { line: node.line, keys, members: known })
    }

    pub(super) fn map<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a [Member]> {
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
    pub(super) fn list<T>(
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

    pub(super) fn needed<'a>(&mut self, part: &Part<'a>, key: &str) -> Option<&'a Node> {
        let node = part.get(key);
        if node.is_none() {
            self.problem(part.line, format!("{} the key {key:?}", part.keys.with_verb("needs", "need")));
        }
        node
    }

    pub(super) fn text<'a>(&mut self, node: &'a Node, what: &str) -> Option<&'a str> {
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

    /// The name of a flow or an entity.
    pub(super) fn name(&mut self, node: &Node) -> Option<Arc<str>> {
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

    pub(super) fn boolean(&mut self, node: &Node, what: &str) -> Option<bool> {
        match node.kind {
            Kind::Bool(value) => Some(value),
            Kind::Null | Kind::Number(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => {
                self.problem(node.line, format!("{what:?} must be true or false, not {}", node.describe()));
                None
            }
        }
    }

    /// One of a few words.
    pub(super) fn word<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.text(node, what)?;
        let found = words.iter().find(|(word, _)| *word == text).map(|(_, value)| *value);
        if found.is_none() {
            let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
            let shown: String = text.chars().take(60).collect();
            self.problem(node.line, format!("{what:?} is one of {}, not {shown:?}", all.join(", ")));
        }
        found
    }

    /// Text, or a number or truth value as text, where nothing else could be meant.
    pub(super) fn any_text(&mut self, node: &Node, what: &str) -> Option<Arc<str>> {
        match &node.kind {
            Kind::Text(text) | Kind::Number(text) => Some(text.as_str().into()),
            Kind::Bool(true) => Some("true".into()),
            Kind::Bool(false) => Some("false".into()),
            Kind::Null | Kind::List(_) | Kind::Map(_) => {
                self.problem(node.line, format!("{what:?} must be text, not {}", node.describe()));
                None
            }
        }
    }

    /// A whole number within bounds.
    pub(super) fn count(&mut self, node: &Node, what: &str, bounds: RangeInclusive<u32>) -> Option<u32> {
        let count = match &node.kind {
            Kind::Number(text) => text.parse().ok().filter(|count| bounds.contains(count)),
            Kind::Null | Kind::Bool(_) | Kind::Text(_) | Kind::List(_) | Kind::Map(_) => None,
        };
        if count.is_none() {
            let (least, most) = bounds.into_inner();
            self.problem(node.line, format!("{what:?} must be a whole number from {least} to {most}"));
        }
        count
    }

    /// A length of time within bounds, such as `10s`.
    pub(super) fn duration(
        &mut self,
        node: &Node,
        what: &str,
        bounds: RangeInclusive<Duration>,
    ) -> Option<Duration> {
        let Kind::Text(text) = &node.kind else {
            let message =
                format!("{what:?} must be a length of time such as 10s or 5m, not {}", node.describe());
            self.problem(node.line, message);
            return None;
        };
        let duration = duration::read(text).map_err(|error| self.problem(node.line, error)).ok()?;
        if !bounds.contains(&duration) {
            let (least, most) = bounds.into_inner();
            let message = format!(
                "{what:?} is {text}, but must be from {} to {}",
                duration::write(least),
                duration::write(most)
            );
            self.problem(node.line, message);
            return None;
        }
        Some(duration)
    }

    /// An amount of money that is a price.
    pub(super) fn price(&mut self, node: &Node, what: &str) -> Option<Money> {
        let (Kind::Number(text) | Kind::Text(text)) = &node.kind else {
            self.problem(node.line, format!("{what:?} must be an amount, not {}", node.describe()));
            return None;
        };
        let amount: Money = self.parse(node.line, text)?;
        if !(Money::ZERO..=PRICE_MAX).contains(&amount) {
            self.problem(node.line, format!("{what:?} is {amount}, but a price is from 0 to {PRICE_MAX}"));
            return None;
        }
        Some(amount)
    }

    /// A sentence that is recorded in the clear.
    pub(super) fn reason(&mut self, node: &Node) -> Option<Arc<str>> {
        let text = self.text(node, "reason")?;
        if text.contains("{{") {
            self.not_supported(node.line, "a template in a reason");
            return None;
        }
        let chars = text.chars().count();
        if text.trim().is_empty() || chars > REASON_CHARS_MAX || text.chars().any(char::is_control) {
            self.problem(
                node.line,
                format!("the reason has {chars} characters; 1 to {REASON_CHARS_MAX} on one line fit"),
            );
            return None;
        }
        Some(Arc::from(text))
    }

    /// Whether there are no more of some things than fit; tells when there are.
    pub(super) fn fits(&mut self, line: u64, things: &str, count: usize, max: usize) -> bool {
        if count > max {
            self.problem(line, format!("there are {count} {things}; at most {max} fit"));
        }
        count <= max
    }

    pub(super) fn parse_text<T: FromStr<Err: Display>>(&mut self, node: &Node, what: &str) -> Option<T> {
        let text = self.text(node, what)?;
        self.parse(node.line, text)
    }

    pub(super) fn parse<T: FromStr<Err: Display>>(&mut self, line: u64, text: &str) -> Option<T> {
        text.parse().map_err(|error| self.problem(line, error)).ok()
    }

    pub(super) fn problem(&mut self, line: u64, message: impl Display) {
        self.problems.push(Problem { line, message: message.to_string() });
    }

    pub(super) fn not_supported(&mut self, line: u64, what: impl Display) {
        self.problem(line, format!("{what} is not supported yet"));
    }

    pub(super) fn unknown<'a>(
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
