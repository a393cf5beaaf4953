//! How a step reads the reply.

use std::collections::HashSet;
use std::sync::Arc;

use domain::{
    Ending, FieldPath, Integration, Money, OutcomeSearch, Pattern, PriceSearch, ReasonSearch, ReplyForm,
    ReplyPath, ResponseSettings, SearchTerm,
};

use crate::outbound::path_fault;

use super::keys::{self, Keys};
use super::node::{Kind, Member, Node};
use super::reader::{Part, Reader};

/// Most values of a reply of which a flow says what they may be.
pub(super) const VALUES_MAX: usize = 50;
/// Most words that one of them may be.
pub(super) const WORDS_MAX: usize = 500;
/// Longest such word, in bytes: it may stand in a header of a record.
pub(super) const WORD_BYTES_MAX: usize = 128;

/// Most captures of one reply.
pub(super) const CAPTURES_MAX: usize = 50;
/// Names that captures cannot have: what is read stands under them.
const TAKEN: [&str; 5] = ["outcome", "reason", "price", "reference", "cookie"];

/// The words for outcomes that a flow can name.
pub(super) const ENDINGS: [(&str, Ending); 3] =
    [("success", Ending::Success), ("failure", Ending::Failure), ("error", Ending::Error)];

/// A place in a reply, and what may stand there.
type DeclaredValue = (Arc<str>, Vec<Arc<str>>);

impl Reader {
    /// The response settings of a step; what it may say depends on the kind of step.
    pub(super) fn response(&mut self, step: &Part<'_>, keys: &'static Keys) -> Option<ResponseSettings> {
        let is_soap = step
            .get("integration")
            .is_some_and(|node| node.kind == Kind::Text(Integration::CustomSoap.as_str().to_owned()));
        let Some(node) = step.get("response") else {
            return Some(ResponseSettings { is_soap, ..ResponseSettings::default() });
        };
        let part = self.part(node, keys)?;
        let outcome = part.get("outcome").map_or(Some(None), |node| self.reply_outcome(node));
        let reason = part.get("reason").map_or(Some(ReasonSearch::default()), |node| self.reply_reason(node));
        let price = part.get("price").map_or(Some(None), |node| self.reply_price(node).map(Some));
        let reference = part.get("reference").map_or(Some(None), |node| {
            let part = self.part(node, &keys::REFERENCE)?;
            self.needed(&part, "path").and_then(|node| self.reply_path(node)).map(Some)
        });
        let values = part.get("values").map_or(Some(Vec::new()), |node| self.reply_values(node));
        let captures = part.get("capture").map_or(Some(Vec::new()), |node| self.captures(node));
        let cookie = part.get("cookie").map_or(Some(None), |node| {
            let part = self.part(node, &keys::COOKIE)?;
            self.needed(&part, "term").and_then(|node| self.term(node)).map(Some)
        });
        let content_type =
            part.get("content_type").map_or(Some(None), |node| self.reply_form(node).map(Some));
        Some(ResponseSettings {
            outcome: outcome?,
            reason: reason?,
            price: price?,
            reference: reference?,
            values: values?,
            captures: captures?,
            cookie: cookie?,
            content_type: content_type?,
            is_soap,
        })
    }

    fn reply_form(&mut self, node: &Node) -> Option<ReplyForm> {
        let text = self.text(node, "content_type")?;
        let form = ReplyForm::of_content_type(text);
        if form.is_none() {
            let shown: String = text.chars().take(60).collect();
            let message = format!(
                "\"content_type\" is one like application/json, text/xml, text/html or text/plain, not {shown:?}"
            );
            self.problem(node.line, message);
        }
        form
    }

    fn captures(&mut self, node: &Node) -> Option<Vec<(Arc<str>, Pattern)>> {
        let members = self.map(node, "capture")?;
        if !self.fits(node.line, "captures", members.len(), CAPTURES_MAX) {
            return None;
        }
        let before = self.problems.len();
        let mut captures = Vec::new();
        for member in members {
            let name = member.key.as_str();
            let shown: String = name.chars().take(60).collect();
            if let Err(error) = FieldPath::key(name) {
                self.problem(member.line, error);
            } else if TAKEN.contains(&name) {
                self.problem(
                    member.line,
                    format!("a capture cannot be called {shown}, which is what was read"),
                );
            }
            let Some(text) = self.any_text(&member.value, name) else { continue };
            match text.parse::<Pattern>() {
                Ok(pattern) if pattern.has_group() => captures.push((name.into(), pattern)),
                Ok(_) if self.is_trying => {}
                Ok(_) => self.problem(
                    member.value.line,
                    format!("the capture {shown} needs a group in brackets, such as /id=(\\w+)/"),
                ),
                Err(_) if self.is_trying => {}
                Err(error) => self.problem(
                    member.value.line,
                    format!("the capture {shown} is not a regular expression: {error}"),
                ),
            }
        }
        (self.problems.len() == before).then_some(captures)
    }

    fn reply_outcome(&mut self, node: &Node) -> Option<Option<OutcomeSearch>> {
        let part = self.part(node, &keys::OUTCOME)?;
        let path = part.get("path").map_or(Some(None), |node| self.reply_path(node).map(Some));
        let term = part.get("term").map_or(Some(None), |node| self.term(node).map(Some));
        let on_match =
            part.get("on_match").map_or(Some(None), |node| self.word(node, "on_match", &ENDINGS).map(Some));
        let (path, term, on_match) = (path?, term?, on_match?);
        if term.is_none() && on_match.is_none() {
            if self.is_trying {
                return Some(None);
            }
            let message = "the outcome of a response needs one of the keys \"term\" and \"on_match\"";
            self.problem(part.line, message);
            return None;
        }
        Some(Some(OutcomeSearch { path, term, on_match: on_match.unwrap_or(Ending::Success) }))
    }

    fn term(&mut self, node: &Node) -> Option<SearchTerm> {
        let text = self.any_text(node, "term")?;
        match text.parse() {
            Err(_) if self.is_trying => Some(SearchTerm::of_nothing(&text)),
            read => read.map_err(|error| self.problem(node.line, error)).ok(),
        }
    }

    fn reply_reason(&mut self, node: &Node) -> Option<ReasonSearch> {
        let part = self.part(node, &keys::REASON)?;
        let path = part.get("path").map_or(Some(None), |node| self.reply_path(node).map(Some));
        let default = part.get("default").map_or(Some(None), |node| self.reason(node).map(Some));
        Some(ReasonSearch { path: path?, default: default? })
    }

    fn reply_price(&mut self, node: &Node) -> Option<PriceSearch> {
        let part = self.part(node, &keys::REPLY_PRICE)?;
        let path = self.needed(&part, "path").and_then(|node| self.reply_path(node));
        let fallback = part.get("fallback").map_or(Some(Money::ZERO), |node| self.price(node, "fallback"));
        Some(PriceSearch { path: path?, fallback: fallback? })
    }

    fn reply_path(&mut self, node: &Node) -> Option<ReplyPath> {
        let text = self.any_text(node, "path")?;
        let path: ReplyPath = self.parse(node.line, &text)?;
        if let Some(fault) = path_fault(&path).filter(|_| !self.is_trying) {
            let shown: String = text.chars().take(80).collect();
            self.problem(node.line, format!("{shown:?} {fault}"));
            return None;
        }
        Some(path)
    }

    fn reply_values(&mut self, node: &Node) -> Option<Vec<DeclaredValue>> {
        let members = self.map(node, "values")?;
        if !self.fits(node.line, "values", members.len(), VALUES_MAX) {
            return None;
        }
        let read: Vec<_> = members.iter().filter_map(|member| self.reply_value(member)).collect();
        (read.len() == members.len()).then_some(read)
    }

    fn reply_value(&mut self, member: &Member) -> Option<DeclaredValue> {
        let path: Option<FieldPath> = self.parse(member.line, &member.key);
        let Kind::List(nodes) = &member.value.kind else {
            let message =
                format!("{:?} must be a list of what it may be, not {}", member.key, member.value.describe());
            self.problem(member.line, message);
            return None;
        };
        if nodes.is_empty() {
            self.problem(member.line, format!("the values of {} are an empty list", member.key));
            return None;
        }
        if !self.fits(member.line, "words", nodes.len(), WORDS_MAX) {
            return None;
        }
        let mut seen = HashSet::new();
        let words: Vec<Arc<str>> = nodes
            .iter()
            .filter_map(|node| {
                let word = self.any_text(node, "a value")?;
                let fault = if word.trim().is_empty() {
                    "blank"
                } else if word.len() > WORD_BYTES_MAX {
                    "longer than 128 bytes"
                } else if word.trim() != &*word || word.chars().any(char::is_control) {
                    "not plain text: it begins or ends with a blank, or holds a control character"
                } else if !seen.insert(word.to_lowercase()) {
                    "there already; case does not matter"
                } else {
                    return Some(word);
                };
                let shown: String = word.chars().take(80).collect();
                self.problem(node.line, format!("the value {shown:?} of {} is {fault}", member.key));
                None
            })
            .collect();
        if words.len() < nodes.len() {
            return None;
        }
        Some((path?.as_str().into(), words))
    }
}
