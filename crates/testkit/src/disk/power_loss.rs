//! What a power loss leaves of what was not synced.

use std::fmt;
use std::str::FromStr;

use rand::RngExt;
use rand_chacha::ChaCha8Rng;

/// What survives of unsynced data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Survival {
    /// Nothing.
    Nothing,
    /// All of it.
    Everything,
    /// All writes up to a moment, over the whole disk.
    Prefix,
    /// As [`Prefix`](Survival::Prefix), and of the next write some sectors: the first ones, the last
    /// ones, or any.
    Torn,
    /// As [`Torn`](Survival::Torn), and one of those sectors is half old, half new.
    TornSector,
    /// Each sector of each write by itself.
    Subset,
    /// Only writes from a moment on: later ones without earlier ones.
    Last,
}

/// What survives of unsynced names, lengths and reserved space.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Journal {
    /// Nothing.
    Nothing,
    /// All of it.
    Everything,
    /// All changes up to a moment, over the whole disk.
    Ordered,
    /// For each file a prefix of its own, and each change of a name by itself.
    Independent,
}

/// One power loss. Text form: `data=subset metadata=ordered`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PowerLoss {
    /// What survives of data.
    pub data: Survival,
    /// What survives of metadata.
    pub metadata: Journal,
}

impl Survival {
    /// Every way, mildest first.
    pub const ALL: [Survival; 7] = [
        Survival::Everything,
        Survival::Prefix,
        Survival::Torn,
        Survival::TornSector,
        Survival::Subset,
        Survival::Last,
        Survival::Nothing,
    ];

    fn word(self) -> &'static str {
        match self {
            Survival::Nothing => "nothing",
            Survival::Everything => "everything",
            Survival::Prefix => "prefix",
            Survival::Torn => "torn",
            Survival::TornSector => "torn-sector",
            Survival::Subset => "subset",
            Survival::Last => "last",
        }
    }
}

impl Journal {
    /// Every way.
    pub const ALL: [Journal; 4] =
        [Journal::Everything, Journal::Ordered, Journal::Independent, Journal::Nothing];

    fn word(self) -> &'static str {
        match self {
            Journal::Nothing => "nothing",
            Journal::Everything => "everything",
            Journal::Ordered => "ordered",
            Journal::Independent => "independent",
        }
    }
}

impl PowerLoss {
    /// Nothing survives that was not synced.
    pub const HARSHEST: PowerLoss = PowerLoss { data: Survival::Nothing, metadata: Journal::Nothing };

    /// Everything survives, synced or not.
    pub const MILDEST: PowerLoss = PowerLoss { data: Survival::Everything, metadata: Journal::Everything };

    /// Any power loss.
    pub fn draw(rng: &mut ChaCha8Rng) -> PowerLoss {
        PowerLoss {
            data: Survival::ALL[rng.random_range(0..Survival::ALL.len())],
            metadata: Journal::ALL[rng.random_range(0..Journal::ALL.len())],
        }
    }
}

impl fmt::Display for PowerLoss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "data={} metadata={}", self.data.word(), self.metadata.word())
    }
}

impl FromStr for PowerLoss {
    type Err = String;

    fn from_str(text: &str) -> Result<PowerLoss, String> {
        let wrong = || format!("{text:?} is no power loss; write data=<survival> metadata=<journal>");
        let (data, metadata) = text.split_once(' ').ok_or_else(wrong)?;
        let data = data.strip_prefix("data=").ok_or_else(wrong)?;
        let metadata = metadata.strip_prefix("metadata=").ok_or_else(wrong)?;
        Ok(PowerLoss {
            data: Survival::ALL.into_iter().find(|way| way.word() == data).ok_or_else(wrong)?,
            metadata: Journal::ALL.into_iter().find(|way| way.word() == metadata).ok_or_else(wrong)?,
        })
    }
}

/// How much of one sector's write survives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kept {
    Lost,
    Whole,
    /// These first bytes are new, the rest is old.
    Until(usize),
}

/// A power loss with its dice thrown. A moment is the number of the change, counted over the disk.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fate {
    data: DataFate,
    metadata: MetadataFate,
}

#[derive(Debug, Clone, Copy)]
enum DataFate {
    /// Up to and with this moment.
    Until(u64),
    /// Before this moment whole, at it in part.
    TornAt(u64, Tear),
    From(u64),
    Each(f64),
}

#[derive(Debug, Clone, Copy)]
enum Tear {
    First,
    Last,
    Any,
    InsideSector,
}

#[derive(Debug, Clone, Copy)]
enum MetadataFate {
    Until(u64),
    Independent,
}

impl Fate {
    /// Throws the dice over the moments of all unsynced writes and of all other unsynced changes,
    /// both ascending.
    pub(super) fn draw(loss: PowerLoss, writes: &[u64], metadata: &[u64], rng: &mut ChaCha8Rng) -> Fate {
        let data = match loss.data {
            Survival::Nothing => DataFate::Until(0),
            Survival::Everything => DataFate::Until(u64::MAX),
            Survival::Prefix => DataFate::Until(some_prefix(writes, rng)),
            Survival::Torn => {
                let tear = [Tear::First, Tear::Last, Tear::Any][rng.random_range(0..3)];
                DataFate::TornAt(some_moment(writes, rng), tear)
            }
            Survival::TornSector => DataFate::TornAt(some_moment(writes, rng), Tear::InsideSector),
            Survival::Subset => DataFate::Each([0.1, 0.5, 0.9][rng.random_range(0..3)]),
            Survival::Last => DataFate::From(some_moment(writes, rng)),
        };
        let metadata = match loss.metadata {
            Journal::Nothing => MetadataFate::Until(0),
            Journal::Everything => MetadataFate::Until(u64::MAX),
            Journal::Ordered => MetadataFate::Until(some_prefix(metadata, rng)),
            Journal::Independent => MetadataFate::Independent,
        };
        Fate { data, metadata }
    }

    /// What is kept of each of a write's sectors.
    pub(super) fn sectors(self, moment: u64, count: usize, rng: &mut ChaCha8Rng) -> Vec<Kept> {
        let all_or_none = |all: bool| vec![if all { Kept::Whole } else { Kept::Lost }; count];
        match self.data {
            DataFate::Until(last) => all_or_none(moment <= last),
            DataFate::From(first) => all_or_none(moment >= first),
            DataFate::Each(share) => {
                (0..count).map(|_| if rng.random_bool(share) { Kept::Whole } else { Kept::Lost }).collect()
            }
            DataFate::TornAt(torn, _) if moment != torn => all_or_none(moment < torn),
            DataFate::TornAt(_, tear) => {
                let split = rng.random_range(0..=count);
                let keep = |kept: bool| if kept { Kept::Whole } else { Kept::Lost };
                let mut sectors: Vec<Kept> = match tear {
                    Tear::First | Tear::InsideSector => (0..count).map(|index| keep(index < split)).collect(),
                    Tear::Last => (0..count).map(|index| keep(index >= split)).collect(),
                    Tear::Any => (0..count).map(|_| keep(rng.random_bool(0.5))).collect(),
                };
                if let (Tear::InsideSector, Some(sector)) = (tear, sectors.get_mut(split)) {
                    *sector = Kept::Until(rng.random_range(1..super::SECTOR_BYTES));
                }
                sectors
            }
        }
    }

    /// Up to which moment a file's lengths survive; its unsynced moments are given, ascending.
    pub(super) fn lengths_until(self, moments: &[u64], rng: &mut ChaCha8Rng) -> u64 {
        match self.metadata {
            MetadataFate::Until(last) => last,
            MetadataFate::Independent => some_prefix(moments, rng),
        }
    }

    /// Whether a change of a name survives.
    pub(super) fn name(self, moment: u64, rng: &mut ChaCha8Rng) -> bool {
        match self.metadata {
            MetadataFate::Until(last) => moment <= last,
            MetadataFate::Independent => rng.random_bool(0.5),
        }
    }
}

/// One of the moments, the last one most of the time: that is where tears hurt.
fn some_moment(moments: &[u64], rng: &mut ChaCha8Rng) -> u64 {
    match moments {
        [] => 0,
        [.., last] if rng.random_bool(0.5) => *last,
        _ => moments[rng.random_range(0..moments.len())],
    }
}

/// The end of a prefix, from the empty one to the whole.
pub(super) fn some_prefix(moments: &[u64], rng: &mut ChaCha8Rng) -> u64 {
    match rng.random_range(0..=moments.len()) {
        0 => 0,
        count => moments[count - 1],
    }
}
