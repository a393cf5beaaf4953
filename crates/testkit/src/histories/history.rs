//! A history as plain data, and its text form: one line for each step.

use std::fmt;
use std::str::FromStr;

use crate::disk::{Fault, PowerLoss};

/// What is done to a log, from its first start on. Every sequence of steps is a history: a step
/// that makes no sense where it stands does nothing, so one can be cut down freely.
///
/// Text form:
/// ```text
/// seed 17
/// append 1:64,64 2:64
/// barrier
/// fault sync 1 eio
/// power-loss data=torn metadata=ordered
/// restart
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Of the disk, and of whatever else is left to chance.
    pub seed: u64,
    /// In order. The log runs when the first one is taken.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Hands these groups over together. They may be durable afterwards, or not.
    Append(Vec<Group>),
    /// Waits until all that was handed over is durable.
    Barrier,
    /// Lets the log finish what it was given, with nobody waiting for it.
    Idle,
    /// A reader reads all there is to see.
    Read,
    /// Plans a fault, counted from here.
    Fault(Fault),
    /// The power goes; nothing when it is off.
    PowerLoss(PowerLoss),
    /// The process dies; nothing when it is dead.
    Kill,
    /// The cache of the system forgets what counts as clean.
    Evict,
    /// The log is started; when it runs, it is closed first, in good order.
    Restart,
}

/// Records of one chain that belong together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Which chain.
    pub chain: u8,
    /// Length of the content of each record, in bytes.
    pub records: Vec<u16>,
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lengths: Vec<String> = self.records.iter().map(u16::to_string).collect();
        write!(f, "{}:{}", self.chain, lengths.join(","))
    }
}

impl FromStr for Group {
    type Err = String;

    fn from_str(text: &str) -> Result<Group, String> {
        let wrong = || format!("{text:?} is no group; write <chain>:<bytes>,<bytes>…");
        let (chain, records) = text.split_once(':').ok_or_else(wrong)?;
        Ok(Group {
            chain: chain.parse().map_err(|_| wrong())?,
            records: records.split(',').map(str::parse).collect::<Result<_, _>>().map_err(|_| wrong())?,
        })
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Append(groups) => {
                f.write_str("append")?;
                groups.iter().try_for_each(|group| write!(f, " {group}"))
            }
            Step::Barrier => f.write_str("barrier"),
            Step::Idle => f.write_str("idle"),
            Step::Read => f.write_str("read"),
            Step::Fault(fault) => write!(f, "fault {fault}"),
            Step::PowerLoss(loss) => write!(f, "power-loss {loss}"),
            Step::Kill => f.write_str("kill"),
            Step::Evict => f.write_str("evict"),
            Step::Restart => f.write_str("restart"),
        }
    }
}

impl FromStr for Step {
    type Err = String;

    fn from_str(text: &str) -> Result<Step, String> {
        let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (word, rest) {
            ("append", groups) => {
                Ok(Step::Append(groups.split_whitespace().map(str::parse).collect::<Result<_, _>>()?))
            }
            ("barrier", "") => Ok(Step::Barrier),
            ("idle", "") => Ok(Step::Idle),
            ("read", "") => Ok(Step::Read),
            ("fault", fault) => Ok(Step::Fault(fault.parse()?)),
            ("power-loss", loss) => Ok(Step::PowerLoss(loss.parse()?)),
            ("kill", "") => Ok(Step::Kill),
            ("evict", "") => Ok(Step::Evict),
            ("restart", "") => Ok(Step::Restart),
            _ => Err(format!("{text:?} is no step of a history")),
        }
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {}", self.seed)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl FromStr for History {
    type Err = String;

    fn from_str(text: &str) -> Result<History, String> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let seed = lines.next().and_then(|line| line.strip_prefix("seed ")?.parse().ok());
        let seed = seed.ok_or("a history begins with a line `seed <number>`")?;
        Ok(History { seed, steps: lines.map(str::parse).collect::<Result<_, _>>()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_history_reads_back_from_its_text() {
        for seed in 0..200 {
            let history = History::draw(seed);
            assert_eq!(history.to_string().parse(), Ok(history));
        }
    }

    #[test]
    fn comments_and_indents_are_allowed_and_other_words_are_not() {
        let history: History = "\n  seed 3\n  # the story\n  append 1:8\n  read\n".parse().unwrap();
        let group = Group { chain: 1, records: vec![8] };
        assert_eq!(history, History { seed: 3, steps: vec![Step::Append(vec![group]), Step::Read] });
        for wrong in ["", "read", "seed x", "seed 1\nreads", "seed 1\nappend 1", "seed 1\nkill it"] {
            assert!(wrong.parse::<History>().is_err(), "{wrong:?}");
        }
    }
}
