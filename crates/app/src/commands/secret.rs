//! `glassline secret`: words that other parties know the installation by. No value is ever printed, and
//! none is an argument, which other people on the machine could see.

use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, bail};
use domain::{SecretName, SecretValue};
use http::Method;
use serde_json::json;

use crate::api_client::segment;
use crate::command_line::Target;
use crate::commands::serve::SYSTEM;
use crate::commands::{member, print_list};
use crate::console::say;
use crate::input::read_input;
use crate::installation::{Place, change_directory};
use crate::settings::Settings;

pub(crate) async fn set(
    name: &str,
    file: Option<PathBuf>,
    target: Target,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let secret: SecretName = name.parse()?;
    let value = read_value(file.as_deref(), name)?;
    let version = match Place::of(target, settings)? {
        Place::Server(client) => {
            let body = json!({ "value": &**value.expose() }).to_string();
            let reply = client.send(Method::PUT, &format!("/secrets/{}", segment(name)), body).await?;
            member(&reply, "version")
        }
        Place::Directory(path) => {
            change_directory(&path, async |services| {
                let set = services.control.set_secret(SYSTEM, &secret, value).await?;
                Ok(set.version.to_string())
            })
            .await?
        }
    };
    say(&match version.as_str() {
        "1" => format!("The secret {name} is set"),
        version => format!("The secret {name} has a new value, version {version}"),
    });
    Ok(ExitCode::SUCCESS)
}

/// One line from a file or standard input, without the end of the line.
fn read_value(file: Option<&Path>, name: &str) -> anyhow::Result<SecretValue> {
    if file.is_none() && std::io::stdin().is_terminal() {
        bail!(
            "give the value on standard input, glassline secret set {name} < FILE, or with --file FILE; typed here \
             it would stay on the screen"
        );
    }
    let text = read_input(file.unwrap_or(Path::new("-")))?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    line.parse().context("the value cannot be used")
}

pub(crate) async fn list(json: bool, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    let secrets = match Place::of(target, settings)? {
        Place::Server(client) => client.list("/secrets").await?,
        Place::Directory(path) => {
            change_directory(&path, async |services| Ok(server::list_secrets(&services.control))).await?
        }
    };
    let columns = [("NAME", 0), ("VERSION", 0), ("SET", 0), ("BY", 0), ("FLOWS", 0)];
    let keys = ["name", "version", "set_at", "set_by", "flows"];
    print_list(json, &secrets, columns, |secret| keys.map(|key| member(secret, key)));
    Ok(ExitCode::SUCCESS)
}

pub(crate) async fn remove(name: &str, target: Target, settings: &Settings) -> anyhow::Result<ExitCode> {
    match Place::of(target, settings)? {
        Place::Server(client) => {
            let path = format!("/secrets/{}", segment(name));
            client.send(Method::DELETE, &path, String::new()).await?;
        }
        Place::Directory(path) => {
            let secret: SecretName = name.parse()?;
            let known = change_directory(&path, async |services| {
                Ok(services.control.remove_secret(SYSTEM, &secret).await?)
            })
            .await?;
            if !known {
                bail!("there is no secret {name}");
            }
        }
    }
    say(&format!("The secret {name} is removed; steps that name it are skipped"));
    Ok(ExitCode::SUCCESS)
}
