//! `/lists`: suppression lists are made, filled and looked at. No value that is on a list is ever shown.

use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, FromRequest as _, Path, Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use domain::{ListItem, ListName, Scope};
use engine::List as KeptList;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use wire::flow_file::{read_duration, write_duration};

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::{Errors, ErrorsOrMissing};
use crate::parameters;
use crate::routes::{List, body, json_body, list as list_of};

/// Largest body with values for a list, in bytes: some 300,000 addresses.
const VALUES_BYTES_MAX: usize = 16 * 1024 * 1024;
/// Lines that are told apart when they cannot stand on a list; all are counted.
const REJECTED_SHOWN_MAX: usize = 100;

/// A suppression list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ListReply {
    name: String,
    created_at: String,
    /// How long what is put on it stays, such as `30d`; null means for ever.
    #[schema(required)]
    ttl: Option<String>,
    /// How many values are on it.
    items: usize,
}

impl From<KeptList> for ListReply {
    fn from(list: KeptList) -> ListReply {
        ListReply {
            name: list.name.to_string(),
            created_at: list.created_at.to_string(),
            ttl: list.ttl_ms.map(|ms| write_duration(std::time::Duration::from_millis(ms))),
            items: list.items,
        }
    }
}

/// How a list is to be.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListRequest {
    /// How long what is put on it stays, such as `30d`; left out, for ever.
    ttl: Option<String>,
}

/// Values: as they are, or the hex digits of their MD5, SHA-1 or SHA-256.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ValuesRequest {
    values: Vec<String>,
}

/// What became of some values.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValuesReply {
    /// How many were taken.
    accepted: usize,
    /// How many cannot stand on a list.
    rejected: usize,
    /// Which, and why; the first hundred.
    problems: Vec<ValueProblem>,
    /// How many values are on the list now.
    items: usize,
}

/// A value that cannot stand on a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ValueProblem {
    /// Its line, or its place among the values; the first is 1.
    line: usize,
    message: String,
}

/// One value to look for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CheckRequest {
    value: String,
}

/// Whether a value is on a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FoundReply {
    found: bool,
    /// Since when, to the minute.
    #[schema(required)]
    added_at: Option<String>,
}

/// Every suppression list.
#[utoipa::path(
    get,
    path = "/lists",
    tag = "configuration",
    responses((status = 200, description = "By name", body = List<ListReply>), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<ListReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    Ok(list_of(services.control.lists().into_iter().map(ListReply::from)))
}

/// One suppression list.
#[utoipa::path(
    get,
    path = "/lists/{list}",
    tag = "configuration",
    params(("list" = String, Path, description = "Its name")),
    responses((status = 200, description = "The list", body = ListReply), ErrorsOrMissing)
)]
pub(crate) async fn one(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
) -> Result<Json<ListReply>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    Ok(Json(services.control.list(&read_name(&name)?).ok_or_else(not_found)?.into()))
}

/// Makes a list, or has it keep what is on it for another time.
#[utoipa::path(
    put,
    path = "/lists/{list}",
    tag = "configuration",
    params(("list" = String, Path, description = "1 to 64 of `a-z`, `0-9` and `_`")),
    request_body(content = ListRequest),
    responses((status = 200, description = "The list, whether or not it changed", body = ListReply), Errors)
)]
pub(crate) async fn put(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<ListReply>, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(&uri)?;
    let name: ListName = name.parse().map_err(|error| bad_name(&error))?;
    let bytes = body(bytes)?;
    let request: ListRequest =
        if bytes.trim_ascii().is_empty() { ListRequest::default() } else { json_body(&bytes)? };
    let ttl = request.ttl.as_deref().map(read_duration).transpose();
    let ttl = ttl.map_err(|error| ApiError::bad_body(error.to_string()).about("ttl"))?;
    if ttl.is_some_and(|ttl| ttl.as_secs() < 60) {
        return Err(ApiError::bad_body("a list keeps what is on it for a minute at least").about("ttl"));
    }
    let ttl_ms = ttl.map(|ttl| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX));
    Ok(Json(services.control.put_list(caller.name(), &name, ttl_ms).await?.into()))
}

/// Deletes a list with all that is on it. One that the newest version of a flow looks at stays.
#[utoipa::path(
    delete,
    path = "/lists/{list}",
    tag = "configuration",
    params(("list" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone"), ErrorsOrMissing)
)]
pub(crate) async fn delete(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
) -> Result<StatusCode, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(&uri)?;
    let existed = services.control.delete_list(caller.name(), &read_name(&name)?).await?;
    if existed { Ok(StatusCode::NO_CONTENT) } else { Err(not_found()) }
}

/// Puts values on a list: JSON, or lines of CSV whose first column counts. Values that stand on it stay
/// from now.
#[utoipa::path(
    post,
    path = "/lists/{list}/items",
    tag = "configuration",
    params(("list" = String, Path, description = "Its name")),
    request_body(
        content((ValuesRequest = "application/json"), (String = "text/csv"), (String = "text/plain")),
        description = "At most 16 MiB"
    ),
    responses((status = 200, description = "What became of each", body = ValuesReply), ErrorsOrMissing)
)]
pub(crate) async fn add(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
    request: Request,
) -> Result<Json<ValuesReply>, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(&uri)?;
    let name = read_name(&name)?;
    let read = read_values(request).await?;
    let list = services.control.add_to_list(caller.name(), &name, read.items.clone()).await?;
    read.reply(list)
}

/// Takes values off a list; those that are not on it are passed over.
#[utoipa::path(
    delete,
    path = "/lists/{list}/items",
    tag = "configuration",
    params(("list" = String, Path, description = "Its name")),
    request_body(
        content((ValuesRequest = "application/json"), (String = "text/csv"), (String = "text/plain")),
        description = "At most 16 MiB"
    ),
    responses((status = 200, description = "What became of each", body = ValuesReply), ErrorsOrMissing)
)]
pub(crate) async fn remove(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
    request: Request,
) -> Result<Json<ValuesReply>, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(&uri)?;
    let name = read_name(&name)?;
    let read = read_values(request).await?;
    let list = services.control.remove_from_list(caller.name(), &name, read.items.clone()).await?;
    read.reply(list)
}

/// Looks a value up. It stands in the body, as addresses are kept by others.
#[utoipa::path(
    post,
    path = "/lists/{list}/check",
    tag = "configuration",
    params(("list" = String, Path, description = "Its name")),
    request_body(content = CheckRequest),
    responses((status = 200, description = "Whether it is on the list", body = FoundReply), ErrorsOrMissing)
)]
pub(crate) async fn check(
    State(services): State<Services>,
    caller: Caller,
    Path(name): Path<String>,
    uri: Uri,
    bytes: Result<Bytes, BytesRejection>,
) -> Result<Json<FoundReply>, ApiError> {
    caller.need(&Scope::EntitiesWrite)?;
    parameters::none(&uri)?;
    let name = read_name(&name)?;
    services.control.list(&name).ok_or_else(not_found)?;
    let request: CheckRequest = json_body(&body(bytes)?)?;
    let item = ListItem::read(&request.value);
    let item = item.map_err(|error| ApiError::bad_body(error.to_string()).about("value"))?;
    let added_at = services.control.find_on_list(&name, &item).map(|at| at.to_string());
    Ok(Json(FoundReply { found: added_at.is_some(), added_at }))
}

/// Values as they were read.
struct Values {
    items: Vec<ListItem>,
    rejected: usize,
    problems: Vec<ValueProblem>,
}

impl Values {
    fn of<T: AsRef<str>>(texts: impl Iterator<Item = (usize, T)>) -> Values {
        let mut values = Values { items: Vec::new(), rejected: 0, problems: Vec::new() };
        for (line, text) in texts {
            match ListItem::read(text.as_ref()) {
                Ok(item) => values.items.push(item),
                Err(error) => {
                    values.rejected += 1;
                    if values.problems.len() < REJECTED_SHOWN_MAX {
                        values.problems.push(ValueProblem { line, message: error.to_string() });
                    }
                }
            }
        }
        values
    }

    fn reply(self, list: Option<KeptList>) -> Result<Json<ValuesReply>, ApiError> {
        let Values { items, rejected, problems } = self;
        let list = list.ok_or_else(not_found)?;
        Ok(Json(ValuesReply { accepted: items.len(), rejected, problems, items: list.items }))
    }
}

async fn read_values(request: Request<Body>) -> Result<Values, ApiError> {
    let is_json = is_json(request.headers());
    let mut request = request;
    DefaultBodyLimit::max(VALUES_BYTES_MAX).apply(&mut request);
    let bytes = Bytes::from_request(request, &()).await.map_err(|rejection| {
        if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
            let message = format!("the body is larger than {VALUES_BYTES_MAX} bytes; send it in parts");
            ApiError::new(StatusCode::PAYLOAD_TOO_LARGE, "too_large", message)
        } else {
            ApiError::bad_body("the body could not be read to its end")
        }
    })?;
    if is_json {
        let request: ValuesRequest = json_body(&bytes)?;
        return Ok(Values::of((1..).zip(request.values)));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| ApiError::bad_body("the body is not UTF-8 text"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    Ok(Values::of(lines.map(|(line, text)| (line, first_column(text)))))
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    !content_type.is_some_and(|text| text.trim_start().starts_with("text/"))
}

/// The first column of a line of CSV (RFC 4180).
fn first_column(line: &str) -> String {
    let line = line.trim_start();
    let Some(quoted) = line.strip_prefix('"') else {
        return line.split([',', ';', '\t']).next().unwrap_or_default().to_owned();
    };
    let mut column = String::new();
    let mut letters = quoted.chars().peekable();
    while let Some(letter) = letters.next() {
        if letter != '"' {
            column.push(letter);
        } else if letters.peek() == Some(&'"') {
            column.push('"');
            letters.next();
        } else {
            break;
        }
    }
    column
}

fn read_name(name: &str) -> Result<ListName, ApiError> {
    name.parse().map_err(|_| not_found())
}

fn bad_name(error: &domain::ListNameError) -> ApiError {
    ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", error.to_string()).about("list")
}

fn not_found() -> ApiError {
    ApiError::not_found("list")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_column_of_a_line_counts() {
        for (line, wanted) in [
            ("ann@example.com", "ann@example.com"),
            ("ann@example.com,Ann,2024", "ann@example.com"),
            ("5125550143;x", "5125550143"),
            ("\"512, \"\"555\"\" 0143\",x", "512, \"555\" 0143"),
            ("\"never closed", "never closed"),
            ("", ""),
        ] {
            assert_eq!(first_column(line), wanted, "{line}");
        }
    }
}
