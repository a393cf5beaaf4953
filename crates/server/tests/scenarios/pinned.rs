//! Behaviour that people who come from other products rely on: fourteen rules, numbered, of which the twelfth is in
//! `interrupted.rs`. Where Glassline does it another way, the test says so.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::http::{Request, StatusCode};
use expect_test::expect;
use serde_json::{Value, json};
use testkit::FakeClock;
use tower::ServiceExt as _;

use crate::chain::chain;
use crate::support::{self, Installation};
use crate::{DAY, lead_of, monday, post, report, retry_all};

const SUBMIT: &str = "/flows/flow_roofs/sources/src_web/submit";

/// A flow with these fields and steps, whose source has these keys besides.
fn flow(fields: &str, source: &str, steps: &str) -> String {
    format!(
        "entities:
  src_web: {{ kind: source, name: Web Form }}
  buyer_premier: {{ kind: buyer, name: Premier }}
flow:
  id: flow_roofs
  name: Roofs
  fields: {{ {fields} }}
  sources: [ {{ entity: src_web{source} }} ]
  steps:
{steps}"
    )
}

/// A buyer that reads replies so.
fn premier(response: &str) -> String {
    format!(
        "    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: {{ url: \"https://crm.example.com/leads\", fields: {{ mail: \"{{{{lead.email}}}}\" }} }}
      response: {{ {response} }}
      price: {{ fixed: 25.00 }}
"
    )
}

async fn house(flow: &str, script: &str) -> (Arc<FakeClock>, Installation) {
    let clock = monday();
    let house = Installation::at(&clock, flow, script).await;
    (clock, house)
}

/// Everything that was ever recorded, from all leads: nothing, after what was refused.
async fn recorded(house: &Installation) -> usize {
    let events = house.get("/events?type=-ledger.opened").await;
    events["data"].as_array().unwrap().len()
}

#[tokio::test]
async fn row_01_a_form_that_accepts_xml_is_answered_in_xml() {
    let (_, house) = house(support::FLOW, "").await;
    let head =
        format!("POST {SUBMIT}\ncontent-type: application/x-www-form-urlencoded\naccept: application/xml");
    let answer = house.raw(&format!("{head}\n\nemail=ann%40example.com&state=TX")).await;
    expect![[r#"
        201 Created
        content-type: application/xml
        <?xml version="1.0"?>
        <result>
          <outcome>success</outcome>
          <lead>
            <id>lead_…</id>
          </lead>
          <price>0</price>
        </result>"#]]
    .assert_eq(&answer.told());
    let lead_id = answer.text.split("<id>").nth(1).unwrap().split('<').next().unwrap();
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success dims=(lead.state=TX) price=0
        3 filter.passed in_area success dims=(lead.state=TX)
        4 flow.completed src_web success cost=0 deliveries=0 dims=(lead.state=TX) margin=0 revenue=0 steps_run=1
    "#]].assert_eq(&chain(&house, lead_id).await);
    house.close().await;
}

#[tokio::test]
async fn row_02_names_that_clash_are_refused_and_line_ends_within_json_are_not() {
    let (_, house) = house(support::FLOW, "").await;
    let form = format!("POST {SUBMIT}\ncontent-type: application/x-www-form-urlencoded\n\na=1&a.b=2");
    let refused = house.raw(&form).await;
    assert_eq!((refused.status, refused.header("content-type")), (StatusCode::BAD_REQUEST, "text/plain"));
    assert_eq!(recorded(&house).await, 0, "no lead came to be");
    let answer = post(&house, "{\"email\":\"ann@example.com\",\"state\":\"T\nX\"}").await;
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success dims=(lead.state=TX) price=0
        3 filter.passed in_area success dims=(lead.state=TX)
        4 flow.completed src_web success cost=0 deliveries=0 dims=(lead.state=TX) margin=0 revenue=0 steps_run=1
    "#]].assert_eq(&chain(&house, &lead_of(&answer)).await);
    house.close().await;
}

/// A failure is answered 201, unless the source asks to see it in the status.
#[tokio::test]
async fn row_03_the_status_of_an_answer_is_201_or_303_and_that_of_a_refusal_says_why() {
    let (_, house) = house(support::FLOW, "").await;
    let failed = post(&house, r#"{"state":"TX"}"#).await;
    assert_eq!((failed.status, &failed.json()["outcome"]), (StatusCode::CREATED, &json!("failure")));
    expect![[r#"
        1 source.submitted src_web
        2 source.rejected src_web failure "Missing required field: email" missing_field dims=(lead.state=TX)
        3 flow.completed src_web failure "Missing required field: email" missing_field cost=0 deliveries=0 dims=(lead.state=TX) margin=0 revenue=0 steps_run=0
    "#]].assert_eq(&chain(&house, &lead_of(&failed)).await);

    let json = "content-type: application/json";
    let body = r#"{"email":"ann@example.com","state":"TX"}"#;
    let status = async |text: &str| house.raw(text).await.status.as_u16();
    assert_eq!(status(&format!("POST {SUBMIT}?strict=1\n{json}\n\n{{}}")).await, 422);
    let redirected =
        house.raw(&format!("POST {SUBMIT}?redir_url=https%3A%2F%2Fexample.com%2F\n{json}\n\n{body}")).await;
    assert_eq!((redirected.status.as_u16(), redirected.header("location")), (303, "https://example.com/"));
    let before = recorded(&house).await;
    let not_allowed = house.raw(&format!("PUT {SUBMIT}")).await;
    assert_eq!((not_allowed.status.as_u16(), not_allowed.header("allow")), (405, "GET, POST"));
    assert_eq!(status(&format!("POST {SUBMIT}\n{json}\naccept: image/png\n\n{body}")).await, 406);
    assert_eq!(status(&format!("POST {SUBMIT}\ncontent-type: text/csv\n\n{body}")).await, 406);
    let untyped = house.raw(&format!("POST {SUBMIT}\n\n{body}")).await;
    assert_eq!((untyped.status.as_u16(), untyped.header("content-type")), (415, "text/plain"));
    assert_eq!(
        status(&format!("POST {SUBMIT}?redir_url=ftp%3A%2F%2Fexample.com\n{json}\n\n{body}")).await,
        400
    );
    assert_eq!(status("POST /entities/src_web/pause").await, 200);
    assert_eq!(
        status(&format!("POST {SUBMIT}\n{json}\n\n{body}")).await,
        503,
        "a source that is paused sends nothing"
    );
    assert_eq!(recorded(&house).await, before, "what is refused makes no lead");
    house.close().await;
}

#[tokio::test]
async fn row_04_a_phone_number_with_an_extension_and_a_hint_is_read() {
    let (_, house) = house(&flow("phone_1: phone", "", "    []\n"), "").await;
    let lead_id = lead_of(&post(&house, r#"{"phone_1":"(512) 555-0143 x 44 w"}"#).await);
    let events = house.get(&format!("/leads/{lead_id}/events?reveal=1&why=test")).await;
    let phones: Vec<[Value; 3]> = (events["data"].as_array().unwrap().iter())
        .map(|event| ["phone_1", "phone_1.type", "phone_1.valid"].map(|key| event["lead"][key].clone()))
        .collect();
    let read = [json!("5125550143x44"), json!("work"), json!(true)];
    let raw = [json!("(512) 555-0143 x 44 w"), Value::Null, Value::Null];
    assert_eq!(phones, [raw, read.clone(), read]);
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=0
        3 flow.completed src_web success cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
    "#]]
    .assert_eq(&chain(&house, &lead_id).await);
    house.close().await;
}

/// A number in the spellings in which people and programs write it, and as it stands in base64 and hexadecimal digits.
const SSN: [&str; 9] = [
    "219-09-9999",
    "219 09 9999",
    "219.09.9999",
    "219099999",
    "219%2D09%2D9999",
    "MjE5LTA5LTk5OTk",
    "MjE5MDk5OTk5",
    "3231392d30392d39393939",
    "323139303939393939",
];

/// Every byte of every file below a directory, with its path.
fn bytes_below(directory: &Path, into: &mut Vec<(String, Vec<u8>)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes_below(&path, into);
        } else {
            into.push((path.display().to_string(), std::fs::read(&path).unwrap()));
        }
    }
}

fn has(bytes: &[u8], word: &str) -> bool {
    bytes.windows(word.len()).any(|own| own.eq_ignore_ascii_case(word.as_bytes()))
}

/// Sends the number in every way, as a field of this type and within a comment, to a buyer that needs it and repeats it.
/// Gives the spellings that are found afterwards, in what the API shows to somebody who may see everything, in each record
/// as it is before it is sealed, and in the files. There is no export or stream but those lists.
async fn spellings_found(field_type: &str) -> BTreeSet<String> {
    let fields = format!("ssn: {field_type}, comments: string");
    let sends = r#"    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_form
      request: { url: "https://crm.example.com/leads", fields: { ssn: "{{lead.ssn}}" } }
      retry: { attempts: 2, backoff: [ 1m ] }
"#;
    let script = "buyer_premier: 503 219-09-9999 | 200 219-09-9999 is known, and so is 219099999";
    let (clock, house) = house(&flow(&fields, "", sends), script).await;
    for ssn in &SSN[..4] {
        lead_of(&post(&house, &format!(r#"{{"ssn":"{ssn}","comments":"mine is {ssn}"}}"#)).await);
    }
    let form = format!("POST {SUBMIT}?ssn=219%2D09%2D9999\ncontent-type: application/x-www-form-urlencoded");
    let lead_id = lead_of(&house.raw(&format!("{form}\n\ncomments=219+09+9999")).await);
    retry_all(&house, &clock).await;
    let seen = house.parties.seen();
    assert_eq!(seen.len(), 6);
    assert!(seen.iter().all(|(_, request)| request.body.starts_with(b"ssn=219")), "the buyer needs it");
    if field_type == "ssn" {
        expect![[r#"
            1 source.submitted src_web
            2 source.accepted src_web success price=0
            3 recipient.attempted premier buyer_premier attempt=1 delivery=1
            4 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=0 response_code=200
            5 flow.completed src_web success cost=0 deliveries=1 margin=0 revenue=0 steps_run=1
        "#]]
        .assert_eq(&chain(&house, &lead_id).await);
    }

    let mut texts = Vec::new();
    for query in
        ["", "&reveal=1&why=test&expand=exchange,rules,reason_raw", "&shape=nested&reveal=1&why=test"]
    {
        for list in ["/events", "/leads"] {
            let query = if list == "/events" { query } else { "" };
            texts.push((
                list.to_owned(),
                house.get(&format!("{list}?limit=100{query}")).await.to_string().into(),
            ));
        }
    }
    let reader = house.services.leads.reader();
    for seq in 0..reader.next_seq() {
        let record = reader.record(seq).unwrap().unwrap();
        texts.push((format!("header {seq}"), record.header.to_vec()));
        texts.push((format!("body {seq}"), record.body.bytes().unwrap_or_default().to_vec()));
    }
    bytes_below(house.close().await.path(), &mut texts);
    assert!(
        texts.iter().any(|(place, bytes)| place.ends_with(".hot") && has(bytes, &lead_id)),
        "what is in clear is found"
    );
    let found = texts.iter().flat_map(|(place, bytes)| {
        SSN.iter()
            .filter(|ssn| has(bytes, ssn))
            .map(move |ssn| format!("{ssn} in {}", place.trim_end_matches(char::is_numeric)))
    });
    found.collect()
}

#[tokio::test]
async fn row_05_no_stored_byte_holds_an_ssn() {
    assert_eq!(spellings_found("ssn").await, BTreeSet::new());
    // What is written with hyphens is taken for such a number in any text; the other spellings are found.
    let of_plain_text = spellings_found("string").await;
    for ssn in &SSN[1..4] {
        assert!(
            of_plain_text.contains(&format!("{ssn} in body ")),
            "the search finds what is there: {of_plain_text:?}"
        );
    }
}

#[tokio::test]
async fn row_06_of_two_caps_neither_counts_a_lead_that_one_refuses() {
    let own = flow("email: email", ", caps: [ { name: Hourly cap, max_leads: 1, per: hour } ]", "    []\n")
        .replace("  sources:", "  caps: [ { name: Monthly cap, max_leads: 5, per: month } ]\n  sources:");
    let (_, house) = house(&own, "").await;
    let caps = async || {
        let caps = house.get("/caps").await;
        let told = |cap: &Value| {
            format!("{} {}+{} refused {}", cap["name"], cap["used"], cap["reserved"], cap["refused"])
        };
        caps["data"].as_array().unwrap().iter().map(told).collect::<BTreeSet<_>>()
    };
    let taken = lead_of(&post(&house, r#"{"email":"ann@example.com"}"#).await);
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success caps=flow_roofs/monthly_cap,flow_roofs.src_web/hourly_cap price=0
        3 flow.completed src_web success cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
    "#]]
    .assert_eq(&chain(&house, &taken).await);
    let before = caps().await;
    let refused = lead_of(&post(&house, r#"{"email":"bo@example.com"}"#).await);
    expect![[r#"
        1 source.submitted src_web
        2 source.rejected src_web failure "Hourly cap reached (1/1)" cap_reached
        3 flow.completed src_web failure "Hourly cap reached (1/1)" cap_reached cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
    "#]].assert_eq(&chain(&house, &refused).await);
    let standing = |texts: [&str; 2]| BTreeSet::from(texts.map(str::to_owned));
    assert_eq!(before, standing([r#""Hourly cap" 1+0 refused 0"#, r#""Monthly cap" 1+0 refused 0"#]));
    assert_eq!(caps().await, standing([r#""Hourly cap" 1+0 refused 1"#, r#""Monthly cap" 1+0 refused 0"#]));
    house.close().await;
}

/// A ping has an id of its own, and no lead comes of it.
#[tokio::test]
async fn row_07_a_ping_that_is_worth_nothing_has_no_bid_and_no_lead() {
    let (_, house) = house(&flow("state: state", ", ping: true, price: { fixed: 0 }", "    []\n"), "").await;
    let target = SUBMIT.replace("submit", "ping");
    let answer =
        house.raw(&format!("POST {target}\ncontent-type: application/json\n\n{{\"state\":\"TX\"}}")).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json(), json!({ "outcome": "failure", "reason": "no bid", "price": 0 }));
    let events = house.get("/events?type=source.pinged").await;
    let ping_id = events["data"][0]["lead_id"].as_str().unwrap();
    assert!(ping_id.starts_with("ping_"), "{ping_id}");
    expect![[r#"
        1 source.pinged src_web failure "no bid" no_buyer price=0
    "#]]
    .assert_eq(&chain(&house, ping_id).await);
    assert_eq!(house.get("/leads").await["data"], json!([]));
    house.close().await;
}

#[tokio::test]
async fn row_08_a_filter_that_stops_with_success_leaves_later_steps_without_a_trace() {
    let stops = "    - { id: known, kind: filter, exclude: { field: lead.state, op: is equal to, value: NY }, outcome: success, reason: Kept for later }\n";
    let own = flow("email: email, state: state", "", &format!("{stops}{}", premier("reason: { path: why }")));
    let (_, house) = house(&own, "buyer_premier: 200").await;
    let answer = post(&house, r#"{"email":"ann@example.com","state":"NY"}"#).await;
    assert_eq!(answer.json()["outcome"], "success");
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=0
        3 filter.failed known failure "Kept for later" criteria
        4 flow.completed src_web success cost=0 deliveries=0 margin=0 revenue=0 steps_run=1
    "#]]
    .assert_eq(&chain(&house, &lead_of(&answer)).await);
    assert_eq!(house.parties.seen(), []);
    house.close().await;
}

/// The reason in the clear names the status; what rules and templates see of the reply is `Server error`.
#[tokio::test]
async fn row_09_a_5xx_is_an_error_and_a_404_with_the_term_is_a_success() {
    let shown = "    - { id: told, kind: filter, require: { field: premier.reason, op: is not equal to, value: Server error }, reason: The server failed }\n";
    let own = flow(
        "email: email",
        "",
        &format!("{}{shown}", premier("outcome: { path: status, term: accepted }, reason: { path: why }")),
    );
    let (_, house) =
        house(&own, r#"buyer_premier: 500 {"status":"accepted"} | 404 {"status":"accepted"}"#).await;
    let failed = lead_of(&post(&house, r#"{"email":"ann@example.com"}"#).await);
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=0
        3 recipient.attempted premier buyer_premier attempt=1 delivery=1
        4 recipient.error premier buyer_premier error "Buyer error: HTTP 500" status attempt=1 delivery=1 error_kind=status response_code=500
        5 filter.failed told failure "The server failed" criteria
        6 flow.completed src_web failure "The server failed" criteria cost=0 deliveries=0 margin=0 revenue=0 steps_run=2
    "#]].assert_eq(&chain(&house, &failed).await);
    let taken = lead_of(&post(&house, r#"{"email":"bo@example.com"}"#).await);
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=0
        3 recipient.attempted premier buyer_premier attempt=1 delivery=1
        4 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=25 response_code=404
        5 filter.passed told success
        6 flow.completed src_web success cost=0 deliveries=1 margin=25 revenue=25 steps_run=2
    "#]]
    .assert_eq(&chain(&house, &taken).await);
    house.close().await;
}

#[tokio::test]
async fn row_10_several_reasons_are_sorted_with_commas_between() {
    let own = flow(
        "email: email",
        "",
        &premier("outcome: { path: status, term: accepted }, reason: { path: \"errors.*.message\" }"),
    );
    let errors = r#"[{"message":"State not accepted"},{"message":" Duplicate lead "},{"message":""},{"message":"Age not accepted"}]"#;
    let (_, house) =
        house(&own, &format!(r#"buyer_premier: 200 {{"status":"rejected","errors":{errors}}}"#)).await;
    let lead_id = lead_of(&post(&house, r#"{"email":"ann@example.com"}"#).await);
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=0
        3 recipient.attempted premier buyer_premier attempt=1 delivery=1
        4 recipient.failed premier buyer_premier failure "Age not accepted, Duplicate lead, State not accepted" duplicate asked=true attempt=1 delivery=1 response_code=200
        5 flow.completed src_web success cost=0 deliveries=0 margin=0 revenue=0 steps_run=1
    "#]].assert_eq(&chain(&house, &lead_id).await);
    house.close().await;
}

/// On several threads, again and again: whoever comes second finds the other's claim, whether or not that has ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn row_11_of_two_identical_leads_at_once_exactly_one_is_accepted() {
    let own = flow("email: email", "", &premier("reason: { path: why }")).replace(
        "  sources:",
        "  duplicates: [ { name: Same address, key: \"{{lead.email}}\", window: 30d } ]\n  sources:",
    );
    let (_, house) = house(&own, "buyer_premier: 200").await;
    let router = house.router();
    let mut stories = BTreeSet::new();
    for pair in 0..40 {
        let send = || {
            let request = Request::post(SUBMIT)
                .header("authorization", format!("Bearer {}", house.admin))
                .header("content-type", "application/json")
                .body(Body::from(format!(r#"{{"email":"ann{pair}@example.com"}}"#)))
                .unwrap();
            tokio::spawn(router.clone().oneshot(request))
        };
        let mut ids = Vec::new();
        for sent in [send(), send()] {
            let body = to_bytes(sent.await.unwrap().unwrap().into_body(), usize::MAX).await.unwrap();
            let answer: Value = serde_json::from_slice(&body).unwrap();
            ids.push(answer["lead"]["id"].as_str().unwrap().to_owned());
        }
        let mut chains = Vec::new();
        for (id, other) in [(&ids[0], &ids[1]), (&ids[1], &ids[0])] {
            chains.push(chain(&house, id).await.replace(other.as_str(), "the other"));
        }
        chains.sort();
        stories.insert(chains.join("--\n"));
    }
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=0
        3 recipient.attempted premier buyer_premier attempt=1 delivery=1
        4 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=25 response_code=200
        5 flow.completed src_web success cost=0 deliveries=1 margin=25 revenue=25 steps_run=1
        --
        1 source.submitted src_web
        2 source.rejected src_web failure "Duplicate: Previously submitted 2024-01-15" duplicate duplicate_of=the other
        3 flow.completed src_web failure "Duplicate: Previously submitted 2024-01-15" duplicate cost=0 deliveries=0 margin=0 revenue=0 steps_run=0
    "#]].assert_eq(&stories.into_iter().collect::<Vec<_>>().join("or\n"));
    assert_eq!(house.parties.seen().len(), 40);
    house.close().await;
}

/// Read page by page, from both ends, while a lead comes in before each page.
#[tokio::test]
async fn row_13_paging_beside_inserts_neither_repeats_nor_skips() {
    let (_, house) = house(support::FLOW, "").await;
    let mut leads = 0..;
    let mut submit = async || {
        let json = format!(r#"{{"email":"ann{}@example.com","state":"TX"}}"#, leads.next().unwrap());
        lead_of(&post(&house, &json).await)
    };
    let first = submit().await;
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success dims=(lead.state=TX) price=0
        3 filter.passed in_area success dims=(lead.state=TX)
        4 flow.completed src_web success cost=0 deliveries=0 dims=(lead.state=TX) margin=0 revenue=0 steps_run=1
    "#]].assert_eq(&chain(&house, &first).await);
    for _ in 0..9 {
        submit().await;
    }
    // Newest first ends with what was there at its first page; oldest first goes on to what came in meanwhile.
    for (sort, pages) in [("-seq", usize::MAX), ("seq", 20)] {
        let (mut read, mut next) = (Vec::new(), Some(format!("/events?sort={sort}&limit=3")));
        for page in 0.. {
            let Some(target) = next else { break };
            if page < pages {
                submit().await;
            }
            let page = house.get(&target).await;
            read.extend(seqs(&page));
            next = page["next"].as_str().map(str::to_owned);
        }
        let mut wanted: Vec<u64> = (0..=read.iter().copied().max().unwrap()).collect();
        if sort == "-seq" {
            wanted.reverse();
        } else {
            assert_eq!(wanted, seqs(&house.get("/events?sort=seq&limit=1000").await));
        }
        assert_eq!(read, wanted, "{sort}");
    }
    house.close().await;
}

fn seqs(page: &Value) -> Vec<u64> {
    page["data"].as_array().unwrap().iter().map(|event| event["seq"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn row_14_a_return_after_its_time_is_a_failure_that_takes_nothing_back() {
    let own = flow(
        "email: email",
        ", price: { fixed: 10 }",
        &format!("{}      feedback: {{ returns: 7d }}\n", premier("reason: { path: why }")),
    );
    let (clock, house) = house(&own, "buyer_premier: 200").await;
    let lead_id = lead_of(&post(&house, r#"{"email":"ann@example.com"}"#).await);
    clock.advance(8 * DAY);
    let answer = report(&house, &lead_id, "buyer_premier", r#"{"type":"return"}"#).await;
    expect![[r#"
        201 Created
        content-type: application/json
        {"outcome":"failure","status":"declined","reason":"Must be returned within 7 days","reason_code":"feedback_refused","feedback_id":"evt_…","lead":{"id":"lead_…"}}"#]].assert_eq(&answer.told());
    let told = chain(&house, &lead_id).await;
    expect![[r#"
        1 source.submitted src_web
        2 source.accepted src_web success price=10
        3 recipient.attempted premier buyer_premier attempt=1 delivery=1
        4 recipient.delivered premier buyer_premier success attempt=1 delivery=1 price=25 response_code=200
        5 flow.completed src_web success cost=10 deliveries=1 margin=15 revenue=25 steps_run=1
        6 feedback.received buyer_premier success feedback=(type=return) of=4
        7 feedback.processed buyer_premier failure "Must be returned within 7 days" feedback_refused feedback=(type=return) follows=6 of=4
    "#]].assert_eq(&told);
    assert!(!told.contains("=-"), "no amount is negative: {told}");
    let lead = house.get(&format!("/leads/{lead_id}")).await;
    assert_eq!((&lead["revenue"], &lead["cost"], &lead["margin"]), (&json!(25), &json!(10), &json!(15)));
    house.close().await;
}
