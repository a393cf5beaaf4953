//! What is sent to another party: settings of a step, with templates for what differs by lead.

mod mail;
mod soap;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use crate::{SecretName, SentText, Template, Variables};

pub use mail::{MailSettings, MailboxTemplate};
pub use soap::{ElementType, PasswordKind, SoapCall, SoapOperation, SoapSecurity, SoapVersion};

/// The form in which another party is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Integration {
    /// Fields become a JSON tree: `custom_json`.
    CustomJson,
    /// Fields become form parameters: `custom_form`.
    CustomForm,
    /// Parameters go into the query: `custom_query`.
    CustomQuery,
    /// Fields become an XML document: `custom_xml`.
    CustomXml,
    /// Fields become the arguments of a call: `custom_soap`.
    CustomSoap,
    /// A message by mail: `email`.
    Email,
}

impl Integration {
    /// Every form.
    pub const ALL: [Integration; 6] = [
        Integration::CustomJson,
        Integration::CustomForm,
        Integration::CustomQuery,
        Integration::CustomXml,
        Integration::CustomSoap,
        Integration::Email,
    ];

    /// The stable word.
    pub fn as_str(self) -> &'static str {
        match self {
            Integration::CustomJson => "custom_json",
            Integration::CustomForm => "custom_form",
            Integration::CustomQuery => "custom_query",
            Integration::CustomXml => "custom_xml",
            Integration::CustomSoap => "custom_soap",
            Integration::Email => "email",
        }
    }

    /// The method that is used unless the step says another; mail has none, and this stands for it.
    pub fn default_method(self) -> Method {
        match self {
            Integration::CustomJson
            | Integration::CustomForm
            | Integration::CustomXml
            | Integration::CustomSoap
            | Integration::Email => Method::Post,
            Integration::CustomQuery => Method::Get,
        }
    }

    /// The methods it can be asked with.
    pub fn methods(self) -> &'static [Method] {
        match self {
            Integration::CustomJson => &[Method::Post, Method::Put, Method::Patch, Method::Delete],
            Integration::CustomForm | Integration::CustomSoap => &[Method::Post],
            Integration::CustomQuery => &[Method::Get],
            Integration::CustomXml => &[Method::Post, Method::Put, Method::Patch],
            Integration::Email => &[],
        }
    }

    /// Whether redirects are followed unless the step says otherwise: only what asks by GET may be
    /// asked twice without harm.
    pub fn follows_redirects(self) -> bool {
        match self {
            Integration::CustomQuery => true,
            Integration::CustomJson
            | Integration::CustomForm
            | Integration::CustomXml
            | Integration::CustomSoap
            | Integration::Email => false,
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
            .find(|method| method.as_str().eq_ignore_ascii_case(text))
            .ok_or_else(|| UnknownMethod(text.chars().take(20).collect()))
    }
}

/// Names and what stands under them, in the order they were written.
pub type NamedTemplates = Vec<(Arc<str>, Template)>;

/// How a step asks another party.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestSettings {
    /// The form.
    pub integration: Integration,
    /// The method.
    pub method: Method,
    /// Where; scheme and host stand in the text itself, so that no lead can choose them. Empty for mail that
    /// goes by the server of the installation.
    pub url: Template,
    /// Headers besides those that HTTP and the form need; names as they were written.
    pub headers: NamedTemplates,
    /// Fields of JSON (dots nest, numbers make lists), of XML (dots nest, numbers repeat an element,
    /// `@` begins an attribute) or of a form, or parameters of a query, in order.
    pub fields: NamedTemplates,
    /// User and password of HTTP's basic authentication (RFC 7617). Used only when both are there,
    /// and when no header `Authorization` is.
    pub basic_auth: Option<BasicAuth>,
    /// Whether texts lose their accents and what else is not ASCII.
    pub ascii: bool,
    /// Whether a redirect is followed.
    pub follow_redirects: bool,
    /// For JSON and XML: the document is sent inside a parameter of a form.
    pub inside: Option<InsideForm>,
    /// For a form: whether the names of its fields are escaped as their values are.
    pub encode_field_names: bool,
    /// For SOAP: what is called.
    pub soap: Option<SoapCall>,
    /// For mail: what is written.
    pub mail: Option<MailSettings>,
}

/// User and password of HTTP's basic authentication.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BasicAuth {
    /// The user.
    pub user: Template,
    /// The password.
    pub password: Template,
}

/// A form around a document.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct InsideForm {
    /// The parameter that holds the document.
    pub parameter: Arc<str>,
    /// Parameters beside it, as a form has them.
    pub extra: NamedTemplates,
    /// Parameters beside it whose dotted names nest in brackets: `a.b` is sent as `a[b]`.
    pub nested_extra: NamedTemplates,
}

impl RequestSettings {
    /// The settings of a step that says nothing but where to send.
    pub fn new(integration: Integration, url: Template) -> RequestSettings {
        RequestSettings {
            integration,
            method: integration.default_method(),
            url,
            headers: Vec::new(),
            fields: Vec::new(),
            basic_auth: None,
            ascii: false,
            follow_redirects: integration.follows_redirects(),
            inside: None,
            encode_field_names: true,
            soap: None,
            mail: None,
        }
    }

    /// Every text with holes, in no order.
    pub(crate) fn templates(&self) -> impl Iterator<Item = &Template> {
        self.named_templates().map(|(_, template)| template)
    }

    /// The same with the names they go by; empty where there is none.
    fn named_templates(&self) -> impl Iterator<Item = (&str, &Template)> {
        fn of(named: &NamedTemplates) -> impl Iterator<Item = (&str, &Template)> {
            named.iter().map(|(name, template)| (&**name, template))
        }
        let nameless = |template| ("", template);
        let basic_auth = self.basic_auth.iter().flat_map(|auth| [&auth.user, &auth.password]).map(nameless);
        let inside = self.inside.iter().flat_map(|form| of(&form.extra).chain(of(&form.nested_extra)));
        let soap = self.soap.iter().flat_map(move |call| {
            let security = call.security.iter().flat_map(|security| [&security.user, &security.password]);
            of(&call.headers).chain(security.chain(&call.bearer_token).map(nameless))
        });
        let own = [nameless(&self.url)].into_iter().chain(of(&self.headers)).chain(of(&self.fields));
        let mail = self.mail.iter().flat_map(MailSettings::templates).map(nameless);
        own.chain(basic_auth).chain(inside).chain(soap).chain(mail)
    }

    /// The secrets it names; one may come more than once.
    pub fn secrets(&self) -> impl Iterator<Item = &SecretName> {
        self.templates().flat_map(Template::secrets)
    }

    /// What of a request is made of secrets ([`Template::secret_texts`]).
    pub fn secret_texts(&self, variables: &Variables<'_>) -> Vec<String> {
        self.templates().flat_map(|template| template.secret_texts(variables)).collect()
    }

    /// What of a request is another in its record, which is made from the lead as it may be recorded.
    pub fn sent_texts(&self, variables: &Variables<'_>, recorded: &Variables<'_>) -> Vec<SentText> {
        let texts = self.named_templates().flat_map(|(name, template)| {
            let name = name.rsplit('.').next().unwrap_or_default().trim_start_matches('@');
            template.sent_texts(name, variables, recorded)
        });
        texts.collect()
    }

    /// Whether a password is sent as a digest, which needs a nonce for each request.
    pub fn has_digest(&self) -> bool {
        let security = self.soap.as_ref().and_then(|call| call.security.as_ref());
        security.is_some_and(|security| security.kind == PasswordKind::Digest)
    }
}
