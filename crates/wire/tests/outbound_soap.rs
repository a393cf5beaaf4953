//! Calls by SOAP: a service's description, the envelope that leaves, the faults that come back.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use domain::{
    Ending, Integration, PasswordKind, RequestSettings, ResponseSettings, SoapCall, SoapSecurity,
    SoapVersion, Template, Variables,
};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use wire::flow_file::try_response;
use wire::outbound::{
    Fresh, Reading, RenderError, Reply, WSDL_BYTES_MAX, Wsdl, read_reply, render, render_fresh,
};

const WSDL: &str = r#"<?xml version="1.0"?>
<wsdl:definitions xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
  xmlns:soap12="http://schemas.xmlsoap.org/wsdl/soap12/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:tns="urn:leads" targetNamespace="urn:leads">
  <wsdl:types>
    <xs:schema targetNamespace="urn:leads" elementFormDefault="qualified">
      <xs:element name="AddLead">
        <xs:complexType><xs:sequence>
          <xs:element name="Lead" type="tns:Lead"/>
          <xs:element name="Document" type="xs:string"/>
        </xs:sequence></xs:complexType>
      </xs:element>
      <xs:complexType name="Lead"><xs:sequence>
        <xs:element name="Email" type="xs:string"/>
        <xs:element name="State" type="xs:string"/>
      </xs:sequence></xs:complexType>
    </xs:schema>
  </wsdl:types>
  <wsdl:message name="In"><wsdl:part name="parameters" element="tns:AddLead"/></wsdl:message>
  <wsdl:message name="RpcIn"><wsdl:part name="email" type="xs:string"/></wsdl:message>
  <wsdl:portType name="Leads">
    <wsdl:operation name="AddLead"><wsdl:input message="tns:In"/></wsdl:operation>
    <wsdl:operation name="Check"><wsdl:input message="tns:RpcIn"/></wsdl:operation>
  </wsdl:portType>
  <wsdl:binding name="B11" type="tns:Leads">
    <soap:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="AddLead"><soap:operation soapAction="urn:leads/AddLead"/>
      <wsdl:input><soap:body use="literal"/></wsdl:input></wsdl:operation>
    <wsdl:operation name="Check"><soap:operation soapAction="" style="rpc"/>
      <wsdl:input><soap:body use="literal" namespace="urn:check"/></wsdl:input></wsdl:operation>
  </wsdl:binding>
  <wsdl:binding name="B12" type="tns:Leads">
    <soap12:binding transport="http://schemas.xmlsoap.org/soap/http"/>
    <wsdl:operation name="AddLead"><soap12:operation soapAction="urn:leads/AddLead"/>
      <wsdl:input><soap12:body use="literal"/></wsdl:input></wsdl:operation>
  </wsdl:binding>
  <wsdl:service name="S">
    <wsdl:port name="P11" binding="tns:B11"><soap:address location="https://soap.example.com/11"/></wsdl:port>
    <wsdl:port name="P12" binding="tns:B12"><soap12:address location="https://soap.example.com/12"/></wsdl:port>
  </wsdl:service>
</wsdl:definitions>"#;

fn call(name: &str, version: Option<SoapVersion>) -> SoapCall {
    let operation = Wsdl::read(WSDL.as_bytes()).unwrap().operation(name, version).unwrap().clone();
    SoapCall {
        operation,
        headers: vec![],
        security: None,
        bearer_token: None,
        root_prefix: None,
        root_xmlns: None,
    }
}

fn settings(call: SoapCall, fields: &[(&str, &str)]) -> RequestSettings {
    let url = Template::literal(&call.operation.address);
    RequestSettings {
        fields: fields.iter().map(|(name, text)| ((*name).into(), Template::literal(text))).collect(),
        soap: Some(call),
        ..RequestSettings::new(Integration::CustomSoap, url)
    }
}

fn fresh() -> Fresh {
    Fresh { nonce: *b"0123456789abcdef", created: "2026-01-15T12:00:00Z".parse().unwrap() }
}

fn check(settings: &RequestSettings, wanted: Expect) {
    let lead = domain::Lead::new();
    let request = render_fresh(settings, &Variables::of(&lead), &fresh()).unwrap();
    let own = |name: &str| !matches!(name, "Accept" | "User-Agent");
    let headers = request
        .headers
        .iter()
        .filter(|(name, _)| own(name))
        .map(|(name, value)| format!("{name}: {value}\n"));
    let body = String::from_utf8(request.body).unwrap();
    wanted.assert_eq(&format!("{} {}\n{}\n{body}", request.method, request.url, headers.collect::<String>()));
}

#[test]
fn arguments_stand_in_the_order_of_the_wsdl_and_groups_within_strings_are_text() {
    let fields = [
        ("Document.doc.@id", "7"),
        ("Document.doc.name", "A&B"),
        ("Lead.State", "TX"),
        ("Lead.Email", "ann@example.com"),
    ];
    check(
        &settings(call("AddLead", None), &fields),
        expect![[r#"
        POST https://soap.example.com/11
        Content-Type: text/xml; charset=utf-8
        SOAPAction: "urn:leads/AddLead"

        <?xml version="1.0" encoding="utf-8"?>
        <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
          <soap:Body>
            <AddLead xmlns="urn:leads">
              <Lead>
                <Email>ann@example.com</Email>
                <State>TX</State>
              </Lead>
              <Document>&lt;doc id="7"&gt;&lt;name&gt;A&amp;amp;B&lt;/name&gt;&lt;/doc&gt;</Document>
            </AddLead>
          </soap:Body>
        </soap:Envelope>"#]],
    );
}

#[test]
fn version_1_2_names_its_action_in_the_content_type() {
    let mut call = call("AddLead", Some(SoapVersion::V1_2));
    call.bearer_token = Some(Template::literal("tok\r\nX-Evil: 1"));
    call.root_prefix = Some("l".into());
    call.root_xmlns = Some(("xmlns:x".into(), "urn:x".into()));
    call.headers = vec![("x:Session.Id".into(), Template::literal("9"))];
    check(
        &settings(call, &[("Lead.Email", "ann@example.com")]),
        expect![[r#"
        POST https://soap.example.com/12
        Content-Type: application/soap+xml; charset=utf-8; action="urn:leads/AddLead"
        Authorization: Bearer tok  X-Evil: 1

        <?xml version="1.0" encoding="utf-8"?>
        <soap:Envelope xmlns:soap="http://www.w3.org/2003/05/soap-envelope">
          <soap:Header>
            <x:Session>
              <Id>9</Id>
            </x:Session>
          </soap:Header>
          <soap:Body>
            <l:AddLead xmlns:l="urn:leads" xmlns:x="urn:x">
              <l:Lead>
                <l:Email>ann@example.com</l:Email>
              </l:Lead>
            </l:AddLead>
          </soap:Body>
        </soap:Envelope>"#]],
    );
}

#[test]
fn a_call_in_the_manner_of_procedures_has_its_parts() {
    check(
        &settings(call("Check", None), &[("email", "ann@example.com")]),
        expect![[r#"
        POST https://soap.example.com/11
        Content-Type: text/xml; charset=utf-8
        SOAPAction: ""

        <?xml version="1.0" encoding="utf-8"?>
        <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
          <soap:Body>
            <ns1:Check xmlns:ns1="urn:check">
              <email>ann@example.com</email>
            </ns1:Check>
          </soap:Body>
        </soap:Envelope>"#]],
    );
}

#[test]
fn user_and_password_stand_in_the_envelope() {
    let security = |kind| {
        let mut call = call("Check", None);
        let (user, password) = (Template::literal("glass"), Template::literal("p<w"));
        call.security = Some(SoapSecurity { user, password, kind });
        settings(call, &[])
    };
    check(
        &security(PasswordKind::Text),
        expect![[r#"
        POST https://soap.example.com/11
        Content-Type: text/xml; charset=utf-8
        SOAPAction: ""

        <?xml version="1.0" encoding="utf-8"?>
        <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
          <soap:Header>
            <wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" soap:mustUnderstand="1">
              <wsse:UsernameToken>
                <wsse:Username>glass</wsse:Username>
                <wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText">p&lt;w</wsse:Password>
              </wsse:UsernameToken>
            </wsse:Security>
          </soap:Header>
          <soap:Body>
            <ns1:Check xmlns:ns1="urn:check"/>
          </soap:Body>
        </soap:Envelope>"#]],
    );
    check(
        &security(PasswordKind::Digest),
        expect![[r#"
        POST https://soap.example.com/11
        Content-Type: text/xml; charset=utf-8
        SOAPAction: ""

        <?xml version="1.0" encoding="utf-8"?>
        <soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/">
          <soap:Header>
            <wsse:Security xmlns:wsse="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd" xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" soap:mustUnderstand="1">
              <wsse:UsernameToken>
                <wsse:Username>glass</wsse:Username>
                <wsse:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordDigest">S+F/Jg+Tbpfvp97F2uUpnX3pl7Q=</wsse:Password>
                <wsse:Nonce EncodingType="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary">MDEyMzQ1Njc4OWFiY2RlZg==</wsse:Nonce>
                <wsu:Created>2026-01-15T12:00:00.000Z</wsu:Created>
              </wsse:UsernameToken>
            </wsse:Security>
          </soap:Header>
          <soap:Body>
            <ns1:Check xmlns:ns1="urn:check"/>
          </soap:Body>
        </soap:Envelope>"#]],
    );
    let lead = domain::Lead::new();
    let told = render(&security(PasswordKind::Digest), &Variables::of(&lead));
    assert_eq!(told, Err(RenderError::NotFresh));
}

#[test]
fn a_document_that_cannot_be_used_says_why() {
    let told = |text: &str| {
        Wsdl::read(text.as_bytes()).map_or_else(|error| error.to_string(), |_| "good".to_owned())
    };
    let import = WSDL
        .replace("<wsdl:types>", "<wsdl:import location=\"https://x.example.com/types.wsdl\"/><wsdl:types>");
    assert!(told(&import).contains("imports \"https://x.example.com/types.wsdl\""), "{}", told(&import));
    let schema = WSDL.replace(
        "<xs:element name=\"AddLead\">",
        "<xs:include schemaLocation=\"lead.xsd\"/><xs:element name=\"AddLead\">",
    );
    assert!(told(&schema).contains("imports \"lead.xsd\""));
    assert!(told("<html/>").contains("no WSDL 1.1"));
    assert!(told("nothing").contains("not plain XML"));
    let entity = format!(
        "<!DOCTYPE d [<!ENTITY x SYSTEM \"file:///etc/hosts\">]>{}",
        WSDL.trim_start_matches("<?xml version=\"1.0\"?>")
    );
    assert!(told(&entity).contains("not plain XML"));
    assert!(told(&WSDL.replace("https://soap", "ftp://soap")).contains("no operation"));
    assert!(told(&" ".repeat(WSDL_BYTES_MAX + 1)).contains("at most"));
    let deep = format!("<definitions>{}{}</definitions>", "<a>".repeat(10_000), "</a>".repeat(10_000));
    assert!(told(&deep).contains("more elements"));
    assert!(told(&format!("\u{feff}{WSDL}")) == "good");
}

#[test]
fn a_type_within_itself_ends() {
    let own = "<xs:element name=\"Email\" type=\"tns:Lead\"/>";
    let text = WSDL.replace("<xs:element name=\"Email\" type=\"xs:string\"/>", &own.repeat(30));
    assert!(Wsdl::read(text.as_bytes()).is_ok());
}

#[test]
fn a_fault_is_an_error_with_its_reason() {
    let settings = ResponseSettings { is_soap: true, ..ResponseSettings::default() };
    let read = |status, body: &str| {
        let headers = vec![("content-type".to_owned(), b"text/xml".to_vec())];
        let reading = read_reply(&settings, &Reply { status, headers, body: body.into() });
        (reading.outcome, reading.reason.map(|reason| reason.to_string()))
    };
    let fault = |inner: &str| {
        format!("<s:Envelope xmlns:s=\"x\"><s:Body><s:Fault>{inner}</s:Fault></s:Body></s:Envelope>")
    };
    let error = |reason: &str| (Ending::Error, Some(reason.to_owned()));
    let v1_1 = fault("<faultcode>s:Client</faultcode><faultstring> No\n such lead </faultstring>");
    assert_eq!(read(500, &v1_1), error("No such lead"));
    assert_eq!(read(200, &v1_1), error("No such lead"));
    assert_eq!(read(500, &fault("<faultcode>s:Client</faultcode>")), error("s:Client"));
    let v1_2 = fault(
        "<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text xml:lang=\"en\">Bad</s:Text></s:Reason>",
    );
    assert_eq!(read(500, &v1_2), error("Bad"));
    assert_eq!(read(500, &fault("<s:Code><s:Value>s:Sender</s:Value></s:Code>")), error("s:Sender"));
    assert_eq!(read(500, "oops"), error("Server error"));
    assert_eq!(read(200, "<s:Envelope><s:Body><ok>1</ok></s:Body></s:Envelope>"), (Ending::Success, None));
}

/// A fault counted as a sale where the step had no key `response`, as the page's own example has none.
#[test]
fn a_fault_is_an_error_without_settings_of_a_response_too() {
    let fault = |version: &str, status: u16, inner: &str| {
        let body = format!(
            "<s:Envelope xmlns:s=\"{version}\"><s:Body><s:Fault>{inner}</s:Fault></s:Body></s:Envelope>"
        );
        let headers = serde_json::json!({ "Content-Type": "text/xml; charset=utf-8" });
        let reply = serde_json::json!({ "status": status, "headers": headers, "body": body });
        let line = serde_json::json!({ "integration": "custom_soap", "reply": reply }).to_string();
        let told = try_response(&line, "2026-01-15T12:00:00Z".parse().unwrap()).unwrap();
        let told: serde_json::Value = serde_json::from_str(&told).unwrap();
        (told["outcome"].as_str().unwrap().to_owned(), told["reason"].as_str().unwrap().to_owned())
    };
    let error = |reason: &str| ("error".to_owned(), reason.to_owned());
    let v1_1 = "<faultcode>s:Client</faultcode><faultstring>No such lead</faultstring>";
    assert_eq!(fault("http://schemas.xmlsoap.org/soap/envelope/", 200, v1_1), error("No such lead"));
    let v1_2 = "<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>Bad zip</s:Text></s:Reason>";
    assert_eq!(fault("http://www.w3.org/2003/05/soap-envelope", 400, v1_2), error("Bad zip"));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(at in 0..WSDL.len(), byte in any::<u8>(), cut in 0..WSDL.len()) {
        let mut bytes = WSDL.as_bytes().to_vec();
        bytes[at] = byte;
        let _ = Wsdl::read(&bytes);
        let _ = Wsdl::read(&bytes[..cut]);
    }

    /// Whatever a fault says, in whichever version and under whichever prefix, is its reason.
    #[test]
    fn any_fault_is_read_as_it_says(
        words in prop::collection::vec("[^\\p{Cc}\\s<>&\u{fffe}\u{ffff}]{1,8}", 1..5), prefix in "[a-z]{1,4}",
        is_1_1 in any::<bool>(), status in prop::sample::select(vec![200_u16, 400, 500, 503]),
    ) {
        let text = words.join(" ");
        let escaped = text.replace('"', "&quot;");
        let inner = match is_1_1 {
            true => format!("<faultcode>{prefix}:Client</faultcode><faultstring>\n {escaped}\t</faultstring>"),
            false => format!(
                "<{prefix}:Code><{prefix}:Value>x</{prefix}:Value></{prefix}:Code><{prefix}:Reason>\
                 <{prefix}:Text>{escaped}</{prefix}:Text></{prefix}:Reason>"
            ),
        };
        let body = format!(
            "<{prefix}:Envelope xmlns:{prefix}=\"urn:x\"><{prefix}:Header/><{prefix}:Body><{prefix}:Fault>{inner}\
             </{prefix}:Fault></{prefix}:Body></{prefix}:Envelope>"
        );
        let reading = read_soap(status, &body);
        prop_assert_eq!(reading.outcome, Ending::Error);
        prop_assert_eq!(reading.reason.as_deref(), Some(&*text));
    }

    #[test]
    fn any_markup_that_looks_like_a_fault_is_read(
        status in any::<u16>(),
        body in "(<s:Envelope>|<Envelope>|</s:Envelope>|<s:Body>|</s:Body>|<s:Fault>|<Fault>|</s:Fault>|<faultstring>|\
                 </faultstring>|<faultcode/>|<Reason>|<Text>|</Text>|x| |&amp;|&x;|<!DOCTYPE a>|<!\\[CDATA\\[|\\]\\]>){0,30}",
    ) {
        let reading = read_soap(status, &body);
        prop_assert!(reading.outcome != Ending::Error || reading.reason.is_some());
    }
}

fn read_soap(status: u16, body: &str) -> Reading {
    let settings = ResponseSettings { is_soap: true, ..ResponseSettings::default() };
    let headers = vec![("content-type".to_owned(), b"text/xml; charset=utf-8".to_vec())];
    read_reply(&settings, &Reply { status, headers, body: body.into() })
}
