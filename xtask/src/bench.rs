//! Benchmarks, each a `harness = false` bench of one crate that prints its report as Markdown.

use std::path::Path;
use std::process::{ExitCode, Stdio};
use std::{fs, io};

use anyhow::Context;

use crate::machine::Machine;
use crate::report::for_each_line;

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(crate) enum Name {
    /// Appends, recovery and memory of the ledger, beside a bare log writing the same bytes.
    Ledger,
    /// Whole leads through a running server, with and without calls to others.
    Flow,
    /// What a running system holds: a slow buyer, leads that wait, suppression lists.
    Capacity,
    /// What one lead costs to read, parse, judge, render and answer, without disk and network.
    Lead,
}

impl Name {
    /// The name of the bench target, and of the heading and the markers in the docs.
    fn as_str(self) -> &'static str {
        match self {
            Name::Ledger => "ledger",
            Name::Flow => "flow",
            Name::Capacity => "capacity",
            Name::Lead => "lead",
        }
    }

    /// The crate whose promise it measures.
    fn in_crate(self) -> &'static str {
        match self {
            Name::Ledger => "ledger",
            Name::Flow | Name::Capacity => "app",
            Name::Lead => "wire",
        }
    }
}

/// Runs a benchmark, its output going through as it comes, and with `write` keeps it in the docs.
pub(crate) fn run(
    machine: &Machine,
    root: &Path,
    name: Name,
    write: bool,
    args: &[String],
) -> anyhow::Result<ExitCode> {
    let mut command = machine.cargo("bench");
    command.args(["-p", name.in_crate(), "--bench", name.as_str(), "--"]).args(args);
    let mut child = command.current_dir(root).stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
    let output = child.stdout.take().context("the output was asked for, but is not there")?;
    let mut lines = Vec::new();
    for_each_line(output, |line| lines.push(line.to_owned()))?;
    if !child.wait()?.success() {
        return Ok(ExitCode::FAILURE);
    }
    if write {
        let path = root.join("docs/benchmarks.md");
        let docs = match fs::read_to_string(&path) {
            Ok(docs) => docs,
            Err(error) if error.kind() == io::ErrorKind::NotFound => "# Benchmarks\n".into(),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        fs::write(&path, with_report(&docs, name.as_str(), lines.join("\n").trim())?)
            .with_context(|| format!("cannot write {}", path.display()))?;
        println!("\nWritten to docs/benchmarks.md");
    }
    Ok(ExitCode::SUCCESS)
}

/// The docs with the report between the markers of its benchmark; at the end where it has none yet.
fn with_report(docs: &str, name: &str, report: &str) -> anyhow::Result<String> {
    let begin = format!("<!-- bench {name}: begin -->");
    let end = format!("<!-- bench {name}: end -->");
    let block = format!("{begin}\n\n{report}\n\n{end}");
    let Some((before, rest)) = docs.split_once(&begin) else {
        return Ok(format!("{}\n\n## {name}\n\n{block}\n", docs.trim_end()));
    };
    let (_old, after) = rest.split_once(&end).with_context(|| format!("`{begin}` without `{end}`"))?;
    Ok(format!("{before}{block}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_takes_the_place_of_the_last_one_and_leaves_the_rest_alone() {
        let first = with_report("# Benchmarks\n", "ledger", "| old |").unwrap();
        let docs = format!("{first}\nAfterword.\n");
        assert_eq!(
            with_report(&docs, "ledger", "| new |").unwrap(),
            "# Benchmarks\n\n## ledger\n\n\
             <!-- bench ledger: begin -->\n\n| new |\n\n<!-- bench ledger: end -->\n\nAfterword.\n"
        );
    }

    #[test]
    fn a_begin_without_an_end_is_refused() {
        let error = with_report("<!-- bench ledger: begin -->\n| old |\n", "ledger", "| new |");
        assert!(error.is_err(), "everything after the marker would be lost");
    }
}
