//! What is meant to do harm: it costs no more than the largest honest reply, and nothing gets between the
//! lines of a request.

use std::io::Write as _;

use domain::{FaultKind, Method};
use engine::Parties;
use flate2::Compression;
use flate2::write::{GzEncoder, ZlibEncoder};

use crate::server::{PLENTY, Server, ask, call, fault_of_answer, parties};

const MIB: usize = 1024 * 1024;
/// 64 MiB of the letter a, as Node.js compresses it by br.
const BROTLI_BOMB: [u8; 53] = [
    0xcf, 0xff, 0xff, 0x7f, 0xf8, 0x25, 0xc2, 0xe2, 0xb1, 0x40, 0x20, 0xf7, 0xfe, 0x9f, 0xff, 0xff, 0xff,
    0x04, 0xb0, 0x0c, 0x46, 0x10, 0x18, 0x0e, 0xef, 0xd3, 0xff, 0xff, 0xff, 0xe1, 0x97, 0x00, 0x88, 0xc3,
    0x22, 0x00, 0xdd, 0xfb, 0xff, 0xfc, 0xff, 0xfc, 0x72, 0xf0, 0x11, 0x08, 0x70, 0x50, 0x0b, 0xaf, 0x7f,
    0xf0, 0x00,
];

fn reply(coding: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Encoding: {coding}\r\nContent-Length: {}\r\nX-Note: n\r\n\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = GzEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut writer = ZlibEncoder::new(Vec::new(), Compression::best());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[tokio::test]
async fn a_reply_that_comes_compressed_is_read_as_it_was() {
    let server = Server::answering(reply("gzip", &gzip(b"{\"status\":\"ok\"}"))).await;
    let reply = ask(&server.url(), PLENTY).await.unwrap().reply;
    assert_eq!(reply.body, b"{\"status\":\"ok\"}");
    assert_eq!(reply.headers, [("x-note".to_owned(), b"n".to_vec())]);
}

#[tokio::test]
async fn a_bomb_stops_at_the_size_of_a_reply() {
    let large = vec![b'a'; 64 * MIB];
    let bombs = [
        ("gzip", gzip(&large)),
        ("deflate", zlib(&large)),
        ("br", BROTLI_BOMB.to_vec()),
        ("gzip, gzip", gzip(&gzip(&large))),
    ];
    for (coding, bomb) in bombs {
        let answer = reply(coding, &bomb);
        fault_of_answer(answer, FaultKind::Reply, "the reply is larger than 1 MiB").await;
    }
    let broken = "the body of the reply is not compressed as its Content-Encoding says";
    fault_of_answer(reply("gzip", &gzip(b"LEAK")[..12]), FaultKind::Reply, broken).await;
}

/// A request that somebody made by hand, past all that keeps it from being made.
#[tokio::test]
async fn a_line_end_in_a_header_or_an_address_reaches_no_server() {
    let server = Server::answering("HTTP/1.1 200 OK\r\n\r\n").await;
    for (name, value) in [
        ("X-A", "1\r\nX-Evil: 1"),
        ("X-A", "1\nX-Evil: 1"),
        ("X-A", "1\r\n\r\nGET / HTTP/1.1"),
        ("X-A", "1\0"),
        ("X-A\r\nX-Evil", "1"),
        ("X A", "1"),
        ("", "1"),
    ] {
        let mut call = call(Method::Post, &server.url(), PLENTY);
        call.request.headers.push((name.to_owned(), value.to_owned()));
        let fault = parties().ask(call).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Connect, "{name:?} {value:?}");
        assert_eq!(fault.detail, "the request cannot be written as HTTP");
    }
    for url in ["http://\r\n/", "http://a.example.com\r\n.evil.example.com:x/", "ftp://a.example.com/", ""] {
        let fault = parties().ask(call(Method::Post, url, PLENTY)).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Connect, "{url:?}");
        assert_eq!(fault.detail, "the address is not one of the web", "{url:?}");
    }
}

/// What the standard of browsers makes of line ends in an address: they are gone, so that they part nothing.
#[tokio::test]
async fn a_line_end_within_an_address_is_dropped() {
    let (seen, mut requests) = tokio::sync::mpsc::unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            seen.send(crate::server::read_request(&mut stream).await).unwrap();
        }
    })
    .await;
    let url = format!("http://{}/a\r\nHost: evil.example.com\r\n?b=\r\nc", server.address);
    let _ = ask(&url, PLENTY).await;
    let request = requests.recv().await.unwrap();
    assert!(request.starts_with("POST /aHost:%20evil.example.com?b=c HTTP/1.1\r\n"), "{request}");
    assert!(!request.contains("\nHost: evil"), "{request}");
}
