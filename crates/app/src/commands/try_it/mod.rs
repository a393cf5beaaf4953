//! `glassline try`: what would become of this? Questions are JSON lines, and so are the answers: one
//! a line, in order, each written out before the next question is read. A question that cannot be
//! answered gets its error as the answer. One file for each subject.

mod template;
mod types;
mod values;

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use domain::{TimeZone, Timestamp};
use engine::{Clock as _, SystemClock};
use serde_json::{Value as Json, json};
use wire::outbound::AllowedHosts;

use crate::command_line::{TryCommand, TryOptions};
use crate::console::try_say;
use crate::settings::Settings;

/// Longest question, in bytes: the largest body of a submission, escaped throughout.
const LINE_BYTES_MAX: u64 = 16 * 1024 * 1024;

/// When and where it is while a question is answered.
#[derive(Debug)]
struct Scene {
    now: Timestamp,
    time_zone: TimeZone,
}

pub(crate) fn run(command: TryCommand, settings: &Settings) -> anyhow::Result<ExitCode> {
    match command {
        TryCommand::Types(options) => {
            answer_all(options, |line, scene| answer_json(line, scene, types::answer))
        }
        TryCommand::Rules(options) => {
            answer_all(options, |line, scene| wire::try_rules(line, scene.now, &scene.time_zone))
        }
        TryCommand::Template(options) => {
            answer_all(options, |line, scene| answer_json(line, scene, template::answer))
        }
        TryCommand::Request { options, reach } => {
            let allowed = AllowedHosts::new(reach.allow_hosts(settings));
            answer_all(options, |line, scene| {
                wire::flow_file::try_request(line, scene.now, &scene.time_zone, &allowed)
            })
        }
        TryCommand::Response(options) => {
            answer_all(options, |line, scene| wire::flow_file::try_response(line, scene.now))
        }
        TryCommand::Intake(options) => answer_all(options, |line, scene| {
            answer_json(line, scene, |question, _| wire::inbound::try_intake(question))
        }),
    }
}

/// Answers every line. That nobody reads the answers any more ends it, and is no error.
fn answer_all(
    options: TryOptions,
    answer: impl Fn(&str, &Scene) -> Result<String, String>,
) -> anyhow::Result<ExitCode> {
    let scene = Scene {
        now: options.now.unwrap_or_else(|| SystemClock::default().now()),
        time_zone: options.time_zone,
    };
    let mut lines = open(&options.file)?;
    let mut number = 0_u64;
    while let Some(line) =
        next_line(&mut lines).with_context(|| format!("cannot read {}", options.file.display()))?
    {
        number += 1;
        let said = match line.and_then(|line| answer(&line, &scene)) {
            Ok(said) => said,
            Err(error) => json!({ "error": error, "line": number }).to_string(),
        };
        if try_say(&said).is_err() {
            break;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Answers a question that is any JSON.
fn answer_json(
    line: &str,
    scene: &Scene,
    answer: impl Fn(&Json, &Scene) -> Result<Json, String>,
) -> Result<String, String> {
    let question =
        serde_json::from_str::<Json>(line.trim_end()).map_err(|error| wire::json::fault_in_line(&error))?;
    answer(&question, scene).map(|said| said.to_string())
}

fn open(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let opened = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    Ok(Box::new(BufReader::new(opened)))
}

/// The next line without its end, or why it is none; nothing at the end.
fn next_line(lines: &mut dyn BufRead) -> std::io::Result<Option<Result<String, String>>> {
    let mut line = Vec::new();
    if Read::take(&mut *lines, LINE_BYTES_MAX + 1).read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    let ends = line.ends_with(b"\n");
    if u64::try_from(line.len()).is_ok_and(|length| length > LINE_BYTES_MAX) && !ends {
        lines.skip_until(b'\n')?;
        return Ok(Some(Err(format!("the line has more than {LINE_BYTES_MAX} bytes"))));
    }
    Ok(Some(String::from_utf8(line).map_err(|_| "the line is not JSON: it is not UTF-8".to_owned())))
}

/// Refuses members that are not among these: a misspelt one would do nothing.
fn only(question: &Json, known: &[&str]) -> Result<(), String> {
    let Json::Object(members) = question else { return Err("the line must be a JSON object".to_owned()) };
    match members.keys().find(|key| !known.contains(&key.as_str())) {
        Some(key) => Err(format!("there is no key {key:?}; there are {}", known.join(", "))),
        None => Ok(()),
    }
}

/// A member that must be text.
fn text<'a>(question: &'a Json, key: &str) -> Result<&'a str, String> {
    match &question[key] {
        Json::String(text) => Ok(text),
        Json::Null => Err(format!("the question has no {key:?}")),
        Json::Bool(_) | Json::Number(_) | Json::Array(_) | Json::Object(_) => {
            Err(format!("{key:?} must be text"))
        }
    }
}
