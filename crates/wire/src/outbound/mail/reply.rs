//! What a mail server says of a message.

use domain::{Ending, FieldPath, Value};

use crate::outbound::{Reading, Reply};

/// Longest reason in a mail server's words, in characters.
const REASON_CHARS_MAX: usize = 2_000;

/// Reads what a mail server answers (RFC 5321, 4.2.1): a message that it took is delivered, one that it does not
/// take now (4xx) is a fault, one that it never will (5xx) is a no.
pub fn read_mail_reply(reply: &Reply) -> Reading {
    let outcome = match reply.status {
        200..=399 => Ending::Success,
        500..=599 => Ending::Failure,
        _ => Ending::Error,
    };
    let said = String::from_utf8_lossy(&reply.body);
    let words: String = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.chars().take(REASON_CHARS_MAX).collect();
    let reason = Some(words).filter(|words| !words.is_empty() && outcome != Ending::Success);
    let path = |name: &str| FieldPath::key(name).expect("a plain word is a key");
    let mut appended = vec![(path("outcome"), Value::text(domain::Outcome::from(outcome).as_str()))];
    appended.extend(reason.as_deref().map(|reason| (path("reason"), Value::text(reason))));
    Reading { outcome, reason: reason.map(Into::into), price: None, reference: None, appended, truncated: 0 }
}
