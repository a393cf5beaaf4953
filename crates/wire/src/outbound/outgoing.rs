//! What leaves for another party, whatever carries it.

use std::sync::Arc;

use domain::{Integration, RequestSettings, Variables};
use lettre::message::Mailbox;

use super::mail::render_mail;
use super::render::check_secrets;
use super::{Fresh, OutboundMail, OutboundRequest, RenderError, render, render_fresh};

/// What leaves for another party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outbound {
    /// A request over HTTP.
    Http(OutboundRequest),
    /// A message by mail.
    Mail(Box<OutboundMail>),
}

/// What a request needs besides settings and lead.
#[derive(Debug, Clone, Copy, Default)]
pub struct Means<'a> {
    /// What no two requests may share.
    pub fresh: Option<&'a Fresh>,
    /// Who writes where a step does not say it.
    pub sender: Option<&'a Mailbox>,
}

impl Outbound {
    /// Puts a key in the place of the delivery's, by which the other side knows it again: the header
    /// `Idempotency-Key`, or the `Message-ID`.
    pub fn set_key(&mut self, key: &str) {
        match self {
            Outbound::Http(request) => request.set_idempotency_key(key),
            Outbound::Mail(mail) => mail.message_id = format!("<{key}@{}>", mail.from.email.domain()),
        }
    }

    /// It as text, as events keep it.
    pub fn evidence(&self) -> Arc<[u8]> {
        match self {
            Outbound::Http(request) => request.evidence(),
            Outbound::Mail(mail) => mail.evidence(),
        }
    }
}

/// Fills a step's settings with a lead.
///
/// # Errors
/// When what the values make cannot be sent.
pub fn render_outbound(
    settings: &RequestSettings,
    variables: &Variables<'_>,
    means: Means<'_>,
) -> Result<Outbound, RenderError> {
    if settings.integration == Integration::Email {
        check_secrets(settings, variables)?;
        return render_mail(settings, variables, means.sender).map(|mail| Outbound::Mail(Box::new(mail)));
    }
    let request = match means.fresh {
        Some(fresh) => render_fresh(settings, variables, fresh),
        None => render(settings, variables),
    };
    request.map(Outbound::Http)
}
