//! `glassline events`: a page of what happened, or all of it.

use std::process::ExitCode;

use anyhow::Context as _;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::address;
use super::row::Printer;
use crate::api_client::{ApiClient, Ask};
use crate::command_line::List;

/// A page of a list.
#[derive(Debug, Deserialize)]
pub(super) struct Page {
    pub(super) data: Vec<Box<RawValue>>,
    /// The address of the next page.
    pub(super) next: Option<String>,
}

pub(super) async fn run(options: List) -> anyhow::Result<ExitCode> {
    let List { server, filter, start, end, after, before, limit, sort, all, sight, reveal, why } = options;
    let client = ApiClient::open(&server)?;
    let mut parameters = filter.parameters();
    let limit = limit.or(all.then_some(1000));
    let window = [
        ("start", start),
        ("end", end),
        ("after", after.map(|seq| seq.to_string())),
        ("before", before.map(|seq| seq.to_string())),
        ("limit", limit.map(|limit| limit.to_string())),
        ("sort", sort),
        ("reveal", reveal.then(|| "1".to_owned())),
        ("why", why),
    ];
    parameters.extend(window.into_iter().filter_map(|(name, value)| Some((name, value?))));
    parameters.extend(sight.parameters());
    let mut printer = Printer::new(sight.json);
    let mut page = page(&client, &address(&filter), &parameters).await?;
    loop {
        if let Err(error) = printer.print(&page.data) {
            return nobody_reads(error);
        }
        match page.next {
            Some(next) if all => page = self::page(&client, &next, &[]).await?,
            _ => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// One page of a list.
pub(super) async fn page(
    client: &ApiClient,
    path: &str,
    parameters: &[(&'static str, String)],
) -> anyhow::Result<Page> {
    let answer = client.ask(Ask::get(path).query(parameters)).await?;
    answer.good()?;
    serde_json::from_str(&answer.text).context("the server's answer is not a page of events")
}

/// A list that is cut short by `head` and the like has done its work.
pub(super) fn nobody_reads(error: anyhow::Error) -> anyhow::Result<ExitCode> {
    match error.downcast_ref::<std::io::Error>() {
        Some(fault) if fault.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Some(_) | None => Err(error),
    }
}
