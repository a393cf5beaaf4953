//! What a step sends.

mod mail;
mod shape;
mod soap;

use std::sync::Arc;

use domain::{BasicAuth, InsideForm, Integration, Method, NamedTemplates, RequestSettings, Template};
use url::Url;

use self::shape::{Shape, XmlShape, xml_name_fault};
use crate::outbound::{MailServer, content_type_agrees};

use super::address;
use super::keys;
use super::names::Names;
use super::node::{Kind, Node};
use super::reader::{Part, Reader};
use super::secrets::InRequest;

/// Most fields of a body, and most parameters of a query.
pub(super) const FIELDS_MAX: usize = 500;
/// Longest name of a field of a body or a parameter, in bytes.
pub(super) const FIELD_NAME_BYTES_MAX: usize = 200;
/// Most headers of a request.
pub(super) const HEADERS_MAX: usize = 50;
/// Longest name of a header, in bytes.
pub(super) const HEADER_NAME_BYTES_MAX: usize = 100;

/// The keys that only some integrations have.
pub(super) const KEYS_OF: [(&str, &[Integration]); 30] = [
    ("encode_form_field_names", &[Integration::CustomForm]),
    ("json_parameter", &[Integration::CustomJson]),
    ("xml_parameter", &[Integration::CustomXml]),
    ("extra_parameters", &[Integration::CustomJson, Integration::CustomXml]),
    ("nested_extra_parameters", &[Integration::CustomJson]),
    ("wsdl", &[Integration::CustomSoap]),
    ("wsdl_file", &[Integration::CustomSoap]),
    ("wsdl_text", &[Integration::CustomSoap]),
    ("wsdl_sha256", &[Integration::CustomSoap]),
    ("function", &[Integration::CustomSoap]),
    ("version", &[Integration::CustomSoap]),
    ("soap_headers", &[Integration::CustomSoap]),
    ("security", &[Integration::CustomSoap]),
    ("bearer_token", &[Integration::CustomSoap]),
    ("root_prefix", &[Integration::CustomSoap]),
    ("root_xmlns", &[Integration::CustomSoap]),
    ("method", &HTTP),
    ("headers", &HTTP),
    ("ascii", &HTTP),
    ("follow_redirects", &HTTP),
    ("fields", &WITH_FIELDS),
    ("parameters", &[Integration::CustomQuery]),
    ("to", &[Integration::Email]),
    ("cc", &[Integration::Email]),
    ("bcc", &[Integration::Email]),
    ("from", &[Integration::Email]),
    ("reply_to", &[Integration::Email]),
    ("subject", &[Integration::Email]),
    ("text", &[Integration::Email]),
    ("html", &[Integration::Email]),
];
/// What goes over HTTP.
const HTTP: [Integration; 5] = [
    Integration::CustomJson,
    Integration::CustomForm,
    Integration::CustomQuery,
    Integration::CustomXml,
    Integration::CustomSoap,
];
/// What sends fields.
const WITH_FIELDS: [Integration; 4] =
    [Integration::CustomJson, Integration::CustomForm, Integration::CustomXml, Integration::CustomSoap];

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
    /// The integration of a step and its request. Of an unknown integration nothing further is looked at.
    pub(super) fn request(&mut self, step: &Part<'_>, names: Names<'_>) -> Option<RequestSettings> {
        let integration = self.needed(step, "integration")?;
        self.request_of(integration, step, names)
    }

    /// The request of a step or a ping, by the node that names its integration.
    pub(super) fn request_of(
        &mut self,
        integration: &Node,
        step: &Part<'_>,
        names: Names<'_>,
    ) -> Option<RequestSettings> {
        let in_request = InRequest::of(self);
        let names = in_request.names(names);
        let integration = self.integration(integration);
        let node = match integration {
            Some(_) => self.needed(step, "request")?,
            None => return None,
        };
        let part = self.part(node, &keys::REQUEST)?;
        let integration = integration?;
        let method = match part.get("method") {
            Some(node) if integration != Integration::Email => self.method(node, integration),
            Some(_) | None => Some(integration.default_method()),
        };
        let soap = match integration {
            Integration::CustomSoap => self.soap(&part, names).map(Some),
            Integration::CustomJson
            | Integration::CustomForm
            | Integration::CustomQuery
            | Integration::CustomXml
            | Integration::Email => Some(None),
        };
        let mail = match integration {
            Integration::Email => self.mail(&part, names).map(Some),
            Integration::CustomJson
            | Integration::CustomForm
            | Integration::CustomQuery
            | Integration::CustomXml
            | Integration::CustomSoap => Some(None),
        };
        let url = match (part.get("url"), &soap) {
            _ if integration == Integration::Email => self.mail_server(&part),
            // The WSDL says where.
            (None, Some(Some(call))) => Some(Template::literal(&call.operation.address)),
            (None, None) => None,
            (Some(_), _) | (None, Some(None)) => {
                self.needed(&part, "url").and_then(|node| self.url(node, names))
            }
        };
        if let Some(url) = &url {
            let line = part.get("url").or_else(|| part.get("wsdl")).map_or(part.line, |node| node.line);
            // Written out, or from the WSDL.
            let written = match part.get("url").map(|node| &node.kind) {
                Some(Kind::Text(text)) => Some(text.as_str()),
                Some(_) | None => url.as_literal(),
            };
            if let Some(address) = written {
                self.reaches(line, address);
            }
        }
        self.own_keys(&part, integration);
        if let Some(node) = step.get("response").filter(|_| integration == Integration::Email) {
            let message = "email has no \"response\": what the mail server takes is delivered, what it never will is a no";
            self.problem(node.line, message);
        }
        let inside = self.inside(&part, integration, names);
        let is_inside = part.get("json_parameter").or_else(|| part.get("xml_parameter")).is_some();
        let headers = part.get("headers").map_or(Some(Vec::new()), |node| {
            self.headers(node, names, |content_type| {
                content_type_agrees(integration, is_inside, content_type)
            })
        });
        let own = if integration == Integration::CustomQuery { "parameters" } else { "fields" };
        let fields =
            part.get(own).map_or(Some(Vec::new()), |node| self.request_fields(node, own, integration, names));
        let basic_auth =
            part.get("basic_auth").map_or(Some(None), |node| self.basic_auth(node, names).map(Some));
        let mut flag =
            |key: &str, default| part.get(key).map_or(Some(default), |node| self.boolean(node, key));
        let ascii = flag("ascii", false);
        let follow_redirects = flag("follow_redirects", integration.follows_redirects());
        let encode_field_names = flag("encode_form_field_names", true);
        Some(RequestSettings {
            integration,
            method: method?,
            url: url?,
            headers: headers?,
            fields: fields?,
            basic_auth: basic_auth?,
            ascii: ascii?,
            follow_redirects: follow_redirects?,
            inside: inside?,
            encode_field_names: encode_field_names?,
            soap: soap?,
            mail: mail?,
        })
    }

    /// Tells of keys that another integration has.
    fn own_keys(&mut self, part: &Part<'_>, integration: Integration) {
        let (own, other) = if integration == Integration::CustomQuery {
            ("parameters", "fields")
        } else {
            ("fields", "parameters")
        };
        let is_mail = integration == Integration::Email;
        if let Some(node) = part.get(other).filter(|_| !is_mail) {
            self.problem(node.line, format!("{integration} sends {own:?}, not {other:?}"));
        }
        for (key, integrations) in
            KEYS_OF.into_iter().filter(|(key, _)| is_mail || ![own, other].contains(key))
        {
            if let Some(node) = part.get(key)
                && !integrations.contains(&integration)
            {
                let whose: Vec<&str> = integrations.iter().map(|own| own.as_str()).collect();
                let whose =
                    if whose.len() > 2 { "requests over HTTP".to_owned() } else { whose.join(" and ") };
                self.problem(node.line, format!("{integration} has no key {key:?}, which is for {whose}"));
            }
        }
    }

    fn inside(
        &mut self,
        part: &Part<'_>,
        integration: Integration,
        names: Names<'_>,
    ) -> Option<Option<InsideForm>> {
        let key = if integration == Integration::CustomXml { "xml_parameter" } else { "json_parameter" };
        let extra = part.get("extra_parameters");
        let nested_extra = part.get("nested_extra_parameters");
        let Some(node) = part.get(key) else {
            // Of an integration that has none, its keys are told to be wrong elsewhere.
            if let Some(node) = extra.or(nested_extra)
                && matches!(integration, Integration::CustomJson | Integration::CustomXml)
            {
                self.problem(
                    node.line,
                    format!("extra parameters stand beside a document in a form, so they need {key:?}"),
                );
            }
            return Some(None);
        };
        let parameter = self.text(node, key)?;
        if let Some(fault) = name_fault(parameter) {
            self.problem(node.line, format!("the parameter of the document {fault}"));
            return None;
        }
        let mut parameters = |node: Option<&Node>, what| match node {
            Some(node) => self.request_fields(node, what, Integration::CustomForm, names),
            None => Some(Vec::new()),
        };
        let extra = parameters(extra, "extra_parameters");
        let nested_extra = parameters(nested_extra, "nested_extra_parameters");
        Some(Some(InsideForm { parameter: parameter.into(), extra: extra?, nested_extra: nested_extra? }))
    }

    fn basic_auth(&mut self, node: &Node, names: Names<'_>) -> Option<BasicAuth> {
        let part = self.part(node, &keys::BASIC_AUTH)?;
        let user = self.needed(&part, "user").and_then(|node| self.template(node, "user", names));
        let password = self.needed(&part, "password").and_then(|node| self.template(node, "password", names));
        Some(BasicAuth { user: user?, password: password? })
    }

    fn integration(&mut self, node: &Node) -> Option<Integration> {
        let text = self.text(node, "integration")?;
        let found = Integration::ALL.into_iter().find(|integration| integration.as_str() == text);
        if found.is_none() {
            let known = Integration::ALL.map(Integration::as_str);
            let shown: String = text.chars().take(60).collect();
            self.unknown(node.line, format!("{shown:?} is not an integration"), text, known);
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

    /// Tells of a host that may not be asked; the address is known to have one, unless it is empty.
    fn reaches(&mut self, line: u64, address: &str) {
        let Some(allowed) = &self.allowed_hosts else { return };
        let problem = if let Ok(server) = MailServer::read(address) {
            allowed.check(&server.host, server.port).err()
        } else {
            let start = address.split("{{").next().unwrap_or_default();
            let url = Url::parse(start).ok();
            let place = url.as_ref().and_then(|url| Some((url.host()?, url.port_or_known_default()?)));
            place.and_then(|(host, port)| allowed.check(&host, port).err())
        };
        if let Some(problem) = problem {
            self.problem(line, problem);
        }
    }

    fn headers(
        &mut self,
        node: &Node,
        names: Names<'_>,
        content_type_agrees: impl Fn(&str) -> bool,
    ) -> Option<NamedTemplates> {
        let before = self.problems.len();
        let members = self.map(node, "headers")?;
        let mut headers: NamedTemplates = Vec::new();
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
            if name.eq_ignore_ascii_case("content-type")
                && let Kind::Text(text) = &member.value.kind
                && !text.contains("{{")
                && !content_type_agrees(text)
            {
                self.problem(member.value.line, format!("the header {name} does not name what is sent"));
            }
            let value = self.template(&member.value, name, names);
            headers.extend(value.map(|value| (Arc::from(name), value)));
        }
        (self.problems.len() == before).then_some(headers).filter(|headers| headers.len() == members.len())
    }

    pub(super) fn request_fields(
        &mut self,
        node: &Node,
        what: &str,
        integration: Integration,
        names: Names<'_>,
    ) -> Option<NamedTemplates> {
        let members = self.map(node, what)?;
        if !self.fits(node.line, what, members.len(), FIELDS_MAX) {
            return None;
        }
        let mut shape = Shape::default();
        let mut xml = XmlShape::default();
        let mut fields = Vec::new();
        for member in members {
            let name = member.key.as_str();
            let fault = name_fault(name).map(str::to_owned).or_else(|| match integration {
                _ if self.takes_any_names => None,
                Integration::CustomJson => shape.add(name).err(),
                Integration::CustomXml => xml.add(name).err(),
                Integration::CustomSoap => xml_name_fault(name),
                Integration::CustomForm | Integration::CustomQuery | Integration::Email => None,
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

#[cfg(test)]
mod tests {
    use super::*;

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
