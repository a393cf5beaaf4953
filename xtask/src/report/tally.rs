//! How many tests ran, as read from the lines that test programs close with.

use std::fmt;

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    /// Ignored tests. Those left out by a filter are not counted.
    pub(crate) skipped: u64,
}

/// Whose closing lines to read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Counts {
    /// The command runs no tests.
    None,
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; …`, once per test program.
    Cargo,
    /// `Tests  1 failed | 3 passed | 1 skipped (5)`
    Vitest,
    /// `3 passed (12.1s)`, `1 failed`, `1 flaky`, `1 skipped`, `1 did not run`, each on its own line.
    Playwright,
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Tally) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }

    /// Takes one line of output and passes over all but the closing ones.
    pub(crate) fn add_line(&mut self, counts: Counts, line: &str) {
        match counts {
            Counts::None => {}
            Counts::Cargo => {
                let rest = line.strip_prefix("test result: ").and_then(|rest| rest.split_once(". "));
                if let Some((_verdict, counts)) = rest {
                    counts.split(';').for_each(|count| self.add_count(count));
                }
            }
            Counts::Vitest => {
                let rest = line.trim_start().strip_prefix("Tests ").and_then(|rest| rest.rsplit_once('('));
                if let Some((counts, _total)) = rest {
                    counts.split('|').for_each(|count| self.add_count(count));
                }
            }
            Counts::Playwright => {
                // The names of what failed follow, further in and never beginning with a number alone.
                let count = line.trim();
                let count =
                    count.rsplit_once(" (").filter(|(_, took)| took.ends_with(')')).map_or(count, |it| it.0);
                self.add_count(count);
            }
        }
    }

    /// `3 passed`. A test that passed only when run again counts as failed.
    fn add_count(&mut self, count: &str) {
        let Some((number, what)) = count.trim().split_once(' ') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        match what {
            "passed" => self.passed += number,
            "failed" | "flaky" | "interrupted" => self.failed += number,
            "ignored" | "skipped" | "todo" | "did not run" => self.skipped += number,
            _ => {} // measured, filtered out, expected fail
        }
    }
}

/// `12 passed, 0 failed`
impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(counts: Counts, output: &str, passed: u64, failed: u64, skipped: u64) {
        let mut tally = Tally::default();
        output.lines().for_each(|line| tally.add_line(counts, line));
        assert_eq!(tally, Tally { passed, failed, skipped }, "{counts:?}");
    }

    #[test]
    fn results_of_all_test_programs_are_added_up_and_other_lines_passed_over() {
        let output = "\
running 3 tests
test a_test ... ok
test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 7 filtered out; finished in 0.01s
test result: FAILED. 2 passed; 3 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.20s
test result: about to be printed
5 passed, 5 failed
  5 passed (1.0s)
      Tests  5 passed (5)
";
        check(Counts::Cargo, output, 14, 3, 1);
        check(Counts::None, output, 0, 0, 0);
    }

    #[test]
    fn vitest_counts_tests_and_not_files() {
        let output = "
 RUN  v4.1.12 ui
 ✓ src/router.test.ts (3 tests) 4ms

 Test Files  1 failed | 2 passed (3)
      Tests  2 failed | 10 passed | 1 skipped | 1 todo (14)
   Start at  10:00:00
   Duration  1.20s (transform 100ms, setup 0ms, tests 20ms)
";
        check(Counts::Vitest, output, 10, 2, 2);
        check(Counts::Vitest, "      Tests  7 passed (7)", 7, 0, 0);
        check(Counts::Vitest, "      Tests  no tests", 0, 0, 0);
    }

    #[test]
    fn playwright_counts_a_flaky_test_as_failed() {
        let output = "
Running 9 tests using 1 worker
  ✓  1 e2e/events.spec.ts:3:1 › 3 passed (1.2s)
  1) [chromium] › e2e/lead.spec.ts:9:1 › a lead opens

  2 failed
    [chromium] › e2e/lead.spec.ts:9:1 › a lead opens
    [chromium] › e2e/lead.spec.ts:19:1 › a reason is read
  1 flaky
    [chromium] › e2e/keys.spec.ts:4:1 › by keyboard
  1 skipped
  2 did not run
  3 passed (12.1s)
";
        check(Counts::Playwright, output, 3, 3, 3);
    }

    #[test]
    fn the_closing_line_is_the_count_of_passed_and_failed() {
        assert_eq!(Tally { passed: 3, failed: 1, skipped: 2 }.to_string(), "3 passed, 1 failed");
    }
}
