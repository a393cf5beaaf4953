//! Which addresses are public: those that may be asked without being allowed by name.

use std::collections::HashSet;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use url::Host;

/// What keeps an address from being one that anybody may be asked at. A name is looked at as it is
/// written: that it resolves to a public address is found out when it is asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressProblem {
    /// A host that no public name can be.
    #[error(
        "{0:?} is no host of the public web, which has a dot, letters, digits and hyphens; a host within your network is allowed by --allow-host {0}"
    )]
    NoName(String),
    /// A number that is not public.
    #[error("the address {0} is not public; a host within your network is allowed by --allow-host {0}")]
    NotPublic(String),
}

/// Hosts that may be asked though they are not public: names or addresses as they stand in URLs, with or without
/// a port.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedHosts(HashSet<String>); // Invariant: trimmed, in lower case.

impl AllowedHosts {
    /// These.
    pub fn new(hosts: impl IntoIterator<Item = impl AsRef<str>>) -> AllowedHosts {
        AllowedHosts(hosts.into_iter().map(|host| host.as_ref().trim().to_ascii_lowercase()).collect())
    }

    /// Whether a host is among them, at a port.
    pub fn hold<S: fmt::Display + AsRef<str>>(&self, host: &Host<S>, port: u16) -> bool {
        if self.0.is_empty() {
            return false;
        }
        let host = host.to_string().to_ascii_lowercase();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        self.0.contains(&host) || self.0.contains(bare) || self.0.contains(&format!("{host}:{port}"))
    }

    /// What keeps a host from being asked.
    ///
    /// # Errors
    /// When it is neither among these nor one of the public web.
    pub fn check<S: fmt::Display + AsRef<str>>(
        &self,
        host: &Host<S>,
        port: u16,
    ) -> Result<(), AddressProblem> {
        let is_label = |label: &str| {
            let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            !label.is_empty() && label.bytes().all(good) && !label.starts_with('-') && !label.ends_with('-')
        };
        let shown = || host.to_string().trim_start_matches('[').trim_end_matches(']').to_owned();
        let problem = match host {
            Host::Domain(name) => {
                let name = name.as_ref();
                let name = name.strip_suffix('.').unwrap_or(name);
                let good = name.contains('.') && name.split('.').all(is_label);
                (!good).then(|| AddressProblem::NoName(shown()))
            }
            Host::Ipv4(address) => {
                (!is_public((*address).into())).then(|| AddressProblem::NotPublic(shown()))
            }
            Host::Ipv6(address) => {
                (!is_public((*address).into())).then(|| AddressProblem::NotPublic(shown()))
            }
        };
        problem.filter(|_| !self.hold(host, port)).map_or(Ok(()), Err)
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
    fn what_is_not_public_is_told_unless_it_is_allowed() {
        let told = |allowed: &[&str], host: &str, port: u16| {
            let host = Host::parse(host).unwrap();
            AllowedHosts::new(allowed)
                .check(&host, port)
                .map_or_else(|problem| problem.to_string(), |()| String::new())
        };
        assert!(told(&[], "10.0.0.7", 80).ends_with("--allow-host 10.0.0.7"));
        assert!(told(&[], "0x7f000001", 80).starts_with("the address 127.0.0.1 is not public"));
        assert!(told(&[], "[::1]", 80).ends_with("--allow-host ::1"));
        for name in ["localhost", "exa_mple.com", "crm."] {
            assert!(told(&[], name, 80).contains("is no host of the public web"), "{name}");
            assert_eq!(told(&[name], name, 80), "", "{name}");
        }
        for name in ["buyer.example.com", "buyer.example.com.", "8.8.8.8", "xn--bcher-kva.example"] {
            assert_eq!(told(&[], name, 80), "", "{name}");
        }
        for allowed in [" 10.0.0.7", "10.0.0.7:8080"] {
            assert_eq!(told(&[allowed], "10.0.0.7", 8080), "");
        }
        assert_ne!(told(&["10.0.0.7:8080"], "10.0.0.7", 80), "");
        assert_eq!(told(&["::1"], "[::1]", 80), "");
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
