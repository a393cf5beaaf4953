//! E-mail addresses: their shape, a domain below a public suffix, and what kind of provider it is.

use super::{Parsed, mail_domains, parse_text};
use crate::Value;

/// Longest part before the `@` (RFC 5321 section 4.5.3.1), in bytes.
const USER_BYTES_MAX: usize = 64;
/// Longest whole address (RFC 3696, erratum 1690), in bytes.
const ADDRESS_BYTES_MAX: usize = 254;

/// The normal form is lower-case with an ASCII domain; the component `user` is as typed.
pub(crate) fn parse(raw: &Value) -> Option<Parsed> {
    parse_text(raw, |text| {
        let (user, domain) = split(text)?;
        let normal = format!("{}@{domain}", user.to_lowercase());
        if normal.len() > ADDRESS_BYTES_MAX {
            return None;
        }
        let tld = mail_domains::public_suffix(&domain)?;
        let host = &domain[..domain.len() - tld.len() - 1];
        let components = vec![
            ("user", Value::text(user)),
            ("host", Value::text(host)),
            ("tld", Value::text(tld)),
            ("is_free", Value::from(mail_domains::is_free(&domain))),
            ("is_disposable", Value::from(mail_domains::is_disposable(&domain))),
            ("domain", Value::text(domain.as_str())),
        ];
        Some(Parsed::valid(Value::text(normal), components))
    })
}

/// User and domain of a valid address.
fn split(text: &str) -> Option<(&str, String)> {
    // Blanks beside the @ come from phones that add one after a completed word.
    let (user, domain) = text.trim().split_once('@')?;
    let (user, domain) = (user.trim_end(), domain.trim_start());
    let good = |c: char| {
        c.is_ascii_alphanumeric()
            || "!#$%&'*+-/=?^_`{|}~.".contains(c)
            || (!c.is_ascii() && c.is_alphanumeric())
    };
    let user_is_good = (1..=USER_BYTES_MAX).contains(&user.len())
        && user.chars().all(good)
        && !user.starts_with('.')
        && !user.ends_with('.')
        && !user.contains("..");
    // The lower-case form must be of good characters as well, so that it reads as itself.
    let user_is_good = user_is_good && {
        let lower = user.to_lowercase();
        lower.len() <= USER_BYTES_MAX && lower.chars().all(good)
    };
    if !user_is_good
        || domain.chars().any(|c| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '-' && c != '.')
    {
        return None;
    }
    let ::url::Host::Domain(domain) = ::url::Host::parse(domain).ok()? else { return None };
    let labels: Vec<&str> = domain.split('.').collect();
    let label_is_good = |label: &&str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    (labels.len() >= 2 && labels.iter().all(label_is_good)).then_some((user, domain))
}
