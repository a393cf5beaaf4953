//! The other parties that a file names.

use std::sync::Arc;

use domain::{
    CAP_IDS_BYTES_MAX, CIRCUIT_ERRORS, COOL_DOWNS, Circuit, EntityId, EntityKind, EntitySettings, FlowError,
    Limits,
};

use super::gates::Owner;
use super::keys::{self, Keys};
use super::node::{Kind, Member, Node};
use super::reader::{Part, Reader};
use super::{Entity, EntityFile};

/// The words for kinds of entities.
pub(super) const KINDS: [(&str, EntityKind); 3] =
    [("source", EntityKind::Source), ("buyer", EntityKind::Buyer), ("service", EntityKind::Service)];

/// What holds for a party in all flows, by itself: a part of what a file says of an entity.
const SETTINGS: Keys = Keys {
    part: "the settings of an entity",
    known: &["limits", "circuit", "time_zone", "hours", "caps"],
    later: &[],
};

/// The members of an entity that are its settings, as JSON in their order.
fn document_of(node: &Node) -> Arc<str> {
    let Kind::Map(members) = &node.kind else { unreachable!("it was read as a group of keys") };
    let own = members.iter().filter(|member| SETTINGS.known.contains(&member.key.as_str()));
    let own = Node { line: node.line, kind: Kind::Map(own.cloned().collect()) };
    let mut document = Vec::new();
    own.write(&mut document);
    String::from_utf8(document).expect("JSON is written from text").into()
}

impl Reader {
    pub(super) fn entities(&mut self, node: Option<&Node>) -> Vec<Entity> {
        let Some(node) = node else { return Vec::new() };
        let Some(members) = self.map(node, "entities") else { return Vec::new() };
        members.iter().filter_map(|member| self.entity(member)).collect()
    }

    fn entity(&mut self, member: &Member) -> Option<Entity> {
        let id: Option<EntityId> = self.parse(member.line, &member.key);
        let part = self.part(&member.value, &keys::ENTITY)?;
        let kind = self.needed(&part, "kind").and_then(|node| self.word(node, "kind", &KINDS));
        let name = self.needed(&part, "name").and_then(|node| self.name(node));
        let settings = id.as_ref().and_then(|id| self.settings(id, &part));
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
        let settings = settings?;
        let settings_document = document_of(&member.value);
        Some(Entity { id, kind, name, settings, settings_document })
    }

    /// The settings of a party by themselves.
    pub(super) fn settings_file(&mut self, id: &EntityId, root: &Node) -> Option<EntityFile> {
        let part = self.part(root, &SETTINGS)?;
        let settings = self.settings(id, &part)?;
        Some(EntityFile { settings, document: document_of(root) })
    }

    /// When a party is left alone for a while.
    fn circuit(&mut self, id: &EntityId, node: &Node) -> Option<Circuit> {
        let part = self.part(node, &keys::CIRCUIT)?;
        if id.as_str().starts_with("src_") {
            self.problem(
                node.line,
                "a circuit is of a buyer or a service: leads come from a source by themselves",
            );
            return None;
        }
        let Circuit { errors, cool_down } = Circuit::default();
        let errors =
            part.get("errors").map_or(Some(errors), |node| self.count(node, "errors", CIRCUIT_ERRORS));
        let cool_down = part
            .get("cool_down")
            .map_or(Some(cool_down), |node| self.duration(node, "cool_down", COOL_DOWNS));
        Some(Circuit { errors: errors?, cool_down: cool_down? })
    }

    fn settings(&mut self, id: &EntityId, part: &Part<'_>) -> Option<EntitySettings> {
        let limits = part
            .get("limits")
            .map_or(Some(Limits::default()), |node| self.limits(node, &keys::ENTITY_LIMITS));
        let circuit = part.get("circuit").map_or(Some(None), |node| self.circuit(id, node).map(Some));
        let time_zone = self.own_zone(part);
        let hours = self.hours(part);
        let zone = time_zone.clone().flatten().unwrap_or_default();
        let owner = Owner { id: id.as_str(), zone: &zone, names: None };
        let caps = self.caps(part, owner)?;
        let ids: Vec<_> = caps.iter().map(|cap| &cap.id).collect();
        if let Some((_, id)) = ids.iter().enumerate().find(|(at, id)| ids[..*at].contains(id)) {
            self.problem(part.line, FlowError::CapTwice(Arc::clone(id)));
            return None;
        }
        let bytes: usize = ids.iter().map(|id| id.len()).sum();
        if bytes > CAP_IDS_BYTES_MAX {
            self.problem(part.line, FlowError::CapIds { place: id.to_string(), bytes });
            return None;
        }
        Some(EntitySettings {
            limits: limits?,
            circuit: circuit?,
            time_zone: time_zone?,
            hours: hours?,
            caps,
        })
    }
}
