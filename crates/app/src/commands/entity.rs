//! `glassline entity`: who sends leads, buys them or adds to them, who is paused, and who is capped.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::EntityId;
use engine::{Control, Entity};
use http::Method;
use serde_json::{Value, json};
use wire::flow_file::EntityFile;

use crate::api_client::segment;
use crate::command_line::{Cap, Target};
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
            let others = flow.all_steps().filter_map(|step| step.entity_id().cloned());
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
        "limits": settings["limits"],
        "circuit": settings["circuit"],
        // Of a server that runs, not of a directory.
        "circuit_state": null,
        "time_zone": entity.settings.time_zone.as_ref().map(ToString::to_string),
        "hours": settings["hours"],
        "caps": settings["caps"].as_array().cloned().unwrap_or_default(),
    })
}

/// The period of a cap that is new and does not say it.
const DEFAULT_PERIOD: &str = "day";

/// Caps what a party sends or takes in all flows, or takes a cap away.
pub(crate) async fn cap(id: &str, cap: Cap, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    let (name, removed) = (cap_name(&cap), cap.remove);
    match Place::of(target, settings)? {
        Place::Server(client) => {
            let path = format!("/entities/{}", segment(id));
            let mut party = client.get(&path).await?;
            change_caps(&mut party["caps"], &cap)?;
            // What is not named stays.
            let wanted = json!({ "caps": party["caps"] });
            client.send(Method::PUT, &path, wanted.to_string()).await?;
        }
        Place::Directory(path) => {
            let entity_id: EntityId = id.parse()?;
            change_directory(&path, async |services| {
                let missing = || format!("there is no party {id}");
                let entity = services.control.entity(&entity_id).with_context(missing)?;
                let mut wanted: Value = serde_json::from_str(&entity.settings_document)?;
                change_caps(&mut wanted["caps"], &cap)?;
                let file = EntityFile::read(&entity_id, &wanted.to_string())?;
                services.control.change_entity(SYSTEM, &entity_id, None, Some(file)).await?;
                Ok(())
            })
            .await?;
        }
    }
    say(&if removed { format!("{id} has no {name:?}") } else { format!("{id} has the cap {name:?}") });
    Ok(ExitCode::SUCCESS)
}

/// What the cap is called, unless it is said: after its period.
fn cap_name(cap: &Cap) -> String {
    let of_period = || match cap.per.as_deref().unwrap_or(DEFAULT_PERIOD) {
        "minute" => "Cap a minute",
        "hour" => "Hourly cap",
        "week" => "Weekly cap",
        "month" => "Monthly cap",
        _ => "Daily cap",
    };
    cap.name.clone().unwrap_or_else(|| of_period().to_owned())
}

/// Puts a cap among others, changes what is said of the one of its name, or takes that away.
fn change_caps(caps: &mut Value, cap: &Cap) -> anyhow::Result<()> {
    if !caps.is_array() {
        *caps = json!([]);
    }
    let list = caps.as_array_mut().context("caps are a list")?;
    let name = cap_name(cap);
    let place = list.iter().position(|own| own["name"] == *name);
    if cap.remove {
        list.remove(place.with_context(|| format!("there is no cap {name:?}"))?);
        return Ok(());
    }
    let place = place.unwrap_or_else(|| {
        list.push(json!({ "name": name, "per": DEFAULT_PERIOD }));
        list.len() - 1
    });
    let own = list[place].as_object_mut().context("a cap has keys")?;
    // It counts leads or money, not both.
    own.retain(|key, _| key != "max_leads" && key != "max_spend");
    let members = [
        ("max_leads", cap.max_leads.map(Value::from)),
        ("max_spend", cap.max_spend.clone().map(Value::from)),
        ("per", cap.per.clone().map(Value::from)),
        ("every", cap.every.map(Value::from)),
        ("time_zone", cap.time_zone.clone().map(Value::from)),
    ];
    own.extend(members.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?))));
    Ok(())
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
