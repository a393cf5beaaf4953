//! Web addresses, as browsers read them (WHATWG).

use ::url::{Host, Url};

use super::{Parsed, parse_text};
use crate::Value;

/// `http://` is added where no scheme stands. The host needs a dot or is an IP address; a user
/// or password makes it invalid, so that no credential is recorded as an address.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let url = read(text)?;
        let port = url.port().map(|port| port.to_string()).unwrap_or_default();
        let host = url.host_str()?;
        let host = if port.is_empty() { host.to_owned() } else { format!("{host}:{port}") };
        let hash = url.fragment().map(|hash| format!("#{hash}")).unwrap_or_default();
        Some(Parsed::valid(
            Value::text(url.as_str()),
            vec![
                ("protocol", Value::text(url.scheme())),
                ("host", Value::text(host)),
                ("port", Value::text(port)),
                ("path", Value::text(url.path())),
                ("query", Value::text(url.query().unwrap_or_default())),
                ("hash", Value::text(hash)),
            ],
        ))
    })
}

/// A valid address.
pub(super) fn read(text: &str) -> Option<Url> {
    let text = text.trim();
    let url =
        if text.contains("://") { Url::parse(text) } else { Url::parse(&format!("http://{text}")) }.ok()?;
    let host_is_good = match url.host()? {
        Host::Domain(name) => name.trim_matches('.').contains('.'),
        Host::Ipv4(_) | Host::Ipv6(_) => true,
    };
    let good = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none()
        && host_is_good;
    good.then_some(url)
}
