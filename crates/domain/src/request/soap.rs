//! Calls by SOAP: what a service said of an operation, and what a step adds to it.

use std::sync::Arc;

use super::NamedTemplates;
use crate::Template;

/// The version of SOAP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SoapVersion {
    /// 1.1.
    V1_1,
    /// 1.2.
    V1_2,
}

/// One thing that a service can be called for, as its WSDL has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapOperation {
    /// Its name.
    pub name: Arc<str>,
    /// The version it is called by.
    pub version: SoapVersion,
    /// Where.
    pub address: Arc<str>,
    /// What `SOAPAction` says.
    pub action: Arc<str>,
    /// The address of the namespace of the element in the body; empty when it has none.
    pub namespace: Arc<str>,
    /// The name of the element in the body.
    pub element: Arc<str>,
    /// Whether the elements within have the same namespace.
    pub is_qualified: bool,
    /// What may stand within, in order; none when the WSDL does not tell.
    pub arguments: Vec<ElementType>,
}

/// An element of an argument and what it holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ElementType {
    /// Its name.
    pub name: Arc<str>,
    /// Whether it is declared as a string.
    pub is_text: bool,
    /// The elements within, in order.
    pub elements: Vec<ElementType>,
}

/// How a step calls a service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapCall {
    /// What is called.
    pub operation: SoapOperation,
    /// Fields of the header of the envelope; dots nest, `@` begins an attribute.
    pub headers: NamedTemplates,
    /// User and password within the envelope (WS-Security UsernameToken 1.1).
    pub security: Option<SoapSecurity>,
    /// A token for the header `Authorization`.
    pub bearer_token: Option<Template>,
    /// The prefix of the element in the body, in the place of ours.
    pub root_prefix: Option<Arc<str>>,
    /// An attribute more of the element in the body: name and value.
    pub root_xmlns: Option<(Arc<str>, Arc<str>)>,
}

/// User and password within an envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SoapSecurity {
    /// The user.
    pub user: Template,
    /// The password.
    pub password: Template,
    /// How the password is sent.
    pub kind: PasswordKind,
}

/// How a password is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PasswordKind {
    /// As it is.
    Text,
    /// As a digest with a nonce and a time.
    Digest,
}
