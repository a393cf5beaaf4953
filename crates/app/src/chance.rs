//! Draws that depend on nothing but the seed and what they are for: the same seed gives the same
//! demo and the same test of a flow, whatever else changes around it.

use std::sync::{Mutex, PoisonError};

use ledger::Entropy;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};
use sha2::{Digest as _, Sha256};

/// A sequence of draws.
#[derive(Debug, Clone)]
pub(crate) struct Chance(ChaCha8Rng);

impl Chance {
    /// The sequence of this seed and purpose.
    pub(crate) fn of(seed: u64, purpose: &[&str]) -> Chance {
        let mut hash = Sha256::new();
        hash.update(seed.to_le_bytes());
        for word in purpose {
            hash.update((word.len() as u64).to_le_bytes());
            hash.update(word.as_bytes());
        }
        Chance(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// From 0 up to, and without, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        // The 53 bits that a float holds.
        (self.0.next_u64() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// As many bytes as there is room for.
    pub(crate) fn fill(&mut self, bytes: &mut [u8]) {
        self.0.fill_bytes(bytes);
    }

    /// Whether something of this likelihood happens.
    pub(crate) fn happens(&mut self, likelihood: f64) -> bool {
        self.unit() < likelihood
    }

    /// From `least` up to, and without, `end`.
    pub(crate) fn between(&mut self, least: u32, end: u32) -> u32 {
        let span = f64::from(end.saturating_sub(least));
        least + (self.unit() * span) as u32
    }

    /// One of a list that is not empty.
    pub(crate) fn pick<T: Copy>(&mut self, list: &[T]) -> T {
        list[(self.unit() * list.len() as f64) as usize]
    }

    /// A waiting time of this mean, as between things that happen independently of each other.
    pub(crate) fn wait(&mut self, mean_s: f64) -> f64 {
        -mean_s * (1.0 - self.unit()).ln()
    }
}

/// Ids and jitter, drawn in sequence. Keys and nonces are not: these the ledger draws for itself, from the
/// system.
#[derive(Debug)]
pub(crate) struct SeededEntropy(Mutex<Chance>);

impl SeededEntropy {
    pub(crate) fn of(chance: Chance) -> SeededEntropy {
        SeededEntropy(Mutex::new(chance))
    }
}

impl Entropy for SeededEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn draws_follow_from_seed_and_purpose_alone() {
        let first = |seed, purpose: &[&str]| Chance::of(seed, purpose).unit();
        assert_eq!(first(1, &["a", "b"]), first(1, &["a", "b"]));
        assert_ne!(first(1, &["a", "b"]), first(2, &["a", "b"]));
        assert_ne!(first(1, &["a", "b"]), first(1, &["ab"]));
    }

    #[test]
    fn draws_stay_within_their_bounds() {
        let mut chance = Chance::of(7, &["bounds"]);
        for _ in 0..10_000 {
            assert!((3..9).contains(&chance.between(3, 9)));
            assert!([1, 2].contains(&chance.pick(&[1, 2])));
            assert!(chance.wait(0.5) >= 0.0);
        }
        assert_eq!(chance.between(4, 4), 4);
        assert!(!chance.happens(0.0) && chance.happens(1.0));
    }
}
