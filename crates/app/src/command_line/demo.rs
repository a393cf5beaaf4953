//! The flags of `glassline demo`.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Args;

#[derive(Debug, Args)]
#[command(
    after_help = "The first start plays a day of leads into a data directory of its own; then leads keep coming in.\n\
                  People, companies and addresses are invented. Delete the directory and the demo is gone.\n\n\
                  Example: glassline demo --data /tmp/glassline-demo"
)]
pub(crate) struct Demo {
    /// Data directory of the demo, made where it is missing
    #[arg(long, default_value = "glassline-demo", value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Address to listen on; port 0 takes a free one [default: 127.0.0.1:8080, or a free port when that is taken]
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<SocketAddr>,
    /// How many leads come in a second, two thirds of it at night and five thirds at midday; 0 for none
    #[arg(long, default_value_t = 3.0, value_name = "N", value_parser = rate)]
    pub(crate) rate: f64,
    /// How many leads the day of history has
    #[arg(long, default_value_t = 2_000, value_name = "N", value_parser = clap::value_parser!(u32).range(..=100_000))]
    pub(crate) leads: u32,
    /// What people, leads and times are drawn from
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub(crate) seed: u64,
    /// Print the address, the key and the page, and nothing else
    #[arg(long)]
    pub(crate) quiet: bool,
    /// Print what is planted in the history of a demo, with a lead of each story, and end
    #[arg(long)]
    pub(crate) stories: bool,
}

/// Most leads a second.
const RATE_MAX: f64 = 100.0;

fn rate(text: &str) -> Result<f64, String> {
    let rate: f64 = text.parse().map_err(|_| format!("{text:?} is not a number"))?;
    if (0.0..=RATE_MAX).contains(&rate) { Ok(rate) } else { Err(format!("0 to {RATE_MAX} can be given")) }
}
