//! The lead: every value under its path, in one canonical order.

use std::sync::Arc;

use crate::{FieldPath, Scalar, Value};

/// A whole lead at one moment: fields, their components (`email.domain`), what steps appended
/// (`appended.<step>.…`) and where it came from (`source.name`). Snapshots are taken by cloning,
/// which shares everything until one of the two changes; equal ones that are shared are known at a glance.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lead {
    // Invariant: ascending by the bytes of the path, no path twice.
    entries: Arc<Vec<(FieldPath, Value)>>,
}

impl Lead {
    /// A lead without any value.
    pub fn new() -> Lead {
        Lead::default()
    }

    /// The value under a path.
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.find(path).ok().map(|at| &self.entries[at].1)
    }

    /// Puts a value under a path, over whatever stood there.
    pub fn set(&mut self, path: FieldPath, value: Value) {
        let found = self.find(path.as_str());
        let entries = Arc::make_mut(&mut self.entries);
        match found {
            Ok(at) => entries[at].1 = value,
            Err(at) => entries.insert(at, (path, value)),
        }
    }

    /// Takes a value away, and says what it was.
    pub fn remove(&mut self, path: &str) -> Option<Value> {
        self.find(path).ok().map(|at| Arc::make_mut(&mut self.entries).remove(at).1)
    }

    /// Paths and values in ascending byte order of the path.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&FieldPath, &Value)> {
        self.entries.iter().map(|(path, value)| (path, value))
    }

    /// Whether a value stands below a path: `below` is the path and a dot.
    pub(crate) fn has_below(&self, below: &str) -> bool {
        let at = self.entries.partition_point(|(own, _)| own.as_str() < below);
        self.entries.get(at).is_some_and(|(own, _)| own.as_str().starts_with(below))
    }

    /// A lead of values whose paths ascend already.
    pub(crate) fn of_ascending(entries: Vec<(FieldPath, Value)>) -> Lead {
        debug_assert!(entries.is_sorted_by(|one, next| one.0 < next.0), "the invariant of a lead");
        Lead { entries: Arc::new(entries) }
    }

    /// Whether the other is the same without a look at its values: it was cloned from this one, or this
    /// from it, and neither has changed since.
    pub fn is_shared_with(&self, other: &Lead) -> bool {
        Arc::ptr_eq(&self.entries, &other.entries)
    }

    /// How many paths have a value.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// About how many bytes its paths and values take as text.
    pub fn text_bytes(&self) -> usize {
        let scalar = |scalar: &Scalar| match scalar {
            Scalar::Text(text) => text.len() + 2,
            Scalar::Null | Scalar::Bool(_) | Scalar::Number(_) => 40,
        };
        let value = |value: &Value| match value {
            Value::Scalar(one) => scalar(one),
            Value::List(list) => list.iter().map(scalar).sum(),
        };
        self.iter().map(|(path, own)| path.as_str().len() + value(own)).sum()
    }

    /// Whether no path has a value.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn find(&self, path: &str) -> Result<usize, usize> {
        self.entries.binary_search_by(|(own, _)| own.as_str().as_bytes().cmp(path.as_bytes()))
    }
}

impl FromIterator<(FieldPath, Value)> for Lead {
    /// Of equal paths the last one wins.
    fn from_iter<I: IntoIterator<Item = (FieldPath, Value)>>(pairs: I) -> Lead {
        let mut entries: Vec<(FieldPath, Value)> = pairs.into_iter().collect();
        // A stable sort keeps equal paths in order, so the last of them is the last of its run.
        entries.sort_by(|left, right| left.0.cmp(&right.0));
        entries.reverse();
        entries.dedup_by(|later, earlier| later.0 == earlier.0);
        entries.reverse();
        Lead { entries: Arc::new(entries) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> FieldPath {
        text.parse().unwrap()
    }

    #[test]
    fn order_is_that_of_the_path_bytes() {
        let lead: Lead = ["email.valid", "email", "b", "é", "email_2", "a"]
            .map(|text| (path(text), Value::text(text)))
            .into_iter()
            .collect();
        let paths: Vec<&str> = lead.iter().map(|(path, _)| path.as_str()).collect();
        assert_eq!(paths, ["a", "b", "email", "email.valid", "email_2", "é"]);
        assert_eq!(lead.get("email_2"), Some(&Value::text("email_2")));
        assert_eq!(lead.get("c"), None);
        let below = ["a.", "b.", "email.", "email_2.", "emai", "é.", "z."].map(|below| lead.has_below(below));
        assert_eq!(below, [false, false, true, false, true, false, false]);
    }

    #[test]
    fn a_clone_is_shared_until_one_of_the_two_changes() {
        let lead: Lead = [(path("a"), Value::text("1"))].into_iter().collect();
        let mut other = lead.clone();
        assert!(other.is_shared_with(&lead));
        other.set(path("a"), Value::text("2"));
        assert!(!other.is_shared_with(&lead));
        assert_eq!(lead.get("a"), Some(&Value::text("1")));
        assert_eq!(other.remove("a"), Some(Value::text("2")));
        assert_eq!(lead.len(), 1);
    }

    proptest! {
        #[test]
        fn setting_one_by_one_is_collecting_at_once(pairs in prop::collection::vec(("[a-c]{1,2}", "[a-z]{0,3}"), 0..20)) {
            let pairs: Vec<_> = pairs.iter().map(|(key, text)| (path(key), Value::text(text.as_str()))).collect();
            let mut lead = Lead::new();
            for (path, value) in pairs.clone() {
                lead.set(path, value);
            }
            prop_assert_eq!(lead, pairs.into_iter().collect::<Lead>());
        }
    }
}
