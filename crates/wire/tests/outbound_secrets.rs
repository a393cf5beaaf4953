//! Secrets in requests: wherever a request has a template they can stand, and what is recorded of a
//! request shows their names.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use domain::{Lead, RequestSettings, SecretGuard, Secrets, Value, Variables};
use wire::flow_file::FlowFile;
use wire::outbound::{Fresh, RenderError, Reply, render, render_fresh};

const WSDL: &str = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:t="urn:t" targetNamespace="urn:t"><message name="In"><part name="key"/></message><portType name="P"><operation name="Add"><input message="t:In"/></operation></portType><binding name="B" type="t:P"><s:binding style="rpc"/><operation name="Add"><s:operation soapAction="urn:add"/><input><s:body/></input></operation></binding><service name="S"><port binding="t:B"><s:address location="https://south.example.com/"/></port></service></definitions>"#;

/// The settings of a step with this integration and request.
fn settings(integration: &str, request: &str) -> RequestSettings {
    let file = FlowFile::read(&format!(
        "secrets: [ south ]\nflow:\n  id: flow_x\n  name: X\n  fields: {{ email: email }}\n  steps:\n    - id: a\n      kind: enhancement\n      entity: svc_x\n      integration: {integration}\n      request: {request}\n"
    ));
    let file = file.unwrap_or_else(|error| panic!("{error}"));
    file.flow.steps()[0].request().unwrap().clone()
}

fn lead() -> Lead {
    [("email".parse().unwrap(), Value::text("ann@example.com"))].into_iter().collect()
}

fn sent(settings: &RequestSettings, secrets: &Secrets) -> String {
    let lead = lead();
    let fresh = Fresh { nonce: [7; 16], created: "2026-01-15T12:00:00Z".parse().unwrap() };
    let request = render_fresh(settings, &Variables { secrets, ..Variables::of(&lead) }, &fresh).unwrap();
    String::from_utf8(request.evidence().to_vec()).unwrap()
}

#[test]
fn a_secret_can_stand_wherever_a_request_has_a_template() {
    let name = "south".parse().unwrap();
    let secrets: Secrets = [("south".parse().unwrap(), "hush-7".parse().unwrap())].into_iter().collect();
    let secret = "\"{{secret.south}}\"";
    let wsdl = serde_json::to_string(WSDL).unwrap();
    let soap = |more: &str| format!("{{ wsdl_text: {wsdl}, function: Add, {more} }}");
    let url = "url: \"https://south.example.com/\"";
    for (integration, request, clear, masked) in [
        (
            "custom_query",
            "{ url: \"https://south.example.com/{{secret.south}}\" }".to_owned(),
            "/hush-7",
            "/%5Bsecret%20south%5D",
        ),
        (
            "custom_query",
            format!("{{ {url}, parameters: {{ key: {secret} }} }}"),
            "key=hush-7",
            "key=%5Bsecret%20south%5D",
        ),
        (
            "custom_json",
            format!("{{ {url}, headers: {{ X-Key: {secret} }} }}"),
            "X-Key: hush-7",
            "X-Key: [secret south]",
        ),
        (
            "custom_json",
            format!("{{ {url}, fields: {{ key: {secret} }} }}"),
            r#"{"key":"hush-7"}"#,
            r#"{"key":"[secret south]"}"#,
        ),
        (
            "custom_json",
            format!(
                "{{ {url}, json_parameter: d, extra_parameters: {{ key: {secret} }}, nested_extra_parameters: {{ a.b: {secret} }} }}"
            ),
            "&key=hush-7&a%5Bb%5D=hush-7",
            "&key=%5Bsecret%20south%5D&a%5Bb%5D=%5Bsecret%20south%5D",
        ),
        (
            "custom_form",
            format!("{{ {url}, fields: {{ key: {secret} }} }}"),
            "key=hush-7",
            "key=%5Bsecret%20south%5D",
        ),
        (
            "custom_xml",
            format!("{{ {url}, fields: {{ r.key: {secret} }} }}"),
            "<key>hush-7</key>",
            "<key>[secret south]</key>",
        ),
        // glass:hush-7 and glass:[secret south]
        (
            "custom_form",
            format!("{{ {url}, basic_auth: {{ user: glass, password: {secret} }} }}"),
            "Basic Z2xhc3M6aHVzaC03",
            "Basic Z2xhc3M6W3NlY3JldCBzb3V0aF0=",
        ),
        (
            "custom_soap",
            soap(&format!("fields: {{ key: {secret} }}")),
            "hush-7</key>",
            "[secret south]</key>",
        ),
        (
            "custom_soap",
            soap(&format!("soap_headers: {{ Key: {secret} }}")),
            "hush-7</Key>",
            "[secret south]</Key>",
        ),
        ("custom_soap", soap(&format!("bearer_token: {secret}")), "Bearer hush-7", "Bearer [secret south]"),
        (
            "custom_soap",
            soap(&format!("security: {{ user: glass, password: {secret} }}")),
            ">hush-7</",
            ">[secret south]</",
        ),
    ] {
        let settings = settings(integration, &request);
        let told = sent(&settings, &secrets);
        assert!(told.contains(clear), "{clear} in {told}");
        let told = sent(&settings, &Secrets::masked([&name]));
        assert!(told.contains(masked), "{masked} in {told}");
        assert!(!told.contains("hush-7"), "{told}");
        let error = render(&settings, &Variables::of(&lead())).unwrap_err();
        assert_eq!(error, RenderError::NoSecret("south".parse().unwrap()));
        assert_eq!(error.to_string(), "the secret south is not set; set it with: glassline secret set south");
    }
    let digest = settings(
        "custom_soap",
        &soap(&format!("security: {{ user: glass, password: {secret}, digest: true }}")),
    );
    assert_ne!(sent(&digest, &secrets), sent(&digest, &Secrets::masked([&name])));
}

/// A secret that lost its accents was another one, and came back unknown.
#[test]
fn a_secret_keeps_its_letters_where_fields_lose_theirs() {
    let settings = settings(
        "custom_json",
        "{ url: \"https://south.example.com/\", ascii: true, fields: { key: \"{{secret.south}}\", \
         sum: \"{{uppercase secret.south}}\", all: \"é {{lead.email}} {{secret.south}} ü\" } }",
    );
    let secrets: Secrets = [("south".parse().unwrap(), "Pä55wörd!ü".parse().unwrap())].into_iter().collect();
    let lead: Lead = [("email".parse().unwrap(), Value::text("jörg@example.com"))].into_iter().collect();
    let request = render(&settings, &Variables { secrets: &secrets, ..Variables::of(&lead) }).unwrap();
    let body = String::from_utf8(request.body).unwrap();
    assert_eq!(body, r#"{"key":"Pä55wörd!ü","sum":"PÄ55WÖRD!Ü","all":"e jorg@example.com Pä55wörd!ü u"}"#);
    let masked = Secrets::masked(settings.secrets());
    let request = render(&settings, &Variables { secrets: &masked, ..Variables::of(&lead) }).unwrap();
    assert!(String::from_utf8(request.body).unwrap().contains("e jorg@example.com [secret south] u"));
}

/// Beyond ASCII, secrets have other bytes in other charsets, and came back in clear.
#[test]
fn a_secret_is_found_in_whichever_charset_a_reply_comes() {
    let guard = SecretGuard::new(["Pä55wörd!ü"]);
    let latin = b"key P\xe455w\xf6rd!\xfc, n\xe3o".to_vec();
    let utf_16: Vec<u8> = "key Pä55wörd!ü, não".encode_utf16().flat_map(u16::to_be_bytes).collect();
    for (content_type, body) in [
        ("text/plain; charset=iso-8859-1", latin.clone()),
        ("text/plain", latin),
        ("text/plain; charset=utf-16be", utf_16.clone()),
        ("text/plain; charset=utf-16", [b"\xfe\xff".to_vec(), utf_16].concat()),
        ("text/plain; charset=iso-8859-1", "key Pä55wörd!ü, não".into()),
    ] {
        let header = |name: &str, value: &[u8]| (name.to_owned(), value.to_vec());
        let headers =
            vec![header("content-type", content_type.as_bytes()), header("x-key", b"P\xe455w\xf6rd!\xfc")];
        let reply = Reply { status: 200, headers, body }.without_secrets(&guard);
        assert_eq!(String::from_utf8(reply.body.clone()).unwrap(), "key **********, não", "{content_type}");
        assert_eq!(reply.header("x-key"), Some("**********"));
        assert_eq!(reply.header("content-type"), Some(content_type));
    }
    // In UTF-8, whatever else the reply says it is.
    let headers = vec![("content-type".to_owned(), b"text/plain; charset=windows-1251".to_vec())];
    let reply = Reply { status: 200, headers, body: "Pä55wörd!ü".into() }.without_secrets(&guard);
    assert_eq!(reply.body, b"**********");
}

#[test]
fn a_reply_says_nothing_of_the_secrets_it_repeats() {
    let reply = Reply {
        status: 200,
        headers: vec![
            ("x-echo".into(), b"key hush-hush".to_vec()),
            ("content-type".into(), b"text/plain".to_vec()),
        ],
        body: b"{\"key\":\"\\u0068ush-hush\",\"n\":4111111111111111}".to_vec(),
    };
    let guard = SecretGuard::new(["hush-hush"]);
    let wanted = Reply {
        status: 200,
        headers: vec![
            ("x-echo".into(), b"key *********".to_vec()),
            ("content-type".into(), b"text/plain".to_vec()),
        ],
        body: b"{\"key\":\"*********\",\"n\":4111111111111111}".to_vec(),
    };
    assert_eq!(reply.without_secrets(&guard), wanted);
}
