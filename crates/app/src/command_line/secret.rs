//! The flags of `glassline secret`.

use std::path::PathBuf;

use clap::Subcommand;

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum SecretCommand {
    /// Set a secret, or give it a new value; the value is read from standard input or a file
    #[command(
        after_help = "The value is one line; the line end behind it does not count. It is never an argument, which\n\
                      others could see. Requests are made with it from now on; the value before is destroyed an\n\
                      hour later.\n\n\
                      Examples: glassline secret set south --url http://127.0.0.1:8080 < south.txt\n          \
                      pass show partners/south | glassline secret set south --data ./data (while no server runs)"
    )]
    Set {
        /// Its name: 1 to 64 of a-z, 0-9 and _; requests name it as {{secret.name}}
        name: String,
        /// Read the value from this file instead of standard input
        #[arg(long, value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        target: Target,
    },
    /// List the secrets: names, versions, when and by whom they were set; never a value
    #[command(after_help = "Example: glassline secret list --data ./data")]
    List {
        /// One secret a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Take a secret away: steps that name it are skipped from now on
    #[command(after_help = "Example: glassline secret remove south --data ./data")]
    Remove {
        /// Its name
        name: String,
        #[command(flatten)]
        target: Target,
    },
}
