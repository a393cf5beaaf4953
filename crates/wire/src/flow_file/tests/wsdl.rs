use super::*;

/// As short as a WSDL can be.
pub(super) fn wsdl(function: &str) -> String {
    format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">
<message name="I"><part name="p" element="E"/></message>
<portType name="T"><operation name="{function}"><input message="I"/></operation></portType>
<binding name="B" type="T"><operation name="{function}"><s:operation soapAction="a"/><input><s:body/></input></operation></binding>
<service><port binding="B"><s:address location="https://soap.example.com/"/></port></service>
</definitions>"#
    )
}

/// A flow with one recipient that calls by SOAP; its request begins on line 11.
fn soap(lines: &str) -> String {
    let lines: String = lines.lines().map(|line| format!("        {line}\n")).collect();
    flow(&format!(
        "  fields: {{ state: state }}\n  steps:\n    - id: a\n      kind: recipient\n      entity: buyer_x\n      \
         integration: custom_soap\n      request:\n{lines}"
    ))
}

const URL: &str = "https://soap.example.com/leads.wsdl";

fn url() -> WsdlPlace {
    WsdlPlace::Url(URL.to_owned())
}

fn found(result: Result<String, String>) -> WsdlTexts {
    WsdlTexts::from([(url(), result)])
}

fn told(text: &str, found: &WsdlTexts) -> String {
    FlowFile::read_with(text, found).unwrap_err().to_string()
}

#[test]
fn what_a_document_names_and_does_not_hold_is_put_into_it() {
    let text = soap(&format!("wsdl: {URL}\nfunction: AddLead"));
    assert_eq!(wsdl_places(&text), [url()]);
    let file = FlowFile::read_with(&text, &found(Ok(wsdl("AddLead")))).unwrap();

    // What is kept needs nothing more, whatever stands at the address by then.
    assert!(wsdl_places(&file.document).is_empty());
    let again = FlowFile::read(&file.document).unwrap();
    assert_eq!(again, file);
    let changed = FlowFile::read_with(&file.document, &found(Ok(wsdl("Other")))).unwrap();
    assert_eq!(changed, file);

    let document: serde_json::Value = serde_json::from_str(&file.document).unwrap();
    let request = &document["flow"]["steps"][0]["request"];
    assert_eq!(request["wsdl"], URL);
    assert_eq!(request["wsdl_text"], wsdl("AddLead"));
    assert_eq!(request["wsdl_sha256"], super::super::wsdl::digest(&wsdl("AddLead")));
}

#[test]
fn a_place_is_named_once_and_a_file_counts_more_than_an_address() {
    let step = |id: &str, lines: &str| {
        format!(
            "    - {{ id: {id}, kind: recipient, entity: buyer_x, integration: custom_soap, request: {{ {lines} }} }}\n"
        )
    };
    let text = flow(&format!(
        "  steps:\n{}{}{}{}{}",
        step("a", "wsdl: https://b.example.com/, function: A"),
        step("b", "wsdl: https://b.example.com/, function: B"),
        step("c", "wsdl: https://c.example.com/, wsdl_file: c.wsdl, function: B"),
        step("d", "wsdl: https://d.example.com/, wsdl_text: x, function: B"),
        "    - { id: g, kind: distribute, recipients: [ { ping: { request: { wsdl_file: p.wsdl } } } ] }\n",
    ));
    let places = wsdl_places(&text);
    let file = |path: &str| WsdlPlace::File(path.to_owned());
    assert_eq!(places, [WsdlPlace::Url("https://b.example.com/".to_owned()), file("c.wsdl"), file("p.wsdl")]);
    assert!(wsdl_places("flow: [").is_empty());
    assert!(wsdl_places("flow: { request: { wsdl: [ 1 ] } }").is_empty());
    assert!(wsdl_places("request: { wsdl: https://a.example.com/ }").is_empty());
}

#[test]
fn a_digest_that_was_written_down_must_be_that_of_the_document() {
    let digest = super::super::wsdl::digest(&wsdl("AddLead"));
    let text = soap(&format!("wsdl: {URL}\nfunction: AddLead\nwsdl_sha256: {}", digest.to_uppercase()));
    FlowFile::read_with(&text, &found(Ok(wsdl("AddLead")))).unwrap();
    let other = super::super::wsdl::digest(&wsdl("AddLead "));
    assert_eq!(
        told(&text, &found(Ok(wsdl("AddLead ")))),
        format!(
            "line 13: the WSDL is not the one of \"wsdl_sha256\": its digest is {other}; see what changed, then put that \
             digest there, or leave the key out"
        )
    );
}

#[test]
fn what_keeps_a_wsdl_away_is_told_at_its_line() {
    let text = soap(&format!("function: AddLead\nwsdl: {URL}"));
    assert_eq!(
        told(&text, &found(Err("cannot be fetched: HTTP 404".to_owned()))),
        format!("line 12: the WSDL {URL} cannot be fetched: HTTP 404")
    );
    assert_eq!(
        told(&text, &WsdlTexts::new()),
        format!("line 12: the WSDL {URL} is not fetched here; put the document itself under \"wsdl_text\"")
    );
    assert_eq!(
        told(&text, &found(Ok("<html>down</html>".to_owned()))),
        "line 12: the document is no WSDL 1.1: its root element is \"html\", not definitions"
    );
    assert_eq!(
        told(&text, &found(Ok(wsdl("AddLeads")))),
        "line 11: the WSDL has no function \"AddLead\" of this version; did you mean \"AddLeads\"?"
    );
    assert_eq!(
        told(&soap("wsdl_file: leads.wsdl\nfunction: AddLead"), &WsdlTexts::new()),
        "line 11: the WSDL leads.wsdl is read where glassline flow check or publish runs; do that beside the file, or \
         put the document itself under \"wsdl_text\""
    );
    assert_eq!(
        told(&soap("wsdl: ftp://soap.example.com/\nfunction: AddLead"), &WsdlTexts::new())
            .split(": ")
            .take(2)
            .collect::<Vec<_>>(),
        ["line 11", "where the WSDL is"]
    );
    assert_eq!(
        told(&soap("function: AddLead"), &WsdlTexts::new()),
        "line 11: custom_soap needs a WSDL: its address under \"wsdl\", its file under \"wsdl_file\", or the document \
         itself under \"wsdl_text\""
    );
}

#[test]
fn a_document_that_grows_too_long_by_its_wsdl_is_refused() {
    let long = wsdl("AddLead").replace("<message", &format!("<!--{}-->\n<message", "x".repeat(250_000)));
    let step = |id: usize| {
        format!(
            "    - {{ id: s{id}, kind: recipient, entity: buyer_x, integration: custom_soap, request: {{ wsdl: {URL}, \
             function: AddLead }} }}\n"
        )
    };
    let text = flow(&format!("  steps:\n{}", (0..5).map(step).collect::<String>()));
    let told = told(&text, &found(Ok(long)));
    assert!(told.starts_with("line 1: with its WSDL the file has 1"), "{told}");
    assert!(told.ends_with(" bytes; at most 1048576 are kept"), "{told}");
}

#[test]
fn who_tries_a_flow_needs_no_wsdl_of_the_web() {
    let text = |lines: &str| soap(&format!("wsdl: {URL}?a&b\nwsdl_sha256: {}\n{lines}", "0".repeat(64)));
    for (version, wanted) in [
        ("function: \"Add<Lead\"", domain::SoapVersion::V1_1),
        ("function: AddLead\nversion: \"1.1\"", domain::SoapVersion::V1_1),
        ("function: AddLead\nversion: \"1.2\"", domain::SoapVersion::V1_2),
    ] {
        let file = FlowFile::read_to_test(&text(version), &WsdlTexts::new());
        let file = file.unwrap_or_else(|error| panic!("{error}"));
        let call = file.flow.steps()[0].request().unwrap().soap.as_ref().unwrap();
        assert_eq!((call.operation.version, &*call.operation.address), (wanted, &*format!("{URL}?a&b")));
    }
    // What was found counts, and a file is never stood in for.
    let other =
        FlowFile::read_to_test(&soap(&format!("wsdl: {URL}\nfunction: AddLead")), &found(Ok(wsdl("Other"))));
    assert!(other.unwrap_err().to_string().contains("no function \"AddLead\""));
    let file = FlowFile::read_to_test(&soap("wsdl_file: lead.wsdl\nfunction: AddLead"), &WsdlTexts::new());
    assert!(file.unwrap_err().to_string().contains("the WSDL lead.wsdl is read where"));
}

#[test]
fn a_reply_is_one_of_soap_whether_or_not_the_step_says_how_it_is_read() {
    let request = format!("wsdl: {URL}\nfunction: AddLead");
    for text in [soap(&request), format!("{}      response: {{}}\n", soap(&request))] {
        let file = FlowFile::read_with(&text, &found(Ok(wsdl("AddLead")))).unwrap();
        let domain::StepKind::Recipient(recipient) = &file.flow.steps()[0].kind else {
            panic!("a recipient")
        };
        assert!(recipient.response.is_soap, "{text}");
    }
}
