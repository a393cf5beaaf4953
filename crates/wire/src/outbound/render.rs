//! Settings and a lead become a request.

use domain::{Integration, RequestSettings, Scalar, Template, Value, Variables};

use super::OutboundRequest;
use super::address::{ADDRESS_BYTES_MAX, address};
use super::json_body::{is_empty, json_body};
use super::parameters::{parameters, scalar_text};

/// Why a request cannot be made. No text of these holds a lead's value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
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

/// Fills a step's settings with a lead.
///
/// # Errors
/// When the address, a header or the body cannot be sent as the values make it.
pub fn render(settings: &RequestSettings, variables: &Variables<'_>) -> Result<OutboundRequest, RenderError> {
    let fields = rendered_fields(settings, variables)?;
    let fields = fields.iter().map(|(name, value)| (*name, value.clone()));
    let (query, body, content_type) = match settings.integration {
        Integration::CustomJson => (None, json_body(fields), Some("application/json; charset=utf-8")),
        Integration::CustomForm => {
            let body = parameters(fields).into_bytes();
            (None, body, Some("application/x-www-form-urlencoded; charset=utf-8"))
        }
        Integration::CustomQuery => (Some(parameters(fields)), Vec::new(), None),
    };
    if body.len() > OUTBOUND_BODY_BYTES_MAX {
        return Err(RenderError::BodyTooLong);
    }
    Ok(OutboundRequest {
        method: settings.method,
        url: address(&settings.url, variables, query.as_deref())?,
        headers: headers(settings, variables, content_type)?,
        body,
    })
}

/// The fields that are there, within the bound of a body.
fn rendered_fields<'a>(
    settings: &'a RequestSettings,
    variables: &Variables<'_>,
) -> Result<Vec<(&'a str, Value)>, RenderError> {
    let mut fields = Vec::new();
    let mut bytes = 0;
    for (name, template) in &settings.fields {
        let Some(value) = template.value(variables) else { continue };
        let size = |scalar: &Scalar| if let Scalar::Text(text) = scalar { text.len() } else { 1 };
        bytes += name.len();
        bytes += match &value {
            Value::Scalar(scalar) => size(scalar),
            Value::List(list) => list.iter().map(size).sum(),
        };
        if bytes > OUTBOUND_BODY_BYTES_MAX {
            return Err(RenderError::BodyTooLong);
        }
        fields.push((&**name, value));
    }
    Ok(fields)
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
        headers.push(("Idempotency-Key".to_owned(), delivery_id.to_string()));
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
        match headers.iter_mut().find(|(own, _)| own.eq_ignore_ascii_case(name)) {
            Some(own) => *own = (name.to_string(), value),
            None => headers.push((name.to_string(), value)),
        }
    }
    Ok(headers)
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
