//! E-mail addresses: their shape, a domain below a public suffix, and what kind of provider it is.

use std::borrow::Cow;

use super::mail_domains::{self, Provider};
use super::{Parsed, parse_text};
use crate::Value;

/// Longest part before the `@` (RFC 5321 section 4.5.3.1), in bytes.
const USER_BYTES_MAX: usize = 64;
/// Longest whole address (RFC 3696, erratum 1690), in bytes.
const ADDRESS_BYTES_MAX: usize = 254;

/// Longest label of a domain (RFC 1035 section 2.3.4), in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// The normal form is lower-case with an ASCII domain; the component `user` is as typed.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let (user, domain) = split(text)?;
        let mut normal = String::with_capacity(user.len() + 1 + domain.len());
        push_lower_case(user, &mut normal);
        normal.push('@');
        normal.push_str(&domain);
        if normal.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        let tld = mail_domains::public_suffix(&domain)?;
        let host = &domain[..domain.len() - tld.len() - 1];
        let provider = mail_domains::provider(&domain);
        let components = vec![
            ("user", Value::text(user)),
            ("host", Value::text(host)),
            ("tld", Value::text(tld)),
            ("is_free", Value::from(provider == Some(Provider::Free))),
            ("is_disposable", Value::from(provider == Some(Provider::Disposable))),
            ("domain", Value::text(&*domain)),
        ];
        Some(Parsed::valid(Value::text(normal), components))
    })
}

fn push_lower_case(text: &str, out: &mut String) {
    if text.is_ascii() {
        out.extend(text.bytes().map(|byte| char::from(byte.to_ascii_lowercase())));
    } else {
        out.push_str(&text.to_lowercase());
    }
}

/// User and domain of a valid address.
fn split(text: &str) -> Option<(&str, Cow<'_, str>)> {
    // Blanks beside the @ come from phones that add one after a completed word.
    let (user, domain) = text.trim().split_once('@')?;
    let (user, domain) = (user.trim_end(), domain.trim_start());
    if is_user(user) { Some((user, domain_of(domain)?)) } else { None }
}

fn is_user(user: &str) -> bool {
    let is_good = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~.".contains(c)
            || (!c.is_ascii() && c.is_alphanumeric())
    };
    let good = (1..=USER_BYTES_MAX).contains(&user.len())
        && user.chars().all(is_good)
        && !user.starts_with('.')
        && !user.ends_with('.')
        && !user.contains("..");
    // The lower-case form must be of good characters as well, so that it reads as itself.
    let reads_as_itself = || {
        let lower = user.to_lowercase();
        lower.len() <= USER_BYTES_MAX && lower.chars().all(is_good)
    };
    good && (user.is_ascii() || reads_as_itself())
}

/// The ASCII form of a domain, in lower case.
fn domain_of(text: &str) -> Option<Cow<'_, str>> {
    let domain = match plain_domain(text) {
        Some(domain) => domain,
        None => Cow::Owned(any_domain(text)?),
    };
    let is_label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (domain.contains('.') && domain.split('.').all(is_label)).then_some(domain)
}

/// The domain that any text means, as browsers read it (WHATWG).
fn any_domain(text: &str) -> Option<String> {
    if text.chars().any(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-' && c != '.') {
        return None;
    }
    match ::url::Host::parse(text).ok()? {
        ::url::Host::Domain(domain) => Some(domain),
        ::url::Host::Ipv4(_) | ::url::Host::Ipv6(_) => None,
    }
}

/// The same for the usual text, of which browsers change no more than the case: letters, digits,
/// hyphens and dots, no label that stands for one of another script, and at the end nothing that
/// could be an address of four numbers. Nothing for any other text.
fn plain_domain(text: &str) -> Option<Cow<'_, str>> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.';
    let is_foreign = |label: &str| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--"));
    let ends_in_word =
        text.rsplit('.').next().is_some_and(|label| label.starts_with(|c: char| c.is_ascii_alphabetic()));
    if !ends_in_word || !text.bytes().all(is_plain) || text.split('.').any(is_foreign) {
        return None;
    }
    let has_capitals = text.bytes().any(|byte| byte.is_ascii_uppercase());
    Some(if has_capitals { Cow::Owned(text.to_ascii_lowercase()) } else { Cow::Borrowed(text) })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn usual_domains_take_the_short_way() {
        assert!(matches!(plain_domain("mail.example.co.uk"), Some(Cow::Borrowed("mail.example.co.uk"))));
        assert_eq!(plain_domain("Example.COM").as_deref(), Some("example.com"));
        for text in [
            "",
            "exämple.com",
            "XN--exmple-cua.com",
            "a.xn--p1ai",
            "192.0.2.1",
            "a.0x1",
            "example.com.",
            "a b.com",
        ] {
            assert_eq!(plain_domain(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_short_way_and_the_url_standard_agree(
            any in "\\PC{0,20}",
            near in "([xX][nN]-{1,2}|[a-zA-Z0-9-]){0,8}(\\.([xX][nN]-{1,2}|0x|[a-zA-Z0-9-]){0,8}){0,3}",
            long in "[a-z]{60,66}\\.[a-z0-9]{1,3}",
        ) {
            for text in [any, near, long] {
                if let Some(domain) = plain_domain(&text) {
                    prop_assert_eq!(Some(domain.into_owned()), any_domain(&text), "{}", text);
                }
            }
        }

        #[test]
        fn users_of_ascii_are_in_lower_case(user in "[!-~]{0,20}") {
            let mut out = String::new();
            push_lower_case(&user, &mut out);
            prop_assert_eq!(out, user.to_lowercase());
        }
    }
}
