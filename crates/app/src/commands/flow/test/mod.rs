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

pub(crate) async fn test(files: Vec<PathBuf>, name: Option<String>) -> anyhow::Result<ExitCode> {
    // Each test has a runtime of its own, which cannot be run within this one.
    tokio::task::spawn_blocking(move || test_all(&files, name.as_deref())).await?
}

fn test_all(files: &[PathBuf], name: Option<&str>) -> anyhow::Result<ExitCode> {
    let mut tally = Tally::default();
    for path in files {
        match read(path) {
            Ok(file) => test_file(path, &file, name, &mut tally),
            Err(error) => {
                complain(&format!("error: {error:#}"));
                tally.unread += 1;
            }
        }
    }
    let Tally { ok, failed, unread } = tally;
    if unread == 0 && ok + failed == 0 {
        return Err(match name {
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
    say(&format!("{} {tests}: {ok} ok, {failed} failed{unread_files}", ok + failed));
    Ok(if failed + unread == 0 { ExitCode::SUCCESS } else { ExitCode::from(crate::FAILED) })
}

fn read(path: &Path) -> anyhow::Result<FlowFile> {
    let document = FlowDocument::open(path)?;
    document.read_to_test().map_err(|error| anyhow!("{} cannot be used\n{error}", path.display()))
}

fn test_file(path: &Path, file: &FlowFile, name: Option<&str>, tally: &mut Tally) {
    let wanted = |test: &&FlowTest| name.is_none_or(|name| test.name.contains(name));
    for test in file.tests.iter().filter(wanted) {
        let shown = format!("{}:{}: {}", path.display(), test.line, test.name);
        let lines = failure(file, test);
        if lines.is_empty() {
            tally.ok += 1;
            say(&format!("ok      {shown}"));
        } else {
            tally.failed += 1;
            say(&format!("FAILED  {shown}"));
            lines.iter().for_each(|line| say(line));
        }
    }
}

/// What is wrong with what came of a test, in lines; none when all is as expected.
fn failure(file: &FlowFile, test: &FlowTest) -> Vec<String> {
    let Played { came, unanswered } = match play(file, test) {
        Ok(played) => played,
        Err(error) => return vec![format!("        it cannot be played: {error:#}")],
    };
    let mut lines: Vec<String> =
        unanswered.iter().map(|who| format!("        no reply is given for {who}")).collect();
    if let Err(unmet) = judge(test, &came) {
        lines.extend(told(&unmet));
    }
    if !lines.is_empty() {
        lines.push("        what came, as it can stand below \"expect\":".to_owned());
        // As far to the right as in most files.
        lines.extend(came.into_iter().map(|event| format!("      - {}", event.in_short().to_yaml())));
    }
    lines
}

fn told(unmet: &Unmet<'_>) -> Vec<String> {
    let Unmet { wanted, instead } = unmet;
    let short = |event: &EventLine| event.clone().in_short();
    let mut lines = vec![match wanted {
        Some(wanted) => format!("        line {} is not met: {}", wanted.line, wanted.event),
        None => "        more came than is expected".to_owned(),
    }];
    lines.extend(instead.map(|event| match wanted {
        Some(_) => format!("        instead came:      {}", short(event)),
        None => format!("        the first of it:   {}", short(event)),
    }));
    lines
}
