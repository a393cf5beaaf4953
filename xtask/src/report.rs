//! Runs commands one after another and keeps the score: which passed, how long each took, and how
//! many tests ran. A failed command never stops the ones after it.

mod tally;

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

pub(crate) use self::tally::Counts;
use self::tally::Tally;

pub(crate) struct Report {
    root: PathBuf,
    started: Instant,
    stages: Vec<Stage>,
}

pub(crate) struct Stage {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    /// Why it did not pass, where we know more than its own output says.
    pub(crate) why: Option<String>,
    took: Duration,
    tests: Tally,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl Report {
    pub(crate) fn new(root: PathBuf) -> Report {
        Report { root, started: Instant::now(), stages: Vec::new() }
    }

    /// The root of the workspace, where every command runs.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Runs one command as one stage, its output going through as it comes. True when it passed. A command
    /// that cannot be started is a failed stage; `Err` says that we cannot go on ourselves.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> anyhow::Result<bool> {
        self.run_tests(name, command, Counts::None)
    }

    /// Runs one command as one stage and adds up what it says of tests.
    pub(crate) fn run_tests(
        &mut self,
        name: &str,
        command: &mut Command,
        counts: Counts,
    ) -> anyhow::Result<bool> {
        println!("\n==> {name}: {}", shown(command));
        let started = Instant::now();
        let mut tests = Tally::default();
        command.current_dir(&self.root).stdin(Stdio::null()).stdout(Stdio::piped());
        let (outcome, why) = match command.spawn() {
            Ok(mut child) => {
                let output = child.stdout.take().context("the output was asked for, but is not there")?;
                for_each_line(output, |line| tests.add_line(counts, line))?;
                (if child.wait()?.success() { Outcome::Passed } else { Outcome::Failed }, None)
            }
            Err(error) => (Outcome::Failed, Some(format!("cannot start it: {error}"))),
        };
        self.note(name, outcome, why, started, tests);
        Ok(outcome == Outcome::Passed)
    }

    /// One stage done by ourselves. `Err` says in a line or a few why it failed.
    pub(crate) fn step<T>(&mut self, name: &str, work: impl FnOnce(&Path) -> Result<T, String>) -> Option<T> {
        println!("\n==> {name}");
        let started = Instant::now();
        let (outcome, why, made) = match work(&self.root) {
            Ok(made) => (Outcome::Passed, None, Some(made)),
            Err(why) => (Outcome::Failed, Some(why), None),
        };
        self.note(name, outcome, why, started, Tally::default());
        made
    }

    /// Notes a stage that failed before it could begin.
    pub(crate) fn fail(&mut self, name: &str, why: &str) {
        self.step::<()>(name, |_root| Err(why.into()));
    }

    /// Runs a command quietly and for `limit` at most. It is no stage: the inner `Err` says in one line
    /// why it failed, and what follows from that is up to the caller.
    pub(crate) fn run_bounded(
        &self,
        command: &mut Command,
        limit: Duration,
    ) -> anyhow::Result<Result<(), String>> {
        println!("\n==> {} (for {} at most)", shown(command), seconds(limit));
        command.current_dir(&self.root).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) => return Ok(Err(error.to_string())),
        };
        let started = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait()? {
                break status;
            }
            if started.elapsed() > limit {
                child.kill()?;
                child.wait()?;
                return Ok(Err(format!("no answer within {}", seconds(limit))));
            }
            std::thread::sleep(Duration::from_millis(50));
        };
        if status.success() {
            return Ok(Ok(()));
        }
        let mut complaint = Vec::new();
        child
            .stderr
            .take()
            .context("the errors were asked for, but are not there")?
            .read_to_end(&mut complaint)?;
        let complaint = String::from_utf8_lossy(&complaint);
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty());
        Ok(Err(last.unwrap_or("it did not say why").trim().into()))
    }

    /// Notes, loudly, that a stage could not be run, and that this is no failure.
    pub(crate) fn skip(&mut self, name: &str, why: &str) {
        println!("WARNING: {name} NOT CHECKED: {why}");
        self.note(name, Outcome::Skipped, Some(why.into()), Instant::now(), Tally::default());
    }

    fn note(&mut self, name: &str, outcome: Outcome, why: Option<String>, started: Instant, tests: Tally) {
        let took = started.elapsed();
        if let Some(why) = why.as_ref().filter(|_| outcome == Outcome::Failed) {
            println!("{why}");
        }
        println!("<== {name}: {} in {}", outcome.word(), seconds(took));
        self.stages.push(Stage { name: name.into(), outcome, why, took, tests });
    }

    #[cfg(test)]
    pub(crate) fn stages(&self) -> &[Stage] {
        &self.stages
    }

    /// Prints the summary and, as the last line, the count of tests.
    pub(crate) fn close(self) -> ExitCode {
        let (summary, code) = self.summary();
        println!("\n{summary}");
        code
    }

    /// A stage that failed without a failed test counts as one, so that the last line never looks clean
    /// when something is wrong.
    pub(crate) fn summary(&self) -> (String, ExitCode) {
        let mut lines = Vec::new();
        let mut total = Tally::default();
        for stage in &self.stages {
            lines.push(format!("{:<9}{:>8}  {}", stage.outcome.word(), seconds(stage.took), stage.name));
            lines.extend(stage.why.iter().flat_map(|why| why.lines()).map(|why| format!("{:19}{why}", "")));
            total.add(&stage.tests);
            if stage.outcome == Outcome::Failed && stage.tests.failed == 0 {
                total.failed += 1;
            }
        }
        lines.push(format!("{:<9}{:>8}", "total", seconds(self.started.elapsed())));
        if total.skipped > 0 {
            lines.push(format!("skipped tests: {}", total.skipped));
        }
        lines.push(total.to_string());
        let code = if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE };
        (lines.join("\n"), code)
    }
}

impl Outcome {
    fn word(self) -> &'static str {
        match self {
            Outcome::Passed => "ok",
            Outcome::Failed => "FAILED",
            Outcome::Skipped => "skipped",
        }
    }
}

/// Hands each line to `look` once it is on our own output. Lines need not be UTF-8.
pub(crate) fn for_each_line(output: impl Read, mut look: impl FnMut(&str)) -> io::Result<()> {
    let mut output = BufReader::new(output);
    let mut bytes = Vec::new();
    while output.read_until(b'\n', &mut bytes)? > 0 {
        let line = String::from_utf8_lossy(&bytes);
        print!("{line}");
        look(line.trim_end());
        bytes.clear();
    }
    Ok(())
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs().filter(|(name, _)| *name != "PATH") {
        let Some(value) = value else { continue };
        words.push(format!("{}={}", name.display(), quoted(value.to_string_lossy())));
    }
    let program = Path::new(command.get_program());
    let program = program.file_stem().unwrap_or(program.as_os_str());
    words.push(quoted(program.to_string_lossy()));
    words.extend(command.get_args().map(|arg| quoted(arg.to_string_lossy())));
    words.join(" ")
}

fn quoted(word: Cow<'_, str>) -> String {
    if word.contains(' ') { format!("'{word}'") } else { word.into_owned() }
}

fn seconds(took: Duration) -> String {
    format!("{:.1} s", took.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_stage_is_named_with_its_reason_and_never_leaves_the_last_line_clean() {
        let mut report = Report::new(PathBuf::new());
        report.step("one", |_root| Ok(()));
        report.fail("two", "no compiler");
        report.skip("three", "no network");
        let (summary, code) = report.summary();
        let lines: Vec<&str> = summary.lines().map(str::trim_start).collect();
        assert!(lines[0].starts_with("ok ") && lines[0].ends_with(" one"), "{summary}");
        assert!(lines[1].starts_with("FAILED ") && lines[1].ends_with(" two"), "{summary}");
        assert_eq!(lines[2], "no compiler");
        assert!(lines[3].starts_with("skipped ") && lines[3].ends_with(" three"), "{summary}");
        assert_eq!(lines.last(), Some(&"0 passed, 1 failed"));
        assert_eq!(code, ExitCode::FAILURE);
    }

    #[test]
    fn the_last_line_is_the_count_alone_also_when_tests_were_skipped() {
        let mut report = Report::new(PathBuf::new());
        let mut tests = Tally::default();
        tests.add_line(Counts::Cargo, "test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured");
        report.note("test", Outcome::Passed, None, Instant::now(), tests);
        let (summary, code) = report.summary();
        let lines: Vec<&str> = summary.lines().collect();
        assert_eq!(lines[lines.len() - 2..], ["skipped tests: 1", "12 passed, 0 failed"]);
        assert_eq!(code, ExitCode::SUCCESS);
    }
}
