//! Any bytes as a partner's reply, looked through in each of the ways there are.

#![no_main]

use std::sync::LazyLock;

use domain::{ResponseSettings, StepKind};
use libfuzzer_sys::fuzz_target;
use wire::flow_file::FlowFile;
use wire::outbound::{Reply, read_reply};

const TYPES: [&str; 5] = ["application/json", "text/xml", "text/html", "text/plain", ""];

/// A step of each kind, so that replies are looked through by paths, XPath, selectors and patterns.
static SETTINGS: LazyLock<Vec<ResponseSettings>> = LazyLock::new(|| {
    let file = FlowFile::read(include_str!("replies.yaml")).expect("the flow is one");
    let settings = file.flow.steps().iter().filter_map(|step| match &step.kind {
        StepKind::Recipient(recipient) => Some(recipient.response.clone()),
        StepKind::Enhancement(enhancement) => Some(enhancement.response.clone()),
        StepKind::Filter(_) => None,
    });
    settings.collect()
});

fuzz_target!(|data: (u8, u16, &[u8])| {
    let (which, status, body) = data;
    let reply = Reply {
        status,
        headers: vec![("content-type".into(), TYPES[usize::from(which) % TYPES.len()].as_bytes().to_vec())],
        body: body.to_vec(),
    };
    for settings in SETTINGS.iter() {
        let _ = read_reply(settings, &reply);
    }
});
