//! Web addresses, as browsers read them (WHATWG).

use std::net::Ipv4Addr;
use std::sync::{Arc, LazyLock};

use ::url::{Host, Position, Url};

use super::{Parsed, parse_text};
use crate::Value;

/// `http://` is added where no scheme stands. The host, as it is written, needs a dot or is an IP address; a user
/// or password makes it invalid, so that no credential is recorded as an address.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let url = read(text)?;
        let host = &url[Position::BeforeHost..Position::AfterPort];
        let port = &url[Position::BeforePort..Position::AfterPort];
        let hash = if url.fragment().is_some() { &url[Position::AfterQuery..] } else { "" };
        Some(Parsed::valid(
            Value::text(url.as_str()),
            vec![
                ("protocol", value(url.scheme())),
                ("host", value(host)),
                ("port", value(port)),
                ("path", value(url.path())),
                ("query", value(url.query().unwrap_or_default())),
                ("hash", value(hash)),
            ],
        ))
    })
}

/// A part as a value; those that most addresses have are shared by all of them.
fn value(part: &str) -> Value {
    static COMMON: LazyLock<[Arc<str>; 4]> = LazyLock::new(|| ["", "https", "http", "/"].map(Arc::from));
    let shared = COMMON.iter().find(|common| ***common == *part);
    shared.map_or_else(|| Value::text(part), |common| Value::text(Arc::clone(common)))
}

/// Longest name of a host, and of a part of it (RFC 1035 section 2.3.4).
const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

/// A valid address.
pub(super) fn read(text: &str) -> Option<Url> {
    let text = text.trim();
    let (url, rest) = match text.split_once("://") {
        Some((_, rest)) => (Url::parse(text), rest),
        None => (Url::parse(&format!("http://{text}")), text),
    };
    let url = url.ok()?;
    let host_is_good = match url.host()? {
        Host::Domain(name) => is_host(name),
        // Browsers take any number for one: `http://5` is 0.0.0.5 to them, and a slip to people.
        Host::Ipv4(_) => {
            let host = &rest[..rest.find(['/', '\\', '?', '#']).unwrap_or(rest.len())];
            let host = host.split_once(':').map_or(host, |(host, _)| host);
            host.parse::<Ipv4Addr>().is_ok()
        }
        Host::Ipv6(_) => true,
    };
    let good = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && host_is_good;
    good.then_some(url)
}

/// Whether a name can be that of a host: parts joined by dots, none of them empty or with a hyphen at an end.
fn is_host(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    name.contains('.') && name.len() <= HOST_BYTES_MAX && name.split('.').all(is_label)
}
