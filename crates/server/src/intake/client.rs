//! Where a request comes from, behind proxies too.

use std::net::IpAddr;

use axum::http::HeaderMap;
use domain::AddressRange;

/// What proxies write the addresses into, each its own at the end.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The address that a request comes from: that of the connection, unless it is a trusted proxy's; then the
/// last one in `X-Forwarded-For` that is not a trusted proxy's too. What stands before that one may be made
/// up by anybody.
pub(crate) fn client_address(connection: IpAddr, headers: &HeaderMap, trusted: &[AddressRange]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|range| range.contains(address));
    let mut client = connection.to_canonical();
    let values: Vec<&str> =
        headers.get_all(FORWARDED_FOR).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut hops = values.iter().flat_map(|value| value.split(',')).rev();
    while is_trusted(client) {
        let Some(hop) = hops.next().and_then(read_hop) else { break };
        client = hop.to_canonical();
    }
    client
}

/// `192.0.2.1`, `192.0.2.1:99`, `2001:db8::1` or `[2001:db8::1]:99`.
fn read_hop(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    text.parse()
        .ok()
        .or_else(|| text.parse::<std::net::SocketAddr>().ok().map(|address| address.ip()))
        .or_else(|| text.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(connection: &str, forwarded: &[&str], wanted: &str) {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()];
        let client = client_address(connection.parse().unwrap(), &headers, &trusted);
        assert_eq!(client, wanted.parse::<IpAddr>().unwrap(), "{forwarded:?}");
    }

    #[test]
    fn only_a_trusted_proxy_says_for_whom_it_asks() {
        check("203.0.113.9", &[], "203.0.113.9");
        check("203.0.113.9", &["198.51.100.1"], "203.0.113.9");
        check("10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("::ffff:10.0.0.1", &["198.51.100.1"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.5, 198.51.100.1, 10.2.3.4"], "198.51.100.1");
        check("10.0.0.1", &["203.0.113.5", "198.51.100.1:4711"], "198.51.100.1");
        check("::1", &["[2001:db8::1]:99"], "2001:db8::1");
    }

    #[test]
    fn what_is_no_address_is_nobodys() {
        check("10.0.0.1", &["unknown"], "10.0.0.1");
        check("10.0.0.1", &["203.0.113.5, unknown, 10.0.0.2"], "10.0.0.2");
        check("10.0.0.1", &[], "10.0.0.1");
    }
}
