//! `glassline caps`: how caps and budgets stand in their periods.

use std::process::ExitCode;

use serde_json::Value;

use crate::api_client::ApiClient;
use crate::command_line::Caps;
use crate::commands::{member, print_list};

pub(crate) async fn list(options: &Caps) -> anyhow::Result<ExitCode> {
    let caps = ApiClient::open(&options.server)?.list("/caps").await?;
    let columns = [
        ("CAP", 0),
        ("COUNTS", 0),
        ("MAX", 0),
        ("USED", 0),
        ("RESERVED", 0),
        ("FULL", 0),
        ("REFUSED", 0),
        ("PER", 0),
        ("UNTIL", 0),
    ];
    print_list(options.json, &caps, columns, |cap| {
        let [id, counts, max, used, reserved, full, refused, end] =
            ["id", "counts", "max", "used", "reserved", "full", "refused", "period_end"]
                .map(|key| member(cap, key));
        [id, counts, max, used, reserved, full, refused, period(cap), end]
    });
    Ok(ExitCode::SUCCESS)
}

/// `day`, or `2 weeks`.
fn period(cap: &Value) -> String {
    let (every, per) = (cap["every"].as_u64().unwrap_or(1), member(cap, "per"));
    if every == 1 { per } else { format!("{every} {per}s") }
}
