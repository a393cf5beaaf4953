//! A submission that cannot be read: refused as plain text, with the statuses that sources know.

use super::{DEPTH_MAX, INTAKE_BODY_BYTES_MAX, PARAMETERS_MAX, VALUES_MAX};

/// The methods that submissions come by, as the header `Allow` has them.
pub const INTAKE_METHODS: &str = "GET, POST";

/// Why a submission cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Neither GET nor POST: the method.
    Method(String),
    /// The client does not take what can be answered.
    Accept,
    /// A body without a type.
    NoType,
    /// A body of another type.
    Type,
    /// A charset that is not known: its name.
    Charset(String),
    /// A compression that is not known: its name.
    Encoding(String),
    /// Bytes that are no text of their charset, or no gzip.
    NotText(&'static str),
    /// The body is too large once it is decompressed.
    TooLarge,
    /// JSON that is none: why.
    Json(String),
    /// XML that is none: why.
    Xml(String),
    /// Deeper than a lead can be.
    TooDeep,
    /// `a=1&a.b=2`: the name.
    Clash(String),
    /// A name that cannot be recorded: why.
    Name(String),
    /// More parameters, or values in lists, than fit.
    TooMany,
    /// `redir_url` is no address of the web.
    Redirect,
    /// A switch such as `is_test` that says neither yes nor no: its name.
    Switch(&'static str),
}

impl Refusal {
    /// The status that the source gets.
    pub fn status(&self) -> u16 {
        match self {
            Refusal::Method(_) => 405,
            Refusal::Accept | Refusal::Type => 406,
            Refusal::NoType | Refusal::Charset(_) | Refusal::Encoding(_) => 415,
            Refusal::TooLarge => 413,
            Refusal::NotText(_)
            | Refusal::Json(_)
            | Refusal::Xml(_)
            | Refusal::TooDeep
            | Refusal::Clash(_)
            | Refusal::Name(_)
            | Refusal::TooMany
            | Refusal::Redirect
            | Refusal::Switch(_) => 400,
        }
    }

    /// The headers beside the text.
    pub fn headers(&self) -> Vec<(&'static str, &'static str)> {
        let mut headers = vec![("Content-Type", "text/plain")];
        if let Refusal::Method(_) = self {
            headers.push(("Allow", INTAKE_METHODS));
        }
        headers
    }

    /// What the source is told. It may repeat a little of what the source sent.
    pub fn text(&self) -> String {
        match self {
            Refusal::Method(method) => format!("The {method} method is not allowed"),
            Refusal::Accept => "Not capable of generating content according to the Accept header".into(),
            Refusal::NoType => "Content-Type header is required".into(),
            Refusal::Type => "MIME type in Content-Type header is not supported. Use only \
                              application/x-www-form-urlencoded, application/json, application/xml, text/xml."
                .into(),
            Refusal::Charset(name) => format!("The charset {name:?} is not supported. Send UTF-8."),
            Refusal::Encoding(name) => {
                format!("The Content-Encoding {name:?} is not supported. Send the body as it is, or by gzip.")
            }
            Refusal::NotText(wanted) => format!("The parameters are not {wanted}"),
            Refusal::TooLarge => {
                format!("The lead is too large; the body may have {INTAKE_BODY_BYTES_MAX} bytes")
            }
            Refusal::Json(why) => format!("Unable to parse JSON -- {why}"),
            Refusal::Xml(why) => format!("Body does not contain XML or XML is unparseable -- {why}"),
            Refusal::TooDeep => format!("The parameters nest deeper than {DEPTH_MAX} levels"),
            Refusal::Clash(name) => format!("The parameter {name:?} is both a value and a parent of others"),
            Refusal::Name(why) => format!("A parameter cannot be recorded: {why}"),
            Refusal::TooMany => {
                format!("There are more than {PARAMETERS_MAX} parameters, or {VALUES_MAX} values in them")
            }
            Refusal::Redirect => "Invalid redir_url".into(),
            Refusal::Switch(name) => format!("{name} says neither yes nor no; write 1 or 0"),
        }
    }

    /// Why, to be kept: without anything that the source sent, which a mistake can make values of
    /// a person.
    pub fn kept_text(&self) -> String {
        match self {
            Refusal::Charset(_) => "The charset of the body is not supported".into(),
            Refusal::Encoding(_) => "The Content-Encoding of the body is not supported".into(),
            Refusal::Json(_) => "Unable to parse JSON".into(),
            Refusal::Xml(_) => "Body does not contain XML or XML is unparseable".into(),
            Refusal::Clash(_) => "A parameter is both a value and a parent of others".into(),
            Refusal::Name(_) => "The name of a parameter cannot be recorded".into(),
            Refusal::Method(_)
            | Refusal::Accept
            | Refusal::NoType
            | Refusal::Type
            | Refusal::NotText(_)
            | Refusal::TooLarge
            | Refusal::TooDeep
            | Refusal::TooMany
            | Refusal::Redirect
            | Refusal::Switch(_) => self.text(),
        }
    }
}
