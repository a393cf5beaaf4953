//! The HTTP API. The only crate that knows axum and status codes.
//!
//! [`router()`] gives the whole API over [`Services`]; [`serve`] runs it on a socket. `routes` has
//! one file for each group of addresses, `intake` reads what sources send, `ui` holds the pages. Every reply carries an
//! `x-request-id`; every error but a refused submission has one shape, made in `error.rs`. No
//! request is logged with its query or body, for they hold personal values.

mod auth;
mod connections;
mod error;
mod frame;
mod intake;
mod limits;
mod lingering;
mod metrics;
mod openapi;
mod parameters;
mod refusals;
mod router;
mod routes;
mod services;
mod session;
mod state;
mod ui;

pub use connections::{RemoteAddress, SHUTDOWN_MAX, serve, serve_within};
pub use intake::BODY_BYTES_MAX;
pub use limits::Limits;
pub use router::router;
pub use routes::flows::list_flows;
pub use routes::secrets::list_secrets;
pub use services::Services;
pub use state::Api;
