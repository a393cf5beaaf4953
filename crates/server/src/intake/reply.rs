//! The answer to a source. It is written once, as bytes: those are recorded as evidence, and
//! those are sent.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use domain::{Answer, AnswerField, AnswerForm, Lead, LeadId, Timestamp, Value};
use wire::inbound::{AnswerFormat, AnswerNode, AnswerWish, WrittenAnswer, write_answer};

use crate::frame::REQUEST_ID;

/// What the source wishes of its answer, and what its flow says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ReplyWish {
    pub(crate) answer: AnswerWish,
    /// What is told; none means the usual.
    pub(crate) fields: Option<Vec<AnswerField>>,
}

/// The form in which a source is answered that asks for none.
pub(crate) fn answer_format(form: AnswerForm) -> AnswerFormat {
    match form {
        AnswerForm::Json => AnswerFormat::Json,
        AnswerForm::Xml => AnswerFormat::Xml,
        AnswerForm::Text => AnswerFormat::Text,
    }
}

/// Writes the whole answer: status line, headers, empty line, body.
pub(crate) fn write_reply(
    wish: &ReplyWish,
    request_id: &str,
    now: Timestamp,
    lead_id: LeadId,
    answer: &Answer,
    lead: &Lead,
) -> Arc<[u8]> {
    let names: Option<Vec<&str>> =
        wish.fields.as_ref().map(|fields| fields.iter().map(AnswerField::name).collect());
    let variable = |name: &str| {
        let text = |text: &str| Some(Value::text(text));
        let value = match name {
            "outcome" => text(answer.outcome.as_str()),
            "reason" => answer.reason.as_ref().and_then(|reason| text(&reason.text)),
            "lead.id" => text(&lead_id.to_string()),
            "price" => answer.price.to_string().parse::<domain::Number>().ok().map(Value::from),
            other => wish.fields.iter().flatten().find_map(|field| match field {
                AnswerField::Value { name, path } if **name == *other => lead.get(path.as_str()).cloned(),
                AnswerField::Value { .. }
                | AnswerField::Outcome
                | AnswerField::Reason
                | AnswerField::Price
                | AnswerField::LeadId => None,
            }),
        };
        value.map(AnswerNode::Value)
    };
    let written = write_answer(&wish.answer, names.as_deref(), &variable);
    as_sent(written, request_id, now)
}

/// The same for a ping: what is offered, and the token by which the lead takes it up.
pub(crate) fn write_ping_reply(
    wish: &ReplyWish,
    request_id: &str,
    now: Timestamp,
    token: Option<LeadId>,
    answer: &Answer,
) -> Arc<[u8]> {
    let variable = |name: &str| {
        let value = match name {
            "outcome" => Some(Value::text(answer.outcome.as_str())),
            "reason" => answer.reason.as_ref().map(|reason| Value::text(Arc::clone(&reason.text))),
            "price" => answer.price.to_string().parse::<domain::Number>().ok().map(Value::from),
            "ping_token" => token.map(|token| Value::text(token.to_string())),
            _ => None,
        };
        value.map(AnswerNode::Value)
    };
    let names = ["outcome", "reason", "price", "ping_token"];
    as_sent(write_answer(&wish.answer, Some(&names), &variable), request_id, now)
}

/// An answer as HTTP/1.1 text.
fn as_sent(written: WrittenAnswer, request_id: &str, now: Timestamp) -> Arc<[u8]> {
    let status = StatusCode::from_u16(written.status).expect("answers have statuses of HTTP");
    let mut reply = format!("HTTP/1.1 {status}\r\n");
    let mut line = |name: &str, value: &str| reply.push_str(&format!("{name}: {value}\r\n"));
    for (name, value) in &written.headers {
        line(&name.to_ascii_lowercase(), value);
    }
    line("date", &http_date(now));
    line(REQUEST_ID.as_str(), request_id);
    reply.push_str("\r\n");
    let mut reply = reply.into_bytes();
    reply.extend_from_slice(&written.body);
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
    use domain::{LeadIdKind, Money, Outcome, Reason, ReasonCode};
    use expect_test::{Expect, expect};

    use wire::inbound::Door;

    use super::*;

    fn wish(format: AnswerFormat, strict: bool, redirect: Option<&str>) -> ReplyWish {
        let redirect = redirect.map(str::to_owned);
        ReplyWish { answer: AnswerWish { door: Door::Submit, format, strict, redirect }, fields: None }
    }

    fn check(wish: &ReplyWish, answer: &Answer, wanted: Expect) {
        let now: Timestamp = "2024-01-15T14:30:45.123Z".parse().unwrap();
        let lead_id = LeadId::new(LeadIdKind::Lead, now, [1; 6]);
        let bytes = {
            let lead = [("email".parse().unwrap(), Value::text("ann@example.com"))].into_iter().collect();
            write_reply(wish, "req_1", now, lead_id, answer, &lead)
        };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        assert_eq!(read_reply(&bytes).unwrap().headers().len(), text.split("\r\n").count() - 3);
        wanted.assert_eq(&text.replace("\r\n", "\n"));
    }

    #[test]
    fn an_answer_is_201_whatever_the_outcome() {
        let answer =
            Answer { outcome: Outcome::Success, reason: None, price: Money::from_millionths(14_500_000) };
        check(
            &wish(AnswerFormat::Json, false, None),
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
            &wish(AnswerFormat::Json, true, None),
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
            &wish(AnswerFormat::Json, true, Some("https://example.com/thanks")),
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

    #[test]
    fn a_flow_may_say_what_is_told_and_how() {
        let answer = Answer { outcome: Outcome::Success, reason: None, price: Money::ZERO };
        let email = AnswerField::Value { name: "lead.email".into(), path: "email".parse().unwrap() };
        let gone = AnswerField::Value { name: "lead.state".into(), path: "state".parse().unwrap() };
        let fields = vec![AnswerField::Outcome, email, AnswerField::LeadId, gone];
        let wish = ReplyWish { fields: Some(fields), ..wish(AnswerFormat::Text, false, None) };
        check(
            &wish,
            &answer,
            expect![[r#"
                HTTP/1.1 201 Created
                content-type: text/plain
                content-length: 84
                date: Mon, 15 Jan 2024 14:30:45 GMT
                x-request-id: req_1

                outcome: success
                lead_email: ann@example.com
                lead_id: lead_018d0d882e83010101010101
            "#]],
        );
    }
}
