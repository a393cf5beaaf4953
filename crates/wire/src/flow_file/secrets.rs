//! The secrets that a file names. Their values are never in it.

use std::sync::Arc;

use domain::SecretName;

use super::NamedSecret;
use super::names::Names;
use super::node::Node;
use super::reader::Reader;

/// Most secrets of one file.
pub(super) const FILE_SECRETS_MAX: usize = 100;

impl Reader {
    /// The list of names; from then on requests may name these and no others.
    pub(super) fn secrets(&mut self, node: Option<&Node>) -> Vec<NamedSecret> {
        let mut secrets: Vec<NamedSecret> = Vec::new();
        self.list(node, "secrets", |reader, node| {
            let name: SecretName = reader.parse_text(node, "secrets")?;
            if secrets.iter().any(|known| known.name == name) {
                reader.problem(node.line, format!("the secret {name} stands twice"));
            }
            secrets.push(NamedSecret { name, line: node.line });
            Some(())
        });
        self.fits(node.map_or(1, |node| node.line), "secrets", secrets.len(), FILE_SECRETS_MAX);
        self.listed_secrets = Some(secrets.iter().map(|secret| secret.name.clone()).collect());
        secrets
    }
}

/// The names of a request, and the secrets that it may name besides.
#[derive(Debug)]
pub(super) struct InRequest {
    secrets: Option<Arc<[SecretName]>>,
}

impl InRequest {
    pub(super) fn of(reader: &Reader) -> InRequest {
        InRequest { secrets: reader.listed_secrets.clone() }
    }

    /// What may be named there.
    pub(super) fn names<'a>(&'a self, names: Names<'a>) -> Names<'a> {
        match names {
            Names::Lead { fields, unread, steps } | Names::Request { fields, unread, steps, .. } => {
                Names::Request { fields, unread, steps, secrets: self.secrets.as_deref() }
            }
            Names::Raw | Names::Unknown => names,
        }
    }
}
