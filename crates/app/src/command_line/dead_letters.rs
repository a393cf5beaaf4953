//! The flags of `glassline dead-letters`.

use clap::{Args, Subcommand};

use super::RunningServer;

#[derive(Debug, Subcommand)]
pub(crate) enum DeadLettersCommand {
    /// List deliveries that nobody tries any more though no buyer answered
    #[command(
        after_help = "A filter takes several values with commas between; one with a leading - leaves out.\n\n\
                      Example: glassline dead-letters list --buyer buyer_premier --start -24h"
    )]
    List {
        #[command(flatten)]
        filter: LetterFilter,
        /// One a line as JSON, instead of a table
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: RunningServer,
    },
    /// Send some again, under the same delivery ids
    #[command(
        after_help = "By event, they are sent at once. By filter, it is told first how many fit; --count with that number sends\n\
                      them, unless there are more or fewer by then. What a buyer cannot get now (paused, cap full, sold\n\
                      elsewhere) is told and stays as it is.\n\
                      Exit codes: 0 all were sent again, or only counted; 1 some were not.\n\n\
                      Examples: glassline dead-letters resend evt_018d0d882e837c2e9a41d06f\n          \
                      glassline dead-letters resend --buyer buyer_premier --start -24h --count 12"
    )]
    Resend {
        /// Events of the deliveries, as `dead-letters list` shows them
        #[arg(value_name = "EVENT_ID", conflicts_with_all = ["all", "count", "filter"])]
        ids: Vec<String>,
        #[command(flatten)]
        filter: LetterFilter,
        /// All there are, where no filter says which
        #[arg(long, conflicts_with = "filter")]
        all: bool,
        /// How many fit, as this command told without it: sends them
        #[arg(long, value_name = "N")]
        count: Option<usize>,
        /// The answer as JSON, instead of text
        #[arg(long)]
        json: bool,
        #[command(flatten)]
        server: RunningServer,
    },
}

/// Which dead letters.
#[derive(Debug, Args)]
#[group(id = "filter", multiple = true)]
pub(crate) struct LetterFilter {
    /// Only of these flows
    #[arg(long, value_name = "FLOW", allow_hyphen_values = true)]
    flow: Option<String>,
    /// Only of these steps
    #[arg(long, value_name = "STEP", allow_hyphen_values = true)]
    step: Option<String>,
    /// Only to these buyers
    #[arg(long, value_name = "BUYER", allow_hyphen_values = true)]
    buyer: Option<String>,
    /// Only from these sources
    #[arg(long, value_name = "SOURCE", allow_hyphen_values = true)]
    source: Option<String>,
    /// Only for these reasons, such as timeout
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    reason_code: Option<String>,
    /// with, without or only test leads [default: with]
    #[arg(long, value_name = "WHICH")]
    test: Option<String>,
    /// Left without an answer from this moment on: 2024-01-15, 2024-01-15T14:30:00Z, -24h
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    start: Option<String>,
    /// Left so before this moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    end: Option<String>,
}

impl LetterFilter {
    /// As the API has it.
    pub(crate) fn parameters(self) -> Vec<(&'static str, String)> {
        let LetterFilter { flow, step, buyer, source, reason_code, test, start, end } = self;
        let all = [
            ("flow_id", flow),
            ("step_id", step),
            ("entity_id", buyer),
            ("source_id", source),
            ("reason_code", reason_code),
            ("test", test),
            ("start", start),
            ("end", end),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}
