//! Any bytes as a partner's reply, looked through in each of the ways there are.

#![no_main]

use std::sync::LazyLock;

use domain::{ResponseSettings, StepKind};
use libfuzzer_sys::fuzz_target;
use wire::flow_file::FlowFile;
use wire::outbound::{REPLY_BODY_BYTES_MAX, Reply, read_reply};

const TYPES: [&str; 5] = ["application/json", "text/xml", "text/html", "text/plain", ""];

const CODINGS: [&str; 5] = ["", "gzip", "deflate", "br", "gzip, br"];

/// A step of each kind, so that replies are looked through by paths, XPath, selectors and patterns, for cookies
/// and for faults of SOAP.
static SETTINGS: LazyLock<Vec<ResponseSettings>> = LazyLock::new(|| {
    let file = FlowFile::read(include_str!("replies.yaml")).expect("the flow is one");
    let recipients = file.flow.recipients().map(|(_, recipient)| recipient.response.clone());
    let enhancements = file.flow.steps().iter().filter_map(|step| match &step.kind {
        StepKind::Enhancement(enhancement) => Some(enhancement.response.clone()),
        StepKind::Filter(_) | StepKind::Recipient(_) | StepKind::Distribute(_) => None,
    });
    let settings = recipients.chain(enhancements);
    let mut settings: Vec<ResponseSettings> = settings.collect();
    let cookie = Some("sid=".parse().expect("it is a term"));
    settings.push(ResponseSettings { is_soap: true, cookie, ..ResponseSettings::default() });
    settings
});

fuzz_target!(|data: (u8, u8, u16, &[u8], &[u8])| {
    let (which, coding, status, cookie, body) = data;
    let headers = [
        ("content-type", TYPES[usize::from(which) % TYPES.len()].as_bytes()),
        ("content-encoding", CODINGS[usize::from(coding) % CODINGS.len()].as_bytes()),
        ("set-cookie", cookie),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_vec())).into();
    let reply = Reply { status, headers, body: body.to_vec() };
    let Ok(reply) = reply.without_compression(REPLY_BODY_BYTES_MAX) else { return };
    assert!(reply.body.len() <= REPLY_BODY_BYTES_MAX);
    let reply = reply.in_utf_8();
    for settings in SETTINGS.iter() {
        let _ = read_reply(settings, &reply);
    }
});
