//! Flow files: a flow and the parties it names, as YAML 1.2 or JSON that people write.
//!
//! Everything in a file is read or refused with its line; nothing is skipped. Start with
//! [`FlowFile::read`]; `keys` lists what a file may say, `flow` and the modules after it give each
//! part its meaning with the means of `reader`, and [`schema`] tells editors the same.

mod intake;
mod keys;
mod node;
mod problem;
mod reader;

mod flow;

mod entities;
mod feedback;
mod fields;
mod gates;
mod groups;
mod limits;
mod prices;
mod secrets;
mod sources;
mod steps;

mod requests;
mod responses;
mod wsdl;

mod flow_test;

mod schema;

mod trying;

mod address;
mod conditions;
mod duration;
mod names;
mod templates;

#[cfg(test)]
mod tests;

use std::sync::Arc;

use domain::{
    Condition, EarlierStep, EntityId, EntityKind, EntitySettings, Fields, Flow, ListName, PatternBudget,
    RULES_MAX, SecretName,
};

pub use duration::{DurationError, read as read_duration, write as write_duration};
pub use flow_test::{
    EventLine, EventLineError, Expected, FlowTest, GivenAnswer, GivenReplies, GivenReply, Sent, StepReplies,
};
pub use node::FLOW_FILE_BYTES_MAX;
pub use problem::{FlowFileError, Problem};
pub use schema::schema;
pub use trying::{try_request, try_response};
pub use wsdl::{WSDL_PLACES_MAX, WsdlPlace, WsdlTexts, with_wsdl, wsdl_places};

use crate::outbound::AllowedHosts;

/// A flow file that was understood.
#[derive(Debug, Clone, PartialEq)]
pub struct FlowFile {
    /// The parties it names, in the order of the file. What is missing is to be created, what
    /// exists is left alone.
    pub entities: Vec<Entity>,
    /// The secrets that its requests may name, in the order of the file.
    pub secrets: Vec<NamedSecret>,
    /// The suppression lists it names, those that its flow looks at included. What is missing is to be
    /// created, empty.
    pub lists: Vec<ListName>,
    /// The flow.
    pub flow: Flow,
    /// What `glassline flow test` tries on it, in the order of the file.
    pub tests: Vec<FlowTest>,
    /// The document as JSON without white space, members in the order of the file; without its tests,
    /// which are no part of what is published. Reading it gives the same flow.
    pub document: Arc<str>,
}

/// Another party that a flow file names.
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    /// Its id.
    pub id: EntityId,
    /// Source, buyer or service, as the id says too.
    pub kind: EntityKind,
    /// What people call it.
    pub name: Arc<str>,
    /// What holds for it in all flows, for when it is to be created.
    pub settings: EntitySettings,
    /// The same as JSON without white space: an object of `limits`, `circuit`, `time_zone`, `hours`
    /// and `caps`.
    pub settings_document: Arc<str>,
}

/// What holds for a party in all flows, as people write it: an object of `limits`, `circuit`,
/// `time_zone`, `hours` and `caps`.
#[derive(Debug, Clone, PartialEq)]
pub struct EntityFile {
    /// What it says.
    pub settings: EntitySettings,
    /// The same as JSON without white space. Reading it gives the same.
    pub document: Arc<str>,
}

impl EntityFile {
    /// Reads the settings of a party, JSON or YAML.
    ///
    /// # Errors
    /// With all problems that can be told at once, each with its line.
    pub fn read(id: &EntityId, text: &str) -> Result<EntityFile, FlowFileError> {
        let root = node::Node::read(text).map_err(|problem| FlowFileError::new(vec![problem]))?;
        let mut reader = reader::Reader::default();
        match reader.settings_file(id, &root) {
            Some(file) if reader.problems.is_empty() => Ok(file),
            Some(_) | None => Err(FlowFileError::new(reader.problems)),
        }
    }
}

/// A secret that a flow file lists. Two are equal when their names are: where they stand is not part of
/// what a file says.
#[derive(Debug, Clone, Eq)]
pub struct NamedSecret {
    /// Its name.
    pub name: SecretName,
    /// The line it stands on.
    pub line: u64,
}

impl PartialEq for NamedSecret {
    fn eq(&self, other: &NamedSecret) -> bool {
        self.name == other.name
    }
}

impl FlowFile {
    /// Reads YAML 1.2 or JSON of at most [`FLOW_FILE_BYTES_MAX`] bytes, nested at most 64 deep.
    ///
    /// # Errors
    /// With all problems that can be told at once, each with its line.
    pub fn read(text: &str) -> Result<FlowFile, FlowFileError> {
        FlowFile::read_with(text, &WsdlTexts::new())
    }

    /// The same with what was found at the places of [`wsdl_places`], which the document holds from then on.
    ///
    /// # Errors
    /// As [`read`](FlowFile::read), and when a text was not found, or makes the document too long.
    pub fn read_with(text: &str, found: &WsdlTexts) -> Result<FlowFile, FlowFileError> {
        FlowFile::read_allowing(text, found, None)
    }

    /// The same for an installation that asks these hosts and public ones; without them any.
    ///
    /// # Errors
    /// As [`read_with`](FlowFile::read_with), and with each address, as it is written, of another host.
    pub fn read_allowing(
        text: &str,
        found: &WsdlTexts,
        allowed_hosts: Option<&AllowedHosts>,
    ) -> Result<FlowFile, FlowFileError> {
        FlowFile::read_as(text, found, allowed_hosts, |_| {})
    }

    /// The same for who tries a flow and asks nobody: in place of a WSDL of the web that was not found stands one
    /// that has what the flow calls.
    ///
    /// # Errors
    /// As [`read_with`](FlowFile::read_with).
    pub fn read_to_test(text: &str, found: &WsdlTexts) -> Result<FlowFile, FlowFileError> {
        FlowFile::read_with_stand_ins(text, found, None)
    }

    /// The same for who checks a flow where a WSDL of the web cannot be reached: all else is as
    /// [`read_allowing`](FlowFile::read_allowing) has it. A WSDL that was looked for in vain, which `found` tells, is
    /// not stood in for.
    ///
    /// # Errors
    /// As [`read_allowing`](FlowFile::read_allowing).
    pub fn read_with_stand_ins(
        text: &str,
        found: &WsdlTexts,
        allowed_hosts: Option<&AllowedHosts>,
    ) -> Result<FlowFile, FlowFileError> {
        FlowFile::read_as(text, found, allowed_hosts, |root| root.insert_stand_ins(found))
    }

    fn read_as(
        text: &str,
        found: &WsdlTexts,
        allowed_hosts: Option<&AllowedHosts>,
        complete: impl FnOnce(&mut node::Node),
    ) -> Result<FlowFile, FlowFileError> {
        let mut root = node::Node::read(text).map_err(|problem| FlowFileError::new(vec![problem]))?;
        root.insert_wsdl(found);
        complete(&mut root);
        let _budget = PatternBudget::of_flow();
        let reader = reader::Reader {
            wsdl: found.clone(),
            allowed_hosts: allowed_hosts.cloned(),
            ..reader::Reader::default()
        };
        let file = reader.whole(&root)?;
        let bytes = file.document.len();
        if bytes > FLOW_FILE_BYTES_MAX {
            let message =
                format!("with its WSDL the file has {bytes} bytes; at most {FLOW_FILE_BYTES_MAX} are kept");
            return Err(FlowFileError::new(vec![Problem { line: 1, message }]));
        }
        Ok(file)
    }

    /// Reads the document of a flow that is published already. What publishing refuses only so that people hear of
    /// their mistakes in time, or so that nobody takes more than their share, is taken: rules that no valid value
    /// can pass, and more patterns than a flow may have.
    ///
    /// # Errors
    /// When it makes no flow.
    pub fn read_published(document: &str) -> Result<FlowFile, FlowFileError> {
        let root = node::Node::read(document).map_err(|problem| FlowFileError::new(vec![problem]))?;
        let reader = reader::Reader { is_published: true, ..reader::Reader::default() };
        reader.whole(&root)
    }

    /// Whether every secret is set that the file lists. Reading does not ask: what is set is a matter of
    /// the installation, and of the moment.
    ///
    /// # Errors
    /// With each that is not, its line, and how to set it.
    pub fn check_secrets(&self, is_set: impl Fn(&SecretName) -> bool) -> Result<(), FlowFileError> {
        let missing = self.secrets.iter().filter(|secret| !is_set(&secret.name));
        let problems: Vec<Problem> = missing
            .map(|NamedSecret { name, line }| {
                let message =
                    format!("the secret {name} is not set; set it with: glassline secret set {name}");
                Problem { line: *line, message }
            })
            .collect();
        if problems.is_empty() { Ok(()) } else { Err(FlowFileError::new(problems)) }
    }
}

/// Reads a condition alone, as it stands below `require`, that looks at leads of these fields.
///
/// # Errors
/// With all problems that can be told at once, each with its line.
pub fn read_condition(
    text: &str,
    fields: &Fields,
    steps: &[EarlierStep],
) -> Result<Condition, FlowFileError> {
    let root = node::Node::read(text).map_err(|problem| FlowFileError::new(vec![problem]))?;
    let _budget = PatternBudget::of_flow();
    let mut reader = reader::Reader::default();
    let condition = reader.condition(&root, names::Names::Lead { fields, unread: &[], steps });
    let count = condition.as_ref().map_or(0, Condition::rules);
    match condition {
        Some(_) if count > RULES_MAX => {
            let message = format!("the condition has {count} rules; at most {RULES_MAX} are read");
            Err(FlowFileError::new(vec![Problem { line: 1, message }]))
        }
        Some(condition) if reader.problems.is_empty() => Ok(condition),
        Some(_) | None => Err(FlowFileError::new(reader.problems)),
    }
}
