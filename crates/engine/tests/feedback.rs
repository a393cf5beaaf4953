//! What comes back of leads: reports of buyers, decisions on them, and what sources are told. Each is a script of
//! steps and the chain of events it gives.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::Arc;
use std::time::Duration;

use domain::{ChainId, EventId, EventKind, LeadId, LeadSummary};
use engine::{
    Asking, Call, Decision, Engine, EngineParts, FeedbackError, Parties, Report, ReportKind, Reported,
    Revoke, Sale, Verdict,
};
use expect_test::{Expect, expect};

use crate::support::{House, start};

/// Two buyers, of which the second comes after the first, and a source that is told.
const FLOW: &str = r#"
entities:
  src_web: { kind: source, name: Web Form A }
  buyer_premier: { kind: buyer, name: Premier Leads }
  buyer_shingle: { kind: buyer, name: Shingle Co }
flow:
  id: flow_roofs
  name: Roofs
  time_zone: America/Chicago
  fields: { email: { type: email, required: true } }
  price: { fixed: 10.00 }
  feedback: { returns: 7d, conversions: 90d }
  sources:
    - entity: src_web
      key_required: false
      SOURCE
  steps:
    - id: premier
      kind: recipient
      entity: buyer_premier
      integration: custom_json
      request: { url: "https://crm.example.com/leads", fields: { mail: "{{lead.email}}" } }
      response: { outcome: { path: status, term: accepted } }
      price: { fixed: 25.00 }
      PREMIER
    - id: shingle
      kind: recipient
      entity: buyer_shingle
      enabled: SHINGLE
      integration: custom_form
      request: { url: "https://buyer.example.com/post", fields: { mail: "{{lead.email}}" } }
      price: { fixed: 5.00 }
      feedback: { returns: 1d }
"#;

const TOLD: &str = r#"feedback:
        integration: custom_query
        request: { url: "https://partner.example.com/fb", parameters: { id: "{{lead.id}}", type: "{{feedback.type}}", why: "{{feedback.reason}}", refund: "{{feedback.refund}}" } }
        retry: { attempts: 3, backoff: [ 10s, 1m ] }"#;

/// A flow with this below its source and its first recipient; whether the second one is asked.
fn flow(source: &str, premier: &str, shingle: bool) -> String {
    FLOW.replace("SOURCE", source).replace("PREMIER", premier).replace("SHINGLE", &shingle.to_string())
}

const SELLS: &str = "buyer_premier: 200 {\"status\":\"accepted\"}\n buyer_shingle: 200";

fn report(lead_id: LeadId, buyer: &str, kind: ReportKind) -> Report {
    Report {
        sale: Sale::Lead { lead_id, entity_id: buyer.parse().unwrap() },
        kind,
        value: None,
        reason: None,
        days_to_convert: None,
        idempotency_key: None,
        request: Arc::from(b"POST /feedback HTTP/1.1".as_slice()),
        request_id: Some("req_2".into()),
    }
}

/// Plays a script on one lead, a step a line, and gives what was answered and the events that follow the first pass:
/// `return premier Wrong number`, `conversion premier sold`, `sold premier 9.50`, `not_sold premier`, `key K` before
/// a report, `wait 3d`, `due` (what is due is done), `approve N`, `decline N why` (of the Nth report), `revoke why`,
/// `restart`.
async fn play(flow: &str, answers: &str, script: &str) -> String {
    let mut house = House::new(flow, answers).await;
    let lead_id = house.submit(&[("email", "ann@example.com")]).await.lead_id;
    let mut told = String::new();
    let mut key = None;
    for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        let (first, words) = rest.split_once(' ').unwrap_or((rest, ""));
        let buyer = format!("buyer_{first}");
        let some = |words: &str| Some(words.to_owned()).filter(|words| !words.is_empty());
        let received = |house: &House, number: &str| -> EventId {
            let events = house.events(lead_id);
            let mut reports =
                events.iter().filter(|event| matches!(event.kind, EventKind::FeedbackReceived { .. }));
            reports.nth(number.parse::<usize>().unwrap() - 1).unwrap().head.id
        };
        let answered = match word {
            "return" => {
                let report = report(lead_id, &buyer, ReportKind::Return);
                answer(
                    house
                        .engine
                        .feedback(Report { reason: some(words), idempotency_key: key.take(), ..report })
                        .await,
                )
            }
            "conversion" => {
                let report = report(lead_id, &buyer, ReportKind::Conversion);
                answer(
                    house
                        .engine
                        .feedback(Report { value: some(words), idempotency_key: key.take(), ..report })
                        .await,
                )
            }
            "sold" => {
                let price = some(words).map(|price| price.parse().unwrap());
                answer(house.engine.feedback(report(lead_id, &buyer, ReportKind::Sold(price))).await)
            }
            "not_sold" => {
                let report = report(lead_id, &buyer, ReportKind::NotSold);
                answer(house.engine.feedback(Report { reason: some(words), ..report }).await)
            }
            "approve" | "decline" => {
                let verdict =
                    if word == "approve" { Verdict::Approve } else { Verdict::Decline(some(words)) };
                let decision = Decision {
                    feedback_id: received(&house, first),
                    verdict,
                    request: Arc::from(b"POST /feedback/evt/approve HTTP/1.1".as_slice()),
                    request_id: None,
                };
                answer(house.engine.decide(decision).await)
            }
            "revoke" => {
                let revoke = Revoke {
                    lead_id,
                    reason: some(rest),
                    request: Arc::from(b"POST /leads/x/revoke-consent HTTP/1.1".as_slice()),
                    request_id: None,
                };
                let revoked = house.engine.revoke_consent(revoke).await.unwrap();
                let buyer = |own: &engine::ToldBuyer| {
                    format!(" {} {}", own.entity_id, if own.by_flow { "is told" } else { "is not told" })
                };
                let buyers: String = revoked.buyers.iter().map(buyer).collect();
                format!("revoked{}{buyers}", if revoked.repeated { " before" } else { "" })
            }
            "key" => {
                key = Some(rest.to_owned());
                continue;
            }
            "wait" => {
                let days: u64 = rest.strip_suffix('d').unwrap().parse().unwrap();
                house.advance(Duration::from_secs(days * 24 * 3600));
                continue;
            }
            "due" => {
                house.retry_all().await;
                continue;
            }
            "restart" => {
                let now = engine::Clock::now(&*house.clock);
                house = House::open(house.close(), now, answers);
                house.engine.resume().await.unwrap();
                continue;
            }
            other => panic!("{other} is no step"),
        };
        told.push_str(&format!("{line}: {answered}\n"));
    }
    // What is queued is on the disk then.
    let now = engine::Clock::now(&*house.clock);
    let house = House::open(house.close(), now, answers);
    house.engine.resume().await.unwrap();
    let chain = house.chain(lead_id);
    let (_, after) = chain.split_once("flow.completed").unwrap();
    told.push_str("--\n");
    told.extend(after.lines().skip(1).map(|line| format!("{line}\n")));
    let events = house.events(lead_id);
    let summary = LeadSummary::of(events.iter().map(|event| (&event.head, &event.kind))).unwrap();
    told.push_str(&format!("{} cost {} revenue {}\n", summary.state(), summary.cost, summary.revenue));
    let waiting = house.engine.pending_reports().len();
    if waiting > 0 {
        told.push_str(&format!("{waiting} waiting\n"));
    }
    house.close();
    told
}

fn answer(result: Result<Reported, FeedbackError>) -> String {
    match result {
        Ok(Reported { status, reason, repeated, .. }) => {
            let reason = reason.map(|reason| format!(": {}", reason.text)).unwrap_or_default();
            format!("{}{}{reason}", status.as_str(), if repeated { " before" } else { "" })
        }
        Err(error) => format!("! {error}"),
    }
}

async fn check(flow: &str, answers: &str, script: &str, expected: Expect) {
    expected.assert_eq(&play(flow, answers, script).await);
}

#[tokio::test]
async fn a_conversion_is_told_and_a_return_takes_back_what_was_paid() {
    check(
        &flow("", "", false),
        SELLS,
        "wait 3d\n conversion premier sold\n return premier Wrong number",
        expect![[r#"
            conversion premier sold: accepted
            return premier Wrong number: accepted
            --
            feedback.received    buyer_premier conversion after 3 days value sold
            feedback.processed   buyer_premier takes back 0
            feedback.received    buyer_premier return reason Wrong number
            feedback.returned    buyer_premier return reason Wrong number
            feedback.processed   buyer_premier takes back 25 and 10 of the source
            returned cost 0 revenue 0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_late_report_is_recorded_and_refused() {
    check(
        &flow("", "", false),
        SELLS,
        "wait 8d\n return premier\n wait 90d\n conversion premier",
        expect![[r#"
        return premier: declined: Must be returned within 7 days
        conversion premier: declined: Must be reported within 90 days
        --
        feedback.received    buyer_premier return
        feedback.processed   buyer_premier (feedback_refused: Must be returned within 7 days)
        feedback.received    buyer_premier conversion after 98 days
        feedback.processed   buyer_premier (feedback_refused: Must be reported within 90 days)
        sold cost 10 revenue 25
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_recipient_stands_over_its_flow() {
    check(
        &flow("", "feedback: { returns: 30d, conversions: false }", true),
        SELLS,
        "wait 8d\n return premier\n conversion premier\n return shingle",
        expect![[r#"
            return premier: accepted
            conversion premier: declined: The lead was returned before
            return shingle: declined: Must be returned within 1 day
            --
            feedback.received    buyer_premier return
            feedback.returned    buyer_premier return
            feedback.processed   buyer_premier takes back 25
            feedback.received    buyer_premier conversion after 8 days
            feedback.processed   buyer_premier (feedback_refused: The lead was returned before)
            feedback.received    buyer_shingle return
            feedback.processed   buyer_shingle (feedback_refused: Must be returned within 1 day)
            sold cost 10 revenue 5
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_report_that_comes_again_changes_nothing_and_one_that_contradicts_it_is_refused() {
    check(
        &flow("", "", false),
        SELLS,
        "conversion premier sold
         conversion premier sold
         conversion premier upsold
         return premier Wrong number
         return premier Wrong number
         return premier Duplicate
         return premier Duplicate
         conversion premier again",
        expect![[r#"
            conversion premier sold: accepted
            conversion premier sold: accepted before
            conversion premier upsold: accepted
            return premier Wrong number: accepted
            return premier Wrong number: accepted before
            return premier Duplicate: declined: The lead was returned before
            return premier Duplicate: declined before: The lead was returned before
            conversion premier again: declined: The lead was returned before
            --
            feedback.received    buyer_premier conversion after 0 days value sold
            feedback.processed   buyer_premier takes back 0
            feedback.received    buyer_premier conversion after 0 days value …
            feedback.processed   buyer_premier takes back 0
            feedback.received    buyer_premier return reason Wrong number
            feedback.returned    buyer_premier return reason Wrong number
            feedback.processed   buyer_premier takes back 25 and 10 of the source
            feedback.received    buyer_premier return reason Duplicate
            feedback.processed   buyer_premier (feedback_refused: The lead was returned before)
            feedback.received    buyer_premier conversion after 0 days value again
            feedback.processed   buyer_premier (feedback_refused: The lead was returned before)
            returned cost 0 revenue 0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_key_makes_a_report_one_and_serves_no_other() {
    check(
        &flow("", "", false),
        SELLS,
        "key a\n conversion premier sold\n key a\n conversion premier sold\n key b\n conversion premier sold\n key a\n conversion premier upsold",
        expect![[r#"
            conversion premier sold: accepted
            conversion premier sold: accepted before
            conversion premier sold: accepted
            conversion premier upsold: ! the idempotency key came before with another report on this lead
            --
            feedback.received    buyer_premier conversion after 0 days value sold
            feedback.processed   buyer_premier takes back 0
            feedback.received    buyer_premier conversion after 0 days value sold
            feedback.processed   buyer_premier takes back 0
            converted cost 10 revenue 25
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_buyer_that_never_had_the_lead_reports_nothing() {
    let answers = "buyer_premier: 200 {\"status\":\"no\"}\n buyer_shingle: 200";
    check(
        &flow("", "", true),
        answers,
        "return premier\n conversion nobody",
        expect![[r#"
        return premier: ! the lead was not delivered to this buyer
        conversion nobody: ! the lead was not delivered to this buyer
        --
        sold cost 10 revenue 5
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_return_gives_one_of_the_reasons_that_are_allowed() {
    check(
        &flow("", "feedback: { reasons: [ Wrong number, Duplicate ] }", false),
        SELLS,
        "return premier\n return premier Ann was rude\n return premier WRONG number",
        expect![[r#"
            return premier: declined: A return needs one of the reasons Wrong number or Duplicate
            return premier Ann was rude: declined: A return needs one of the reasons Wrong number or Duplicate
            return premier WRONG number: accepted
            --
            feedback.received    buyer_premier return
            feedback.processed   buyer_premier (feedback_refused: A return needs one of the reasons Wrong number or Duplicate)
            feedback.received    buyer_premier return reason … was …
            feedback.processed   buyer_premier (feedback_refused: A return needs one of the reasons Wrong number or Duplicate)
            feedback.received    buyer_premier return reason Wrong number
            feedback.returned    buyer_premier return reason Wrong number
            feedback.processed   buyer_premier takes back 25 and 10 of the source
            returned cost 0 revenue 0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn reports_wait_for_a_decision_also_over_a_restart() {
    check(
        &flow("", "feedback: { approve: manual }", false),
        SELLS,
        "return premier Wrong number
         return premier Wrong number
         return premier Another reason
         restart
         approve 1
         approve 1
         decline 1 Too late",
        expect![[r#"
            return premier Wrong number: pending
            return premier Wrong number: pending before
            return premier Another reason: declined: A return of this lead waits for a decision
            approve 1: accepted
            approve 1: accepted before
            decline 1 Too late: ! the report was accepted before
            --
            feedback.received    buyer_premier return reason Wrong number
            feedback.received    buyer_premier return reason Another reason
            feedback.processed   buyer_premier (feedback_refused: A return of this lead waits for a decision)
            feedback.returned    buyer_premier return reason Wrong number
            feedback.processed   buyer_premier takes back 25 and 10 of the source
            returned cost 0 revenue 0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_waits_can_be_declined_and_what_came_back_meanwhile_cannot_be_approved() {
    check(
        &flow("", "feedback: { approve: manual }", false),
        SELLS,
        "conversion premier sold\n return premier Wrong number\n wait 20d\n approve 2\n approve 1\n decline 1 Came back",
        expect![[r#"
            conversion premier sold: pending
            return premier Wrong number: pending
            approve 2: accepted
            approve 1: ! the report cannot be approved: The lead was returned before
            decline 1 Came back: declined: … back
            --
            feedback.received    buyer_premier conversion after 0 days value sold
            feedback.received    buyer_premier return reason Wrong number
            feedback.returned    buyer_premier return reason Wrong number
            feedback.processed   buyer_premier takes back 25 and 10 of the source
            feedback.processed   buyer_premier (feedback_declined: … back)
            returned cost 0 revenue 0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_source_is_told_and_told_again_after_a_fault() {
    check(
        &flow(TOLD, "", false),
        &format!("{SELLS}\n src_web: 503 | refused | 200"),
        "return premier Wrong number\n due",
        expect![[r#"
            return premier Wrong number: accepted
            --
            feedback.received    buyer_premier return reason Wrong number
            feedback.returned    buyer_premier return reason Wrong number
            feedback.processed   buyer_premier takes back 25 and 10 of the source
            feedback.sent        return of buyer_premier attempt 1 http 503, again in about 10 s (status: Source error: HTTP 503)
            feedback.sent        return of buyer_premier attempt 2, again in about 65 s (connection: Source not reachable: connection refused)
            feedback.sent        return of buyer_premier attempt 3 http 200
            returned cost 0 revenue 0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_is_still_to_be_told_is_told_after_a_restart() {
    check(
        &flow(TOLD, "", false),
        &format!("{SELLS}\n src_web: 200"),
        "conversion premier sold\n restart\n due",
        expect![[r#"
            conversion premier sold: accepted
            --
            feedback.received    buyer_premier conversion after 0 days value sold
            feedback.processed   buyer_premier takes back 0
            feedback.sent        conversion of buyer_premier attempt 1 http 200
            converted cost 10 revenue 25
        "#]],
    )
    .await;
}

#[tokio::test]
async fn what_one_of_two_buyers_gives_back_is_not_back_at_the_source() {
    check(
        &flow(TOLD, "", true),
        &format!("{SELLS}\n src_web: 200"),
        "return premier\n due\n return shingle\n due",
        expect![[r#"
            return premier: accepted
            return shingle: accepted
            --
            feedback.received    buyer_premier return
            feedback.returned    buyer_premier return
            feedback.processed   buyer_premier takes back 25
            feedback.received    buyer_shingle return
            feedback.returned    buyer_shingle return
            feedback.processed   buyer_shingle takes back 5 and 10 of the source
            feedback.sent        return of buyer_shingle attempt 1 http 200
            returned cost 0 revenue 0
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_source_keeps_what_it_was_paid_where_the_flow_says_so() {
    check(
        &flow("feedback: { refund: false }", "", false),
        SELLS,
        "return premier",
        expect![[r#"
        return premier: accepted
        --
        feedback.received    buyer_premier return
        feedback.returned    buyer_premier return
        feedback.processed   buyer_premier takes back 25
        returned cost 10 revenue 0
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_refused_report_is_not_relayed() {
    check(
        &flow(TOLD, "", false),
        SELLS,
        "wait 8d\n return premier\n due",
        expect![[r#"
        return premier: declined: Must be returned within 7 days
        --
        feedback.received    buyer_premier return
        feedback.processed   buyer_premier (feedback_refused: Must be returned within 7 days)
        sold cost 10 revenue 25
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_source_hears_what_was_reported_under_the_key_of_the_report() {
    let house = House::new(&flow(TOLD, "", false), &format!("{SELLS}\n src_web: 200")).await;
    let lead_id = house.submit(&[("email", "ann@example.com")]).await.lead_id;
    let sent = Report {
        reason: Some("Wrong number".to_owned()),
        ..report(lead_id, "buyer_premier", ReportKind::Return)
    };
    let reported = house.engine.feedback(sent).await.unwrap();
    house.retry_all().await;
    let (_, request) = house.parties.seen().pop().unwrap();
    assert_eq!(
        request.url,
        format!("https://partner.example.com/fb?id={lead_id}&type=return&why=Wrong%20number&refund=10")
    );
    let key = request.headers.iter().find(|(name, _)| name == "Idempotency-Key").unwrap();
    assert_eq!(key.1, reported.feedback_id.to_string());
    house.close();
}

#[tokio::test]
async fn a_source_can_be_told_by_mail_under_the_key_of_the_report() {
    let by_mail = r#"feedback: { integration: email, request: { from: desk@example.com, to: partner@example.com, subject: "{{feedback.type}}", text: "{{lead.id}}: {{feedback.reason}}" } }"#;
    let house =
        House::new(&flow(by_mail, "", false), &format!("{SELLS}\n src_web: 451 later | 250 ok")).await;
    let lead_id = house.submit(&[("email", "ann@example.com")]).await.lead_id;
    let sent = Report {
        reason: Some("Wrong number".to_owned()),
        ..report(lead_id, "buyer_premier", ReportKind::Return)
    };
    let reported = house.engine.feedback(sent).await.unwrap();
    house.retry_all().await;
    let mails = house.parties.mails();
    assert_eq!(mails.len(), 2, "451 is tried again, 250 is the end of it");
    for (_, mail) in mails {
        assert_eq!(mail.message_id, format!("<{}@example.com>", reported.feedback_id));
        assert_eq!((mail.subject.as_str(), mail.text), ("return", Some(format!("{lead_id}: Wrong number"))));
    }
    house.close();
}

#[tokio::test]
async fn what_a_buyer_reports_on_a_delivery_without_an_end_is_its_end() {
    let unknown = "buyer_premier: reset\n buyer_shingle: 200";
    check(
        &flow("", "", false),
        unknown,
        "return premier Wrong number",
        expect![[r#"
            return premier Wrong number: accepted
            --
            recipient.delivered  premier attempt 1 price 25
            feedback.received    buyer_premier return reason Wrong number
            feedback.returned    buyer_premier return reason Wrong number
            feedback.processed   buyer_premier takes back 25 and 10 of the source
            returned cost 0 revenue 0
        "#]],
    )
    .await;
    check(&flow("", "", false), unknown, "sold premier 9.50\n sold premier 9.50\n not_sold premier", expect![[r#"
        sold premier 9.50: accepted
        sold premier 9.50: accepted before
        not_sold premier: ! the end of this delivery is known: the buyer took the lead; report a return or a conversion
        --
        recipient.delivered  premier attempt 1 price 25
        sold cost 10 revenue 25
    "#]]).await;
    check(
        &flow("", "", false),
        unknown,
        "not_sold premier Duplicate lead\n not_sold premier\n sold premier\n return premier",
        expect![[r#"
            not_sold premier Duplicate lead: accepted
            not_sold premier: accepted before
            sold premier: ! the end of this delivery is known: the buyer did not take the lead
            return premier: ! the lead was not delivered to this buyer
            --
            recipient.failed     premier attempt 1 (duplicate: Duplicate lead)
            accepted cost 10 revenue 0
        "#]],
    )
    .await;
}

/// The retry that waits is not made once the buyer says it has the lead.
#[tokio::test]
async fn a_retry_is_not_made_of_what_a_buyer_reports_sold() {
    check(
        &flow("", "retry: { attempts: 3, backoff: [ 1m ] }", false),
        "buyer_premier: timeout | 200 {\"status\":\"accepted\"}",
        "sold premier\n due",
        expect![[r#"
            sold premier: accepted
            --
            recipient.delivered  premier attempt 1 price 25
            sold cost 10 revenue 25
        "#]],
    )
    .await;
}

const ON_REVOKED: &str = r#"on_revoked:
        integration: custom_json
        request: { url: "https://crm.example.com/revoked", fields: { id: "{{delivery_id}}", type: "{{feedback.type}}", why: "{{feedback.reason}}" } }
        retry: { attempts: 2, backoff: [ 10s ] }"#;

#[tokio::test]
async fn every_buyer_that_has_the_lead_is_told_of_a_revocation() {
    check(
        &flow("", ON_REVOKED, true),
        &format!(
            "{}\n",
            SELLS.replace(
                "buyer_premier: 200 {\"status\":\"accepted\"}",
                "buyer_premier: 200 {\"status\":\"accepted\"} | 503 | 200"
            )
        ),
        "revoke Wrote to us\n due\n revoke once more\n return premier",
        expect![[r#"
            revoke Wrote to us: revoked buyer_premier is told buyer_shingle is not told
            revoke once more: revoked before buyer_premier is told buyer_shingle is not told
            return premier: accepted
            --
            consent.revoked      2 buyers have it
            consent.sent         premier attempt 1 http 503, again in about 10 s (status: Buyer error: HTTP 503)
            consent.sent         shingle attempt 1 (no_notice: Buyer is not told by the flow; tell it by hand)
            consent.sent         premier attempt 2 http 200
            feedback.received    buyer_premier return
            feedback.returned    buyer_premier return
            feedback.processed   buyer_premier takes back 25
            sold cost 10 revenue 5
        "#]],
    )
    .await;
}

#[tokio::test]
async fn a_notice_that_is_owed_is_sent_after_a_restart() {
    check(
        &flow("", ON_REVOKED, false),
        SELLS,
        "revoke\n restart\n due\n restart\n due",
        expect![[r#"
        revoke: revoked buyer_premier is told
        --
        consent.revoked      1 buyers have it
        consent.sent         premier attempt 1 http 200
        sold cost 10 revenue 25
    "#]],
    )
    .await;
}

#[tokio::test]
async fn a_buyer_that_gave_the_lead_back_is_not_told_and_nobody_is_asked_any_more() {
    check(
        &flow("", &format!("{ON_REVOKED}\n      retry: {{ attempts: 3, backoff: [ 1m ] }}"), true),
        "buyer_premier: 503\n buyer_shingle: 200",
        "return shingle\n revoke\n due",
        expect![[r#"
            return shingle: accepted
            revoke: revoked
            --
            feedback.received    buyer_shingle return
            feedback.returned    buyer_shingle return
            feedback.processed   buyer_shingle takes back 5
            consent.revoked      0 buyers have it
            recipient.skipped    premier (consent_revoked: The person withdrew consent)
            returned cost 10 revenue 0
        "#]],
    )
    .await;
}

/// Answers as a script says; while the first buyer is asked, the person withdraws consent.
#[derive(Debug)]
struct WithdrawnMeanwhile {
    scripted: Arc<testkit::ScriptedParties>,
    leads: ledger::Ledger,
    engine: std::sync::OnceLock<Engine>,
}

impl Parties for WithdrawnMeanwhile {
    fn ask(&self, call: Call) -> Asking<'_> {
        let is_first = call.entity_id.as_str() == "buyer_premier";
        let asking = self.scripted.ask(call);
        Box::pin(async move {
            if is_first {
                let Some((ChainId::Lead(lead_id), _)) = self.leads.reader().chains().pop() else {
                    panic!("a lead")
                };
                let engine = self.engine.get().unwrap().clone();
                let request = Arc::from([].as_slice());
                let revoke = Revoke { lead_id, reason: None, request, request_id: None };
                tokio::spawn(async move { engine.revoke_consent(revoke).await.unwrap() });
                // Until it waits for the lead: there is one thread, and each task has its turn.
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
            }
            asking.await
        })
    }
}

#[tokio::test]
async fn a_revocation_reaches_a_lead_under_way() {
    let house = House::new(&flow("", "", true), SELLS).await;
    let parties = Arc::new(WithdrawnMeanwhile {
        scripted: Arc::clone(&house.parties),
        leads: house.leads.clone(),
        engine: std::sync::OnceLock::new(),
    });
    let engine = Engine::new(EngineParts {
        leads: house.leads.clone(),
        control: house.control.clone(),
        clock: Arc::clone(&house.clock) as Arc<dyn engine::Clock>,
        entropy: Arc::new(testkit::ledger_log::SeededEntropy::new(7)),
        parties: Arc::clone(&parties) as Arc<dyn Parties>,
        barriers: engine::Barriers::ALL,
    });
    parties.engine.set(engine.clone()).unwrap();
    let submission = house.submission("flow_roofs", "src_web", &[("email", "ann@example.com")]);
    let lead_id = engine.submit(submission).await.unwrap().lead_id;
    engine.drain().await;
    expect![[r#"
        source.submitted
        source.accepted      price 10
        recipient.attempted  premier attempt 1
        recipient.delivered  premier attempt 1 price 25
        recipient.skipped    shingle (consent_revoked: The person withdrew consent)
        flow.completed       success, 1 steps, 1 sold, cost 10 revenue 25 margin 15
        consent.revoked      1 buyers have it
    "#]]
    .assert_eq(&house.chain(lead_id));
    house.close();
}

/// Sells so many leads; gives them back one by one.
async fn give_back(limit: &str, sold: usize) -> Vec<String> {
    let flow = flow("", &format!("feedback: {{ max_returns: {{ {limit} }} }}"), false);
    let house = House::new(&flow, SELLS).await;
    let mut leads = Vec::new();
    for number in 0..sold {
        leads.push(house.submit(&[("email", &format!("ann{number}@example.com"))]).await.lead_id);
    }
    let mut told = Vec::new();
    for lead_id in leads {
        told.push(answer(house.engine.feedback(report(lead_id, "buyer_premier", ReportKind::Return)).await));
    }
    house.close();
    told
}

#[tokio::test]
async fn a_buyer_gives_back_no_more_than_its_share() {
    let told = give_back("share: 0.2, per: month", 10).await;
    let wanted = "declined: Return limit reached (2 of the 10 leads bought in 2024-01, at most 20%)";
    assert_eq!(told[..3], ["accepted", "accepted", wanted]);
    assert!(told[3..].iter().all(|answer| answer == wanted));
    let told = give_back("share: 0, per: day, at_least: 1", 2).await;
    assert_eq!(
        told,
        ["accepted", "declined: Return limit reached (1 of the 2 leads bought in 2024-01-15, at most 0%)"]
    );
}

/// Of returns at once no more are taken than fit, and a refused one is taken once there is room.
#[tokio::test]
async fn a_limit_of_returns_is_exact_at_once_and_over_a_restart() {
    let text = flow("", "feedback: { max_returns: { share: 0.5, per: day } }", false);
    let house = House::new(&text, SELLS).await;
    let mut leads = Vec::new();
    for number in 0..8 {
        leads.push(house.submit(&[("email", &format!("ann{number}@example.com"))]).await.lead_id);
    }
    let returns = leads
        .iter()
        .map(|lead_id| house.engine.feedback(report(*lead_id, "buyer_premier", ReportKind::Return)));
    let told = futures_of(returns.collect()).await;
    let taken = |told: &[Result<Reported, FeedbackError>]| {
        told.iter().filter(|result| result.as_ref().unwrap().status == engine::ReportStatus::Accepted).count()
    };
    assert_eq!(taken(&told), 4);
    let refused = leads
        .iter()
        .zip(&told)
        .find(|(_, result)| result.as_ref().unwrap().status == engine::ReportStatus::Declined)
        .map(|(lead_id, _)| *lead_id)
        .unwrap();

    let house = House::open(house.close(), start(), SELLS);
    house.engine.resume().await.unwrap();
    let again = || house.engine.feedback(report(refused, "buyer_premier", ReportKind::Return));
    let events = house.events(refused).len();
    assert!(again().await.unwrap().repeated);
    assert_eq!(house.events(refused).len(), events, "the same refusal is not recorded again");
    for number in 0..2 {
        house.submit(&[("email", &format!("bo{number}@example.com"))]).await;
    }
    let reported = again().await.unwrap();
    assert_eq!((reported.status, reported.repeated), (engine::ReportStatus::Accepted, false));
    house.close();
}

async fn futures_of<T>(futures: Vec<impl Future<Output = T>>) -> Vec<T> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut results: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, result) in futures.iter_mut().zip(&mut results) {
            if result.is_none()
                && let std::task::Poll::Ready(value) = future.as_mut().poll(context)
            {
                *result = Some(value);
            }
        }
        if results.iter().all(Option::is_some) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    results.into_iter().flatten().collect()
}

#[tokio::test]
async fn rules_look_at_what_came_back_and_a_restart_knows_it() {
    let text = flow("", "feedback: { returns: 30d }", false)
        + r#"    - id: trusted
      kind: filter
      require:
        any:
          - { field: feedback.source.sold, op: is less than, value: 2 }
          - { field: feedback.source.return_rate, op: is less than, value: 0.5 }
"#;
    let house = House::new(&text, SELLS).await;
    let submit = async |house: &House, name: &str| {
        let lead_id = house.submit(&[("email", &format!("{name}@example.com"))]).await.lead_id;
        let chain = house.chain(lead_id);
        (lead_id, if chain.contains("filter.passed") { "passed" } else { "failed" })
    };
    let (ann, outcome) = submit(&house, "ann").await;
    assert_eq!(outcome, "passed", "nothing is sold yet");
    let (bo, outcome) = submit(&house, "bo").await;
    assert_eq!(outcome, "passed", "one is sold");
    let (_, outcome) = submit(&house, "cy").await;
    assert_eq!(outcome, "passed", "none of two came back");
    for lead_id in [ann, bo] {
        house.engine.feedback(report(lead_id, "buyer_premier", ReportKind::Return)).await.unwrap();
    }
    let (di, outcome) = submit(&house, "di").await;
    assert_eq!(outcome, "failed", "two of three came back");
    let events = house.events(di);
    let looked_at = events.last().unwrap().body.lead.get("appended.feedback.source.return_rate.30d");
    assert_eq!(looked_at.unwrap().as_text(), None, "a number");
    let shown =
        wire::mask::Policy::of_flow(&house.control.flow(&"flow_roofs".parse().unwrap()).unwrap().flow);
    let path = "appended.feedback.source.return_rate.30d";
    assert_eq!(&shown.mask(wire::mask::Stage::Parsed, path, looked_at.unwrap()), looked_at.unwrap());

    let house = House::open(house.close(), start(), SELLS);
    house.engine.resume().await.unwrap();
    let (_, outcome) = submit(&house, "ed").await;
    assert_eq!(outcome, "failed", "two of four came back");
    let (_, outcome) = submit(&house, "fay").await;
    assert_eq!(outcome, "passed", "two of five");
    house.close();
}
