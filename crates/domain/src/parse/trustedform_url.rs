//! Addresses of certificates of consent as TrustedForm issues them.

use super::{Parsed, parse_text, url};
use crate::Value;

/// What the component `type` can say.
pub(crate) const CERTIFICATE_TYPES: [&str; 4] = ["web", "mobile", "facebook", "masked"];

const HOSTS: [&str; 2] = ["cert.trustedform.com", "ping.trustedform.com"];
/// Length of the ids of certificates of apps.
const MOBILE_ID_CHARS: usize = 80;
/// Length of the ids that stand for another one while a lead is offered, at least.
const MASKED_ID_CHARS_MIN: usize = 20;

/// An `https` address on a known host whose path is one id. The kind is told by the form of the id;
/// when the certificate was made is sealed within it, so that its age is for whoever claims it.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let url = url::read(text)?;
        if url.scheme() != "https" || url.port().is_some() || !HOSTS.contains(&url.host_str()?) {
            return None;
        }
        let id = url.path().strip_prefix('/')?;
        let kind = kind(id)?;
        let mut components = vec![("type", Value::text(kind)), ("cert_id", Value::text(id))];
        for (name, own) in
            ["is_web", "is_mobile", "is_facebook", "is_masked"].into_iter().zip(CERTIFICATE_TYPES)
        {
            components.push((name, Value::from(own == kind)));
        }
        Some(Parsed::valid(Value::text(url.as_str()), components))
    })
}

/// What kind of certificate has an id of this form.
fn kind(id: &str) -> Option<&'static str> {
    let is_sealed = |part: &str| {
        !part.is_empty()
            && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if id.len() == 40 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Some("web");
    }
    if id.len() == MOBILE_ID_CHARS && is_sealed(id) {
        return Some("mobile");
    }
    let parts: Vec<&str> = id.strip_prefix("0.")?.split('.').collect();
    match parts.as_slice() {
        [one] if one.len() >= MASKED_ID_CHARS_MIN && is_sealed(one) => Some("masked"),
        [_, _, _] if parts.iter().all(|part| is_sealed(part)) => Some("facebook"),
        _ => None,
    }
}
