//! Identifiers chosen by people: `flow_`, `src_`, `buyer_`, `svc_` and step ids.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Why a text is not a name of the wanted kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {wanted}")]
pub struct NameError {
    /// What was expected, in words.
    pub wanted: &'static str,
    /// What stood there, cut to 80 characters.
    pub text: String,
}

/// At most this many characters after the prefix.
const NAME_CHARS_MAX: usize = 64;

fn is_name(text: &str) -> bool {
    (1..=NAME_CHARS_MAX).contains(&text.len())
        && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

fn check(text: &str, prefixes: &[&str], wanted: &'static str) -> Result<Arc<str>, NameError> {
    let good = prefixes.iter().any(|prefix| text.strip_prefix(prefix).is_some_and(is_name));
    if good { Ok(Arc::from(text)) } else { Err(NameError { wanted, text: text.chars().take(80).collect() }) }
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $prefixes:expr, $wanted:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// The whole text, prefix included.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<$name, NameError> {
                check(text, $prefixes, $wanted).map($name)
            }
        }
    };
}

name!(
    /// Names one flow. Text form: `flow_` and up to 64 of `a-z 0-9 _`.
    FlowId, &["flow_"], "a flow id: flow_ and 1 to 64 of a-z, 0-9 and _"
);
name!(
    /// Names one source, an entity that submits leads. Text form: `src_` and up to 64 of
    /// `a-z 0-9 _`.
    SourceId, &["src_"], "a source id: src_ and 1 to 64 of a-z, 0-9 and _"
);
name!(
    /// Names one other party of any kind: a source, a buyer or a service. Text form: `src_`,
    /// `buyer_` or `svc_` and up to 64 of `a-z 0-9 _`.
    EntityId, &["src_", "buyer_", "svc_"], "an entity id: src_, buyer_ or svc_ and 1 to 64 of a-z, 0-9 and _"
);
name!(
    /// Names one step of a flow: up to 64 of `a-z 0-9 _`.
    StepId, &[""], "a step id: 1 to 64 of a-z, 0-9 and _"
);

name!(
    /// Names one secret: up to 64 of `a-z 0-9 _`, as in `{{secret.name}}`.
    SecretName, &[""], "the name of a secret: 1 to 64 of a-z, 0-9 and _"
);

impl From<SourceId> for EntityId {
    fn from(id: SourceId) -> EntityId {
        EntityId(id.0)
    }
}

/// Which published state of a flow: 1 for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FlowVersion(pub u32);

impl fmt::Display for FlowVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_its_prefix_and_few_characters() {
        assert!("flow_solar".parse::<FlowId>().is_ok());
        assert!("buyer_premier".parse::<EntityId>().is_ok());
        for text in ["flow_", "solar", "flow_Solar", "flow_a-b", "flow_é"] {
            assert!(text.parse::<FlowId>().is_err(), "{text}");
        }
        assert!(format!("flow_{}", "a".repeat(65)).parse::<FlowId>().is_err());
        assert!("flow_solar".parse::<EntityId>().is_err());
    }
}
