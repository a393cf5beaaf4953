//! The flags of `glassline entity`.

use clap::Subcommand;

use super::Target;

#[derive(Debug, Subcommand)]
pub(crate) enum EntityCommand {
    /// List sources, buyers and services
    #[command(after_help = "Example: glassline entity list --data ./data")]
    List {
        /// One party a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        target: Target,
    },
    /// Take a party out until it is resumed
    #[command(
        after_help = "A paused buyer or service is not asked (recipient.skipped, enhancement.skipped); submissions of a\n\
                      paused source are refused. Nothing is published for it, and it has effect at once.\n\n\
                      Example: glassline entity pause buyer_premier --data ./data"
    )]
    Pause {
        /// The party
        id: String,
        #[command(flatten)]
        target: Target,
    },
    /// Let a party take part again
    #[command(after_help = "Example: glassline entity resume buyer_premier --data ./data")]
    Resume {
        /// The party
        id: String,
        #[command(flatten)]
        target: Target,
    },
}
