//! What leaves for another party and what comes back, as bytes.
//!
//! A step's settings and a lead make an [`OutboundRequest`] ([`render`]); a [`Reply`] is read into a
//! [`Reading`] ([`read_reply`]). Nothing here opens a connection: `engine` sends and receives.

mod address;
mod json_body;
mod parameters;
mod reading;
mod render;
mod reply_tree;
mod request;

pub use address::ADDRESS_BYTES_MAX;
pub use reading::{APPENDED_MAX, REPLY_BODY_BYTES_MAX, Reading, Reply, read_reply};
pub use render::{HEADER_BYTES_MAX, OUTBOUND_BODY_BYTES_MAX, RenderError, header_can_be_set, render};
pub use request::OutboundRequest;
