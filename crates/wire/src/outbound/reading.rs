//! A reply, and what was read from it.

use std::sync::Arc;

use domain::{
    Ending, FieldPath, Money, OutcomeSearch, Redactor, ReplyForm, ResponseSettings, Scalar, SecretGuard,
    Value, named_price,
};

use super::parameters::scalar_text;
use super::reply_body::ReplyBody;

/// A reply of another party, whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// Names in lower case, and values as they came.
    pub headers: Vec<(String, Vec<u8>)>,
    /// The body.
    pub body: Vec<u8>,
}

/// Most values that one reply adds to a lead; the first ones in the order of the reply are kept.
pub const APPENDED_MAX: usize = 1_000;

/// Most of a reply's body that is read, in bytes; what goes beyond is as if it were not there.
pub const REPLY_BODY_BYTES_MAX: usize = 1024 * 1024;
/// Longest reason in the other party's words, in characters.
const REASON_CHARS_MAX: usize = 2_000;
/// Longest id of the other party, in characters.
const REFERENCE_CHARS_MAX: usize = 255;
/// Longest cookie that is kept, in characters.
const COOKIE_CHARS_MAX: usize = 4_096;
/// Longest text that is captured, in characters.
const CAPTURE_CHARS_MAX: usize = 2_000;

/// What a reply says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Yes, no, or a fault.
    pub outcome: Ending,
    /// Why not, in the other party's own words, or the step's default.
    pub reason: Option<Arc<str>>,
    /// The price it names.
    pub price: Option<Money>,
    /// Its own id for the lead.
    pub reference: Option<Arc<str>>,
    /// What the reply adds to the lead, by path below `appended.<step>`: what was read, as `outcome`,
    /// `reason`, `price`, `reference` and `cookie`, then every value of the reply that is not under one
    /// of these names, or what was captured.
    pub appended: Vec<(FieldPath, Value)>,
    /// How many more values the reply had than are kept.
    pub truncated: u32,
}

impl Reply {
    /// The first header of this name, which is in lower case, as text.
    pub fn header(&self, name: &str) -> Option<&str> {
        let (_, value) = self.headers.iter().find(|(own, _)| own == name)?;
        std::str::from_utf8(value).ok()
    }

    /// The same in UTF-8 ([`in_utf_8`](Reply::in_utf_8)), without the secrets that it repeats, of which nothing
    /// is to be read.
    #[must_use]
    pub fn without_secrets(self, guard: &SecretGuard) -> Reply {
        let (charset, mark_bytes) = self.charset();
        // A secret may be there in UTF-8 whatever the charset: read in another, it would be other letters.
        let mut reply = if charset.is_wide() { self } else { self.masked(|bytes| guard.masked(bytes)) };
        let changed = reply.change_to_utf_8(charset, mark_bytes);
        if changed || charset.is_wide() { reply.masked(|bytes| guard.masked(bytes)) } else { reply }
    }

    /// The same as it is recorded: without a lead's sensitive values, and what was made of them.
    #[must_use]
    pub fn recorded(self, redactor: &Redactor) -> Reply {
        self.masked(|bytes| redactor.reply(bytes))
    }

    fn masked(mut self, masked: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Reply {
        let values = self.headers.iter_mut().map(|(_, value)| value);
        for bytes in values.chain([&mut self.body]) {
            if let Some(masked) = masked(bytes) {
                *bytes = masked;
            }
        }
        self
    }

    /// What a mail server said, as events keep it: `SMTP 250`, an empty line, its words.
    pub fn mail_evidence(&self) -> Arc<[u8]> {
        let mut text = format!("SMTP {}\r\n\r\n", self.status).into_bytes();
        text.extend_from_slice(&self.body);
        text.into()
    }

    /// The reply as HTTP/1.1 text, as events keep it: status line, headers, empty line, body.
    pub fn evidence(&self) -> Arc<[u8]> {
        let mut text = format!("HTTP/1.1 {}\r\n", self.status).into_bytes();
        for (name, value) in &self.headers {
            text.extend_from_slice(name.as_bytes());
            text.extend_from_slice(b": ");
            text.extend_from_slice(value);
            text.extend_from_slice(b"\r\n");
        }
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(&self.body);
        text.into()
    }
}

/// The reason of a fault that the other party's server tells of; its status is recorded beside it.
const SERVER_ERROR: &str = "Server error";

/// Reads a reply as a step's settings say.
///
/// The reply is in UTF-8 ([`Reply::in_utf_8`]). A status from 500 to 599 is a fault whatever the body says. The body is JSON, XML, HTML or text as
/// the settings or its content type say, else as it looks; what cannot be read so is text. Nothing
/// panics, whatever came.
pub fn read_reply(settings: &ResponseSettings, reply: &Reply) -> Reading {
    let is_server_error = (500..=599).contains(&reply.status);
    if is_server_error && !settings.is_soap {
        return Reading::fault(SERVER_ERROR);
    }
    let body = &reply.body[..reply.body.len().min(REPLY_BODY_BYTES_MAX)];
    let text = String::from_utf8_lossy(body);
    let text = text.trim_start_matches('\u{feff}').trim();
    let form = settings.content_type.or_else(|| ReplyForm::of_content_type(reply.header("content-type")?));
    let body = ReplyBody::read(text, form);

    // Faults of SOAP come with a status of 500, and say more than it does.
    if settings.is_soap
        && let Some(fault) = body.soap_fault()
    {
        return Reading::fault(&shortened(&fault, REASON_CHARS_MAX));
    }
    if is_server_error {
        return Reading::fault(SERVER_ERROR);
    }

    let found = settings.outcome.as_ref().map(|search| is_found(search, &body));
    let outcome = match (&settings.outcome, found) {
        (Some(search), Some(found)) => search.meaning(found),
        _ => Ending::Success,
    };
    let price = settings.price.as_ref().map(|search| {
        let first = body.values(&search.path).into_iter().next();
        first.and_then(price).unwrap_or(search.fallback)
    });
    let price = price.filter(|_| !settings.is_soap || outcome == Ending::Success);
    let reference = settings.reference.as_ref().and_then(|path| {
        let texts = body.values(path).into_iter().filter_map(|scalar| scalar_text(&scalar));
        texts.map(|text| shortened(text.trim(), REFERENCE_CHARS_MAX)).find(|text| !text.is_empty())
    });
    let reason = reason(settings, &body);
    let cookie = settings.cookie.as_ref().and_then(|term| {
        let cookies = reply.headers.iter().filter(|(name, _)| name == "set-cookie");
        let mut lines = cookies.filter_map(|(_, value)| std::str::from_utf8(value).ok());
        lines.find(|line| term.is_found_in(line)).map(|line| shortened(line.trim(), COOKIE_CHARS_MAX))
    });

    let mut appended = Appended::default().with("outcome", domain::Outcome::from(outcome).as_str());
    if let Some(reason) = &reason {
        appended = appended.with("reason", reason);
    }
    if let Some(price) = price {
        let value = match price.to_string().parse() {
            Ok(number) => Value::Scalar(Scalar::Number(number)),
            Err(_) => Value::text(price.to_string()),
        };
        appended.add("price", value);
    }
    for (name, value) in [("reference", &reference), ("cookie", &cookie)] {
        if let Some(value) = value {
            appended = appended.with(name, value);
        }
    }
    if body.is_captured() {
        for (name, pattern) in &settings.captures {
            if let Some(group) = pattern.first_group(text).filter(|_| !appended.has(name)) {
                appended = appended.with(name, &shortened(group, CAPTURE_CHARS_MAX));
            }
        }
    }
    let mut truncated = 0;
    if let Some(tree) = body.tree() {
        let names: Vec<&str> = appended.values.iter().map(|(path, _)| path.as_str()).collect();
        let rest = tree.flatten(&names, APPENDED_MAX - names.len());
        truncated = rest.left_out;
        appended.values.extend(rest.values);
    }
    Reading { outcome, reason, price, reference, appended: appended.values, truncated }
}

impl Reading {
    /// No answer but a fault of the other party's own.
    fn fault(reason: &str) -> Reading {
        let appended = Appended::default().with("outcome", "error").with("reason", reason);
        Reading {
            outcome: Ending::Error,
            reason: Some(reason.into()),
            price: None,
            reference: None,
            appended: appended.values,
            truncated: 0,
        }
    }

    /// Whether the other party's server told of a fault, so that nothing else was read.
    pub(crate) fn is_fault_of_server(&self) -> bool {
        self.outcome == Ending::Error && self.price.is_none() && self.reason.as_deref() == Some(SERVER_ERROR)
    }
}

/// What is added to a lead, in order.
#[derive(Debug, Default)]
struct Appended {
    values: Vec<(FieldPath, Value)>,
}

impl Appended {
    fn with(mut self, name: &str, text: &str) -> Appended {
        self.add(name, Value::text(text));
        self
    }

    /// A name that is no path is left out.
    fn add(&mut self, name: &str, value: Value) {
        self.values.extend(FieldPath::key(name).ok().map(|path| (path, value)));
    }

    fn has(&self, name: &str) -> bool {
        let path = FieldPath::key(name).ok();
        self.values.iter().any(|(own, _)| Some(own) == path.as_ref())
    }
}

/// An amount, which may be less than nothing: then the other party is paid.
fn price(scalar: Scalar) -> Option<Money> {
    let text = scalar_text(&scalar)?;
    match (scalar, text.trim().strip_prefix('-')) {
        (Scalar::Number(_) | Scalar::Text(_), Some(amount)) => {
            named_price(&Value::text(amount)).map(|amount| -amount)
        }
        (scalar, _) => named_price(&Value::Scalar(scalar)),
    }
}

/// Whether an outcome's term stands in what it is looked for in. Without a term anything that is
/// neither blank nor false will do.
fn is_found(search: &OutcomeSearch, body: &ReplyBody<'_>) -> bool {
    let found_in = |text: &str| match &search.term {
        Some(term) => !text.trim().is_empty() && term.is_found_in(text),
        None => !text.trim().is_empty(),
    };
    let Some(path) = &search.path else { return found_in(body.text()) };
    body.values_below(path).into_iter().any(|scalar| {
        let says_nothing = search.term.is_none() && scalar == Scalar::Bool(false);
        !says_nothing && scalar_text(&scalar).is_some_and(|text| found_in(&text))
    })
}

/// All reasons that stand there, in alphabetical order, else the step's default.
fn reason(settings: &ResponseSettings, body: &ReplyBody<'_>) -> Option<Arc<str>> {
    let scalars = settings.reason.path.as_ref().map(|path| body.values(path)).unwrap_or_default();
    let mut reasons: Vec<String> = scalars
        .iter()
        .filter(|scalar| !is_no_reason(scalar))
        .filter_map(scalar_text)
        .map(|text| text.trim().to_owned())
        .filter(|text| !text.is_empty())
        .collect();
    if reasons.is_empty() {
        let default = settings.reason.default.as_deref().map(str::trim);
        return default.filter(|default| !default.is_empty()).map(Arc::from);
    }
    reasons.sort();
    Some(shortened(&reasons.join(", "), REASON_CHARS_MAX))
}

/// Nothing, false and zero stand for "no reason" in many replies.
fn is_no_reason(scalar: &Scalar) -> bool {
    match scalar {
        Scalar::Null | Scalar::Bool(false) => true,
        Scalar::Number(number) => number.as_str() == "0",
        Scalar::Bool(true) | Scalar::Text(_) => false,
    }
}

fn shortened(text: &str, chars_max: usize) -> Arc<str> {
    match text.char_indices().nth(chars_max) {
        Some((end, _)) => text[..end].into(),
        None => text.into(),
    }
}
