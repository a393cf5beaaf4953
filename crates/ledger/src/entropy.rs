//! Where random bytes come from: the operating system, or a seed in simulations.

use std::fmt;

/// A source of random bytes.
pub trait Entropy: fmt::Debug + Send + Sync {
    /// Fills the buffer with bytes nobody can guess.
    fn fill(&self, buffer: &mut [u8]);
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) {
        getrandom::fill(buffer).expect("the operating system gives random bytes");
    }
}

/// A fixed number of random bytes.
pub(crate) fn draw<const N: usize>(entropy: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    entropy.fill(&mut bytes);
    bytes
}
