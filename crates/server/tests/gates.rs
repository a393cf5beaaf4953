//! Caps, parties' settings and suppression lists over the API.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::http::StatusCode;
use expect_test::expect;

use support::{FLOW, Installation, steady};

/// The usual flow with a cap and a list.
fn flow() -> String {
    FLOW.replace(
        "  sources:\n",
        "  caps: [ { name: Daily cap, max_leads: 1, per: day }, { name: Spend, max_spend: 12.50, per: month, every: 3, time_zone: America/Chicago } ]\n  \
         suppress: [ { list: dnc, value: \"{{lead.phone_1}}\" } ]\n  sources:\n",
    )
}

#[tokio::test]
async fn caps_show_what_they_count() {
    let installation = Installation::with(&flow(), "").await;
    for email in ["ann", "bob"] {
        installation.submit(&format!(r#"{{"email":"{email}@example.com","state":"TX"}}"#)).await;
    }
    let reply = installation
        .raw("PUT /entities/src_web\n\n{\"caps\":[{\"name\":\"Own\",\"max_leads\":5,\"per\":\"hour\"}]}")
        .await;
    assert_eq!(reply.status, StatusCode::OK, "{}", reply.text);
    let caps = installation.get("/caps").await;
    let told: Vec<String> = caps["data"].as_array().unwrap().iter().map(ToString::to_string).collect();
    expect![[r#"
        {"counts":"leads","entity_id":null,"every":1,"flow_id":"flow_roofs","full":true,"id":"flow_roofs/daily_cap","max":1,"name":"Daily cap","per":"day","period_end":"2024-01-16T00:00:00.000Z","period_start":"2024-01-15T00:00:00.000Z","refused":1,"reserved":0,"source_id":null,"step_id":null,"time_zone":"UTC","used":1}
        {"counts":"money","entity_id":null,"every":3,"flow_id":"flow_roofs","full":false,"id":"flow_roofs/spend","max":12.5,"name":"Spend","per":"month","period_end":"2024-04-01T05:00:00.000Z","period_start":"2024-01-01T06:00:00.000Z","refused":0,"reserved":0,"source_id":null,"step_id":null,"time_zone":"America/Chicago","used":0}
        {"counts":"leads","entity_id":"src_web","every":1,"flow_id":null,"full":false,"id":"src_web/own","max":5,"name":"Own","per":"hour","period_end":"2024-01-15T15:00:00.000Z","period_start":"2024-01-15T14:00:00.000Z","refused":0,"reserved":0,"source_id":null,"step_id":null,"time_zone":"UTC","used":0}"#]].assert_eq(&told.join("\n"));
    installation.close().await;
}

#[tokio::test]
async fn the_settings_of_a_party_are_changed_without_publishing() {
    let installation = Installation::with(&flow(), "").await;
    let put = async |body: &str| installation.raw(&format!("PUT /entities/src_web\n\n{body}")).await;
    let good = put(r#"{"name":"Web","time_zone":"America/Chicago","hours":{"mon-fri":["08:00-20:00"]},"caps":[{"name":"A","max_leads":5,"per":"day"}]}"#).await;
    expect![[r#"{"id":"src_web","kind":"source","name":"Web","paused":false,"flows":["flow_roofs"],"limits":null,"circuit":null,"circuit_state":null,"time_zone":"America/Chicago","hours":{"mon-fri":["08:00-20:00"]},"caps":[{"max_leads":5,"name":"A","per":"day"}]}"#]].assert_eq(&steady(&good.text));
    assert_eq!(installation.get("/entities/src_web").await, good.json());
    for (body, status, message) in [
        ("{\"cap\":[]}", 400, "the settings of an entity have no key \"cap\"; did you mean \"caps\"?"),
        ("{\"hours\":{\"monday\":[]}}", 400, "\"monday\" is not a day"),
        ("{\"caps\":[{\"name\":\"A\",\"per\":\"day\"}]}", 400, "a cap of an entity has one of the keys"),
        ("{\"name\":\" \"}", 400, "a name has 1 to 200 characters"),
        ("[]", 400, ""),
    ] {
        let reply = put(body).await;
        assert_eq!(reply.status.as_u16(), status, "{body}: {}", reply.text);
        assert!(reply.text.contains(&message.replace('"', "\\\"")), "{body}: {}", reply.text);
    }
    assert_eq!(installation.get("/entities/src_web").await, good.json(), "nothing of that has effect");
    let limited = put("{\"limits\":{\"concurrent\":40}}").await.json();
    assert_eq!(limited["caps"], good.json()["caps"], "what is not named stays");
    assert_eq!(limited["limits"]["concurrent"], 40);
    let without = put("{\"caps\":null,\"limits\":null}").await.json();
    assert_eq!((&without["caps"], &without["limits"]), (&serde_json::json!([]), &serde_json::Value::Null));
    assert_eq!(without["hours"], good.json()["hours"]);
    assert_eq!(installation.raw("PUT /entities/buyer_nobody\n\n{}").await.status, StatusCode::NOT_FOUND);
    installation.close().await;
}

#[tokio::test]
async fn a_list_is_made_filled_looked_at_and_deleted() {
    let installation = Installation::with(&flow(), "").await;
    let raw = async |text: &str| installation.raw(text).await;
    let made = raw("PUT /lists/old_buyers\n\n{\"ttl\":\"30d\"}").await;
    expect![[r#"{"name":"old_buyers","created_at":"2024-01-15T14:30:00.009Z","ttl":"30d","items":0}"#]]
        .assert_eq(&steady(&made.text));
    let csv = raw("POST /lists/dnc/items\ncontent-type: text/csv\n\n512-555-0143,Ann\n\n\"(512) 555-0144\",x\n \nbad\u{1}\nAnn@Example.com\n").await;
    assert_eq!(csv.status, StatusCode::OK, "{}", csv.text);
    expect![[r#"{"accepted":3,"rejected":1,"problems":[{"line":5,"message":"the value holds control characters"}],"items":3}"#]].assert_eq(&csv.text);
    let json = raw("POST /lists/dnc/items\n\n{\"values\":[\"\",\"bob@example.com\"]}").await;
    expect![[
        r#"{"accepted":1,"rejected":1,"problems":[{"line":1,"message":"the value is blank"}],"items":4}"#
    ]]
    .assert_eq(&json.text);
    let found = async |value: &str| {
        let reply = raw(&format!("POST /lists/dnc/check\n\n{{\"value\":\"{value}\"}}")).await;
        reply.json()["found"].as_bool().unwrap()
    };
    assert!(found("+1 512 555 0144").await && found("ANN@example.com").await);
    assert!(!found("512-555-0199").await);
    let answer = raw("POST /flows/flow_roofs/sources/src_web/submit\ncontent-type: application/json\n\n{\"email\":\"a@example.com\",\"phone_1\":\"5125550143\"}").await;
    assert_eq!(answer.json()["reason"], "On suppression list dnc");
    let removed = raw("DELETE /lists/dnc/items\n\n{\"values\":[\"5125550143\",\"never@example.com\"]}").await;
    assert_eq!(removed.json()["items"], 3);
    assert!(!found("512-555-0143").await);
    let lists = installation.get("/lists").await.to_string();
    assert!(lists.contains("old_buyers") && !lists.contains("555"), "{lists}");
    assert_eq!(raw("DELETE /lists/dnc").await.status, StatusCode::CONFLICT);
    assert_eq!(raw("DELETE /lists/old_buyers").await.status, StatusCode::NO_CONTENT);
    for wrong in [
        "PUT /lists/DNC\n\n{}",
        "PUT /lists/dnc\n\n{\"ttl\":\"soon\"}",
        "PUT /lists/dnc\n\n{\"ttl\":\"1s\"}",
        "POST /lists/dnc/items\n\n{\"value\":[]}",
        "POST /lists/dnc/check\n\n{\"value\":\"\"}",
    ] {
        assert_eq!(raw(wrong).await.status, StatusCode::BAD_REQUEST, "{wrong}");
    }
    for missing in ["GET /lists/none", "DELETE /lists/none", "POST /lists/none/items\n\n{\"values\":[]}"] {
        assert_eq!(raw(missing).await.status, StatusCode::NOT_FOUND, "{missing}");
    }
    let made = raw("POST /keys\n\n{\"label\":\"x\",\"scopes\":[\"read\"]}").await;
    let secret = made.json()["secret"].as_str().unwrap().to_owned();
    assert_eq!(installation.get_as(&secret, "/caps").await.status, StatusCode::OK);
    let refused = raw(&format!("PUT /lists/dnc\nauthorization: Bearer {secret}\n\n{{}}")).await;
    assert_eq!(refused.status, StatusCode::FORBIDDEN);
    installation.close().await;
}
