//! What is wrong with a flow file, and where.

use std::fmt;

/// One thing that is wrong with a flow file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The line it is on, 1 for the first. A document of one line, such as stored JSON, has
    /// everything on line 1.
    pub line: u64,
    /// What is wrong, and where possible how to mend it.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

/// A flow file cannot be used. Its text form has one problem a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FlowFileError {
    // Invariant: at least one, ascending by line.
    problems: Vec<Problem>,
}

/// Most problems that are told of one file.
const PROBLEMS_MAX: usize = 50;

impl FlowFileError {
    pub(super) fn new(mut problems: Vec<Problem>) -> FlowFileError {
        problems.sort_by_key(|problem| problem.line);
        problems.truncate(PROBLEMS_MAX);
        FlowFileError { problems }
    }

    /// All that was found, by line.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for FlowFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, problem) in self.problems.iter().enumerate() {
            let between = if at == 0 { "" } else { "\n" };
            write!(f, "{between}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FlowFileError {}
