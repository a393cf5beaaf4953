//! Sensitive values: steps and retries work with them, nothing recorded holds them, and soon nobody
//! can read them any more.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use domain::{EventKind, LeadId, Timestamp, Value};
use engine::{Barrier, Barriers, Submission, Submitted};
use expect_test::{Expect, expect};
use ledger::Sensitive;
use wire::flow_file::FlowFile;

use crate::support::{House, start};

const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form A }
  src_mapped: { kind: source, name: Old Form }
  svc_echo: { kind: service, name: Echo }
  buyer_premier: { kind: buyer, name: Premier Leads }
  buyer_plain: { kind: buyer, name: Plain Leads }
flow:
  id: flow_loans
  name: Loans
  fields:
    first_name: first_name
    comments: string
    ssn: ssn
    dob: dob
    password: credential
    card: credit_card
  sources:
    - { entity: src_web, key_required: false }
    - entity: src_mapped
      key_required: false
      map:
        - { to: ssn, value: "{{area}}-{{group}}-{{serial}}" }
        - { to: password, value: "{{word}}" }
        - { to: dob, value: "{{month}}/{{day}}/{{year}}" }
        - { to: card, value: "{{pan}}" }
  steps:
    - id: echo
      kind: enhancement
      entity: svc_echo
      integration: custom_query
      request: { url: "https://echo.example.com/v1", parameters: { who: "{{lead.ssn}}", born: "{{lead.dob}}" } }
      response: { outcome: { path: status, term: ok } }
    - id: adult
      kind: filter
      require:
        all:
          - { field: lead.dob.age, op: is greater than, value: 18 }
          - { field: lead.ssn.last_four, op: is equal to, value: "9999" }
          - { field: lead.ssn, op: format is valid }
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request:
        url: https://crm.example.com/leads
        headers: { x-password: "{{lead.password}}" }
        fields:
          name: "{{lead.first_name}}"
          ssn: "{{lead.ssn}}"
          born: "{{lead.dob}}"
          card: "{{lead.card}}"
          said: "{{lead.comments}}"
          echo: "{{echo.note}}"
      response: { outcome: { path: status, term: accepted }, reason: { path: why } }
      price: { fixed: 10 }
      retry: { attempts: 4, backoff: [ 10s ] }
    - id: plain
      kind: recipient
      entity: buyer_plain
      integration: custom_form
      request: { url: "https://plain.example.com/post", fields: { name: "{{lead.first_name}}" } }
      price: { fixed: 5 }
      retry: { attempts: 4, backoff: [ 10s ] }
"#;

const ANN: [(&str, &str); 6] = [
    ("first_name", "Zebulon"),
    ("comments", "I am 219-09-9999, his is 123-45-6789"),
    ("ssn", "219-09-9999"),
    ("dob", "1/5/1976"),
    ("password", "blue whale/7"),
    ("card", "4111 1111 1111 1111"),
];

const MAPPED: [(&str, &str); 9] = [
    ("first_name", "Zebulon"),
    ("comments", "I am 219 09 9999, his is 123-45-6789"),
    ("area", "219"),
    ("group", "09"),
    ("serial", "9999"),
    ("word", "blue whale/7"),
    ("month", "1"),
    ("day", "5"),
    ("year", "1976"),
];

const SCRIPT: &str = r#"
    svc_echo: 200 {"status":"ok","note":"219.09.9999 born January 5, 1976","number":219099999,"card":"4111-1111-1111-1111"}
    buyer_premier: 503 {"why":"Try again, 219 09 9999"} | 200 {"status":"no","why":"Duplicate 219-09-9999 blue+whale%2F7"}
    buyer_plain: 503 | 200
"#;

/// What must never be found, as digits or as text in lower case.
const NEVER_DIGITS: [&str; 3] = ["219099999", "4111111111111111", "123456789"];
const NEVER_TEXT: [&str; 6] =
    ["blue whale", "blue+whale", "blue%20whale", "1976-01-05", "1/5/1976", "january 5"];

fn form(parameters: &[(&str, &str)]) -> Vec<u8> {
    let mut body = url::form_urlencoded::Serializer::new(String::new());
    body.extend_pairs(parameters);
    let body = body.finish();
    format!("POST /submit?{body} HTTP/1.1\r\ncontent-type: application/x-www-form-urlencoded\r\n\r\n{body}")
        .into_bytes()
}

fn json(parameters: &[(&str, &str)]) -> Vec<u8> {
    let escaped =
        |text: &str| -> String { text.encode_utf16().map(|unit| format!("\\u{unit:04x}")).collect() };
    let members: Vec<String> = parameters
        .iter()
        .map(|(name, value)| format!("\"{name}\": \"{value}\", \"{name}_\": \"{}\"", escaped(value)))
        .collect();
    format!("POST /submit HTTP/1.1\r\ncontent-type: application/json\r\n\r\n{{{}}}", members.join(", "))
        .into_bytes()
}

fn submission(house: &House, source: &str, parameters: &[(&str, &str)], request: Vec<u8>) -> Submission {
    Submission { request: Arc::from(request), ..house.submission("flow_loans", source, parameters) }
}

async fn house(barriers: Barriers) -> House {
    let house = House::without(tempfile::tempdir().unwrap(), start(), SCRIPT, barriers);
    house.control.publish_flow("system", &FlowFile::read(FLOW).unwrap()).await.unwrap();
    house
}

async fn submit(house: &House) -> Submitted {
    house.engine.submit(submission(house, "src_web", &ANN, form(&ANN))).await.unwrap()
}

/// Everything that can be read with the keys of the installation: headers, opened bodies, and all files
/// as they are.
fn everything(house: &House) -> Vec<(String, String)> {
    let reader = house.leads.reader();
    let mut texts = Vec::new();
    for seq in 0..reader.next_seq() {
        let record = reader.record(seq).unwrap().unwrap();
        let header = String::from_utf8(record.header.clone()).unwrap();
        let body = String::from_utf8(record.body.bytes().unwrap_or_default().to_vec()).unwrap();
        texts.push((format!("header of {seq}"), header));
        texts.push((format!("body of {seq}"), body));
    }
    add_files(house.directory.path(), &mut texts);
    texts
}

fn add_files(directory: &Path, texts: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            add_files(&path, texts);
        } else {
            let bytes = std::fs::read(&path).unwrap();
            let text = bytes.iter().map(|byte| char::from(*byte)).filter(|letter| *letter != '\0').collect();
            texts.push((path.display().to_string(), text));
        }
    }
}

/// Where sensitive values are found. Digits are looked for with whatever stands between them, in the text
/// as it is and with the escapes of addresses and of JSON undone.
fn leaks(texts: &[(String, String)]) -> Vec<String> {
    let mut found = Vec::new();
    for (name, text) in texts {
        let undone = text.replace("\\\\", "\\");
        let forms = [text.clone(), unescaped(&undone), unescaped(&undone.replace('%', "\\u00"))];
        for form in forms {
            // Of a file that is sealed or encrypted only whole runs count; elsewhere marks are left out.
            let digits: String =
                form.chars().filter(|letter| !matches!(letter, '-' | ' ' | '.' | '/' | '+' | '_')).collect();
            found.extend(
                NEVER_DIGITS
                    .iter()
                    .filter(|never| digits.contains(**never))
                    .map(|never| format!("{name}: {never}")),
            );
            let form = form.to_lowercase();
            found.extend(
                NEVER_TEXT
                    .iter()
                    .filter(|never| form.contains(**never))
                    .map(|never| format!("{name}: {never}")),
            );
        }
    }
    found.sort();
    found.dedup();
    found
}

/// `\u0031` undone.
fn unescaped(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find("\\u") {
        out.push_str(&rest[..at]);
        let letter = rest.get(at + 2..at + 6).and_then(|hex| u32::from_str_radix(hex, 16).ok());
        match letter.and_then(char::from_u32) {
            Some(letter) => {
                out.push(letter);
                rest = &rest[at + 6..];
            }
            None => {
                out.push_str("\\u");
                rest = &rest[at + 2..];
            }
        }
    }
    out + rest
}

fn holds(texts: &[(String, String)], wanted: &str) -> bool {
    texts.iter().any(|(name, text)| name.starts_with("body") && text.contains(wanted))
}

#[tokio::test]
async fn steps_work_with_what_no_record_holds() {
    let house = house(Barriers::ALL).await;
    submit(&house).await;
    house.engine.submit(submission(&house, "src_web", &ANN, json(&ANN))).await.unwrap();
    let mut mapped = MAPPED.to_vec();
    mapped.push(("pan", "4111-1111-1111-1111"));
    let by_name =
        house.engine.submit(submission(&house, "src_mapped", &mapped, form(&mapped))).await.unwrap();
    house.retry_all().await;
    house.engine.forget_values().unwrap();

    for (party, request) in house.parties.seen() {
        let text = format!("{} {}", request.url, String::from_utf8_lossy(&request.body));
        let wanted = if party.as_str() == "buyer_plain" { "Zebulon" } else { "219099999" };
        assert!(text.contains(wanted), "{party} works with the clear value: {text}");
    }
    let texts = everything(&house);
    assert_eq!(leaks(&texts), Vec::<String>::new());
    assert!(holds(&texts, "Zebulon"), "the search opens bodies");
    let events = house.events(by_name.lead_id);
    let raw = &events[0].body.lead;
    for (path, stars) in
        [("area", "***"), ("group", "**"), ("serial", "****"), ("word", "************"), ("year", "****")]
    {
        assert_eq!(raw.get(path), Some(&Value::text(stars)), "{path}");
    }
    house.close();
}

/// What a buyer is sent, and never what is recorded of it: parts, digests and other forms that no search
/// of a text could know.
#[tokio::test]
async fn no_helper_carries_a_part_of_a_value_into_a_record() {
    let house = house(Barriers::ALL).await;
    let flow = FLOW.replace(
        "          echo: \"{{echo.note}}\"\n",
        "          last: \"{{lead.ssn.last_four}}\"\n          digest: \"{{md5 lead.ssn}}\"\n          \
         word: \"{{uppercase lead.password}}\"\n          day: '{{format lead.dob format=\"YYMMDD\"}}'\n",
    );
    house.control.publish_flow("system", &FlowFile::read(&flow).unwrap()).await.unwrap();
    submit(&house).await;
    let texts = everything(&house);
    let (_, sent) = sent_to(&house, "buyer_premier").remove(0);
    for wanted in [
        r#""last":"9999""#,
        r#""digest":"db1f08a02ae61b3fa13a1999d26c5d3f""#,
        "BLUE WHALE/7",
        r#""day":"760105""#,
    ] {
        assert!(sent.contains(wanted), "{wanted} is sent: {sent}");
        let (_, value) = wanted.rsplit_once(':').unwrap_or(("", wanted));
        let value = value.trim_matches('"');
        assert!(!holds(&texts, value), "{value} is recorded");
    }
    assert!(holds(&texts, r#"\"last\":\"****\""#), "the rest of the request is");
    house.close();
}

const PARTS: &str = r#"{ first: "{{lead.ssn.first_three}}", mid: "{{lead.ssn.middle_two}}", last: "{{lead.ssn.last_four}}", h: "{{md5 lead.ssn}}", pan: "{{substring lead.card start=1 end=8}}", who: "{{lead.first_name}}", raw: "{{lead.ssn.raw}}" } }"#;

/// A service repeats what it was sent, a buyer gets that from the flow and repeats it once more. Parts and
/// digests were recorded in the replies, in what they appended, in reasons and in what rules saw.
#[tokio::test]
async fn parts_and_digests_that_a_reply_repeats_are_recorded_with_stars() {
    const MD5: &str = "db1f08a02ae61b3fa13a1999d26c5d3f";
    let script = format!(
        r#"svc_echo: 200 {{"status":"ok","note":"/v1?first=219&mid=09&last=9999&h={MD5}&who=Zebulon","mid":"09","last":"9999","code":219,"h":"{MD5}","pan":"41111111","n":"09","port":9998}}
           buyer_premier: 503 {{"why":"Try 9999 again"}} | 200 {{"status":"no","why":"Seen xxx-xx-9999, {MD5}"}}"#
    );
    let parameters = r#"{ who: "{{lead.ssn}}", born: "{{lead.dob}}" } }"#;
    let flow = FLOW.replace(parameters, PARTS).replace(
        "        all:\n",
        "        all:\n          - { field: echo.last, op: is equal to, value: \"9999\" }\n",
    );
    let first = House::without(tempfile::tempdir().unwrap(), start(), &script, Barriers::ALL);
    first.control.publish_flow("system", &FlowFile::read(&flow).unwrap()).await.unwrap();
    let lead_id = submit(&first).await.lead_id;
    let (_, sent) = sent_to(&first, "buyer_premier").remove(0);
    assert!(sent.contains("last=9999&h=db1f"), "the buyer gets what the service said: {sent}");

    // What was masked before a restart is masked after it.
    let again = format!("buyer_premier: 200 {{\"status\":\"no\",\"why\":\"Seen xxx-xx-9999, {MD5}\"}}");
    let second = House::open(first.close(), start().plus_millis(60_000), &again);
    second.engine.resume().await.unwrap();
    second.retry_all().await;
    let texts = everything(&second);
    for part in [MD5, "=219&", "mid=09", "9999", "41111111", "\"code\":219", "code\\\":219"] {
        let found = texts.iter().find(|(name, text)| name.starts_with("body") && text.contains(part));
        assert_eq!(found, None, "{part} is recorded");
    }
    assert_eq!(leaks(&texts), Vec::<String>::new());
    let events = second.events(lead_id);
    let mut told =
        second.chain(lead_id).lines().filter(|line| line.contains("failed")).collect::<Vec<_>>().join("\n");
    for path in ["note", "mid", "last", "code", "h", "pan", "n", "port"] {
        let value = events.last().unwrap().body.lead.get(&format!("appended.echo.{path}")).cloned();
        told.push_str(&format!("\n{path} = {value:?}"));
    }
    told.push('\n');
    expect![[r#"
        recipient.failed     premier attempt 2 (declined: Seen … ********************************)
        note = Some(Scalar(Text("/v1?first=***&mid=**&last=****&h=********************************&who=Zebulon")))
        mid = Some(Scalar(Text("**")))
        last = Some(Scalar(Text("****")))
        code = Some(Scalar(Text("***")))
        h = Some(Scalar(Text("********************************")))
        pan = Some(Scalar(Text("********")))
        n = Some(Scalar(Text("09")))
        port = Some(Scalar(Number(9998)))
    "#]].assert_eq(&told);
    second.close();
}

#[tokio::test]
async fn without_masking_the_same_search_finds_them() {
    let house = house(Barriers::without(Barrier::Masking)).await;
    submit(&house).await;
    house.retry_all().await;
    let found = leaks(&everything(&house));
    for never in
        NEVER_DIGITS.iter().chain(&["blue whale", "blue+whale", "1976-01-05", "1/5/1976", "january 5"])
    {
        assert!(found.iter().any(|found| found.ends_with(*never)), "{never}: {found:?}");
    }
    house.close();
}

/// What a service or a buyer may make of a value before it repeats it.
#[tokio::test]
async fn what_a_reply_repeats_in_disguise_is_recorded_with_stars() {
    let disguised = [
        "db1f08a02ae61b3fa13a1999d26c5d3f",
        "999990912",
        "323139303939393939",
        "MjE5MDk5OTk5",
        "35c50b6cc5d1bd7b2fa2ee3f3a4e4cb1d3ba4a5a",
    ];
    let [md5, backwards, hex, base64, stranger] = disguised;
    let script = format!(
        r#"svc_echo: 200 {{"status":"ok","md5":"{md5}","back":"{backwards}","hex":"{hex}","code":"{base64}","id":"{stranger}"}}
           buyer_premier: 200 {{"status":"no","why":"Seen {md5}"}}"#
    );
    let house = House::without(tempfile::tempdir().unwrap(), start(), &script, Barriers::ALL);
    house.control.publish_flow("system", &FlowFile::read(FLOW).unwrap()).await.unwrap();
    let submitted = submit(&house).await;
    let texts = everything(&house);
    for disguise in [md5, backwards, hex, base64] {
        assert!(!holds(&texts, disguise), "{disguise} is recorded");
    }
    assert!(holds(&texts, stranger), "what is not the lead's own stays");
    let events = house.events(submitted.lead_id);
    let lead = &events.last().unwrap().body.lead;
    assert_eq!(lead.get("appended.echo.md5"), Some(&Value::text("*".repeat(md5.len()))));
    house.close();
}

fn told(house: &House, lead_id: LeadId) -> String {
    let mut told = house.chain(lead_id);
    for event in house.events(lead_id) {
        let interesting = ["ssn", "ssn.last_four", "dob", "dob.age", "card", "password", "comments"];
        let appended = ["appended.echo.note", "appended.echo.number", "appended.premier.reason"];
        if matches!(event.kind, EventKind::FlowCompleted(_)) {
            for path in interesting.into_iter().chain(appended) {
                if let Some(value) = event.body.lead.get(path) {
                    told.push_str(&format!("{path} = {value:?}\n"));
                }
            }
        }
        if let Some(rules) = &event.body.rules {
            told.extend(rules.rules.iter().map(|rule| format!("{} ({:?})\n", rule.rule, rule.actual)));
        }
        told.extend(event.body.reason_raw.iter().map(|words| format!("said: {words}\n")));
    }
    told
}

async fn check(expected: Expect) {
    let house = house(Barriers::ALL).await;
    let submitted = submit(&house).await;
    house.retry_all().await;
    expected.assert_eq(&told(&house, submitted.lead_id));
    house.close();
}

#[tokio::test]
async fn what_is_recorded_has_stars() {
    check(expect![[r#"
        source.submitted
        source.accepted      price 0
        enhancement.success  echo http 200
        filter.passed        adult
        recipient.attempted  premier attempt 1
        recipient.error      premier attempt 1 status (status: Buyer error: HTTP 503)
        retry.scheduled      premier attempt 2 in about 10 s
        recipient.attempted  plain attempt 1
        recipient.error      plain attempt 1 status (status: Buyer error: HTTP 503)
        retry.scheduled      plain attempt 2 in about 11 s
        flow.completed       success, 4 steps, 0 sold, cost 0 revenue 0 margin 0
        retry.attempted      premier attempt 2
        recipient.attempted  premier attempt 2
        recipient.failed     premier attempt 2 (duplicate: Duplicate *********** ************)
        retry.attempted      plain attempt 2
        recipient.attempted  plain attempt 2
        recipient.delivered  plain attempt 2 price 5
        dob.age is greater than 18 (Text("**"))
        ssn.last_four is equal to the given value (Text("****"))
        ssn format is valid (Text("*********"))
        said: Server error
        said: Server error
        ssn = Scalar(Text("*********"))
        ssn.last_four = Scalar(Text("****"))
        dob = Scalar(Text("**/**/1976"))
        dob.age = Scalar(Number(48))
        card = Scalar(Text("****************"))
        password = Scalar(Text("************"))
        comments = Scalar(Text("I am ***********, his is ***********"))
        appended.echo.note = Scalar(Text("*********** born ***************"))
        appended.echo.number = Scalar(Text("*********"))
        appended.premier.reason = Scalar(Text("Server error"))
        said: Duplicate *********** ************
    "#]])
    .await;
}

fn sent_to(house: &House, party: &str) -> Vec<(String, String)> {
    let seen = house.parties.seen().into_iter().filter(|(own, _)| own.as_str() == party);
    seen.map(|(_, request)| {
        let headers = format!("{:?}", request.headers);
        (headers, format!("{} {}", request.url, String::from_utf8_lossy(&request.body)))
    })
    .collect()
}

/// Submits, closes before the retries, and opens again `later`.
async fn restarted(later: Duration) -> (House, LeadId, Vec<(String, String)>) {
    let first = house(Barriers::ALL).await;
    let submitted = submit(&first).await;
    first.engine.forget_values().unwrap();
    let sent = sent_to(&first, "buyer_premier");
    let now: Timestamp = start().plus_millis(i64::try_from(later.as_millis()).unwrap());
    let second =
        House::open(first.close(), now, "buyer_premier: 200 {\"status\":\"accepted\"}\nbuyer_plain: 200");
    second.engine.resume().await.unwrap();
    (second, submitted.lead_id, sent)
}

#[tokio::test]
async fn a_retry_after_a_restart_still_sends_them() {
    let (house, lead_id, sent) = restarted(Duration::from_secs(60)).await;
    assert_eq!(house.engine.sensitive_leads(), 1, "they are kept for the retry");
    house.retry_all().await;
    assert_eq!(sent_to(&house, "buyer_premier"), sent, "the same request, headers included");
    assert!(sent[0].0.contains("blue whale/7") && sent[0].1.contains("219099999"), "{sent:?}");
    assert!(sent[0].1.contains("219.09.9999 born"), "what a service repeated is sent as well");
    assert!(house.chain(lead_id).contains("recipient.delivered  premier attempt 2"));
    house.until_durable(lead_id).await;
    assert_eq!(house.engine.forget_values().unwrap(), 1);
    assert_eq!(leaks(&everything(&house)), Vec::<String>::new());
    house.close();
}

#[tokio::test]
async fn after_72_hours_no_retry_can_send_them() {
    let (house, lead_id, _) = restarted(Duration::from_secs(72 * 3600)).await;
    assert_eq!(house.engine.sensitive_leads(), 0, "their key is destroyed at the start");
    house.retry_all().await;
    assert_eq!(sent_to(&house, "buyer_premier"), []);
    assert_eq!(sent_to(&house, "buyer_plain").len(), 1, "who gets none of them is asked");
    let chain = house.chain(lead_id);
    assert!(
        chain.contains("recipient.skipped    premier (request: Sensitive values are no longer kept)"),
        "{chain}"
    );
    assert!(chain.contains("recipient.delivered  plain attempt 2"), "{chain}");
    let again = House::open(house.close(), start(), "");
    assert_eq!(again.leads.sensitive_slots(), [], "the slot is erased on disk");
    again.close();
}

#[tokio::test]
async fn just_before_72_hours_a_retry_can() {
    let (house, ..) = restarted(Duration::from_secs(72 * 3600 - 1)).await;
    house.retry_all().await;
    assert_eq!(sent_to(&house, "buyer_premier").len(), 1);
    house.close();
}

#[tokio::test]
async fn once_a_lead_has_ended_they_open_no_more() {
    let house = house(Barriers::ALL).await;
    let submitted = submit(&house).await;
    let reader = house.leads.reader();
    let first = reader.chain(submitted.lead_id)[0];
    assert_eq!(house.engine.forget_values().unwrap(), 0, "retries wait");
    let Sensitive::Open(values) = reader.sensitive(first).unwrap() else { panic!("they are kept") };
    assert!(String::from_utf8(values).unwrap().contains(r#"["lead.ssn","219-09-9999"]"#));
    house.retry_all().await;
    house.until_durable(submitted.lead_id).await;
    assert_eq!(house.engine.forget_values().unwrap(), 1);
    for seq in reader.chain(submitted.lead_id) {
        assert!(!matches!(reader.sensitive(seq).unwrap(), Sensitive::Open(_)), "record {seq}");
    }
    assert_eq!(reader.sensitive(first).unwrap(), Sensitive::Destroyed);
    house.close();
}

#[tokio::test]
async fn a_crash_before_they_are_destroyed_is_made_up_for_by_the_start() {
    let first = house(Barriers::ALL).await;
    let submitted = submit(&first).await;
    first.retry_all().await;
    let second = House::open(first.close(), start(), "");
    assert_eq!(second.leads.sensitive_slots().len(), 1, "the lead ended, its values are still kept");
    second.engine.resume().await.unwrap();
    let seq = second.leads.reader().chain(submitted.lead_id)[0];
    assert_eq!(second.leads.reader().sensitive(seq).unwrap(), Sensitive::Destroyed);
    let third = House::open(second.close(), start(), "");
    assert_eq!(third.leads.sensitive_slots(), []);
    third.close();
}

/// A slot is erased by a write of its own, which a loss of power may tear: the key is gone, and what is left of it is
/// no reason not to start.
#[tokio::test]
async fn a_start_destroys_what_a_torn_destruction_left() {
    let first = house(Barriers::ALL).await;
    let submitted = submit(&first).await;
    let directory = first.close();
    let second = House::open(directory, start(), "");
    let [kept] = second.leads.sensitive_slots() else { panic!("the values are kept for a retry") };
    let at = usize::try_from(kept.slot).unwrap() * 64;
    let directory = second.close();
    let path = directory.path().join("leads/vault");
    let mut vault = std::fs::read(&path).unwrap();
    vault[at + 20..at + 40].fill(0);
    std::fs::write(&path, vault).unwrap();
    let third = House::open(directory, start(), "");
    assert_eq!(third.leads.sensitive_slots(), []);
    third.engine.resume().await.unwrap();
    third.retry_all().await;
    let seq = third.leads.reader().chain(submitted.lead_id)[0];
    assert_eq!(third.leads.reader().sensitive(seq).unwrap(), Sensitive::Destroyed);
    let chain = third.chain(submitted.lead_id);
    assert!(chain.contains("premier (request: Sensitive values are no longer kept)"), "{chain}");
    third.close();
}

/// Keeps retrying as a server does while `then` runs. Tokio's clock is paused: it moves on when all wait.
async fn while_retrying(house: &House, then: impl AsyncFnOnce()) {
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let engine = house.engine.clone();
    let retrying = tokio::spawn(async move { engine.keep_retrying(async { drop(stopped.await) }).await });
    looked().await;
    then().await;
    drop(stop);
    retrying.await.unwrap();
}

/// Longer than an engine waits before it looks at its clock again.
async fn looked() {
    tokio::time::sleep(Duration::from_secs(11)).await;
}

/// Waits for the thread of the ledger, which the paused clock does not know of, until no lead has values.
async fn destroyed(house: &House) {
    let until = std::time::Instant::now() + Duration::from_secs(60);
    while house.engine.sensitive_leads() > 0 {
        assert!(std::time::Instant::now() < until, "they are not destroyed");
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_destroys_them_twenty_seconds_after_it_last_did() {
    let house = house(Barriers::ALL).await;
    let submitted = submit(&house).await;
    house.retry_all().await;
    let first = house.leads.reader().chain(submitted.lead_id)[0];
    while_retrying(&house, async || {
        house.advance(Duration::from_millis(19_999));
        looked().await;
        assert_eq!(house.engine.sensitive_leads(), 1);
        house.advance(Duration::from_millis(1));
        looked().await;
        destroyed(&house).await;
        assert_eq!(house.leads.reader().sensitive(first).unwrap(), Sensitive::Destroyed);
    })
    .await;
    house.close();
}

#[tokio::test(start_paused = true)]
async fn a_server_destroys_them_after_72_hours_though_a_retry_waits() {
    let house = house(Barriers::ALL).await;
    let flow = FlowFile::read(&FLOW.replace("backoff: [ 10s ]", "backoff: [ 7d ]")).unwrap();
    house.control.publish_flow("system", &flow).await.unwrap();
    let submitted = submit(&house).await;
    while_retrying(&house, async || {
        house.advance(Duration::from_secs(72 * 3600 - 1));
        looked().await;
        assert_eq!(house.engine.sensitive_leads(), 1, "the last look was a second early");
        house.advance(Duration::from_secs(20));
        looked().await;
        destroyed(&house).await;
    })
    .await;
    assert!(house.engine.retries_waiting() > 0);
    house.retry_all().await;
    assert_eq!(sent_to(&house, "buyer_premier").len(), 1, "the first attempt alone");
    assert!(house.chain(submitted.lead_id).contains("recipient.skipped    premier"));
    house.close();
}

#[tokio::test]
async fn a_lead_without_them_takes_no_slot() {
    // A service that says nothing sensitive either.
    let script = r#"svc_echo: 200 {"status":"ok"}"#;
    let house = House::without(tempfile::tempdir().unwrap(), start(), script, Barriers::ALL);
    house.control.publish_flow("system", &FlowFile::read(FLOW).unwrap()).await.unwrap();
    let plain = [("first_name", "Zebulon"), ("comments", "call 512-555-0143 at 5")];
    let submitted = house.engine.submit(submission(&house, "src_web", &plain, form(&plain))).await.unwrap();
    assert_eq!(house.engine.sensitive_leads(), 0);
    let reader = house.leads.reader();
    for seq in reader.chain(submitted.lead_id) {
        assert_eq!(reader.sensitive(seq).unwrap(), Sensitive::None);
    }
    house.close();
}
