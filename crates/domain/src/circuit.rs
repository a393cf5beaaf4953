//! When a party that gives no usable answer is left alone for a while.

use std::ops::RangeInclusive;
use std::time::Duration;

/// How many errors in a row can open a circuit.
pub const CIRCUIT_ERRORS: RangeInclusive<u32> = 1..=1000;
/// How long it can stay open.
pub const COOL_DOWNS: RangeInclusive<Duration> = Duration::from_secs(1)..=Duration::from_secs(24 * 3600);

/// When a party that gives no usable answer is left alone, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Circuit {
    /// After so many errors in a row; at least 1. A no is an answer, and ends the row.
    pub errors: u32,
    /// So long; then one call is let through, whose end says whether the others are.
    pub cool_down: Duration,
}

impl Default for Circuit {
    fn default() -> Circuit {
        Circuit { errors: 5, cool_down: Duration::from_secs(60) }
    }
}
