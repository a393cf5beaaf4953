//! What is sent to another party: settings of a step, with templates for what differs by lead.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::Template;

/// The form in which another party is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Integration {
    /// Fields become a JSON tree: `custom_json`.
    CustomJson,
    /// Fields become form parameters: `custom_form`.
    CustomForm,
    /// Parameters go into the query: `custom_query`.
    CustomQuery,
}

impl Integration {
    /// Every form.
    pub const ALL: [Integration; 3] =
        [Integration::CustomJson, Integration::CustomForm, Integration::CustomQuery];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Integration::CustomJson => "custom_json",
            Integration::CustomForm => "custom_form",
            Integration::CustomQuery => "custom_query",
        }
    }

    /// The method that is used unless the step says another.
    pub fn default_method(self) -> Method {
        match self {
            Integration::CustomJson | Integration::CustomForm => Method::Post,
            Integration::CustomQuery => Method::Get,
        }
    }

    /// The methods it can be asked with.
    pub fn methods(self) -> &'static [Method] {
        match self {
            Integration::CustomJson => &[Method::Post, Method::Put, Method::Patch, Method::Delete],
            Integration::CustomForm => &[Method::Post],
            Integration::CustomQuery => &[Method::Get],
        }
    }
}

impl fmt::Display for Integration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A method of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

impl Method {
    /// Every method.
    pub const ALL: [Method; 5] = [Method::Get, Method::Post, Method::Put, Method::Patch, Method::Delete];

    /// The word on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
            Method::Put => "PUT",
            Method::Patch => "PATCH",
            Method::Delete => "DELETE",
        }
    }
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is not a method.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a method; use GET, POST, PUT, PATCH or DELETE")]
pub struct UnknownMethod(String);

impl FromStr for Method {
    type Err = UnknownMethod;

    fn from_str(text: &str) -> Result<Method, UnknownMethod> {
        Method::ALL
            .into_iter()
            .find(|method| method.as_str() == text)
            .ok_or_else(|| UnknownMethod(text.chars().take(20).collect()))
    }
}

/// How a step asks another party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSettings {
    /// The form.
    pub integration: Integration,
    /// The method.
    pub method: Method,
    /// Where; scheme and host stand in the text itself, so that no lead can choose them.
    pub url: Template,
    /// Headers besides those that HTTP and the form need; names as they were written.
    pub headers: Vec<(Arc<str>, Template)>,
    /// Fields of JSON (dots nest, numbers make lists) or of a form, or parameters of a query, in order.
    pub fields: Vec<(Arc<str>, Template)>,
}
