//! What any address may answer instead of what was asked for.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{Content, Ref, RefOr, Response, ResponseBuilder};

type Responses = BTreeMap<String, RefOr<Response>>;

/// Every error that several addresses share: its name in the document, what it means.
const SHARED: [(&str, &str, &str); 5] = [
    ("400", "BadRequest", "A parameter or the body cannot be used; the message says why"),
    ("401", "Unauthorized", "No key, or one that is not known"),
    ("403", "Forbidden", "The key lacks a scope, which is named"),
    ("404", "NotFound", "There is no such thing"),
    ("default", "Error", "Any other error, in the one shape"),
];

/// The shared errors, as components of the document.
pub(super) fn components() -> impl Iterator<Item = (&'static str, Response)> {
    SHARED.into_iter().map(|(_, name, description)| {
        let content = Content::new(Some(Ref::from_schema_name("Error")));
        let response = ResponseBuilder::new().description(description).content("application/json", content);
        (name, response.build())
    })
}

fn shared(wanted: impl Fn(&str) -> bool) -> Responses {
    let wanted = SHARED.into_iter().filter(|(status, ..)| wanted(status));
    wanted.map(|(status, name, _)| (status.to_owned(), Ref::from_response_name(name).into())).collect()
}

/// The errors of every address.
pub(crate) struct Errors;

impl IntoResponses for Errors {
    fn responses() -> Responses {
        shared(|status| status != "404")
    }
}

/// The errors of addresses that name something.
pub(crate) struct ErrorsOrMissing;

impl IntoResponses for ErrorsOrMissing {
    fn responses() -> Responses {
        shared(|_| true)
    }
}

/// A submission that makes no lead.
pub(crate) struct Refused;

impl IntoResponses for Refused {
    fn responses() -> Responses {
        let why = [
            (400, "It cannot be read"),
            (401, "No key, or one that is not known"),
            (403, "The key may not submit as this source, or the source takes nothing from this address"),
            (404, "There is no such flow or source"),
            (405, "Neither GET nor POST"),
            (406, "Another content type, or one that cannot be answered"),
            (408, "The body did not come in time"),
            (409, "The Idempotency-Key came before with another submission"),
            (413, "Too large"),
            (415, "A body without a type, or of a charset or compression that is not known"),
            (429, "More than the source may send; Retry-After says when it may again"),
            (503, "The flow is disabled, the source paused, or nothing can be recorded"),
        ];
        let text = || {
            let schema = utoipa::openapi::ObjectBuilder::new()
                .schema_type(utoipa::openapi::schema::SchemaType::Type(utoipa::openapi::Type::String));
            Content::new(Some(RefOr::T(utoipa::openapi::Schema::Object(schema.build()))))
        };
        let mut responses: Responses = why
            .into_iter()
            .map(|(status, why)| {
                let response = ResponseBuilder::new().description(why).content("text/plain", text());
                (status.to_string(), RefOr::T(response.build()))
            })
            .collect();
        responses.extend(shared(|status| status == "default"));
        responses
    }
}
