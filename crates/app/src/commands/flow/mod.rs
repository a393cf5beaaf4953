//! `glassline flow`: checks, tests, publishes and lists flows.

mod check;
mod document;
mod test;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context as _, anyhow};
use domain::{Flow, Retention};
use engine::{ControlError, PublishedFlow};
use http::Method;
use serde_json::{Value, json};

use crate::api_client::segment;
use crate::command_line::{Reach, Target};
use crate::commands::serve::SYSTEM;
use crate::commands::{member, print_list};
use crate::console::{complain, say};
use crate::installation::{Place, change_directory};
use crate::settings::Settings;

use self::document::{Addresses, FlowDocument};

pub(crate) use self::check::check;
pub(crate) use self::test::{Choice, test};

pub(crate) fn schema() -> anyhow::Result<ExitCode> {
    say(&serde_json::to_string_pretty(&wire::flow_file::schema())?);
    Ok(ExitCode::SUCCESS)
}

/// Says that what a flow says of retention has no effect yet, so that nobody relies on it.
fn warn_of_retention(flow: &Flow) {
    if flow.retention() != Retention::default() {
        complain(&format!(
            "warning: the retention of {} is on record with it; nothing is deleted by it yet",
            flow.id()
        ));
    }
}

pub(crate) async fn publish(
    path: &Path,
    target: Target,
    reach: Reach,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let document = FlowDocument::open(path)?;
    let shown = path;
    let read = async || {
        let read = document.read(reach.allow_hosts(settings), Addresses::AsWritten).await?;
        read.map_err(|error| anyhow!("{} cannot be used\n{error}", shown.display()))
    };
    let (id, version, changed) = match Place::of(target, settings)? {
        Place::Server(client) => {
            // What is wrong is told here, with its lines, unless only the server can fetch what is missing.
            if !document.names_the_web {
                read().await?;
            }
            let reply = client.send(Method::POST, "/flows", document.to_send()?).await?;
            (member(&reply, "id"), reply["version"].to_string(), reply["changed"] == true)
        }
        Place::Directory(path) => {
            let file = match document.read(reach.allow_hosts(settings), Addresses::MayBeAsked).await? {
                Ok(file) => file,
                Err(error) => {
                    let file = read().await?;
                    // Whoever serves the directory says which hosts may be asked.
                    complain(&format!(
                        "warning: leads do not get there unless who serves it allows it\n{error}"
                    ));
                    file
                }
            };
            let published = change_directory(&path, async |services| {
                let published = services.control.publish_flow(SYSTEM, &file).await;
                published.map_err(|error| match error {
                    ControlError::MissingSecrets(error) => {
                        anyhow!("{} cannot be used\n{error}", shown.display())
                    }
                    other => other.into(),
                })
            })
            .await?;
            (file.flow.id().to_string(), published.flow.version.to_string(), published.changed)
        }
    };
    say(&match changed {
        true => format!("Published version {version} of {id}"),
        false => format!("Version {version} of {id} is this very file; nothing changed"),
    });
    if let Ok(file) = document.read_to_test() {
        warn_of_retention(&file.flow);
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn list(json: bool, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    let flows = match Place::of(target, settings)? {
        Place::Server(client) => client.list("/flows").await?,
        Place::Directory(path) => {
            change_directory(&path, async |services| Ok(server::list_flows(&services.control))).await?
        }
    };
    let columns =
        [("ID", 0), ("NAME", 0), ("VERSION", 0), ("ENABLED", 0), ("DRAFT", 0), ("PUBLISHED", 0), ("BY", 0)];
    let keys = ["id", "name", "version", "enabled", "draft", "published_at", "published_by"];
    print_list(json, &flows, columns, |flow| keys.map(|key| member(flow, key)));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn versions(
    id: &str,
    json: bool,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let versions = match Place::of(target, settings)? {
        Place::Server(client) => {
            let path = format!("/flows/{}/versions", segment(id));
            client.list(&path).await?
        }
        Place::Directory(path) => {
            let flow_id = id.parse()?;
            let as_json = |published: &PublishedFlow| {
                json!({
                    "version": published.version.0,
                    "published_at": published.published_at.to_string(),
                    "published_by": &*published.published_by,
                })
            };
            let versions: Vec<Value> = change_directory(&path, async |services| {
                let versions = services.control.flow_versions(&flow_id);
                Ok(versions.iter().rev().map(|published| as_json(published)).collect())
            })
            .await?;
            Some(versions)
                .filter(|versions| !versions.is_empty())
                .with_context(|| format!("there is no flow {id}"))?
        }
    };
    let columns = [("VERSION", 0), ("PUBLISHED", 0), ("BY", 0)];
    print_list(json, &versions, columns, |version| {
        ["version", "published_at", "published_by"].map(|key| member(version, key))
    });
    Ok(ExitCode::SUCCESS)
}
