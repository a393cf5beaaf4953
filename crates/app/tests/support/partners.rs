//! A service and two buyers on loopback, who keep a book, and are sometimes slow, reset, or answer 503.

use std::collections::HashMap;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// What a buyer knows of one lead.
#[derive(Debug, Clone, Default)]
pub(crate) struct Known {
    /// The delivery ids it saw, each once.
    pub(crate) delivery_ids: Vec<String>,
    /// The first request, as it came; all later ones were the same.
    pub(crate) request: Vec<u8>,
    /// How often it was asked.
    pub(crate) requests: usize,
    /// How often it answered yes, and knows that the answer was written.
    pub(crate) accepted: usize,
}

/// What all buyers saw, by path and lead.
pub(crate) type Book = HashMap<(String, String), Known>;

/// The partners; they go on until the test ends.
#[derive(Debug, Clone)]
pub(crate) struct Partners {
    pub(crate) port: u16,
    book: Arc<Mutex<Book>>,
    random: Arc<Mutex<ChaCha8Rng>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Conduct {
    Yes,
    No,
    Busy,
    /// Takes the lead and closes the connection without a word.
    Reset,
    /// Answers yes after the time limit.
    Late,
}

impl Partners {
    pub(crate) fn start(seed: u64) -> Partners {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let partners = Partners {
            port: listener.local_addr().unwrap().port(),
            book: Arc::default(),
            random: Arc::new(Mutex::new(ChaCha8Rng::seed_from_u64(seed))),
        };
        let serving = partners.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let partners = serving.clone();
                // A connection that breaks is the other side's to notice.
                std::thread::spawn(move || partners.serve(stream).unwrap_or_default());
            }
        });
        partners
    }

    /// What all buyers saw until now.
    pub(crate) fn book(&self) -> Book {
        self.book.lock().unwrap().clone()
    }

    fn serve(&self, mut stream: TcpStream) -> std::io::Result<()> {
        let mut read = Vec::new();
        loop {
            let Some(end) = find_request(&read) else {
                let mut some = [0; 8 * 1024];
                let count = stream.read(&mut some)?;
                if count == 0 {
                    return Ok(());
                }
                read.extend_from_slice(&some[..count]);
                continue;
            };
            let request: Vec<u8> = read.drain(..end).collect();
            let text = String::from_utf8_lossy(&request).into_owned();
            let path = text.split([' ', '?']).nth(1).unwrap_or_default().to_owned();
            let conduct = self.conduct();
            let place = (path.clone(), header(&text, "x-lead"));
            let is_buyer = path != "/check";
            if is_buyer {
                self.write_down(&place, header(&text, "idempotency-key"), request);
            }
            let (status, body) = match conduct {
                Conduct::Yes | Conduct::Late => ("200 OK", r#"{"status":"accepted","bid":12.50}"#),
                Conduct::No => ("200 OK", r#"{"status":"refused","why":"Daily cap reached"}"#),
                Conduct::Busy => ("503 Service Unavailable", "busy"),
                Conduct::Reset => return Ok(()),
            };
            if conduct == Conduct::Late {
                std::thread::sleep(Duration::from_millis(400));
            }
            let reply = format!(
                "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(reply.as_bytes())?;
            if is_buyer && conduct == Conduct::Yes {
                self.book.lock().unwrap().get_mut(&place).unwrap().accepted += 1;
            }
        }
    }

    fn conduct(&self) -> Conduct {
        match self.random.lock().unwrap().random_range(0..100) {
            0..70 => Conduct::Yes,
            70..82 => Conduct::No,
            82..90 => Conduct::Busy,
            90..96 => Conduct::Reset,
            _ => Conduct::Late,
        }
    }

    fn write_down(&self, place: &(String, String), delivery_id: String, request: Vec<u8>) {
        let mut book = self.book.lock().unwrap();
        let known = book.entry(place.clone()).or_default();
        known.requests += 1;
        if known.request.is_empty() {
            known.request.clone_from(&request);
        } else if known.request != request {
            // Told by the ids: another request under the same id counts as another id.
            known.delivery_ids.push(format!("{delivery_id} with another request"));
        }
        if !known.delivery_ids.contains(&delivery_id) {
            known.delivery_ids.push(delivery_id);
        }
    }
}

/// Where the first request in these bytes ends, when it is whole.
fn find_request(bytes: &[u8]) -> Option<usize> {
    let head = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let text = String::from_utf8_lossy(&bytes[..head]);
    let body: usize = header(&text, "content-length").parse().unwrap_or(0);
    (bytes.len() >= head + body).then_some(head + body)
}

fn header(text: &str, name: &str) -> String {
    let mut lines = text.lines().filter_map(|line| line.split_once(':'));
    let found = lines.find(|(own, _)| own.eq_ignore_ascii_case(name));
    found.map_or_else(String::new, |(_, value)| value.trim().to_owned())
}
