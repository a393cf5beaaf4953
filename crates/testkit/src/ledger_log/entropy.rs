//! Random bytes that follow from a seed.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use ledger::Entropy;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// One stream of random bytes. Kept over all lives of a log it never repeats itself, as the
/// operating system's does not.
pub struct SeededEntropy(Mutex<ChaCha8Rng>);

impl SeededEntropy {
    /// The stream of a seed.
    pub fn new(seed: u64) -> SeededEntropy {
        SeededEntropy(Mutex::new(ChaCha8Rng::seed_from_u64(seed)))
    }
}

impl fmt::Debug for SeededEntropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SeededEntropy")
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill_bytes(buffer);
    }
}
