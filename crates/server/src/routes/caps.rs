//! `/caps`: what caps and budgets count in their periods.

use axum::Json;
use axum::extract::State;
use axum::http::Uri;
use domain::{CapLimit, Scope};
use engine::{CapOwner, CapStanding};
use serde::Serialize;
use serde_json::Number;
use utoipa::ToSchema;

use crate::Services;
use crate::auth::Caller;
use crate::error::ApiError;
use crate::openapi::Errors;
use crate::parameters;
use crate::routes::{List, list as list_of};

/// A cap or a budget, and how it stands in the period of this moment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CapReply {
    /// `<owner>/<name>`, as events have it.
    id: String,
    name: String,
    /// Whose it is: a flow's, a source's or a step's in it, or a party's in all flows.
    #[schema(required)]
    flow_id: Option<String>,
    #[schema(required)]
    source_id: Option<String>,
    #[schema(required)]
    step_id: Option<String>,
    #[schema(required)]
    entity_id: Option<String>,
    /// `leads` or `money`: what it counts.
    counts: &'static str,
    /// What it lets through in a period.
    #[schema(value_type = f64)]
    max: Number,
    /// What succeeded in this period.
    #[schema(value_type = f64)]
    used: Number,
    /// What is under way, or has an end that nobody knows.
    #[schema(value_type = f64)]
    reserved: Number,
    /// Whether it lets nothing more through.
    full: bool,
    /// How many leads it refused in this period, since the last start at the earliest.
    refused: u64,
    /// `minute`, `hour`, `day`, `week` or `month`.
    per: &'static str,
    /// So many of those make one period.
    every: u32,
    time_zone: String,
    period_start: String,
    period_end: String,
}

impl CapReply {
    fn new(standing: &CapStanding) -> CapReply {
        let CapStanding { cap, owner, count } = standing;
        let text = |id: &dyn ToString| Some(id.to_string());
        let (flow_id, source_id, step_id, entity_id) = match owner {
            CapOwner::Flow(flow) => (text(flow), None, None, None),
            CapOwner::Source(flow, source) => (text(flow), text(source), None, None),
            CapOwner::Step(flow, step) => (text(flow), None, text(step), None),
            CapOwner::Entity(entity) => (None, None, None, text(entity)),
        };
        CapReply {
            id: cap.id.to_string(),
            name: cap.name.to_string(),
            flow_id,
            source_id,
            step_id,
            entity_id,
            counts: match cap.limit {
                CapLimit::Leads(_) => "leads",
                CapLimit::Spend(_) => "money",
            },
            max: number(cap.limit),
            used: number(count.used),
            reserved: number(count.reserved),
            full: count.is_full(cap.limit),
            refused: count.refused,
            per: cap.period.unit.as_str(),
            every: cap.period.every,
            time_zone: cap.period.zone.to_string(),
            period_start: count.start.to_string(),
            period_end: count.end.to_string(),
        }
    }
}

/// A count or an amount, exact.
fn number(limit: CapLimit) -> Number {
    limit.to_string().parse().expect("a count and an amount are decimals")
}

/// Every cap in force: of the newest versions of flows, and of parties.
#[utoipa::path(
    get,
    path = "/caps",
    tag = "configuration",
    responses((status = 200, description = "Flows first, by id", body = List<CapReply>), Errors)
)]
pub(crate) async fn list(
    State(services): State<Services>,
    caller: Caller,
    uri: Uri,
) -> Result<Json<List<CapReply>>, ApiError> {
    caller.need(&Scope::Read)?;
    parameters::none(&uri)?;
    Ok(list_of(services.engine.caps().iter().map(CapReply::new)))
}
