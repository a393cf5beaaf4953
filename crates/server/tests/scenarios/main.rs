//! Whole stories of leads, each asserted as the chain of all its events: what a source sends goes through the router and
//! the engine, and every event that is recorded of the lead is a line.
//!
//! [`moments`] goes through the table "What each moment leaves" in `docs/flow-reference.md`, a test for each row.
//! [`pinned`] holds fourteen rules that users of other products rely on; [`interrupted`] is the one among them that ends
//! the process at any point. [`chain`] tells a chain as text.

#![expect(clippy::unwrap_used, reason = "helpers of tests")]

mod chain;
mod interrupted;
mod moments;
mod pinned;
#[path = "../support/mod.rs"]
mod support;

use std::sync::Arc;
use std::time::Duration;

use axum::http::StatusCode;
use testkit::FakeClock;

use crate::support::{Installation, Reply};

const DAY: Duration = Duration::from_secs(24 * 3600);

fn clock(at: &str) -> Arc<FakeClock> {
    Arc::new(FakeClock::at(at.parse().unwrap()))
}

/// Where the clock of most tests stands: a Monday.
fn monday() -> Arc<FakeClock> {
    clock("2024-01-15T14:30:00Z")
}

/// Submits JSON as `src_web` to `flow_roofs`, whatever is answered.
async fn post(house: &Installation, json: &str) -> Reply {
    let head = "POST /flows/flow_roofs/sources/src_web/submit\ncontent-type: application/json";
    house.raw(&format!("{head}\n\n{json}")).await
}

/// A buyer's report of a lead, which is taken in: the answer has the status 201.
async fn report(house: &Installation, lead_id: &str, buyer: &str, json: &str) -> Reply {
    let target = format!("/feedback?lead_id={lead_id}&entity_id={buyer}");
    let reply = house.raw(&format!("POST {target}\ncontent-type: application/json\n\n{json}")).await;
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    reply
}

/// The id of the lead that an answer tells of.
fn lead_of(reply: &Reply) -> String {
    assert_eq!(reply.status, StatusCode::CREATED, "{}", reply.text);
    reply.json()["lead"]["id"].as_str().unwrap().to_owned()
}

/// Moves time to each retry that waits and runs it, until none is left.
async fn retry_all(house: &Installation, clock: &FakeClock) {
    while let Some(due) = house.services.engine.next_due() {
        clock.advance_to(due);
        house.services.engine.run_due().await;
    }
}
