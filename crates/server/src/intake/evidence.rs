//! The request as it came: evidence that is sealed with `source.submitted`.

use std::net::SocketAddr;
use std::sync::Arc;

use axum::http::{HeaderMap, Method, Uri, header};

/// What surrounded a request and is no part of its bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'a> {
    /// Where it came from.
    pub(crate) remote: Option<SocketAddr>,
    /// The public name of the key that came with it.
    pub(crate) key_name: Option<&'a str>,
}

/// Headers of ours, so a client's of this name are left out.
const OWN_PREFIX: &str = "glassline-";
/// Headers that hold secrets.
const SECRET: [header::HeaderName; 3] = [header::AUTHORIZATION, header::COOKIE, header::PROXY_AUTHORIZATION];

/// Writes the request as HTTP/1.1 text: start line, headers less secrets, where it came from and
/// with which key, empty line, body.
pub(crate) fn evidence(
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    around: Circumstances<'_>,
    body: &[u8],
) -> Arc<[u8]> {
    let target = uri.path_and_query().map_or("/", |target| target.as_str());
    let mut text = format!("{method} {target} HTTP/1.1\r\n").into_bytes();
    let mut line = |name: &str, value: &[u8]| {
        text.extend_from_slice(name.as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value);
        text.extend_from_slice(b"\r\n");
    };
    for (name, value) in headers {
        if SECRET.contains(name) {
            line(name.as_str(), "…".as_bytes());
        } else if !name.as_str().starts_with(OWN_PREFIX) {
            line(name.as_str(), value.as_bytes());
        }
    }
    if let Some(remote) = around.remote {
        line("glassline-remote-address", remote.to_string().as_bytes());
    }
    if let Some(key_name) = around.key_name {
        line("glassline-key", key_name.as_bytes());
    }
    text.extend_from_slice(b"\r\n");
    text.extend_from_slice(body);
    text.into()
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::*;

    #[test]
    fn secrets_are_left_out_and_our_lines_cannot_be_forged() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("host", "example.com"),
            ("authorization", "Bearer gl_secret"),
            ("cookie", "session=1"),
            ("glassline-key", "key_forged"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let around = Circumstances { remote: "192.0.2.1:99".parse().ok(), key_name: Some("key_1") };
        let uri: Uri = "/flows/flow_a/sources/src_a/submit?a=1".parse().unwrap();
        let text = evidence(&Method::POST, &uri, &headers, around, b"b=2");
        expect![[r#"
            POST /flows/flow_a/sources/src_a/submit?a=1 HTTP/1.1
            host: example.com
            authorization: …
            cookie: …
            glassline-remote-address: 192.0.2.1:99
            glassline-key: key_1

            b=2"#]]
        .assert_eq(&String::from_utf8(text.to_vec()).unwrap().replace("\r\n", "\n"));
    }
}
