//! One message handed to a mail server (RFC 5321). lettre speaks the protocol; the connection is opened here,
//! as for every other party, and the commands are given one by one, because until the text of the message is
//! sent nobody has it.

use std::collections::HashMap;
use std::error::Error as _;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use std::{fmt, io};

use domain::FaultKind;
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{
    AsyncSmtpConnection, AsyncTokioStream, Certificate, TlsParameters, TlsParametersBuilder,
};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::ClientId;
use lettre::transport::smtp::response::Response;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;
use wire::outbound::{MailSecurity, MailServer, OutboundMail, Reply};

use super::Fault;
use super::connection::{Connector, Place};
use super::pool::Pool;
use crate::parties::NO_MAIL_SERVER;

/// Longest wait for a server to say goodbye, when it has the message.
const GOODBYE_MAX: Duration = Duration::from_millis(250);
/// Most servers whose trusted authorities are kept.
const SERVERS_MAX: usize = 100;

/// Hands messages to mail servers.
pub(super) struct Mailer {
    /// The server of the installation.
    own: Option<MailServer>,
    /// Authorities that count besides the machine's, each as DER.
    authorities: Vec<Vec<u8>>,
    /// What a greeted server is encrypted with, by its host: reading the machine's authorities takes a while.
    tls: Mutex<HashMap<String, TlsParameters>>,
}

/// A refusal or a fault on the way.
enum Broken {
    /// The server said so.
    Said(Reply),
    Fault(Fault),
}

impl Mailer {
    pub(super) fn new(own: Option<MailServer>, authorities: Vec<Vec<u8>>) -> Mailer {
        Mailer { own, authorities, tls: Mutex::default() }
    }

    /// Sends one message. What the server says last is the reply, be it a no.
    pub(super) async fn send(
        &self,
        connector: &Connector,
        pool: &Pool,
        mail: &OutboundMail,
        deadline: Instant,
    ) -> Result<Reply, Fault> {
        let (server, is_own) = match (&mail.server, &self.own) {
            (Some(server), _) => (server, false),
            (None, Some(own)) => (own, true),
            (None, None) => return Err(Fault::new(FaultKind::Connect, NO_MAIL_SERVER)),
        };
        let message = mail.message().map_err(|error| Fault::new(FaultKind::Connect, error.to_string()))?;
        let place = Place::from(server);
        let is_allowed = is_own || connector.is_allowed(&place);
        let _turn = pool.turn(&place, deadline).await?;
        let stream = connector.reach(&place, is_allowed, deadline).await?;
        let hello = hello(&stream);
        let stream: Box<dyn AsyncTokioStream> = match server.security {
            MailSecurity::Tls => Box::new(Encrypted(connector.encrypt(&place, stream, deadline).await?)),
            MailSecurity::StartTls | MailSecurity::Plain => Box::new(stream),
        };
        let begun = AtomicBool::new(false);
        let talk = self.talk(server, stream, hello, mail, &message, &begun);
        match timeout_at(deadline, talk).await {
            Ok(Ok(reply) | Err(Broken::Said(reply))) => Ok(reply),
            Ok(Err(Broken::Fault(fault))) => Err(fault),
            Err(_) if begun.load(Ordering::Relaxed) => {
                Err(Fault::new(FaultKind::Timeout, "no answer to the message within the time limit"))
            }
            Err(_) => {
                let detail = "the mail server was not ready for the message within the time limit";
                Err(Fault::new(FaultKind::Connect, detail))
            }
        }
    }

    /// `begun` turns true before the text of the message is sent.
    async fn talk(
        &self,
        server: &MailServer,
        stream: Box<dyn AsyncTokioStream>,
        hello: ClientId,
        mail: &OutboundMail,
        message: &[u8],
        begun: &AtomicBool,
    ) -> Result<Reply, Broken> {
        let mut server_side =
            AsyncSmtpConnection::connect_with_transport(stream, &hello).await.map_err(before)?;
        if server.security == MailSecurity::StartTls {
            let tls = self.tls(server)?;
            if !server_side.can_starttls() {
                let detail = "the mail server does not encrypt (STARTTLS); ?tls=none sends all the same";
                return Err(Broken::Fault(Fault::new(FaultKind::Tls, detail)));
            }
            server_side.starttls(tls, &hello).await.map_err(in_tls)?;
        }
        if let Some(own) = &server.password {
            let credentials = Credentials::new(own.user.clone(), own.password.clone());
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            server_side.auth(&mechanisms, &credentials).await.map_err(in_auth)?;
        }
        server_side.command(Mail::new(Some(mail.from.email.clone()), vec![])).await.map_err(before)?;
        for address in mail.recipients() {
            server_side.command(Rcpt::new(address.clone(), vec![])).await.map_err(before)?;
        }
        server_side.command(Data).await.map_err(before)?;
        begun.store(true, Ordering::Relaxed);
        let response = server_side.message(message).await.map_err(after)?;
        let _ = tokio::time::timeout(GOODBYE_MAX, server_side.quit()).await;
        Ok(taken(&response))
    }

    fn tls(&self, server: &MailServer) -> Result<TlsParameters, Broken> {
        let host = server.host.to_string();
        let mut known = self.tls.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tls) = known.get(&host) {
            return Ok(tls.clone());
        }
        let mut builder = TlsParameters::builder(host.clone());
        for authority in &self.authorities {
            let authority = Certificate::from_der(authority.clone());
            builder = authority.into_iter().fold(builder, TlsParametersBuilder::add_root_certificate);
        }
        let tls = builder.build_rustls();
        let tls = tls.map_err(|_| Broken::Fault(Fault::new(FaultKind::Tls, "TLS cannot be set up")))?;
        if known.len() < SERVERS_MAX {
            known.insert(host, tls.clone());
        }
        Ok(tls)
    }
}

/// Our own address, as a greeting has it where no name is sure.
fn hello(stream: &TcpStream) -> ClientId {
    match stream.local_addr() {
        Ok(SocketAddr::V4(address)) => ClientId::Ipv4(*address.ip()),
        Ok(SocketAddr::V6(address)) => ClientId::Ipv6(*address.ip()),
        Err(_) => ClientId::default(),
    }
}

fn taken(response: &Response) -> Reply {
    let words: Vec<&str> = response.message().collect();
    Reply { status: response.code().into(), headers: Vec::new(), body: words.join(" ").into_bytes() }
}

/// What went wrong as long as nobody has the message.
fn before(error: SmtpError) -> Broken {
    said(&error).unwrap_or_else(|| {
        let detail = if error.is_response() {
            "the mail server does not speak SMTP, or closed the connection"
        } else {
            "the connection to the mail server broke off before the message was sent"
        };
        Broken::Fault(Fault::new(FaultKind::Connect, detail))
    })
}

fn in_tls(error: SmtpError) -> Broken {
    let detail = "the mail server's certificate is not trusted, or TLS failed";
    said(&error).unwrap_or_else(|| Broken::Fault(Fault::new(FaultKind::Tls, detail)))
}

fn in_auth(error: SmtpError) -> Broken {
    let detail = if error.is_permanent() {
        "the mail server refuses user and password"
    } else if error.is_client() {
        "the mail server takes no password as PLAIN or LOGIN"
    } else {
        return before(error);
    };
    Broken::Fault(Fault::new(FaultKind::Auth, detail))
}

/// What went wrong once the server may have the message.
fn after(error: SmtpError) -> Broken {
    let detail = "the connection to the mail server broke off before it said that it has the message";
    said(&error).unwrap_or_else(|| Broken::Fault(Fault::new(FaultKind::Unknown, detail)))
}

/// A no, now or for ever, in the server's words.
fn said(error: &SmtpError) -> Option<Broken> {
    let status = u16::from(error.status()?);
    let words = error.source().map(ToString::to_string).unwrap_or_default();
    Some(Broken::Said(Reply { status, headers: Vec::new(), body: words.into_bytes() }))
}

/// An encrypted connection, as lettre wants one.
struct Encrypted(TlsStream<TcpStream>);

impl fmt::Debug for Encrypted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Encrypted(…)")
    }
}

impl AsyncTokioStream for Encrypted {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.0.get_ref().0.peer_addr()
    }
}

impl AsyncRead for Encrypted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(context, buffer)
    }
}

impl AsyncWrite for Encrypted {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(context)
    }
}
