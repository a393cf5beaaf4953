//! Lists by what flows declare: dims, and which fields are there and valid.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use axum::http::StatusCode;

use support::{FLOW, Installation};

/// The flow of the other tests, with every kind of dim that needs no step.
fn flow() -> String {
    FLOW.replace(
        "product: { type: string, values: [ roof, solar ] }\n  dims: [ lead.state, lead.product ]",
        "product: { type: string, values: [ Roof, solar ] }\n    owner: boolean\n    amount: number\n  dims:\n    \
         - lead.state\n    - lead.product\n    - lead.owner\n    - lead.email.domain\n    \
         - { field: lead.amount, buckets: [ 100, 200 ] }",
    )
}

async fn with_leads() -> Installation {
    let installation = Installation::with(&flow(), "").await;
    for json in [
        r#"{"email":"ann@gmail.com","state":"TX","product":"ROOF","owner":"yes","amount":"250","phone_1":"(512) 555-0134"}"#,
        r#"{"email":"bob@bob-example.com","state":"ok","product":"solar","owner":false,"amount":"120","phone_1":"1"}"#,
        r#"{"email":"eve@example.com","state":"Narnia","amount":"a lot"}"#,
        r#"{"state":"TX"}"#,
    ] {
        installation.submit(json).await;
    }
    installation
}

/// The first letters of the e-mail addresses, or `-`, of what a list shows.
async fn found(installation: &Installation, target: &str) -> String {
    let list = installation.get(target).await;
    let events = list["data"].as_array().unwrap().iter();
    let letter = |event: &serde_json::Value| match event["lead"]["email"].as_str() {
        Some(email) => email.chars().next().unwrap(),
        None => '-',
    };
    events.map(letter).collect()
}

#[tokio::test]
async fn events_are_listed_by_dims_and_by_which_fields_are_there_and_valid() {
    let installation = with_leads().await;
    for (query, wanted) in [
        ("dim.lead.state=TX", "a-"),
        ("dim.lead.state=tx,OK", "ab-"),
        ("dim.lead.state=texas", "a-"),
        // An event without a dim has none of its values.
        ("dim.lead.state=-TX", "be"),
        ("dim.lead.product=roof", "a"),
        ("dim.lead.owner=true", "a"),
        ("dim.lead.owner=false", "b"),
        ("dim.lead.email.domain=gmail.com", "a"),
        ("dim.lead.email.domain=other", "be"),
        ("dim.lead.amount=100-200", "b"),
        ("dim.lead.amount=%E2%89%A5200", "a"),
        ("dim.lead.amount=%3E%3D200", "a"),
        ("dim.lead.state=TX&dim.lead.owner=true", "a"),
        ("has.email=true", "abe"),
        ("has.email=false", "-"),
        ("has.phone_1=true&valid.phone_1=false", "b"),
        ("valid.phone_1=false", "b"),
        ("valid.phone_1=true", "a"),
        ("valid.state=false", "e"),
        ("has.phone_1=false", "e-"),
        ("valid.amount=false&dim.lead.email.domain=other", "e"),
    ] {
        for list in ["/events?", "/flows/flow_roofs/events?"] {
            let target = format!("{list}type=source.accepted,source.rejected&sort=seq&{query}");
            assert_eq!(found(&installation, &target).await, wanted, "{target}");
        }
        let leads = installation.get(&format!("/leads?sort=seq&{query}")).await;
        assert_eq!(leads["data"].as_array().unwrap().len(), wanted.len(), "/leads?{query}");
    }
    // Before a lead is parsed nothing is known of its fields.
    assert_eq!(found(&installation, "/events?type=source.submitted&has.email=false").await, "");
    installation.close().await;
}

#[tokio::test]
async fn dims_have_their_type_and_stand_on_every_event_but_the_first() {
    let installation = with_leads().await;
    let list = installation.get("/events?shape=none&sort=seq&limit=3").await;
    assert_eq!(list["data"][1]["type"], "source.submitted");
    assert!(list["data"][1].get("dims").is_none());
    let dims = serde_json::json!({
        "lead.amount": "≥200", "lead.email.domain": "gmail.com", "lead.owner": true, "lead.product": "Roof",
        "lead.state": "TX",
    });
    assert_eq!(list["data"][2]["dims"], dims);
    assert!(list["data"][2].get("fields").is_none(), "bits are for finding, not for reading");
    let flow = installation.get("/flows/flow_roofs").await;
    let expected = serde_json::json!([
        { "path": "lead.amount", "type": "text", "values": ["<100", "100-200", "≥200"] },
        { "path": "lead.email.domain", "type": "text", "values": null },
        { "path": "lead.owner", "type": "boolean", "values": ["true", "false"] },
        { "path": "lead.product", "type": "text", "values": ["Roof", "solar"] },
        { "path": "lead.state", "type": "text", "values": null },
    ]);
    assert_eq!(flow["dims"], expected);
    assert_eq!(flow["fields"][1], "email");
    installation.close().await;
}

#[tokio::test]
async fn a_field_is_found_whatever_its_place_in_the_version_that_recorded_it() {
    let installation = with_leads().await;
    let moved = flow().replace("    first_name: first_name\n", "    zip: postal_code\n");
    let reply = installation.raw(&format!("POST /flows\n\n{moved}")).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    installation.submit(r#"{"email":"zoe@example.com","state":"TX","zip":"78701"}"#).await;
    let accepted = "/events?type=source.accepted,source.rejected&sort=seq&";
    assert_eq!(found(&installation, &format!("{accepted}has.email=true")).await, "abez");
    // Only events of versions that declare a field know whether it is there.
    assert_eq!(found(&installation, &format!("{accepted}has.zip=true")).await, "z");
    assert_eq!(found(&installation, &format!("{accepted}has.zip=false")).await, "");
    assert_eq!(found(&installation, &format!("{accepted}has.first_name=false")).await, "abe-");
    installation.close().await;
}

#[tokio::test]
async fn what_no_flow_declares_is_refused_and_told() {
    let installation = with_leads().await;
    for (query, field, message) in [
        ("dim.lead.stat=TX", "dim.lead.stat", "did you mean lead.state?"),
        ("dim.lead.note=x", "dim.lead.note", "known are lead.amount, lead.email.domain"),
        ("dim.lead.state=Texsa", "dim.lead.state", "\"Texsa\" is no value that it can have"),
        ("dim.lead.product=rof", "dim.lead.product", "these are Roof, solar"),
        ("dim.lead.owner=perhaps", "dim.lead.owner", "is true or false"),
        ("has.emial=true", "has.emial", "did you mean email?"),
        ("valid.email=yes", "valid.email", "write true, or false"),
        ("flow_id=flow_none&has.email=true", "has.email", "there are none"),
        ("has.email=", "has.email", "write a value"),
        ("had.email=true", "had.email", "has.<field>"),
    ] {
        for list in ["/events", "/leads", "/events/stream"] {
            let reply = installation.get_as(&installation.admin, &format!("{list}?{query}")).await;
            assert_eq!(reply.status, StatusCode::BAD_REQUEST, "{list}?{query}");
            let error = &reply.json()["error"];
            assert_eq!(error["field"], field, "{list}?{query}");
            assert!(error["message"].as_str().unwrap().contains(message), "{error}");
        }
    }
    installation.close().await;
}

#[tokio::test]
async fn what_cannot_be_a_dim_is_refused_at_publishing() {
    let installation = with_leads().await;
    for (dim, message) in [
        ("lead.email", "the dim lead.email has the type email, which can be anything"),
        ("lead.amount", "is a number; say between which bounds it is counted"),
        ("lead.nothing", "is not a field of the flow, nor a value of a step"),
        ("{ field: lead.state, buckets: [ 1 ] }", "has buckets, which only number fields take"),
        ("{ field: lead.amount, buckets: [ 2, 1 ] }", "has buckets that do not ascend"),
        ("appended.in_area.word", "nor a value of a step"),
    ] {
        let flow = FLOW
            .replace("product: {", "amount: number\n    product: {")
            .replace("dims: [ lead.state, lead.product ]", &format!("dims:\n    - {dim}"));
        let reply = installation.raw(&format!("POST /flows/check\n\n{flow}")).await;
        let problems = reply.json()["problems"].to_string();
        assert!(problems.contains(message), "{dim}: {problems}");
        assert_eq!(reply.json()["problems"][0]["line"], 16, "{dim}");
    }
    installation.close().await;
}

#[tokio::test]
async fn types_and_fields_are_described() {
    let installation = Installation::new().await;
    let types = installation.get("/types").await;
    let find = |list: &serde_json::Value, name: &str| -> serde_json::Value {
        list["data"].as_array().unwrap().iter().find(|it| it["name"] == name).unwrap().clone()
    };
    let state = find(&types, "state");
    assert_eq!(
        state["components"],
        serde_json::json!([{ "name": "name", "type": "string" }, { "name": "valid", "type": "boolean" }])
    );
    assert_eq!(find(&types, "string")["components"], serde_json::json!([]));
    assert_eq!(
        (&state["example"], &state["sensitive"], &state["values"]),
        (&"TX".into(), &false.into(), &false.into())
    );
    let operators = |name: &str| find(&types, name)["operators"].to_string();
    assert!(operators("number").contains(r#"{"name":"is less than","short":"lt"}"#));
    assert!(!operators("boolean").contains("is less than"));
    assert!(operators("boolean").contains("is true"));

    let other = FLOW
        .replace("flow_roofs", "flow_other")
        .replace("    phone_1: phone\n", "    phone_1: string\n    roof_age_acme: number\n");
    assert_eq!(installation.raw(&format!("POST /flows\n\n{other}")).await.status, StatusCode::CREATED);
    let third =
        other.replace("flow_other", "flow_third").replace("roof_age_acme: number", "roof_age_acme: string");
    assert_eq!(installation.raw(&format!("POST /flows\n\n{third}")).await.status, StatusCode::CREATED);
    let fields = installation.get("/fields").await;
    let phone = find(&fields, "phone_1");
    assert_eq!((&phone["type"], &phone["standard"]), (&"phone".into(), &true.into()));
    assert_eq!(phone["flows"], serde_json::json!(["flow_other", "flow_roofs", "flow_third"]));
    let conflict = |flow: &str| serde_json::json!({ "flow": flow, "type": "string" });
    assert_eq!(phone["conflicts"], serde_json::json!([conflict("flow_other"), conflict("flow_third")]));
    let own = find(&fields, "roof_age_acme");
    assert_eq!((&own["type"], &own["standard"]), (&"number".into(), &false.into()));
    assert_eq!(own["conflicts"], serde_json::json!([conflict("flow_third")]));
    assert_eq!(own["description"], serde_json::Value::Null);
    assert!(fields["data"].as_array().unwrap().len() > 150);
    let key = installation.key("submit:src_web").await;
    for target in ["/types", "/fields"] {
        assert_eq!(installation.get_as(&key, target).await.status, StatusCode::FORBIDDEN);
    }
    installation.close().await;
}

/// Reads a stream until some text was there.
async fn read_until(body: &mut axum::body::BodyDataStream, text: &mut String, wanted: &str) {
    use futures_util::StreamExt as _;

    while !text.contains(wanted) {
        *text += str::from_utf8(&body.next().await.unwrap().unwrap()).unwrap();
    }
}

#[tokio::test]
async fn a_stream_finds_fields_of_versions_that_are_published_while_it_is_open() {
    use tower::ServiceExt as _;

    let installation = with_leads().await;
    let request = axum::http::Request::get("/events/stream?type=source.accepted&has.email=true")
        .header("authorization", format!("Bearer {}", installation.admin));
    let request = request.body(axum::body::Body::empty()).unwrap();
    let mut body = installation.router().oneshot(request).await.unwrap().into_body().into_data_stream();
    let mut text = String::new();
    read_until(&mut body, &mut text, "event: open").await;
    let moved = flow().replace("    first_name: first_name\n", "");
    let reply = installation.raw(&format!("POST /flows\n\n{moved}")).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    let lead_id = installation.submit(r#"{"email":"zoe@example.com","state":"TX"}"#).await;
    read_until(&mut body, &mut text, &lead_id).await;
    installation.close().await;
}
