//! The public JSON of one lead: what `GET /leads` and `GET /leads/{id}` show.

use domain::{Buyer, LeadSummary, Money, Outcome, PathPoint};

use crate::json::{self, ObjectWriter};

/// Where the events of a lead lie in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeadPlace {
    /// The seq of its first event.
    pub seq: u64,
    /// The seq of its newest event.
    pub last_seq: u64,
}

/// Adds the members of a lead to an object. Nothing personal is among them: they come from headers
/// alone. The lead itself, where it is shown, follows by
/// [`write_snapshot`](crate::public_event::write_snapshot).
pub fn write_public_lead(summary: &LeadSummary, place: LeadPlace, object: &mut ObjectWriter<'_>) {
    object.plain("id", summary.lead_id);
    object.number("seq", place.seq);
    object.plain("submitted_at", summary.submitted_at);
    object.plain("updated_at", summary.updated_at);
    object.plain("flow_id", &summary.flow_id);
    object.number("flow_version", summary.flow_version.0.into());
    object.plain("source_id", &summary.source_id);
    object.plain("state", summary.state());
    write_outcome(summary.outcome(), object);
    match &summary.reason {
        Some(reason) => {
            object.text("reason", &reason.text);
            object.text("reason_code", reason.code.as_str());
        }
        None => {
            object.null("reason");
            object.null("reason_code");
        }
    }
    json::write_array(summary.buyers.iter(), object.value("buyers"), write_buyer);
    write_amount("cost", summary.cost, object);
    write_amount("revenue", summary.revenue, object);
    write_amount("margin", summary.margin(), object);
    json::write_array(summary.path.iter(), object.value("path"), write_point);
    object.number("events", summary.events.into());
    object.number("last_seq", place.last_seq);
    object.number("total_ms", summary.total_ms);
    object.boolean("test", summary.test);
    if summary.consent_revoked {
        object.boolean("consent_revoked", true);
    }
}

fn write_outcome(outcome: Option<Outcome>, object: &mut ObjectWriter<'_>) {
    match outcome {
        Some(outcome) => object.plain("outcome", outcome),
        None => object.null("outcome"),
    }
}

/// The shortest decimal form is a JSON number.
fn write_amount(key: &str, amount: Money, object: &mut ObjectWriter<'_>) {
    object.value(key).extend_from_slice(amount.to_string().as_bytes());
}

fn write_buyer(buyer: &Buyer, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    object.plain("entity_id", &buyer.entity_id);
    object.plain("step_id", &buyer.step_id);
    match buyer.delivery_id {
        Some(delivery_id) => object.plain("delivery_id", delivery_id),
        None => object.null("delivery_id"),
    }
    write_outcome(buyer.outcome, &mut object);
    match buyer.price {
        Some(price) => write_amount("price", price, &mut object),
        None => object.null("price"),
    }
    object.boolean("returned", buyer.returned);
    object.boolean("converted", buyer.converted);
    if buyer.copy {
        object.text("counts_as", "copy");
    }
    object.close();
}

fn write_point(point: &PathPoint, out: &mut Vec<u8>) {
    let mut object = ObjectWriter::open(out);
    object.text("type", point.event_type.as_str());
    match &point.step_id {
        Some(step_id) => object.plain("step_id", step_id),
        None => object.null("step_id"),
    }
    match &point.entity_id {
        Some(entity_id) => object.plain("entity_id", entity_id),
        None => object.null("entity_id"),
    }
    write_outcome(point.outcome, &mut object);
    object.close();
}
