//! Which addresses are asked: those that were looked up once and found public, or allowed.

use std::sync::Arc;

use domain::{FaultKind, Method};
use engine::{HttpOptions, HttpParties, Parties};
use tokio::io::AsyncWriteExt;

use crate::server::{PLENTY, Server, call, read_request};
use crate::town::Town;

pub(crate) const NOT_PUBLIC: &str = "the address of the host is not public; allow it with --allow-host";

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
    assert_eq!(server.connections(), 0);
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

/// A public address that belongs to nobody we know; the town leads it to a server of the test.
pub(crate) const PUBLIC: &str = "192.1.2.3";

fn over(town: &Arc<Town>) -> HttpParties {
    HttpParties::over(Arc::clone(town) as _, HttpOptions::default()).unwrap()
}

#[tokio::test]
async fn a_name_that_turns_to_another_address_is_never_asked_there() {
    let outside = Server::answering("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\noutside").await;
    let inside = Server::answering("HTTP/1.1 200 OK\r\n\r\nLEAK").await;
    let town = Town::new(&[("rebind.example.com", &[PUBLIC]), ("rebind.example.com", &["127.0.0.1"])]);
    town.lead(PUBLIC, outside.address);
    let parties = over(&town);
    let url = format!("http://rebind.example.com:{}/", inside.address.port());

    // What was checked is what is connected to: there is no second look between the two.
    let answered = parties.ask(call(Method::Post, &url, PLENTY)).await.unwrap();
    assert_eq!(answered.reply.body, b"outside");
    assert_eq!(town.lookups(), 1);
    assert_eq!(town.dialled(), [format!("{PUBLIC}:{}", inside.address.port())]);

    for _ in 0..3 {
        let fault = parties.ask(call(Method::Post, &url, PLENTY)).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Connect, NOT_PUBLIC));
    }
    assert_eq!((town.lookups(), town.dialled().len(), inside.connections()), (4, 1, 0));
}

#[tokio::test]
async fn a_connection_that_is_kept_goes_on_to_the_address_that_was_checked() {
    let outside = Server::start(|mut stream| async move {
        while !read_request(&mut stream).await.is_empty() {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
        }
    })
    .await;
    let town = Town::new(&[("rebind.example.com", &[PUBLIC]), ("rebind.example.com", &["127.0.0.1"])]);
    town.lead(PUBLIC, outside.address);
    let parties = over(&town);
    for _ in 0..3 {
        parties.ask(call(Method::Post, "http://rebind.example.com/", PLENTY)).await.unwrap();
    }
    assert_eq!((town.lookups(), town.dialled().len()), (1, 1));
}

#[tokio::test]
async fn of_several_addresses_only_public_ones_are_tried() {
    let outside = Server::answering("HTTP/1.1 200 OK\r\n\r\noutside").await;
    let mixed = ["127.0.0.1", "10.0.0.1", "::1", PUBLIC, "169.254.169.254"];
    let town = Town::new(&[("mixed.example.com", &mixed)]);
    town.lead(PUBLIC, outside.address);
    let answered = over(&town).ask(call(Method::Post, "http://mixed.example.com/", PLENTY)).await.unwrap();
    assert_eq!(answered.reply.body, b"outside");
    assert_eq!(town.dialled(), [format!("{PUBLIC}:80")]);
}

#[tokio::test]
async fn a_name_of_an_address_inside_is_refused_in_whatever_form_it_comes() {
    for address in [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.0.1",
        "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16",
        "0.0.0.0",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::1",
    ] {
        let town = Town::new(&[("inside.example.com", &[address])]);
        let fault =
            over(&town).ask(call(Method::Get, "http://inside.example.com/", PLENTY)).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Connect, NOT_PUBLIC), "{address}");
        assert!(town.dialled().is_empty(), "{address}");
    }
}

#[tokio::test]
async fn a_name_without_an_address_is_told_as_not_found() {
    let town = Town::new(&[("empty.example.com", &[])]);
    for (url, wanted) in [
        ("http://empty.example.com/", "the name of the host has no address"),
        ("http://nobody.example.com/", "the name of the host does not resolve"),
    ] {
        let fault = over(&town).ask(call(Method::Get, url, PLENTY)).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Dns, wanted));
    }
}
