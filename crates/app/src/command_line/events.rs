//! The flags of `glassline events` and `glassline events tail`: the filters of the API, by short
//! names.

use clap::{Args, Subcommand};

use super::RunningServer;

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    override_usage = "glassline events [OPTIONS]\n       glassline events tail [OPTIONS]",
    after_help = "A filter takes several values with commas between, or is repeated; one with a leading - leaves out.\n\
                  Times: 2024-01-15, 2024-01-15T14:30:00Z, or back from now: -15m, -24h, -7d.\n\n\
                  Examples: glassline events --flow flow_roofs --type 'recipient.*' --outcome failure,error --start -24h\n          \
                  glassline events --lead lead_018d0d882d57aa10f3e7715b --json --reveal --why 'dispute 12'"
)]
pub(crate) struct Events {
    #[command(subcommand)]
    pub(crate) command: Option<EventsCommand>,
    #[command(flatten)]
    pub(crate) list: List,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EventsCommand {
    /// Watch events as they happen; comes back by itself where a connection breaks
    #[command(
        override_usage = "glassline events tail [OPTIONS]",
        after_help = "Begins at this moment, or after the event that --after names. Ends with Ctrl-C.\n\n\
                      Example: glassline events tail --type 'recipient.*' --outcome error"
    )]
    Tail(Tail),
}

#[derive(Debug, Args)]
pub(crate) struct List {
    #[command(flatten)]
    pub(crate) server: RunningServer,
    #[command(flatten)]
    pub(crate) filter: EventFilter,
    /// Not before this moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) start: Option<String>,
    /// Before this moment
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub(crate) end: Option<String>,
    /// Only events after this place
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<u64>,
    /// Only events before this place
    #[arg(long, value_name = "SEQ")]
    pub(crate) before: Option<u64>,
    /// How many, 1 to 1000 [default: 50]; with --all, how many at a time
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<u16>,
    /// seq for oldest first, -seq for newest first [default: -seq; of one lead, seq]
    #[arg(long, value_name = "ORDER", allow_hyphen_values = true)]
    pub(crate) sort: Option<String>,
    /// Every event that fits, page by page
    #[arg(long)]
    pub(crate) all: bool,
    #[command(flatten)]
    pub(crate) sight: EventSight,
    /// Personal values in clear, with --json; that you asked is recorded first
    #[arg(long, requires = "json")]
    pub(crate) reveal: bool,
    /// Why you ask, for the record; with --reveal
    #[arg(long, value_name = "REASON", requires = "reveal")]
    pub(crate) why: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Tail {
    #[command(flatten)]
    pub(crate) server: RunningServer,
    #[command(flatten)]
    pub(crate) filter: EventFilter,
    /// Begin after this place instead of at this moment
    #[arg(long, value_name = "SEQ")]
    pub(crate) after: Option<u64>,
    /// End after so many events
    #[arg(long, value_name = "N")]
    pub(crate) count: Option<u64>,
    #[command(flatten)]
    pub(crate) sight: EventSight,
}

/// Which events.
#[derive(Debug, Args)]
pub(crate) struct EventFilter {
    /// Of this flow
    #[arg(long, value_name = "FLOW", allow_hyphen_values = true)]
    pub(crate) flow: Vec<String>,
    /// Of this lead
    #[arg(long, value_name = "LEAD")]
    pub(crate) lead: Option<String>,
    /// filter.failed, or a family: recipient.*
    #[arg(long = "type", value_name = "TYPE", allow_hyphen_values = true)]
    pub(crate) types: Vec<String>,
    /// success, failure, error or skip
    #[arg(long, value_name = "OUTCOME", allow_hyphen_values = true)]
    pub(crate) outcome: Vec<String>,
    /// Of a buyer, service or source
    #[arg(long, value_name = "ENTITY", allow_hyphen_values = true)]
    pub(crate) entity: Vec<String>,
    /// Of leads that this source sent
    #[arg(long, value_name = "SOURCE", allow_hyphen_values = true)]
    pub(crate) source: Vec<String>,
    /// Of this step
    #[arg(long, value_name = "STEP", allow_hyphen_values = true)]
    pub(crate) step: Vec<String>,
    /// custom_json, custom_form or custom_query
    #[arg(long, value_name = "INTEGRATION", allow_hyphen_values = true)]
    pub(crate) integration: Vec<String>,
    /// missing_field, criteria, timeout, declined …
    #[arg(long, value_name = "CODE", allow_hyphen_values = true)]
    pub(crate) reason_code: Vec<String>,
    /// That took at least so many milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) min_ms: Option<u64>,
    /// That took at most so many milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) max_ms: Option<u64>,
    /// With a price of at least so much
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) min_price: Option<String>,
    /// With a price of at most so much
    #[arg(long, value_name = "AMOUNT", allow_negative_numbers = true)]
    pub(crate) max_price: Option<String>,
    /// Test leads: only, without or with [default: with]
    #[arg(long, value_name = "WHICH")]
    pub(crate) test: Option<String>,
}

/// How events are shown.
#[derive(Debug, Args)]
pub(crate) struct EventSight {
    /// One event a line, as the API gives it, instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// flat, nested, or none to leave the lead out
    #[arg(long, value_name = "SHAPE", requires = "json")]
    pub(crate) shape: Option<String>,
    /// Show exchange, rules and reason_raw as well
    #[arg(long, value_name = "WHAT", requires = "json")]
    pub(crate) expand: Vec<String>,
}

impl EventFilter {
    /// The parameters of a query, by the names of the API.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let several: [(&'static str, &[String]); 8] = [
            ("flow_id", &self.flow),
            ("type", &self.types),
            ("outcome", &self.outcome),
            ("entity_id", &self.entity),
            ("source_id", &self.source),
            ("step_id", &self.step),
            ("integration", &self.integration),
            ("reason_code", &self.reason_code),
        ];
        let one = [
            ("lead_id", self.lead.clone()),
            ("min_ms", self.min_ms.map(|ms| ms.to_string())),
            ("max_ms", self.max_ms.map(|ms| ms.to_string())),
            ("min_price", self.min_price.clone()),
            ("max_price", self.max_price.clone()),
            ("test", self.test.clone()),
        ];
        let several = several
            .into_iter()
            .flat_map(|(name, values)| values.iter().map(move |value| (name, value.clone())));
        several.chain(one.into_iter().filter_map(|(name, value)| Some((name, value?)))).collect()
    }
}

impl EventSight {
    /// The parameters of a query. A table shows no lead, so it asks for none.
    pub(crate) fn parameters(&self) -> Vec<(&'static str, String)> {
        let shape = if self.json { self.shape.clone() } else { Some("none".to_owned()) };
        let mut parameters: Vec<_> = shape.map(|shape| ("shape", shape)).into_iter().collect();
        parameters.extend(self.expand.iter().map(|what| ("expand", what.clone())));
        parameters
    }
}
