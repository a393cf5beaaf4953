//! `glassline list`: suppression lists. What is on one is never shown.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context as _, bail};
use domain::{ListItem, ListName};
use engine::List;
use http::Method;
use serde_json::{Value, json};
use wire::flow_file::{read_duration, write_duration};

use crate::api_client::{ApiClient, segment};
use crate::command_line::Target;
use crate::commands::serve::SYSTEM;
use crate::commands::{member, print_list};
use crate::console::{complain, counted, say};
use crate::input::read_input;
use crate::installation::{Place, change_directory};
use crate::settings::Settings;

/// Values sent at a time: so that no request is too large, and progress is told.
const VALUES_AT_A_TIME: usize = 50_000;
/// Lines that are told apart when they cannot be used; all are counted.
const PROBLEMS_SHOWN_MAX: usize = 20;
/// `check` found nothing.
const NOT_FOUND: u8 = 3;

pub(crate) async fn show(json: bool, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    let lists = match Place::of(target, settings)? {
        Place::Server(client) => client.list("/lists").await?,
        Place::Directory(path) => {
            change_directory(&path, async |services| {
                Ok(services.control.lists().iter().map(as_json).collect())
            })
            .await?
        }
    };
    let columns = [("NAME", 0), ("ITEMS", 0), ("TTL", 0), ("CREATED", 0)];
    print_list(json, &lists, columns, |list| {
        ["name", "items", "ttl", "created_at"].map(|key| member(list, key))
    });
    Ok(ExitCode::SUCCESS)
}

/// As the API shows it.
fn as_json(list: &List) -> Value {
    json!({
        "name": list.name.as_str(),
        "created_at": list.created_at.to_string(),
        "ttl": list.ttl_ms.map(|ms| write_duration(Duration::from_millis(ms))),
        "items": list.items,
    })
}

pub(crate) async fn create(
    name: &str,
    ttl: Option<String>,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    match Place::of(target, settings)? {
        Place::Server(client) => {
            client.send(Method::PUT, &path(name, ""), json!({ "ttl": ttl }).to_string()).await?;
        }
        Place::Directory(directory) => {
            let (name, ttl) = (name.parse::<ListName>()?, ttl.as_deref().map(read_duration).transpose()?);
            if ttl.is_some_and(|ttl| ttl.as_secs() < 60) {
                bail!("a list keeps what is on it for a minute at least");
            }
            let ttl_ms = ttl.map(|ttl| u64::try_from(ttl.as_millis())).transpose()?;
            change_directory(&directory, async |services| {
                services.control.put_list(SYSTEM, &name, ttl_ms).await?;
                Ok(())
            })
            .await?;
        }
    }
    say(&format!("{name} is there"));
    Ok(ExitCode::SUCCESS)
}

/// What is done with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Add,
    Remove,
}

/// Values of a file, one a line.
pub(crate) async fn import(
    name: &str,
    file: &Path,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let text = read_input(file)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let lines = (1..).zip(text.lines()).filter(|(_, line)| !line.trim().is_empty());
    let values: Vec<(usize, String)> = lines.map(|(line, text)| (line, first_column(text))).collect();
    change(name, Change::Add, values, target, settings).await
}

pub(crate) async fn values(
    name: &str,
    what: Change,
    values: Vec<String>,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    change(name, what, (1..).zip(values).collect(), target, settings).await
}

async fn change(
    name: &str,
    what: Change,
    values: Vec<(usize, String)>,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let mut good = Vec::new();
    let mut wrong = 0;
    for (line, value) in &values {
        match ListItem::read(value) {
            Ok(item) => good.push((value.as_str(), item)),
            Err(error) => {
                wrong += 1;
                if wrong <= PROBLEMS_SHOWN_MAX {
                    complain(&format!("line {line}: {error}"));
                }
            }
        }
    }
    let mut items = Value::Null;
    match Place::of(target, settings)? {
        Place::Server(client) => {
            for (part, values) in good.chunks(VALUES_AT_A_TIME).enumerate() {
                let method = if what == Change::Add { Method::POST } else { Method::DELETE };
                let values: Vec<&str> = values.iter().map(|(value, _)| *value).collect();
                let body = json!({ "values": values }).to_string();
                items = client.send(method, &path(name, "/items"), body).await?["items"].take();
                tell_progress(part, good.len());
            }
        }
        Place::Directory(directory) => {
            let list: ListName = name.parse()?;
            change_directory(&directory, async |services| {
                let control = &services.control;
                for (part, values) in good.chunks(VALUES_AT_A_TIME).enumerate() {
                    let values = values.iter().map(|(_, item)| item.clone()).collect();
                    let list = match what {
                        Change::Add => control.add_to_list(SYSTEM, &list, values).await?,
                        Change::Remove => control.remove_from_list(SYSTEM, &list, values).await?,
                    };
                    items = list.with_context(|| missing(name))?.items.into();
                    tell_progress(part, good.len());
                }
                Ok(())
            })
            .await?;
        }
    }
    let done = if what == Change::Add { "on" } else { "off" };
    let verb = if good.len() == 1 { "is" } else { "are" };
    let values = counted(good.len(), "value");
    say(&format!("{values} {verb} {done} {name}, {wrong} cannot be used; it has {items}"));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn tell_progress(part: usize, all: usize) {
    let done = (part + 1) * VALUES_AT_A_TIME;
    if done < all {
        complain(&format!("{done} of {all}"));
    }
}

pub(crate) async fn check(
    name: &str,
    value: &str,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let item = ListItem::read(value)?;
    let added_at = match Place::of(target, settings)? {
        Place::Server(client) => {
            let body = json!({ "value": value }).to_string();
            let found = client.send(Method::POST, &path(name, "/check"), body).await?;
            found["added_at"].as_str().map(str::to_owned)
        }
        Place::Directory(directory) => {
            let list: ListName = name.parse()?;
            change_directory(&directory, async |services| {
                services.control.list(&list).with_context(|| missing(name))?;
                Ok(services.control.find_on_list(&list, &item).map(|at| at.to_string()))
            })
            .await?
        }
    };
    match added_at {
        Some(at) => {
            say(&format!("it is on {name} since {at}"));
            Ok(ExitCode::SUCCESS)
        }
        None => {
            say(&format!("it is not on {name}"));
            Ok(ExitCode::from(NOT_FOUND))
        }
    }
}

pub(crate) async fn delete(name: &str, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    match Place::of(target, settings)? {
        Place::Server(client) => {
            ask_delete(&client, name).await?;
        }
        Place::Directory(directory) => {
            let list: ListName = name.parse()?;
            change_directory(&directory, async |services| {
                if services.control.delete_list(SYSTEM, &list).await? { Ok(()) } else { bail!(missing(name)) }
            })
            .await?;
        }
    }
    say(&format!("{name} is gone"));
    Ok(ExitCode::SUCCESS)
}

async fn ask_delete(client: &ApiClient, name: &str) -> anyhow::Result<()> {
    client.send(Method::DELETE, &path(name, ""), String::new()).await?;
    Ok(())
}

fn missing(name: &str) -> String {
    format!("there is no list {name}; make it with glassline list create {name}")
}

fn path(name: &str, below: &str) -> String {
    format!("/lists/{}{below}", segment(name))
}

/// The first column of a line of CSV (RFC 4180).
fn first_column(line: &str) -> String {
    let line = line.trim_start();
    match line.strip_prefix('"') {
        None => line.split([',', ';', '\t']).next().unwrap_or_default().to_owned(),
        Some(quoted) => {
            let quoted = quoted.replace("\"\"", "\u{0}");
            quoted.split('"').next().unwrap_or_default().replace('\u{0}', "\"")
        }
    }
}
