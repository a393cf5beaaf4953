//! `glassline explain`: why each buyer did or did not get a lead.

use std::process::ExitCode;

use serde_json::Value;

use crate::api_client::{ApiClient, segment};
use crate::command_line::Explain;
use crate::commands::{member, print_list};
use crate::console::say;

pub(crate) async fn run(options: &Explain) -> anyhow::Result<ExitCode> {
    let client = ApiClient::open(&options.server)?;
    let reveal = options.reveal.then(|| ("reveal", "1".to_owned()));
    let why = options.why.clone().map(|why| ("why", why));
    let wanted: Vec<(&'static str, String)> = reveal.into_iter().chain(why).collect();
    let path = format!("/leads/{}/explain", segment(&options.lead_id));
    let explanation = client.get_where(&path, &wanted).await?;
    if options.json {
        say(&explanation.to_string());
        return Ok(ExitCode::SUCCESS);
    }
    let recipients: &[Value] = explanation["recipients"].as_array().map_or(&[], Vec::as_slice);
    let columns = [
        ("STEP", 0),
        ("BUYER", 0),
        ("STATUS", 0),
        ("MAY HAVE IT", 0),
        ("BID", 0),
        ("PRICE", 0),
        ("ATTEMPTS", 0),
        ("REASON", 0),
    ];
    print_list(false, recipients, columns, |recipient| {
        ["step_id", "entity_id", "status", "may_have_lead", "bid", "price", "attempts", "reason"]
            .map(|key| member(recipient, key))
    });
    Ok(ExitCode::SUCCESS)
}
