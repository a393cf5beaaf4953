//! What connections are made with.

use std::fmt;
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;

use tokio::net::TcpStream;

/// The addresses of a name, on their way.
pub type Resolving<'a> = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send + 'a>>;
/// A connection, on its way.
pub type Connecting<'a> = Pin<Box<dyn Future<Output = io::Result<TcpStream>> + Send + 'a>>;

/// Turns names into addresses and addresses into connections. Which of the addresses may be asked is
/// not decided here: [`HttpParties`](crate::HttpParties) looks a name up once for a connection, checks
/// what it got, and connects to nothing else, so that a name that means another address the next
/// moment leads nowhere.
pub trait Network: fmt::Debug + Send + Sync {
    /// Every address of a name, in the order they are to be tried.
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolving<'a>;

    /// A connection to exactly this address.
    fn connect(&self, address: SocketAddr) -> Connecting<'_>;
}

/// The network of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SystemNetwork;

impl Network for SystemNetwork {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> Resolving<'a> {
        Box::pin(async move { Ok(tokio::net::lookup_host((name, port)).await?.collect()) })
    }

    fn connect(&self, address: SocketAddr) -> Connecting<'_> {
        Box::pin(TcpStream::connect(address))
    }
}
