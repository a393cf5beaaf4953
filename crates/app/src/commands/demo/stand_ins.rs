//! The services and buyers of the live part: servers on the loopback address, asked over real HTTP,
//! that play the same script as the history.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use bytes::Bytes;
use domain::AddressRange;
use engine::{Asking, Call, Clock as _, MailCall, Parties, SystemClock};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::debug;
use url::Url;
use wire::outbound::{AllowedHosts, MailServer, Mailbox, mailbox};

use super::parties::{HOSTS, Question, Report, Script};

/// Largest request that is read.
const BODY_BYTES_MAX: usize = 1 << 20;
/// How long to wait after a connection could not be accepted.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Takes in what buyers have to say later on.
pub(super) type Hear = Arc<dyn Fn(Report) + Send + Sync>;

/// Opens the servers on a free port. They run until `stop`.
pub(super) async fn open(
    script: Script,
    hear: Hear,
    stop: CancellationToken,
) -> anyhow::Result<(SocketAddr, impl Future<Output = ()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.context("cannot open a port for the buyers of the demo")?;
    let address = listener.local_addr()?;
    let serving = accept(listener, stop, move |stream| {
        let hear = Arc::clone(&hear);
        let service = service_fn(move |request| answer(script, Arc::clone(&hear), request));
        let builder = http1::Builder::new().timer(TokioTimer::new()).clone();
        async move {
            if let Err(error) = builder.serve_connection(TokioIo::new(stream), service).await {
                debug!("A connection to a stand-in ended: {error}");
            }
        }
    });
    Ok((address, serving))
}

/// Serves each connection that comes, until `stop`.
async fn accept<F: Future<Output = ()> + Send + 'static>(
    listener: TcpListener,
    stop: CancellationToken,
    serve: impl Fn(TcpStream) -> F,
) {
    let mut connections = JoinSet::new();
    loop {
        // Dropping an `accept` half-way loses nothing: the connection stays queued.
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        match accepted {
            Ok((stream, _)) => drop(connections.spawn(serve(stream))),
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
}

/// What the mail server says once it has a message.
pub(super) const MAIL_TAKEN: &str = "OK: queued";

/// Who writes the mail of the demo.
pub(super) fn mail_sender() -> anyhow::Result<Mailbox> {
    mailbox("Glassline demo <leads@example.com>").context("the sender of the demo is no mailbox")
}

/// The machine itself: those behind the demo's own door say for whom they send.
pub(super) fn loopback() -> Vec<AddressRange> {
    vec!["127.0.0.0/8".parse().expect("it is a range")]
}

/// Opens a mail server on a free port, which takes every message and keeps none. It runs until `stop`.
pub(super) async fn open_mail(
    stop: CancellationToken,
) -> anyhow::Result<(MailServer, impl Future<Output = ()>)> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
    let listener = listener.context("cannot open a port for the mail server of the demo")?;
    let address = MailServer::read(&format!("smtp://{}?tls=none", listener.local_addr()?))?;
    let serving = accept(listener, stop, |stream| async move {
        if let Err(error) = take_mail(stream).await {
            debug!("A connection to the mail server of the demo ended: {error}");
        }
    });
    Ok((address, serving))
}

/// Speaks as much SMTP as taking messages needs.
async fn take_mail(stream: TcpStream) -> std::io::Result<()> {
    let (lines, mut answers) = stream.into_split();
    let mut lines = BufReader::new(lines.take(BODY_BYTES_MAX as u64)).lines();
    answers.write_all(b"220 mail.example.com\r\n").await?;
    let mut in_message = false;
    while let Some(line) = lines.next_line().await? {
        let verb = line.split(' ').next().unwrap_or_default().to_ascii_uppercase();
        let answer = match (in_message, &*verb) {
            (true, ".") => {
                in_message = false;
                format!("250 {MAIL_TAKEN}\r\n")
            }
            (true, _) => continue,
            (false, "DATA") => {
                in_message = true;
                "354 Go on\r\n".to_owned()
            }
            (false, "QUIT") => {
                answers.write_all(b"221 Bye\r\n").await?;
                return Ok(());
            }
            (false, "EHLO" | "HELO" | "MAIL" | "RCPT" | "RSET" | "NOOP") => "250 OK\r\n".to_owned(),
            (false, _) => "502 Not known here\r\n".to_owned(),
        };
        answers.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// Plays the host that is the first part of the path.
async fn answer(
    script: Script,
    hear: Hear,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (parts, body) = request.into_parts();
    let plain = |status, text: &'static str| {
        let mut response = Response::new(Full::new(Bytes::from_static(text.as_bytes())));
        *response.status_mut() = status;
        Ok(response)
    };
    let Ok(body) = Limited::new(body, BODY_BYTES_MAX).collect().await else {
        return plain(StatusCode::BAD_REQUEST, "the body cannot be read");
    };
    let (host, path) = match parts.uri.path().trim_start_matches('/').split_once('/') {
        Some((host, path)) => (host, format!("/{path}")),
        None => ("", String::new()),
    };
    let headers: Vec<(String, String)> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.to_string(), value.to_str().ok()?.to_owned())))
        .collect();
    let query = parts.uri.query().unwrap_or_default();
    let question = Question::read(host, &path, query, &headers, &body.to_bytes());
    let Some(performance) = script.perform(&question, SystemClock::default().now()) else {
        return plain(StatusCode::NOT_FOUND, "nobody is played here");
    };
    tokio::time::sleep(performance.delay).await;
    if let Some(report) = performance.report {
        hear(report);
    }
    let mut response = Response::builder().status(performance.reply.status);
    for (name, value) in performance.reply.headers {
        response = response.header(name, value);
    }
    match response.body(Full::new(Bytes::from(performance.reply.body))) {
        Ok(response) => Ok(response),
        Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR, "the script makes no sense"),
    }
}

/// Asks the stand-ins where a flow names a host of the demo, and everybody else as always: a flow
/// of one's own works in the demo as well.
#[derive(Debug)]
pub(super) struct Redirected {
    pub(super) parties: Arc<dyn Parties>,
    pub(super) stand_ins: SocketAddr,
}

impl Parties for Redirected {
    fn ask(&self, mut call: Call) -> Asking<'_> {
        if let Some(url) = redirect(&call.request.url, self.stand_ins) {
            call.request.url = url;
        }
        self.parties.ask(call)
    }

    fn mail(&self, call: MailCall) -> Asking<'_> {
        self.parties.mail(call)
    }

    fn mail_sender(&self) -> Option<&Mailbox> {
        self.parties.mail_sender()
    }

    fn allowed_hosts(&self) -> Option<&AllowedHosts> {
        self.parties.allowed_hosts()
    }
}

/// `https://host/path` as `http://127.0.0.1:port/host/path`, for hosts of the demo.
fn redirect(url: &str, stand_ins: SocketAddr) -> Option<String> {
    let address: Url = url.parse().ok()?;
    let host = address.host_str().filter(|host| HOSTS.contains(host))?;
    let query = address.query().map_or(String::new(), |query| format!("?{query}"));
    Some(format!("http://{stand_ins}/{host}{}{query}", address.path()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hosts_of_the_demo_are_redirected() {
        let address: SocketAddr = "127.0.0.1:4000".parse().unwrap();
        assert_eq!(
            redirect("https://crm.premier.example.com/leads?a=%26", address).as_deref(),
            Some("http://127.0.0.1:4000/crm.premier.example.com/leads?a=%26")
        );
        assert_eq!(redirect("http://127.0.0.1:9000/mine", address), None);
        assert_eq!(redirect("https://premier.example.org/leads", address), None);
    }
}
