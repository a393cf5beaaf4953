//! What holds for a party in all flows.

use crate::Limits;

/// What holds for a party in all flows. It is changed without publishing.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct EntitySettings {
    /// How often it sends, or is asked.
    pub limits: Limits,
}
