//! The WSDL that a document names but does not hold: found, and put into it.
//!
//! A published document holds every WSDL as text with its digest, so that reading it anew needs neither
//! network nor files, and a change of the document that it came from changes nothing.

use std::collections::HashMap;
use std::fmt;

use quick_xml::escape::escape;
use sha2::{Digest as _, Sha256};

use super::FlowFileError;
use super::node::{Kind, Member, Node};

/// Most different places that one document names.
pub const WSDL_PLACES_MAX: usize = 20;

/// Where a WSDL is, as `wsdl` or `wsdl_file` of a request say.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum WsdlPlace {
    /// An address of the web.
    Url(String),
    /// A file, seen from where the flow file is.
    File(String),
}

impl fmt::Display for WsdlPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (WsdlPlace::Url(text) | WsdlPlace::File(text)) = self;
        f.write_str(text)
    }
}

/// What was found at places: the text, or, as the end of a sentence, why there is none.
pub type WsdlTexts = HashMap<WsdlPlace, Result<String, String>>;

/// Every place whose text a document needs and does not hold, each once, in the order of the document.
/// Of a document that cannot be read there are none: reading it tells why.
pub fn wsdl_places(text: &str) -> Vec<WsdlPlace> {
    let mut places = Vec::new();
    if let Ok(mut root) = Node::read(text) {
        each_request(&mut root, &mut |members| {
            if let Some((place, _)) = place_of(members)
                && !places.contains(&place)
            {
                places.push(place);
            }
        });
    }
    places
}

/// A document with what was found at the places it names, as JSON; nothing else in it is looked at.
///
/// # Errors
/// When it is neither YAML nor JSON.
pub fn with_wsdl(text: &str, found: &WsdlTexts) -> Result<String, FlowFileError> {
    let mut root = Node::read(text).map_err(|problem| FlowFileError::new(vec![problem]))?;
    root.insert_wsdl(found);
    let mut document = Vec::new();
    root.write(&mut document);
    Ok(String::from_utf8(document).expect("JSON is written from text"))
}

/// SHA-256 of a text, in lower-case hex digits.
pub(super) fn digest(text: &str) -> String {
    Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Node {
    /// Puts what was found beside the key that names it, with its digest where none stands there.
    pub(super) fn insert_wsdl(&mut self, found: &WsdlTexts) {
        each_request(self, &mut |members| {
            let Some((place, at)) = place_of(members) else { return };
            let Some(Ok(text)) = found.get(&place) else { return };
            let line = members[at].line;
            let member = |key: &str, text: String| Member {
                line,
                key: key.to_owned(),
                value: Node { line, kind: Kind::Text(text) },
            };
            if !members.iter().any(|member| member.key == "wsdl_sha256") {
                members.push(member("wsdl_sha256", digest(text)));
            }
            members.push(member("wsdl_text", text.clone()));
        });
    }
}

impl Node {
    /// Puts a stand-in wherever a WSDL of the web is named, not held and not among those that were looked for: one
    /// that has what the request calls, by either version, and takes whatever it is given. For who has no network
    /// and no use for one.
    pub(super) fn insert_stand_ins(&mut self, found: &WsdlTexts) {
        each_request(self, &mut |members| {
            let Some((place, at)) = place_of(members) else { return };
            let WsdlPlace::Url(url) = &place else { return };
            if found.contains_key(&place) {
                return;
            }
            let function = members.iter().find(|member| member.key == "function");
            let Some(Kind::Text(function)) = function.map(|member| &member.value.kind) else { return };
            let (line, kind) = (members[at].line, Kind::Text(stand_in(url, function)));
            // The digest is that of the real one.
            members.retain(|member| member.key != "wsdl_sha256");
            members.push(Member { line, key: "wsdl_text".to_owned(), value: Node { line, kind } });
        });
    }
}

/// A WSDL of one function that is called at this address.
fn stand_in(url: &str, function: &str) -> String {
    let (url, function) = (escape(url), escape(function));
    let version = |name: &str, namespace: &str| {
        format!(
            r#"<binding name="{name}" type="T" xmlns:s="{namespace}"><operation name="{function}">
<s:operation soapAction="{function}"/><input><s:body/></input></operation></binding>
<service><port binding="{name}" xmlns:s="{namespace}"><s:address location="{url}"/></port></service>
"#
        )
    };
    format!(
        r#"<definitions xmlns="http://schemas.xmlsoap.org/wsdl/">
<message name="I"><part name="p" element="{function}"/></message>
<portType name="T"><operation name="{function}"><input message="I"/></operation></portType>
{}{}</definitions>"#,
        version("V1_1", "http://schemas.xmlsoap.org/wsdl/soap/"),
        version("V1_2", "http://schemas.xmlsoap.org/wsdl/soap12/"),
    )
}

/// The place that a request names, unless it holds the text itself; and which member names it.
fn place_of(members: &[Member]) -> Option<(WsdlPlace, usize)> {
    let text = |key: &str| {
        members.iter().enumerate().find_map(|(at, member)| match &member.value.kind {
            Kind::Text(text) if member.key == key => Some((text.clone(), at)),
            _ => None,
        })
    };
    let holds_it = members.iter().any(|member| member.key == "wsdl_text" && member.value.kind != Kind::Null);
    if holds_it {
        return None;
    }
    let file = text("wsdl_file").map(|(path, at)| (WsdlPlace::File(path), at));
    file.or_else(|| text("wsdl").map(|(url, at)| (WsdlPlace::Url(url), at)))
}

/// Shows the members of every request of the flow, wherever a step may have one.
fn each_request(root: &mut Node, show: &mut impl FnMut(&mut Vec<Member>)) {
    let Kind::Map(members) = &mut root.kind else { return };
    for member in members.iter_mut().filter(|member| member.key == "flow") {
        requests_below(&mut member.value, show);
    }
}

fn requests_below(node: &mut Node, show: &mut impl FnMut(&mut Vec<Member>)) {
    match &mut node.kind {
        Kind::Map(members) => {
            for member in members {
                match &mut member.value.kind {
                    Kind::Map(request) if member.key == "request" => show(request),
                    _ => requests_below(&mut member.value, show),
                }
            }
        }
        Kind::List(nodes) => nodes.iter_mut().for_each(|node| requests_below(node, show)),
        Kind::Null | Kind::Bool(_) | Kind::Number(_) | Kind::Text(_) => {}
    }
}
