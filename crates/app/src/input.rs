//! What a command reads: a file, or standard input where the file is called `-`.

use std::io::Read as _;
use std::path::Path;

use anyhow::Context as _;

/// Reads it all, as text.
pub(crate) fn read_input(path: &Path) -> anyhow::Result<String> {
    if path == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("cannot read standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}
