//! Mail servers by their address: `smtps://mail.example.com`, `smtp://mail.example.com:587`.

use std::fmt;

use lettre::Address;
use lettre::message::Mailbox;
use percent_encoding::percent_decode_str;
use url::{Host, Url};

/// A mail server and how it is spoken to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MailServer {
    /// Its name or address.
    pub host: Host<String>,
    /// Its port.
    pub port: u16,
    /// How the connection is encrypted.
    pub security: MailSecurity,
    /// Who sends; none where the server asks nobody.
    pub password: Option<MailPassword>,
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MailSecurity {
    /// From its beginning (RFC 8314): `smtps://`.
    Tls,
    /// Once the server was greeted, without fail (RFC 3207): `smtp://`.
    StartTls,
    /// Not at all: `smtp://…?tls=none`.
    Plain,
}

/// User and password of a mail server.
#[derive(Clone, PartialEq, Eq)]
pub struct MailPassword {
    /// The user.
    pub user: String,
    /// The password; never shown.
    pub password: String,
}

impl fmt::Debug for MailPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailPassword(…)")
    }
}

/// Why a text is not the address of a mail server. Says nothing of a password in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a mail server is like smtps://mail.example.com or smtp://mail.example.com:587, and this {0}")]
pub struct MailServerError(&'static str);

impl MailServer {
    /// Reads `smtps://host`, `smtp://host` (encrypted as well, once greeted) or `smtp://host?tls=none`,
    /// with a port (465 by `smtps`, 587 by `smtp`, 25 without encryption) and `user:password@` where they
    /// are needed.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(text: &str) -> Result<MailServer, MailServerError> {
        let url = Url::parse(text).map_err(|_| MailServerError("is no address"))?;
        let tls = match url.query() {
            None => true,
            Some("tls=none") => false,
            Some(_) => return Err(MailServerError("has something behind ? that is not tls=none")),
        };
        let (security, port) = match (url.scheme(), tls) {
            ("smtps", true) => (MailSecurity::Tls, 465),
            ("smtps", false) => return Err(MailServerError("is encrypted, yet says tls=none")),
            ("smtp", true) => (MailSecurity::StartTls, 587),
            ("smtp", false) => (MailSecurity::Plain, 25),
            _ => return Err(MailServerError("begins otherwise")),
        };
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(MailServerError("has a path"));
        }
        // Of a scheme that browsers do not know the host is not read yet.
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(MailServerError("has no host"))?;
        let host = Host::parse(host).map_err(|_| MailServerError("has a host that is none"))?;
        let port = url.port().unwrap_or(port);
        if port == 0 {
            return Err(MailServerError("has the port 0"));
        }
        let plain = |text: &str| {
            let text = percent_decode_str(text).decode_utf8();
            text.map(std::borrow::Cow::into_owned).map_err(|_| MailServerError("has a user that is no text"))
        };
        let password = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) => return Err(MailServerError("has a password without a user")),
            (_, None) => return Err(MailServerError("has a user without a password")),
            (user, Some(password)) => Some(MailPassword { user: plain(user)?, password: plain(password)? }),
        };
        Ok(MailServer { host, port, security, password })
    }
}

impl fmt::Display for MailServer {
    /// Without user and password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (scheme, end) = match self.security {
            MailSecurity::Tls => ("smtps", ""),
            MailSecurity::StartTls => ("smtp", ""),
            MailSecurity::Plain => ("smtp", "?tls=none"),
        };
        write!(f, "{scheme}://{}:{}{end}", self.host, self.port)
    }
}

/// A mailbox, such as `Roofs of Texas <desk@example.com>`, in letters that every mail server takes.
pub fn mailbox(text: &str) -> Option<Mailbox> {
    let mailbox: Mailbox = text.parse().ok()?;
    Some(Mailbox { email: ascii_address(mailbox.email.as_ref())?, ..mailbox })
}

/// An address in letters that every mail server takes: the name of the host as DNS has it.
pub(super) fn ascii_address(text: &str) -> Option<Address> {
    let (user, domain) = text.rsplit_once('@')?;
    // Quotes would let anything stand in an address, and few servers agree on them.
    let is_mark = |byte: u8| b"\"<>(),:;\\[]@".contains(&byte);
    let is_plain = !user.is_empty() && user.bytes().all(|byte| byte.is_ascii_graphic() && !is_mark(byte));
    let domain =
        if domain.starts_with('[') { domain.to_owned() } else { Host::parse(domain).ok()?.to_string() };
    if is_plain { Address::new(user, domain).ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, wanted: &str) {
        let told = match MailServer::read(text) {
            Ok(server) => {
                let user = server.password.as_ref().map(|own| format!(" {} {}", own.user, own.password));
                format!("{server}{}", user.unwrap_or_default())
            }
            Err(MailServerError(what)) => what.to_owned(),
        };
        assert_eq!(told, wanted, "{text}");
    }

    #[test]
    fn a_mail_server_is_read_from_its_address() {
        check("smtps://mail.example.com", "smtps://mail.example.com:465");
        check("smtp://mail.example.com/", "smtp://mail.example.com:587");
        check("smtp://127.0.0.1:2525?tls=none", "smtp://127.0.0.1:2525?tls=none");
        check("smtp://[::1]?tls=none", "smtp://[::1]:25?tls=none");
        check(
            "smtps://ann%40example.com:p%3Aw@mail.example.com",
            "smtps://mail.example.com:465 ann@example.com p:w",
        );
        check("https://mail.example.com", "begins otherwise");
        check("mail.example.com", "is no address");
        check("smtp://", "has no host");
        check("smtp://mail.example.com/x", "has a path");
        check("smtp://mail.example.com?tls=maybe", "has something behind ? that is not tls=none");
        check("smtps://mail.example.com?tls=none", "is encrypted, yet says tls=none");
        check("smtp://ann@mail.example.com", "has a user without a password");
        check("smtp://a_b c/", "is no address");
    }

    #[test]
    fn a_password_is_never_shown() {
        let server = MailServer::read("smtps://ann:hush-hush@mail.example.com").unwrap();
        assert!(!format!("{server} {server:?}").contains("hush"));
    }

    #[test]
    fn mailboxes_are_ascii_where_servers_look() {
        let told = |text: &str| mailbox(text).map(|mailbox| (mailbox.name, mailbox.email.to_string()));
        let named = (Some("Zoë".to_owned()), "desk@xn--bcher-kva.example".to_owned());
        assert_eq!(told("Zoë <desk@bücher.example>"), Some(named));
        assert_eq!(told("desk@example.com"), Some((None, "desk@example.com".to_owned())));
        for wrong in [
            "zoë@example.com",
            "desk",
            "a@b, c@d",
            "",
            "a b@example.com",
            "a@b\r\nRCPT TO:<c@d>",
            "\"a>b\"@example.com",
        ] {
            assert_eq!(told(wrong), None, "{wrong}");
        }
    }
}
