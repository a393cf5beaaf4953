//! The flags of `glassline entity`.

use clap::{Args, Subcommand};

use super::Target;

/// How many leads a party sends or takes in all flows, or what they cost.
#[derive(Debug, Args)]
// The subcommand of this name has a group of arguments, too.
#[group(skip)]
pub(crate) struct Cap {
    /// What people call it; of a cap of this name what is said here is changed, and the rest stays [default: its period,
    /// as in "Daily cap"]
    #[arg(long)]
    pub(crate) name: Option<String>,
    /// So many leads in a period
    #[arg(long, value_name = "N", required_unless_present_any = ["max_spend", "remove"], conflicts_with = "max_spend")]
    pub(crate) max_leads: Option<u32>,
    /// So much money in a period
    #[arg(long, value_name = "AMOUNT")]
    pub(crate) max_spend: Option<String>,
    /// minute, hour, day, week or month [default of a new cap: day]
    #[arg(long, value_name = "UNIT")]
    pub(crate) per: Option<String>,
    /// So many of those make one period
    #[arg(long, value_name = "N")]
    pub(crate) every: Option<u32>,
    /// Whose clocks count [default: those of the party, or of UTC]
    #[arg(long, value_name = "PLACE")]
    pub(crate) time_zone: Option<String>,
    /// Take the cap away
    #[arg(long, conflicts_with_all = ["max_leads", "max_spend"])]
    pub(crate) remove: bool,
}

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
    /// Cap what a party sends or takes in all flows
    #[command(
        after_help = "A full cap of a buyer makes recipient.failed, of a source source.rejected; a maximum that changes keeps\n\
                      the count. Nothing is published for it, and it has effect at once.\n\n\
                      Example: glassline entity cap buyer_premier --max-leads 100 --per day --data ./data"
    )]
    Cap {
        /// The party
        id: String,
        #[command(flatten)]
        cap: Cap,
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
