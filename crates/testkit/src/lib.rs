//! For tests only: what the other crates need to be tried hard.
//!
//! Start at [`SimDisk`]: a directory of files, in memory, that can lose power at any operation.

pub mod disk;

pub use disk::SimDisk;
