//! Mail: what a step writes to somebody, as it leaves, and what a mail server says of it.

mod message;
mod render;
mod reply;
mod server;

pub use lettre::message::Mailbox;
pub use message::OutboundMail;
pub use reply::read_mail_reply;
pub use server::{MailPassword, MailSecurity, MailServer, MailServerError, mailbox};

pub(crate) use render::RECIPIENTS_MAX;
pub(super) use render::render_mail;
