//! The names: cached, durable, and the changes in between.

use std::collections::{BTreeMap, BTreeSet};

use rand_chacha::ChaCha8Rng;

use super::power_loss::{Fate, some_prefix};

pub(super) type InodeId = u64;

#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    cached: BTreeMap<String, InodeId>,
    durable: BTreeMap<String, InodeId>,
    // Ascending by moment.
    pending: Vec<(u64, NameChange)>,
}

#[derive(Debug, Clone)]
pub(super) enum NameChange {
    /// The file has this name now, and no other; whatever had it has lost it.
    Named {
        inode: InodeId,
        name: String,
    },
    Removed {
        inode: InodeId,
        name: String,
    },
}

impl Directory {
    pub(super) fn find(&self, name: &str) -> Option<InodeId> {
        self.cached.get(name).copied()
    }

    pub(super) fn find_durable(&self, name: &str) -> Option<InodeId> {
        self.durable.get(name).copied()
    }

    pub(super) fn names(&self) -> Vec<String> {
        self.cached.keys().cloned().collect()
    }

    pub(super) fn change(&mut self, change: NameChange, moment: u64) {
        apply(&mut self.cached, &change);
        self.pending.push((moment, change));
    }

    pub(super) fn sync(&mut self) {
        for (_, change) in self.pending.drain(..) {
            apply(&mut self.durable, &change);
        }
    }

    /// A prefix of the changes becomes durable; the journal keeps the others for the next sync.
    pub(super) fn fail_sync(&mut self, rng: &mut ChaCha8Rng) {
        let until = some_prefix(&self.moments().collect::<Vec<_>>(), rng);
        let kept = self.pending.iter().take_while(|(moment, _)| *moment <= until).count();
        for (_, change) in self.pending.drain(..kept) {
            apply(&mut self.durable, &change);
        }
    }

    pub(super) fn lose_power(&mut self, fate: Fate, rng: &mut ChaCha8Rng) {
        for (moment, change) in self.pending.drain(..) {
            if fate.name(moment, rng) {
                apply(&mut self.durable, &change);
            }
        }
        self.cached = self.durable.clone();
    }

    pub(super) fn moments(&self) -> impl Iterator<Item = u64> {
        self.pending.iter().map(|(moment, _)| *moment)
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Every file that a name leads to, or could lead to after a power loss.
    pub(super) fn reachable(&self) -> BTreeSet<InodeId> {
        let pending = self.pending.iter().map(|(_, change)| match change {
            NameChange::Named { inode, .. } | NameChange::Removed { inode, .. } => *inode,
        });
        self.cached.values().chain(self.durable.values()).copied().chain(pending).collect()
    }

    /// Every file that has a name.
    pub(super) fn named(&self) -> impl Iterator<Item = InodeId> {
        self.cached.values().copied()
    }
}

fn apply(names: &mut BTreeMap<String, InodeId>, change: &NameChange) {
    match change {
        NameChange::Named { inode, name } => {
            names.retain(|_, owner| owner != inode);
            names.insert(name.clone(), *inode);
        }
        NameChange::Removed { inode, name } => {
            if names.get(name) == Some(inode) {
                names.remove(name);
            }
        }
    }
}
