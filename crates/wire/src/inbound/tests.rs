//! What is read and what is refused, form by form.

use std::time::{Duration, Instant};

use expect_test::{Expect, expect};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const XML: &str = "text/xml";

fn try_bytes<'a>(query: &str, content_type: &str, body: &'a [u8]) -> Result<Parameters<'a>, Refusal> {
    let head = InboundHead {
        method: "POST",
        query,
        accept: None,
        content_type: (!content_type.is_empty()).then_some(content_type.as_bytes()),
        content_encoding: None,
    };
    read(Door::Submit, &head, body)
}

fn told(read: Result<Parameters<'_>, Refusal>) -> String {
    match read.and_then(|parameters| parameters.lead().map(|_| parameters.tree)) {
        Ok(tree) => tree.to_string(),
        Err(refusal) => format!("{} {}", refusal.status(), refusal.text()),
    }
}

/// Reads bodies of one type and shows what each becomes.
fn check(content_type: &str, bodies: &[&str], wanted: Expect) {
    let lines: Vec<String> =
        bodies.iter().map(|body| told(try_bytes("", content_type, body.as_bytes()))).collect();
    wanted.assert_eq(&lines.join("\n"));
}

#[test]
fn a_form_becomes_a_tree() {
    check(
        FORM,
        &[
            "name=Ann+Lee&note=a%20b%2Bc",
            "a=1&a=2&a=3",
            "address.zip=78701&address.city=Austin",
            "a=&b&=c",
            "   ",
            "a%2Eb=1&c=%zz&d=1;e=2&f[]=x",
            "p.0.n=1&p.1.n=2&q.1=x&q.2=y",
            "p.1=b&p.0=a&p.0=c",
            "a..b=1&c.=2",
        ],
        expect![[r#"
            {"name":"Ann Lee","note":"a b+c"}
            {"a":["1","2","3"]}
            {"address":{"city":"Austin","zip":"78701"}}
            {"0":"c","a":"","b":""}
            {}
            {"a":{"b":"1"},"c":"%zz","d":"1;e=2","f[]":"x"}
            {"p":[{"n":"1"},{"n":"2"}],"q":{"1":"x","2":"y"}}
            {"p":[["a","c"],"b"]}
            {"a":[{"b":"1"}],"c":["2"]}"#]],
    );
}

#[test]
fn a_value_that_is_also_a_parent_clashes() {
    check(
        FORM,
        &["a=1&a.b=2", "a.b=2&a=1", "a=1&a=2&a.b=2"],
        expect![[r#"
            400 The parameter "a.b" is both a value and a parent of others
            400 The parameter "a" is both a value and a parent of others
            400 The parameter "a.b" is both a value and a parent of others"#]],
    );
}

#[test]
fn json_is_read_with_some_patience() {
    check(
        JSON,
        &[
            "{\"a\":\"line1\nline2\ttab\"}",
            "\u{feff} {\"a\":1,\"b\":[1,{\"c\":null}],\"d.e\":true}",
            "{\"a\":1,\"a\":2}",
            "{\"a\":1,}",
            "{\"first_name\":\"Ann\",\"state\":TX,\"zip\":\"78701\"}",
            "{\"a\":",
            "hello",
            "12",
            "\"x\"",
            "[1,{\"a\":2}]",
            "null",
            " \n ",
            "{\"\":1}",
        ],
        expect![[r#"
            {"a":"line1line2tab"}
            {"a":1,"b":[1,{"c":null}],"d.e":true}
            {"a":2}
            400 Unable to parse JSON -- SyntaxError: Error: "{"a":1,}" is not valid JSON
            400 Unable to parse JSON -- SyntaxError: Error: ..."","state":TX,"zip":""... is not valid JSON
            400 Unable to parse JSON -- SyntaxError: Unexpected end of JSON input
            400 Unable to parse JSON -- SyntaxError: Error: "hello" is not valid JSON
            12
            "x"
            [1,{"a":2}]
            {}
            {}
            {"":1}"#]],
    );
}

#[test]
fn xml_loses_its_root_and_keeps_its_attributes() {
    check(
        XML,
        &[
            "<?xml version=\"1.0\"?>\n<lead id=\"7\"><a/><b></b><tag>a</tag><tag>b</tag>\n</lead>",
            "<x:lead xmlns:x=\"urn:x\"><x:a>1</x:a></x:lead>",
            "<l><a k=\"v\">text</a><b k='1'><k>2</k></b><c>&lt;&#65;&amp;</c><d><![CDATA[<i>]]></d></l>",
            "<l><!-- no --><?pi no?><a> x </a><b>  </b></l>",
            "<l>alone</l>",
            "<l/>",
            "<!DOCTYPE l SYSTEM \"http://example.com/x.dtd\"><l><a>1</a></l>",
        ],
        expect![[r#"
            {"a":"","b":"","id":"7","tag":["a","b"]}
            {"x:a":"1","xmlns:x":"urn:x"}
            {"a":{"_":"text","k":"v"},"b":{"k":["1","2"]},"c":"<A&","d":"<i>"}
            {"a":" x ","b":"  "}
            "alone"
            {}
            {"a":"1"}"#]],
    );
}

#[test]
fn xml_that_is_none_is_told_with_its_place() {
    check(
        "application/xml",
        &[
            "<?xml version=\"1.0\"?><!DOCTYPE l [<!ENTITY e \"boom\">]><l><a>&e;</a></l>",
            "<l><a k=\"&e;\"/></l>",
            "hello",
            " {\"a\":1}",
            "<l><a>1</b></l>",
            "<l><a>1</a>",
            "<l><a",
            "<l/><m/>",
            "<l/>x",
            "<l>\n</l></l>",
            "<l a=1/>",
            "<l a=\"1\" a=\"2\"/>",
            "<!-- only -->",
            "<l>a & b</l>",
        ],
        expect![[r#"
            400 Body does not contain XML or XML is unparseable -- Error: Invalid character entity Line: 0 Column: 63 Char: ;.
            400 Body does not contain XML or XML is unparseable -- Error: Invalid character entity Line: 0 Column: 15 Char: >.
            400 Body does not contain XML or XML is unparseable -- Error: Non-whitespace before first tag. Line: 0 Column: 1 Char: h.
            400 Body does not contain XML or XML is unparseable -- Error: Non-whitespace before first tag. Line: 0 Column: 2 Char: {.
            400 Body does not contain XML or XML is unparseable -- Error: Unexpected close tag Line: 0 Column: 11 Char: >.
            400 Body does not contain XML or XML is unparseable -- Error: Unclosed root tag Line: 0 Column: 11 Char: .
            400 Body does not contain XML or XML is unparseable -- Error: Unclosed root tag Line: 0 Column: 5 Char: .
            400 Body does not contain XML or XML is unparseable -- Error: Text data outside of root node. Line: 0 Column: 8 Char: >.
            400 Body does not contain XML or XML is unparseable -- Error: Text data outside of root node. Line: 0 Column: 5 Char: x.
            400 Body does not contain XML or XML is unparseable -- Error: Unmatched closing tag: l Line: 1 Column: 8 Char: >.
            400 Body does not contain XML or XML is unparseable -- Error: position 4: attribute value must be enclosed in `"` or `'` Line: 0 Column: 8 Char: >.
            400 Body does not contain XML or XML is unparseable -- Error: position 8: duplicated attribute, previous declaration at position 2 Line: 0 Column: 16 Char: >.
            400 Body does not contain XML or XML is unparseable -- Error: Unexpected end Line: 0 Column: 13 Char: .
            400 Body does not contain XML or XML is unparseable -- Error: Invalid character in entity name Line: 0 Column: 8 Char: b."#]],
    );
}

#[test]
fn the_query_lies_over_the_body() {
    let merged = |query: &str, body: &str| told(try_bytes(query, JSON, body.as_bytes()));
    let over = "a=2&v.year=2001&b=3";
    assert_eq!(
        merged(over, r#"{"a":1,"v":{"make":"Ford","year":2000}}"#),
        r#"{"a":"2","b":"3","v":{"make":"Ford","year":"2001"}}"#
    );
    assert_eq!(merged("a=2", "[7]"), r#"{"0":7,"a":"2"}"#);
    assert_eq!(merged("a=2", "12"), r#"{"a":"2"}"#);
    assert_eq!(merged("v=2", r#"{"v":{"w":1}}"#), r#"{"v":"2"}"#);
    assert_eq!(merged("v.w=2", r#"{"v":1}"#), r#"{"v":{"w":"2"}}"#);
}

#[test]
fn the_type_of_a_body_says_how_it_is_read() {
    let told = |content_type: &str, body: &[u8]| told(try_bytes("", content_type, body));
    let unsupported = "406 MIME type in Content-Type header is not supported. Use only \
                       application/x-www-form-urlencoded, application/json, application/xml, text/xml.";
    for other in
        ["text/plain", "application/vnd.api+json", "text/json", "multipart/form-data; boundary=x", "json"]
    {
        assert_eq!(told(other, b"{}"), unsupported, "{other}");
    }
    assert_eq!(told("", b"a=1"), "415 Content-Type header is required");
    assert_eq!(told("", b""), "{}", "no body, no type");
    assert_eq!(told("Application/JSON", b"{\"a\":1}"), r#"{"a":1}"#);
    let latin = [
        ("application/x-www-form-urlencoded; charset=ISO-8859-1", b"a=Jos%E9&b=\xe9".as_slice()),
        ("application/json;charset=\"windows-1252\"", b"{\"a\":\"Jos\xe9\",\"b\":\"\xe9\"}"),
        ("text/xml", b"<?xml version='1.0' encoding='ISO-8859-1'?><l><a>Jos\xe9</a><b>\xe9</b></l>"),
    ];
    for (content_type, body) in latin {
        assert_eq!(told(content_type, body), r#"{"a":"José","b":"é"}"#, "{content_type}");
    }
    assert_eq!(told("text/xml; charset=utf-16", b"\xff\xfe<\0l\0>\0x\0<\0/\0l\0>\0"), "\"x\"");
    assert_eq!(
        told("application/json; charset=klingon", b"{}"),
        "415 The charset \"klingon\" is not supported. Send UTF-8."
    );
    for bytes in [b"a=%ff".as_slice(), b"a=\xff", b"%c3=1", b"a=1&b=%e9t%e9"] {
        assert_eq!(told(FORM, bytes), "400 The parameters are not UTF-8 text", "{}", bytes.escape_ascii());
    }
    assert_eq!(told(JSON, b"{\"a\":\"\xff\"}"), "400 The parameters are not UTF-8 text");
}

#[test]
fn a_body_is_kept_as_readable_as_it_gets() {
    let body = b"{\"a\":\"\xe9\"}";
    let read = try_bytes("", "application/json; charset=iso-8859-1", body).unwrap();
    assert_eq!(read.body, "{\"a\":\"é\"}".as_bytes());
}

#[test]
fn certificates_get_their_own_name() {
    let renamed = |door: Door, query: &str| {
        let head =
            InboundHead { method: "GET", query, accept: None, content_type: None, content_encoding: None };
        read(door, &head, b"").unwrap().tree.to_string()
    };
    let both = "XXtrustedformCERTurl=c&xxTrustedFormPingUrl=p";
    assert_eq!(renamed(Door::Submit, both), r#"{"trustedform_cert_url":"c"}"#);
    assert_eq!(renamed(Door::Ping, both), r#"{"trustedform_cert_url":"p"}"#);
    assert_eq!(renamed(Door::Ping, "trustedform_ping_url=p"), r#"{"trustedform_cert_url":"p"}"#);
    assert_eq!(renamed(Door::Submit, "trustedform_ping_url=p&a=1"), r#"{"a":"1"}"#);
    assert_eq!(
        renamed(Door::Ping, "trustedform_cert_url=c&xxTrustedFormPingUrl="),
        r#"{"trustedform_cert_url":"c"}"#
    );
}

#[test]
fn people_are_sent_to_the_web_only() {
    let redirect = |url: &str| {
        let query: String = format!(
            "redir_url={}",
            percent_encoding::utf8_percent_encode(url, percent_encoding::NON_ALPHANUMERIC)
        );
        try_bytes(&query, "", b"").map(|parameters| parameters.redirect.unwrap())
    };
    for url in ["https://example.com/thanks", "http://example.com", "HTTPS://example.com/?a=b#c"] {
        assert_eq!(redirect(url), Ok(url.to_owned()), "as it came");
    }
    assert_eq!(redirect("https://example.com/é\r\nx"), Ok("https://example.com/%C3%A9x".into()));
    for url in [
        "",
        "example.com",
        "//example.com",
        "javascript:alert(1)",
        "ftp://example.com",
        "http:example.com",
        "https://",
        "http://exa mple.com",
    ] {
        assert_eq!(redirect(url), Err(Refusal::Redirect), "{url}");
    }
    assert_eq!(try_bytes("redir_url=a&redir_url=b", "", b""), Err(Refusal::Redirect));
    assert_eq!(try_bytes("", "", b"").unwrap().redirect, None);
}

#[test]
fn the_answer_takes_the_form_that_is_wanted() {
    let format = |accept: &str| AnswerFormat::negotiate(Some(accept.as_bytes()), AnswerFormat::Json);
    for (accept, wanted) in [
        ("", AnswerFormat::Json),
        ("*/*", AnswerFormat::Json),
        ("application/*", AnswerFormat::Json),
        ("Application/JSON", AnswerFormat::Json),
        ("application/x-www-form-urlencoded", AnswerFormat::Json),
        ("text/xml", AnswerFormat::TextXml),
        ("text/*", AnswerFormat::TextXml),
        ("application/xml, application/json", AnswerFormat::Xml),
        ("application/xml;q=0.5, application/json;q=0.9", AnswerFormat::Json),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", AnswerFormat::Xml),
        ("text/html, image/gif, *; q=.2, */*; q=.2", AnswerFormat::Json),
        ("application/json;q=0, */*", AnswerFormat::Xml),
    ] {
        assert_eq!(format(accept), Ok(wanted), "{accept}");
    }
    for accept in ["text/html", "image/png", "text/plain", "application/json;q=0", "json", ";;,,"] {
        assert_eq!(format(accept), Err(Refusal::Accept), "{accept}");
    }
    assert_eq!(AnswerFormat::negotiate(None, AnswerFormat::Text), Ok(AnswerFormat::Text));
    assert_eq!(AnswerFormat::negotiate(Some(b"*/*"), AnswerFormat::Xml), Ok(AnswerFormat::Xml));
    assert_eq!(AnswerFormat::negotiate(Some(b"text/plain"), AnswerFormat::Text), Ok(AnswerFormat::Text));
}

/// Hostile bodies: each is refused in words, soon, however it was made.
#[test]
fn what_is_made_to_hurt_is_refused_soon() {
    let deep = 10_000;
    let million = "a=1&".repeat(INTAKE_BODY_BYTES_MAX / 4);
    let cases = [
        (JSON, "[".repeat(deep) + &"]".repeat(deep), "400 The parameters nest deeper than 64 levels"),
        (
            JSON,
            "{\"a\":".repeat(deep) + "1" + &"}".repeat(deep),
            "400 The parameters nest deeper than 64 levels",
        ),
        (JSON, "{\"a\":".repeat(65) + "1" + &"}".repeat(65), "400 The parameters nest deeper than 64 levels"),
        (JSON, "[".repeat(INTAKE_BODY_BYTES_MAX), "400 The parameters nest deeper than 64 levels"),
        (
            JSON,
            format!("[{}1]", "1,".repeat(500_000)),
            "400 There are more than 500 parameters, or 10000 values in them",
        ),
        (XML, "<a>".repeat(deep) + &"</a>".repeat(deep), "400 The parameters nest deeper than 64 levels"),
        (
            XML,
            format!("<l>{}</l>", "<a/>".repeat(250_000)),
            "400 There are more than 500 parameters, or 10000 values in them",
        ),
        (
            XML,
            format!("<l {}/>", (0..50_000).map(|at| format!("a{at}='1' ")).collect::<String>()),
            "400 There are more than 500 parameters, or 10000 values in them",
        ),
        (
            XML,
            bomb(),
            "400 Body does not contain XML or XML is unparseable -- Error: Invalid character entity Line: 0 Column: 249 Char: ;.",
        ),
        (FORM, million, "400 There are more than 500 parameters, or 10000 values in them"),
        (
            FORM,
            (0..501).map(|at| format!("a{at}=1&")).collect(),
            "400 There are more than 500 parameters, or 10000 values in them",
        ),
        (
            FORM,
            "a.".repeat(500_000) + "a=1",
            "400 A parameter cannot be recorded: the name \"a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.a.\"… is too long",
        ),
        (FORM, "a.".repeat(100) + "a=1", "400 The parameters nest deeper than 64 levels"),
    ];
    for (content_type, body, wanted) in cases {
        let began = Instant::now();
        let got = told(try_bytes("", content_type, body.as_bytes()));
        assert_eq!(got, wanted, "{}", body.chars().take(60).collect::<String>());
        assert!(began.elapsed() < Duration::from_secs(5), "{:?} for {wanted}", began.elapsed());
    }
}

/// Each entity ten times the one before: a billion if anything expanded.
fn bomb() -> String {
    let mut text = "<!DOCTYPE l [<!ENTITY e0 \"ha\">".to_owned();
    for level in 1..10 {
        text += &format!("<!ENTITY e{level} \"{}\">", format!("&e{};", level - 1).repeat(2));
    }
    text + "]><l><a>&e9;</a></l>"
}

fn node() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_object_reads_as_itself(members in prop::collection::btree_map("[a-z]{1,4}", node(), 0..6)) {
        let body = Value::Object(members.into_iter().collect());
        let text = body.to_string();
        prop_assert_eq!(&try_bytes("", JSON, text.as_bytes()).unwrap().tree, &body);
        let spaced = serde_json::to_string_pretty(&body).unwrap();
        prop_assert_eq!(try_bytes("", JSON, spaced.as_bytes()).unwrap().tree, body);
    }

    #[test]
    fn any_flat_form_reads_as_itself(pairs in prop::collection::btree_map("[a-z]{1,6}", "[^\\p{Cc}]{0,12}", 1..8)) {
        let encode = |text: &str| percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string();
        let form: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let wanted: Value = pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        prop_assert_eq!(&try_bytes("", FORM, form.join("&").as_bytes()).unwrap().tree, &wanted);
        prop_assert_eq!(&try_bytes(&form.join("&"), "", b"").unwrap().tree, &wanted);
    }

    #[test]
    fn any_flat_document_reads_as_itself(pairs in prop::collection::btree_map("[a-z]{1,6}", "[^\\p{Cc}\u{fffe}\u{ffff}]{0,12}", 1..8)) {
        let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
        let elements: String = pairs.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escape(value))).collect();
        let attributes: String = pairs.iter().map(|(name, value)| format!(" {name}=\"{}\"", escape(value))).collect();
        let wanted: Value = pairs.into_iter().map(|(name, value)| (name, Value::from(value))).collect();
        prop_assert_eq!(&try_bytes("", XML, format!("<l>{elements}</l>").as_bytes()).unwrap().tree, &wanted);
        prop_assert_eq!(&try_bytes("", XML, format!("<l{attributes}/>").as_bytes()).unwrap().tree, &wanted);
    }

    #[test]
    fn an_answer_in_xml_reads_back(reason in "[^\\p{Cc}\u{fffe}\u{ffff}]{0,20}", price in 0u32..1000) {
        let wish = AnswerWish { door: Door::Submit, format: AnswerFormat::Xml, strict: false, redirect: None };
        let value = |text: String| Some(AnswerNode::Value(domain::Value::text(text)));
        let written = write_answer(&wish, None, &|name| match name {
            "reason" => value(reason.clone()),
            "price" => value(price.to_string()),
            _ => None,
        });
        prop_assert_eq!(written.headers[1].1.parse::<usize>().unwrap(), written.body.len());
        let read = try_bytes("", XML, &written.body).unwrap().tree;
        prop_assert_eq!(&read["reason"], &Value::from(reason));
        prop_assert_eq!(&read["price"], &Value::from(price.to_string()));
    }

    #[test]
    fn nothing_panics(content_type in "(application/(json|xml|x-www-form-urlencoded)|text/xml|.{0,20})(; ?charset=(utf-8|latin1|utf-16|gb18030|.{0,8}))?", query in ".{0,40}", body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = told(try_bytes(&query, &content_type, &body));
    }

    #[test]
    fn nothing_panics_that_looks_like_a_document(content_type in prop::sample::select(vec![FORM, JSON, XML]), body in "[<>/a&;!?\\[\\]{}\"':,=.0%#x -]{0,60}") {
        let _ = told(try_bytes("", content_type, body.as_bytes()));
    }

    #[test]
    fn any_accept_is_answered_or_refused(accept in "([a-z*]{0,5}/?[a-z*]{0,5}(;q=[0-9.]{0,4})?,? ?){0,5}") {
        let format = AnswerFormat::negotiate(Some(accept.as_bytes()), AnswerFormat::Json);
        prop_assert!(matches!(format, Ok(AnswerFormat::Json | AnswerFormat::Xml | AnswerFormat::TextXml) | Err(Refusal::Accept)));
    }
}
