//! The examples of `docs/partners.md` are what the code does.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use domain::{
    Ending, FaultKind, Field, FieldType, Fields, Integration, Lead, Limits, Number, OutcomeSearch,
    ReasonSearch, RequestSettings, ResponseSettings, Scalar, Template, TimeZone, Timestamp, Value, Variables,
    Vocabulary,
};
use wire::flow_file::{FlowFile, WsdlPlace, WsdlTexts, try_request, try_response};
use wire::outbound::{AllowedHosts, Reply, read_reply, render};

/// A line tried at a moment.
type Try = fn(&str, Timestamp) -> Result<String, String>;

const PAGE: &str = include_str!("../../../docs/partners.md");

/// The blocks of code in one language.
fn blocks(language: &str) -> Vec<&'static str> {
    let fence = format!("```{language}\n");
    let starts = PAGE.split(&*fence).skip(1);
    starts.map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
fn the_request_leaves_as_the_page_says() {
    let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
    let fields =
        Fields::new(vec![field("first_name", FieldType::FirstName), field("age", FieldType::Number)])
            .unwrap();
    let template = |text: &str| Template::read(text, Vocabulary::from(&fields)).unwrap();
    let settings = RequestSettings {
        fields: vec![
            ("contact.name".into(), template("{{lead.first_name}}")),
            ("contact.age".into(), template("{{lead.age}}")),
            ("tags.0".into(), template("solar")),
        ],
        ..RequestSettings::new(Integration::CustomJson, template("https://buyer.example.com/leads"))
    };
    let lead: Lead = [
        ("first_name".parse().unwrap(), Value::text("Ann")),
        ("age".parse().unwrap(), Value::from("40".parse::<Number>().unwrap())),
    ]
    .into_iter()
    .collect();
    let delivery_id = Some("evt_018d0d882e90aaaaaaaaaaaa".parse().unwrap());
    let request = render(&settings, &Variables { delivery_id, ..Variables::of(&lead) }).unwrap();
    let evidence = String::from_utf8(request.evidence().to_vec()).unwrap().replace("\r\n", "\n");
    assert_eq!(evidence, blocks("http")[0]);
}

#[test]
fn the_reply_is_read_as_the_page_says() {
    let settings = ResponseSettings {
        outcome: Some(OutcomeSearch {
            path: Some("status".parse().unwrap()),
            term: Some("accepted".parse().unwrap()),
            on_match: Ending::Success,
        }),
        reason: ReasonSearch { path: Some("errors.*.message".parse().unwrap()), default: None },
        ..ResponseSettings::default()
    };
    let reply = Reply { status: 200, headers: vec![], body: blocks("json")[0].into() };
    let reading = read_reply(&settings, &reply);
    let lines: Vec<String> = reading
        .appended
        .iter()
        .map(|(path, value)| match value {
            Value::Scalar(Scalar::Text(text)) => format!("{path} = {text}"),
            Value::Scalar(Scalar::Number(number)) => format!("{path} = {number}"),
            other => panic!("{path} is {other:?}"),
        })
        .collect();
    assert_eq!(lines.join("\n"), blocks("text")[0]);
}

#[test]
fn what_is_tried_answers_as_the_page_says() {
    let now = "2026-01-15T12:00:00Z".parse().unwrap();
    let [requests, responses] = blocks("jsonl")[..] else { panic!("two blocks") };
    for (block, try_line) in [
        (requests, (|line, now| try_request(line, now, &TimeZone::UTC, &AllowedHosts::default())) as Try),
        (responses, try_response),
    ] {
        let lines: Vec<&str> = block.lines().collect();
        for pair in lines.chunks(2) {
            assert_eq!(try_line(pair[0], now).unwrap(), pair[1], "{}", pair[0]);
        }
    }
}

#[test]
fn every_fault_of_a_connection_is_on_the_page() {
    for kind in FaultKind::ALL.into_iter().filter(|kind| *kind != FaultKind::Auth) {
        assert!(PAGE.contains(&format!("\n| `{}` |", kind.as_str())), "{}", kind.as_str());
    }
}

#[test]
fn the_flow_that_writes_mail_is_one() {
    let block = blocks("yaml").into_iter().find(|block| block.contains("flow_mail")).unwrap();
    let flow = FlowFile::read(block).unwrap().flow;
    assert_eq!(flow.steps()[0].request().unwrap().integration, Integration::Email);
}

#[test]
fn the_reasons_of_a_flow_are_what_is_recorded() {
    let block = blocks("yaml").into_iter().find(|block| block.contains("flow_reasons")).unwrap();
    let flow = FlowFile::read(block).unwrap().flow;
    for (words, recorded) in [
        (" ACCT closed ", "Account closed"),
        ("E17", "Already a customer of the buyer"),
        // The whole of the words, not a part of them.
        ("acct closed: Ann Example", "… closed: …"),
    ] {
        assert_eq!(&*domain::reason_in_the_clear(words, &flow).text, recorded, "{words}");
    }
}

#[test]
fn the_call_by_soap_is_published_as_the_page_says() {
    let wsdl = r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/">
        <message name="I"><part name="p" element="AddLead"/></message>
        <portType name="T"><operation name="AddLead"><input message="I"/></operation></portType>
        <binding name="B" type="T"><operation name="AddLead"><s:operation soapAction="a"/></operation></binding>
        <service><port binding="B"><s:address location="https://south.example.com/leads"/></port></service>
        </definitions>"#;
    let place = WsdlPlace::Url("https://south.example.com/lead.wsdl".to_owned());
    let found = WsdlTexts::from([(place, Ok(wsdl.to_owned()))]);
    let file = FlowFile::read_with(blocks("yaml")[0], &found).unwrap();
    let request = file.flow.steps()[0].request().unwrap();
    assert_eq!(request.url.render(&Variables::of(&Lead::default())), "https://south.example.com/leads");
    assert_eq!(FlowFile::read(&file.document).unwrap().flow, file.flow);
}

#[test]
fn the_limits_are_read_as_the_page_says() {
    let file = FlowFile::read(blocks("yaml")[3]).unwrap();
    let step = &file.flow.steps()[0];
    assert_eq!(step.limits, Limits { per_hour: Some(500), ..Limits::default() });
    let own = Limits { concurrent: Some(20), per_second: Some(50), ..Limits::default() };
    assert_eq!(file.entities[1].settings.limits, own);
}
