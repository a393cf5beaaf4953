//! What the process says of itself on standard error.

use std::io::IsTerminal as _;

use tracing::{Level, Metadata};
use tracing_subscriber::filter::{EnvFilter, FilterExt as _, ParseError, filter_fn};
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

/// Our own crates, whose logs hold no value of a lead, no credential and no body.
const OWN: [&str; 8] = ["domain", "engine", "glassline", "ledger", "readers", "server", "testkit", "wire"];

/// Writes what a filter such as `info` or `ledger=debug,info` lets through.
///
/// # Errors
/// When it is no filter.
pub(crate) fn write(filter: &str) -> Result<(), ParseError> {
    let filter = EnvFilter::try_new(filter)?.and(filter_fn(may_be_written));
    let lines = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    tracing_subscriber::registry().with(lines.with_filter(filter)).init();
    Ok(())
}

/// Whatever the filter says: readers of HTML and the like write what they read, so that of other crates nothing
/// below a warning is written.
fn may_be_written(metadata: &Metadata<'_>) -> bool {
    let krate = metadata.target().split("::").next().unwrap_or_default();
    *metadata.level() <= Level::WARN || OWN.contains(&krate)
}
