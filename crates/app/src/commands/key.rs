//! `glassline key`: makes keys and takes them back.

use std::process::ExitCode;

use anyhow::bail;
use domain::Scope;
use reqwest::Method;
use serde_json::json;

use crate::api_client::ApiClient;
use crate::command_line::Target;
use crate::commands::serve::SYSTEM;
use crate::console::say;
use crate::installation::{DEFAULT_NAME, Installation, data_directory};
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
            let text = |key: &str| reply[key].as_str().unwrap_or_default().to_owned();
            (text("name"), text("secret"))
        }
        None => {
            let installation = Installation::open(&data_directory(target.data, settings)?, DEFAULT_NAME)?;
            let made = installation.services.control.create_key(SYSTEM, label, read).await?;
            installation.close().await?;
            (made.name.to_string(), made.secret)
        }
    };
    say(&format!("Name: {name}\nKey, shown this once: {secret}"));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn revoke(name: &str, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    match target.url {
        Some(url) => {
            let path = format!("/keys/{name}");
            ApiClient::new(&url, target.key)?.send(Method::DELETE, &path, String::new()).await?;
        }
        None => {
            let installation = Installation::open(&data_directory(target.data, settings)?, DEFAULT_NAME)?;
            let known = installation.services.control.revoke_key(SYSTEM, name).await?;
            installation.close().await?;
            if !known {
                bail!("there is no key {name}");
            }
        }
    }
    say(&format!("{name} is revoked"));
    Ok(ExitCode::SUCCESS)
}
