//! Names under which forms of consent send their certificates.

use serde_json::Value;

use super::{Door, Tree};

/// Where the address of the certificate belongs.
const CERTIFICATE: &str = "trustedform_cert_url";
/// What the script on a page calls it, in any case.
const CERTIFICATE_ALIAS: &str = "xxtrustedformcerturl";
/// What it calls the address that tells nothing about the person, for pings, in any case.
const PING_ALIASES: [&str; 2] = ["xxtrustedformpingurl", "trustedform_ping_url"];

/// Gives certificates their own name. The address for pings is dropped, but on a ping it is the
/// certificate.
pub(super) fn rename(door: Door, tree: &mut Tree) {
    let found = |tree: &Tree, aliases: &[&str]| -> Vec<String> {
        let is_meant = |name: &&String| aliases.iter().any(|alias| alias.eq_ignore_ascii_case(name));
        tree.keys().filter(is_meant).cloned().collect()
    };
    let mut certificate: Option<Value> = None;
    for name in found(tree, &[CERTIFICATE_ALIAS]) {
        certificate = tree.remove(&name);
    }
    for name in found(tree, &PING_ALIASES) {
        let address = tree.remove(&name);
        if door == Door::Ping && address.as_ref().is_some_and(|address| !is_blank(address)) {
            certificate = address;
        }
    }
    if let Some(certificate) = certificate {
        tree.insert(CERTIFICATE.to_owned(), certificate);
    }
}

fn is_blank(value: &Value) -> bool {
    value.is_null() || value.as_str().is_some_and(|text| text.trim().is_empty())
}
