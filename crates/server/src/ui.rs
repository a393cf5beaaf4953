//! The pages: what `ui/dist` holds, embedded, below `/ui/`.
//!
//! Built files have the same names from build to build. So that browsers may keep them for ever all
//! the same, `index.html` is rewritten to ask for them below `/ui/assets/<build id>/`, where the build
//! id is a hash of all of them. Debug builds read `ui/dist` from disk, so pages built anew show
//! without compiling.

use std::borrow::Cow;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Redirect, Response};
use axum::routing::get;
use rust_embed::{EmbeddedFile, RustEmbed};
use sha2::{Digest as _, Sha256};
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{DefaultPredicate, NotForContentType, Predicate as _};

use crate::error::ApiError;
use crate::state::ApiState;

#[derive(RustEmbed)]
#[folder = "../../ui/dist"]
struct Dist;

/// Where the pages begin.
const HOME: &str = "/ui/";
/// A file that never changes under its address.
const FOR_EVER: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// A file to ask for again, with the tag of the one at hand.
const ASK_AGAIN: HeaderValue = HeaderValue::from_static("no-cache");
/// What browsers are told about every page: nothing from elsewhere, no scripts in the page.
const SECURITY: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
             connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
        ),
    ),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// The pages, and the way to them from `/`.
pub(crate) fn pages() -> Router<ApiState> {
    // What is compressed already only grows.
    let worth_it = DefaultPredicate::new().and(NotForContentType::const_new("font/"));
    Router::new()
        .route("/", get(|| async { Redirect::to(HOME) }))
        .route("/ui", get(|| async { Redirect::to(HOME) }))
        .route("/ui/", get(index))
        .route("/ui/{*path}", get(file))
        .layer(CompressionLayer::new().compress_when(worth_it))
        .layer(from_fn(secure))
}

async fn secure(request: axum::extract::Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in SECURITY {
        response.headers_mut().insert(name, value);
    }
    response
}

/// The one page there is; which it shows is up to its address.
async fn index(headers: HeaderMap) -> Response {
    let Some(file) = Dist::get("index.html") else { return not_found().into_response() };
    let html = rewrite(&String::from_utf8_lossy(&file.data), &build_id());
    let tag = hex(&Sha256::digest(html.as_bytes())[..16]);
    send(&headers, ("text/html; charset=utf-8", ASK_AGAIN), &tag, html.into())
}

/// A file that pages load, a file beside `index.html`, or a page that `index.html` shows.
async fn file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    if let Some(asset) = path.strip_prefix("assets/") {
        return self::asset(asset, &headers);
    }
    match Dist::get(&path) {
        Some(file) if path != "index.html" => send_file(&headers, file, ASK_AGAIN),
        Some(_) | None => index(headers).await,
    }
}

/// A file at an address that names what it holds: `<build id>/<name>`. Another build's are not
/// answered with this one's, for browsers would keep them under the wrong address.
fn asset(path: &str, headers: &HeaderMap) -> Response {
    let own = path.split_once('/').filter(|(build, _)| *build == build_id());
    match own.and_then(|(_, name)| Dist::get(&format!("assets/{name}"))) {
        Some(file) => send_file(headers, file, FOR_EVER),
        None => not_found().into_response(),
    }
}

fn send_file(headers: &HeaderMap, file: EmbeddedFile, keep: HeaderValue) -> Response {
    let tag = hex(&file.metadata.sha256_hash()[..16]);
    let media_type = media_type(&file).to_owned();
    let bytes = match file.data {
        Cow::Borrowed(bytes) => Bytes::from_static(bytes),
        Cow::Owned(bytes) => bytes.into(),
    };
    send(headers, (&media_type, keep), &tag, bytes)
}

fn not_found() -> ApiError {
    ApiError::not_found("file of the pages")
}

/// A file, or the word that the client has it. The tag is a weak one: the same file may leave
/// compressed.
fn send(headers: &HeaderMap, (media_type, keep): (&str, HeaderValue), tag: &str, bytes: Bytes) -> Response {
    let tag = format!("W/\"{tag}\"");
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|value| value.to_str().ok());
    let has_it = known.flat_map(|tags| tags.split(',')).any(|known| known.trim() == tag);
    let mut response = if has_it { StatusCode::NOT_MODIFIED.into_response() } else { bytes.into_response() };
    let own = response.headers_mut();
    own.insert(header::ETAG, HeaderValue::from_str(&tag).expect("hex digits are a header value"));
    own.insert(header::CACHE_CONTROL, keep);
    if !has_it && let Ok(media_type) = HeaderValue::from_str(media_type) {
        own.insert(header::CONTENT_TYPE, media_type);
    }
    response
}

fn media_type(file: &EmbeddedFile) -> &str {
    match file.metadata.mimetype() {
        "text/javascript" => "text/javascript; charset=utf-8",
        "text/css" => "text/css; charset=utf-8",
        "text/plain" => "text/plain; charset=utf-8",
        other => other,
    }
}

/// A hash of every built file.
fn build_id() -> String {
    let mut names: Vec<_> = Dist::iter().collect();
    names.sort();
    let mut hash = Sha256::new();
    for name in names {
        if let Some(file) = Dist::get(&name) {
            hash.update(name.as_bytes());
            hash.update([0]);
            hash.update(file.metadata.sha256_hash());
        }
    }
    hex(&hash.finalize()[..8])
}

/// Makes the addresses in `index.html`, which are relative, hold from every page.
fn rewrite(html: &str, build_id: &str) -> String {
    html.replace("\"./assets/", &format!("\"/ui/assets/{build_id}/")).replace("\"./", "\"/ui/")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_assets_carry_the_build() {
        assert_eq!(
            rewrite(r#"<script src="./assets/main.js"></script><link href="./icon.svg">"#, "b1"),
            r#"<script src="/ui/assets/b1/main.js"></script><link href="/ui/icon.svg">"#
        );
    }
}
