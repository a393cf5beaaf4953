//! The hash of all that the built pages are made of, as `ui/build/source_hash.ts` writes it into
//! `ui/dist/SOURCE_SHA256`: SHA-256 over one line for each file, `<sha256 in hex>  <path>\n`, in
//! ascending byte order of the path. In a shell, within `ui/`:
//!
//! ```sh
//! find build src public index.html package.json package-lock.json svelte.config.js \
//!   tsconfig.json vite.config.ts -type f | LC_ALL=C sort | xargs sha256sum | sha256sum
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

/// Files and folders within `ui/` that decide what is built.
pub(crate) const SOURCES: [&str; 9] = [
    "build",
    "src",
    "public",
    "index.html",
    "package.json",
    "package-lock.json",
    "svelte.config.js",
    "tsconfig.json",
    "vite.config.ts",
];

/// The hash of the sources within `ui`, in lower-case hex; none when there are no sources.
///
/// # Errors
/// When a file cannot be read.
pub(crate) fn source_hash(ui: &Path) -> io::Result<Option<String>> {
    let mut paths = Vec::new();
    for source in SOURCES {
        files(&ui.join(source), source, &mut paths)?;
    }
    paths.sort();
    let mut lines = String::new();
    for (path, file) in &paths {
        lines += &format!("{}  {path}\n", hex(&fs::read(file)?));
    }
    Ok((!paths.is_empty()).then(|| hex(lines.as_bytes())))
}

/// Every file at or below `at`, with its path as the lines name it.
fn files(at: &Path, path: &str, found: &mut Vec<(String, PathBuf)>) -> io::Result<()> {
    if at.is_file() {
        found.push((path.to_owned(), at.to_owned()));
    } else if at.is_dir() {
        for entry in fs::read_dir(at)? {
            let entry = entry?;
            let name = entry.file_name();
            files(&entry.path(), &format!("{path}/{}", name.to_string_lossy()), found)?;
        }
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
