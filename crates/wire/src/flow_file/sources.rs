//! Where leads come from, and how raw parameters become fields.

use std::ops::RangeInclusive;
use std::time::Duration;

use domain::{
    DEFAULT_PING_EXPIRES, FieldName, FlowSource, Mapping, SourceFeedback, SourceGates, SourceId, TimeZone,
};

use super::gates::Owner;
use super::keys::{self, nearest};
use super::names::Names;
use super::node::Node;
use super::reader::Reader;

/// Most mappings of one source.
pub(super) const MAPPINGS_MAX: usize = 500;

/// How long the offer of a ping may stand.
const PING_EXPIRIES: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);

impl Reader {
    /// `at_the_end` is what answers may name.
    pub(super) fn source(
        &mut self,
        node: &Node,
        names: Names<'_>,
        at_the_end: Names<'_>,
        (flow, zone): (&str, &TimeZone),
    ) -> Option<FlowSource> {
        let part = self.part(node, &keys::SOURCE)?;
        let id: Option<SourceId> =
            self.needed(&part, "entity").and_then(|node| self.parse_text(node, "entity"));
        let key_required =
            part.get("key_required").map_or(Some(true), |node| self.boolean(node, "key_required"));
        let map = self.mappings(part.get("map"), names);
        let accept = part.get("accept").map_or(Some(None), |node| self.accept(node, names).map(Some));
        let price = part.get("price").map_or(Some(None), |node| self.purchase_price(node, names).map(Some));
        let intake = self.intake(&part, at_the_end);
        let feedback = part
            .get("feedback")
            .map_or(Some(SourceFeedback::default()), |node| self.source_feedback(node, at_the_end));
        let hours = self.hours(&part);
        let owner = format!("{flow}.{}", id.as_ref().map_or("src_", SourceId::as_str));
        let owner = Owner { id: &owner, zone, names: Some(names) };
        let (caps, ping_limits) = (self.caps(&part, owner), self.ping_limits(&part, owner));
        let gates = || Some(SourceGates { hours: hours?, caps: caps?, ping_limits: ping_limits? });
        let gates = gates();
        let ping = part.get("ping").map_or(Some(false), |node| self.boolean(node, "ping"));
        let ping_expires = part
            .get("ping_expires")
            .map_or(Some(DEFAULT_PING_EXPIRES), |node| self.duration(node, "ping_expires", PING_EXPIRIES));
        Some(FlowSource {
            id: id?,
            key_required: key_required?,
            map: map?,
            accept: accept?,
            price: price?,
            intake: intake?,
            feedback: feedback?,
            gates: gates?,
            ping: ping?,
            ping_expires: ping_expires?,
        })
    }

    fn mappings(&mut self, node: Option<&Node>, names: Names<'_>) -> Option<Vec<Mapping>> {
        let before = self.problems.len();
        let map = self.list(node, "map", |reader, node| reader.mapping(node, names));
        if self.problems.len() > before {
            return None;
        }
        let line = node.map_or(1, |node| node.line);
        self.fits(line, "mappings", map.len(), MAPPINGS_MAX).then_some(map)
    }

    fn mapping(&mut self, node: &Node, names: Names<'_>) -> Option<Mapping> {
        let part = self.part(node, &keys::MAPPING)?;
        let to = self.needed(&part, "to").and_then(|node| self.target(node, names));
        let value = self.needed(&part, "value").and_then(|node| self.template(node, "value", Names::Raw));
        let when = self.when(&part, Names::Raw);
        Some(Mapping { to: to?, value: value?, when: when? })
    }

    /// A field of the flow.
    fn target(&mut self, node: &Node, names: Names<'_>) -> Option<FieldName> {
        let text = self.text(node, "to")?;
        let Names::Lead { fields, .. } = names else { return None };
        if names.is_unread(text) {
            return None;
        }
        let field = fields.get(text);
        if field.is_none() {
            let known = fields.iter().map(|field| field.name.as_str());
            // People write `lead.state` as rules do.
            let meant = text.strip_prefix("lead.").filter(|name| fields.get(name).is_some());
            let hint = meant.or_else(|| nearest(text, known)).map(|name| format!("; did you mean {name}?"));
            let shown: String = text.chars().take(80).collect();
            let message = format!("{shown:?} is not a field of the flow{}", hint.unwrap_or_default());
            self.problem(node.line, message);
        }
        field.map(|field| field.name.clone())
    }
}
