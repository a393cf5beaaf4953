//! The flags of `glassline key`.

use clap::Subcommand;

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum KeyCommand {
    /// Make a key; its secret is printed once
    #[command(
        override_usage = "glassline key create --scope <SCOPE> [OPTIONS]",
        after_help = "Scopes: submit:<source> ping:<source> feedback:<entity> read pii:read export flows:write\n        \
                      entities:write privacy:erase audit:read admin\n\n\
                      Examples: glassline key create --url http://127.0.0.1:8080 --scope submit:src_web_form --label 'web form'\n          \
                      glassline key create --data ./data --scope submit:src_web_form (while no server runs)"
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
    /// List the keys: names, labels and scopes, never a secret
    #[command(after_help = "Example: glassline key list --data ./data")]
    List {
        /// One key a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
}
