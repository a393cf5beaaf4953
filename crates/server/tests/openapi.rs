//! The description of the API is true: it is current, it names every address, and what is served
//! is what it says.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use axum::http::StatusCode;
use readers::{DECLARED_NAMES, DeadLetterQuery, EventQuery, LeadQuery, Sight};
use serde_json::Value;

use support::{FLOW, Installation, Reply};

fn committed() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json")
}

/// Every operation: method, address, and what is said of it.
fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let methods = item.as_object().unwrap().iter();
        methods
            .map(|(method, operation)| (method.clone(), path.clone(), operation.clone()))
            .collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[tokio::test]
async fn the_committed_description_is_the_served_one() {
    let installation = Installation::new().await;
    let served = installation.send(axum::http::Request::get("/openapi.json").body("".into()).unwrap()).await;
    assert_eq!((served.status, served.header("content-type")), (StatusCode::OK, "application/json"));
    assert_eq!(served.json()["openapi"], "3.1.0");
    if std::env::var_os("UPDATE_OPENAPI").is_some() {
        std::fs::write(committed(), &served.text).unwrap();
    }
    let committed = std::fs::read_to_string(committed()).unwrap_or_default();
    assert!(
        committed == served.text,
        "crates/server/openapi.json is not what is served; write it anew with: \
         UPDATE_OPENAPI=1 cargo test -p server --test openapi"
    );
    installation.close().await;
}

#[tokio::test]
async fn operations_have_names_of_their_own_and_references_lead_somewhere() {
    let installation = Installation::new().await;
    let document = installation.get("/openapi.json").await;
    let operations = operations(&document);
    let names: BTreeSet<_> = operations.iter().map(|(.., own)| own["operationId"].to_string()).collect();
    assert_eq!(names.len(), operations.len());
    let text = document.to_string();
    for reference in text.split("\"$ref\":\"#").skip(1) {
        let (pointer, _) = reference.split_once('"').unwrap();
        assert!(document.pointer(pointer).is_some(), "{pointer}");
    }
    for (method, path, own) in &operations {
        assert!(own["summary"].is_string() || own["description"].is_string(), "{method} {path}");
        let holes = path.split('{').skip(1).map(|hole| hole.split_once('}').unwrap().0);
        let parameters = own["parameters"].as_array().cloned().unwrap_or_default();
        let named =
            parameters.iter().filter(|own| own["in"] == "path").map(|own| own["name"].as_str().unwrap());
        assert_eq!(named.collect::<BTreeSet<_>>(), holes.collect(), "{method} {path}");
    }
    installation.close().await;
}

/// The router offers no list of its addresses. So: they are all added with their descriptions,
/// but for those of pages.
#[test]
fn every_address_is_added_with_its_description() {
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let router = std::fs::read_to_string(sources.join("router.rs")).unwrap();
    let mut undocumented = router.lines().filter(|line| {
        [".route(", ".route_service(", ".nest(", ".nest_service(", ".fallback_service("]
            .iter()
            .any(|adding| line.contains(adding))
    });
    assert_eq!(undocumented.next(), None);
    assert_eq!(router.matches(".merge(").count(), 1, "pages only");
}

#[tokio::test]
async fn the_parameters_of_lists_are_those_that_are_read() {
    let installation = Installation::new().await;
    let document = installation.get("/openapi.json").await;
    let described = |path: &str| -> BTreeSet<String> {
        let parameters = document["paths"][path]["get"]["parameters"].as_array().unwrap();
        let of_query = parameters.iter().filter(|parameter| parameter["in"] == "query");
        of_query.map(|parameter| parameter["name"].as_str().unwrap().to_owned()).collect()
    };
    let names = |lists: &[&[&str]]| lists.concat().into_iter().map(str::to_owned).collect::<BTreeSet<_>>();
    for path in ["/events", "/flows/{flow}/events", "/leads/{id}/events"] {
        assert_eq!(described(path), names(&[&EventQuery::NAMES, &DECLARED_NAMES, &Sight::NAMES]), "{path}");
    }
    assert_eq!(described("/leads"), names(&[&LeadQuery::NAMES, &DECLARED_NAMES]));
    assert_eq!(described("/dead-letters"), names(&[&DeadLetterQuery::NAMES]));
    let mut of_stream = names(&[&EventQuery::NAMES, &DECLARED_NAMES, &["shape", "expand"]]);
    of_stream.retain(|name| !["before", "limit", "sort"].contains(&name.as_str()));
    assert_eq!(described("/events/stream"), of_stream);
    installation.close().await;
}

/// What keeps a value from being of a schema: nothing when it is. A member that the schema does
/// not name is told too, unless the schema says that there may be others.
fn faults(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let schema = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
        return faults(document, schema, value, at, found);
    }
    for word in ["oneOf", "anyOf"] {
        if let Some(choices) = schema[word].as_array() {
            let fits = |choice: &Value| {
                let mut found = Vec::new();
                faults(document, choice, value, at, &mut found);
                found.is_empty()
            };
            if !choices.iter().any(fits) {
                found.push(format!("{at}: {value} is none of {word}"));
            }
            return;
        }
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().map(|one| one.as_str().unwrap()).collect(),
        _ => Vec::new(),
    };
    let own = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() || number.is_i64() => "integer",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is_number = own == "integer" && types.contains(&"number");
    if !types.is_empty() && !types.contains(&own) && !is_number {
        return found.push(format!("{at}: {value} is no {types:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        found.push(format!("{at}: {value} is none of {words:?}"));
    }
    if let Some(items) = value.as_array().filter(|_| schema["items"].is_object()) {
        for (number, item) in items.iter().enumerate() {
            faults(document, &schema["items"], item, &format!("{at}[{number}]"), found);
        }
    }
    let Some(members) = value.as_object() else { return };
    for name in schema["required"].as_array().into_iter().flatten() {
        if !members.contains_key(name.as_str().unwrap()) {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    // An object of which nothing is said may hold anything.
    let Some(properties) = schema["properties"].as_object() else { return };
    for (name, member) in members {
        match properties.get(name) {
            Some(property) => faults(document, property, member, &format!("{at}.{name}"), found),
            None if schema["additionalProperties"] == Value::Bool(true) => {}
            None => found.push(format!("{at}: {name} is not described")),
        }
    }
}

/// Holds a reply against what is said of the operation.
fn check(document: &Value, operation: &Value, request: &str, reply: &Reply) {
    let status = reply.status.as_str();
    let responses = &operation["responses"];
    let said = responses.get(status).or_else(|| responses.get("default"));
    let said = said.unwrap_or_else(|| panic!("{request} answers {status}, which is not described"));
    let said = match said["$ref"].as_str() {
        Some(reference) => document.pointer(reference.strip_prefix('#').unwrap()).unwrap(),
        None => said,
    };
    let media_type = reply.header("content-type").split(';').next().unwrap();
    if media_type.is_empty() {
        assert!(said["content"].is_null(), "{request} answers {status} without a body: {said}");
        return assert_eq!(reply.text, "", "{request}");
    }
    let schema = &said["content"][media_type]["schema"];
    assert!(!schema.is_null(), "{request} answers {status} as {media_type}, which is not described");
    if media_type == "application/json" {
        let mut found = Vec::new();
        faults(document, schema, &reply.json(), "", &mut found);
        assert!(found.is_empty(), "{request} answers {status}:\n{}\n{}", found.join("\n"), reply.text);
    }
}

/// Requests for every operation, and what each is answered.
fn samples(lead_id: &str, event_id: &str) -> Vec<(&'static str, &'static str, String, u16)> {
    const SUBMIT: &str = "/flows/{flow}/sources/{source}/submit";
    const ITEMS: &str = "/lists/{list}/items";
    const PING: &str = "/flows/{flow}/sources/{source}/ping";
    let submit = "/flows/flow_roofs/sources/src_open/submit";
    let ping = "/flows/flow_roofs/sources/src_open/ping";
    let form = "content-type: application/x-www-form-urlencoded";
    let draft = FLOW.replace("name: Roofs", "name: Roofs of Texas");
    let bad = FLOW.replace("dims:", "dimms:");
    let list = |path: &str| format!("{path}?expand=exchange,rules,reason_raw&type=source.*,filter.*,flow.*");
    vec![
        ("get", "/healthz", "GET /healthz".into(), 200),
        ("get", "/readyz", "GET /readyz".into(), 200),
        ("get", "/openapi.json", "GET /openapi.json".into(), 200),
        ("get", "/metrics", "GET /metrics".into(), 200),
        ("post", SUBMIT, format!("POST {submit}\n{form}\n\nemail=ann%40example.com&state=TX"), 201),
        ("post", SUBMIT, format!("POST {submit}?strict=1\n{form}\n\nstate=TX"), 422),
        ("post", SUBMIT, format!("POST {submit}?redir_url=https://example.com/\n{form}\n\na=1"), 303),
        ("post", SUBMIT, format!("POST {submit}\n\na=1"), 415),
        ("post", SUBMIT, format!("POST {submit}\n{form}\naccept: image/png\n\na=1"), 406),
        ("get", SUBMIT, format!("GET {submit}?email=ann%40example.com&state=NY"), 201),
        ("get", SUBMIT, "GET /flows/flow_other/sources/src_open/submit".into(), 404),
        ("get", SUBMIT, format!("GET {submit}?a=1&a.b=2"), 400),
        ("post", PING, format!("POST {ping}\n{form}\n\nstate=TX"), 200),
        ("get", PING, format!("GET {ping}?state=NY"), 200),
        ("get", PING, "GET /flows/flow_other/sources/src_open/ping".into(), 404),
        ("get", "/refusals", "GET /refusals".into(), 200),
        ("get", "/events", format!("GET {}", list("/events")), 200),
        ("get", "/events", "GET /events?type=ledger.*".into(), 200),
        ("get", "/events", "GET /events?shape=nested&reveal=1&why=test&expand=exchange,rules".into(), 200),
        ("get", "/events", "GET /events?limit=0".into(), 400),
        ("get", "/events", "GET /events?shape=none".into(), 200),
        ("get", "/events/stream", "GET /events/stream?reveal=1".into(), 400),
        ("get", "/leads", "GET /leads".into(), 200),
        ("get", "/leads", "GET /leads?state=won".into(), 400),
        ("get", "/leads/{id}", format!("GET /leads/{lead_id}"), 200),
        ("get", "/leads/{id}", format!("GET /leads/{lead_id}?shape=none"), 200),
        ("get", "/leads/{id}", "GET /leads/lead_1".into(), 404),
        ("get", "/leads/{id}/explain", format!("GET /leads/{lead_id}/explain"), 200),
        ("get", "/leads/{id}/explain", "GET /leads/lead_1/explain".into(), 404),
        ("get", "/events/{id}", format!("GET /events/{event_id}"), 200),
        ("get", "/events/{id}", "GET /events/evt_1".into(), 404),
        ("get", "/flows/{flow}/events", format!("GET {}", list("/flows/flow_roofs/events")), 200),
        ("get", "/flows/{flow}/events", "GET /flows/flow_other/events".into(), 404),
        ("get", "/leads/{id}/events", format!("GET {}", list(&format!("/leads/{lead_id}/events"))), 200),
        ("get", "/leads/{id}/events", "GET /leads/lead_1/events".into(), 404),
        ("put", "/flows/{flow}", format!("PUT /flows/flow_roofs\n\n{draft}"), 200),
        ("put", "/flows/{flow}", format!("PUT /flows/flow_roofs\n\n{bad}"), 400),
        ("get", "/flows/{flow}/draft", "GET /flows/flow_roofs/draft".into(), 200),
        ("get", "/flows/{flow}/draft", "GET /flows/flow_other/draft".into(), 404),
        ("get", "/flows", "GET /flows".into(), 200),
        ("post", "/flows/{flow}/publish", "POST /flows/flow_roofs/publish".into(), 201),
        ("post", "/flows/{flow}/publish", format!("POST /flows/flow_roofs/publish\n\n{draft}"), 200),
        ("post", "/flows/{flow}/publish", "POST /flows/flow_roofs/publish".into(), 404),
        ("get", "/flows/{flow}", "GET /flows/flow_roofs".into(), 200),
        ("get", "/flows/{flow}", "GET /flows/flow_roofs?version=9".into(), 404),
        ("get", "/flows/{flow}/versions", "GET /flows/flow_roofs/versions".into(), 200),
        ("get", "/flows/{flow}/versions", "GET /flows/flow_other/versions".into(), 404),
        ("post", "/flows/check", format!("POST /flows/check\n\n{FLOW}"), 200),
        ("get", "/flows/schema", "GET /flows/schema".into(), 200),
        ("post", "/flows/check", format!("POST /flows/check\n\n{bad}"), 200),
        ("post", "/flows", format!("POST /flows\n\n{draft}"), 200),
        ("post", "/flows", format!("POST /flows\n\n{FLOW}"), 201),
        ("post", "/flows", format!("POST /flows\n\n{bad}"), 400),
        ("get", "/entities", "GET /entities".into(), 200),
        ("get", "/entities/{id}", "GET /entities/src_web".into(), 200),
        ("get", "/entities/{id}", "GET /entities/src_nobody".into(), 404),
        ("post", "/entities/{id}/pause", "POST /entities/src_web/pause".into(), 200),
        ("post", "/entities/{id}/pause", "POST /entities/src_nobody/pause".into(), 404),
        ("post", "/entities/{id}/resume", "POST /entities/src_web/resume".into(), 200),
        ("post", "/entities/{id}/resume", "POST /entities/src_nobody/resume".into(), 404),
        ("put", "/entities/{id}", "PUT /entities/src_web\n\n{\"limits\":{\"per_second\":5000}}".into(), 200),
        ("put", "/entities/{id}", "PUT /entities/src_web\n\n{\"limit\":{}}".into(), 400),
        ("put", "/entities/{id}", "PUT /entities/src_nobody\n\n{}".into(), 404),
        ("put", "/secrets/{name}", "PUT /secrets/south\n\n{\"value\":\"hush-hush\"}".into(), 201),
        ("put", "/secrets/{name}", "PUT /secrets/south\n\n{\"value\":\"hush-again\"}".into(), 200),
        ("put", "/secrets/{name}", "PUT /secrets/south\n\n{\"value\":7}".into(), 400),
        ("get", "/secrets", "GET /secrets".into(), 200),
        ("delete", "/secrets/{name}", "DELETE /secrets/south".into(), 204),
        ("delete", "/secrets/{name}", "DELETE /secrets/south".into(), 404),
        ("get", "/caps", "GET /caps".into(), 200),
        ("put", "/lists/{list}", "PUT /lists/dnc\n\n{\"ttl\":\"2y\"}".into(), 200),
        ("put", "/lists/{list}", "PUT /lists/DNC\n\n{}".into(), 400),
        ("get", "/lists", "GET /lists".into(), 200),
        ("get", "/lists/{list}", "GET /lists/dnc".into(), 200),
        ("get", "/lists/{list}", "GET /lists/none".into(), 404),
        ("post", ITEMS, "POST /lists/dnc/items\n\n{\"values\":[\"5125550143\",\"\"]}".into(), 200),
        ("post", ITEMS, "POST /lists/dnc/items\ncontent-type: text/csv\n\nann@example.com,Ann".into(), 200),
        ("post", ITEMS, "POST /lists/none/items\n\n{\"values\":[]}".into(), 404),
        ("post", "/lists/{list}/check", "POST /lists/dnc/check\n\n{\"value\":\"5125550143\"}".into(), 200),
        ("post", "/lists/{list}/check", "POST /lists/dnc/check\n\n{\"value\":\"\"}".into(), 400),
        ("delete", ITEMS, "DELETE /lists/dnc/items\n\n{\"values\":[\"5125550143\"]}".into(), 200),
        ("delete", "/lists/{list}", "DELETE /lists/dnc".into(), 204),
        ("delete", "/lists/{list}", "DELETE /lists/dnc".into(), 404),
        ("post", "/keys", "POST /keys\n\n{\"label\":\"desk\",\"scopes\":[\"read\"]}".into(), 201),
        ("post", "/keys", "POST /keys\n\n{\"scopes\":[]}".into(), 400),
        ("get", "/keys", "GET /keys".into(), 200),
        ("delete", "/keys/{name}", "DELETE /keys/key_nobody".into(), 404),
        ("get", "/types", "GET /types".into(), 200),
        ("get", "/fields", "GET /fields".into(), 200),
        ("get", "/session", "GET /session".into(), 200),
        ("post", "/session", "POST /session\ncontent-type: text/plain\n\n{}".into(), 415),
        ("delete", "/session", "DELETE /session".into(), 204),
    ]
}

/// A flow that sells what it gets to one buyer, while another is down.
const SALES: &str = r#"
entities:
  buyer_premier: { kind: buyer, name: Premier Leads }
  buyer_south: { kind: buyer, name: South Roofs, circuit: { errors: 1 } }
flow:
  id: flow_sales
  name: Sales
  fields: { email: email }
  sources: [ { entity: src_open, key_required: false } ]
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads" }
      feedback: { conversions: true, returns: 7d, approve: manual }
    - id: south
      kind: recipient
      entity: buyer_south
      integration: custom_json
      request: { url: "https://south.example.com/leads" }
"#;

#[tokio::test]
async fn what_is_served_is_what_is_described() {
    let installation = Installation::with(FLOW, "buyer_premier: 200\n buyer_south: 503").await;
    assert_eq!(installation.raw(&format!("POST /flows\n\n{SALES}")).await.status, StatusCode::CREATED);
    let document = installation.get("/openapi.json").await;
    let operations = operations(&document);
    let find = |method: &str, path: &str| {
        let found = operations.iter().find(|(own, own_path, _)| own == method && own_path == path);
        found.unwrap_or_else(|| panic!("{method} {path} is not described")).2.clone()
    };
    let lead_id = installation.submit(r#"{"email":"ann@example.com","state":"TX","product":"roof"}"#).await;
    let events = installation.get(&format!("/leads/{lead_id}/events")).await;
    let mut samples = samples(&lead_id, events["data"][1]["id"].as_str().unwrap());
    // What needs a name or a secret that is drawn at random.
    let made = installation.raw("POST /keys\n\n{\"scopes\":[\"read\"]}").await.json();
    let (name, secret) = (made["name"].as_str().unwrap(), made["secret"].as_str().unwrap());
    let begin = format!("POST /session\ncontent-type: application/json\n\n{{\"key\":\"{secret}\"}}");
    samples.push(("post", "/session", begin, 204));
    samples.push(("delete", "/keys/{name}", format!("DELETE /keys/{name}"), 204));
    let sold =
        installation.raw("GET /flows/flow_sales/sources/src_open/submit?email=ann%40example.com").await;
    let sale = format!("lead_id={}&entity_id", sold.json()["lead"]["id"].as_str().unwrap());
    let report = |sale: &str| {
        format!("POST /feedback?{sale}\ncontent-type: application/json\n\n{{\"type\":\"conversion\"}}")
    };
    let resend = |query: &str, body: &str| {
        format!("POST /dead-letters/resend{query}\ncontent-type: application/json\n\n{body}")
    };
    let left = installation.get("/dead-letters").await["data"][0]["event_id"].to_string();
    samples.push(("get", "/entities/{id}", "GET /entities/buyer_south".into(), 200));
    samples.push(("get", "/dead-letters", "GET /dead-letters?step_id=south".into(), 200));
    samples.push(("get", "/dead-letters", "GET /dead-letters?step=south".into(), 400));
    for (query, body, status) in [
        ("?dry_run=1", r#"{"filter":{"entity_id":"buyer_south"}}"#.to_owned(), 200),
        ("", r#"{"filter":{}}"#.to_owned(), 400),
        ("", r#"{"filter":{},"count":7}"#.to_owned(), 409),
        ("", r#"{"event_ids":["evt_018d0d882e839a41d06f0001"]}"#.to_owned(), 404),
        ("", format!("{{\"event_ids\":[{left}]}}"), 200),
        ("", format!("{{\"event_ids\":[{left}]}}"), 200),
    ] {
        samples.push(("post", "/dead-letters/resend", resend(query, &body), status));
    }
    samples.push(("post", "/feedback", report(&format!("{sale}=buyer_premier")), 201));
    samples.push(("post", "/feedback", report(&format!("{sale}=buyer_other")), 409));
    samples.push(("post", "/feedback", report("event_id=evt_018d0d882e839a41d06f0001"), 404));
    let waiting = async |kind: &str| {
        let body = format!("{{\"type\":\"{kind}\",\"reason\":\"Wrong number\"}}");
        let request =
            format!("POST /feedback?{sale}=buyer_premier\ncontent-type: application/json\n\n{body}");
        installation.raw(&request).await.json()["feedback_id"].as_str().unwrap().to_owned()
    };
    let (conversion, back) = (waiting("conversion").await, waiting("return").await);
    samples.push(("get", "/feedback", "GET /feedback".into(), 200));
    for (id, verb, status) in [
        (conversion.as_str(), "approve", 200),
        (&conversion, "decline", 409),
        (&back, "decline", 200),
        (&back, "approve", 409),
        ("evt_1", "approve", 404),
        ("evt_1", "decline", 404),
    ] {
        let path = if verb == "approve" { "/feedback/{id}/approve" } else { "/feedback/{id}/decline" };
        samples.push(("post", path, format!("POST /feedback/{id}/{verb}"), status));
    }
    samples.push((
        "post",
        "/leads/{id}/revoke-consent",
        format!("POST /leads/{lead_id}/revoke-consent"),
        200,
    ));
    samples.push(("post", "/leads/{id}/revoke-consent", "POST /leads/lead_1/revoke-consent".into(), 404));
    let mut succeeded = BTreeSet::new();
    for (method, path, request, status) in samples {
        let operation = find(method, path);
        let reply = installation.raw(&request).await;
        assert_eq!(reply.status.as_u16(), status, "{request}: {}", reply.text);
        check(&document, &operation, &request, &reply);
        if reply.status.is_success() {
            succeeded.insert((method.to_owned(), path.to_owned()));
        }
    }
    // A stream has no end to wait for; its own tests show what it sends.
    succeeded.insert(("get".to_owned(), "/events/stream".to_owned()));
    let described: BTreeSet<_> =
        operations.iter().map(|(method, path, _)| (method.clone(), path.clone())).collect();
    assert_eq!(succeeded, described, "each operation has a sample that succeeds");
    installation.close().await;
}

#[tokio::test]
async fn without_a_key_or_its_right_each_operation_refuses_as_described() {
    let installation = Installation::new().await;
    let document = installation.get("/openapi.json").await;
    let powerless = installation.key("feedback:buyer_nobody").await;
    for (method, path, operation) in operations(&document) {
        if operation["security"] == serde_json::json!([{}]) {
            // Open to everybody.
            continue;
        }
        let target = path
            .replace("{flow}", "flow_roofs")
            .replace("{source}", "src_web")
            .replace("{id}", "src_web")
            .replace("{name}", "key_1");
        let sale = "lead_id=lead_018d0d882e839a41d06f0001&entity_id=buyer_premier";
        let target = if path == "/feedback" { format!("{target}?{sale}") } else { target };
        for (key, wanted) in [("gl_wrong", 401), (&*powerless, 403)] {
            let request = format!("{} {target}\nauthorization: Bearer {key}", method.to_uppercase());
            let reply = installation.raw(&request).await;
            // Whoever asks who they are may.
            let wanted = if path == "/session" && wanted == 403 { 200 } else { wanted };
            assert_eq!(reply.status.as_u16(), wanted, "{request}: {}", reply.text);
            check(&document, &operation, &request, &reply);
        }
    }
    installation.close().await;
}
