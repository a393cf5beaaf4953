//! What buyers may report back, and who is told of it.

use std::time::Duration;

use domain::{Approval, FeedbackKind, NOTICE_ATTEMPTS, RateName, ReportWindow, StepKind};

use super::*;

const WHOLE: &str = r#"  fields: { email: email }
  feedback: { returns: 7d, conversions: 90d, reasons: [ Wrong number, Duplicate ], approve: manual, max_returns: { share: 0.1, per: month, at_least: 2 } }
  sources:
    - entity: src_a
      feedback:
        integration: custom_query
        request: { url: "https://partner.example.com/fb", parameters: { id: "{{lead.id}}", type: "{{feedback.type}}", sold_to: "{{premier.outcome}}" } }
        response: { outcome: { path: status, term: ok } }
        timeout: 5s
        retry: { attempts: 2 }
        types: [ return ]
        refund: false
    - { entity: src_b, feedback: { refund: false } }
    - { entity: src_c }
  steps:
    - id: premier
      kind: recipient
      entity: buyer_x
      when: { field: feedback.source.return_rate, op: is less than, value: 0.2 }
      integration: custom_json
      request: { url: "https://x.example.com/", fields: { mail: "{{lead.email}}" } }
      feedback: { returns: false, conversions: true }
      on_revoked:
        integration: custom_form
        request: { url: "https://x.example.com/revoked", fields: { id: "{{delivery_id}}", why: "{{feedback.reason}}" } }
    - { id: few, kind: filter, require: { any: [ { field: feedback.source.return_rate.30d, op: lt, value: 0.2 }, { field: feedback.buyer_x.sold.7d, op: lt, value: 5 } ] } }
"#;

#[test]
fn a_flow_says_what_comes_back_and_who_is_told() {
    let flow = read_twice(&flow(WHOLE)).flow;
    let (day, parts) = (Duration::from_secs(24 * 3600), flow.clone().into_parts());
    assert_eq!(parts.feedback.returns, Some(ReportWindow::Within(7 * day)));
    assert_eq!(parts.feedback.reasons.as_ref().map(Vec::len), Some(2));
    let limit = parts.feedback.max_returns.unwrap();
    assert_eq!((limit.share.of(100), limit.at_least), (10, 2));

    let StepKind::Recipient(premier) = &flow.steps()[0].kind else { panic!("a recipient") };
    let both = flow.feedback_of(premier);
    assert_eq!((both.returns, both.conversions), (Some(ReportWindow::Closed), Some(ReportWindow::Open)));
    assert_eq!(both.approve, Some(Approval::Manual));
    let on_revoked = premier.on_revoked.as_ref().unwrap();
    assert_eq!((on_revoked.retry.attempts, on_revoked.timeout), (NOTICE_ATTEMPTS, domain::DEFAULT_TIMEOUT));

    let [told, untold, plain] = flow.sources() else { panic!("three sources") };
    let notice = told.feedback.notice_of(FeedbackKind::Return).unwrap();
    assert_eq!((notice.retry.attempts, notice.timeout.as_secs()), (2, 5));
    assert!(told.feedback.notice_of(FeedbackKind::Conversion).is_none() && !told.feedback.refund);
    assert!(untold.feedback.notice.is_none() && !untold.feedback.refund);
    assert!(plain.feedback.notice.is_none() && plain.feedback.refund);

    let rates: Vec<String> = flow.rates().iter().map(RateName::to_string).collect();
    assert_eq!(rates, ["source.return_rate.30d", "buyer_x.sold.7d"]);
}

#[test]
fn each_fault_of_feedback_is_told_with_its_line() {
    check(
        &flow(
            "  fields: { email: email }\n  feedback: { returns: 3y, conversions: 7, reasons: [], approve: later, max_returns: { share: 10%, per: year } }\n  \
             sources:\n    \
             - { entity: src_a, feedback: { request: { url: \"https://x.example.com/\" }, types: [ refund ] } }\n    \
             - { entity: src_b, feedback: { types: [] } }\n    \
             - { entity: src_c, feedback: { integration: custom_query, request: { url: \"https://x.example.com/\", parameters: { a: \"{{feedback.kind}}\" } } } }\n  \
             steps:\n    \
             - { id: a, kind: filter, require: { field: feedback.source.returns, op: lt, value: 1 } }\n    \
             - { id: b, kind: filter, require: { field: feedback.type, op: eq, value: return } }\n    \
             - { id: c, kind: filter, require: { field: feedback.source.sold, op: is obscene } }\n    \
             - id: d\n      kind: recipient\n      entity: buyer_x\n      integration: custom_json\n      \
             request: { url: \"https://x.example.com/\", fields: { a: \"{{feedback.source.sold}}\", b: \"{{feedback.type}}\" } }\n      \
             feedback: { reasons: [ Duplicate, DUPLICATE ], max_returns: { share: 2, per: day } }\n      on_revoked: { integration: custom_json }\n",
        ),
        expect![[r#"
            line 5: "returns" is 3y, but must be from 1ms to 2y
            line 5: "conversions" must be a length of time such as 7d, true or false, not a number
            line 5: "reasons" needs a reason; without the key any reason is taken
            line 5: "approve" is one of auto, manual, not "later"
            line 5: "10%" is not a part of a whole; write a decimal from 0 to 1, such as 0.1 for a tenth
            line 5: "per" is one of day, week, month, not "year"
            line 7: the feedback of a source needs the key "integration"
            line 7: "types" is one of return, conversion, not "refund"
            line 8: the feedback of a source needs the key "integration"
            line 8: "types" needs return, conversion or both
            line 11: the rule `feedback.source.returns is less than 1` looks at feedback.source.returns; write feedback.<source, src_… or buyer_…>.<return_rate, conversion_rate, sold, returned or converted>, and .7d for another number of days than 30, at most 365
            line 12: the rule `feedback.type is equal to return` looks at feedback.type; write feedback.<source, src_… or buyer_…>.<return_rate, conversion_rate, sold, returned or converted>, and .7d for another number of days than 30, at most 365
            line 13: the rule `feedback.source.sold is obscene` asks "is obscene" of a value of the type number; it takes is equal to, is not equal to, is less than, is less than or equal to, is greater than, is greater than or equal to, is between, is not between, is included in, is not included in, includes, does not include, is blank, is not blank
            line 18: "a", column 1 of the template: feedback.source.sold cannot be used here; figures of feedback stand on the left side of rules, and what it says in what a source or buyer is told
            line 18: "b", column 1 of the template: feedback.type cannot be used here; figures of feedback stand on the left side of rules, and what it says in what a source or buyer is told
            line 19: the reason "DUPLICATE" stands twice; case does not matter
            line 19: "2" is not a part of a whole; write a decimal from 0 to 1, such as 0.1 for a tenth
            line 20: the notice of a revocation needs the key "request""#]],
    );
}

#[test]
fn the_schema_refuses_what_the_reader_refuses_of_feedback() {
    let good = read_twice(&flow(WHOLE)).document;
    for (from, to) in [
        ("\"7d\"", "7"),
        ("\"90d\"", "\"90\""),
        ("\"manual\"", "\"later\""),
        ("\"share\":0.1", "\"share\":1.5"),
        ("\"per\":\"month\"", "\"per\":\"year\""),
        ("[\"Wrong number\",\"Duplicate\"]", "[]"),
        ("[\"return\"]", "[\"refund\"]"),
        ("\"custom_query\"", "\"email\""),
        ("\"integration\":\"custom_form\",", ""),
        ("\"parameters\"", "\"fields\""),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, *good, "{from}");
        assert!(FlowFile::read(&bad).is_err(), "the reader takes {to} for {from}");
        schema::assert_refused(&bad);
    }
}
