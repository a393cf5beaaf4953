//! `glassline flow test`: made-up leads run through the flow of a file, with the replies that its tests give.
//!
//! `trial.rs` plays one test with the real engine, `parties.rs` is whom it asks, `memory_disk.rs` where it
//! keeps its events; `verdict.rs` holds what came against what was expected.

mod memory_disk;
mod parties;
mod trial;
mod verdict;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::anyhow;
use serde_json::{Value, json};
use wire::flow_file::{EventLine, FlowFile, FlowTest};

use self::trial::{Played, play};
use self::verdict::{Unmet, judge};
use super::document::FlowDocument;
use crate::console::{complain, say};

/// How many tests came to what.
#[derive(Debug, Default)]
struct Tally {
    ok: usize,
    failed: usize,
    /// Files that cannot be used.
    unread: usize,
}

/// Which tests are tried, and how it is told.
#[derive(Debug)]
pub(crate) struct Choice {
    /// What is in the names of those that are tried; none means all.
    pub(crate) name: Option<String>,
    /// Whether a program reads it.
    pub(crate) json: bool,
}

pub(crate) async fn test(files: Vec<PathBuf>, choice: Choice) -> anyhow::Result<ExitCode> {
    // Each test has a runtime of its own, which cannot be run within this one.
    tokio::task::spawn_blocking(move || test_all(&files, &choice)).await?
}

fn test_all(files: &[PathBuf], choice: &Choice) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    for path in files {
        match read(path) {
            Ok(file) => test_file(path, &file, choice, &mut tally),
            Err(error) => {
                complain(&format!("error: {error:#}"));
                tally.unread += 1;
            }
        }
    }
    let Tally { ok, failed, unread } = tally;
    if unread == 0 && ok + failed == 0 {
        return Err(match &choice.name {
            Some(name) => anyhow!("no test has {name:?} in its name"),
            None => anyhow!("there are no tests; a flow file has them below the key \"tests\""),
        });
    }
    let unread_files = match unread {
        0 => String::new(),
        1 => ", 1 file cannot be used".to_owned(),
        _ => format!(", {unread} files cannot be used"),
    };
    let tests = if ok + failed == 1 { "test" } else { "tests" };
    if !choice.json {
        say(&format!("{} {tests}: {ok} ok, {failed} failed{unread_files}", ok + failed));
    }
    Ok(if failed + unread == 0 { ExitCode::SUCCESS } else { ExitCode::from(crate::FAILED) })
}

fn read(path: &Path) -> anyhow::Result<FlowFile> {
    let document = FlowDocument::open(path)?;
    document.read_to_test().map_err(|error| anyhow!("{} cannot be used\n{error}", path.display()))
}

fn test_file(path: &Path, file: &FlowFile, choice: &Choice, tally: &mut Tally) {
    let wanted = |test: &&FlowTest| choice.name.as_ref().is_none_or(|name| test.name.contains(name.as_str()));
    for test in file.tests.iter().filter(wanted) {
        let tried = tried(file, test);
        let ok = tried.problems.is_empty();
        *(if ok { &mut tally.ok } else { &mut tally.failed }) += 1;
        if choice.json {
            say(&tried.to_json(path, test).to_string());
        } else {
            let word = if ok { "ok    " } else { "FAILED" };
            say(&format!("{word}  {}:{}: {}", path.display(), test.line, test.name));
            tried.lines().iter().for_each(|line| say(line));
        }
    }
}

/// How a test went.
struct Tried {
    /// What is not as expected, in lines; none when all is.
    problems: Vec<String>,
    came: Vec<EventLine>,
}

fn tried(file: &FlowFile, test: &FlowTest) -> Tried {
    let Played { came, unanswered } = match play(file, test) {
        Ok(played) => played,
        Err(error) => {
            return Tried { problems: vec![format!("it cannot be played: {error:#}")], came: Vec::new() };
        }
    };
    let mut problems = unanswered;
    if let Err(unmet) = judge(test, &came) {
        problems.extend(told(&unmet));
    }
    Tried { problems, came: came.into_iter().map(EventLine::in_short).collect() }
}

impl Tried {
    /// What people read of a test that failed.
    fn lines(&self) -> Vec<String> {
        if self.problems.is_empty() {
            return Vec::new();
        }
        let mut lines: Vec<String> =
            self.problems.iter().map(|problem| format!("        {problem}")).collect();
        if !self.came.is_empty() {
            lines.push(
                "        all that came, as it can stand below \"expect\" where it is right:".to_owned(),
            );
            // As far to the right as in most files.
            lines.extend(self.came.iter().map(|event| format!("      - {}", event.to_yaml())));
        }
        lines
    }

    fn to_json(&self, path: &Path, test: &FlowTest) -> Value {
        let came: Vec<String> = self.came.iter().map(EventLine::to_string).collect();
        json!({
            "file": path.display().to_string(),
            "line": test.line,
            "name": &*test.name,
            "ok": self.problems.is_empty(),
            "problems": self.problems,
            "came": came,
        })
    }
}

fn told(unmet: &Unmet<'_>) -> Vec<String> {
    let Unmet { wanted, instead, before, is_early } = unmet;
    let short = |event: &EventLine| event.clone().in_short();
    let Some(wanted) = wanted else {
        let first = instead.map(short).map(|first| first.to_string()).unwrap_or_default();
        return vec![
            "more came than is expected, and with \"exact: true\" nothing more may".to_owned(),
            format!("the first of it:  {first}"),
        ];
    };
    let came = match (instead, before) {
        (_, Some(before)) if *is_early => {
            format!("it came, but before what line {} expects: {}", before.line, before.event)
        }
        (Some(event), _) => format!("instead came:  {}", short(event)),
        (None, Some(before)) => {
            format!("no such event came after what line {} expects: {}", before.line, before.event)
        }
        (None, None) => "no such event came".to_owned(),
    };
    vec![format!("line {} expects: {}", wanted.line, wanted.event), came]
}
