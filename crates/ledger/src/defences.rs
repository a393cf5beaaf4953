//! The defences of the log, each of which a test can take away to show that it is needed.

/// Which defences are on: all of them. Only with the feature `sabotage`, which nothing but tests
/// turns on, can one be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Defences {
    /// A frame whose CRC does not match is bad.
    pub(crate) crc: bool,
    /// The CRC covers the file's epoch and the frame's offset.
    pub(crate) crc_covers_place: bool,
    /// A group without its flagged last frame is dropped whole.
    pub(crate) group_flag: bool,
    /// A batch is written only after the one before it is synced.
    pub(crate) sync_before_next_batch: bool,
    /// Readers and waiting callers learn of a batch only after its sync.
    pub(crate) answers_after_sync: bool,
    /// What recovery keeps is synced before anyone reads it.
    pub(crate) recovery_syncs: bool,
    /// What recovery keeps without proof of its durability is written again before that sync, for
    /// a failed sync may have left pages that look clean and never reached the disk.
    pub(crate) recovery_rewrites: bool,
    /// A bad frame below what a later frame proves durable is damage, not a tear.
    pub(crate) damage_is_refused: bool,
    /// Vault slots that an earlier life made ready are never handed out again.
    pub(crate) slots_are_burnt: bool,
    /// Bodies are compressed and encrypted.
    pub(crate) sealing: bool,
}

impl Default for Defences {
    fn default() -> Defences {
        Defences::ALL
    }
}

impl Defences {
    /// Everything on.
    pub const ALL: Defences = Defences {
        crc: true,
        crc_covers_place: true,
        group_flag: true,
        sync_before_next_batch: true,
        answers_after_sync: true,
        recovery_syncs: true,
        recovery_rewrites: true,
        damage_is_refused: true,
        slots_are_burnt: true,
        sealing: true,
    };
}

/// One defence inside the log that tests can take away. Those of the disk itself (syncing files
/// and directories, truncation) are taken away in the simulated disk.
#[cfg(feature = "sabotage")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described at the field of Defences it turns off")]
pub enum Defence {
    Crc,
    CrcCoversPlace,
    GroupFlag,
    SyncBeforeNextBatch,
    AnswersAfterSync,
    RecoverySyncs,
    RecoveryRewrites,
    DamageIsRefused,
    SlotsAreBurnt,
    Sealing,
}

#[cfg(feature = "sabotage")]
impl Defences {
    /// Everything on but one.
    pub fn without(defence: Defence) -> Defences {
        let mut defences = Defences::ALL;
        match defence {
            Defence::Crc => defences.crc = false,
            Defence::CrcCoversPlace => defences.crc_covers_place = false,
            Defence::GroupFlag => defences.group_flag = false,
            Defence::SyncBeforeNextBatch => defences.sync_before_next_batch = false,
            Defence::AnswersAfterSync => defences.answers_after_sync = false,
            Defence::RecoverySyncs => defences.recovery_syncs = false,
            Defence::RecoveryRewrites => defences.recovery_rewrites = false,
            Defence::DamageIsRefused => defences.damage_is_refused = false,
            Defence::SlotsAreBurnt => defences.slots_are_burnt = false,
            Defence::Sealing => defences.sealing = false,
        }
        defences
    }
}
