//! The public JSON of one event: what `GET /events/{id}`, lists, the live stream and exports show.
//!
//! It is written from the stored bytes, so that members of later releases pass through. The six
//! keys id, type, timestamp, lead_id, flow_id and entity_id are always there, and so are outcome,
//! reason and reason_code; other members of the header follow in stored order, then `lead`.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use domain::{Money, RuleTrace, Scalar, Value};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::json::{self, ObjectWriter};
use crate::mask::{HIDDEN, Policy, Stage, mask_exchange};
use crate::{BodyError, BodyView, Text};

/// What a reader asks to see of an event.
#[derive(Debug, Clone, PartialEq)]
pub struct View {
    /// What of the values may be seen.
    pub policy: Policy,
    /// How the lead is laid out.
    pub shape: Shape,
    /// What is shown besides.
    pub expand: Expand,
}

/// How a lead is laid out. Where names may not be seen either, those that look like values are
/// `•••1`, `•••2` and so on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// One object with dotted components: `"email": …, "email.valid": …`. Within a key `.` is
    /// written `~1` and `~` is written `~0`. A raw parameter `id` is `~id`, since `id` is the
    /// lead's.
    #[default]
    Flat,
    /// A tree. A field with components is an object that holds its own value under `value`:
    /// `"email": {"value": …, "valid": …}`. A component that is itself called `value` is then
    /// `~value`, a raw parameter `id` is `~id`.
    Nested,
    /// Not at all: the event is its header, and no body is needed.
    None,
}

/// What is shown besides the event and its lead. Without the right to see values, an exchange
/// shows only its outline, and actual values and partners' words are hidden.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Expand {
    /// `exchange`: requests and answers, in order.
    pub exchange: bool,
    /// `rules`: each rule that was looked at, with its actual value.
    pub rules: bool,
    /// `reason_raw`: the partner's own words.
    pub reason_raw: bool,
    /// `changes`: which values of the lead differ from those of its event before. What differs is told of values
    /// that may not be seen, too, which then look alike.
    pub changes: bool,
}

/// A text is not a value of a query parameter that shapes events.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not {wanted}")]
pub struct ViewError {
    /// What was expected, in words.
    pub wanted: &'static str,
    /// What stood there, cut to 40 characters.
    pub text: String,
}

impl FromStr for Shape {
    type Err = ViewError;

    fn from_str(text: &str) -> Result<Shape, ViewError> {
        match text {
            "flat" => Ok(Shape::Flat),
            "nested" => Ok(Shape::Nested),
            "none" => Ok(Shape::None),
            other => Err(ViewError {
                wanted: "a shape: flat, nested or none",
                text: other.chars().take(40).collect(),
            }),
        }
    }
}

impl FromStr for Expand {
    type Err = ViewError;

    /// Reads names with commas between, such as `exchange,rules`.
    fn from_str(text: &str) -> Result<Expand, ViewError> {
        let mut expand = Expand::default();
        for name in text.split(',').map(str::trim).filter(|name| !name.is_empty()) {
            match name {
                "exchange" => expand.exchange = true,
                "rules" => expand.rules = true,
                "reason_raw" => expand.reason_raw = true,
                "changes" => expand.changes = true,
                other => {
                    let text = other.chars().take(40).collect();
                    return Err(ViewError { wanted: "one of exchange, rules, reason_raw and changes", text });
                }
            }
        }
        Ok(expand)
    }
}

/// The body of the record that an event is shown from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventBody<'a> {
    /// What was stored.
    Open(&'a [u8]),
    /// There is none: an event of a lead that was forgotten, or a kind of record without body.
    None,
    /// There is one that does not open.
    Unreadable,
}

/// Why stored bytes cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum PublicEventError {
    /// The header is not one JSON object.
    #[error("the header is not a JSON object")]
    Header(#[source] serde_json::Error),
    /// The body is not what a body is.
    #[error("the body cannot be read")]
    Body(#[from] BodyError),
}

/// Keys that come first, in this order; those marked are `null` when the header has none.
const FIRST: [(&str, bool); 12] = [
    ("type", true),
    ("timestamp", true),
    ("lead_id", true),
    ("lead_seq", false),
    ("flow_id", true),
    ("flow_version", false),
    ("step_id", false),
    ("source_id", false),
    ("entity_id", true),
    ("outcome", true),
    ("reason", true),
    ("reason_code", true),
];
/// Amounts: decimal text in stored headers, numbers in public.
const AMOUNTS: [&str; 7] = ["price", "bid", "amount", "cost_amount", "cost", "revenue", "margin"];
/// Keys of a header that are not shown, or that public JSON uses for something else.
const KEPT_BACK: [&str; 13] = [
    "v",
    "fields",
    "snapshot",
    "seq",
    "lead",
    "erased",
    "unreadable",
    "exchange",
    "rules",
    "reason_raw",
    "idempotency_key",
    "idempotency_payload",
    "duplicate_keys",
];

/// Appends the public JSON of one event: stored header bytes, and the stored body unless it was
/// erased. With [`Shape::None`] there is nothing besides the members of the header. Without a body, an event of a
/// lead has `"lead": null` and `"erased": true`; with one that does not open, `"lead": null` and
/// `"unreadable": true`. `before` is the body of the lead's event before; [`EventBody::None`] where there is none.
///
/// # Errors
/// When the bytes are not a header or a body; `out` then holds half an object.
pub fn write_public_event(
    seq: u64,
    header: &[u8],
    body: EventBody<'_>,
    before: EventBody<'_>,
    view: &View,
    out: &mut Vec<u8>,
) -> Result<(), PublicEventError> {
    let Members(members) = serde_json::from_slice(header).map_err(PublicEventError::Header)?;
    let opened = match body {
        EventBody::Open(body) if view.shape != Shape::None => Some((body, Stored::read(body)?)),
        EventBody::Open(_) | EventBody::None | EventBody::Unreadable => None,
    };
    let get = |key: &str| members.iter().find(|(own, _)| **own == *key).map(|(_, value)| value.get());
    let text = |key: &str| get(key).and_then(|value| serde_json::from_str::<Text<'_>>(value).ok());

    let mut object = ObjectWriter::open(out);
    object.value("id").extend_from_slice(get("id").unwrap_or("null").as_bytes());
    object.number("seq", seq);
    for (key, always) in FIRST {
        match get(key) {
            Some(value) => object.value(key).extend_from_slice(value.as_bytes()),
            None if always => object.null(key),
            None => {}
        }
    }
    for (key, value) in &members {
        let key: &str = key;
        if key == "id" || FIRST.iter().any(|(first, _)| *first == key) || KEPT_BACK.contains(&key) {
            continue;
        }
        let amount = AMOUNTS.contains(&key).then(|| text(key)?.parse::<Money>().ok()).flatten();
        match amount {
            // The shortest decimal form is a JSON number.
            Some(amount) => object.value(key).extend_from_slice(amount.to_string().as_bytes()),
            None => object.value(key).extend_from_slice(value.get().as_bytes()),
        }
    }

    if view.shape == Shape::None {
        object.close();
        return Ok(());
    }
    let Some((body, stored)) = opened else {
        object.null("lead");
        if body == EventBody::Unreadable {
            object.boolean("unreadable", true);
        } else if get("lead_id").is_some_and(|id| id != "null") {
            object.boolean("erased", true);
        }
        let asked = [
            ("exchange", view.expand.exchange),
            ("rules", view.expand.rules),
            ("reason_raw", view.expand.reason_raw),
            ("changes", view.expand.changes),
        ];
        for (key, _) in asked.into_iter().filter(|(_, asked)| *asked) {
            object.null(key);
        }
        object.close();
        return Ok(());
    };
    let stage = Stage::of(text("type").as_deref().unwrap_or_default());
    write_lead(get("lead_id"), &stored, stage, view, object.value("lead"));
    if view.expand.exchange {
        write_exchanges(&stored, &view.policy, object.value("exchange"));
    }
    if view.expand.rules {
        let trace = BodyView::read(body)?.rules().unwrap_or_default();
        write_rules(&trace, &view.policy, object.value("rules"));
    }
    if view.expand.reason_raw {
        let out = object.value("reason_raw");
        match stored.get("reason_raw") {
            None | Some("null") => out.extend_from_slice(b"null"),
            Some(words) if view.policy.reveals() => out.extend_from_slice(words.as_bytes()),
            Some(_) => json::write_string(HIDDEN, out),
        }
    }
    if view.expand.changes {
        match before {
            EventBody::Open(before) => {
                write_changes(&Stored::read(before)?, &stored, &view.policy, object.value("changes"));
            }
            EventBody::None | EventBody::Unreadable => object.null("changes"),
        }
    }
    object.close();
    Ok(())
}

/// The paths of a lead as a reader sees them: those of a flat lead. Names that may not be seen are counted.
fn shown_paths<'a>(
    stored: &'a Stored<'_>,
    policy: &'a Policy,
) -> impl Iterator<Item = (String, &'a str, &'a str)> {
    let mut hidden = 0;
    stored.below("lead.").map(move |(path, value)| {
        let shown = if !policy.shows_path(path) {
            hidden += 1;
            format!("{HIDDEN}{hidden}")
        } else if path == "id" {
            "~id".to_owned()
        } else {
            path.to_owned()
        };
        (shown, path, value)
    })
}

/// `{"added", "changed", "removed"}`, each a list of paths.
fn write_changes(before: &Stored<'_>, after: &Stored<'_>, policy: &Policy, out: &mut Vec<u8>) {
    let lookup = |stored: &Stored<'_>, path: &str| {
        let at = stored.0.binary_search_by(|(own, _)| {
            own.as_bytes().iter().copied().cmp(b"lead.".iter().copied().chain(path.bytes()))
        });
        at.ok().map(|at| stored.0[at].1.get().to_owned())
    };
    let (mut added, mut changed) = (Vec::new(), Vec::new());
    for (shown, path, value) in shown_paths(after, policy) {
        match lookup(before, path) {
            None => added.push(shown),
            Some(old) if old != value => changed.push(shown),
            Some(_) => {}
        }
    }
    let gone = shown_paths(before, policy).filter(|(_, path, _)| lookup(after, path).is_none());
    let removed: Vec<String> = gone.map(|(shown, _, _)| shown).collect();
    let mut object = ObjectWriter::open(out);
    for (key, paths) in [("added", added), ("changed", changed), ("removed", removed)] {
        json::write_array(paths.iter(), object.value(key), |path, out| json::write_string(path, out));
    }
    object.close();
}

fn write_lead(lead_id: Option<&str>, stored: &Stored<'_>, stage: Stage, view: &View, out: &mut Vec<u8>) {
    let id = lead_id.unwrap_or("null");
    let mut hidden_names = 0;
    let values = stored.below("lead.").map(|(path, value)| {
        let shown = seen(&view.policy, stage, path, value);
        if view.policy.shows_path(path) {
            return (path.to_owned(), shown);
        }
        hidden_names += 1;
        (format!("{HIDDEN}{hidden_names}"), shown)
    });
    match view.shape {
        Shape::Flat => {
            let mut lead = ObjectWriter::open(out);
            lead.value("id").extend_from_slice(id.as_bytes());
            for (path, json) in values {
                let key = if path == "id" { "~id" } else { &path };
                lead.value(key).extend_from_slice(json.as_bytes());
            }
            lead.close();
        }
        Shape::Nested => {
            let mut root = Branch::default();
            for (path, json) in values {
                root.put(&path, json);
            }
            root.write(Some(("id", id)), out);
        }
        Shape::None => out.extend_from_slice(b"null"),
    }
}

/// Adds the member `lead` of an event to another object, as [`write_public_event`] shows it, with
/// `erased` or `unreadable` where it is so.
///
/// # Errors
/// When the bytes are not a header or a body; the object then lacks the value.
pub fn write_snapshot(
    header: &[u8],
    body: EventBody<'_>,
    view: &View,
    object: &mut ObjectWriter<'_>,
) -> Result<(), PublicEventError> {
    let Members(members) = serde_json::from_slice(header).map_err(PublicEventError::Header)?;
    let get = |key: &str| members.iter().find(|(own, _)| **own == *key).map(|(_, value)| value.get());
    match body {
        EventBody::Open(body) => {
            let stored = Stored::read(body)?;
            let event_type = get("type").and_then(|value| serde_json::from_str::<Text<'_>>(value).ok());
            let stage = Stage::of(event_type.as_deref().unwrap_or_default());
            write_lead(get("lead_id"), &stored, stage, view, object.value("lead"));
        }
        EventBody::None => {
            object.null("lead");
            object.boolean("erased", true);
        }
        EventBody::Unreadable => {
            object.null("lead");
            object.boolean("unreadable", true);
        }
    }
    Ok(())
}

/// A body as pairs of path and value, each value as it was stored.
#[derive(Debug)]
struct Stored<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'a> Stored<'a> {
    fn read(bytes: &'a [u8]) -> Result<Stored<'a>, BodyError> {
        let elements: Vec<(Text<'a>, &'a RawValue)> =
            serde_json::from_slice(bytes).map_err(BodyError::Json)?;
        for pair in elements.windows(2) {
            if pair[0].0.as_bytes() >= pair[1].0.as_bytes() {
                return Err(BodyError::Order(pair[1].0.to_string()));
            }
        }
        Ok(Stored(elements))
    }

    /// Each path below a prefix, without it, and its value.
    fn below(&self, prefix: &str) -> impl Iterator<Item = (&str, &'a str)> {
        self.0.iter().filter_map(move |(path, value)| Some((path.strip_prefix(prefix)?, value.get())))
    }

    fn get(&self, path: &str) -> Option<&'a str> {
        self.0.iter().find(|(own, _)| **own == *path).map(|(_, value)| value.get())
    }
}

/// A stored value as the policy shows it, as JSON.
fn seen(policy: &Policy, stage: Stage, path: &str, stored: &str) -> String {
    if policy.reveals() {
        return stored.to_owned();
    }
    let value = serde_json::from_str(stored).ok().and_then(|value| json::read_value(&value));
    let masked = value.map_or(Value::text(HIDDEN), |value| policy.mask(stage, path, &value));
    let mut out = Vec::new();
    json::write_value(&masked, &mut out);
    String::from_utf8(out).expect("JSON is written from text")
}

/// A part of a nested lead.
#[derive(Debug, Default)]
struct Branch {
    own: Option<String>,
    below: BTreeMap<String, Branch>,
}

impl Branch {
    fn put(&mut self, path: &str, json: String) {
        let mut branch = self;
        for key in path.split('.') {
            let key = key.replace("~1", ".").replace("~0", "~");
            branch = branch.below.entry(key).or_default();
        }
        branch.own = Some(json);
    }

    /// `taken` is a key that stands for something else here, and its value.
    fn write(&self, taken: Option<(&str, &str)>, out: &mut Vec<u8>) {
        let mut object = ObjectWriter::open(out);
        if let Some((key, value)) = taken {
            object.value(key).extend_from_slice(value.as_bytes());
        }
        for (key, branch) in &self.below {
            let name = match taken {
                Some((taken, _)) if taken == key => format!("~{key}"),
                Some(_) | None => key.clone(),
            };
            let out = object.value(&name);
            match &branch.own {
                Some(own) if branch.below.is_empty() => out.extend_from_slice(own.as_bytes()),
                Some(own) => branch.write(Some(("value", own)), out),
                None => branch.write(None, out),
            }
        }
        object.close();
    }
}

fn write_exchanges(stored: &Stored<'_>, policy: &Policy, out: &mut Vec<u8>) {
    // By number: the body has them by bytes, where 10 comes before 2.
    let mut exchanges: BTreeMap<u32, Vec<(&str, String)>> = BTreeMap::new();
    for (place, value) in stored.below("exchange.") {
        let Some((number, side)) = place.split_once('.') else { continue };
        let Ok(number) = number.parse() else { continue };
        let shown = if policy.reveals() { value.to_owned() } else { outline(value) };
        exchanges.entry(number).or_default().push((side, shown));
    }
    json::write_array(exchanges.values(), out, |sides, out| {
        let mut object = ObjectWriter::open(out);
        for (side, shown) in sides {
            object.value(side).extend_from_slice(shown.as_bytes());
        }
        object.close();
    });
}

/// The outline of a stored exchange, whole or cut, as JSON.
fn outline(stored: &str) -> String {
    let text = match serde_json::from_str(stored) {
        Ok(serde_json::Value::String(text)) => mask_exchange(&text),
        Ok(serde_json::Value::Object(cut)) => {
            cut.get("cut").and_then(serde_json::Value::as_str).map_or(HIDDEN.to_owned(), mask_exchange)
        }
        Ok(_) | Err(_) => HIDDEN.to_owned(),
    };
    let mut out = Vec::new();
    json::write_string(&text, &mut out);
    String::from_utf8(out).expect("JSON is written from text")
}

fn write_rules(trace: &RuleTrace, policy: &Policy, out: &mut Vec<u8>) {
    json::write_array(trace.rules.iter(), out, |rule, out| {
        let mut object = ObjectWriter::open(out);
        object.text("rule", &rule.rule);
        let actual = object.value("actual");
        if policy.reveals() || rule.actual == Scalar::Null {
            json::write_scalar(&rule.actual, actual);
        } else {
            json::write_string(HIDDEN, actual);
        }
        object.boolean("passed", rule.passed);
        object.boolean("decided", rule.decided);
        object.close();
    });
}

/// The members of a JSON object in stored order.
struct Members<'a>(Vec<(Text<'a>, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Members<'a>, D::Error> {
        struct MembersVisitor;

        impl<'de> Visitor<'de> for MembersVisitor {
            type Value = Members<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Members<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = items.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }

        deserializer.deserialize_map(MembersVisitor)
    }
}

#[cfg(test)]
mod tests {
    use domain::{Field, FieldType, Fields};
    use expect_test::{Expect, expect};
    use proptest::prelude::*;

    use super::*;

    const HEADER: &str = r#"{"v":1,"id":"evt_018d0d882e839a41d06f0001","type":"recipient.delivered","timestamp":"2024-01-15T14:30:45.123Z","lead_id":"lead_018d0d882d57aa10f3e7715b","lead_seq":6,"flow_id":"flow_solar","flow_version":12,"step_id":"premier","source_id":"src_web_a","entity_id":"buyer_premier","outcome":"success","duration_ms":245,"wait_ms":241,"total_ms":300,"integration":"custom_json","response_code":200,"price":"25.5","later":{"x":[1]},"dims":{"lead.state":"TX"},"snapshot":"abc"}"#;
    const BODY: &str = r#"[["exchange.0.request","POST /leads?e=ana@example.com HTTP/1.1\r\nx-key: 1\r\n\r\n{}"],["exchange.0.response",{"bytes":9,"cut":"HTTP/1.1 200 OK\r\n\r\nAna","sha256":"x"}],["exchange.10.request","Ana"],["exchange.2.request","GET / HTTP/1.1"],["lead.email","ana@example.com"],["lead.email.domain","example.com"],["lead.email.user","ana"],["lead.email.valid",true],["lead.other",["Ana",1]],["lead.source.name","Web Form A"],["lead.state","TX"],["reason_raw","Ana was rude"],["rules",[{"rule":"state is included in TX","actual":"TX","passed":true},{"rule":"age is blank","actual":null,"passed":true}]],["sensitive","b64"]]"#;

    fn fields() -> Fields {
        let field = |name: &str, field_type| Field::new(name.parse().unwrap(), field_type);
        Fields::new(vec![field("email", FieldType::Email), field("state", FieldType::State)]).unwrap()
    }

    fn masked(shape: Shape) -> View {
        let expand = "exchange,rules,reason_raw".parse().unwrap();
        View { policy: Policy::of_fields(fields()), shape, expand }
    }

    fn revealed(shape: Shape) -> View {
        View { policy: Policy::reveal(), ..masked(shape) }
    }

    fn write(header: &str, body: Option<&str>, view: &View) -> String {
        let mut out = Vec::new();
        let body = body.map_or(EventBody::None, |body| EventBody::Open(body.as_bytes()));
        write_public_event(48213, header.as_bytes(), body, EventBody::None, view, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        serde_json::from_str::<serde_json::Value>(&text).unwrap();
        text
    }

    /// One member a line.
    fn check(header: &str, body: Option<&str>, view: &View, wanted: Expect) {
        let text = write(header, body, view);
        let Members(members) = serde_json::from_str(&text).unwrap();
        let lines: Vec<String> = members.iter().map(|(key, value)| format!("{key}: {value}")).collect();
        wanted.assert_eq(&lines.join("\n"));
    }

    #[test]
    fn an_event_is_flat_and_masked() {
        check(
            HEADER,
            Some(BODY),
            &masked(Shape::Flat),
            expect![[r#"
                id: "evt_018d0d882e839a41d06f0001"
                seq: 48213
                type: "recipient.delivered"
                timestamp: "2024-01-15T14:30:45.123Z"
                lead_id: "lead_018d0d882d57aa10f3e7715b"
                lead_seq: 6
                flow_id: "flow_solar"
                flow_version: 12
                step_id: "premier"
                source_id: "src_web_a"
                entity_id: "buyer_premier"
                outcome: "success"
                reason: null
                reason_code: null
                duration_ms: 245
                wait_ms: 241
                total_ms: 300
                integration: "custom_json"
                response_code: 200
                price: 25.5
                later: {"x":[1]}
                dims: {"lead.state":"TX"}
                lead: {"id":"lead_018d0d882d57aa10f3e7715b","email":"a•••@example.com","email.domain":"example.com","email.user":"•••","email.valid":true,"other":"•••","source.name":"Web Form A","state":"TX"}
                exchange: [{"request":"POST /leads?e=••• HTTP/1.1\r\nx-key: •••\r\n\r\n•••","response":"HTTP/1.1 200\r\n\r\n•••"},{"request":"GET / HTTP/1.1"},{"request":"•••"}]
                rules: [{"rule":"state is included in TX","actual":"•••","passed":true,"decided":false},{"rule":"age is blank","actual":null,"passed":true,"decided":false}]
                reason_raw: "•••""#]],
        );
    }

    #[test]
    fn what_changed_is_told_of_values_that_may_not_be_seen_too() {
        let before = r#"[["lead.Jane Example","x"],["lead.email","ann@example.com"],["lead.gone",1],["lead.state","TX"]]"#;
        let after = r#"[["lead.Jane Example","y"],["lead.email","ana@example.com"],["lead.email.valid",true],["lead.id","7"],["lead.state","TX"]]"#;
        let expand = Expand { changes: true, ..Expand::default() };
        let changes = |before, view: View| {
            let (mut out, body) = (Vec::new(), EventBody::Open(after.as_bytes()));
            write_public_event(7, HEADER.as_bytes(), body, before, &View { expand, ..view }, &mut out)
                .unwrap();
            serde_json::from_slice::<serde_json::Value>(&out).unwrap()["changes"].to_string()
        };
        let before = EventBody::Open(before.as_bytes());
        assert_eq!(
            changes(before, masked(Shape::Flat)),
            r#"{"added":["email.valid","~id"],"changed":["•••1","email"],"removed":["gone"]}"#
        );
        assert_eq!(
            changes(before, revealed(Shape::Nested)),
            r#"{"added":["email.valid","~id"],"changed":["Jane Example","email"],"removed":["gone"]}"#
        );
        assert_eq!(changes(EventBody::None, masked(Shape::Flat)), "null");
        assert_eq!(changes(EventBody::Unreadable, masked(Shape::Flat)), "null");
    }

    #[test]
    fn a_nested_lead_is_a_tree() {
        let view = View { expand: Expand::default(), ..revealed(Shape::Nested) };
        let text = write(HEADER, Some(BODY), &view);
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        expect![[r#"{"email":{"domain":"example.com","user":"ana","valid":true,"value":"ana@example.com"},"id":"lead_018d0d882d57aa10f3e7715b","other":["Ana",1],"source":{"name":"Web Form A"},"state":"TX"}"#]].assert_eq(&event["lead"].to_string());
        assert!(event.get("exchange").is_none() && event.get("rules").is_none());
    }

    #[test]
    fn who_may_see_sees_what_was_stored_but_never_what_was_sealed_apart() {
        let text = write(HEADER, Some(BODY), &revealed(Shape::Flat));
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        assert_eq!(event["lead"]["email"], "ana@example.com");
        assert_eq!(event["lead"]["other"].to_string(), "[\"Ana\",1]");
        assert_eq!(event["exchange"][0]["response"]["bytes"], 9);
        assert_eq!(event["exchange"][2]["request"], "Ana");
        assert_eq!(event["rules"][0]["actual"], "TX");
        assert_eq!(event["reason_raw"], "Ana was rude");
        assert!(!text.contains("sensitive") && !text.contains("b64"));
    }

    #[test]
    fn an_erased_body_says_so() {
        let view = masked(Shape::Flat);
        let event: serde_json::Value = serde_json::from_str(&write(HEADER, None, &view)).unwrap();
        assert_eq!((&event["lead"], &event["erased"]), (&serde_json::Value::Null, &true.into()));
        assert_eq!(event["exchange"], serde_json::Value::Null);
    }

    #[test]
    fn a_body_that_does_not_open_is_not_an_erased_one() {
        let (header, view, mut out) = (HEADER.as_bytes(), masked(Shape::Flat), Vec::new());
        write_public_event(48213, header, EventBody::Unreadable, EventBody::None, &view, &mut out).unwrap();
        let event: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!((&event["lead"], &event["unreadable"]), (&serde_json::Value::Null, &true.into()));
        assert_eq!((&event["type"], event.get("erased")), (&"recipient.delivered".into(), None));
        assert_eq!(event["exchange"], serde_json::Value::Null);
    }

    #[test]
    fn the_keys_that_are_always_there_are_null_when_the_header_has_none() {
        let view = View { expand: Expand::default(), ..masked(Shape::Flat) };
        check(
            r#"{"v":1,"id":"evt_1","type":"ledger.opened","timestamp":"t","snapshot":"x","origin":"o"}"#,
            None,
            &view,
            expect![[r#"
                id: "evt_1"
                seq: 48213
                type: "ledger.opened"
                timestamp: "t"
                lead_id: null
                flow_id: null
                entity_id: null
                outcome: null
                reason: null
                reason_code: null
                origin: "o"
                lead: null"#]],
        );
    }

    #[test]
    fn raw_parameters_are_masked_and_cannot_take_the_place_of_the_id() {
        let header = HEADER.replace("recipient.delivered", "source.submitted");
        let body = r#"[["lead.5125550143","1"],["lead.ana@x","1"],["lead.email","ana@example.com"],["lead.id","Ana"],["lead.id.x","Ana"],["lead.source.name","Ana"],["lead.state","TX"],["lead.x~1y","1"]]"#;
        for (view, wanted) in [
            (
                masked(Shape::Flat),
                expect![[
                    r#"{"id":"lead_018d0d882d57aa10f3e7715b","•••1":"•••","•••2":"•••","email":"a•••@example.com","~id":"•••","id.x":"•••","source.name":"•••","state":"•••","x~1y":"•••"}"#
                ]],
            ),
            (
                masked(Shape::Nested),
                expect![[
                    r#"{"id":"lead_018d0d882d57aa10f3e7715b","email":"a•••@example.com","~id":{"value":"•••","x":"•••"},"source":{"name":"•••"},"state":"•••","x.y":"•••","•••1":"•••","•••2":"•••"}"#
                ]],
            ),
            (
                revealed(Shape::Nested),
                expect![[
                    r#"{"id":"lead_018d0d882d57aa10f3e7715b","5125550143":"1","ana@x":"1","email":"ana@example.com","~id":{"value":"Ana","x":"Ana"},"source":{"name":"Ana"},"state":"TX","x.y":"1"}"#
                ]],
            ),
        ] {
            let text = write(&header, Some(body), &view);
            let Members(members) = serde_json::from_str(&text).unwrap();
            let (_, lead) = members.iter().find(|(key, _)| &**key == "lead").unwrap();
            wanted.assert_eq(lead.get());
        }
    }

    #[test]
    fn a_component_called_value_gives_way() {
        let body = r#"[["lead.a","own"],["lead.a-b","between"],["lead.a.value","component"]]"#;
        let event: serde_json::Value =
            serde_json::from_str(&write(HEADER, Some(body), &revealed(Shape::Nested))).unwrap();
        assert_eq!(event["lead"]["a"].to_string(), r#"{"value":"own","~value":"component"}"#);
    }

    #[test]
    fn amounts_are_numbers_in_shortest_form() {
        for (stored, shown) in
            [("25.00", "25"), ("17.2", "17.2"), ("-0.000001", "-0.000001"), ("n/a", "\"n/a\"")]
        {
            let header = HEADER.replace("25.5", stored);
            assert!(
                write(&header, None, &masked(Shape::Flat)).contains(&format!("\"price\":{shown},")),
                "{stored}"
            );
        }
    }

    #[test]
    fn what_is_no_record_is_an_error() {
        let view = masked(Shape::Flat);
        for (header, body) in
            [("", None), ("[]", None), (HEADER, Some("{}")), (HEADER, Some(r#"[["b",1],["a",1]]"#))]
        {
            let body = body.map_or(EventBody::None, |body: &str| EventBody::Open(body.as_bytes()));
            write_public_event(1, header.as_bytes(), body, EventBody::None, &view, &mut Vec::new())
                .unwrap_err();
        }
    }

    #[test]
    fn shapes_and_expansions_have_names() {
        assert_eq!("nested".parse(), Ok(Shape::Nested));
        assert_eq!(
            "round".parse::<Shape>().unwrap_err().to_string(),
            "\"round\" is not a shape: flat, nested or none"
        );
        assert_eq!("rules".parse(), Ok(Expand { rules: true, ..Expand::default() }));
        assert_eq!("".parse(), Ok(Expand::default()));
        assert!("rules,all".parse::<Expand>().is_err());
    }

    proptest! {
        #[test]
        fn masked_json_is_json_without_the_values(
            paths in prop::collection::btree_map("[a-c]{1,2}(\\.[a-c]{1,2}){0,2}", "[0-9]{6}", 0..8),
            nested: bool,
            raw: bool,
        ) {
            let elements: Vec<String> =
                paths.iter().map(|(path, value)| format!("[\"lead.{path}\",\"{value}\"]")).collect();
            let body = format!("[{}]", elements.join(","));
            let header = if raw { HEADER.replace("recipient.delivered", "source.submitted") } else { HEADER.to_owned() };
            let shape = if nested { Shape::Nested } else { Shape::Flat };
            let text = write(&header, Some(&body), &masked(shape));
            for value in paths.values() {
                prop_assert!(!text.contains(value.as_str()));
            }
            let text = write(&header, Some(&body), &revealed(shape));
            for value in paths.values() {
                prop_assert!(text.contains(value.as_str()));
            }
        }

        #[test]
        fn no_bytes_panic(header in prop::collection::vec(any::<u8>(), 0..60), body in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = write_public_event(1, &header, EventBody::Open(&body), EventBody::None, &masked(Shape::Nested), &mut Vec::new());
            let _ = write_public_event(1, HEADER.as_bytes(), EventBody::Open(&body), EventBody::None, &masked(Shape::Nested), &mut Vec::new());
        }
    }
}
