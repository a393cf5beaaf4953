//! Flows and keys over the API.

mod support;

use axum::http::StatusCode;
use base64::Engine as _;
use expect_test::expect;

use support::{FLOW, Installation, steady};

#[tokio::test]
async fn a_flow_is_published_once_per_change() {
    let installation = Installation::new().await;
    let reply = installation.raw(&format!("POST /flows\n\n{FLOW}")).await;
    assert_eq!((reply.status, &reply.json()["changed"]), (StatusCode::OK, &false.into()));
    let renamed = FLOW.replace("name: Roofs", "name: Roofs of Texas");
    let reply = installation.raw(&format!("POST /flows\n\n{renamed}")).await;
    assert_eq!((reply.status, &reply.json()["version"]), (StatusCode::CREATED, &2.into()));
    let mut list = installation.get("/flows").await;
    assert!(list["data"][0]["published_at"].take().as_str().unwrap().starts_with("2024-01-15T14:30:00."));
    expect![[r#"{"data":[{"dims":[{"path":"lead.product","type":"text","values":["roof","solar"]},{"path":"lead.state","type":"text","values":null}],"draft":false,"enabled":true,"fields":["first_name","email","phone_1","state","product"],"id":"flow_roofs","name":"Roofs of Texas","published_at":null,"published_by":"key_…","sources":["src_web","src_open"],"version":2}]}"#]].assert_eq(&steady(&list.to_string()));
    let first = installation.get("/flows/flow_roofs?version=1").await;
    assert_eq!(first["document"]["flow"]["name"], "Roofs");
    let newest = installation.get("/flows/flow_roofs").await;
    assert_eq!(newest["document"]["flow"]["name"], "Roofs of Texas");
    installation.close().await;
}

#[tokio::test]
async fn a_key_can_do_what_its_scopes_say_until_it_is_revoked() {
    let installation = Installation::new().await;
    let made =
        installation.raw("POST /keys\n\n{\"label\":\"web form\",\"scopes\":[\"submit:src_web\"]}").await;
    assert_eq!(made.status, StatusCode::CREATED);
    expect![[r#"{"name":"key_…","label":"web form","scopes":["submit:src_web"],"secret":"gl_…"}"#]]
        .assert_eq(&steady(&made.text));
    let (secret, name) = (made.json()["secret"].clone(), made.json()["name"].clone());
    let (secret, name) = (secret.as_str().unwrap(), name.as_str().unwrap());
    let submit = "/flows/flow_roofs/sources/src_web/submit?email=ann%40example.com&state=TX";
    assert_eq!(installation.get_as(secret, submit).await.status, StatusCode::CREATED);
    for target in ["/events", "/flows", "/keys"] {
        assert_eq!(installation.get_as(secret, target).await.status, StatusCode::FORBIDDEN, "{target}");
    }
    let basic = base64::prelude::BASE64_STANDARD.encode(format!("anything:{secret}"));
    let reply = installation.raw(&format!("GET {submit}\nauthorization: Basic {basic}")).await;
    assert_eq!(reply.status, StatusCode::CREATED);
    let listed = installation.get("/keys").await.to_string();
    assert!(listed.contains(name) && !listed.contains(secret));
    assert_eq!(installation.raw(&format!("DELETE /keys/{name}")).await.status, StatusCode::NO_CONTENT);
    assert_eq!(installation.get_as(secret, submit).await.status, StatusCode::UNAUTHORIZED);
    installation.close().await;
}
