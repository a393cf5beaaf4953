//! Plays a history to a log and holds the log to the rules.

use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};

use super::model::{Model, View};
use super::{Broken, Group, GroupId, Handed, History, Inspection, Running, Step, Subject};
use crate::SimDisk;
use crate::disk::{Calls, PowerLoss};

/// What came about while a history was played, to show that histories are worth something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Played {
    /// Groups that were acknowledged.
    pub acknowledged: u64,
    /// Groups that were handed over.
    pub handed: u64,
    /// Starts that ended with a running log.
    pub starts: u64,
    /// Starts that a fault cut short.
    pub failed_starts: u64,
    /// Calls of the disk.
    pub calls: u64,
}

/// A history that broke a rule.
#[derive(Debug, Clone)]
pub struct Failed {
    /// Which rule.
    pub broken: Broken,
    /// At which step, counted from 1; the check at the end comes after the last.
    pub step: usize,
    /// The whole history.
    pub history: History,
    /// What the disk was asked and what it answered.
    pub trace: String,
}

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Failed { broken, step, history, trace } = self;
        writeln!(f, "{broken}")?;
        writeln!(f, "\nat step {step} of this history:\n{history}\nwhile the disk saw:\n{trace}")
    }
}

impl std::error::Error for Failed {}

/// Plays a history. At its end the power goes twice more, with a start, a look and one last group in
/// between, so that nothing it left behind stays hidden.
///
/// # Errors
/// With the first rule that did not hold.
pub fn run(history: &History, disk: SimDisk, subject: &mut dyn Subject) -> Result<Played, Box<Failed>> {
    let writes = Arc::new(Mutex::new(Writes::new()));
    let log = Arc::clone(&writes);
    disk.on_write(move |write| {
        let mut log = log.lock().unwrap_or_else(PoisonError::into_inner);
        log.push((write.file.to_owned(), write.bytes.to_vec()));
    });
    let mut player = Player {
        disk,
        subject,
        running: None,
        model: Model::default(),
        waiting: Vec::new(),
        writes,
        struck_before: 0,
        played: Played::default(),
    };
    let mut step_now = 0;
    // What a panic leaves behind is only looked at to tell of it.
    let outcome = catch_unwind(AssertUnwindSafe(|| player.play(history, &mut step_now)));
    outcome.unwrap_or_else(|panic| Err(Broken::Panicked(message_of(&*panic)))).map_err(|broken| {
        let trace = player.disk.trace();
        Box::new(Failed { broken, step: step_now, history: history.clone(), trace })
    })?;
    player.played.calls = player.disk.calls(Calls::Any);
    Ok(player.played)
}

fn message_of(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}

type Writes = Vec<(String, Vec<u8>)>;

struct Player<'a> {
    disk: SimDisk,
    subject: &'a mut dyn Subject,
    running: Option<Box<dyn Running>>,
    model: Model,
    /// Groups handed over in this life and not waited for yet.
    waiting: Vec<GroupId>,
    /// What was written since the last look at it, and to which file.
    writes: Arc<Mutex<Writes>>,
    /// How many faults had struck when this life began.
    struck_before: u64,
    played: Played,
}

impl Player<'_> {
    fn play(&mut self, history: &History, step_now: &mut usize) -> Result<(), Broken> {
        self.start()?;
        for step in &history.steps {
            *step_now += 1;
            self.disk.note(&format!("step {step_now}: {step}"));
            self.step(step)?;
            self.check_writes()?;
        }
        *step_now += 1;
        self.disk.note("the end");
        self.finish()
    }

    fn step(&mut self, step: &Step) -> Result<(), Broken> {
        match step {
            Step::Append(groups) => self.append(groups),
            Step::Barrier => self.barrier(),
            Step::Idle => match &mut self.running {
                Some(running) => running.idle().or_else(|why| self.stopped(&why)),
                None => Ok(()),
            },
            Step::Read => self.read(View::Later),
            Step::Fault(fault) => {
                self.disk.plan(*fault);
                Ok(())
            }
            Step::PowerLoss(loss) => {
                self.disk.lose_power(*loss);
                self.drop_running()
            }
            Step::Kill => {
                self.disk.kill();
                self.drop_running()
            }
            Step::Evict => {
                self.disk.evict_cache();
                Ok(())
            }
            Step::Restart => {
                self.close()?;
                self.start()
            }
        }
    }

    fn append(&mut self, groups: &[Group]) -> Result<(), Broken> {
        let Some(running) = &mut self.running else { return Ok(()) };
        let handed: Vec<Handed> = groups.iter().map(|group| self.model.submit(group)).collect();
        self.played.handed += handed.len() as u64;
        match running.append(&handed) {
            Ok(()) => {
                self.waiting.extend(handed.iter().map(|handed| handed.group));
                Ok(())
            }
            Err(why) => self.stopped(&why),
        }
    }

    fn barrier(&mut self) -> Result<(), Broken> {
        for group in std::mem::take(&mut self.waiting) {
            let Some(running) = &mut self.running else { return Ok(()) };
            match running.durable(group) {
                Ok(first_seq) => {
                    self.played.acknowledged += 1;
                    self.model.acknowledge(group, first_seq)?;
                }
                Err(why) => return self.stopped(&why),
            }
        }
        Ok(())
    }

    fn read(&mut self, view: View) -> Result<(), Broken> {
        let Some(running) = &mut self.running else { return Ok(()) };
        match running.read() {
            Ok(seen) => self.model.look(&seen, view),
            Err(why) => self.stopped(&why),
        }
    }

    fn close(&mut self) -> Result<(), Broken> {
        let Some(running) = &mut self.running else { return Ok(()) };
        match running.close() {
            Ok(()) => self.drop_running(),
            Err(why) => self.stopped(&why),
        }
    }

    fn start(&mut self) -> Result<(), Broken> {
        self.disk.restart();
        // Whoever starts a log again has made the disk writable before.
        self.disk.set_read_only(false);
        self.struck_before = self.disk.faults_struck();
        self.inspect(Inspection::BeforeStart)?;
        match self.subject.open(&self.disk) {
            Ok(running) => {
                self.running = Some(running);
                self.played.starts += 1;
                self.read(View::AfterStart)?;
                if self.running.is_some() { self.inspect(Inspection::Running) } else { Ok(()) }
            }
            Err(why) => {
                self.played.failed_starts += 1;
                self.stopped(&format!("did not start: {why}"))
            }
        }
    }

    fn inspect(&self, inspection: Inspection) -> Result<(), Broken> {
        self.subject.inspect(&self.disk, inspection).map_err(Broken::NotClean)
    }

    /// The log says that it failed. It may, when the disk has failed in this life.
    fn stopped(&mut self, why: &str) -> Result<(), Broken> {
        let may = self.disk.faults_struck() > self.struck_before;
        self.disk.note(&format!("the log: {why}"));
        // A log that has stopped still serves its readers, until its process ends.
        if let Some(Ok(seen)) = self.running.as_mut().map(|running| running.read()) {
            self.model.look(&seen, View::Later)?;
        }
        self.disk.kill();
        self.drop_running()?;
        if may { Ok(()) } else { Err(Broken::Stopped(why.to_owned())) }
    }

    /// Lets go of a life that has ended. What it had answered by then counts, however it ended:
    /// whoever got the answer has acted on it.
    fn drop_running(&mut self) -> Result<(), Broken> {
        self.waiting.clear();
        let Some(mut running) = self.running.take() else { return Ok(()) };
        for (group, first_seq) in running.answered() {
            self.model.acknowledge(group, first_seq)?;
        }
        Ok(())
    }

    fn check_writes(&mut self) -> Result<(), Broken> {
        let writes = std::mem::take(&mut *self.writes.lock().unwrap_or_else(PoisonError::into_inner));
        for (file, bytes) in writes {
            for sealed in self.subject.sealed(&file, &bytes) {
                self.model.seal(sealed)?;
            }
        }
        Ok(())
    }

    fn finish(&mut self) -> Result<(), Broken> {
        self.disk.clear_plan();
        let last = Group { chain: 1, records: vec![8, 8] };
        for step in [
            Step::PowerLoss(PowerLoss::HARSHEST),
            Step::Restart,
            Step::Append(vec![last]),
            Step::Barrier,
            Step::PowerLoss(PowerLoss::HARSHEST),
            Step::Restart,
        ] {
            self.step(&step)?;
        }
        self.check_writes()
    }
}
