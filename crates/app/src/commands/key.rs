//! `glassline key`: makes keys, lists them and takes them back.

use std::collections::BTreeSet;
use std::process::ExitCode;

use anyhow::bail;
use domain::Scope;
use http::Method;
use serde_json::json;

use crate::api_client::segment;
use crate::command_line::Target;
use crate::commands::serve::SYSTEM;
use crate::commands::{member, print_list};
use crate::console::{complain, say};
use crate::installation::{Place, change_directory};
use crate::settings::Settings;

pub(crate) async fn create(
    scopes: Vec<String>,
    label: &str,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let read: Vec<Scope> = scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>()?;
    let (name, secret, known) = match Place::of(target, settings)? {
        Place::Server(client) => {
            let body = json!({ "label": label, "scopes": scopes }).to_string();
            let reply = client.send(Method::POST, "/keys", body).await?;
            // Who makes keys may see parties; a server that does not tell is no reason to fail now.
            let parties = client.list("/entities").await.ok();
            let known = parties.map(|parties| parties.iter().map(|party| member(party, "id")).collect());
            (member(&reply, "name"), member(&reply, "secret"), known)
        }
        Place::Directory(path) => {
            let (made, known) = change_directory(&path, async |services| {
                let control = &services.control;
                let made = control.create_key(SYSTEM, label, read.clone()).await?;
                Ok((made, control.entities().iter().map(|entity| entity.id.to_string()).collect()))
            })
            .await?;
            (made.name.to_string(), made.secret, Some(known))
        }
    };
    say(&format!("Name: {name}\nKey, shown this once: {secret}"));
    if let Some(known) = known {
        unknown_parties(&read, &known).iter().for_each(|line| complain(line));
    }
    Ok(ExitCode::SUCCESS)
}

/// A warning for each party that a scope names and nobody knows.
fn unknown_parties(scopes: &[Scope], known: &BTreeSet<String>) -> Vec<String> {
    let party = |scope: &Scope| match scope {
        Scope::Submit(source) | Scope::Ping(source) => Some(("source", source.to_string())),
        Scope::Feedback(entity) => Some(("party", entity.to_string())),
        Scope::Read
        | Scope::PiiRead
        | Scope::Export
        | Scope::FlowsWrite
        | Scope::EntitiesWrite
        | Scope::PrivacyErase
        | Scope::AuditRead
        | Scope::Admin => None,
    };
    let named: BTreeSet<_> = scopes.iter().filter_map(party).collect();
    let unknown = named.into_iter().filter(|(_, id)| !known.contains(id));
    unknown.map(|(kind, id)| format!("warning: no {kind} {id} is known yet")).collect()
}

pub(crate) async fn revoke(name: &str, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    match Place::of(target, settings)? {
        Place::Server(client) => {
            let path = format!("/keys/{}", segment(name));
            client.send(Method::DELETE, &path, String::new()).await?;
        }
        Place::Directory(path) => {
            let known = change_directory(&path, async |services| {
                Ok(services.control.revoke_key(SYSTEM, name).await?)
            })
            .await?;
            if !known {
                bail!("there is no key {name}");
            }
        }
    }
    say(&format!("{name} is revoked"));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn list(json: bool, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    let keys = match Place::of(target, settings)? {
        Place::Server(client) => client.list("/keys").await?,
        Place::Directory(path) => {
            change_directory(&path, async |services| {
                let keys = services.control.keys();
                let mut keys: Vec<_> = keys
                    .iter()
                    .map(|key| {
                        let scopes: Vec<String> = key.scopes.iter().map(ToString::to_string).collect();
                        json!({ "name": &*key.name, "label": &*key.label, "scopes": scopes })
                    })
                    .collect();
                keys.sort_by_key(|key| member(key, "name"));
                Ok(keys)
            })
            .await?
        }
    };
    let columns = [("NAME", 0), ("LABEL", 0), ("SCOPES", 0)];
    print_list(json, &keys, columns, |key| ["name", "label", "scopes"].map(|own| member(key, own)));
    Ok(ExitCode::SUCCESS)
}
