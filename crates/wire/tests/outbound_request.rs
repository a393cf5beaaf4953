//! What leaves for another party: settings and a lead become a request.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::sync::Arc;

use domain::{
    EarlierStep, EventId, Integration, Lead, Method, Number, RequestSettings, Scalar, SoapCall,
    SoapOperation, SoapVersion, Template, Value, Variables, Vocabulary,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use wire::flow_file::try_request;
use wire::outbound::{AllowedHosts, RenderError, header_can_be_set, render};

const ACCEPT: &str =
    "application/json;q=0.9,text/xml;q=0.8,application/xml;q=0.7,text/html;q=0.6,text/plain;q=0.5";

fn lead() -> Lead {
    let list = [Scalar::Text("a".into()), Scalar::Null, Scalar::Text("c d".into())];
    [
        ("appended.x.name", Value::text("Zoë Lee")),
        ("appended.x.age", Value::from("40".parse::<Number>().unwrap())),
        ("appended.x.ok", Value::Scalar(Scalar::Bool(true))),
        ("appended.x.tags", Value::List(list.into())),
        ("appended.x.break", Value::text("a\r\nX-Evil: 1\r\n\r\nbody")),
        ("appended.x.path", Value::text("../a/b?c=d#e")),
        ("appended.x.dots", Value::text("..")),
        ("appended.x.long", Value::text("x".repeat(9_000))),
    ]
    .map(|(path, value)| (path.parse().unwrap(), value))
    .into_iter()
    .collect()
}

fn template(text: &str) -> Template {
    let fields = domain::Fields::new(vec![]).unwrap();
    let steps = [EarlierStep { id: "x".parse().unwrap(), values: vec![] }];
    Template::read(text, Vocabulary::Lead { fields: &fields, steps: &steps }).unwrap()
}

fn settings(integration: Integration, url: &str, fields: &[(&str, &str)]) -> RequestSettings {
    RequestSettings {
        fields: fields.iter().map(|(name, text)| (Arc::from(*name), template(text))).collect(),
        soap: (integration == Integration::CustomSoap).then(call),
        ..RequestSettings::new(integration, template(url))
    }
}

/// A call of a service that tells little of itself.
fn call() -> SoapCall {
    let operation = SoapOperation {
        name: "Add".into(),
        version: SoapVersion::V1_1,
        address: "https://a.example.com/".into(),
        action: "urn:add".into(),
        namespace: "urn:leads".into(),
        element: "Add".into(),
        is_qualified: true,
        arguments: vec![],
    };
    SoapCall {
        operation,
        headers: vec![],
        security: None,
        bearer_token: None,
        root_prefix: None,
        root_xmlns: None,
    }
}

/// The request as text; the headers that all requests share are left out.
fn told(settings: &RequestSettings, lead: &Lead) -> String {
    match render(settings, &Variables::of(lead)) {
        Ok(request) => {
            let text = String::from_utf8(request.evidence().to_vec()).unwrap().replace("\r\n", "\n");
            let agent = concat!("User-Agent: glassline/", env!("CARGO_PKG_VERSION"));
            text.replace(&format!("Accept: {ACCEPT}\n{agent}\n"), "…\n")
        }
        Err(error) => error.to_string(),
    }
}

fn check(integration: Integration, url: &str, fields: &[(&str, &str)], wanted: Expect) {
    wanted.assert_eq(&told(&settings(integration, url, fields), &lead()));
}

#[test]
fn json_keeps_types_and_leaves_out_what_is_absent() {
    check(
        Integration::CustomJson,
        "https://buyer.example.com/leads",
        &[
            ("contact.name", "{{x.name}}"),
            ("contact.age", "{{x.age}}"),
            ("contact.none", "{{x.none}}"),
            ("ok", "{{x.ok}}"),
            ("tags", "{{x.tags}}"),
            ("text", "{{x.age}} years"),
        ],
        expect![[r#"
            POST https://buyer.example.com/leads HTTP/1.1
            Content-Type: application/json; charset=utf-8
            …

            {"contact":{"name":"Zoë Lee","age":40},"ok":true,"tags":["a","c d"],"text":"40 years"}"#]],
    );
}

#[test]
fn json_with_nothing_mapped_sends_an_empty_object() {
    check(
        Integration::CustomJson,
        "https://buyer.example.com",
        &[],
        expect![[r#"
            POST https://buyer.example.com/ HTTP/1.1
            Content-Type: application/json; charset=utf-8
            …

            {}"#]],
    );
}

#[test]
fn a_form_is_escaped_and_lists_repeat() {
    check(
        Integration::CustomForm,
        "https://buyer.example.com/leads",
        &[("name", "{{x.name}}"), ("tags", "{{x.tags}}"), ("n.1", "b"), ("n.0", "a"), ("none", "{{x.none}}")],
        expect![[r#"
            POST https://buyer.example.com/leads HTTP/1.1
            Content-Type: application/x-www-form-urlencoded; charset=utf-8
            …

            name=Zo%C3%AB%20Lee&tags=a&tags=c%20d&n=a&n=b"#]],
    );
}

#[test]
fn a_query_is_joined_to_the_one_there_is_and_before_a_fragment() {
    for (url, wanted) in [
        ("https://buyer.example.com/leads", "https://buyer.example.com/leads?age=40"),
        ("https://buyer.example.com/leads?", "https://buyer.example.com/leads?age=40"),
        ("https://buyer.example.com/leads?key=1", "https://buyer.example.com/leads?key=1&age=40"),
        ("https://buyer.example.com/leads?key=1&", "https://buyer.example.com/leads?key=1&age=40"),
        ("https://buyer.example.com/leads?key=1#top?", "https://buyer.example.com/leads?key=1&age=40#top?"),
        ("https://buyer.example.com#top", "https://buyer.example.com/?age=40#top"),
    ] {
        let settings = settings(Integration::CustomQuery, url, &[("age", "{{x.age}}")]);
        let request = render(&settings, &Variables::of(&lead())).unwrap();
        assert_eq!(
            (request.url.as_str(), request.method, request.body.len()),
            (wanted, Method::Get, 0),
            "{url}"
        );
    }
}

#[test]
fn a_query_with_nothing_mapped_has_no_stray_marks() {
    for (url, wanted) in [
        ("https://buyer.example.com/leads", "https://buyer.example.com/leads?"),
        ("https://buyer.example.com/leads?key=1", "https://buyer.example.com/leads?key=1"),
    ] {
        let settings = settings(Integration::CustomQuery, url, &[("none", "{{x.none}}")]);
        assert_eq!(render(&settings, &Variables::of(&lead())).unwrap().url, wanted);
    }
}

fn url(text: &str) -> Result<String, RenderError> {
    render(&settings(Integration::CustomJson, text, &[]), &Variables::of(&lead())).map(|request| request.url)
}

#[test]
fn a_value_in_an_address_is_one_part_of_a_path_or_one_value_of_a_query() {
    assert_eq!(url("https://a.example.com/{{x.name}}/z").unwrap(), "https://a.example.com/Zo%C3%AB%20Lee/z");
    assert_eq!(
        url("https://a.example.com/v/{{x.path}}/z?q={{x.path}}").unwrap(),
        "https://a.example.com/v/..%2Fa%2Fb%3Fc%3Dd%23e/z?q=..%2Fa%2Fb%3Fc%3Dd%23e"
    );
    assert_eq!(url("https://a.example.com/?q={{x.none}}").unwrap(), "https://a.example.com/?q=");
    assert_eq!(url("https://a.example.com/?q={{x.dots}}").unwrap(), "https://a.example.com/?q=..");
    assert_eq!(url("https://a.example.com/a b").unwrap(), "https://a.example.com/a%20b");
}

#[test]
fn a_value_never_says_where_a_request_goes() {
    for text in [
        "{{x.name}}",
        "https://{{x.name}}/leads",
        "https://a.example.com{{x.none}}/leads",
        "https://a.example.com:8{{x.age}}/leads",
        "https:///{{x.name}}/leads",
        "https://\t/{{x.name}}/leads",
        "https:/{{x.name}}",
        "https:\\\\{{x.name}}/",
    ] {
        let error = url(text).unwrap_err();
        assert!(matches!(error, RenderError::HoleInHost | RenderError::Address), "{text}: {error:?}");
    }
    for text in ["https://a.example.com/v/{{x.dots}}/z", "https://a.example.com/v/.{{x.none}}%2E/z"] {
        assert_eq!(url(text), Err(RenderError::DotPart), "{text}");
    }
}

#[test]
fn what_is_no_address_is_told_in_our_own_words() {
    for text in [
        "",
        "ftp://a.example.com/",
        "/leads",
        "https://u:p@a.example.com/",
        "https://",
        "mailto:a@example.com",
    ] {
        assert_eq!(url(text), Err(RenderError::Address), "{text}");
    }
    assert_eq!(url("https://a.example.com/{{x.long}}"), Err(RenderError::AddressTooLong { bytes: 9_022 }));
}

#[test]
fn a_header_is_one_line_and_an_empty_one_is_left_out() {
    let mut settings = settings(Integration::CustomJson, "https://a.example.com/", &[]);
    settings.headers = [
        ("X-Break", "{{x.break}}"),
        ("X-None", "{{x.none}}"),
        ("X-Blank", "  \t "),
        ("X-List", "{{x.tags}}"),
        ("content-type", "application/vnd.example+json"),
        ("X-Age", "{{x.age}}"),
    ]
    .map(|(name, text)| (Arc::from(name), template(text)))
    .into();
    expect![[r#"
        POST https://a.example.com/ HTTP/1.1
        content-type: application/vnd.example+json
        …
        X-Break: a  X-Evil: 1    body
        X-List: a, c d
        X-Age: 40

        {}"#]]
    .assert_eq(&told(&settings, &lead()));
}

#[test]
fn headers_of_the_connection_cannot_be_set() {
    for name in ["Host", "content-length", "Transfer-Encoding", "Accept", "a b", "", "X:Y", "X\r\nY", "é"] {
        assert!(!header_can_be_set(name), "{name}");
        let mut settings = settings(Integration::CustomJson, "https://a.example.com/", &[]);
        settings.headers = vec![(Arc::from(name), template("1"))];
        let error = render(&settings, &Variables::of(&lead())).unwrap_err();
        assert_eq!(error, RenderError::Header(name.to_owned()));
    }
    let mut settings = settings(Integration::CustomJson, "https://a.example.com/", &[]);
    settings.headers = vec![("X-Long".into(), template("{{x.long}}"))];
    let error = render(&settings, &Variables::of(&lead())).unwrap_err();
    assert_eq!(error, RenderError::HeaderTooLong { name: "X-Long".into(), bytes: 9_000 });
}

#[test]
fn a_delivery_carries_its_id_as_idempotency_key() {
    let settings = settings(Integration::CustomJson, "https://a.example.com/", &[("id", "{{delivery_id}}")]);
    let lead = lead();
    let id: EventId = "evt_018d0d882e90aaaaaaaaaaaa".parse().unwrap();
    let request = render(&settings, &Variables { delivery_id: Some(id), ..Variables::of(&lead) }).unwrap();
    let key = request.headers.iter().find(|(name, _)| name == "Idempotency-Key").unwrap();
    assert_eq!(key.1, id.to_string());
    assert_eq!(String::from_utf8(request.body).unwrap(), format!("{{\"id\":\"{id}\"}}"));
}

#[test]
fn a_body_has_a_bound() {
    let long: Lead =
        [("appended.x.long".parse().unwrap(), Value::text("\"".repeat(200 * 1024)))].into_iter().collect();
    let names: Vec<String> = (0..6).map(|number| format!("f{number}")).collect();
    let fields: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "{{x.long}}")).collect();
    for (count, wanted) in [(2, true), (3, false), (6, false)] {
        // Each quote becomes two bytes of JSON.
        let settings = settings(Integration::CustomJson, "https://a.example.com/", &fields[..count]);
        let made = render(&settings, &Variables::of(&long));
        assert_eq!(made.is_ok(), wanted, "{count}");
        assert!(wanted || made == Err(RenderError::BodyTooLong));
    }
}

fn any_integration() -> impl Strategy<Value = Integration> {
    let over_http = Integration::ALL.into_iter().filter(|integration| *integration != Integration::Email);
    prop::sample::select(over_http.collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn whatever_the_value_host_and_path_and_headers_stay(value in any::<String>(), integration in any_integration()) {
        let lead: Lead = [("appended.x.v".parse().unwrap(), Value::text(&*value))].into_iter().collect();
        let mut settings =
            settings(integration, "https://a.example.com:8443/one/{{x.v}}-/three?k={{x.v}}&l=1", &[("v", "{{x.v}}")]);
        settings.headers = vec![("X-V".into(), template("{{x.v}}"))];
        let request = render(&settings, &Variables::of(&lead)).unwrap();
        let rest = request.url.strip_prefix("https://a.example.com:8443/one/").unwrap();
        prop_assert!(request.url.is_ascii());
        prop_assert_eq!(rest.matches('/').count(), 1);
        prop_assert_eq!(rest.matches('?').count(), 1);
        prop_assert_eq!(rest.matches('#').count(), 0);
        prop_assert_eq!(rest.matches('&').count(), 1 + usize::from(integration == Integration::CustomQuery));
        for (_, value) in &request.headers {
            prop_assert!(!value.chars().any(char::is_control));
        }
        let head = request.evidence();
        let head = String::from_utf8_lossy(&head);
        let lines = head.split("\r\n\r\n").next().unwrap().split("\r\n").count();
        prop_assert_eq!(lines, 1 + request.headers.len());
    }

    #[test]
    fn any_text_as_an_address_is_rendered_or_refused(url in "(https?:)?/{0,3}[a-z.:@{}/?#\\\\ %]{0,20}", value in ".{0,10}") {
        let fields = domain::Fields::new(vec![]).unwrap();
        let steps = [EarlierStep { id: "x".parse().unwrap(), values: vec![] }];
        let vocabulary = Vocabulary::Lead { fields: &fields, steps: &steps };
        if let Ok(url) = Template::read(&url.replace('{', "{{x.v}}").replace('}', ""), vocabulary) {
            let lead: Lead = [("appended.x.v".parse().unwrap(), Value::text(value))].into_iter().collect();
            let settings = RequestSettings { url, ..settings(Integration::CustomQuery, "https://a.example.com", &[]) };
            let _ = render(&settings, &Variables::of(&lead));
        }
    }
}

/// Of `a` and `a.b` one was lost without a word.
#[test]
fn names_that_contradict_each_other_are_told_where_they_are_tried() {
    let line = r#"{"integration": "custom_json", "request": {"url": "https://a.example.com/", "fields": {"a": "1", "a.b": "2"}}}"#;
    let now = "2026-01-15T12:00:00Z".parse().unwrap();
    let told = try_request(line, now, &domain::TimeZone::UTC, &AllowedHosts::default());
    assert_eq!(told, Err("the name \"a.b\" lies within a, which is a value".to_owned()));
}

#[test]
fn what_stands_behind_a_hash_is_not_sent() {
    let settings = settings(Integration::CustomQuery, "https://b.example.com/p?x=1#f", &[("a", "1")]);
    let request = render(&settings, &Variables::of(&lead())).unwrap();
    assert_eq!(request.url, "https://b.example.com/p?x=1&a=1#f");
    assert!(request.evidence().starts_with(b"GET https://b.example.com/p?x=1&a=1 HTTP/1.1\r\n"));
}
