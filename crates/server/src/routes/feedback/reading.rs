//! What a report says, by whatever form it comes.

use axum::http::{StatusCode, Uri};
use domain::{EntityId, EventId, IdError, Lead, LeadId, Money, NameError, PRICE_MAX, Scalar, Value};
use engine::{Report, ReportKind, Sale};
use readers::ParameterError;

use crate::error::ApiError;
use crate::parameters;

/// Longest word or reason of a report, in characters.
const WORDS_CHARS_MAX: usize = 500;
/// What names a sale.
const NAMES: [&str; 3] = ["event_id", "lead_id", "entity_id"];
/// The members of a report.
pub(super) const MEMBERS: [&str; 5] = ["type", "reason", "value", "days_to_convert", "price"];
/// What becomes of a sale.
const TYPES: [&str; 4] = ["return", "conversion", "sold", "not_sold"];

/// What a request, or a line of it, says of a sale.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    event_id: Option<EventId>,
    lead_id: Option<LeadId>,
    entity_id: Option<EntityId>,
}

impl Named {
    /// Takes one of its members; whether it is one.
    pub(super) fn set(&mut self, name: &str, value: &str) -> Result<bool, ParameterError> {
        let wrong = |message: String| ParameterError { name: name.to_owned(), message };
        let id = |error: IdError| wrong(error.to_string());
        match name {
            "event_id" => self.event_id = Some(value.parse().map_err(id)?),
            "lead_id" => self.lead_id = Some(value.parse().map_err(id)?),
            "entity_id" => {
                self.entity_id = Some(value.parse().map_err(|error: NameError| wrong(error.to_string()))?);
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The sale it names. An event names its own buyer.
    pub(super) fn sale(self, place: &str) -> Result<Sale, ApiError> {
        match (self.event_id, self.lead_id, self.entity_id) {
            (Some(id), None, None) => Ok(Sale::Event(id)),
            (None, Some(lead_id), Some(entity_id)) => Ok(Sale::Lead { lead_id, entity_id }),
            _ => {
                let message = format!(
                    "name the sale in the {place}: event_id=evt_…, or lead_id=lead_… and entity_id=buyer_…"
                );
                Err(ApiError::new(StatusCode::BAD_REQUEST, "invalid_parameter", message).about("event_id"))
            }
        }
    }
}

pub(super) fn read_sale(uri: &Uri) -> Result<Sale, ApiError> {
    let mut named = Named::default();
    parameters::read(uri, &NAMES, |name, value| named.set(name, value))?;
    named.sale("query")
}

/// Reads the members of a report. What surrounds it, its request and keys, is left to the caller.
pub(super) fn read_report(sent: &Lead, sale: Sale) -> Result<Report, ApiError> {
    for (path, _) in sent.iter() {
        if !MEMBERS.contains(&path.as_str()) {
            let name: String = path.as_str().chars().take(60).collect();
            let hint = wire::nearest(&name, MEMBERS).map(|near| format!("; did you mean {near}?"));
            let message = format!("a report has no member {name:?}{}", hint.unwrap_or_default());
            return Err(ApiError::bad_body(message).about(name));
        }
    }
    let words = |name: &'static str| -> Result<Option<String>, ApiError> {
        match sent.get(name) {
            None | Some(Value::Scalar(Scalar::Null)) => Ok(None),
            Some(Value::Scalar(Scalar::Text(text))) => Ok(Some(text.trim().to_owned())),
            Some(Value::Scalar(Scalar::Number(number))) => Ok(Some(number.as_str().to_owned())),
            Some(Value::Scalar(Scalar::Bool(value))) => Ok(Some(value.to_string())),
            Some(Value::List(_)) => Err(ApiError::bad_body("write one text").about(name)),
        }
    };
    report_of(sale, words)
}

/// A report of what stands under the name of each member.
pub(super) fn report_of(
    sale: Sale,
    member: impl Fn(&'static str) -> Result<Option<String>, ApiError>,
) -> Result<Report, ApiError> {
    let words = |name: &'static str| -> Result<Option<String>, ApiError> {
        let text = member(name)?.filter(|text| !text.is_empty());
        if text.as_ref().is_some_and(|text| text.chars().count() > WORDS_CHARS_MAX) {
            return Err(ApiError::bad_body(format!("at most {WORDS_CHARS_MAX} characters fit")).about(name));
        }
        Ok(text)
    };
    let price = words("price")?.map(|text| {
        let amount = text.parse::<Money>().ok().filter(|amount| (Money::ZERO..=PRICE_MAX).contains(amount));
        amount.ok_or_else(|| {
            ApiError::bad_body(format!("write an amount from 0 to {PRICE_MAX}")).about("price")
        })
    });
    let price = price.transpose()?;
    let kind = match words("type")?.as_deref() {
        Some("return") => ReportKind::Return,
        Some("conversion") => ReportKind::Conversion,
        Some("sold") => ReportKind::Sold(price),
        Some("not_sold") => ReportKind::NotSold,
        other => {
            let near = other.and_then(|word| wire::nearest(word, TYPES));
            let hint = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
            let message = format!(
                "write return or conversion, or, where nobody knows how a delivery ended, sold or not_sold{hint}"
            );
            return Err(ApiError::bad_body(message).about("type"));
        }
    };
    if price.is_some() && !matches!(kind, ReportKind::Sold(_)) {
        return Err(ApiError::bad_body("only what is reported sold has a price").about("price"));
    }
    let days = words("days_to_convert")?.map(|text| {
        text.parse::<u32>()
            .map_err(|_| ApiError::bad_body("write a number of whole days").about("days_to_convert"))
    });
    Ok(Report {
        sale,
        kind,
        value: words("value")?,
        reason: words("reason")?,
        days_to_convert: days.transpose()?,
        idempotency_key: None,
        request: std::sync::Arc::from([].as_slice()),
        request_id: None,
    })
}
