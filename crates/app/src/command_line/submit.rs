//! The flags of `glassline submit`.

use std::path::PathBuf;

use clap::Args;

use super::RunningServer;

#[derive(Debug, Args)]
#[command(
    override_usage = "glassline submit [OPTIONS] --flow <FLOW> --source <SOURCE> <NAME=VALUE>...\n       \
                      glassline submit [OPTIONS] --flow <FLOW> --source <SOURCE> --json <FILE>",
    after_help = "Prints the server's answer as it is, one line of JSON.\n\n\
                  Exit codes: 0 the lead was taken, 4 the flow refused it (failure), 5 the flow ended with a fault\n\
                  (error), 1 there is no lead: the request was refused, or the server did not answer.\n\n\
                  Examples: glassline submit --flow flow_roofs --source src_web_form first_name=Ann email=ann@example.com\n          \
                  echo '{\"email\":\"ann@example.com\"}' | glassline submit --flow flow_roofs --source src_web_form --json -"
)]
pub(crate) struct Submit {
    #[command(flatten)]
    pub(crate) server: RunningServer,
    /// The flow the lead runs through
    #[arg(long, value_name = "FLOW")]
    pub(crate) flow: String,
    /// The source that sends it
    #[arg(long, value_name = "SOURCE")]
    pub(crate) source: String,
    /// What the lead consists of; dots in names make a tree
    #[arg(value_name = "NAME=VALUE", value_parser = pair, required_unless_present = "json")]
    pub(crate) parameters: Vec<(String, String)>,
    /// A JSON object instead, from a file, or - for standard input
    #[arg(long, value_name = "FILE", conflicts_with = "parameters")]
    pub(crate) json: Option<PathBuf>,
    /// Sent again within a day with the same key, the lead is not taken twice: the first answer comes again
    #[arg(long, value_name = "KEY")]
    pub(crate) idempotency_key: Option<String>,
    /// Mark the lead as a test
    #[arg(long)]
    pub(crate) test: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.trim().is_empty() => Ok((name.to_owned(), value.to_owned())),
        Some(_) | None => Err("write name=value".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_may_hold_anything_and_a_name_may_not_be_blank() {
        assert_eq!(pair("a.b=c=d"), Ok(("a.b".to_owned(), "c=d".to_owned())));
        assert_eq!(pair("a="), Ok(("a".to_owned(), String::new())));
        for wrong in ["=b", "a", " =x", ""] {
            pair(wrong).unwrap_err();
        }
    }
}
