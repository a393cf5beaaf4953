//! A service and a buyer on loopback that answer at once, and one that takes its time.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 76\r\n\r\n\
{\"status\":\"accepted\",\"bid\":22.50,\"line_type\":\"mobile\",\"carrier\":\"Example M\"}";

/// How late the slow buyer answers.
pub(crate) const SLOW_TAKES: Duration = Duration::from_secs(10);
/// Whom requests are for that are answered late, and how late.
const LATE: [(&[u8], Duration); 2] = [(b" /slow ", SLOW_TAKES), (b" /held ", Duration::from_secs(100))];

/// Answers every request on every connection, until the runtime ends.
pub(crate) async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(answer(stream));
    }
}

pub(crate) async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback can be bound");
    let address = listener.local_addr().expect("it has an address");
    (listener, address)
}

async fn answer(mut stream: TcpStream) {
    // Without it the answer waits for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let mut buffer = Vec::with_capacity(4096);
    loop {
        match whole(&buffer) {
            Some(length) => {
                let asked = buffer.get(..length).unwrap_or_default();
                for (path, takes) in LATE {
                    if asked.windows(path.len()).any(|window| window == path) {
                        tokio::time::sleep(takes).await;
                    }
                }
                buffer.drain(..length);
                if stream.write_all(ANSWER).await.is_err() {
                    return;
                }
            }
            None => match stream.read_buf(&mut buffer).await {
                Ok(0) | Err(_) => return,
                Ok(_) => {}
            },
        }
    }
}

/// The length of the first request, when all of it is there.
fn whole(bytes: &[u8]) -> Option<usize> {
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = std::str::from_utf8(&bytes[..end]).ok()?;
    let body = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = end + body.unwrap_or(0);
    (bytes.len() >= length).then_some(length)
}
