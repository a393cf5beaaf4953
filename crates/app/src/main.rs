//! The `glassline` command: reads flags, environment and settings once, and wires the crates
//! together.
//!
//! `command_line.rs` says what can be asked, `commands` does it, `installation.rs` opens a data
//! directory. Exit codes: 0 it worked; 1 it did not, or `verify` found something; 2 the command
//! line is wrong, or `verify` could not run; 3 a ledger stopped because its disk failed.

mod api_client;
mod command_line;
mod commands;
mod console;
mod installation;
mod settings;

use std::io::IsTerminal as _;
use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::EnvFilter;

use crate::command_line::{Command, CommandLine, FlowCommand, KeyCommand};
use crate::settings::Settings;

/// It did not work.
const FAILED: u8 = 1;
/// `verify` could not run.
const COULD_NOT_RUN: u8 = 2;
/// A ledger stopped.
const LEDGER_STOPPED: u8 = 3;

fn main() -> ExitCode {
    let CommandLine { config, log, command } = CommandLine::parse();
    let failed = match command {
        Command::Verify(_) => COULD_NOT_RUN,
        _ => FAILED,
    };
    let run = || {
        let settings = Settings::read(config.as_deref())?;
        let log = log.or_else(|| settings.log.clone()).unwrap_or_else(|| "info".into());
        let filter = EnvFilter::try_new(&log)?;
        let colours = std::io::stderr().is_terminal();
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            .with_ansi(colours)
            .init();
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            match command {
                Command::Serve(options) => commands::serve::run(options, &settings).await,
                Command::Demo(options) => commands::demo::run(options).await,
                Command::Verify(options) => commands::verify::run(&options),
                Command::Flow(FlowCommand::Check { file }) => commands::flow::check(&file),
                Command::Flow(FlowCommand::Publish { file, target }) => {
                    commands::flow::publish(&file, target, &settings).await
                }
                Command::Key(KeyCommand::Create { scopes, label, target }) => {
                    commands::key::create(scopes, &label, target, &settings).await
                }
                Command::Key(KeyCommand::Revoke { name, target }) => {
                    commands::key::revoke(&name, target, &settings).await
                }
            }
        })
    };
    run().unwrap_or_else(|error: anyhow::Error| {
        console::complain(&format!("error: {error:#}"));
        ExitCode::from(failed)
    })
}
