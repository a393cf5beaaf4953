//! The append-only event log: what was acknowledged is there after any crash, in one order, and
//! what a person's events say can be destroyed without touching that order.
//!
//! Callers take a [`Lease`] of a chain (the events of one lead), hand it events, and get a
//! [`Ticket`] at once; [`Ticket::durable`] is the barrier to wait at where something irrevocable
//! comes next. One [`Writer`] gives records their `seq`, writes them in batches and syncs once a
//! batch. A [`Reader`] sees only what is durable.
//!
//! The bytes are described in `docs/ledger-format.md`. Start with [`Ledger::start`]; then
//! `writer.rs` for the way in, `reader.rs` for the way out, `recovery.rs` for what a start does
//! with the files of a crash, and `verify.rs` for what an auditor checks. Nothing outside this
//! crate opens a file of the ledger.

pub mod disk;

mod chain;
mod chain_list;
mod data_directory;
mod defences;
mod derived;
mod entropy;
mod filter;
mod frame;
mod hash;
mod hot;
mod index;
mod interned;
mod keys;
mod lease;
mod ledger;
mod log;
mod reader;
mod recovery;
mod rows_keeper;
mod seal;
mod sightings;
mod stages;
mod stopped;
mod vault;
#[cfg(test)]
mod vectors;
mod verify;
mod writer;

pub use chain::EncodeError;
pub use chain_list::{ChainPage, ChainQuery, EventsInChains, Glance};
pub use data_directory::{DataDirectory, DataDirectoryError};
#[cfg(feature = "sabotage")]
pub use defences::Defence;
pub use defences::Defences;
pub use derived::{DerivedError, DerivedFormat};
pub use disk::{Access, Disk, DiskFile, RealDisk};
pub use entropy::{Entropy, OsEntropy};
pub use filter::{Choice, DimFilter, FieldFilter, Filter, TestLeads, TypePattern};
pub use frame::{FRAME_BYTES_MAX, HEADER_BYTES_MAX};
pub use hash::{Hash, NO_LEAF, leaf};
pub use keys::{LedgerKeys, SecretKey};
pub use lease::{EncodedGroup, Lease};
pub use ledger::{LeaseError, Ledger, LedgerKind, LedgerOptions, OpenError, Running, SensitiveSlot, Vitals};
pub use reader::{
    Keyed, Order, Page, ReadError, ReadHeader, ReadRecord, Reader, Sensitive, StoredBody, StoredRecord,
    Window,
};
pub use recovery::RecoveryError;
pub use seal::{BODY_BYTES_MAX, OpenError as SealError};
pub use sightings::Sighting;
pub use stages::{Stage, Stages};
pub use stopped::Stopped;
pub use vault::VaultError;
pub use verify::{Finding, Report, verify};
pub use writer::{Durable, GROUP_BYTES_MAX, RecordError, Ticket, Writer};
