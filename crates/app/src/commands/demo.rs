//! `glassline demo`: an installation of its own with a sample flow, and lines to paste.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::Scope;
use engine::Control;
use wire::flow_file::FlowFile;

use crate::command_line::Demo;
use crate::commands::serve::{SYSTEM, bind, serve};
use crate::console::say;
use crate::installation::Installation;

const FLOW: &str = include_str!("../../demo/flow_roofs.yaml");
/// A person who does not exist.
const LEAD: &str = r#"{"first_name":"Joan","last_name":"Example","email":"joan@example.com","phone_1":"512-555-0142","state":"TX","product":"roof","home_owner":true}"#;
/// Keeps the administrator key of the demo, so that a restart prints the same one.
const KEY_FILE: &str = "demo-admin.key";

pub(crate) async fn run(options: Demo) -> anyhow::Result<ExitCode> {
    let Demo { data, listen, .. } = options;
    let listen = listen.unwrap_or(std::net::SocketAddr::from(([127, 0, 0, 1], 8080)));
    let installation = Installation::open(&data, "demo")?;
    let control = &installation.services.control;
    let file = FlowFile::read(FLOW).context("the sample flow is not valid")?;
    control.publish_flow(SYSTEM, &file).await?;
    let key = admin_key(control, &data.join(KEY_FILE)).await?;
    let (listener, address) = bind(listen).await?;
    serve(installation, listener, || {
        say(&format!(
            "Glassline demo\n\n\
             Address:   http://{address}\n\
             Data:      {}\n\
             Admin key: {key}\n\n\
             Submit a lead:\n\
             curl -sS -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' -d '{LEAD}' \
             'http://{address}/flows/flow_roofs/sources/src_web_form/submit'\n\n\
             See what happened to it, newest first:\n\
             curl -sS -H 'Authorization: Bearer {key}' 'http://{address}/flows/flow_roofs/events'\n\n\
             Ctrl-C stops the demo; its data stays.",
            data.display()
        ));
    })
    .await
}

/// The key of earlier demos here, or a new one.
async fn admin_key(control: &Control, path: &Path) -> anyhow::Result<String> {
    if let Ok(text) = std::fs::read_to_string(path) {
        let secret = text.trim().to_owned();
        if control.authenticate(&secret).is_some_and(|key| key.allows(&Scope::Admin)) {
            return Ok(secret);
        }
    }
    let made = control.create_key(SYSTEM, "demo", vec![Scope::Admin]).await?;
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    writeln!(file, "{}", made.secret).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(made.secret)
}
