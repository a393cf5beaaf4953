//! Where chance in templates comes from: nothing is drawn here.

use std::hash::Hasher as _;

/// What the chances of one rendering follow from: the same seed gives the same numbers, so that a
/// second attempt sends what the first one sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of some bytes, such as those of an id: the same wherever and whenever it is made.
    pub fn of(parts: &[&[u8]]) -> Seed {
        let mut hash = Fnv(0xcbf2_9ce4_8422_2325);
        for part in parts {
            hash.write(part);
            // So that ("ab", "c") is not ("a", "bc").
            hash.write(&[0xff]);
        }
        Seed(mixed(hash.finish()))
    }

    /// The chance number `at` of this seed: any of the 2^64 numbers is as likely.
    pub fn chance(self, at: u64) -> u64 {
        mixed(self.0.wrapping_add((at.wrapping_add(1)).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }
}

/// The end of `SplitMix64` (Steele, Lea and Flood, 2014): every bit of the answer depends on every bit.
fn mixed(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// FNV-1a, 64 bits.
struct Fnv(u64);

impl std::hash::Hasher for Fnv {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_follows_from_its_parts_alone() {
        assert_eq!(Seed::of(&[b"ab", b"c"]), Seed::of(&[b"ab", b"c"]));
        assert_ne!(Seed::of(&[b"ab", b"c"]), Seed::of(&[b"a", b"bc"]));
        // Held fast: what a delivery sends must not change with a release while it is retried.
        assert_eq!(Seed::of(&[b"lead"]), Seed(0x4115_afba_fc2a_65ac));
    }

    #[test]
    fn chances_are_spread_evenly() {
        let mut counts = [0_u32; 10];
        for at in 0..10_000 {
            counts[usize::try_from(Seed(7).chance(at) % 10).unwrap()] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
