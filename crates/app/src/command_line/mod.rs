//! What can be asked of the command, flag by flag. Flags stand over `GLASSLINE_*` variables, those
//! over `glassline.toml`, that over defaults. One file for each command that has several flags.

mod dead_letters;
mod demo;
mod entity;
mod events;
mod feedback;
mod flow;
mod key;
mod list;
mod secret;
mod serve;
mod submit;
mod try_it;

use std::path::PathBuf;

use clap::{Args, CommandFactory as _, FromArgMatches as _, Parser, Subcommand};

use crate::settings::Settings;

pub(crate) use self::dead_letters::{DeadLettersCommand, LetterFilter};
pub(crate) use self::demo::Demo;
pub(crate) use self::entity::{Cap, EntityCommand};
pub(crate) use self::events::{EventFilter, EventSight, Events, EventsCommand, List, Tail};
pub(crate) use self::feedback::{ConsentCommand, FeedbackCommand};
pub(crate) use self::flow::FlowCommand;
pub(crate) use self::key::KeyCommand;
pub(crate) use self::list::ListCommand;
pub(crate) use self::secret::SecretCommand;
pub(crate) use self::serve::Serve;
pub(crate) use self::submit::Submit;
pub(crate) use self::try_it::{TryCommand, TryOptions};

/// Takes leads in, runs them through their flows, and keeps every event for ever.
#[derive(Debug, Parser)]
#[command(name = "glassline", version, after_help = "Example: glassline demo")]
pub(crate) struct CommandLine {
    /// Settings file [default: glassline.toml, where there is one]
    #[arg(long, global = true, env = "GLASSLINE_CONFIG", value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// What is logged: info, debug, ledger=debug,info … [default: info]
    #[arg(long, global = true, env = "RUST_LOG", value_name = "FILTER")]
    pub(crate) log: Option<String>,
    #[command(subcommand)]
    pub(crate) command: Command,
}

impl CommandLine {
    /// What was asked for. Where it cannot be told, or is to be explained, the process ends with a text.
    pub(crate) fn read() -> CommandLine {
        let mut command = CommandLine::command();
        command.build();
        let matches = with_whole_usage(command).get_matches();
        CommandLine::from_arg_matches(&matches).unwrap_or_else(|error| error.exit())
    }
}

/// Has complaints show the usage that help shows. Otherwise they would list what is given as if it were required,
/// and what the environment gives as well.
fn with_whole_usage(mut command: clap::Command) -> clap::Command {
    if command.has_subcommands() {
        return command.mut_subcommands(with_whole_usage);
    }
    let usage = command.render_usage().to_string();
    command.override_usage(usage.trim_start_matches("Usage: ").to_owned())
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API and the pages over a data directory
    Serve(Serve),
    /// Try it: an installation of its own, with a day of history and leads coming in
    Demo(Demo),
    /// Send a lead to a running server
    Submit(Submit),
    /// List what happened, or watch it happen
    Events(Box<Events>),
    /// Check, test, publish and list flows
    #[command(subcommand, after_help = "Example: glassline flow check flow_roofs.yaml")]
    Flow(FlowCommand),
    /// List, pause, resume and cap sources, buyers and services
    #[command(
        subcommand,
        after_help = "Example: glassline entity pause buyer_premier --url http://127.0.0.1:8080"
    )]
    Entity(EntityCommand),
    /// List caps and budgets, and how each stands in its period
    #[command(
        after_help = "What is under way is reserved; a cap that is full lets nothing more through. The counts of refused leads\n\
                      begin anew with a start. `entity cap` sets those of a party, flow files have all others.\n\n\
                      Example: glassline caps --url http://127.0.0.1:8080"
    )]
    Caps(Caps),
    /// Say why each buyer of a flow did or did not get a lead
    #[command(
        after_help = "One row for each recipient of the version of the flow that the lead ran through, in its order.\n\n\
                      Example: glassline explain lead_018d0d882d57aa10f3e7715b"
    )]
    Explain(Explain),
    /// Decide on what buyers report, and report many leads from a file
    #[command(subcommand, after_help = "Example: glassline feedback import returns.csv --type return")]
    Feedback(FeedbackCommand),
    /// List deliveries that nobody tries any more, and send them again
    #[command(subcommand, after_help = "Example: glassline dead-letters list --buyer buyer_premier")]
    DeadLetters(DeadLettersCommand),
    /// Withdraw the consent of a person
    #[command(subcommand, after_help = "Example: glassline consent revoke lead_018d0d882d57aa10f3e7715b")]
    Consent(ConsentCommand),
    /// Make, fill and look at suppression lists
    #[command(subcommand, after_help = "Example: glassline list import dnc numbers.csv --data ./data")]
    List(ListCommand),
    /// Make, list and take back API keys
    #[command(
        subcommand,
        after_help = "Example: glassline key create --url http://127.0.0.1:8080 --scope read --label reports"
    )]
    Key(KeyCommand),
    /// Set, list and take away the secrets that requests to partners are made with
    #[command(
        subcommand,
        after_help = "Example: glassline secret set south --url http://127.0.0.1:8080 < south.txt"
    )]
    Secret(SecretCommand),
    /// Try a value, a rule, a template, a delivery, a reply or a submission: JSON lines in, JSON lines out
    #[command(
        subcommand,
        after_help = "Example: echo '{\"template\": \"{{uppercase lead.city}}\", \"vars\": {\"lead.city\": \"Austin\"}}' \\\n           \
                      | glassline try template"
    )]
    Try(TryCommand),
    /// Check every record of a data directory; works beside a running server
    #[command(after_help = "Exit codes: 0 clean, 1 something is not as it was written, 2 could not run.\n\n\
                      Example: glassline verify ./data --json")]
    Verify(Verify),
}

#[derive(Debug, Args)]
pub(crate) struct Caps {
    /// One cap a line as JSON, instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) server: RunningServer,
}

#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The lead
    #[arg(value_name = "LEAD_ID")]
    pub(crate) lead_id: String,
    /// The answer as JSON, with the rules that were looked at, instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// The values that rules met in clear, with --json; that you asked is recorded first
    #[arg(long, requires = "json")]
    pub(crate) reveal: bool,
    /// Why you ask, for the record; with --reveal
    #[arg(long, value_name = "REASON", requires = "reveal")]
    pub(crate) why: Option<String>,
    #[command(flatten)]
    pub(crate) server: RunningServer,
}

#[derive(Debug, Args)]
pub(crate) struct Verify {
    /// Data directory
    #[arg(value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Print JSON instead of text
    #[arg(long)]
    pub(crate) json: bool,
}

/// Where commands look for a server when they are told of none.
pub(crate) const DEFAULT_URL: &str = "http://127.0.0.1:8080";

/// Which installation a command is for: a data directory that no server has open, or a server.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Data directory, while no server has it open
    #[arg(long, env = "GLASSLINE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of a running server, http:// or https://, instead of a data directory [default, with a key and no
    /// directory: GLASSLINE_URL, else http://127.0.0.1:8080]
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Where the server is when nothing else is said.
    #[arg(long, env = "GLASSLINE_URL", hide = true, default_value = DEFAULT_URL)]
    pub(crate) usual_url: String,
    /// Key for the server; better given as GLASSLINE_KEY, for others see command lines
    #[arg(long, env = "GLASSLINE_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

/// Whom the process may ask though they are not public.
#[derive(Debug, Args)]
pub(crate) struct Reach {
    /// Services and buyers that may be asked though their address is not public; repeat for more
    #[arg(
        long = "allow-host",
        env = "GLASSLINE_ALLOW_HOSTS",
        value_delimiter = ',',
        value_name = "HOST[:PORT]"
    )]
    allow_hosts: Vec<String>,
}

impl Reach {
    /// Those of the flags and those of the settings.
    pub(crate) fn allow_hosts(&self, settings: &Settings) -> Vec<String> {
        self.allow_hosts.iter().chain(&settings.allow_hosts).cloned().collect()
    }
}

/// A running server, for commands that need one.
#[derive(Debug, Args)]
pub(crate) struct RunningServer {
    /// Address of the server, http:// or https://
    #[arg(long, env = "GLASSLINE_URL", default_value = DEFAULT_URL, value_name = "URL")]
    pub(crate) url: String,
    /// Key for the server; better given as GLASSLINE_KEY, for others see command lines
    #[arg(long, env = "GLASSLINE_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_has_an_example() {
        fn check(command: &clap::Command) {
            let help = command.clone().render_long_help().to_string();
            assert!(help.contains("Example"), "{}", command.get_name());
            command.get_subcommands().for_each(check);
        }
        let command = CommandLine::command();
        command.clone().debug_assert();
        check(&command);
    }
}
