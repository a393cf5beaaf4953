//! Who asks: the key in `Authorization: Bearer gl_…`, or in Basic as the password, or the one that
//! the session of a page stands for.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use domain::Scope;
use engine::Key;

use crate::error::ApiError;
use crate::session::{OURS, word};
use crate::state::ApiState;

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

    /// The key.
    pub(crate) fn key(&self) -> &Key {
        &self.key
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

impl FromRequestParts<ApiState> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Caller, ApiError> {
        match identify(state, &parts.method, &parts.headers) {
            Identity::Known { key, .. } => Ok(Caller { key }),
            Identity::Nobody => Err(ApiError::unauthorized("send a key: Authorization: Bearer gl_…")),
            Identity::Unknown => Err(ApiError::unauthorized("the key is not known, or was revoked")),
            Identity::Forged => Err(ApiError::forged()),
        }
    }
}

/// Who a request says it comes from.
#[derive(Debug)]
pub(crate) enum Identity {
    /// It says nothing.
    Nobody,
    /// A key that exists.
    Known {
        /// Which.
        key: Arc<Key>,
        /// Whether a cookie stands for it.
        by_cookie: bool,
    },
    /// A key that does not exist, or a header that cannot be read.
    Unknown,
    /// It would change something by the cookie alone, as a page of another site could have it.
    Forged,
}

pub(crate) fn identify(state: &ApiState, method: &Method, headers: &HeaderMap) -> Identity {
    let control = &state.services.control;
    if let Some(header) = headers.get(header::AUTHORIZATION) {
        let key = header.to_str().ok().and_then(secret).and_then(|secret| control.authenticate(&secret));
        return key.map_or(Identity::Unknown, |key| Identity::Known { key, by_cookie: false });
    }
    let now = state.services.clock.monotonic();
    // A session that ended, or whose key did, says nothing.
    let key =
        word(headers).and_then(|word| state.sessions.key_name(word, now)).and_then(|name| control.key(&name));
    let Some(key) = key else { return Identity::Nobody };
    let changes = method != Method::GET && method != Method::HEAD;
    if changes && headers.get(OURS).is_none_or(|value| value != "1") {
        return Identity::Forged;
    }
    Identity::Known { key, by_cookie: true }
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
