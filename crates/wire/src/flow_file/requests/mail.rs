//! What a step writes by mail. Mailboxes are taken apart here, so that no value of a lead can add one.

use domain::{MailSettings, MailboxTemplate, Template};

use super::super::names::Names;
use super::super::node::{Kind, Node};
use super::super::reader::{Part, Reader};
use crate::outbound::{MailServer, RECIPIENTS_MAX, mailbox};

impl Reader {
    /// The message of a step.
    pub(super) fn mail(&mut self, part: &Part<'_>, names: Names<'_>) -> Option<MailSettings> {
        let from = part.get("from").map_or(Some(None), |node| self.mailbox(node, "from", names).map(Some));
        let reply_to =
            part.get("reply_to").map_or(Some(None), |node| self.mailbox(node, "reply_to", names).map(Some));
        let to = self.needed(part, "to").and_then(|node| self.mailboxes(node, "to", names));
        let mut more = |key| part.get(key).map_or(Some(Vec::new()), |node| self.mailboxes(node, key, names));
        let (cc, bcc) = (more("cc"), more("bcc"));
        let subject = self.needed(part, "subject").and_then(|node| self.template(node, "subject", names));
        let mut body =
            |key| part.get(key).map_or(Some(None), |node| self.template(node, key, names).map(Some));
        let (text, html) = (body("text"), body("html"));
        if part.get("text").or_else(|| part.get("html")).is_none() {
            self.problem(part.line, "a message needs \"text\", \"html\" or both");
            return None;
        }
        let (to, cc, bcc) = (to?, cc?, bcc?);
        if !self.fits(part.line, "recipients", to.len() + cc.len() + bcc.len(), RECIPIENTS_MAX) {
            return None;
        }
        Some(MailSettings {
            from: from?,
            reply_to: reply_to?,
            to,
            cc,
            bcc,
            subject: subject?,
            text: text?,
            html: html?,
        })
    }

    /// The mail server of a step, written out; none when it is the installation's.
    pub(super) fn mail_server(&mut self, part: &Part<'_>) -> Option<Template> {
        let Some(node) = part.get("url") else {
            if let Some(node) = part.get("basic_auth") {
                self.problem(node.line, "\"basic_auth\" is for the mail server that \"url\" names");
            }
            return Some(Template::literal(""));
        };
        let text = self.text(node, "url")?;
        match MailServer::read(text) {
            Ok(MailServer { password: Some(_), .. }) => {
                let message = "the address names a user or a password; give them under \"basic_auth\"";
                self.problem(node.line, message);
                None
            }
            Ok(_) => Some(Template::literal(text)),
            Err(error) => {
                self.problem(node.line, error);
                None
            }
        }
    }

    /// One mailbox or several: with commas between, or as a list.
    fn mailboxes(&mut self, node: &Node, what: &str, names: Names<'_>) -> Option<Vec<MailboxTemplate>> {
        let before = self.problems.len();
        let nodes = match &node.kind {
            Kind::List(nodes) => nodes.iter().collect(),
            Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) | Kind::Map(_) => vec![node],
        };
        let mut mailboxes = Vec::new();
        for node in nodes {
            let Some(text) = self.text(node, what) else { continue };
            for one in parts(text, ',') {
                mailboxes.extend(self.mailbox_of(node.line, &one, what, names));
            }
        }
        if mailboxes.is_empty() && self.problems.len() == before {
            self.problem(node.line, format!("{what:?} names nobody"));
        }
        (self.problems.len() == before).then_some(mailboxes)
    }

    fn mailbox(&mut self, node: &Node, what: &str, names: Names<'_>) -> Option<MailboxTemplate> {
        let text = self.text(node, what)?;
        self.mailbox_of(node.line, text, what, names)
    }

    /// `address`, or `name <address>`.
    fn mailbox_of(&mut self, line: u64, text: &str, what: &str, names: Names<'_>) -> Option<MailboxTemplate> {
        let mut halves = parts(text, '<').into_iter();
        let (first, second, more) = (halves.next().unwrap_or_default(), halves.next(), halves.next());
        let (name, address) = match &second {
            None => (None, first.trim()),
            Some(second) => {
                let name = first.trim();
                let name = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(name);
                (Some(name), second.trim().strip_suffix('>').unwrap_or("").trim())
            }
        };
        let shown: String = text.trim().chars().take(80).collect();
        let literal = if address.contains("{{") { None } else { Some(mailbox(address)) };
        if address.is_empty() || more.is_some() || literal == Some(None) {
            let message = format!(
                "{what:?} is an address such as desk@example.com or Desk <desk@example.com>, not {shown:?}"
            );
            self.problem(line, message);
            return None;
        }
        let name = name.filter(|name| !name.is_empty());
        let name = name.map_or(Some(None), |name| self.template_of(line, name, what, names).map(Some));
        let address = self.template_of(line, address, what, names);
        Some(MailboxTemplate { name: name?, address: address? })
    }
}

/// A text cut at a mark, wherever that stands outside of braces and quotes.
fn parts(text: &str, mark: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut braces, mut quoted) = (0_usize, false);
    for letter in text.chars() {
        match letter {
            '{' => braces += 1,
            '}' => braces = braces.saturating_sub(1),
            '"' if braces == 0 => quoted = !quoted,
            _ => {}
        }
        if letter == mark && braces == 0 && !quoted {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(letter);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_within_braces_and_quotes_are_part_of_the_text() {
        let cut = |text: &str| parts(text, ',').join("|");
        assert_eq!(cut("a@x, b@y"), "a@x| b@y");
        assert_eq!(cut("\"Lee, Ann\" <a@x>,b@y"), "\"Lee, Ann\" <a@x>|b@y");
        assert_eq!(cut("{{default lead.email \"a,b\"}},c@x"), "{{default lead.email \"a,b\"}}|c@x");
        assert_eq!(cut(""), "");
        assert_eq!(parts("Ann <a@x>", '<'), ["Ann ", "a@x>"]);
    }
}
