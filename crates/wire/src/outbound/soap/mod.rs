//! Calls by SOAP 1.1 and 1.2: the document that a service describes itself with, the envelope that
//! leaves, and the faults that come back.

mod envelope;
mod fault;
mod wsdl;

pub use envelope::Fresh;
pub(super) use envelope::{Credentials, content_type, envelope};
pub(super) use fault::fault;
pub use wsdl::{WSDL_BYTES_MAX, Wsdl, WsdlError};
