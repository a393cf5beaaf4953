//! The body of a record: a JSON array of `["<path>",<value>]` in ascending byte order of the
//! path. Its bytes are what the commitments are made of, so readers keep raw slices.

use std::ops::Range;
use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use domain::{EventBody, Exchange, FieldPath, Lead, RuleTrace, TracedRule, Value};
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use crate::Text;
use crate::json::{self, ObjectWriter};

/// At most this many paths in one body.
pub const PATHS_MAX: usize = 1_000;
/// Of a request or response at most this much is kept; beyond it length and SHA-256 are.
pub const EXCHANGE_BYTES_MAX: usize = 256 * 1024;

/// Where the sensitive values of a lead stand, sealed once more.
const SENSITIVE_PATH: &str = "sensitive";

/// Why a body cannot be written, or bytes are not one.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// More paths than a record holds.
    #[error("the event has {paths} values; a record holds at most {PATHS_MAX}")]
    TooManyPaths {
        /// How many it has.
        paths: usize,
    },
    /// The bytes are not a JSON array of `[path, value]`.
    #[error("the body is not an array of path and value")]
    Json(#[source] serde_json::Error),
    /// Paths do not strictly ascend.
    #[error("the path {0:?} is out of order or stands twice")]
    Order(String),
    /// A value under `lead.` that no lead can hold.
    #[error("the value under {0:?} is not a scalar or a list of scalars")]
    Value(String),
}

/// A body ready to be committed to and sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Body {
    // Invariant: the JSON array, elements ascending by path.
    bytes: Vec<u8>,
    elements: Vec<Element>,
    /// The lead whose values are among the elements, if any are.
    lead: Lead,
    // Invariant: the elements that are the values of `lead`, in its order.
    lead_elements: Range<usize>,
}

/// Where one element lies in the bytes of its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    path: Range<usize>,
    tail: Range<usize>,
}

impl Body {
    /// A body without any path.
    pub fn empty() -> Body {
        BodyWriter::new().finish()
    }

    /// The JSON array.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// How many elements it has.
    pub fn len(&self) -> usize {
        self.elements.len()
    }

    /// Whether it has no element.
    pub fn is_empty(&self) -> bool {
        self.elements.is_empty()
    }

    /// Of each element, in order: the path as its JSON string (quotes included), and the tail:
    /// the stored bytes after the element's `[`, which is what its commitment covers.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + Clone {
        self.elements
            .iter()
            .map(|element| (&self.bytes[element.path.clone()], &self.bytes[element.tail.clone()]))
    }

    /// Which elements are the values of a lead.
    pub fn lead_elements(&self) -> Range<usize> {
        self.lead_elements.clone()
    }

    /// Whether the other has the values of the same lead, which was shared, not compared: then their
    /// elements are the same bytes.
    pub fn shares_lead_with(&self, other: &Body) -> bool {
        self.lead.is_shared_with(&other.lead)
    }

    /// The body of an event of a lead. From the body before it the values of the lead are copied, where they
    /// are shared.
    ///
    /// # Errors
    /// When it has more than [`PATHS_MAX`] paths.
    pub fn of_event(event: &EventBody, before: Option<&Body>) -> Result<Body, BodyError> {
        let before = before.filter(|before| before.lead.is_shared_with(&event.lead));
        let mut writer = BodyWriter::with_room_for(event);
        let mut exchanges = Vec::new();
        for (index, Exchange { request, response }) in event.exchanges.iter().enumerate() {
            let sides = [("request", request), ("response", response)];
            exchanges.extend(sides.into_iter().filter_map(|(side, text)| {
                text.as_ref().map(|text| (format!("exchange.{index}.{side}"), text))
            }));
        }
        exchanges.sort(); // By bytes: exchange.10 comes before exchange.2.
        for (path, text) in &exchanges {
            writer.element(path, |out| write_exchange(text, out));
        }
        match before {
            Some(before) => writer.lead_of(before),
            None => writer.lead(&event.lead),
        }
        if let Some(words) = &event.reason_raw {
            writer.element("reason_raw", |out| json::write_string(words, out));
        }
        if let Some(trace) = &event.rules {
            writer.element("rules", |out| write_rules(trace, out));
        }
        let body = writer.finish();
        if body.len() > PATHS_MAX { Err(BodyError::TooManyPaths { paths: body.len() }) } else { Ok(body) }
    }

    /// The values of a lead alone, as bytes.
    pub(crate) fn of_lead(lead: &Lead) -> Vec<u8> {
        let mut writer = BodyWriter::new();
        writer.lead(lead);
        writer.finish().bytes
    }

    /// The same body with the element `sensitive`: base64url of these sealed bytes.
    ///
    /// # Errors
    /// When it then has more than [`PATHS_MAX`] paths.
    pub fn with_sensitive(self, sealed: &[u8]) -> Result<Body, BodyError> {
        let Body { mut bytes, elements, lead, lead_elements } = self;
        let closed = bytes.pop();
        debug_assert_eq!(closed, Some(b']'));
        let mut writer = BodyWriter { bytes, elements, lead, lead_elements };
        debug_assert!(
            writer
                .elements
                .last()
                .is_none_or(|last| &writer.bytes[last.path.clone()] < br#""sensitive""#.as_slice()),
            "no path of an event comes after it"
        );
        let text = BASE64_URL_SAFE_NO_PAD.encode(sealed);
        writer.element(SENSITIVE_PATH, |out| json::write_string(&text, out));
        let body = writer.finish();
        if body.len() > PATHS_MAX { Err(BodyError::TooManyPaths { paths: body.len() }) } else { Ok(body) }
    }

    /// The body of a control event: texts and lists of texts under `control.<name>`, in ascending
    /// order of the name.
    pub(crate) fn of_control(values: &[(&str, Value)]) -> Body {
        let mut writer = BodyWriter::new();
        for (name, value) in values {
            writer.element(&format!("control.{name}"), |out| json::write_value(value, out));
        }
        writer.finish()
    }
}

/// Writes elements in the order of the calls, which must be that of their paths.
#[derive(Debug)]
struct BodyWriter {
    bytes: Vec<u8>,
    elements: Vec<Element>,
    lead: Lead,
    lead_elements: Range<usize>,
}

/// What rules, reasons and the marks around elements take, so that a usual body is written into one allocation.
const ROOM_BYTES: usize = 512;

impl BodyWriter {
    fn new() -> BodyWriter {
        BodyWriter { bytes: vec![b'['], elements: Vec::new(), lead: Lead::new(), lead_elements: 0..0 }
    }

    fn with_room_for(event: &EventBody) -> BodyWriter {
        let sides = event.exchanges.iter().flat_map(|exchange| [&exchange.request, &exchange.response]);
        let exchanges: usize = sides.flatten().map(|text| text.len().min(EXCHANGE_BYTES_MAX)).sum();
        let mut writer = BodyWriter::new();
        writer.bytes.reserve(
            ROOM_BYTES + exchanges + event.lead.text_bytes() + event.lead.len() * r#"["lead.",],"#.len(),
        );
        writer.elements.reserve(event.lead.len() + 2 * event.exchanges.len() + 3);
        writer
    }

    fn element(&mut self, path: &str, write: impl FnOnce(&mut Vec<u8>)) {
        self.separate();
        self.bytes.push(b'[');
        let start = self.bytes.len();
        json::write_string(path, &mut self.bytes);
        let path_end = self.bytes.len();
        self.bytes.push(b',');
        write(&mut self.bytes);
        self.bytes.push(b']');
        self.elements.push(Element { path: start..path_end, tail: start..self.bytes.len() });
    }

    fn separate(&mut self) {
        if !self.elements.is_empty() {
            self.bytes.push(b',');
        }
    }

    fn lead(&mut self, lead: &Lead) {
        let first = self.elements.len();
        let mut path = String::from("lead.");
        for (field, value) in lead.iter() {
            path.truncate("lead.".len());
            path.push_str(field.as_str());
            self.element(&path, |out| json::write_value(value, out));
        }
        self.lead = lead.clone();
        self.lead_elements = first..self.elements.len();
    }

    /// The values of the lead of another body, as they stand there.
    fn lead_of(&mut self, body: &Body) {
        let first = self.elements.len();
        let elements = &body.elements[body.lead_elements()];
        if let (Some(begin), Some(end)) = (elements.first(), elements.last()) {
            self.separate();
            // From the bracket before the first path.
            let (from, to) = (begin.tail.start - 1, self.bytes.len());
            self.bytes.extend_from_slice(&body.bytes[from..end.tail.end]);
            let moved = |at: &Range<usize>| at.start - from + to..at.end - from + to;
            self.elements.extend(
                elements.iter().map(|own| Element { path: moved(&own.path), tail: moved(&own.tail) }),
            );
        }
        self.lead = body.lead.clone();
        self.lead_elements = first..self.elements.len();
    }

    fn finish(mut self) -> Body {
        self.bytes.push(b']');
        let BodyWriter { bytes, elements, lead, lead_elements } = self;
        Body { bytes, elements, lead, lead_elements }
    }
}

/// Text as it is; `b64:` and base64url when it is not UTF-8 or begins with `b64:` itself; when
/// too long, its beginning with the length and SHA-256 of the whole.
fn write_exchange(text: &[u8], out: &mut Vec<u8>) {
    if text.len() <= EXCHANGE_BYTES_MAX {
        return write_bytes(text, out);
    }
    let mut object = ObjectWriter::open(out);
    object.number("bytes", text.len() as u64);
    let mut cut = EXCHANGE_BYTES_MAX;
    if str::from_utf8(text).is_ok() {
        while str::from_utf8(&text[..cut]).is_err() {
            cut -= 1; // Not in the middle of a character.
        }
    }
    write_bytes(&text[..cut], object.value("cut"));
    object.text("sha256", &BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(text)));
    object.close();
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    match str::from_utf8(bytes) {
        Ok(text) if !text.starts_with("b64:") => json::write_string(text, out),
        Ok(_) | Err(_) => json::write_string(&format!("b64:{}", BASE64_URL_SAFE_NO_PAD.encode(bytes)), out),
    }
}

fn write_rules(trace: &RuleTrace, out: &mut Vec<u8>) {
    json::write_array(trace.rules.iter(), out, |rule: &TracedRule, out: &mut Vec<u8>| {
        let mut object = ObjectWriter::open(out);
        object.text("rule", &rule.rule);
        json::write_scalar(&rule.actual, object.value("actual"));
        object.boolean("passed", rule.passed);
        if rule.decided {
            object.boolean("decided", true);
        }
        object.close();
    });
}

/// A body as it was stored: raw slices into the bytes that were read.
#[derive(Debug)]
pub struct BodyView<'a> {
    elements: Vec<(Text<'a>, &'a str)>,
}

impl<'a> BodyView<'a> {
    /// Reads stored bytes.
    ///
    /// # Errors
    /// When they are not an array of `[path, value]` with strictly ascending paths.
    pub fn read(bytes: &'a [u8]) -> Result<BodyView<'a>, BodyError> {
        let raw: Vec<&RawValue> = serde_json::from_slice(bytes).map_err(BodyError::Json)?;
        let mut elements: Vec<(Text<'a>, &'a str)> = Vec::with_capacity(raw.len());
        for element in raw {
            let (path, _): (Text<'a>, &RawValue) =
                serde_json::from_str(element.get()).map_err(BodyError::Json)?;
            if elements.last().is_some_and(|(last, _)| last.as_bytes() >= path.as_bytes()) {
                return Err(BodyError::Order(path.to_string()));
            }
            elements.push((path, element.get()));
        }
        Ok(BodyView { elements })
    }

    /// Of each element, in order: the path, and the tail (the stored bytes after its `[`).
    pub fn elements(&self) -> impl ExactSizeIterator<Item = (&str, &'a str)> {
        self.elements.iter().map(|(path, element)| (&**path, &element[1..]))
    }

    /// The value under a path, as stored.
    pub fn get(&self, path: &str) -> Option<serde_json::Value> {
        let at = self.elements.binary_search_by(|(own, _)| own.as_bytes().cmp(path.as_bytes())).ok()?;
        let (_, value): (Text<'_>, serde_json::Value) = serde_json::from_str(self.elements[at].1).ok()?;
        Some(value)
    }

    /// The lead as it stood.
    ///
    /// # Errors
    /// When something under `lead.` is no path or value of a lead.
    pub fn lead(&self) -> Result<Lead, BodyError> {
        let fields =
            self.elements.iter().filter_map(|(path, element)| Some((path.strip_prefix("lead.")?, *element)));
        fields
            .map(|(field, element)| {
                let wrong = || BodyError::Value(field.to_owned());
                let (_, value): (Text<'_>, serde_json::Value) =
                    serde_json::from_str(element).map_err(BodyError::Json)?;
                let path: FieldPath = field.parse().map_err(|_| wrong())?;
                Ok((path, json::read_value(&value).ok_or_else(wrong)?))
            })
            .collect()
    }

    /// How a condition was decided, when the event tells.
    pub fn rules(&self) -> Option<RuleTrace> {
        let rules = self.get("rules")?;
        let read = |rule: &serde_json::Value| {
            Some(TracedRule {
                rule: rule.get("rule")?.as_str()?.into(),
                actual: json::read_scalar(rule.get("actual")?)?,
                passed: rule.get("passed")?.as_bool()?,
                decided: rule.get("decided").and_then(serde_json::Value::as_bool).unwrap_or(false),
            })
        };
        Some(RuleTrace { rules: rules.as_array()?.iter().map(read).collect::<Option<_>>()? })
    }

    /// One side of the n-th exchange, as text.
    pub fn exchange(&self, index: usize, side: &str) -> Option<Arc<str>> {
        match self.get(&format!("exchange.{index}.{side}"))? {
            serde_json::Value::String(text) => Some(text.into()),
            serde_json::Value::Object(cut) => cut.get("cut")?.as_str().map(Arc::from),
            serde_json::Value::Null
            | serde_json::Value::Bool(_)
            | serde_json::Value::Number(_)
            | serde_json::Value::Array(_) => None,
        }
    }

    /// The sealed bytes of the element `sensitive`; none without one, or when it is not base64url.
    pub fn sensitive(&self) -> Option<Vec<u8>> {
        BASE64_URL_SAFE_NO_PAD.decode(self.get(SENSITIVE_PATH)?.as_str()?).ok()
    }

    /// A text under `control.<name>`.
    pub(crate) fn control_text(&self, name: &str) -> Option<Arc<str>> {
        self.get(&format!("control.{name}"))?.as_str().map(Arc::from)
    }

    /// A list of texts under `control.<name>`.
    pub(crate) fn control_list(&self, name: &str) -> Option<Vec<Arc<str>>> {
        let list = self.get(&format!("control.{name}"))?;
        list.as_array()?.iter().map(|item| item.as_str().map(Arc::from)).collect()
    }
}

#[cfg(test)]
mod tests {
    use domain::Scalar;

    use super::*;

    fn body(pairs: &[(&str, Value)]) -> EventBody {
        let lead = pairs.iter().map(|(path, value)| (path.parse().unwrap(), value.clone())).collect();
        EventBody { lead, ..EventBody::default() }
    }

    #[test]
    fn paths_ascend_and_tails_are_the_bytes_after_the_bracket() {
        let mut event = body(&[("state", Value::text("TX")), ("email", Value::text("ann@example.com"))]);
        event.reason_raw = Some("no \"luck\"".into());
        event.exchanges = vec![Exchange { request: Some(b"GET /".as_slice().into()), response: None }];
        event.rules = Some(RuleTrace {
            rules: vec![TracedRule {
                rule: "state is TX".into(),
                actual: Scalar::Text("TX".into()),
                passed: true,
                decided: true,
            }],
        });
        let body = Body::of_event(&event, None).unwrap();
        expect_test::expect![[r#"[["exchange.0.request","GET /"],["lead.email","ann@example.com"],["lead.state","TX"],["reason_raw","no \"luck\""],["rules",[{"rule":"state is TX","actual":"TX","passed":true,"decided":true}]]]"#]]
        .assert_eq(str::from_utf8(body.bytes()).unwrap());

        let view = BodyView::read(body.bytes()).unwrap();
        let written: Vec<_> = body.elements().map(|(_, tail)| tail.to_vec()).collect();
        let read: Vec<_> = view.elements().map(|(_, tail)| tail.as_bytes().to_vec()).collect();
        assert_eq!(written, read);
        assert_eq!(view.lead().unwrap(), event.lead);
        assert_eq!(view.rules(), event.rules);
        assert_eq!(view.exchange(0, "request").as_deref(), Some("GET /"));
    }

    #[test]
    fn a_shared_lead_is_copied_as_it_would_be_written() {
        let plain = body(&[("email", Value::text("ann@example.com")), ("state", Value::text("TX"))]);
        let exchanges = vec![Exchange { request: Some(b"GET /".as_slice().into()), response: None }];
        let asked = EventBody { exchanges, ..plain.clone() };
        let declined = EventBody { reason_raw: Some("no luck".into()), ..plain.clone() };
        let nothing = EventBody::default();
        let nothing_asked = EventBody { exchanges: asked.exchanges.clone(), ..nothing.clone() };
        let pairs = [
            (&plain, &asked),
            (&asked, &declined),
            (&declined, &plain),
            (&nothing, &nothing_asked),
            (&nothing_asked, &nothing),
        ];
        for (before, event) in pairs {
            let before = Body::of_event(before, None).unwrap();
            let copied = Body::of_event(event, Some(&before)).unwrap();
            assert!(copied.shares_lead_with(&before));
            assert_eq!(copied, Body::of_event(event, None).unwrap());
        }
        let other = Body::of_event(&body(&[("state", Value::text("OK"))]), None).unwrap();
        let written = Body::of_event(&plain, Some(&other)).unwrap();
        assert_eq!(written, Body::of_event(&plain, None).unwrap());
        assert!(!written.shares_lead_with(&other));
    }

    #[test]
    fn what_is_not_text_is_base64_and_so_is_text_that_looks_like_it() {
        let bytes = |text: &[u8]| {
            let mut out = Vec::new();
            write_exchange(text, &mut out);
            String::from_utf8(out).unwrap()
        };
        assert_eq!(bytes(b"\xff\x00"), "\"b64:_wA\"");
        assert_eq!(bytes(b"b64:hello"), "\"b64:YjY0OmhlbGxv\"");
        let long = "é".repeat(EXCHANGE_BYTES_MAX / 2) + "x";
        let cut: serde_json::Value = serde_json::from_str(&bytes(format!("a{long}").as_bytes())).unwrap();
        assert_eq!(cut["bytes"].to_string(), (long.len() + 1).to_string());
        assert_eq!(cut["cut"].as_str().unwrap().len(), EXCHANGE_BYTES_MAX - 1);
        assert_eq!(cut["sha256"].as_str().unwrap().len(), 43);
    }

    #[test]
    fn too_many_paths_are_refused() {
        let pairs: Lead =
            (0..=PATHS_MAX).map(|index| (format!("f{index}").parse().unwrap(), Value::from(true))).collect();
        let error = Body::of_event(&EventBody { lead: pairs, ..EventBody::default() }, None).unwrap_err();
        assert_eq!(error.to_string(), "the event has 1001 values; a record holds at most 1000");
    }

    #[test]
    fn bytes_that_are_no_body_are_refused() {
        for bytes in
            ["", "{}", "[1]", "[[\"a\"]]", "[[\"b\",1],[\"a\",1]]", "[[\"a\",1],[\"a\",2]]", "[[\"a\",1,2]]"]
        {
            assert!(BodyView::read(bytes.as_bytes()).is_err(), "{bytes}");
        }
        assert_eq!(BodyView::read(b"[]").unwrap().elements().len(), 0);
        assert_eq!(BodyView::read(Body::empty().bytes()).unwrap().elements().len(), 0);
    }
}
