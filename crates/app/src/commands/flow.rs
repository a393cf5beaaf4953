//! `glassline flow`: checks and publishes flow files.

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use reqwest::Method;
use wire::flow_file::FlowFile;

use crate::api_client::ApiClient;
use crate::command_line::Target;
use crate::commands::serve::SYSTEM;
use crate::console::say;
use crate::installation::{DEFAULT_NAME, Installation, data_directory};
use crate::settings::Settings;

fn read(path: &Path) -> anyhow::Result<(String, FlowFile)> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file =
        FlowFile::read(&text).map_err(|error| anyhow!("{} cannot be used\n{error}", path.display()))?;
    Ok((text, file))
}

pub(crate) fn check(path: &Path) -> anyhow::Result<ExitCode> {
    let (_, FlowFile { flow, .. }) = read(path)?;
    say(&format!(
        "{}: {} ({} fields, {} sources, {} steps) is good to publish",
        flow.id(),
        flow.name(),
        flow.fields().iter().len(),
        flow.sources().len(),
        flow.steps().len()
    ));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn publish(path: &Path, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (text, file) = read(path)?;
    let id = file.flow.id().clone();
    let (version, changed) = match target.url {
        Some(url) => {
            let reply = ApiClient::new(&url, target.key)?.send(Method::POST, "/flows", text).await?;
            (reply["version"].to_string(), reply["changed"] == true)
        }
        None => {
            let installation = Installation::open(&data_directory(target.data, settings)?, DEFAULT_NAME)?;
            let published = installation.services.control.publish_flow(SYSTEM, &file).await?;
            installation.close().await?;
            (published.flow.version.to_string(), published.changed)
        }
    };
    say(&match changed {
        true => format!("Published version {version} of {id}"),
        false => format!("Version {version} of {id} is this very file; nothing changed"),
    });
    Ok(ExitCode::SUCCESS)
}
