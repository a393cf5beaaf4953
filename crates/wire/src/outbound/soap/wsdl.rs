//! What a service says of itself in WSDL 1.1: where it is, what can be called, and with what.
//!
//! A document stands alone: what it imports by address is refused, as is a document type. It is read
//! once, when a flow is published, and kept with the flow.

use std::fmt;

use domain::{ElementType, SoapOperation, SoapVersion};

use super::super::xml::{Document, NodeId, local};

/// Longest document, in bytes.
pub const WSDL_BYTES_MAX: usize = 256 * 1024;
/// Most operations that are kept.
const OPERATIONS_MAX: usize = 500;
/// Deepest type of an argument; what lies deeper is sent as it is given.
const TYPE_DEPTH_MAX: usize = 12;
/// Most elements of one type, those within others included.
const TYPE_ELEMENTS_MAX: usize = 2_000;

const SOAP_1_1: &str = "http://schemas.xmlsoap.org/wsdl/soap/";
const SOAP_1_2: &str = "http://schemas.xmlsoap.org/wsdl/soap12/";
const SCHEMA: &str = "http://www.w3.org/2001/XMLSchema";

/// A service that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wsdl {
    operations: Vec<SoapOperation>,
}

/// Why a document cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WsdlError {
    /// Longer than a document may be.
    #[error("the WSDL has {bytes} bytes; at most {WSDL_BYTES_MAX} are read")]
    TooLong {
        /// How many.
        bytes: usize,
    },
    /// Not XML, not UTF-8, or with a document type.
    #[error("the WSDL is not plain XML in UTF-8 without a document type")]
    NotXml,
    /// Another document, such as a page that says the service is down.
    #[error("the document is no WSDL 1.1: its root element is {0:?}, not definitions")]
    NotWsdl(String),
    /// Deeper or larger than is read.
    #[error("the WSDL has more elements, or deeper ones, than are read")]
    TooLarge,
    /// A part that stands elsewhere.
    #[error("the WSDL imports {0:?}; put what it imports into one document, since nothing else is fetched")]
    Imports(String),
    /// Nothing that can be called over HTTP.
    #[error("the WSDL names no operation of SOAP 1.1 or 1.2 with an address of http or https")]
    Empty,
}

impl Wsdl {
    /// Reads a document.
    ///
    /// # Errors
    /// With the first reason why it cannot be used.
    pub fn read(bytes: &[u8]) -> Result<Wsdl, WsdlError> {
        if bytes.len() > WSDL_BYTES_MAX {
            return Err(WsdlError::TooLong { bytes: bytes.len() });
        }
        let text = std::str::from_utf8(bytes).map_err(|_| WsdlError::NotXml)?;
        let text = text.trim_start_matches('\u{feff}').trim_start();
        let document = Document::read(text).ok_or(WsdlError::NotXml)?;
        if document.left_out() > 0 {
            return Err(WsdlError::TooLarge);
        }
        let root = document.elements(Document::ROOT).next().ok_or(WsdlError::NotXml)?;
        if document.local_name(root) != "definitions" {
            return Err(WsdlError::NotWsdl(document.name(root).chars().take(60).collect()));
        }
        let reader = Reader { document: &document, root };
        reader.refuse_imports()?;
        let operations = reader.operations();
        if operations.is_empty() { Err(WsdlError::Empty) } else { Ok(Wsdl { operations }) }
    }

    /// Everything that can be called.
    pub fn operations(&self) -> &[SoapOperation] {
        &self.operations
    }

    /// What is called by this name; without a version by whichever stands first.
    pub fn operation(&self, name: &str, version: Option<SoapVersion>) -> Option<&SoapOperation> {
        self.operations.iter().find(|operation| {
            &*operation.name == name && version.is_none_or(|version| operation.version == version)
        })
    }
}

/// The element of a call.
#[derive(Debug)]
struct Called {
    namespace: String,
    element: String,
    is_qualified: bool,
    arguments: Vec<ElementType>,
}

/// A document while it is read.
struct Reader<'a> {
    document: &'a Document,
    root: NodeId,
}

impl fmt::Debug for Reader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reader")
    }
}

impl<'a> Reader<'a> {
    fn attribute(&self, node: NodeId, name: &str) -> Option<&'a str> {
        self.document.attributes(node).find(|(own, _)| *own == name).map(|(_, value)| value)
    }

    /// Elements of a local name directly below.
    fn below<'n>(&'n self, node: NodeId, name: &'n str) -> impl Iterator<Item = NodeId> + 'n {
        self.document.elements(node).filter(move |child| self.document.local_name(*child) == name)
    }

    fn named(&self, name: &str, key: &str) -> Option<NodeId> {
        self.below(self.root, name).find(|node| self.attribute(*node, "name") == Some(local(key)))
    }

    /// The address of a namespace that a prefix means at a place.
    fn namespace(&self, node: NodeId, prefix: &str) -> Option<&'a str> {
        let wanted = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        let mut at = node;
        loop {
            if let Some(found) = self.attribute(at, &wanted) {
                return Some(found);
            }
            if at == Document::ROOT {
                return None;
            }
            at = self.document.parent(at);
        }
    }

    fn namespace_of(&self, node: NodeId, name: &str) -> Option<&'a str> {
        self.namespace(node, name.split_once(':').map_or("", |(prefix, _)| prefix))
    }

    fn refuse_imports(&self) -> Result<(), WsdlError> {
        for node in self.document.below(self.root) {
            let place = match self.document.local_name(node) {
                "import" | "include" | "redefine" => {
                    self.attribute(node, "location").or_else(|| self.attribute(node, "schemaLocation"))
                }
                _ => None,
            };
            if let Some(place) = place {
                return Err(WsdlError::Imports(place.chars().take(120).collect()));
            }
        }
        Ok(())
    }

    fn operations(&self) -> Vec<SoapOperation> {
        let mut operations = Vec::new();
        for service in self.below(self.root, "service") {
            for port in self.below(service, "port") {
                let address = self.below(port, "address").find_map(|node| {
                    let version = self.version(node)?;
                    let location = self.attribute(node, "location")?;
                    let is_web = location.starts_with("http://") || location.starts_with("https://");
                    is_web.then_some((version, location))
                });
                let binding = self.attribute(port, "binding").and_then(|name| self.named("binding", name));
                if let Some(((version, address), binding)) = address.zip(binding) {
                    self.add_binding(binding, version, address, &mut operations);
                }
            }
        }
        operations
    }

    fn version(&self, node: NodeId) -> Option<SoapVersion> {
        match self.namespace_of(node, self.document.name(node))? {
            SOAP_1_1 => Some(SoapVersion::V1_1),
            SOAP_1_2 => Some(SoapVersion::V1_2),
            _ => None,
        }
    }

    fn add_binding(
        &self,
        binding: NodeId,
        version: SoapVersion,
        address: &str,
        operations: &mut Vec<SoapOperation>,
    ) {
        let style_of = |node| {
            self.below(node, "binding").chain(self.below(node, "operation")).find_map(|own| {
                self.version(own)?;
                self.attribute(own, "style")
            })
        };
        let Some(port_type) = self.attribute(binding, "type").and_then(|name| self.named("portType", name))
        else {
            return;
        };
        for operation in self.below(binding, "operation").take(OPERATIONS_MAX) {
            if operations.len() == OPERATIONS_MAX {
                return;
            }
            let Some(name) = self.attribute(operation, "name") else { continue };
            let is_rpc = style_of(operation).or_else(|| style_of(binding)) == Some("rpc");
            let action = self.below(operation, "operation").find_map(|own| self.attribute(own, "soapAction"));
            let body = self
                .below(operation, "input")
                .flat_map(|input| self.below(input, "body").collect::<Vec<_>>())
                .next();
            let message = self
                .below(port_type, "operation")
                .find(|own| self.attribute(*own, "name") == Some(name))
                .and_then(|own| self.below(own, "input").next())
                .and_then(|input| self.named("message", self.attribute(input, "message")?));
            let Some(message) = message else { continue };
            let read = if is_rpc {
                let namespace = body.and_then(|body| self.attribute(body, "namespace"));
                let namespace =
                    namespace.or_else(|| self.attribute(self.root, "targetNamespace")).unwrap_or_default();
                Some(Called {
                    namespace: namespace.to_owned(),
                    element: name.to_owned(),
                    is_qualified: false,
                    arguments: self.parts(message),
                })
            } else {
                self.wrapped(message)
            };
            if let Some(Called { namespace, element, is_qualified, arguments }) = read {
                operations.push(SoapOperation {
                    name: name.into(),
                    version,
                    address: address.into(),
                    action: action.unwrap_or_default().into(),
                    namespace: namespace.into(),
                    element: element.into(),
                    is_qualified,
                    arguments,
                });
            }
        }
    }

    /// The arguments of a call in the manner of procedures: one for each part.
    fn parts(&self, message: NodeId) -> Vec<ElementType> {
        let mut room = TYPE_ELEMENTS_MAX;
        self.below(message, "part")
            .filter_map(|part| {
                let name = self.attribute(part, "name")?;
                Some(self.element_type(part, name, 0, &mut room))
            })
            .collect()
    }

    /// The one element of a call in the manner of documents.
    fn wrapped(&self, message: NodeId) -> Option<Called> {
        let part = self.below(message, "part").find(|part| self.attribute(*part, "element").is_some())?;
        let reference = self.attribute(part, "element")?;
        let namespace = self.namespace_of(part, reference).unwrap_or_default();
        let declared = self.schemas().into_iter().find_map(|schema| {
            let is_own = self.attribute(schema, "targetNamespace").unwrap_or_default() == namespace;
            let found = self
                .below(schema, "element")
                .find(|node| self.attribute(*node, "name") == Some(local(reference)));
            Some((schema, found.filter(|_| is_own)?))
        });
        let mut called = Called {
            namespace: namespace.to_owned(),
            element: local(reference).to_owned(),
            is_qualified: true,
            arguments: Vec::new(),
        };
        if let Some((schema, declared)) = declared {
            called.is_qualified = self.attribute(schema, "elementFormDefault") == Some("qualified");
            let mut room = TYPE_ELEMENTS_MAX;
            called.arguments = self.element_type(declared, local(reference), 0, &mut room).elements;
        }
        Some(called)
    }

    fn schemas(&self) -> Vec<NodeId> {
        self.below(self.root, "types")
            .flat_map(|types| self.below(types, "schema").collect::<Vec<_>>())
            .collect()
    }

    /// What an element or part holds, by its own type or the one it names.
    fn element_type(&self, node: NodeId, name: &str, depth: usize, room: &mut usize) -> ElementType {
        let mut read = ElementType { name: name.into(), is_text: false, elements: Vec::new() };
        if depth == TYPE_DEPTH_MAX || *room == 0 {
            return read;
        }
        *room -= 1;
        let referred = self.attribute(node, "ref").or_else(|| self.attribute(node, "element"));
        if let Some(reference) = referred {
            let declared = self.schemas().into_iter().find_map(|schema| {
                self.below(schema, "element")
                    .find(|own| self.attribute(*own, "name") == Some(local(reference)))
            });
            return match declared {
                Some(declared) => self.element_type(declared, local(reference), depth + 1, room),
                None => ElementType { name: local(reference).into(), ..read },
            };
        }
        let complex = match self.attribute(node, "type") {
            Some(named) if self.namespace_of(node, named) == Some(SCHEMA) => {
                read.is_text = matches!(local(named), "string" | "normalizedString" | "token");
                None
            }
            Some(named) => self.schemas().into_iter().find_map(|schema| {
                self.below(schema, "complexType")
                    .find(|own| self.attribute(*own, "name") == Some(local(named)))
            }),
            None => self.below(node, "complexType").next(),
        };
        if let Some(complex) = complex {
            for group in self.document.elements(complex) {
                if matches!(self.document.local_name(group), "sequence" | "all" | "choice") {
                    for element in self.below(group, "element") {
                        let name = self.attribute(element, "name").unwrap_or_default();
                        read.elements.push(self.element_type(element, name, depth + 1, room));
                    }
                }
            }
        }
        read
    }
}
