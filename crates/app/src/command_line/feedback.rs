//! The flags of `glassline feedback` and `glassline consent`.

use std::path::PathBuf;

use clap::Subcommand;

use super::RunningServer;

#[derive(Debug, Subcommand)]
pub(crate) enum FeedbackCommand {
    /// List the reports that wait for a decision, in the order they came
    #[command(after_help = "Example: glassline feedback list --buyer buyer_premier")]
    List {
        /// Only of these buyers, with commas between
        #[arg(long, value_name = "BUYER")]
        buyer: Option<String>,
        /// Only of these flows, with commas between
        #[arg(long, value_name = "FLOW")]
        flow: Option<String>,
        /// Only return, or only conversion
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// One report a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: RunningServer,
    },
    /// Let a report take effect
    #[command(
        after_help = "A return takes its money back on the day it is approved, and the source is told where the flow says so.\n\n\
                      Example: glassline feedback approve evt_018d0d882e837c2e9a41d06f"
    )]
    Approve {
        /// The report, as `feedback list` shows it
        #[arg(value_name = "FEEDBACK_ID", required = true)]
        ids: Vec<String>,
        #[command(flatten)]
        server: RunningServer,
    },
    /// Refuse a report
    #[command(
        after_help = "Example: glassline feedback decline evt_018d0d882e837c2e9a41d06f --reason 'Called twice, person confirmed'"
    )]
    Decline {
        /// The report, as `feedback list` shows it
        #[arg(value_name = "FEEDBACK_ID", required = true)]
        ids: Vec<String>,
        /// Why, for the buyer
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        #[command(flatten)]
        server: RunningServer,
    },
    /// Report many leads returned or converted from a file of comma-separated values
    #[command(
        after_help = "The first line names the columns: event_id, or lead_id and entity_id (the buyer); type (return, conversion),\n\
                      reason, value, days_to_convert. What all lines share can be given as a flag instead. Each line is told with\n\
                      its number unless it was accepted, and sending the same file again changes nothing.\n\
                      Exit codes: 0 every line was taken in, 1 some could not be.\n\n\
                      Example: glassline feedback import returns.csv --type return"
    )]
    Import {
        /// The file; - reads standard input
        #[arg(value_name = "FILE")]
        file: PathBuf,
        /// What every line reports: return or conversion
        #[arg(long = "type", value_name = "TYPE")]
        kind: Option<String>,
        /// The buyer of every line
        #[arg(long, value_name = "BUYER")]
        buyer: Option<String>,
        /// Every line's result as JSON, instead of text
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: RunningServer,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConsentCommand {
    /// A person withdraws consent: the lead is sent nowhere any more, and buyers that have it are told
    #[command(
        after_help = "Each buyer whose step has on_revoked is told, and told again until it answers; the others are listed, and\n\
                      somebody has to tell them.\n\n\
                      Example: glassline consent revoke lead_018d0d882d57aa10f3e7715b --reason 'Wrote to us on Monday'"
    )]
    Revoke {
        /// The lead
        #[arg(value_name = "LEAD_ID")]
        lead_id: String,
        /// Why, in words that are sealed
        #[arg(long, value_name = "TEXT")]
        reason: Option<String>,
        /// The answer as JSON, instead of text
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: RunningServer,
    },
}
