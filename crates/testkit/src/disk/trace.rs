//! What was asked of the disk and what came of it, for the eyes of whoever hunts a failing seed.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use super::Call;

/// How many of the last lines are kept.
const LINES_MAX: usize = 4_096;

#[derive(Debug, Clone, Default)]
pub(super) struct Trace {
    lines: VecDeque<Line>,
    dropped: u64,
}

#[derive(Debug, Clone)]
pub(super) enum Line {
    Called {
        file: Arc<str>,
        call: Call,
        offset: u64,
        bytes: u64,
        outcome: Outcome,
    },
    /// Something done to the disk from outside.
    Done(String),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Ok,
    /// The disk refused by itself: no such file, no space, read-only.
    Refused,
    /// A planned fault.
    Failed,
}

impl Trace {
    pub(super) fn push(&mut self, line: Line) {
        if self.lines.len() == LINES_MAX {
            self.lines.pop_front();
            self.dropped += 1;
        }
        self.lines.push_back(line);
    }
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.dropped > 0 {
            writeln!(f, "({} earlier lines dropped)", self.dropped)?;
        }
        for line in &self.lines {
            match line {
                Line::Done(what) => writeln!(f, "-- {what}")?,
                Line::Called { file, call, offset, bytes, outcome } => {
                    write!(f, "{call:<14} {file}")?;
                    match call {
                        Call::Read | Call::Write | Call::Reserve => {
                            write!(f, " {offset}..{}", offset + bytes)?;
                        }
                        Call::SetLen => write!(f, " {bytes}")?,
                        Call::List
                        | Call::Create
                        | Call::Open
                        | Call::Rename
                        | Call::Remove
                        | Call::SyncDirectory
                        | Call::Len
                        | Call::Sync => {}
                    }
                    match outcome {
                        Outcome::Ok => writeln!(f)?,
                        Outcome::Refused => writeln!(f, "  (refused)")?,
                        Outcome::Failed => writeln!(f, "  (FAULT)")?,
                    }
                }
            }
        }
        Ok(())
    }
}
