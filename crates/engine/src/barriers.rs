//! The two places where a lead waits for the disk, and the one where sensitive values are masked: each
//! can be taken away by a test to show that it is needed.

/// Which barriers hold: all. Only with the feature `sabotage`, which nothing but tests turns on, can
/// one be taken away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Barriers {
    /// An answer leaves after its events are durable.
    pub(crate) before_answer: bool,
    /// Bytes leave for a buyer after the event that says so is durable.
    pub(crate) before_delivery: bool,
    /// What is recorded of a lead is masked first.
    pub(crate) masking: bool,
}

impl Barriers {
    /// All.
    pub const ALL: Barriers = Barriers { before_answer: true, before_delivery: true, masking: true };
}

impl Default for Barriers {
    fn default() -> Barriers {
        Barriers::ALL
    }
}

/// One barrier that tests can take away.
#[cfg(feature = "sabotage")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is described at the field of Barriers it turns off")]
pub enum Barrier {
    BeforeAnswer,
    BeforeDelivery,
    Masking,
}

#[cfg(feature = "sabotage")]
impl Barriers {
    /// All but one.
    pub fn without(barrier: Barrier) -> Barriers {
        match barrier {
            Barrier::BeforeAnswer => Barriers { before_answer: false, ..Barriers::ALL },
            Barrier::BeforeDelivery => Barriers { before_delivery: false, ..Barriers::ALL },
            Barrier::Masking => Barriers { masking: false, ..Barriers::ALL },
        }
    }
}
