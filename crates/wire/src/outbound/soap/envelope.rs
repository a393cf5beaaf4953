//! The envelope of a call.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use domain::{ElementType, PasswordKind, SoapCall, SoapVersion, Timestamp, Value};
use sha1::{Digest, Sha1};

use super::super::xml::Element;

const ENVELOPE_1_1: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const ENVELOPE_1_2: &str = "http://www.w3.org/2003/05/soap-envelope";
const WSSE: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd";
const WSU: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd";
const TOKEN: &str = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0";
const BASE64: &str =
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary";

/// What no two requests may share; drawn by the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fresh {
    /// Random bytes.
    pub nonce: [u8; 16],
    /// When the request is made.
    pub created: Timestamp,
}

/// User, password and how it is sent, filled in.
#[derive(Debug)]
pub(in super::super) struct Credentials {
    pub(in super::super) user: String,
    pub(in super::super) password: String,
    pub(in super::super) kind: PasswordKind,
}

/// What an envelope is sent as.
pub(in super::super) fn content_type(call: &SoapCall) -> String {
    match call.operation.version {
        SoapVersion::V1_1 => "text/xml; charset=utf-8".to_owned(),
        SoapVersion::V1_2 => {
            let action: String =
                call.operation.action.chars().filter(|letter| !"\"\\".contains(*letter)).collect();
            format!("application/soap+xml; charset=utf-8; action=\"{action}\"")
        }
    }
}

/// Writes a call. `security` comes filled in; `fresh` is needed for a digest alone, and none is
/// returned when it is missing.
pub(in super::super) fn envelope<'a>(
    call: &SoapCall,
    fields: impl Iterator<Item = (&'a str, Value)>,
    headers: impl Iterator<Item = (&'a str, Value)>,
    security: Option<&Credentials>,
    fresh: Option<&Fresh>,
) -> Option<String> {
    let mut head = Element::named("soap:Header");
    for (name, value) in headers {
        head.set(name, &value);
    }
    if let Some(credentials) = security {
        head.push(username_token(credentials, fresh)?);
    }
    let mut root = Element::named("soap:Envelope");
    root.attribute(
        "xmlns:soap",
        match call.operation.version {
            SoapVersion::V1_1 => ENVELOPE_1_1,
            SoapVersion::V1_2 => ENVELOPE_1_2,
        },
    );
    if !head.is_empty() {
        root.push(head);
    }
    let mut body = Element::named("soap:Body");
    body.push(call_element(call, fields));
    root.push(body);
    let mut out = "<?xml version=\"1.0\" encoding=\"utf-8\"?>".to_owned();
    root.write(Some(0), &mut out);
    Some(out)
}

/// The element in the body and its arguments, in the order of the WSDL.
fn call_element<'a>(call: &SoapCall, fields: impl Iterator<Item = (&'a str, Value)>) -> Element {
    let operation = &call.operation;
    let prefix = match (&call.root_prefix, operation.is_qualified || operation.namespace.is_empty()) {
        (Some(prefix), _) => Some(&**prefix),
        (None, true) => None,
        (None, false) => Some("ns1"),
    };
    let name = match prefix {
        Some(prefix) => format!("{prefix}:{}", operation.element),
        None => operation.element.to_string(),
    };
    let mut element = Element::named(&name);
    if !operation.namespace.is_empty() {
        let xmlns = prefix.map_or_else(|| "xmlns".to_owned(), |prefix| format!("xmlns:{prefix}"));
        element.attribute(&xmlns, &operation.namespace);
    }
    if let Some((name, value)) = &call.root_xmlns {
        element.attribute(name, value);
    }
    for (name, value) in fields {
        element.set(name, &value);
    }
    shape(&mut element, &operation.arguments);
    if let Some(prefix) = prefix.filter(|_| operation.is_qualified) {
        element.prefix_below(prefix);
    }
    element
}

/// Puts elements in the order that was declared, and writes what lies within a string as its text.
fn shape(element: &mut Element, types: &[ElementType]) {
    if types.is_empty() {
        return;
    }
    element.sort_below(|name| types.iter().position(|own| *own.name == *name).unwrap_or(types.len()));
    for child in element.below_mut() {
        let Some(own) = types.iter().find(|own| &*own.name == child.name()) else { continue };
        if own.is_text {
            child.become_text();
        } else {
            shape(child, &own.elements);
        }
    }
}

/// Web Services Security UsernameToken Profile 1.1: the digest is `Base64(SHA-1(nonce + created +
/// password))`.
fn username_token(credentials: &Credentials, fresh: Option<&Fresh>) -> Option<Element> {
    let mut token = Element::named("wsse:UsernameToken");
    token.push(Element::named("wsse:Username").with_text(&credentials.user));
    match credentials.kind {
        PasswordKind::Text => {
            let mut password = Element::named("wsse:Password").with_text(&credentials.password);
            password.attribute("Type", &format!("{TOKEN}#PasswordText"));
            token.push(password);
        }
        PasswordKind::Digest => {
            let fresh = fresh?;
            let created = fresh.created.to_string();
            let mut sha1 = Sha1::new();
            sha1.update(fresh.nonce);
            sha1.update(created.as_bytes());
            sha1.update(credentials.password.as_bytes());
            let mut password = Element::named("wsse:Password").with_text(&STANDARD.encode(sha1.finalize()));
            password.attribute("Type", &format!("{TOKEN}#PasswordDigest"));
            token.push(password);
            let mut nonce = Element::named("wsse:Nonce").with_text(&STANDARD.encode(fresh.nonce));
            nonce.attribute("EncodingType", BASE64);
            token.push(nonce);
            token.push(Element::named("wsu:Created").with_text(&created));
        }
    }
    let mut security = Element::named("wsse:Security");
    security.attribute("xmlns:wsse", WSSE);
    security.attribute("xmlns:wsu", WSU);
    security.attribute("soap:mustUnderstand", "1");
    security.push(token);
    Some(security)
}
