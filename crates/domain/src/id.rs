//! Identifiers made by the machine: a prefix and 24 lower-case hex digits, of which the first
//! twelve are milliseconds since 1970 and the last twelve random. They nearly ascend; order is
//! `seq` alone. The caller draws the random part, since this crate has no randomness.

use std::fmt;
use std::str::FromStr;

use crate::Timestamp;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not an id of the form {prefix}_ followed by 24 lower-case hex digits")]
pub struct IdError {
    /// The prefix that was expected.
    pub prefix: &'static str,
    /// What stood there, cut to 64 characters.
    pub text: String,
}

/// 48 bits of milliseconds, 48 random bits.
type Bytes = [u8; 12];

fn stamp(at: Timestamp, random: [u8; 6]) -> Bytes {
    let ms = at.as_millis().max(0).to_be_bytes();
    let mut bytes = [0; 12];
    bytes[..6].copy_from_slice(&ms[2..]);
    bytes[6..].copy_from_slice(&random);
    bytes
}

fn millis(bytes: &Bytes) -> Timestamp {
    let mut ms = [0; 8];
    ms[2..].copy_from_slice(&bytes[..6]);
    Timestamp::from_millis(i64::from_be_bytes(ms))
}

const HEX: &[u8; 16] = b"0123456789abcdef";

fn write_text(prefix: &str, bytes: &Bytes, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut text = [0; 24];
    for (index, byte) in bytes.iter().enumerate() {
        text[index * 2] = HEX[usize::from(byte >> 4)];
        text[index * 2 + 1] = HEX[usize::from(byte & 15)];
    }
    f.write_str(prefix)?;
    f.write_str("_")?;
    f.write_str(str::from_utf8(&text).expect("hex digits are ASCII"))
}

fn parse(prefix: &'static str, text: &str) -> Result<Bytes, IdError> {
    let read = || {
        let digits = text.strip_prefix(prefix)?.strip_prefix('_')?.as_bytes();
        if digits.len() != 24 {
            return None;
        }
        let mut bytes = [0; 12];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
        }
        Some(bytes)
    };
    read().ok_or_else(|| IdError { prefix, text: text.chars().take(64).collect() })
}

fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        _ => None,
    }
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Bytes);

        impl $name {
            /// A new id of the moment `at`; `random` makes it unique.
            pub fn new(at: Timestamp, random: [u8; 6]) -> $name {
                $name(stamp(at, random))
            }

            /// The twelve bytes behind the hex digits.
            pub fn as_bytes(&self) -> &[u8; 12] {
                &self.0
            }

            /// The id with these twelve bytes.
            pub fn from_bytes(bytes: [u8; 12]) -> $name {
                $name(bytes)
            }

            /// The moment the id was drawn. A hint for people: order is `seq`.
            pub fn drawn_at(&self) -> Timestamp {
                millis(&self.0)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text($prefix, &self.0, f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text($prefix, &self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<$name, IdError> {
                parse($prefix, text).map($name)
            }
        }
    };
}

id!(
    /// Identifies one event. Text form: `evt_` and 24 hex digits.
    EventId, "evt"
);
id!(
    /// Identifies one thing of the control ledger (a flow, an entity, a key, an installation):
    /// its events form one chain. Text form: `ctl_` and 24 hex digits.
    SubjectId, "ctl"
);

/// What kind of submission an id stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum LeadIdKind {
    /// A lead: `lead_…`.
    Lead,
    /// A ping, an offer without the person: `ping_…`.
    Ping,
}

impl LeadIdKind {
    fn prefix(self) -> &'static str {
        match self {
            LeadIdKind::Lead => "lead",
            LeadIdKind::Ping => "ping",
        }
    }
}

/// Identifies one lead, or one ping, across all flows. Text form: `lead_` or `ping_` and 24 hex
/// digits.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LeadId {
    kind: LeadIdKind,
    bytes: Bytes,
}

impl LeadId {
    /// A new id of the moment `at`; `random` makes it unique.
    pub fn new(kind: LeadIdKind, at: Timestamp, random: [u8; 6]) -> LeadId {
        LeadId { kind, bytes: stamp(at, random) }
    }

    /// The id with these twelve bytes.
    pub fn from_bytes(kind: LeadIdKind, bytes: [u8; 12]) -> LeadId {
        LeadId { kind, bytes }
    }

    /// Whether it is a lead or a ping.
    pub fn kind(&self) -> LeadIdKind {
        self.kind
    }

    /// The twelve bytes behind the hex digits.
    pub fn as_bytes(&self) -> &[u8; 12] {
        &self.bytes
    }

    /// The moment the id was drawn: the birth of the lead, for people.
    pub fn drawn_at(&self) -> Timestamp {
        millis(&self.bytes)
    }
}

impl fmt::Display for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(self.kind.prefix(), &self.bytes, f)
    }
}

impl fmt::Debug for LeadId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(self.kind.prefix(), &self.bytes, f)
    }
}

impl FromStr for LeadId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<LeadId, IdError> {
        let kind = if text.starts_with("ping") { LeadIdKind::Ping } else { LeadIdKind::Lead };
        Ok(LeadId { kind, bytes: parse(kind.prefix(), text)? })
    }
}

/// What a chain of events is about: within one, `lead_seq` is gapless and each event names the
/// one before it. In the ledger of leads a chain is a lead or a ping, in the control ledger a
/// subject.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ChainId {
    /// The events of one lead or ping.
    Lead(LeadId),
    /// The events of one subject of the control ledger.
    Subject(SubjectId),
}

impl ChainId {
    /// The twelve bytes behind the hex digits.
    pub fn as_bytes(&self) -> &[u8; 12] {
        match self {
            ChainId::Lead(id) => id.as_bytes(),
            ChainId::Subject(id) => id.as_bytes(),
        }
    }
}

impl From<LeadId> for ChainId {
    fn from(id: LeadId) -> ChainId {
        ChainId::Lead(id)
    }
}

impl From<SubjectId> for ChainId {
    fn from(id: SubjectId) -> ChainId {
        ChainId::Subject(id)
    }
}

impl fmt::Display for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ChainId::Lead(id) => id.fmt(f),
            ChainId::Subject(id) => id.fmt(f),
        }
    }
}

impl fmt::Debug for ChainId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ChainId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<ChainId, IdError> {
        if text.starts_with("ctl_") {
            text.parse().map(ChainId::Subject)
        } else {
            text.parse().map(ChainId::Lead)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_moment_and_round_trips() {
        let at = Timestamp::from_millis(1_705_329_045_123);
        let id = EventId::new(at, [0x9a, 0x41, 0xd0, 0x6f, 0, 1]);
        assert_eq!(id.to_string(), "evt_018d0d882e839a41d06f0001");
        assert_eq!("evt_018d0d882e839a41d06f0001".parse(), Ok(id));
        assert_eq!(id.drawn_at(), at);
    }

    #[test]
    fn a_ping_is_a_lead_id_of_its_own_kind() {
        let ping: LeadId = "ping_018d0d882e839a41d06f0001".parse().unwrap();
        assert_eq!(ping.kind(), LeadIdKind::Ping);
        assert_ne!("lead_018d0d882e839a41d06f0001".parse(), Ok(ping));
    }

    #[test]
    fn what_is_not_an_id_is_named_in_the_error() {
        for text in [
            "",
            "evt_",
            "evt_018D0d882e839a41d06f0001",
            "lead_018d0d882e839a41d06f0001",
            "evt_018d0d882e839a41d06f00011",
            "evt_018d0d882e839a41d06f000é",
        ] {
            let error = text.parse::<EventId>().unwrap_err();
            assert!(error.to_string().contains("evt_ followed by 24"), "{error}");
        }
    }
}
