//! Taking sensitive values out of whatever is recorded of a lead. The lead that steps work with keeps
//! them; what a [`Redactor`] gives is what may be written down.
//!
//! Three things are masked: the values of fields of a sensitive type, with their parts and the raw
//! parameters they are made of; in every text, the lead's own sensitive values, however they are
//! spelled or escaped, backwards, in base64 or hexadecimal digits, and their usual digests; and in every text, what looks like such a value whoever's it is
//! (`ddd-dd-dddd`, and runs of 13 to 19 digits whose last is right). A masked value is as long as it
//! was.
//!
//! In what other parties say there is one thing more: what they were sent that is made of the values
//! ([`SentText`]).
//!
//! What looks like a value is looked for in texts only: a number, and text that its field's type reads
//! as a valid telephone number, date, moment, address or the like, is masked only when it is the lead's
//! own sensitive value.

mod decoding;
mod disguise;
mod masked;
mod patterns;
mod secret_guard;
mod sent;
mod spelling;
#[cfg(test)]
mod tests;

use std::ops::Range;
use std::sync::Arc;

use crate::{
    FieldPath, FieldType, Fields, Flow, FlowSource, Lead, Mapping, RuleTrace, Scalar, Timestamp, TracedRule,
    Value, Variables,
};
use decoding::Decoded;
use disguise::Digests;
use masked::{starred, stars};
use spelling::Spelling;

pub use secret_guard::SecretGuard;
pub use sent::SentText;

/// Masks what is recorded of one lead.
#[derive(Debug, Clone, Default)]
pub struct Redactor {
    /// Raw parameters that sensitive fields are made of.
    feeding: Vec<FieldPath>,
    /// The lead's own values, also backwards.
    own: Vec<Spelling>,
    digests: Digests,
    /// Its short values and parts of its values: only in the request that brought them.
    parts: Vec<Spelling>,
    /// What other parties were sent that is made of its values: only in what they say.
    sent: Vec<Spelling>,
}

/// What a text is, which decides what is looked for in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Anybody's words.
    Free,
    /// A value of a type with a form of its own.
    Typed,
    /// The request as received.
    Request,
    /// The words of another party, of which something is to be read yet.
    Reply,
    /// The words of another party, as they are recorded.
    Answered,
}

impl Kind {
    /// Whether what looks like a sensitive value is one.
    fn has_patterns(self) -> bool {
        match self {
            Kind::Free | Kind::Request | Kind::Answered => true,
            Kind::Typed | Kind::Reply => false,
        }
    }
}

impl Redactor {
    /// For leads of which nothing is known: only what looks like a sensitive value is masked.
    pub fn general() -> Redactor {
        Redactor::default()
    }

    /// For a lead that was submitted with the parameters that are the lead of `raw`, at its `now`.
    pub fn new(flow: &Flow, source: &FlowSource, raw: &Variables<'_>) -> Redactor {
        let fields = flow.fields();
        let sensitive: Vec<_> = fields.iter().filter(|field| field.field_type.is_sensitive()).collect();
        let mut redactor = Redactor::default();
        if sensitive.is_empty() {
            return redactor;
        }
        let mapped = Mapping::apply_all(&source.map, raw);
        for field in &sensitive {
            let name = field.name.as_str();
            let whole: Vec<&Value> = below(&mapped, name).map(|(_, value)| value).collect();
            for text in whole.iter().flat_map(|value| texts(value)) {
                redactor.add(field.field_type, &text);
            }
            let parsed = mapped.get(name).and_then(|value| field.parse(value, raw.now));
            for text in parsed.iter().flat_map(|parsed| texts(&parsed.normal)) {
                redactor.add(field.field_type, &text);
            }
            let is_mapped = source.map.iter().any(|mapping| mapping.to == field.name);
            for (path, value) in raw.lead.iter() {
                let feeds = is_name_of(path, name)
                    || (is_mapped && !value.is_blank() && feeds(source, raw, path, field.name.path()));
                if feeds && !redactor.feeding.contains(path) {
                    redactor.feeding.push(path.clone());
                    for text in texts(value) {
                        redactor.add(field.field_type, &text);
                        redactor.parts.extend(Spelling::part(&text));
                    }
                }
            }
        }
        redactor
    }

    /// Takes a value of the lead to be found in texts.
    fn add(&mut self, field_type: FieldType, text: &str) {
        let mut spellings = Spelling::of(text);
        if field_type == FieldType::Dob {
            // Text of few digits is a part of a day or none.
            spellings.extend(Spelling::day(text));
        }
        if spellings.is_empty() {
            self.parts.extend(Spelling::part(text));
        }
        spellings.extend(Spelling::backwards(text));
        self.digests.add(field_type, text);
        for spelling in spellings {
            if !self.own.contains(&spelling) {
                self.own.push(spelling);
            }
        }
    }

    /// Takes a text to be found.
    fn learn(&mut self, text: &str) {
        for spelling in Spelling::of(text) {
            if !self.own.contains(&spelling) {
                self.own.push(spelling);
            }
        }
    }

    /// Takes note of what another party was sent, to find it in what is said from now on.
    pub fn learn_sent(&mut self, text: &SentText) {
        for spelling in text.spellings() {
            if !self.sent.contains(&spelling) {
                self.sent.push(spelling);
            }
        }
    }

    /// How much it looks for: more when it has learnt.
    pub fn known(&self) -> usize {
        self.own.len() + self.parts.len() + self.sent.len()
    }

    /// Whether the lead has sensitive values of its own.
    pub fn has_own(&self) -> bool {
        !self.own.is_empty() || !self.parts.is_empty()
    }

    /// The raw parameters as they may be recorded.
    pub fn raw(&self, fields: &Fields, raw: &Lead) -> Lead {
        self.whole(fields, raw, |path, value| {
            if self.feeding.contains(path) {
                return Some(stars(value));
            }
            self.free_unless(value, || {
                fields.get(path.as_str()).filter(|field| has_form(field.field_type)).is_some_and(|field| {
                    let parsed = field.parse(value, Timestamp::MAX);
                    parsed.is_some_and(|parsed| {
                        parsed.valid == Some(true) && !is_long_number(field.field_type, &parsed.normal)
                    })
                })
            })
        })
    }

    /// A parsed lead, with what steps appended, as it may be recorded.
    pub fn lead(&self, fields: &Fields, lead: &Lead) -> Lead {
        self.whole(fields, lead, |path, value| {
            if let Some(masked) = fields.masked_value(lead, path, value) {
                return Some(masked);
            }
            if path.as_str().starts_with("appended.") {
                return if self.is_sent(path, value) {
                    Some(stars(value))
                } else {
                    self.value(Kind::Answered, value)
                };
            }
            self.free_unless(value, || {
                let field = fields.at(path.as_str()).map(|(field, _)| field);
                field.filter(|field| has_form(field.field_type)).is_some_and(|field| {
                    let valid = field.name.path().child("valid").ok();
                    let valid = valid.as_ref().and_then(|valid| lead.get(valid.as_str()));
                    valid == Some(&Value::from(true)) && !is_long_number(field.field_type, value)
                })
            })
        })
    }

    /// A value as anybody's words, unless it is `typed`, which is asked only where that matters: in free text
    /// all is found that is found in a typed value.
    fn free_unless(&self, value: &Value, typed: impl FnOnce() -> bool) -> Option<Value> {
        let masked = self.value(Kind::Free, value)?;
        if typed() { self.value(Kind::Typed, value) } else { Some(masked) }
    }

    /// How a condition was decided, without the sensitive values it looked at.
    pub fn trace(&self, fields: &Fields, trace: &RuleTrace) -> RuleTrace {
        let rules = trace.rules.iter().map(|TracedRule { rule, actual, passed, decided }| {
            let sensitive = names_sensitive(fields, rule);
            let kind = if fields.at(path_of(rule)).is_some() { Kind::Free } else { Kind::Answered };
            let masked = if sensitive { Some(starred(actual)) } else { self.scalar(kind, actual) };
            TracedRule {
                rule: self.text(rule),
                actual: masked.unwrap_or_else(|| actual.clone()),
                passed: *passed,
                decided: *decided,
            }
        });
        RuleTrace { rules: rules.collect() }
    }

    /// Anybody's words.
    pub fn text(&self, text: &Arc<str>) -> Arc<str> {
        self.told(Kind::Free, text)
    }

    /// What another party says.
    pub fn words(&self, text: &Arc<str>) -> Arc<str> {
        self.told(Kind::Answered, text)
    }

    /// Bytes of what another party says; nothing when nothing in them is masked.
    pub fn reply(&self, text: &[u8]) -> Option<Vec<u8>> {
        self.bytes(Kind::Answered, text)
    }

    fn told(&self, kind: Kind, text: &Arc<str>) -> Arc<str> {
        match self.bytes(kind, text.as_bytes()) {
            Some(masked) => String::from_utf8_lossy(&masked).into(),
            None => Arc::clone(text),
        }
    }

    /// A request sent, or an answer.
    pub fn exchange(&self, text: &Arc<[u8]>) -> Arc<[u8]> {
        self.bytes(Kind::Free, text).map_or_else(|| Arc::clone(text), Arc::from)
    }

    /// The request that brought the lead, as received.
    pub fn request(&self, text: &Arc<[u8]>) -> Arc<[u8]> {
        self.bytes(Kind::Request, text).map_or_else(|| Arc::clone(text), Arc::from)
    }

    /// `mask` gives what stands for a value, nothing where it may stay. Names that no flow declares
    /// are texts too.
    fn whole(
        &self,
        fields: &Fields,
        lead: &Lead,
        mask: impl Fn(&FieldPath, &Value) -> Option<Value>,
    ) -> Lead {
        let mut recorded = lead.clone();
        for (path, value) in lead.iter() {
            if let Some(masked) = mask(path, value).filter(|masked| masked != value) {
                recorded.set(path.clone(), masked);
            }
            if fields.at(path.as_str()).is_some() {
                continue;
            }
            if let Some(name) = self.name(path)
                && let Some(value) = recorded.remove(path.as_str())
            {
                recorded.set(name, value);
            }
        }
        recorded
    }

    /// A path with what is sensitive in its keys masked; nothing when nothing is.
    fn name(&self, path: &FieldPath) -> Option<FieldPath> {
        let is_clean = |key: &str| !key.contains('~') && self.bytes(Kind::Free, key.as_bytes()).is_none();
        if path.as_str().split('.').all(is_clean) {
            return None;
        }
        let mut changed = false;
        let mut name: Option<FieldPath> = None;
        for key in path.as_str().split('.') {
            let key = key.replace("~1", ".").replace("~0", "~");
            let key = match self.bytes(Kind::Free, key.as_bytes()) {
                Some(masked) => {
                    changed = true;
                    String::from_utf8_lossy(&masked).into_owned()
                }
                None => key,
            };
            // Stars take no more room than what they stand for.
            name = Some(match name {
                None => FieldPath::key(&key).ok()?,
                Some(above) => above.child(&key).ok()?,
            });
        }
        name.filter(|_| changed)
    }

    fn value(&self, kind: Kind, value: &Value) -> Option<Value> {
        match value {
            Value::Scalar(scalar) => self.scalar(kind, scalar).map(Value::Scalar),
            Value::List(list) => {
                let masked: Vec<Option<Scalar>> = list.iter().map(|item| self.scalar(kind, item)).collect();
                if masked.iter().all(Option::is_none) {
                    return None;
                }
                let items = masked.into_iter().zip(list.iter());
                Some(Value::List(
                    items.map(|(masked, item)| masked.unwrap_or_else(|| item.clone())).collect(),
                ))
            }
        }
    }

    fn scalar(&self, kind: Kind, scalar: &Scalar) -> Option<Scalar> {
        match scalar {
            Scalar::Text(text) => {
                let masked = self.bytes(kind, text.as_bytes())?;
                Some(Scalar::Text(String::from_utf8_lossy(&masked).into()))
            }
            // Part of a number is no number.
            Scalar::Number(number) => {
                let is_own = self.bytes(Kind::Typed, number.as_str().as_bytes()).is_some();
                let is_sent = || {
                    kind == Kind::Answered && self.sent.iter().any(|own| own.is_all_of("", number.as_str()))
                };
                (is_own || is_sent()).then(|| starred(scalar))
            }
            Scalar::Null | Scalar::Bool(_) => None,
        }
    }

    /// Whether a value under a name is whole what another party was sent under it.
    fn is_sent(&self, path: &FieldPath, value: &Value) -> bool {
        if self.sent.is_empty() {
            return false;
        }
        let name = path.as_str().rsplit('.').next().unwrap_or_default();
        texts(value).iter().any(|text| self.sent.iter().any(|own| own.is_all_of(name, text)))
    }

    /// What is looked for besides whole values.
    fn more(&self, kind: Kind) -> &[Spelling] {
        match kind {
            Kind::Request => &self.parts,
            Kind::Answered => &self.sent,
            Kind::Free | Kind::Typed | Kind::Reply => &[],
        }
    }

    /// The text with everything sensitive in it replaced; nothing when nothing is.
    fn bytes(&self, kind: Kind, text: &[u8]) -> Option<Vec<u8>> {
        let has_none = self.own.is_empty() && self.more(kind).is_empty();
        if has_none && (!kind.has_patterns() || !patterns::may_hold(text)) {
            return None;
        }
        let mut found: Vec<Hit> = Vec::new();
        for layer in decoding::layers(text) {
            let hits = self.find(kind, &layer, true);
            found.extend(hits.into_iter().map(|at| Hit {
                bytes: layer.spans[at.start].start..layer.spans[at.end - 1].end,
                chars: at.len(),
            }));
        }
        if found.is_empty() { None } else { Some(replaced(text, found)) }
    }

    /// Where something sensitive stands in one layer of a text.
    fn find(&self, kind: Kind, layer: &Decoded, looks_deeper: bool) -> Vec<Range<usize>> {
        let mut hits = Vec::new();
        if kind.has_patterns() {
            patterns::find(&layer.chars, &mut hits);
        }
        let more = self.more(kind);
        if !self.own.is_empty() || !more.is_empty() {
            let folded: Vec<char> = layer.chars.iter().map(|letter| spelling::folded(*letter)).collect();
            for spelling in self.own.iter().chain(more) {
                spelling.find(&folded, &mut hits);
            }
            if looks_deeper && kind != Kind::Typed {
                let disguised = disguise::words(&layer.chars).filter(|word| self.is_own(kind, &word.bytes));
                hits.extend(disguised.map(|word| word.at));
            }
        }
        hits
    }

    /// Whether what a word stands for is a digest of the lead's own values, or text with one in it.
    fn is_own(&self, kind: Kind, bytes: &[u8]) -> bool {
        if self.digests.have(bytes) {
            return true;
        }
        let sent = self.sent.iter().filter(|_| kind == Kind::Answered);
        // Bytes that are no text are most often none; letters beyond ASCII may be there in another charset.
        let is_text = str::from_utf8(bytes).is_ok();
        let wanted: Vec<&Spelling> =
            self.own.iter().chain(sent).filter(|spelling| is_text || spelling.is_beyond_ascii()).collect();
        !wanted.is_empty()
            && decoding::layers(bytes).iter().any(|layer| {
                let mut found = Vec::new();
                let folded: Vec<char> = layer.chars.iter().map(|letter| spelling::folded(*letter)).collect();
                wanted.iter().for_each(|spelling| spelling.find(&folded, &mut found));
                !found.is_empty()
            })
    }
}

/// Something to replace: the bytes, and how many characters they are to their reader.
#[derive(Debug)]
struct Hit {
    bytes: Range<usize>,
    chars: usize,
}

/// Stars in place of the hits, which may lie over each other.
fn replaced(text: &[u8], mut found: Vec<Hit>) -> Vec<u8> {
    found.sort_by_key(|hit| (hit.bytes.start, hit.bytes.end));
    let mut merged: Vec<Hit> = Vec::with_capacity(found.len());
    for hit in found {
        match merged.last_mut() {
            Some(last) if hit.bytes.start < last.bytes.end => {
                // What sticks out is counted as it stands.
                let more = hit.bytes.end.saturating_sub(last.bytes.end);
                last.chars = last.chars.max(hit.chars).max(if more > 0 { last.chars + more } else { 0 });
                last.bytes.end = last.bytes.end.max(hit.bytes.end);
            }
            Some(_) | None => merged.push(hit),
        }
    }
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    for Hit { bytes, chars } in merged {
        out.extend_from_slice(&text[at..bytes.start]);
        out.extend(std::iter::repeat_n(b'*', chars));
        at = bytes.end;
    }
    out.extend_from_slice(&text[at..]);
    out
}

/// Types whose valid values have so fixed a form that a long number in them is no accident.
fn has_form(field_type: FieldType) -> bool {
    match field_type {
        FieldType::Phone
        | FieldType::Number
        | FieldType::Range
        | FieldType::Boolean
        | FieldType::Date
        | FieldType::Time
        | FieldType::Ip
        | FieldType::State
        | FieldType::PostalCode
        | FieldType::Country
        | FieldType::Gender
        | FieldType::TrustedformUrl => true,
        FieldType::String
        | FieldType::FirstName
        | FieldType::LastName
        | FieldType::FullName
        | FieldType::Email
        | FieldType::Street
        | FieldType::City
        | FieldType::Url
        | FieldType::List
        | FieldType::Ssn
        | FieldType::Credential
        | FieldType::Dob
        | FieldType::CreditCard => false,
    }
}

/// Whether a valid number has as many digits as cards have, and no point among them.
fn is_long_number(field_type: FieldType, normal: &Value) -> bool {
    field_type == FieldType::Number && normal.as_text().is_some_and(|plain| !plain.contains('.'))
}

/// The texts of a value's scalars.
fn texts(value: &Value) -> Vec<String> {
    let text = |scalar: &Scalar| match scalar {
        Scalar::Text(text) => Some(text.to_string()),
        Scalar::Number(number) => Some(number.as_str().to_owned()),
        Scalar::Null | Scalar::Bool(_) => None,
    };
    match value {
        Value::Scalar(scalar) => text(scalar).into_iter().collect(),
        Value::List(list) => list.iter().filter_map(text).collect(),
    }
}

/// What stands under a name, and within it.
fn below<'a>(lead: &'a Lead, name: &'a str) -> impl Iterator<Item = (&'a FieldPath, &'a Value)> {
    lead.iter().filter(move |(path, _)| {
        let rest = path.as_str().strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether a parameter has the name of a field, or one within it; case and marks between words do not
/// matter, as `SSN` and `Credit-Card` mean what they say.
fn is_name_of(path: &FieldPath, name: &str) -> bool {
    let plain = |text: &str| -> String {
        let letters = text.chars().filter(|letter| letter.is_alphanumeric());
        letters.flat_map(char::to_lowercase).collect()
    };
    let (path, name_parts) = (path.as_str(), name.split('.').count());
    let begin: Vec<&str> = path.splitn(name_parts + 1, '.').take(name_parts).collect();
    plain(&begin.join(".")) == plain(name)
}

/// Whether a field is made of a parameter: without it the field would be another. A parameter on which
/// only the choice of a mapping depends does not count.
fn feeds(source: &FlowSource, raw: &Variables<'_>, path: &FieldPath, field: &FieldPath) -> bool {
    let made = |lead: &Lead| {
        let raw = Variables { lead, ..*raw };
        Mapping::apply_all(&source.map, &raw).get(field.as_str()).cloned()
    };
    let with = made(raw.lead);
    let mut without = raw.lead.clone();
    let value = without.remove(path.as_str());
    if with == made(&without) {
        return false;
    }
    let is_chosen = source.map.iter().any(|mapping| mapping.when.is_some());
    let plain = |value: &Option<Value>| -> String {
        let letters = value.iter().flat_map(texts).collect::<String>();
        letters.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect()
    };
    let (whole, part) = (plain(&with), plain(&value));
    !is_chosen || whole.contains(&part) || part.contains(&whole)
}

/// What a rule, in words, begins with: the path of what it looks at.
fn path_of(rule: &str) -> &str {
    rule.split(' ').next().unwrap_or_default()
}

/// Whether a rule, in words, looks at a value that may not be recorded. It begins with the path, or with
/// a template, which may make anything of the fields it names.
fn names_sensitive(fields: &Fields, rule: &str) -> bool {
    if rule.contains("{{") {
        return fields
            .iter()
            .any(|field| field.field_type.is_sensitive() && rule.contains(&format!("lead.{}", field.name)));
    }
    fields.at(path_of(rule)).is_some_and(|(field, component)| {
        field.field_type.is_sensitive() && !matches!(component, Some("valid" | "masked"))
    })
}
