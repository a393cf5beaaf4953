//! The machine behind all handles: files, names, faults, power.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::ops::Range;
use std::sync::Arc;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::directory::{Directory, InodeId, NameChange};
use super::fault::Plan;
use super::image::Sector;
use super::inode::Inode;
use super::power_loss::Fate;
use super::trace::{Line, Outcome, Trace};
use super::{Call, Calls, Failure, PowerLoss};

/// A defence that lies below the log and can be taken away, to show that tests notice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiskDefence {
    /// Without it `sync_data` answers that all is well and does nothing.
    SyncData,
    /// Without it `sync_directory` answers that all is well and does nothing.
    SyncDirectory,
    /// Without it `set_len` to a shorter length answers that all is well and does nothing.
    Truncation,
}

/// What space that was reserved or grown into, and not synced, shows after a power loss.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recycling {
    /// Zeros.
    #[default]
    Never,
    /// Sectors of other files, or of other places of this one, that were removed or cut off.
    OtherPlaces,
    /// Any sectors that were removed or cut off, and rather the ones that stood at that very place.
    SamePlace,
}

/// What a disk holds at one moment, cached, durable and pending.
#[derive(Debug, Clone)]
pub struct Snapshot {
    inodes: BTreeMap<InodeId, Inode>,
    next_inode: InodeId,
    directory: Directory,
}

/// One write as it was asked for, whether or not any of it lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Write<'a> {
    /// The file's name at that time.
    pub file: &'a str,
    /// Where it begins.
    pub offset: u64,
    /// All of it, also when a fault cuts it short.
    pub bytes: &'a [u8],
    /// Which life of the process wrote it; the first is 1.
    pub life: u64,
}

pub(super) type Observer = Box<dyn FnMut(Write<'_>) + Send>;

/// How much of a call is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Share {
    Whole,
    /// What an error or a power loss in the middle leaves done.
    Part,
}

/// A call, for counting, faults and the trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) call: Call,
    pub(super) about: About<'a>,
    pub(super) offset: u64,
    pub(super) bytes: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) enum About<'a> {
    Name(&'a str),
    File(InodeId),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Power {
    On,
    /// The machine runs, the process does not.
    ProcessDead,
    Off,
}

const EIO: i32 = 5;
const ENOSPC: i32 = 28;
const EROFS: i32 = 30;

/// How many removed or cut sectors are remembered for [`Recycling`].
const FREED_SECTORS_MAX: usize = 4_096;

pub(super) struct State {
    rng: ChaCha8Rng,
    // Numbers every change, so that "up to this moment" has a meaning over the whole disk.
    moment: u64,
    pub(super) life: u64,
    power: Power,
    inodes: BTreeMap<InodeId, Inode>,
    next_inode: InodeId,
    pub(super) directory: Directory,
    pub(super) plan: Plan,
    /// How many planned faults have happened.
    pub(super) struck: u64,
    calls: BTreeMap<Call, u64>,
    pub(super) read_only: bool,
    pub(super) capacity_bytes: Option<u64>,
    pub(super) recycling: Recycling,
    freed: VecDeque<(InodeId, usize, Arc<Sector>)>,
    pub(super) missing: Vec<DiskDefence>,
    pub(super) trace: Trace,
    pub(super) observer: Option<Observer>,
}

impl State {
    pub(super) fn new(seed: u64) -> State {
        State {
            rng: ChaCha8Rng::seed_from_u64(seed),
            moment: 0,
            life: 1,
            power: Power::On,
            inodes: BTreeMap::new(),
            next_inode: 1,
            directory: Directory::default(),
            plan: Plan::default(),
            struck: 0,
            calls: BTreeMap::new(),
            read_only: false,
            capacity_bytes: None,
            recycling: Recycling::Never,
            freed: VecDeque::new(),
            missing: Vec::new(),
            trace: Trace::default(),
            observer: None,
        }
    }

    /// Carries out a call: refused when its process is dead, counted, struck by a fault that was
    /// planned for it, and noted down.
    pub(super) fn call<T>(
        &mut self,
        life: u64,
        request: Request<'_>,
        mut apply: impl FnMut(&mut State, Share) -> io::Result<T>,
    ) -> io::Result<T> {
        self.alive(life)?;
        *self.calls.entry(request.call).or_default() += 1;
        let writable = !(self.read_only && request.call.is_change());
        let failure = self.plan.count(request.call);
        self.struck += u64::from(failure.is_some());
        match failure {
            None => {
                let result = if writable { apply(self, Share::Whole) } else { Err(errno(EROFS)) };
                self.note(request, if result.is_ok() { Outcome::Ok } else { Outcome::Refused });
                result
            }
            Some(failure @ (Failure::Eio | Failure::Enospc)) => {
                self.note(request, Outcome::Failed);
                if writable {
                    let _ = apply(self, Share::Part);
                }
                Err(errno(if failure == Failure::Eio { EIO } else { ENOSPC }))
            }
            Some(Failure::ReadOnly) => {
                self.note(request, Outcome::Failed);
                self.read_only = true;
                if request.call.is_change() { Err(errno(EROFS)) } else { apply(self, Share::Whole) }
            }
            Some(failure @ (Failure::PowerLoss(_) | Failure::Kill)) => {
                self.note(request, Outcome::Failed);
                let share = match self.rng.random_range(0..4) {
                    0 => Some(Share::Whole),
                    1 | 2 => Some(Share::Part),
                    _ => None,
                };
                // How much of a sync is done when the power goes is for the power loss to say.
                let says_itself = matches!(request.call, Call::Sync | Call::SyncDirectory)
                    && matches!(failure, Failure::PowerLoss(_));
                if let Some(share) = share.filter(|share| writable && !(*share == Share::Part && says_itself))
                {
                    let _ = apply(self, share);
                }
                if let Failure::PowerLoss(loss) = failure {
                    self.lose_power(loss);
                } else {
                    self.kill();
                }
                Err(self.alive(life).expect_err("the process was ended just above"))
            }
        }
    }

    fn alive(&self, life: u64) -> io::Result<()> {
        match self.power {
            Power::On if life == self.life => Ok(()),
            Power::On | Power::ProcessDead => Err(io::Error::other("the simulated process is dead")),
            Power::Off => Err(io::Error::other("the simulated machine is off")),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.power == Power::On
    }

    fn note(&mut self, request: Request<'_>, outcome: Outcome) {
        let Request { call, about, offset, bytes } = request;
        let file = match about {
            About::Name(name) => Arc::from(name),
            About::File(inode) => Arc::clone(&self.inode(inode).name),
        };
        self.trace.push(Line::Called { file, call, offset, bytes, outcome });
    }

    pub(super) fn done(&mut self, what: impl Into<String>) {
        self.trace.push(Line::Done(what.into()));
    }

    pub(super) fn count_of(&self, calls: Calls) -> u64 {
        self.calls.iter().filter(|(call, _)| calls.includes(**call)).map(|(_, count)| count).sum()
    }

    fn next_moment(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    pub(super) fn inode(&self, id: InodeId) -> &Inode {
        self.inodes.get(&id).expect("a file stays while a name or a living process has it")
    }

    fn inode_mut(&mut self, id: InodeId) -> &mut Inode {
        self.inodes.get_mut(&id).expect("a file stays while a name or a living process has it")
    }

    fn find(&self, name: &str) -> io::Result<InodeId> {
        self.directory.find(name).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    // ---- what the calls do ----

    pub(super) fn create(&mut self, name: &str, share: Share) -> io::Result<InodeId> {
        if self.directory.find(name).is_some() {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let inode = self.next_inode;
        if share == Share::Whole {
            self.next_inode += 1;
            self.inodes.insert(inode, Inode::new(name));
            let moment = self.next_moment();
            self.directory.change(NameChange::Named { inode, name: name.to_owned() }, moment);
        }
        Ok(inode)
    }

    pub(super) fn open(&mut self, name: &str) -> io::Result<InodeId> {
        self.find(name)
    }

    pub(super) fn rename(&mut self, from: &str, to: &str, share: Share) -> io::Result<()> {
        let inode = self.find(from)?;
        if share == Share::Whole && from != to {
            if let Some(replaced) = self.directory.find(to) {
                self.remember_freed(replaced, 0);
            }
            self.inode_mut(inode).name = Arc::from(to);
            let moment = self.next_moment();
            self.directory.change(NameChange::Named { inode, name: to.to_owned() }, moment);
        }
        Ok(())
    }

    pub(super) fn remove(&mut self, name: &str, share: Share) -> io::Result<()> {
        let inode = self.find(name)?;
        if share == Share::Whole {
            self.remember_freed(inode, 0);
            let moment = self.next_moment();
            self.directory.change(NameChange::Removed { inode, name: name.to_owned() }, moment);
        }
        Ok(())
    }

    pub(super) fn sync_directory(&mut self, share: Share) -> io::Result<()> {
        match share {
            _ if self.missing.contains(&DiskDefence::SyncDirectory) => {}
            Share::Whole => self.directory.sync(),
            Share::Part => self.directory.fail_sync(&mut self.rng),
        }
        Ok(())
    }

    pub(super) fn write(&mut self, id: InodeId, bytes: &[u8], offset: u64, share: Share) -> io::Result<()> {
        if let Some(observer) = &mut self.observer {
            let inode = self.inodes.get(&id).expect("a file stays while a living process has it");
            observer(Write { file: &inode.name, offset, bytes, life: self.life });
        }
        let wanted = match share {
            Share::Whole => bytes,
            Share::Part => &bytes[..self.rng.random_range(0..=bytes.len())],
        };
        let room = self.reach_max(id).saturating_sub(offset);
        let fitting = &wanted[..wanted.len().min(usize::try_from(room).unwrap_or(usize::MAX))];
        if !fitting.is_empty() {
            let moment = self.next_moment();
            self.inode_mut(id).write(fitting, offset, moment);
        }
        if fitting.len() < wanted.len() { Err(errno(ENOSPC)) } else { Ok(()) }
    }

    pub(super) fn reserve(&mut self, id: InodeId, to: u64, share: Share) -> io::Result<()> {
        if to > self.reach_max(id) {
            return Err(errno(ENOSPC));
        }
        if share == Share::Whole {
            let moment = self.next_moment();
            self.inode_mut(id).reserve(to, moment);
        }
        Ok(())
    }

    pub(super) fn set_len(&mut self, id: InodeId, to: u64, share: Share) -> io::Result<()> {
        let cuts = to < self.inode(id).cached.bytes();
        if share == Share::Part || (cuts && self.missing.contains(&DiskDefence::Truncation)) {
            return Ok(());
        }
        if cuts {
            self.remember_freed(id, to);
        }
        let moment = self.next_moment();
        self.inode_mut(id).set_len(to, moment);
        Ok(())
    }

    pub(super) fn sync_data(&mut self, id: InodeId, share: Share) -> io::Result<()> {
        let inode = self.inodes.get_mut(&id).expect("a file stays while a living process has it");
        match share {
            _ if self.missing.contains(&DiskDefence::SyncData) => {}
            Share::Whole => inode.sync(),
            Share::Part => inode.fail_sync(&mut self.rng),
        }
        Ok(())
    }

    /// How far a file may reach before the disk is full.
    fn reach_max(&self, id: InodeId) -> u64 {
        let Some(capacity) = self.capacity_bytes else { return u64::MAX };
        let used: u64 = self.directory.named().map(|inode| self.inode(inode).allocated_bytes).sum();
        self.inode(id).allocated_bytes + capacity.saturating_sub(used)
    }

    fn remember_freed(&mut self, id: InodeId, from: u64) {
        if self.recycling == Recycling::Never {
            return;
        }
        let inode = self.inodes.get(&id).expect("a file stays while a name has it");
        for (index, sector) in inode.cached.written_from(from) {
            if self.freed.len() == FREED_SECTORS_MAX {
                self.freed.pop_front();
            }
            self.freed.push_back((id, index, Arc::clone(sector)));
        }
    }

    // ---- what happens to the machine ----

    pub(super) fn lose_power(&mut self, loss: PowerLoss) {
        self.done(format!("power lost: {loss}"));
        let mut writes: Vec<u64> = self.inodes.values().flat_map(Inode::write_moments).collect();
        writes.sort_unstable();
        let mut metadata: Vec<u64> = self.inodes.values().flat_map(Inode::metadata_moments).collect();
        metadata.extend(self.directory.moments());
        metadata.sort_unstable();
        let fate = Fate::draw(loss, &writes, &metadata, &mut self.rng);

        self.directory.lose_power(fate, &mut self.rng);
        let mut grown: Vec<(InodeId, Range<usize>)> = Vec::new();
        for (id, inode) in &mut self.inodes {
            grown.extend(inode.lose_power(fate, &mut self.rng).into_iter().map(|range| (*id, range)));
        }
        for (id, range) in grown {
            range.for_each(|index| self.recycle(id, index));
        }
        self.power = Power::Off;
    }

    fn recycle(&mut self, id: InodeId, index: usize) {
        let same_place = |freed: &&(InodeId, usize, Arc<Sector>)| freed.0 == id && freed.1 == index;
        let sector = match self.recycling {
            Recycling::Never => None,
            Recycling::SamePlace => self.freed.iter().rev().find(same_place),
            Recycling::OtherPlaces => None,
        };
        let sector = sector.or_else(|| {
            let other = self.freed.get(self.rng.random_range(0..self.freed.len().max(1)));
            other.filter(|other| self.recycling != Recycling::Never && !same_place(other))
        });
        if let Some((_, _, sector)) = sector {
            let sector = Arc::clone(sector);
            self.inode_mut(id).recycle(index, &sector);
        }
    }

    pub(super) fn kill(&mut self) {
        self.done("process killed");
        if self.power == Power::On {
            self.power = Power::ProcessDead;
        }
    }

    /// Starts the next process, and the machine if it is off.
    pub(super) fn restart(&mut self) -> u64 {
        self.power = Power::On;
        self.life += 1;
        let reachable = self.directory.reachable();
        self.inodes.retain(|id, _| reachable.contains(id));
        self.done(format!("life {} begins", self.life));
        self.life
    }

    pub(super) fn evict_cache(&mut self) {
        self.done("cache evicted");
        self.inodes.values_mut().for_each(Inode::evict);
    }

    pub(super) fn has_unsynced(&self) -> bool {
        self.directory.has_pending() || self.inodes.values().any(Inode::has_pending)
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        Snapshot {
            inodes: self.inodes.clone(),
            next_inode: self.next_inode,
            directory: self.directory.clone(),
        }
    }

    pub(super) fn restore(&mut self, snapshot: &Snapshot) -> u64 {
        let Snapshot { inodes, next_inode, directory } = snapshot.clone();
        self.inodes = inodes;
        self.next_inode = next_inode;
        self.directory = directory;
        self.done("snapshot restored");
        self.restart()
    }

    /// The file of that name, for tests that plant or inspect; its absence is the test's mistake.
    pub(super) fn named(&mut self, name: &str) -> &mut Inode {
        let id = self.directory.find(name).unwrap_or_else(|| panic!("the disk has no file {name:?}"));
        self.inode_mut(id)
    }
}

fn errno(number: i32) -> io::Error {
    io::Error::from_raw_os_error(number)
}
