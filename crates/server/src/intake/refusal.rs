//! A request that makes no lead: refused as plain text, with the statuses that sources know.

use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::{BODY_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX, PARAMETERS_MAX};

/// Why a request makes no lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Neither GET nor POST.
    Method(Method),
    /// The flow is not known.
    Flow,
    /// The flow has no such source.
    Source,
    /// No key, or not one that may submit as this source.
    Unauthorized(String),
    /// The flow takes no leads at the moment.
    Disabled,
    /// The source is paused.
    Paused,
    /// The ledger cannot record, so nothing can be taken in.
    Unavailable,
    /// The client does not take what can be answered.
    Accept,
    /// A body without a type.
    NoType,
    /// A body of another type.
    Type,
    /// The body is too large.
    TooLarge,
    /// The body did not come in time.
    Slow,
    /// The client ended before its body did.
    Broken,
    /// JSON that is none.
    Json(String),
    /// JSON that is no object.
    NotAnObject,
    /// Text that is none.
    NotText,
    /// `a=1&a.b=2`.
    Clash(String),
    /// A name that cannot be recorded.
    Name(String),
    /// More than fit.
    TooMany,
    /// `redir_url` is no address of the web.
    Redirect,
    /// A switch such as `is_test` that says neither yes nor no.
    Switch(&'static str),
    /// An idempotency key that cannot be used.
    Key,
    /// An idempotency key that came before with another submission.
    KeyReused,
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::Method(_) => StatusCode::METHOD_NOT_ALLOWED,
            Refusal::Flow | Refusal::Source => StatusCode::NOT_FOUND,
            Refusal::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Refusal::Disabled | Refusal::Paused | Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::Accept | Refusal::Type => StatusCode::NOT_ACCEPTABLE,
            Refusal::NoType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Slow => StatusCode::REQUEST_TIMEOUT,
            Refusal::Broken
            | Refusal::Json(_)
            | Refusal::NotAnObject
            | Refusal::NotText
            | Refusal::Clash(_)
            | Refusal::Name(_)
            | Refusal::TooMany
            | Refusal::Redirect
            | Refusal::Switch(_)
            | Refusal::Key => StatusCode::BAD_REQUEST,
            Refusal::KeyReused => StatusCode::CONFLICT,
        }
    }

    /// Why, to be kept: without the names of parameters, which a sender's mistake can make values.
    pub(crate) fn kept_text(&self) -> String {
        match self {
            Refusal::Clash(_) => "A parameter is both a value and a parent of others".into(),
            Refusal::Name(_) => "The name of a parameter cannot be recorded".into(),
            Refusal::Method(_)
            | Refusal::Flow
            | Refusal::Source
            | Refusal::Unauthorized(_)
            | Refusal::Disabled
            | Refusal::Paused
            | Refusal::Unavailable
            | Refusal::Accept
            | Refusal::NoType
            | Refusal::Type
            | Refusal::TooLarge
            | Refusal::Slow
            | Refusal::Broken
            | Refusal::Json(_)
            | Refusal::NotAnObject
            | Refusal::NotText
            | Refusal::TooMany
            | Refusal::Redirect
            | Refusal::Switch(_)
            | Refusal::Key
            | Refusal::KeyReused => self.text(),
        }
    }

    fn text(&self) -> String {
        match self {
            Refusal::Method(method) => format!("The {method} method is not allowed"),
            Refusal::Flow => "There is no such flow".into(),
            Refusal::Source => "The flow has no such source".into(),
            Refusal::Unauthorized(why) => why.clone(),
            Refusal::Disabled => "The flow takes no leads at the moment".into(),
            Refusal::Paused => "The source is paused; no leads are taken from it at the moment".into(),
            Refusal::Unavailable => "Leads cannot be recorded at the moment; submit again later".into(),
            Refusal::Accept => "Not capable of generating content according to the Accept header".into(),
            Refusal::NoType => "Content-Type header is required".into(),
            Refusal::Type => "MIME type in Content-Type header is not supported. Use only \
                              application/x-www-form-urlencoded, application/json."
                .into(),
            Refusal::TooLarge => format!("The lead is too large; the body may have {BODY_BYTES_MAX} bytes"),
            Refusal::Slow => "The body did not arrive in time".into(),
            Refusal::Broken => "The body ended early".into(),
            Refusal::Json(why) => format!("Unable to parse JSON -- {why}"),
            Refusal::NotAnObject => "The JSON in the body is not an object".into(),
            Refusal::NotText => "The parameters are not UTF-8 text".into(),
            Refusal::Clash(name) => format!("The parameter {name:?} is both a value and a parent of others"),
            Refusal::Name(why) => format!("A parameter cannot be recorded: {why}"),
            Refusal::TooMany => format!("There are more than {PARAMETERS_MAX} parameters"),
            Refusal::Redirect => "Invalid redir_url".into(),
            Refusal::Switch(name) => format!("{name} says neither yes nor no; write 1 or 0"),
            Refusal::Key => {
                format!(
                    "The Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_BYTES_MAX} bytes of visible ASCII"
                )
            }
            Refusal::KeyReused => "This Idempotency-Key came before with another submission".into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let plain = HeaderValue::from_static("text/plain");
        let mut response = (self.status(), [(header::CONTENT_TYPE, plain)], self.text()).into_response();
        // It may repeat what a sender wrote, which is text and nothing else.
        let nosniff = HeaderValue::from_static("nosniff");
        response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
        match self {
            Refusal::Method(_) => {
                response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, POST"));
            }
            Refusal::Unauthorized(_) => {
                let challenge = HeaderValue::from_static("Bearer");
                response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            }
            _ => {}
        }
        response
    }
}
