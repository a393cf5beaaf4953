//! `glassline flow check`: whether flow files are good to publish.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;
use wire::flow_file::{FlowFile, Problem};

use super::document::{Checked, FlowDocument};
use super::warn_of_retention;
use crate::command_line::Reach;
use crate::console::{complain, counted, say};
use crate::settings::Settings;

pub(crate) async fn check(
    files: &[PathBuf],
    json: bool,
    reach: Reach,
    settings: &Settings,
) -> anyhow::Result<ExitCode> {
    let allow_hosts = reach.allow_hosts(settings);
    let mut good = 0;
    for path in files {
        match check_file(path, json, allow_hosts.clone()).await {
            Ok(true) => good += 1,
            Ok(false) => {}
            Err(error) => complain(&format!("error: {error:#}")),
        }
    }
    let bad = files.len() - good;
    if files.len() > 1 && !json {
        say(&format!("{}: {good} good to publish, {bad} not", counted(files.len(), "file")));
    }
    Ok(if bad == 0 { ExitCode::SUCCESS } else { ExitCode::from(crate::FAILED) })
}

/// Whether a file is good to publish; what is wrong with it is told.
async fn check_file(path: &Path, json: bool, allow_hosts: Vec<String>) -> anyhow::Result<bool> {
    let document = FlowDocument::open(path)?;
    let Checked { file, unchecked } = match document.check(allow_hosts).await? {
        Ok(checked) => checked,
        Err(error) => {
            if json {
                error.problems().iter().for_each(|problem| say_as_json(path, problem));
            } else {
                complain(&format!("error: {} cannot be used\n{error}", path.display()));
            }
            return Ok(false);
        }
    };
    if !json {
        tell(path, &file);
    }
    warn_of_unchecked(path, &unchecked);
    warn_of_retention(&file.flow);
    Ok(true)
}

fn say_as_json(path: &Path, problem: &Problem) {
    let Problem { line, message } = problem;
    say(&json!({ "file": path.display().to_string(), "line": line, "message": message }).to_string());
}

fn tell(path: &Path, file: &FlowFile) {
    let FlowFile { flow, secrets, tests, .. } = file;
    say(&format!(
        "{}: {}, {} ({}, {}, {}), is good to publish",
        path.display(),
        flow.id(),
        flow.name(),
        counted(flow.fields().iter().len(), "field"),
        counted(flow.sources().len(), "source"),
        counted(flow.steps().len(), "step")
    ));
    if !secrets.is_empty() {
        let names: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
        let these = if names.len() == 1 { "this secret" } else { "these secrets" };
        say(&format!("It needs {these} to be set: {}", names.join(", ")));
    }
    if !tests.is_empty() {
        let tests = counted(tests.len(), "test");
        say(&format!("It has {tests}; try with: glassline flow test {}", path.display()));
    }
}

/// Says what could not be looked at, and how it can be.
fn warn_of_unchecked(path: &Path, unchecked: &[Problem]) {
    for problem in unchecked {
        complain(&format!("warning: {}, {problem}", path.display()));
    }
    if !unchecked.is_empty() {
        complain(
            "What is called of it is not checked. Publishing fetches it and refuses the flow where it cannot; to check \
             without the network, save it beside the flow file and name that file with \"wsdl_file\"",
        );
    }
}
