//! XML as it comes and as it leaves.
//!
//! [`Document`] reads what another party sent into a flat list of nodes, without recursion and without
//! entities of its own; [`write`](writer) makes a document of fields.

mod document;
mod writer;

pub(super) use document::{Document, NodeId, NodeKind, local};
pub use writer::XmlFault;
pub(crate) use writer::is_name;
pub(super) use writer::{Element, xml_body};
