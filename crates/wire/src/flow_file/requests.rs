//! What a step sends.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::{Integration, Method, RequestSettings, Template};

use super::address;
use super::keys::{self, INTEGRATIONS_LATER};
use super::names::Names;
use super::node::{Kind, Node};
use super::reader::{Part, Reader};

/// Most fields of a body, and most parameters of a query.
pub(super) const FIELDS_MAX: usize = 500;
/// Longest name of a field of a body or a parameter, in bytes.
pub(super) const FIELD_NAME_BYTES_MAX: usize = 200;
/// Deepest nesting of the fields of a body.
const FIELD_DEPTH_MAX: usize = 20;
/// Most items of a list in a body.
const ITEMS_MAX: usize = 100;
/// Most headers of a request.
pub(super) const HEADERS_MAX: usize = 50;
/// Longest name of a header, in bytes.
pub(super) const HEADER_NAME_BYTES_MAX: usize = 100;

/// Headers that HTTP, its connection and what is recorded of a delivery own.
pub(super) const OWN_HEADERS: [&str; 14] = [
    "accept",
    "accept-encoding",
    "connection",
    "content-length",
    "expect",
    "host",
    "idempotency-key",
    "keep-alive",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

impl Reader {
    /// The integration of a step and its request. Of an integration of a later release nothing
    /// further is looked at: its requests have other keys.
    pub(super) fn request(&mut self, step: &Part<'_>, names: Names<'_>) -> Option<RequestSettings> {
        let integration = self.needed(step, "integration").and_then(|node| self.integration(node));
        let node = match integration {
            Some(_) => self.needed(step, "request")?,
            None => return None,
        };
        let part = self.part(node, &keys::REQUEST)?;
        let integration = integration?;
        let method = match part.get("method") {
            Some(node) => self.method(node, integration),
            None => Some(integration.default_method()),
        };
        let url = self.needed(&part, "url").and_then(|node| self.url(node, names));
        let headers = part.get("headers").map_or(Some(Vec::new()), |node| self.headers(node, names));
        let (own, other) = match integration {
            Integration::CustomJson | Integration::CustomForm => ("fields", "parameters"),
            Integration::CustomQuery => ("parameters", "fields"),
        };
        if let Some(node) = part.get(other) {
            self.problem(node.line, format!("{integration} sends {own:?}, not {other:?}"));
        }
        let fields =
            part.get(own).map_or(Some(Vec::new()), |node| self.request_fields(node, own, integration, names));
        Some(RequestSettings { integration, method: method?, url: url?, headers: headers?, fields: fields? })
    }

    fn integration(&mut self, node: &Node) -> Option<Integration> {
        let text = self.text(node, "integration")?;
        if INTEGRATIONS_LATER.contains(&text) {
            self.not_supported(node.line, format!("the integration {text}"));
            return None;
        }
        let found = Integration::ALL.into_iter().find(|integration| integration.as_str() == text);
        if found.is_none() {
            let known = Integration::ALL.map(Integration::as_str);
            let shown: String = text.chars().take(60).collect();
            let words = known.into_iter().chain(INTEGRATIONS_LATER);
            self.unknown(node.line, format!("{shown:?} is not an integration"), text, words);
        }
        found
    }

    fn method(&mut self, node: &Node, integration: Integration) -> Option<Method> {
        let method: Method = self.parse_text(node, "method")?;
        if !integration.methods().contains(&method) {
            let methods: Vec<&str> = integration.methods().iter().map(|method| method.as_str()).collect();
            let message = format!("{integration} is sent by {}, not by {method}", methods.join(", "));
            self.problem(node.line, message);
            return None;
        }
        Some(method)
    }

    fn url(&mut self, node: &Node, names: Names<'_>) -> Option<Template> {
        let text = self.text(node, "url")?;
        if let Err(fault) = address::check(text) {
            self.problem(node.line, fault);
            return None;
        }
        self.template_of(node.line, text, "url", names)
    }

    fn headers(&mut self, node: &Node, names: Names<'_>) -> Option<Vec<(Arc<str>, Template)>> {
        let before = self.problems.len();
        let members = self.map(node, "headers")?;
        let mut headers: Vec<(Arc<str>, Template)> = Vec::new();
        if !self.fits(node.line, "headers", members.len(), HEADERS_MAX) {
            return None;
        }
        for member in members {
            let name = member.key.as_str();
            if let Some(fault) = header_fault(name) {
                let shown: String = name.chars().take(60).collect();
                self.problem(member.line, format!("the header {shown:?} {fault}"));
            } else if headers.iter().any(|(own, _)| own.eq_ignore_ascii_case(name)) {
                self.problem(member.line, format!("the header {name} stands twice; case does not matter"));
            }
            if let Kind::Text(text) = &member.value.kind
                && Template::literals(text).iter().any(|literal| literal.chars().any(char::is_control))
            {
                self.problem(member.value.line, format!("the header {name} holds a control character"));
            }
            let value = self.template(&member.value, name, names);
            headers.extend(value.map(|value| (Arc::from(name), value)));
        }
        (self.problems.len() == before).then_some(headers).filter(|headers| headers.len() == members.len())
    }

    fn request_fields(
        &mut self,
        node: &Node,
        what: &str,
        integration: Integration,
        names: Names<'_>,
    ) -> Option<Vec<(Arc<str>, Template)>> {
        let members = self.map(node, what)?;
        if !self.fits(node.line, what, members.len(), FIELDS_MAX) {
            return None;
        }
        let mut shape = Shape::default();
        let mut fields = Vec::new();
        for member in members {
            let name = member.key.as_str();
            let fault = name_fault(name).map(str::to_owned).or_else(|| match integration {
                Integration::CustomJson => shape.add(name).err(),
                Integration::CustomForm | Integration::CustomQuery => None,
            });
            let value = self.template(&member.value, name, names);
            match fault {
                Some(fault) => {
                    let shown: String = name.chars().take(60).collect();
                    self.problem(member.line, format!("the name {shown:?} {fault}"));
                }
                None => fields.extend(value.map(|value| (Arc::from(name), value))),
            }
        }
        (fields.len() == members.len()).then_some(fields)
    }
}

/// What is wrong with the name of a header (RFC 9110, section 5.1).
fn header_fault(name: &str) -> Option<&'static str> {
    let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if name.is_empty() || name.len() > HEADER_NAME_BYTES_MAX || !name.bytes().all(is_token) {
        return Some("has a name that is not one: 1 to 100 letters, digits and -");
    }
    let is_own = OWN_HEADERS.iter().any(|own| own.eq_ignore_ascii_case(name));
    is_own.then_some("is set by the connection or by Glassline itself")
}

/// What is wrong with the name of a field or parameter, whatever form it goes into.
fn name_fault(name: &str) -> Option<&'static str> {
    if name.is_empty() || name.len() > FIELD_NAME_BYTES_MAX {
        return Some("does not have 1 to 200 bytes");
    }
    name.chars().any(char::is_control).then_some("holds a control character")
}

/// The tree that dotted names make: what stands where, so that no two names contradict each other.
#[derive(Debug, Default)]
struct Shape {
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
    fn add(&mut self, name: &str) -> Result<(), String> {
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

    #[test]
    fn a_header_has_a_name_that_is_free() {
        assert_eq!(header_fault("X-Delivery"), None);
        assert_eq!(header_fault("content-type"), None);
        for name in ["", "a b", "a:b", "é", "a\n"] {
            assert!(header_fault(name).is_some_and(|fault| fault.contains("not one")), "{name}");
        }
        for name in ["Host", "CONTENT-LENGTH", "te", "Idempotency-Key"] {
            assert!(header_fault(name).is_some_and(|fault| fault.contains("set by")), "{name}");
        }
    }
}
