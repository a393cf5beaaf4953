//! Settings and a lead become a request.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{
    InsideForm, Integration, ReplyForm, RequestSettings, Scalar, SecretName, SoapVersion, Template, Value,
    Variables,
};

use super::address::{ADDRESS_BYTES_MAX, address};
use super::ascii::ascii_value;
use super::json_body::{is_empty, json_body};
use super::parameters::{Names, bracketed, parameters, push_parameter, scalar_text};
use super::request::IDEMPOTENCY_KEY;
use super::soap::{Credentials, content_type, envelope};
use super::xml::xml_body;
use super::{Fresh, OutboundRequest, XmlFault};

/// Why a request cannot be made. No text of these holds a lead's value, or that of a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A secret that was taken away, or never set.
    #[error("the secret {0} is not set; set it with: glassline secret set {0}")]
    NoSecret(SecretName),
    /// Not an address of the web.
    #[error("the address is not one of http or https without user and password")]
    Address,
    /// A value would say where the request goes.
    #[error("a value stands in the scheme or the host of the address")]
    HoleInHost,
    /// A value would take parts of the path away.
    #[error("a part of the path would be a dot or two, which servers take for another folder")]
    DotPart,
    /// Longer than an address may be.
    #[error("the address has {bytes} bytes; at most {ADDRESS_BYTES_MAX} fit")]
    AddressTooLong {
        /// How many.
        bytes: usize,
    },
    /// A header that belongs to the connection, or whose name is none.
    #[error("the header {0:?} cannot be set")]
    Header(String),
    /// Longer than a header may be.
    #[error("the header {name:?} has {bytes} bytes; at most {HEADER_BYTES_MAX} fit")]
    HeaderTooLong {
        /// The name.
        name: String,
        /// How many.
        bytes: usize,
    },
    /// A content type that the body does not have.
    #[error("the header Content-Type does not name what {0} sends")]
    ContentType(Integration),
    /// Fields that do not make a document.
    #[error("the document cannot be written: {0}")]
    Xml(#[from] XmlFault),
    /// A password digest without the nonce and the time that it needs.
    #[error("the digest of a password needs a nonce and a time")]
    NotFresh,
    /// A call of which nobody said what is called.
    #[error("the step does not say what is called")]
    NoCall,
    /// A message where a request over HTTP is asked for.
    #[error("mail is not sent over HTTP")]
    Mail,
    /// Nobody to write to.
    #[error("nobody is left to write to")]
    NoRecipient,
    /// Nobody who writes.
    #[error("the step has no \"from\", and neither has the installation: serve --mail-from names one")]
    NoSender,
    /// A value that is no address of mail, or one that only some servers take.
    #[error("an address is not one of mail, in plain letters")]
    MailAddress,
    /// A mail server that is none.
    #[error("the address is not that of a mail server")]
    MailServer,
    /// Longer than a body may be.
    #[error("the body has more than {OUTBOUND_BODY_BYTES_MAX} bytes")]
    BodyTooLong,
}

/// Longest value of a header that is sent, in bytes.
pub const HEADER_BYTES_MAX: usize = 8 * 1024;
/// Longest body that is sent, in bytes.
pub const OUTBOUND_BODY_BYTES_MAX: usize = 1024 * 1024;

const ACCEPT: &str =
    "application/json;q=0.9,text/xml;q=0.8,application/xml;q=0.7,text/html;q=0.6,text/plain;q=0.5";
const USER_AGENT: &str = concat!("glassline/", env!("CARGO_PKG_VERSION"));

/// Headers that say how a message is carried, or what can be read: not a flow's to set.
const RESERVED_HEADERS: [&str; 12] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Whether a flow may set a header of this name.
pub fn header_can_be_set(name: &str) -> bool {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    (1..=100).contains(&name.len())
        && name.bytes().all(is_token)
        && !RESERVED_HEADERS.contains(&&*name.to_ascii_lowercase())
}

/// What a form is sent as.
const FORM: &str = "application/x-www-form-urlencoded";
const FORM_UTF_8: &str = "application/x-www-form-urlencoded; charset=utf-8";

/// Fills a step's settings with a lead.
///
/// # Errors
/// When the address, a header or the body cannot be sent as the values make it.
pub fn render(settings: &RequestSettings, variables: &Variables<'_>) -> Result<OutboundRequest, RenderError> {
    render_with(settings, variables, None)
}

/// The same with what no two requests may share, which the digest of a password within SOAP needs.
///
/// # Errors
/// As [`render`].
pub fn render_fresh(
    settings: &RequestSettings,
    variables: &Variables<'_>,
    fresh: &Fresh,
) -> Result<OutboundRequest, RenderError> {
    render_with(settings, variables, Some(fresh))
}

/// Whether every secret is set that a request names.
pub(super) fn check_secrets(
    settings: &RequestSettings,
    variables: &Variables<'_>,
) -> Result<(), RenderError> {
    match settings.secrets().find(|name| variables.secrets.get(name).is_none()) {
        Some(missing) => Err(RenderError::NoSecret(missing.clone())),
        None => Ok(()),
    }
}

fn render_with(
    settings: &RequestSettings,
    variables: &Variables<'_>,
    fresh: Option<&Fresh>,
) -> Result<OutboundRequest, RenderError> {
    check_secrets(settings, variables)?;
    let mut room = OUTBOUND_BODY_BYTES_MAX;
    let fields = rendered(settings, &settings.fields, variables, &mut room)?.into_iter();
    let inside = |document: String, room: &mut usize| match &settings.inside {
        Some(form) => inside_form(settings, form, &document, variables, room).map(String::into_bytes),
        None => Ok(document.into_bytes()),
    };
    let is_inside = settings.inside.is_some();
    let names = if settings.encode_field_names { Names::Escaped } else { Names::AsWritten };
    let (query, body, content_type) = match settings.integration {
        Integration::CustomJson => {
            let json = String::from_utf8(json_body(fields)).expect("JSON of text is text");
            let content_type = if is_inside { FORM_UTF_8 } else { "application/json; charset=utf-8" };
            (None, inside(json, &mut room)?, Some(content_type.to_owned()))
        }
        Integration::CustomForm => {
            (None, parameters(names, fields).into_bytes(), Some(FORM_UTF_8.to_owned()))
        }
        Integration::CustomQuery => (Some(parameters(Names::Escaped, fields)), Vec::new(), None),
        Integration::CustomXml => {
            let content_type = if is_inside { FORM } else { "text/xml" };
            (None, inside(xml_body(fields)?, &mut room)?, Some(content_type.to_owned()))
        }
        Integration::CustomSoap => {
            let call = settings.soap.as_ref().ok_or(RenderError::NoCall)?;
            let headers = rendered(settings, &call.headers, variables, &mut room)?.into_iter();
            let credentials = call.security.as_ref().map(|security| Credentials {
                user: security.user.render(variables),
                password: security.password.render(variables),
                kind: security.kind,
            });
            let envelope = envelope(call, fields, headers, credentials.as_ref(), fresh);
            let envelope = envelope.ok_or(RenderError::NotFresh)?;
            (None, envelope.into_bytes(), Some(content_type(call)))
        }
        Integration::Email => return Err(RenderError::Mail),
    };
    if body.len() > OUTBOUND_BODY_BYTES_MAX {
        return Err(RenderError::BodyTooLong);
    }
    Ok(OutboundRequest {
        method: settings.method,
        url: address(&settings.url, variables, query.as_deref())?,
        headers: headers(settings, variables, content_type.as_deref())?,
        body,
        follow_redirects: settings.follow_redirects,
    })
}

/// A form whose first parameter is the document.
fn inside_form(
    settings: &RequestSettings,
    form: &InsideForm,
    document: &str,
    variables: &Variables<'_>,
    room: &mut usize,
) -> Result<String, RenderError> {
    let mut out = String::new();
    push_parameter(Names::Escaped, &form.parameter, document, &mut out);
    let extra = rendered(settings, &form.extra, variables, room)?;
    let nested = rendered(settings, &form.nested_extra, variables, room)?;
    let names: Vec<String> = nested.iter().map(|(name, _)| bracketed(name)).collect();
    let nested = names.iter().map(String::as_str).zip(nested.iter().map(|(_, value)| value.clone()));
    for more in [parameters(Names::Escaped, extra.into_iter()), parameters(Names::Escaped, nested)] {
        if !more.is_empty() {
            out.push('&');
            out.push_str(&more);
        }
    }
    Ok(out)
}

/// The fields that are there, within the bound of a body.
fn rendered<'a>(
    settings: &RequestSettings,
    fields: &'a [(std::sync::Arc<str>, Template)],
    variables: &Variables<'_>,
    room: &mut usize,
) -> Result<Vec<(&'a str, Value)>, RenderError> {
    let mut rendered = Vec::new();
    for (name, template) in fields {
        let value = if settings.ascii { ascii_value(template, variables) } else { template.value(variables) };
        let Some(value) = value else { continue };
        let size = |scalar: &Scalar| if let Scalar::Text(text) = scalar { text.len() } else { 1 };
        let bytes = name.len()
            + match &value {
                Value::Scalar(scalar) => size(scalar),
                Value::List(list) => list.iter().map(size).sum(),
            };
        *room = room.checked_sub(bytes).ok_or(RenderError::BodyTooLong)?;
        rendered.push((&**name, value));
    }
    Ok(rendered)
}

/// Whether a content type names what a form of request sends. The form around a document counts.
pub(crate) fn content_type_agrees(integration: Integration, is_inside: bool, content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    let is_form = media.eq_ignore_ascii_case(FORM);
    match integration {
        Integration::CustomJson | Integration::CustomXml if is_inside => is_form,
        Integration::CustomJson => ReplyForm::of_content_type(media) == Some(ReplyForm::Json),
        Integration::CustomXml | Integration::CustomSoap => {
            ReplyForm::of_content_type(media) == Some(ReplyForm::Xml)
        }
        Integration::CustomForm => is_form,
        Integration::CustomQuery | Integration::Email => false,
    }
}

/// Our headers, each replaced by the step's own of the same name, then the rest of the step's.
fn headers(
    settings: &RequestSettings,
    variables: &Variables<'_>,
    content_type: Option<&str>,
) -> Result<Vec<(String, String)>, RenderError> {
    let mut headers: Vec<(String, String)> = Vec::new();
    if let Some(content_type) = content_type {
        headers.push(("Content-Type".to_owned(), content_type.to_owned()));
    }
    headers.push(("Accept".to_owned(), ACCEPT.to_owned()));
    headers.push(("User-Agent".to_owned(), USER_AGENT.to_owned()));
    if let Some(delivery_id) = variables.delivery_id {
        headers.push((IDEMPOTENCY_KEY.to_owned(), delivery_id.to_string()));
    }
    let call = settings.soap.as_ref();
    if let Some(call) = call.filter(|call| call.operation.version == SoapVersion::V1_1) {
        let action = call.operation.action.chars().filter(|letter| !letter.is_control() && *letter != '"');
        headers.push(("SOAPAction".to_owned(), format!("\"{}\"", action.collect::<String>())));
    }
    if let Some(token) = call.and_then(|call| call.bearer_token.as_ref()) {
        let token = header_value(token, variables);
        if !token.is_empty() {
            headers.push(("Authorization".to_owned(), format!("Bearer {token}")));
        }
    }
    for (name, template) in &settings.headers {
        if !header_can_be_set(name) {
            return Err(RenderError::Header(name.chars().take(100).collect()));
        }
        let value = header_value(template, variables);
        if value.is_empty() {
            continue;
        }
        if value.len() > HEADER_BYTES_MAX {
            return Err(RenderError::HeaderTooLong { name: name.to_string(), bytes: value.len() });
        }
        let is_inside = settings.inside.is_some();
        if name.eq_ignore_ascii_case("content-type")
            && !content_type_agrees(settings.integration, is_inside, &value)
        {
            return Err(RenderError::ContentType(settings.integration));
        }
        match headers.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some(own) => *own = (name.to_string(), value),
            None => headers.push((name.to_string(), value)),
        }
    }
    let has_own = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if let Some(authorization) = basic_auth(settings, variables).filter(|_| !has_own) {
        headers.push(("Authorization".to_owned(), authorization));
    }
    Ok(headers)
}

/// User and password, when both are there.
fn basic_auth(settings: &RequestSettings, variables: &Variables<'_>) -> Option<String> {
    let basic_auth = settings.basic_auth.as_ref()?;
    let (user, password) = (basic_auth.user.render(variables), basic_auth.password.render(variables));
    let are_there =
        !user.trim().is_empty() && !password.is_empty() && user.len() + password.len() < HEADER_BYTES_MAX / 2;
    are_there.then(|| format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// The value of a header: one line, since a control character becomes a space.
fn header_value(template: &Template, variables: &Variables<'_>) -> String {
    let text = match template.value(variables) {
        None => String::new(),
        Some(Value::Scalar(scalar)) => scalar_text(&scalar).unwrap_or_default(),
        Some(Value::List(list)) => {
            let texts = list.iter().filter(|item| !is_empty(item)).filter_map(scalar_text);
            texts.collect::<Vec<_>>().join(", ")
        }
    };
    let line: String = text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect();
    line.trim().to_owned()
}
