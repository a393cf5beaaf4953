//! The other parties that a file names.

use domain::{EntityId, EntityKind};

use super::Entity;
use super::keys;
use super::node::{Member, Node};
use super::reader::Reader;

/// The words for kinds of entities.
pub(super) const KINDS: [(&str, EntityKind); 3] =
    [("source", EntityKind::Source), ("buyer", EntityKind::Buyer), ("service", EntityKind::Service)];

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
}
