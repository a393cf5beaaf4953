//! The `glassline` command: reads flags, environment and settings once, and wires the crates
//! together.
//!
//! `command_line.rs` says what can be asked, `commands` does it, `installation.rs` opens a data
//! directory. Exit codes: 0 it worked; 1 it did not, or `verify`, `flow check` or `flow test` found something; 2 the command
//! line is wrong, or `verify` could not run; 3 a ledger stopped because its disk failed; 4 and 5
//! the lead that `submit` sent was refused by its flow, or ended with a fault.

mod api_client;
mod chance;
mod command_line;
mod commands;
mod console;
mod input;
mod installation;
mod log;
mod settings;
mod sse;
mod table;

use std::process::ExitCode;

use crate::command_line::{
    Command, CommandLine, ConsentCommand, DeadLettersCommand, EntityCommand, FeedbackCommand, FlowCommand,
    KeyCommand, ListCommand, SecretCommand,
};
use crate::commands::dead_letters::Chosen;
use crate::commands::entity::Part;
use crate::commands::feedback::{ListFilter, Shared, Verdict};
use crate::commands::list::Change;
use crate::settings::Settings;

/// It did not work.
const FAILED: u8 = 1;
/// `verify` could not run.
const COULD_NOT_RUN: u8 = 2;
/// A ledger stopped.
const LEDGER_STOPPED: u8 = 3;

fn main() -> ExitCode {
    let CommandLine { config, log, command } = CommandLine::read();
    let failed = match command {
        Command::Verify(_) => COULD_NOT_RUN,
        _ => FAILED,
    };
    let run = || {
        let settings = Settings::read(config.as_deref())?;
        let what = log.or_else(|| settings.log.clone()).unwrap_or_else(|| "info".into());
        log::write(&what)?;
        let runtime = tokio::runtime::Runtime::new()?;
        runtime.block_on(async {
            match command {
                Command::Serve(options) => commands::serve::run(options, &settings).await,
                Command::Demo(options) => commands::demo::run(options).await,
                Command::Verify(options) => commands::verify::run(&options),
                Command::Try(command) => commands::try_it::run(command, &settings),
                Command::Submit(options) => commands::submit::run(options).await,
                Command::Events(options) => commands::events::run(*options).await,
                Command::Flow(command) => flow(command, &settings).await,
                Command::Entity(command) => entity(command, &settings).await,
                Command::Caps(options) => commands::caps::list(&options).await,
                Command::Explain(options) => commands::explain::run(&options).await,
                Command::Feedback(command) => feedback(command).await,
                Command::DeadLetters(command) => dead_letters(command).await,
                Command::Consent(ConsentCommand::Revoke { lead_id, reason, json, server }) => {
                    commands::feedback::revoke(&lead_id, reason, json, &server).await
                }
                Command::List(command) => list(command, &settings).await,
                Command::Key(command) => key(command, &settings).await,
                Command::Secret(command) => secret(command, &settings).await,
            }
        })
    };
    run().unwrap_or_else(|error: anyhow::Error| {
        console::complain(&format!("error: {error:#}"));
        ExitCode::from(failed)
    })
}

async fn flow(command: FlowCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        FlowCommand::Schema => commands::flow::schema(),
        FlowCommand::Check { files, json, reach } => {
            commands::flow::check(&files, json, reach, settings).await
        }
        FlowCommand::Test { files, test, json } => {
            commands::flow::test(files, commands::flow::Choice { name: test, json }).await
        }
        FlowCommand::Publish { file, target, reach } => {
            commands::flow::publish(&file, target, reach, settings).await
        }
        FlowCommand::List { json, target } => commands::flow::list(json, target, settings).await,
        FlowCommand::Versions { id, json, target } => {
            commands::flow::versions(&id, json, target, settings).await
        }
    }
}

async fn entity(command: EntityCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        EntityCommand::List { json, target } => commands::entity::list(json, target, settings).await,
        EntityCommand::Pause { id, target } => {
            commands::entity::set(&id, Part::Paused, target, settings).await
        }
        EntityCommand::Cap { id, cap, target } => commands::entity::cap(&id, cap, target, settings).await,
        EntityCommand::Resume { id, target } => {
            commands::entity::set(&id, Part::Resumed, target, settings).await
        }
    }
}

async fn feedback(command: FeedbackCommand) -> anyhow::Result<ExitCode> {
    match command {
        FeedbackCommand::List { buyer, flow, kind, json, server } => {
            commands::feedback::list(ListFilter { buyer, flow, kind }, json, &server).await
        }
        FeedbackCommand::Approve { ids, server } => {
            commands::feedback::decide(&ids, &Verdict::Approve, &server).await
        }
        FeedbackCommand::Decline { ids, reason, server } => {
            commands::feedback::decide(&ids, &Verdict::Decline(reason), &server).await
        }
        FeedbackCommand::Import { file, kind, buyer, json, server } => {
            commands::feedback::import(&file, Shared { kind, buyer }, json, &server).await
        }
    }
}

async fn dead_letters(command: DeadLettersCommand) -> anyhow::Result<ExitCode> {
    match command {
        DeadLettersCommand::List { filter, json, server } => {
            commands::dead_letters::list(filter, json, &server).await
        }
        DeadLettersCommand::Resend { ids, filter, all, count, json, server } => {
            commands::dead_letters::resend(Chosen { ids, filter, all, count }, json, &server).await
        }
    }
}

async fn list(command: ListCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        ListCommand::Show { json, target } => commands::list::show(json, target, settings).await,
        ListCommand::Create { name, ttl, target } => {
            commands::list::create(&name, ttl, target, settings).await
        }
        ListCommand::Import { name, file, target } => {
            commands::list::import(&name, &file, target, settings).await
        }
        ListCommand::Add { name, values, target } => {
            commands::list::values(&name, Change::Add, values, target, settings).await
        }
        ListCommand::Remove { name, values, target } => {
            commands::list::values(&name, Change::Remove, values, target, settings).await
        }
        ListCommand::Check { name, value, target } => {
            commands::list::check(&name, &value, target, settings).await
        }
        ListCommand::Delete { name, target } => commands::list::delete(&name, target, settings).await,
    }
}

async fn key(command: KeyCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        KeyCommand::Create { scopes, label, target } => {
            commands::key::create(scopes, &label, target, settings).await
        }
        KeyCommand::Revoke { name, target } => commands::key::revoke(&name, target, settings).await,
        KeyCommand::List { json, target } => commands::key::list(json, target, settings).await,
    }
}

async fn secret(command: SecretCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        SecretCommand::Set { name, file, target } => {
            commands::secret::set(&name, file, target, settings).await
        }
        SecretCommand::List { json, target } => commands::secret::list(json, target, settings).await,
        SecretCommand::Remove { name, target } => commands::secret::remove(&name, target, settings).await,
    }
}
