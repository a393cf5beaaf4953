//! What is answered to a line.

use domain::{Integration, Value};

use crate::json::write_array;
use crate::json::{ObjectWriter, write_string, write_value};
use crate::outbound::{OutboundMail, OutboundRequest, Reading};

fn text(bytes: Vec<u8>) -> String {
    String::from_utf8(bytes).expect("JSON of text is text")
}

/// `{"method", "url", "headers", "body", "follow_redirects"}`; a body that is no text has `\u{fffd}`.
pub(super) fn request(integration: Integration, request: &OutboundRequest) -> String {
    let mut out = Vec::new();
    let mut object = ObjectWriter::open(&mut out);
    object.text("method", request.method.as_str());
    object.text("url", &request.url);
    let mut headers = ObjectWriter::open(object.value("headers"));
    for (name, value) in &request.headers {
        headers.text(name, value);
    }
    if !request.body.is_empty() {
        headers.text("Content-Length", &request.body.len().to_string());
    }
    headers.close();
    if request.body.is_empty() && integration == Integration::CustomQuery {
        object.null("body");
    } else {
        object.text("body", &String::from_utf8_lossy(&request.body));
    }
    object.boolean("follow_redirects", request.follow_redirects);
    object.close();
    text(out)
}

/// `{"server", "envelope": {"from", "to"}, "headers", "text", "html"}`; no server means the installation's.
pub(super) fn mail(mail: &OutboundMail) -> String {
    let mut out = Vec::new();
    let mut object = ObjectWriter::open(&mut out);
    match &mail.server {
        Some(server) => object.text("server", &server.to_string()),
        None => object.null("server"),
    }
    let mut envelope = ObjectWriter::open(object.value("envelope"));
    envelope.text("from", mail.from.email.as_ref());
    write_array(mail.recipients(), envelope.value("to"), |address, out| write_string(address.as_ref(), out));
    envelope.close();
    let mut headers = ObjectWriter::open(object.value("headers"));
    for (name, value) in mail.headers() {
        headers.text(name, &value);
    }
    headers.close();
    for (name, part) in [("text", &mail.text), ("html", &mail.html)] {
        match part {
            Some(part) => object.text(name, part),
            None => object.null(name),
        }
    }
    object.close();
    text(out)
}

/// `{"outcome", "reason", "price", "reference", "appended"}`. The price is 0 when none was looked for,
/// and nothing after a fault.
pub(super) fn reading(reading: &Reading, fallback: Option<String>) -> String {
    let mut out = Vec::new();
    let mut object = ObjectWriter::open(&mut out);
    object.text("outcome", domain::Outcome::from(reading.outcome).as_str());
    match &reading.reason {
        Some(reason) => object.text("reason", reason),
        None => object.null("reason"),
    }
    let price = match (reading.price, fallback) {
        (Some(price), _) => Some(price),
        (None, Some(fallback)) => fallback.parse().ok(),
        (None, None) => Some(domain::Money::ZERO),
    };
    match price.filter(|_| !reading.is_fault_of_server()) {
        Some(price) => object.value("price").extend_from_slice(shortest(&price.to_string()).as_bytes()),
        None => object.null("price"),
    }
    match &reading.reference {
        Some(reference) => object.text("reference", reference),
        None => object.null("reference"),
    }
    let mut tree = Tree::default();
    for (path, value) in &reading.appended {
        let keys: Vec<String> = path.keys().collect();
        if !matches!(keys[0].as_str(), "outcome" | "reason" | "price" | "reference") {
            tree.set(&keys, value);
        }
    }
    tree.write(object.value("appended"));
    if reading.truncated > 0 {
        object.number("truncated", reading.truncated.into());
    }
    object.close();
    text(out)
}

/// An amount as a JSON number without zeros at its end.
fn shortest(amount: &str) -> &str {
    if amount.contains('.') { amount.trim_end_matches('0').trim_end_matches('.') } else { amount }
}

/// Values by path, as a tree again.
#[derive(Debug, Default)]
struct Tree<'a> {
    value: Option<&'a Value>,
    members: Vec<(String, Tree<'a>)>,
}

impl<'a> Tree<'a> {
    fn set(&mut self, keys: &[String], value: &'a Value) {
        // Paths are short, so that this goes no deeper than a few dozen keys.
        let Some((first, rest)) = keys.split_first() else {
            self.value = Some(value);
            return;
        };
        let at = self.members.iter().position(|(key, _)| key == first).unwrap_or(self.members.len());
        if at == self.members.len() {
            self.members.push((first.clone(), Tree::default()));
        }
        self.members[at].1.set(rest, value);
    }

    fn write(&self, out: &mut Vec<u8>) {
        if let Some(value) = self.value {
            return write_value(value, out);
        }
        let is_list = !self.members.is_empty()
            && self.members.iter().enumerate().all(|(at, (key, _))| *key == at.to_string());
        out.push(if is_list { b'[' } else { b'{' });
        for (at, (key, below)) in self.members.iter().enumerate() {
            if at > 0 {
                out.push(b',');
            }
            if !is_list {
                write_string(key, out);
                out.push(b':');
            }
            below.write(out);
        }
        out.push(if is_list { b']' } else { b'}' });
    }
}
