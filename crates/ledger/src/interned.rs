//! What many events share, each kept once and named by a number in their rows: the dims of a lead,
//! and how its declared fields stand. Of the leads of a flow, few differ in them.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use domain::FieldStates;

use crate::index::Word;

/// The number of something that is kept once; 0 stands for nothing.
pub(crate) type Number = u32;

/// Things kept once, each found by the bytes it is stored as.
#[derive(Debug)]
pub(crate) struct Interned<T> {
    inner: RwLock<Inner<T>>,
}

#[derive(Debug)]
struct Inner<T> {
    numbers: HashMap<Box<[u8]>, Number>,
    things: Vec<T>,
}

impl<T> Default for Interned<T> {
    fn default() -> Interned<T> {
        Interned { inner: RwLock::new(Inner { numbers: HashMap::new(), things: Vec::new() }) }
    }
}

impl<T> Interned<T> {
    /// The number of what is stored as these bytes, where it has one.
    pub(crate) fn find(&self, stored: &[u8]) -> Option<Number> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner).numbers.get(stored).copied()
    }

    /// The number of what is stored as these bytes, made where it is new.
    pub(crate) fn number(&self, stored: &[u8], make: impl FnOnce() -> T) -> Number {
        if let Some(number) = self.find(stored) {
            return number;
        }
        let thing = make();
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        let next = Number::try_from(inner.things.len() + 1).expect("no more things than rows");
        let number = *inner.numbers.entry(stored.into()).or_insert(next);
        if number == next {
            inner.things.push(thing);
        }
        number
    }

    /// What all there is now is stored as, in the order of the numbers, from 1.
    pub(crate) fn stored(&self) -> Vec<Box<[u8]>> {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        let mut stored: Vec<_> = inner.numbers.iter().collect();
        stored.sort_unstable_by_key(|(_, number)| **number);
        stored.into_iter().map(|(stored, _)| stored.clone()).collect()
    }

    /// The numbers of all there is now that is wanted.
    pub(crate) fn all(&self, wanted: impl Fn(&T) -> bool) -> Numbers {
        let inner = self.inner.read().unwrap_or_else(PoisonError::into_inner);
        Numbers(inner.things.iter().map(wanted).collect())
    }
}

/// Some numbers of what is kept once.
#[derive(Debug)]
pub(crate) struct Numbers(Vec<bool>);

impl Numbers {
    /// Whether this number is one of them; `nothing` is the answer for 0.
    pub(crate) fn have(&self, number: Number, nothing: bool) -> bool {
        match (number as usize).checked_sub(1) {
            None => nothing,
            Some(at) => self.0.get(at).copied().unwrap_or(false),
        }
    }
}

/// The dims of an event: paths and values as words, values in the form of [`value_word`].
pub(crate) type Dims = Vec<(Word, Word)>;

/// How the declared fields of an event stand, by the version of the flow that declares them.
#[derive(Debug)]
pub(crate) struct Fields {
    pub(crate) flow: Word,
    pub(crate) version: u32,
    pub(crate) states: FieldStates,
}

impl Fields {
    /// What is found by: fields stand alike only under one version of one flow.
    pub(crate) fn key(flow: Word, version: u32, stored: &str) -> Vec<u8> {
        [&flow.to_le_bytes()[..], &version.to_le_bytes(), stored.as_bytes()].concat()
    }

    /// Flow, version and stored form of a [`key`](Fields::key).
    pub(crate) fn of_key(key: &[u8]) -> (Word, u32, &[u8]) {
        let number = |at: usize| u32::from_le_bytes(key[at..at + 4].try_into().expect("four bytes"));
        (number(0), number(4), &key[8..])
    }
}

/// The word of a dim's value: text after a quote, so that the text `true` is not the boolean.
pub(crate) fn value_word(value: &domain::Scalar) -> String {
    match value {
        domain::Scalar::Null => "null".to_owned(),
        domain::Scalar::Bool(truth) => truth.to_string(),
        domain::Scalar::Number(number) => number.to_string(),
        domain::Scalar::Text(text) => format!("\"{text}"),
    }
}
