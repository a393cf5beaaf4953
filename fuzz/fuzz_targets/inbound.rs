//! Any bytes as a submission: parameters or a refusal.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wire::inbound::{AnswerFormat, Door, InboundHead, read};

const TYPES: [&str; 6] = [
    "application/x-www-form-urlencoded",
    "application/json",
    "text/xml",
    "application/xml; charset=iso-8859-1",
    "application/json; charset=utf-16",
    "",
];

fuzz_target!(|data: (u8, bool, &str, &[u8], &[u8])| {
    let (which, is_gzip, query, accept, body) = data;
    let head = InboundHead {
        method: "POST",
        query,
        accept: Some(accept),
        content_type: Some(TYPES[usize::from(which) % TYPES.len()].as_bytes()),
        content_encoding: is_gzip.then_some(b"gzip"),
    };
    let _ = head.format(AnswerFormat::Json);
    for door in [Door::Submit, Door::Ping] {
        if let Ok(parameters) = read(door, &head, body) {
            let _ = parameters.lead();
        }
    }
});
