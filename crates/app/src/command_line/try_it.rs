//! The flags of `glassline try`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::{TimeZone, Timestamp};

#[derive(Debug, Subcommand)]
pub(crate) enum TryCommand {
    /// What a field type makes of values
    #[command(after_help = TYPES_HELP)]
    Types(TryOptions),
    /// What templates become
    #[command(after_help = TEMPLATE_HELP)]
    Template(TryOptions),
}

const TYPES_HELP: &str = "\
Reads {\"type\": …, \"value\": …}, one a line, and answers {\"normal\": …, \"valid\": …, \"components\": {…}}. The \
component raw is what was sent. `valid` is null where the type takes anything, or nothing was sent.

Values of the sensitive types (ssn, credential, dob, credit_card) are answered as filters and buyers see them; under \
\"masked\" stands what is recorded of them.

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"type\": \"phone\", \"value\": \"(512) 555-0143\"}' | glassline try types";

const TEMPLATE_HELP: &str = "\
Reads {\"template\": …, \"vars\": {…}}, one a line, and answers {\"value\": …}. Vars are a tree or have dotted names; \
{\"$type\": \"phone\", \"$value\": \"…\"} is read as a field of that type, with its components. No flow is at hand, so \
any name may stand in a template, and one that is not given is empty.

A line that cannot be answered gives {\"error\": …, \"line\": …}; the next line is read all the same.

Example: echo '{\"template\": \"{{uppercase lead.city}}\", \"vars\": {\"lead.city\": \"Austin\"}}' | glassline try template";

/// What all trials take.
#[derive(Debug, Args)]
pub(crate) struct TryOptions {
    /// Questions, one JSON object a line; - for standard input
    #[arg(value_name = "FILE", default_value = "-")]
    pub(crate) file: PathBuf,
    /// The moment it is, like 2026-01-15T12:00:00Z [default: by this machine's clock]
    #[arg(long, value_name = "MOMENT")]
    pub(crate) now: Option<Timestamp>,
    /// Where it is, like America/Chicago
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: TimeZone,
}
