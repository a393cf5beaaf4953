//! Trains the zstd dictionary by which the ledger compresses bodies, from bodies of invented leads.
//!
//! A dictionary is frozen once a ledger was written with it: every body names its number and needs
//! the very same bytes to be read. Number 1 is frozen with format v1; after that this chore only shows
//! where its bytes came from, and a better dictionary gets the next number beside it.

mod bodies;

use std::fs;
use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, ensure};
use zstd::bulk::Compressor;

use self::bodies::Product;

/// The number stands in the dictionary and in every frame compressed by it.
const NUMBER: u32 = 1;
const PATH: &str = "crates/ledger/dictionaries/1.dict";
const BYTES_MAX: usize = 32 * 1024;
/// As the ledger compresses.
const LEVEL: i32 = 3;

const TRAINING_SEED: u64 = 1;
const TRAINING_LEADS: usize = 900;
const HELD_OUT_SEED: u64 = 2;
const HELD_OUT_LEADS: usize = 200;

/// Trains, measures, and compares with the dictionary that is there; with `write` puts it there.
pub(crate) fn run(root: &Path, write: bool) -> anyhow::Result<ExitCode> {
    let dictionary = train()?;
    println!("dictionary {NUMBER}: {} bytes\n", dictionary.len());
    println!("| held-out bodies | bodies | bytes each | zstd-{LEVEL} | with the dictionary |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    measure("products it was trained on, other people", &Product::TRAINED, &dictionary)?;
    measure("a product it has never seen", &[Product::Solar], &dictionary)?;
    println!();

    let path = root.join(PATH);
    let same = fs::read(&path).is_ok_and(|there| there == dictionary);
    if same {
        println!("{PATH} is what this chore makes");
    } else if write {
        fs::write(&path, &dictionary).with_context(|| format!("cannot write {}", path.display()))?;
        println!("Written to {PATH}");
    } else {
        println!("{PATH} differs from what this chore makes");
    }
    Ok(if same || write { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The same bytes at every call.
fn train() -> anyhow::Result<Vec<u8>> {
    let samples = bodies::bodies(&Product::TRAINED, TRAINING_SEED, TRAINING_LEADS);
    let mut dictionary =
        zstd::dict::from_samples(&samples, BYTES_MAX).context("zstd cannot train on these bodies")?;
    // RFC 8878 section 5: magic number, then the id, both little-endian. zstd draws the id from the
    // content; ours count up from 1.
    ensure!(dictionary.starts_with(&0xEC30_A437_u32.to_le_bytes()), "zstd made no dictionary");
    dictionary[4..8].copy_from_slice(&NUMBER.to_le_bytes());
    Ok(dictionary)
}

fn measure(what: &str, products: &[Product], dictionary: &[u8]) -> anyhow::Result<()> {
    let bodies = bodies::bodies(products, HELD_OUT_SEED, HELD_OUT_LEADS);
    let mut plain = Compressor::new(LEVEL)?;
    let mut trained = Compressor::with_dictionary(LEVEL, dictionary)?;
    let (mut before, mut without, mut with) = (0, 0, 0);
    for body in &bodies {
        before += body.len();
        without += plain.compress(body)?.len();
        with += trained.compress(body)?.len();
    }
    let each = |bytes: usize| bytes / bodies.len();
    println!("| {what} | {} | {} | {} | {} |", bodies.len(), each(before), each(without), each(with));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bodies_and_another_seed_other_people() {
        let bodies = |seed| bodies::bodies(&Product::TRAINED, seed, 3);
        assert_eq!(bodies(1), bodies(1));
        assert_ne!(bodies(1), bodies(2));
        assert_eq!(bodies(1).len(), 24, "eight events a lead");
    }
}
