//! The other parties over real connections: HTTP, and mail in `mail`.
//!
//! HTTP/1.1 by hand over hyper, because whether bytes may have been sent decides what a fault means,
//! and only who holds the connection knows. No cookies and no proxies; compression is not asked for, but
//! undone where it comes.

mod connection;
mod exchange;
mod mail;
mod network;
mod pool;
mod redirect;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use domain::FaultKind;
use rustls::pki_types::CertificateDer;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;
use url::Url;
use wire::outbound::{AllowedHosts, MailServer, Mailbox, OutboundRequest, REPLY_BODY_BYTES_MAX, Reply};

use self::connection::{Connector, NOT_PUBLIC, Place};
use self::mail::Mailer;
pub use self::network::{Connecting, Network, Resolving, SystemNetwork};
use self::pool::Pool;
use self::redirect::REDIRECTS_MAX;
pub use self::redirect::Redirect;
use crate::{Answered, Asking, Call, CallFault, MailCall, Parties};

/// What [`HttpParties`] is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpOptions {
    /// Hosts that may be asked though their address is not public: names or addresses as they stand
    /// in URLs, with or without a port.
    pub allow_hosts: Vec<String>,
    /// Authorities whose certificates count besides those of the machine's, each as DER.
    pub authorities: Vec<Vec<u8>>,
    /// The mail server that takes what steps write that name none. It may be anywhere.
    pub mail_server: Option<MailServer>,
    /// Who writes where a step does not say it.
    pub mail_sender: Option<Mailbox>,
    /// Largest body of a reply, in bytes, with and without its compression; a larger one is a fault.
    pub reply_bytes_max: usize,
    /// Most connections to one host that are kept open between two requests.
    pub idle_per_host_max: usize,
    /// Most requests to one host that are under way at a time; others wait within their time limit.
    pub open_per_host_max: usize,
    /// How long a connection is kept open between two requests.
    pub idle_max: Duration,
}

impl Default for HttpOptions {
    fn default() -> HttpOptions {
        HttpOptions {
            allow_hosts: Vec::new(),
            authorities: Vec::new(),
            mail_server: None,
            mail_sender: None,
            reply_bytes_max: REPLY_BODY_BYTES_MAX,
            idle_per_host_max: 64,
            open_per_host_max: 512,
            idle_max: Duration::from_secs(30),
        }
    }
}

/// Asks other parties over HTTP, and writes to them by SMTP.
pub struct HttpParties {
    connector: Connector,
    pool: Pool,
    mailer: Mailer,
    mail_sender: Option<Mailbox>,
    reply_bytes_max: usize,
}

impl fmt::Debug for HttpParties {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpParties").field("reply_bytes_max", &self.reply_bytes_max).finish_non_exhaustive()
    }
}

impl HttpParties {
    /// Reads which authorities the machine trusts, and is ready to ask over its network.
    ///
    /// # Errors
    /// When TLS cannot be set up at all, or an authority is none.
    pub fn new(options: HttpOptions) -> Result<HttpParties, rustls::Error> {
        HttpParties::over(Arc::new(SystemNetwork), options)
    }

    /// The same over another network.
    ///
    /// # Errors
    /// As [`new`](HttpParties::new).
    pub fn over(network: Arc<dyn Network>, options: HttpOptions) -> Result<HttpParties, rustls::Error> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let mailer = Mailer::new(options.mail_server, options.authorities.clone());
        for authority in options.authorities {
            roots.add(CertificateDer::from(authority))?;
        }
        if roots.is_empty() {
            tracing::warn!("This machine trusts no certificate authority; https will fail");
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut tls = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        let allowed_hosts = AllowedHosts::new(options.allow_hosts);
        Ok(HttpParties {
            connector: Connector::new(network, TlsConnector::from(Arc::new(tls)), allowed_hosts),
            pool: Pool::new(options.idle_per_host_max, options.open_per_host_max, options.idle_max),
            mailer,
            mail_sender: options.mail_sender,
            reply_bytes_max: options.reply_bytes_max,
        })
    }

    /// The last reply; those before it that sent the request on are added to `redirects`, also when
    /// a fault comes after them.
    async fn ask_until(
        &self,
        mut request: OutboundRequest,
        deadline: Instant,
        redirects: &mut Vec<Redirect>,
    ) -> Result<Reply, Fault> {
        let mut url = Url::parse(&request.url)
            .map_err(|_| Fault::new(FaultKind::Connect, "the address is not one of the web"))?;
        loop {
            let asked = self.exchange(&url, &request, deadline).await;
            let reply = if redirects.is_empty() { asked? } else { asked.map_err(Fault::after_a_redirect)? };
            let Some((next_url, next)) = redirect::next(&request, &url, &reply)? else { return Ok(reply) };
            if redirects.len() == REDIRECTS_MAX {
                return Err(Fault::new(FaultKind::Reply, format!("more than {REDIRECTS_MAX} redirects")));
            }
            redirects.push(Redirect::new(reply, &next));
            (url, request) = (next_url, next);
        }
    }

    /// One request and its reply. A connection that was kept may have been closed meanwhile: as long
    /// as nothing was sent on it, the next one is tried.
    async fn exchange(
        &self,
        url: &Url,
        request: &OutboundRequest,
        deadline: Instant,
    ) -> Result<Reply, Fault> {
        let place = Place::of(url)?;
        let _turn = self.pool.turn(&place, deadline).await?;
        while let Some(mut kept) = self.pool.take(&place) {
            match exchange::send(&mut kept, url, request, deadline, self.reply_bytes_max).await {
                exchange::Sent::Replied(reply) => {
                    self.pool.put(&place, kept);
                    return Ok(reply);
                }
                exchange::Sent::Failed(fault) => return Err(fault),
                exchange::Sent::Nothing => {}
            }
        }
        let mut fresh = self.connector.connect(&place, deadline).await?;
        match exchange::send(&mut fresh, url, request, deadline, self.reply_bytes_max).await {
            exchange::Sent::Replied(reply) => {
                self.pool.put(&place, fresh);
                Ok(reply)
            }
            exchange::Sent::Failed(fault) => Err(fault),
            exchange::Sent::Nothing => {
                Err(Fault::new(FaultKind::Connect, "the connection was closed before anything was sent"))
            }
        }
    }
}

impl Parties for HttpParties {
    fn ask(&self, call: Call) -> Asking<'_> {
        self.fetch(call.request, call.time_limit)
    }

    fn fetch(&self, request: OutboundRequest, time_limit: Duration) -> Asking<'_> {
        Box::pin(async move {
            let start = Instant::now();
            let mut redirects = Vec::new();
            let asked = self.ask_until(request, start + time_limit, &mut redirects).await;
            let waited = start.elapsed();
            match asked {
                Ok(reply) => Ok(Answered { reply, redirects, waited }),
                Err(Fault { kind, detail }) => {
                    Err(CallFault { redirects, ..CallFault::new(kind, detail, waited) })
                }
            }
        })
    }

    fn mail(&self, call: MailCall) -> Asking<'_> {
        Box::pin(async move {
            let start = Instant::now();
            let sent =
                self.mailer.send(&self.connector, &self.pool, &call.mail, start + call.time_limit).await;
            let waited = start.elapsed();
            match sent {
                Ok(reply) => Ok(Answered { reply, redirects: Vec::new(), waited }),
                Err(Fault { kind, detail }) => Err(CallFault::new(kind, detail, waited)),
            }
        })
    }

    fn mail_sender(&self) -> Option<&Mailbox> {
        self.mail_sender.as_ref()
    }

    fn allowed_hosts(&self) -> Option<&AllowedHosts> {
        Some(&self.connector.allowed_hosts)
    }
}

/// Why there is no reply.
#[derive(Debug)]
struct Fault {
    kind: FaultKind,
    detail: String,
}

impl Fault {
    fn new(kind: FaultKind, detail: impl Into<String>) -> Fault {
        Fault { kind, detail: detail.into() }
    }

    /// The first server has the request, so that "nothing was sent" is true of the next one alone.
    fn after_a_redirect(self) -> Fault {
        if self.detail == NOT_PUBLIC {
            let detail = "a redirect to an address that is not public is not followed; allow its host with --allow-host";
            return Fault::new(FaultKind::Reply, detail);
        }
        let kind = match self.kind {
            FaultKind::Dns | FaultKind::Connect | FaultKind::Tls => FaultKind::Unknown,
            kind @ (FaultKind::Timeout
            | FaultKind::Auth
            | FaultKind::Status
            | FaultKind::Reply
            | FaultKind::Unknown
            | FaultKind::Limit
            | FaultKind::Circuit) => kind,
        };
        Fault { kind, detail: format!("after a redirect: {}", self.detail) }
    }
}
