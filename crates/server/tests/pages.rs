//! The pages are served, and known by a session.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::path::Path;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use domain::Scope;
use expect_test::expect;
use tower::ServiceExt as _;

use support::{Installation, Reply, steady};

#[path = "../build/source_hash.rs"]
mod source_hash;

/// `GET` as a browser that knows nothing.
async fn get(installation: &Installation, target: &str) -> Reply {
    installation.send(Request::get(target).body(Body::empty()).unwrap()).await
}

#[tokio::test]
async fn the_root_leads_to_the_pages() {
    let installation = Installation::new().await;
    for target in ["/", "/ui"] {
        let reply = get(&installation, target).await;
        assert_eq!((reply.status, reply.header("location")), (StatusCode::SEE_OTHER, "/ui/"), "{target}");
    }
    installation.close().await;
}

#[tokio::test]
async fn every_page_is_the_one_document_under_its_tag() {
    let installation = Installation::new().await;
    let home = get(&installation, "/ui/").await;
    assert_eq!((home.status, home.header("cache-control")), (StatusCode::OK, "no-cache"));
    assert_eq!(home.header("content-type"), "text/html; charset=utf-8");
    assert!(home.text.contains("<title>Glassline</title>"));
    for target in ["/ui/live", "/ui/leads/lead_018d0d882d57aa10f3e7715b?event=evt_1", "/ui/index.html"] {
        let page = get(&installation, target).await;
        assert_eq!((page.status, &page.text), (StatusCode::OK, &home.text), "{target}");
    }
    let again = Request::get("/ui/live").header("if-none-match", home.header("etag"));
    let again = installation.send(again.body(Body::empty()).unwrap()).await;
    assert_eq!((again.status, again.text.as_str()), (StatusCode::NOT_MODIFIED, ""));
    assert_eq!(again.header("etag"), home.header("etag"));
    installation.close().await;
}

#[tokio::test]
async fn pages_load_nothing_from_elsewhere() {
    let installation = Installation::new().await;
    let page = get(&installation, "/ui/").await;
    let headers = [
        "content-security-policy",
        "x-content-type-options",
        "referrer-policy",
        "cross-origin-opener-policy",
    ];
    expect![[r#"
        content-security-policy: default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'
        x-content-type-options: nosniff
        referrer-policy: no-referrer
        cross-origin-opener-policy: same-origin
    "#]]
    .assert_eq(&headers.map(|name| format!("{name}: {}\n", page.header(name))).concat());
    installation.close().await;
}

/// What `index.html` asks for below `/ui/assets/`.
fn asked_for(html: &str) -> Vec<&str> {
    html.split('"').filter(|part| part.starts_with("/ui/assets/")).collect()
}

#[tokio::test]
async fn what_the_document_asks_for_is_there_for_ever_and_nothing_else_is() {
    let installation = Installation::new().await;
    let html = get(&installation, "/ui/").await.text;
    let assets = asked_for(&html);
    for target in &assets {
        let reply = get(&installation, target).await;
        assert_eq!(reply.status, StatusCode::OK, "{target}");
        assert_eq!(reply.header("cache-control"), "public, max-age=31536000, immutable");
        assert!(!reply.header("content-type").is_empty());
        // The same name of another build, and without any.
        let name = target.rsplit('/').next().unwrap();
        for other in [format!("/ui/assets/0123456789abcdef/{name}"), format!("/ui/assets/{name}")] {
            assert_eq!(get(&installation, &other).await.status, StatusCode::NOT_FOUND, "{other}");
        }
    }
    for target in ["/ui/assets/nothing.js", "/ui/assets/0123/nothing.js", "/ui/assets/"] {
        assert_eq!(get(&installation, target).await.status, StatusCode::NOT_FOUND, "{target}");
    }
    for target in ["/ui/../../Cargo.toml", "/ui/..%2f..%2fCargo.toml", "/ui//etc/passwd"] {
        let reply = get(&installation, target).await;
        assert!(reply.text.contains("<title>Glassline</title>"), "{target}: {}", reply.text);
    }
    installation.close().await;
}

#[tokio::test]
async fn pages_leave_compressed_to_whoever_takes_it() {
    let installation = Installation::new().await;
    let request = Request::get("/ui/").header("accept-encoding", "gzip").body(Body::empty()).unwrap();
    let response = installation.router().oneshot(request).await.unwrap();
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(bytes[..2], [0x1f, 0x8b]);
    assert_eq!(get(&installation, "/ui/").await.header("content-encoding"), "");
    installation.close().await;
}

/// `cargo` warns only; here it is an error, so that pages older than their sources cannot land.
#[test]
fn the_committed_pages_are_built_from_the_committed_sources() {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui");
    if let Some(now) = source_hash::source_hash(&ui).unwrap() {
        let built = std::fs::read_to_string(ui.join("dist/SOURCE_SHA256")).unwrap();
        assert_eq!(built.trim(), now, "run: (cd ui && npm ci && npm run build)");
    }
}

#[test]
fn the_hash_of_sources_is_the_one_that_a_shell_makes() {
    let ui = tempfile::TempDir::new().unwrap();
    assert_eq!(source_hash::source_hash(ui.path()).unwrap(), None);
    std::fs::create_dir_all(ui.path().join("src/lib")).unwrap();
    for (path, text) in [("src/lib/a.ts", "1"), ("src/a.ts", "2"), ("src/lib.ts", "3"), ("index.html", "4")] {
        std::fs::write(ui.path().join(path), text).unwrap();
    }
    // (find src index.html -type f | LC_ALL=C sort | xargs sha256sum | sha256sum)
    assert_eq!(
        source_hash::source_hash(ui.path()).unwrap().as_deref(),
        Some("12ebf616912e05f88f8f2a1ccb3fbc97a1720ed92838c3c32dc6050ef20169b9")
    );
}

/// A browser: keeps the cookie, and sends `x-glassline` when it is one of our pages.
struct Browser<'a> {
    installation: &'a Installation,
    router: axum::Router,
    cookie: Option<String>,
}

impl Browser<'_> {
    async fn send(&self, request: &str, ours: bool, body: &str) -> Reply {
        let (method, target) = request.split_once(' ').unwrap();
        let mut request =
            Request::builder().method(method).uri(target).header("content-type", "application/json");
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", format!("theme=dark; {cookie}"));
        }
        if ours {
            request = request.header("x-glassline", "1");
        }
        self.installation.send_to(&self.router, request.body(Body::from(body.to_owned())).unwrap()).await
    }

    /// Shows a key; keeps the cookie.
    async fn sign_in(&mut self, key: &str) {
        let reply = self.send("POST /session", true, &format!("{{\"key\":\"{key}\"}}")).await;
        assert_eq!(reply.status, StatusCode::NO_CONTENT, "{}", reply.text);
        let cookie = reply.header("set-cookie");
        let (pair, flags) = cookie.split_once("; ").unwrap();
        assert_eq!(flags, "HttpOnly; SameSite=Strict; Path=/; Max-Age=43200");
        assert!(pair.len() > "glassline_session=".len() + 40, "a word of 256 random bits");
        self.cookie = Some(pair.to_owned());
    }
}

#[tokio::test]
async fn a_session_stands_for_its_key() {
    let installation = Installation::new().await;
    let key = installation.key("read submit:src_web").await;
    let mut browser = Browser { installation: &installation, router: installation.router(), cookie: None };
    assert_eq!(browser.send("GET /session", true, "").await.status, StatusCode::UNAUTHORIZED);
    browser.sign_in(&key).await;
    let session = browser.send("GET /session", false, "").await;
    expect![[r#"{"key":{"name":"key_…","label":"test","scopes":["read","submit:src_web"]},"version":"0.1.0","demo":false}"#]]
        .assert_eq(&steady(&session.text));
    assert_eq!(browser.send("GET /events", false, "").await.status, StatusCode::OK);
    assert_eq!(browser.send("GET /keys", false, "").await.status, StatusCode::FORBIDDEN);
    let submit = "POST /flows/flow_roofs/sources/src_web/submit";
    let lead = r#"{"email":"ann@example.com","state":"TX"}"#;
    assert_eq!(browser.send(submit, true, lead).await.status, StatusCode::CREATED);

    assert_eq!(browser.send("DELETE /session", true, "").await.status, StatusCode::NO_CONTENT);
    assert_eq!(browser.send("GET /events", false, "").await.status, StatusCode::UNAUTHORIZED);
    installation.close().await;
}

#[tokio::test]
async fn what_may_hold_personal_values_stays_in_no_cache_and_is_read_as_what_it_is() {
    let installation = Installation::new().await;
    for request in ["GET /events", "GET /nowhere", "GET /session", "GET /refusals"] {
        let reply = installation.raw(request).await;
        assert_eq!(reply.header("cache-control"), "no-store", "{request}");
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{request}");
    }
    let refused =
        installation.raw("GET /flows/flow_roofs/sources/src_web/submit?%3Cb%3E=1&%3Cb%3E.a=2").await;
    assert!(refused.text.contains("<b>"), "{}", refused.text);
    assert_eq!(refused.header("content-type"), "text/plain");
    assert_eq!(refused.header("x-content-type-options"), "nosniff");
    installation.close().await;
}

#[tokio::test]
async fn what_a_page_of_another_site_could_send_changes_nothing() {
    let installation = Installation::new().await;
    let mut browser = Browser { installation: &installation, router: installation.router(), cookie: None };
    browser.sign_in(&installation.admin).await;
    for request in [
        "POST /entities/src_web/pause",
        "DELETE /keys/key_1",
        "POST /keys",
        "PUT /flows/flow_roofs",
        "DELETE /session",
    ] {
        let reply = browser.send(request, false, "{}").await;
        assert_eq!(reply.status, StatusCode::FORBIDDEN, "{request}");
        assert_eq!(reply.json()["error"]["code"], "forbidden", "{request}");
    }
    for request in [
        "POST /flows/flow_roofs/sources/src_web/submit",
        "GET /flows/flow_roofs/sources/src_web/submit?email=a",
    ] {
        assert_eq!(browser.send(request, false, "{}").await.status, StatusCode::UNAUTHORIZED, "{request}");
    }
    assert_eq!(browser.send("POST /entities/src_web/pause", true, "").await.status, StatusCode::OK);
    // Nor can it make the browser known by a key of its own: forms and plain text are not taken.
    let other = Request::post("/session").header("content-type", "text/plain");
    let body = format!("{{\"key\":\"{}\"}}", installation.admin);
    let reply = installation.send(other.body(Body::from(body)).unwrap()).await;
    assert_eq!(reply.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    installation.close().await;
}

#[tokio::test]
async fn a_session_ends_with_its_key() {
    let installation = Installation::new().await;
    let control = &installation.services.control;
    let made = control.create_key("system", "test", vec![Scope::Read]).await.unwrap();
    let mut browser = Browser { installation: &installation, router: installation.router(), cookie: None };
    browser.sign_in(&made.secret).await;
    assert_eq!(browser.send("GET /events", false, "").await.status, StatusCode::OK);
    control.revoke_key("system", &made.name).await.unwrap();
    assert_eq!(browser.send("GET /events", false, "").await.status, StatusCode::UNAUTHORIZED);
    installation.close().await;
}

#[tokio::test]
async fn an_unknown_key_begins_no_session() {
    let installation = Installation::new().await;
    let browser = Browser { installation: &installation, router: installation.router(), cookie: None };
    let reply = browser.send("POST /session", true, r#"{"key":"gl_wrong"}"#).await;
    assert_eq!((reply.status, reply.header("set-cookie")), (StatusCode::UNAUTHORIZED, ""));
    let reply = browser.send("POST /session", true, r#"{"kee":"gl_wrong"}"#).await;
    assert_eq!(reply.status, StatusCode::BAD_REQUEST);
    installation.close().await;
}
