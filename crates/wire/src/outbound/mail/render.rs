//! Settings and a lead become a message.

use domain::{MailboxTemplate, RequestSettings, Template, Variables};
use lettre::message::Mailbox;

use super::server::ascii_address;
use super::{MailPassword, MailServer, OutboundMail};
use crate::outbound::RenderError;
use crate::outbound::render::HEADER_BYTES_MAX;

/// Most people a message goes to.
pub(crate) const RECIPIENTS_MAX: usize = 50;

/// Fills a message with a lead. `sender` writes it where the step does not say who does.
pub(in crate::outbound) fn render_mail(
    settings: &RequestSettings,
    variables: &Variables<'_>,
    sender: Option<&Mailbox>,
) -> Result<OutboundMail, RenderError> {
    let mail = settings.mail.as_ref().ok_or(RenderError::NoRecipient)?;
    let from = match &mail.from {
        Some(from) => mailbox(from, variables)?,
        None => None,
    };
    let from = from.or_else(|| sender.cloned()).ok_or(RenderError::NoSender)?;
    let reply_to = mail.reply_to.as_ref().map_or(Ok(None), |own| mailbox(own, variables))?;
    let (to, cc, bcc) =
        (mailboxes(&mail.to, variables)?, mailboxes(&mail.cc, variables)?, mailboxes(&mail.bcc, variables)?);
    if to.is_empty() {
        return Err(RenderError::NoRecipient);
    }
    let subject = line(&mail.subject.render(variables));
    if subject.len() > HEADER_BYTES_MAX {
        return Err(RenderError::HeaderTooLong { name: "Subject".to_owned(), bytes: subject.len() });
    }
    let text = mail.text.as_ref().map(|text| lines(&text.render(variables)));
    let html = mail.html.as_ref().map(|html| lines(&html.render_with(variables, push_escaped)));
    // The same for every attempt of a delivery.
    let id = match variables.delivery_id {
        Some(id) => id.to_string(),
        None => format!("glassline-{:016x}", variables.seed.chance(0)),
    };
    Ok(OutboundMail {
        server: server(settings, variables)?,
        message_id: format!("<{id}@{}>", from.email.domain()),
        from,
        reply_to,
        to,
        cc,
        bcc,
        subject,
        date: variables.now,
        text,
        html,
    })
}

/// The server that the step names, with the user and the password that it has for it.
fn server(settings: &RequestSettings, variables: &Variables<'_>) -> Result<Option<MailServer>, RenderError> {
    let url = settings.url.render(variables);
    if url.is_empty() {
        return Ok(None);
    }
    let mut server = MailServer::read(&url).map_err(|_| RenderError::MailServer)?;
    if let Some(auth) = &settings.basic_auth {
        let (user, password) = (auth.user.render(variables), auth.password.render(variables));
        if !user.trim().is_empty() && !password.is_empty() {
            server.password = Some(MailPassword { user, password });
        }
    }
    Ok(Some(server))
}

/// The text of a hole where HTML stands around it, between marks or in quotes.
fn push_escaped(out: &mut String, hole: &str) {
    for letter in hole.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter => out.push(letter),
        }
    }
}

fn mailboxes(templates: &[MailboxTemplate], variables: &Variables<'_>) -> Result<Vec<Mailbox>, RenderError> {
    templates.iter().filter_map(|template| mailbox(template, variables).transpose()).collect()
}

/// One mailbox; nothing when its address is blank.
fn mailbox(template: &MailboxTemplate, variables: &Variables<'_>) -> Result<Option<Mailbox>, RenderError> {
    let address = template.address.render(variables);
    let address = address.trim();
    if address.is_empty() {
        return Ok(None);
    }
    let email = ascii_address(address).ok_or(RenderError::MailAddress)?;
    let name = template.name.as_ref().map(|name: &Template| line(&name.render(variables)));
    if let Some(name) = name.as_ref().filter(|name| name.len() > HEADER_BYTES_MAX) {
        return Err(RenderError::HeaderTooLong { name: "To".to_owned(), bytes: name.len() });
    }
    Ok(Some(Mailbox::new(name.filter(|name| !name.is_empty()), email)))
}

/// The text as one line: a control character becomes a space.
fn line(text: &str) -> String {
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    line.trim().to_owned()
}

/// The text with the ends of lines that mail has, and without control characters.
fn lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\r' | '\n' => {
                if letter == '\r' {
                    letters.next_if_eq(&'\n');
                }
                out.push_str("\r\n");
            }
            '\t' => out.push('\t'),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}
