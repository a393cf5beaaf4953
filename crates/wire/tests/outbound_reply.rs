//! What comes back from another party: how a reply is read.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use domain::{Ending, Money, OutcomeSearch, PriceSearch, ReasonSearch, ReplyForm, ResponseSettings, Value};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use wire::flow_file::FlowFile;
use wire::outbound::{APPENDED_MAX, REPLY_BODY_BYTES_MAX, Reading, Reply, read_reply};

const REJECTED: &str = r#"{"status":"Rejected","errors":[{"code":2,"message":"Duplicate lead"},{"code":7,"message":" Bad zip "}]}"#;
const ACCEPTED: &str = r#"{"status":"Accepted","id":"L-9","price":"12.50","errors":[]}"#;

fn reply(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Reply {
    let headers = vec![("content-type".to_owned(), content_type.as_bytes().to_vec())];
    Reply { status, headers, body: body.into() }
}

fn json(body: &str) -> Reply {
    reply(200, "application/json", body)
}

/// The fuzz target reads replies as the steps of this file say.
#[test]
fn the_flow_of_the_fuzz_target_is_one() {
    let file = FlowFile::read(include_str!("../../../fuzz/fuzz_targets/replies.yaml")).unwrap();
    assert_eq!(file.flow.recipients().count(), 4);
}

fn outcome(path: Option<&str>, term: Option<&str>, on_match: Ending) -> ResponseSettings {
    let search = OutcomeSearch {
        path: path.map(|path| path.parse().unwrap()),
        term: term.map(|term| term.parse().unwrap()),
        on_match,
    };
    ResponseSettings { outcome: Some(search), ..ResponseSettings::default() }
}

fn outcome_of(path: Option<&str>, term: Option<&str>, on_match: Ending, body: &str) -> Ending {
    read_reply(&outcome(path, term, on_match), &json(body)).outcome
}

fn told(reading: &Reading) -> String {
    let mut lines = vec![format!("{:?}", reading.outcome)];
    for (path, value) in &reading.appended {
        let value = match value {
            Value::Scalar(scalar) => format!("{scalar:?}"),
            Value::List(list) => format!("{list:?}"),
        };
        lines.push(format!("{path}: {value}"));
    }
    if reading.truncated > 0 {
        lines.push(format!("and {} more", reading.truncated));
    }
    lines.join("\n")
}

fn check(settings: &ResponseSettings, reply: &Reply, wanted: Expect) {
    wanted.assert_eq(&told(&read_reply(settings, reply)));
}

#[test]
fn without_a_search_any_complete_reply_below_500_is_a_yes() {
    for status in [200, 204, 301, 400, 404, 422, 499, 600] {
        let reading = read_reply(&ResponseSettings::default(), &reply(status, "application/json", ACCEPTED));
        assert_eq!(reading.outcome, Ending::Success, "{status}");
    }
}

#[test]
fn a_status_from_500_to_599_is_a_fault_whatever_the_body_says() {
    for status in [500, 503, 599] {
        let settings = outcome(Some("status"), Some("accepted"), Ending::Success);
        let reading = read_reply(&settings, &reply(status, "application/json", ACCEPTED));
        assert_eq!(reading.outcome, Ending::Error);
        assert_eq!(reading.reason.as_deref(), Some("Server error"));
        assert_eq!(reading.appended.len(), 2);
    }
}

#[test]
fn an_outcome_is_looked_for_in_the_body_or_under_a_path() {
    use Ending::{Error, Failure, Success};
    assert_eq!(outcome_of(None, Some("ACCEPTED"), Success, ACCEPTED), Success);
    assert_eq!(outcome_of(None, Some("accepted"), Error, ACCEPTED), Error);
    assert_eq!(outcome_of(Some("no.such"), Some("accepted"), Success, ACCEPTED), Failure);
    assert_eq!(outcome_of(Some("status"), Some("/^accepted$/"), Success, ACCEPTED), Success);
    assert_eq!(outcome_of(Some("id"), Some("accepted"), Success, ACCEPTED), Failure);
    assert_eq!(outcome_of(Some("errors[0].message"), Some("duplicate"), Failure, REJECTED), Failure);
    assert_eq!(outcome_of(Some("errors.1.message"), Some("duplicate"), Failure, REJECTED), Success);
    assert_eq!(outcome_of(Some("errors.*.message"), Some("zip"), Failure, REJECTED), Failure);
    assert_eq!(outcome_of(Some("ok"), Some("true"), Success, r#"{"ok":true}"#), Success);
    assert_eq!(outcome_of(Some("ok"), Some("false"), Failure, r#"{"ok":false}"#), Failure);
}

#[test]
fn without_a_term_anything_that_is_neither_blank_nor_false_is_a_match() {
    use Ending::{Failure, Success};
    for (body, wanted) in [
        (r#"{"errors":[]}"#, Success),
        (r#"{"errors":null}"#, Success),
        (r#"{"errors":" "}"#, Success),
        (r#"{"errors":false}"#, Success),
        (r#"{}"#, Success),
        (r#"{"errors":"x"}"#, Failure),
        (r#"{"errors":[{"code":2}]}"#, Failure),
        (r#"{"errors":{"zip":["bad"]}}"#, Failure),
    ] {
        assert_eq!(outcome_of(Some("errors"), None, Failure, body), wanted, "{body}");
    }
    assert_eq!(outcome_of(None, None, Failure, " \n"), Success);
    assert_eq!(outcome_of(None, None, Failure, "no"), Failure);
}

/// Words in other charsets than UTF-8 were not found, and XML in UTF-16 was not read at all.
#[test]
fn a_reply_is_read_in_its_charset() {
    let wide = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    let xml = "<?xml version=\"1.0\" encoding=\"UTF-16\"?><r><why>Não aceito</why></r>";
    let bom = b"\xff\xfe".to_vec();
    for (content_type, path, body) in [
        ("text/html; charset=iso-8859-1", "p", b"<p>N\xe3o aceito</p>".to_vec()),
        ("text/html", "p", b"<meta charset=\"windows-1252\"><p>N\xe3o aceito</p>".to_vec()),
        ("application/json; charset=ISO-8859-1", "why", b"{\"why\":\"N\xe3o aceito\"}".to_vec()),
        ("text/plain; charset=windows-1252", "/(.*)/", b"N\xe3o aceito".to_vec()),
        ("text/plain", "/(.*)/", b"N\xe3o aceito".to_vec()),
        (
            "text/xml",
            "//why",
            b"<?xml version='1.0' encoding='ISO-8859-1'?><r><why>N\xe3o aceito</why></r>".to_vec(),
        ),
        ("text/xml; charset=utf-16", "//why", wide(xml)),
        ("application/xml", "//why", [bom, wide(xml)].concat()),
        ("text/html; charset=utf-8", "p", "<p>Não aceito</p>".into()),
    ] {
        let settings = ResponseSettings {
            reason: ReasonSearch { path: Some(path.parse().unwrap()), default: None },
            ..outcome(None, Some("não"), Ending::Failure)
        };
        let reading = read_reply(&settings, &reply(200, content_type, body).in_utf_8());
        assert_eq!(reading.outcome, Ending::Failure, "{content_type}");
        assert_eq!(reading.reason.as_deref(), Some("Não aceito"), "{content_type}");
    }
}

#[test]
fn a_price_with_many_decimals_is_rounded_and_what_is_none_leaves_the_fallback() {
    let settings = ResponseSettings {
        price: Some(PriceSearch { path: "bid".parse().unwrap(), fallback: "2".parse().unwrap() }),
        ..ResponseSettings::default()
    };
    for (bid, wanted) in [
        ("7.300000000000001", "7.3"),
        ("\"12.3456789\"", "12.345679"),
        ("-0.0000005", "-0.000001"),
        ("0.30000000000000004", "0.3"),
        ("\"seven\"", "2"),
        ("\"1.2.3\"", "2"),
        ("1000000.0000005", "2"),
    ] {
        let price = read_reply(&settings, &json(&format!("{{\"bid\":{bid}}}"))).price.unwrap();
        assert_eq!(price.to_string(), wanted, "{bid}");
    }
}

#[test]
fn text_is_searched_whole_and_paths_find_nothing_in_it() {
    let term = outcome(None, Some("thank you"), Ending::Success);
    for (content_type, body, wanted) in [
        ("text/plain", "Thank you!", Ending::Success),
        ("text/html", "<p>THANK YOU</p>", Ending::Success),
        ("text/xml", "<res>no</res>", Ending::Failure),
        ("", "thank you", Ending::Success),
        ("application/json", "{broken thank you", Ending::Success),
    ] {
        assert_eq!(read_reply(&term, &reply(200, content_type, body)).outcome, wanted, "{body}");
    }
    let mut settings = ResponseSettings {
        reason: ReasonSearch { path: Some("status".parse().unwrap()), default: None },
        ..ResponseSettings::default()
    };
    let text = reply(200, "text/plain", r#"{"status":"no"}"#);
    let reading = read_reply(&settings, &text);
    assert_eq!((reading.reason, reading.appended.len()), (None, 1));
    settings.content_type = Some(ReplyForm::Json);
    let reading = read_reply(&settings, &text);
    assert_eq!((reading.reason.as_deref(), reading.appended.len()), (Some("no"), 3));
}

#[test]
fn without_a_content_type_a_body_is_what_it_looks_like() {
    let found = |path: &str, content_type: &str, body: &str| {
        let settings = outcome(Some(path), Some("accepted"), Ending::Success);
        read_reply(&settings, &reply(200, content_type, body)).outcome == Ending::Success
    };
    let padded = format!("\u{feff} {ACCEPTED}\n");
    for content_type in ["", "application/octet-stream", "application/problem+json"] {
        assert!(found("status", content_type, &padded), "{content_type}");
    }
    assert!(found("//status", "", "<res><status>Accepted</status></res>"));
    assert!(found("b", "", "<!DOCTYPE html><p>Not <b>accepted</b>"));
    assert!(!found("//status", "text/html", "<res><status>Accepted</status></res>"));
}

#[test]
fn xml_is_added_whole_and_html_and_text_by_captures() {
    let captures =
        vec![("id".into(), r"/id=(\w+)/".parse().unwrap()), ("price".into(), "/(x)/".parse().unwrap())];
    let settings = ResponseSettings {
        captures,
        price: Some(PriceSearch { path: "/price=([-0-9.]+)/i".parse().unwrap(), fallback: Money::ZERO }),
        ..ResponseSettings::default()
    };
    check(
        &settings,
        &reply(200, "text/plain", "PRICE=-4.50 x id=ab12"),
        expect![[r#"
            Success
            outcome: Text("success")
            price: Number(-4.5)
            id: Text("ab12")"#]],
    );
    check(
        &settings,
        &reply(200, "text/xml", "<r a='1'>id=x<e> B </e><e>C</e><n/></r>"),
        expect![[r#"
            Success
            outcome: Text("success")
            price: Number(0)
            r.a: Text("1")
            r.e: [Text("B"), Text("C")]
            r.n: Text("")
            r.#text: Text("id=x")"#]],
    );
}

#[test]
fn a_cookie_is_picked_by_a_term() {
    let settings = ResponseSettings { cookie: Some("sid".parse().unwrap()), ..ResponseSettings::default() };
    let mut reply = reply(200, "text/plain", "OK");
    for line in ["b=2; Path=/", "SID=abc; HttpOnly"] {
        reply.headers.push(("set-cookie".to_owned(), line.as_bytes().to_vec()));
    }
    let reading = read_reply(&settings, &reply);
    assert_eq!(reading.appended.last().unwrap().1, Value::text("SID=abc; HttpOnly"));
}

#[test]
fn entities_depth_and_size_of_a_document_are_bounded() {
    let path = outcome(Some("//a"), Some("x"), Ending::Success);
    let bomb = "<!DOCTYPE a [<!ENTITY b \"x\"><!ENTITY c \"&b;&b;\">]><a>&c;</a>";
    let deep = format!("{}x{}", "<a>".repeat(10_000), "</a>".repeat(10_000));
    for body in [bomb, &deep, &"<a>".repeat(100_000), &"<div>".repeat(2_900), &"<b x>".repeat(2_900)] {
        for content_type in ["text/xml", "text/html", ""] {
            let _ = read_reply(&path, &reply(200, content_type, body));
        }
    }
    let reading = read_reply(&ResponseSettings::default(), &reply(200, "text/xml", bomb));
    assert_eq!(reading.appended.len(), 1);
    let reading = read_reply(&ResponseSettings::default(), &reply(200, "text/xml", deep));
    assert!(reading.truncated > 0);
}

#[test]
fn reasons_are_sorted_and_joined_else_the_default_counts() {
    let reason = |path: Option<&str>, default: Option<&str>, body: &str| {
        let reason =
            ReasonSearch { path: path.map(|path| path.parse().unwrap()), default: default.map(Into::into) };
        let settings = ResponseSettings { reason, ..ResponseSettings::default() };
        read_reply(&settings, &json(body)).reason.map(|reason| reason.to_string())
    };
    let some = |text: &str| Some(text.to_owned());
    assert_eq!(reason(Some("errors.*.message"), None, REJECTED), some("Bad zip, Duplicate lead"));
    assert_eq!(reason(Some("errors.*.code"), None, REJECTED), some("2, 7"));
    assert_eq!(reason(Some("errors[0].message"), None, REJECTED), some("Duplicate lead"));
    assert_eq!(reason(Some("errors"), None, r#"{"errors":["b"," a ",""]}"#), some("a, b"));
    assert_eq!(reason(Some("r"), Some("  because  "), r#"{"r":" "}"#), some("because"));
    for nothing in [r#"{"r":0}"#, r#"{"r":false}"#, r#"{"r":null}"#, r#"{"r":{"a":"b"}}"#, "r"] {
        assert_eq!(reason(Some("r"), None, nothing), None, "{nothing}");
    }
    let long = reason(Some("r"), None, &format!("{{\"r\":\"{}\"}}", "é".repeat(5_000))).unwrap();
    assert_eq!(long.chars().count(), 2_000);
}

#[test]
fn a_price_is_the_first_match_or_the_fallback() {
    let price = |path: &str, fallback: &str, body: &str| {
        let search = PriceSearch { path: path.parse().unwrap(), fallback: fallback.parse().unwrap() };
        let settings = ResponseSettings { price: Some(search), ..ResponseSettings::default() };
        read_reply(&settings, &json(body)).price.unwrap().to_string()
    };
    assert_eq!(price("price", "3", ACCEPTED), "12.5");
    assert_eq!(price("price", "3", r#"{"price":"$1,200.50"}"#), "1200.5");
    assert_eq!(price("price", "3", r#"{"price":0}"#), "0");
    assert_eq!(price("price", "3", r#"{"price":-4}"#), "-4");
    assert_eq!(price("price", "3", r#"{"price":[5,6]}"#), "5");
    for nothing in
        [r#"{"price":"free"}"#, r#"{"price":"-"}"#, r#"{"price":{"a":5}}"#, r#"{"price":1e30}"#, "{}", "5"]
    {
        assert_eq!(price("price", "3", nothing), "3", "{nothing}");
    }
    assert_eq!(price("bids.*.price", "0", r#"{"bids":[{"price":4},{"price":9}]}"#), "4");
    assert_eq!(read_reply(&ResponseSettings::default(), &json(ACCEPTED)).price, None);
}

#[test]
fn a_reference_is_the_other_partys_id() {
    let reference = |body: &str| {
        let settings =
            ResponseSettings { reference: Some("id".parse().unwrap()), ..ResponseSettings::default() };
        read_reply(&settings, &json(body)).reference.map(|reference| reference.to_string())
    };
    assert_eq!(reference(ACCEPTED).as_deref(), Some("L-9"));
    assert_eq!(
        reference(r#"{"id":123456789012345678901234567890}"#).unwrap(),
        "123456789012345678901234567890"
    );
    assert_eq!(reference(r#"{"id":" "}"#), None);
    assert_eq!(reference(&format!("{{\"id\":\"{}\"}}", "é".repeat(300))).unwrap().chars().count(), 255);
}

#[test]
fn every_value_is_appended_in_the_order_of_the_reply() {
    check(
        &ResponseSettings::default(),
        &json(
            r#"{"z":1.50,"a":{"b.c":true,"n":null},"tags":["x",2],"none":[],"list":[{"k":1},"m"],"z":2,"e":{}}"#,
        ),
        expect![[r#"
            Success
            outcome: Text("success")
            z: Number(2)
            a.b~1c: Bool(true)
            a.n: Null
            tags: [Text("x"), Number(2)]
            none: []
            list.0.k: Number(1)
            list.1: Text("m")"#]],
    );
}

#[test]
fn a_list_at_the_root_stands_under_array() {
    let settings = outcome(Some("array.*.ok"), Some("true"), Ending::Success);
    check(
        &settings,
        &json(r#"[{"ok":true},{"ok":false}]"#),
        expect![[r#"
            Success
            outcome: Text("success")
            array.0.ok: Bool(true)
            array.1.ok: Bool(false)"#]],
    );
}

#[test]
fn what_was_read_stands_before_what_the_reply_calls_so() {
    let mut settings = outcome(Some("status"), Some("accepted"), Ending::Success);
    settings.price = Some(PriceSearch { path: "bid".parse().unwrap(), fallback: "0".parse().unwrap() });
    check(
        &settings,
        &json(r#"{"status":"no","outcome":{"deep":"Ann"},"price":"x","reason":"kept","bid":7.10}"#),
        expect![[r#"
            Failure
            outcome: Text("failure")
            price: Number(7.1)
            status: Text("no")
            reason: Text("kept")
            bid: Number(7.1)"#]],
    );
}

#[test]
fn what_cannot_be_kept_is_counted() {
    let long = "k".repeat(178);
    let body = format!("{{\"\":1,\"a\\nb\":2,\"{long}\":3,\"{}\":4}}", &long[1..]);
    let reading = read_reply(&ResponseSettings::default(), &json(&body));
    assert_eq!((reading.appended.len(), reading.truncated), (2, 3));

    let many: Vec<String> = (0..1_500).map(|number| format!("\"k{number}\":{number}")).collect();
    let reading = read_reply(&ResponseSettings::default(), &json(&format!("{{{}}}", many.join(","))));
    assert_eq!((reading.appended.len(), reading.truncated), (APPENDED_MAX, 501));

    let deep = format!("{{\"a\":{}1{},\"b\":2}}", "[".repeat(100_000), "]".repeat(100_000));
    let reading = read_reply(&ResponseSettings::default(), &json(&deep));
    assert_eq!(reading.truncated, 1);
    assert_eq!(reading.appended.last().unwrap().0.as_str(), "b");

    let wide = format!("{{\"a\":[{}{{}}]}}", "[],".repeat(250_000));
    let reading = read_reply(&ResponseSettings::default(), &json(&wide));
    assert!(reading.truncated > 200_000, "{}", reading.truncated);
}

#[test]
fn every_kept_path_still_fits_below_a_step_of_the_longest_name() {
    let body = format!("{{\"{}\":1}}", "k".repeat(177));
    let reading = read_reply(&ResponseSettings::default(), &json(&body));
    let (path, _) = reading.appended.last().unwrap();
    let whole = format!("appended.{}.{path}", "s".repeat(64));
    assert!(whole.parse::<domain::FieldPath>().is_ok());
}

#[test]
fn a_body_over_the_limit_is_read_as_cut() {
    let settings = outcome(None, Some("last"), Ending::Success);
    let mut body = vec![b' '; REPLY_BODY_BYTES_MAX - 4];
    body.extend_from_slice(b"last");
    assert_eq!(read_reply(&settings, &reply(200, "text/plain", body.clone())).outcome, Ending::Success);
    body.insert(0, b' ');
    assert_eq!(read_reply(&settings, &reply(200, "text/plain", body)).outcome, Ending::Failure);
}

#[test]
fn text_that_is_not_utf_8_is_read_as_far_as_it_is() {
    let settings = outcome(Some("a"), Some("ok"), Ending::Success);
    let reading = read_reply(&settings, &reply(200, "application/json", b"{\"a\":\"ok \xff\xfe\"}".to_vec()));
    assert_eq!(reading.outcome, Ending::Success);
    assert_eq!(reading.appended[1].1, Value::text("ok \u{fffd}\u{fffd}"));
}

#[test]
fn a_number_key_in_a_reply_is_no_trick() {
    let body = r#"{"a":{"$serde_json::private::Number":"x"},"b":{"$serde_json::private::Number":[1],"c":2},"d":1e400}"#;
    let reading = read_reply(&ResponseSettings::default(), &json(body));
    assert_eq!(reading.appended.len(), 5);
}

fn any_json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        any::<bool>().prop_map(|value| value.to_string()),
        any::<f64>()
            .prop_filter("a number of JSON", |value| value.is_finite())
            .prop_map(|value| value.to_string()),
        ".{0,6}".prop_map(|text| serde_json::to_string(&text).unwrap()),
    ];
    leaf.prop_recursive(5, 60, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec((".{0,4}", inner), 0..5).prop_map(|members| {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{}:{value}", serde_json::to_string(key).unwrap()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

fn all_settings() -> ResponseSettings {
    ResponseSettings {
        reason: ReasonSearch { path: Some("*.*".parse().unwrap()), default: None },
        price: Some(PriceSearch { path: "a".parse().unwrap(), fallback: "1".parse().unwrap() }),
        reference: Some("*[0]".parse().unwrap()),
        ..outcome(Some("*"), Some("/^.$/"), Ending::Failure)
    }
}

proptest! {
    #[test]
    fn any_json_is_read_and_no_path_comes_twice(body in any_json()) {
        let reading = read_reply(&all_settings(), &json(&body));
        let mut paths: Vec<&str> = reading.appended.iter().map(|(path, _)| path.as_str()).collect();
        paths.sort_unstable();
        let count = paths.len();
        paths.dedup();
        prop_assert_eq!(paths.len(), count);
    }

    #[test]
    fn any_bytes_are_read(
        status in any::<u16>(),
        content_type in prop::sample::select(vec!["application/json", "text/xml", "text/html", "text/plain", ""]),
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let _ = read_reply(&all_settings(), &reply(status, content_type, body));
    }

    #[test]
    fn any_markup_is_read_by_any_path(
        content_type in prop::sample::select(vec!["text/xml", "text/html", ""]),
        body in "(<a>|</a>|<b c='d'>|</b>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|&amp;|&x;|<table>|<tr>|x| ){0,30}",
        path in "(//a|/a/b|a b|@c|#a|\\[c\\]|text\\(\\)|>|\\(a\\)|\\*|:not\\(b\\)){1,4}",
    ) {
        if let Ok(path) = path.parse() {
            let reason = ReasonSearch { path: Some(path), default: None };
            let settings = ResponseSettings { reason, ..ResponseSettings::default() };
            let _ = read_reply(&settings, &reply(200, content_type, body));
        }
    }

    /// Whatever stands in an element is found by its path, in XML and in HTML.
    #[test]
    fn any_text_is_found_where_it_stands(
        text in "[^\\p{Cc}\\s\u{fffe}\u{ffff}]([^\\p{Cc}\u{fffe}\u{ffff}]{0,20}[^\\p{Cc}\\s\u{fffe}\u{ffff}])?",
        is_html in any::<bool>(), is_attribute in any::<bool>(),
    ) {
        let escaped = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let (path, element) = match (is_html, is_attribute) {
            (true, false) => ("p.reason", format!("<p class=\"a reason\">{escaped}</p>")),
            (true, true) => ("p.reason@data-why", format!("<p class=\"reason\" data-why=\"{escaped}\">x</p>")),
            (false, false) => ("//r/reason", format!("<reason>{escaped}</reason>")),
            (false, true) => ("//reason/@why", format!("<reason why=\"{escaped}\"/>")),
        };
        let (content_type, body) = match is_html {
            true => ("text/html", format!("<!doctype html><title>t</title><div>{element}</div>")),
            false => ("application/xml", format!("<r><other>x</other>{element}</r>")),
        };
        let reason = ReasonSearch { path: Some(path.parse().unwrap()), default: None };
        let settings = ResponseSettings { reason, ..ResponseSettings::default() };
        let reading = read_reply(&settings, &reply(200, content_type, body));
        prop_assert_eq!(reading.reason.as_deref(), Some(&*text));
    }

    /// Any bytes as a content type leave the body readable, and what is added after a name changes nothing.
    #[test]
    fn any_content_type_is_taken_for_something(
        content_type in prop_oneof![".{0,30}", "[a-z]{1,5}/([a-z]{1,4}[+;])?(json|xml|html|plain)(; ?[a-z]+=.{0,8})?"],
        bytes in prop::collection::vec(any::<u8>(), 0..20), parameters in "; ?[a-z]{0,8}(=.{0,8})?",
    ) {
        let form = ReplyForm::of_content_type(&content_type);
        prop_assert_eq!(ReplyForm::of_content_type(&format!(" {} ", content_type.to_ascii_uppercase())), form);
        prop_assert_eq!(ReplyForm::of_content_type(&format!("{content_type}{parameters}")), form);
        let headers = vec![("content-type".to_owned(), bytes)];
        let reading = read_reply(&all_settings(), &Reply { status: 200, headers, body: ACCEPTED.into() });
        prop_assert!(!reading.appended.is_empty());
    }

    /// Of any lines with cookies the first with the term is kept, whatever else is there.
    #[test]
    fn the_first_cookie_with_the_term_is_kept(
        lines in prop::collection::vec(prop_oneof!["[a-c=; ]{0,12}", ".{0,12}", "sid=[a-z]{0,4}; Path=/"], 0..6),
        noise in prop::collection::vec(any::<u8>(), 0..12),
    ) {
        let settings = ResponseSettings { cookie: Some("sid=".parse().unwrap()), ..ResponseSettings::default() };
        let mut answer = reply(200, "text/plain", "OK");
        // Bytes that are no text are nobody's cookie.
        answer.headers.push(("set-cookie".to_owned(), [&noise[..], b"\xffsid="].concat()));
        answer.headers.extend(lines.iter().map(|line| ("set-cookie".to_owned(), line.clone().into_bytes())));
        let reading = read_reply(&settings, &answer);
        let kept = reading.appended.iter().find(|(path, _)| path.as_str() == "cookie").map(|(_, value)| value);
        let first = lines.iter().find(|line| line.to_lowercase().contains("sid="));
        prop_assert_eq!(kept.cloned(), first.map(|line| Value::text(line.trim())));
    }
}
