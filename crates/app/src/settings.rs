//! `glassline.toml`: what is used where neither a flag nor the environment says otherwise.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The file that is read when it exists and no other is named.
const FILE: &str = "glassline.toml";

/// What the file may say.
#[derive(Debug, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// The data directory.
    pub(crate) data: Option<PathBuf>,
    /// The address to listen on.
    pub(crate) listen: Option<SocketAddr>,
    /// The name of the installation.
    pub(crate) name: Option<String>,
    /// Services and buyers that may be asked though their address is not public.
    #[serde(default)]
    pub(crate) allow_hosts: Vec<String>,
    /// Proxies, by address or range, whose `X-Forwarded-For` counts.
    #[serde(default)]
    pub(crate) trusted_proxies: Vec<String>,
    /// The mail server for what steps write.
    pub(crate) smtp_url: Option<String>,
    /// Who writes where a step does not say it.
    pub(crate) mail_from: Option<String>,
    /// What is logged: `info`, `debug`, `ledger=debug,info`.
    pub(crate) log: Option<String>,
}

impl Settings {
    /// Reads the named file, or `glassline.toml` here if there is one.
    pub(crate) fn read(named: Option<&Path>) -> anyhow::Result<Settings> {
        let path = named.unwrap_or(Path::new(FILE));
        match std::fs::read_to_string(path) {
            Ok(text) => toml::from_str(&text).with_context(|| format!("cannot use {}", path.display())),
            Err(error) if error.kind() == ErrorKind::NotFound && named.is_none() => Ok(Settings::default()),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }
}
