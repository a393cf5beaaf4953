//! Mail: a message is handed to a mail server, what the server says becomes the lead's events, and whether
//! it may have the message decides what a fault means.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{EventKind, FaultKind, LeadId};
use engine::{HttpOptions, HttpParties, MailCall, Parties, Purpose};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpListener;
use tokio::sync::Notify;
use wire::flow_file::FlowFile;
use wire::outbound::{MailServer, OutboundMail, mailbox};

use crate::support::{House, start};

const PLENTY: Duration = Duration::from_secs(20);

/// A mail server that answers commands as it is told, and keeps what it got.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
    /// Told when it begins to say nothing.
    hangs: Arc<Notify>,
}

impl Server {
    /// Each line of the script is the beginning of a command and the answer to it; `CLOSE` ends the connection,
    /// `HANG` says nothing more. What is not in it is answered well.
    async fn start(script: &str) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let script: Vec<(String, String)> = script
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .map(|(start, answer)| (start.to_owned(), answer.replace(" | ", "\r\n")))
            .collect();
        let hangs: Arc<Notify> = Arc::default();
        let (kept, hanging) = (Arc::clone(&seen), Arc::clone(&hangs));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, kept, hangs) = (script.clone(), Arc::clone(&kept), Arc::clone(&hanging));
                tokio::spawn(async move {
                    // An error is the end of the conversation.
                    let _ = converse(stream, &script, &kept, &hangs).await;
                });
            }
        });
        Server { port, seen, hangs }
    }

    fn address(&self) -> MailServer {
        MailServer::read(&format!("smtp://127.0.0.1:{}?tls=none", self.port)).unwrap()
    }

    fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn converse(
    stream: tokio::net::TcpStream,
    script: &[(String, String)],
    kept: &Mutex<Vec<String>>,
    hangs: &Notify,
) -> std::io::Result<()> {
    let mut stream = BufReader::new(stream);
    let mut command = "greeting".to_owned();
    let mut in_message = false;
    loop {
        let written = script.iter().find(|(start, _)| command.starts_with(start.as_str()));
        let answer = match (written.map(|(_, answer)| answer.as_str()), command.as_str()) {
            (Some(answer), _) => answer,
            (None, "greeting") => "220 mail.example.com",
            (None, "EHLO") => "250-mail.example.com\r\n250 AUTH PLAIN LOGIN",
            (None, "DATA") => "354 go on",
            (None, _) => "250 2.0.0 Ok",
        };
        match answer {
            "CLOSE" => return Ok(()),
            "HANG" => {
                hangs.notify_one();
                std::future::pending::<()>().await;
            }
            answer => stream.write_all(format!("{answer}\r\n").as_bytes()).await?,
        }
        in_message = in_message || (command == "DATA" && answer.starts_with("354"));
        let mut text = String::new();
        loop {
            let before = text.len();
            if stream.read_line(&mut text).await? == 0 {
                return Ok(());
            }
            if !in_message || &text[before..] == ".\r\n" {
                break;
            }
        }
        kept.lock().unwrap().push(text.trim_end().to_owned());
        command = if in_message { "message".to_owned() } else { text.trim_end().to_owned() };
        if command.starts_with("EHLO") && !script.iter().any(|(start, _)| start == "EHLO") {
            "EHLO".clone_into(&mut command);
        }
        in_message = false;
    }
}

fn message() -> OutboundMail {
    OutboundMail {
        server: None,
        from: mailbox("Desk <desk@example.com>").unwrap(),
        reply_to: None,
        to: vec![mailbox("Ann <ann@example.com>").unwrap()],
        cc: vec![],
        bcc: vec![mailbox("archive@example.com").unwrap()],
        subject: "Hello".to_owned(),
        message_id: "<evt_1@example.com>".to_owned(),
        date: "2026-01-15T12:00:00Z".parse().unwrap(),
        text: Some("first\r\n.\r\nlast".to_owned()),
        html: None,
    }
}

/// What the server says, or the fault.
async fn send(
    options: HttpOptions,
    mail: OutboundMail,
    time_limit: Duration,
) -> Result<(u16, String), (FaultKind, String)> {
    let parties = HttpParties::new(options).unwrap();
    let call = MailCall {
        entity_id: "svc_desk".parse().unwrap(),
        purpose: Purpose::Notice,
        mail,
        time_limit,
        step_limits: None,
    };
    match parties.mail(call).await {
        Ok(answered) => Ok((answered.reply.status, String::from_utf8(answered.reply.body).unwrap())),
        Err(fault) => {
            for value in ["ann@", "Hello", "first", "hush"] {
                assert!(!fault.detail.contains(value), "{}", fault.detail);
            }
            Err((fault.kind, fault.detail))
        }
    }
}

async fn told(script: &str) -> Result<(u16, String), (FaultKind, String)> {
    let server = Server::start(script).await;
    send(HttpOptions { mail_server: Some(server.address()), ..HttpOptions::default() }, message(), PLENTY)
        .await
}

fn fault(kind: FaultKind, detail: &str) -> Result<(u16, String), (FaultKind, String)> {
    Err((kind, detail.to_owned()))
}

#[tokio::test]
async fn a_message_goes_to_everybody_and_its_lines_arrive_as_they_are() {
    let server = Server::start("message: 250 2.0.0 Ok: queued as 7").await;
    let options = HttpOptions { mail_server: Some(server.address()), ..HttpOptions::default() };
    let said = send(options, message(), PLENTY).await;
    assert_eq!(said, Ok((250, "2.0.0 Ok: queued as 7".to_owned())));
    let seen = server.seen();
    assert_eq!(seen[0], "EHLO [127.0.0.1]");
    assert_eq!(seen[1], "MAIL FROM:<desk@example.com>");
    assert_eq!(seen[2..4], ["RCPT TO:<ann@example.com>", "RCPT TO:<archive@example.com>"]);
    let message = &seen[5];
    assert!(message.contains("To: Ann <ann@example.com>\r\n") && !message.contains("archive"), "{message}");
    assert!(message.ends_with("\r\n\r\nfirst\r\n..\r\nlast\r\n\r\n."), "a dot alone is doubled: {message}");
}

#[tokio::test]
async fn a_user_and_a_password_are_given_to_the_server_alone() {
    let server = Server::start("AUTH PLAIN: 235 2.7.0 Ok").await;
    let mut address =
        MailServer::read(&format!("smtp://desk:hush-hush@127.0.0.1:{}?tls=none", server.port)).unwrap();
    let options = |address| HttpOptions { mail_server: Some(address), ..HttpOptions::default() };
    assert_eq!(send(options(address.clone()), message(), PLENTY).await, Ok((250, "2.0.0 Ok".to_owned())));
    // NUL desk NUL hush-hush
    assert_eq!(server.seen()[1], "AUTH PLAIN AGRlc2sAaHVzaC1odXNo");
    let refusing = Server::start("AUTH PLAIN: 535 5.7.8 no, hush-hush is wrong").await;
    address.port = refusing.port;
    let wanted = fault(FaultKind::Auth, "the mail server refuses user and password");
    assert_eq!(send(options(address.clone()), message(), PLENTY).await, wanted);
    let without = Server::start("EHLO: 250 mail.example.com").await;
    address.port = without.port;
    let wanted = fault(FaultKind::Auth, "the mail server takes no password as PLAIN or LOGIN");
    assert_eq!(send(options(address), message(), PLENTY).await, wanted);
}

#[tokio::test]
async fn a_no_is_the_servers_word_at_any_stage() {
    for stage in ["greeting", "EHLO", "MAIL FROM", "RCPT TO:<archive", "DATA", "message"] {
        let said = told(&format!("{stage}: 450 4.7.0 Try again later")).await;
        assert_eq!(said, Ok((450, "4.7.0 Try again later".to_owned())), "{stage}");
    }
    let said = told("RCPT TO: 550-5.1.1 No such user | 550 5.1.1 really").await;
    assert_eq!(said, Ok((550, "5.1.1 No such user really".to_owned())));
}

#[tokio::test]
async fn until_the_message_is_sent_nobody_has_it() {
    let broke = "the connection to the mail server broke off before the message was sent";
    let closed = "the mail server does not speak SMTP, or closed the connection";
    for stage in ["greeting", "EHLO", "MAIL FROM", "RCPT TO", "DATA"] {
        let said = told(&format!("{stage}: CLOSE")).await;
        assert!(
            said == fault(FaultKind::Connect, broke) || said == fault(FaultKind::Connect, closed),
            "{stage}: {said:?}"
        );
    }
    let said = told("message: CLOSE").await;
    assert_eq!(said.unwrap_err().0, FaultKind::Unknown);
    assert_eq!(told("greeting: HTTP/1.1 400 Bad Request").await, fault(FaultKind::Connect, closed));
}

#[tokio::test]
async fn the_time_limit_covers_the_whole_conversation() {
    for (stage, kind) in
        [("greeting", FaultKind::Connect), ("RCPT TO", FaultKind::Connect), ("message", FaultKind::Timeout)]
    {
        let server = Server::start(&format!("{stage}: HANG")).await;
        let options = HttpOptions { mail_server: Some(server.address()), ..HttpOptions::default() };
        let sending = tokio::spawn(send(options, message(), PLENTY));
        // The server says nothing more; only then does time go on.
        server.hangs.notified().await;
        tokio::time::pause();
        tokio::time::advance(PLENTY).await;
        let said = sending.await.unwrap().unwrap_err();
        tokio::time::resume();
        assert_eq!(said.0, kind, "{stage}: {}", said.1);
        assert!(said.1.contains("within the time limit"), "{}", said.1);
    }
}

#[tokio::test]
async fn a_server_has_no_more_conversations_at_a_time_than_a_host_has_requests() {
    let server = Server::start("greeting: HANG").await;
    let parties = HttpParties::new(HttpOptions {
        mail_server: Some(server.address()),
        open_per_host_max: 1,
        ..HttpOptions::default()
    });
    let parties = Arc::new(parties.unwrap());
    let call = |time_limit| MailCall {
        entity_id: "svc_desk".parse().unwrap(),
        purpose: Purpose::Notice,
        mail: message(),
        time_limit,
        step_limits: None,
    };
    let (first, first_call) = (Arc::clone(&parties), call(PLENTY));
    let sending = tokio::spawn(async move { first.mail(first_call).await });
    server.hangs.notified().await;
    let fault = parties.mail(call(Duration::from_millis(20))).await.unwrap_err();
    assert_eq!(fault.detail, "1 requests to the host were under way for all of the time limit");
    sending.abort();
}

#[tokio::test]
async fn a_server_of_a_step_is_public_or_allowed_and_encrypts() {
    let server = Server::start("").await;
    let mail = OutboundMail { server: Some(server.address()), ..message() };
    let private = "the address of the host is not public; allow it with --allow-host";
    assert_eq!(send(HttpOptions::default(), mail.clone(), PLENTY).await, fault(FaultKind::Connect, private));
    assert_eq!(server.seen(), Vec::<String>::new());
    let allow_hosts = vec!["127.0.0.1".to_owned()];
    let options = HttpOptions { allow_hosts, ..HttpOptions::default() };
    assert_eq!(send(options.clone(), mail, PLENTY).await, Ok((250, "2.0.0 Ok".to_owned())));

    let plain = MailServer::read(&format!("smtp://127.0.0.1:{}", server.port)).unwrap();
    let mail = OutboundMail { server: Some(plain), ..message() };
    let wanted = "the mail server does not encrypt (STARTTLS); ?tls=none sends all the same";
    assert_eq!(send(options.clone(), mail, PLENTY).await, fault(FaultKind::Tls, wanted));
    let encrypted = MailServer::read(&format!("smtps://127.0.0.1:{}", server.port)).unwrap();
    let mail = OutboundMail { server: Some(encrypted), ..message() };
    assert_eq!(send(options, mail, PLENTY).await.unwrap_err().0, FaultKind::Tls);
    let none = "no mail server is set; GLASSLINE_SMTP_URL or the step's \"url\" names one";
    assert_eq!(send(HttpOptions::default(), message(), PLENTY).await, fault(FaultKind::Connect, none));
    let messages = server.seen().iter().filter(|line| line.contains("first")).count();
    assert_eq!(messages, 1, "but for the one that may be, nothing was sent in the clear");
}

const FLOW: &str = r#"
secrets: [ mail ]
entities:
  src_web: { kind: source, name: Web Form A }
  svc_office: { kind: service, name: Office }
flow:
  id: flow_roofs
  name: Roofs
  fields: { first_name: first_name, ssn: ssn }
  sources: [ { entity: src_web, key_required: false } ]
  steps:
    - id: office
      kind: recipient
      entity: svc_office
      counts_as: copy
      integration: email
      request:
        url: smtps://mail.example.com
        basic_auth: { user: desk, password: "{{secret.mail}}" }
        from: desk@example.com
        to: office@example.com
        subject: "Lead of {{lead.first_name}}"
        text: "{{lead.first_name}} {{lead.ssn}} {{secret.mail}}"
      retry: { attempts: 3, backoff: [ 10s ] }
"#;

async fn lead_with(script: &str) -> (House, LeadId) {
    let house = House::open(tempfile::tempdir().unwrap(), start(), script);
    let value = "hush-hush".parse().unwrap();
    house.control.set_secret("key_1", &"mail".parse().unwrap(), value).await.unwrap();
    house.control.publish_flow("system", &FlowFile::read(FLOW).unwrap()).await.unwrap();
    let lead_id = house.submit(&[("first_name", "Zebulon"), ("ssn", "219-09-9999")]).await.lead_id;
    house.retry_all().await;
    (house, lead_id)
}

#[tokio::test]
async fn a_message_that_the_server_took_is_a_delivery() {
    let (house, lead_id) = lead_with("svc_office: 250 2.0.0 Ok: queued as 7, hush-hush").await;
    let chain = house.chain(lead_id);
    assert!(chain.contains("recipient.delivered  office attempt 1 price 0 copy"), "{chain}");
    let (_, mail) = house.parties.mails().remove(0);
    assert_eq!(mail.text.as_deref(), Some("Zebulon 219099999 hush-hush"));
    assert_eq!(mail.server.unwrap().password.unwrap().password, "hush-hush");
    let events = house.events(lead_id);
    let delivered =
        events.iter().find(|event| matches!(event.kind, EventKind::RecipientDelivered { .. })).unwrap();
    let EventKind::RecipientDelivered { call, .. } = &delivered.kind else { unreachable!() };
    assert_eq!((&*call.integration, call.response_code), ("email", Some(250)));
    let exchange = &delivered.body.exchanges[0];
    let text = |bytes: &Option<Arc<[u8]>>| String::from_utf8(bytes.as_ref().unwrap().to_vec()).unwrap();
    let (sent, said) = (text(&exchange.request), text(&exchange.response));
    assert!(sent.starts_with("SMTP smtps://mail.example.com:465\r\nFrom: desk@example.com\r\n"), "{sent}");
    assert!(sent.ends_with("\r\n\r\nZebulon ********* [secret mail]"), "{sent}");
    assert_eq!(said, "SMTP 250\r\n\r\n2.0.0 Ok: queued as 7, *********");
    let delivery_id = house
        .events(lead_id)
        .iter()
        .find(|event| matches!(event.kind, EventKind::RecipientAttempted { .. }))
        .unwrap()
        .head
        .id;
    assert!(sent.contains(&format!("Message-ID: <{delivery_id}@example.com>")), "{sent}");
}

#[tokio::test]
async fn a_no_for_now_is_tried_again_under_the_same_id_and_a_no_for_ever_is_a_no() {
    let (house, lead_id) =
        lead_with("svc_office: 451 4.3.0 Try again later | timeout | 550 5.1.1 Unknown mailbox").await;
    let chain = house.chain(lead_id);
    for wanted in [
        "recipient.error      office attempt 1 status (status: Buyer error: SMTP 451)",
        "recipient.error      office attempt 2 timeout",
        "recipient.failed     office attempt 3",
    ] {
        assert!(chain.contains(wanted), "{wanted} in {chain}");
    }
    let mails = house.parties.mails();
    assert_eq!(mails.len(), 3);
    assert!(mails.iter().all(|(_, mail)| *mail == mails[0].1), "every attempt sends what the first one sent");
    let events = house.events(lead_id);
    let failed = events.iter().find(|event| matches!(event.kind, EventKind::RecipientFailed { .. })).unwrap();
    assert_eq!(failed.body.reason_raw.as_deref(), Some("5.1.1 Unknown mailbox"));
    assert_eq!(failed.body.lead.get("appended.office.outcome"), Some(&domain::Value::text("failure")));
}
