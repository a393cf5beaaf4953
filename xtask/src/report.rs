//! Runs commands one after another and keeps the score: which passed, how long each took, and how
//! many tests ran. A failed command never stops the ones after it.

mod tally;

use std::borrow::Cow;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context;

use self::tally::Tally;
use crate::tools::Tool;

pub(crate) struct Report {
    root: PathBuf,
    started: Instant,
    stages: Vec<Stage>,
}

struct Stage {
    name: String,
    outcome: Outcome,
    took: Duration,
    tests: Tally,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

/// `cargo` with arguments that hold no spaces of their own.
pub(crate) fn cargo(args: &str) -> Command {
    // Cargo names itself to what it runs, so that the same tool chain does the rest.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(args.split_whitespace());
    command
}

impl Report {
    pub(crate) fn new(root: PathBuf) -> Report {
        Report { root, started: Instant::now(), stages: Vec::new() }
    }

    /// The root of the workspace, where every command runs.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Installs those of `tools` that the machine lacks.
    pub(crate) fn provide(&mut self, tools: &[Tool]) -> anyhow::Result<()> {
        for tool in tools {
            if !(tool.check)()? {
                self.run(&format!("install {}", tool.name), &mut (tool.install)()?)?;
            }
        }
        Ok(())
    }

    /// Runs one command as one stage. Its output goes through as it comes, and what it says of tests
    /// is added up. A command that cannot be started is a failed stage; `Err` is a broken pipe.
    pub(crate) fn run(&mut self, name: &str, command: &mut Command) -> anyhow::Result<()> {
        println!("\n==> {name}: {}", shown(command));
        let started = Instant::now();
        let mut tests = Tally::default();
        command.current_dir(&self.root).stdin(Stdio::null()).stdout(Stdio::piped());
        let outcome = match command.spawn() {
            Ok(mut child) => {
                let output = child.stdout.take().context("the output was asked for, but is not there")?;
                for_each_line(output, |line| tests.add_line(line))?;
                if child.wait()?.success() { Outcome::Passed } else { Outcome::Failed }
            }
            Err(error) => {
                println!("cannot start it: {error}");
                Outcome::Failed
            }
        };
        let took = started.elapsed();
        println!("<== {name}: {} in {}", outcome.word(), seconds(took));
        self.stages.push(Stage { name: name.into(), outcome, took, tests });
        Ok(())
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
        let tests = Tally::default();
        self.stages.push(Stage { name: name.into(), outcome: Outcome::Skipped, took: Duration::ZERO, tests });
    }

    /// Prints the summary and, as the last line, the count of tests. A stage that failed without a
    /// failed test counts as one, so that the last line never looks clean when something is wrong.
    pub(crate) fn close(self) -> ExitCode {
        println!();
        let mut total = Tally::default();
        for stage in &self.stages {
            println!("{:<9}{:>8}  {}", stage.outcome.word(), seconds(stage.took), stage.name);
            total.add(&stage.tests);
            if stage.outcome == Outcome::Failed && stage.tests.failed == 0 {
                total.failed += 1;
            }
        }
        println!("{:<9}{:>8}", "total", seconds(self.started.elapsed()));
        println!("{total}");
        if total.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
    let mut line = Vec::new();
    while output.read_until(b'\n', &mut line)? > 0 {
        io::stdout().write_all(&line)?;
        look(String::from_utf8_lossy(&line).trim_end());
        line.clear();
    }
    io::stdout().flush()
}

/// The command as one would type it.
fn shown(command: &Command) -> String {
    let mut words = Vec::new();
    for (name, value) in command.get_envs() {
        let value = value.map(|value| value.to_string_lossy()).unwrap_or_default();
        words.push(format!("{}={}", name.display(), quoted(value)));
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
