//! Faults by plan: which call fails, and how.

use std::fmt;
use std::str::FromStr;

use super::PowerLoss;

/// One kind of call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Call {
    /// `Disk::list`
    List,
    /// `Disk::create`
    Create,
    /// `Disk::open`
    Open,
    /// `Disk::rename`
    Rename,
    /// `Disk::remove`
    Remove,
    /// `Disk::sync_directory`
    SyncDirectory,
    /// `DiskFile::len`
    Len,
    /// `DiskFile::read_at`
    Read,
    /// `DiskFile::write_all_at`
    Write,
    /// `DiskFile::reserve`
    Reserve,
    /// `DiskFile::set_len`
    SetLen,
    /// `DiskFile::sync_data`
    Sync,
}

/// Which calls count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Calls {
    /// All.
    Any,
    /// All that change something: not `list`, `open`, `len` and `read`.
    Changes,
    /// Those of one kind.
    Only(Call),
}

/// What happens instead of the call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// An input/output error. Part of a write is in the cache; a sync fails as on Linux: see
    /// [`disk`](super).
    Eio,
    /// No space left, once; [`SimDisk::set_capacity`](super::SimDisk::set_capacity) gives a disk that
    /// stays full.
    Enospc,
    /// The disk is read-only from here on.
    ReadOnly,
    /// The power goes: before the call, during it, or after it and before it returns.
    PowerLoss(PowerLoss),
    /// The process dies: before the call, during it, or after it and before it returns.
    Kill,
}

/// One planned failure, which happens once. Text form: `write 3 eio`, `any 17 power-loss data=torn
/// metadata=ordered`, `changes 5 kill`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Which calls count.
    pub calls: Calls,
    /// Which one of them fails: 1 is the next one after the plan was made.
    pub nth: u64,
    /// What happens.
    pub failure: Failure,
}

impl Call {
    /// Every kind.
    pub const ALL: [Call; 12] = [
        Call::List,
        Call::Create,
        Call::Open,
        Call::Rename,
        Call::Remove,
        Call::SyncDirectory,
        Call::Len,
        Call::Read,
        Call::Write,
        Call::Reserve,
        Call::SetLen,
        Call::Sync,
    ];

    /// Whether it changes anything on the disk.
    pub fn is_change(self) -> bool {
        match self {
            Call::List | Call::Open | Call::Len | Call::Read => false,
            Call::Create
            | Call::Rename
            | Call::Remove
            | Call::SyncDirectory
            | Call::Write
            | Call::Reserve
            | Call::SetLen
            | Call::Sync => true,
        }
    }
}

impl Calls {
    /// Whether a call counts.
    pub fn includes(self, call: Call) -> bool {
        match self {
            Calls::Any => true,
            Calls::Changes => call.is_change(),
            Calls::Only(only) => only == call,
        }
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Call::List => "list",
            Call::Create => "create",
            Call::Open => "open",
            Call::Rename => "rename",
            Call::Remove => "remove",
            Call::SyncDirectory => "sync-directory",
            Call::Len => "len",
            Call::Read => "read",
            Call::Write => "write",
            Call::Reserve => "reserve",
            Call::SetLen => "set-len",
            Call::Sync => "sync",
        })
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Calls::Any => f.write_str("any"),
            Calls::Changes => f.write_str("changes"),
            Calls::Only(call) => call.fmt(f),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Eio => f.write_str("eio"),
            Failure::Enospc => f.write_str("enospc"),
            Failure::ReadOnly => f.write_str("read-only"),
            Failure::PowerLoss(loss) => write!(f, "power-loss {loss}"),
            Failure::Kill => f.write_str("kill"),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.calls, self.nth, self.failure)
    }
}

impl FromStr for Fault {
    type Err = String;

    fn from_str(text: &str) -> Result<Fault, String> {
        let wrong = || format!("{text:?} is no fault; write <calls> <number> <failure>");
        let (calls, rest) = text.split_once(' ').ok_or_else(wrong)?;
        let (nth, failure) = rest.split_once(' ').ok_or_else(wrong)?;
        let calls = match calls {
            "any" => Calls::Any,
            "changes" => Calls::Changes,
            one => Calls::Only(Call::ALL.into_iter().find(|call| call.to_string() == one).ok_or_else(wrong)?),
        };
        let failure = match failure {
            "eio" => Failure::Eio,
            "enospc" => Failure::Enospc,
            "read-only" => Failure::ReadOnly,
            "kill" => Failure::Kill,
            loss => Failure::PowerLoss(loss.strip_prefix("power-loss ").ok_or_else(wrong)?.parse()?),
        };
        Ok(Fault { calls, nth: nth.parse().map_err(|_| wrong())?, failure })
    }
}

/// The failures still to come.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    // `nth` counts down; a fault leaves when it happens.
    faults: Vec<Fault>,
}

impl Plan {
    pub(super) fn add(&mut self, fault: Fault) {
        assert!(fault.nth > 0, "the first call is number 1");
        self.faults.push(fault);
    }

    pub(super) fn clear(&mut self) {
        self.faults.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.faults.is_empty()
    }

    /// Counts a call, and gives what happens to it, if anything; of several faults that fall on one
    /// call the first planned.
    pub(super) fn count(&mut self, call: Call) -> Option<Failure> {
        for fault in self.faults.iter_mut().filter(|fault| fault.calls.includes(call)) {
            fault.nth -= 1;
        }
        let failure = self.faults.iter().find(|fault| fault.nth == 0).map(|fault| fault.failure);
        self.faults.retain(|fault| fault.nth > 0);
        failure
    }
}
