//! The stored shape of what is done to the installation, and of records of the ledger itself.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{
    ApiKeyHash, ChainId, ControlEvent, ControlKind, EntityKind, EventId, FlowVersion, LedgerEvent,
    LedgerEventKind, ListTag, ListTags, Resending, Reveal, Scalar, SecretName, Value,
};

use crate::json::{self, ObjectWriter};
use crate::{Body, BodyError, BodyView, Header, HeaderError, Place, Record};

impl Record for ControlEvent {
    fn id(&self) -> EventId {
        self.id
    }

    fn chain(&self) -> Option<ChainId> {
        Some(ChainId::Subject(self.subject_id))
    }

    fn write_header(&self, place: Place<'_>, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.number("v", 1);
        object.plain("id", self.id);
        object.text("type", self.kind.type_name());
        object.plain("timestamp", self.at);
        object.plain("subject_id", self.subject_id);
        if let Some(seq) = place.chain_seq {
            object.number("subject_seq", seq.into());
        }
        object.text("actor", &self.actor);
        match &self.kind {
            ControlKind::FlowPublished { flow_id, version, document: _ } => {
                object.plain("flow_id", flow_id);
                object.number("flow_version", version.0.into());
            }
            ControlKind::FlowDrafted { flow_id, document: _ } => object.plain("flow_id", flow_id),
            ControlKind::EntityPaused { entity_id }
            | ControlKind::EntityResumed { entity_id }
            | ControlKind::EntityChanged { entity_id, name: _, settings: _ } => {
                object.plain("entity_id", entity_id);
            }
            ControlKind::ListChanged { list, ttl_ms } => {
                object.plain("list", list);
                if let Some(ttl_ms) = ttl_ms {
                    object.number("ttl_ms", *ttl_ms);
                }
            }
            ControlKind::ListAdded { list, items } | ControlKind::ListRemoved { list, items } => {
                object.plain("list", list);
                object.number("items", items.len() as u64);
            }
            ControlKind::ListDeleted { list } => object.plain("list", list),
            ControlKind::EntityCreated { entity_id, kind, name: _ } => {
                object.plain("entity_id", entity_id);
                object.text("entity_kind", kind.as_str());
            }
            ControlKind::KeyCreated { key_name, scopes, label: _, hash: _ } => {
                object.text("key_name", key_name);
                json::write_array(scopes.iter(), object.value("scopes"), |scope, out| {
                    json::write_string(scope, out);
                });
            }
            ControlKind::KeyRevoked { key_name } => object.text("key_name", key_name),
            ControlKind::SecretSet { name, version, value: _ }
            | ControlKind::SecretRemoved { name, version }
            | ControlKind::SecretDestroyed { name, version } => {
                object.plain("secret_name", name);
                object.number("secret_version", (*version).into());
            }
            ControlKind::PiiRevealed(reveal) => object.number("leads", reveal.lead_ids.len() as u64),
            ControlKind::LettersResent(resending) => {
                object.number("deliveries", resending.delivery_ids.len() as u64);
            }
        }
        object.text("snapshot", place.snapshot);
        object.close();
    }

    fn body(&self, _: Option<&Body>) -> Result<Option<Body>, BodyError> {
        let text = |text: &Arc<str>| Value::text(Arc::clone(text));
        let body = match &self.kind {
            ControlKind::FlowPublished { document, .. } | ControlKind::FlowDrafted { document, .. } => {
                Body::of_control(&[("document", text(document))])
            }
            ControlKind::EntityCreated { name, .. } => Body::of_control(&[("name", text(name))]),
            ControlKind::KeyCreated { label, hash, .. } => Body::of_control(&[
                ("hash", Value::text(BASE64_URL_SAFE_NO_PAD.encode(hash.0))),
                ("label", text(label)),
            ]),
            ControlKind::EntityChanged { name, settings, .. } => {
                Body::of_control(&[("name", text(name)), ("settings", text(settings))])
            }
            ControlKind::SecretSet { value, .. } => match value {
                Some(value) => Body::of_control(&[("value", text(value.expose()))]),
                None => Body::empty(),
            },
            ControlKind::ListAdded { items, .. } | ControlKind::ListRemoved { items, .. } => {
                let ListTags { sha256, sha1, md5 } = items;
                let tags = |tags: &[ListTag]| Value::text(BASE64_URL_SAFE_NO_PAD.encode(tags.as_flattened()));
                Body::of_control(&[("md5", tags(md5)), ("sha1", tags(sha1)), ("sha256", tags(sha256))])
            }
            ControlKind::EntityPaused { .. }
            | ControlKind::EntityResumed { .. }
            | ControlKind::ListChanged { .. }
            | ControlKind::ListDeleted { .. }
            | ControlKind::KeyRevoked { .. }
            | ControlKind::SecretRemoved { .. }
            | ControlKind::SecretDestroyed { .. } => Body::empty(),
            ControlKind::PiiRevealed(Reveal { request, lead_ids, why }) => {
                let ids = lead_ids.iter().map(|id| Scalar::Text(id.to_string().into())).collect();
                let mut values = vec![("lead_ids", Value::List(ids)), ("request", text(request))];
                values.extend(why.as_ref().map(|why| ("why", text(why))));
                Body::of_control(&values)
            }
            ControlKind::LettersResent(Resending { request, delivery_ids }) => {
                let ids = delivery_ids.iter().map(|id| Scalar::Text(id.to_string().into())).collect();
                Body::of_control(&[("delivery_ids", Value::List(ids)), ("request", text(request))])
            }
        };
        Ok(Some(body))
    }
}

/// Reads a control event back. Of the values of secrets whose key is destroyed, `body` is empty.
///
/// # Errors
/// When a member or a value of the body that the type requires is missing or malformed.
pub fn read_control_event(header: &Header<'_>, body: &BodyView<'_>) -> Result<ControlEvent, HeaderError> {
    let text = |name: &'static str| body.control_text(name).ok_or(HeaderError::Member(name));
    let secret = || {
        let name: SecretName = Header::required(&header.secret_name, "secret_name")?;
        Ok((name, header.secret_version.ok_or(HeaderError::Member("secret_version"))?))
    };
    let key_name = || Header::required::<String>(&header.key_name, "key_name").map(Arc::from);
    let list = || Header::required(&header.list, "list");
    let kind = match &*header.event_type {
        "flow.published" => ControlKind::FlowPublished {
            flow_id: Header::required(&header.flow_id, "flow_id")?,
            version: FlowVersion(header.flow_version.ok_or(HeaderError::Member("flow_version"))?),
            document: text("document")?,
        },
        "flow.drafted" => ControlKind::FlowDrafted {
            flow_id: Header::required(&header.flow_id, "flow_id")?,
            document: text("document")?,
        },
        "entity.paused" => {
            ControlKind::EntityPaused { entity_id: Header::required(&header.entity_id, "entity_id")? }
        }
        "entity.resumed" => {
            ControlKind::EntityResumed { entity_id: Header::required(&header.entity_id, "entity_id")? }
        }
        "entity.changed" => ControlKind::EntityChanged {
            entity_id: Header::required(&header.entity_id, "entity_id")?,
            name: text("name")?,
            settings: text("settings")?,
        },
        "list.changed" => ControlKind::ListChanged { list: list()?, ttl_ms: header.ttl_ms },
        "list.added" => ControlKind::ListAdded { list: list()?, items: read_tags(body)? },
        "list.removed" => ControlKind::ListRemoved { list: list()?, items: read_tags(body)? },
        "list.deleted" => ControlKind::ListDeleted { list: list()? },
        "entity.created" => ControlKind::EntityCreated {
            entity_id: Header::required(&header.entity_id, "entity_id")?,
            kind: [EntityKind::Source, EntityKind::Buyer, EntityKind::Service]
                .into_iter()
                .find(|kind| header.entity_kind.as_deref() == Some(kind.as_str()))
                .ok_or(HeaderError::Member("entity_kind"))?,
            name: text("name")?,
        },
        "key.created" => ControlKind::KeyCreated {
            key_name: key_name()?,
            scopes: header.scopes.iter().flatten().map(|scope| (**scope).into()).collect(),
            label: text("label")?,
            hash: BASE64_URL_SAFE_NO_PAD
                .decode(&*text("hash")?)
                .ok()
                .and_then(|bytes| bytes.try_into().ok())
                .map(ApiKeyHash)
                .ok_or(HeaderError::Member("hash"))?,
        },
        "key.revoked" => ControlKind::KeyRevoked { key_name: key_name()? },
        "secret.set" => {
            let (name, version) = secret()?;
            let value = body.control_text("value").map(|value| value.parse());
            let value = value.transpose().map_err(|_| HeaderError::Member("value"))?;
            ControlKind::SecretSet { name, version, value }
        }
        "secret.removed" => {
            let (name, version) = secret()?;
            ControlKind::SecretRemoved { name, version }
        }
        "secret.destroyed" => {
            let (name, version) = secret()?;
            ControlKind::SecretDestroyed { name, version }
        }
        "pii.revealed" => ControlKind::PiiRevealed(Reveal {
            request: text("request")?,
            lead_ids: body
                .control_list("lead_ids")
                .and_then(|ids| ids.iter().map(|id| id.parse().ok()).collect())
                .ok_or(HeaderError::Member("lead_ids"))?,
            why: body.control_text("why"),
        }),
        "dead_letters.resent" => ControlKind::LettersResent(Resending {
            request: text("request")?,
            delivery_ids: body
                .control_list("delivery_ids")
                .and_then(|ids| ids.iter().map(|id| id.parse().ok()).collect())
                .ok_or(HeaderError::Member("delivery_ids"))?,
        }),
        _ => return Err(HeaderError::Member("type")),
    };
    Ok(ControlEvent {
        id: header.event_id()?,
        at: header.at()?,
        subject_id: Header::required(&header.subject_id, "subject_id")?,
        actor: header.actor.as_deref().ok_or(HeaderError::Member("actor"))?.into(),
        kind,
    })
}

fn read_tags(body: &BodyView<'_>) -> Result<ListTags, HeaderError> {
    let tags = |name: &'static str| {
        let bytes = body.control_text(name).and_then(|text| BASE64_URL_SAFE_NO_PAD.decode(&*text).ok());
        let (tags, rest) = bytes.as_deref().ok_or(HeaderError::Member(name))?.as_chunks::<12>();
        if rest.is_empty() { Ok(tags.to_vec()) } else { Err(HeaderError::Member(name)) }
    };
    Ok(ListTags { sha256: tags("sha256")?, sha1: tags("sha1")?, md5: tags("md5")? })
}

impl Record for LedgerEvent {
    fn id(&self) -> EventId {
        self.id
    }

    fn chain(&self) -> Option<ChainId> {
        None
    }

    fn write_header(&self, place: Place<'_>, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        object.number("v", 1);
        object.plain("id", self.id);
        object.text("type", self.event_type().as_str());
        object.plain("timestamp", self.at);
        object.null("lead_id");
        object.null("flow_id");
        object.null("entity_id");
        match &self.kind {
            LedgerEventKind::Opened { format, ledger_id, origin, public_key, predecessor } => {
                object.number("format", (*format).into());
                object.text("ledger_id", &hex(ledger_id));
                object.text("origin", origin);
                object.text("public_key", &BASE64_URL_SAFE_NO_PAD.encode(public_key));
                match predecessor {
                    Some(predecessor) => {
                        let mut member = ObjectWriter::open(object.value("predecessor"));
                        member.text("origin", &predecessor.origin);
                        member.number("size", predecessor.size);
                        member.text("root", &BASE64_URL_SAFE_NO_PAD.encode(predecessor.root));
                        member.close();
                    }
                    None => object.null("predecessor"),
                }
            }
            LedgerEventKind::Pruned { bodies_from, headers_from } => {
                object.number("bodies_from", *bodies_from);
                object.number("headers_from", *headers_from);
            }
        }
        object.text("snapshot", place.snapshot);
        object.close();
    }

    fn body(&self, _: Option<&Body>) -> Result<Option<Body>, BodyError> {
        Ok(None)
    }
}

/// Lower-case hex digits.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(record: &impl Record) -> String {
        let mut out = Vec::new();
        record.write_header(Place { chain_seq: record.chain().map(|_| 1), snapshot: "S" }, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn every_kind_of_control_event_reads_back() {
        let kinds = [
            ControlKind::FlowPublished {
                flow_id: "flow_solar".parse().unwrap(),
                version: FlowVersion(3),
                document: "{\"flow\":{}}".into(),
            },
            ControlKind::FlowDrafted {
                flow_id: "flow_solar".parse().unwrap(),
                document: "{\"flow\":{}}".into(),
            },
            ControlKind::EntityCreated {
                entity_id: "src_web_a".parse().unwrap(),
                kind: EntityKind::Source,
                name: "Web Form A".into(),
            },
            ControlKind::EntityPaused { entity_id: "buyer_premier".parse().unwrap() },
            ControlKind::EntityChanged {
                entity_id: "buyer_premier".parse().unwrap(),
                name: "Premier".into(),
                settings: "{\"limits\":{},\"caps\":[]}".into(),
            },
            ControlKind::ListChanged { list: "dnc".parse().unwrap(), ttl_ms: Some(5) },
            ControlKind::ListChanged { list: "dnc".parse().unwrap(), ttl_ms: None },
            ControlKind::ListAdded {
                list: "dnc".parse().unwrap(),
                items: ListTags { sha256: vec![[1; 12], [2; 12]], sha1: vec![], md5: vec![[3; 12]] },
            },
            ControlKind::ListRemoved { list: "dnc".parse().unwrap(), items: ListTags::default() },
            ControlKind::ListDeleted { list: "dnc".parse().unwrap() },
            ControlKind::EntityResumed { entity_id: "buyer_premier".parse().unwrap() },
            ControlKind::KeyCreated {
                key_name: "key_1".into(),
                scopes: vec!["admin".into(), "submit:src_web_a".into()],
                label: "Ann's laptop".into(),
                hash: ApiKeyHash([7; 32]),
            },
            ControlKind::KeyRevoked { key_name: "key_1".into() },
            ControlKind::SecretSet {
                name: "south".parse().unwrap(),
                version: 2,
                value: Some("hush-hush".parse().unwrap()),
            },
            ControlKind::SecretSet { name: "south".parse().unwrap(), version: 2, value: None },
            ControlKind::SecretRemoved { name: "south".parse().unwrap(), version: 2 },
            ControlKind::SecretDestroyed { name: "south".parse().unwrap(), version: 1 },
            ControlKind::PiiRevealed(Reveal {
                request: "GET /events/evt_1".into(),
                lead_ids: vec!["lead_018d0d882d57aa10f3e7715b".parse().unwrap()],
                why: Some("dispute 7".into()),
            }),
            ControlKind::LettersResent(Resending {
                request: "POST /dead-letters/resend req_1".into(),
                delivery_ids: vec!["evt_018d0d882e837c2e9a41d06f".parse().unwrap()],
            }),
        ];
        for kind in kinds {
            let event = ControlEvent {
                id: "evt_018d0d882e837c2e9a41d06f".parse().unwrap(),
                at: "2024-01-15T14:30:45.123Z".parse().unwrap(),
                subject_id: "ctl_018d0d882e837c2e9a41d06f".parse().unwrap(),
                actor: "key_1".into(),
                kind,
            };
            let header = header(&event);
            let body = event.body(None).unwrap().unwrap();
            let view = BodyView::read(body.bytes()).unwrap();
            assert_eq!(read_control_event(&Header::read(header.as_bytes()).unwrap(), &view).unwrap(), event);
        }
    }

    #[test]
    fn names_and_documents_are_not_in_the_header() {
        let event = ControlEvent {
            id: "evt_018d0d882e837c2e9a41d06f".parse().unwrap(),
            at: "2024-01-15T14:30:45.123Z".parse().unwrap(),
            subject_id: "ctl_018d0d882e837c2e9a41d06f".parse().unwrap(),
            actor: "system".into(),
            kind: ControlKind::KeyCreated {
                key_name: "key_1".into(),
                scopes: vec!["admin".into()],
                label: "Ann's laptop".into(),
                hash: ApiKeyHash([7; 32]),
            },
        };
        expect_test::expect![[r#"{"v":1,"id":"evt_018d0d882e837c2e9a41d06f","type":"key.created","timestamp":"2024-01-15T14:30:45.123Z","subject_id":"ctl_018d0d882e837c2e9a41d06f","subject_seq":1,"actor":"system","key_name":"key_1","scopes":["admin"],"snapshot":"S"}"#]]
        .assert_eq(&header(&event));
    }

    #[test]
    fn the_value_of_a_secret_is_not_in_the_header() {
        let event = ControlEvent {
            id: "evt_018d0d882e837c2e9a41d06f".parse().unwrap(),
            at: "2024-01-15T14:30:45.123Z".parse().unwrap(),
            subject_id: "ctl_018d0d882e837c2e9a41d06f".parse().unwrap(),
            actor: "key_1".into(),
            kind: ControlKind::SecretSet {
                name: "south".parse().unwrap(),
                version: 2,
                value: Some("hush-hush".parse().unwrap()),
            },
        };
        expect_test::expect![[r#"{"v":1,"id":"evt_018d0d882e837c2e9a41d06f","type":"secret.set","timestamp":"2024-01-15T14:30:45.123Z","subject_id":"ctl_018d0d882e837c2e9a41d06f","subject_seq":1,"actor":"key_1","secret_name":"south","secret_version":2,"snapshot":"S"}"#]]
        .assert_eq(&header(&event));
    }

    #[test]
    fn record_0_names_the_ledger() {
        let event = LedgerEvent {
            id: "evt_018d0d882e837c2e9a41d06f".parse().unwrap(),
            at: "2024-01-15T14:30:45.123Z".parse().unwrap(),
            kind: LedgerEventKind::Opened {
                format: 1,
                ledger_id: [0xab; 16],
                origin: "glassline/abab/leads".into(),
                public_key: [1; 32],
                predecessor: None,
            },
        };
        expect_test::expect![[r#"{"v":1,"id":"evt_018d0d882e837c2e9a41d06f","type":"ledger.opened","timestamp":"2024-01-15T14:30:45.123Z","lead_id":null,"flow_id":null,"entity_id":null,"format":1,"ledger_id":"abababababababababababababababab","origin":"glassline/abab/leads","public_key":"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","predecessor":null,"snapshot":"S"}"#]]
        .assert_eq(&header(&event));
    }
}
