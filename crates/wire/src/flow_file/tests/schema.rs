//! The schema says what the reader does.

use serde_json::Value;

use super::super::keys::{self, Keys};
use super::*;

/// Every part, and where the schema has it.
const PARTS: [(&Keys, &str); 51] = [
    (&keys::FILE, ""),
    (&keys::ENTITY, "entity"),
    (&keys::FLOW, "flow"),
    (&keys::RETENTION, "retention"),
    (&keys::DUPLICATE, "duplicate"),
    (&keys::SUPPRESS, "suppress"),
    (&keys::CAP, "cap"),
    (&keys::ENTITY_CAP, "entity_cap"),
    (&keys::PING_LIMIT, "ping_limit"),
    (&keys::FIELD, "field"),
    (&keys::DIM, "dim"),
    (&keys::ACCEPT, "accept"),
    (&keys::WINDOW, "window"),
    (&keys::PURCHASE_PRICE, "purchase_price"),
    (&keys::SALE_PRICE, "sale_price"),
    (&keys::PRICE_ROW, "price_row"),
    (&keys::SOURCE, "source"),
    (&keys::INTAKE_LIMITS, "intake_limits"),
    (&keys::STEP_LIMITS, "step_limits"),
    (&keys::ENTITY_LIMITS, "entity_limits"),
    (&keys::CIRCUIT, "circuit"),
    (&keys::MAPPING, "mapping"),
    (&keys::FILTER, "filter"),
    (&keys::ENHANCEMENT, "enhancement"),
    (&keys::RECIPIENT, "recipient"),
    (&keys::MEMBER, "member"),
    (&keys::DISTRIBUTE, "distribute"),
    (&keys::ON_UNSOLD, "on_unsold"),
    (&keys::PING, "ping"),
    (&keys::PING_RESPONSE, "ping_response"),
    (&keys::REQUEST, "request"),
    (&keys::ENHANCEMENT_RESPONSE, "enhancement_response"),
    (&keys::RECIPIENT_RESPONSE, "recipient_response"),
    (&keys::OUTCOME, "reply_outcome"),
    (&keys::REASON, "reply_reason"),
    (&keys::REPLY_PRICE, "reply_price"),
    (&keys::REFERENCE, "reply_reference"),
    (&keys::RETRY, "retry"),
    (&keys::FEEDBACK, "feedback"),
    (&keys::MAX_RETURNS, "max_returns"),
    (&keys::SOURCE_FEEDBACK, "source_feedback"),
    (&keys::NOTICE, "notice"),
    (&keys::NOTICE_RESPONSE, "notice_response"),
    (&keys::RULE, "rule"),
    (&keys::BASIC_AUTH, "basic_auth"),
    (&keys::SECURITY, "security"),
    (&keys::XMLNS, "root_xmlns"),
    (&keys::COOKIE, "reply_cookie"),
    (&keys::TEST, "test"),
    (&keys::STEP_REPLIES, "step_replies"),
    (&keys::REPLY, "test_reply"),
];

/// What a checker says of a document.
fn validate(document: &str) -> Result<(), String> {
    let mut schemas = boon::Schemas::new();
    let mut compiler = boon::Compiler::new();
    compiler.set_default_draft(boon::Draft::V2020_12);
    compiler.add_resource("https://example.com/flow", schema()).unwrap();
    let index = compiler.compile("https://example.com/flow", &mut schemas).unwrap();
    let document: Value = serde_json::from_str(document).unwrap();
    schemas.validate(&document, index).map_err(|error| format!("{error:#}"))
}

/// What `read_twice` of every other test reads is valid as well.
pub(super) fn assert_valid(document: &str) {
    validate(document).unwrap_or_else(|error| panic!("{error}\n{document}"));
}

/// What the reader refuses for its shape.
pub(super) fn assert_refused(document: &str) {
    assert!(validate(document).is_err(), "the schema takes {document}");
}

#[test]
fn every_known_key_is_in_the_schema_and_no_other() {
    let schema = schema();
    for (keys, name) in PARTS {
        let part = if name.is_empty() { &schema } else { &schema["$defs"][name] };
        let mut in_schema: Vec<&str> =
            part["properties"].as_object().unwrap().keys().map(String::as_str).collect();
        let mut known = keys.known.to_vec();
        in_schema.sort_unstable();
        known.sort_unstable();
        assert_eq!(in_schema, known, "{}", keys.part);
        assert_eq!(part["additionalProperties"], Value::Bool(false), "{}", keys.part);
    }
    let source = include_str!("../keys.rs");
    assert_eq!(source.matches(": Keys =").count(), PARTS.len(), "each part of keys.rs is looked at");
}

#[test]
fn it_is_a_schema_that_refers_to_what_is_there() {
    assert_valid(&read_twice(SOLAR).document);
    let schema = schema();
    let text = schema.to_string();
    let defs = schema["$defs"].as_object().unwrap();
    for name in defs.keys() {
        assert!(text.contains(&format!("\"#/$defs/{name}\"")), "{name} is referred to");
    }
}

#[test]
fn what_the_reader_refuses_for_its_shape_the_schema_refuses_too() {
    let good = read_twice(&flow(
        "  steps:\n    - id: a\n      kind: recipient\n      entity: buyer_x\n      integration: custom_json\n      \
         request: { method: PUT, url: \"https://x.example.com/\", headers: { x-key: a }, fields: { a: 1 } }\n      \
         response: { outcome: { path: a, term: ok, on_match: success }, price: { path: b } }\n      \
         price: { from: reply, floor: 1 }\n      retry: { attempts: 2, backoff: [ 1s ] }\n      feedback: { returns: 1d }\n",
    ))
    .document;
    for (from, to) in [
        ("\"name\":", "\"nme\":"),
        ("flow_x", "x"),
        ("\"recipient\"", "\"distribute\""),
        ("\"recipient\"", "\"enhancement\""),
        ("buyer_x", "src_x"),
        ("custom_json", "custom_soap"),
        ("custom_json", "email"),
        ("custom_json", "custom_query"),
        ("\"PUT\"", "\"GET\""),
        ("\"fields\"", "\"parameters\""),
        ("https://x", "ftp://x"),
        ("https://x.example.com/", "https://{{lead.x}}/"),
        ("https://x.example.com/", "https://a@x.example.com/"),
        ("x-key", "Host"),
        ("x-key", "x key"),
        ("\"success\"", "\"yes\""),
        (",\"term\":\"ok\",\"on_match\":\"success\"", ""),
        (",\"price\":{\"path\":\"b\"}", ""),
        ("\"reply\"", "\"bid\""),
        ("\"from\":\"reply\"", "\"fixed\":1"),
        ("\"floor\":1", "\"floor\":-1"),
        ("\"attempts\":2", "\"attempts\":0"),
        ("\"1s\"", "\"1 s\""),
        ("\"1d\"", "7"),
        ("\"flow\":", "\"secrets\":[\"A\"],\"flow\":"),
        ("\"flow\":", "\"secrets\":[\"a\",\"a\"],\"flow\":"),
        ("\"flow\":", "\"lists\":[\"A\"],\"flow\":"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, *good, "{from}");
        assert!(FlowFile::read(&bad).is_err(), "the reader takes {to} for {from}");
        assert!(validate(&bad).is_err(), "the schema takes {to} for {from}");
    }
}
