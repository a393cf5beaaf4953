//! Every test there is, doc tests included, and the public docs without a warning.

use crate::report::{Report, cargo};
use crate::tools;

pub(crate) fn run(report: &mut Report) -> anyhow::Result<()> {
    report.provide(tools::FOR_TEST)?;
    // Cargo's own choice of targets: unit tests of libraries and binaries, integration tests and doc
    // tests run, examples are built, benchmarks left alone. Naming targets would drop the doc tests.
    report.run("test", &mut cargo("test --workspace --no-fail-fast"))?;
    report.run("docs", cargo("doc --workspace --no-deps").env("RUSTDOCFLAGS", "-D warnings"))?;
    Ok(())
}
