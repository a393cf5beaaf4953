//! The answer to a source. It is written once, as bytes: those are recorded as evidence, and
//! those are sent.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use domain::{Answer, LeadId, Outcome, Timestamp};
use wire::json::ObjectWriter;

use crate::frame::REQUEST_ID;

/// What the source wishes of its answer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct ReplyWish {
    /// `strict`: statuses that tell outcomes apart.
    pub(crate) strict: bool,
    /// `redir_url`: where to send the person.
    pub(crate) redirect: Option<String>,
}

impl ReplyWish {
    fn status(&self, outcome: Outcome) -> StatusCode {
        if self.redirect.is_some() {
            return StatusCode::SEE_OTHER;
        }
        match outcome {
            Outcome::Failure if self.strict => StatusCode::UNPROCESSABLE_ENTITY,
            Outcome::Error if self.strict => StatusCode::BAD_GATEWAY,
            Outcome::Success | Outcome::Failure | Outcome::Error | Outcome::Skip => StatusCode::CREATED,
        }
    }
}

/// Writes the whole answer: status line, headers, empty line, body.
pub(crate) fn write_reply(
    wish: &ReplyWish,
    request_id: &str,
    now: Timestamp,
    lead_id: LeadId,
    answer: &Answer,
) -> Arc<[u8]> {
    let mut body = Vec::new();
    let mut object = ObjectWriter::open(&mut body);
    object.text("outcome", answer.outcome.as_str());
    if let Some(reason) = &answer.reason {
        object.text("reason", &reason.text);
    }
    let mut lead = ObjectWriter::open(object.value("lead"));
    lead.plain("id", lead_id);
    lead.close();
    // The text of an amount is a JSON number.
    object.value("price").extend_from_slice(answer.price.to_string().as_bytes());
    object.close();

    let mut reply = format!("HTTP/1.1 {}\r\n", wish.status(answer.outcome));
    let mut line = |name: &str, value: &str| reply.push_str(&format!("{name}: {value}\r\n"));
    line("content-type", "application/json");
    line("content-length", &body.len().to_string());
    if let Some(redirect) = &wish.redirect {
        line("location", redirect);
    }
    line("date", &http_date(now));
    line(REQUEST_ID.as_str(), request_id);
    reply.push_str("\r\n");
    let mut reply = reply.into_bytes();
    reply.extend_from_slice(&body);
    reply.into()
}

/// RFC 9110 section 5.6.7.
fn http_date(now: Timestamp) -> String {
    let printer = jiff::fmt::rfc2822::DateTimePrinter::new();
    let moment = jiff::Timestamp::from_millisecond(now.as_millis()).ok();
    moment.and_then(|moment| printer.timestamp_to_rfc9110_string(&moment).ok()).unwrap_or_default()
}

/// Reads what [`write_reply`] wrote, so that what is recorded is what is sent; none for anything
/// else.
pub(crate) fn read_reply(bytes: &[u8]) -> Option<Response> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
    let mut lines = std::str::from_utf8(&bytes[..end]).ok()?.split("\r\n");
    let status = lines.next()?.split(' ').nth(1)?.parse::<StatusCode>().ok()?;
    let mut response = Response::new(Body::from(bytes[end + 4..].to_vec()));
    *response.status_mut() = status;
    for line in lines {
        let (name, value) = line.split_once(": ")?;
        let name: header::HeaderName = name.parse().ok()?;
        response.headers_mut().insert(name, HeaderValue::from_str(value).ok()?);
    }
    Some(response)
}

#[cfg(test)]
mod tests {
    use domain::{LeadIdKind, Money, Reason, ReasonCode};
    use expect_test::{Expect, expect};

    use super::*;

    fn check(wish: &ReplyWish, answer: &Answer, wanted: Expect) {
        let now: Timestamp = "2024-01-15T14:30:45.123Z".parse().unwrap();
        let lead_id = LeadId::new(LeadIdKind::Lead, now, [1; 6]);
        let bytes = write_reply(wish, "req_1", now, lead_id, answer);
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(read_reply(&bytes).unwrap().headers().len(), text.lines().count() - 3);
        wanted.assert_eq(&text.replace("\r\n", "\n"));
    }

    #[test]
    fn an_answer_is_201_whatever_the_outcome() {
        let answer =
            Answer { outcome: Outcome::Success, reason: None, price: Money::from_millionths(14_500_000) };
        check(
            &ReplyWish::default(),
            &answer,
            expect![[r#"
                HTTP/1.1 201 Created
                content-type: application/json
                content-length: 80
                date: Mon, 15 Jan 2024 14:30:45 GMT
                x-request-id: req_1

                {"outcome":"success","lead":{"id":"lead_018d0d882e83010101010101"},"price":14.5}"#]],
        );
    }

    #[test]
    fn a_source_may_wish_for_other_statuses() {
        let reason = Some(Reason::new(ReasonCode::Criteria, "State must be TX"));
        let answer = Answer { outcome: Outcome::Failure, reason, price: Money::ZERO };
        check(
            &ReplyWish { strict: true, redirect: None },
            &answer,
            expect![[r#"
            HTTP/1.1 422 Unprocessable Entity
            content-type: application/json
            content-length: 105
            date: Mon, 15 Jan 2024 14:30:45 GMT
            x-request-id: req_1

            {"outcome":"failure","reason":"State must be TX","lead":{"id":"lead_018d0d882e83010101010101"},"price":0}"#]],
        );
        check(
            &ReplyWish { strict: true, redirect: Some("https://example.com/thanks".into()) },
            &answer,
            expect![[r#"
                HTTP/1.1 303 See Other
                content-type: application/json
                content-length: 105
                location: https://example.com/thanks
                date: Mon, 15 Jan 2024 14:30:45 GMT
                x-request-id: req_1

                {"outcome":"failure","reason":"State must be TX","lead":{"id":"lead_018d0d882e83010101010101"},"price":0}"#]],
        );
    }
}
