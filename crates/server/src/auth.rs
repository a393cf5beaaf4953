//! Who asks: the key in `Authorization: Bearer gl_…`, or in Basic as the password.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::Scope;
use engine::{Control, Key};

use crate::Services;
use crate::error::ApiError;

/// Whoever asks, with a key that exists.
#[derive(Debug)]
pub(crate) struct Caller {
    key: Arc<Key>,
}

impl Caller {
    /// The public name of the key.
    pub(crate) fn name(&self) -> &str {
        &self.key.name
    }

    /// Passes only with this right.
    pub(crate) fn need(&self, scope: &Scope) -> Result<(), ApiError> {
        if self.key.allows(scope) { Ok(()) } else { Err(ApiError::forbidden(scope)) }
    }

    /// Passes with any of these rights; the first is what a refusal names.
    pub(crate) fn need_one(&self, scopes: &[Scope]) -> Result<(), ApiError> {
        if scopes.iter().any(|scope| self.key.allows(scope)) {
            return Ok(());
        }
        scopes.first().map_or(Ok(()), |scope| Err(ApiError::forbidden(scope)))
    }
}

impl FromRequestParts<Services> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, services: &Services) -> Result<Caller, ApiError> {
        match identify(&parts.headers, &services.control) {
            Identity::Known(key) => Ok(Caller { key }),
            Identity::Nobody => Err(ApiError::unauthorized("send a key: Authorization: Bearer gl_…")),
            Identity::Unknown => Err(ApiError::unauthorized("the key is not known, or was revoked")),
        }
    }
}

/// Who a request says it comes from.
#[derive(Debug)]
pub(crate) enum Identity {
    /// It says nothing.
    Nobody,
    /// A key that exists.
    Known(Arc<Key>),
    /// A key that does not exist, or a header that cannot be read.
    Unknown,
}

pub(crate) fn identify(headers: &HeaderMap, control: &Control) -> Identity {
    let Some(header) = headers.get(header::AUTHORIZATION) else { return Identity::Nobody };
    let key = header.to_str().ok().and_then(secret).and_then(|secret| control.authenticate(&secret));
    key.map_or(Identity::Unknown, Identity::Known)
}

fn secret(header: &str) -> Option<String> {
    let (scheme, rest) = header.split_once(' ')?;
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.to_owned());
    }
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let decoded = String::from_utf8(BASE64_STANDARD.decode(rest).ok()?).ok()?;
    decoded.split_once(':').map(|(_, password)| password.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_comes_as_bearer_or_as_a_password() {
        assert_eq!(secret("Bearer gl_abc").as_deref(), Some("gl_abc"));
        assert_eq!(secret("bearer  gl_abc ").as_deref(), Some("gl_abc"));
        assert_eq!(
            secret(&format!("Basic {}", BASE64_STANDARD.encode("ann:gl_abc"))).as_deref(),
            Some("gl_abc")
        );
        for header in ["", "gl_abc", "Basic !", "Digest x", "Basic Z2w="] {
            assert_eq!(secret(header), None, "{header}");
        }
    }
}
