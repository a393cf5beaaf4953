//! Mail: settings and a lead become a message, and no value of a lead becomes a header, a recipient or a
//! mark of HTML.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use domain::{Ending, EventId, Lead, RequestSettings, Secrets, Value, Variables};
use expect_test::{Expect, expect};
use proptest::prelude::*;
use wire::flow_file::FlowFile;
use wire::outbound::{
    Means, Outbound, OutboundMail, RenderError, Reply, mailbox, read_mail_reply, render_outbound,
};

const REQUEST: &str = r#"
        to: "Desk of {{lead.city}} <desk@example.com>, {{lead.first_name}} <{{lead.email}}>"
        cc: [ "{{lead.copy}}", audit@example.com ]
        bcc: archive@example.com
        reply_to: "{{lead.email}}"
        subject: "Lead {{lead.id}}: {{lead.first_name}}"
        text: "Dear desk,\n{{lead.first_name}} of {{lead.city}}\n.\nsays: {{lead.note}}"
        html: "<p title='{{lead.note}}'>{{lead.first_name}}</p>"
"#;

fn settings(request: &str) -> RequestSettings {
    let file = FlowFile::read(&format!(
        "secrets: [ mail ]\nflow:\n  id: flow_x\n  name: X\n  fields: {{ first_name: first_name, city: city, email: email, copy: email, note: string }}\n  steps:\n    - id: a\n      kind: recipient\n      entity: svc_x\n      integration: email\n      request: {request}\n"
    ));
    let file = file.unwrap_or_else(|error| panic!("{error}"));
    file.flow.steps()[0].request().unwrap().clone()
}

fn lead(values: &[(&str, &str)]) -> Lead {
    values.iter().map(|(name, value)| (name.parse().unwrap(), Value::text(*value))).collect()
}

fn ann() -> Lead {
    lead(&[
        ("first_name", "Zoë"),
        ("city", "Austin"),
        ("email", "zoe@example.com"),
        ("note", "5 > 3 & \"so\""),
    ])
}

fn made(settings: &RequestSettings, lead: &Lead) -> Result<OutboundMail, RenderError> {
    let delivery_id: EventId = "evt_018d0d882e90aaaaaaaaaaaa".parse().unwrap();
    let secrets: Secrets = [("mail".parse().unwrap(), "hush-hush".parse().unwrap())].into_iter().collect();
    let variables = Variables {
        delivery_id: Some(delivery_id),
        now: "2026-01-15T12:00:00Z".parse().unwrap(),
        secrets: &secrets,
        ..Variables::of(lead)
    };
    let sender = mailbox("Roofs of Texas <roofs@example.com>");
    match render_outbound(settings, &variables, Means { fresh: None, sender: sender.as_ref() })? {
        Outbound::Mail(mail) => Ok(*mail),
        Outbound::Http(_) => panic!("mail is no request over HTTP"),
    }
}

fn check_text(bytes: &[u8], wanted: Expect) {
    wanted.assert_eq(&String::from_utf8(bytes.to_vec()).unwrap().replace("\r\n", "\n"));
}

#[test]
fn a_message_is_recorded_as_people_read_it() {
    check_text(
        &made(&settings(REQUEST), &ann()).unwrap().evidence(),
        expect![[r#"
            SMTP default
            From: Roofs of Texas <roofs@example.com>
            Reply-To: zoe@example.com
            To: Desk of Austin <desk@example.com>, Zoë <zoe@example.com>
            Cc: audit@example.com
            Bcc: archive@example.com
            Subject: Lead : Zoë
            Date: Thu, 15 Jan 2026 12:00:00 +0000
            Message-ID: <evt_018d0d882e90aaaaaaaaaaaa@example.com>
            Auto-Submitted: auto-generated

            --=_glassline_evt_018d0d882e90aaaaaaaaaaaa
            Content-Type: text/plain

            Dear desk,
            Zoë of Austin
            .
            says: 5 > 3 & "so"
            --=_glassline_evt_018d0d882e90aaaaaaaaaaaa
            Content-Type: text/html

            <p title='5 &gt; 3 &amp; &quot;so&quot;'>Zoë</p>
            --=_glassline_evt_018d0d882e90aaaaaaaaaaaa--
        "#]],
    );
}

#[test]
fn a_message_is_sent_in_seven_bits_and_the_same_each_time() {
    let mail = made(&settings(REQUEST), &ann()).unwrap();
    let message = mail.message().unwrap();
    assert!(message.is_ascii() && message == mail.message().unwrap());
    check_text(
        &message,
        expect![[r#"
        From: "Roofs of Texas" <roofs@example.com>
        Subject: Lead : =?utf-8?b?Wm/Dqw==?=
        Message-ID: <evt_018d0d882e90aaaaaaaaaaaa@example.com>
        Date: Thu, 15 Jan 2026 12:00:00 +0000
        Reply-To: zoe@example.com
        To: "Desk of Austin" <desk@example.com>, =?utf-8?b?Wm/Dqw==?= <zoe@example.com>
        Cc: audit@example.com
        Auto-Submitted: auto-generated
        MIME-Version: 1.0
        Content-Type: multipart/alternative;
         boundary="=_glassline_evt_018d0d882e90aaaaaaaaaaaa"

        --=_glassline_evt_018d0d882e90aaaaaaaaaaaa
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        Dear desk,
        Zo=C3=AB of Austin
        .
        says: 5 > 3 & "so"
        --=_glassline_evt_018d0d882e90aaaaaaaaaaaa
        Content-Type: text/html; charset=utf-8
        Content-Transfer-Encoding: quoted-printable

        <p title=3D'5 &gt; 3 &amp; &quot;so&quot;'>Zo=C3=AB</p>
        --=_glassline_evt_018d0d882e90aaaaaaaaaaaa--
    "#]],
    );
    let recipients: Vec<&str> = mail.recipients().map(AsRef::as_ref).collect();
    assert_eq!(
        recipients,
        ["desk@example.com", "zoe@example.com", "audit@example.com", "archive@example.com"]
    );
}

#[test]
fn text_alone_is_a_message_of_one_part() {
    let settings = settings(
        "{ from: \"Zoë <desk@bücher.example>\", to: a@example.com, subject: Hello, text: \"{{lead.note}}\" }",
    );
    let mail = made(&settings, &lead(&[("note", "plain")])).unwrap();
    check_text(
        &mail.message().unwrap(),
        expect![[r#"
        From: =?utf-8?b?Wm/Dqw==?= <desk@xn--bcher-kva.example>
        Subject: Hello
        Message-ID: <evt_018d0d882e90aaaaaaaaaaaa@xn--bcher-kva.example>
        Date: Thu, 15 Jan 2026 12:00:00 +0000
        To: a@example.com
        Auto-Submitted: auto-generated
        MIME-Version: 1.0
        Content-Type: text/plain; charset=utf-8
        Content-Transfer-Encoding: 7bit

        plain
    "#]],
    );
}

#[test]
fn a_step_can_have_a_mail_server_of_its_own() {
    let settings = settings(
        "{ url: \"smtps://mail.example.com\", basic_auth: { user: desk, password: \"{{secret.mail}}\" }, to: a@example.com, subject: Hello, text: x }",
    );
    let mail = made(&settings, &ann()).unwrap();
    let server = mail.server.as_ref().unwrap();
    assert_eq!(server.to_string(), "smtps://mail.example.com:465");
    assert_eq!(server.password.as_ref().unwrap().password, "hush-hush");
    let evidence = String::from_utf8(mail.evidence().to_vec()).unwrap();
    assert!(evidence.starts_with("SMTP smtps://mail.example.com:465\r\n") && !evidence.contains("hush"));
    assert!(!format!("{mail:?}").contains("hush"));
}

#[test]
fn what_cannot_be_sent_is_told_without_a_value() {
    let settings = settings(REQUEST);
    let told = |values: &[(&str, &str)]| made(&settings, &lead(values)).unwrap_err();
    assert_eq!(told(&[("email", "not an address")]), RenderError::MailAddress);
    assert_eq!(told(&[("email", "zoë@example.com")]), RenderError::MailAddress);
    let long = "x".repeat(9_000);
    let wanted = RenderError::HeaderTooLong { name: "To".to_owned(), bytes: 9_000 };
    assert_eq!(told(&[("email", "a@example.com"), ("city", "x"), ("first_name", &long)]), wanted);
    let nobody = self::settings("{ to: \"{{lead.email}}\", bcc: a@example.com, subject: x, text: x }");
    assert_eq!(made(&nobody, &lead(&[])).unwrap_err(), RenderError::NoRecipient);
    let nothing = Lead::new();
    let variables = Variables::of(&nothing);
    let unsent = self::settings("{ to: a@example.com, subject: x, text: x }");
    let error = render_outbound(&unsent, &variables, Means::default()).unwrap_err();
    assert_eq!(error, RenderError::NoSender);
}

#[test]
fn a_mail_server_says_yes_later_or_no() {
    let told = |status, words: &str| {
        let reply = Reply { status, headers: vec![], body: words.as_bytes().to_vec() };
        let evidence = String::from_utf8(reply.mail_evidence().to_vec()).unwrap();
        assert_eq!(evidence, format!("SMTP {status}\r\n\r\n{words}"));
        let reading = read_mail_reply(&reply);
        (reading.outcome, reading.reason.as_deref().unwrap_or("").to_owned())
    };
    assert_eq!(told(250, "2.0.0 Ok: queued as 7"), (Ending::Success, String::new()));
    assert_eq!(told(451, "4.3.0 Try\nagain  later"), (Ending::Error, "4.3.0 Try again later".to_owned()));
    assert_eq!(told(550, "5.1.1 No such user"), (Ending::Failure, "5.1.1 No such user".to_owned()));
    assert_eq!(told(99, ""), (Ending::Error, String::new()));
}

proptest! {
    /// Whatever a lead holds, a message has the headers and the recipients that the flow says, and HTML no
    /// mark that the flow does not have.
    #[test]
    fn no_value_becomes_a_header_a_recipient_or_a_mark(
        value in prop_oneof![any::<String>(), "[a-z@<>,;:\"()\\[\\]\r\n .{}]{0,40}", Just("x\r\nBcc: evil@example.com\r\n\r\nbody".to_owned())],
    ) {
        let settings = settings(REQUEST);
        let values = [("first_name", value.as_str()), ("city", &value), ("email", "zoe@example.com"), ("note", &value)];
        let mail = made(&settings, &lead(&values)).unwrap();
        let recipients: Vec<&str> = mail.recipients().map(AsRef::as_ref).collect();
        prop_assert_eq!(recipients, ["desk@example.com", "zoe@example.com", "audit@example.com", "archive@example.com"]);
        let message = String::from_utf8(mail.message().unwrap()).unwrap();
        let head = message.split("\r\n\r\n").next().unwrap().replace("\r\n ", " ").replace("\r\n\t", " ");
        let mut names: Vec<String> =
            head.split("\r\n").map(|line| line.split(':').next().unwrap().to_ascii_lowercase()).collect();
        names.sort();
        prop_assert_eq!(names.join(" "), "auto-submitted cc content-type date from message-id mime-version reply-to subject to");
        prop_assert!(message.is_ascii() && !message.replace("\r\n", "").contains(['\r', '\n']));
        let html = mail.html.unwrap();
        prop_assert_eq!(html.matches('<').count(), 2);
        prop_assert_eq!(html.matches('\'').count(), 2);

        // As an address it is one or none.
        let values = [("first_name", "Zoë"), ("city", "x"), ("email", value.as_str()), ("note", "")];
        if let Ok(mail) = made(&settings, &lead(&values)) {
            prop_assert!((3..=4).contains(&mail.recipients().count()));
        }
    }
}
