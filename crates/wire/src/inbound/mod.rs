//! What sources send, read into parameters; and what they are answered, as bytes.
//!
//! [`InboundHead`] and a body make [`Parameters`] ([`read`]), those make a lead ([`Parameters::lead`]);
//! what cannot be read is a [`Refusal`] with the status and the text that sources know. [`answer`](write_answer)
//! writes what goes back. Nothing here opens a connection, and everything is bounded: `server` and
//! `glassline try intake` use the same functions.

mod accept;
mod answer;
mod charset;
mod compression;
mod form;
mod json_body;
mod lead;
mod parameters;
mod refusal;
mod trial;
mod trusted_form;
mod xml_body;

#[cfg(test)]
mod tests;

pub use accept::AnswerFormat;
pub use answer::{AnswerNode, AnswerWish, WrittenAnswer, write_answer, write_tree};
pub use lead::{is_set, read_lead};
pub use parameters::{Door, InboundHead, Parameters, read};
pub use refusal::{INTAKE_METHODS, Refusal};
pub use trial::try_intake;

/// Most bytes of a submission's body, decompressed.
pub const INTAKE_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Most parameters of a submission: values and lists, each under a path of its own.
pub const PARAMETERS_MAX: usize = 500;
/// Most single values of a submission, those inside lists included.
pub const VALUES_MAX: usize = 10_000;
/// Deepest place of a parameter: parents above a value.
pub const DEPTH_MAX: usize = 64;
/// Longest name of a form's parameter, in bytes. Anything longer fits no record, and dots make
/// trees as deep as a name is long.
const NAME_BYTES_MAX: usize = 256;

/// A tree of parameters, keyed by their top-level names.
type Tree = serde_json::Map<String, serde_json::Value>;
