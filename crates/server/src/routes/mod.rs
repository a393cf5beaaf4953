//! One file for each group of addresses.

pub(crate) mod caps;
pub(crate) mod consent;
pub(crate) mod dead_letters;
pub(crate) mod entities;
pub(crate) mod events;
pub(crate) mod explain;
pub(crate) mod feedback;
pub(crate) mod flows;
pub(crate) mod health;
pub(crate) mod keys;
pub(crate) mod leads;
pub(crate) mod lists;
pub(crate) mod metrics;
pub(crate) mod ping;
pub(crate) mod refusals;
pub(crate) mod secrets;
pub(crate) mod session;
pub(crate) mod stream;
pub(crate) mod submit;
pub(crate) mod vocabulary;

use axum::Json;
use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::intake::BODY_BYTES_MAX;

/// A reply of JSON that is written already.
fn json(body: Vec<u8>) -> Response {
    ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], body).into_response()
}

/// A list without pages.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct List<T> {
    data: Vec<T>,
}

fn list<T: Serialize>(data: impl IntoIterator<Item = T>) -> Json<List<T>> {
    Json(List { data: data.into_iter().collect() })
}

/// The body of a request, which the time limit of requests covers as well.
fn body(body: Result<Bytes, BytesRejection>) -> Result<Bytes, ApiError> {
    body.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let message = format!("the body is larger than {BODY_BYTES_MAX} bytes");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        } else {
            ApiError::bad_body("the body could not be read to its end")
        }
    })
}

fn json_body<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    serde_json::from_slice(bytes).map_err(|error| ApiError::bad_body(error.to_string()))
}
