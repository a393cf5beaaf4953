//! `md5`, `sha1`, `sha256`, `sha384` and `sha512`, in small hex digits.

use std::borrow::Cow;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

use super::Arguments;
use crate::template::expression::{Expression, Room};
use crate::template::scan::Wrong;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::template) struct Digest {
    kind: Kind,
    values: Vec<Expression>,
    salt: Option<Expression>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

impl Digest {
    pub(super) fn compile(arguments: &mut Arguments) -> Result<Digest, Wrong> {
        let kind = match arguments.helper.name {
            "md5" => Kind::Md5,
            "sha1" => Kind::Sha1,
            "sha256" => Kind::Sha256,
            "sha384" => Kind::Sha384,
            _ => Kind::Sha512,
        };
        let salt = arguments.option("salt").map(|salt| salt.expression);
        let values = arguments.values().into_iter().map(|value| value.expression).collect();
        Ok(Digest { kind, values, salt })
    }

    /// Of the values one after the other, then the salt. Where no value stands, nothing is given: the
    /// digest of nothing looks like that of somebody.
    pub(super) fn text<'a>(&'a self, room: &Room<'a>) -> Cow<'a, str> {
        let mut text = String::new();
        for value in &self.values {
            let value = value.text(room);
            if !room.spend(value.len()) {
                return Cow::Borrowed("");
            }
            text.push_str(&value);
        }
        if text.is_empty() {
            return Cow::Borrowed("");
        }
        if let Some(salt) = &self.salt {
            text.push_str(&salt.text(room));
        }
        if !room.spend(text.len()) {
            return Cow::Borrowed("");
        }
        let bytes = text.as_bytes();
        Cow::Owned(match self.kind {
            Kind::Md5 => hex(&Md5::digest(bytes)),
            Kind::Sha1 => hex(&Sha1::digest(bytes)),
            Kind::Sha256 => hex(&Sha256::digest(bytes)),
            Kind::Sha384 => hex(&Sha384::digest(bytes)),
            Kind::Sha512 => hex(&Sha512::digest(bytes)),
        })
    }
}

fn hex(bytes: &[u8]) -> String {
    let digit = |half: u8| char::from(b"0123456789abcdef"[usize::from(half)]);
    let mut out = String::with_capacity(bytes.len() * 2);
    out.extend(bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 0xf)]));
    out
}
