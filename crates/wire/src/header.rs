//! The header of a record as readers see it. Readers keep what they do not know: unknown members
//! are skipped here and stay in the stored bytes, which nobody re-serialises.

use std::borrow::Cow;
use std::fmt;
use std::ops::Deref;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{ChainId, DuplicateKey, EventId, FieldStates, Idempotency, Scalar, Timestamp};
use serde::de::{Deserialize, Deserializer, IgnoredAny, Visitor};

use crate::json;

/// Text that is borrowed from the JSON it was read from, unless that held escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Text<'a>(Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Text<'a>, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(TextVisitor)
    }
}

/// Why bytes are not a header.
#[derive(Debug, thiserror::Error)]
pub enum HeaderError {
    /// Not one JSON object, a member of the wrong kind, or a known member twice.
    #[error("the header is not a JSON object of the expected members")]
    Json(#[source] serde_json::Error),
    /// A later format.
    #[error("the header has version {0}; this release reads version 1")]
    Version(u32),
    /// A member that every header of its kind has is missing or malformed.
    #[error("the header member {0:?} is missing or malformed")]
    Member(&'static str),
}

/// The members of a stored header that this release knows, borrowed from its bytes. Which of
/// them are present depends on the type; see `docs/ledger-format.md`.
#[derive(Debug, serde::Deserialize)]
#[expect(missing_docs, reason = "members are named as in the stored header, which the format describes")]
pub struct Header<'a> {
    pub v: u32,
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(rename = "type", borrow)]
    pub event_type: Text<'a>,
    #[serde(borrow)]
    pub timestamp: Text<'a>,
    #[serde(borrow)]
    pub snapshot: Text<'a>,
    #[serde(borrow)]
    pub lead_id: Option<Text<'a>>,
    pub lead_seq: Option<u32>,
    #[serde(borrow)]
    pub subject_id: Option<Text<'a>>,
    pub subject_seq: Option<u32>,
    #[serde(borrow)]
    pub actor: Option<Text<'a>>,
    #[serde(borrow)]
    pub flow_id: Option<Text<'a>>,
    pub flow_version: Option<u32>,
    #[serde(borrow)]
    pub step_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub source_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub entity_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub outcome: Option<Text<'a>>,
    #[serde(borrow)]
    pub reason: Option<Text<'a>>,
    #[serde(borrow)]
    pub reason_code: Option<Text<'a>>,
    pub duration_ms: Option<u64>,
    pub wait_ms: Option<u64>,
    pub total_ms: Option<u64>,
    pub asked: Option<bool>,
    #[serde(borrow)]
    pub integration: Option<Text<'a>>,
    pub response_code: Option<u16>,
    #[serde(borrow)]
    pub error_kind: Option<Text<'a>>,
    pub attempt: Option<u32>,
    #[serde(borrow)]
    pub delivery_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub due: Option<Text<'a>>,
    #[serde(borrow)]
    pub price: Option<Text<'a>>,
    #[serde(borrow)]
    pub bid: Option<Text<'a>>,
    #[serde(borrow)]
    pub amount: Option<Text<'a>>,
    pub below_floor: Option<bool>,
    #[serde(borrow)]
    pub counts_as: Option<Text<'a>>,
    #[serde(borrow)]
    pub caps: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub duplicate_of: Option<Text<'a>>,
    pub duplicate_keys: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(borrow)]
    pub rule_set: Option<Text<'a>>,
    pub rules_evaluated: Option<u32>,
    #[serde(borrow)]
    pub feedback: Option<FeedbackMember<'a>>,
    #[serde(borrow)]
    pub recipient_event_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub recipient_entity_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub feedback_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub cost_amount: Option<Text<'a>>,
    #[serde(borrow)]
    pub final_outcome: Option<Text<'a>>,
    pub steps_run: Option<u32>,
    pub deliveries: Option<u32>,
    #[serde(borrow)]
    pub cost: Option<Text<'a>>,
    #[serde(borrow)]
    pub revenue: Option<Text<'a>>,
    #[serde(borrow)]
    pub margin: Option<Text<'a>>,
    pub dims: Option<serde_json::Map<String, serde_json::Value>>,
    #[serde(borrow)]
    pub fields: Option<Text<'a>>,
    pub test: Option<bool>,
    #[serde(borrow)]
    pub batch: Option<Text<'a>>,
    #[serde(borrow)]
    pub resubmit_of: Option<Text<'a>>,
    #[serde(borrow)]
    pub request_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub idempotency_key: Option<Text<'a>>,
    #[serde(borrow)]
    pub idempotency_payload: Option<Text<'a>>,
    #[serde(borrow)]
    pub ping_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub turn: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub key_name: Option<Text<'a>>,
    #[serde(borrow)]
    pub scopes: Option<Vec<Text<'a>>>,
    #[serde(borrow)]
    pub entity_kind: Option<Text<'a>>,
    #[serde(borrow)]
    pub secret_name: Option<Text<'a>>,
    pub secret_version: Option<u32>,
    pub list: Option<Text<'a>>,
    pub items: Option<u64>,
    pub ttl_ms: Option<u64>,
    pub format: Option<u32>,
    #[serde(borrow)]
    pub ledger_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub origin: Option<Text<'a>>,
    #[serde(borrow)]
    pub public_key: Option<Text<'a>>,
}

/// The member `feedback` of a stored header.
#[derive(Debug, serde::Deserialize)]
pub struct FeedbackMember<'a> {
    /// `return` or `conversion`.
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
    /// The word that came with it.
    #[serde(borrow)]
    pub value: Option<Text<'a>>,
    /// Whole days from the submission.
    pub days_to_convert: Option<u32>,
    /// The reason that came with it.
    #[serde(borrow)]
    pub reason: Option<Text<'a>>,
}

impl<'a> Header<'a> {
    /// Reads stored header bytes.
    ///
    /// # Errors
    /// When they are not a JSON object with the members every header has, hold a known member
    /// twice, or are of another version.
    pub fn read(bytes: &'a [u8]) -> Result<Header<'a>, HeaderError> {
        let header: Header<'a> = serde_json::from_slice(bytes).map_err(HeaderError::Json)?;
        if header.v == 1 { Ok(header) } else { Err(HeaderError::Version(header.v)) }
    }

    /// The event's id.
    ///
    /// # Errors
    /// When it is not one.
    pub fn event_id(&self) -> Result<EventId, HeaderError> {
        self.id.parse().map_err(|_| HeaderError::Member("id"))
    }

    /// When the moment ended.
    ///
    /// # Errors
    /// When it is not a moment.
    pub fn at(&self) -> Result<Timestamp, HeaderError> {
        self.timestamp.parse().map_err(|_| HeaderError::Member("timestamp"))
    }

    /// The chain the record continues and its place there, from 1; none for records of the
    /// ledger itself.
    ///
    /// # Errors
    /// When an id has no place, or the reverse, or either is malformed.
    pub fn chain(&self) -> Result<Option<(ChainId, u32)>, HeaderError> {
        chain(&self.lead_id, self.lead_seq, &self.subject_id, self.subject_seq)
    }

    /// Which declared fields the lead has, and which of them are valid.
    ///
    /// # Errors
    /// When the member is not base64url.
    pub fn fields(&self) -> Result<FieldStates, HeaderError> {
        fields(&self.fields)
    }

    /// What makes the submission safe to repeat; none when it came without, or when a member is not what
    /// it should be, which costs no more than that a repeat is not known again.
    pub fn idempotency(&self) -> Option<Idempotency> {
        let tag = |text: &Option<Text<'a>>| read_tag(text.as_deref()?);
        Some(Idempotency { key: tag(&self.idempotency_key)?, payload: tag(&self.idempotency_payload)? })
    }

    /// What the lead is known by to those that come after it. One that is not what it should be is left
    /// out, which costs no more than that a duplicate of the lead is not known.
    pub fn duplicate_keys(&self) -> Vec<DuplicateKey> {
        let keys = self.duplicate_keys.iter().flatten();
        let key = |(rule, tag): (&String, &serde_json::Value)| {
            Some(DuplicateKey { rule: rule.as_str().into(), tag: read_tag(tag.as_str()?)? })
        };
        keys.filter_map(key).collect()
    }

    /// Parses an optional member.
    pub(crate) fn optional<T: std::str::FromStr>(
        member: &Option<Text<'a>>,
        name: &'static str,
    ) -> Result<Option<T>, HeaderError> {
        member.as_ref().map(|text| text.parse()).transpose().map_err(|_| HeaderError::Member(name))
    }

    /// Parses a member that its type requires.
    pub(crate) fn required<T: std::str::FromStr>(
        member: &Option<Text<'a>>,
        name: &'static str,
    ) -> Result<T, HeaderError> {
        Header::optional(member, name)?.ok_or(HeaderError::Member(name))
    }
}

fn fields(text: &Option<Text<'_>>) -> Result<FieldStates, HeaderError> {
    text.as_deref().map_or(Ok(FieldStates::default()), read_field_states)
}

/// Reads the member `fields` of a stored header.
///
/// # Errors
/// When it is not base64.
pub fn read_field_states(stored: &str) -> Result<FieldStates, HeaderError> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(stored).map_err(|_| HeaderError::Member("fields"))?;
    Ok(FieldStates::from_bytes(&bytes))
}

/// Reads the member `dims` of a stored header: paths with their values.
///
/// # Errors
/// When it is not an object with plain values.
pub fn read_dims(stored: &str) -> Result<Vec<(String, Scalar)>, HeaderError> {
    let wrong = || HeaderError::Member("dims");
    let members: serde_json::Map<String, serde_json::Value> =
        serde_json::from_str(stored).map_err(|_| wrong())?;
    members
        .into_iter()
        .map(|(path, value)| Ok((path, json::read_scalar(&value).ok_or_else(wrong)?)))
        .collect()
}

/// A keyed hash as 24 hex digits.
fn read_tag(digits: &str) -> Option<[u8; 12]> {
    if digits.len() != 24 || !digits.is_ascii() {
        return None;
    }
    let mut bytes = [0; 12];
    for (byte, at) in bytes.iter_mut().zip((0..24).step_by(2)) {
        *byte = u8::from_str_radix(&digits[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

fn chain(
    lead_id: &Option<Text<'_>>,
    lead_seq: Option<u32>,
    subject_id: &Option<Text<'_>>,
    subject_seq: Option<u32>,
) -> Result<Option<(ChainId, u32)>, HeaderError> {
    let read = |id: &Option<Text<'_>>, seq: Option<u32>, member: &'static str| match (id, seq) {
        (None, None) => Ok(None),
        (Some(id), Some(seq)) if seq > 0 => {
            let id = id.parse().map_err(|_| HeaderError::Member(member))?;
            Ok(Some((id, seq)))
        }
        (None | Some(_), None | Some(_)) => Err(HeaderError::Member(member)),
    };
    let lead = read(lead_id, lead_seq, "lead_id")?;
    let subject = read(subject_id, subject_seq, "subject_id")?;
    match (lead, subject) {
        (Some(_), Some(_)) => Err(HeaderError::Member("subject_id")),
        (chain, None) | (None, chain) => Ok(chain),
    }
}

/// The members of a stored header that records are found by: a [`Header`] with a third of the
/// members, read in less time, since every record is read so when it is written.
#[derive(Debug, serde::Deserialize)]
#[expect(missing_docs, reason = "members are named as in the stored header, which the format describes")]
pub struct HeaderKeys<'a> {
    pub v: u32,
    #[serde(borrow)]
    pub id: Text<'a>,
    #[serde(rename = "type", borrow)]
    pub event_type: Text<'a>,
    #[serde(borrow)]
    pub timestamp: Text<'a>,
    #[serde(borrow)]
    pub lead_id: Option<Text<'a>>,
    pub lead_seq: Option<u32>,
    #[serde(borrow)]
    pub subject_id: Option<Text<'a>>,
    pub subject_seq: Option<u32>,
    #[serde(borrow)]
    pub flow_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub step_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub source_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub entity_id: Option<Text<'a>>,
    #[serde(borrow)]
    pub outcome: Option<Text<'a>>,
    #[serde(borrow)]
    pub reason_code: Option<Text<'a>>,
    pub duration_ms: Option<u64>,
    #[serde(borrow)]
    pub integration: Option<Text<'a>>,
    #[serde(borrow)]
    pub price: Option<Text<'a>>,
    #[serde(borrow)]
    pub counts_as: Option<Text<'a>>,
    #[serde(borrow)]
    pub feedback: Option<FeedbackKey<'a>>,
    pub test: Option<bool>,
    pub flow_version: Option<u32>,
    /// As stored, so that equal ones are known by their bytes; [`read_dims`].
    #[serde(borrow)]
    pub dims: Option<&'a serde_json::value::RawValue>,
    #[serde(borrow)]
    pub fields: Option<Text<'a>>,
    /// Counted, known again, safe to repeat, or taken up: read at every start.
    pub caps: Option<IgnoredAny>,
    pub duplicate_keys: Option<IgnoredAny>,
    pub idempotency_key: Option<IgnoredAny>,
    pub ping_id: Option<IgnoredAny>,
}

/// Of the member `feedback` of a stored header, what records are found by.
#[derive(Debug, serde::Deserialize)]
pub struct FeedbackKey<'a> {
    /// `return` or `conversion`.
    #[serde(rename = "type", borrow)]
    pub kind: Text<'a>,
}

impl<'a> HeaderKeys<'a> {
    /// Whether something is rebuilt from it at every start: caps, duplicates, idempotency keys, offers
    /// that were taken up.
    pub fn is_keyed(&self) -> bool {
        self.caps.is_some()
            || self.duplicate_keys.is_some()
            || self.idempotency_key.is_some()
            || self.ping_id.is_some()
    }

    /// Reads stored header bytes.
    ///
    /// # Errors
    /// When they are not a JSON object with the members every header has, or of another version.
    pub fn read(bytes: &'a [u8]) -> Result<HeaderKeys<'a>, HeaderError> {
        let keys: HeaderKeys<'a> = serde_json::from_slice(bytes).map_err(HeaderError::Json)?;
        if keys.v == 1 { Ok(keys) } else { Err(HeaderError::Version(keys.v)) }
    }

    /// The event's id.
    ///
    /// # Errors
    /// When it is not one.
    pub fn event_id(&self) -> Result<EventId, HeaderError> {
        self.id.parse().map_err(|_| HeaderError::Member("id"))
    }

    /// When the moment ended.
    ///
    /// # Errors
    /// When it is not a moment.
    pub fn at(&self) -> Result<Timestamp, HeaderError> {
        self.timestamp.parse().map_err(|_| HeaderError::Member("timestamp"))
    }

    /// The chain the record continues and its place there, as [`Header::chain`].
    ///
    /// # Errors
    /// As [`Header::chain`].
    pub fn chain(&self) -> Result<Option<(ChainId, u32)>, HeaderError> {
        chain(&self.lead_id, self.lead_seq, &self.subject_id, self.subject_seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#""id":"evt_018d0d882e839a41d06f0001","type":"x.y","timestamp":"2024-01-15T14:30:45.123Z","snapshot":"s""#;

    fn read(members: &str) -> Result<Option<(ChainId, u32)>, HeaderError> {
        Header::read(format!("{{{members}}}").as_bytes())?.chain()
    }

    #[test]
    fn unknown_members_are_kept_out_of_the_way() {
        let json = format!(r#"{{"v":1,{LEAST},"later":{{"a":[1]}},"lead_id":null}}"#);
        let header = Header::read(json.as_bytes()).unwrap();
        assert_eq!(&*header.event_type, "x.y");
        assert_eq!(header.chain().unwrap(), None);
    }

    #[test]
    fn escapes_in_known_members_are_read() {
        let json = format!(r#"{{"v":1,{LEAST},"reason":"a\"b\u00e9"}}"#);
        assert_eq!(Header::read(json.as_bytes()).unwrap().reason.as_deref(), Some("a\"bé"));
    }

    #[test]
    fn a_chain_is_an_id_and_a_place() {
        let lead = r#""lead_id":"lead_018d0d882e839a41d06f0001""#;
        assert!(matches!(
            read(&format!(r#""v":1,{LEAST},{lead},"lead_seq":3"#)),
            Ok(Some((ChainId::Lead(_), 3)))
        ));
        assert!(read(&format!(r#""v":1,{LEAST},{lead}"#)).is_err());
        assert!(read(&format!(r#""v":1,{LEAST},{lead},"lead_seq":0"#)).is_err());
        assert!(read(&format!(r#""v":1,{LEAST},"lead_seq":1"#)).is_err());
    }

    #[test]
    fn what_is_no_header_of_version_1_is_refused() {
        for json in [
            "",
            "[]",
            "{}",
            &format!(r#"{{{LEAST}}}"#),
            &format!(r#"{{"v":2,{LEAST}}}"#),
            &format!(r#"{{"v":1,"v":1,{LEAST}}}"#),
        ] {
            assert!(Header::read(json.as_bytes()).is_err(), "{json}");
        }
    }
}
