//! A request that makes no lead: refused as plain text, with the statuses that sources know.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};

use domain::{LimitPeriod, Scope};
use wire::inbound::{self, INTAKE_METHODS};

use super::{BODY_BYTES_MAX, IDEMPOTENCY_KEY_BYTES_MAX};

/// When a source that has as many leads under way as it may is told to come again, in seconds.
const BUSY_RETRY_AFTER_S: u64 = 1;

/// Why a request makes no lead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// It cannot be read.
    Reading(inbound::Refusal),
    /// The flow is not known.
    Flow,
    /// The flow has no such source.
    Source,
    /// The source sends leads and asks for no prices.
    NoPings,
    /// It comes from an address that the source does not send from.
    Address,
    /// More than the source may send.
    TooOften {
        /// Within which period.
        period: LimitPeriod,
        /// How many it may.
        max: u32,
        /// When the period ends, in seconds from now.
        retry_after_s: u64,
    },
    /// As many leads of the source are under way as may be.
    TooMany {
        /// How many.
        max: u32,
    },
    /// More pings than the flow or the source takes.
    TooManyPings {
        /// When the period ends, in seconds from now.
        retry_after_s: u64,
    },
    /// No key, or one that is not known.
    Unauthorized(String),
    /// A key that may not do this as this source: what it lacks.
    Scope(Scope),
    /// The flow takes no leads at the moment.
    Disabled,
    /// The source is paused.
    Paused,
    /// The ledger cannot record, so nothing can be taken in.
    Unavailable,
    /// The body is too large.
    TooLarge,
    /// The body did not come in time.
    Slow,
    /// The client ended before its body did.
    Broken,
    /// An idempotency key that cannot be used.
    Key,
    /// An idempotency key that came before with another submission.
    KeyReused,
}

impl From<inbound::Refusal> for Refusal {
    fn from(refusal: inbound::Refusal) -> Refusal {
        Refusal::Reading(refusal)
    }
}

impl Refusal {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refusal::Reading(refusal) => {
                StatusCode::from_u16(refusal.status()).expect("refusals have statuses of HTTP")
            }
            Refusal::Flow | Refusal::Source | Refusal::NoPings => StatusCode::NOT_FOUND,
            Refusal::Address | Refusal::Scope(_) => StatusCode::FORBIDDEN,
            Refusal::TooOften { .. } | Refusal::TooMany { .. } | Refusal::TooManyPings { .. } => {
                StatusCode::TOO_MANY_REQUESTS
            }
            Refusal::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Refusal::Disabled | Refusal::Paused | Refusal::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Refusal::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Refusal::Slow => StatusCode::REQUEST_TIMEOUT,
            Refusal::Broken | Refusal::Key => StatusCode::BAD_REQUEST,
            Refusal::KeyReused => StatusCode::CONFLICT,
        }
    }

    /// Why, to be kept: without anything that the sender wrote.
    pub(crate) fn kept_text(&self) -> String {
        match self {
            Refusal::Reading(refusal) => refusal.kept_text(),
            Refusal::Flow
            | Refusal::Source
            | Refusal::NoPings
            | Refusal::Address
            | Refusal::TooOften { .. }
            | Refusal::TooMany { .. }
            | Refusal::TooManyPings { .. }
            | Refusal::Unauthorized(_)
            | Refusal::Scope(_)
            | Refusal::Disabled
            | Refusal::Paused
            | Refusal::Unavailable
            | Refusal::TooLarge
            | Refusal::Slow
            | Refusal::Broken
            | Refusal::Key
            | Refusal::KeyReused => self.text(),
        }
    }

    fn text(&self) -> String {
        match self {
            Refusal::Reading(refusal) => refusal.text(),
            Refusal::Flow => "There is no such flow".into(),
            Refusal::Source => "The flow has no such source".into(),
            Refusal::NoPings => "The source takes no pings; set \"ping: true\" in the flow".into(),
            Refusal::Address => "This source takes no submissions from this address".into(),
            Refusal::TooOften { period, max, retry_after_s } => format!(
                "Too many submissions: this source may send {max} a {}; try again in {retry_after_s} s",
                period.as_str()
            ),
            Refusal::TooMany { max } => format!(
                "Too many submissions at a time: this source may have {max} under way; try again in \
                 {BUSY_RETRY_AFTER_S} s"
            ),
            Refusal::TooManyPings { retry_after_s } => {
                format!("Ping limit reached; try again in {retry_after_s} s")
            }
            Refusal::Unauthorized(why) => why.clone(),
            Refusal::Scope(scope) => format!("This key lacks the scope {scope}"),
            Refusal::Disabled => "The flow takes no leads at the moment".into(),
            Refusal::Paused => "The source is paused; no leads are taken from it at the moment".into(),
            Refusal::Unavailable => "Leads cannot be recorded at the moment; submit again later".into(),
            Refusal::TooLarge => format!("The lead is too large; the body may have {BODY_BYTES_MAX} bytes"),
            Refusal::Slow => "The body did not arrive in time".into(),
            Refusal::Broken => "The body ended early".into(),
            Refusal::Key => {
                format!(
                    "The Idempotency-Key must have 1 to {IDEMPOTENCY_KEY_BYTES_MAX} bytes of visible ASCII and no \
                     blank inside, such as order-17"
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
        let own = match self {
            Refusal::Reading(inbound::Refusal::Method(_)) => Some((header::ALLOW, INTAKE_METHODS.to_owned())),
            Refusal::Unauthorized(_) => Some((header::WWW_AUTHENTICATE, "Bearer".to_owned())),
            Refusal::TooOften { retry_after_s, .. } | Refusal::TooManyPings { retry_after_s } => {
                Some((header::RETRY_AFTER, retry_after_s.to_string()))
            }
            Refusal::TooMany { .. } => Some((header::RETRY_AFTER, BUSY_RETRY_AFTER_S.to_string())),
            Refusal::Reading(_)
            | Refusal::Flow
            | Refusal::Source
            | Refusal::NoPings
            | Refusal::Address
            | Refusal::Scope(_)
            | Refusal::Disabled
            | Refusal::Paused
            | Refusal::Unavailable
            | Refusal::TooLarge
            | Refusal::Slow
            | Refusal::Broken
            | Refusal::Key
            | Refusal::KeyReused => None,
        };
        if let Some((name, value)) = own {
            let value = HeaderValue::from_str(&value).expect("words and digits are a header value");
            response.headers_mut().insert(name, value);
        }
        response
    }
}
