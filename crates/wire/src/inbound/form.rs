//! Forms and queries: `a=1&b.c=2`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use percent_encoding::percent_decode;
use serde_json::Value;

use super::charset::Charset;
use super::{DEPTH_MAX, NAME_BYTES_MAX, Refusal, Tree, VALUES_MAX};

/// What one name of a form holds: the texts that came under it, or names below it.
enum Branch {
    /// The first text, and the others.
    Texts(String, Vec<String>),
    Names(BTreeMap<String, Branch>),
}

type Names = BTreeMap<String, Branch>;

/// Reads a form or a query: `a.b=1` is a tree, a name that comes again makes a list, and so do names
/// below one that count `0`, `1`, `2` ….
pub(super) fn read_form(text: &[u8], charset: Charset) -> Result<Tree, Refusal> {
    let mut names = Names::new();
    let pairs = text.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (count, pair) in pairs.enumerate() {
        if count >= VALUES_MAX {
            return Err(Refusal::TooMany);
        }
        let end = pair.iter().position(|byte| *byte == b'=');
        let (name, value) = end.map_or((pair, &b""[..]), |end| (&pair[..end], &pair[end + 1..]));
        let (name, value) = (decode(name, charset)?, decode(value, charset)?);
        if name.len() > NAME_BYTES_MAX {
            let start: String = name.chars().take(40).collect();
            return Err(Refusal::Name(format!("the name {start:?}… is too long")));
        }
        if name.matches('.').count() >= DEPTH_MAX {
            return Err(Refusal::TooDeep);
        }
        put(&mut names, &name, value.into_owned())?;
    }
    Ok(names.into_iter().map(|(name, branch)| (name, branch.into_value())).collect())
}

/// Undoes `+` and `%20`; a `%` that is no escape stands for itself.
fn decode(text: &[u8], charset: Charset) -> Result<Cow<'_, str>, Refusal> {
    if !text.iter().any(|byte| matches!(byte, b'+' | b'%')) {
        return charset.text(text);
    }
    let spaced: Cow<'_, [u8]> = if text.contains(&b'+') {
        text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect()
    } else {
        text.into()
    };
    let bytes = Cow::from(percent_decode(&spaced)).into_owned();
    Ok(match charset.text(&bytes)? {
        Cow::Owned(text) => text.into(),
        // The bytes are the text.
        Cow::Borrowed(_) => String::from_utf8(bytes).map_err(|_| Refusal::NotText("UTF-8 text"))?.into(),
    })
}

fn put(names: &mut Names, name: &str, value: String) -> Result<(), Refusal> {
    let clash = || Refusal::Clash(name.chars().take(40).collect());
    // A value without a name is known by its place, as in a list.
    let key = |part: &str| if part.is_empty() { "0".to_owned() } else { part.to_owned() };
    let mut branch = names;
    let (parents, leaf) = name.rsplit_once('.').map_or((None, name), |(parents, leaf)| (Some(parents), leaf));
    for part in parents.into_iter().flat_map(|parents| parents.split('.')) {
        match branch.entry(key(part)).or_insert_with(|| Branch::Names(Names::new())) {
            Branch::Names(below) => branch = below,
            Branch::Texts(..) => return Err(clash()),
        }
    }
    match branch.entry(key(leaf)) {
        Entry::Vacant(vacant) => {
            vacant.insert(Branch::Texts(value, Vec::new()));
        }
        Entry::Occupied(mut occupied) => match occupied.get_mut() {
            Branch::Texts(_, more) => more.push(value),
            Branch::Names(_) => return Err(clash()),
        },
    }
    Ok(())
}

impl Branch {
    fn into_value(self) -> Value {
        match self {
            Branch::Texts(one, more) if more.is_empty() => Value::String(one),
            Branch::Texts(first, more) => {
                Value::Array(std::iter::once(first).chain(more).map(Value::String).collect())
            }
            Branch::Names(mut names) => {
                let count = names.len();
                let items: Vec<Value> = (0..count)
                    .map_while(|at| names.remove(&at.to_string()).map(Branch::into_value))
                    .collect();
                if items.len() == count {
                    return Value::Array(items);
                }
                let counted = items.into_iter().enumerate().map(|(at, item)| (at.to_string(), item));
                let named = names.into_iter().map(|(name, branch)| (name, branch.into_value()));
                Value::Object(counted.chain(named).collect())
            }
        }
    }
}
