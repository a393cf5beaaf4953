//! What leaves for another party and what comes back, as bytes.
//!
//! A step's settings and a lead make an [`Outbound`] ([`render_outbound`]), which is an [`OutboundRequest`] or an
//! [`OutboundMail`]; a [`Reply`] is read into a [`Reading`] ([`read_reply`], [`read_mail_reply`]). Nothing here opens a
//! connection: `engine` sends and receives.

mod address;
mod ascii;
mod coding;
mod html;
mod json_body;
mod mail;
mod outgoing;
mod parameters;
mod public_address;
mod reading;
mod render;
mod reply_body;
mod reply_text;
mod reply_tree;
mod request;
mod soap;
mod xml;
mod xpath;

pub use address::ADDRESS_BYTES_MAX;
pub use ascii::ascii_text;
pub use coding::CodingError;
pub use mail::{
    MailPassword, MailSecurity, MailServer, MailServerError, Mailbox, OutboundMail, mailbox, read_mail_reply,
};
pub use outgoing::{Means, Outbound, render_outbound};
pub use public_address::{AddressProblem, AllowedHosts, is_public};
pub use reading::{APPENDED_MAX, REPLY_BODY_BYTES_MAX, Reading, Reply, read_reply};
pub use render::{
    HEADER_BYTES_MAX, OUTBOUND_BODY_BYTES_MAX, RenderError, header_can_be_set, render, render_fresh,
};
pub use request::OutboundRequest;
pub use soap::{Fresh, WSDL_BYTES_MAX, Wsdl, WsdlError};
pub use xml::XmlFault;

pub(crate) use mail::RECIPIENTS_MAX;
pub(crate) use render::content_type_agrees;
pub(crate) use reply_body::path_fault;
pub(crate) use xml::is_name as is_xml_name;
