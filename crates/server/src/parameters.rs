//! Query parameters: each is known or named as unknown, so that a misspelt filter never shows
//! more than was asked for.

use std::borrow::Cow;

use axum::http::{StatusCode, Uri};
use readers::ParameterError;
use wire::nearest;

use crate::error::ApiError;

/// The query of a request as pairs of name and value.
pub(crate) fn pairs(uri: &Uri) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
}

/// Reads the whole query: `set` takes one parameter and gives whether it knows it.
pub(crate) fn read(
    uri: &Uri,
    names: &[&str],
    mut set: impl FnMut(&str, &str) -> Result<bool, ParameterError>,
) -> Result<(), ApiError> {
    for (name, value) in pairs(uri) {
        if !set(&name, &value)? {
            return Err(unknown(&name, names));
        }
    }
    Ok(())
}

/// For addresses that take no query.
pub(crate) fn none(uri: &Uri) -> Result<(), ApiError> {
    read(uri, &[], |_, _| Ok(false))
}

fn unknown(name: &str, names: &[&str]) -> ApiError {
    let shown: String = name.chars().take(40).collect();
    let message = match nearest(name, names.iter().copied()) {
        Some(near) => format!("there is no parameter {shown:?}; did you mean {near:?}?"),
        None if names.is_empty() => format!("there is no parameter {shown:?}; this address takes none"),
        None => format!("there is no parameter {shown:?}; known are {}", names.join(", ")),
    };
    ApiError::new(StatusCode::BAD_REQUEST, "unknown_parameter", message).about(shown)
}
