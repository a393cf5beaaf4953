//! The address of a request: a template whose holes can change neither where it goes nor how many
//! parts its path has.

use domain::{Template, Variables};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use url::Url;

use super::RenderError;

/// Longest address, in bytes, its query included.
pub const ADDRESS_BYTES_MAX: usize = 8 * 1024;

/// What is escaped in a value: all but letters, digits and the marks of RFC 2396, as
/// `encodeURIComponent` does.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Appends a value with escapes, for a path, a query or a form.
pub(super) fn push_escaped(text: &str, out: &mut String) {
    out.extend(utf8_percent_encode(text, ESCAPED));
}

/// Renders an address and joins a query to it, before any fragment.
pub(super) fn address(
    template: &Template,
    variables: &Variables<'_>,
    query: Option<&str>,
) -> Result<String, RenderError> {
    // What stands before the first hole says where the request goes.
    let mut before_holes: Option<String> = None;
    let text = template.render_with(variables, |out, hole| {
        if before_holes.is_none() {
            before_holes = Some(out.clone());
        }
        push_escaped(hole, out);
    });
    if text.len() > ADDRESS_BYTES_MAX {
        return Err(RenderError::AddressTooLong { bytes: text.len() });
    }
    if before_holes.as_ref().is_some_and(|before| !names_a_host(before)) {
        return Err(RenderError::HoleInHost);
    }
    if before_holes.is_some() && has_dot_part(&text) {
        return Err(RenderError::DotPart);
    }
    let text = match query {
        Some(query) => join_query(&text, query),
        None => text,
    };
    let address = web_address(&text)?;
    if let Some(before) = &before_holes {
        let meant = web_address(before)?;
        if meant.origin() != address.origin() {
            return Err(RenderError::HoleInHost);
        }
    }
    let address = String::from(address);
    if address.len() > ADDRESS_BYTES_MAX {
        return Err(RenderError::AddressTooLong { bytes: address.len() });
    }
    Ok(address)
}

/// Whether scheme and host are over: a slash, a question mark or a hash ends them.
fn names_a_host(text: &str) -> bool {
    text.split_once("://").is_some_and(|(_, rest)| rest.contains(['/', '?', '#']))
}

/// Whether a part of the path would be taken for "here" or "one up", so that what stands around it is
/// lost. Browsers and servers read `%2e` as a dot there.
fn has_dot_part(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\']).any(|part| {
        let part = part.to_ascii_lowercase().replace("%2e", ".");
        part == "." || part == ".."
    })
}

fn join_query(text: &str, query: &str) -> String {
    let (head, fragment) = match text.find('#') {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let joint = match head.split_once('?') {
        None => "?",
        Some((_, "")) => "",
        Some(_) if query.is_empty() || head.ends_with('&') => "",
        Some(_) => "&",
    };
    format!("{head}{joint}{query}{fragment}")
}

fn web_address(text: &str) -> Result<Url, RenderError> {
    let address = Url::parse(text).map_err(|_| RenderError::Address)?;
    let is_web = matches!(address.scheme(), "http" | "https") && address.has_host();
    // A password in an address would stand in every event.
    let is_plain = address.username().is_empty() && address.password().is_none();
    if is_web && is_plain { Ok(address) } else { Err(RenderError::Address) }
}
