//! What field types are for, and the usual names of fields: for people who set up a flow. A flow may
//! declare any other name, and a usual one under another type.

use std::sync::LazyLock;

/// A field type in words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TypeWords {
    /// Its name in flow files.
    pub name: &'static str,
    /// What it holds.
    pub description: &'static str,
    /// A value of it, as a source would send it.
    pub example: &'static str,
    /// Whether its values are masked before anything is recorded.
    pub sensitive: bool,
}

/// A usual field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StandardField {
    /// Its name.
    pub name: &'static str,
    /// The name of its type.
    pub field_type: &'static str,
    /// What it holds.
    pub description: &'static str,
}

static TYPES: LazyLock<Vec<TypeWords>> = LazyLock::new(|| {
    let read = |line: &'static str| {
        let mut columns = line.split('|');
        let (name, description, example) = (columns.next()?, columns.next()?, columns.next()?);
        Some(TypeWords { name, description, example, sensitive: columns.next() == Some("sensitive") })
    };
    include_str!("../data/catalogue/types.txt").lines().filter_map(read).collect()
});

static FIELDS: LazyLock<Vec<StandardField>> = LazyLock::new(|| {
    let read = |line: &'static str| {
        let mut columns = line.split('|');
        let (name, field_type, description) = (columns.next()?, columns.next()?, columns.next()?);
        Some(StandardField { name, field_type, description })
    };
    include_str!("../data/catalogue/fields.txt").lines().filter_map(read).collect()
});

/// A field type in words, by its name in flow files.
pub fn type_words(name: &str) -> Option<&'static TypeWords> {
    TYPES.iter().find(|words| words.name == name)
}

/// The usual fields, those of persons first, then those of each trade.
pub fn standard_fields() -> &'static [StandardField] {
    &FIELDS
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::{FieldName, FieldType};

    #[test]
    fn every_type_is_in_words_and_its_example_is_a_value_of_it() {
        for field_type in FieldType::ALL {
            let words = type_words(field_type.as_str()).unwrap_or_else(|| panic!("{field_type}"));
            assert!(!words.description.is_empty());
            let parsed = field_type.parse(&crate::Value::text(words.example)).unwrap();
            assert!(parsed.valid != Some(false), "{}", words.example);
        }
        let sensitive = TYPES.iter().filter(|words| words.sensitive).map(|words| words.name);
        assert_eq!(sensitive.collect::<Vec<_>>(), ["ssn", "credential", "dob", "credit_card"]);
    }

    #[test]
    fn standard_fields_can_be_declared() {
        let names: HashSet<&str> = standard_fields().iter().map(|field| field.name).collect();
        assert_eq!(names.len(), standard_fields().len(), "no name twice");
        assert!(names.len() >= 150);
        for field in standard_fields() {
            assert!(field.name.parse::<FieldName>().is_ok(), "{}", field.name);
            assert!(type_words(field.field_type).is_some(), "{field:?}");
            assert!(!field.description.is_empty(), "{field:?}");
            let within = names.iter().any(|other| other.starts_with(&format!("{}.", field.name)));
            assert!(!within, "{} is a value or a group, not both", field.name);
        }
        let lines = include_str!("../data/catalogue/fields.txt").lines().count();
        assert_eq!(lines, standard_fields().len());
    }
}
