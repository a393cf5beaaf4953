//! Leads from many connections at once, each sent when the one before it was answered. Requests are
//! written and answers read by hand, so that little of the machine goes to the load itself.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// How much is sent, and by how many.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// The number of the first; each is another person.
    pub(crate) first: usize,
    pub(crate) leads: usize,
    pub(crate) connections: usize,
}

/// How long it took, in all and for each lead.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) took: Duration,
    pub(crate) times: Vec<Duration>,
}

/// Sends the leads and waits for every answer.
pub(crate) async fn run(address: SocketAddr, load: Load) -> Run {
    let next = Arc::new(AtomicUsize::new(load.first));
    let start = Instant::now();
    let connections: Vec<_> = (0..load.connections)
        .map(|_| tokio::spawn(send(address, Arc::clone(&next), load.first + load.leads)))
        .collect();
    let mut times = Vec::with_capacity(load.leads);
    for connection in connections {
        times.extend(connection.await.expect("a connection ends well"));
    }
    Run { took: start.elapsed(), times }
}

async fn send(address: SocketAddr, next: Arc<AtomicUsize>, end: usize) -> Vec<Duration> {
    let mut stream = TcpStream::connect(address).await.expect("the server listens");
    stream.set_nodelay(true).expect("a connection takes options");
    let mut times = Vec::new();
    let mut buffer = Vec::with_capacity(4096);
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= end {
            return times;
        }
        let body = lead(number);
        let request = format!(
            "POST /flows/flow_bench/sources/src_bench/submit HTTP/1.1\r\nhost: {address}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        let start = Instant::now();
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        buffer.clear();
        while !is_whole(&buffer) {
            let read = stream.read_buf(&mut buffer).await.expect("the server answers");
            assert!(read > 0, "the server closed the connection");
        }
        times.push(start.elapsed());
        assert!(buffer.starts_with(b"HTTP/1.1 201"), "{}", String::from_utf8_lossy(&buffer));
    }
}

/// A lead of twenty-five fields, of an invented person.
pub(crate) fn lead(number: usize) -> String {
    let rest: String = (0..17).map(|at| format!(",\"extra_{at}\":\"value {at} of {number}\"")).collect();
    format!(
        "{{\"first_name\":\"Ann\",\"last_name\":\"Example\",\"email\":\"ann.{number}@example.com\",\
         \"phone_1\":\"512-555-01{:02}\",\"state\":\"Texas\",\"postal_code\":\"78751\",\"product\":\"roof\",\
         \"home_owner\":\"yes\"{rest}}}",
        number % 100
    )
}

fn is_whole(bytes: &[u8]) -> bool {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    bytes.len() >= end + 4 + length.expect("an answer tells its length")
}
