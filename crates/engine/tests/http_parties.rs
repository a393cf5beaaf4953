//! The other parties over real HTTP, against servers that misbehave in every way we know.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{FaultKind, Method};
use engine::{Answered, Call, CallFault, HttpOptions, HttpParties, Parties};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use wire::outbound::OutboundRequest;

/// Long enough for anything on loopback; no test waits for its end.
const PLENTY: Duration = Duration::from_secs(30);
/// What tests of time limits wait for.
const SHORT: Duration = Duration::from_millis(100);

/// A server that does with each connection what it is told, and counts them.
struct Server {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Server {
    async fn start<F, Serving>(serve: F) -> Server
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
    async fn answering(bytes: impl Into<Vec<u8>>) -> Server {
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

    fn url(&self) -> String {
        format!("http://{}/leads?a=1", self.address)
    }
}

/// Reads a request, its body included; empty when the connection ends before.
async fn read_request(stream: &mut TcpStream) -> String {
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

fn parties() -> HttpParties {
    HttpParties::new(HttpOptions { allow_hosts: vec!["127.0.0.1".to_owned()], ..HttpOptions::default() })
        .unwrap()
}

fn call(method: Method, url: &str, time_limit: Duration) -> Call {
    let body = if method == Method::Get { Vec::new() } else { b"{\"email\":\"ann@example.com\"}".to_vec() };
    let headers = [("Content-Type", "application/json"), ("X-Api-Key", "secret")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    let request = OutboundRequest { method, url: url.to_owned(), headers, body, follow_redirects: true };
    Call { entity_id: "buyer_acme".parse().unwrap(), request, time_limit }
}

async fn ask(url: &str, time_limit: Duration) -> Result<Answered, CallFault> {
    parties().ask(call(Method::Post, url, time_limit)).await
}

/// What a fault says; none of it may come from the request or the reply.
async fn fault(url: &str, time_limit: Duration) -> (FaultKind, String) {
    let fault = ask(url, time_limit).await.unwrap_err();
    for secret in ["secret", "ann", "example.com", "LEAK"] {
        assert!(!fault.detail.contains(secret), "{}", fault.detail);
    }
    (fault.kind, fault.detail)
}

async fn fault_of_answer(bytes: impl Into<Vec<u8>>, wanted_kind: FaultKind, wanted: &str) {
    let server = Server::answering(bytes).await;
    assert_eq!(fault(&server.url(), PLENTY).await, (wanted_kind, wanted.to_owned()));
}

#[tokio::test]
async fn a_request_is_sent_as_it_is_and_the_reply_is_read_whole() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            seen.send(read_request(&mut stream).await).unwrap();
            let reply = "HTTP/1.1 201 Created\r\nX-Note: \u{e9}\r\nContent-Length: 2\r\n\r\nok";
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    })
    .await;
    let answered = ask(&server.url(), PLENTY).await.unwrap();
    assert_eq!((answered.reply.status, answered.reply.body.as_slice()), (201, &b"ok"[..]));
    assert_eq!(answered.reply.headers[0], ("x-note".to_owned(), "\u{e9}".as_bytes().to_vec()));
    assert!(answered.waited > Duration::ZERO && answered.waited < PLENTY);
    let wanted = format!(
        "POST /leads?a=1 HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nX-Api-Key: secret\r\n\
         Content-Length: 27\r\n\r\n{{\"email\":\"ann@example.com\"}}",
        server.address
    );
    assert_eq!(requests.recv().await.unwrap(), wanted);
}

#[tokio::test]
async fn replies_of_all_forms_are_read() {
    for (bytes, status, body) in [
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n1\r\n!\r\n0\r\n\r\n", 200, "ok!"),
        ("HTTP/1.0 200 OK\r\n\r\nto the end", 200, "to the end"),
        ("HTTP/1.1 204 No Content\r\n\r\n", 204, ""),
        ("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy", 503, "busy"),
        (
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
            200,
            "ok",
        ),
    ] {
        let server = Server::answering(bytes).await;
        let reply = ask(&server.url(), PLENTY).await.unwrap().reply;
        assert_eq!(
            (reply.status, String::from_utf8(reply.body).unwrap().as_str()),
            (status, body),
            "{bytes}"
        );
    }
}

#[tokio::test]
async fn bytes_that_are_no_text_come_through_as_they_are() {
    let server =
        Server::answering(b"HTTP/1.1 200 OK\r\nX-V: \xff\r\nContent-Length: 3\r\n\r\n\xff\xfe\x00".to_vec())
            .await;
    let reply = ask(&server.url(), PLENTY).await.unwrap().reply;
    assert_eq!((reply.body.as_slice(), reply.headers[0].1.as_slice()), (&b"\xff\xfe\x00"[..], &b"\xff"[..]));
}

#[tokio::test]
async fn a_reply_may_come_byte_by_byte() {
    let server = Server::start(|mut stream| async move {
        stream.set_nodelay(true).unwrap();
        read_request(&mut stream).await;
        for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nbytes" {
            stream.write_all(&[*byte]).await.unwrap();
            stream.flush().await.unwrap();
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(ask(&server.url(), PLENTY).await.unwrap().reply.body, b"bytes");
}

#[tokio::test]
async fn a_connection_is_kept_for_the_next_request() {
    let server = Server::start(|mut stream| async move {
        while !read_request(&mut stream).await.is_empty() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        }
    })
    .await;
    let parties = parties();
    for _ in 0..5 {
        parties.ask(call(Method::Post, &server.url(), PLENTY)).await.unwrap();
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_kept_connection_that_was_closed_meanwhile_is_replaced_without_a_fault() {
    let (closed, mut is_closed) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let closed = closed.clone();
        async move {
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            stream.shutdown().await.unwrap();
            // The client closes its side when it has seen the end.
            let _ = stream.read(&mut [0]).await;
            closed.send(()).unwrap();
        }
    })
    .await;
    let parties = parties();
    for count in 1..=3 {
        parties.ask(call(Method::Post, &server.url(), PLENTY)).await.unwrap();
        is_closed.recv().await.unwrap();
        assert_eq!(server.connections.load(Ordering::SeqCst), count);
    }
}

#[tokio::test]
async fn a_kept_connection_that_ends_under_a_request_leaves_it_unknown_and_is_not_asked_twice() {
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&requests);
    let server = Server::start(move |mut stream| {
        let counted = Arc::clone(&counted);
        async move {
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
            if !read_request(&mut stream).await.is_empty() {
                counted.fetch_add(1, Ordering::SeqCst);
            }
        }
    })
    .await;
    let parties = parties();
    parties.ask(call(Method::Post, &server.url(), PLENTY)).await.unwrap();
    let fault = parties.ask(call(Method::Post, &server.url(), PLENTY)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Unknown);
    assert_eq!((requests.load(Ordering::SeqCst), server.connections.load(Ordering::SeqCst)), (1, 1));
}

#[tokio::test]
async fn a_server_that_is_silent_or_drips_runs_into_the_time_limit() {
    let silent = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        // Until the client gives up.
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let drip = |head: &'static [u8], more: &'static [u8]| async move {
        Server::start(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(head).await.unwrap();
            let mut ticks = tokio::time::interval(Duration::from_millis(5));
            while stream.write_all(more).await.is_ok() {
                ticks.tick().await;
            }
        })
        .await
    };
    let body = drip(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b"x").await;
    let chunks = drip(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n").await;
    let head = drip(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n").await;
    let hints = drip(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n").await;
    for server in [silent, body, chunks, head, hints] {
        let fault = ask(&server.url(), SHORT).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Timeout, "{fault}");
        assert_eq!(fault.detail, "no whole reply within the time limit");
        assert!(fault.waited >= SHORT, "{:?}", fault.waited);
    }
}

#[tokio::test]
async fn a_connection_that_ends_without_a_whole_reply_leaves_it_unknown() {
    for bytes in [
        "",
        "HTTP/1.1 200",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nLEAK",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nLEAK\r\n",
    ] {
        let server = Server::answering(bytes).await;
        let (kind, detail) = fault(&server.url(), PLENTY).await;
        assert_eq!(kind, FaultKind::Unknown, "{bytes}");
        assert!(detail.starts_with("the connection was "), "{detail}");
    }
}

#[tokio::test]
async fn a_connection_that_is_reset_leaves_it_unknown() {
    let server = Server::start(|mut stream| async move {
        // Closing with unread bytes resets.
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    assert_eq!(fault(&server.url(), PLENTY).await.0, FaultKind::Unknown);
}

#[tokio::test]
async fn what_is_not_http_is_an_unreadable_reply() {
    for bytes in [
        "LEAK\r\n\r\n",
        "HTTP/1.1 LEAK OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nLE AK\u{1}: x\r\n\r\n",
        "HTTP/2.0 200 OK\r\n\r\n",
    ] {
        fault_of_answer(bytes, FaultKind::Reply, "the reply is not HTTP").await;
    }
    fault_of_answer(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nLEAK\r\n",
        FaultKind::Reply,
        "the body of the reply is not HTTP",
    )
    .await;
}

#[tokio::test]
async fn an_endless_head_is_cut_off() {
    let server = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Endless: ").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    })
    .await;
    let wanted = (FaultKind::Reply, "the head of the reply is larger than 65536 bytes".to_owned());
    assert_eq!(fault(&server.url(), PLENTY).await, wanted);
}

#[tokio::test]
async fn a_body_over_the_limit_is_not_read() {
    let endless = |head: &'static str| async move {
        Server::start(move |mut stream| async move {
            read_request(&mut stream).await;
            let _ = stream.write_all(head.as_bytes()).await;
            while stream.write_all(&[b'x'; 64 * 1024]).await.is_ok() {}
        })
        .await
    };
    for server in [
        endless("HTTP/1.1 200 OK\r\n\r\n").await,
        endless("HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n").await,
        endless("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nfffffff\r\n").await,
    ] {
        let wanted = (FaultKind::Reply, "the reply is larger than 1 MiB".to_owned());
        assert_eq!(fault(&server.url(), PLENTY).await, wanted);
    }
    let exact = [b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), vec![b'x'; 1024 * 1024]].concat();
    let server = Server::answering(exact).await;
    assert_eq!(ask(&server.url(), PLENTY).await.unwrap().reply.body.len(), 1024 * 1024);
}

#[tokio::test]
async fn nobody_there_is_told_as_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let wanted = (FaultKind::Connect, "connection refused".to_owned());
    assert_eq!(fault(&format!("http://{address}/"), PLENTY).await, wanted);

    let wanted = (FaultKind::Dns, "the name of the host does not resolve".to_owned());
    assert_eq!(fault("http://nobody.invalid/", PLENTY).await, wanted);

    let plain = Server::start(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    })
    .await;
    let (kind, detail) = fault(&format!("https://{}/", plain.address), PLENTY).await;
    assert_eq!((kind, detail.as_str()), (FaultKind::Tls, "the TLS handshake failed"));

    let silent = Server::start(|mut stream| async move {
        while stream.read(&mut [0; 1024]).await.is_ok_and(|read| read > 0) {}
    })
    .await;
    let (kind, detail) = fault(&format!("https://{}/", silent.address), SHORT).await;
    assert_eq!(
        (kind, detail.as_str()),
        (FaultKind::Tls, "the TLS handshake took longer than the time limit")
    );
}

const NOT_PUBLIC: &str = "the address of the host is not public; allow it with --allow-host";

#[tokio::test]
async fn addresses_that_are_not_public_are_refused_by_number_and_by_name() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let port = server.address.port();
    let parties = HttpParties::new(HttpOptions::default()).unwrap();
    for host in [
        "127.0.0.1",
        "2130706433",
        "0x7f.1",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "localhost",
        "169.254.169.254",
        "10.0.0.1",
    ] {
        let url = format!("http://{host}:{port}/");
        let fault = parties.ask(call(Method::Post, &url, PLENTY)).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Connect, NOT_PUBLIC), "{host}");
    }
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_host_is_allowed_by_name_address_or_port() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let port = server.address.port();
    for (allowed, host) in
        [("localhost", "localhost"), ("LOCALHOST", "localhost"), (&*format!("127.0.0.1:{port}"), "127.0.0.1")]
    {
        let options = HttpOptions { allow_hosts: vec![allowed.to_owned()], ..HttpOptions::default() };
        let parties = HttpParties::new(options).unwrap();
        let asked = parties.ask(call(Method::Post, &format!("http://{host}:{port}/"), PLENTY)).await;
        assert_eq!(asked.unwrap().reply.status, 200, "{allowed}");
    }
    let options = HttpOptions { allow_hosts: vec!["127.0.0.1:1".to_owned()], ..HttpOptions::default() };
    let parties = HttpParties::new(options).unwrap();
    assert!(parties.ask(call(Method::Post, &server.url(), PLENTY)).await.is_err());
}

fn redirect_to(location: &str) -> String {
    format!("HTTP/1.1 302 Found\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

#[tokio::test]
async fn a_redirect_is_followed_for_get_alone() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let target = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            seen.send(read_request(&mut stream).await).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere").await.unwrap();
        }
    })
    .await;
    let server = Server::answering(redirect_to(&target.url())).await;
    let parties = parties();
    let posted = parties.ask(call(Method::Post, &server.url(), PLENTY)).await.unwrap();
    assert_eq!(posted.reply.status, 302);
    let got = parties.ask(call(Method::Get, &server.url(), PLENTY)).await.unwrap();
    assert_eq!(got.reply.body, b"here");
    let request = requests.recv().await.unwrap();
    assert!(!request.contains("secret"), "the key of one server is not for another: {request}");
}

#[tokio::test]
async fn redirects_without_end_and_to_addresses_that_are_not_public_are_faults() {
    let circle = Server::answering(redirect_to("/again")).await;
    let fault = parties().ask(call(Method::Get, &circle.url(), PLENTY)).await.unwrap_err();
    assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Reply, "more than 5 redirects"));
    assert_eq!(circle.connections.load(Ordering::SeqCst), 6);

    // Only the first server is allowed, by its port. It has the request, so the fault is not "not sent".
    let inner = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    let server = Server::answering(redirect_to(&inner.url())).await;
    let options = HttpOptions { allow_hosts: vec![server.address.to_string()], ..HttpOptions::default() };
    let parties = HttpParties::new(options).unwrap();
    let fault = parties.ask(call(Method::Get, &server.url(), PLENTY)).await.unwrap_err();
    assert_eq!((fault.kind, fault.detail), (FaultKind::Unknown, format!("after a redirect: {NOT_PUBLIC}")));
    assert_eq!(inner.connections.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_that_leads_nowhere_is_a_reply() {
    for reply in
        [redirect_to("ftp://a.example.com/"), redirect_to("http://"), "HTTP/1.1 302 Found\r\n\r\n".to_owned()]
    {
        let server = Server::answering(reply).await;
        let got = parties().ask(call(Method::Get, &server.url(), PLENTY)).await.unwrap();
        assert_eq!(got.reply.status, 302);
    }
}
