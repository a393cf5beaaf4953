//! What leaves for another party and what comes back, as bytes.
//!
//! A step's settings and a lead make an [`OutboundRequest`]; a [`Reply`] is read into a
//! [`Reading`]. Nothing here opens a connection: `engine` sends and receives.

mod reading;
mod request;

pub use reading::{APPENDED_MAX, Reading, Reply};
pub use request::OutboundRequest;
