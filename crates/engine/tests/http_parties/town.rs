//! A network of a test's own: names mean what it says, and public addresses lead to its servers.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};

use engine::{Connecting, Network, Resolving};
use tokio::net::TcpStream;

/// A network of a test's own.
#[derive(Debug, Default)]
pub(crate) struct Town {
    /// What each name means, one look after the other; the last stays.
    names: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    leads: Mutex<HashMap<IpAddr, SocketAddr>>,
    lookups: Mutex<usize>,
    dialled: Mutex<Vec<String>>,
}

impl Town {
    /// A name that stands several times means the one after the other.
    pub(crate) fn new(names: &[(&str, &[&str])]) -> Arc<Town> {
        let town = Town::default();
        for (name, addresses) in names {
            let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
            town.names.lock().unwrap().entry((*name).to_owned()).or_default().push_back(addresses);
        }
        Arc::new(town)
    }

    /// Leads whoever connects to an address, at any port, to a server.
    pub(crate) fn lead(&self, address: &str, server: SocketAddr) {
        self.leads.lock().unwrap().insert(address.parse().unwrap(), server);
    }

    /// How often a name was looked up.
    pub(crate) fn lookups(&self) -> usize {
        *self.lookups.lock().unwrap()
    }

    /// Every address that was connected to.
    pub(crate) fn dialled(&self) -> Vec<String> {
        self.dialled.lock().unwrap().clone()
    }
}

impl Network for Town {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolving<'a> {
        *self.lookups.lock().unwrap() += 1;
        let mut names = self.names.lock().unwrap();
        let found = names.get_mut(name).and_then(|answers| {
            if answers.len() > 1 { answers.pop_front() } else { answers.front().cloned() }
        });
        let found = found.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound));
        Box::pin(
            async move { Ok(found?.into_iter().map(|address| SocketAddr::new(address, port)).collect()) },
        )
    }

    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        self.dialled.lock().unwrap().push(address.to_string());
        let server = self.leads.lock().unwrap().get(&address.ip()).copied();
        // Nothing leaves the machine.
        let server = server.or_else(|| address.ip().is_loopback().then_some(address));
        Box::pin(async move { TcpStream::connect(server.ok_or(io::ErrorKind::HostUnreachable)?).await })
    }
}
