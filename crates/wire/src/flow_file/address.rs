//! What the address of a request may be: scheme and host stand in the text itself, so that no lead
//! can choose where it is sent.

use domain::Template;
use url::Url;

/// Why a text is not an address to send to.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum AddressFault {
    #[error("the address must begin with http:// or https://, written out")]
    Scheme,
    #[error("the host must be written out, with a / before the first {{{{")]
    OpenHost,
    #[error("{0:?} is not a host")]
    Host(String),
    #[error("the address names a user or a password; send those in a header")]
    User,
    #[error("the address holds {0:?}, which must be percent-encoded")]
    Character(char),
}

/// Looks at the text of a template.
pub(super) fn check(text: &str) -> Result<(), AddressFault> {
    let start = text.split("{{").next().unwrap_or_default();
    let (scheme, rest) = start.split_once("://").ok_or(AddressFault::Scheme)?;
    if !matches!(scheme, "http" | "https") {
        return Err(AddressFault::Scheme);
    }
    for literal in Template::literals(text) {
        if let Some(bad) =
            literal.chars().find(|c| c.is_whitespace() || c.is_control() || "\\\"<>^`{|}".contains(*c))
        {
            return Err(AddressFault::Character(bad));
        }
    }
    let authority = match rest.find(['/', '?', '#']) {
        Some(end) => &rest[..end],
        None if start.len() < text.len() => return Err(AddressFault::OpenHost),
        None => rest,
    };
    if authority.contains('@') {
        return Err(AddressFault::User);
    }
    let host = || AddressFault::Host(authority.chars().take(80).collect());
    let url = Url::parse(&format!("{scheme}://{authority}/")).map_err(|_| host())?;
    let good = url.host_str().is_some_and(|name| !name.is_empty())
        && url.port() != Some(0)
        && !authority.ends_with(':');
    if good { Ok(()) } else { Err(host()) }
}

#[cfg(test)]
mod tests {
    fn check_told(text: &str, wanted: &str) {
        let told = super::check(text).map_or_else(|fault| fault.to_string(), |()| "good".to_owned());
        assert_eq!(told, wanted, "{text}");
    }

    #[test]
    fn scheme_and_host_are_written_out() {
        for text in [
            "https://buyer.example.com",
            "https://buyer.example.com/",
            "http://127.0.0.1:8080/a?b=c&d={{lead.state}}",
            "https://[::1]:8080/a",
            "https://buyer.example.com?x={{ lead.state }}",
            "https://b.example.com/{{lead.state}}/at@sign",
            "https://b.example.com/p?x=1#f",
            "https://b.example.com#{{lead.state}}",
            "https://bücher.example/é",
        ] {
            check_told(text, "good");
        }
        let scheme = "the address must begin with http:// or https://, written out";
        for text in [
            "",
            "buyer.example.com",
            "ftp://a.example.com/",
            "HTTPS://a.example.com",
            "{{lead.url}}",
            "http{{x}}://a.example.com/",
        ] {
            check_told(text, scheme);
        }
        let open = "the host must be written out, with a / before the first {{";
        for text in [
            "https://{{lead.host}}/",
            "https://a.example.com{{lead.x}}",
            "https://a.{{lead.x}}.example.com/",
            "https://a.example.com:{{lead.x}}/",
        ] {
            check_told(text, open);
        }
    }

    #[test]
    fn what_hides_the_host_is_refused() {
        let user = "the address names a user or a password; send those in a header";
        check_told("https://a.example.com@b.example.com/", user);
        check_told("https://user:pass@b.example.com/{{lead.x}}", user);
        check_told(
            "https://a.example.com\\@b.example.com/",
            "the address holds '\\\\', which must be percent-encoded",
        );
        check_told("https://a.example.com/b c", "the address holds ' ', which must be percent-encoded");
        check_told("https://a.example.com/\nb", "the address holds '\\n', which must be percent-encoded");
        check_told("https://a.example.com#@b.example.com/", "good");
        for (text, host) in [
            ("https:///x", ""),
            ("https://a..b:x/", "a..b:x"),
            ("https://a.example.com:99999/", "a.example.com:99999"),
            ("https://a.example.com:0/", "a.example.com:0"),
            ("https://a.example.com:/", "a.example.com:"),
            ("https://[::1/", "[::1"),
            ("https://a%00b/", "a%00b"),
        ] {
            check_told(text, &format!("{host:?} is not a host"));
        }
    }
}
