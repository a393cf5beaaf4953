//! Secrets over the API: set, replaced and taken away, and never told.

mod support;

use axum::http::StatusCode;
use expect_test::expect;

use support::{FLOW, Installation, steady};

const VALUE: &str = "Blue-Whale/7";

#[tokio::test]
async fn a_secret_is_set_replaced_and_taken_away_and_never_told() {
    let installation = Installation::new().await;
    let put = async |value: &str| {
        installation.raw(&format!("PUT /secrets/south\ncontent-type: application/json\n\n{value}")).await
    };
    let made = put(&format!(r#"{{"value":"{VALUE}"}}"#)).await;
    assert_eq!(made.status, StatusCode::CREATED);
    let mut told = made.json();
    assert!(told["set_at"].take().as_str().unwrap().starts_with("2024-01-15T14:30:00."));
    expect![[r#"{"flows":[],"name":"south","set_at":null,"set_by":"key_…","version":1}"#]]
        .assert_eq(&steady(&told.to_string()));
    let replaced = put(&format!(r#"{{"value":"{VALUE}"}}"#)).await;
    assert_eq!((replaced.status, &replaced.json()["version"]), (StatusCode::OK, &2.into()));

    // Whatever is sent, no answer repeats a part of it.
    for wrong in [
        format!("\"{VALUE}\""),
        VALUE.to_owned(),
        format!(r#"{{"value":["{VALUE}"]}}"#),
        format!(r#"{{"value":"{VALUE}","{VALUE}":1}}"#),
        format!(r#"{{"{VALUE}":"value"}}"#),
        format!(r#"{{"value":"{VALUE}\n"}}"#),
        format!(r#"{{"value":" {VALUE}"}}"#),
        format!(r#"{{"value":"{}"}}"#, VALUE.repeat(400)),
        r#"{"value":"abc"}"#.to_owned(),
        r#"{"value":12345}"#.to_owned(),
    ] {
        let reply = put(&wrong).await;
        assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{wrong}");
        let told = reply.json()["error"]["message"].to_string();
        assert!(!reply.text.contains("Whale") && !told.contains("abc"), "{}", reply.text);
    }
    let reply = put(r#"{"value":"abc"}"#).await.json();
    assert_eq!(reply["error"]["message"], "a secret has 4 to 4096 characters, and this has 3");
    assert_eq!(
        installation.raw("PUT /secrets/South\n\n{\"value\":\"abcd\"}").await.status,
        StatusCode::BAD_REQUEST
    );

    let listed = installation.get("/secrets").await;
    assert_eq!(listed["data"].as_array().unwrap().len(), 1);
    assert!(!listed.to_string().contains("Whale"));
    for target in ["/secrets/south", "/secrets/south/"] {
        let reply = installation.get_as(&installation.admin, target).await;
        assert!(!reply.status.is_success(), "{target}");
    }
    assert_eq!(installation.raw("DELETE /secrets/south").await.status, StatusCode::NO_CONTENT);
    assert_eq!(installation.raw("DELETE /secrets/south").await.status, StatusCode::NOT_FOUND);
    assert_eq!(installation.get("/secrets").await["data"], serde_json::json!([]));
    installation.close().await;
}

#[tokio::test]
async fn who_publishes_flows_sets_secrets_and_who_reads_lists_them() {
    let installation = Installation::new().await;
    let writer = installation.key("flows:write").await;
    let reader = installation.key("read").await;
    let source = installation.key("submit:src_web entities:write export").await;
    let ask = async |key: &str, start: &str| {
        let request = format!("{start}\nauthorization: Bearer {key}\n\n{{\"value\":\"hush-hush\"}}");
        installation.raw(&request).await.status
    };
    for (key, wanted) in [
        (&writer, [StatusCode::CREATED, StatusCode::OK, StatusCode::NO_CONTENT]),
        (&reader, [StatusCode::FORBIDDEN, StatusCode::OK, StatusCode::FORBIDDEN]),
        (&source, [StatusCode::FORBIDDEN, StatusCode::FORBIDDEN, StatusCode::FORBIDDEN]),
    ] {
        for (start, wanted) in
            ["PUT /secrets/south", "GET /secrets", "DELETE /secrets/south"].iter().zip(wanted)
        {
            assert_eq!(ask(key, start).await, wanted, "{start}");
        }
    }
    installation.close().await;
}

#[tokio::test]
async fn a_flow_that_names_a_secret_that_is_not_set_is_refused_with_what_to_do() {
    let installation = Installation::new().await;
    let flow = FLOW.replacen("entities:", "secrets:\n  - south\nentities:", 1);
    let wanted = "the secret south is not set; set it with: glassline secret set south";
    let checked = installation.raw(&format!("POST /flows/check\n\n{flow}")).await.json();
    assert_eq!(checked["problems"], serde_json::json!([{ "line": 3, "message": wanted }]));
    let refused = installation.raw(&format!("POST /flows\n\n{flow}")).await;
    assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    let error = &refused.json()["error"];
    assert_eq!((&error["code"], &error["problems"]), (&"invalid_flow".into(), &checked["problems"]));

    installation.raw("PUT /secrets/south\n\n{\"value\":\"hush-hush\"}").await;
    let checked = installation.raw(&format!("POST /flows/check\n\n{flow}")).await.json();
    assert_eq!(checked["ok"], true);
    assert_eq!(installation.raw(&format!("POST /flows\n\n{flow}")).await.status, StatusCode::CREATED);
    assert_eq!(installation.get("/secrets").await["data"][0]["flows"], serde_json::json!(["flow_roofs"]));
    installation.close().await;
}
