//! `glassline events`: what happened, as a list or while it happens.

mod list;
mod row;
mod tail;

use std::process::ExitCode;

use crate::api_client::segment;
use crate::command_line::{EventFilter, Events, EventsCommand};

pub(crate) async fn run(options: Events) -> anyhow::Result<ExitCode> {
    match options.command {
        Some(EventsCommand::Tail(options)) => tail::run(options).await,
        None => list::run(options.list).await,
    }
}

/// Where the events of a filter are listed: those of one lead are its timeline, oldest first.
fn address(filter: &EventFilter) -> String {
    match &filter.lead {
        Some(lead) => format!("/leads/{}/events", segment(lead)),
        None => "/events".to_owned(),
    }
}
