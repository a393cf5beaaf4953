//! Messages by mail: who is written to, and what.

use crate::Template;

/// What a step writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailSettings {
    /// Who writes; none means whoever the installation says.
    pub from: Option<MailboxTemplate>,
    /// To whom answers go.
    pub reply_to: Option<MailboxTemplate>,
    /// Who is written to.
    pub to: Vec<MailboxTemplate>,
    /// Who gets a copy that all can see.
    pub cc: Vec<MailboxTemplate>,
    /// Who gets a copy that nobody else can see.
    pub bcc: Vec<MailboxTemplate>,
    /// What it is about.
    pub subject: Template,
    /// The message as text.
    pub text: Option<Template>,
    /// The message as HTML; values are escaped for it.
    pub html: Option<Template>,
}

/// One mailbox. Name and address stand apart, so that no value can make another mailbox of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailboxTemplate {
    /// What the person or desk is called.
    pub name: Option<Template>,
    /// Its address; blank, the mailbox is left out.
    pub address: Template,
}

impl MailboxTemplate {
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.name.iter().chain([&self.address])
    }
}

impl MailSettings {
    pub(super) fn templates(&self) -> impl Iterator<Item = &Template> {
        let one = self.from.iter().chain(&self.reply_to);
        let mailboxes = one.chain(&self.to).chain(&self.cc).chain(&self.bcc);
        let texts = [&self.subject].into_iter().chain(&self.text).chain(&self.html);
        mailboxes.flat_map(MailboxTemplate::templates).chain(texts)
    }
}
