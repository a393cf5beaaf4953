//! What people and the system do to the installation. Control state (flows, entities, keys) is
//! the fold of these events.

use std::fmt;
use std::sync::Arc;

use crate::{
    EntityId, EventId, FlowId, FlowVersion, LeadId, ListName, SecretName, SecretValue, SubjectId, Timestamp,
};

/// One thing done to the installation: written once, never changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ControlEvent {
    /// Unique.
    pub id: EventId,
    /// When.
    pub at: Timestamp,
    /// What it was done to: a flow, an entity, a key, a value of a secret; its events form one chain.
    pub subject_id: SubjectId,
    /// Which key did it, in its public form (`key_…`); `system` for the installation itself.
    pub actor: Arc<str>,
    /// What was done.
    pub kind: ControlKind,
}

/// What was done to the installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ControlKind {
    /// A version of a flow was frozen.
    FlowPublished {
        /// Which flow.
        flow_id: FlowId,
        /// Which version of it.
        version: FlowVersion,
        /// The document as JSON text, sealed at rest.
        document: Arc<str>,
    },
    /// A document was put aside as the draft of a flow, in place of the one before. Publishing
    /// the flow ends its draft.
    FlowDrafted {
        /// Which flow.
        flow_id: FlowId,
        /// The document as JSON text, sealed at rest.
        document: Arc<str>,
    },
    /// Another party was made known.
    EntityCreated {
        /// Its id.
        entity_id: EntityId,
        /// Source, buyer or service.
        kind: EntityKind,
        /// What people call it, sealed at rest.
        name: Arc<str>,
    },
    /// What holds for a party in all flows is another from now on.
    EntityChanged {
        /// Which party.
        entity_id: EntityId,
        /// What people call it, sealed at rest.
        name: Arc<str>,
        /// Its settings as JSON text, sealed at rest.
        settings: Arc<str>,
    },
    /// A suppression list was made, or keeps what is on it for another time.
    ListChanged {
        /// Which list.
        list: ListName,
        /// How long what is put on it stays, in milliseconds; none means for ever.
        ttl_ms: Option<u64>,
    },
    /// Values were put on a list, or put on it again.
    ListAdded {
        /// Which list.
        list: ListName,
        /// The values as keyed hashes.
        items: ListTags,
    },
    /// Values were taken off a list.
    ListRemoved {
        /// Which list.
        list: ListName,
        /// The values as keyed hashes.
        items: ListTags,
    },
    /// A list was deleted with all that was on it.
    ListDeleted {
        /// Which list.
        list: ListName,
    },
    /// Nothing is taken from, or sent to, a party until it is resumed.
    EntityPaused {
        /// Which party.
        entity_id: EntityId,
    },
    /// A party that was paused takes part again.
    EntityResumed {
        /// Which party.
        entity_id: EntityId,
    },
    /// An API key was made.
    KeyCreated {
        /// Its public name, `key_…`: safe to show and log.
        key_name: Arc<str>,
        /// What it may do.
        scopes: Vec<Arc<str>>,
        /// What the people call it, sealed at rest.
        label: Arc<str>,
        /// SHA-256 of the key: the key itself is never stored.
        hash: ApiKeyHash,
    },
    /// An API key was taken back.
    KeyRevoked {
        /// Its public name.
        key_name: Arc<str>,
    },
    /// A secret was given a value. Each version is a subject of its own, so that its key can be destroyed
    /// by itself.
    SecretSet {
        /// Which secret.
        name: SecretName,
        /// Which value of it, from 1.
        version: u32,
        /// The value, sealed at rest; none once its key is destroyed.
        value: Option<SecretValue>,
    },
    /// A secret was taken away: no request is filled with it any more.
    SecretRemoved {
        /// Which secret.
        name: SecretName,
        /// The value it had last.
        version: u32,
    },
    /// The key of a value that nothing uses any more is about to be destroyed.
    SecretDestroyed {
        /// Which secret.
        name: SecretName,
        /// Which value of it.
        version: u32,
    },
    /// Personal values are about to be shown in clear: durable before they are.
    PiiRevealed(Reveal),
    /// Deliveries without an end are about to be sent once more: durable before they are.
    LettersResent(Resending),
}

/// Values on a list as keyed hashes, which tell nothing to whoever lacks the installation's key: each of
/// the hash under which the value came.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct ListTags {
    /// Of SHA-256 of the values; also of those that came as themselves.
    pub sha256: Vec<ListTag>,
    /// Of SHA-1 of the values.
    pub sha1: Vec<ListTag>,
    /// Of MD5 of the values.
    pub md5: Vec<ListTag>,
}

/// One value on a list, as a keyed hash.
pub type ListTag = [u8; 12];

impl ListTags {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.sha256.len() + self.sha1.len() + self.md5.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl fmt::Debug for ListTags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListTags({})", self.len())
    }
}

/// Who saw personal values, of whom, and why. The actor is on the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reveal {
    /// The request that asked for it.
    pub request: Arc<str>,
    /// The leads whose values were shown.
    pub lead_ids: Vec<LeadId>,
    /// The reason given, sealed at rest.
    pub why: Option<Arc<str>>,
}

/// Which deliveries somebody sends once more. The actor is on the event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resending {
    /// The request that asked for it.
    pub request: Arc<str>,
    /// The deliveries, by their ids.
    pub delivery_ids: Vec<EventId>,
}

/// SHA-256 of an API key.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ApiKeyHash(pub [u8; 32]);

impl fmt::Debug for ApiKeyHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKeyHash(…)")
    }
}

/// What kind of party an entity is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EntityKind {
    /// Submits leads.
    Source,
    /// Buys leads.
    Buyer,
    /// Adds data to leads.
    Service,
}

impl EntityKind {
    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            EntityKind::Source => "source",
            EntityKind::Buyer => "buyer",
            EntityKind::Service => "service",
        }
    }
}

impl ControlKind {
    /// The name of this kind of event: `flow.published` and so on. Names may be added, none is
    /// ever renamed.
    pub fn type_name(&self) -> &'static str {
        match self {
            ControlKind::FlowPublished { .. } => "flow.published",
            ControlKind::FlowDrafted { .. } => "flow.drafted",
            ControlKind::EntityCreated { .. } => "entity.created",
            ControlKind::EntityChanged { .. } => "entity.changed",
            ControlKind::ListChanged { .. } => "list.changed",
            ControlKind::ListAdded { .. } => "list.added",
            ControlKind::ListRemoved { .. } => "list.removed",
            ControlKind::ListDeleted { .. } => "list.deleted",
            ControlKind::EntityPaused { .. } => "entity.paused",
            ControlKind::EntityResumed { .. } => "entity.resumed",
            ControlKind::KeyCreated { .. } => "key.created",
            ControlKind::KeyRevoked { .. } => "key.revoked",
            ControlKind::SecretSet { .. } => "secret.set",
            ControlKind::SecretRemoved { .. } => "secret.removed",
            ControlKind::SecretDestroyed { .. } => "secret.destroyed",
            ControlKind::PiiRevealed(_) => "pii.revealed",
            ControlKind::LettersResent(_) => "dead_letters.resent",
        }
    }
}
