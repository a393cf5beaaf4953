//! What the ledger stores of anything it records: a header in the clear and a body to be sealed.

use domain::{ChainId, EventId};

use crate::{Body, BodyError};

/// Where a record stands in its chain; known only when it is encoded.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// 1 for the first event of a lead (`lead_seq`) or subject (`subject_seq`); absent on records
    /// of the ledger itself.
    pub chain_seq: Option<u32>,
    /// base64url of the snapshot hash.
    pub snapshot: &'a str,
}

/// Something the ledger can record.
pub trait Record: Sync {
    /// Its unique id.
    fn id(&self) -> EventId;

    /// The chain it continues; none for records of the ledger itself.
    fn chain(&self) -> Option<ChainId>;

    /// Appends the header: one JSON object without personal data.
    fn write_header(&self, place: Place<'_>, out: &mut Vec<u8>);

    /// The body; none for records that have none, such as those of the ledger itself. `before` is the body
    /// of the record before it in the chain, where it is at hand: what has not changed is copied from it.
    ///
    /// # Errors
    /// When it has too many paths.
    fn body(&self, before: Option<&Body>) -> Result<Option<Body>, BodyError>;

    /// What the element `sensitive` of the body holds once it is sealed, in the form of a body; none
    /// when there is none, which is usual.
    fn sensitive(&self) -> Option<Vec<u8>> {
        None
    }
}
