//! What a key may do.

use std::fmt;
use std::str::FromStr;

use crate::{EntityId, NameError, SourceId};

/// One right that a key carries.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Submit leads as this source: `submit:<source>`.
    Submit(SourceId),
    /// Ask for prices as this source: `ping:<source>`.
    Ping(SourceId),
    /// Report back as this buyer: `feedback:<entity>`.
    Feedback(EntityId),
    /// See events, leads and reports, masked.
    Read,
    /// See personal values in clear, on request; each request is recorded.
    PiiRead,
    /// Take data out.
    Export,
    /// Publish flows.
    FlowsWrite,
    /// Make, pause and cap the other parties.
    EntitiesWrite,
    /// Have a person forgotten.
    PrivacyErase,
    /// See who did what.
    AuditRead,
    /// Everything, keys included.
    Admin,
}

/// The text is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not a scope{because}; use submit:<source>, ping:<source>, feedback:<entity>, read, pii:read, export, flows:write, entities:write, privacy:erase, audit:read or admin"
)]
pub struct UnknownScope {
    text: String,
    /// What is wrong with the name in it, behind a colon.
    because: String,
}

impl Scope {
    /// Whether whoever holds this scope may do what `wanted` asks for.
    pub fn allows(&self, wanted: &Scope) -> bool {
        *self == Scope::Admin || self == wanted
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scope::Submit(source) => write!(f, "submit:{source}"),
            Scope::Ping(source) => write!(f, "ping:{source}"),
            Scope::Feedback(entity) => write!(f, "feedback:{entity}"),
            Scope::Read => f.write_str("read"),
            Scope::PiiRead => f.write_str("pii:read"),
            Scope::Export => f.write_str("export"),
            Scope::FlowsWrite => f.write_str("flows:write"),
            Scope::EntitiesWrite => f.write_str("entities:write"),
            Scope::PrivacyErase => f.write_str("privacy:erase"),
            Scope::AuditRead => f.write_str("audit:read"),
            Scope::Admin => f.write_str("admin"),
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Scope, UnknownScope> {
        let of = |because: String| UnknownScope { text: text.chars().take(80).collect(), because };
        let unknown = || of(String::new());
        let misnamed = |error: NameError| of(format!(": {error}"));
        match text.split_once(':') {
            Some(("submit", source)) => source.parse().map(Scope::Submit).map_err(misnamed),
            Some(("ping", source)) => source.parse().map(Scope::Ping).map_err(misnamed),
            Some(("feedback", entity)) => entity.parse().map(Scope::Feedback).map_err(misnamed),
            Some(_) | None => {
                let plain = [
                    Scope::Read,
                    Scope::PiiRead,
                    Scope::Export,
                    Scope::FlowsWrite,
                    Scope::EntitiesWrite,
                    Scope::PrivacyErase,
                    Scope::AuditRead,
                    Scope::Admin,
                ];
                plain.into_iter().find(|scope| scope.to_string() == text).ok_or_else(unknown)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_round_trip_and_only_admin_allows_others() {
        for text in ["submit:src_web_a", "ping:src_a", "feedback:buyer_a", "read", "pii:read", "admin"] {
            let scope: Scope = text.parse().unwrap();
            assert_eq!(scope.to_string(), text);
            assert!(Scope::Admin.allows(&scope));
            assert_eq!(scope.allows(&Scope::Read), text == "read" || text == "admin");
        }
        for text in ["", "submit:", "submit:web", "Read", "reads", "admin:all"] {
            assert!(text.parse::<Scope>().is_err(), "{text}");
        }
        let told = "submit:web".parse::<Scope>().unwrap_err().to_string();
        assert!(told.starts_with("\"submit:web\" is not a scope: "), "{told}");
        assert!(told.contains("src_"), "{told}");
    }
}
