//! `glassline entity`: who sends leads, buys them or adds to them, and who is paused.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::EntityId;
use engine::{Control, Entity};
use http::Method;
use serde_json::{Value, json};

use crate::api_client::segment;
use crate::command_line::Target;
use crate::commands::serve::SYSTEM;
use crate::commands::{member, print_list};
use crate::console::say;
use crate::installation::{Place, change_directory};
use crate::settings::Settings;

pub(crate) async fn list(json: bool, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    let parties = match Place::of(target, settings)? {
        Place::Server(client) => client.list("/entities").await?,
        Place::Directory(path) => {
            change_directory(&path, async |services| {
                let control = &services.control;
                Ok(control.entities().iter().map(|entity| as_json(entity, control)).collect())
            })
            .await?
        }
    };
    let columns = [("ID", 0), ("KIND", 7), ("NAME", 0), ("PAUSED", 0), ("FLOWS", 0)];
    print_list(json, &parties, columns, |party| {
        ["id", "kind", "name", "paused", "flows"].map(|key| member(party, key))
    });
    Ok(ExitCode::SUCCESS)
}

/// As the API shows it.
fn as_json(entity: &Entity, control: &Control) -> Value {
    let flows: BTreeSet<String> = control
        .flows()
        .iter()
        .filter(|published| {
            let flow = &published.flow;
            let sources = flow.sources().iter().map(|source| EntityId::from(source.id.clone()));
            let others = flow.steps().iter().filter_map(|step| step.entity_id().cloned());
            sources.chain(others).any(|id| id == entity.id)
        })
        .map(|published| published.flow.id().to_string())
        .collect();
    let settings: Value = serde_json::from_str(&entity.settings_document).unwrap_or_default();
    json!({
        "id": entity.id.to_string(),
        "kind": entity.kind.as_str(),
        "name": &*entity.name,
        "paused": entity.paused,
        "flows": flows,
        "limits": settings.get("limits"),
    })
}

/// Whether a party takes part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Paused,
    Resumed,
}

pub(crate) async fn set(
    id: &str,
    part: Part,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    match Place::of(target, settings)? {
        Place::Server(client) => {
            let verb = match part {
                Part::Paused => "pause",
                Part::Resumed => "resume",
            };
            let path = format!("/entities/{}/{verb}", segment(id));
            client.send(Method::POST, &path, String::new()).await?;
        }
        Place::Directory(path) => {
            let entity_id: EntityId = id.parse()?;
            change_directory(&path, async |services| {
                let changed = match part {
                    Part::Paused => services.control.pause_entity(SYSTEM, &entity_id).await?,
                    Part::Resumed => services.control.resume_entity(SYSTEM, &entity_id).await?,
                };
                changed.map(|_| ()).with_context(|| format!("there is no party {id}"))
            })
            .await?;
        }
    }
    say(&match part {
        Part::Paused => format!("{id} is paused"),
        Part::Resumed => format!("{id} takes part"),
    });
    Ok(ExitCode::SUCCESS)
}
