//! Redirects: followed where the step says so, and never where they may not lead.

use std::net::SocketAddr;
use std::sync::Arc;

use domain::{FaultKind, Method};
use engine::{HttpOptions, HttpParties, Parties};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::addresses::PUBLIC;
use crate::encryption::{Authority, Shown, trusting};
use crate::server::{PLENTY, SHORT, Server, call, parties, read_request};
use crate::town::Town;

const REDIRECT_NOT_PUBLIC: &str =
    "a redirect to an address that is not public is not followed; allow its host with --allow-host";

fn redirect_to(location: &str) -> String {
    redirect(302, location)
}

fn redirect(status: u16, location: &str) -> String {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 0\r\n\r\n")
}

/// Answers `here` to everything, and tells what it got.
async fn target() -> (Server, UnboundedReceiver<String>) {
    let (seen, requests) = unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            seen.send(read_request(&mut stream).await).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhere").await.unwrap();
        }
    })
    .await;
    (server, requests)
}

#[tokio::test]
async fn every_method_is_sent_on_as_the_status_says_and_without_keys() {
    for (method, status, wanted, body) in [
        (Method::Get, 302, "GET", ""),
        (Method::Post, 301, "GET", ""),
        (Method::Post, 302, "GET", ""),
        (Method::Post, 303, "GET", ""),
        (Method::Post, 307, "POST", r#"{"email":"ann@example.com"}"#),
        (Method::Post, 308, "POST", r#"{"email":"ann@example.com"}"#),
        (Method::Put, 301, "PUT", r#"{"email":"ann@example.com"}"#),
        (Method::Patch, 307, "PATCH", r#"{"email":"ann@example.com"}"#),
        (Method::Delete, 303, "GET", ""),
    ] {
        let (target, mut requests) = target().await;
        let server = Server::answering(redirect(status, &target.url())).await;
        let answered = parties().ask(call(method, &server.url(), PLENTY)).await.unwrap();
        assert_eq!(answered.reply.body, b"here");
        let request = requests.recv().await.unwrap();
        let (head, sent) = request.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with(&format!("{wanted} /leads?a=1 HTTP/1.1\r\n")), "{method} {status}: {head}");
        assert_eq!(sent, body, "{method} {status}");
        assert!(!head.contains("secret"), "the key of one server is not for another: {head}");

        let [redirected] = &answered.redirects[..] else { panic!("{:?}", answered.redirects) };
        assert_eq!((redirected.reply.status, redirected.method.as_str()), (status, wanted));
        assert_eq!(redirected.url, target.url());
    }
}

#[tokio::test]
async fn the_same_server_gets_its_key_again() {
    let (seen, mut requests) = unbounded_channel();
    let server = Server::start(move |mut stream| {
        let seen = seen.clone();
        async move {
            let request = read_request(&mut stream).await;
            let reply = match request.starts_with("POST /leads") {
                true => redirect(308, "/v2"),
                false => "HTTP/1.1 200 OK\r\n\r\n".to_owned(),
            };
            seen.send(request).unwrap();
            stream.write_all(reply.as_bytes()).await.unwrap();
        }
    })
    .await;
    parties().ask(call(Method::Post, &server.url(), PLENTY)).await.unwrap();
    let first = requests.recv().await.unwrap();
    let second = requests.recv().await.unwrap();
    assert!(second.starts_with("POST /v2 HTTP/1.1\r\n"), "{second}");
    assert_eq!(second.split_once("\r\n").unwrap().1, first.split_once("\r\n").unwrap().1);
}

#[tokio::test]
async fn a_step_that_does_not_follow_reads_the_redirect_as_its_reply() {
    let (target, _requests) = target().await;
    let server = Server::answering(redirect(307, &target.url())).await;
    for method in [Method::Get, Method::Post] {
        let mut call = call(method, &server.url(), PLENTY);
        call.request.follow_redirects = false;
        let answered = parties().ask(call).await.unwrap();
        assert_eq!((answered.reply.status, answered.redirects.len()), (307, 0));
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_redirect_without_an_address_is_a_reply_and_one_that_leads_nowhere_a_fault() {
    let server = Server::answering("HTTP/1.1 302 Found\r\n\r\n".to_owned()).await;
    let got = parties().ask(call(Method::Get, &server.url(), PLENTY)).await.unwrap();
    assert_eq!(got.reply.status, 302);
    for (place, wanted) in [
        ("file:///etc/passwd", "a redirect to another scheme than http and https is not followed"),
        ("ftp://a.example.com/", "a redirect to another scheme than http and https is not followed"),
        ("http://", "a redirect leads to what is no address"),
    ] {
        let server = Server::answering(redirect_to(place)).await;
        let fault = parties().ask(call(Method::Get, &server.url(), PLENTY)).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Reply, wanted), "{place}");
    }
}

#[tokio::test]
async fn redirects_without_end_are_cut_off() {
    for status in [302, 308] {
        let circle = Server::answering(redirect(status, "/again")).await;
        let fault = parties().ask(call(Method::Post, &circle.url(), PLENTY)).await.unwrap_err();
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Reply, "more than 5 redirects"));
        assert_eq!(circle.connections(), 6);
    }
}

#[tokio::test]
async fn the_time_limit_is_for_all_of_them_together() {
    let silent = Server::start(|mut stream| async move {
        read_request(&mut stream).await;
        // Until the client gives up.
        let _ = stream.read(&mut [0]).await;
    })
    .await;
    let server = Server::answering(redirect_to(&silent.url())).await;
    let fault = parties().ask(call(Method::Get, &server.url(), SHORT)).await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Timeout);
    assert!(fault.waited < PLENTY);
}

/// What comes of a reply of a public server that sends requests on to `location`. It has the request, so
/// the fault is never "not sent".
async fn sent_on(
    location: &str,
    names: &[(&str, &[&str])],
    inside: Option<SocketAddr>,
) -> (String, Arc<Town>) {
    let server = Server::answering(redirect(307, location)).await;
    let public: &[&str] = &[PUBLIC];
    let town = Town::new(&[names, &[("buyer.example.com", public)]].concat());
    town.lead(PUBLIC, server.address);
    if let Some(inside) = inside {
        town.lead("127.0.0.1", inside);
    }
    let parties = HttpParties::over(Arc::clone(&town) as _, HttpOptions::default()).unwrap();
    let fault = parties.ask(call(Method::Post, "http://buyer.example.com/", PLENTY)).await.unwrap_err();
    (format!("{}: {}", fault.kind.as_str(), fault.detail), town)
}

#[tokio::test]
async fn a_redirect_to_metadata_or_anything_inside_is_refused() {
    let wanted = format!("reply: {REDIRECT_NOT_PUBLIC}");
    for place in [
        "http://169.254.169.254/latest/meta-data/iam/security-credentials/",
        "http://[::ffff:169.254.169.254]/latest/",
        "http://[fd00:ec2::254]/latest/",
        "http://0xa9fea9fe/",
        "http://2852039166/",
        "http://168.63.129.16/machine",
        "http://127.0.0.1:8080/keys",
        "http://127.1/",
        "http://[::1]/",
        "http://metadata.google.internal/computeMetadata/v1/",
        "//localhost/",
    ] {
        let metadata: &[&str] = &["169.254.169.254"];
        let names = [("metadata.google.internal", metadata), ("localhost", &["127.0.0.1", "::1"])];
        let (told, town) = sent_on(place, &names, None).await;
        assert_eq!(told, wanted, "{place}");
        assert_eq!(town.dialled(), [format!("{PUBLIC}:80")], "{place}");
    }
}

#[tokio::test]
async fn a_redirect_back_to_a_name_that_means_another_address_by_now_is_refused() {
    let inside = Server::answering("HTTP/1.1 200 OK\r\n\r\nLEAK").await;
    let names: [(&str, &[&str]); 2] =
        [("buyer.example.com", &[PUBLIC]), ("buyer.example.com", &["127.0.0.1"])];
    let server = Server::answering(
        "HTTP/1.1 307 Moved\r\nLocation: /again\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
    )
    .await;
    let town = Town::new(&names);
    town.lead(PUBLIC, server.address);
    town.lead("127.0.0.1", inside.address);
    let parties = HttpParties::over(Arc::clone(&town) as _, HttpOptions::default()).unwrap();
    let fault = parties.ask(call(Method::Post, "http://buyer.example.com/", PLENTY)).await.unwrap_err();
    let wanted = REDIRECT_NOT_PUBLIC.to_owned();
    assert_eq!((fault.kind, fault.detail, fault.redirects.len()), (FaultKind::Reply, wanted, 1));
    assert_eq!((town.lookups(), town.dialled().len(), inside.connections()), (2, 1, 0));
}

#[tokio::test]
async fn encryption_is_not_given_up_on_the_way() {
    let authority = Authority::new("Ours");
    let (plain, _requests) = target().await;
    let shown = Shown::by(&authority, "buyer.example.com");
    let (server, _) = shown.answering(redirect(307, "http://plain.example.com/")).await;
    let town = Town::new(&[("buyer.example.com", &[PUBLIC]), ("plain.example.com", &["192.1.2.4"])]);
    town.lead(PUBLIC, server.address);
    town.lead("192.1.2.4", plain.address);
    let parties = trusting(&authority, &town);
    for method in [Method::Get, Method::Post] {
        let fault = parties.ask(call(method, "https://buyer.example.com/", PLENTY)).await.unwrap_err();
        let wanted = "a redirect from https to http is not followed";
        assert_eq!((fault.kind, fault.detail.as_str()), (FaultKind::Reply, wanted));
    }
    assert_eq!(plain.connections(), 0);
}
