//! Ranges of internet addresses: whose requests are taken.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;

/// A range in CIDR notation, `203.0.113.0/24` or `2001:db8::/32`; one address alone is a range too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct AddressRange(IpNet); // Invariant: no bit is set beyond the prefix.

/// Why a text is not a range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressRangeError {
    /// No address, or no length of a prefix.
    #[error("{0:?} is not a range of addresses; write 203.0.113.0/24, 2001:db8::/32 or one address")]
    Form(String),
    /// The address has bits beyond the prefix, so one of the two is a mistake.
    #[error("the range {text:?} begins at {meant}; write that, or a longer prefix")]
    Begin {
        /// The text.
        text: String,
        /// The range that holds it.
        meant: AddressRange,
    },
}

impl AddressRange {
    /// Whether an address is in the range. An IPv4 address is the same when it comes within IPv6
    /// (`::ffff:192.0.2.1`).
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for AddressRange {
    type Err = AddressRangeError;

    fn from_str(text: &str) -> Result<AddressRange, AddressRangeError> {
        let error = || AddressRangeError::Form(text.chars().take(60).collect());
        let range = if text.contains('/') {
            text.parse::<IpNet>().map_err(|_| error())?
        } else {
            IpNet::from(text.parse::<IpAddr>().map_err(|_| error())?)
        };
        let meant = range.trunc();
        if meant != range {
            return Err(AddressRangeError::Begin { text: text.to_owned(), meant: AddressRange(meant) });
        }
        Ok(AddressRange(range))
    }
}

impl fmt::Display for AddressRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(range: &str, address: &str) -> bool {
        range.parse::<AddressRange>().unwrap().contains(address.parse().unwrap())
    }

    #[test]
    fn an_address_is_in_a_range_or_not() {
        assert!(check("203.0.113.0/24", "203.0.113.255"));
        assert!(!check("203.0.113.0/24", "203.0.114.0"));
        assert!(check("203.0.113.9", "203.0.113.9"));
        assert!(check("203.0.113.0/24", "::ffff:203.0.113.9"));
        assert!(check("2001:db8::/32", "2001:db8:1::1"));
        assert!(!check("2001:db8::/32", "2001:db9::1"));
        assert!(!check("::/0", "203.0.113.9"));
        assert!(check("0.0.0.0/0", "203.0.113.9"));
    }

    #[test]
    fn what_is_no_range_is_told() {
        for text in ["", "203.0.113.0/33", "203.0.113/24", "example.com", "203.0.113.0/", "fe80::1%eth0"] {
            assert!(matches!(text.parse::<AddressRange>(), Err(AddressRangeError::Form(_))), "{text}");
        }
        let error = "203.0.113.7/24".parse::<AddressRange>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "the range \"203.0.113.7/24\" begins at 203.0.113.0/24; write that, or a longer prefix"
        );
    }

    proptest! {
        #[test]
        fn a_range_reads_back_and_holds_where_it_begins(bits: u32, length in 0u8..=32) {
            let range = AddressRange(ipnet::Ipv4Net::new(bits.into(), length).unwrap().trunc().into());
            prop_assert_eq!(range.to_string().parse::<AddressRange>(), Ok(range));
            prop_assert!(range.contains(range.0.addr()));
        }
    }
}
