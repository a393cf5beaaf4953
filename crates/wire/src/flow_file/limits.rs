//! How often a source may send, or another party is asked.

use domain::{LIMIT_MAX, Limits};

use super::keys::Keys;
use super::node::Node;
use super::reader::Reader;

impl Reader {
    /// Limits of whatever `keys` says.
    pub(super) fn limits(&mut self, node: &Node, keys: &'static Keys) -> Option<Limits> {
        let part = self.part(node, keys)?;
        let mut limit = |key: &str| {
            part.get(key).map_or(Some(None), |node| self.count(node, key, 1..=LIMIT_MAX).map(Some))
        };
        let concurrent = limit("concurrent");
        let (second, minute) = (limit("per_second"), limit("per_minute"));
        let (hour, day) = (limit("per_hour"), limit("per_day"));
        Some(Limits {
            concurrent: concurrent?,
            per_second: second?,
            per_minute: minute?,
            per_hour: hour?,
            per_day: day?,
        })
    }
}
