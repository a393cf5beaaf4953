//! `glassline key`: makes keys, lists them and takes them back.

use std::process::ExitCode;

use anyhow::bail;
use domain::Scope;
use http::Method;
use serde_json::json;

use crate::api_client::{ApiClient, segment};
use crate::command_line::Target;
use crate::commands::serve::SYSTEM;
use crate::commands::{member, print_list};
use crate::console::say;
use crate::installation::change_directory;
use crate::settings::Settings;

pub(crate) async fn create(
    scopes: Vec<String>,
    label: &str,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let read: Vec<Scope> = scopes.iter().map(|scope| scope.parse()).collect::<Result<_, _>>()?;
    let (name, secret) = match target.url {
        Some(url) => {
            let body = json!({ "label": label, "scopes": scopes }).to_string();
            let reply = ApiClient::new(&url, target.key)?.send(Method::POST, "/keys", body).await?;
            (member(&reply, "name"), member(&reply, "secret"))
        }
        None => {
            let made = change_directory(target.data, settings, async |services| {
                Ok(services.control.create_key(SYSTEM, label, read).await?)
            })
            .await?;
            (made.name.to_string(), made.secret)
        }
    };
    say(&format!("Name: {name}\nKey, shown this once: {secret}"));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn revoke(name: &str, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    match target.url {
        Some(url) => {
            let path = format!("/keys/{}", segment(name));
            ApiClient::new(&url, target.key)?.send(Method::DELETE, &path, String::new()).await?;
        }
        None => {
            let known = change_directory(target.data, settings, async |services| {
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
    let keys = match target.url {
        Some(url) => ApiClient::new(&url, target.key)?.list("/keys").await?,
        None => {
            change_directory(target.data, settings, async |services| {
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
