//! TLS: who the other side is, is always checked.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{FaultKind, Method};
use engine::{HttpOptions, HttpParties, Parties};
use rcgen::{CertificateParams, CertifiedIssuer, Issuer, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::AsyncWriteExt;
use tokio_rustls::TlsAcceptor;

use crate::addresses::PUBLIC;
use crate::server::{PLENTY, Server, call, read_request};
use crate::town::Town;

/// An authority of the test's own.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Authority {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Authority(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Its certificate.
    pub(crate) fn der(&self) -> Vec<u8> {
        self.0.der().to_vec()
    }

    fn issuer(&self) -> &Issuer<'static, KeyPair> {
        &self.0
    }
}

/// What a server shows of itself.
pub(crate) struct Shown {
    acceptor: TlsAcceptor,
}

impl Shown {
    fn new(certificate: Vec<u8>, key: &KeyPair) -> Shown {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.into()], key)
            .unwrap();
        Shown { acceptor: TlsAcceptor::from(Arc::new(config)) }
    }

    /// A certificate for a name by an authority.
    pub(crate) fn by(authority: &Authority, name: &str) -> Shown {
        Shown::with(authority, CertificateParams::new(vec![name.to_owned()]).unwrap())
    }

    fn with(authority: &Authority, params: CertificateParams) -> Shown {
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, authority.issuer()).unwrap();
        Shown::new(certificate.der().to_vec(), &key)
    }

    fn by_itself(name: &str) -> Shown {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        Shown::new(params.self_signed(&key).unwrap().der().to_vec(), &key)
    }

    /// As `openssl req -x509` makes it.
    fn as_its_own_authority(name: &str) -> Shown {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        Shown::new(params.self_signed(&key).unwrap().der().to_vec(), &key)
    }

    /// A server that answers every request with these bytes, and how many requests it got.
    pub(crate) async fn answering(self, bytes: impl Into<Vec<u8>>) -> (Server, Arc<AtomicUsize>) {
        let (acceptor, bytes) = (self.acceptor, Arc::<[u8]>::from(bytes.into()));
        let requests = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&requests);
        let server = Server::start(move |stream| {
            let (acceptor, bytes, counted) = (acceptor.clone(), Arc::clone(&bytes), Arc::clone(&counted));
            async move {
                let Ok(mut stream) = acceptor.accept(stream).await else { return };
                while !read_request(&mut stream).await.is_empty() {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let _ = stream.write_all(&bytes).await;
                }
            }
        })
        .await;
        (server, requests)
    }
}

/// Trusts an authority besides those of the machine.
pub(crate) fn trusting(authority: &Authority, town: &Arc<Town>) -> HttpParties {
    let options = HttpOptions { authorities: vec![authority.der()], ..HttpOptions::default() };
    HttpParties::over(Arc::clone(town) as _, options).unwrap()
}

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

async fn asked(shown: Shown, authority: &Authority) -> (Result<u16, (FaultKind, String)>, usize) {
    let (server, requests) = shown.answering(OK).await;
    let town = Town::new(&[("buyer.example.com", &[PUBLIC])]);
    town.lead(PUBLIC, server.address);
    let parties = trusting(authority, &town);
    let asked = parties.ask(call(Method::Post, "https://buyer.example.com/", PLENTY)).await;
    let told = asked.map(|answered| answered.reply.status).map_err(|fault| (fault.kind, fault.detail));
    (told, requests.load(Ordering::SeqCst))
}

#[tokio::test]
async fn a_certificate_of_a_trusted_authority_for_this_name_is_taken() {
    let authority = Authority::new("Ours");
    let shown = Shown::by(&authority, "buyer.example.com");
    assert_eq!(asked(shown, &authority).await, (Ok(200), 1));
}

#[tokio::test]
async fn any_other_certificate_is_refused_before_a_byte_of_the_request_is_sent() {
    let authority = Authority::new("Ours");
    let unknown =
        "the certificate of the host is self-signed, or from an authority that this machine does not trust";
    let forged = "the certificate of the host is not signed by the authority that it names";
    let not_valid = "the certificate of the host is not valid for it";
    let mut expired = CertificateParams::new(vec!["buyer.example.com".to_owned()]).unwrap();
    expired.not_before = rcgen::date_time_ymd(2001, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2002, 1, 1);
    for (shown, wanted) in [
        (Shown::by_itself("buyer.example.com"), unknown),
        (Shown::as_its_own_authority("buyer.example.com"), unknown),
        (Shown::by(&Authority::new("Theirs"), "buyer.example.com"), unknown),
        (Shown::by(&Authority::new("Ours"), "buyer.example.com"), forged),
        (Shown::by(&authority, "other.example.com"), not_valid),
        (Shown::with(&authority, expired), "the certificate of the host has expired"),
    ] {
        let (told, requests) = asked(shown, &authority).await;
        assert_eq!((told, requests), (Err((FaultKind::Tls, wanted.to_owned())), 0));
    }
}
