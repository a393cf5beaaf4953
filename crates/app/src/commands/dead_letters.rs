//! `glassline dead-letters`: deliveries that nobody tries any more, and sending them again.

use std::process::ExitCode;

use anyhow::bail;
use http::Method;
use serde_json::{Map, Value, json};

use crate::api_client::ApiClient;
use crate::command_line::{LetterFilter, RunningServer};
use crate::commands::{member, print_list};
use crate::console::{counted, say};

/// Some were not sent again.
const SOME_NOT_SENT: u8 = 1;

pub(crate) async fn list(
    filter: LetterFilter,
    json: bool,
    server: &RunningServer,
) -> anyhow::Result<ExitCode> {
    let letters = ApiClient::open(server)?.pages("/dead-letters", &filter.parameters()).await?;
    let columns = [
        ("EVENT", 0),
        ("TIME", 0),
        ("LEAD", 0),
        ("STEP", 0),
        ("BUYER", 0),
        ("MAY HAVE IT", 0),
        ("ATTEMPTS", 0),
        ("REASON", 0),
    ];
    print_list(json, &letters, columns, |letter| {
        ["event_id", "timestamp", "lead_id", "step_id", "entity_id", "may_have_lead", "attempts", "reason"]
            .map(|key| member(letter, key))
    });
    Ok(ExitCode::SUCCESS)
}

/// Which are sent again.
pub(crate) struct Chosen {
    pub(crate) ids: Vec<String>,
    pub(crate) filter: LetterFilter,
    pub(crate) all: bool,
    /// How many the filter takes; none asks.
    pub(crate) count: Option<usize>,
}

pub(crate) async fn resend(chosen: Chosen, json: bool, server: &RunningServer) -> anyhow::Result<ExitCode> {
    let client = ApiClient::open(server)?;
    let Chosen { ids, filter, all, count } = chosen;
    let filter: Map<String, Value> =
        filter.parameters().into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
    let (wanted, only_counts) = if !ids.is_empty() {
        (json!({ "event_ids": ids }), false)
    } else if filter.is_empty() && !all {
        bail!("say which: event ids, a filter such as --buyer, or --all");
    } else {
        (json!({ "filter": filter, "count": count }), count.is_none())
    };
    let path = if only_counts { "/dead-letters/resend?dry_run=1" } else { "/dead-letters/resend" };
    let answer = client.send(Method::POST, path, wanted.to_string()).await?;
    if json {
        say(&answer.to_string());
    } else if only_counts {
        let count = number(&answer, "count");
        let (letters, fit) = (counted(count, "dead letter"), if count == 1 { "fits" } else { "fit" });
        say(&format!("{letters} {fit}; nothing is sent. To send again what fits add --count {count}"));
    } else {
        let (resent, count) = (number(&answer, "resent"), number(&answer, "count"));
        let are = if resent == 1 { "is" } else { "are" };
        say(&format!("{resent} of {} {are} sent again", counted(count, "dead letter")));
        for letter in answer["not_resent"].as_array().into_iter().flatten() {
            let [lead, step, reason] = ["lead_id", "step_id", "reason"].map(|key| member(letter, key));
            say(&format!("{lead} {step} is not: {reason}"));
        }
    }
    let is_whole = answer["not_resent"].as_array().is_none_or(Vec::is_empty);
    Ok(if is_whole { ExitCode::SUCCESS } else { ExitCode::from(SOME_NOT_SENT) })
}

/// How many an answer says.
fn number(answer: &Value, key: &str) -> usize {
    answer[key].as_u64().and_then(|count| usize::try_from(count).ok()).unwrap_or_default()
}
