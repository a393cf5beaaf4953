//! The flags of `glassline list`.

use std::path::PathBuf;

use clap::Subcommand;

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum ListCommand {
    /// Show the suppression lists, never what is on them
    #[command(after_help = "Example: glassline list show --data ./data")]
    Show {
        /// One list a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Make a list, or have it keep what is on it for another time
    #[command(after_help = "Example: glassline list create dnc --ttl 2y --data ./data")]
    Create {
        /// The list: a-z, 0-9 and _
        name: String,
        /// How long what is put on it stays, such as 30d [default: for ever]
        #[arg(long, value_name = "TIME")]
        ttl: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Put the values of a file on a list
    #[command(
        after_help = "One value a line, of CSV the first column: numbers and addresses as people write them, or the hex\n\
                      digits of their MD5, SHA-1 or SHA-256. Lines that cannot be used are told, and the others taken.\n\n\
                      Example: glassline list import dnc numbers.csv --data ./data"
    )]
    Import {
        /// The list
        name: String,
        /// The file; - reads standard input
        file: PathBuf,
        #[command(flatten)]
        target: Target,
    },
    /// Put values on a list
    #[command(after_help = "Example: glassline list add dnc '(512) 555-0143' --data ./data")]
    Add {
        /// The list
        name: String,
        /// The values
        #[arg(required = true)]
        values: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Take values off a list
    #[command(after_help = "Example: glassline list remove dnc ann@example.com --data ./data")]
    Remove {
        /// The list
        name: String,
        /// The values
        #[arg(required = true)]
        values: Vec<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Say whether a value is on a list
    #[command(after_help = "Exit codes: 0 it is, 3 it is not.\n\n\
                            Example: glassline list check dnc 512-555-0143 --data ./data")]
    Check {
        /// The list
        name: String,
        /// The value
        value: String,
        #[command(flatten)]
        target: Target,
    },
    /// Delete a list with all that is on it
    #[command(after_help = "Example: glassline list delete dnc --data ./data")]
    Delete {
        /// The list
        name: String,
        #[command(flatten)]
        target: Target,
    },
}
