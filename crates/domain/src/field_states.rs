//! Which declared fields of a lead are there, and which are valid: two bits a field, which tell
//! nothing of what a person said, so that events can be found by them after their values are gone.

use std::sync::Arc;

/// Two bits for each field that a version of a flow declares, in the order it declares them:
/// whether it is there, and whether its value is valid. Field 0 has the two lowest bits of byte 0,
/// *there* below *valid*, field 4 those of byte 1. Empty where nothing is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct FieldStates(Option<Arc<[u8]>>);

/// How a declared field stands in a lead.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FieldState {
    /// Nothing was sent, or blank text.
    Absent,
    /// Something that is no value of its type.
    Invalid,
    /// A value of its type.
    Valid,
}

const FIELDS_A_BYTE: usize = 4;

impl FieldStates {
    /// The states of fields in the order they are declared.
    pub fn new(states: impl ExactSizeIterator<Item = FieldState>) -> FieldStates {
        let mut bytes = vec![0_u8; states.len().div_ceil(FIELDS_A_BYTE)];
        for (place, state) in states.enumerate() {
            let bits = match state {
                FieldState::Absent => 0b00,
                FieldState::Invalid => 0b01,
                FieldState::Valid => 0b11,
            };
            bytes[place / FIELDS_A_BYTE] |= bits << (2 * (place % FIELDS_A_BYTE));
        }
        FieldStates::from_bytes(&bytes)
    }

    /// The states in their stored form.
    pub fn from_bytes(bytes: &[u8]) -> FieldStates {
        FieldStates((!bytes.is_empty()).then(|| bytes.into()))
    }

    /// The stored form: a byte for four fields; empty where nothing is known.
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The state of the field that is declared at this place, from 0; none where nothing is
    /// known of it.
    pub fn get(&self, place: usize) -> Option<FieldState> {
        let byte = self.as_bytes().get(place / FIELDS_A_BYTE)?;
        Some(match (byte >> (2 * (place % FIELDS_A_BYTE))) & 0b11 {
            0b01 => FieldState::Invalid,
            0b11 => FieldState::Valid,
            // Valid but not there is nothing that is written; it is not there.
            _ => FieldState::Absent,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_known_of_a_lead_that_was_not_parsed() {
        assert_eq!(FieldStates::default().get(0), None);
        assert_eq!(FieldStates::new([].into_iter()), FieldStates::default());
    }

    proptest! {
        #[test]
        fn every_field_has_its_own_two_bits(
            states in prop::collection::vec(
                prop::sample::select(vec![FieldState::Absent, FieldState::Invalid, FieldState::Valid]),
                1..250,
            ),
        ) {
            let packed = FieldStates::new(states.iter().copied());
            prop_assert_eq!(packed.as_bytes().len(), states.len().div_ceil(4));
            let read = FieldStates::from_bytes(packed.as_bytes());
            for (place, state) in states.iter().enumerate() {
                prop_assert_eq!(read.get(place), Some(*state));
            }
        }
    }
}
