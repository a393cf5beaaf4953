//! What the names of fields make together, so that no two contradict each other.

use std::collections::BTreeMap;

use crate::outbound::is_xml_name;

/// Deepest nesting of the fields of a body.
const FIELD_DEPTH_MAX: usize = 20;
/// Most items of a list in a body.
const ITEMS_MAX: usize = 100;

/// The tree that dotted names make: what stands where, so that no two names contradict each other.
#[derive(Debug, Default)]
pub(super) struct Shape {
    places: BTreeMap<String, Place>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Value,
    Group,
    List,
}

impl Shape {
    /// Adds a name. Dots nest, numbers make lists.
    pub(super) fn add(&mut self, name: &str) -> Result<(), String> {
        let keys: Vec<&str> = name.split('.').collect();
        if keys.iter().any(|key| key.is_empty()) {
            return Err("has an empty part between dots".to_owned());
        }
        if keys.len() > FIELD_DEPTH_MAX {
            return Err(format!("has {} parts; at most {FIELD_DEPTH_MAX} fit", keys.len()));
        }
        let mut place = String::new();
        for key in &keys {
            let is_number = key.bytes().all(|byte| byte.is_ascii_digit());
            let is_item =
                key.parse::<usize>().is_ok_and(|item| item < ITEMS_MAX && item.to_string() == **key);
            if is_number && !is_item {
                return Err(format!("counts items of a list from 0 to {}; {key} is none", ITEMS_MAX - 1));
            }
            self.put(&place, if is_number { Place::List } else { Place::Group })?;
            place.push('.');
            place.push_str(key);
        }
        self.put(&place, Place::Value)
    }

    fn put(&mut self, place: &str, wanted: Place) -> Result<(), String> {
        let shown = if place.is_empty() { "the body" } else { &place[1..] };
        match self.places.get(place) {
            None => {
                self.places.insert(place.to_owned(), wanted);
                Ok(())
            }
            Some(found) if *found == wanted => Ok(()),
            Some(Place::Value) => Err(format!("lies within {shown}, which is a value")),
            Some(Place::Group | Place::List) if wanted == Place::Value => {
                Err("is a value, but other names lie within it".to_owned())
            }
            Some(Place::Group | Place::List) => Err(format!(
                "makes {shown} a list as well as a group; its parts are all numbers or all names"
            )),
        }
    }
}

/// What keeps a name from being one of an element or attribute: its parts are names of XML and numbers
/// of items, the first is a name.
pub(super) fn xml_name_fault(name: &str) -> Option<String> {
    let (element, end) = match name.rfind(['@', '#']) {
        Some(at) => (&name[..at], Some(name[at..].split_at(1))),
        None => (name, None),
    };
    let element = element.strip_suffix('.').unwrap_or(element);
    for (at, key) in element.split('.').enumerate() {
        let is_item = at > 0 && !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
        if !is_item && !is_xml_name(key) {
            return Some(format!("has a part {key:?} that XML cannot hold as a name"));
        }
    }
    match end {
        Some(("@", attribute)) if !is_xml_name(attribute) => {
            Some(format!("has an attribute {attribute:?} that XML cannot hold as a name"))
        }
        Some(("#", other)) if !matches!(other, "text" | "cdata") => {
            Some(format!("ends with #{other}; #text and #cdata are known"))
        }
        Some(_) | None => None,
    }
}

/// The document that the names of fields make.
#[derive(Debug, Default)]
pub(super) struct XmlShape {
    shape: Shape,
    root: Option<String>,
    /// Elements with an attribute written `name@attribute`.
    joined: Vec<String>,
    /// Elements whose text stands under their own name.
    plain: Vec<String>,
}

impl XmlShape {
    /// Adds a name: `lead.email`, `lead.tag.0`, `lead.@id`, `lead.name@kind`, `lead.note#cdata`.
    pub(super) fn add(&mut self, name: &str) -> Result<(), String> {
        let (element, end) = match name.rfind(['@', '#']) {
            Some(at) => (&name[..at], Some(&name[at..])),
            None => (name, None),
        };
        let is_joined = !element.ends_with('.');
        let element = element.strip_suffix('.').unwrap_or(element);
        if let Some(fault) = xml_name_fault(name) {
            return Err(fault);
        }
        let root = element.split('.').next().unwrap_or_default();
        if self.root.get_or_insert_with(|| root.to_owned()) != root {
            return Err("begins with another element than the names before it; a document has one".to_owned());
        }
        match end.map(|end| end.split_at(1)) {
            Some(("@", _)) if is_joined => self.joined.push(element.to_owned()),
            Some(("@", _)) => {}
            Some((_, "text" | "cdata")) => self.shape.add(element)?,
            Some(_) => {}
            None => {
                self.plain.push(element.to_owned());
                self.shape.add(element)?;
            }
        }
        let unclear = self.joined.iter().find(|joined| {
            let is_list = || {
                self.plain.iter().any(|plain| {
                    plain
                        .strip_prefix(joined.as_str())
                        .and_then(|rest| rest.strip_prefix('.'))
                        .is_some_and(|rest| rest.starts_with(|first: char| first.is_ascii_digit()))
                })
            };
            self.plain.contains(joined) || is_list()
        });
        match unclear {
            Some(joined) => Err(format!(
                "leaves open where an attribute of {joined} belongs; write {joined}.@… for one element, {joined}.0.@… for an item of a list"
            )),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(names: &[&str], wanted: &str) {
        let mut shape = Shape::default();
        let told: Vec<String> = names
            .iter()
            .map(|name| shape.add(name).map_or_else(|fault| fault, |()| "good".to_owned()))
            .collect();
        assert_eq!(told.last().map(String::as_str), Some(wanted), "{names:?}");
    }

    #[test]
    fn dotted_names_make_one_tree() {
        check(&["contact.mail", "contact.phones.0", "contact.phones.1", "name", "0x"], "good");
        check(&["0.mail", "1.mail"], "good");
        check(&["a", "a.b"], "lies within a, which is a value");
        check(&["a.b.c", "a.b"], "is a value, but other names lie within it");
        check(&["a.0", "a.b"], "makes a a list as well as a group; its parts are all numbers or all names");
        check(
            &["a", "0"],
            "makes the body a list as well as a group; its parts are all numbers or all names",
        );
        check(&["a..b"], "has an empty part between dots");
        check(&["a.100"], "counts items of a list from 0 to 99; 100 is none");
        check(
            &["a.99999999999999999999"],
            "counts items of a list from 0 to 99; 99999999999999999999 is none",
        );
        check(&["a.01"], "counts items of a list from 0 to 99; 01 is none");
        check(&[&["a"; 21].join(".")], "has 21 parts; at most 20 fit");
    }

    fn check_xml(names: &[&str], wanted: &str) {
        let mut shape = XmlShape::default();
        let told: Vec<String> = names
            .iter()
            .map(|name| shape.add(name).map_or_else(|fault| fault, |()| "good".to_owned()))
            .collect();
        assert_eq!(told.last().map(String::as_str), Some(wanted), "{names:?}");
    }

    #[test]
    fn names_of_xml_make_one_document() {
        check_xml(
            &["lead.@id", "lead.tag.0", "lead.tag.1.@n", "lead.n.@kind", "lead.n", "lead.x#cdata"],
            "good",
        );
        check_xml(&["s:lead.@xmlns:s", "s:lead.a"], "good");
        check_xml(&["lead.1a"], "has a part \"1a\" that XML cannot hold as a name");
        check_xml(&["0.a"], "has a part \"0\" that XML cannot hold as a name");
        check_xml(&["lead.a@b c"], "has an attribute \"b c\" that XML cannot hold as a name");
        check_xml(
            &["a.b", "c.b"],
            "begins with another element than the names before it; a document has one",
        );
        check_xml(&["a.b#raw"], "ends with #raw; #text and #cdata are known");
        check_xml(
            &["a.n@kind", "a.n"],
            "leaves open where an attribute of a.n belongs; write a.n.@… for one element, a.n.0.@… for an item of a list",
        );
        check_xml(
            &["a.t.0", "a.t@n"],
            "leaves open where an attribute of a.t belongs; write a.t.@… for one element, a.t.0.@… for an item of a list",
        );
        check_xml(&["a", "a.b"], "lies within a, which is a value");
    }
}
