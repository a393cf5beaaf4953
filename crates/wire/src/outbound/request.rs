//! A request as it leaves.

use std::sync::Arc;

use domain::Method;

/// A request as it leaves, complete but for what the connection adds (`Host`, `Content-Length`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundRequest {
    /// The method.
    pub method: Method,
    /// The whole address, percent-encoded. What stands behind a `#` is not sent.
    pub url: String,
    /// Names and values, in order. No value holds a control character.
    pub headers: Vec<(String, String)>,
    /// The body; empty when there is none.
    pub body: Vec<u8>,
    /// Whether a redirect is followed, if every address on the way may be asked.
    pub follow_redirects: bool,
}

/// The header by which the other side knows a request again.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

impl OutboundRequest {
    /// Gives it another key by which the other side knows it again.
    pub fn set_idempotency_key(&mut self, key: &str) {
        match self.headers.iter_mut().find(|(name, _)| name == IDEMPOTENCY_KEY) {
            Some((_, value)) => key.clone_into(value),
            None => self.headers.push((IDEMPOTENCY_KEY.to_owned(), key.to_owned())),
        }
    }

    /// The request as HTTP/1.1 text, as events keep it: start line, headers, empty line, body.
    pub fn evidence(&self) -> Arc<[u8]> {
        let url = self.url.split('#').next().unwrap_or_default();
        let mut text = format!("{} {url} HTTP/1.1\r\n", self.method).into_bytes();
        for (name, value) in &self.headers {
            text.extend_from_slice(format!("{name}: {value}\r\n").as_bytes());
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&self.body);
        text.into()
    }
}
