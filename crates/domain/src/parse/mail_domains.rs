//! What is known of domains of mail: public suffixes, and lists of providers (`data/README.md`
//! tells where they are from).

use std::collections::HashSet;
use std::sync::LazyLock;

use psl::{List, Psl, Type};

/// The suffix under which a registry hands out domains, such as `com` or `co.uk`; nothing when none
/// is known, or when the domain has no name below it. Those of companies, such as `github.io`, do
/// not count.
pub(crate) fn public_suffix(domain: &str) -> Option<&str> {
    let mut rest = domain;
    loop {
        let suffix = List.suffix(rest.as_bytes())?;
        let suffix_bytes = suffix.as_bytes().len();
        match suffix.typ()? {
            Type::Icann => {
                let at = domain.len().checked_sub(suffix_bytes + 1).filter(|at| *at > 0)?;
                return domain.get(at + 1..);
            }
            // `github.io` is a company's: look below it.
            Type::Private => {
                (_, rest) = rest.get(rest.len().checked_sub(suffix_bytes)?..)?.split_once('.')?;
            }
        }
    }
}

/// What kind of provider has mailboxes that anybody can get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    /// Made to be thrown away.
    Disposable,
    /// For nothing, and to keep.
    Free,
}

/// The kind of provider that a domain, or one above it, is known to be.
pub(super) fn provider(domain: &str) -> Option<Provider> {
    if parents(domain).any(|domain| DISPOSABLE.contains(domain)) {
        return Some(Provider::Disposable);
    }
    parents(domain).any(|domain| FREE.contains(domain)).then_some(Provider::Free)
}

/// Whether the domain is itself on the list of providers that anybody can have a mailbox of. A
/// domain below one is not: its name can be that of a person.
pub(crate) fn is_provider(domain: &str) -> bool {
    FREE.contains(domain)
}

/// `a.b.example`, `b.example`, and so on; never a single word.
fn parents(domain: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(domain), |domain| domain.split_once('.').map(|(_, rest)| rest))
        .filter(|domain| domain.contains('.'))
}

static DISPOSABLE: LazyLock<HashSet<&str>> =
    LazyLock::new(|| include_str!("../../data/mail_domains/disposable.txt").lines().collect());
static FREE: LazyLock<HashSet<&str>> = LazyLock::new(|| {
    let more = include_str!("../../data/mail_domains/free_more.txt");
    include_str!("../../data/mail_domains/free.txt").lines().chain(more.lines()).collect()
});

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_domain_is_on_both_lists_and_all_are_domains() {
        assert_eq!(FREE.intersection(&DISPOSABLE).collect::<Vec<_>>(), Vec::<&&str>::new());
        assert!(FREE.len() > 4_000 && DISPOSABLE.len() > 10_000);
        for domain in FREE.union(&DISPOSABLE) {
            assert!(domain.contains('.') && !domain.contains(char::is_whitespace), "{domain:?}");
            assert!(provider(domain).is_some(), "{domain}");
        }
    }

    #[test]
    fn suffixes_are_those_of_registries() {
        for (domain, suffix) in [
            ("example.com", Some("com")),
            ("mail.example.co.uk", Some("co.uk")),
            ("ann.github.io", Some("io")),
            ("xn--exmple-cua.com", Some("com")),
            ("example.xn--p1ai", Some("xn--p1ai")),
            ("co.uk", None),
            ("com", None),
            ("example.c0m", None),
            ("example.nosuchsuffix", None),
        ] {
            assert_eq!(public_suffix(domain), suffix, "{domain}");
        }
    }
}
