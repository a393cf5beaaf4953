//! Sees that the built pages are there to be embedded, and says when they are older than their
//! sources. It never runs npm: cargo alone builds everything, from what is committed.

use std::path::Path;
use std::process::ExitCode;
use std::{env, fs};

#[path = "build/source_hash.rs"]
mod source_hash;

/// What makes the pages.
const BUILD_COMMAND: &str = "(cd ui && npm ci && npm run build)";

#[allow(clippy::print_stdout, clippy::print_stderr, reason = "how a build script talks to cargo")]
fn main() -> ExitCode {
    // As of now: a target folder that checkouts share has this program from another one.
    let crate_root = env::var_os("CARGO_MANIFEST_DIR").expect("cargo says where the crate is");
    let ui = Path::new(&crate_root).join("../../ui");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=build");
    for path in source_hash::SOURCES.iter().chain(&["dist"]) {
        let path = ui.join(path);
        // A path that is missing would have the script run again every time.
        if path.exists() {
            println!("cargo:rerun-if-changed={}", path.display());
        }
    }
    if !ui.join("dist/index.html").is_file() {
        eprintln!(
            "error: ui/dist holds no pages to embed. They are committed, so `git checkout -- ui/dist` brings \
             them back; to build them anew: {BUILD_COMMAND}"
        );
        return ExitCode::FAILURE;
    }
    match source_hash::source_hash(&ui) {
        Ok(Some(now)) => {
            let built = fs::read_to_string(ui.join("dist/SOURCE_SHA256")).unwrap_or_default();
            if built.trim() != now {
                println!("cargo:warning=ui/dist is older than its sources; run {BUILD_COMMAND}");
            }
        }
        Ok(None) => {}
        Err(error) => println!("cargo:warning=cannot read the sources of the pages: {error}"),
    }
    ExitCode::SUCCESS
}
