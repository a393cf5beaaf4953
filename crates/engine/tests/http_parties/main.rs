//! The other parties over real HTTP, against servers that misbehave in every way we know.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on should say where")]

mod addresses;
mod encryption;
mod hostile;
mod redirects;
mod server;
mod town;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use domain::{FaultKind, Method};
use engine::{HttpOptions, HttpParties, Parties};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::server::{PLENTY, SHORT, Server, ask, call, fault, fault_of_answer, parties, read_request};

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
    assert_eq!(server.connections(), 1);
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
        assert_eq!(server.connections(), count);
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
    assert_eq!((requests.load(Ordering::SeqCst), server.connections()), (1, 1));
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

#[tokio::test]
async fn a_host_gets_so_many_requests_at_a_time_and_others_wait_within_their_time() {
    let (arrived, mut arrivals) = tokio::sync::mpsc::unbounded_channel();
    let gate = Arc::new(tokio::sync::Semaphore::new(0));
    let opened = Arc::clone(&gate);
    let server = Server::start(move |mut stream| {
        let (arrived, gate) = (arrived.clone(), Arc::clone(&gate));
        async move {
            while !read_request(&mut stream).await.is_empty() {
                arrived.send(()).unwrap();
                gate.acquire().await.unwrap().forget();
                let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
            }
        }
    })
    .await;
    let allow_hosts = vec!["127.0.0.1".to_owned()];
    let options = HttpOptions { allow_hosts, open_per_host_max: 2, ..HttpOptions::default() };
    let parties = Arc::new(HttpParties::new(options).unwrap());
    let ask = |time_limit| {
        let (parties, call) = (Arc::clone(&parties), call(Method::Post, &server.url(), time_limit));
        tokio::spawn(async move { parties.ask(call).await })
    };
    let first = [ask(PLENTY), ask(PLENTY)];
    for _ in 0..2 {
        arrivals.recv().await.unwrap();
    }
    let late = ask(SHORT).await.unwrap().unwrap_err();
    assert_eq!(late.kind, FaultKind::Connect);
    assert_eq!(late.detail, "2 requests to the host were under way for all of the time limit");
    let waiting = ask(PLENTY);
    opened.add_permits(3);
    for asked in first.into_iter().chain([waiting]) {
        asked.await.unwrap().unwrap();
    }
    assert_eq!(server.connections(), 2, "who waited used a connection that was kept");
}
