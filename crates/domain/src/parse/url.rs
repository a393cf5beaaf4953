//! Web addresses, as browsers read them (WHATWG).

use std::sync::{Arc, LazyLock};

use ::url::{Host, Position, Url};

use super::{Parsed, parse_text};
use crate::Value;

/// `http://` is added where no scheme stands. The host needs a dot or is an IP address; a user
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
