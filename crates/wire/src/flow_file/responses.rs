//! How a step reads the reply.

use std::collections::HashSet;
use std::sync::Arc;

use domain::{
    Ending, FieldPath, Money, OutcomeSearch, PriceSearch, ReasonSearch, ReplyPath, ResponseSettings,
    SearchTerm,
};

use super::keys::{self, Keys};
use super::node::{Kind, Member, Node};
use super::reader::{Part, Reader};

/// Most values of a reply of which a flow says what they may be.
pub(super) const VALUES_MAX: usize = 50;
/// Most words that one of them may be.
pub(super) const WORDS_MAX: usize = 500;
/// Longest such word, in bytes: it may stand in a header of a record.
pub(super) const WORD_BYTES_MAX: usize = 128;

/// The words for outcomes that a flow can name.
pub(super) const ENDINGS: [(&str, Ending); 3] =
    [("success", Ending::Success), ("failure", Ending::Failure), ("error", Ending::Error)];

/// A place in a reply, and what may stand there.
type DeclaredValue = (Arc<str>, Vec<Arc<str>>);

impl Reader {
    /// The response settings of a step; what it may say depends on the kind of step.
    pub(super) fn response(&mut self, step: &Part<'_>, keys: &'static Keys) -> Option<ResponseSettings> {
        let Some(node) = step.get("response") else { return Some(ResponseSettings::default()) };
        let part = self.part(node, keys)?;
        let outcome = part.get("outcome").map_or(Some(None), |node| self.reply_outcome(node).map(Some));
        let reason = part.get("reason").map_or(Some(ReasonSearch::default()), |node| self.reply_reason(node));
        let price = part.get("price").map_or(Some(None), |node| self.reply_price(node).map(Some));
        let reference = part.get("reference").map_or(Some(None), |node| {
            let part = self.part(node, &keys::REFERENCE)?;
            self.needed(&part, "path").and_then(|node| self.reply_path(node)).map(Some)
        });
        let values = part.get("values").map_or(Some(Vec::new()), |node| self.reply_values(node));
        Some(ResponseSettings {
            outcome: outcome?,
            reason: reason?,
            price: price?,
            reference: reference?,
            values: values?,
        })
    }

    fn reply_outcome(&mut self, node: &Node) -> Option<OutcomeSearch> {
        let part = self.part(node, &keys::OUTCOME)?;
        let path = part.get("path").map_or(Some(None), |node| self.reply_path(node).map(Some));
        let term = part.get("term").map_or(Some(None), |node| self.term(node).map(Some));
        let on_match =
            part.get("on_match").map_or(Some(Ending::Success), |node| self.word(node, "on_match", &ENDINGS));
        let (path, term, on_match) = (path?, term?, on_match?);
        if path.is_none() && term.is_none() {
            self.problem(part.line, "the outcome of a response needs one of the keys \"path\" and \"term\"");
            return None;
        }
        Some(OutcomeSearch { path, term, on_match })
    }

    fn term(&mut self, node: &Node) -> Option<SearchTerm> {
        let text = self.any_text(node, "term")?;
        self.parse(node.line, &text)
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
        if text.starts_with('/') {
            self.not_supported(node.line, "a path of XML");
            return None;
        }
        self.parse(node.line, &text)
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
