//! The whole engine in a world of its own, drawn from a seed: clients that resend what was not
//! answered, services and buyers that are slow, lie and reset, operators who pause parties and publish
//! flows, and disks that fail, lose power and see their process killed at any call.
//!
//! [`Plan::draw`] draws a history, [`play`] lives it. All lives of one history share a [`World`], which
//! is what a crash cannot take away: the disks, the buyers' books, what clients were told. Time is
//! virtual (tokio's, paused), there is one thread, and everything random follows from the seed, so a
//! seed that fails fails again. `rules.rs` says what must hold; `docs/testing.md` tells it to people.

mod cap_rules;
mod clients;
mod clock;
mod duplicate_rules;
mod feedback_rules;
mod flow;
mod life;
mod parties;
mod ping_rules;
mod plan;
mod play;
mod rules;
mod world;

pub use plan::{
    Budgets, CheckpointPlan, Crash, DiskName, End, Extras, LeadPlan, LifePlan, PingPlan, Plan, Turn,
};
pub use play::{Failed, Played, Setting, play};
pub use world::World;
