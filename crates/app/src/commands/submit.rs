//! `glassline submit`: sends a lead to a running server, as a source does.

use std::process::ExitCode;

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::api_client::{ApiClient, Ask, segment};
use crate::command_line::Submit;
use crate::console::say;
use crate::input::read_input;

/// The flow refused the lead.
const REFUSED: u8 = 4;
/// The flow ended with a fault.
const FAULTY: u8 = 5;

pub(crate) async fn run(options: Submit) -> anyhow::Result<ExitCode> {
    let Submit { server, flow, source, parameters, json, idempotency_key, test } = options;
    let client = ApiClient::open(&server)?;
    let query = if test { "?is_test=1" } else { "" };
    let path = format!("/flows/{}/sources/{}/submit{query}", segment(&flow), segment(&source));
    let ask = Ask::post(path);
    let mut ask = match json {
        Some(file) => ask.body("application/json", read_input(&file)?),
        None => ask.form(&parameters),
    };
    if let Some(key) = idempotency_key {
        ask = ask.header("idempotency-key", key);
    }
    let answer = client.ask(ask).await?;
    // `strict` aside, an answer to a lead is 201; what is refused leaves no lead.
    answer.good()?;
    let text = answer.text.trim();
    let read: Value = serde_json::from_str(text).context("the server's answer is not JSON")?;
    say(text);
    match read["outcome"].as_str() {
        Some("success") => Ok(ExitCode::SUCCESS),
        Some("failure") => Ok(ExitCode::from(REFUSED)),
        Some("error") => Ok(ExitCode::from(FAULTY)),
        _ => bail!("the server's answer names no outcome"),
    }
}
