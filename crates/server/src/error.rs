//! Every error of the API but a refused submission: one shape, made in one place.

use std::error::Error;
use std::fmt::Write as _;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::Scope;
use engine::{ControlError, FeedbackError, SubmitError};
use ledger::{ReadError, RecordError};
use readers::{LeadsError, ParameterError, ShowError};
use tracing::error;
use wire::flow_file::FlowFileError;
use wire::json::{self, ObjectWriter};

use crate::routes::flows::ProblemReply;

/// What went wrong, as the client is told:
/// `{"error": {"code": …, "message": …, "field": …, "request_id": …}}`.
#[derive(Debug, Clone)]
pub(crate) struct ApiError {
    status: StatusCode,
    /// A stable word.
    code: &'static str,
    /// What is wrong and how to mend it.
    message: String,
    /// The parameter or member that is wrong.
    field: Option<String>,
    /// What is wrong with a flow, line by line.
    problems: Vec<ProblemReply>,
    /// For the log, not for the client.
    cause: Option<String>,
}

impl ApiError {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status, code, message: message.into(), field: None, problems: Vec::new(), cause: None }
    }

    /// Names what is wrong.
    #[must_use]
    pub(crate) fn about(self, field: impl Into<String>) -> ApiError {
        ApiError { field: Some(field.into()), ..self }
    }

    /// Tells each problem apart.
    #[must_use]
    pub(crate) fn because(self, problems: Vec<ProblemReply>) -> ApiError {
        ApiError { problems, ..self }
    }

    pub(crate) fn bad_body(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_body", message)
    }

    /// A document that is no flow, or names what is not there.
    pub(crate) fn invalid_flow(error: &FlowFileError) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_flow", error.to_string())
            .because(ProblemReply::all(error))
    }

    pub(crate) fn not_found(what: &str) -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "not_found", format!("there is no such {what}"))
    }

    pub(crate) fn unauthorized(message: impl Into<String>) -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "unauthorized", message)
    }

    pub(crate) fn forbidden(scope: &Scope) -> ApiError {
        let message = format!("this key lacks the scope {scope}");
        ApiError::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    /// A request that a page of another site could have sent.
    pub(crate) fn forged() -> ApiError {
        let message = "a request by session that changes something carries the header x-glassline: 1";
        ApiError::new(StatusCode::FORBIDDEN, "forbidden", message)
    }

    pub(crate) fn timeout() -> ApiError {
        ApiError::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "timeout",
            "the request took too long; try again later",
        )
    }

    pub(crate) fn unavailable(cause: &dyn Error) -> ApiError {
        let message = "the service cannot record anything at the moment; try again later";
        let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", message);
        ApiError { cause: Some(chain(cause)), ..error }
    }

    pub(crate) fn internal(cause: &dyn Error) -> ApiError {
        ApiError { cause: Some(chain(cause)), ..ApiError::panicked() }
    }

    pub(crate) fn panicked() -> ApiError {
        let message = "something went wrong here; the log tells more under this request id";
        ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", message)
    }

    /// The reply, as it leaves.
    pub(crate) fn render(&self, request_id: &str) -> Response {
        if let Some(cause) = &self.cause {
            error!(request_id, "{}: {cause}", self.code);
        }
        let mut body = Vec::new();
        let mut root = ObjectWriter::open(&mut body);
        self.write_member(request_id, &mut root);
        root.close();
        let json = HeaderValue::from_static("application/json");
        let mut response = (self.status, [(header::CONTENT_TYPE, json)], body).into_response();
        if self.status == StatusCode::UNAUTHORIZED {
            let challenge = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response
    }

    /// Adds the member `error`, as part of an answer to several things.
    pub(crate) fn write(&self, request_id: &str, root: &mut ObjectWriter<'_>) {
        if let Some(cause) = &self.cause {
            error!(request_id, "{}: {cause}", self.code);
        }
        self.write_member(request_id, root);
    }

    fn write_member(&self, request_id: &str, root: &mut ObjectWriter<'_>) {
        let mut object = ObjectWriter::open(root.value("error"));
        object.text("code", self.code);
        object.text("message", &self.message);
        match &self.field {
            Some(field) => object.text("field", field),
            None => object.null("field"),
        }
        object.text("request_id", request_id);
        if !self.problems.is_empty() {
            let out = object.value("problems");
            json::write_array(self.problems.iter(), out, ProblemReply::write);
        }
        object.close();
    }
}

impl IntoResponse for ApiError {
    /// The body is written by [`render`](ApiError::render) once the id of the request is at hand.
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// An error and what caused it, on one line.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        write!(text, ": {error}").expect("writing to a string works");
        cause = error.source();
    }
    text
}

impl From<ParameterError> for ApiError {
    fn from(error: ParameterError) -> ApiError {
        ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", error.message).about(error.name)
    }
}

impl From<ReadError> for ApiError {
    fn from(error: ReadError) -> ApiError {
        ApiError::internal(&error)
    }
}

impl From<LeadsError> for ApiError {
    fn from(error: LeadsError) -> ApiError {
        ApiError::internal(&error)
    }
}

impl From<ShowError> for ApiError {
    fn from(error: ShowError) -> ApiError {
        ApiError::internal(&error)
    }
}

impl From<RecordError> for ApiError {
    fn from(error: RecordError) -> ApiError {
        match &error {
            RecordError::Stopped(_) | RecordError::Closed => ApiError::unavailable(&error),
            _ => ApiError::internal(&error),
        }
    }
}

impl From<SubmitError> for ApiError {
    fn from(error: SubmitError) -> ApiError {
        match error {
            SubmitError::Record(error) => error.into(),
            SubmitError::UnknownSource { .. } => ApiError::not_found("source"),
            SubmitError::TooLarge { .. } | SubmitError::Body(_) => ApiError::bad_body(error.to_string()),
            SubmitError::Read(error) => error.into(),
            SubmitError::KeyReused | SubmitError::AnswerGone { .. } => {
                ApiError::new(StatusCode::CONFLICT, "conflict", error.to_string())
            }
        }
    }
}

impl From<FeedbackError> for ApiError {
    fn from(error: FeedbackError) -> ApiError {
        match error {
            FeedbackError::Unknown => ApiError::not_found("sale"),
            FeedbackError::NotDelivered => {
                ApiError::new(StatusCode::CONFLICT, "not_delivered", error.to_string())
            }
            FeedbackError::EndKnown(_) => ApiError::new(StatusCode::CONFLICT, "end_known", error.to_string()),
            FeedbackError::KeyReused => ApiError::new(StatusCode::CONFLICT, "conflict", error.to_string()),
            FeedbackError::UnknownReport => ApiError::not_found("report"),
            FeedbackError::Decided(_) => ApiError::new(StatusCode::CONFLICT, "decided", error.to_string()),
            FeedbackError::NotApprovable(_) => {
                ApiError::new(StatusCode::CONFLICT, "not_approvable", error.to_string())
            }
            FeedbackError::Forgotten => ApiError::new(StatusCode::GONE, "erased", error.to_string()),
            FeedbackError::Record(error) => error.into(),
            FeedbackError::Read(error) => error.into(),
            FeedbackError::Understand(_) | FeedbackError::Lease(_) => ApiError::internal(&error),
        }
    }
}

impl From<ControlError> for ApiError {
    fn from(error: ControlError) -> ApiError {
        match error {
            ControlError::Record(error) => error.into(),
            ControlError::KeyForm | ControlError::KeyExists(_) => ApiError::bad_body(error.to_string()),
            ControlError::MissingSecrets(error) => ApiError::invalid_flow(&error),
            ControlError::TooManySecrets | ControlError::Unpriced(_) | ControlError::ListInUse { .. } => {
                ApiError::new(StatusCode::CONFLICT, "conflict", error.to_string())
            }
            ControlError::Lease(_)
            | ControlError::Read(_)
            | ControlError::Understand { .. }
            | ControlError::Flow { .. }
            | ControlError::Settings { .. } => ApiError::internal(&error),
        }
    }
}
