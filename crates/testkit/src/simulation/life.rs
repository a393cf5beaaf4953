//! One life of the process: it starts, works, and ends as planned or sooner.

use std::sync::Arc;
use std::time::Duration;

use engine::{Clock, Control, Engine, EngineParts, FoldsFrom, RebuiltFolds};
use ledger::{Disk, Entropy, Ledger, LedgerKind, LedgerOptions, Writer, verify};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use wire::flow_file::FlowFile;

use super::clients::{client, operator, report, resend_all};
use super::clock::VirtualClock;
use super::parties::HostileParties;
use super::world::{Life, keys};
use super::{CheckpointPlan, Crash, DiskName, LifePlan, World, flow};
use crate::SimDisk;
use crate::disk::{Call, Calls, Failure, Fault, PowerLoss};
use crate::ledger_log::{SeededEntropy, options};

/// Longer than any history takes, in virtual time: who waits so long waits for ever.
const FOR_EVER: Duration = Duration::from_secs(72 * 3600);

/// Lives one life, or the last ones, which no fault ends: they do when there is nothing left to do.
pub(super) fn live(world: &Arc<World>, number: usize, plan: Option<&LifePlan>) -> Result<(), String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|error| error.to_string())?;
    let jump = plan.map_or(0, |plan| plan.jump_ms);
    let pause_ms = i64::try_from(world.draw(0..30_000)).expect("small");
    world.set_now(world.now().plus_millis(pause_ms + jump));
    restart(world)?;
    let checkpoints = &world.plan.checkpoints[number];
    flip(world, checkpoints);
    runtime.block_on(async { check_folds(world) })?;
    if let Some((disk, fault)) = plan.and_then(|plan| plan.start_fault) {
        world.disk(disk).plan(fault);
    }
    if let Some(fault) = checkpoints.fault {
        world.disk(DiskName::State).plan(fault);
    }
    let ended = runtime.block_on(async {
        let clock = Arc::new(VirtualClock::at(world.now()));
        let ended = timeout(FOR_EVER, begin(world, number, plan, &clock)).await;
        world.set_now(clock.now());
        match ended {
            Ok(result) => result,
            Err(_) => Err("something waits for ever".to_owned()),
        }
    });
    world.set_life(None);
    match plan.map(|plan| plan.end.crash) {
        _ if ended.is_err() => {}
        None | Some(Crash::Drain | Crash::Kill) => die(world, SimDisk::kill),
        Some(Crash::PowerLoss(loss)) => die(world, |disk| disk.lose_power(loss)),
    }
    // With it go all tasks, wherever they are.
    drop(runtime);
    for disk in DiskName::ALL {
        world.disk(disk).clear_plan();
    }
    world.tell(format_args!("life {number} has ended"));
    ended.and(world.check())
}

/// All disks are of one machine. One that a fault has ended takes the others along.
fn die(world: &World, crash: impl Fn(&SimDisk)) {
    for disk in DiskName::ALL.map(|name| world.disk(name)) {
        if disk.is_running() {
            crash(&disk);
        }
    }
}

fn restart(world: &World) -> Result<(), String> {
    world.restart_disks();
    DiskName::LEDGERS.into_iter().try_for_each(|disk| check_files(world, disk))
}

/// Flips the bit of the newest checkpoint that the plan says.
fn flip(world: &World, plan: &CheckpointPlan) {
    let disk = world.disk(DiskName::State);
    let mut names = disk.files();
    names.retain(|name| name.ends_with(".folds"));
    names.sort_unstable();
    if let (Some((millionths, bit)), Some(newest)) = (plan.flipped, names.last()) {
        let bytes = disk.content(newest).len() as u64;
        if bytes > 0 {
            disk.flip_bit(newest, bytes * millionths / 1_000_000, bit);
            world.tell(format_args!("a bit of {newest} is flipped"));
        }
    }
}

async fn begin(
    world: &Arc<World>,
    number: usize,
    plan: Option<&LifePlan>,
    clock: &Arc<VirtualClock>,
) -> Result<(), String> {
    let struck_before = world.struck();
    // What a fault of the disk excuses.
    let excused = |what: &str, error: &dyn std::error::Error| {
        if world.struck() > struck_before || !world.is_alive() {
            world.tell(format_args!("life {number}: {what}: {error}"));
            Ok(())
        } else {
            Err(format!("life {number}: {what}: {error}"))
        }
    };
    world.tell(format_args!("life {number} begins at {}", clock.now()));
    let leads = match open(world, DiskName::Leads, clock) {
        Ok(leads) => leads,
        Err(error) => return excused("the leads do not open", &error),
    };
    let control = match open(world, DiskName::Control, clock) {
        Ok(control) => control,
        Err(error) => return excused("control does not open", &error),
    };
    let (leads, leads_writer) = leads;
    let (control_ledger, control_writer) = control;
    let entropy: Arc<dyn Entropy> = Arc::clone(&world.entropy) as Arc<dyn Entropy>;
    let wall = Arc::clone(clock) as Arc<dyn Clock>;
    let control = match Control::open(control_ledger.clone(), Arc::clone(&wall), Arc::clone(&entropy)) {
        Ok(control) => control,
        Err(error) => return excused("control does not fold", &error),
    };
    tokio::spawn(write(Arc::clone(world), leads_writer));
    tokio::spawn(write(Arc::clone(world), control_writer));
    let engine = Engine::new(EngineParts {
        leads: leads.clone(),
        control: control.clone(),
        clock: wall,
        entropy,
        parties: Arc::new(HostileParties { world: Arc::clone(world) }),
        barriers: world.setting.barriers,
    })
    .with_state(Arc::new(world.disk(DiskName::State)));
    world.set_life(Some(Life {
        engine: engine.clone(),
        leads: leads.clone(),
        struck_before,
        began: Instant::now(),
    }));
    if control.flow(&flow::id()).is_none() {
        let file = FlowFile::read(&flow::text(&world.plan.extras, 0)).expect("the flow is one");
        if let Err(error) = control.publish_flow("system", &file).await {
            return excused("the flow is not published", &error);
        }
    }
    match engine.resume().await {
        Ok(resumed) if resumed > 0 && number > world.plan.lives.len() => {
            return Err(format!("{resumed} leads go on that had come to rest"));
        }
        Ok(resumed) => world.tell(format_args!("life {number} resumes {resumed} leads")),
        Err(error) => return excused("leads are not resumed", &error),
    }
    tokio::spawn({
        let engine = engine.clone();
        async move { engine.keep_retrying(std::future::pending()).await }
    });
    // Ends only with the process.
    let keeping = async {
        loop {
            sleep(Duration::from_millis(world.plan.checkpoints[number].every_ms)).await;
            match engine.keep_folds() {
                Ok(Some(seq)) => {
                    world.count_checkpoint(|checkpoints| checkpoints.made += 1);
                    world.tell(format_args!("a checkpoint reaches to seq {seq}"));
                }
                Ok(None) => {}
                Err(error) => excused("no checkpoint is made", &error)?,
            }
            if !world.is_alive() {
                return Ok(());
            }
        }
    };
    let stopped = async {
        // Both only wait.
        tokio::select! {
            biased;
            stopped = leads.wait_for_stop() => stopped,
            stopped = control_ledger.wait_for_stop() => stopped,
        }
    };
    let mut clients = tokio::task::JoinSet::new();
    for lead in 0..world.plan.leads.len() {
        clients.spawn(client(Arc::clone(world), control.clone(), lead, number));
    }
    for (report_number, waiting) in world.reports().iter().enumerate() {
        if !waiting.done {
            clients.spawn(report(Arc::clone(world), report_number));
        }
    }
    let Some(plan) = plan else {
        let failing_reads = if number == world.plan.lives.len() { &*world.plan.failing_reads } else { &[] };
        for (at_ms, nth) in failing_reads.iter().copied() {
            let disk = world.disk(DiskName::Leads);
            tokio::spawn(async move {
                sleep(Duration::from_millis(at_ms)).await;
                disk.plan(Fault { calls: Calls::Only(Call::Read), nth, failure: Failure::Eio });
            });
        }
        let end = Instant::now() + FOR_EVER / 2;
        // In the life after that all stays at rest.
        let resends = world.plan.resends_at_rest && number == world.plan.lives.len();
        return tokio::select! {
            biased;
            kept = keeping => kept,
            settled = settle(world, &engine, clients, resends, end) => settled,
        };
    };
    for (at_ms, turn) in plan.turns.clone() {
        tokio::spawn(operator(Arc::clone(world), control.clone(), Arc::clone(clock), at_ms, turn));
    }
    if let Some((at_ms, disk, fault)) = plan.end.fault {
        let disk = world.disk(disk);
        tokio::spawn(async move {
            sleep(Duration::from_millis(at_ms)).await;
            disk.plan(fault);
        });
    }
    let until = Instant::now() + Duration::from_millis(plan.end.at_ms);
    let lived = async {
        sleep_until(until).await;
        if plan.end.crash == Crash::Drain {
            clients.shutdown().await;
            // A process that a fault has killed at a read hears nothing more, and nobody notices.
            if timeout(FOR_EVER / 4, engine.drain()).await.is_err() && world.is_alive() {
                world.broken("the leads under way do not end");
            }
        }
    };
    // What is cut short is what a crash cuts short.
    tokio::select! {
        biased;
        stopped = stopped => excused("it stops", &stopped),
        kept = keeping => kept,
        () = lived => Ok(()),
    }
}

/// Waits until there is nothing left to do.
async fn settle(
    world: &World,
    engine: &Engine,
    mut clients: tokio::task::JoinSet<()>,
    mut resends: bool,
    end: Instant,
) -> Result<(), String> {
    while let Some(ended) = clients.join_next().await {
        ended.map_err(|error| format!("a client fails: {error}"))?;
    }
    let mut quiet = 0;
    while quiet < 2 || resends {
        if quiet == 2 {
            resends = false;
            resend_all(world).await;
        }
        world.check()?;
        if Instant::now() > end {
            return Err("the system never comes to rest".to_owned());
        }
        engine.idle().await;
        let reporting = world.reports().iter().any(|report| !report.done);
        let is_quiet = engine.retries_waiting() == 0 && !reporting;
        quiet = if is_quiet { quiet + 1 } else { 0 };
        sleep(Duration::from_secs(1)).await;
    }
    world.note_caps(engine.caps());
    Ok(())
}

fn open(world: &World, disk: DiskName, clock: &VirtualClock) -> Result<(Ledger, Writer), ledger::OpenError> {
    let entropy = Arc::clone(&world.entropy) as Arc<dyn Entropy>;
    open_on(world.disk(disk), world, disk, entropy, clock)
}

fn open_on(
    handle: SimDisk,
    world: &World,
    disk: DiskName,
    entropy: Arc<dyn Entropy>,
    clock: &VirtualClock,
) -> Result<(Ledger, Writer), ledger::OpenError> {
    let mut options = options(world.plan.seed, ledger::Defences::ALL);
    if disk == DiskName::Control {
        options = LedgerOptions { kind: LedgerKind::Control, ..options };
    }
    Ledger::open(Arc::new(handle), &keys(), options, entropy, clock.now())
}

/// The thread that writes, as a task: a sync takes a while, and meanwhile more gathers.
async fn write(world: Arc<World>, mut writer: Writer) {
    loop {
        writer.wait_for_groups().await;
        let micros = match world.draw(0..20) {
            0 => world.draw(0..300_000),
            1..5 => world.draw(0..20_000),
            _ => world.draw(0..3_000),
        };
        sleep(Duration::from_micros(micros)).await;
        if writer.write_batch().is_err() {
            return;
        }
    }
}

/// `verify` finds nothing in what lies on a disk. On a copy, so that no fault strikes and no call counts.
fn check_files(world: &World, disk: DiskName) -> Result<(), String> {
    let mut copy = SimDisk::new(0);
    copy.restore(&world.disk(disk).snapshot());
    if !copy.files().iter().any(|name| name.ends_with(".hot")) {
        return Ok(()); // Nothing was ever made here.
    }
    let copy: Arc<dyn Disk> = Arc::new(copy);
    let report = verify(&copy, Some(&keys().master), ledger::Defences::ALL)
        .map_err(|error| format!("{disk:?} cannot be verified: {error}"))?;
    let findings: Vec<String> = report.findings.iter().map(ToString::to_string).collect();
    if findings.is_empty() { Ok(()) } else { Err(format!("{disk:?}: {}", findings.join("; "))) }
}

/// A start that goes on from a checkpoint rebuilds what one from nothing does. On copies, so that no fault
/// strikes and no call counts.
fn check_folds(world: &Arc<World>) -> Result<(), String> {
    let copy = |name: DiskName| {
        let mut copy = SimDisk::new(0);
        copy.restore(&world.disk(name).snapshot());
        copy
    };
    let [leads, control, state] = DiskName::ALL.map(copy);
    let clock = VirtualClock::at(world.now());
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(world.plan.seed ^ 1 << 60));
    let ledger = |name: DiskName, disk: SimDisk| {
        let opened = open_on(disk, world, name, Arc::clone(&entropy), &clock);
        opened.map(|(ledger, _)| ledger).map_err(|error| format!("a copy of {name:?} does not open: {error}"))
    };
    let (leads, control) = (ledger(DiskName::Leads, leads)?, ledger(DiskName::Control, control)?);
    let clock: Arc<dyn Clock> = Arc::new(clock);
    let control = Control::open(control, Arc::clone(&clock), Arc::clone(&entropy));
    let engine = Engine::new(EngineParts {
        leads,
        control: control.map_err(|error| error.to_string())?,
        clock,
        entropy,
        parties: Arc::new(HostileParties { world: Arc::clone(world) }),
        barriers: world.setting.barriers,
    })
    .with_state(Arc::new(state));
    let rebuilt = |from| engine.rebuilt_folds(from).map_err(|error| error.to_string());
    let (nothing, kept) = (rebuilt(FoldsFrom::Nothing)?, rebuilt(FoldsFrom::Checkpoint)?);
    world.count_checkpoint(|checkpoints| checkpoints.began_from += u64::from(kept.from.is_some()));
    if nothing.told == kept.told {
        return Ok(());
    }
    let RebuiltFolds { told, from, .. } = kept;
    Err(format!("from the checkpoint {from:?}:\n{told}from nothing:\n{}", nothing.told))
}

/// Ends everything the hard way, and gives the leads as they lie on the disk.
pub(super) fn after_all(world: &World) -> Result<Ledger, String> {
    die(world, |disk| disk.lose_power(PowerLoss::HARSHEST));
    world.disk(DiskName::Leads).clear_plan();
    restart(world)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let (ledger, _) = runtime
        .block_on(async { open(world, DiskName::Leads, &VirtualClock::at(world.now())) })
        .map_err(|error| error.to_string())?;
    Ok(ledger)
}
