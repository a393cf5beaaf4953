//! Leads that nobody ever sent: eight events each, 25 fields that grow to 30 paths, three
//! exchanges. The words differ from those the dictionary was trained on.

use std::sync::Arc;

use domain::{
    Call, Completion, Event, EventBody, EventHead, EventId, EventKind, Exchange, FlowVersion, Lead, LeadId,
    LeadIdKind, Marks, Money, Number, Outcome, Price, Retry, RuleTrace, Scalar, Timestamp, Timing,
    TracedRule, Value,
};

/// Events of one lead.
pub(crate) const EVENTS: usize = 8;
/// Leads that differ in their values.
const TEMPLATES: u64 = 64;

/// When the first lead was born.
fn born() -> Timestamp {
    Timestamp::from_millis(1_700_000_000_000)
}

/// Makes leads of any number, cheaply: they share their values.
#[derive(Debug)]
pub(crate) struct Leads {
    templates: Vec<Vec<Event>>,
}

impl Leads {
    pub(crate) fn new() -> Leads {
        Leads { templates: (0..TEMPLATES).map(template).collect() }
    }

    /// The id of the n-th lead.
    pub(crate) fn id(number: u64) -> LeadId {
        LeadId::new(LeadIdKind::Lead, born().plus_millis(millis(number)), low_bytes(mixed(number)))
    }

    /// The events of the n-th lead.
    pub(crate) fn events(&self, number: u64) -> Vec<Event> {
        let template = &self.templates[usize::try_from(number % TEMPLATES).expect("a small number")];
        let events = template.iter().zip(0..);
        events.map(|(event, index)| reborn(event, number, index)).collect()
    }

    /// One event, for a lead that has no other: each of the eight in turn.
    pub(crate) fn one(&self, number: u64) -> Event {
        let template = &self.templates[usize::try_from(number % TEMPLATES).expect("a small number")];
        let index = usize::try_from(number / TEMPLATES).expect("a small number") % EVENTS;
        reborn(&template[index], number, 0)
    }
}

/// An event of a lead whose `source.accepted` has sixty paths, and the one before it.
pub(crate) fn sixty_paths(number: u64) -> [Event; 2] {
    let raw: Lead = (0..25).map(|field| (path(&format!("field_{field:02}")), raw_value(field))).collect();
    let mut parsed = raw.clone();
    for field in 0..35 {
        let part = ["valid", "area", "code"][field % 3];
        parsed.set(path(&format!("field_{:02}.{part}", field % 25)), raw_value(field + 100));
    }
    for field in 0..25 {
        parsed.set(path(&format!("field_{field:02}")), raw_value(field + 50));
    }
    let submitted = event(EventKind::SourceSubmitted, EventBody { lead: raw, ..EventBody::default() });
    let accepted = EventKind::SourceAccepted { price: None, caps: vec![] };
    let accepted = event(accepted, EventBody { lead: parsed, ..EventBody::default() });
    [reborn(&submitted, number, 0), reborn(&accepted, number, 1)]
}

fn raw_value(number: usize) -> Value {
    Value::text(format!("value {:x}", mixed(number as u64) >> 24))
}

fn reborn(event: &Event, number: u64, index: u8) -> Event {
    let mut event = event.clone();
    event.head.lead_id = Leads::id(number);
    event.head.at = born().plus_millis(millis(number) + i64::from(index));
    let [_, rest @ ..] = low_bytes(mixed(number));
    let [a, b, c, d, e] = rest;
    event.head.id = EventId::new(event.head.at, [index, a, b, c, d, e]);
    event
}

fn millis(number: u64) -> i64 {
    i64::try_from(number).expect("leads are counted in millions") * 20
}

/// SplitMix64.
fn mixed(number: u64) -> u64 {
    let mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

fn low_bytes(number: u64) -> [u8; 6] {
    let [_, _, bytes @ ..] = number.to_be_bytes();
    bytes
}

fn path(text: &str) -> domain::FieldPath {
    text.parse().expect("paths written here are good")
}

/// How 25 declared fields stand: all there, all valid.
const FIELDS: [u8; 7] = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x03];

fn event(kind: EventKind, body: EventBody) -> Event {
    let submitted = matches!(kind, EventKind::SourceSubmitted);
    let dims = [("lead.product", "roof"), ("lead.state", "TX")];
    let dims = dims.map(|(path, value)| (path.into(), Scalar::Text(value.into())));
    Event {
        head: EventHead {
            id: EventId::new(born(), [0; 6]),
            at: born(),
            lead_id: Leads::id(0),
            flow_id: "flow_home_improvement".parse().expect("a good id"),
            flow_version: FlowVersion(12),
            source_id: "src_web_a".parse().expect("a good id"),
            timing: Timing { duration_ms: 3, wait_ms: 1, total_ms: 48 },
            dims: if submitted { vec![] } else { dims.to_vec() },
            fields: domain::FieldStates::from_bytes(if submitted { &[] } else { &FIELDS }),
            marks: Marks::default(),
        },
        kind,
        body,
    }
}

const STREETS: [&str; 8] = ["Quarry", "Juniper", "Harbor", "Foundry", "Larkspur", "Summit", "Vine", "Ferry"];
const PEOPLE: [(&str, &str); 8] = [
    ("Zelda", "Quimby"),
    ("Otto", "Fairbank"),
    ("Ingrid", "Vasquez"),
    ("Tobias", "Nakamura"),
    ("Noor", "Haddad"),
    ("Ulla", "Pettersen"),
    ("Felix", "Okafor"),
    ("Greta", "Lindqvist"),
];

/// The raw parameters of a submission.
fn raw(number: u64) -> Vec<(&'static str, String)> {
    let word = mixed(number);
    let pick = |shift: u32| usize::try_from((word >> shift) % 8).expect("below eight");
    let (first, last) = PEOPLE[pick(0)];
    let street = STREETS[pick(3)];
    vec![
        ("first_name", first.into()),
        ("last_name", last.into()),
        ("email", format!("{first}.{last}{}@Example.com", word % 100)),
        ("phone_1", format!("(512) 555-01{:02}", word % 100)),
        ("address_1", format!("{} {street} Way", word % 9000 + 100)),
        ("city", ["Waco", "Tyler", "Laredo", "Irving"][pick(6) % 4].into()),
        ("state", "tx".into()),
        ("postal_code", format!("76{:03}", word % 1000)),
        ("product", "Roof".into()),
        ("homeowner", "yes".into()),
        ("roof_age", (word % 40).to_string()),
        ("stories", (word % 3 + 1).to_string()),
        ("square_feet", (word % 3000 + 900).to_string()),
        ("timeframe", "within two months".into()),
        ("financing", "no".into()),
        ("best_time", "evenings".into()),
        ("consent", "true".into()),
        ("consent_url", format!("https://proof.example.com/c/{word:016x}{word:016x}")),
        ("landing_page", format!("https://roofs.example.com/estimate?click={word:012x}")),
        ("utm_source", "search".into()),
        ("utm_campaign", format!("hail-{}", word % 30)),
        ("ip_address", format!("198.51.100.{}", word % 256)),
        ("device", "tablet".into()),
        ("pets", "2".into()),
        ("notes", "Gate code is at the office".into()),
    ]
}

fn template(number: u64) -> Vec<Event> {
    let raw = raw(number);
    let mut lead: Lead = raw.iter().map(|(name, value)| (path(name), Value::text(value.as_str()))).collect();
    let mut events = Vec::new();

    let form: Vec<String> =
        raw.iter().map(|(name, value)| format!("{name}={}", value.replace(' ', "+"))).collect();
    let request = format!(
        "POST /flows/flow_home_improvement/sources/src_web_a/submit HTTP/1.1\r\nhost: intake.example.com\r\n\
         content-type: application/x-www-form-urlencoded\r\nuser-agent: bench/1\r\n\r\n{}",
        form.join("&")
    );
    events.push(event(EventKind::SourceSubmitted, with_exchange(&lead, Some(request), None)));

    for (name, value) in [("state", "TX"), ("product", "roof")] {
        lead.set(path(name), Value::text(value));
    }
    let email = raw[2].1.to_lowercase();
    lead.set(path("email"), Value::text(email.as_str()));
    lead.set(path("phone_1"), Value::text(format!("512555{}", &raw[3].1[10..])));
    for name in ["homeowner", "financing", "consent"] {
        lead.set(path(name), Value::from(name != "financing"));
    }
    for name in ["roof_age", "stories", "square_feet", "pets"] {
        let number: Number = lead
            .get(name)
            .and_then(Value::as_text)
            .and_then(|text| text.parse().ok())
            .expect("these fields are numbers");
        lead.set(path(name), Value::from(number));
    }
    let price = Money::from_millionths(8_500_000);
    events.push(event(EventKind::SourceAccepted { price: Some(price), caps: vec![] }, body(&lead)));

    let call = |step: &str, party: &str, code| Call {
        step_id: step.parse().expect("a good id"),
        entity_id: party.parse().expect("a good id"),
        integration: "custom_json".into(),
        response_code: code,
    };
    for (name, value) in
        [("status", "ok"), ("carrier", "Prairie Mobile"), ("line_type", "mobile"), ("country", "US")]
    {
        lead.set(path(&format!("appended.line_check.{name}")), Value::text(value));
    }
    events.push(event(
        EventKind::EnhancementSuccess { call: call("line_check", "svc_phone", Some(200)) },
        with_exchange(
            &lead,
            Some("GET /line?n=5125550100 HTTP/1.1\r\nhost: lines.example.com\r\n\r\n".into()),
            Some("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{\"status\":\"ok\",\"carrier\":\"Prairie Mobile\",\"line_type\":\"mobile\",\"country\":\"US\"}".into()),
        ),
    ));

    let rules = Some(RuleTrace {
        rules: vec![TracedRule {
            rule: "lead.state is included in TX, OK".into(),
            actual: Scalar::Text("TX".into()),
            passed: true,
            decided: true,
        }],
    });
    events.push(event(
        EventKind::FilterPassed { step_id: "near_us".parse().expect("a good id"), rules_evaluated: 1 },
        EventBody { rules, ..body(&lead) },
    ));

    let retry = Retry { attempt: 1, delivery_id: EventId::new(born(), low_bytes(mixed(number))) };
    let caps: Vec<Arc<str>> = vec!["buyer_premier/daily_cap".into()];
    events.push(event(
        EventKind::RecipientAttempted { call: call("sell", "buyer_premier", None), retry, caps },
        body(&lead),
    ));
    let sold = format!(
        "POST /leads HTTP/1.1\r\nhost: crm.example.com\r\ncontent-type: application/json\r\nidempotency-key: {}\r\n\r\n\
         {{\"mail\":\"{email}\",\"name\":\"{} {}\",\"street\":\"{}\",\"zip\":\"{}\"}}",
        retry.delivery_id, raw[0].1, raw[1].1, raw[4].1, raw[7].1
    );
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n{{\"taken\":true,\"ref\":\"{:x}\"}}",
        mixed(number)
    );
    events.push(event(
        EventKind::RecipientDelivered {
            call: call("sell", "buyer_premier", Some(200)),
            retry,
            price: Price { amount: Money::from_millionths(25_000_000), below_floor: false, copy: false },
        },
        with_exchange(&lead, Some(sold), Some(answer)),
    ));

    lead.set(path("appended.sell.reference"), Value::text(format!("{:x}", mixed(number))));
    events.push(event(
        EventKind::FilterPassed { step_id: "after_sale".parse().expect("a good id"), rules_evaluated: 2 },
        body(&lead),
    ));
    events.push(event(
        EventKind::FlowCompleted(Completion {
            final_outcome: Outcome::Success,
            reason: None,
            steps_run: 4,
            deliveries: 1,
            cost: price,
            revenue: Money::from_millionths(25_000_000),
        }),
        body(&lead),
    ));
    assert_eq!(events.len(), EVENTS);
    events
}

fn body(lead: &Lead) -> EventBody {
    EventBody { lead: lead.clone(), ..EventBody::default() }
}

fn with_exchange(lead: &Lead, request: Option<String>, response: Option<String>) -> EventBody {
    let bytes = |text: String| Arc::from(text.into_bytes());
    let exchange = Exchange { request: request.map(bytes), response: response.map(bytes) };
    EventBody { exchanges: vec![exchange], ..body(lead) }
}
