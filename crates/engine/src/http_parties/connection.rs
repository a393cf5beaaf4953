//! Connections: resolved, checked and opened.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use domain::FaultKind;
use http_body_util::Full;
use hyper::body::Bytes;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use rustls::CertificateError;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_util::task::AbortOnDropHandle;
use url::{Host, Url};
use wire::outbound::{AllowedHosts, MailSecurity, MailServer, is_public};

use super::{Fault, Network};

/// Most addresses of one host that are tried.
const ADDRESSES_MAX: usize = 8;
/// Largest head of a reply, in bytes.
pub(super) const HEAD_BYTES_MAX: usize = 64 * 1024;
/// Most headers of a reply.
const HEADERS_MAX: usize = 256;

/// Why a host is not asked.
pub(super) const NOT_PUBLIC: &str = "the address of the host is not public; allow it with --allow-host";

/// Where a connection goes.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Place {
    is_tls: bool,
    host: Host<String>,
    port: u16,
}

impl Place {
    pub(super) fn of(url: &Url) -> Result<Place, Fault> {
        let no_host = || Fault::new(FaultKind::Connect, "the address is not one of the web");
        let is_tls = match url.scheme() {
            "http" => false,
            "https" => true,
            _ => return Err(no_host()),
        };
        let host = url.host().ok_or_else(no_host)?.to_owned();
        let port = url.port_or_known_default().ok_or_else(no_host)?;
        Ok(Place { is_tls, host, port })
    }
}

impl From<&MailServer> for Place {
    fn from(server: &MailServer) -> Place {
        let is_tls = server.security == MailSecurity::Tls;
        Place { is_tls, host: server.host.clone(), port: server.port }
    }
}

/// An open connection. Ends its task when it is dropped.
pub(super) struct Connection {
    pub(super) sender: SendRequest<Full<Bytes>>,
    _task: AbortOnDropHandle<()>,
}

/// Opens connections.
pub(super) struct Connector {
    network: Arc<dyn Network>,
    tls: TlsConnector,
    pub(super) allowed_hosts: AllowedHosts,
}

impl Connector {
    pub(super) fn new(
        network: Arc<dyn Network>,
        tls: TlsConnector,
        allowed_hosts: AllowedHosts,
    ) -> Connector {
        Connector { network, tls, allowed_hosts }
    }

    /// Resolves, checks and connects. Nothing of a request is sent, whatever comes of it.
    pub(super) async fn connect(&self, place: &Place, deadline: Instant) -> Result<Connection, Fault> {
        let stream = self.reach(place, self.is_allowed(place), deadline).await?;
        if !place.is_tls {
            return handshake(stream).await;
        }
        handshake(self.encrypt(place, stream, deadline).await?).await
    }

    /// Resolves, checks and opens a connection; `is_allowed` says whether its address may be any.
    pub(super) async fn reach(
        &self,
        place: &Place,
        is_allowed: bool,
        deadline: Instant,
    ) -> Result<TcpStream, Fault> {
        let addresses = timeout_at(deadline, self.addresses(place, is_allowed))
            .await
            .map_err(|_| late(FaultKind::Dns, "resolving the name"))??;
        let stream = self.open(&addresses, deadline).await?;
        // Small requests are not held back to be sent together.
        let _ = stream.set_nodelay(true);
        Ok(stream)
    }

    /// Encrypts a connection, with a certificate that is right for its place.
    pub(super) async fn encrypt(
        &self,
        place: &Place,
        stream: TcpStream,
        deadline: Instant,
    ) -> Result<TlsStream<TcpStream>, Fault> {
        let name = match &place.host {
            Host::Domain(name) => ServerName::try_from(name.clone()).map_err(|_| {
                Fault::new(FaultKind::Tls, "the host has no name that a certificate can bear")
            })?,
            Host::Ipv4(address) => ServerName::IpAddress(IpAddr::V4(*address).into()),
            Host::Ipv6(address) => ServerName::IpAddress(IpAddr::V6(*address).into()),
        };
        timeout_at(deadline, self.tls.connect(name, stream))
            .await
            .map_err(|_| late(FaultKind::Tls, "the TLS handshake"))?
            .map_err(|error| Fault::new(FaultKind::Tls, tls_detail(&error)))
    }

    /// The addresses of a host that may be asked. The name is looked up this once; whoever connects takes
    /// one of these.
    async fn addresses(&self, place: &Place, is_allowed: bool) -> Result<Vec<SocketAddr>, Fault> {
        let found: Vec<SocketAddr> = match &place.host {
            Host::Ipv4(address) => vec![SocketAddr::new(IpAddr::V4(*address), place.port)],
            Host::Ipv6(address) => vec![SocketAddr::new(IpAddr::V6(*address), place.port)],
            Host::Domain(name) => {
                let found = self.network.resolve(name, place.port).await;
                found.map_err(|_| Fault::new(FaultKind::Dns, "the name of the host does not resolve"))?
            }
        };
        if found.is_empty() {
            return Err(Fault::new(FaultKind::Dns, "the name of the host has no address"));
        }
        let addresses: Vec<SocketAddr> = found
            .into_iter()
            .filter(|found| is_allowed || is_public(found.ip()))
            .take(ADDRESSES_MAX)
            .collect();
        if addresses.is_empty() {
            return Err(Fault::new(FaultKind::Connect, NOT_PUBLIC));
        }
        Ok(addresses)
    }

    /// Connects to the first address that answers; each gets its share of the time that is left.
    async fn open(&self, addresses: &[SocketAddr], deadline: Instant) -> Result<TcpStream, Fault> {
        let mut last = "no connection within the time limit".to_owned();
        for (at, address) in addresses.iter().enumerate() {
            let left = deadline.saturating_duration_since(Instant::now());
            let share = left / u32::try_from(addresses.len() - at).unwrap_or(1);
            match timeout_at(Instant::now() + share, self.network.connect(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = connect_detail(&error).to_owned(),
                Err(_) => "no connection within the time limit".clone_into(&mut last),
            }
        }
        Err(Fault::new(FaultKind::Connect, last))
    }

    /// Whether a place may be asked though its address is not public.
    pub(super) fn is_allowed(&self, place: &Place) -> bool {
        self.allowed_hosts.hold(&place.host, place.port)
    }
}

fn late(kind: FaultKind, what: &str) -> Fault {
    Fault::new(kind, format!("{what} took longer than the time limit"))
}

fn connect_detail(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::ConnectionRefused => "connection refused",
        io::ErrorKind::HostUnreachable | io::ErrorKind::NetworkUnreachable => "the host cannot be reached",
        io::ErrorKind::TimedOut => "no connection within the system's time",
        _ => "no connection",
    }
}

const NOT_TRUSTED: &str =
    "the certificate of the host is self-signed, or from an authority that this machine does not trust";

/// A word on why TLS failed, without anything that the other side sent.
fn tls_detail(error: &io::Error) -> &'static str {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match inner {
        Some(rustls::Error::InvalidCertificate(error)) => match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
                "the certificate of the host has expired"
            }
            CertificateError::UnknownIssuer => NOT_TRUSTED,
            // What the usual commands make that sign a certificate by itself.
            CertificateError::Other(other) if other.to_string() == "CaUsedAsEndEntity" => NOT_TRUSTED,
            CertificateError::BadSignature => {
                "the certificate of the host is not signed by the authority that it names"
            }
            _ => "the certificate of the host is not valid for it",
        },
        Some(_) => "the TLS handshake failed",
        None => "the connection was closed during the TLS handshake",
    }
}

async fn handshake<S>(stream: S) -> Result<Connection, Fault>
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .title_case_headers(true)
        .max_header_size(HEAD_BYTES_MAX)
        .max_headers(HEADERS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| Fault::new(FaultKind::Connect, "the connection was closed before anything was sent"))?;
    let task = tokio::spawn(async move {
        // Its end, good or bad, is told to who waits for a reply.
        let _ = connection.await;
    });
    Ok(Connection { sender, _task: AbortOnDropHandle::new(task) })
}
