//! The handles: one for the disk, one for each open file.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ledger::disk::{Disk, DiskFile};

use super::directory::InodeId;
use super::state::{About, Request, Share, State};
use super::{Call, Calls, DiskDefence, Fault, PowerLoss, Recycling, Snapshot, Write};

/// A simulated disk, and the hand that breaks it.
///
/// Clones are handles on the same disk. Each belongs to one life of the process: after
/// [`lose_power`](SimDisk::lose_power), [`kill`](SimDisk::kill) or a planned fault of these kinds every
/// call through [`Disk`] fails, and [`restart`](SimDisk::restart) gives life to the handle it is called
/// on; others stay dead, so a writer thread that has outlived its process can do no harm. The methods
/// of this type itself always work.
///
/// ```
/// use ledger::disk::{Disk, DiskFile};
/// use testkit::SimDisk;
/// use testkit::disk::PowerLoss;
///
/// let mut disk = SimDisk::new(7);
/// let file = disk.create("a").unwrap();
/// disk.sync_directory().unwrap();
/// file.write_all_at(b"kept", 0).unwrap();
/// file.sync_data().unwrap();
/// file.write_all_at(b"lost", 4).unwrap();
///
/// disk.lose_power(PowerLoss::HARSHEST);
/// assert!(file.len().is_err());
///
/// disk.restart();
/// assert_eq!(disk.content("a"), b"kept");
/// ```
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
    life: u64,
}

impl SimDisk {
    /// An empty disk. All it does by chance follows from the seed.
    pub fn new(seed: u64) -> SimDisk {
        let state = State::new(seed);
        SimDisk { life: state.life, state: Arc::new(Mutex::new(state)) }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // A panic under the lock is a failing assertion of a test, whose other threads go on.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    // ---- endings and beginnings ----

    /// The power goes: what was not synced survives as told, and the machine is off until
    /// [`restart`](SimDisk::restart).
    pub fn lose_power(&self, loss: PowerLoss) {
        self.state().lose_power(loss);
    }

    /// The process dies: all it wrote stays visible, and stays unsynced.
    pub fn kill(&self) {
        self.state().kill();
    }

    /// The next process begins, on a machine that is switched on if need be, with this handle. Planned
    /// faults that have not happened stay planned.
    pub fn restart(&mut self) {
        let life = self.state().restart();
        self.life = life;
    }

    /// Whether a process runs, that is, none of the endings has happened since the last beginning.
    pub fn is_running(&self) -> bool {
        self.state().is_running()
    }

    /// Which life of the process this is; the first is 1.
    pub fn life(&self) -> u64 {
        self.state().life
    }

    /// Content that counts as clean is read from the disk again. That changes nothing unless a sync
    /// has failed.
    pub fn evict_cache(&self) {
        self.state().evict_cache();
    }

    // ---- faults ----

    /// Plans a fault, counted from here.
    pub fn plan(&self, fault: Fault) {
        let mut state = self.state();
        state.done(format!("planned: {fault}"));
        state.plan.add(fault);
    }

    /// Drops the faults that have not happened.
    pub fn clear_plan(&self) {
        self.state().plan.clear();
    }

    /// Whether a planned fault has not happened yet.
    pub fn has_plan(&self) -> bool {
        !self.state().plan.is_empty()
    }

    /// How many planned faults have happened since the disk began.
    pub fn faults_struck(&self) -> u64 {
        self.state().struck
    }

    /// How many calls were made since the disk began, whatever came of them.
    pub fn calls(&self, calls: Calls) -> u64 {
        self.state().count_of(calls)
    }

    /// Makes the disk refuse all changes, or accept them again.
    pub fn set_read_only(&self, read_only: bool) {
        self.state().read_only = read_only;
    }

    /// Bounds the space of all files together, or not. Counted is how far each file was written or
    /// reserved; writing where space is reserved always fits.
    pub fn set_capacity(&self, bytes: Option<u64>) {
        self.state().capacity_bytes = bytes;
    }

    /// What unsynced new space shows after a power loss. Sectors are remembered from here on.
    pub fn set_recycling(&self, recycling: Recycling) {
        self.state().recycling = recycling;
    }

    /// Takes a defence away.
    pub fn take_away(&self, defence: DiskDefence) {
        self.state().missing.push(defence);
    }

    // ---- planting ----

    /// Turns one bit over, in the cached and in the durable content. Bit 0 is the lowest.
    ///
    /// # Panics
    /// When the file has no such byte.
    pub fn flip_bit(&self, name: &str, offset: u64, bit: u8) {
        let mut byte = [0];
        let read = self.state().named(name).cached.read(&mut byte, offset);
        assert_eq!(read, 1, "{name} ends before byte {offset}");
        self.overwrite(name, offset, &[byte[0] ^ (1 << bit)]);
    }

    /// Puts bytes in the place of others, in the cached and in the durable content, as if they had
    /// always stood there.
    ///
    /// # Panics
    /// When they would reach past the end of the file.
    pub fn overwrite(&self, name: &str, offset: u64, bytes: &[u8]) {
        let mut state = self.state();
        let inode = state.named(name);
        let length = inode.cached.bytes();
        assert!(offset + bytes.len() as u64 <= length, "{name} ends at byte {length}");
        inode.overwrite(offset, bytes);
        state.done(format!("planted {} bytes at {offset} of {name}", bytes.len()));
    }

    /// All that the disk holds, to go back to.
    pub fn snapshot(&self) -> Snapshot {
        self.state().snapshot()
    }

    /// Goes back to a snapshot and begins a new life with this handle. Plans and switches stay.
    pub fn restore(&mut self, snapshot: &Snapshot) {
        let life = self.state().restore(snapshot);
        self.life = life;
    }

    // ---- looking ----

    /// The names of the files, ascending.
    pub fn files(&self) -> Vec<String> {
        self.state().directory.names()
    }

    /// A file's whole content as reads see it.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn content(&self, name: &str) -> Vec<u8> {
        self.state().named(name).cached.content()
    }

    /// What a file of that name would hold after the harshest power loss; nothing when the name itself
    /// would be gone.
    pub fn durable_content(&self, name: &str) -> Option<Vec<u8>> {
        let state = self.state();
        let inode = state.directory.find_durable(name)?;
        let mut durable = state.inode(inode).durable.clone();
        durable.trim();
        Some(durable.content())
    }

    /// Whether a power loss could take anything away.
    pub fn has_unsynced(&self) -> bool {
        self.state().has_unsynced()
    }

    /// Shows every write from here on to an observer, also those that are lost later. It must not use
    /// the disk.
    pub fn on_write(&self, observer: impl FnMut(Write<'_>) + Send + 'static) {
        self.state().observer = Some(Box::new(observer));
    }

    /// The last calls and what came of them, one on each line.
    pub fn trace(&self) -> String {
        self.state().trace.to_string()
    }

    /// Adds a line of the caller's own to the trace.
    pub fn note(&self, what: &str) {
        self.state().done(what);
    }

    fn call<T>(
        &self,
        call: Call,
        name: &str,
        apply: impl FnMut(&mut State, Share) -> io::Result<T>,
    ) -> io::Result<T> {
        let request = Request { call, about: About::Name(name), offset: 0, bytes: 0 };
        self.state().call(self.life, request, apply)
    }

    fn handle(&self, inode: InodeId) -> Arc<dyn DiskFile> {
        Arc::new(SimFile { disk: self.clone(), inode })
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDisk").field("life", &self.life).finish_non_exhaustive()
    }
}

impl Disk for SimDisk {
    fn list(&self) -> io::Result<Vec<String>> {
        self.call(Call::List, "", |state, _| Ok(state.directory.names()))
    }

    fn create(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let inode = self.call(Call::Create, name, |state, share| state.create(name, share))?;
        Ok(self.handle(inode))
    }

    fn open(&self, name: &str) -> io::Result<Arc<dyn DiskFile>> {
        let inode = self.call(Call::Open, name, |state, _| state.open(name))?;
        Ok(self.handle(inode))
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.call(Call::Rename, to, |state, share| state.rename(from, to, share))
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        self.call(Call::Remove, name, |state, share| state.remove(name, share))
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.call(Call::SyncDirectory, "", State::sync_directory)
    }

    fn path(&self, name: &str) -> PathBuf {
        PathBuf::from("/simulated").join(name)
    }
}

#[derive(Debug)]
struct SimFile {
    disk: SimDisk,
    inode: InodeId,
}

impl SimFile {
    fn call<T>(
        &self,
        call: Call,
        (offset, bytes): (u64, u64),
        apply: impl FnMut(&mut State, Share) -> io::Result<T>,
    ) -> io::Result<T> {
        let request = Request { call, about: About::File(self.inode), offset, bytes };
        self.disk.state().call(self.disk.life, request, apply)
    }
}

impl DiskFile for SimFile {
    fn len(&self) -> io::Result<u64> {
        self.call(Call::Len, (0, 0), |state, _| Ok(state.inode(self.inode).cached.bytes()))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let span = (offset, buffer.len() as u64);
        self.call(Call::Read, span, |state, _| Ok(state.inode(self.inode).cached.read(buffer, offset)))
    }

    fn write_all_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let span = (offset, bytes.len() as u64);
        self.call(Call::Write, span, |state, share| state.write(self.inode, bytes, offset, share))
    }

    fn reserve(&self, offset: u64, bytes: u64) -> io::Result<()> {
        self.call(Call::Reserve, (offset, bytes), |state, share| {
            state.reserve(self.inode, offset + bytes, share)
        })
    }

    fn set_len(&self, bytes: u64) -> io::Result<()> {
        self.call(Call::SetLen, (0, bytes), |state, share| state.set_len(self.inode, bytes, share))
    }

    fn sync_data(&self) -> io::Result<()> {
        self.call(Call::Sync, (0, 0), |state, share| state.sync_data(self.inode, share))
    }
}
