//! Stored bytes that somebody damaged or forged are refused, never a panic.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use domain::{Event, EventBody, EventHead, EventKind, FlowVersion, Lead, Marks, Timing, Value};
use proptest::prelude::*;
use wire::{BodyView, Header, Place, Record, read_control_event, read_event};

fn stored() -> (Vec<u8>, Vec<u8>) {
    let lead: Lead = [("email", "ann@example.com"), ("name~0", "Ann \"A\" Lee"), ("état", "TX")]
        .map(|(path, value)| (path.parse().unwrap(), Value::text(value)))
        .into_iter()
        .collect();
    let event = Event {
        head: EventHead {
            id: "evt_018d0d882e837c2e9a41d06f".parse().unwrap(),
            at: "2024-01-15T14:30:45.123Z".parse().unwrap(),
            lead_id: "lead_018d0d882d57aa10f3e7715b".parse().unwrap(),
            flow_id: "flow_solar".parse().unwrap(),
            flow_version: FlowVersion(1),
            source_id: "src_web_a".parse().unwrap(),
            timing: Timing::default(),
            dims: vec![("lead.state".into(), domain::Scalar::Text("TX".into()))],
            fields: domain::FieldStates::from_bytes(&[0b0111_0100]),
            marks: Marks::default(),
        },
        kind: EventKind::FilterPassed { step_id: "geo".parse().unwrap(), rules_evaluated: 1 },
        body: EventBody { lead, ..EventBody::default() },
    };
    let mut header = Vec::new();
    event.write_header(Place { chain_seq: Some(2), snapshot: "S" }, &mut header);
    (header, event.body(None).unwrap().unwrap().bytes().to_vec())
}

/// Reads everything there is to read; what comes out does not matter.
fn read_all(header: &[u8], body: &[u8]) {
    let view = BodyView::read(body).ok();
    if let Some(view) = &view {
        let _ = (view.lead(), view.rules(), view.exchange(0, "request"));
    }
    if let Ok(header) = Header::read(header) {
        let _ = (header.event_id(), header.at(), header.chain(), read_event(&header, view.as_ref()));
        if let Some(view) = &view {
            let _ = read_control_event(&header, view);
        }
    }
}

/// Puts `with` in place of some bytes.
fn splice(bytes: &mut Vec<u8>, at: prop::sample::Index, cut: usize, with: &[u8]) {
    let start = at.index(bytes.len() + 1);
    let end = (start + cut).min(bytes.len());
    bytes.splice(start..end, with.iter().copied());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn of_any_bytes(header: Vec<u8>, body: Vec<u8>) {
        read_all(&header, &body);
    }

    #[test]
    fn of_altered_records(
        header_at: prop::sample::Index, body_at: prop::sample::Index, cut in 0..12_usize,
        with in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..6),
            "[\\[\\]{}\",:0-9eE.~\\\\u-]{0,8}".prop_map(String::into_bytes),
        ],
    ) {
        let (mut header, mut body) = stored();
        splice(&mut header, header_at, cut, &with);
        splice(&mut body, body_at, cut, &with);
        read_all(&header, &body);
    }
}

#[test]
fn of_deep_nesting() {
    let deep = "[".repeat(100_000);
    read_all(deep.as_bytes(), deep.as_bytes());
    let body = format!("[[\"lead.a\",{deep}]]");
    read_all(b"{}", body.as_bytes());
}

#[test]
fn the_unaltered_record_is_read() {
    let (header, body) = stored();
    let view = BodyView::read(&body).unwrap();
    assert_eq!(view.lead().unwrap().len(), 3);
    assert!(read_event(&Header::read(&header).unwrap(), Some(&view)).is_ok());
}
