//! Addresses of the internet protocol.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::{Parsed, is_digits, parse_text};
use crate::Value;

/// One address: a scheme, brackets, a port and a path around it, and the zone of a link are cut. A
/// list, a mask or a leading zero makes it invalid. IPv4 mapped into IPv6 is IPv4.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let address = read(text.trim())?.to_canonical();
        let (is_ipv4, ipv6_format) = match address {
            IpAddr::V4(v4) => (true, v4.to_ipv6_mapped()),
            IpAddr::V6(v6) => (false, v6),
        };
        Some(Parsed::valid(
            Value::text(address.to_string()),
            vec![("is_ipv4", Value::from(is_ipv4)), ("ipv6_format", Value::text(ipv6_format.to_string()))],
        ))
    })
}

fn read(text: &str) -> Option<IpAddr> {
    let (text, has_scheme) = match text.split_once("://") {
        Some((scheme, rest)) => {
            let is_word = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
                && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
            (is_word.then_some(rest)?, true)
        }
        None => (text, false),
    };
    let (host, path) = match text.find(['/', '?', '#']) {
        Some(at) => text.split_at(at),
        None => (text, ""),
    };
    let is_mask = path.strip_prefix('/').is_some_and(is_digits);
    if is_mask && !has_scheme {
        return None;
    }
    if let Some(rest) = host.strip_prefix('[') {
        let (inner, after) = rest.split_once(']')?;
        if !after.is_empty() {
            after.strip_prefix(':').filter(|port| is_port(port))?;
        }
        return v6(inner).map(IpAddr::V6);
    }
    if host.matches(':').count() < 2 {
        let (address, port) =
            host.split_once(':').map_or((host, None), |(address, port)| (address, Some(port)));
        let good = port.is_none_or(is_port);
        return good.then(|| address.parse::<Ipv4Addr>().ok()).flatten().map(IpAddr::V4);
    }
    v6(host).map(IpAddr::V6)
}

fn v6(text: &str) -> Option<Ipv6Addr> {
    let address = match text.split_once('%') {
        Some((address, zone)) => (!zone.is_empty()).then_some(address)?,
        None => text,
    };
    address.parse().ok()
}

fn is_port(text: &str) -> bool {
    is_digits(text) && text.parse::<u16>().is_ok()
}
