//! Which addresses are public: those that may be asked without being allowed by name.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// What keeps an address from being one that anybody may be asked at. A name is looked at as it is
/// written: that it resolves to a public address is found out when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AddressProblem {
    /// Nothing.
    #[error("the address is missing")]
    Missing,
    /// No web address, or a host that no public name can be.
    #[error("the address is not one of the public web: http or https, and a host with a dot")]
    Invalid,
    /// A number that is not public.
    #[error("the address is not public; a partner inside the network is allowed by --allow-host")]
    NotPublic,
}

/// What keeps the text of an address from being public.
pub fn address_problem(text: &str) -> Option<AddressProblem> {
    if text.trim().is_empty() {
        return Some(AddressProblem::Missing);
    }
    let Ok(url) = Url::parse(text.trim()) else { return Some(AddressProblem::Invalid) };
    if !matches!(url.scheme(), "http" | "https") {
        return Some(AddressProblem::Invalid);
    }
    let is_label = |label: &str| {
        let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        !label.is_empty() && label.bytes().all(good) && !label.starts_with('-') && !label.ends_with('-')
    };
    match url.host()? {
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name);
            let good = name.contains('.') && name.split('.').all(is_label);
            (!good).then_some(AddressProblem::Invalid)
        }
        Host::Ipv4(address) => (!is_public(address.into())).then_some(AddressProblem::NotPublic),
        Host::Ipv6(address) => (!is_public(address.into())).then_some(AddressProblem::NotPublic),
    }
}

/// Whether an address is one of the internet at large, by the special-purpose registries of IANA.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, d] = address.octets();
    let is_special = match (a, b, c) {
        // "This network", private, loopback, multicast and reserved.
        (0 | 10 | 127 | 224..=255, _, _) => true,
        (100, 64..=127, _) | (169, 254, _) | (172, 16..=31, _) | (192, 168, _) => true,
        // Protocol assignments, documentation, relays of 6to4, and benchmarks.
        (192, 0, 0 | 2) | (192, 88, 99) | (198, 18 | 19, _) | (198, 51, 100) | (203, 0, 113) => true,
        // Tells virtual machines of one provider about themselves.
        (168, 63, 129) => d == 16,
        _ => false,
    };
    !is_special
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [first, second, ..] = address.segments();
    // Only 2000::/3 is handed out; loopback, local, mapped, translated and multicast lie outside.
    if !(0x2000..=0x3fff).contains(&first) {
        return false;
    }
    let is_special = match first {
        // Protocol assignments with Teredo (2001::/23) and documentation (2001:db8::/32).
        0x2001 => second < 0x0200 || second == 0x0db8,
        // 6to4, which carries any IPv4 address.
        0x2002 => true,
        // Documentation (3fff::/20).
        0x3fff => second < 0x1000,
        _ => false,
    };
    !is_special
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for text in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.100.100.200",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
            "168.63.129.16",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "100::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn others_are() {
        for text in [
            "1.1.1.1",
            "8.8.8.8",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "198.20.0.1",
            "223.255.255.255",
            "168.63.129.17",
            "2001:4860:4860::8888",
            "2606:4700::1111",
            "3ffe::1",
        ] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }
}
