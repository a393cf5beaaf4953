//! Seeded histories: a log is used, killed and robbed of power, and held against a model.
//!
//! A [`History`] is plain data drawn from a seed, with a text form that can be read, cut down and
//! run again. [`run`] plays it to a [`Subject`], which is the log behind a few calls, on a
//! [`SimDisk`](crate::SimDisk). The rules it holds the log to:
//!
//! - What was acknowledged is there after any end of the process or the machine, and so is all that
//!   a reader has seen. Records keep their place and their content.
//! - Places are gapless, over the log and in each chain; no record is there twice or unasked for.
//! - Of a group all records are there, in a row, or none; what a start did not show never comes back.
//! - The log starts after whatever a real disk may do, and fails only when the disk failed.
//! - A key serves one chain, and under it no nonce is used for two texts, lost writes included.
//! - What lies on the disk passes the log's own check, before and after every start.
//!
//! When a history fails, [`shrink`] cuts it down to the few steps that matter.

mod generate;
mod history;
mod model;
mod run;
mod shrink;
mod subject;

pub use history::{Group, History, Step};
pub use model::Broken;
pub use run::{Failed, Played, run};
pub use shrink::shrink;
pub use subject::{GroupId, Handed, Inspection, Running, Sealed, Seen, SeenRecord, Subject};
