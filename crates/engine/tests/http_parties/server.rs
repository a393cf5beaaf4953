//! Servers that do as they are told, and what asks them.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{FaultKind, Method};
use engine::{Answered, Call, CallFault, HttpOptions, HttpParties, Parties, Purpose};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wire::outbound::OutboundRequest;

/// Long enough for anything on loopback; no test waits for its end.
pub(crate) const PLENTY: Duration = Duration::from_secs(30);
/// What tests of time limits wait for.
pub(crate) const SHORT: Duration = Duration::from_millis(100);

/// A server that does with each connection what it is told, and counts them.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) async fn start<F, Serving>(serve: F) -> Server
    where
        F: Fn(TcpStream) -> Serving + Send + 'static,
        Serving: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        // Ends with the test's runtime.
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(stream));
            }
        });
        Server { address, connections }
    }

    /// Answers every request with these bytes and then closes the connection.
    pub(crate) async fn answering(bytes: impl Into<Vec<u8>>) -> Server {
        let bytes: Arc<[u8]> = bytes.into().into();
        Server::start(move |mut stream| {
            let bytes = Arc::clone(&bytes);
            async move {
                read_request(&mut stream).await;
                let _ = stream.write_all(&bytes).await;
            }
        })
        .await
    }

    /// How many connections were opened.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/leads?a=1", self.address)
    }
}

/// Reads a request, its body included; empty when the connection ends before.
pub(crate) async fn read_request<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut bytes = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).to_string();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok());
            if body.len() >= length.unwrap_or(0) {
                return text;
            }
        }
        match stream.read(&mut chunk).await {
            Ok(read) if read > 0 => bytes.extend_from_slice(&chunk[..read]),
            _ => return String::new(),
        }
    }
}

pub(crate) fn parties() -> HttpParties {
    HttpParties::new(HttpOptions { allow_hosts: vec!["127.0.0.1".to_owned()], ..HttpOptions::default() })
        .unwrap()
}

pub(crate) fn call(method: Method, url: &str, time_limit: Duration) -> Call {
    let body = if method == Method::Get { Vec::new() } else { b"{\"email\":\"ann@example.com\"}".to_vec() };
    let headers = [("Content-Type", "application/json"), ("X-Api-Key", "secret")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let request = OutboundRequest { method, url: url.to_owned(), headers, body, follow_redirects: true };
    Call {
        entity_id: "buyer_acme".parse().unwrap(),
        purpose: Purpose::Notice,
        request,
        time_limit,
        step_limits: None,
    }
}

pub(crate) async fn ask(url: &str, time_limit: Duration) -> Result<Answered, CallFault> {
    parties().ask(call(Method::Post, url, time_limit)).await
}

/// What a fault says; none of it may come from the request or the reply.
pub(crate) async fn fault(url: &str, time_limit: Duration) -> (FaultKind, String) {
    let fault = ask(url, time_limit).await.unwrap_err();
    for secret in ["secret", "ann", "example.com", "LEAK"] {
        assert!(!fault.detail.contains(secret), "{}", fault.detail);
    }
    (fault.kind, fault.detail)
}

pub(crate) async fn fault_of_answer(bytes: impl Into<Vec<u8>>, wanted_kind: FaultKind, wanted: &str) {
    let server = Server::answering(bytes).await;
    assert_eq!(fault(&server.url(), PLENTY).await, (wanted_kind, wanted.to_owned()));
}
