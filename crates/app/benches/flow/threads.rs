//! Whose the processor time was: that of all threads, by the first part of their names.

use std::collections::HashMap;
use std::time::Duration;

/// Processor time by kind of thread.
#[derive(Debug, Clone)]
pub(crate) struct Cpu(HashMap<String, Duration>);

/// Clock ticks a second; what Linux counts processor time in, on every machine it runs on today.
const TICKS_PER_SECOND: u64 = 100;

impl Cpu {
    /// What each kind has used so far. A thread's name is cut to fifteen characters by the system.
    pub(crate) fn now() -> Cpu {
        let mut times = HashMap::new();
        let tasks = std::fs::read_dir("/proc/self/task").expect("Linux tells the threads of a process");
        for task in tasks.flatten() {
            // A thread may have ended meanwhile.
            let Ok(stat) = std::fs::read_to_string(task.path().join("stat")) else { continue };
            let Some((head, rest)) = stat.rsplit_once(')') else { continue };
            let name = head.split_once('(').map_or("", |(_, name)| name).to_owned();
            let fields: Vec<&str> = rest.split_whitespace().collect();
            // proc_pid_stat(5): after the name, utime and stime are the 12th and 13th.
            let ticks: u64 =
                fields.get(11..13).into_iter().flatten().filter_map(|field| field.parse::<u64>().ok()).sum();
            *times.entry(name).or_default() += Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND);
        }
        Cpu(times)
    }

    /// What was used since then.
    pub(crate) fn since(&self, before: &Cpu) -> Cpu {
        let used = |(name, time): (&String, &Duration)| {
            let before = before.0.get(name).copied().unwrap_or_default();
            (name.clone(), time.saturating_sub(before))
        };
        Cpu(self.0.iter().map(used).collect())
    }

    /// The time of threads whose names begin so.
    pub(crate) fn time(&self, start: &str) -> Duration {
        self.0.iter().filter(|(name, _)| name.starts_with(start)).map(|(_, time)| *time).sum()
    }

    /// The same as a number of cores.
    pub(crate) fn share(&self, start: &str, of: Duration) -> f64 {
        self.time(start).as_secs_f64() / of.as_secs_f64()
    }
}
