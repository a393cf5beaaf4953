//! A message as it leaves.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use domain::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use lettre::Address;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart, SinglePart};

use super::MailServer;
use crate::outbound::RenderError;

/// A message as it leaves. Of one delivery all attempts send the same, under one id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundMail {
    /// Which server takes it; none means the one of the installation.
    pub server: Option<MailServer>,
    /// Who writes.
    pub from: Mailbox,
    /// To whom answers go.
    pub reply_to: Option<Mailbox>,
    /// Who is written to.
    pub to: Vec<Mailbox>,
    /// Who gets a copy.
    pub cc: Vec<Mailbox>,
    /// Who gets a copy that the others do not see.
    pub bcc: Vec<Mailbox>,
    /// What it is about: one line.
    pub subject: String,
    /// Its id, in angle brackets.
    pub message_id: String,
    /// When it is written.
    pub date: Timestamp,
    /// It as text.
    pub text: Option<String>,
    /// It as HTML.
    pub html: Option<String>,
}

impl OutboundMail {
    /// Everybody it goes to, in order.
    pub fn recipients(&self) -> impl Iterator<Item = &Address> {
        self.to.iter().chain(&self.cc).chain(&self.bcc).map(|mailbox| &mailbox.email)
    }

    /// The message as it is sent (RFC 5322), in seven bits.
    ///
    /// # Errors
    /// When it has no recipient.
    pub fn message(&self) -> Result<Vec<u8>, RenderError> {
        let envelope = Envelope::new(Some(self.from.email.clone()), self.recipients().cloned().collect());
        let millis = u64::try_from(self.date.as_millis()).unwrap_or_default();
        let mut builder = Message::builder()
            .envelope(envelope.map_err(|_| RenderError::NoRecipient)?)
            .from(self.from.clone())
            .subject(&self.subject)
            .message_id(Some(self.message_id.clone()))
            .date(SystemTime::UNIX_EPOCH + Duration::from_millis(millis));
        if let Some(mailbox) = &self.reply_to {
            builder = builder.reply_to(mailbox.clone());
        }
        for mailbox in &self.to {
            builder = builder.to(mailbox.clone());
        }
        for mailbox in &self.cc {
            builder = builder.cc(mailbox.clone());
        }
        // No answering machine is to answer (RFC 3834).
        let (name, value) = AUTO_SUBMITTED;
        let builder =
            builder.raw_header(HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned()));
        let made = match (self.text.clone(), self.html.clone()) {
            (Some(text), Some(html)) => {
                let parts = MultiPart::alternative().boundary(self.boundary());
                builder
                    .multipart(parts.singlepart(SinglePart::plain(text)).singlepart(SinglePart::html(html)))
            }
            (None, Some(html)) => builder.singlepart(SinglePart::html(html)),
            (text, None) => builder.singlepart(SinglePart::plain(text.unwrap_or_default())),
        };
        Ok(made.map_err(|_| RenderError::NoRecipient)?.formatted())
    }

    /// What stands between the parts. It has the id of the delivery, which nobody knows who fills a part.
    fn boundary(&self) -> String {
        let id = self.message_id.trim_matches(['<', '>']).split('@').next().unwrap_or_default();
        format!("=_glassline_{id}")
    }

    /// Names and values of its headers, as people read them.
    pub fn headers(&self) -> Vec<(&'static str, String)> {
        let list = |mailboxes: &[Mailbox]| mailboxes.iter().map(shown).collect::<Vec<_>>().join(", ");
        let mut headers = vec![("From", shown(&self.from))];
        headers.extend(self.reply_to.iter().map(|mailbox| ("Reply-To", shown(mailbox))));
        for (name, mailboxes) in [("To", &self.to), ("Cc", &self.cc), ("Bcc", &self.bcc)] {
            if !mailboxes.is_empty() {
                headers.push((name, list(mailboxes)));
            }
        }
        let date = jiff::Timestamp::from_millisecond(self.date.as_millis()).unwrap_or_default();
        let date = DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap_or_default();
        let date = date.replace("GMT", "+0000");
        headers.extend([
            ("Subject", self.subject.clone()),
            ("Date", date),
            ("Message-ID", self.message_id.clone()),
            (AUTO_SUBMITTED.0, AUTO_SUBMITTED.1.to_owned()),
        ]);
        headers
    }

    /// The message as events keep it, readable: where it goes (`SMTP smtps://host:465`, or `SMTP default` for
    /// the installation's server), the headers, those who get it unseen included, an empty line, and the
    /// texts without their encodings.
    pub fn evidence(&self) -> Arc<[u8]> {
        let server = self.server.as_ref().map_or("default".to_owned(), ToString::to_string);
        let mut out = format!("SMTP {server}\r\n");
        for (name, value) in self.headers() {
            // Writing to a text cannot fail.
            let _ = write!(out, "{name}: {value}\r\n");
        }
        out.push_str("\r\n");
        match (&self.text, &self.html) {
            (Some(text), Some(html)) => {
                let boundary = self.boundary();
                for (kind, part) in [("plain", text), ("html", html)] {
                    let _ = write!(out, "--{boundary}\r\nContent-Type: text/{kind}\r\n\r\n{part}\r\n");
                }
                let _ = write!(out, "--{boundary}--\r\n");
            }
            (text, html) => out.push_str(text.as_ref().or(html.as_ref()).map_or("", String::as_str)),
        }
        out.into_bytes().into()
    }
}

const AUTO_SUBMITTED: (&str, &str) = ("Auto-Submitted", "auto-generated");

/// `Zoë Lee <zoe@example.com>`, as it reads before it is encoded.
fn shown(mailbox: &Mailbox) -> String {
    match &mailbox.name {
        Some(name) => format!("{name} <{}>", mailbox.email),
        None => mailbox.email.to_string(),
    }
}
