//! What can be asked of the command, flag by flag. Flags stand over `GLASSLINE_*` variables, those
//! over `glassline.toml`, that over defaults.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the API over a data directory
    #[command(
        after_help = "The first start of an installation makes an administrator key and prints it once, or takes\n\
                      the one in GLASSLINE_ADMIN_KEY.\n\n\
                      Example: glassline serve --data ./data --listen 127.0.0.1:8080"
    )]
    Serve(Serve),
    /// Try it: an installation of its own with a sample flow
    #[command(after_help = "Example: glassline demo --data /tmp/glassline-demo")]
    Demo(Demo),
    /// Check every record of a data directory; works beside a running server
    #[command(after_help = "Exit codes: 0 clean, 1 something is not as it was written, 2 could not run.\n\n\
                      Example: glassline verify ./data --json")]
    Verify(Verify),
    /// Check and publish flows
    #[command(subcommand, after_help = "Example: glassline flow check flow_roofs.yaml")]
    Flow(FlowCommand),
    /// Make and take back API keys
    #[command(
        subcommand,
        after_help = "Example: glassline key create --data ./data --scope read --label reports"
    )]
    Key(KeyCommand),
}

#[derive(Debug, Args)]
pub(crate) struct Serve {
    /// Data directory, made where it is missing
    #[arg(long, env = "GLASSLINE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080]
    #[arg(long, env = "GLASSLINE_LISTEN", value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// Name of a new installation, part of its ledgers' identity [default: glassline]
    #[arg(long, env = "GLASSLINE_NAME")]
    pub(crate) name: Option<String>,
    /// The first administrator key of a new installation: gl_ and at least 32 letters and digits
    #[arg(long, env = "GLASSLINE_ADMIN_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) admin_key: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// Data directory of the demo, made where it is missing
    #[arg(long, default_value = "glassline-demo", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:8080", value_name = "ADDRESS")]
    pub(crate) listen: SocketAddr,
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

#[derive(Debug, Subcommand)]
pub(crate) enum FlowCommand {
    /// Check a flow file without publishing it
    #[command(after_help = "Example: glassline flow check flow_roofs.yaml")]
    Check {
        /// The flow file, YAML or JSON
        file: PathBuf,
    },
    /// Publish a flow file: leads submitted from then on run through it
    #[command(after_help = "Examples: glassline flow publish flow_roofs.yaml --data ./data\n          \
                      GLASSLINE_KEY=gl_… glassline flow publish flow_roofs.yaml --url http://127.0.0.1:8080")]
    Publish {
        /// The flow file, YAML or JSON
        file: PathBuf,
        #[command(flatten)]
        target: Target,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key; its secret is printed once
    #[command(
        after_help = "Scopes: submit:<source> ping:<source> feedback:<entity> read pii:read export flows:write\n        \
                      entities:write privacy:erase audit:read admin\n\n\
                      Example: glassline key create --data ./data --scope submit:src_web_form --label 'web form'"
    )]
    Create {
        /// What the key may do; repeat for more
        #[arg(long = "scope", required = true, value_name = "SCOPE")]
        scopes: Vec<String>,
        /// What people call it
        #[arg(long, default_value = "")]
        label: String,
        #[command(flatten)]
        target: Target,
    },
    /// Take a key back
    #[command(after_help = "Example: glassline key revoke key_0a1b2c3d4e5f --data ./data")]
    Revoke {
        /// The key's public name
        name: String,
        #[command(flatten)]
        target: Target,
    },
}

/// Which installation a command is for: a data directory that no server has open, or a server.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// Data directory, while no server has it open
    #[arg(long, env = "GLASSLINE_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    /// Address of a running server, instead of a data directory
    #[arg(long, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Key for the server; better given as GLASSLINE_KEY, for others see command lines
    #[arg(long, env = "GLASSLINE_KEY", hide_env_values = true, value_name = "KEY")]
    pub(crate) key: Option<String>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

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
